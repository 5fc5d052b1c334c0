"""Small lakes made by hand: courses, sessions, records and coverage whose numbers the test chooses."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from video_analytics.lake import Lake, Table, day_key
from video_analytics.panopto.tables import (
    CHUNKED_COVERAGE,
    FOLDERS,
    SESSION_MEASURES,
    SESSIONS,
    VIEWING_ACTIVITY,
    VIEWING_HISTORY,
)

Json = dict[str, Any]

ANONYMOUS = "00000000-0000-0000-0000-000000000000"


def guid(number: int) -> str:
    """An id, told apart by a number."""
    return f"{number:08x}-1111-4a4a-9b9b-b0a000c51f00"


BIOLOGY, ZOOLOGY = guid(0xB10), guid(0x200)
LECTURES = [guid(0xC0 + number) for number in range(9)]
ANN, BOB, CYD = guid(0xA), guid(0xB), guid(0xC)


def session(session_id: str, **changes: Any) -> Json:
    """A session of a course; `left_on` for one that is gone."""
    known: Json = {
        "session_id": session_id,
        "name": f"Lecture {session_id[6:8]}",
        "description": None,
        "duration": 600.0,
        "start_time": "2024-09-12T09:30:00.123Z",
        "folder_id": BIOLOGY,
        "folder_name": "Biology",
        "first_seen": date(2024, 9, 1),
        "left_on": None,
        "history_from": date(2024, 9, 1),
    }
    return known | changes


def record(time: str, **changes: Any) -> Json:
    """A viewing record at a time in UTC, such as "2024-09-12 18:59:58.123"."""
    when = datetime.fromisoformat(time).replace(tzinfo=UTC)
    known: Json = {
        "session_id": LECTURES[0],
        "user_id": ANN,
        "date": when.date(),
        "time": when,
        "playback_speed": 1.0,
        "start_position": 0.0,
        "start_reason": "Start",
        "stop_reason": "End",
        "seconds_viewed": 30.0,
        "occurrence": 0,
    }
    return known | changes


def chunk(session_id: str, user_id: str, day: date, index: int, **changes: Any) -> Json:
    """A row of coverage, of a video of 600 seconds in 20 chunks."""
    known: Json = {
        "session_id": session_id,
        "user_id": user_id,
        "date": day,
        "chunk_index": index,
        "chunk_start": index * 30.0,
        "chunk_end": (index + 1) * 30.0,
        "chunk_percent_covered": 100.0,
        "total_time_spent": 30.0,
        "completed": 1,
    }
    return known | changes


def measures(session_id: str, viewers: int, completed: int | None) -> Json:
    """The measures of a session."""
    return {
        "session_id": session_id,
        "unique_viewers": viewers,
        "anonymous_ids": 0,
        "completed_viewers": completed,
        "watch_seconds": 0.0,
        "rewatch_seconds": 0.0,
        "anonymous_watch_seconds": 0.0,
        "records": viewers,
    }


def put_sessions(lake: Lake, course: str, name: str, sessions: Iterable[Json]) -> bool:
    """A course as listed: its name, and its sessions in order."""
    return _put(lake, SESSIONS, course, course, [{"course_name": name} | each for each in sessions])


def put_folder(lake: Lake, course: str, name: str) -> bool:
    """A course's own folder."""
    folder = {"folder_id": course, "name": name, "parent_id": None, "path": name, "state": "listed"}
    return _put(lake, FOLDERS, course, course, [folder])


def put_day(lake: Lake, course: str, day: date, records: Iterable[Json]) -> bool:
    """The records of a day."""
    return _put(lake, VIEWING_ACTIVITY, day_key(course, day), course, records)


def put_year(lake: Lake, course: str, year: int, records: Iterable[Json]) -> bool:
    """The records of a year in a file of its own."""
    return _put(lake, VIEWING_HISTORY, f"{course}/{year}", course, records)


def put_coverage(lake: Lake, course: str, chunks: Sequence[Json], of_sessions: Sequence[Json]) -> None:
    """What was computed of a course: its chunk rows and its sessions' measures."""
    _put(lake, CHUNKED_COVERAGE, course, course, chunks)
    _put(lake, SESSION_MEASURES, course, course, of_sessions)


def _put(lake: Lake, table: Table, key: str, course: str, rows: Iterable[Json]) -> bool:
    full = [{"course_id": course} | row for row in rows]
    return lake.write(table, key, pa.Table.from_pylist(full, table.schema), {})
