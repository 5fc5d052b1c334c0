"""The truth of the simulated Panopto: folders, sessions, what happens to them, and who watched what when.

Pure and deterministic: seed and size decide everything, the instant decides what can be seen of it.

| size | courses | folders | sessions | records |
| --- | --- | --- | --- | --- |
| tiny | 3 | 12 | 14, and 3 later | about 850 by June 2026 |
| demo | 6 | 55 | about 90 | about 40,000 in the year before June 2026 |
| full | 50 since 2010 | 195 | about 3,000 | 5 % of the sessions have some in any week |
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from video_analytics.sandbox.panopto.events import Script
from video_analytics.sandbox.panopto.plan import PLANS, Builder
from video_analytics.sandbox.panopto.tree import (
    ZERO_GUID,
    Session,
    Site,
    Snapshot,
    guid,
    instant_of,
    micros,
)
from video_analytics.sandbox.panopto.viewing import (
    NOBODY,
    START_REASONS,
    STOP_REASONS,
    Records,
    Viewing,
)

Json = dict[str, Any]
SITE_ZONE: Final = "America/New_York"  # what a time without offset means, and what StartTime is written in
_ZONE: Final = ZoneInfo(SITE_ZONE)
_SNAPSHOTS_KEPT = 8


class PanoptoWorld:
    """The whole simulated site's knowledge."""

    def __init__(self, seed: int = 1, size: str = "demo") -> None:
        if size not in PLANS:
            raise ValueError(f"unknown size {size!r}: use one of {', '.join(PLANS)}")
        self.seed, self.size = seed, size
        builder = Builder(seed, size)
        self.site: Site = builder.build()
        self._events = Script(builder).play()
        self._changes = self.site.changes()
        self._order = list(self.site.sessions.values())
        self.viewing = Viewing(seed)
        self.users = [guid(seed, size, "user", number) for number in range(PLANS[size].students)]
        self._user_numbers = {key: number for number, key in enumerate(self.users)} | {ZERO_GUID: NOBODY}
        self._snapshot = lru_cache(maxsize=_SNAPSHOTS_KEPT)(self._make_snapshot)

    def courses(self) -> list[tuple[str, str]]:
        """What somebody listed once in courses.csv: names as they were then, and ids.

        In the larger sizes the last one lies inside the first one.
        """
        listed = [*self.site.courses] + ([self.site.nested] if self.size != "tiny" else [])
        return [(self.site.folders[key].name.first, key) for key in listed]

    def nested_course(self) -> tuple[str, str]:
        """A listing like those of `courses`, of a folder that lies inside the first course."""
        return self.site.folders[self.site.nested].name.first, self.site.nested

    def events(self) -> list[Json]:
        """What happens when: at, kind, id, name, before, after."""
        return [event.told() for event in self._events]

    def snapshot(self, at: datetime) -> Snapshot:
        """The tree as it stands at an instant."""
        return self._snapshot(bisect_right(self._changes, micros(at)))

    def _make_snapshot(self, version: int) -> Snapshot:
        return Snapshot(self.site, self._changes[version - 1] if version else 0)

    def folders(self, at: datetime) -> list[Json]:
        """Every folder: Id, Name, ParentId."""
        tree = self.snapshot(at)
        return [{"Id": key, "Name": name, "ParentId": tree.parents[key]} for key, name in tree.names.items()]

    def sessions(self, at: datetime) -> list[Json]:
        """Every session that is there: Id, Name, Description, StartTime (as told), Duration, FolderId."""
        tree = self.snapshot(at)
        return [self.session_row(tree, key) for key in tree.sessions]

    def sessions_of(self, folder_id: str, at: datetime) -> list[Json]:
        """The sessions in a folder and in all its subfolders."""
        tree = self.snapshot(at)
        return [
            self.session_row(tree, key)
            for folder in tree.below(folder_id)
            for key in tree.sessions_in.get(folder, [])
        ]

    def session_row(self, tree: Snapshot, key: str) -> Json:
        """One session as it stands in a snapshot."""
        session = tree.sessions[key]
        return {
            "Id": key,
            "Name": session.name,
            "Description": session.description,
            "StartTime": start_text(session),
            "Duration": session.duration.at(tree.time),
            "FolderId": tree.folder_of[key],
        }

    def records(
        self,
        at: datetime,
        session_ids: Iterable[str] | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Json]:
        """Every record of begin <= Time < end that has arrived by `at`, sorted by all its fields.

        A session that was deleted keeps what had arrived by then; nothing is added to it afterwards.
        """
        wanted = self.site.sessions if session_ids is None else dict.fromkeys(session_ids)
        edges = 0 if begin is None else micros(begin), micros(at) + 1 if end is None else micros(end)
        known = (self.site.sessions[key.lower()] for key in wanted)
        found = [record for s in known for record in self.told(self.drawn(s, *edges, micros(at)))]
        return sorted(found, key=_by_everything)

    def drawn(self, session: Session, begin: int, end: int, at: int) -> Records:
        """The same for one session, in microseconds and as columns."""
        return self.viewing.records(session, begin, end, at)

    def told(self, records: Records) -> list[Json]:
        """Columns as dicts, with ids, aware times and texts."""
        return [
            {
                "SessionId": self._order[session].id,
                "UserId": self.user_id(user),
                "Time": instant_of(time),
                "StartPosition": position,
                "SecondsViewed": seconds,
                "PlaybackSpeed": None if np.isnan(speed) else speed,
                "StartReason": START_REASONS[started],
                "StopReason": STOP_REASONS[stopped],
            }
            for session, time, _, user, position, seconds, speed, started, stopped, _ in records.tolist()
        ]

    def session_id(self, index: int) -> str:
        """The guid of a session by its number."""
        return self._order[index].id

    def user_id(self, number: int) -> str:
        """The guid of a student; the zero guid for nobody in particular."""
        return ZERO_GUID if number == NOBODY else self.users[number]

    def user_number(self, user_id: str) -> int | None:
        """The student of a guid, if there is one."""
        return self._user_numbers.get(user_id.lower())


def _by_everything(record: Json) -> tuple[Any, ...]:
    speed = record["PlaybackSpeed"]
    head = record["Time"], record["SessionId"], record["UserId"], record["StartPosition"]
    return (
        *head,
        record["SecondsViewed"],
        -1.0 if speed is None else speed,
        record["StartReason"],
        record["StopReason"],
    )


def start_text(session: Session) -> str:
    """StartTime as the vendor writes it: the site's wall clock, mislabelled Z."""
    return wall_clock(session.start)


def wall_clock(count: int) -> str:
    """An instant as the site's wall clock, with the vendor's Z that is none."""
    local = instant_of(count).astimezone(_ZONE).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds") + "Z"
