"""Coverage of a course, from the lake into the lake: every record counted once, computed when it must be."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest

from video_analytics.errors import LakeError
from video_analytics.lake import Lake
from video_analytics.panopto import measures, plan
from video_analytics.panopto.coverage import KINDS, Rules
from video_analytics.panopto.listing import keep_sessions
from video_analytics.panopto.measures import cover, rules_of
from video_analytics.panopto.tables import COVERAGE, SESSIONS, VIEWER_COVERAGE
from video_analytics.settings import Panopto
from video_analytics_tests.conftest import NewSandbox, snapshot
from video_analytics_tests.failing import errno_of, failing_call
from video_analytics_tests.panopto.drill import (
    PEACE,
    course_ids,
    lake_rows,
    night,
    panopto_settings,
    road_of,
)
from video_analytics_tests.panopto.small_lake import (
    ANN,
    ANONYMOUS,
    BIOLOGY,
    BOB,
    LECTURES,
    put_day,
    put_sessions,
    put_year,
    record,
    session,
)

MAY = date(2026, 5, 1)
RULES = Rules("America/New_York")
DAY = date(2024, 9, 12)
Change = Callable[[Lake], object]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two sessions, one that left, one without duration; five viewers' records in days and a year."""
    lake = Lake(tmp_path / "lake")
    sessions = [
        session(LECTURES[0]),
        session(LECTURES[1], duration=None),
        session(LECTURES[2], left_on=date(2024, 10, 1)),
    ]
    put_sessions(lake, BIOLOGY, "Biology", sessions)
    put_year(lake, BIOLOGY, 2023, [record("2023-09-12 10:00:00")])
    put_day(lake, BIOLOGY, DAY, [
        record("2024-09-12 10:00:00", start_position=590.0),
        record("2024-09-12 10:01:00", user_id=BOB, seconds_viewed=0.0),
        record("2024-09-12 10:02:00", user_id=BOB, start_position=-3.5),
        record("2024-09-12 10:03:00", user_id=BOB, seconds_viewed=-3.0),
        record("2024-09-12 10:04:00", user_id=ANONYMOUS, start_position=601.0),
        record("2024-09-12 10:05:00", session_id=LECTURES[1]),
        record("2024-09-12 10:06:00", session_id=LECTURES[2]),
        record("2024-09-12 10:07:00", session_id=LECTURES[7]),
    ])  # fmt: skip
    return lake


def rows_of(lake: Lake, course_id: str = BIOLOGY) -> dict[str, list[dict[str, Any]]]:
    held = {table.name: lake.read(table, course_id) for table in COVERAGE}
    return {name: table.to_pylist() for name, table in held.items() if table is not None}


def test_every_record_is_in_just_one_class(lake: Lake) -> None:
    facts = cover(lake, BIOLOGY, RULES)
    assert {name: facts[name] for name in (*KINDS, "left")} == {
        "used": 1, "clipped_end": 1, "clipped_start": 1, "zero_length": 1, "negative": 1, "outside": 1,
        "unknown_session": 1, "no_duration": 1, "not_finite": 0, "left": 1,
    }  # fmt: skip
    assert facts["records"] + facts["left"] == 9
    assert (facts["computed"], facts["rows"]) == (1, len(rows_of(lake)["panopto/chunked_coverage"]))
    assert {row["course_id"] for rows in rows_of(lake).values() for row in rows} == {BIOLOGY}
    seen = {row["session_id"] for rows in rows_of(lake).values() for row in rows}
    assert seen == set(LECTURES[:2])  # who left is in no measure


def test_without_a_list_nothing_is_computed(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="materialize panopto/course_sessions first"):
        cover(Lake(tmp_path), BIOLOGY, RULES)


def test_unchanged_inputs_compute_nothing(lake: Lake) -> None:
    first = cover(lake, BIOLOGY, RULES)
    before = snapshot(lake.root)
    assert cover(lake, BIOLOGY, RULES) == first | {"computed": 0}
    assert snapshot(lake.root) == before


def sessions_with(**changes: Any) -> Change:
    def change(lake: Lake) -> None:
        held = plan.sessions_of(lake, BIOLOGY)
        held[0] |= changes
        keep_sessions(lake, BIOLOGY, held, {})

    return change


CHANGES: dict[str, tuple[Change, bool]] = {
    # what is done to the lake, and whether it bears on coverage
    "a duration": (sessions_with(duration=300.0), True),
    "no duration any more": (sessions_with(duration=None), True),
    "a session that left": (sessions_with(left_on=DAY), True),
    "a record": (lambda lake: put_day(lake, BIOLOGY, DAY, [record("2024-09-12 10:00:00")]), True),
    "a record fewer": (lambda lake: put_day(lake, BIOLOGY, DAY, []), True),
    "another day": (lambda lake: put_day(lake, BIOLOGY, date(2024, 9, 13), []), True),
    "a year that outranks its days": (lambda lake: put_year(lake, BIOLOGY, 2024, []), True),
    "a name": (sessions_with(name="Lecture 3"), False),
    "a day without change": (
        lambda lake: put_year(lake, BIOLOGY, 2023, [record("2023-09-12 10:00:00")]),
        False,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_computed_again(lake: Lake, change: str) -> None:
    act, matters = CHANGES[change]
    cover(lake, BIOLOGY, RULES)
    act(lake)
    facts = cover(lake, BIOLOGY, RULES)
    assert facts["computed"] == matters
    updated = rows_of(lake)
    _forget(lake)
    assert cover(lake, BIOLOGY, RULES) == facts | {"computed": 1}
    assert rows_of(lake) == updated


def _forget(lake: Lake) -> None:
    for table in COVERAGE:
        lake.path(table, BIOLOGY).unlink()


@pytest.mark.parametrize(
    "rules",
    [
        Rules("UTC"),
        Rules("America/New_York", chunks=10),
        Rules("America/New_York", completed_percent=5.0),
        Rules("America/New_York", anonymous=frozenset({ANN})),
        Rules("America/New_York", legacy_rows=True),
    ],
)
def test_another_rule_computes_again(lake: Lake, monkeypatch: pytest.MonkeyPatch, rules: Rules) -> None:
    cover(lake, BIOLOGY, RULES)
    assert cover(lake, BIOLOGY, rules)["computed"] == 1
    assert cover(lake, BIOLOGY, rules)["computed"] == 0
    monkeypatch.setattr(measures, "RECIPE", 0)
    assert cover(lake, BIOLOGY, rules)["computed"] == 1


def test_the_settings_make_the_rules() -> None:
    settings = Panopto(site_timezone="Asia/Tokyo", chunks=5, completed_percent=50.0, legacy_rows=True)
    assert rules_of(settings) == Rules("Asia/Tokyo", 5, 50.0, frozenset({ANONYMOUS}), legacy_rows=True)
    assert rules_of(Panopto(site_timezone="Asia/Tokyo", reporting_timezone="UTC")).zone == "UTC"


@pytest.mark.slow
def test_a_failure_between_two_tables_is_made_good(lake: Lake) -> None:
    """Whichever call of the file system fails: a course that passes for done has tables of one making."""
    expected = {}
    for duration in (300.0, 600.0):
        sessions_with(duration=duration)(lake)
        cover(lake, BIOLOGY, RULES)
        expected[duration] = rows_of(lake)
    refused, done = 0, False
    while not done:
        refused += 1
        duration = 600.0 if refused % 2 == 0 else 300.0
        sessions_with(duration=duration)(lake)
        with failing_call(lake.root, refused, ENOSPC):
            done = errno_of(lambda: cover(lake, BIOLOGY, RULES)) is None
        whole = rows_of(lake) == expected[duration]
        assert cover(lake, BIOLOGY, RULES)["computed"] == 0 or not done
        assert rows_of(lake) == expected[duration]
        assert whole or not done
    assert refused > 10


# against an independent computation


def test_a_course_of_the_sandbox_is_covered_as_counted_by_hand(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[0]
    settings = panopto_settings(sandbox, home, start_date=MAY)
    with road_of(settings) as road:
        night(road, [course_id])
        facts = cover(road.lake, course_id, rules_of(settings.panopto))
        assert sum(facts[kind] for kind in KINDS) == facts["records"]
        assert facts["records"] + facts["left"] == lake_rows(road.lake, course_id).total()
        held = road.lake.read(VIEWER_COVERAGE, course_id)
        durations = {row["session_id"]: row["duration"] for row in plan.sessions_of(road.lake, course_id)}
        assert road.lake.facts(SESSIONS, course_id) is not None
    assert held is not None
    viewed = by_viewer(sandbox.panopto.records(sandbox.now(), list(durations), end=midnight(sandbox.now())))
    compared = 0
    for row in held.to_pylist():
        pair = row["session_id"], row["user_id"]
        stretches, duration = viewed.pop(pair), durations[row["session_id"]]
        if not duration:
            assert row["percent_covered"] is None
            continue
        covered, watched = by_hand(stretches, duration)
        assert row["covered_seconds"] == pytest.approx(covered, abs=1e-6)
        assert row["percent_covered"] == pytest.approx(100 * covered / duration, abs=1e-6)
        assert row["watch_seconds"] == pytest.approx(watched, abs=1e-6)
        assert row["completed"] == (covered >= 0.75 * duration)
        compared += 1
    assert compared > 30
    assert all(by_hand(stretches, durations[name])[1] == 0 for (name, _), stretches in viewed.items())


Stretches = list[tuple[float, float]]


def by_viewer(records: list[dict[str, Any]]) -> dict[tuple[str, str], Stretches]:
    found: dict[tuple[str, str], Stretches] = defaultdict(list)
    for each in records:
        stretch = each["StartPosition"], each["StartPosition"] + each["SecondsViewed"]
        found[each["SessionId"], each["UserId"]].append(stretch)
    return found


def by_hand(stretches: Stretches, duration: float) -> tuple[float, float]:
    """Seconds covered at least once, and seconds watched, within the video."""
    inside = sorted((max(begin, 0.0), min(end, duration)) for begin, end in stretches if end > begin)
    inside = [(begin, end) for begin, end in inside if end > begin]
    covered, reached = 0.0, 0.0
    for begin, end in inside:
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return covered, sum(end - begin for begin, end in inside)


def midnight(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
