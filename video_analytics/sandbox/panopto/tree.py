"""Folders and sessions as they change over time, and the whole tree as it stands at one instant.

Times are whole microseconds since 1970 (UTC) throughout.
"""

import hashlib
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
NEVER: Final = 2**62
ZERO_GUID: Final = "00000000-0000-0000-0000-000000000000"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def micros(instant: datetime) -> int:
    """An aware instant as microseconds."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant_of(count: int) -> datetime:
    """Microseconds as an aware instant."""
    return _EPOCH + timedelta(microseconds=count)


def guid(seed: int, *key: object) -> str:
    """A lower-case guid that only depends on the key."""
    digest = hashlib.blake2b(":".join(map(str, (seed, *key))).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


class Timeline(Generic[T]):
    """A value and its later changes, in order of time."""

    def __init__(self, first: T) -> None:
        self.first = first
        self._times: list[int] = []
        self._values: list[T] = [first]

    def change(self, time: int, value: T) -> None:
        """From that time on it is another value."""
        place = bisect_right(self._times, time)
        self._times.insert(place, time)
        self._values.insert(place + 1, value)

    def at(self, time: int) -> T:
        """The value at that time."""
        return self._values[bisect_right(self._times, time)]

    @property
    def times(self) -> list[int]:
        """When it changes."""
        return self._times


@dataclass(slots=True)
class Folder:
    """A folder; its name and its parent can change."""

    id: str
    name: Timeline[str]
    parent: Timeline[str | None]


@dataclass(slots=True)
class Audience:
    """Who watches the sessions of one course, and how often."""

    students: list[int]  # numbers of users of the site
    burst: float  # visits per session soon after it appeared
    weekly: float  # visits per session and week while the course is taught
    thin: float  # visits per session and week, for ever


@dataclass(slots=True)
class Session:
    """A recording; its folder and its duration can change, and it can vanish."""

    index: int
    id: str
    name: str
    description: str | None
    start: int
    created: int
    taught_until: int
    length: float  # what is drawn from, also when the duration is unknown
    duration: Timeline[float | None]
    folder: Timeline[str]
    audience: Audience
    deleted: int = NEVER

    @property
    def times(self) -> list[int]:
        """When anything about it changes."""
        return [self.created, self.deleted, *self.duration.times, *self.folder.times]


@dataclass(slots=True)
class Site:
    """Everything that ever is, in order of making. `courses` are folder ids."""

    folders: dict[str, Folder] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    courses: list[str] = field(default_factory=list)
    nested: str = ""
    guest_talks: str = ""
    outside: str = ""

    def changes(self) -> list[int]:
        """Every time at which the tree is no longer what it was, sorted."""
        times: set[int] = set()
        for folder in self.folders.values():
            times.update(folder.name.times, folder.parent.times)
        for session in self.sessions.values():
            times.update(session.times)
        return sorted(times - {NEVER})


class Snapshot:
    """The tree at one instant: who is whose child."""

    def __init__(self, site: Site, time: int) -> None:
        self.site, self.time = site, time
        self.names = {key: folder.name.at(time) for key, folder in site.folders.items()}
        self.parents = {key: folder.parent.at(time) for key, folder in site.folders.items()}
        self.children: dict[str | None, list[str]] = defaultdict(list)
        for key, parent in self.parents.items():
            self.children[parent].append(key)
        self.sessions = {
            key: session
            for key, session in site.sessions.items()
            if session.created <= time < session.deleted
        }
        self.folder_of = {key: session.folder.at(time) for key, session in self.sessions.items()}
        self.sessions_in: dict[str, list[str]] = defaultdict(list)
        for key, folder_id in self.folder_of.items():
            self.sessions_in[folder_id].append(key)

    def below(self, folder_id: str) -> Iterator[str]:
        """The folder and all its subfolders, each once."""
        waiting, seen = [folder_id], {folder_id}
        while waiting:
            current = waiting.pop(0)
            yield current
            fresh = [child for child in self.children.get(current, []) if child not in seen]
            seen.update(fresh)
            waiting += fresh

    def above(self, folder_id: str | None) -> Iterator[str]:
        """The folder and those it lies in, from the inside out."""
        while folder_id is not None:
            yield folder_id
            folder_id = self.parents.get(folder_id)
