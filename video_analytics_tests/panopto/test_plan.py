"""Which days and years are due: tables, and arithmetic that holds for every instant and setting."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.days import days_between
from video_analytics.lake import Lake, Table, day_key
from video_analytics.panopto import plan
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Panopto
from video_analytics_tests.panopto.small_lake import (
    BIOLOGY,
    LECTURES,
    put_day,
    put_sessions,
    put_year,
    session,
)

ONE_DAY = timedelta(days=1)
NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
YESTERDAY = date(2026, 6, 14)
Json = dict[str, Any]

instants = st.datetimes(datetime(2012, 6, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
all_settings = st.builds(
    Panopto,
    start_date=st.dates(date(2010, 1, 1), date(2012, 1, 1)),
    daily_years=st.integers(2, 10),
    trailing_days=st.integers(1, 60),
)


def seen(**changes: Any) -> Json:
    """A session of the lake that lacks nothing."""
    whole: Json = {"history_from": date(2010, 1, 1), "denied_on": None, "first_record": None}
    return session(LECTURES[0], **whole | {"start_time": "2026-06-01T10:00:00Z"} | changes)


# days and years


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-06-15T00:00:00+00:00", date(2026, 6, 14)),
        ("2026-06-15T23:59:59+00:00", date(2026, 6, 14)),
        ("2026-01-01T00:00:00+00:00", date(2025, 12, 31)),
        ("2024-03-01T12:00:00+00:00", date(2024, 2, 29)),
    ],
)
def test_the_last_day_that_is_over(now: str, last: date) -> None:
    assert plan.last_closed(datetime.fromisoformat(now)) == last


@pytest.mark.parametrize(
    ("start", "daily_years", "since", "years"),
    [
        (date(2010, 1, 1), 2, date(2025, 1, 1), range(2010, 2025)),
        (date(2010, 1, 1), 3, date(2024, 1, 1), range(2010, 2024)),
        (date(2010, 1, 1), 10, date(2017, 1, 1), range(2010, 2017)),
        (date(2024, 6, 15), 2, date(2025, 1, 1), range(2024, 2025)),
        (date(2025, 1, 1), 2, date(2025, 1, 1), range(0)),
        (date(2026, 3, 1), 2, date(2026, 3, 1), range(0)),
        (date(2027, 3, 1), 2, date(2027, 3, 1), range(0)),
    ],
)
def test_where_days_begin_and_years_end(start: date, daily_years: int, since: date, years: range) -> None:
    settings = Panopto(start_date=start, daily_years=daily_years)
    assert plan.daily_since(settings, NOW) == since
    assert plan.history_years(settings, NOW) == list(years)


@examples(max_examples=40)
@given(all_settings, instants)
def test_days_and_years_meet_without_a_gap(settings: Panopto, now: datetime) -> None:
    since, years = plan.daily_since(settings, now), plan.history_years(settings, now)
    in_years = [day for year in years for day in days_between(date(year, 1, 1), date(year, 12, 31))]
    days = [day for day in in_years if day >= settings.start_date]
    days += days_between(since, plan.last_closed(now))
    assert days == days_between(settings.start_date, plan.last_closed(now))
    assert set(plan.trailing(settings, now)) <= set(days_between(since, plan.last_closed(now)))


@given(instants)
def test_fifty_courses_are_few_partitions(now: datetime) -> None:
    settings = Panopto()
    days = (plan.last_closed(now) - plan.daily_since(settings, now)).days + 1
    assert 0 < 50 * days < 100_000
    assert 50 * len(plan.history_years(settings, now)) < 100_000
    assert 50 * days <= 36_600


# horizon


@pytest.mark.parametrize(
    ("sessions", "first"),
    [
        ([], YESTERDAY),
        ([seen()], date(2026, 5, 31)),  # a wall clock of doubtful zone: a day before
        ([seen(), seen(start_time="2025-02-03T00:30:00Z")], date(2025, 2, 2)),
        ([seen(left_on=date(2026, 6, 2), start_time="2020-01-05T00:00:00Z")], date(2020, 1, 4)),
        ([seen(first_record=date(2026, 4, 1))], date(2026, 4, 1)),
        ([seen(start_time="1999-12-31T00:00:00Z")], date(2010, 1, 1)),
        ([seen(start_time="2031-01-01T00:00:00Z")], YESTERDAY),
        ([seen(start_time=None)], YESTERDAY),
        ([seen(start_time="0001-01-01T00:00:00Z")], YESTERDAY),
        ([seen(start_time="yesterday")], YESTERDAY),
    ],
)
def test_where_a_course_begins(sessions: list[Json], first: date) -> None:
    found = plan.horizon(sessions, Panopto(), NOW)
    assert (found.first, found.last) == (first, YESTERDAY)
    assert found.days(date(2026, 6, 10)) == days_between(max(first, date(2026, 6, 10)), YESTERDAY)


def test_a_start_that_is_still_to_come_has_no_days(tmp_path: Path) -> None:
    lake, settings = Lake(tmp_path), Panopto(start_date=date(2026, 9, 1))
    put_sessions(lake, BIOLOGY, "Biology", [seen()])
    assert plan.due_days(lake, BIOLOGY, settings, NOW, sweep=True) == []
    assert plan.due_years(lake, BIOLOGY, settings, NOW) == []


def test_trailing_days_are_the_last_ones() -> None:
    assert plan.trailing(Panopto(trailing_days=3), NOW) == days_between(date(2026, 6, 12), YESTERDAY)


# due


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A course with one session since June 1st, and all days till the evening before last."""
    lake = Lake(tmp_path / "lake")
    put_sessions(lake, BIOLOGY, "Biology", [seen()])
    for day in days_between(date(2026, 5, 31), date(2026, 6, 13)):
        put_day(lake, BIOLOGY, day, [])
    return lake


def due(lake: Lake, *, sweep: bool = False, **changes: Any) -> list[date]:
    return plan.due_days(lake, BIOLOGY, Panopto(**changes), NOW, sweep=sweep)


ALL = days_between(date(2026, 5, 31), YESTERDAY)


def test_a_night_reads_the_trailing_days(lake: Lake) -> None:
    assert due(lake) == ALL[-7:]
    assert due(lake, trailing_days=3) == ALL[-3:]
    assert due(lake, trailing_days=3, sweep=True, sweep_days=4) == ALL[-7:]
    assert due(lake, sweep=True) == ALL[-14:]


def test_days_that_failed_or_are_not_held_are_due(lake: Lake) -> None:
    lake.fail(VIEWING_ACTIVITY, day_key(BIOLOGY, ALL[1]), "timed out")
    assert due(lake, trailing_days=2) == [ALL[1], *ALL[-2:]]
    lake.path(VIEWING_ACTIVITY, day_key(BIOLOGY, ALL[4])).unlink()
    assert due(lake, trailing_days=2) == [ALL[1], *ALL[3:5], *ALL[-2:]]  # the one before was read too young


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({}, False),
        ({"history_from": None}, True),
        ({"history_from": ALL[0]}, False),
        ({"history_from": ALL[1]}, True),
        ({"history_from": None, "denied_on": ALL[3]}, False),  # it cannot be read anyway
        ({"history_from": None, "left_on": ALL[3]}, False),
    ],
)
def test_a_session_without_its_history_makes_all_days_due(lake: Lake, changes: Json, new: bool) -> None:
    put_sessions(lake, BIOLOGY, "Biology", [seen(**changes)])
    assert due(lake) == (ALL if new else ALL[-7:])


def test_a_course_that_was_never_listed_has_just_yesterday(tmp_path: Path) -> None:
    assert plan.due_days(Lake(tmp_path), BIOLOGY, Panopto(), NOW, sweep=False) == [YESTERDAY]


@pytest.mark.parametrize("start", [date(2010, 1, 1), date(2023, 6, 15)])
def test_years_are_due_until_they_are_held(tmp_path: Path, start: date) -> None:
    lake, settings = Lake(tmp_path), Panopto(start_date=start)

    def due_now() -> list[int]:
        return plan.due_years(lake, BIOLOGY, settings, NOW)

    old = {"start_time": "2023-09-01T10:00:00Z"}
    put_sessions(lake, BIOLOGY, "Biology", [seen(**old, history_from=None)])
    assert due_now() == [2023, 2024]
    put_sessions(lake, BIOLOGY, "Biology", [seen(**old, history_from=start)])
    assert due_now() == [2023, 2024]
    put_year(lake, BIOLOGY, 2024, [])
    assert due_now() == [2023]
    put_year(lake, BIOLOGY, 2023, [])
    assert due_now() == []
    lake.fail(VIEWING_HISTORY, plan.year_key(BIOLOGY, 2024), "timed out")
    assert due_now() == [2024]
    put_sessions(lake, BIOLOGY, "Biology", [seen(**old, history_from=date(2025, 1, 1))])
    assert due_now() == [2023, 2024]


# nights that fall out


class Diary:
    """What `due_days` wants to know of a lake: on which nights each day was read."""

    root = Path("no lake")  # nothing was imported

    def __init__(self) -> None:
        self.read_on: dict[date, date] = {}

    def read(self, _table: Table, _key: str) -> "Diary":
        return self

    def to_pylist(self) -> list[Json]:
        return [seen()]

    def days(self, _table: Table, _owner: str) -> Iterator[date]:
        yield from self.read_on

    def failed_days(self, _table: Table, _owner: str) -> Iterator[date]:
        yield from ()


@given(st.sets(st.integers(0, 50)), st.integers(1, 12))
def test_every_day_is_read_again_when_its_records_have_come(nights: set[int], trailing: int) -> None:
    """Whichever nights the platform sleeps: each day was read when it was old enough, or is young."""
    lake, settings = Diary(), Panopto(trailing_days=trailing)
    for number in [*sorted(nights), 51]:
        now = NOW + number * ONE_DAY
        for day in plan.due_days(lake, BIOLOGY, settings, now, sweep=False):  # type: ignore[arg-type]
            lake.read_on[day] = now.date()
    assert sorted(lake.read_on) == days_between(date(2026, 5, 31), now.date() - ONE_DAY)
    for day, read_on in lake.read_on.items():
        assert read_on == now.date() or (read_on - day).days >= trailing
