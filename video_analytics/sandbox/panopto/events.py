"""What happens at fixed dates, in every size: three rounds of changes, each at 15:00 UTC.

| date | what | which |
| --- | --- | --- |
| 2026-05-19 | session_edited | session 1 of course 0 becomes a fifth shorter |
| 2026-05-26 | folder_renamed | course 1 |
| 2026-06-02 | session_moved | session 0 of course 0 goes to course 1 |
| 2026-06-05 | folder_moved | the guest talks go from course 1 to course 2 |
| 2026-06-09 | session_moved_out | session 0 of course 1 leaves all courses |
| 2026-06-11 | session_deleted | session 0 of course 2 |
| 2026-06-13 | session_created | a new one in course 0 |
| 2026-06-17 | session_moved | session 2 of course 0 goes to course 2 |
| 2026-06-18 | folder_renamed | the first folder inside course 0 |
| 2026-06-19 | session_moved_out | session 3 of course 0 leaves all courses |
| 2026-06-20 | folder_moved | the guest talks go from course 2 to course 0 |
| 2026-06-22 | session_deleted | session 1 of course 1 |
| 2026-06-23 | session_edited | session 1 of course 2 becomes a fifth shorter |
| 2026-06-24 | session_created | a new one in course 0 |
| 2026-09-15 | session_moved | session 0 of course 0 comes back from course 1 |
| 2026-09-16 | folder_renamed | course 0 |
| 2026-09-17 | session_created | a new one in course 2 |

"Session n of course m" counts the sessions the course was made with, from 0. The guest talks hold the last
session of course 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from video_analytics.sandbox.panopto.plan import Builder
from video_analytics.sandbox.panopto.tree import DAY, HOUR, Session, Site, micros

Json = dict[str, Any]
_HOUR = 15  # of the day (UTC) at which everything happens
_KEPT = 0.8  # of an edited session


@dataclass(frozen=True, slots=True)
class Event:
    """A change: what it was before and what it is afterwards (folder ids, names or seconds)."""

    at: datetime
    kind: str
    id: str
    name: str
    before: Any
    after: Any

    def told(self) -> Json:
        """The event as a dict."""
        return {field: getattr(self, field) for field in self.__slots__}


class Script:
    """Lets the events happen to a site that was just built."""

    def __init__(self, builder: Builder) -> None:
        self.builder, self.site = builder, builder.site
        self.events: list[Event] = []
        self.members = _members(self.site)
        self._move_to_guest_talks(self.members[1][-1])

    def play(self) -> list[Event]:
        """All of `EVENTS`, in order."""
        for day, act in EVENTS:
            month, number = (int(part) for part in day.split("-"))
            act(self, datetime(2026, month, number, _HOUR, tzinfo=UTC))
        return self.events

    def _move_to_guest_talks(self, session: Session) -> None:
        session.folder = type(session.folder)(self.site.guest_talks)

    def _note(self, at: datetime, kind: str, key: str, name: str, before: Any, after: Any) -> None:
        self.events.append(Event(at, kind, key, name, before, after))

    def move(self, at: datetime, session: Session, target: str, kind: str = "session_moved") -> None:
        """A session goes to another folder."""
        before = session.folder.at(micros(at))
        session.folder.change(micros(at), target)
        self._note(at, kind, session.id, session.name, before, target)

    def move_out(self, at: datetime, session: Session) -> None:
        """A session leaves all courses."""
        self.move(at, session, self.site.outside, "session_moved_out")

    def delete(self, at: datetime, session: Session) -> None:
        """A session goes to the recycle bin."""
        session.deleted = micros(at)
        self._note(at, "session_deleted", session.id, session.name, session.folder.at(micros(at)), None)

    def edit(self, at: datetime, session: Session) -> None:
        """A session loses its end."""
        before = session.duration.at(micros(at))
        after = round((before or session.length) * _KEPT, 3)
        session.duration.change(micros(at), after)
        self._note(at, "session_edited", session.id, session.name, before, after)

    def create(self, at: datetime, course: int) -> None:
        """One more session in the course's own folder."""
        first = self.members[course][0]
        folder = self.site.courses[course]
        until = max(first.taught_until, micros(at) + 40 * DAY)
        session = self.builder.session(folder, micros(at) - 2 * HOUR, until, first.audience, 90 + course)
        session.created = micros(at)
        self._note(at, "session_created", session.id, session.name, None, folder)

    def rename(self, at: datetime, key: str, name: str) -> None:
        """A folder gets another name."""
        before = self.site.folders[key].name.at(micros(at))
        self.site.folders[key].name.change(micros(at), name)
        self._note(at, "folder_renamed", key, before, before, name)

    def move_folder(self, at: datetime, key: str, target: str) -> None:
        """A folder goes into another one, with all that is in it."""
        folder = self.site.folders[key]
        before = folder.parent.at(micros(at))
        folder.parent.change(micros(at), target)
        self._note(at, "folder_moved", key, folder.name.at(micros(at)), before, target)

    def first_inside(self, course: int) -> str:
        """The first folder made inside a course."""
        root = self.site.courses[course]
        return next(key for key, folder in self.site.folders.items() if folder.parent.first == root)


EVENTS: Final[tuple[tuple[str, Callable[[Script, datetime], None]], ...]] = (
    ("05-19", lambda s, at: s.edit(at, s.members[0][1])),
    ("05-26", lambda s, at: s.rename(at, s.site.courses[1], "BIOL 210: from cell to whole / renamed")),
    ("06-02", lambda s, at: s.move(at, s.members[0][0], s.site.courses[1])),
    ("06-05", lambda s, at: s.move_folder(at, s.site.guest_talks, s.site.courses[2])),
    ("06-09", lambda s, at: s.move_out(at, s.members[1][0])),
    ("06-11", lambda s, at: s.delete(at, s.members[2][0])),
    ("06-13", lambda s, at: s.create(at, 0)),
    ("06-17", lambda s, at: s.move(at, s.members[0][2], s.site.courses[2])),
    ("06-18", lambda s, at: s.rename(at, s.first_inside(0), "Lectures & labs (renamed)")),
    ("06-19", lambda s, at: s.move_out(at, s.members[0][3])),
    ("06-20", lambda s, at: s.move_folder(at, s.site.guest_talks, s.site.courses[0])),
    ("06-22", lambda s, at: s.delete(at, s.members[1][1])),
    ("06-23", lambda s, at: s.edit(at, s.members[2][1])),
    ("06-24", lambda s, at: s.create(at, 0)),
    ("09-15", lambda s, at: s.move(at, s.members[0][0], s.site.courses[0])),
    ("09-16", lambda s, at: s.rename(at, s.site.courses[0], "COMM 101 [2026S] (closed)")),
    ("09-17", lambda s, at: s.create(at, 2)),
)


def _members(site: Site) -> list[list[Session]]:
    """The sessions each course was made with."""
    owners: dict[str, int] = {}
    for key, folder in site.folders.items():
        parent = folder.parent.first
        owner = site.courses.index(key) if key in site.courses else owners.get(parent or "")
        if owner is not None:
            owners[key] = owner
    members: list[list[Session]] = [[] for _ in site.courses]
    for session in site.sessions.values():
        members[owners[session.folder.first]].append(session)
    return members
