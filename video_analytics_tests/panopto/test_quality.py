"""Each promise about a course, kept and broken."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from video_analytics.days import days_between
from video_analytics.lake import Lake, Table, day_key
from video_analytics.panopto import measures
from video_analytics.panopto.course_quality import (
    COVERAGE_CHECKS,
    SESSION_CHECKS,
    judge_coverage,
    judge_sessions,
)
from video_analytics.panopto.quality import DAY_CHECKS, YEAR_CHECKS, judge, judge_days, judge_years
from video_analytics.panopto.tables import (
    CHUNKED_COVERAGE,
    SESSIONS,
    VIEWER_COVERAGE,
    VIEWING_ACTIVITY,
    VIEWING_HISTORY,
)
from video_analytics.quality import Finding
from video_analytics.settings import Panopto
from video_analytics_tests.panopto.small_lake import (
    ANN,
    BIOLOGY,
    BOB,
    LECTURES,
    ZOOLOGY,
    guid,
    put_sessions,
    record,
    session,
)

NOW = datetime(2026, 6, 16, 6, tzinfo=UTC)
LAST = date(2026, 6, 14)  # the last day due at NOW
DAYS = days_between(date(2026, 6, 8), LAST)
SETTINGS = Panopto()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def put(lake: Lake, day: date, records: Iterable[dict[str, Any]], **facts: Any) -> None:
    rows = [{"course_id": BIOLOGY} | each for each in records]
    table = pa.Table.from_pylist(rows, VIEWING_ACTIVITY.schema)
    lake.write(VIEWING_ACTIVITY, day_key(BIOLOGY, day), table, {"lacking": {}, **facts})


def put_year(lake: Lake, year: int, records: Iterable[dict[str, Any]], **facts: Any) -> None:
    rows = [{"course_id": BIOLOGY} | each for each in records]
    lake.write(
        VIEWING_HISTORY, f"{BIOLOGY}/{year}", pa.Table.from_pylist(rows, VIEWING_HISTORY.schema), facts
    )


def two(day: date) -> list[dict[str, Any]]:
    return [record(f"{day} 10:00:00"), record(f"{day} 11:00:00", user_id=BOB)]


def fill(lake: Lake, days: Iterable[date] = DAYS) -> None:
    for day in days:
        put(lake, day, two(day), seconds=60.0)


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {each.check: each for each in findings}


def wrong(findings: Iterable[Finding]) -> set[str]:
    return {each.check for each in findings if not each.ok}


def days_of(lake: Lake, only: list[date] | None = None) -> list[Finding]:
    return judge_days(lake, BIOLOGY, SETTINGS, NOW, only)


def test_of_a_course_without_data_nothing_is_said(lake: Lake) -> None:
    assert judge(lake, BIOLOGY, SETTINGS, NOW) == []


def test_all_is_well_and_counted(lake: Lake) -> None:
    fill(lake)
    put_year(lake, 2024, [record("2024-05-05 05:05:05")])
    put_sessions(lake, BIOLOGY, "Biology", [session(LECTURES[0]), session(LECTURES[1])])
    measures.cover(lake, BIOLOGY, measures.rules_of(SETTINGS))
    found = by_name(judge(lake, BIOLOGY, SETTINGS, NOW))
    promised = {*DAY_CHECKS, *YEAR_CHECKS, *SESSION_CHECKS, *COVERAGE_CHECKS}
    assert found.keys() == {*promised, "older_days_present"}
    assert wrong(found.values()) == set()
    assert {each.subject for each in found.values()} == {BIOLOGY}
    assert found["counts_reconciled"].numbers == {
        "files": 7,
        "rows": 14,
        "wrong_files": 0,
        "lacking_files": 0,
        "lacking_sessions": 0,
        "denied_sessions": 0,
    }
    assert found["keys_unique"].numbers == {"files": 7, "rows": 14, "repeated": 0, "wrong_files": 0}
    assert found["sums_agree"].numbers["seconds"] == 420
    assert found["days_present"].numbers == {"days": 7, "missing": 0, "older_missing": 0}
    assert found["years_files_readable"].numbers == {"files": 1, "damaged": 0}
    assert found["sessions_not_halved"].numbers == {"present": 2, "present_before": 2, "left_in_a_day": 0}
    assert found["coverage_sums_agree"].numbers == {
        "seconds_by_chunk": 450,
        "seconds_by_viewer": 450,
        "seconds_by_session": 450,
        "records": 15,
        "records_used": 15,
    }


def twice(first: int, second: int) -> list[dict[str, Any]]:
    """One record that the vendor holds twice, with these numbers."""
    return [record(f"{LAST} 10:00:00", occurrence=number) for number in (first, second)]


@pytest.mark.parametrize(
    ("records", "repeated"),
    [
        (twice(0, 1), 0),
        (twice(0, 0), 1),
        (twice(0, 2), 1),  # one between them is lost
        ([record(f"{LAST} 10:00:00", occurrence=1)], 1),
        ([record(f"{LAST} 10:00:00"), record(f"{LAST} 10:00:00", playback_speed=None)], 0),
        ([record(f"{DAYS[0]} 10:00:00")], 1),
        ([record(f"{LAST} 10:00:00") | {"course_id": ZOOLOGY}], 1),
        ([], 0),
    ],
)
def test_no_record_is_there_twice_or_astray(lake: Lake, records: list[dict[str, Any]], repeated: int) -> None:
    put(lake, LAST, records)
    unique = by_name(days_of(lake))["keys_unique"]
    assert unique.numbers["repeated"] == repeated
    assert unique.ok is not bool(repeated)


def test_seconds_that_are_not_those_recorded_are_found(lake: Lake) -> None:
    put(lake, LAST, two(LAST), seconds=60.00001)
    assert wrong(days_of(lake)) == set()
    put(lake, LAST, two(LAST), seconds=61.0)
    assert wrong(days_of(lake)) == {"sums_agree"}


def test_lacking_sessions_make_a_day_not_whole_and_denied_ones_do_not(lake: Lake) -> None:
    put(lake, LAST, two(LAST), lacking={LECTURES[1]: "timed out"}, denied=[LECTURES[2]])
    counted = by_name(days_of(lake))["counts_reconciled"]
    assert not counted.ok
    assert "1 sessions are lacking: timed out" in counted.says
    assert (counted.numbers["lacking_sessions"], counted.numbers["denied_sessions"]) == (1, 1)
    put(lake, LAST, two(LAST), denied=[LECTURES[2]])
    assert wrong(days_of(lake)) == set()


def test_a_missing_day_blocks_and_those_that_became_a_year_do_not_matter(lake: Lake) -> None:
    fill(lake, [date(2024, 12, 31), *(day for day in DAYS if day != DAYS[2])])
    found = days_of(lake)
    assert wrong(found) == {"days_present"}
    assert "(2026-06-10)" in by_name(found)["days_present"].says


def test_a_run_over_some_days_is_not_held_responsible_for_others(lake: Lake) -> None:
    fill(lake)
    put(lake, DAYS[0], twice(0, 0))
    assert wrong(days_of(lake, [DAYS[1]])) == set()
    assert wrong(days_of(lake, [DAYS[0]])) == {"keys_unique"}
    assert wrong(days_of(lake, DAYS[1:])) == set()


def test_years_are_opened_each_time_and_measured_when_they_were_read(lake: Lake) -> None:
    put_year(lake, 2023, [record("2023-05-05 05:05:05"), record("2024-05-05 05:05:05")], lacking={})
    put_year(lake, 2024, [record("2024-05-05 05:05:05")])
    assert wrong(judge_years(lake, BIOLOGY)) == set()
    assert wrong(judge_years(lake, BIOLOGY, [2024])) == set()
    found = by_name(judge_years(lake, BIOLOGY, [2023, 2024]))
    assert wrong(found.values()) == {"years_keys_unique"}
    assert found["years_keys_unique"].numbers == {"files": 2, "rows": 3, "repeated": 1, "wrong_files": 1}
    lake.path(VIEWING_HISTORY, f"{BIOLOGY}/2024").write_bytes(b"torn")
    assert wrong(judge_years(lake, BIOLOGY)) == {"years_files_readable"}


def leaving(left: int, on: date, present: int) -> list[dict[str, Any]]:
    gone = [session(guid(number), left_on=on) for number in range(left)]
    return [*gone, *(session(guid(100 + number)) for number in range(present))]


@pytest.mark.parametrize(
    ("left", "on", "present", "ok"),
    [
        (11, date(2026, 6, 15), 9, False),
        (10, date(2026, 6, 15), 10, True),
        (19, date(2026, 6, 9), 1, True),  # a week ago
        (8, date(2026, 6, 15), 1, True),  # a small course
    ],
)
def test_a_course_that_lost_more_than_half_at_once_blocks(
    lake: Lake, left: int, on: date, present: int, ok: bool
) -> None:
    put_sessions(lake, BIOLOGY, "Biology", leaving(left, on, present))
    halved = by_name(judge_sessions(lake, BIOLOGY, NOW))["sessions_not_halved"]
    assert (halved.ok, halved.blocking) == (ok, True)
    assert halved.numbers["present"] == present


def test_a_session_twice_or_another_count_is_found(lake: Lake) -> None:
    rows = [{"course_id": BIOLOGY, "course_name": "Biology"} | session(LECTURES[0])] * 2
    lake.write(SESSIONS, BIOLOGY, pa.Table.from_pylist(rows, SESSIONS.schema), {"sessions": 1})
    found = by_name(judge_sessions(lake, BIOLOGY, NOW))
    assert wrong(found.values()) == {"sessions_keys_unique", "sessions_counts_reconciled"}
    assert found["sessions_keys_unique"].numbers == {"sessions": 2, "repeated": 1}
    lake.path(SESSIONS, BIOLOGY).write_bytes(b"torn")
    assert [each.check for each in judge_sessions(lake, BIOLOGY, NOW)] == ["sessions_counts_reconciled"]


@pytest.fixture
def covered(lake: Lake) -> Lake:
    """A course with coverage: two viewers, one of them twice at the same place."""
    put(lake, LAST, [*two(LAST), record(f"{LAST} 12:00:00")])
    put_sessions(lake, BIOLOGY, "Biology", [session(LECTURES[0])])
    measures.cover(lake, BIOLOGY, measures.rules_of(SETTINGS))
    return lake


def change(lake: Lake, table: Table, **columns: Any) -> None:
    """The first row of a table of coverage, changed; the facts stay."""
    rows, facts = lake.read(table, BIOLOGY), lake.facts(table, BIOLOGY)
    assert rows is not None
    assert facts is not None
    first, *others = rows.to_pylist()
    kept = {name: value for name, value in facts.items() if name not in {"rows", "digest"}}
    lake.write(table, BIOLOGY, pa.Table.from_pylist([first | columns, *others], table.schema), kept)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (CHUNKED_COVERAGE, {"total_time_spent": 59.0}),
        (VIEWER_COVERAGE, {"watch_seconds": 61.0}),
        (VIEWER_COVERAGE, {"records": 3}),
    ],
)
def test_coverage_that_does_not_add_up_is_found(covered: Lake, table: Table, columns: dict[str, Any]) -> None:
    assert wrong(judge_coverage(covered, BIOLOGY, SETTINGS, NOW, recount=True)) == set()
    change(covered, table, **columns)
    assert wrong(judge_coverage(covered, BIOLOGY, SETTINGS, NOW)) == {"coverage_sums_agree"}


def test_a_record_without_a_class_is_found_by_counting_again(covered: Lake) -> None:
    rows, facts = covered.read(CHUNKED_COVERAGE, BIOLOGY), covered.facts(CHUNKED_COVERAGE, BIOLOGY)
    assert rows is not None
    assert facts is not None
    classes = facts["classes"] | {"records": 4}  # as if one had got lost on the way
    covered.write(CHUNKED_COVERAGE, BIOLOGY, rows, {"inputs": facts["inputs"], "classes": classes})
    assert wrong(judge_coverage(covered, BIOLOGY, SETTINGS, NOW)) == set()
    found = by_name(judge_coverage(covered, BIOLOGY, SETTINGS, NOW, recount=True))
    assert "4 records have a class, 3 are held" in found["coverage_sums_agree"].says


def test_a_chunk_that_is_there_twice_is_found(covered: Lake) -> None:
    rows = covered.read(CHUNKED_COVERAGE, BIOLOGY)
    assert rows is not None
    assert {row["user_id"] for row in rows.to_pylist()} == {ANN, BOB}
    change(covered, CHUNKED_COVERAGE, user_id=BOB)
    found = by_name(judge_coverage(covered, BIOLOGY, SETTINGS, NOW))
    assert found["coverage_keys_unique"].numbers == {"chunks": 2, "repeated": 1}
    assert not found["coverage_keys_unique"].ok


def test_coverage_about_to_be_computed_again_is_not_judged(covered: Lake) -> None:
    change(covered, CHUNKED_COVERAGE, total_time_spent=59.0)
    put(covered, LAST - timedelta(days=1), two(LAST - timedelta(days=1)))
    assert judge_coverage(covered, BIOLOGY, SETTINGS, NOW) == []


def test_a_damaged_table_of_coverage_is_a_finding(covered: Lake) -> None:
    covered.path(VIEWER_COVERAGE, BIOLOGY).write_bytes(b"torn")
    assert wrong(judge_coverage(covered, BIOLOGY, SETTINGS, NOW)) == {"coverage_sums_agree"}


def test_no_finding_names_a_viewer(lake: Lake) -> None:
    put(lake, LAST, twice(0, 0), lacking={LECTURES[1]: "timed out"}, seconds=7.0)
    put_sessions(lake, BIOLOGY, "Biology", [session(LECTURES[0])])
    measures.cover(lake, BIOLOGY, measures.rules_of(SETTINGS))
    change(lake, VIEWER_COVERAGE, watch_seconds=1.0)
    findings = judge(lake, BIOLOGY, SETTINGS, NOW)
    assert len(wrong(findings)) == 4
    assert ANN not in str(findings)
