"""Files as the earlier scripts left them, written by hand from their formats: columns, order, quirks."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

INTERNET, NEO = "1197194721001", "5972928207001"

REPORTING = (  # 3_daily.py
    *("channel", "account_id", "video_id", "name", "date", "video_view", "views_desktop", "views_mobile"),
    *("views_tablet", "views_other", "video_impression", "play_rate", "engagement_score"),
    *("video_engagement_1", "video_engagement_25", "video_engagement_50", "video_engagement_75"),
    *("video_engagement_100", "video_percent_viewed", "video_seconds_viewed", "created_at", "published_at"),
    *("original_filename", "created_by", "video_content_type", "video_length", "video_duration"),
    *("video_category", "country", "language", "business_unit", "tags", "reference_id"),
    "report_generated_on",
)
UNIFIED = (  # daily_analytics_{year}_{category}.csv: 44 columns
    *REPORTING[:-1],
    *("dt_last_viewed", "cf_relatedlinkname", "cf_relatedlink", "cf_video_owner_email"),
    *("cf_1a_comms_sign_off", "cf_1b_comms_sign_off_approver", "cf_2a_data_classification_disclaimer"),
    *("cf_3a_records_management_disclaimer", "cf_4a_archiving_disclaimer_comms_branding"),
    *("cf_4b_unique_sharepoint_id", "report_generated_on"),
)
CMS = (  # 2_LastViewed.py; custom fields follow
    *("account_id", "id", "name", "original_filename", "description", "dt_last_viewed", "updated_at"),
    *("created_at", "published_at", "created_by", "ad_keys", "clip_source_video_id", "complete"),
    *("cue_points", "delivery_type", "digital_master_id", "duration", "economics", "folder_id", "geo"),
    *("has_digital_master", "images", "link", "long_description", "projection", "reference_id"),
    *("schedule", "sharing", "state", "tags", "text_tracks", "transcripts", "updated_by"),
    *("playback_rights_id", "ingestion_profile_id", "cf_country"),
)
VIEWING = (  # update_database.py
    *("SessionId", "UserId", "Date (UTC)", "DateTime", "PlaybackSpeed", "StartPosition", "StartReason"),
    *("StopPosition", "StopReason", "SecondsViewed"),
)
OVERVIEW = (
    *("RootFolderID", "RootFolderName", "ContainingFolderId", "ContainingFolderName", "SessionId"),
    *("SessionName", "Description", "Duration"),
)

_NUMBERS: Json = {
    "video_view": "4",
    "views_desktop": "2",
    "views_mobile": "1",
    "views_tablet": "0",
    "views_other": "1",
    "video_impression": "10",
    "play_rate": "0.4",
    "engagement_score": "82.5",
    "video_engagement_1": "4",
    "video_engagement_25": "4.0",
    "video_engagement_50": "3.0000000000000004",
    "video_engagement_75": "3",
    "video_engagement_100": "2",
    "video_percent_viewed": "330.0",
    "video_seconds_viewed": "611",
}


def daily(video: str, day: str, **changes: Any) -> Json:
    """A row of daily analytics of the account Internet."""
    known: Json = {
        "channel": "internet",
        "account_id": INTERNET,
        "video_id": video,
        "name": 'Q1, "results"\nand outlook',
        "date": day,
        **_NUMBERS,
        "created_at": "2025-03-04T09:15:22.123Z",
        "created_by": "{'type': 'user', 'email': 'a.person@example.com'}",
        "tags": "q1,results",
        "reference_id": "000123",
        "report_generated_on": "2026-01-05",
    }
    return known | changes


def video(number: str, viewed: str | None, **changes: Any) -> Json:
    """A row of `{account}_cms.csv`, lists and objects as Python writes them."""
    known: Json = {
        "account_id": INTERNET,
        "id": number,
        "name": "Annual report Ü",
        "dt_last_viewed": viewed,
        "created_by": "{'type': 'user', 'id': '70000001'}",
        "complete": "True",
        "tags": "['q1', 'results']",
        "images": "{'poster': {'src': 'https://x.example/p.jpg', 'sources': [{'height': 720}]}}",
    }
    return known | changes


def viewing(
    session: str, user: str, time: str, start: float = 0.0, seconds: float = 30.0, **rest: Any
) -> Json:
    """A viewing record at a time such as "2024-09-12 18:59:58.123000"."""
    known: Json = {
        "SessionId": session,
        "UserId": user,
        "Date (UTC)": time[:10],
        "DateTime": f"{time}+00:00",
        "PlaybackSpeed": "1.0",
        "StartPosition": start,
        "StartReason": "Start",
        "StopPosition": start + seconds,
        "StopReason": "End",
        "SecondsViewed": seconds,
    }
    return known | rest


def record(told: Mapping[str, Any]) -> Json:
    """A record of the simulated vendor, as the script wrote it down."""
    text = told["Time"].replace(tzinfo=None).isoformat(sep=" ")
    start, seconds = float(told["StartPosition"]), float(told["SecondsViewed"])
    speed = told["PlaybackSpeed"]
    return viewing(
        told["SessionId"],
        told["UserId"],
        text,
        start,
        seconds,
        PlaybackSpeed="" if speed is None else speed,
        StartReason=told["StartReason"],
        StopReason=told["StopReason"],
    )


def write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], ending: str = "\n") -> Path:
    """A CSV file; None and what a row lacks is an empty cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator=ending)
        writer.writeheader()
        writer.writerows(rows)
    return path
