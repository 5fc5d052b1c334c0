"""The tables of Panopto's usage reports in the lake: columns, types, units.

Lengths ending in `_us` are whole microseconds, so that their sums are exact; columns in hours are the same
for people. Ids are text, lower case. The days of a report are of the reports' own zone, instants are UTC.
"""

import pyarrow as pa

from video_analytics.lake import Table

_TIME = pa.timestamp("us", tz="UTC")
_PLACE = [
    pa.field("folder_id", pa.string()),
    pa.field("folder_name", pa.string()),
    pa.field("root_folder", pa.string()),  # null: not told
    *(pa.field(f"subfolder_{level}", pa.string()) for level in range(1, 5)),
]

REPORT_ROWS = Table(  # key: kind/period_hash; what a report says of each session it lists
    "panopto/report_rows",
    pa.schema(
        [
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("name", pa.string()),
            pa.field("creator", pa.string()),  # provider\user
            pa.field("creator_id", pa.string()),
            *_PLACE,
            pa.field("start_time", _TIME),
            pa.field("edited", _TIME),
            pa.field("length_us", pa.int64()),
            pa.field("stream_source", pa.string()),
            pa.field("views", pa.int64()),  # views and downloads in the report's period
            pa.field("unique_viewers", pa.int64()),
            pa.field("minutes_us", pa.int64()),  # delivered
            pa.field("last_view", _TIME),
            pa.field("archived", pa.int64()),  # 1: archived, 0: not
            pa.field("archived_on", _TIME),
            pa.field("on_demand_us", pa.int64()),  # the edited length of what is not archived
            pa.field("archived_us", pa.int64()),  # the unedited length of what is
        ]
    ),
)

REPORT_FINDINGS = Table(  # key: as above; each row that was not taken, or stands there twice
    "panopto/report_findings",
    pa.schema(
        [
            pa.field("line", pa.int64(), nullable=False),  # of the file, where the row ends
            pa.field("session_id", pa.string()),  # null: it has none that is one
            pa.field("name", pa.string()),
            pa.field("reason", pa.string(), nullable=False),  # duplicate, contradiction, unreadable_date, …
            pa.field("field", pa.string()),  # the header of the column
            pa.field("hours_us", pa.int64()),  # what the row says the session occupies; null: not told
        ]
    ),
)

SESSION_USAGE = Table(  # key: report date; one row for each session that counts
    "panopto/session_usage",
    pa.schema(
        [
            pa.field("session_id", pa.string(), nullable=False),
            pa.field("name", pa.string()),
            pa.field("creator", pa.string()),
            pa.field("creator_id", pa.string()),
            *_PLACE,
            pa.field("folder_path", pa.string()),  # names from the root folder down, joined by " / "
            pa.field("start_time", _TIME),
            pa.field("length_us", pa.int64()),  # null: not told
            pa.field("length_hours", pa.float64()),
            pa.field("stream_source", pa.string()),
            pa.field("views", pa.int64(), nullable=False),  # and downloads; 0: none in the period
            pa.field("unique_viewers", pa.int64(), nullable=False),  # of several reports: at least so many
            pa.field("minutes_delivered", pa.float64(), nullable=False),
            pa.field("last_view", _TIME),
            pa.field("archived", pa.int64()),  # 1, 0; null: not told
            pa.field("on_demand_hours", pa.float64()),  # null: not told
            pa.field("archived_hours", pa.float64()),  # null: not told
            pa.field("hours_us", pa.int64(), nullable=False),  # what it occupies: on demand or archived,
            pa.field("hours", pa.float64(), nullable=False),  # else its length
            pa.field("reports", pa.string(), nullable=False),  # the kinds that list it, joined by ","
        ]
    ),
)

SESSION_QUARANTINE = Table(  # key: report date; sessions and rows of its reports that do not count
    "panopto/session_quarantine",
    pa.schema(
        [
            pa.field("session_id", pa.string()),
            pa.field("name", pa.string()),
            pa.field("report", pa.string(), nullable=False),  # the kind
            pa.field("line", pa.int64()),  # null: a whole session
            pa.field("reason", pa.string(), nullable=False),  # as in the findings, or: unlisted, no_length
            pa.field("field", pa.string()),
            pa.field("hours_us", pa.int64()),
        ]
    ),
)

REPORT_REQUESTS = Table(  # key: kind; what was asked of the site last
    "panopto/report_requests",
    pa.schema(
        [
            pa.field("kind", pa.string(), nullable=False),
            pa.field("report_id", pa.string(), nullable=False),  # the vendor's
            pa.field("begin", _TIME, nullable=False),  # begin <= time < end
            pa.field("end", _TIME, nullable=False),
            pa.field("asked_at", _TIME, nullable=False),
            pa.field("state", pa.string(), nullable=False),  # waiting, fetched
        ]
    ),
)

TABLES = (REPORT_ROWS, REPORT_FINDINGS, REPORT_REQUESTS, SESSION_USAGE, SESSION_QUARANTINE)
