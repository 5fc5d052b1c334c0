"""Panopto's assets: which step feeds which table or file, partition by partition.

A step is a few lines over the modules that do the work. How a page is fetched or a file written is not
here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from inspect import cleandoc
from typing import Any

import dagster as dg

from video_analytics import partitions
from video_analytics.checks import Checked, checked
from video_analytics.clock import now
from video_analytics.errors import VideoAnalyticsError
from video_analytics.panopto import checks, exports, measures
from video_analytics.panopto.collect import collect_days, fail_days
from video_analytics.panopto.course import Outcome
from video_analytics.panopto.listing import list_course
from video_analytics.panopto.resources import Road
from video_analytics.panopto.tables import SESSIONS
from video_analytics.panopto.years import collect_years, fail_years
from video_analytics.partitions import Facts
from video_analytics.settings import Settings, read_courses

GROUP, POOL = "panopto", "panopto"
FILES_POOL = "panopto_files"  # one writer of what lies over all courses
MONTH_RUNS = 31  # partitions of one backfill run: a failed run repeats a month of a course at most

Result = dg.MaterializeResult[None]
Deps = Iterable[dg.AssetDep | dg.AssetKey]


class Reading(dg.Config):
    """How thoroughly to read: every session of every day asked for, or only what can have news."""

    again: bool = True


def panopto_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """All assets of Panopto, partitioned by the courses of `courses.csv`."""
    by_course = dg.MultiToSingleDimensionPartitionMapping(partitions.COURSE)
    records = [
        dg.AssetDep(key(name), partition_mapping=by_course)
        for name in ("viewing_activity", "viewing_history")
    ]
    whole = [dg.AssetDep(key("course_files"), partition_mapping=dg.AllPartitionMapping())]
    at_once = settings.panopto.parallel_courses
    months, whole_run = dg.BackfillPolicy.multi_run(MONTH_RUNS), dg.BackfillPolicy.single_run()
    listed = [dg.AssetDep(key("course_sessions"), partition_mapping=by_course)]
    return [
        course_asset(course_sessions, kinds={"parquet"}, pool=POOL, at_once=at_once),
        records_asset(viewing_activity, partitions.course_days(settings), months, listed),
        records_asset(viewing_history, partitions.course_years(settings), whole_run, listed),
        course_asset(chunked_coverage, deps=[key("course_sessions"), *records], kinds={"parquet", "duckdb"}),
        course_asset(course_files, deps=[key("chunked_coverage")], kinds={"csv"}),
        tableau_files_asset(whole),
    ]


def course_sessions(road: Road, course_id: str) -> Facts:
    """The folders below a course and their sessions: names, places, durations, and since when."""
    return list_course(road.rest, road.lake, course_id, now().date())


def chunked_coverage(road: Road, course_id: str) -> Facts:
    """What each viewer covered of each session, exactly: by chunk and day, over all days, and in all.

    The facts count every record that is not simply used: outside of the video, negative, without length,
    clipped, of an unknown session, without a known duration.
    """
    return measures.cover(road.lake, course_id, measures.rules_of(road.settings.panopto))


def course_files(road: Road, course_id: str) -> Facts:
    """`database/` and `output[CHUNKED]/` of a course: sessions, viewing records, chunks, as CSV."""
    written = exports.write_database_files(road.lake, road.exports, course_id)
    return _files(written | exports.write_output_files(road.lake, road.exports, course_id))


def course_asset(
    step: Callable[[Road, str], Facts],
    *,
    kinds: set[str],
    deps: Deps = (),
    pool: str | None = None,
    at_once: int = 1,
) -> dg.AssetsDefinition:
    """An asset with one partition for each course, named and described as its step."""

    @dg.asset(
        key=key(step.__name__),
        description=cleandoc(step.__doc__ or ""),
        partitions_def=partitions.COURSES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=deps,
        check_specs=checks.specs(key(step.__name__)),
        group_name=GROUP,
        kinds=kinds,
        pool=pool,
    )
    def asset(context: dg.AssetExecutionContext, panopto: dg.ResourceParam[Road]) -> Checked:
        def work(course_id: str) -> Facts:
            with panopto.alone(course_id):
                return {**step(panopto, course_id), "course": _name(panopto, course_id)}

        yield from checked(
            lambda: partitions.work_through(context, panopto.watch, work, at_once),
            checks.results(context, panopto, dict.fromkeys(context.partition_keys, ())),
        )

    return asset


def viewing_activity(road: Road, course_id: str, parts: Sequence[str], *, again: bool) -> Iterator[Outcome]:
    """Every stretch of play in a course on a UTC day, as many as the vendor counts."""
    days = [date.fromisoformat(part) for part in parts]
    try:
        yield from collect_days(road.soap, road.lake, course_id, days, again=again)
    except VideoAnalyticsError as error:
        yield from fail_days(road.lake, course_id, days, error)


def viewing_history(road: Road, course_id: str, parts: Sequence[str], *, again: bool) -> Iterator[Outcome]:
    """The same for the years before the daily partitions, a year in one."""
    years = [int(part) for part in parts]
    try:
        yield from collect_years(road.soap, road.lake, course_id, years, again=again)
    except VideoAnalyticsError as error:
        yield from fail_years(road.lake, course_id, years, error)


def records_asset(
    step: Callable[..., Iterator[Outcome]],
    partitions_def: dg.MultiPartitionsDefinition,
    policy: dg.BackfillPolicy,
    deps: Deps,
) -> dg.AssetsDefinition:
    """An asset with one partition for each course and day or year, named and described as its step."""

    @dg.asset(
        key=key(step.__name__),
        description=step.__doc__,
        partitions_def=partitions_def,
        backfill_policy=policy,
        output_required=False,  # each partition is recorded when it is in the lake, and none in advance
        check_specs=checks.specs(key(step.__name__)),
        deps=deps,
        group_name=GROUP,
        kinds={"parquet"},
        pool=POOL,
    )
    def asset(context: dg.AssetExecutionContext, config: Reading, panopto: dg.ResourceParam[Road]) -> Checked:
        def read(course_id: str, parts: Sequence[str]) -> Iterator[Outcome]:
            return step(panopto, course_id, parts, again=config.again)

        yield from _work_by_course(context, panopto, read)

    return asset


def tableau_files_asset(deps: Deps) -> dg.AssetsDefinition:
    """The unpartitioned asset that Tableau opens."""

    @dg.asset(
        key=key("tableau_files"), deps=deps, group_name=GROUP, kinds={"csv", "tableau"}, pool=FILES_POOL
    )
    def tableau_files(panopto: dg.ResourceParam[Road]) -> Result:
        """`output[CHUNKED]/tableau/`: the chunks and sessions of all courses of `courses.csv`."""
        from video_analytics.pages import pictures  # noqa: PLC0415 - charts take half a second to import

        courses = [course.id for course in read_courses(panopto.settings.home)]
        facts = _files(exports.write_tableau_files(panopto.lake, panopto.exports, courses))
        panopto.watch.done("tableau_files", "all", facts)
        most = pictures.most_viewed(panopto.lake, courses, panopto.settings.pages.min_viewers)
        return dg.MaterializeResult(
            metadata=partitions.shown(facts | {"courses": len(courses), "most_viewed": most})
        )

    return tableau_files


def key(name: str) -> dg.AssetKey:
    """The key of an asset of this room."""
    return dg.AssetKey([GROUP, name])


def _work_by_course(
    context: dg.AssetExecutionContext,
    road: Road,
    read: Callable[[str, Sequence[str]], Iterator[Outcome]],
) -> Iterator[dg.AssetCheckResult]:
    """Read the partitions of a run, some courses side by side; record each as it finishes, then check."""
    wanted: dict[str, list[str]] = {}
    for partition in context.partition_keys:
        course_id, part = partitions.course_and_part(partition)
        wanted.setdefault(course_id, []).append(part)

    def all_of(course_id: str) -> list[Outcome]:
        with road.alone(course_id):
            return list(read(course_id, wanted[course_id]))

    with (
        partitions.recording(context, road.watch) as record,
        ThreadPoolExecutor(road.settings.panopto.parallel_courses) as pool,
    ):
        futures = {pool.submit(all_of, course_id): course_id for course_id in wanted}
        for future in as_completed(futures):
            for outcome in future.result():
                facts = outcome.facts | {"course": _name(road, futures[future])}
                record(partitions.course_part(futures[future], outcome.part), outcome.error or facts)
        yield from checks.results(context, road, wanted)


def _name(road: Road, course_id: str) -> str:
    """The course as people know it, for the UI, whose partitions are named by id."""
    facts = road.lake.facts(SESSIONS, course_id) or {}
    return str(facts.get("course", course_id))


def _files(written: Mapping[str, bool]) -> dict[str, Any]:
    return {"files": sorted(written), "files_changed": sum(written.values())}
