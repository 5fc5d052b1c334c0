"""Last-viewed dates of the old catalogue files into the list that stands in for days the lake does not hold.

Own rows and the vendor's own list, once read, say more and are never overruled.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import pyarrow as pa

from video_analytics.brightcove.finality import last_closed
from video_analytics.brightcove.tables import LAST_VIEW_LIST
from video_analytics.importing import columns, sheets
from video_analytics.importing.accounts import UNKNOWN, Accounts
from video_analytics.importing.columns import Column, Sieve
from video_analytics.importing.desk import Desk
from video_analytics.importing.finding import Found
from video_analytics.importing.tally import Unreadable
from video_analytics.settings import Account

_ACCOUNT = Column("account_id", columns.digits, pa.string(), "an account's id, all its digits")
_VIDEO = Column("id", columns.digits, pa.string(), "a video's id, all its digits", needed=True)
_VIEWED = Column("dt_last_viewed", columns.day, pa.date32(), "a day such as 2025-03-01")
_COLUMNS = (_ACCOUNT, _VIDEO, _VIEWED)

Views = dict[str, date]  # video: the last day with a view


def import_last_views(desk: Desk, files: Sequence[Found]) -> None:
    """Take the dates of these files; each file's tally says what became of its rows."""
    accounts = Accounts(desk.settings)
    lists: dict[Account, _List] = {}
    for file in files:
        try:
            read = list(_read(desk, accounts, file))
        except Unreadable as error:
            file.tally.refuse_all(str(error))
            continue
        for account, video, day in read:
            known = lists.setdefault(account, _List(desk, account))
            if known.takes(video, day, file.tally.file):
                file.tally.taken += 1
            else:
                file.tally.there += 1
    if not desk.dry_run:
        for known in lists.values():
            known.write(desk)


def _read(desk: Desk, accounts: Accounts, file: Found) -> Iterable[tuple[Account, str, date]]:
    last = {account: last_closed(account, desk.now) for account in accounts.by_id.values()}
    named = accounts.of_file(file.path)
    never = 0
    for block in sheets.blocks(file.path, [column.name for column in _COLUMNS]):
        sieve = Sieve(block, file.tally)
        ids, videos, days = (sieve.read(column).to_pylist() for column in _COLUMNS)
        owners = [named if id_ is None else accounts.by_id.get(id_) for id_ in ids]
        sieve.refuse([owner is None for owner in owners], UNKNOWN)
        to_come = [bool(owner and day and day > last[owner]) for owner, day in zip(owners, days, strict=True)]
        sieve.refuse(to_come, "dt_last_viewed: the day is not over")
        for kept, owner, video, day in zip(sieve.keep, owners, videos, days, strict=True):
            if kept and owner and day:
                yield owner, video, day
            elif kept:
                never += 1
    file.tally.leave_out("videos without a last view", never)


class _List:
    """An account's list as it is held, and what the import adds."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self._account = account
        facts = desk.lake.facts(LAST_VIEW_LIST, account.id)
        self._is_open = facts is None or bool(facts.get("imported"))
        self._sources = dict.fromkeys(filter(None, (facts or {}).get("source", "").split(", ")))
        held = desk.lake.read(LAST_VIEW_LIST, account.id)
        rows = held.to_pylist() if held is not None else []
        self._views: Views = {row["video_id"]: row["last_viewed"] for row in rows}
        self._changed = False

    def takes(self, video: str, day: date, source: str) -> bool:
        """Add a date; False where the list is the vendor's, or has one as late."""
        if not self._is_open or self._views.get(video, date.min) >= day:
            return False
        self._views[video] = day
        self._sources[source] = None
        self._changed = True
        return True

    def write(self, desk: Desk) -> None:
        """Keep the list, marked as imported."""
        if not self._changed:
            return
        rows = [
            {"account_id": self._account.id, "video_id": video, "last_viewed": day}
            for video, day in sorted(self._views.items())
        ]
        facts = {"imported": True, "source": ", ".join(self._sources)}
        table = pa.Table.from_pylist(rows, LAST_VIEW_LIST.schema)
        desk.lake.write(LAST_VIEW_LIST, self._account.id, table, facts)
