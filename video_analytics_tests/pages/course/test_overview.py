"""The course overview in a browser: what it shows equals its data, at the beginning and after each choice."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from video_analytics.pages.course.overview import course_page
from video_analytics.pages.course.video import video_page
from video_analytics.pages.frame import render
from video_analytics_tests.pages import reading
from video_analytics_tests.pages.conftest import Axe, Visit
from video_analytics_tests.pages.course.small_course import (
    FACTS,
    HOSTILE,
    course,
    overview,
    percent,
    said,
    videos,
)

MOST = 3 * 1024 * 1024
DASH = "\N{EN DASH}"


def test_the_overview_shows_its_data_for_all_dates_and_for_a_month(
    tmp_path: Path, library: str, visit: Visit, axe: Axe
) -> None:
    data = course(30)
    page = visit(overview(data, library, tmp_path))
    for period in (0, 2):
        if period:
            reading.choose(page, "period", data["periods"][period]["id"])
        assert _rows(page, "videos") == [_line(video, period) for video in data["videos"]]
        assert _rows(page, "top") == _top(data, period)
        assert _rows(page, "completion")[0][2:] == _best(data, period)
        assert reading.finding(page, "top").startswith(
            f"“\u2068{_top(data, period)[0][0]}\u2069” has the most"
        )
        key = {row[0]: row[1] for row in _rows(page, "key")}
        assert key["Viewers"] == said(data["totals"]["viewers"][period])
        assert key["Watched"] == f"{said(data['totals']['watch'][period] / 3600, 1)} hours"
        assert key["Not viewed"] == "1 video"
        days = _days(data, period)
        assert [row[1] for row in _rows(page, "days")] == [said(data["totals"]["days"][day]) for day in days]
        assert f"Most watched on {_busiest(data, days)}" in reading.finding(page, "days")
        assert len(_rows(page, "heat")) == 30
        first = data["videos"][5]
        share = percent(first["any"][period][19], first["viewers"][period])
        assert _rows(page, "heat")[5][-1] == share
    assert _marks(page, "top", 0) == 10
    assert _marks(page, "grid", 0) == 30
    assert _marks(page, "heat", 0) == 30 * 20
    assert "Europe/Zurich" in page.locator("#grid .about").inner_text()
    assert reading.period(page, "grid").startswith(f"Dates: 1 Oct 2025 {DASH} 31 Oct 2025.")
    assert [row[2] for row in _rows(page, "days")][-3:] == ["final", "provisional", "provisional"]
    assert axe(page) == []


def test_the_grid_is_coloured_by_a_measure_and_a_tile_opens_its_video(
    tmp_path: Path, library: str, visit: Visit
) -> None:
    data = course(30)
    videos(data, library, tmp_path)
    page = visit(overview(data, library, tmp_path))
    page.locator("#grid").scroll_into_view_if_needed()
    tiles = page.locator("#grid-chart g.layer_1_marks text")
    shown = [video["viewers"][0] for video in data["videos"]]
    expect(tiles).to_have_text([said(viewers) for viewers in shown])
    reading.choose(page, "measure", "completion")
    expect(tiles.nth(8)).to_have_text(percent(data["videos"][8]["completed"][0], shown[8]))
    expect(tiles.nth(1)).to_have_text(DASH)
    reading.choose(page, "measure", "watch")
    hours = data["videos"][8]["watch"][0] / 3600
    expect(tiles.nth(8)).to_have_text(said(hours, 1 if hours < 10 else 0))
    assert _rows(page, "grid")[8][2] == f"{said(hours, 1)} hours watched"
    assert f"{said(max(v['watch'][0] or 0 for v in data['videos']) / 3600, 1)} hours" in reading.finding(
        page, "grid"
    )
    tiles.nth(4).click()
    page.wait_for_url(re.compile(r"/alg%201-videos\.html#video=v4%26%3C4%3E"))
    expect(page.locator("#control-video")).to_have_value(data["videos"][4]["id"])
    assert HOSTILE[4] in reading.finding(page, "key")


def test_the_overview_is_used_by_keyboard(tmp_path: Path, library: str, visit: Visit) -> None:
    data = course(8)
    videos(data, library, tmp_path)
    page = visit(overview(data, library, tmp_path))
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "control-period":
            break
    before = reading.finding(page, "top")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#top-finding")).not_to_have_text(before)
    assert reading.period(page, "top").startswith(f"Dates: 1 Sep 2025 {DASH} 30 Sep 2025.")
    page.locator("#videos-table tbody a").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"-videos\.html#video=v2%26%3C2%3E&period=2025-09"))
    expect(page.locator("#control-period")).to_have_value("2025-09")


@pytest.mark.slow
def test_a_narrow_overview_stays_in_its_width_and_names_stay_text(
    tmp_path: Path, library: str, visit: Visit, axe: Axe
) -> None:
    page = visit(overview(course(12), library, tmp_path), width=390, dark=True)
    for figure in ("days", "top", "completion", "grid", "heat", "videos"):
        page.locator(f"#{figure}").scroll_into_view_if_needed()
        expect(page.locator(f"#{figure}-chart svg" if figure != "videos" else "#videos-table")).to_have_count(
            1
        )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    assert page.title() == "Algebra <b>I</b> · video_analytics"
    names = [row[0] for row in _rows(page, "videos")]
    assert names[: len(HOSTILE)] == HOSTILE
    addresses = page.locator("#videos-table tbody a").evaluate_all("all => all.map((each) => each.protocol)")
    assert set(addresses) == {"file:"}
    assert axe(page) == []


def test_an_overview_without_viewers_or_videos_says_so(tmp_path: Path, library: str, visit: Visit) -> None:
    data = course(3)
    for video in data["videos"]:
        video |= {"duration": None, "unread": True, "viewers": [0] * 3, "completed": [None] * 3}
    page = visit(overview(data, library, tmp_path))
    assert [row[3:6] + row[8:] for row in _rows(page, "videos")] == [[DASH, DASH, DASH, "not read yet"]] * 3
    assert reading.finding(page, "top") == "No video has a number of viewers that may be shown."
    page = visit(overview(course(0) | {"days": [], "periods": [_never()]}, library, tmp_path))
    assert reading.finding(page, "top") == "Nobody watched a video in these dates."
    assert reading.finding(page, "days") == "Nobody watched in these dates."
    assert _rows(page, "videos") == []


def test_the_pages_of_a_big_course_are_small(library: str) -> None:
    data = course(300, months=10)
    for page in (course_page(data, FACTS, "big"), video_page(data, FACTS, "big")):
        assert len(render(page, library).encode()) < MOST


def test_the_overview_holds_no_more_than_it_shows() -> None:
    (video,) = course_page(course(1), FACTS, "one").data["videos"]
    assert set(video) == {"id", "name", "folder", "duration", "viewers", "completed", "watch", "any"}


def _never() -> dict[str, Any]:
    return {"id": "all", "label": "All dates", "first": None, "last": None}


def _rows(page: Page, figure: str) -> list[list[str]]:
    return reading.table(page, figure)[1:]


def _marks(page: Page, figure: str, layer: int) -> int:
    page.locator(f"#{figure}").scroll_into_view_if_needed()
    marks = page.locator(f"#{figure}-chart g.layer_{layer}_marks > *")
    expect(marks.first).to_be_attached()
    return marks.count()


def _line(video: dict[str, Any], period: int) -> list[str]:
    viewers, completed, watch = (video[name][period] for name in ("viewers", "completed", "watch"))
    known = viewers is not None
    return [
        video["name"],
        video["folder"],
        "50:00" if video["duration"] else DASH,
        said(viewers),
        said(completed) if video["duration"] else DASH,
        percent(completed, viewers) if video["duration"] else DASH,
        (said(watch / 3600, 1) if known else "·") if video["duration"] else DASH,
        ((DASH if viewers == 0 else "0.50") if known else "·") if video["duration"] else DASH,
        "not viewed" if viewers == 0 else "",
    ]


def _top(data: dict[str, Any], period: int) -> list[list[str]]:
    ranked = sorted(data["videos"], key=lambda video: -(video["viewers"][period] or 0))
    return [[each["name"], each["folder"], said(each["viewers"][period])] for each in ranked[:10]]


def _best(data: dict[str, Any], period: int) -> list[str]:
    """Completed, viewers and share of the video that comes first."""
    many = [each for each in data["videos"] if (each["viewers"][period] or 0) >= 10 and each["duration"]]
    first = max(many, key=lambda each: abs(each["completed"][period]) / each["viewers"][period])
    completed, viewers = first["completed"][period], first["viewers"][period]
    return [said(completed), said(viewers), percent(completed, viewers)]


def _days(data: dict[str, Any], period: int) -> list[int]:
    span = data["periods"][period]
    return [place for place, day in enumerate(data["days"]) if span["first"] <= day <= span["last"]]


def _busiest(data: dict[str, Any], days: list[int]) -> str:
    day = max(days, key=lambda place: data["totals"]["days"][place] or 0)
    month, date = data["days"][day].split("-")[1:]
    return f"{int(date)} {'Sep' if month == '09' else 'Oct'} 2025: {data['totals']['days'][day]} viewers."
