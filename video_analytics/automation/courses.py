"""What happens by itself: a night for every course, and a new folder in `courses.csv` from listing to files.

The schedules ask for what lies in the courses and, half an hour later, for the days that are due. The sensor
looks at `courses.csv` and the lake, and asks for the next step of each course that lacks one: a listing, its
history, its coverage and files. What was asked once is not asked again before something it depends on has
changed, or the next day has come.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import dagster as dg

from video_analytics import partitions
from video_analytics.automation.asking import Ask, Job, schedule, sensor_status, to_heal
from video_analytics.clock import now
from video_analytics.days import days_between, spans
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import collect, measures, plan
from video_analytics.panopto.assets import key
from video_analytics.panopto.tables import CHUNKED_COVERAGE, SESSIONS, VIEWING_ACTIVITY
from video_analytics.patience import is_over
from video_analytics.ranges import Range, blocks, day_ranges
from video_analytics.settings import Settings, read_courses

EVERY_SECONDS = 60
_Ask = Callable[[Sequence[str], Sequence[str]], Iterator[dg.RunRequest]]
_DERIVED = ("chunked_coverage", "course_files")


def courses_automation(
    settings: Settings,
) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The sensors and schedules of a home; they run by themselves where Panopto is set up."""
    lists = dg.define_asset_job("panopto_listing", [key("course_sessions")])
    days = dg.define_asset_job("panopto_days", [key("viewing_activity")])
    years = dg.define_asset_job("panopto_years", [key("viewing_history")])
    derived = dg.define_asset_job("panopto_coverage", [key(name) for name in _DERIVED])
    joined = dg.define_asset_job("panopto_tableau", [key("tableau_files")])
    on = settings.panopto.configured

    @dg.sensor(
        name="panopto_courses",
        jobs=[lists, days, years, derived, joined],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=sensor_status(on=on),
    )
    def panopto_courses(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """The next step of each course of `courses.csv` that lacks one; none is fetched twice."""
        courses = [course.id for course in read_courses(settings.home)]
        held = set(context.instance.get_dynamic_partitions(str(partitions.COURSES.name)))
        new = [course_id for course_id in courses if course_id not in held]
        requests = [step for course_id in courses if (step := next_step(settings, course_id))]
        return dg.SensorResult(
            run_requests=[*requests, *_tableau(settings, courses)],
            dynamic_partitions_requests=[partitions.COURSES.build_add_request(new)] if new else [],
        )

    return [panopto_courses], _nights(settings, lists, days)


def _nights(settings: Settings, lists: Job, days: Job) -> list[dg.ScheduleDefinition]:
    """What lies in every course, then its days that are due. The pool lets one run follow the other."""

    def listings(courses: Sequence[str], order: Sequence[str]) -> Iterator[dg.RunRequest]:
        for span in blocks(courses, order):
            yield _request("panopto_listing", span, f"listing {now().date()} {span.first}")

    def due_days(courses: Sequence[str], order: Sequence[str]) -> Iterator[dg.RunRequest]:
        for span in day_ranges({course_id: _due(settings, course_id) for course_id in courses}, order):
            run_key = f"night {now().date()} {span.first} {span.last}"
            yield _request("panopto_days", span, run_key, "viewing_activity")

    at, zone = settings.automation, settings.automation.panopto_timezone
    return [
        schedule(
            settings,
            "panopto_nightly_listing",
            lists,
            at.panopto_listing_cron,
            zone,
            _of_all(settings, listings),
            on=settings.panopto.configured,
        ),
        schedule(
            settings,
            "panopto_nightly",
            days,
            at.panopto_cron,
            zone,
            _of_all(settings, due_days),
            on=settings.panopto.configured,
        ),
    ]


def _of_all(settings: Settings, ask: _Ask) -> Ask:
    """Asks for all listed courses that have partitions, in the order of these."""

    def asked(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        order = context.instance.get_dynamic_partitions(str(partitions.COURSES.name))
        yield from ask([course.id for course in read_courses(settings.home) if course.id in order], order)

    return asked


def next_step(settings: Settings, course_id: str) -> dg.RunRequest | None:
    """What a course lacks first: its listing, days, years, coverage; None where it lacks nothing.

    Days that are only due for another reading are the schedule's matter.
    """
    return next(_lacking(settings, course_id), None)


def _lacking(settings: Settings, course_id: str) -> Iterator[dg.RunRequest]:
    """All that a course lacks, the first step first; each is looked for when the ones before lack nothing."""
    lake, today, hour = Lake(settings.lake), now().date(), f"{now():%F %H}"
    if not lake.path(SESSIONS, course_id).exists():
        yield _listing(course_id, f"listing {today} {course_id}")
    if to_heal(settings, "panopto/course_sessions", [course_id]):
        yield _listing(course_id, f"listing {hour} {course_id}")
    days = _due(settings, course_id)
    if _is_unfilled(lake, settings, course_id, days):
        yield _days(course_id, *spans(days)[0], f"fill {today}")
    if failed := _failed_days(lake, settings, course_id):
        yield _days(course_id, failed[0], failed[-1], f"gaps {hour}")
    years = plan.due_years(lake, course_id, settings.panopto, now())
    if years:
        span = Range(f"{course_id}|{years[0]}", f"{course_id}|{years[-1]}", len(years))
        yield _request("panopto_years", span, f"years {today} {span.first} {span.last}", "viewing_history")
    inputs = measures.inputs_of(lake, course_id, measures.rules_of(settings.panopto))
    if (lake.facts(CHUNKED_COVERAGE, course_id) or {}).get("inputs") != inputs:
        run_key = f"coverage {course_id} {inputs}"
        yield dg.RunRequest(job_name="panopto_coverage", partition_key=course_id, run_key=run_key)


def _due(settings: Settings, course_id: str) -> list[date]:
    return collect.due_days(Lake(settings.lake), course_id, settings.panopto)


def _days(course_id: str, first: date, last: date, why: str) -> dg.RunRequest:
    span = Range(f"{course_id}|{first}", f"{course_id}|{last}", (last - first).days + 1)
    return _request("panopto_days", span, f"{why} {span.first} {span.last}", "viewing_activity")


def _listing(course_id: str, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(job_name="panopto_listing", partition_key=course_id, run_key=run_key)


def _failed_days(lake: Lake, settings: Settings, course_id: str) -> list[date]:
    """The first span of days whose last reading failed and whose wait is over."""
    reach = now().date() - timedelta(days=settings.automation.heal_days)
    over = [
        day
        for day in lake.failed_days(VIEWING_ACTIVITY, course_id)
        if day >= reach
        and (failure := lake.failed(VIEWING_ACTIVITY, day_key(course_id, day)))
        and is_over(failure, settings.automation.heal_minutes, now())
    ]
    return days_between(*spans(over)[0]) if over else []


def _is_unfilled(lake: Lake, settings: Settings, course_id: str, days: Sequence[date]) -> bool:
    """Whether a course has no days yet, or a session without its history."""
    if next(lake.days(VIEWING_ACTIVITY, course_id), None) is None:
        return bool(days)
    first = plan.horizon(plan.sessions_of(lake, course_id), settings.panopto, now()).first
    since = max(first, plan.daily_since(settings.panopto, now()))
    return any(plan.is_new(session, since) for session in plan.present(plan.sessions_of(lake, course_id)))


def _tableau(settings: Settings, courses: Sequence[str]) -> Iterator[dg.RunRequest]:
    """The joined files, when the coverage of some listed course has changed since they were asked for."""
    lake = Lake(settings.lake)
    facts = {course_id: lake.facts(CHUNKED_COVERAGE, course_id) for course_id in courses}
    digests = [f"{course_id} {held['inputs']}" for course_id, held in facts.items() if held]
    if digests:
        said = hashlib.sha256("\n".join(digests).encode()).hexdigest()
        yield dg.RunRequest(job_name="panopto_tableau", run_key=f"tableau {said}")


def _request(job: str, span: Range, run_key: str, reading: str | None = None) -> dg.RunRequest:
    """A run over a range of partitions; a `reading` asks only for what can have news."""
    ops = {key(reading).to_python_identifier(): {"config": {"again": False}}} if reading else {}
    return dg.RunRequest(
        job_name=job, run_key=run_key, tags=span.tags(), run_config={"ops": ops} if ops else {}
    )
