"""An art college's year as report files: sessions by the thousand whose sums are the published ones.

The sums stand in the table CELLS; a seed draws the sessions, and the last of each cell takes what is left of
its hours. Times are local, and some lie minutes from where a day, and with it a window or a year, begins or
ends: whoever takes them for UTC gets other figures.
"""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zlib import crc32

from video_analytics.lake import Lake
from video_analytics.panopto.reports.inbox import Inbox, Taken, read_inbox
from video_analytics.panopto.reports.snapshot import take_snapshot

DAY = date(2022, 6, 1)  # the report date
ZONE = "America/Los_Angeles"
TOTAL, WATCHED, UNWATCHED = 19_627.13, 5_770.39, 13_856.74
VIEWED_WITHIN = {6: 1_761.83, 12: 3_104.84, 18: 4_835.15}  # months: hours
ACADEMIC_YEAR, ACADEMIC_YEAR_OF_ZOOM = 6_732.91, 5_665.4125
ZOOM = 16_170.00
NEITHER_ZOOM_NOR_WATCHED, OF_THAT_IN_USERS = 543.43, 187.21

PUBLISHED = {
    # scenario: hours stored, created, archived, deleted
    "save_money": (7_035.73, 2_200.58, 1_478.67, 9_456.74),
    "save_content": (7_035.73, 2_200.58, 14_791.98, 0.0),
    "save_zoom": (8_494.74, 6_732.91, 4_008.56, 13_856.74),
    "save_both": (8_494.74, 6_732.91, 13_856.74, 0.0),
}

STARTED = {
    # first and last day
    "academic": (date(2021, 6, 1), date(2022, 5, 31)),
    "before": (date(2014, 9, 1), date(2021, 5, 31)),
}
VIEWED = {
    # how many months ago at most: first and last day
    "6": (date(2021, 12, 1), DAY),
    "12": (date(2021, 6, 1), date(2021, 11, 30)),
    "18": (date(2020, 12, 1), date(2021, 5, 31)),
    "longer": (date(2016, 1, 1), date(2020, 11, 30)),
    "never": None,
}
LENGTHS = {"Zoom": (75, 320)}  # minutes of a session, least and most
OTHER_LENGTHS = (4, 110)


@dataclass(frozen=True)
class Cell:
    """Sessions that all tables and rules treat alike."""

    source: str
    root: str
    started: str
    viewed: str
    hours: float


CELLS = tuple(
    Cell(*each)
    for each in (
        # source, root folder, started, last viewed, hours
        ("Zoom", "Moodle", "academic", "6", 700.00),
        ("Zoom", "Users", "academic", "6", 120.00),
        ("Zoom", "Moodle", "academic", "12", 410.00),
        ("Zoom", "Moodle", "academic", "never", 4_100.00),
        ("Zoom", "Users", "academic", "never", 300.00),
        ("Zoom", "", "academic", "never", 35.4125),
        ("Zoom", "Moodle", "before", "6", 121.43),
        ("Zoom", "Moodle", "before", "12", 233.57),
        ("Zoom", "Moodle", "before", "18", 702.36),
        ("Zoom", "Moodle", "before", "longer", 569.33),
        ("Zoom", "Moodle", "before", "never", 8_200.00),
        ("Zoom", "Users", "before", "never", 600.00),
        ("Zoom", "Exhibitions", "before", "never", 77.8975),
        ("Web API", "Libraries", "academic", "6", 420.0975),
        ("Panopto for Mac", "Film", "academic", "6", 60.00),
        ("Panopto Capture", "Film", "academic", "6", 21.70),
        ("iOS", "Users", "academic", "6", 18.30),
        ("Web API", "Film", "academic", "12", 290.40),
        ("Panopto for Windows", "Film", "academic", "12", 20.00),
        ("Web API", "Users", "academic", "never", 120.00),
        ("Web API", "Film", "academic", "never", 87.40),
        ("Mixed", "Film", "academic", "never", 22.15),
        ("", "Moodle", "academic", "never", 7.45),
        ("Web API", "Libraries", "before", "6", 300.3025),
        ("Web API", "Libraries", "before", "12", 352.64),
        ("Panopto for Mac", "Film", "before", "12", 36.40),
        ("Web API", "Film", "before", "18", 508.81),
        ("Web API", "Users", "before", "18", 467.23),
        ("Panopto for Windows", "Libraries", "before", "18", 22.44),
        ("Panopto Capture", "Moodle", "before", "18", 23.10),
        ("Android", "Users", "before", "18", 6.37),
        ("Web API", "Libraries", "before", "longer", 353.91),
        ("RTMP", "Libraries", "before", "longer", 12.00),
        ("Web API", "Users", "before", "never", 67.21),
        ("Web API", "Film", "before", "never", 220.00),
        ("Unspecified", "", "before", "never", 9.73),
        ("", "", "before", "never", 9.49),
    )
)

LEVELS = ["Root Folder (Level 0)", *(f"Subfolder (Level {level})" for level in range(1, 5))]
CREATED_COLUMNS = [
    *("Session Name", "Session ID", "Creator", "Creator ID", "Email", "Folder Name", "Folder ID"),
    *("Start Time", "Last Time Edited", "Last Approval Action", "Last Approval Time", "Last Approver Name"),
    *("Last Approver Id", "Session Length", "Stream Count", "Stream Source", "Rating Count"),
    *("Average Rating", *LEVELS),
]
USAGE_COLUMNS = [
    *("Session Name", "Session ID", "Creator", "Creator ID", "Email", "Start Time", "Folder Name"),
    *("Folder ID", "Views and Downloads", "Unique Viewers", "Minutes Delivered"),
    *("Average Minutes Delivered", "Session Length", "Rating Count", "Average Rating"),
    *("Most Recent View Date", *LEVELS),
]
PERIOD = "2010-01-01--2022-06-01"
DEPARTMENTS = ("ANIMA", "ARCHT", "CERAM", "FILMG", "GLASS", "PAINT", "PHOTO", "SCULP")
TITLES = ("Crit, day {0}", "Lecture {0}", 'Studio visit: "{0} works"', "Review\n{0}", "Zoom Meeting", "Café")
_MINUTE = 10_000  # lengths are counted in the last digit that the reports write


@cache
def files() -> dict[str, bytes]:
    """Both reports by file name, as Panopto writes them."""
    created, usage = [], []
    for row in _sessions(random.Random(4)):
        created.append([row[name] for name in CREATED_COLUMNS])
        if row["Views and Downloads"]:
            usage.append([row[name] for name in USAGE_COLUMNS])
    return {
        f"sessionscreatedoredited_{PERIOD}.csv": _csv(CREATED_COLUMNS, created),
        f"sessionusage_{PERIOD}.csv": _csv(USAGE_COLUMNS, usage),
    }


def home_with_reports(folder: Path) -> Path:
    """A home below `folder` with both reports in its inbox."""
    home = folder / "home"
    inbox = home / "inbox" / "panopto"
    inbox.mkdir(parents=True)
    for name, content in files().items():
        (inbox / name).write_bytes(content)
    return home


def lake_with_snapshot(folder: Path) -> Lake:
    """A lake below `folder` that has read both reports and holds the snapshot of their last day."""
    lake, inbox = Lake(folder / "lake"), Inbox(home_with_reports(folder))
    taken = list(read_inbox(lake, inbox, ZONE, DAY, settled_seconds=0))
    assert all(isinstance(each, Taken) and not each.facts["findings"] for each in taken)
    take_snapshot(lake, DAY, ZONE)
    return lake


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig")


def _sessions(dice: random.Random) -> Iterator[dict[str, str]]:
    """Every session with the columns of both reports."""
    numbers = iter(range(1, 1_000_000))
    for cell in CELLS:
        low, high = LENGTHS.get(cell.source, OTHER_LENGTHS)
        total = round(cell.hours * 60 * _MINUTE)
        for place, length in enumerate(_lengths(dice, total, low * _MINUTE, high * _MINUTE)):
            yield _session(dice, cell, place, next(numbers), length)


def _lengths(dice: random.Random, left: int, low: int, high: int) -> Iterator[int]:
    while left > high:
        length = dice.randint(low, high)
        yield length
        left -= length
    yield left


def _session(dice: random.Random, cell: Cell, place: int, number: int, length: int) -> dict[str, str]:
    start, view = _times(dice, cell, place)
    creator = dice.randrange(90) if dice.random() < 0.7 else dice.randrange(12)
    path = _folder(dice, cell.root, start, creator)
    views = dice.randint(1, 60) if view else 0
    delivered = views * dice.randint(_MINUTE // 10, length)
    return {
        "Session Name": dice.choice(TITLES).format(number % 60),
        "Session ID": _guid(0x5E55, number),
        "Creator": f"unified\\artist{creator:02}",
        "Creator ID": _guid(0xC4EA, creator),
        "Email": f"artist{creator:02}@example.edu" if creator else "",
        "Folder Name": path[-1] if path else "",
        "Folder ID": _guid(0xF01D, crc32("/".join(path).encode())),
        "Start Time": _said(start),
        "Last Time Edited": _said(start + timedelta(minutes=9)),
        "Session Length": _minutes(length),
        "Stream Count": "1",
        "Stream Source": cell.source,
        "Views and Downloads": str(views or ""),
        "Unique Viewers": str(dice.randint(1, views) if views else ""),
        "Minutes Delivered": _minutes(delivered),
        "Average Minutes Delivered": _minutes(delivered // views if views else 0),
        "Rating Count": "0",
        "Average Rating": "",
        "Most Recent View Date": _said(view) if view else "",
        **dict.fromkeys(("Last Approval Action", "Last Approval Time", "Last Approver Name"), ""),
        "Last Approver Id": "",
        **dict(zip(LEVELS, [*path[:5], *[""] * 5], strict=False)),
    }


def _times(dice: random.Random, cell: Cell, place: int) -> tuple[datetime, datetime | None]:
    """When a session started and was last viewed; the first of a cell lie at the edges of their days."""
    first, last = STARTED[cell.started]
    window = VIEWED[cell.viewed]
    if window is None:
        return _instant(dice, first, last, place), None
    start = _instant(dice, first, min(last, window[1]), place)
    since = max(window[0], start.date())
    view = _instant(dice, since, window[1], place if place > 2 else (place + 1) % 3)
    return start, max(view, start + timedelta(minutes=10))


def _instant(dice: random.Random, first: date, last: date, place: int) -> datetime:
    """Just after the first day begins, just before the last one ends, or some time between them."""
    match place:
        case 0:
            return datetime.combine(first, time(0, 5))
        case 1:
            return datetime.combine(last, time(23, 40))
        case _:
            day = first + timedelta(days=dice.randint(0, (last - first).days))
            return datetime.combine(day, time(dice.randint(8, 21), dice.randrange(60), dice.randrange(60)))


def _folder(dice: random.Random, root: str, start: datetime, creator: int) -> tuple[str, ...]:
    """Names from the root folder down, up to seven levels deep: the reports show five and the last."""
    department, course = dice.choice(DEPARTMENTS), dice.randrange(1000, 1004)
    term = f"{start.year}{'SP' if start.month < 6 else 'FA'}"
    below = {
        "Moodle": (term, department, f"{department} {course}", "Section 1", "Crits", "Final"),
        "Users": (f"unified\\artist{creator:02}", "Drafts", "Film"),
        "Film": (department, term),
        "Libraries": ("Film", "Video essays, rare"),
        "Exhibitions": (str(start.year),),
    }.get(root, ())
    return (root, *below[: dice.randint(0, len(below))]) if root else ()


def _guid(kind: int, number: int) -> str:
    return f"{kind:04x}0000-0000-4a4a-9b9b-{number:012x}"


def _minutes(length: int) -> str:
    return f"{length // _MINUTE}.{length % _MINUTE:04}"


def _said(when: datetime) -> str:
    """As in the reports: 9/5/2022 1:05:00 PM."""
    half = "AM" if when.hour < 12 else "PM"
    clock = f"{when.hour % 12 or 12}:{when.minute:02}:{when.second:02} {half}"
    return f"{when.month}/{when.day}/{when.year} {clock}"
