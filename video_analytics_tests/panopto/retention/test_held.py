"""What is held on a report date: local days, months since them, the academic year, the renewal."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.held import Held, opened
from video_analytics.panopto.retention.rules import recent, selects
from video_analytics.settings.retention import Retention, Rule
from video_analytics_tests.panopto.retention.worlds import (
    HOUR_US,
    ZONE,
    Row,
    database,
    held_of,
    hold,
    local,
    of_each,
    session,
    snapshot,
)

DAY = date(2022, 6, 1)
PLAN = Retention()
NOTHING: Any = None  # in place of a database that is not asked


Prepare = Callable[..., Any]


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepare]:
    """`prepared(rows, day, retention)`: in one database, each in place of the one before."""
    with database() as connection:
        yield partial(hold, connection)


# Windows of months, against the calendar of dateutil.

MONTH_ENDS = (
    *(date(2024, 2, 29), date(2022, 1, 31), date(2022, 3, 31), date(2023, 2, 28), date(2021, 12, 31)),
    *(date(2022, 4, 30), date(2024, 3, 29), date(2024, 3, 30), DAY),
)
MONTHS = (1, 2, 3, 6, 11, 12, 13, 18, 24, 48)


def _days_around(day: date, seed: int) -> list[date]:
    """Days at which the answer turns, ends of months, leap days, days after the report date, any days."""
    dice = random.Random(seed)
    edges = [day - relativedelta(months=months) for months in (0, *MONTHS)]
    ends = [date(day.year - back, month, 1) - timedelta(days=1) for back in range(5) for month in (1, 3, 5)]
    after = [day + timedelta(days=days) for days in (1, 2, 30, 31, 400)]
    rest = [day - timedelta(days=dice.randrange(1600)) for _ in range(40)]
    near = [each + timedelta(days=step) for each in edges for step in (-1, 1)]
    return [*edges, *near, *ends, *after, *rest, date(2020, 2, 29), date(1999, 12, 31)]


@examples(max_examples=20)
@given(st.sampled_from(MONTH_ENDS) | st.dates(date(2018, 1, 1), date(2030, 12, 31)), st.integers(0, 2**32))
def test_months_since_the_last_view_and_the_start_are_those_of_the_calendar(
    prepared: Prepare, day: date, seed: int
) -> None:
    days = _days_around(day, seed)
    held = prepared([session(place, viewed=each, started=each) for place, each in enumerate(days)], day)
    within = [(Rule(created_within_months=each),) for each in MONTHS]
    before = [(Rule(created_before_months=each),) for each in MONTHS]
    found = of_each(
        held,
        [*map(recent, MONTHS), *(selects(rules, PLAN, 1) for rules in (*within, *before))],
    )
    for each, holds in zip(days, found, strict=True):
        inside = tuple(each >= day - relativedelta(months=months) for months in MONTHS)
        assert holds == (*inside, *inside, *(not one for one in inside)), f"{each} on {day}"


@examples(max_examples=15)
@given(st.dates(date(2018, 1, 1), date(2030, 12, 28)), st.integers(0, 14), st.integers(0, 2**32))
def test_a_later_date_sees_what_a_report_of_that_date_would_see(
    prepared: Prepare, day: date, later: int, seed: int
) -> None:
    day = day.replace(day=min(day.day, 28))  # every month has it: at the ends of months it is a day or two
    now = day + relativedelta(months=later)
    days = _days_around(day, seed)
    held = prepared([session(place, viewed=each, started=each) for place, each in enumerate(days)], day)
    young = [selects((Rule(created_within_months=each),), PLAN, 1, later) for each in MONTHS]
    found = of_each(held, [*(recent(each, later) for each in MONTHS), *young])
    for each, holds in zip(days, found, strict=True):
        inside = tuple(each >= now - relativedelta(months=months) for months in MONTHS)
        assert holds == (*inside, *inside), f"{each} on {day}, {later} months later"


def test_who_never_started_is_neither_young_nor_old() -> None:
    rules = [Rule(created_within_months=600), Rule(created_before_months=1)]
    with held_of([session(1, started=None), session(2, started=DAY)], DAY) as held:
        found = of_each(held, [selects((rule,), PLAN, 1) for rule in rules])
    assert found == [(False, False), (True, False)]


def test_only_what_was_watched_and_has_a_date_is_recent() -> None:
    rows = [
        session(1, viewed=DAY),
        session(2, viewed=DAY, last_view=None),
        session(3, viewed=DAY, views=0),
        session(4),
    ]
    with held_of(rows, DAY) as held:
        assert of_each(held, [recent(600), "watched"]) == [
            (True, True),
            (False, True),
            (False, False),
            (False, False),
        ]


# Days are those of the zone.


@pytest.mark.parametrize(
    ("instant", "inside"),
    [
        (datetime(2021, 12, 1, 7, 59, tzinfo=UTC), False),  # 23:59 on November 30
        (datetime(2021, 12, 1, 8, 0, tzinfo=UTC), True),  # 0:00 on December 1
        (datetime(2021, 12, 2, 7, 30, tzinfo=UTC), True),  # 23:30 on December 1
    ],
)
def test_a_view_counts_on_its_local_day(instant: datetime, inside: bool) -> None:
    with held_of([session(1, views=1, last_view=instant)], DAY) as held:
        assert of_each(held, [recent(6)]) == [(inside,)]


@pytest.mark.parametrize(
    ("instant", "inside"),
    [
        (datetime(2021, 6, 1, 6, 59, tzinfo=UTC), False),  # 23:59 on May 31
        (datetime(2021, 6, 1, 7, 0, tzinfo=UTC), True),
        (datetime(2022, 6, 1, 6, 59, tzinfo=UTC), True),  # 23:59 on May 31
        (datetime(2022, 6, 1, 7, 0, tzinfo=UTC), False),
        (None, False),
    ],
)
def test_a_session_starts_in_the_academic_year_by_its_local_day(
    instant: datetime | None, inside: bool
) -> None:
    with held_of([session(1, start_time=instant)], DAY) as held:
        assert of_each(held, ["in_academic_year"]) == [(inside,)]


def test_the_hour_that_a_clock_shows_twice_is_of_one_day() -> None:
    twice = [datetime(2021, 11, 7, hour, 30, tzinfo=UTC) for hour in (8, 9)]  # 1:30 in the night, both times
    with held_of([session(place, start_time=each) for place, each in enumerate(twice)], DAY) as held:
        assert of_each(held, ["started"]) == [(date(2021, 11, 7),)] * 2


# The academic year, and the end of the licence.

YEARS = [
    # report date, from, to; the year that is over
    ("2022-06-01", "06-01", "06-01", "2021-06-01", "2022-06-01"),
    ("2022-05-31", "06-01", "06-01", "2020-06-01", "2021-06-01"),
    ("2022-06-02", "06-01", "06-01", "2021-06-01", "2022-06-01"),
    ("2024-02-29", "06-01", "06-01", "2022-06-01", "2023-06-01"),
    ("2022-12-31", "01-01", "01-01", "2021-01-01", "2022-01-01"),
    ("2022-01-01", "01-01", "01-01", "2021-01-01", "2022-01-01"),
    ("2022-06-01", "09-01", "06-01", "2021-09-01", "2022-06-01"),  # no summer
    ("2022-05-31", "09-01", "06-01", "2020-09-01", "2021-06-01"),
    ("2022-10-01", "09-01", "07-01", "2021-09-01", "2022-07-01"),
    ("2022-12-31", "02-01", "12-01", "2022-02-01", "2022-12-01"),  # within a calendar year
    ("2022-11-30", "02-01", "12-01", "2021-02-01", "2021-12-01"),
    ("2022-03-01", "03-01", "02-28", "2021-03-01", "2022-02-28"),
]


@pytest.mark.parametrize(("day", "from_", "to", "begin", "end"), YEARS)
def test_the_academic_year_is_the_last_one_that_is_over(
    day: str, from_: str, to: str, begin: str, end: str
) -> None:
    retention = Retention(academic_year_from=from_, academic_year_to=to)
    first, last = date.fromisoformat(begin), date.fromisoformat(end)
    days = [first - timedelta(days=1), first, last - timedelta(days=1), last]
    rows = [session(place, start_time=local(each, time(0, 1))) for place, each in enumerate(days)]
    with held_of(rows, date.fromisoformat(day), retention) as held:
        assert held.academic_year == (first, last)
        assert of_each(held, ["in_academic_year"]) == [(False,), (True,), (True,), (False,)]


@given(
    st.dates(date(2000, 1, 1), date(2060, 12, 31)),
    st.dates(date(2023, 1, 1), date(2023, 12, 31)),
    st.dates(date(2023, 1, 1), date(2023, 12, 31)),
)
def test_the_academic_year_is_over_and_at_most_a_year_long(day: date, from_: date, to: date) -> None:
    retention = Retention(academic_year_from=f"{from_:%m-%d}", academic_year_to=f"{to:%m-%d}")
    held = Held(NOTHING, day, ZONE, retention)
    begin, end = held.academic_year
    assert (begin.month, begin.day) == (from_.month, from_.day)
    assert (end.month, end.day) == (to.month, to.day)
    assert begin < end <= day < end + relativedelta(years=1)
    assert end - relativedelta(years=1) <= begin
    assert day < held.renewal == end + relativedelta(years=1)


def test_the_renewal_is_as_set_or_else_the_end_of_the_year_that_goes_on() -> None:
    with held_of([], DAY) as held:
        assert held.renewal == date(2023, 6, 1)
    with held_of([], date(2022, 5, 31)) as held:
        assert held.renewal == DAY
    with held_of([], DAY, Retention(renewal=date(2022, 8, 15))) as held:
        assert held.renewal == date(2022, 8, 15)


# One row a session, and their sums.


def test_blank_folders_and_sources_are_none_and_the_cube_holds_all() -> None:
    rows: list[Row] = [
        session(1, HOUR_US, stream_source="Zoom", root_folder="Film", archived=1),
        session(2, 7),
        session(3, 5),
        session(4, 0, archived=0),
    ]
    with held_of(rows, DAY) as held:
        sources = "stream_source, root_folder, archived_now, hours_us, sessions"
        cube = held.connection.table("cube").project(sources).order("ALL").fetchall()
        assert held.total_us() == HOUR_US + 12
    assert cube == [("(none)", "(none)", False, 12, 3), ("Zoom", "Film", True, HOUR_US, 1)]


def test_a_snapshot_is_opened_from_the_lake(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write(SESSION_USAGE, DAY.isoformat(), snapshot([session(1), session(2)]), {})
    with opened(lake, DAY, ZONE, PLAN) as held:
        assert held.total_us() == 2 * HOUR_US
        assert held.day == DAY


def test_a_date_without_a_snapshot_is_refused_with_what_to_do(tmp_path: Path) -> None:
    refused = pytest.raises(
        ReportError, match=r"report date 2022-06-01: expected a snapshot.*--source reports"
    )
    with refused, opened(Lake(tmp_path), DAY, ZONE, PLAN):
        pass
