"""What UsageReporting tells, checked and typed: viewing records and usage summaries."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern
from typing import Any

from video_analytics.panopto.rest import guid

MOST_RECORDS = 50_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One uninterrupted stretch of play. Positions and seconds are of the video's own timeline."""

    session_id: str
    user_id: str
    time: datetime
    start_position: float
    seconds_viewed: float
    playback_speed: float | None
    start_reason: str | None
    stop_reason: str | None


@dataclass(frozen=True)
class Usage:
    """One day of a folder's or session's summary, UTC."""

    time: datetime
    views: int
    unique_users: int
    minutes_viewed: float


@dataclass(frozen=True)
class Page:
    """Some of the records of a span, and how many the vendor counts in all of it."""

    records: list[Record]
    total: int


def page_of(result: Any, session_id: str, begin: datetime, end: datetime) -> Page:
    """A page of records, checked: all of the session asked for, within the span, and counted."""
    total = total_of(result)
    records = [_record(item) for item in items_of(result)]
    if any(record.session_id != session_id for record in records):
        raise ValueError("expected records of this session only, some are of another")
    if any(not begin <= record.time <= end for record in records):
        raise ValueError("expected records of the span asked for, some are outside of it")
    if len(records) > total:
        raise ValueError(f"expected at most the {total} records counted, got {len(records)}")
    return Page(records, total)


def total_of(result: Any) -> int:
    """How many records the vendor counts; ValueError where that is no plausible number."""
    total = None if result is None else result.TotalNumberResponses
    if not isinstance(total, int) or not 0 <= total <= MOST_RECORDS:
        raise ValueError("expected a plausible TotalNumberResponses")
    return total


def items_of(result: Any) -> list[Any]:
    """The records of a page as zeep gives them: none where the list is empty, absent or nil."""
    return (result.PagedResponses and result.PagedResponses.ExtendedDetailedUsageResponseItem) or []


def _record(item: Any) -> Record:
    if item is None or not isinstance(item.Time, datetime) or item.Time.tzinfo is None:
        raise ValueError("expected a record with a time and its offset")
    speed = item.PlaybackSpeed
    return Record(
        session_id=intern(guid(str(item.SessionId))),
        user_id=intern(guid(str(item.UserId))),  # few ids, many records
        time=item.Time.astimezone(UTC),
        start_position=_seconds(item.StartPosition),
        seconds_viewed=_seconds(item.SecondsViewed),
        playback_speed=None if speed is None else _seconds(speed),
        start_reason=_text(item.StartReason),
        stop_reason=_text(item.StopReason),
    )


def _seconds(value: Any) -> float:
    """Absent means zero, as the vendor's serializer leaves out what is zero. NaN is always the same one."""
    number = 0.0 if value is None else float(value)
    return math.nan if math.isnan(number) else number


def _text(value: Any) -> str | None:
    return None if value is None else intern(str(value))


def usages_of(result: Any) -> list[Usage]:
    """A usage summary; ValueError where a time or number is none."""
    items = result if isinstance(result, list) else getattr(result, "SummaryUsageResponseItem", None) or []
    usages = []
    for item in items:
        if item is None or not isinstance(item.Time, datetime) or item.Time.tzinfo is None:
            raise ValueError("expected a summary with a time and its offset")
        minutes = _seconds(item.MinutesViewed)
        if not math.isfinite(minutes):
            raise ValueError("expected a finite MinutesViewed")
        usages.append(Usage(item.Time.astimezone(UTC), item.Views or 0, item.UniqueUsers or 0, minutes))
    return usages
