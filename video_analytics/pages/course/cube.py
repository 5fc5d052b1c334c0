"""The exact numbers of a course: viewers, watch time and coverage by video, period, day and chunk.

From the tables of coverage in the lake, by the SQL beside this module. Nothing is withheld here: no page may
show these numbers before `data.hidden` has gone over them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from video_analytics import lake as lakes
from video_analytics.days import ONE_DAY, days_between
from video_analytics.errors import LakeError
from video_analytics.lake import Lake
from video_analytics.panopto import imported
from video_analytics.panopto.coverage import Rules, clock
from video_analytics.panopto.plan import present, sessions_of
from video_analytics.panopto.records import record_files
from video_analytics.panopto.tables import (
    CHUNK_TOTALS,
    CHUNKED_COVERAGE,
    FOLDERS,
    SESSION_MEASURES,
    SESSIONS,
    VIEWER_COVERAGE,
    VIEWING_ACTIVITY,
)

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
Session = Mapping[str, Any]
MICROSECOND = timedelta(microseconds=1)
_NO_CLOCK = pa.table(
    {name: pa.array([], pa.int64()) for name in ("utc_day", "changed_at", "before", "after")}
)


@dataclass(frozen=True)
class Video:
    """A session that is in the course now."""

    id: str
    name: str
    folder: str
    duration: float | None  # seconds; None: not known, and then it has viewers but no other measure
    unread: bool  # nothing of it was read: its records may not be, or were not yet


@dataclass(frozen=True)
class Cube:
    """The numbers of a course, of identified viewers.

    The first row of `viewers` and `watch` is the course, then come the videos in listing order. Columns are
    periods, all dates and then the months with viewing, and in `viewers` after them every day.
    """

    id: str
    name: str
    videos: list[Video]  # in listing order
    months: list[date]  # the first of each local month in which somebody watched
    days: list[date]  # every local day from the first with a viewer to the last that was read
    provisional: list[date]  # of the days, those that the next nights read again
    refreshed: datetime | None  # when the newest of the data came; None: nothing was read yet
    viewers: Counts  # course and videos x periods and days
    completed: Counts  # videos x periods: of the viewers, those with enough of the video over all dates
    watch: Numbers  # seconds; course and videos x periods
    rewatch: Numbers  # seconds over all dates; videos
    any: Counts  # videos x periods x chunks: viewers of something of the chunk
    full: Counts  # of these, those with enough of the chunk over all dates
    time: Numbers  # seconds; videos x periods x chunks
    ratio: Numbers  # watch time / coverage over all dates, nan where there is none; videos x chunks


def cube(lake: Lake, course_id: str, rules: Rules, trailing_days: int) -> Cube | None:
    """The numbers of a course; None if it was not listed or its coverage not computed yet."""
    if not all(lake.path(table, course_id).exists() for table in (SESSIONS, CHUNKED_COVERAGE)):
        return None
    sessions = sessions_of(lake, course_id)
    with lakes.connect() as connection:
        videos = _offer(connection, lake, course_id, present(sessions), rules)
        connection.execute(resources.files(__package__).joinpath("cube.sql").read_text("utf-8"))
        months = [month for (month,) in connection.sql("SELECT month FROM months ORDER BY period").fetchall()]
        read = _days_read(lake, course_id)
        days = _days(connection, read, rules.zone)
        _check(connection, course_id, rules.chunks)
        again = _provisional(lake, course_id, read, trailing_days, rules.zone)
        return Cube(
            id=course_id,
            name=_name(lake, course_id, sessions),
            videos=videos,
            months=months,
            days=days,
            provisional=[day for day in days if day in again],
            refreshed=_refreshed(lake, course_id),
            **_numbers(connection, len(videos), 1 + len(months), days, rules.chunks),
        )


def _offer(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    course_id: str,
    sessions: list[Session],
    rules: Rules,
) -> list[Video]:
    """Give the SQL its views; gives the videos."""
    for table in (CHUNKED_COVERAGE, CHUNK_TOTALS, VIEWER_COVERAGE):
        lakes.scan(connection, table.name.split("/")[1], table, lake.files(table, [course_id]))
    held = lake.read(SESSION_MEASURES, course_id) or SESSION_MEASURES.schema.empty_table()
    measures = {row["session_id"]: row for row in held.to_pylist()}
    measured = [_is_measured(measures.get(row["session_id"])) for row in sessions]
    columns = {
        "session_id": pa.array([row["session_id"] for row in sessions], pa.string()),
        "video": pa.array(range(1, len(sessions) + 1), pa.int64()),
        "measured": pa.array(measured, pa.bool_()),
    }
    connection.register("videos", pa.table(columns))
    # the records, which are many, and their clock are needed for what could not be measured
    records = [] if all(measured) else record_files(lake, course_id)
    lakes.scan(connection, "records", VIEWING_ACTIVITY, records)
    connection.register("coverage_clock", clock(ZoneInfo(rules.zone)) if records else _NO_CLOCK)
    connection.execute("SET VARIABLE ticks = ?", [1e6 * rules.chunks])
    return [
        Video(
            id=row["session_id"],
            name=row["name"],
            folder=row["folder_name"],
            duration=row["duration"] if is_measured else None,
            unread=_is_unread(row, measures.get(row["session_id"])),
        )
        for row, is_measured in zip(sessions, measured, strict=True)
    ]


def _check(connection: duckdb.DuckDBPyConnection, course_id: str, chunks: int) -> None:
    ((last,),) = connection.sql("SELECT max(chunk) FROM watched_in_all").fetchall()
    if last is not None and last >= chunks:
        raise LakeError(
            f"Panopto course {course_id}: expected coverage of {chunks} chunks, got chunk {last + 1}; "
            "materialize panopto/chunked_coverage anew, as the settings changed"
        )


def _is_measured(measures: Mapping[str, Any] | None) -> bool:
    return measures is not None and measures["watch_seconds"] is not None


def _is_unread(session: Session, measures: Mapping[str, Any] | None) -> bool:
    if measures is None:
        return True
    asked = session["denied_on"] is None and session["history_from"] is not None
    return not asked and measures["records"] == 0  # an import may have some


def _name(lake: Lake, course_id: str, sessions: Iterable[Session]) -> str:
    folders = lake.read(FOLDERS, course_id) or FOLDERS.schema.empty_table()
    named = [row["course_name"] for row in sessions]
    named += [row["name"] for row in folders.to_pylist() if row["folder_id"] == course_id]
    return next(iter(named), course_id)


def _days_read(lake: Lake, course_id: str) -> tuple[date, date] | None:
    """The first and the last UTC day of the course's records; None if none were read."""
    names = [path.stem for path in record_files(lake, course_id)]
    if not names:
        return None
    first, last = f"{names[0]}-01-01"[:10], f"{names[-1]}-12-31"[:10]  # of a year or a day
    return date.fromisoformat(first), date.fromisoformat(last)


def _days(connection: duckdb.DuckDBPyConnection, read: tuple[date, date] | None, zone: str) -> list[date]:
    """Every local day, from the first with a viewer (or that was read, if there is none) to the last read."""
    ((first, last),) = connection.sql("SELECT min(date), max(date) FROM visits").fetchall()
    ends = [day for day in (last, _local(read[1], zone)[1] if read else None) if day]
    begins = first or (_local(read[0], zone)[0] if read else None)
    return days_between(begins, max(ends)) if begins else []


def _local(day: date, zone: str) -> tuple[date, date]:
    """The local days in which a UTC day begins and ends."""
    begins = datetime.combine(day, time(), UTC)
    ends = begins + ONE_DAY - MICROSECOND
    return begins.astimezone(ZoneInfo(zone)).date(), ends.astimezone(ZoneInfo(zone)).date()


def _provisional(
    lake: Lake, course_id: str, read: tuple[date, date] | None, trailing_days: int, zone: str
) -> set[date]:
    """The local days that the next nights read again: the last ones read, and those only imported.

    Counted from the last day read and not from today: without new data they stay as provisional as they were.
    """
    if read is None:
        return set()
    last = [read[1] - timedelta(days=back) for back in range(trailing_days)]
    return {local for day in {*last, *imported.days(lake, course_id)} for local in _local(day, zone)}


def _refreshed(lake: Lake, course_id: str) -> datetime | None:
    """When the newest of the course's records and listings was written."""
    inputs = [*record_files(lake, course_id), *lake.files(SESSIONS, [course_id])]
    newest = max((path.stat().st_mtime for path in inputs), default=None)
    return None if newest is None else datetime.fromtimestamp(newest, UTC)


def _numbers(
    connection: duckdb.DuckDBPyConnection, videos: int, periods: int, days: list[date], chunks: int
) -> dict[str, Any]:
    """The arrays of a cube, by name."""
    by_video, by_period, by_chunk = (videos + 1,), (videos + 1, periods), (videos + 1, periods, chunks)
    counted = "FROM viewer_counts WHERE date IS NULL"
    by_day = (
        "SELECT video, date_diff('day', getvariable('first_day')::DATE, date), viewers "
        "FROM viewer_counts WHERE date IS NOT NULL"
    )
    connection.execute("SET VARIABLE first_day = ?", [days[0] if days else None])
    in_periods = _filled(connection, f"SELECT video, period, viewers {counted}", by_period)
    on_days = _filled(connection, by_day, (videos + 1, len(days)))
    completed = _filled(connection, f"SELECT video, period, completed {counted}", by_period)
    in_chunks = {
        name: _filled(connection, f"SELECT video, period, chunk, {column} FROM chunk_counts", by_chunk)[1:]
        for name, column in {"any": "viewers", "full": "completed", "time": "seconds"}.items()
    }
    ratio = _filled(
        connection,
        "SELECT video, chunk, ratio FROM chunk_counts WHERE period = 0",
        (videos + 1, chunks),
        nothing=np.nan,
    )
    return {
        "viewers": np.hstack([in_periods, on_days]).astype(np.int64),
        "completed": completed[1:].astype(np.int64),
        "watch": _filled(connection, "SELECT video, period, seconds FROM watch_times", by_period),
        "rewatch": _filled(connection, "SELECT video, seconds FROM rewatch_times", by_video)[1:],
        "any": in_chunks["any"].astype(np.int64),
        "full": in_chunks["full"].astype(np.int64),
        "time": in_chunks["time"],
        "ratio": ratio[1:],
    }


def _filled(
    connection: duckdb.DuckDBPyConnection, query: str, shape: tuple[int, ...], nothing: float = 0.0
) -> Numbers:
    """An array from rows of indices and a value."""
    found = list(connection.sql(query).fetchnumpy().values())
    filled: Numbers = np.full(shape, nothing, dtype=np.float64)
    filled[tuple(np.asarray(places, dtype=np.int64) for places in found[:-1])] = found[-1]
    return filled
