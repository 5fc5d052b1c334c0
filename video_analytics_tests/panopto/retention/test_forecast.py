"""The months until the renewal: growth from the data's own years, what comes, what leaves, what breaks."""

import random
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from video_analytics.lake import connect
from video_analytics.panopto.retention.forecast import (
    GROWTHS,
    Breach,
    breaches,
    forecast,
    growth,
    next_renewal,
)
from video_analytics.panopto.retention.scenarios import reckon
from video_analytics.panopto.retention.tables import RETENTION_FORECAST
from video_analytics.settings.retention import Bundle, Hours, Retention, Rule, Scenario
from video_analytics_tests.panopto.retention.worlds import (
    HOUR_US,
    Row,
    held_of,
    hold,
    random_sessions,
    session,
)

DAY = date(2022, 6, 1)
KEEP = Scenario(
    name="keep",
    window_months=6,
    imported={"Zoom": 0.5},
    stored=(Rule(recent=True),),
    archived=(Rule(watched=True, recent=False),),
    deleted="rest",
)


def plan(**changes: Any) -> Retention:
    return Retention(scenarios=(KEEP,), **changes)


def started(*days: tuple[date, float], source: str | None = "Zoom", first: int = 0) -> list[Row]:
    """A session for each day, of so many hours."""
    return [
        session(first + number, round(hours * HOUR_US), started=day, stream_source=source)
        for number, (day, hours) in enumerate(days)
    ]


def years(*hours: float) -> list[Row]:
    """Sessions of so many hours in the year before the report date, the year before that, and so on."""
    return started(*((DAY - relativedelta(years=back), each) for back, each in enumerate(hours, start=1)))


def rows_of(rows: Iterable[Row], retention: Retention | None = None, day: date = DAY) -> list[dict[str, Any]]:
    with held_of(rows, day, retention or plan()) as held:
        table = forecast(held)
    assert table.schema == RETENTION_FORECAST.schema
    return list(table.to_pylist())


def by_month(rows: Iterable[dict[str, Any]], column: str, name: str = "mid") -> dict[str, float]:
    return {row["month"].isoformat()[:7]: row[column] for row in rows if row["growth"] == name}


# --- growth -----------------------------------------------------------------------------------------------


def test_growth_is_what_the_years_show() -> None:
    with held_of(years(300, 100, 80, 160), DAY) as held:
        found = growth(held)
    assert list(found.years.values()) == pytest.approx([300, 100, 80, 160])
    assert list(found.years) == [date(year, 6, 1) for year in (2021, 2020, 2019, 2018)]
    assert list(found.rates) == pytest.approx([2, 0.25, -0.5])
    assert (found.low, found.mid, found.high) == pytest.approx((-0.5, 0.25, 2))
    assert [found.rate(name) for name in GROWTHS] == [found.low, found.mid, found.high]


def test_only_five_years_count() -> None:
    with held_of(years(100, 100, 100, 100, 100, 1, 1), DAY) as held:
        assert list(growth(held).rates) == pytest.approx([0, 0, 0, 0])


@pytest.mark.parametrize(
    ("rows", "windows"),
    [
        ([], 0),
        (years(100), 1),
        (started((date(2022, 5, 31), 1)), 0),  # the year is not whole: it begins in its last month
        (started((date(2021, 6, 30), 1)), 1),  # the data reach into its first month
        (started((date(2021, 7, 1), 1)), 0),
        ([session(1, started=None)], 0),
    ],
)
def test_without_two_whole_years_no_growth_is_known(rows: list[Row], windows: int) -> None:
    with held_of(rows, DAY) as held:
        found = growth(held)
    assert (found.low, found.mid, found.high, len(found.rates)) == (0, 0, 0, 0)
    assert len(found.years) == windows


def test_a_year_without_hours_has_no_rate() -> None:
    with held_of(years(300, 100, 0, 50), DAY) as held:
        assert list(growth(held).rates) == pytest.approx([2])


def test_windows_end_where_the_report_date_begins() -> None:
    rows = started(
        (date(2022, 6, 2), 7),
        (DAY, 5),
        (date(2022, 5, 31), 3),
        (date(2021, 6, 1), 2),
        (date(2021, 5, 31), 10),
    )
    with held_of([*rows, *started((date(2020, 6, 1), 0.5), first=50)], DAY) as held:
        assert list(growth(held).years.values()) == pytest.approx([5, 10.5])


# --- months -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "renewal", "expected", "length"),
    [
        (DAY, None, ["2022-06-01", "2022-07-01", "2023-06-01"], 13),
        (date(2022, 6, 15), None, ["2022-06-15", "2022-07-15", "2023-06-01"], 13),
        (date(2022, 1, 31), None, ["2022-01-31", "2022-02-28", "2022-06-01"], 6),
        (DAY, date(2022, 6, 20), ["2022-06-01", "2022-06-20", "2022-06-20"], 2),
        (DAY, DAY, ["2022-06-01", "2022-07-01", "2023-06-01"], 13),  # it is over: the next one
        (DAY, date(2018, 9, 1), ["2022-06-01", "2022-07-01", "2022-09-01"], 4),
        (DAY, date(2025, 6, 1), ["2022-06-01", "2022-07-01", "2025-06-01"], 37),
        (DAY, date(2030, 1, 1), ["2022-06-01", "2022-07-01", "2025-06-01"], 37),  # three years are enough
    ],
)
def test_months_go_from_the_report_date_to_the_renewal(
    day: date, renewal: date | None, expected: list[str], length: int
) -> None:
    rows = rows_of(years(10, 10), plan(renewal=renewal), day)
    days = [row["month"] for row in rows if row["growth"] == "low"]
    assert [str(days[0]), str(days[1]), str(days[-1])] == expected
    assert len(days) == length
    assert days == sorted(set(days))
    assert len(rows) == 3 * length


def test_a_renewal_of_the_29th_of_february_comes_again() -> None:
    with held_of([], DAY, plan(renewal=date(2020, 2, 29))) as held:
        assert next_renewal(held) == date(2023, 2, 28)


# --- created ----------------------------------------------------------------------------------------------


def test_new_hours_repeat_those_of_a_year_ago_grown_and_as_far_as_they_are_imported() -> None:
    rows = [
        *started((date(2021, 6, 1), 10), (date(2021, 9, 30), 40), (date(2020, 6, 1), 25)),
        *started((date(2021, 10, 1), 8), source=None, first=50),
    ]
    found = rows_of(rows)  # 58 hours after 25
    created = by_month(found, "created_hours")
    factor = 58 / 25
    assert created["2022-06"] == 0
    assert created["2022-07"] == created["2022-09"] == pytest.approx(5 * factor)
    assert created["2022-10"] == pytest.approx(25 * factor)
    assert created["2022-11"] == created["2023-06"] == pytest.approx(33 * factor)
    assert [row["growth_percent"] for row in found] == pytest.approx([100 * (factor - 1)] * len(found))


def test_each_growth_is_applied() -> None:
    found = rows_of(years(300, 100, 80, 160))
    ends = {name: by_month(found, "created_hours", name)["2023-06"] for name in GROWTHS}
    assert ends == {
        name: pytest.approx(150 * (1 + rate)) for name, rate in zip(GROWTHS, (-0.5, 0.25, 2), strict=True)
    }


def test_the_second_year_grows_upon_the_first() -> None:
    rows = started((date(2021, 9, 1), 20), (date(2020, 9, 1), 10), (date(2020, 6, 1), 0))
    found = rows_of(rows, plan(renewal=date(2024, 6, 1)))
    created = by_month(found, "created_hours", "high")
    assert created["2023-06"] == pytest.approx(10 * 2)
    assert created["2023-09"] == 0
    assert created["2024-06"] == pytest.approx(10 * 4)
    stored = by_month(found, "stored_at_most_hours", "high")
    assert stored["2024-06"] == pytest.approx(10 * 2 + 10 * 4)


def test_what_was_started_in_the_licences_year_counts_in_full() -> None:
    rows = started((date(2021, 8, 31), 4), (date(2021, 9, 1), 10), (date(2022, 5, 31), 20))
    created = by_month(rows_of(rows, plan(renewal=date(2022, 9, 1))), "created_hours")
    assert created == pytest.approx({"2022-06": 30, "2022-07": 30, "2022-08": 30, "2022-09": 30 + 2})


def test_the_day_a_licences_year_ends_shows_all_of_it() -> None:
    rows = started((date(2021, 8, 31), 4), (date(2021, 9, 1), 10), (date(2022, 5, 31), 20))
    created = by_month(rows_of(rows, plan(renewal=date(2023, 9, 1))), "created_hours")
    assert created["2022-09"] == pytest.approx(30 + 2)
    assert created["2022-10"] == pytest.approx(5)
    assert created["2023-09"] == pytest.approx(5 + 10 + 2)


def test_a_month_that_is_cut_counts_its_days() -> None:
    rows = started(
        (date(2021, 6, 14), 1), (date(2021, 6, 15), 2), (date(2022, 5, 31), 4), (date(2022, 6, 1), 8)
    )
    created = by_month(rows_of(rows, plan(), date(2022, 6, 15)), "created_hours")
    assert created["2022-06"] == pytest.approx(8)  # since the renewal on the 1st
    assert created["2022-07"] == pytest.approx(8 + 1)
    assert created["2023-05"] == created["2022-07"]
    rows_by_day = rows_of(rows, plan(), date(2022, 6, 15))
    assert rows_by_day[-1]["month"] == date(2023, 6, 1)
    assert rows_by_day[-1]["created_hours"] == pytest.approx(8 + 1 + 2)


def test_sessions_from_the_report_date_on_are_no_history() -> None:
    created = by_month(rows_of(started((DAY, 5), (date(2022, 7, 1), 7))), "created_hours")
    assert set(created.values()) == {0}


# --- stored and archived ----------------------------------------------------------------------------------


def test_what_nobody_views_again_leaves_when_its_window_is_over() -> None:
    viewed = [session(number, viewed=DAY - relativedelta(months=ago)) for number, ago in enumerate((2, 5, 9))]
    found = rows_of([*viewed, *started((date(2021, 8, 15), 10), first=50)])
    assert list(by_month(found, "stored_hours").values())[:6] == pytest.approx(
        [2, 2, 1 + 0, 1 + 5, 1 + 5, 0 + 5]
    )
    assert list(by_month(found, "archived_hours").values())[:6] == pytest.approx([1, 1, 2, 2, 2, 3])
    assert list(by_month(found, "stored_at_most_hours").values()) == pytest.approx([2] * 3 + [2 + 5] * 10)


def worlds(number: int) -> Iterator[Any]:
    dice = random.Random(11)
    with connect() as connection:
        for _ in range(number):
            yield hold(connection, random_sessions(dice, DAY, 30), DAY)


def test_at_the_renewal_stands_what_the_scenarios_publish_but_for_the_growth() -> None:
    """The licence's year is the coming academic year; last year's hours are those the scenarios count."""
    grown = 0
    for held in worlds(5):
        rate = growth(held)
        grown += bool(rate.rates)
        scenarios = held.retention.scenarios[1:3]
        table = forecast(held, scenarios).to_pylist()
        for scenario in scenarios:
            figures = reckon(held, scenario).figures
            for row in table:
                if row["scenario"] == scenario.name and row["month"] == date(2023, 6, 1):
                    new = figures["created"].published * (1 + rate.rate(row["growth"]))
                    assert row["created_hours"] == pytest.approx(new, abs=1e-6)
                    assert row["stored_at_most_hours"] == pytest.approx(
                        figures["stored"].conserved + new, abs=1e-6
                    )
    assert grown > 1


def test_bounds_keep_their_order() -> None:
    for held in worlds(3):
        found = forecast(held, [held.retention.scenario("save_content")]).to_pylist()
        assert len(found) == 3 * 13
        for name in GROWTHS:
            rows = [row for row in found if row["growth"] == name]
            for before, row in pairwise(rows):
                assert row["created_hours"] >= before["created_hours"] - 1e-9
                assert row["stored_at_most_hours"] >= before["stored_at_most_hours"] - 1e-9
                assert row["stored_hours"] <= row["stored_at_most_hours"]
                assert row["archived_hours"] >= before["archived_hours"]


# --- breaches ---------------------------------------------------------------------------------------------


def test_the_first_month_above_a_limit_is_told() -> None:
    rows = [
        *started((date(2021, 8, 15), 10), (date(2021, 12, 15), 10), (date(2020, 6, 15), 10), source=None),
        session(60, 6 * HOUR_US, viewed=date(2022, 2, 1)),
    ]
    small = plan(limits=Hours(stored=25, created=9, archived=5))
    with held_of(rows, DAY, small) as held:
        found = breaches(forecast(held), small)
    mid = {each.bucket: each for each in found if each.growth == "mid"}
    assert mid["created"] == Breach("keep", "mid", "created", date(2022, 9, 1), 20, 9)
    assert mid["stored"] == Breach("keep", "mid", "stored", date(2022, 9, 1), 26, 25)
    assert mid["archived"] == Breach("keep", "mid", "archived", date(2022, 9, 1), 6, 5)
    assert len(found) == 9


def test_bundles_push_a_breach_away_and_a_limit_that_is_met_is_none() -> None:
    rows = years(30)
    scenario = KEEP.model_copy(update={"imported": {}})
    exact = Retention(scenarios=(scenario,), limits=Hours(stored=30, created=30, archived=0))
    with held_of(rows, DAY, exact) as held:
        assert breaches(forecast(held), exact) == []
    bought = scenario.model_copy(update={"bundles": ("more",)})
    more = (Bundle(name="more", created=10),)
    for limit, expected in ((20, 0), (19, 3)):
        retention = Retention(scenarios=(bought,), bundles=more, limits=Hours(stored=30, created=limit))
        with held_of(rows, DAY, retention) as held:
            assert len(breaches(forecast(held), retention)) == expected
