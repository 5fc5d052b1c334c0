"""Panopto's part of the sandbox's own door: the truth, for other processes and for people."""

import csv
import io
from datetime import UTC, datetime
from typing import Any, Final

from starlette.datastructures import QueryParams

from video_analytics.sandbox.panopto.world import PanoptoWorld

INDEX: Final = {
    "GET /_sandbox/panopto/courses": "the folders somebody would list",
    "GET /_sandbox/panopto/courses.csv": "the same as text/csv",
    "GET /_sandbox/panopto/folders": "every folder, as of now",
    "GET /_sandbox/panopto/sessions?folder=ID": "the sessions (of a folder and its subfolders), as of now",
    "GET /_sandbox/panopto/events": "what happens when",
    "GET /_sandbox/panopto/truth?session=ID&from=T&to=T": "the records that have arrived, from <= Time < to",
}
QUESTIONS: Final = {path.partition("/_sandbox/")[2].partition("?")[0] for path in INDEX}
COURSES_HEADER: Final = ("PanoptoFolderName", "PanoptoFolderID")


def told(world: PanoptoWorld, what: str, asked: QueryParams, now: datetime) -> Any:
    """One of the questions of `INDEX`; an unknown one is a KeyError."""
    if what == "truth":
        ids = [asked["session"]] if "session" in asked else None
        return world.records(now, ids, _instant(asked.get("from")), _instant(asked.get("to")))
    if what == "sessions" and "folder" in asked:
        return world.sessions_of(asked["folder"].lower(), now)
    answers = {
        "courses": lambda: [dict(zip(COURSES_HEADER, row, strict=True)) for row in world.courses()],
        "folders": lambda: world.folders(now),
        "sessions": lambda: world.sessions(now),
        "events": world.events,
    }
    return answers[what]()


def courses_csv(world: PanoptoWorld) -> str:
    """What somebody would save as courses.csv."""
    text = io.StringIO()
    csv.writer(text).writerows([COURSES_HEADER, *world.courses()])
    return text.getvalue()


def _instant(text: str | None) -> datetime | None:
    """An ISO instant or day; without an offset it means UTC."""
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
