from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from video_analytics.brightcove.windows import Window, plan

DAYS = st.sets(st.dates(date(2023, 1, 1), date(2024, 12, 31)), max_size=120)
NUMBERS = st.integers(1, 60)


@given(DAYS, NUMBERS)
def test_a_plan_covers_exactly_the_wanted_days(days: set[date], longest: int) -> None:
    windows = plan(days, longest)
    assert [day for window in windows for day in window.wanted] == sorted(days)
    assert all(window.days <= longest for window in windows)
    assert all(window.first <= day <= window.last for window in windows for day in window.wanted)


@given(DAYS, NUMBERS)
def test_no_plan_has_fewer_windows(days: set[date], longest: int) -> None:
    """Each window starts where the one before could not reach: no cover by such windows is smaller."""
    windows = plan(days, longest)
    starts = [window.first for window in windows]
    assert all(later >= earlier + timedelta(days=longest) for earlier, later in pairwise(starts))


@given(DAYS, NUMBERS)
def test_the_order_of_days_and_repeats_do_not_matter(days: set[date], longest: int) -> None:
    listed = sorted(days, reverse=True)
    assert plan(listed + listed, longest) == plan(days, longest)


@given(st.sets(st.dates(), min_size=2, max_size=60))
def test_halves_are_a_partition(days: set[date]) -> None:
    window = Window(tuple(sorted(days)))
    early, late = window.halves()
    assert early.wanted + late.wanted == window.wanted
    assert 0 <= len(late.wanted) - len(early.wanted) <= 1
    assert early.last < late.first


@given(st.sets(st.dates(), min_size=1, max_size=60))
def test_halving_ends_at_single_days(days: set[date]) -> None:
    windows, singles = [Window(tuple(sorted(days)))], []
    for _ in range(2 * len(days)):
        if not windows:
            break
        window = windows.pop()
        if len(window.wanted) == 1:
            singles.append(window.first)
        else:
            windows.extend(window.halves())
    assert not windows
    assert sorted(singles) == sorted(days)


def test_examples() -> None:
    first = date(2026, 1, 1)
    year = [first + timedelta(days=number) for number in range(365)]
    assert plan([], 42) == []
    assert [window.days for window in plan(year, 42)] == [42] * 8 + [29]
    bridged = plan([first, date(2026, 1, 20)], 42)
    assert [window.wanted for window in bridged] == [(first, date(2026, 1, 20))]
    assert bridged[0].days == 20
    assert len(plan([first, date(2026, 2, 12)], 42)) == 2
    assert str(Window((first,))) == "2026-01-01"
    assert str(bridged[0]) == "2026-01-01..2026-01-20"
