"""The storage page in a browser: every number as the plan and its files have it, wherever sliders stand."""

import csv
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from video_analytics.lake import Lake
from video_analytics.pages.frame import render
from video_analytics.pages.storage import affected as storage_affected
from video_analytics.pages.storage import data as storage_data
from video_analytics.pages.storage.affected import LOST, MOST, bucket_of_state
from video_analytics.pages.storage.data import Json
from video_analytics.pages.storage.page import storage_page
from video_analytics.pages.words import spoken
from video_analytics.panopto.retention.affected import affected
from video_analytics.panopto.retention.forecast import GROWTHS, breaches
from video_analytics.panopto.retention.held import HOUR, Held, opened
from video_analytics.panopto.retention.publishing import write_files
from video_analytics.panopto.retention.reckoning import write_numbers
from video_analytics.panopto.retention.scenarios import BUCKETS, bucket_of, conditions, reckon
from video_analytics.panopto.retention.tables import RETENTION_FORECAST
from video_analytics.settings import Retention, Settings, load_settings
from video_analytics.settings.whatif import changed
from video_analytics_tests.pages.conftest import Axe, Visit, wait_for_charts
from video_analytics_tests.pages.reading import choose, finding, period, table
from video_analytics_tests.pages.storage.states import state_of
from video_analytics_tests.panopto.retention import college
from video_analytics_tests.panopto.retention.small_college import put, session

COMMAND = "As a command: "
NO_LIMIT = "\u2013"


@dataclass(frozen=True)
class Site:
    """A lake, its settings, its files and its page."""

    lake: Lake
    settings: Settings
    exports: Path
    page: Path

    @property
    def plan(self) -> Retention:
        return self.settings.retention

    def csv(self, name: str) -> list[dict[str, str]]:
        path = self.exports / "panopto" / "retention" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, library: str) -> Site:
    folder = tmp_path_factory.mktemp("college")
    lake, settings = college.lake_with_snapshot(folder), _settings(folder)
    with opened(lake, college.DAY, college.ZONE, settings.retention) as found:
        write_numbers(lake, found)
    write_files(lake, folder / "exports", college.DAY, college.ZONE, settings.retention)
    return Site(lake, settings, folder / "exports", _written(settings, lake, folder, library))


@pytest.fixture(scope="module")
def held(site: Site) -> Iterator[Held]:
    with opened(site.lake, college.DAY, college.ZONE, site.plan) as found:
        yield found


def _settings(home: Path, text: str = "") -> Settings:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text(f'[panopto]\nreports_timezone = "{college.ZONE}"\n{text}')
    return load_settings(home)


def _written(settings: Settings, lake: Lake, folder: Path, library: str) -> Path:
    page = storage_page(settings, lake)
    assert page
    path = folder / page.path
    path.write_text(render(page, library), encoding="utf-8")
    return path


def _said(number: float) -> str:
    """Hours as the files have them, with the thin blanks of pages."""
    return f"{number:,.2f}".replace(",", "\u202f")


def _counted(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _plan_rows(held: Held, plan: Retention, name: str, before: Retention) -> list[list[str]]:
    """The table of the plan as Python reckons it."""
    known = Held(held.connection, held.day, held.zone, plan)
    scenario = plan.scenario(name)
    figures = reckon(known, scenario).figures
    was = reckon(Held(held.connection, held.day, held.zone, before), before.scenario(name)).figures
    asked = ("SELECT", bucket_of(conditions(known, scenario)), ", sum(views)::BIGINT FROM held GROUP BY 1")
    views = dict(held.connection.execute(" ".join(asked)).fetchall())
    year = "SELECT sum(views)::BIGINT FROM held WHERE in_academic_year"
    ((views["created"],),) = held.connection.execute(year).fetchall()
    rows = []
    for bucket in BUCKETS:
        each = figures[bucket]
        room = each.headroom
        rows.append(
            [
                bucket,
                _said(each.published),
                _said(was[bucket].published),
                _said(each.conserved),
                NO_LIMIT if each.limit is None else _said(each.limit),
                "no limit"
                if room is None
                else f"{_said(abs(room))} h {'left' if room >= 0 else 'too much: BREACH'}",
                _counted(each.sessions),
                _counted(views.get(bucket, 0)),
            ]
        )
    return rows


def _what_ifs(page: Page) -> list[str]:
    """What the page gives as --set to the command line."""
    words = shlex.split(period(page, "plan").partition(COMMAND)[2])
    return [after for before, after in pairwise(words) if before == "--set"]


POSITIONS: Sequence[tuple[str, Mapping[str, float]]] = (
    ("save_money", {}),
    ("save_money", {"window": 1}),
    ("save_money", {"window": 12, "imported-0": 57}),
    ("save_money", {"window": 36, "bundle-0": 1, "bundle-1": 2}),
    ("save_content", {"bundle-0": 0, "limit-archived": 3000}),
    ("save_zoom", {"window": 24, "imported-0": 0, "limit-created": 1100}),
    ("save_both", {"window": 2, "bundle-1": 3, "limit-stored": 0, "imported-0": 100}),
    ("save_both", {"window": 17, "limit-stored": 5000, "limit-archived": 19_700}),
)


def test_the_sliders_reckon_as_the_plan_does(site: Site, held: Held, visit: Visit) -> None:
    page = visit(site.page)
    names = [each.name for each in site.plan.scenarios]
    for scenario, sliders in POSITIONS:
        page.get_by_role("button", name="Reset").click()
        choose(page, "scenario", str(names.index(scenario)))
        for control, value in sliders.items():
            choose(page, control, value)
        _equals_the_plan(site, held, page, scenario, sliders)


def _equals_the_plan(site: Site, held: Held, page: Page, scenario: str, sliders: Mapping[str, float]) -> None:
    """The tables are those of the plan with what the page gives as --set."""
    pairs = _what_ifs(page)
    asked = changed(site.plan, scenario, pairs) if pairs else site.plan
    now = asked.scenario(scenario)
    assert now.window_months == sliders.get("window", site.plan.scenario(scenario).window_months)
    assert table(page, "plan")[1:] == _plan_rows(held, asked, scenario, site.plan)
    known = Held(held.connection, held.day, held.zone, asked)
    assert ("fits all limits" in finding(page, "plan")) == reckon(known, now).fits
    wanted = [
        [each.path, bucket, _said(each.hours), _said(each.archived_hours), _counted(each.sessions)]
        for bucket in LOST
        for each in affected(known, now, bucket).folders
        if not each.path.startswith("Users / ")
    ]
    shown = table(page, "folders")[1:]
    assert [row[:-1] for row in shown if not row[0].startswith("Users / ")] == wanted


@pytest.mark.parametrize("window", [1, 7, 18, 36])
def test_the_folders_are_those_that_the_plan_names(held: Held, window: int) -> None:
    kinds, found = _classified(held)
    for number, scenario in enumerate(held.retention.scenarios):
        for bucket in LOST:
            wanted = affected(held, scenario.model_copy(update={"window_months": window}), bucket, MOST)
            sums: dict[str, list[float]] = {}
            for name, kind, since, us, sessions, _ in found["rows"]:
                if bucket_of_state(state_of(kinds[kind][number], since, window)) == bucket:
                    one = sums.setdefault(found["names"][name], [0, 0])
                    one[0], one[1] = one[0] + us, one[1] + sessions
            first = sorted(sums.items(), key=lambda each: -each[1][0])[:MOST]
            assert [(name, us / HOUR, count) for name, (us, count) in first] == [
                (each.path, each.hours, each.sessions) for each in wanted.folders
            ]
            assert found["count"][number][bucket][window - 1] == wanted.number


def _classified(held: Held) -> tuple[list[list[int]], Json]:
    """What is told apart, and the folders by their own names, also those of persons."""
    plan = held.retention.model_copy(update={"creator_names": True})
    storage_data.classify(held)
    kinds: list[list[int]] = storage_data.cube(held)["kinds"]
    return kinds, storage_affected.folders(Held(held.connection, held.day, held.zone, plan))


def test_creators_and_views_are_those_of_the_sessions(site: Site, held: Held, visit: Visit) -> None:
    page = visit(site.page)
    choose(page, "window", 9)
    scenario = site.plan.scenarios[0].model_copy(update={"window_months": 9})
    asked = " ".join(
        (
            "WITH numbered AS (SELECT creator_key, row_number() OVER (",
            "ORDER BY sum(hours_us) DESC, creator_key) AS number FROM held GROUP BY creator_key)",
            "SELECT number, sum(hours_us)::BIGINT, count(*), sum(views)::BIGINT",
            "FROM held JOIN numbered USING (creator_key) WHERE $1 =",
            bucket_of(conditions(held, scenario)),
            "GROUP BY number ORDER BY 2 DESC, number LIMIT 10",
        )
    )
    wanted = [
        [f"creator {number}", name, _said(us / HOUR), "0.00", _counted(sessions), _counted(views)]
        for name in ("archived", "deleted")
        for number, us, sessions, views in held.connection.execute(asked, [name]).fetchall()
    ]
    _, *rows = table(page, "creators")
    assert rows == wanted


def test_every_number_is_that_of_the_files(site: Site, visit: Visit) -> None:
    page = visit(site.page)
    hours = ("all", "watched", "unwatched")
    for figure, name, label in (
        ("sources", "hours_by_stream_source", "stream_source"),
        ("roots", "hours_by_root_folder", "root_folder"),
        ("year", "hours_by_academic_year", "stream_source"),
    ):
        _, *rows = table(page, figure)
        wanted = [
            [row[label], *(_said(float(row[one])) for one in hours), row["sessions"]]
            for row in site.csv(name)
        ]
        assert [[*row[:4], row[5].replace("\u202f", "")] for row in rows] == wanted
    _, *rows = table(page, "recency")
    assert [[row[0], row[2]] for row in rows] == [
        [row["last_viewed"], _said(float(row["all"]))] for row in site.csv("hours_by_recency")
    ]
    _, *rows = table(page, "scenarios")
    assert [[*row[:4], row[6].replace("\u202f", "")] for row in rows] == [
        [
            row["title"] if "title" in row else site.plan.scenario(row["scenario"]).title,
            row["bucket"],
            _said(float(row["published_hours"])),
            _said(float(row["conserved_hours"])),
            row["sessions"],
        ]
        for row in site.csv("scenarios_detail")
        if row["bucket"] in BUCKETS
    ]


def test_the_forecast_is_that_of_the_files(site: Site, visit: Visit) -> None:
    page = visit(site.page)
    for column, limit in (
        ("stored_at_most_hours", "stored"),
        ("stored_hours", "stored"),
        ("archived_hours", "archived"),
        ("created_hours", "created"),
    ):
        choose(page, "forecast", column)
        by_day: dict[str, list[str]] = {}
        for row in site.csv("forecast"):
            if row["scenario"] == "save_money":
                by_day.setdefault(row["month"], []).append(_said(float(row[column])))
        head, *rows = table(page, "forecast")
        assert head[1:4] == ["Low growth", "Mid growth", "High growth"]
        assert [row[1:4] for row in rows] == list(by_day.values())
        assert {row[4] for row in rows} == {_said(getattr(site.plan.limits, limit))}


def test_a_passed_limit_of_the_forecast_is_said(site: Site, visit: Visit) -> None:
    page = visit(site.page)
    forecast = site.lake.read(RETENTION_FORECAST, college.DAY.isoformat())
    assert forecast is not None
    for nth, scenario in enumerate(site.plan.scenarios):
        choose(page, "scenario", str(nth))
        passed = {
            each.growth: spoken(each.month)
            for each in breaches(forecast, site.plan)
            if (each.scenario, each.bucket) == (scenario.name, "stored")
        }
        said = finding(page, "forecast")
        assert all(each in said for each in passed.values())
        assert ("passes its limit" in said) == bool(passed)
        assert ("not with" in said) == (0 < len(passed) < len(GROWTHS))


def test_reset_and_another_scenario_put_the_sliders_back(site: Site, visit: Visit) -> None:
    page = visit(site.page)
    _, *as_set = table(page, "plan")
    for control, value in {"window": 3, "imported-0": 90, "bundle-0": 2, "limit-stored": 100}.items():
        choose(page, control, value)
    assert "passes" in finding(page, "plan")
    choose(page, "scenario", "2")
    assert page.locator("#control-window").input_value() == "6"
    assert page.locator("#control-imported-0").input_value() == "100"
    assert page.locator("#control-bundle-1").input_value() == "1"
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#control-scenario")).to_have_value("0")
    expect(page.locator("#control-window")).to_have_value("18")
    assert table(page, "plan")[1:] == as_set
    assert _what_ifs(page) == []


def test_a_slider_moves_by_keyboard_and_its_breach_is_said(site: Site, visit: Visit) -> None:
    page = visit(site.page)
    before = finding(page, "plan")
    page.locator("#control-limit-created").focus()
    page.keyboard.press("Home")
    assert finding(page, "plan") != before
    assert "passes a limit: created by 2\u202f201" in finding(page, "plan")
    marks = page.locator("#plan-chart svg text").all_text_contents()
    assert any(each.startswith("▲ BREACH +2\u202f201") for each in marks)
    page.locator("#control-window").focus()
    page.keyboard.press("ArrowLeft")
    assert _what_ifs(page) == ["window_months=17", "limits.created=0"]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), pytest.param(390, True, marks=pytest.mark.slow)])
def test_everybody_can_use_it(site: Site, visit: Visit, axe: Axe, width: int, dark: bool) -> None:
    page = visit(site.page, width=width, dark=dark)
    for figure in page.locator(".figure").all():
        figure.scroll_into_view_if_needed()
        figure.locator("summary").click()
    wait_for_charts(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


NAMES = ("<img src=x onerror=alert(1)>", "__proto__", "constructor", "$(touch x)", "'", "漢字 🎬")


def test_names_are_text_and_rules_that_overlap_are_no_plan(
    tmp_path: Path, visit: Visit, library: str
) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, list(_strange_sessions()))
    text = """[retention]
    scenarios_built_in = false
    [retention.scenarios.odd]
    title = "<b>odd</b>"
    window_months = 1
    stored = [{recent = true}]
    archived = [{created_before_months = 12}]
    [retention.scenarios.odd.imported]
    """ + "\n".join(f'"{name}" = 0.125' for name in NAMES[:4])
    settings = _settings(tmp_path, text)
    page = visit(_written(settings, lake, tmp_path, library))
    assert page.locator("img").count() == 0
    assert sorted(row[0] for row in table(page, "sources")[1:-1]) == sorted(NAMES)
    created = table(page, "plan")[2]
    assert created[:2] == ["created", _said(4 * 0.125 + 2)]
    choose(page, "imported-1", 50)
    assert table(page, "plan")[2][:2] == ["created", _said(3 * 0.125 + 2.5)]
    assert "imported.__proto__=0.5" in period(page, "plan")
    choose(page, "imported-3", 50)
    assert COMMAND not in period(page, "plan")
    choose(page, "window", 12)
    assert "is no plan: 1 session would be in two buckets or in none" in finding(page, "plan")
    assert table(page, "plan")[1:] == []


def _strange_sessions() -> Iterator[dict[str, Any]]:
    """One hour of the last academic year from each source, and an older session viewed some months ago."""
    started, before, viewed = (
        datetime(year, month, 10, 16, tzinfo=UTC) for year, month in ((2021, 9), (2020, 9), (2022, 1))
    )
    for number, name in enumerate(NAMES):
        known = {"stream_source": name, "root_folder": name, "creator": name, "creator_id": name}
        yield session(number, 1.0, start_time=started, **known)
    yield session(99, 1.0, stream_source=NAMES[0], start_time=before, views=3, last_view=viewed)
