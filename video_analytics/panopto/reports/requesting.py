"""Ask the site for its reports, wait for them a while, and put them into the inbox like any other file.

A report can take hours. What was asked is remembered in the lake, so that the next run, or the next after a
run that died, fetches that one and does not ask for another.
"""

import time as clock
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from video_analytics import files
from video_analytics.clock import now
from video_analytics.errors import Malformed, ReportError, VideoAnalyticsError
from video_analytics.lake import Lake
from video_analytics.panopto.reports import asking
from video_analytics.panopto.reports.inbox import Inbox
from video_analytics.panopto.reports.kinds import CREATED, STORAGE, USAGE, Kind, missing, plain
from video_analytics.panopto.reports.reading import header_of
from video_analytics.panopto.reports.tables import REPORT_REQUESTS
from video_analytics.panopto.soap import Soap

ASKED = (CREATED, USAGE, STORAGE)
WAITING, FETCHED = "waiting", "fetched"
_PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds between two looks, the last one again and again


@dataclass(frozen=True)
class Request:
    """A report asked of the site; its range is begin <= time < end."""

    kind: Kind
    report_id: str
    begin: datetime
    end: datetime
    asked_at: datetime
    state: str


@dataclass(frozen=True)
class Failed:
    """A report that could not be had."""

    kind: Kind
    error: VideoAnalyticsError


def last_request(lake: Lake, kind: Kind) -> Request | None:
    """What was asked last of a kind."""
    held = lake.read(REPORT_REQUESTS, kind.name)
    if held is None:
        return None
    (row,) = held.to_pylist()
    return Request(kind, *(row[name] for name in ("report_id", "begin", "end", "asked_at", "state")))


def is_owed(lake: Lake, kind: Kind) -> bool:
    """Whether the site is still making a report that was asked for."""
    request = last_request(lake, kind)
    return request is not None and request.state == WAITING


def whole_range(start: date, zone: str) -> tuple[datetime, datetime]:
    """From the start of a day to the end of yesterday, in the reports' zone."""
    local = ZoneInfo(zone)
    today = now().astimezone(local).date()
    return datetime.combine(start, time(), local), datetime.combine(today, time(), local)


def request_reports(
    soap: Soap, lake: Lake, inbox: Inbox, span: tuple[datetime, datetime], zone: str, wait_minutes: float
) -> Iterator[Request | Failed]:
    """Ask for the reports of a span, or go on with those still owed; each in the inbox when it is there.

    One that cannot be had does not stop the others. Those not ready in so many minutes come out as waiting.
    """
    open_ones: list[Request] = []
    for kind in ASKED:
        held = last_request(lake, kind)
        if held is not None and held.state == FETCHED and (held.begin, held.end) == span:
            yield held  # a second run on the same day
            continue
        try:
            open_ones.append(_asked(soap, lake, kind, held, span))
        except VideoAnalyticsError as error:
            yield Failed(kind, error)
    deadline = clock.monotonic() + 60 * wait_minutes
    for pause in _pauses():
        still: list[Request] = []
        for request in open_ones:
            result = _collected(soap, lake, inbox, request, zone)
            if isinstance(result, Request) and result.state == WAITING:
                still.append(result)
            else:
                yield result
        open_ones = still
        if not still or clock.monotonic() + pause > deadline:
            break
        clock.sleep(pause)
    yield from open_ones


def _pauses() -> Iterator[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]


def _asked(
    soap: Soap, lake: Lake, kind: Kind, held: Request | None, span: tuple[datetime, datetime]
) -> Request:
    """The request that is still open, one of that span at the site, or a new one."""
    _check_columns(kind, asking.columns(soap, kind.type), "describes")
    recent = asking.recent(soap, kind.type)
    if held is not None and held.state == WAITING and held.report_id in {each.id for each in recent}:
        return held
    known = [each for each in recent if (each.begin, each.end) == span]
    ready = sorted(known, key=lambda each: not each.available)
    report_id = ready[0].id if ready else asking.queue(soap, kind.type, *span)
    return _remember(lake, Request(kind, report_id, *span, now(), WAITING))


def _collected(soap: Soap, lake: Lake, inbox: Inbox, request: Request, zone: str) -> Request | Failed:
    """The request, fetched if its report is there."""
    local = ZoneInfo(zone)
    first = request.begin.astimezone(local).date()
    last = (request.end.astimezone(local) - timedelta(microseconds=1)).date()
    target = inbox.waiting / f"{request.kind.type.lower()}_{first}--{last}.zip"
    try:
        data = asking.fetch(soap, request.report_id)
        if data is None:
            return request
        with files.replacing(target) as temporary:  # of what is wrong in it, nothing reaches the inbox
            temporary.write_bytes(data)
            _check_columns(request.kind, _header(temporary, request.kind), "sent")
    except VideoAnalyticsError as error:
        return Failed(request.kind, error)
    return _remember(lake, replace(request, state=FETCHED))


def _header(path: Path, kind: Kind) -> list[str]:
    try:
        return header_of(path)
    except ReportError as error:
        said = str(error).partition(": ")[2]  # without the name of a file that will be gone
        raise Malformed(f"Panopto GetReport {kind.type}: {said}") from error


def _remember(lake: Lake, request: Request) -> Request:
    row = {**vars(request), "kind": request.kind.name}
    table = pa.Table.from_pylist([row], schema=REPORT_REQUESTS.schema)
    lake.write(REPORT_REQUESTS, request.kind.name, table, {"state": request.state})
    return request


def _check_columns(kind: Kind, header: Sequence[str], did: str) -> None:
    lacks = missing(kind, header)
    if lacks:
        shown = ", ".join(repr(plain(name)[:40]) for name in header[:8])
        raise Malformed(
            f"Panopto report {kind.type}: expected the columns {', '.join(lacks)}, but the site {did} "
            f"{shown} …; the report has changed: drop one that has these columns into inbox/panopto"
        )
