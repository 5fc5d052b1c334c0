"""The tables of Panopto in the lake: columns, types, units.

Ids are text, lower case. A *course* is a listed folder with everything below it; its id is the folder's.
Viewing records lie by course and day for the recent years and by course and year before them; both tables
have the same columns, and a year that has a file of its own outranks the days of that year.
"""

import pyarrow as pa

from video_analytics.corrections import ledger
from video_analytics.lake import Table

_RECORD = [
    pa.field("course_id", pa.string(), nullable=False),
    pa.field("session_id", pa.string(), nullable=False),
    pa.field("user_id", pa.string(), nullable=False),  # the vendor's guid, or its HMAC-SHA256 in hex
    pa.field("date", pa.date32(), nullable=False),  # the UTC day of `time`
    pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
    pa.field("playback_speed", pa.float64()),  # null: not told
    pa.field("start_position", pa.float64(), nullable=False),  # seconds on the video's own timeline
    pa.field("start_reason", pa.string()),
    pa.field("stop_reason", pa.string()),
    pa.field("seconds_viewed", pa.float64(), nullable=False),  # seconds on the video's own timeline
    pa.field("occurrence", pa.int64(), nullable=False),  # 0, 1, …: equal records the vendor holds apart
]

VIEWING_ACTIVITY = Table("panopto/viewing_activity", pa.schema(_RECORD))  # key: course, day
VIEWING_HISTORY = Table("panopto/viewing_history", pa.schema(_RECORD))  # key: course/year

FOLDERS = Table(  # key: course; the tree below the course's folder, itself included, in walking order
    "panopto/folders",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("folder_id", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("parent_id", pa.string()),  # null for the course's own folder
            pa.field("path", pa.string(), nullable=False),  # names from the course down, joined by " / "
            pa.field("state", pa.string(), nullable=False),  # listed, denied
        ]
    ),
)

SESSIONS = Table(  # key: course; every session ever seen in it, those present first, in listing order
    "panopto/sessions",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("course_name", pa.string(), nullable=False),  # the folder's name when last listed
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("description", pa.string()),
            pa.field("duration", pa.float64()),  # seconds; null: not told
            pa.field("start_time", pa.string()),  # as sent: a wall clock of doubtful zone
            pa.field("folder_id", pa.string(), nullable=False),
            pa.field("folder_name", pa.string(), nullable=False),
            pa.field("first_seen", pa.date32(), nullable=False),  # UTC day of the first listing with it
            pa.field("left_on", pa.date32()),  # UTC day of the first listing without it; null: present
            pa.field("history_from", pa.date32()),  # its records are held from this UTC day on; null: not yet
            pa.field(
                "denied_on", pa.date32()
            ),  # UTC day since when its records may not be read; null: they may
            pa.field("first_record", pa.date32()),  # UTC day of the first record known; null: none known
        ]
    ),
)

SESSION_VERSIONS = Table(  # key: course; what a session was called, where it lay, how long it was, and when
    "panopto/session_versions",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("folder_id", pa.string(), nullable=False),
            pa.field("folder_name", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("duration", pa.float64()),  # seconds
            pa.field("valid_from", pa.date32(), nullable=False),  # UTC day of the first listing that said so
            pa.field("valid_to", pa.date32()),  # UTC day of the first listing that did not; null: still so
        ]
    ),
)

CHUNKED_COVERAGE = Table(  # key: course; a row where something of a chunk was covered
    "panopto/chunked_coverage",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("user_id", pa.string(), nullable=False),
            pa.field("date", pa.date32(), nullable=False),  # the day in the reporting time zone
            pa.field("chunk_index", pa.int64(), nullable=False),  # from 0
            pa.field("chunk_start", pa.float64(), nullable=False),  # seconds
            pa.field("chunk_end", pa.float64(), nullable=False),  # seconds
            pa.field("chunk_percent_covered", pa.float64(), nullable=False),  # percent, exact union
            pa.field("total_time_spent", pa.float64(), nullable=False),  # seconds, repeats count
            pa.field("completed", pa.int64(), nullable=False),  # 1: covered to the set percent on that day
        ]
    ),
)

CHUNK_TOTALS = Table(  # key: course; the same over all days
    "panopto/chunk_totals",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("user_id", pa.string(), nullable=False),
            pa.field("chunk_index", pa.int64(), nullable=False),
            pa.field("covered_seconds", pa.float64(), nullable=False),
            pa.field("chunk_percent_covered", pa.float64(), nullable=False),
            pa.field("total_time_spent", pa.float64(), nullable=False),
            pa.field("completed", pa.int64(), nullable=False),
        ]
    ),
)

VIEWER_COVERAGE = Table(  # key: course; one row for each session and viewer, over all days
    "panopto/viewer_coverage",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("user_id", pa.string(), nullable=False),
            pa.field("days", pa.int64(), nullable=False),  # local days with a viewing record
            pa.field("covered_seconds", pa.float64()),  # seconds; null measures: the duration is not known
            pa.field("percent_covered", pa.float64()),
            pa.field("watch_seconds", pa.float64()),  # repeats count
            pa.field("rewatch_seconds", pa.float64()),  # watch_seconds - covered_seconds
            pa.field("completed", pa.int64()),  # 1: covered to the set percent over all days
            pa.field(
                "anonymous", pa.int64(), nullable=False
            ),  # 1: an id that stands for nobody in particular
            pa.field("first_viewed", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("last_viewed", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("records", pa.int64(), nullable=False),
        ]
    ),
)

SESSION_MEASURES = Table(  # key: course; one row for each session present
    "panopto/session_measures",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("unique_viewers", pa.int64(), nullable=False),  # identified ones
            pa.field("anonymous_ids", pa.int64(), nullable=False),
            pa.field("completed_viewers", pa.int64()),  # identified, to the set percent over all days
            pa.field("watch_seconds", pa.float64()),  # repeats count
            pa.field("rewatch_seconds", pa.float64()),
            pa.field("anonymous_watch_seconds", pa.float64()),
            pa.field("records", pa.int64(), nullable=False),
        ]
    ),
)

CHUNK_MEASURES = Table(  # key: course; one row for each session and chunk that somebody covered
    "panopto/chunk_measures",
    pa.schema(
        [
            pa.field("course_id", pa.string(), nullable=False),
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("chunk_index", pa.int64(), nullable=False),
            pa.field("viewers", pa.int64(), nullable=False),  # identified
            pa.field("completed_days", pa.int64(), nullable=False),  # viewer-days to the set percent
            pa.field("completed_viewers", pa.int64(), nullable=False),  # to the set percent over all days
            pa.field("total_time_spent", pa.float64(), nullable=False),  # seconds, repeats count, identified
            pa.field("anonymous_time_spent", pa.float64(), nullable=False),  # seconds, repeats count
        ]
    ),
)

COVERAGE = (CHUNKED_COVERAGE, CHUNK_TOTALS, VIEWER_COVERAGE, SESSION_MEASURES, CHUNK_MEASURES)
CORRECTIONS = ledger("panopto")

TABLES = (FOLDERS, SESSIONS, SESSION_VERSIONS, VIEWING_ACTIVITY, VIEWING_HISTORY, *COVERAGE, CORRECTIONS)
