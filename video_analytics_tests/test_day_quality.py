"""What days promise, whatever their source: the arithmetic, apart from any lake."""

from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from video_analytics.day_files import Looked, Scope, scope
from video_analytics.day_quality import days_present, few, within_bounds
from video_analytics.days import days_between
from video_analytics.quality import Finding

SUNDAY = date(2026, 6, 14)
CLOSED_AT = datetime(2026, 6, 15, tzinfo=UTC)
LATER = CLOSED_AT + timedelta(hours=24)
ONE, WEEK = timedelta(days=1), timedelta(weeks=1)


def looked(values: dict[date, int]) -> Looked[date]:
    return Looked({day: {"rows": 1} for day in values}, {day: {"views": n} for day, n in values.items()}, {})


def judged(before: list[int], on_the_day: int) -> Finding:
    """The Sunday against the Sundays before it."""
    weeks = {SUNDAY - number * WEEK: views for number, views in enumerate(before, 1)}
    return within_bounds("internet", looked({**weeks, SUNDAY: on_the_day}), "views", [SUNDAY])


@pytest.mark.parametrize(("views", "ok"), [(9, False), (10, True), (1000, True), (1001, False), (0, False)])
def test_a_day_is_sane_between_a_tenth_and_ten_times_of_its_weekday(views: int, ok: bool) -> None:
    found = judged([100] * 8, views)
    assert found.ok is ok
    assert not found.blocking
    assert found.numbers == {
        "days": 1,
        "outside": 0 if ok else 1,
        "lowest_ratio": views / 100,
        "highest_ratio": views / 100,
        "worst_views": views,
        "worst_median": 100,
    }
    assert ok or f"{views:,} views on 2026-06-14" in found.says


@pytest.mark.parametrize(
    "before",
    [[49] * 8, [100] * 3, []],
    ids=["chance reigns below fifty", "three weeks tell nothing", "no history"],
)
def test_without_a_history_that_tells_a_day_is_not_judged(before: list[int]) -> None:
    found = judged(before, 100_000)
    assert found.ok
    assert found.numbers == {"days": 0, "outside": 0}


def test_other_weekdays_and_older_weeks_do_not_count() -> None:
    values = {SUNDAY - number * ONE: 9 for number in range(1, 100)}
    values |= {SUNDAY - number * WEEK: 100 if number <= 8 else 1_000_000 for number in range(1, 14)}
    found = within_bounds("internet", looked({**values, SUNDAY: 50}), "views", [SUNDAY])
    assert found.numbers["worst_median"] == 100
    assert found.ok


@given(some.lists(some.integers(0, 5000), min_size=4, max_size=8), some.integers(0, 100_000))
def test_the_verdict_is_that_of_the_definition(before: list[int], views: int) -> None:
    usual = median(before)
    expected = usual < 50 or usual <= 10 * views <= 100 * usual
    assert judged(before, views).ok is expected


def test_a_recorded_sum_stands_for_a_day_that_was_not_measured() -> None:
    weeks = {SUNDAY - number * WEEK: {"views": 100} for number in range(1, 9)}
    found = within_bounds(
        "internet", Looked({**weeks, SUNDAY: {}}, {SUNDAY: {"views": 7}}, {}), "views", [SUNDAY]
    )
    assert found.numbers["lowest_ratio"] == 0.07


def test_what_was_measured_beside_counts_for_what_is_usual() -> None:
    weeks: dict[date, dict[str, Any]] = {SUNDAY - number * WEEK: {"views": 100} for number in range(1, 9)}
    facts: dict[date, dict[str, Any]] = {day: {} for day in [*weeks, SUNDAY]}
    found = within_bounds("internet", Looked(facts, {SUNDAY: {"views": 7}}, {}, weeks), "views", [SUNDAY])
    assert found.numbers["worst_median"] == 100


def test_missing_recent_days_block_and_older_ones_warn() -> None:
    held = [day for day in days_between(date(2026, 3, 1), SUNDAY) if day.day != 5]
    due = days_between(date(2026, 5, 1), SUNDAY)
    present, older = days_present("internet", due, held)
    assert (present.ok, present.blocking, older.ok, older.blocking) == (False, True, False, False)
    assert present.numbers == {"days": 45, "missing": 2, "older_missing": 2}
    assert older.numbers == {"days": 61, "missing": 2}
    assert "2026-05-05, 2026-06-05" in present.says
    assert "2026-03-05, 2026-04-05" in older.says
    assert all(found.ok for found in days_present("internet", due, days_between(due[0], SUNDAY)))


def in_scope(
    held: list[date], only: list[date] | None = None, now: datetime = LATER, last: date = SUNDAY
) -> Scope:
    return scope(held, last, CLOSED_AT, now, only)


def test_a_day_is_due_a_day_after_its_end() -> None:
    held = days_between(SUNDAY - 9 * ONE, SUNDAY - ONE)
    assert in_scope(held, now=LATER - timedelta(seconds=1)).due == held
    assert in_scope(held).due == [*held, SUNDAY]


def test_the_recent_days_are_sixty_and_their_history_is_opened() -> None:
    found = in_scope(days_between(date(2021, 1, 1), SUNDAY))
    assert (len(found.due), found.due[-1], len(found.opened), found.recent) == (60, SUNDAY, 116, True)
    assert set(found.opened) - set(found.spared) == set(found.due)


def test_every_older_day_has_its_turn_within_thirty_days() -> None:
    held = days_between(date(2024, 1, 1), SUNDAY)
    turns = [in_scope(held, now=LATER + number * ONE).older for number in range(30)]
    assert set().union(*turns) == {day for day in held if day < SUNDAY - 115 * ONE}
    assert max(map(len, turns)) <= len(held) // 30 + 1


def test_a_run_over_old_days_answers_for_these_alone() -> None:
    held = days_between(date(2021, 1, 1), date(2021, 3, 31))
    only = days_between(date(2021, 3, 1), date(2021, 4, 2))
    found = in_scope(held, only)
    assert not found.recent
    assert list(found.due) == only
    assert list(found.opened) == days_between(date(2021, 3, 1), date(2021, 3, 31))
    assert not found.older


def test_a_run_up_to_the_last_day_answers_for_the_presence_of_all_recent_ones() -> None:
    held = days_between(date(2021, 1, 1), SUNDAY)
    only = days_between(SUNDAY - 6 * ONE, SUNDAY)
    found = in_scope(held, only)
    assert found.recent
    assert len(found.due) == 60
    assert set(found.opened) - set(found.spared) == set(only)


def test_a_first_day_alone_is_looked_into_before_it_is_due() -> None:
    found = in_scope([SUNDAY], now=CLOSED_AT)
    assert (list(found.due), list(found.opened)) == ([], [SUNDAY])


def test_many_days_are_named_in_few_words() -> None:
    assert few([2020, 2021]) == "2020, 2021"
    assert few([2020, 2021, 2022, 2023, 2024]) == "2020, 2021, 2022 and 2 more"
