"""The platform's own table in the lake."""

import pyarrow as pa

from video_analytics.lake import Table

CALENDAR = Table(
    "platform/calendar",
    pa.schema(
        [
            pa.field("source", pa.string(), nullable=False),  # brightcove, panopto
            pa.field("subject", pa.string(), nullable=False),  # the account's or course's id
            pa.field("name", pa.string(), nullable=False),
            pa.field("part", pa.string(), nullable=False),  # day, or year where days are kept as one
            pa.field("date", pa.date32(), nullable=False),  # the day; of a year its first one
            pa.field("state", pa.string(), nullable=False),  # complete, provisional, missing, failed
            pa.field("reason", pa.string()),  # why it failed
        ]
    ),
)

TABLES = (CALENDAR,)
