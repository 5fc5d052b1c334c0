"""What a reader does with a page, in the browser: filters, sorts, points, prints, zooms, listens."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from video_analytics.pages.figures import Column, Kind
from video_analytics.pages.frame import render
from video_analytics_tests.pages import sample
from video_analytics_tests.pages.conftest import Axe, Visit
from video_analytics_tests.pages.reading import choose, finding, period, table

NARROW, NONE, MINUS = "\u202f", "\u2013", "\u2212"
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return [style.outlineWidth, style.outlineStyle];
}"""
ROWS: list[dict[str, Any]] = [
    {"name": "Limits", "viewers": 3, "kind": "lecture", "period": "2025-09"},
    {"name": "Series", "viewers": 12, "kind": "lecture", "period": "2025-10"},
    {"name": "Sheet 1", "viewers": 7, "kind": "exercise", "period": "2025-09"},
    {"name": "Sheet 2", "viewers": 1, "kind": "exercise", "period": "2025-09"},
]
WORDS = {
    "number(1234567.891, 1)": f"1{NARROW}234{NARROW}567.9",
    "number(0)": "0",
    "number(null)": "·",
    "number(undefined)": "·",
    "number(NaN)": NONE,
    "number(-1234)": f"≥\u00a01{NARROW}234",
    "percent(62.55, 1)": f"62.6{NARROW}%",
    "percent(-80)": f"≥\u00a080{NARROW}%",
    "percent(null)": "·",
    "change(-1234.5, 1)": f"{MINUS}1{NARROW}234.5",
    "change(3)": "+3",
    "change(null)": NONE,
    "share(1, 3, 1)": f"33.3{NARROW}%",
    "share(0, 0)": NONE,
    "share(null, 9)": "·",
    "share(9, null)": "·",
    "share(-5, 10)": f"≥\u00a050{NARROW}%",
    "share(5, -10)": "·",
    "counted(1, 'viewer')": "1 viewer",
    "counted(0, 'viewer')": "0 viewers",
    "counted(2, 'person', 'people')": "2 people",
    "clock(3723.4)": "1:02:03",
    "clock(59.6)": "1:00",
    "clock(5)": "0:05",
    "clock(null)": "·",
    "day('2026-09-04')": "4 Sep 2026",
    "day('2026-09')": "Sep 2026",
    "day(null)": "",
}


def labels(page: Page, figure: str = "videos") -> set[str]:
    return set(page.locator(f"#{figure}-chart svg text").all_text_contents())


def test_controls_filter_chart_table_and_sentence(visit: Visit, library: str, tmp_path: Path) -> None:
    page = visit(sample.written(sample.filtered(ROWS), library, tmp_path, sample.FILTERED))
    expect(page.locator("output")).to_have_text("2.0 viewers")
    assert [row[0] for row in table(page, "videos")] == ["Video", "Limits", "Series", "Sheet 1"]
    assert finding(page, "videos") == "3 videos."

    choose(page, "period", "2025-09")
    assert finding(page, "videos") == "2 videos."
    assert period(page, "videos") == "2025-09"
    expect(page.locator("#videos-chart svg")).not_to_contain_text("Series")
    assert {"Limits", "Sheet 1"} <= labels(page)

    choose(page, "kinds", ["exercise"])
    assert [row[0] for row in table(page, "videos")] == ["Video", "Sheet 1"]
    choose(page, "least", 0)
    assert [row[0] for row in table(page, "videos")] == ["Video", "Sheet 1", "Sheet 2"]

    choose(page, "least", 20)
    assert finding(page, "videos") == "0 videos."
    assert not page.locator("#videos-chart").is_visible()

    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#videos-finding")).to_have_text("3 videos.")
    expect(page.locator("output")).to_have_text("2.0 viewers")
    expect(page.locator("#videos-chart svg")).to_contain_text("Series")


def test_one_status_line_says_what_was_chosen(visit: Visit, library: str, tmp_path: Path) -> None:
    page = visit(sample.written(sample.filtered(ROWS), library, tmp_path, sample.FILTERED))
    status = page.get_by_role("status").and_(page.locator("p"))
    assert status.text_content() == ""
    choose(page, "period", "2025-09")
    expect(status).to_have_text("Dates: September 2025. Figures updated.")
    choose(page, "least", 3.5)
    expect(status).to_have_text("At least: 3.5 viewers. Figures updated.")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "3.5 viewers")
    choose(page, "kinds", ["lecture"])
    expect(status).to_have_text("Exercises: out. Figures updated.")
    assert page.locator("[aria-live]:not([aria-live=off])").count() == 0


def test_a_change_while_a_chart_is_drawn_is_not_lost(visit: Visit, library: str, tmp_path: Path) -> None:
    script = """
      const named = (name) => show("videos", [{ name, viewers: 3 }], name);
      named("before");
      new MutationObserver((_, begun) => { begun.disconnect(); named("after"); })
        .observe(document.querySelector("#videos-chart .drawing"), { attributes: true });
    """
    page = visit(sample.written(sample.page(), library, tmp_path, script))
    assert finding(page, "videos") == "after"
    expect(page.locator("#videos-chart svg")).to_contain_text("after")
    assert "before" not in labels(page)


def test_numbers_and_dates_are_written_the_same_everywhere(
    visit: Visit, library: str, tmp_path: Path
) -> None:
    shown = ", ".join(f"{{ name: {expression} }}" for expression in WORDS)
    figure = sample.figure("words", chart=None, columns=[Column("name", "Words")], open=True)
    page = visit(
        sample.written(sample.page([figure]), library, tmp_path, f'show("words", [{shown}], "Words.");')
    )
    told = [row[0] for row in table(page, "words")[1:]]
    assert dict(zip(WORDS, told, strict=True)) == WORDS


def test_cells_say_what_their_column_is_of(visit: Visit, library: str, tmp_path: Path) -> None:
    kinds: tuple[Kind, ...] = ("text", "count", "number", "percent", "change", "clock", "date", "link")
    figure = sample.figure("all", chart=None, columns=[Column(kind, kind, kind, 1) for kind in kinds])
    values = ["a", -5, 2.25, 62.5, -3, 75, "2026-09-04", ["b", "c.html"]]
    rows = [dict(zip(kinds, values, strict=True)), dict.fromkeys(kinds)]
    data = {"all": {"rows": rows, "finding": "All."}}
    page = visit(sample.written(sample.page([figure], data=data), library, tmp_path))
    told = ["a", "≥\u00a05.0", "2.3", f"62.5{NARROW}%", f"{MINUS}3.0", "1:15", "4 Sep 2026", "b"]
    assert table(page, "all")[1:] == [told, ["", "·", "·", "·", NONE, "·", "", ""]]
    assert page.locator("#all-table a").get_attribute("href") == "c.html"


@pytest.mark.parametrize("keyboard", [False, True])
def test_tables_sort_by_their_heads(visit: Visit, library: str, tmp_path: Path, keyboard: bool) -> None:
    names = ("Video 10", "Video 9", "Åre", "Zagreb", "Video 1")
    viewers = (7, None, -7, 12, 0)
    rows = [{"name": [name, "#"], "viewers": count} for name, count in zip(names, viewers, strict=True)]
    data = {"videos": {"rows": rows, "finding": "Five."}}
    page = visit(sample.written(sample.page(data=data), library, tmp_path))
    table(page, "videos")

    def sort(column: str) -> list[list[str]]:
        button = page.locator("#videos-table thead").get_by_role("button", name=column)
        button.press("Enter") if keyboard else button.click()
        expect(button).to_be_focused()
        return [row[:2] for row in table(page, "videos")[1:]]

    said = ["0", "7", "≥\u00a07", "12", "·"]
    assert [row[1] for row in sort("Viewers")] == said
    head = page.locator("#videos-table thead th")
    assert [each.get_attribute("aria-sort") for each in head.all()] == [None, "ascending", None, None]
    assert [row[1] for row in sort("Viewers")] == [*reversed(said[:-1]), "·"]
    assert [each.get_attribute("aria-sort") for each in head.all()] == [None, "descending", None, None]
    assert [row[0] for row in sort("Video")] == ["Åre", "Video 1", "Video 9", "Video 10", "Zagreb"]


def test_a_tooltip_is_text_and_goes_away(visit: Visit, library: str, tmp_path: Path) -> None:
    rows = [{"name": "<b>bold</b> & more", "viewers": 12345}]
    data = {"videos": {"rows": rows, "finding": "One."}}
    page = visit(sample.written(sample.page(data=data), library, tmp_path))
    page.locator("#videos-chart svg .mark-rect path").hover()
    expect(page.locator(".tip")).to_have_text("video: <b>bold</b> & more\nviewers: 12345")
    assert page.locator(".tip *").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_have_count(0)


def test_a_mark_leads_to_its_page_and_nowhere_else(visit: Visit, library: str, tmp_path: Path) -> None:
    addresses = ["javascript:window.pwned=1", "//localhost/x", "#here"]
    rows = [{"name": str(place), "viewers": 5, "href": each} for place, each in enumerate(addresses)]
    data = {"videos": {"rows": rows, "finding": "Three."}}
    path = sample.written(sample.page(data=data), library, tmp_path)
    page = visit(path)
    for place, expected in enumerate(["", "", "#here"]):
        page.locator("#videos-chart svg .mark-rect path").nth(place).click()
        expect(page).to_have_url(path.as_uri() + expected)
    assert page.evaluate("window.pwned") is None


def test_paper_has_every_chart_and_only_open_tables(visit: Visit, library: str, tmp_path: Path) -> None:
    figures = [sample.figure(f"f{place}", wide=True, open=place == 0) for place in range(12)]
    page = visit(sample.written(sample.page(figures), library, tmp_path), dark=True)
    drawn = page.locator(".chart svg")
    assert drawn.count() < len(figures)
    page.emulate_media(media="print")
    expect(drawn).to_have_count(len(figures))
    assert page.locator("#f0-table").is_visible()
    assert not page.locator("#f1 details").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('svg text')).fill") == "rgb(0, 0, 0)"


def test_printing_draws_what_was_never_in_sight(visit: Visit, library: str, tmp_path: Path) -> None:
    figures = [sample.figure(f"f{place}", wide=True) for place in range(12)]
    page = visit(sample.written(sample.page(figures), library, tmp_path))
    assert len(page.pdf()) > 10_000
    expect(page.locator(".chart svg")).to_have_count(len(figures))


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(visit: Visit, axe: Axe, library: str, tmp_path: Path, dark: bool) -> None:
    content = sample.filtered(ROWS, figures=[sample.figure(open=True, tall=True), sample.figure("second")])
    script = sample.FILTERED.replace("start(", 'show("second", [], "Nobody."); start(')
    page = visit(sample.written(content, library, tmp_path, script), dark=dark)
    assert axe(page) == []


@pytest.mark.parametrize("width", [320, 640])
def test_a_narrow_page_does_not_scroll_sideways(
    visit: Visit, axe: Axe, library: str, tmp_path: Path, width: int
) -> None:
    long = "Incomprehensibilities" * 9
    rows = [ROWS[0] | {"name": long}, *ROWS[1:]]
    given: dict[str, Any] = {"title": long, "lead": long, "notes": [long], "facts": [(long, long)]}
    content = sample.filtered(rows, figures=[sample.figure(open=True, title=long, about=long)], **given)
    page = visit(sample.written(content, library, tmp_path, sample.FILTERED), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#videos-chart").scroll_into_view_if_needed()
    chart = page.locator("#videos-chart svg").bounding_box()
    assert chart is not None
    assert chart["x"] >= 0
    assert chart["x"] + chart["width"] <= width
    assert axe(page) == []


def test_all_can_be_reached_seen_and_hit(visit: Visit, library: str, tmp_path: Path) -> None:
    content = sample.filtered(ROWS, figures=[sample.figure(open=True, tall=True)])
    page = visit(sample.written(content, library, tmp_path, sample.FILTERED))
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    reached = []
    while page.evaluate("document.activeElement !== document.body"):
        width, style = page.evaluate(OUTLINE)
        reached.append(page.evaluate("document.activeElement.tagName"))
        assert (width, style) == ("3px", "solid"), reached
        page.keyboard.press("Tab")
    assert len(reached) == 1 + 2 + 5 + 1 + 1 + 1 + 1 + 4
    small = page.evaluate(
        """[...document.querySelectorAll("a, button, select, input[type=range], label:has(input), summary")]
          .filter((each) => each.className !== "skip")
          .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
          .filter(([, box]) => box.height < 24 || box.width < 24).map(([text]) => text)"""
    )
    assert small == []
    skip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_each_chart_says_zone_refresh_and_provisional_days_again(library: str) -> None:
    facts = [
        ("Period", "2026"),
        ("Time zone", "each account's own: UTC (3)"),
        ("Refreshed", "2026-06-15 06:00 UTC"),
        ("Provisional days", "from 9 Jun 2026 on"),
    ]
    html = render(sample.page([sample.figure("one"), sample.figure("two", chart=None)], facts=facts), library)
    said = "Time zone: each account&#39;s own. Refreshed: 2026-06-15 06:00 UTC. "
    said += "Provisional days: from 9 Jun 2026 on."
    assert html.count(said) == 1
