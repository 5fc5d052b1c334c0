"""The video overview in a browser: what it shows equals its data, for the video and dates of its address."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from video_analytics.pages.course.video import video_page
from video_analytics_tests.pages import reading
from video_analytics_tests.pages.conftest import Axe, Visit
from video_analytics_tests.pages.course.small_course import (
    DURATION,
    FACTS,
    HOSTILE,
    course,
    overview,
    percent,
    said,
    videos,
)

CHARTS = ("days", "chunks", "dropoff", "average", "rewatch")
ALL = f"#video={'v0%26%3C0%3E'}&period=all"


def test_a_video_shows_its_data_and_follows_each_choice(
    tmp_path: Path, library: str, visit: Visit, axe: Axe
) -> None:
    data = course(9)
    page = visit(videos(data, library, tmp_path))
    assert page.evaluate("location.hash") == ALL
    _expect(page, data, 0, 0)
    for figure in CHARTS:
        page.locator(f"#{figure}").scroll_into_view_if_needed()
        expect(page.locator(f"#{figure}-chart svg")).to_have_count(1)
    reading.choose(page, "video", data["videos"][7]["id"])
    reading.choose(page, "period", "2025-10")
    assert page.evaluate("location.hash") == "#video=v7%26%3C7%3E&period=2025-10"
    _expect(page, data, 7, 2)
    expect(page.locator("#average-chart g.layer_0_marks path")).to_have_count(20)
    expect(page.locator("#chunks-chart .mark-symbol.layer_1_marks path")).to_have_count(40)
    assert page.title() == "Lecture 7 · Videos of Algebra <b>I</b> · video_analytics"
    assert axe(page) == []


def test_the_address_and_the_buttons_choose_the_video(tmp_path: Path, library: str, visit: Visit) -> None:
    data = course(9)
    overview(data, library, tmp_path)
    page = visit(videos(data, library, tmp_path))
    page.evaluate("location.hash = '#video=v8%26%3C8%3E&period=2025-09'")
    expect(page.locator("#control-period")).to_have_value("2025-09")
    _expect(page, data, 8, 1)
    expect(page.get_by_role("button", name="Next video")).to_be_disabled()
    page.get_by_role("button", name="Previous video").press("Enter")
    expect(page.locator("#control-video")).to_have_value(data["videos"][7]["id"])
    assert "Lecture 7" in reading.finding(page, "key")
    page.evaluate("location.hash = '#video=nobody&period=never'")
    expect(page.locator("#control-video")).to_have_value(data["videos"][7]["id"])
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#control-video")).to_have_value(data["videos"][0]["id"])
    assert page.evaluate("location.hash") == ALL
    page.get_by_role("link", name="Course overview").click()
    page.wait_for_url(re.compile(r"/alg%201\.html$"))


@pytest.mark.slow
def test_a_narrow_page_bears_every_kind_of_video(
    tmp_path: Path, library: str, visit: Visit, axe: Axe
) -> None:
    data = course(9)
    page = visit(videos(data, library, tmp_path), width=390, dark=True)
    said_of = {}
    for number, name in enumerate(HOSTILE):
        reading.choose(page, "video", data["videos"][number]["id"])
        said_of[number] = reading.finding(page, "key")
        assert f"“\u2068{name.strip()}" in said_of[number]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("img").count() == 0
    assert said_of[1] == f"Nobody watched “\u2068{HOSTILE[1]}\u2069” in these dates."
    assert said_of[2] == f"How many watched “\u2068{HOSTILE[2]}\u2069” in these dates is withheld."
    assert "≥\u00a0" in said_of[3]
    assert said_of[4].endswith("of it is not known.")
    reading.choose(page, "video", data["videos"][2]["id"])
    assert {row[1] for row in _rows(page, "chunks")} == {"·"}
    assert reading.finding(page, "chunks") == "Withheld: too few viewers."
    assert page.locator("#chunks-chart").is_hidden()
    reading.choose(page, "video", data["videos"][4]["id"])
    assert {row[1] for row in _rows(page, "rewatch")} == {"\N{EN DASH}"}
    assert axe(page) == []


def test_a_course_without_videos_says_so(tmp_path: Path, library: str, visit: Visit) -> None:
    page = visit(videos(course(0), library, tmp_path))
    assert page.locator(".notes").inner_text().endswith("This course has no videos.")
    assert video_page(course(0), FACTS, "none").figures == []


def _expect(page: Page, data: dict[str, Any], number: int, period: int) -> None:
    video = data["videos"][number]
    viewers, completed, watch = (video[name][period] for name in ("viewers", "completed", "watch"))
    key = {row[0]: row[1] for row in _rows(page, "key")}
    assert key == {
        "Unique viewers": said(viewers),
        "Duration": "50:00",
        "Watch time": f"{said(watch / 3600, 1)} hours",
        "Time per viewer": "30:00",
        "Viewers of 75\u202f% or more": said(completed),
        "Completion": percent(completed, viewers),
        "Rewatched": "1.5 hours",
    }
    assert f"{said(completed)} of them ({percent(completed, viewers)})" in reading.finding(page, "key")
    counts = list(zip(video["any"][period], video["full"][period], strict=True))
    chunks = _rows(page, "chunks")
    assert [tuple(row[1:]) for row in chunks] == [(said(some), said(full)) for some, full in counts]
    assert chunks[1][0] == "5\N{EN DASH}10\u202f%, 2:30 to 5:00"
    assert [row[2] for row in _rows(page, "dropoff")] == [percent(some, counts[0][0]) for some, _ in counts]
    assert _rows(page, "average")[4][1:] == [said(counts[4][0]), _clock(200 * counts[4][0]), "3:20"]
    length = DURATION / data["chunks"]
    assert "3:20 by each of its viewers; in 1 of 20 parts" in reading.finding(page, "average")
    assert 200 > length > 120
    assert _rows(page, "rewatch")[4][1] == "1.80"
    assert "1.80\u00a0times" in reading.finding(page, "rewatch")
    span = data["periods"][period]
    days = [place for place, day in enumerate(data["days"]) if span["first"] <= day <= span["last"]]
    assert [row[1] for row in _rows(page, "days")] == [said(video["days"].get(str(day), 0)) for day in days]


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _rows(page: Page, figure: str) -> list[list[str]]:
    return reading.table(page, figure)[1:]
