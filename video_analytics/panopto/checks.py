"""Panopto's asset checks: which promise hangs on which asset. What they mean is in the modules on quality."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

import dagster as dg

from video_analytics import checks
from video_analytics.clock import now
from video_analytics.panopto import course_quality, quality
from video_analytics.panopto.resources import Road
from video_analytics.quality import Finding

PROMISES = {  # of an asset, by the last part of its key
    "viewing_activity": quality.DAY_CHECKS,
    "viewing_history": quality.YEAR_CHECKS,
    "course_sessions": course_quality.SESSION_CHECKS,
    "chunked_coverage": course_quality.COVERAGE_CHECKS,
}


def specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of an asset; some have none."""
    return checks.specs(asset, PROMISES.get(asset.path[-1], {}))


def results(
    context: dg.AssetExecutionContext, road: Road, read: Mapping[str, Collection[str]]
) -> checks.Results:
    """What a run answers for that read these days or years of some courses, or worked on all of each."""
    name = context.asset_key.path[-1]
    if name not in PROMISES:
        return
    found = (finding for course_id, parts in read.items() for finding in _judge(name, road, course_id, parts))
    yield from checks.results(context, PROMISES[name], found)


def _judge(name: str, road: Road, course_id: str, parts: Iterable[str]) -> list[Finding]:
    settings = road.settings.panopto
    if name == "viewing_activity":
        days = [date.fromisoformat(part) for part in parts]
        return quality.judge_days(road.lake, course_id, settings, now(), days)
    if name == "viewing_history":
        return quality.judge_years(road.lake, course_id, [int(part) for part in parts])
    if name == "course_sessions":
        return course_quality.judge_sessions(road.lake, course_id, now())
    return course_quality.judge_coverage(road.lake, course_id, settings, now(), recount=True)
