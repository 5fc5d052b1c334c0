"""A walked course into the lake: its folders, its sessions, and what they were called and when.

A session that is not there any more keeps its row, so that its records stay attributable; one that is new
has no history yet, which is what makes a run fetch all of it.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any

import pyarrow as pa

from video_analytics.lake import Lake
from video_analytics.panopto.catalogue import DENIED, Place, Tree, walk
from video_analytics.panopto.plan import present, sessions_of
from video_analytics.panopto.rest import Rest, Video
from video_analytics.panopto.tables import FOLDERS, SESSION_VERSIONS, SESSIONS

Row = dict[str, Any]
_VERSIONED = ("folder_id", "folder_name", "name", "duration")


def list_course(rest: Rest, lake: Lake, course_id: str, today: date) -> dict[str, Any]:
    """Walk a course and keep what was found; gives facts about it. `today` is a UTC day."""
    held, places = sessions_of(lake, course_id), _places(lake, course_id)
    shut = {place.id for place in places if place.state == DENIED}
    here = [row["session_id"] for row in present(held) if row["folder_id"] not in shut]
    tree = walk(rest, course_id, places, here)
    rows = _sessions(tree, {row["session_id"]: row for row in held}, shut, today)
    facts = {
        "course": tree.name,
        "folders": len(tree.folders),
        "sessions": len(present(rows)),
        "left": len(rows) - len(present(rows)),
        "denied_folders": sorted(place.path for place in tree.denied),
        "unlisted": sorted(tree.unlisted),
    }
    versions = _versions(lake, course_id, rows, today)
    lake.write(SESSION_VERSIONS, course_id, _table(SESSION_VERSIONS.schema, versions), {})
    lake.write(FOLDERS, course_id, _table(FOLDERS.schema, _folders(tree)), {})
    keep_sessions(lake, course_id, rows, facts)
    return facts


def keep_sessions(lake: Lake, course_id: str, rows: Iterable[Row], facts: Mapping[str, Any]) -> None:
    """Replace the sessions of a course."""
    lake.write(SESSIONS, course_id, _table(SESSIONS.schema, rows), facts)


def _places(lake: Lake, course_id: str) -> list[Place]:
    """The folders when the course was last walked, in walking order."""
    table = lake.read(FOLDERS, course_id)
    rows = table.to_pylist() if table is not None else []
    return [Place(row["folder_id"], row["name"], row["parent_id"], row["path"], row["state"]) for row in rows]


def _folders(tree: Tree) -> list[Row]:
    return [
        {
            "course_id": tree.course_id,
            "folder_id": place.id,
            "name": place.name,
            "parent_id": place.parent_id,
            "path": place.path,
            "state": place.state,
        }
        for place in tree.folders.values()
    ]


def _sessions(tree: Tree, held: Mapping[str, Row], was_shut: AbstractSet[str], today: date) -> list[Row]:
    """Those present in listing order, then those behind a door that is shut, then those that left.

    What happens behind a shut door is not read: once it opens, their history is read anew.
    """
    rows = [_session(tree, video, held.get(video.Id), was_shut, today) for video in tree.sessions.values()]
    shut = {place.id for place in tree.denied}
    unseen, left = [], []
    for row in held.values():
        if row["session_id"] in tree.sessions:
            continue
        if row["left_on"] is None and row["folder_id"] in shut:
            denied = {"denied_on": row["denied_on"] or today, "history_from": None}
            unseen.append(row | denied | {"course_name": tree.name})
        else:
            left.append(row | {"course_name": tree.name, "left_on": row["left_on"] or today})
    return [*rows, *unseen, *left]


def _session(tree: Tree, video: Video, held: Row | None, was_shut: AbstractSet[str], today: date) -> Row:
    folder = tree.folders[video.Folder.lower()]
    still_denied = held is not None and held["folder_id"] not in was_shut
    return {
        "course_id": tree.course_id,
        "course_name": tree.name,
        "session_id": video.Id,
        "name": video.Name or "",
        "description": video.Description,
        "duration": video.Duration,
        "start_time": video.StartTime,
        "folder_id": folder.id,
        "folder_name": folder.name,
        "first_seen": held["first_seen"] if held else today,
        "left_on": None,
        # one that was away may have been watched meanwhile: its history is read anew
        "history_from": held["history_from"] if held and held["left_on"] is None else None,
        "denied_on": held["denied_on"] if held and still_denied else None,
        "first_record": held["first_record"] if held else None,
    }


def _versions(lake: Lake, course_id: str, rows: Iterable[Row], today: date) -> list[Row]:
    """What each session was called, where it lay and how long it was; the last entry of each is open."""
    table = lake.read(SESSION_VERSIONS, course_id)
    versions = table.to_pylist() if table is not None else []
    open_ones = {version["session_id"]: version for version in versions if version["valid_to"] is None}
    for row in rows:
        version = open_ones.get(row["session_id"])
        changed = version is None or any(version[name] != row[name] for name in _VERSIONED)
        gone = row["left_on"] is not None
        if version is not None and (changed or gone):
            version["valid_to"] = today
        if changed and not gone:
            shown = {name: row[name] for name in ("course_id", "session_id", *_VERSIONED)}
            versions.append(shown | {"valid_from": today, "valid_to": None})
    return sorted(versions, key=lambda version: (version["session_id"], version["valid_from"]))


def _table(schema: pa.Schema, rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema)
