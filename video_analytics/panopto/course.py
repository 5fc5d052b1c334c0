"""One course in a run: what was listed of it, what its sessions were asked, and how it gets into the lake.

A session that cannot be read does not hold up the others: what is held of it stays, and the partitions it
belongs to are marked as not whole, with its name. One that may not be read is noted and passed by.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from video_analytics.clock import now
from video_analytics.errors import Incomplete, Refused, VideoAnalyticsError
from video_analytics.lake import Lake, Table
from video_analytics.panopto import activity, plan
from video_analytics.panopto.activity import Asked, Identities
from video_analytics.panopto.asking import Harvest, Span, ask
from video_analytics.panopto.catalogue import DENIED
from video_analytics.panopto.listing import keep_sessions
from video_analytics.panopto.soap import Soap
from video_analytics.panopto.tables import FOLDERS, SESSIONS

NAMED = 3  # sessions in a message


@dataclass(frozen=True)
class Outcome:
    """What became of one partition of a course, a day or a year: the facts recorded with it, or the error."""

    part: date | int
    facts: dict[str, Any] = field(default_factory=dict)
    error: VideoAnalyticsError | None = None


class Course:
    """A course as it was last listed, and what has been asked of its sessions in this run."""

    def __init__(self, soap: Soap, lake: Lake, course_id: str) -> None:
        self.soap, self.lake, self.id = soap, lake, course_id
        self.settings = soap.settings
        self.now = now()
        self.sessions: list[dict[str, Any]] = plan.sessions_of(lake, course_id)
        folders = lake.read(FOLDERS, course_id)
        self.folders = folders.to_pylist() if folders is not None else []
        shut = {row["folder_id"] for row in self.folders if row["state"] == DENIED}
        self.open = {
            row["session_id"]: row
            for row in self.sessions
            if row["left_on"] is None and row["folder_id"] not in shut
        }
        self.harvest = Harvest()
        self.identities = Identities.of(self.settings)

    def new_since(self, first: date) -> list[str]:
        """The sessions whose records from `first` on are not held."""
        return [session for session, row in self.open.items() if plan.is_new(row, first)]

    def ask(self, sessions: Iterable[str], span: Span) -> None:
        """Ask those of the sessions that can be asked for a span of days."""
        ask(self.soap, self.harvest, [session for session in sessions if session in self.open], span)

    def fresh(self) -> pa.Table:
        """All records got so far, as rows."""
        return activity.rows(self.id, self.harvest.records, self.identities)

    def put(self, table: Table, key: str, fresh: pa.Table | None, asked: Asked) -> dict[str, Any]:
        """Merge rows into a partition."""
        rows = fresh if fresh is not None else table.schema.empty_table()
        return activity.put(self.lake, table, key, rows, asked, self.identities)

    def outcome(self, part: date | int, facts: dict[str, Any], asked: Asked) -> Outcome:
        """The outcome of a partition that has been written."""
        if not asked.lacking:
            return Outcome(part, facts)
        names = ", ".join(sorted(asked.lacking)[:NAMED])
        reason = next(iter(asked.lacking.values()))
        error = Incomplete(
            f"Panopto course {self.id} {part}: {len(asked.lacking)} of {len(self.open)} sessions could not "
            f"be read ({names}); what is held of them stays, the others are up to date: {reason}"
        )
        return Outcome(part, facts, error)

    def note(self, first: date, last: date, *, years: bool = False, whole: bool = True) -> None:
        """Keep with the sessions from when on their records are held, and which may not be read.

        `whole`: all was read from `first` to `last`, which must be the last day held, or with `years` the
        day before the days: those only reach back further for a session whose days are held.
        """
        began = self.harvest.first_days()
        start = self.settings.start_date
        for session_id, row in self.open.items():
            seen = [day for day in (row["first_record"], began.get(session_id)) if day]
            row["first_record"] = min(seen, default=None)
            if session_id in self.harvest.denied:
                row["denied_on"] = row["denied_on"] or self.now.date()
                row["history_from"] = None  # what comes meanwhile is missed
            elif session_id in self.harvest.failed or (years and row["history_from"] is None):
                continue
            elif whole and any(
                a <= start and last <= b for a, b in self.harvest.answered.get(session_id, ())
            ):
                row["history_from"] = first if seen and min(seen) < first else start
            if session_id in self.harvest.answered:
                row["denied_on"] = None
        facts = self.lake.facts(SESSIONS, self.id) or {}
        kept = {name: value for name, value in facts.items() if name not in {"rows", "digest"}}
        keep_sessions(self.lake, self.id, self.sessions, kept)


def check(course: Course) -> None:
    """Before anything is asked: the course was listed, and viewers are called as in the rest of the lake."""
    activity.settle(course.lake, course.identities)
    if not course.lake.path(SESSIONS, course.id).exists():
        raise Refused(
            f"Panopto course {course.id}: expected a list of its sessions in the lake, found none; "
            "materialize panopto/course_sessions first"
        )
