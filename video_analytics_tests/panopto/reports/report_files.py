"""Report files as Panopto makes them, from rows that a test writes; and a lake that holds them.

A row is a dict from header to text; what it does not name is blank. Headers with a unit are named without it.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from video_analytics.lake import Lake
from video_analytics.panopto.reports.inbox import Inbox, Taken, read_inbox
from video_analytics.panopto.reports.reading import Report, read_report
from video_analytics.sandbox.panopto.report_rows import HEADERS

Row = Mapping[str, str]

USAGE, CREATED, STORAGE = "SessionUsage", "SessionsCreatedOrEdited", "SystemSessionStorage"
ZONE = "America/New_York"
TODAY = date(2022, 7, 1)
NOON = 12


def session_id(number: int) -> str:
    """The id of a session."""
    return f"{number:08x}-beef-4000-8000-c0ffee000000"


def row(number: int, **more: str) -> dict[str, str]:
    """A session of ten minutes that was viewed; `more` with `_` for blanks, as in `Stream_Source="Zoom"`."""
    usual = {
        "Session Name": f"Session {number}",
        "Session ID": session_id(number),
        "Creator": f"unified\\maker{number}",
        "Creator ID": f"maker-{number}",
        "Start Time": "9/1/2021 9:30:00 AM",
        "Last Time Edited": "9/2/2021 9:30:00 AM",
        "Folder Name": "BIOL 210",
        "Folder ID": "folder-1",
        "Views and Downloads": "3",
        "Unique Viewers": "2",
        "Minutes Delivered": "12.5000",
        "Session Length": "10.0000",
        "Most Recent View Date": "9/14/2021 8:11:09 PM",
        "Stream Count": "1",
        "Stream Source": "Zoom",
        "On-Demand Hours": "0.1667",
        "Archived Hours": "0.0000",
        "Archived": "False",
        "Root Folder (Level 0)": "Moodle",
        "Subfolder (Level 1)": "2021W1",
    }
    return usual | {name.replace("_", " "): text for name, text in more.items()}


def csv_bytes(header: Sequence[str], rows: Iterable[Row], *, bom: bool = True, end: str = "\r\n") -> bytes:
    """The rows under a header, in its order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(header)
    bare = [name.removesuffix(" (Edited minutes)").removesuffix(" (Unedited hours)") for name in header]
    names = list(zip(header, bare, strict=True))
    writer.writerows([each.get(name, each.get(short, "")) for name, short in names] for each in rows)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def report_bytes(kind: str, rows: Iterable[Row]) -> bytes:
    """The rows as a report of a kind, by its StatsReportType."""
    return csv_bytes(HEADERS[kind], rows)


def named(kind: str, start: str, end: str) -> str:
    """How Panopto calls a report of these days."""
    return f"{kind.lower()}_{start}--{end}.csv"


def zipped(*members: tuple[str, bytes]) -> bytes:
    """A zip of files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return whole.getvalue()


def us_date(instant: datetime, zone: str = ZONE) -> str:
    """An instant as the clocks of a zone showed it: 9/14/2021 8:11:09 PM."""
    local = instant.astimezone(ZoneInfo(zone))
    half = "AM" if local.hour < NOON else "PM"
    return f"{local.month}/{local.day}/{local.year} {local.hour % 12 or 12}:{local:%M:%S} {half}"


def read(folder: Path, data: bytes, name: str = "dropped.csv", zone: str = ZONE) -> Report:
    """Drop a file and read it."""
    path = folder / name
    path.write_bytes(data)
    return read_report(path, zone, TODAY)


class Home:
    """A home into whose inbox reports are dropped, and its lake."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(folder / "lake")
        self._inbox = Inbox(folder)

    def keep(self, kind: str, days: tuple[str, str] | None, rows: Iterable[Row]) -> dict[str, Any]:
        """Drop a report of rows and read it; without `days` its name does not tell any. Gives its facts."""
        return self.keep_file(named(kind, *days) if days else f"renamed_{kind}.csv", report_bytes(kind, rows))

    def keep_file(self, name: str, data: bytes) -> dict[str, Any]:
        """Drop a file and read it."""
        self._inbox.waiting.mkdir(parents=True, exist_ok=True)
        (self._inbox.waiting / name).write_bytes(data)
        (taken,) = read_inbox(self.lake, self._inbox, ZONE, TODAY, settled_seconds=0)
        assert isinstance(taken, Taken), taken
        return taken.facts
