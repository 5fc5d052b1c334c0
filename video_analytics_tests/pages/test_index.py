"""The index leads to every page that is there, and says why others are not."""

from pathlib import Path

from video_analytics.pages.frame import render
from video_analytics.pages.index import Entry, course_entry, index_page
from video_analytics_tests.pages.conftest import Axe, Visit
from video_analytics_tests.pages.reading import finding, table

HOSTILE = '<img src=x onerror=alert(1)>"&'
FACTS = (("Refreshed", "2026-06-15 06:00 UTC"),)
AT = "2026-06-15T06:00Z"
ENTRIES = (
    Entry("course", "Law", "courses/law.html", "", AT, 3, 1234, 7200.0),
    Entry("course", HOSTILE, "courses/odd%5B1%5D.html", "", AT, 12, None, None),
    Entry("course", "Art", "courses/art.html", "", AT, 1, -6, 360.0),
    Entry("course", "Physics", "", "its coverage was not computed yet."),
    Entry("storage", "Storage and plans", "storage.html", "Hours by source and folder.", AT),
    Entry("trust", "Trust", "trust.html", "The calendar of days.", AT),
)


def written(folder: Path, library: str, entries: tuple[Entry, ...] = ENTRIES) -> Path:
    path = folder / "index.html"
    path.write_text(render(index_page(entries, FACTS), library), encoding="utf-8")
    return path


def test_every_page_has_a_way_to_it(library: str, tmp_path: Path, visit: Visit, axe: Axe) -> None:
    page = visit(written(tmp_path, library))
    links = page.locator("main a").evaluate_all("all => all.map((each) => each.getAttribute('href'))")
    assert links == [
        "#courses",
        "storage.html",
        "trust.html",
        "courses/odd%5B1%5D.html",
        "courses/art.html",
        "courses/law.html",
    ]
    cards = page.locator(".card").all_inner_texts()
    assert "3 courses" in cards[0]
    assert "Physics: its coverage was not computed yet." in cards[0]
    assert "There is no page of the channels yet." in cards[2]
    assert "Refreshed 2026-06-15 06:00 UTC." in cards[3]
    assert axe(page) == []


def test_the_numbers_of_courses_are_those_of_their_pages(library: str, tmp_path: Path, visit: Visit) -> None:
    page = visit(written(tmp_path, library), width=390, dark=True)
    refreshed = "2026-06-15 06:00"
    assert table(page, "courses")[1:] == [
        [HOSTILE, "12", "·", "·", refreshed],
        ["Art", "1", "≥\u00a06", "0.1", refreshed],
        ["Law", "3", "1\u202f234", "2.0", refreshed],
    ]
    assert finding(page, "courses") == "Most viewers, 1\u202f234: Law."
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_new_home_is_told_what_is_not_there(library: str, tmp_path: Path, visit: Visit, axe: Axe) -> None:
    none = Entry("course", "Courses", "", "There is no courses.csv yet.")
    page = visit(written(tmp_path, library, (none,)))
    assert page.locator("main a").count() == 0
    assert page.locator(".card h2").all_inner_texts() == ["Courses", "Storage and plans", "Channels", "Trust"]
    assert "There is no courses.csv yet." in page.locator(".card").first.inner_text()
    assert axe(page) == []


def test_an_entry_outlives_its_way_through_a_file() -> None:
    totals = {"viewers": [40, 3], "watch": [3600.5, None]}
    data = {"course": {"id": "1", "name": "Law"}, "videos": [{}, {}], "totals": totals, "refreshed": AT}
    entry = course_entry(data, "courses/law.html")
    assert entry == Entry("course", "Law", "courses/law.html", "", AT, 2, 40, 3600.5)
    assert Entry(**entry.as_json()) == entry


def test_of_many_courses_without_a_page_a_few_are_named() -> None:
    lacking = [Entry("course", f"C{number}", "", "not listed yet.") for number in range(9)]
    (card, *_) = index_page([ENTRIES[0], *lacking], FACTS).cards
    assert card.says.startswith("1 course: ")
    assert "C2: not listed yet. And 6 more courses have no page yet." in card.says
