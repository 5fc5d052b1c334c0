"""The page of channels in a browser: its numbers are those of the exported files and of the lake."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from video_analytics.pages.channels.page import channels_page
from video_analytics.pages.frame import render
from video_analytics.settings import Settings
from video_analytics_tests.pages.channels import tables
from video_analytics_tests.pages.channels.small_channels import HOSTILE, small_home
from video_analytics_tests.pages.channels.truth import Choice, Truth, said, truth_of
from video_analytics_tests.pages.conftest import Axe, Visit, wait_for_charts
from video_analytics_tests.pages.reading import choose, finding, period, table

ALL = Choice()
CHOICES: dict[str, tuple[dict[str, Any], Choice]] = {
    "all": ({}, ALL),
    "year": ({"since": "2025"}, Choice(since=2025)),
    "turned": ({"since": "2025", "until": "2024"}, ALL),
    "first_year": ({"until": "2024"}, Choice(until=2024)),
    "category": ({"category": "internet"}, Choice(channels=("Internet", "Intranet"))),
    "channels": ({"channels": ["1", "2"]}, Choice(channels=("Intranet", "neo"))),
    "both": ({"category": "internet", "channels": ["1", "2"], "since": "2025"}, Choice(("Intranet",), 2025)),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small home."""
    return small_home(tmp_path_factory.mktemp("channels"))


@pytest.fixture(scope="module")
def file(home: Settings, library: str) -> Path:
    """Its page."""
    page = channels_page(home)
    assert page
    path = home.home / "channels.html"
    path.write_text(render(page, library), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def truth(home: Settings) -> Iterator[Truth]:
    """What its files say."""
    with truth_of(home) as opened:
        yield opened


@pytest.fixture
def tab(file: Path, visit: Visit) -> Tab:
    """The page, opened."""
    opened: Tab = visit(file)
    return opened


def test_numbers_are_those_of_the_files(tab: Tab, truth: Truth) -> None:
    """After each choice every table says what SQL over the files of people and the lake says."""
    for name, (controls, choice) in CHOICES.items():
        tab.get_by_role("button", name="Reset").click()
        tab.wait_for_timeout(20)
        for control, value in controls.items():
            choose(tab, control, value)
        truth.choose(choice)
        expected = tables.all_tables(truth, choice)
        assert {figure: body(tab, figure) for figure in expected} == expected, name


def test_reset_restores_all(tab: Tab) -> None:
    """Reset gives back the page as it was opened, by keyboard."""
    figures = ["channels", "months", "devices", "country", "top", "life", "stale"]
    before = [(finding(tab, each), period(tab, each), body(tab, each)) for each in figures]
    tab.get_by_label("Category").select_option("research")
    tab.get_by_label("Measure").select_option("hours")
    tab.get_by_label("Intranet").press("Space")
    assert [(finding(tab, each), period(tab, each), body(tab, each)) for each in figures] != before
    tab.get_by_role("button", name="Reset").press("Enter")
    tab.wait_for_timeout(50)
    assert [(finding(tab, each), period(tab, each), body(tab, each)) for each in figures] == before


def test_measure_turns_the_charts(tab: Tab, truth: Truth) -> None:
    """Watch hours instead of views: in sentences and bars; the tables say both all the time."""
    truth.choose(ALL)
    ((hours,),) = truth.rows("SELECT sum(video_seconds_viewed) / 3600 FROM daily WHERE channel = 'Internet'")
    before = body(tab, "channels")
    choose(tab, "measure", "hours")
    assert finding(tab, "channels").startswith(f"Internet has the most watch hours, {said(hours, '1')} h: ")
    assert body(tab, "channels") == before
    assert f"{said(hours, '1')} h" in tab.locator("#channels-chart").inner_text()


def test_months_left_out_and_provisional_are_said(tab: Tab) -> None:
    """Which months are none of the complete ones, and which are not final, in words and in marks."""
    assert body(tab, "left_out") == [
        ["Internet", "Apr 2025", "30 of 30 days missing"],
        ["Intranet", "Jan 2025", "1 of 31 days missing"],
        ["Intranet", "Apr 2025", "held up to day 10 of 30"],
        ["neo", "Jan 2025", "19 of 31 days missing"],
        ["neo", "Apr 2025", "30 of 30 days missing"],
    ]
    said_here = period(tab, "months")
    assert "Provisional: Mar 2025 (Internet)." in said_here
    assert "With imported days: Dec 2024 (Internet)." in said_here
    assert "5 months of channels left out." in said_here
    tab.locator("#months").scroll_into_view_if_needed()
    wait_for_charts(tab)
    marks = tab.locator("#months-chart svg text").all_text_contents()
    assert (marks.count("p"), marks.count("\u00d7")) == (1, 5)


def test_nothing_chosen_is_no_error(tab: Tab) -> None:
    """Without a channel each figure says so."""
    choose(tab, "channels", [])
    for figure in ("channels", "funnel", "months", "devices", "country", "top", "rates"):
        assert finding(tab, figure).startswith("There is nothing to show")
    assert body(tab, "channels") == []
    choose(tab, "channels", ["0"])
    assert [row[0] for row in body(tab, "channels")] == ["Internet"]


def test_hostile_words_stay_text(tab: Tab) -> None:
    """A title and a custom field made of markup are shown letter by letter."""
    assert HOSTILE in [row[0] for row in body(tab, "video_content_type")]
    assert f"{HOSTILE} 101" in [row[0] for row in body(tab, "rates")]
    assert tab.locator("main img, main b").count() == 0
    assert tab.title() == "Channels · video_analytics"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), pytest.param(390, True, marks=pytest.mark.slow)])
def test_accessible(file: Path, visit: Visit, axe: Axe, width: int, dark: bool) -> None:
    """Axe finds nothing, with all charts drawn and tables opened; nothing is wider than the window."""
    page = visit(file, width=width, dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for figure in page.locator(".figure").all():
        figure.scroll_into_view_if_needed()
        wait_for_charts(page)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def body(tab: Tab, figure: str) -> list[list[str]]:
    """The rows of a table without its head."""
    return table(tab, figure)[1:]
