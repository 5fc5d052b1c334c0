"""The tables of retention in the lake: hours by category, scenarios, forecast. Key: report date."""

import pyarrow as pa

from video_analytics.lake import Table

RETENTION_HOURS = Table(
    "panopto/retention_hours",
    pa.schema(
        [
            pa.field("measure", pa.string(), nullable=False),  # hours_by_stream_source, …
            pa.field("place", pa.int64(), nullable=False),  # of the row in its table, from 0
            pa.field("line", pa.string(), nullable=False),  # row, subtotal, total
            pa.field("label", pa.string(), nullable=False),
            pa.field("depth", pa.int64()),  # of a folder: 0 is a root folder
            pa.field("since", pa.date32()),  # the first day of a window
            pa.field("all_us", pa.int64(), nullable=False),  # hours in whole microseconds
            pa.field("watched_us", pa.int64(), nullable=False),  # at least one view or download in the period
            pa.field("unwatched_us", pa.int64(), nullable=False),
            pa.field("own_us", pa.int64()),  # of a folder: without its subfolders
            pa.field("sessions", pa.int64(), nullable=False),
        ]
    ),
)

RETENTION_SCENARIOS = Table(
    "panopto/retention_scenarios",
    pa.schema(
        [
            pa.field("scenario", pa.string(), nullable=False),
            pa.field("title", pa.string(), nullable=False),
            pa.field("bucket", pa.string(), nullable=False),  # stored, created, archived, deleted
            pa.field("published_hours", pa.float64(), nullable=False),
            pa.field("conserved_hours", pa.float64(), nullable=False),  # stored + archived + deleted = total
            pa.field("limit_hours", pa.float64()),  # null: there is none
            pa.field("headroom_hours", pa.float64()),  # below 0: a breach
            pa.field("sessions", pa.int64(), nullable=False),
            pa.field("total_hours", pa.float64(), nullable=False),
            pa.field("not_imported_hours", pa.float64(), nullable=False),
            pa.field("why", pa.string(), nullable=False),  # published and conserved differ
        ]
    ),
)

RETENTION_FORECAST = Table(
    "panopto/retention_forecast",
    pa.schema(
        [
            pa.field("scenario", pa.string(), nullable=False),
            pa.field("growth", pa.string(), nullable=False),  # low, mid, high
            pa.field("growth_percent", pa.float64(), nullable=False),  # of hours created, a year
            pa.field("month", pa.date32(), nullable=False),  # the day on which the figures hold
            pa.field("created_hours", pa.float64(), nullable=False),  # in the plan's year so far
            pa.field("stored_hours", pa.float64(), nullable=False),  # if nothing old is viewed again
            pa.field("stored_at_most_hours", pa.float64(), nullable=False),  # if nothing leaves
            pa.field("archived_hours", pa.float64(), nullable=False),  # if nothing old is viewed again
        ]
    ),
)

TABLES = (RETENTION_HOURS, RETENTION_SCENARIOS, RETENTION_FORECAST)
