"""Which days and years of a course are to be read: arithmetic over what the lake holds.

Days are UTC. The recent years lie in the lake day by day, the years before them year by year, so that the
partitions stay few enough to be looked at: fifty courses since 2010 are 36,500 days and 700 years.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from video_analytics.days import ONE_DAY, days_between
from video_analytics.lake import Lake
from video_analytics.panopto import imported
from video_analytics.panopto.tables import SESSIONS, VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Panopto

Session = Mapping[str, Any]  # a row of the table SESSIONS


@dataclass(frozen=True)
class Horizon:
    """The days a course is read for: from its first one to the last that is over."""

    first: date
    last: date

    def days(self, since: date) -> list[date]:
        """Its days from `since` on."""
        return days_between(max(self.first, since), self.last)


def last_closed(now: datetime) -> date:
    """The last UTC day that is over."""
    return now.date() - ONE_DAY


def daily_since(settings: Panopto, now: datetime) -> date:
    """The first day that lies in the lake as a day; years before it are stored as years."""
    return max(settings.start_date, date(now.year - settings.daily_years + 1, 1, 1))


def history_years(settings: Panopto, now: datetime) -> list[int]:
    """The years that are stored as years."""
    return list(range(settings.start_date.year, daily_since(settings, now).year))


def present(sessions: Iterable[Session]) -> list[Session]:
    """The sessions that are in the course now."""
    return [session for session in sessions if session["left_on"] is None]


def sessions_of(lake: Lake, course_id: str) -> list[dict[str, Any]]:
    """Every session ever seen in a course; none if it was never listed."""
    table = lake.read(SESSIONS, course_id)
    return table.to_pylist() if table is not None else []


def horizon(sessions: Iterable[Session], settings: Panopto, now: datetime) -> Horizon:
    """From the day before the earliest session or record to the last day that is over.

    A session's start is a wall clock of doubtful zone, hence the day before.
    """
    last = last_closed(now)
    known = [day for session in sessions for day in (_started(session), session["first_record"]) if day]
    return Horizon(max(settings.start_date, min([*known, last])), last)


def trailing(settings: Panopto, now: datetime) -> list[date]:
    """The last days that are over, which every night reads again, oldest first."""
    last = last_closed(now)
    return [last - timedelta(days=back) for back in reversed(range(settings.trailing_days))]


def due_days(lake: Lake, course_id: str, settings: Panopto, now: datetime, *, sweep: bool) -> list[date]:
    """The days of a course to read now.

    Those not held or not whole, the trailing ones, those that were last read when they were too young, those
    that were only imported, and all of them while a session lacks its history. A sweep looks further back
    than the trailing days.
    """
    sessions = sessions_of(lake, course_id)
    days = horizon(sessions, settings, now).days(daily_since(settings, now))
    if not days or any(is_new(session, days[0]) for session in present(sessions)):
        return days
    there = set(lake.days(VIEWING_ACTIVITY, course_id))
    held = there - set(lake.failed_days(VIEWING_ACTIVITY, course_id)) - unsettled(there, days, settings)
    held -= imported.days(lake, course_id)
    back = settings.trailing_days + (settings.sweep_days if sweep else 0)
    again = days[-1] - timedelta(days=back)
    return [day for day in days if day not in held or day > again]


def unsettled(held: AbstractSet[date], days: Iterable[date], settings: Panopto) -> set[date]:
    """Held days whose last records may have come after their last reading: of the nights due, some fell out.

    `days` are those of the course; one that is not held tells of such a night.
    """
    missing = [day for day in days if day not in held]
    backs = [timedelta(days=back) for back in range(1, settings.trailing_days)]
    return {day - back for day in missing for back in backs} & held


def due_years(lake: Lake, course_id: str, settings: Panopto, now: datetime) -> list[int]:
    """The years before the days that are not held yet, only by an import, or lack a session's history."""
    sessions = sessions_of(lake, course_id)
    first = horizon(sessions, settings, now).first
    years = [year for year in history_years(settings, now) if year >= first.year]
    if not years:
        return []
    since = max(settings.start_date, date(years[0], 1, 1))
    if any(is_new(session, since) for session in present(sessions)):
        return years
    again = imported.years(lake, course_id)
    return [year for year in years if year in again or not is_held(lake, course_id, year)]


def is_held(lake: Lake, course_id: str, year: int) -> bool:
    """Whether a year is in the lake and whole."""
    key = year_key(course_id, year)
    return lake.path(VIEWING_HISTORY, key).exists() and lake.failure(VIEWING_HISTORY, key) is None


def year_key(course_id: str, year: int) -> str:
    """The key of a course's year."""
    return f"{course_id}/{year}"


def is_new(session: Session, first: date) -> bool:
    """Whether its records are not held from `first` on, though they may be read."""
    if session["denied_on"] is not None:
        return False
    return session["history_from"] is None or session["history_from"] > first


def _started(session: Session) -> date | None:
    text = session["start_time"] or ""
    try:
        return date.fromisoformat(text[:10]) - ONE_DAY
    except (ValueError, OverflowError):
        return None
