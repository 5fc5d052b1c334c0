"""The catalogue's files: names, columns and order that people's workbooks know.

Text-safe: ids and reference ids stay text, nested values are JSON, tags are joined by commas, null is an
empty cell. Every file is replaced in one step and only when its content changed.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from video_analytics.brightcove.tables import CMS_CATALOG, LAST_VIEWED, VIDEO_CACHE
from video_analytics.files import write_bytes
from video_analytics.lake import Lake, Table
from video_analytics.settings import Account
from video_analytics.spreadsheet import workbook

Video = dict[str, Any]

CMS_COLUMNS = (
    *("account_id", "id", "name", "original_filename", "description", "updated_at", "created_at"),
    *("published_at", "created_by", "ad_keys", "clip_source_video_id", "complete", "cue_points"),
    *("delivery_type", "digital_master_id", "duration", "economics", "folder_id", "geo"),
    *("has_digital_master", "images", "link", "long_description", "projection", "reference_id"),
    *("schedule", "sharing", "state", "tags", "text_tracks", "transcripts", "updated_by"),
    *("playback_rights_id", "ingestion_profile_id"),
)
CUSTOM_COLUMNS = (
    *("video_content_type", "relatedlinkname", "relatedlink", "country", "language", "business_unit"),
    *("video_category", "video_length", "video_owner_email", "1a_comms_sign_off"),
    *("1b_comms_sign_off_approver", "2a_data_classification_disclaimer"),
    *("3a_records_management_disclaimer", "4a_archiving_disclaimer_comms_branding"),
    "4b_unique_sharepoint_id",
)
_AT = CMS_COLUMNS.index("updated_at")
CMS_VIEWED_COLUMNS = (*CMS_COLUMNS[:_AT], "dt_last_viewed", *CMS_COLUMNS[_AT:])
LIFECYCLE_COLUMNS = (
    *("account_id", "id", "name", "original_filename", "description", "dt_last_viewed", "updated_at"),
    *("created_at", "published_at", "created_by", "duration", "state", "reference_id", "tags", "ad_keys"),
    *("clip_source_video_id", "complete", "cue_points", "delivery_type", "digital_master_id"),
    *("economics", "folder_id", "geo", "has_digital_master", "images", "link", "long_description"),
    *("projection", "schedule", "sharing", "text_tracks", "transcripts", "updated_by"),
    *("playback_rights_id", "ingestion_profile_id"),
)
REPORTING_COLUMNS = (
    *("id", "name", "created_at", "published_at", "original_filename", "created_by", "duration", "state"),
    *("reference_id", "tags", "video_content_type", "video_length", "video_category", "country"),
    *("language", "business_unit"),
)


def write_cms_files(lake: Lake, exports: Path, account: Account, month: date) -> dict[str, bool]:
    """`cms/` and `lifecycle/` of an account; gives each file and whether it changed."""
    videos, fields = _listed(lake, account)
    folder = exports / "brightcove" / "cms"
    viewed = _with_last_view(lake, account, videos)
    cf_columns = _first_seen(viewed, (), lambda key: key.startswith("cf_"))
    viewed_columns = [*CMS_VIEWED_COLUMNS, *cf_columns]
    known = {*CMS_COLUMNS, *CUSTOM_COLUMNS}
    metadata_columns = [*CMS_COLUMNS, *CUSTOM_COLUMNS, *(f for f in fields if f not in known)]
    others = _first_seen(viewed, (*LIFECYCLE_COLUMNS, *cf_columns))
    sheet_columns = [*LIFECYCLE_COLUMNS, *sorted(cf_columns), *others]
    sheet = exports / "brightcove" / "lifecycle" / f"{month:%Y-%m}" / f"{account.key}_cms.xlsx"
    return _write_all(
        {
            folder / f"{account.key}_cms_metadata.json": json_bytes(videos),
            folder / f"{account.key}_cms_metadata.csv": csv_bytes(metadata_columns, map(_flat, videos)),
            folder / f"{account.key}_cms.json": json_bytes(viewed),
            folder / f"{account.key}_cms.csv": csv_bytes(viewed_columns, viewed),
            sheet: workbook(sheet_columns, ([_cell(row.get(c), c) for c in sheet_columns] for row in viewed)),
        },
        exports,
    )


def write_reporting_files(
    lake: Lake, exports: Path, account: Account, years: Sequence[int]
) -> dict[str, bool]:
    """`reporting/` of an account: the published videos of the years, and those of them lately viewed."""
    videos, _ = _listed(lake, account)
    wanted = [video for video in videos if in_report(video, years)]
    cached = _cached(lake, account, videos)
    known = {"id", "last_viewed_date", "publishing_state", "channel"}
    cache_columns = ["id", "last_viewed_date", *_first_seen(cached, known), "publishing_state", "channel"]
    folder = exports / "brightcove" / "reporting"
    span = "_".join(map(str, years))
    return _write_all(
        {
            folder / f"{account.key}_cms_{span}.json": json_bytes(wanted),
            folder / f"{account.key}_cms_{span}.csv": csv_bytes(REPORTING_COLUMNS, map(_flat, wanted)),
            folder / f"{account.key}_cms_cache_{span}.json": json_bytes(cached),
            folder / f"{account.key}_cms_cache_{span}.csv": csv_bytes(cache_columns, cached),
        },
        exports,
    )


def in_report(video: Mapping[str, Any], years: Iterable[int]) -> bool:
    """Active, published, and created in one of the years (UTC, as the vendor writes times)."""
    created = str(video.get("created_at") or "")
    active = video.get("state") == "ACTIVE" and video.get("published_at") is not None
    return active and created[:4] in {str(year) for year in years}


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """UTF-8 CSV with a header, comma-separated, quotes only where needed."""
    buffer = _Lines(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_csv_text(row.get(column), column) for column in columns] for row in rows)
    return buffer.getvalue().encode("utf-8", "replace")


class _Lines(io.StringIO):
    """Rows end in a plain newline, but the writer, told of both characters, quotes a lone return too."""

    def write(self, line: str) -> int:
        return super().write(line.removesuffix("\r\n") + "\n")


def json_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A JSON array, indented by two, in plain ASCII."""
    return json.dumps(rows, indent=2, ensure_ascii=True).encode()


def _listed(lake: Lake, account: Account) -> tuple[list[Video], list[str]]:
    """The videos of the last listing as the vendor sent them, and the account's custom fields."""
    table = lake.read(CMS_CATALOG, account.id)
    if table is None:
        return [], []
    facts = lake.facts(CMS_CATALOG, account.id) or {}
    rows = table.select(["status", "raw"]).to_pylist()
    return [json.loads(row["raw"]) for row in rows if row["status"] == "listed"], facts["custom_fields"]


def _with_last_view(lake: Lake, account: Account, videos: Iterable[Video]) -> list[Video]:
    """Each video with `dt_last_viewed`, and its custom fields as `cf_…` of their own."""
    viewed = _last_days(lake, LAST_VIEWED, account)
    result = []
    for video in videos:
        flat = {key: value for key, value in video.items() if key != "custom_fields"}
        custom = video.get("custom_fields") or {}
        flat["dt_last_viewed"] = viewed.get(video["id"])
        result.append(flat | {f"cf_{key}": value for key, value in custom.items()})
    return result


def _cached(lake: Lake, account: Account, videos: Iterable[Video]) -> list[Video]:
    viewed = _last_days(lake, VIDEO_CACHE, account)
    return [
        {"id": video["id"], "last_viewed_date": viewed[video["id"]]}
        | {key: value for key, value in video.items() if key != "id"}
        | {"publishing_state": "published", "channel": account.name}
        for video in videos
        if video["id"] in viewed
    ]


def _flat(video: Video) -> Video:
    """Custom fields beside the standard ones; a standard field wins where names collide."""
    return (video.get("custom_fields") or {}) | video


def _last_days(lake: Lake, table: Table, account: Account) -> dict[str, str]:
    """The last viewed day of each video in a table that has one, ISO; nothing where it was never written."""
    held = lake.read(table, account.id)
    rows = held.to_pylist() if held is not None else []
    return {row["video_id"]: row["last_viewed"].isoformat() for row in rows}


def _first_seen(
    rows: Iterable[Mapping[str, Any]], known: Iterable[str], wanted: Callable[[str], bool] = lambda _: True
) -> list[str]:
    """The keys of the rows in order of first appearance, without the known ones."""
    seen = dict.fromkeys(key for row in rows for key in row if wanted(key))
    return [key for key in seen if key not in set(known)]


def _cell(value: Any, column: str) -> Any:
    """A value for one cell: tags joined, other nested values as JSON."""
    if column == "tags" and isinstance(value, list):
        return ",".join(str(tag) for tag in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def _csv_text(value: Any, column: str) -> str:
    cell = _cell(value, column)
    return "" if cell is None else str(cell)


def _write_all(contents: Mapping[Path, bytes], root: Path) -> dict[str, bool]:
    return {path.relative_to(root).as_posix(): write_bytes(path, data) for path, data in contents.items()}
