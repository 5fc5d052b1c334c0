"""The change feed: which sessions of a course may have news, told by the usage summaries of its folders.

One call for a folder tells the minutes viewed in it on each day. Where they equal what the lake holds for
the folder's sessions, nothing is new there and none of them is asked; where they do not, sessions are asked,
the youngest first, until they do. What a summary counts, and how late, is not documented, so the
feed must earn its trust: it is used once a reading of *all* sessions of some course, with something watched
within a day among it, has agreed with it, and not for a course whose last full reading did not. Full readings
come back at a set interval; they also bring what a summary cannot tell: stretches of no or negative length.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from video_analytics.decoding import decoder
from video_analytics.errors import Unauthorized, VendorError
from video_analytics.files import write_bytes
from video_analytics.lake import Lake
from video_analytics.panopto.soap import Soap

FOLDER = "panopto/change_feed"
AGREES, DIFFERS, SILENT = "agrees", "differs", "silent"
TOLERANCE = 0.01  # minutes a day: the vendor may round

Minutes = Mapping[tuple[str, date], float]  # by session or folder, and day
Session = Mapping[str, Any]  # a row of the table SESSIONS


class State(msgspec.Struct, frozen=True):
    """What the last reading of all sessions of a course said of the feed; and the last that looked back."""

    swept_on: date
    verdict: str


_STATE = decoder(State)


@dataclass
class Told:
    """What the folders of a course told about some days, and which sessions lie in which folder."""

    days: Sequence[date]
    sessions_of: Mapping[str, list[str]]  # folder id: ids of its sessions, the youngest first
    below: Mapping[str, frozenset[str]]  # folder id: all sessions in it and its subfolders
    minutes: dict[tuple[str, date], float] = field(default_factory=dict)  # by folder
    refused: bool = False

    def agrees(self, folder_id: str, held: Minutes) -> bool:
        """Whether a folder's minutes equal what is held, of its own sessions or of all below it."""
        groups = (frozenset(self.sessions_of[folder_id]), self.below[folder_id])
        return any(self._equal(folder_id, sessions, held) for sessions in groups)

    def _equal(self, folder_id: str, sessions: Iterable[str], held: Minutes) -> bool:
        wanted = list(sessions)
        return all(
            math.isclose(
                self.minutes.get((folder_id, day), 0.0),
                math.fsum(held.get((session, day), 0.0) for session in wanted),
                rel_tol=1e-6,
                abs_tol=TOLERANCE,
            )
            for day in self.days
        )

    def verdict(self, held: Minutes, *, proved: bool) -> str:
        """What a full reading says of the feed; `proved`: had it been late or silent, it would have shown."""
        if self.refused or not all(self.agrees(folder, held) for folder in self.sessions_of):
            return DIFFERS
        return AGREES if proved else SILENT


def ask(
    soap: Soap,
    sessions: Sequence[Session],
    parents: Mapping[str, str | None],
    days: Sequence[date],
) -> Told:
    """Ask every folder that has sessions about `days`; `parents` tells the tree."""
    told = Told(days, _by_folder(sessions), _below(sessions, parents))
    begin = datetime.combine(days[0], time(), UTC)
    end = datetime.combine(days[-1], time(), UTC) + timedelta(days=1)
    for folder_id in told.sessions_of:
        try:
            usages = soap.folder_usage(folder_id, begin, end)
        except Unauthorized:
            raise
        except VendorError:  # the sessions can still be asked, one by one
            told.refused = True
            break
        for usage in usages:
            key = folder_id, usage.time.date()
            told.minutes[key] = told.minutes.get(key, 0.0) + usage.minutes_viewed
    return told


def is_trusted(lake: Lake, course_id: str) -> bool:
    """Whether the feed has proved right somewhere, and was not wrong about this course."""
    own = state(lake, course_id)
    states = (state(lake, path.stem) for path in (lake.root / FOLDER).glob("*.json"))
    return own is not None and own.verdict != DIFFERS and any(s and s.verdict == AGREES for s in states)


def is_sweep_due(lake: Lake, course_id: str, today: date, every_days: int) -> bool:
    """Whether the last reading of all sessions is so many days ago."""
    held = state(lake, course_id)
    return held is None or (today - held.swept_on).days >= every_days


def state(lake: Lake, course_id: str) -> State | None:
    """What is known of the feed; None where nothing is, or nothing that can be read."""
    try:
        return _STATE((lake.root / FOLDER / f"{course_id}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def remember(lake: Lake, course_id: str, swept_on: date, verdict: str) -> None:
    """Note a full reading."""
    path = lake.root / FOLDER / f"{course_id}.json"
    write_bytes(path, msgspec.json.encode(State(swept_on, verdict)))


def distrust(lake: Lake, course_id: str) -> None:
    """Note that the feed was wrong, which is no full reading."""
    held = state(lake, course_id)
    if held is not None:
        remember(lake, course_id, held.swept_on, DIFFERS)


def _by_folder(sessions: Sequence[Session]) -> dict[str, list[str]]:
    """The sessions of each folder, the youngest first: news are likeliest there."""
    folders: dict[str, list[str]] = {session["folder_id"]: [] for session in sessions}
    for session in sorted(sessions, key=lambda session: session["start_time"] or "", reverse=True):
        folders[session["folder_id"]].append(session["session_id"])
    return folders


def _below(sessions: Sequence[Session], parents: Mapping[str, str | None]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for session in sessions:
        folder: str | None = session["folder_id"]
        seen: set[str] = set()
        while folder is not None and folder not in seen:
            seen.add(folder)
            found[folder].add(session["session_id"])
            folder = parents.get(folder)
    return {folder: frozenset(members) for folder, members in found.items()}
