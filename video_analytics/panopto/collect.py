"""The days of a course, from Panopto's SOAP door into the lake: all that was asked for, or what has news."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from video_analytics.clock import now
from video_analytics.days import ONE_DAY, spans
from video_analytics.errors import Refused, VideoAnalyticsError
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import activity, feed, imported, plan
from video_analytics.panopto.course import Course, Outcome, check
from video_analytics.panopto.soap import Soap
from video_analytics.panopto.tables import VIEWING_ACTIVITY
from video_analytics.settings import Panopto


def due_days(lake: Lake, course_id: str, settings: Panopto) -> list[date]:
    """The days of a course to read now: `plan.due_days`, further back where a sweep is due."""
    instant = now()
    sweep = feed.is_sweep_due(lake, course_id, plan.last_closed(instant), settings.sweep_days)
    return plan.due_days(lake, course_id, settings, instant, sweep=sweep)


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
    check(course)
    new = course.new_since(closed[0])
    course.ask(new, (course.settings.start_date, closed[-1]))
    old = [session for session in course.open if session not in set(new)]
    if again:
        _ask_spans(course, old, closed)
    else:
        _ask_for_news(course, old, closed)
    held = set(lake.days(VIEWING_ACTIVITY, course_id)) - imported.days(lake, course_id)
    failed = set(lake.failed_days(VIEWING_ACTIVITY, course_id))
    fresh = activity.by_day(course.fresh())
    for day in closed:
        asked, key = course.harvest.on(day, day), day_key(course_id, day)
        facts = lake.facts(VIEWING_ACTIVITY, key) if day in held - failed else None
        if facts is None or asked.sessions or asked.lacking:
            facts = course.put(VIEWING_ACTIVITY, key, fresh.get(day), asked)
        else:
            facts = {"rows": facts["rows"], "changed": 0}
        yield course.outcome(day, facts, asked)
    imported.strike(lake, course_id, closed)
    unbroken = len(spans(closed)) == 1 and closed[-1] >= max(held, default=closed[-1])
    course.note(closed[0], closed[-1], whole=unbroken)


def fail_days(
    lake: Lake, course_id: str, days: Iterable[date], error: VideoAnalyticsError
) -> Iterator[Outcome]:
    """Mark days as failed, where nothing of a course could be read; what they hold stays."""
    for day in days:
        lake.fail(VIEWING_ACTIVITY, day_key(course_id, day), str(error), permanent=error.permanent)
        yield Outcome(day, error=error)


def _ask_spans(course: Course, sessions: Sequence[str], days: Sequence[date]) -> None:
    for span in spans(days):
        course.ask(sessions, span)


def _ask_for_news(course: Course, old: Sequence[str], days: Sequence[date]) -> None:
    """Ask the sessions that have been here before for what they can have new in `days`."""
    settings, last = course.settings, plan.last_closed(course.now)
    news = set(days) - imported.days(course.lake, course.id)
    recent = [day for day in plan.trailing(settings, course.now) if day in news]
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

    They are not held, or only by an import, failed without a partial reading, or were last read when they
    were too young.
    """
    held = set(course.lake.days(VIEWING_ACTIVITY, course.id)) - imported.days(course.lake, course.id)
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
