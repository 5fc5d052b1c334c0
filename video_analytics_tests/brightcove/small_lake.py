"""Small lakes made by hand: accounts, videos and days whose numbers the test chooses."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS, LAST_VIEWED, VIDEO_CACHE
from video_analytics.lake import Lake, day_key
from video_analytics.settings import Account
from video_analytics.settings.models import built_in_accounts

Json = dict[str, Any]

ACCOUNTS = built_in_accounts("UTC")
INTERNET, INTRANET = ACCOUNTS[:2]
READ_ON = date(2026, 6, 15)

METRICS = {
    "video_view": 4,
    "views_desktop": 2,
    "views_mobile": 1,
    "views_tablet": 0,
    "views_tv": 1,
    "views_other": 0,
    "video_impression": 10,
    "video_engagement_1": 4.0,
    "video_engagement_25": 3.5,
    "video_engagement_50": 3.0000000000000004,
    "video_engagement_75": 2.0,
    "video_engagement_100": 1.0,
    "video_percent_viewed": 330.0,
    "video_seconds_viewed": 611,
}


def video(number: str, **changes: Any) -> Json:
    """A video as the CMS sends it; `changes` are its fields, `custom_fields` among them."""
    known: Json = {
        "account_id": INTERNET.id,
        "id": number,
        "ad_keys": None,
        "clip_source_video_id": None,
        "complete": True,
        "created_at": "2025-03-04T09:15:22.123Z",
        "created_by": {"type": "user", "id": "70000001", "email": "a.person@example.com"},
        "cue_points": [],
        "custom_fields": {"country": "CH", "language": "en", "business_unit": "Group"},
        "delivery_type": "dynamic_origin",
        "description": "Short text",
        "digital_master_id": None,
        "duration": 185432,
        "economics": "AD_SUPPORTED",
        "folder_id": None,
        "geo": None,
        "has_digital_master": False,
        "images": {"poster": {"asset_id": "a1", "sources": [{"height": 720, "width": 1280}]}},
        "ingestion_profile_id": "b7",
        "labels": [],
        "link": None,
        "long_description": None,
        "name": f"Video {number}",
        "offline_enabled": False,
        "original_filename": f"file_{number}.mp4",
        "playback_rights_id": None,
        "projection": None,
        "published_at": "2025-03-04T09:20:01.000Z",
        "reference_id": f"00{number}",
        "schedule": {"starts_at": "2025-03-05T00:00:00.000Z", "ends_at": None},
        "sharing": None,
        "state": "ACTIVE",
        "tags": ["q1", "results"],
        "text_tracks": [],
        "transcripts": [],
        "updated_at": "2025-06-01T12:00:00.000Z",
        "updated_by": {"type": "internal"},
    }
    return known | changes


def put_catalogue(
    lake: Lake,
    account: Account,
    videos: Iterable[Json],
    fields: Sequence[str] = (),
    statuses: Mapping[str, str] | None = None,
) -> bool:
    """The catalogue of an account; `statuses` names those that are not `listed` any more."""
    rows = [
        {
            "account_id": account.id,
            "video_id": each["id"],
            "status": (statuses or {}).get(each["id"], "listed"),
            "gone_since": date(2026, 1, 2) if each["id"] in (statuses or {}) else None,
            **{name: each.get(name) for name in ("state", "name", "created_at", "published_at")},
            "duration_ms": each.get("duration"),
            "reference_id": each.get("reference_id"),
            "position": position,
            "raw": json.dumps(each, ensure_ascii=False, separators=(",", ":")),
        }
        for position, each in enumerate(videos)
    ]
    table = pa.Table.from_pylist(rows, CMS_CATALOG.schema)
    return lake.write(CMS_CATALOG, account.id, table, {"custom_fields": list(fields)})


def put_day(lake: Lake, account: Account, day: date, rows: Mapping[str, Json], **facts: Any) -> bool:
    """A day of an account: for each video what differs from `METRICS`."""
    full = [
        {"account_id": account.id, "video_id": number, "date": day, "video_name": f"Watched {number}"}
        | METRICS
        | {"finality": "final", "read_on": READ_ON}
        | changes
        for number, changes in sorted(rows.items())
    ]
    table = pa.Table.from_pylist(full, DAILY_ANALYTICS.schema)
    return lake.write(DAILY_ANALYTICS, day_key(account.id, day), table, facts)


def put_last_viewed(lake: Lake, account: Account, views: Mapping[str, date]) -> bool:
    """The last view of some videos of an account."""
    rows = [
        {"account_id": account.id, "video_id": number, "last_viewed": day, "source": "own_rows"}
        for number, day in views.items()
    ]
    return lake.write(LAST_VIEWED, account.id, pa.Table.from_pylist(rows, LAST_VIEWED.schema), {})


def put_cache(lake: Lake, account: Account, views: Mapping[str, date]) -> bool:
    """The cache of an account."""
    rows = [
        {"account_id": account.id, "video_id": number, "last_viewed": day} for number, day in views.items()
    ]
    return lake.write(VIDEO_CACHE, account.id, pa.Table.from_pylist(rows, VIDEO_CACHE.schema), {})
