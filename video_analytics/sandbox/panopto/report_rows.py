"""What stands in each report, as typed values: texts, aware instants, numbers, and None for a blank.

Ranges are begin <= time < end. A report tells of the sessions that exist when it is made, in the folders and
under the names of that moment, and counts the views that are known by then.

| report | sessions |
| --- | --- |
| SessionUsage | those with a view in the range; the others are absent |
| SessionsCreatedOrEdited | those that start, or are edited, in the range |
| SystemSessionStorage | all; views are those in the range |
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from video_analytics.sandbox.panopto.report_facts import archived_since, facts, unedited
from video_analytics.sandbox.panopto.tree import Session, Snapshot, instant_of, micros
from video_analytics.sandbox.panopto.viewing import START_REASONS
from video_analytics.sandbox.panopto.world import PanoptoWorld

Row = dict[str, Any]
LEVELS: Final = ("Root Folder (Level 0)", *(f"Subfolder (Level {number})" for number in range(1, 5)))
_VIEWS: Final = ("Views and Downloads", "Unique Viewers", "Minutes Delivered", "Average Minutes Delivered")
_APPROVAL: Final = ("Last Approval Action", "Last Approval Time", "Last Approver Name", "Last Approver Id")
_MSO: Final = ("Media Originals", "Editor Metadata", "Media Quality", "Single Stream Viewing")
_SESSION: Final = ("Session Name", "Session ID", "Creator", "Creator ID", "Email")
_FOLDER: Final = ("Folder Name", "Folder ID")
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "SessionUsage": (
        *_SESSION, "Start Time", *_FOLDER, *_VIEWS, "Session Length", "Rating Count", "Average Rating",
        "Most Recent View Date", *LEVELS,
    ),
    "SessionsCreatedOrEdited": (
        *_SESSION, *_FOLDER, "Start Time", "Last Time Edited", *_APPROVAL, "Session Length", "Stream Count",
        "Stream Source", "Rating Count", "Average Rating", *LEVELS,
    ),
    "SystemSessionStorage": (
        *_SESSION, "Start Time", *_FOLDER, *_VIEWS, "Session Length (Edited minutes)",
        "Most Recent View Date", "Stream Source", "Archived Date", "On-Demand Hours",
        "Archived Hours (Unedited hours)", "Archived", *(f"MSO - {part}" for part in _MSO), *LEVELS,
    ),
    "SessionsViewsByUsers": (
        "UserName", "User ID", "Email", *_SESSION[:2], "Minutes Delivered", "Percent Completed",
    ),
    "SystemViews": (
        "Email", "User ID", "User Name", *_SESSION[:2], *_FOLDER[::-1], "Viewing Type", "Timestamp",
        "Minutes Delivered",
    ),
    "FolderUsage": (
        *_FOLDER[::-1], *_VIEWS, "Most Recent View Date", "Root Folder", "Subfolder 1", "Subfolder 2",
        "Subfolder 3",
    ),
}  # fmt: skip
_BLANK_DATE, _EVERY_BLANK = 3, 11  # of the archived sessions, the vendor has lost the date of some


@dataclass(frozen=True, slots=True)
class _Making:
    """A report being made: of what, when."""

    world: PanoptoWorld
    tree: Snapshot
    begin: int
    end: int
    now: int

    def within(self, time: int) -> bool:
        """Whether a moment lies in the range and is past."""
        return self.begin <= time < self.end and time <= self.now


def rows(world: PanoptoWorld, kind: str, begin: datetime, end: datetime, now: datetime) -> list[Row]:
    """The rows of a report made at `now`, by the columns of `HEADERS`; instants must be aware.

    Of a type whose rows are not simulated there are none.
    """
    making = _Making(world, world.snapshot(now), micros(begin), micros(end), micros(now))
    if kind not in _ROWS:
        return []
    found = (_ROWS[kind](making, session) for session in making.tree.sessions.values())
    return [{name: row.get(name) for name in HEADERS[kind]} for row in found if row is not None]


def _used(making: _Making, session: Session) -> Row | None:
    views = _views(making, session)
    if not views["Views and Downloads"]:
        return None
    return _told(making, session) | views | {"Rating Count": 0, "Session Length": _minutes(making, session)}


def _made_or_edited(making: _Making, session: Session) -> Row | None:
    edits = [time for time in session.duration.times if time <= making.now]
    if not any(making.within(time) for time in (session.start, *edits)):
        return None
    known = facts(making.world, session)
    return _told(making, session) | {
        "Last Time Edited": instant_of(edits[-1]) if edits else None,
        "Session Length": _minutes(making, session),
        "Stream Count": known.streams,
        "Stream Source": known.stream_source,
        "Rating Count": 0,
    }


def _stored(making: _Making, session: Session) -> Row:
    since = archived_since(making.world, session, making.now)
    duration = session.duration.at(making.now) or 0.0
    dated = since is not None and session.index % _EVERY_BLANK != _BLANK_DATE
    return (
        _told(making, session)
        | _views(making, session)
        | {
            "Session Length (Edited minutes)": _minutes(making, session),
            "Stream Source": facts(making.world, session).stream_source,
            "Archived Date": instant_of(since) if since is not None and dated else None,
            "On-Demand Hours": 0.0 if since is not None else duration / 3600,
            "Archived Hours (Unedited hours)": unedited(making.world, session, duration) / 3600
            if since is not None
            else 0.0,
            "Archived": since is not None,
        }
    )


_ROWS: Final[dict[str, Callable[[_Making, Session], Row | None]]] = {
    "SessionUsage": _used,
    "SessionsCreatedOrEdited": _made_or_edited,
    "SystemSessionStorage": _stored,
}


def _told(making: _Making, session: Session) -> Row:
    """What every report says of a session: names, creator, and where it lies."""
    known, folder = facts(making.world, session), making.tree.folder_of[session.id]
    path = [making.tree.names[key] for key in making.tree.above(folder)][::-1]
    return {
        "Session Name": session.name,
        "Session ID": session.id,
        "Creator": known.creator,
        "Creator ID": known.creator_id,
        "Email": known.email,
        "Start Time": instant_of(session.start),
        "Folder Name": making.tree.names[folder],
        "Folder ID": folder,
        **dict(zip(LEVELS, path, strict=False)),
    }


def _minutes(making: _Making, session: Session) -> float | None:
    duration = session.duration.at(making.now)
    return None if duration is None else duration / 60


def _views(making: _Making, session: Session) -> Row:
    """Views, viewers and minutes in the range; a view begins with a stretch that was started."""
    records = making.world.drawn(session, making.begin, making.end, making.now)
    if not len(records):
        return {**dict.fromkeys(_VIEWS[:2], 0), **dict.fromkeys(_VIEWS[2:], 0.0)}
    started = int((records["started"] == START_REASONS.index("Start")).sum())
    minutes, views = float(records["seconds"].sum()) / 60, max(started, 1)
    figures = views, len(np.unique(records["user"])), minutes, minutes / views
    last = instant_of(int(records["time"].max()))
    return {**dict(zip(_VIEWS, figures, strict=True)), "Most Recent View Date": last}
