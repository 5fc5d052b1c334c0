"""From Panopto's SOAP door into the lake: the viewing records of a course, by day and by year.

A session that cannot be read does not hold up the others: what is held of it stays, and the partitions it
belongs to are marked as not whole, with its name. One that may not be read is noted and passed by.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from video_analytics.clock import now
from video_analytics.days import ONE_DAY, days_between, spans
from video_analytics.errors import Incomplete, Refused, VideoAnalyticsError
from video_analytics.lake import Lake, Table, day_key
from video_analytics.panopto import activity, feed, plan
from video_analytics.panopto.activity import Asked, Identities
from video_analytics.panopto.asking import Harvest, Span, ask
from video_analytics.panopto.catalogue import DENIED
from video_analytics.panopto.listing import keep_sessions
from video_analytics.panopto.soap import Soap
from video_analytics.panopto.tables import FOLDERS, SESSIONS, VIEWING_ACTIVITY, VIEWING_HISTORY

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


def collect_days(
    soap: Soap, lake: Lake, course_id: str, days: Sequence[date], *, again: bool
) -> Iterator[Outcome]:
    """Bring days of a course up to date; an outcome for each.

    `again` asks every session for every one of the days. Without it only what can have news is asked: the
    trailing days, by the change feed where it is trusted; days not held or not whole; all days of sessions
    that are new in the course.

    Raises:
        Unauthorized, SettingsError, LakeError: nothing of the course can be read or stored.
    """
    course = Course(soap, lake, course_id)
    last = plan.last_closed(course.now)
    for day in (day for day in days if day > last):
        error = Refused(f"Panopto course {course_id} {day}: the day is not over in UTC; ask for it tomorrow")
        yield Outcome(day, error=error)
    closed = sorted(day for day in days if day <= last)
    if not closed:
        return
    _check(course)
    new = course.new_since(closed[0])
    course.ask(new, (course.settings.start_date, closed[-1]))
    old = [session for session in course.open if session not in set(new)]
    if again:
        _ask_spans(course, old, closed)
    else:
        _ask_for_news(course, old, closed)
    held, failed = (
        set(lake.days(VIEWING_ACTIVITY, course_id)),
        set(lake.failed_days(VIEWING_ACTIVITY, course_id)),
    )
    fresh = activity.by_day(course.fresh())
    for day in closed:
        asked, key = course.harvest.on(day, day), day_key(course_id, day)
        facts = lake.facts(VIEWING_ACTIVITY, key) if day in held - failed else None
        if facts is None or asked.sessions or asked.lacking:
            facts = course.put(VIEWING_ACTIVITY, key, fresh.get(day), asked)
        else:
            facts = {"rows": facts["rows"], "changed": 0}
        yield course.outcome(day, facts, asked)
    unbroken = len(spans(closed)) == 1 and closed[-1] >= max(held, default=closed[-1])
    course.note(closed[0], closed[-1], whole=unbroken)


def collect_years(
    soap: Soap, lake: Lake, course_id: str, years: Sequence[int], *, again: bool
) -> Iterator[Outcome]:
    """Bring years before the days of a course up to date; an outcome for each.

    A year that has just left the days is put together from them, without a call. Raises as `collect_days`.
    """
    course = Course(soap, lake, course_id)
    _check(course)
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
    course.note(first, before, years=True)


def fail_days(
    lake: Lake, course_id: str, days: Iterable[date], error: VideoAnalyticsError
) -> Iterator[Outcome]:
    """Mark days as failed, where nothing of a course could be read; what they hold stays."""
    for day in days:
        lake.fail(VIEWING_ACTIVITY, day_key(course_id, day), str(error))
        yield Outcome(day, error=error)


def fail_years(
    lake: Lake, course_id: str, years: Iterable[int], error: VideoAnalyticsError
) -> Iterator[Outcome]:
    """Mark years as failed, where nothing of a course could be read; what they hold stays."""
    for year in years:
        lake.fail(VIEWING_HISTORY, plan.year_key(course_id, year), str(error))
        yield Outcome(year, error=error)


def _check(course: Course) -> None:
    activity.settle(course.lake, course.identities)
    if not course.lake.path(SESSIONS, course.id).exists():
        raise Refused(
            f"Panopto course {course.id}: expected a list of its sessions in the lake, found none; "
            "materialize panopto/course_sessions first"
        )


def _ask_spans(course: Course, sessions: Sequence[str], days: Sequence[date]) -> None:
    for span in spans(days):
        course.ask(sessions, span)


def _ask_for_news(course: Course, old: Sequence[str], days: Sequence[date]) -> None:
    """Ask the sessions that have been here before for what they can have new in `days`."""
    settings, last = course.settings, plan.last_closed(course.now)
    recent = [day for day in plan.trailing(settings, course.now) if day in set(days)]
    trusted = settings.change_feed and feed.is_trusted(course.lake, course.id)
    if trusted and not feed.is_sweep_due(course.lake, course.id, last, settings.sweep_days):
        full = set(_gaps(course, set(days) - set(recent), days))
        _ask_spans(course, old, sorted(full))
        if recent:
            _follow_feed(course, old, recent)
    else:
        back = settings.trailing_days + settings.sweep_days
        swept = {day for day in days if (last - day).days < back}
        _sweep(course, old, sorted(swept | set(_gaps(course, set(days) - swept, days))), recent)
    _mend(course, old, set(days))


def _gaps(course: Course, days: set[date], due: Sequence[date]) -> Iterator[date]:
    """Those of the days for which everybody must be asked.

    They are not held, failed without a partial reading, or were last read when they were too young.
    """
    held = set(course.lake.days(VIEWING_ACTIVITY, course.id))
    unsettled = plan.unsettled(held, due, course.settings)
    failed = set(course.lake.failed_days(VIEWING_ACTIVITY, course.id))
    for day in days:
        facts = course.lake.facts(VIEWING_ACTIVITY, day_key(course.id, day)) if day in held & failed else None
        partial = day in failed and (facts or {}).get("lacking")
        if day not in held or day in unsettled or (day in failed and not partial):
            yield day


def _mend(course: Course, old: Sequence[str], days: set[date]) -> None:
    """Ask the sessions that lacked in an earlier reading for just the days that lack them."""
    lacking: dict[str, list[date]] = defaultdict(list)
    for day in course.lake.failed_days(VIEWING_ACTIVITY, course.id):
        facts = course.lake.facts(VIEWING_ACTIVITY, day_key(course.id, day)) if day in days else None
        for session in (facts or {}).get("lacking", ()):
            lacking[session].append(day)
    for session in sorted(lacking.keys() & set(old)):
        for span in spans(day for day in lacking[session] if not course.harvest.has_asked(session, day)):
            course.ask([session], span)


def _sweep(course: Course, old: Sequence[str], days: Sequence[date], recent: Sequence[date]) -> None:
    """Ask everybody, and see whether the change feed would have told the same."""
    told = _told(course, recent) if course.settings.change_feed and recent else None
    _ask_spans(course, old, days)
    if not told or len(recent) != course.settings.trailing_days:
        return
    last, before = plan.last_closed(course.now), feed.state(course.lake, course.id)
    young = any(record.time > course.now - ONE_DAY for record in course.harvest.records)
    proved = young or (before is not None and before.verdict == feed.AGREES)
    verdict = told.verdict(_held_now(course, recent), proved=proved)
    if set(_looked_back(course, last)) <= set(days):
        feed.remember(course.lake, course.id, last, verdict)
    elif before:
        feed.remember(course.lake, course.id, before.swept_on, verdict)


def _looked_back(course: Course, last: date) -> list[date]:
    """The days a sweep reads."""
    settings = course.settings
    back = last - (settings.trailing_days + settings.sweep_days - 1) * ONE_DAY
    since = max(back, plan.daily_since(settings, course.now))
    return plan.horizon(course.sessions, settings, course.now).days(since)


def _follow_feed(course: Course, old: Sequence[str], days: Sequence[date]) -> None:
    """Ask sessions folder by folder until what is held agrees with what the folder tells.

    One at a time: the vendor's hundred calls a minute allow little more, and each may be the last needed.
    """
    told, span = _told(course, days), (days[0], days[-1])
    if told.refused:
        _ask_spans(course, old, days)
        feed.distrust(course.lake, course.id)
        return
    held = _held_now(course, days)
    for folder, members in reversed(list(told.sessions_of.items())):
        waiting = [session for session in members if session in old]
        while waiting and not told.agrees(folder, held):
            course.ask([waiting.pop(0)], span)
            held = _held_now(course, days)
        if not told.agrees(folder, held):
            feed.distrust(course.lake, course.id)


def _told(course: Course, days: Sequence[date]) -> feed.Told:
    parents = {row["folder_id"]: row["parent_id"] for row in course.folders}
    return feed.ask(course.soap, list(course.open.values()), parents, days)


def _held_now(course: Course, days: Sequence[date]) -> dict[tuple[str, date], float]:
    """Minutes by session and day: as asked in this run, else as the lake holds them."""
    held = activity.minutes_by_day(course.lake, course.id, days)
    asked = course.harvest.on(days[0], days[-1]).sessions
    kept = {key: value for key, value in held.items() if key[0] not in asked}
    got = activity.minutes(activity.rows(course.id, course.harvest.of(asked), course.identities))
    return kept | {key: value for key, value in got.items() if days[0] <= key[1] <= days[-1]}


def _made(course: Course, years: Iterable[int]) -> tuple[dict[int, pa.Table], set[str], bool]:
    """Years not held yet, from their days; sessions that lack in years held; whether all must be asked."""
    made: dict[int, pa.Table] = {}
    lacking: set[str] = set()
    lost = False
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
    return pa.concat_tables(rows), bool(wanted) and wanted <= held - failed


def _unasked(rows: pa.Table | None, asked: Asked) -> pa.Table | None:
    return rows if rows is None else activity.without(rows, asked.sessions)


def _year(year: int, first: date) -> Span:
    return max(first, date(year, 1, 1)), date(year, 12, 31)
