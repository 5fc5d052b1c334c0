"""The tables of Brightcove in the lake: columns, types, units.

Ids are text. Null means "the vendor gave no value", never zero. Ratios are not stored: play rate and
engagement score are derived from sums where they are shown.
"""

import pyarrow as pa

from video_analytics.corrections import ledger
from video_analytics.lake import Table

# Analytics metrics that can be summed over days, devices and accounts (Brightcove Analytics API v1).
COUNTS = ("video_view", "video_impression", "video_seconds_viewed")  # integers; the last in seconds
ENGAGEMENT = (  # numbers of views that passed a percent point: floats, repeats count, may exceed views
    "video_engagement_1",
    "video_engagement_25",
    "video_engagement_50",
    "video_engagement_75",
    "video_engagement_100",
)
METRICS = (*COUNTS[:2], *ENGAGEMENT, "video_percent_viewed", COUNTS[2])

# `device_type` values of Brightcove Analytics; anything else is counted as "other".
DEVICES = ("desktop", "mobile", "tablet", "tv", "other")
DEVICE_COLUMNS = ("views_desktop", "views_mobile", "views_tablet", "views_other")  # of the daily files

DAILY_ANALYTICS = Table(
    "brightcove/daily_analytics",
    pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("date", pa.date32(), nullable=False),  # a day of the account's own time zone
            pa.field("video_name", pa.string()),  # the name when it was watched; for videos deleted since
            pa.field("video_view", pa.int64()),  # playback starts
            pa.field("views_desktop", pa.int64()),
            pa.field("views_mobile", pa.int64()),
            pa.field("views_tablet", pa.int64()),
            pa.field("views_tv", pa.int64()),  # null in imported days, which have it among the others
            pa.field("views_other", pa.int64()),
            pa.field("video_impression", pa.int64()),  # loads in a player
            *(pa.field(name, pa.float64()) for name in ENGAGEMENT),
            pa.field("video_percent_viewed", pa.float64()),  # percent points, a sum over views
            pa.field("video_seconds_viewed", pa.int64()),  # seconds
            pa.field(
                "finality", pa.string(), nullable=False
            ),  # when read: provisional, settled, final; or imported
            pa.field(
                "read_on", pa.date32(), nullable=False
            ),  # UTC day on which these numbers were first read
        ]
    ),
    marks=("read_on",),
)

CMS_CATALOG = Table(
    "brightcove/cms_catalog",
    pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("video_id", pa.string(), nullable=False),
            pa.field(
                "status", pa.string(), nullable=False
            ),  # listed, deleted (said so), missing (not listed)
            pa.field("gone_since", pa.date32()),  # UTC day of the first reading without it
            pa.field("state", pa.string()),  # ACTIVE, INACTIVE, PENDING, DELETED
            pa.field("name", pa.string()),
            pa.field("created_at", pa.string()),  # ISO 8601, UTC, as sent
            pa.field("published_at", pa.string()),
            pa.field("duration_ms", pa.int64()),
            pa.field("reference_id", pa.string()),
            pa.field("position", pa.int64(), nullable=False),  # order in the listing: by creation time, id
            pa.field("raw", pa.string(), nullable=False),  # the whole video as the CMS sent it, JSON
        ]
    ),
)

LAST_VIEWED = Table(
    "brightcove/last_viewed",
    pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("last_viewed", pa.date32(), nullable=False),  # last day with video_view > 0
            pa.field("source", pa.string(), nullable=False),  # own_rows, or last_view_list for older history
        ]
    ),
)

LAST_VIEW_LIST = Table(  # Media Insights `lastview`, read once: for history older than the own rows
    "brightcove/last_view_list",
    pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("last_viewed", pa.date32(), nullable=False),  # a day of the account's own time zone
        ]
    ),
)

VIDEO_CACHE = Table(
    "brightcove/video_cache",
    pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("last_viewed", pa.date32(), nullable=False),
        ]
    ),
)

MULTI_YEAR = Table(  # one file for each category and month; columns as in the daily files
    "brightcove/multi_year",
    pa.schema(
        [
            *(pa.field(name, pa.string()) for name in ("channel", "account_id", "video_id", "name")),
            pa.field("date", pa.date32(), nullable=False),
            *(pa.field(name, pa.int64()) for name in ("video_view", *DEVICE_COLUMNS, "video_impression")),
            pa.field("play_rate", pa.float64()),  # views / impressions, a ratio; null without impressions
            pa.field("engagement_score", pa.float64()),  # percent, may pass 100; null without views
            *(pa.field(name, pa.float64()) for name in (*ENGAGEMENT, "video_percent_viewed")),
            pa.field("video_seconds_viewed", pa.int64()),  # seconds
            *(pa.field(name, pa.string()) for name in ("created_at", "published_at", "original_filename")),
            *(pa.field(name, pa.string()) for name in ("created_by", "video_content_type", "video_length")),
            pa.field("video_duration", pa.int64()),  # milliseconds
            *(pa.field(name, pa.string()) for name in ("video_category", "country", "language")),
            *(pa.field(name, pa.string()) for name in ("business_unit", "tags", "reference_id")),
            pa.field("report_generated_on", pa.date32(), nullable=False),  # when the day was read
        ]
    ),
)

CORRECTIONS = ledger("brightcove")

TABLES = (CMS_CATALOG, DAILY_ANALYTICS, LAST_VIEW_LIST, LAST_VIEWED, VIDEO_CACHE, MULTI_YEAR, CORRECTIONS)
