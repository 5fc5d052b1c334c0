"""Whether the promises about a course's records hold: its days and years, read from the lake alone.

`judge` tells of a course as it stands, its sessions and coverage (`course_quality.py`) included; `judge_days`
and `judge_years` also of what a run answers for that read some of them.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time

from video_analytics import day_files, day_quality
from video_analytics.day_files import Looked, Part
from video_analytics.days import ONE_DAY
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import plan
from video_analytics.panopto.course_quality import judge_coverage, judge_sessions
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.quality import Finding
from video_analytics.settings import Panopto

ROWS_CHECKS = {
    "files_readable": "each file opens: the recent ones, and the older ones in turn, once in 30 days",
    "counts_reconciled": "a file has as many records as were recorded with it, of every session open to us",
    "keys_unique": "no record is there twice, or lies in another course's or day's file",
    "sums_agree": "the seconds of a file's records are those recorded with it",
}
DAY_CHECKS = {
    **ROWS_CHECKS,
    "days_present": "each of the last 60 days is there, a day after its end",
    "views_within_bounds": "a day's records are within a tenth and ten times of its weekday's median",
}
YEAR_CHECKS = {f"years_{name}": promise for name, promise in ROWS_CHECKS.items()}

# Equal records are numbered from 0: each number is there once, and none is left out.
RECORD_MEASURES = """
    WITH keyed AS (
        SELECT
            * EXCLUDE (occurrence),
            count(*) AS records,
            count(DISTINCT occurrence) AS numbers,
            max(occurrence) AS highest,
            sum(seconds_viewed) AS seconds
        FROM files
        GROUP BY ALL
    )
    SELECT
        part,
        sum(records)::BIGINT AS rows,
        sum(CASE
            WHEN course_id = $course AND starts_with(date::VARCHAR, part)
            THEN greatest(records, highest + 1) - numbers
            ELSE records
        END)::BIGINT AS repeated,
        sum(seconds) AS seconds
    FROM keyed
    GROUP BY part
"""


def judge(lake: Lake, course_id: str, settings: Panopto, now: datetime) -> list[Finding]:
    """All checks of a course; of what it does not have there are none."""
    return [
        *judge_days(lake, course_id, settings, now),
        *judge_years(lake, course_id),
        *judge_sessions(lake, course_id, now),
        *judge_coverage(lake, course_id, settings, now),
    ]


def judge_days(
    lake: Lake, course_id: str, settings: Panopto, now: datetime, only: Collection[date] | None = None
) -> list[Finding]:
    """The checks of a course's days; with `only`, those that a run which read these days answers for."""
    since, closed = plan.daily_since(settings, now), plan.last_closed(now)
    held = [day for day in lake.days(VIEWING_ACTIVITY, course_id) if day >= since]
    if not held:
        return []
    over = datetime.combine(closed + ONE_DAY, time(), UTC)
    scope = day_files.scope(held, closed, over, now, only)
    looked = day_files.look_into(
        lake,
        VIEWING_ACTIVITY,
        _keys(course_id, scope.opened),
        RECORD_MEASURES,
        {"course": course_id},
        scope.spared,
    )
    older, damaged = day_files.footers(lake, VIEWING_ACTIVITY, _keys(course_id, scope.older))
    opened = len(looked.facts) + len(older)
    findings = [
        day_quality.files_readable(course_id, opened, {**looked.damaged, **damaged}),
        *_rows(course_id, looked),
    ]
    present = day_quality.days_present(course_id, scope.due, held)
    if not scope.recent:
        return [*findings, present[0]]
    settled = [day for day in scope.due if day not in {*plan.trailing(settings, now)}]
    return [*findings, *present, day_quality.within_bounds(course_id, looked, "rows", settled)]


def _keys(course_id: str, days: Iterable[date]) -> dict[date, str]:
    return {day: day_key(course_id, day) for day in days}


def judge_years(lake: Lake, course_id: str, only: Collection[int] | None = None) -> list[Finding]:
    """The checks of the years before the days: they open and are whole. With `only` these: their rows too."""
    held = sorted((lake.root / VIEWING_HISTORY.name / course_id).glob("????.parquet"))
    keys = {int(path.stem): plan.year_key(course_id, int(path.stem)) for path in held}
    if not keys:
        return []
    wanted = {year: key for year, key in keys.items() if only is None or year in only}
    looked = day_files.look_into(
        lake, VIEWING_HISTORY, wanted, RECORD_MEASURES, {"course": course_id}, wanted if only is None else ()
    )
    opened = day_quality.files_readable(course_id, len(looked.facts), looked.damaged, "years_files_readable")
    return [opened, *_rows(course_id, looked, "years_")]


def _rows(course_id: str, looked: Looked[Part], prefix: str = "") -> list[Finding]:
    """The checks of the records within each file."""
    unique = ("are each there once", "are there twice, or belong to another course or day")
    return [
        _nothing_lacking(day_quality.counts_reconciled(course_id, looked, prefix), looked),
        day_quality.none_wrong(f"{prefix}keys_unique", course_id, looked, "repeated", *unique),
        day_quality.sums_agree(course_id, looked, ("seconds",), prefix),
    ]


def _nothing_lacking(counted: Finding, looked: Looked[Part]) -> Finding:
    """The counts, not ok as well where the records of a session are lacking."""
    lacking = {part: known["lacking"] for part, known in looked.facts.items() if known.get("lacking")}
    sessions = {session for each in lacking.values() for session in each}
    denied = {session for known in looked.facts.values() for session in known.get("denied", ())}
    numbers = {
        **counted.numbers,
        "lacking_files": len(lacking),
        "lacking_sessions": len(sessions),
        "denied_sessions": len(denied),
    }
    if not lacking or not counted.ok:
        return replace(counted, numbers=numbers)
    why = next(iter(next(iter(lacking.values())).values()))
    says = (
        f"{day_quality.few(list(lacking))}: the records of {len(sessions)} sessions are lacking: {why}; "
        "the next run asks for them again"
    )
    return replace(counted, ok=False, says=says, numbers=numbers)
