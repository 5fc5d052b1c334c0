"""Whether the promises about a course's sessions and coverage hold, read from the lake alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from video_analytics import lake as lakes
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, Table
from video_analytics.panopto import measures
from video_analytics.panopto.plan import present, sessions_of
from video_analytics.panopto.records import record_files
from video_analytics.panopto.tables import (
    CHUNKED_COVERAGE,
    SESSION_MEASURES,
    SESSIONS,
    VIEWER_COVERAGE,
    VIEWING_ACTIVITY,
)
from video_analytics.quality import Finding
from video_analytics.settings import Panopto

SESSION_CHECKS = {
    "sessions_counts_reconciled": "the list of sessions opens and has as many as were recorded",
    "sessions_keys_unique": "each session has one row",
    "sessions_not_halved": "no more than half of the sessions left in one day of the last week",
}
COVERAGE_CHECKS = {
    "coverage_sums_agree": "seconds by chunk, viewer and session are the same; each record is in one class",
    "coverage_keys_unique": "no chunk of a viewer's day is there twice",
}
REMEMBERED = timedelta(days=7)  # for so long a halved course blocks; then nobody has objected
FEWEST_SESSIONS = 10  # smaller courses are halved by hand
ROWS_LOOKED_AT = 200_000  # of chunks, for repeated keys; of larger courses some sessions in turn

SPENT = """
    SELECT
        (SELECT coalesce(sum(total_time_spent), 0) FROM chunks) AS by_chunk,
        (SELECT coalesce(sum(watch_seconds), 0) FROM viewers) AS by_viewer,
        (SELECT coalesce(sum(watch_seconds + anonymous_watch_seconds), 0) FROM of_sessions) AS by_session,
        (SELECT coalesce(sum(records), 0) FROM viewers)::BIGINT AS of_viewers,
        (SELECT coalesce(sum(records), 0) FROM of_sessions)::BIGINT AS of_sessions
"""
COUNTED = ("used", "clipped_start", "clipped_end", "no_duration")  # classes of records that make a viewer

REPEATED = """
    SELECT coalesce(sum(times), 0)::BIGINT AS rows, coalesce(sum(times - 1), 0)::BIGINT AS repeated
    FROM (
        SELECT count(*) AS times
        FROM chunks
        WHERE hash(session_id) % $turns = $turn
        GROUP BY session_id, user_id, date, chunk_index
    )
"""


def judge_sessions(lake: Lake, course_id: str, now: datetime) -> list[Finding]:
    """The checks of a course's list of sessions."""
    try:
        facts, rows = lake.facts(SESSIONS, course_id), sessions_of(lake, course_id)
    except LakeError as error:
        return [Finding("sessions_counts_reconciled", course_id, False, str(error), {"damaged": 1})]
    if facts is None:
        return []
    own = {row["session_id"] for row in rows if row["course_id"] == course_id}
    left = Counter(row["left_on"] for row in rows if row["left_on"] is not None)
    since = now.date() - REMEMBERED
    here = len(present(rows))
    return [
        _sessions_counted(course_id, facts, len(rows), here),
        _sessions_unique(course_id, len(rows), len(rows) - len(own)),
        _not_halved(course_id, here, {day: count for day, count in left.items() if day > since}),
    ]


def _sessions_counted(course_id: str, facts: Mapping[str, Any], rows: int, here: int) -> Finding:
    expected = facts.get("rows"), facts.get("sessions", here)
    says = f"{rows:,} sessions, {here:,} of them in the course, as many as recorded"
    if (rows, here) != expected:
        says = (
            f"expected {expected[0]} sessions, {expected[1]} of them in the course, "
            f"got {rows} and {here}; list the course again"
        )
    numbers = {"sessions": rows, "present": here, "damaged": 0}
    return Finding("sessions_counts_reconciled", course_id, (rows, here) == expected, says, numbers)


def _sessions_unique(course_id: str, rows: int, repeated: int) -> Finding:
    says = f"{rows:,} sessions, each once"
    if repeated:
        says = (
            f"{repeated:,} of {rows:,} sessions repeat an id or are another course's; list the course again"
        )
    numbers = {"sessions": rows, "repeated": repeated}
    return Finding("sessions_keys_unique", course_id, not repeated, says, numbers)


def _not_halved(course_id: str, here: int, left: Mapping[date, int]) -> Finding:
    """`left`: how many sessions left on each day of the last week."""
    day = max(left, key=left.__getitem__, default=None)
    lost = left[day] if day else 0
    before = here + lost
    ok = lost <= here or before < FEWEST_SESSIONS
    says = f"{here:,} sessions in the course, at most {lost:,} left in a day of the last week"
    if not ok:
        says = (
            f"{lost:,} of {before:,} sessions left on {day}; look into Panopto whether they were moved or "
            f"deleted: if so, this is over {REMEMBERED.days} days later"
        )
    numbers = {"present": here, "present_before": before, "left_in_a_day": lost}
    return Finding("sessions_not_halved", course_id, ok, says, numbers)


def judge_coverage(
    lake: Lake, course_id: str, settings: Panopto, now: datetime, *, recount: bool = False
) -> list[Finding]:
    """The checks of a course's coverage, unless it is about to be computed again.

    `recount` opens all files of records, to see that each of them fell into a class.
    """
    try:
        facts = lake.facts(CHUNKED_COVERAGE, course_id)
        if facts is None or facts.get("inputs") != _inputs(lake, course_id, settings):
            return []
        with lakes.connect() as connection:
            for name, table in _COVERAGE.items():
                lakes.scan(connection, name, table, lake.files(table, [course_id]))
            (sums,) = connection.sql(SPENT).fetchall()
            turns = max(1, facts["rows"] // ROWS_LOOKED_AT)
            turn = {"turns": turns, "turn": now.date().toordinal() % turns}
            ((rows, repeated),) = connection.sql(REPEATED, params=turn).fetchall()
            held = _records(connection, record_files(lake, course_id)) if recount else None
    except LakeError as error:
        return [Finding("coverage_sums_agree", course_id, False, str(error), {"damaged": 1})]
    classes = facts["classes"]
    return [_coverage_sums(course_id, classes, sums, held), _coverage_keys(course_id, rows, repeated)]


def _records(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> int:
    lakes.scan(connection, "records", VIEWING_ACTIVITY, paths)
    ((rows,),) = connection.sql("SELECT count(*) FROM records").fetchall()
    return int(rows)


def _coverage_sums(
    course_id: str, classes: Mapping[str, int], sums: Sequence[float], held: int | None
) -> Finding:
    """`sums`: seconds by chunk, viewer and session; records of viewers and of sessions."""
    seconds, records = sums[:3], sums[3:]
    told, used = classes["records"] + classes["left"], sum(classes[kind] for kind in COUNTED)
    agree = max(seconds) - min(seconds) <= 1e-6 * max(1.0, *seconds)
    ok = agree and set(records) == {used} and held in (None, told)
    says = f"{seconds[0]:,.1f} seconds by chunk, viewer and session, of {used:,} records; {told:,} in all"
    if not ok:
        says = (
            "expected the same seconds by chunk, viewer and session, got "
            f"{', '.join(f'{each:,.3f}' for each in seconds)}; expected {used:,} records of viewers and of "
            f"sessions, got {records[0]:,} and {records[1]:,}; {told:,} records have a class, "
            f"{told if held is None else held:,} are held; compute the coverage again"
        )
    numbers = {
        "seconds_by_chunk": seconds[0],
        "seconds_by_viewer": seconds[1],
        "seconds_by_session": seconds[2],
        "records": told,
        "records_used": used,
    }
    return Finding("coverage_sums_agree", course_id, ok, says, numbers)


def _coverage_keys(course_id: str, rows: int, repeated: int) -> Finding:
    says = f"{rows:,} chunks of viewers' days, each once"
    if repeated:
        says = f"{repeated:,} chunks of viewers' days are there twice; compute the coverage again"
    numbers = {"chunks": rows, "repeated": repeated}
    return Finding("coverage_keys_unique", course_id, not repeated, says, numbers)


_COVERAGE: Mapping[str, Table] = {
    "chunks": CHUNKED_COVERAGE,
    "viewers": VIEWER_COVERAGE,
    "of_sessions": SESSION_MEASURES,
}


def _inputs(lake: Lake, course_id: str, settings: Panopto) -> str:
    return measures.inputs_of(lake, course_id, measures.rules_of(settings))
