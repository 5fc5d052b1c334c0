"""The service UsageReporting: details by page, and summaries by hour, day or week.

Ranges include both their ends. Detail pages come in an order that is none, but stays the same from page to
page. The report operations have a module of their own, `reports`; what is left of the service answers a
fault.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto.envelope import (
    GENERIC,
    NO_ACCESS,
    Element,
    FaultError,
    double,
    guid_of,
    members,
    moment,
    number_of,
    time_of,
)
from video_analytics.sandbox.panopto.operations import Operation
from video_analytics.sandbox.panopto.rights import denied
from video_analytics.sandbox.panopto.summaries import buckets, counted
from video_analytics.sandbox.panopto.tree import Session, Snapshot, micros
from video_analytics.sandbox.panopto.viewing import COLUMNS, START_REASONS, STOP_REASONS, Records
from video_analytics.sandbox.service import Service

DEFAULT_PAGE: Final = 25  # when the request names no page size
LARGEST_PAGE: Final = 1000  # more is never sent at once
_EMPTY_PAGES: Final = {
    "empty": "<a:PagedResponses/>",
    "missing": "",
    "nil": '<a:PagedResponses i:nil="true"/>',
}
_MIX: Final = 0x9E3779B97F4A7C15
_WORDS: Final = 2**64


@dataclass(slots=True)
class Query:
    """A request that got in."""

    service: Service
    exchange: Exchange
    operation: Operation
    inputs: dict[str, Element]

    @property
    def now(self) -> int:
        """The vendor's time."""
        return micros(self.service.clock.now())

    def edges(self) -> tuple[int, int]:
        """The range as begin <= time < end; both ends of the request belong to it."""
        if not any(field.name == "endRange" for field in self.operation.inputs):
            return 0, self.now + 1
        begin, end = time_of(self.inputs.get("beginRange")), time_of(self.inputs.get("endRange"))
        return begin or 0, (end or 0) + 1

    def tree(self) -> Snapshot:
        """The tree as it stands."""
        return self.service.panopto.snapshot(self.service.clock.now())

    def records(self, session: Session) -> Records:
        """What is known by now of a session in the range."""
        return self.service.panopto.drawn(session, *self.edges(), self.now)


def result(query: Query) -> str | None:
    """What stands inside the result element."""
    name = query.operation.name
    if name.endswith("SummaryUsage"):
        return _summary(query)
    if name.endswith("DetailedUsage"):
        return _details(query)
    raise FaultError(GENERIC)


def _summary(query: Query) -> str:
    how = query.service.scenario.summaries
    sessions = _sessions(query)
    if how == "refused":
        raise FaultError(NO_ACCESS)
    known = [query.records(session) for session in sessions]
    records = np.concatenate([np.empty(0, COLUMNS), *known])
    grain = query.inputs.get("granularity")
    rows = buckets(counted(records, how, query.now), (grain.text if grain is not None else None) or "Hourly")
    return "".join(
        f"<a:SummaryUsageResponseItem><a:MinutesViewed>{double(row.minutes)}</a:MinutesViewed>"
        f"<a:Time>{moment(row.time)}</a:Time><a:UniqueUsers>{row.users}</a:UniqueUsers>"
        f"<a:Views>{row.views}</a:Views></a:SummaryUsageResponseItem>"
        for row in rows
    )


def _sessions(query: Query) -> list[Session]:
    """The sessions a summary is about."""
    tree, name = query.tree(), query.operation.name
    hidden = denied(tree, query.service.scenario.denied_folders)
    if name == "GetSessionSummaryUsage":
        return [_session(query, tree)]
    if name == "GetSystemSummaryUsage":
        return [s for key, s in tree.sessions.items() if tree.folder_of[key] not in hidden]
    folder = guid_of(query.inputs.get("folderId"))
    if folder not in tree.names or folder in hidden:
        raise FaultError(NO_ACCESS)
    places = list(tree.below(folder)) if query.service.scenario.summaries == "recursive" else [folder]
    return [tree.sessions[key] for place in places for key in tree.sessions_in.get(place, [])]


def _session(query: Query, tree: Snapshot) -> Session:
    """The session of a request, if it is there and may be seen."""
    key, scenario = guid_of(query.inputs.get("sessionId")), query.service.scenario
    session = tree.sessions.get(key)
    if session is None or tree.folder_of[key] in denied(tree, scenario.denied_folders):
        raise FaultError(NO_ACCESS)
    if key in {text.lower() for text in scenario.dead_sessions} or session.name in scenario.dead_sessions:
        query.exchange.fault = "dead_session"
        raise FaultError(GENERIC)
    return session


def _details(query: Query) -> str:
    service = query.service
    page = members("Pagination", query.inputs.get("pagination"))
    size = min(number_of(page.get("MaxNumberResults"), DEFAULT_PAGE), LARGEST_PAGE)
    number = number_of(page.get("PageNumber"), 0)
    query.exchange.page = number
    if number < 0 or size < 0:
        raise FaultError(GENERIC)
    records = _in_no_order(_asked(query), service.faults.detail_salt())
    shown = records[number * size : (number + 1) * size]
    if len(shown) and service.faults.empties_detail():
        query.exchange.fault, shown = "empty_page", shown[:0]
    total = len(records) + service.faults.late_total(number)
    return _paged(query, shown) + f"<a:TotalNumberResponses>{total}</a:TotalNumberResponses>"


def _asked(query: Query) -> Records:
    """The records of the session, of the user, or of both."""
    tree, world = query.tree(), query.service.panopto
    if "sessionId" in {field.name for field in query.operation.inputs}:
        sessions = [_session(query, tree)]
    else:
        hidden = denied(tree, query.service.scenario.denied_folders)
        sessions = [s for key, s in tree.sessions.items() if tree.folder_of[key] not in hidden]
    found = np.concatenate([np.empty(0, COLUMNS), *(query.records(session) for session in sessions)])
    if "userId" not in {field.name for field in query.operation.inputs}:
        return found
    user = world.user_number(guid_of(query.inputs.get("userId")))
    if user is None:
        raise FaultError(NO_ACCESS)
    mine: Records = found[found["user"] == user]
    return mine


def _in_no_order(records: Records, salt: int) -> Records:
    """Shuffled by what the records are, so that a page does not depend on the pages before it."""
    mixed = (records["time"].astype(np.uint64) + records["user"].astype(np.uint64)) * np.uint64(_MIX)
    mixed ^= np.uint64(salt * _MIX % _WORDS)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return records[np.argsort(mixed, kind="stable")]


def _paged(query: Query, records: Records) -> str:
    if not len(records):
        return _EMPTY_PAGES[query.service.scenario.empty_pages_as]
    extended = "Extended" in query.operation.name
    element = "ExtendedDetailedUsageResponseItem" if extended else "DetailedUsageResponseItem"
    items = (f"<a:{element}>{text}</a:{element}>" for text in _items(query, records, extended=extended))
    return f"<a:PagedResponses>{''.join(items)}</a:PagedResponses>"


def _items(query: Query, records: Records, *, extended: bool) -> list[str]:
    world = query.service.panopto
    rows = []
    for session, time, _, user, position, seconds, speed, started, stopped, _ in records.tolist():
        text = (
            f"<a:SecondsViewed>{double(seconds)}</a:SecondsViewed>"
            f"<a:SessionId>{world.session_id(session)}</a:SessionId>"
            f"<a:StartPosition>{double(position)}</a:StartPosition><a:Time>{moment(time)}</a:Time>"
            f"<a:UserId>{world.user_id(user)}</a:UserId>"
        )
        if extended:
            text += _speed(speed) + (
                f"<a:StartReason>{START_REASONS[started]}</a:StartReason>"
                f"<a:StopReason>{STOP_REASONS[stopped]}</a:StopReason>"
            )
        rows.append(text)
    return rows


def _speed(speed: float) -> str:
    if np.isnan(speed):
        return '<a:PlaybackSpeed i:nil="true"/>'
    return f"<a:PlaybackSpeed>{double(speed)}</a:PlaybackSpeed>"
