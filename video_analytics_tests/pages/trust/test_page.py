"""The trust page tells what `status`, the ledgers and the receipts tell, and nothing about anybody."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from video_analytics import spending
from video_analytics.alerts.ledger import FILE, Ledger, Owed
from video_analytics.alerts.problem import Problem
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import VARIABLE
from video_analytics.corrections import Version, ledger, note
from video_analytics.delivery.receipts import Receipt, add_receipts, receipts_path
from video_analytics.journal import Journal
from video_analytics.lake import Lake, day_key
from video_analytics.pages.frame import Page, render
from video_analytics.pages.trust.charts import cells
from video_analytics.pages.trust.data import subjects
from video_analytics.pages.trust.ledgers import OWN_PAGE
from video_analytics.pages.trust.page import PATH, calendar_picture, trust_page
from video_analytics.panopto.plan import year_key
from video_analytics.panopto.tables import SESSIONS, VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Settings, read_courses
from video_analytics.standing.calendars import write_calendar
from video_analytics.standing.tables import CALENDAR
from video_analytics.status import STATES, Status, course_status, status_of
from video_analytics_tests.conftest import NOW, YESTERDAY
from video_analytics_tests.pages.conftest import Axe, Visit
from video_analytics_tests.pages.reading import choose, finding, period, table

COURSE = "0a000000-0000-0000-0000-000000000001"
VIEWER = "5e11e7aa-1111-2222-3333-444444444444"
HOSTILE = "<img src=x onerror=alert(1)>"
PEOPLE = f"record of {VIEWER}, jane.doe@uni.example and uni\\jdoe: too slow"
FIRST = YESTERDAY - dt.timedelta(days=129)
NOTHING, MINUS = "\u2013", "\u2212"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two accounts and a course: failed and missing days, corrections, receipts, calls, a problem."""
    home = tmp_path_factory.mktemp("furnished")
    (home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\n{HOSTILE},{COURSE}\n")
    _days(Lake(home / "lake"))
    _corrections(Lake(home / "lake"))
    _notes(Settings(home=home))
    return home


@pytest.fixture
def settings(home: Path, furnished: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The same in a home of the test's own."""
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    shutil.copytree(furnished, home, dirs_exist_ok=True)
    accounts = {
        name: {"id": number, "business_unit": "Shared", "category": "internet", "timezone": "Europe/Zurich"}
        for name, number in (("Internet", "11"), ("Intranet", "22"))
    }
    return Settings.model_validate(
        {
            "home": home,
            "brightcove": {"start_date": FIRST, "accounts": accounts},
            "panopto": {"start_date": dt.date(2024, 6, 1)},
            "automation": {"backfills": {"old": {"first": FIRST, "last": YESTERDAY, "calls": 400}}},
        }
    )


def _days(lake: Lake) -> None:
    empty = DAILY_ANALYTICS.schema.empty_table()
    for back in range(130):
        day, worth = YESTERDAY - back * DAY, "provisional" if back < 3 else "final"
        if back not in {5, 6, 120}:
            lake.write(DAILY_ANALYTICS, day_key("11", day), empty, {"finality": worth})
        if back < 40:
            lake.write(VIEWING_ACTIVITY, day_key(COURSE, day), VIEWING_ACTIVITY.schema.empty_table(), {})
    for back in (9, 10, 100):
        lake.fail(DAILY_ANALYTICS, day_key("11", YESTERDAY - back * DAY), "503 while asking; try again")
    lake.fail(DAILY_ANALYTICS, day_key("11", YESTERDAY - 11 * DAY), PEOPLE)
    texts = ("course_id", "course_name", "session_id", "name", "folder_id", "folder_name")
    session = dict.fromkeys(texts, "x") | {"course_name": HOSTILE, "first_seen": FIRST}
    session |= {"start_time": "2024-07-01T10:00:00"}
    lake.write(SESSIONS, COURSE, pa.Table.from_pylist([session], SESSIONS.schema), {})
    lake.fail(VIEWING_HISTORY, year_key(COURSE, 2024), PEOPLE)


def _corrections(lake: Lake) -> None:
    for back in (1, 2, 3, 34):
        day, noticed = (NOW - back * DAY).date(), NOW - HOUR * back
        before, after = Version("a", "provisional", 10, 100, 3600), Version("b", "settled", 12, 90, 7200)
        note(lake, ledger("brightcove"), "11", day, before, after, noticed)
    before, after = Version("a", None, 40, None, 600.0), Version("b", None, 37, None, 240.0)
    note(lake, ledger("panopto"), COURSE, (NOW - 300 * DAY).date(), before, after, NOW)


def _notes(settings: Settings) -> None:
    add_receipts(receipts_path(settings.exports), [receipt(number) for number in range(7)])
    add_receipts(receipts_path(settings.exports), [receipt(7, OWN_PAGE)])
    journal = Journal(settings.state)
    journal.failed("delivery/shares", "reports", NOW - 5 * HOUR, f"Host is down {HOSTILE}")
    journal.failed("delivery/blocked", "internet", NOW - 30 * HOUR, "days_present does not pass")
    journal.failed("brightcove/daily_analytics", "intranet", NOW - HOUR, f"token refused for {VIEWER}")
    for hours, calls in ((1, 300), (2, 150), (30, 500)):
        spending.note(settings.state, "brightcove", NOW - hours * HOUR, calls, "old", retries=hours)
    spending.note(settings.state, "panopto", NOW - 3 * HOUR, 40)
    why = f"failed twice: {PEOPLE}"
    problem = Problem(
        "reading:x", "reading", "x", f"Course {HOSTILE} fails", why, "Look.", NOW, "0022d7d5-e9"
    )
    Ledger(settings.state / FILE, {"x": problem}, {}, {"mail": [Owed("problem", NOW, (problem,))]}).save()


def receipt(number: int, source: str = "brightcove/cms/a.csv") -> Receipt:
    at = (NOW - (10 - number) * DAY).isoformat(timespec="seconds")
    share = ("reports", "=daily")[number % 2]
    return Receipt(
        at, "r", "Shared", "internet", source, share, f"{number}.csv", 10 * number, f"{number:064x}"
    )


def written(page: Page, library: str, folder: Path) -> Path:
    path = folder / "trust.html"
    path.write_text(render(page, library), encoding="utf-8")
    return path


def statuses(settings: Settings) -> list[Status]:
    accounts = [status_of(settings, account) for account in settings.brightcove.accounts]
    return [*accounts, *(course_status(settings, course) for course in read_courses(settings.home))]


def told(data: Any) -> list[dict[str, int]]:
    """How many days of each subject the page has in each state."""
    signs = {state: state[0] for state in STATES}
    return [{state: subject["days"].count(sign) for state, sign in signs.items()} for subject in data]


def test_the_days_are_those_of_the_status(settings: Settings) -> None:
    from_days = trust_page(settings, NOW)
    expected = [{state: len(status.days[state]) for state in STATES} for status in statuses(settings)]
    assert told(from_days.data["calendar"]) == expected
    assert expected[0] == {"complete": 120, "provisional": 3, "missing": 3, "failed": 4}
    write_calendar(settings, NOW)
    from_calendar = trust_page(settings, NOW)
    names = [
        {**subject, "name": subject["name"].lower()}
        for subject in (*from_days.data["calendar"], *from_calendar.data["calendar"])
    ]
    assert names[:3] == names[3:]
    assert from_days.data["lacking"] == from_calendar.data["lacking"]
    assert dict(from_calendar.facts)["Period"] == "1 Jan 2024 to 14 Jun 2026"
    assert dict(from_calendar.facts)["Provisional days"] == "8 Jun 2026 to 14 Jun 2026"


def test_what_lacks_is_told_with_its_reason_and_without_people(settings: Settings, library: str) -> None:
    page = trust_page(settings, NOW)
    own = [each for each in page.data["lacking"] if each["subject"] == 0]
    assert [(each["state"], each["days"], each["last"]) for each in own] == [
        ("missing", 2, "2026-06-09"),
        ("failed", 2, "2026-06-05"),
        ("failed", 1, "2026-06-03"),
        ("failed", 1, "2026-03-06"),
        ("missing", 1, "2026-02-14"),
    ]
    assert own[1]["why"] == "503 while asking; try again"
    assert own[2]["why"] == "record of …, … and …: too slow"
    assert "no attempt is noted as failed" in own[0]["why"]
    intranet = next(each for each in page.data["lacking"] if each["subject"] == 1)
    assert (intranet["days"], intranet["why"][-19:]) == (130, "token refused for …")
    html = render(page, library)
    assert [name for name in (VIEWER, "jane.doe", "jdoe") if name in html] == []


def test_readers_see_the_same_numbers_and_filters_change_them(
    settings: Settings, library: str, tmp_path: Path, visit: Visit
) -> None:
    page = visit(written(trust_page(settings, NOW), library, tmp_path))
    choose(page, "span", "all")
    rows = table(page, "calendar")[1:]
    expected = [[str(len(status.days[state])) for state in STATES] for status in statuses(settings)]
    assert [row[5:9] for row in rows] == expected
    assert [row[0] for row in rows] == ["Internet", "Intranet", HOSTILE]
    assert rows[2][9] == "2024 failed"
    choose(page, "span", "3")
    assert [row[3] for row in table(page, "calendar")[1:]] == ["15 Mar 2026"] * 3
    assert sum(map(int, table(page, "calendar")[1][5:9])) == 92
    assert "15 Mar 2026 \u2013 14 Jun 2026" in period(page, "calendar")
    choose(page, "source", "panopto")
    assert [row[0] for row in table(page, "calendar")[1:]] == [HOSTILE]
    assert finding(page, "calendar").startswith("Of 92 days of 1 account or course, 35.9")
    assert {row[0] for row in table(page, "lacking")[1:]} == {HOSTILE}
    choose(page, "source", "brightcove")
    choose(page, "rows", "lacking")
    assert len(table(page, "calendar")) == 3
    assert "2 stretches more before this period" in finding(page, "lacking")
    assert page.locator("img").count() == 0


def test_ledgers_are_told_to_the_last_digit(
    settings: Settings, library: str, tmp_path: Path, visit: Visit
) -> None:
    page = visit(written(trust_page(settings, NOW), library, tmp_path))
    assert table(page, "ages")[1:] == [
        ["1", "B Brightcove", "1", "2", "10", "1.00"],
        ["2", "B Brightcove", "1", "2", "10", "1.00"],
        ["3", "B Brightcove", "1", "2", "10", "1.00"],
        ["32", "B Brightcove", "1", "2", "10", "1.00"],
        ["41", "P Panopto", "1", "3", NOTHING, "0.10"],
    ]
    assert "5 later readings changed a day and moved 11 rows" in finding(page, "ages")
    choose(page, "measure", "views")
    assert "moved 40 views in all, 75" in finding(page, "ages")
    assert table(page, "corrections")[1] == [
        "2026-06-15 06:00", HOSTILE, "19 Aug 2025", "", "37", f"{MINUS}3", NOTHING, f"{MINUS}0.10",
    ]  # fmt: skip
    assert table(page, "corrections")[2][3:] == ["provisional → settled", "12", "+2", f"{MINUS}10", "+1.00"]
    delivered = table(page, "deliveries")
    assert len(delivered) == 1 + 7
    assert delivered[1] == ["2026-06-11 06:00", "reports", "6.csv", "r", "60", f"{6:064x}"]
    assert "7 files were delivered to 2 shares" in finding(page, "deliveries")
    assert [row[:4] for row in table(page, "waiting")[1:]] == [
        ["internet", "held back", "2026-06-14 00:00", "1"],
        ["reports", "share fails", "2026-06-15 01:00", "1"],
    ]
    assert "4 runs made 990 calls, 33 of them retries" in finding(page, "calls")
    assert table(page, "calls")[1] == ["2026-06-15 05:00", "Brightcove", "300", "1", "old"]
    limits = {row[0]: row[1:] for row in table(page, "limits")[1:]}
    assert limits["Panopto: calls an hour"][1:] == ["40", "0.8\u202f%"]
    assert limits["Backfill old: calls a night"] == ["400", "500", "125.0\u202f%"]
    assert limits["Panopto: calls a second"][1] == "kept by waiting"
    assert "1 message waits for mail" in finding(page, "problems")
    assert table(page, "problems")[1][:2] == [f"Course {HOSTILE} fails", "2026-06-15 06:00"]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), pytest.param(390, True, marks=pytest.mark.slow)])
def test_it_is_accessible(
    settings: Settings, library: str, tmp_path: Path, visit: Visit, axe: Axe, *, width: int, dark: bool
) -> None:
    page = visit(written(trust_page(settings, NOW), library, tmp_path), width=width, dark=dark)
    table(page, "calendar")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_new_home_has_a_page_that_says_so(home: Path, library: str, tmp_path: Path, visit: Visit) -> None:
    made = trust_page(Settings(home=home), NOW)
    assert made.path == PATH
    page = visit(written(made, library, tmp_path))
    ids = ("calendar", "lacking", "ages", "deliveries", "waiting", "calls", "limits", "problems")
    assert [finding(page, each) for each in ids] == [
        "No account and no course has a day yet.",
        "No account and no course is set up.",
        "No later reading has changed a day.",
        "Nothing has been delivered yet.",
        "Nothing waits.",
        "No call is noted of the last 40 days.",
        "No vendor is set up and no backfill, so there is no limit.",
        "No problem is open.",
    ]
    assert page.locator(".chart svg").count() == 0
    assert dict(made.facts)["Refreshed"] == "not yet"


def test_the_same_home_gives_the_same_bytes(settings: Settings, library: str) -> None:
    write_calendar(settings, NOW)
    first = render(trust_page(settings, NOW), library)
    add_receipts(receipts_path(settings.exports), [receipt(9, OWN_PAGE)])  # it was delivered meanwhile
    assert render(trust_page(settings, NOW + HOUR), library) == first


ODD = {0: "Twin", 1: "Twin", 2: "__proto__", 3: "constructor"}


def test_of_many_rows_those_that_lack_most_are_drawn(
    home: Path, library: str, tmp_path: Path, visit: Visit
) -> None:
    rows: list[dict[str, object]] = [
        {"source": "panopto", "subject": f"{number:03}", "name": ODD.get(number, f"C {number}")}
        | {
            "part": "day",
            "date": YESTERDAY,
            "state": "missing" if number == 79 else "complete",
            "reason": None,
        }
        for number in range(80)
    ]
    made = Settings(home=home)
    Lake(made.lake).write(CALENDAR, "all", pa.Table.from_pylist(rows, CALENDAR.schema), {})
    page = visit(written(trust_page(made, NOW), library, tmp_path))
    assert "60 of 80 rows are drawn" in finding(page, "calendar")
    listed = [row[0] for row in table(page, "calendar")[1:]]
    assert (len(listed), listed[:2]) == (80, ["Twin (000)", "Twin (001)"])
    assert listed[2:4] == ["__proto__", "constructor"]
    drawn = page.locator("#calendar-chart").inner_text()
    assert [name for name in ("C 79", "Twin (001)", "__proto__", "constructor") if name not in drawn] == []
    assert "C 78" not in drawn


def test_runs_note_their_retries(home: Path) -> None:
    spending.note(home, "panopto", NOW, 10, retries=3)
    (path,) = home.glob("calls/*/*.json")
    assert json.loads(path.read_bytes())["retries"] == 3


def test_the_same_calendar_is_a_picture(settings: Settings, tmp_path: Path) -> None:
    assert calendar_picture(Settings(home=tmp_path / "new")) is None
    found, _ = subjects(settings)
    rows = cells(found, YESTERDAY, 28)
    status = status_of(settings, settings.brightcove.accounts[0])
    for state in STATES:
        days = [day for day in status.days[state] if (YESTERDAY - day).days < 28]
        own = [row for row in rows if row["name"] == "Internet" and row["state"].endswith(state)]
        assert sorted(dt.datetime.fromtimestamp(row["from"] / 1000, dt.UTC).date() for row in own) == days
    assert (calendar_picture(settings) or b"").startswith(b"\x89PNG")
