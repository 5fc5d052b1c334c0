"""From the client into the lake: days, and the catalogue with those that have gone.

Accounts are read side by side, one query at a time each. What one account finishes is in the lake and
reported at once, whatever becomes of the others.
"""

import contextlib
import json
import queue
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from video_analytics import corrections
from video_analytics.brightcove import analytics, catalogue
from video_analytics.brightcove.client import Client, canonical
from video_analytics.brightcove.finality import PROVISIONAL, closed_at, finality
from video_analytics.brightcove.reports import Day
from video_analytics.brightcove.tables import CMS_CATALOG, CORRECTIONS, DAILY_ANALYTICS
from video_analytics.clock import now
from video_analytics.decoding import decoder
from video_analytics.errors import LakeError, Refused, VendorError
from video_analytics.files import write_bytes
from video_analytics.lake import Lake, day_key
from video_analytics.settings import Account

CAPABILITIES = "brightcove/capabilities.json"
WRITERS = 3  # of day files, for each account
SUMS = {"views": "video_view", "seconds": "video_seconds_viewed"}  # kept with a day, to tell what moved
READINGS = ".readings.json"  # beside an account's years
MOST_WAITING = 100  # day files of an account that may wait for a writer


class Learnt(msgspec.Struct):
    """What is kept about the vendor between runs."""

    device_ranges: dict[str, bool]
    ends_included: bool = False


_LEARNT = decoder(Learnt)


@dataclass(frozen=True)
class Outcome:
    """What became of one account's day: the facts recorded with it, or the error."""

    account: Account
    day: date
    facts: dict[str, Any] = field(default_factory=dict)
    error: VendorError | None = None


def collect_days(client: Client, lake: Lake, wanted: Mapping[Account, Sequence[date]]) -> Iterator[Outcome]:
    """Read every wanted day and put it into the lake; an outcome for each, as it happens."""
    recall(lake, client)
    outcomes: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def one_account(account: Account, days: Sequence[date]) -> None:
        try:
            for outcome in _account_days(client, lake, account, days):
                outcomes.put(outcome)
                if stop.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 - raised again by the reader of the queue
            outcomes.put(error)
        finally:
            outcomes.put(None)

    with ThreadPoolExecutor(client.settings.parallel_accounts, "brightcove") as pool:
        for account, days in wanted.items():
            pool.submit(one_account, account, days)
        open_accounts = len(wanted)
        try:
            while open_accounts:
                outcome = outcomes.get()
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome is None:
                    open_accounts -= 1
                else:
                    yield outcome
        finally:
            stop.set()
            remember(lake, client)


def _account_days(client: Client, lake: Lake, account: Account, days: Sequence[date]) -> Iterator[Outcome]:
    instant = now()
    worth = {day: finality(day, account, client.settings, instant) for day in days}
    for day in (day for day in days if worth[day] is None):
        error = Refused(
            f"Brightcove {account.name} {day}: the day is not over before "
            f"{closed_at(day, account.timezone):%F %R} UTC ({account.timezone}); ask for it then"
        )
        yield Outcome(account, day, error=error)
    closed = [day for day in days if worth[day] is not None]
    recent = min((day for day in closed if worth[day] == PROVISIONAL), default=instant.date())
    left = set(closed)
    fatal: VendorError | None = None
    with ThreadPoolExecutor(WRITERS) as writers:  # a day file waits for the disk, not for us
        writing: deque[Future[list[Outcome]]] = deque()
        try:
            for read in analytics.read_days(client, account, closed, recent):
                writing.append(writers.submit(_keep, lake, account, read, worth, instant))
                while len(writing) > MOST_WAITING or (writing and writing[0].done()):
                    yield from _taken(writing.popleft().result(), left)
        except VendorError as error:  # the account cannot be read at all
            fatal = error
        for written in writing:
            yield from _taken(written.result(), left)
    if fatal:
        yield from (_failed(lake, account, day, fatal) for day in sorted(left))


def _taken(outcomes: list[Outcome], left: set[date]) -> list[Outcome]:
    left.difference_update(outcome.day for outcome in outcomes)
    return outcomes


def _keep(
    lake: Lake,
    account: Account,
    read: Day | analytics.Failed,
    worth: Mapping[date, str | None],
    instant: datetime,
) -> list[Outcome]:
    if isinstance(read, analytics.Failed):
        return [_failed(lake, account, day, read.error) for day in read.days]
    facts = {
        "finality": worth[read.date],
        "read_on": instant.date().isoformat(),
        "unattributed": read.unattributed,
        **read.notes,
    }
    cost = {"window": str(read.window), **read.cost}
    rows = _with_marks(read, account, str(worth[read.date]), instant.date())
    if not (rows.num_rows or read.unattributed):
        rows, facts = _or_imported(lake, account, read.date, rows, facts)
    facts |= {name: pc.sum(rows[column]).as_py() or 0 for name, column in SUMS.items()}
    facts["changed"] = _replace(lake, account, read.date, rows, facts, instant)
    return [Outcome(account, read.date, facts | cost | {"rows": rows.num_rows})]


def _or_imported(
    lake: Lake, account: Account, day: date, rows: pa.Table, facts: dict[str, Any]
) -> tuple[pa.Table, dict[str, Any]]:
    """Imported rows of a day of which the vendor has nothing any more; they stay, the day is read."""
    key = day_key(account.id, day)
    try:
        before = lake.facts(DAILY_ANALYTICS, key) or {}
        held = lake.read(DAILY_ANALYTICS, key) if before.get("imported") else None
    except LakeError:  # damaged: what the vendor says mends it
        held = None
    if held is None:
        return rows, facts
    return held, facts | {name: before[name] for name in ("imported", "source")}


def _replace(
    lake: Lake, account: Account, day: date, rows: pa.Table, facts: Mapping[str, Any], instant: datetime
) -> bool:
    """Replace a day; what that changes of a former reading goes into the ledger first."""
    key, digest = day_key(account.id, day), lake.digest(DAILY_ANALYTICS, rows, facts)
    with contextlib.suppress(LakeError):  # what is held is damaged: nothing to compare with, and mended now
        before, held = lake.facts(DAILY_ANALYTICS, key), None
        if before and before["digest"] != digest:
            held = lake.read(DAILY_ANALYTICS, key)
        if before and held is not None and not _same_numbers(held, rows):
            versions = _version(held, before), _version(rows, {**facts, "digest": digest})
            corrections.note(lake, CORRECTIONS, account.id, day, *versions, instant)
    return lake.write(DAILY_ANALYTICS, key, rows, facts, digest)


def _same_numbers(one: pa.Table, other: pa.Table) -> bool:
    """Whether two readings differ at most in what they are worth."""
    names = [name for name in DAILY_ANALYTICS.schema.names if name not in {"finality", "read_on"}]
    return bool(one.select(names).equals(other.select(names)))


def _version(rows: pa.Table, facts: Mapping[str, Any]) -> corrections.Version:
    views, seconds = (pc.sum(rows[column]).as_py() or 0 for column in SUMS.values())
    return corrections.Version(facts["digest"], facts["finality"], rows.num_rows, views, seconds)


def _failed(lake: Lake, account: Account, day: date, error: VendorError) -> Outcome:
    lake.fail(DAILY_ANALYTICS, day_key(account.id, day), str(error), permanent=error.permanent)
    return Outcome(account, day, error=error)


def _with_marks(read: Day, account: Account, worth: str, read_on: date) -> pa.Table:
    size = read.rows.num_rows
    constants = {
        "account_id": pa.repeat(account.id, size),
        "date": pa.repeat(pa.scalar(read.date, pa.date32()), size),
        "finality": pa.repeat(worth, size),
        "read_on": pa.repeat(pa.scalar(read_on, pa.date32()), size),
    }
    table = read.rows
    for name, values in constants.items():
        table = table.append_column(name, values)
    return table


def readings(lake: Lake, account: Account) -> Iterator[tuple[date, str]]:
    """The days of an account in the lake, each with the finality of its last reading.

    The footer of a file is read once for each of its versions: what it said is remembered beside the years.
    """
    memo = lake.root / DAILY_ANALYTICS.name / account.id / READINGS
    known, told = _remembered(memo), {}
    for name, size, changed in lake.stamps(DAILY_ANALYTICS, account.id):
        day, stamp = date.fromisoformat(name[:10]), f"{size} {changed}"
        if known.get(name, ("", ""))[0] == stamp:
            told[name] = known[name]
        elif (facts := lake.facts(DAILY_ANALYTICS, day_key(account.id, day))) is not None:
            told[name] = (stamp, facts["finality"])
        else:
            continue
        yield day, told[name][1]
    if told != known:
        with contextlib.suppress(OSError):  # who may only look is told all the same, only later
            write_bytes(memo, json.dumps(told).encode())


def _remembered(memo: Path) -> dict[str, tuple[str, str]]:
    with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError):  # damaged: it is learnt again
        return msgspec.json.decode(memo.read_bytes(), type=dict[str, tuple[str, str]])
    return {}


def collect_catalogue(client: Client, lake: Lake, account: Account) -> dict[str, Any]:
    """Read an account's catalogue into the lake; videos that went stay, marked as gone.

    Gives the facts recorded with it. A video the vendor names as deleted is `deleted`; one that a complete
    listing no longer has, and that was deleted too long ago to be named, is `missing`.
    """
    listed = catalogue.list_videos(client, account)
    here = {video["id"] for video in listed}
    gone = [video for video in catalogue.list_deleted(client, account) if video["id"] not in here]
    before = _previous_rows(lake, account)
    today = now().date()
    rows = [_catalogue_row(account, video, "listed", None) for video in listed]
    for video in gone:
        since = before.get(video["id"], {}).get("gone_since") or today
        rows.append(_catalogue_row(account, video, "deleted", since))
    known = here | {video["id"] for video in gone}
    for video_id in sorted(before.keys() - known):
        old = before[video_id]
        status = "deleted" if old["status"] == "deleted" else "missing"
        rows.append(old | {"status": status, "gone_since": old["gone_since"] or today})
    rows = [row | {"position": number} for number, row in enumerate(rows)]
    facts = {
        "custom_fields": client.custom_fields(account),
        "listed": len(listed),
        "first_read_on": (lake.facts(CMS_CATALOG, account.id) or {}).get("first_read_on", today.isoformat()),
    }
    changed = lake.write(CMS_CATALOG, account.id, pa.Table.from_pylist(rows, CMS_CATALOG.schema), facts)
    return {"rows": len(rows), "listed": len(listed), "gone": len(rows) - len(listed), "changed": changed}


def _previous_rows(lake: Lake, account: Account) -> dict[str, dict[str, Any]]:
    table = lake.read(CMS_CATALOG, account.id)
    return {row["video_id"]: row for row in table.to_pylist()} if table is not None else {}


def _catalogue_row(account: Account, video: dict[str, Any], status: str, gone: date | None) -> dict[str, Any]:
    duration = video.get("duration")
    return {
        "account_id": account.id,
        "video_id": video["id"],
        "status": status,
        "gone_since": gone,
        **{
            name: _text(video.get(name))
            for name in ("state", "name", "created_at", "published_at", "reference_id")
        },
        "duration_ms": duration if type(duration) is int and 0 <= duration < 2**63 else None,
        "raw": canonical(video),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def remember(lake: Lake, client: Client) -> None:
    """Keep what was learnt about the vendor, so that it is not asked again each night."""
    learnt = {"device_ranges": client.device_ranges, "ends_included": client.ends_included}
    write_bytes(lake.root / CAPABILITIES, json.dumps(learnt, indent=2, sort_keys=True).encode())


def recall(lake: Lake, client: Client) -> None:
    """Tell the client what earlier runs learnt."""
    with contextlib.suppress(FileNotFoundError, ValueError):  # damaged: it is learnt again
        learnt = _LEARNT((lake.root / CAPABILITIES).read_bytes())
        client.device_ranges = learnt.device_ranges | client.device_ranges
        client.ends_included |= learnt.ends_included
