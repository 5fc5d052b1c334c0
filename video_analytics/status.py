"""What is complete, provisional, missing and failed: read from the lake, day by day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from video_analytics.brightcove.collect import readings
from video_analytics.brightcove.finality import IMPORTED, PROVISIONAL, last_closed
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import now
from video_analytics.days import days_between, spans
from video_analytics.lake import Lake, Table, day_key
from video_analytics.panopto import imported, plan
from video_analytics.panopto.reports.choosing import reports_held
from video_analytics.panopto.reports.inbox import REASON, Inbox
from video_analytics.panopto.reports.requesting import ASKED, is_owed
from video_analytics.panopto.retention.tables import RETENTION_SCENARIOS
from video_analytics.panopto.tables import SESSIONS, VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Account, Course, Settings

COMPLETE, MISSING, FAILED = "complete", "missing", "failed"
STATES = (COMPLETE, PROVISIONAL, MISSING, FAILED)


@dataclass(frozen=True)
class Status:
    """The days of an account or a course, from its first one to the last one that is over.

    A failed day may still hold what an earlier reading gave it; `reasons` tells why it failed. Years before
    the days of a course are told apart.
    """

    kind: str  # account, course
    name: str
    id: str
    timezone: str
    first: date
    last: date
    days: Mapping[str, list[date]]
    reasons: Mapping[str, str] = field(default_factory=dict)  # by day or year
    years: Mapping[str, list[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Counts, and each state's days as spans."""
        return {
            self.kind: self.name,
            "id": self.id,
            "timezone": self.timezone,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            **{state: len(self.days[state]) for state in STATES},
            "spans": {state: [list(map(str, span)) for span in spans(self.days[state])] for state in STATES},
            **({"years": dict(self.years)} if self.years else {}),
            "reasons": dict(self.reasons),
            **({"notes": list(self.notes)} if self.notes else {}),
        }

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt at a day or year failed."""
        return bool(self.days[FAILED] or self.years.get(FAILED))


@dataclass(frozen=True)
class Reports:
    """What there is of Panopto's usage reports: those held, dates reckoned, what waits and what failed."""

    held: tuple[str, ...]  # the newest of each kind, and its period
    dates: tuple[str, ...]  # report dates with numbers
    waiting: tuple[str, ...]  # files in the inbox, reports the site still owes
    refused: tuple[str, ...]  # files, since when they lie there

    @property
    def is_empty(self) -> bool:
        """Whether nobody has used them yet."""
        return not (self.held or self.waiting or self.refused)

    def as_json(self) -> dict[str, Any]:
        """The same as lists."""
        return {name: list(value) for name, value in vars(self).items()}


def reports_status(settings: Settings) -> Reports:
    """The state of the usage reports of a home."""
    lake, inbox = Lake(settings.lake), Inbox(settings.home)
    newest = {report.kind: report for report in reports_held(lake)}
    root = lake.root / RETENTION_SCENARIOS.name
    owed = [f"{kind.title} (the site is making it)" for kind in ASKED if is_owed(lake, kind)]
    refused = sorted(path.name for path in inbox.refused.glob("*") if not path.name.endswith(REASON))
    return Reports(
        tuple(report.told() for report in newest.values()),
        tuple(sorted(path.stem for path in root.glob("*.parquet"))),
        (*(path.name for path in inbox.files()), *owed),
        tuple(refused),
    )


def status_of(settings: Settings, account: Account) -> Status:
    """The state of each day of an account."""
    lake = Lake(settings.lake)
    first, last = settings.brightcove.start_date, last_closed(account, now())
    failed = set(lake.failed_days(DAILY_ANALYTICS, account.id))
    young = {PROVISIONAL, IMPORTED}
    state = {day: PROVISIONAL if was in young else COMPLETE for day, was in readings(lake, account)}
    days = _by_state(days_between(first, last), state, failed)
    reasons = _reasons(lake, DAILY_ANALYTICS, account.id, days[FAILED])
    return Status("account", account.key, account.id, account.timezone, first, last, days, reasons)


def course_status(settings: Settings, course: Course) -> Status:
    """The state of each day of a course, and of the years before them; trailing days are provisional."""
    lake = Lake(settings.lake)
    sessions = plan.sessions_of(lake, course.id)
    horizon = plan.horizon(sessions, settings.panopto, now())
    since = plan.daily_since(settings.panopto, now())
    recent = set(plan.trailing(settings.panopto, now())) | imported.days(lake, course.id)
    held = lake.days(VIEWING_ACTIVITY, course.id)
    state = {day: PROVISIONAL if day in recent else COMPLETE for day in held}
    failed = set(lake.failed_days(VIEWING_ACTIVITY, course.id))
    days = _by_state(
        horizon.days(since) if sessions else plan.trailing(settings.panopto, now()), state, failed
    )
    years = _years(
        lake, course.id, [y for y in plan.history_years(settings.panopto, now()) if y >= horizon.first.year]
    )
    reasons = _reasons(lake, VIEWING_ACTIVITY, course.id, days[FAILED]) | {
        str(year): lake.failure(VIEWING_HISTORY, plan.year_key(course.id, year)) or ""
        for year in years[FAILED]
    }
    name = sessions[0]["course_name"] if sessions else course.name or course.id
    first = max(horizon.first, since)
    notes = _notes(lake, course.id, sessions)
    return Status("course", name, course.id, "UTC", first, horizon.last, days, reasons, years, notes)


def _by_state(
    horizon: Collection[date], state: Mapping[date, str], failed: Collection[date]
) -> dict[str, list[date]]:
    said = dict(state) | dict.fromkeys(failed, FAILED)
    return {name: [day for day in horizon if said.get(day, MISSING) == name] for name in STATES}


def _reasons(lake: Lake, table: Table, owner: str, failed: Collection[date]) -> dict[str, str]:
    return {day.isoformat(): lake.failure(table, day_key(owner, day)) or "" for day in failed}


def _years(lake: Lake, course_id: str, years: Collection[int]) -> dict[str, list[int]]:
    failed = {
        year for year in years if lake.failure(VIEWING_HISTORY, plan.year_key(course_id, year)) is not None
    }
    held = {year for year in years if plan.is_held(lake, course_id, year)}
    return {
        COMPLETE: sorted(held),
        MISSING: [year for year in years if year not in held | failed],
        FAILED: sorted(failed),
    }


def _notes(lake: Lake, course_id: str, sessions: Collection[Mapping[str, Any]]) -> tuple[str, ...]:
    """What is complete but lacks what may not be seen."""
    if not sessions:
        return ("not listed yet",)
    facts = lake.facts(SESSIONS, course_id) or {}
    notes = [f"denied folder: {path}" for path in facts.get("denied_folders", ())]
    denied = sum(row["denied_on"] is not None and row["left_on"] is None for row in sessions)
    return (*notes, *([f"{denied} sessions whose usage may not be read"] if denied else []))
