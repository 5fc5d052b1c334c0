"""The index: for each kind of user the pages there are, and why others are not there yet.

Entries are plain values, so that they can be kept beside the pages they tell of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from video_analytics.pages.figures import Column, Figure
from video_analytics.pages.frame import Card, Page
from video_analytics.pages.words import moment, whole

Kind = Literal["course", "storage", "channels", "trust"]
KINDS: tuple[Kind, ...] = get_args(Kind)

PATH = PurePosixPath("index.html")
TITLE = "Video analytics"
LEAD = "Who watches what, for how long, and how far the numbers can be trusted."
NOTHING_YET: Mapping[Kind, tuple[str, str]] = {  # what is said of a kind that has no entry
    "course": ("Courses", "There is no page of a course yet."),
    "storage": ("Storage and plans", "There is no page of storage and plans yet."),
    "channels": ("Channels", "There is no page of the channels yet."),
    "trust": ("Trust", "There is no page of trust yet."),
}
AUDIENCE: Mapping[Kind, str] = {
    "course": "For teachers and learning analysts",
    "storage": "For whoever plans storage",
    "channels": "For communication analysts",
    "trust": "For whoever runs it",
}


@dataclass(frozen=True)
class Entry:
    """A page of the index, or, without an address, why there is none. Numbers are a course's."""

    kind: Kind
    title: str
    address: str  # relative to the index
    says: str  # what the page shows, or why there is none
    refreshed: str = ""  # ISO minute, UTC, of its data
    videos: int | None = None
    viewers: int | None = None  # distinct identified ones; None: withheld; negative: that many or more
    watch_seconds: float | None = None  # of them; None: withheld

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def course_entry(data: Mapping[str, Any], address: str) -> Entry:
    """The entry of a course, out of the data of its page: what is withheld there is withheld here."""
    totals = data["totals"]
    return Entry(
        "course",
        data["course"]["name"],
        address,
        "",
        data["refreshed"] or "",
        len(data["videos"]),
        totals["viewers"][0],
        totals["watch"][0],
    )


def index_page(entries: Iterable[Entry], facts: Sequence[tuple[str, str]]) -> Page:
    """The page of all pages; `facts` are those of the header."""
    known = list(entries)
    courses = [each for each in known if each.kind == "course" and each.address]
    rows = [_row(each) for each in sorted(courses, key=lambda each: (each.title.casefold(), each.address))]
    return Page(
        PATH,
        TITLE,
        LEAD,
        facts,
        [_courses()] if rows else [],
        data={"courses": {"rows": rows, "finding": _finding(rows)}} if rows else {},
        cards=[card for kind in KINDS for card in _cards(kind, known)],
    )


def _cards(kind: Kind, entries: Sequence[Entry]) -> list[Card]:
    """A card for each page of a kind, but one alone for courses, whose pages stand in the table."""
    own = [each for each in entries if each.kind == kind]
    there = [each for each in own if each.address]
    if not own:
        title, says = NOTHING_YET[kind]
        return [Card(title, says, note=AUDIENCE[kind])]
    if kind == "course" and there:
        newest = max(each.refreshed for each in there)
        says = (
            f"{len(there)} {'course' if len(there) == 1 else 'courses'}: videos, viewers, where they leave."
        )
        lacking = [each for each in own if not each.address]
        told = " ".join([says, *(f"{each.title}: {each.says}" for each in lacking[:3])])
        more = f" And {len(lacking) - 3} more courses have no page yet." if len(lacking) > 3 else ""  # noqa: PLR2004
        return [Card("Courses", told + more, "#courses", _note(kind, newest))]
    return [Card(each.title, each.says, each.address, _note(kind, each.refreshed)) for each in own]


def _note(kind: Kind, refreshed: str) -> str:
    return f"{AUDIENCE[kind]}. Refreshed {moment(refreshed)}." if refreshed else f"{AUDIENCE[kind]}."


def _courses() -> Figure:
    return Figure(
        "courses",
        "Courses",
        "Viewers are distinct identified people over all dates, watch hours theirs, with what they watched "
        "again. A dot is a number that is withheld because it would show a small group.",
        [
            Column("course", "Course", "link"),
            Column("videos", "Videos", "count"),
            Column("viewers", "Viewers", "count"),
            Column("hours", "Watch hours", "number", 1),
            Column("refreshed", "Refreshed (UTC)", "instant"),
        ],
        wide=True,
        open=True,
    )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "course": [entry.title, entry.address],
        "videos": entry.videos,
        "viewers": entry.viewers,
        "hours": None if entry.watch_seconds is None else entry.watch_seconds / 3600,
        "refreshed": entry.refreshed,
    }


def _finding(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which course has most viewers."""
    seen = [row for row in rows if row["viewers"] and row["viewers"] > 0]
    if not seen:
        return "No course has viewers whose number may be shown."
    most = max(seen, key=lambda row: row["viewers"])
    return f"Most viewers, {whole(most['viewers'])}: {most['course'][0]}."
