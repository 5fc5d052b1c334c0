"""Reports as the vendor's files: a CSV of US dates and minutes in a zip, and how such a file is damaged."""

import csv
import io
import zipfile
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from video_analytics.sandbox.panopto.report_rows import HEADERS, rows
from video_analytics.sandbox.panopto.world import SITE_ZONE, PanoptoWorld

HTML: Final = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to Panopto</body></html>"
)
_ZONE: Final = ZoneInfo(SITE_ZONE)
_OLD: Final = {"Creator": "Presenter", "Views and Downloads": "Views"}
_AFTERNOON = 12


def report_file(
    world: PanoptoWorld, kind: str, begin: datetime, end: datetime, now: datetime, columns: str = "plain"
) -> tuple[str, bytes]:
    """The name and the bytes of the CSV inside a report made at `now`; instants must be aware."""
    text, names = io.StringIO(), _chosen(kind, columns)
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([_worded(name, columns) for name in names])
    for row in rows(world, kind, begin, end, now):
        lines.writerow([_text(row[name]) for name in names])
    return member_name(kind, begin, end), text.getvalue().encode("utf-8-sig")


def described(kind: str, columns: str = "plain") -> list[str]:
    """The header of a report; a type whose header nobody knows is a KeyError."""
    return [_worded(name, columns) for name in _chosen(kind, columns)]


def member_name(kind: str, begin: datetime, end: datetime) -> str:
    """How the file in the zip is called: by type, and by first and last day at the site."""
    first, last = (day.astimezone(_ZONE) for day in (begin, end - timedelta(microseconds=1)))
    return f"{kind.lower()}_{first:%Y-%m-%d}--{last:%Y-%m-%d}.csv"


def zipped(name: str, data: bytes) -> bytes:
    """A zip of one file; the same bytes for the same file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def damaged(name: str, data: bytes, damage: str) -> bytes:
    """The zip of a file, harmed on its way."""
    if damage == "cut_csv":  # before a comma, so that the last row is never whole
        data = data[: data.rindex(b",", 0, len(data) * 2 // 3)]
    whole = zipped(name, data)
    return whole[: len(whole) * 2 // 3] if damage == "cut_zip" else whole


def _chosen(kind: str, columns: str) -> list[str]:
    """The columns of a file by their usual names, in its order."""
    names = list(HEADERS[kind])
    if columns == "shuffled":
        Random(kind).shuffle(names)
    if columns == "missing":
        names = [name for name in names if not name.startswith("Session Length")]
    return names


def _worded(name: str, columns: str) -> str:
    return _OLD.get(name, name) if columns == "old" else name


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return us_date(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def us_date(instant: datetime) -> str:
    """An instant as the site's wall clock showed it: 9/14/2024 8:11:09 PM."""
    local = instant.astimezone(_ZONE)
    half = "AM" if local.hour < _AFTERNOON else "PM"
    return f"{local.month}/{local.day}/{local.year} {local.hour % 12 or 12}:{local:%M:%S} {half}"
