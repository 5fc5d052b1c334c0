"""The years of a course that lie before its days: read once, or put together from days that have aged."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa

from video_analytics.days import ONE_DAY, days_between
from video_analytics.errors import VideoAnalyticsError
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import activity, imported, plan
from video_analytics.panopto.activity import Asked
from video_analytics.panopto.asking import Span
from video_analytics.panopto.course import Course, Outcome, check
from video_analytics.panopto.soap import Soap
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY


def collect_years(
    soap: Soap, lake: Lake, course_id: str, years: Sequence[int], *, again: bool
) -> Iterator[Outcome]:
    """Bring years before the days of a course up to date; an outcome for each.

    A year that has just left the days is put together from them, without a call. Raises as `collect_days`.
    """
    course = Course(soap, lake, course_id)
    check(course)
    before = plan.daily_since(course.settings, course.now) - ONE_DAY
    first = max(course.settings.start_date, date(min(years), 1, 1))
    made, lacking, lost = _made(course, years)
    wanted = [
        session
        for session, row in course.open.items()
        if again
        or session in lacking
        or plan.is_new(row, first)
        or (lost and row["first_record"] and row["first_record"] <= before)
    ]
    course.ask(wanted, (course.settings.start_date, before))
    fresh = activity.by_year(course.fresh())
    for year in sorted({*years, *(year for year in fresh if year <= before.year)}):
        asked = course.harvest.on(*_year(year, course.settings.start_date))
        rows = [table for table in (fresh.get(year), _unasked(made.get(year), asked)) if table is not None]
        merged = pa.concat_tables(rows) if rows else None
        facts = course.put(VIEWING_HISTORY, plan.year_key(course_id, year), merged, asked)
        yield course.outcome(year, facts, asked)
    imported.strike(lake, course_id, years)
    course.note(first, before, years=True)


def fail_years(
    lake: Lake, course_id: str, years: Iterable[int], error: VideoAnalyticsError
) -> Iterator[Outcome]:
    """Mark years as failed, where nothing of a course could be read; what they hold stays."""
    for year in years:
        lake.fail(VIEWING_HISTORY, plan.year_key(course_id, year), str(error), permanent=error.permanent)
        yield Outcome(year, error=error)


def _made(course: Course, years: Iterable[int]) -> tuple[dict[int, pa.Table], set[str], bool]:
    """Years not held yet, from their days; sessions that lack in years held; whether all must be asked."""
    made: dict[int, pa.Table] = {}
    lacking: set[str] = set()
    lost = not imported.years(course.lake, course.id).isdisjoint(years)
    for year in years:
        facts = course.lake.facts(VIEWING_HISTORY, plan.year_key(course.id, year))
        if facts is None:
            made[year], whole = _from_days(course, year)
            lost |= not whole
        elif not plan.is_held(course.lake, course.id, year):
            lacking |= set(facts["lacking"])
            lost |= not facts["lacking"]
    return made, lacking, lost


def _from_days(course: Course, year: int) -> tuple[pa.Table, bool]:
    """A year's rows as its days hold them, and whether these are all there and whole."""
    first, last = _year(year, plan.horizon(course.sessions, course.settings, course.now).first)
    wanted = set(days_between(first, last)) if first <= last else set()
    held = set(course.lake.days(VIEWING_ACTIVITY, course.id))
    failed = set(course.lake.failed_days(VIEWING_ACTIVITY, course.id))
    tables = [course.lake.read(VIEWING_ACTIVITY, day_key(course.id, day)) for day in sorted(wanted & held)]
    rows = [VIEWING_HISTORY.schema.empty_table(), *(table for table in tables if table is not None)]
    read = held - failed - imported.days(course.lake, course.id)
    return pa.concat_tables(rows), bool(wanted) and wanted <= read


def _unasked(rows: pa.Table | None, asked: Asked) -> pa.Table | None:
    return rows if rows is None else activity.without(rows, asked.sessions)


def _year(year: int, first: date) -> Span:
    return max(first, date(year, 1, 1)), date(year, 12, 31)
