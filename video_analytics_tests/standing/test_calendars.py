"""The calendar tells what `status` tells, in a table, a CSV, and lines for people."""

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import VARIABLE, now
from video_analytics.lake import Lake, day_key
from video_analytics.panopto.plan import year_key
from video_analytics.panopto.tables import SESSIONS, VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Settings, read_courses
from video_analytics.standing.assets import calendar_asset
from video_analytics.standing.calendars import CSV, write_calendar
from video_analytics.standing.drawing import MOST, drawn
from video_analytics.standing.tables import CALENDAR
from video_analytics.status import STATES, Status, course_status, status_of
from video_analytics_tests.conftest import NOW, YESTERDAY

COURSE = "0a000000-0000-0000-0000-000000000001"
FIRST = YESTERDAY - dt.timedelta(days=19)
ACCOUNTS = {
    name: {"id": number, "business_unit": "Shared", "category": "internet"}
    for name, number in (("Internet", "11"), ("Intranet", "22"))
}


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two accounts and a course, of which some days are there and some failed."""
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    (home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\nLaw | `101`,{COURSE}\n")
    panopto = {"start_date": dt.date(2024, 6, 1)}
    told = {"brightcove": {"start_date": FIRST, "accounts": ACCOUNTS}, "panopto": panopto}
    made = Settings.model_validate({"home": home, **told})
    lake = Lake(made.lake)
    for back in (0, 1, 2, 5, 9):
        day, worth = YESTERDAY - dt.timedelta(days=back), "provisional" if back < 3 else "settled"
        lake.write(
            DAILY_ANALYTICS, day_key("11", day), DAILY_ANALYTICS.schema.empty_table(), {"finality": worth}
        )
        lake.write(VIEWING_ACTIVITY, day_key(COURSE, day), VIEWING_ACTIVITY.schema.empty_table(), {})
    texts = ("course_id", "course_name", "session_id", "name", "folder_id", "folder_name")
    session = dict.fromkeys(texts, "x") | {"course_name": "Law | `101`", "first_seen": FIRST}
    session |= {"start_time": "2024-07-01T10:00:00"}
    lake.write(SESSIONS, COURSE, pa.Table.from_pylist([session], SESSIONS.schema), {})
    lake.fail(DAILY_ANALYTICS, day_key("11", YESTERDAY), "the vendor said no,\nagain")
    lake.fail(VIEWING_HISTORY, year_key(COURSE, 2024), "too slow")
    return made


def test_the_calendar_tells_what_the_status_tells(settings: Settings) -> None:
    facts = write_calendar(settings, NOW)
    table = Lake(settings.lake).read(CALENDAR, "all")
    assert table is not None
    rows = table.to_pylist()
    statuses = [*(status_of(settings, account) for account in settings.brightcove.accounts)]
    statuses += [course_status(settings, course) for course in read_courses(settings.home)]
    for status in statuses:
        own = [row for row in rows if row["subject"] == status.id]
        days = {
            state: [row["date"] for row in own if row["state"] == state and row["part"] == "day"]
            for state in STATES
        }
        assert days == status.days
    assert facts["rows"] == len(rows) == len({(row["subject"], row["part"], row["date"]) for row in rows})
    counts = Counter(row["state"] for row in rows)
    assert {state: facts[state] for state in STATES} == {state: counts[state] for state in STATES}
    years = [(row["date"], row["state"], row["reason"]) for row in rows if row["part"] == "year"]
    assert years == [(dt.date(2024, 1, 1), "failed", "too slow")]
    failed = [row for row in rows if row["state"] == "failed" and row["source"] == "brightcove"]
    assert [(row["date"], row["reason"]) for row in failed] == [(YESTERDAY, "the vendor said no,\nagain")]


def test_the_csv_holds_the_same_rows(settings: Settings) -> None:
    write_calendar(settings, NOW)
    table = Lake(settings.lake).read(CALENDAR, "all")
    assert table is not None
    with (settings.exports / CSV).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    told = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in table.to_pylist()
    ]
    assert found == told


def test_the_same_days_give_the_same_files(settings: Settings) -> None:
    assert write_calendar(settings, NOW)["changed"]
    before = (settings.exports / CSV).stat().st_mtime_ns
    assert not write_calendar(settings, NOW + dt.timedelta(minutes=5))["changed"]
    assert (settings.exports / CSV).stat().st_mtime_ns == before


def test_a_course_alone_is_not_told_beside_accounts_that_nobody_uses(home: Path) -> None:
    (home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\nLaw,{COURSE}\n")
    facts = write_calendar(Settings(home=home), now())
    table = Lake(home / "lake").read(CALENDAR, "all")
    assert table is not None
    assert set(table["source"].to_pylist()) == {"panopto"}
    assert facts["missing"] == 7


def test_an_empty_home_has_an_empty_calendar(home: Path) -> None:
    facts = write_calendar(Settings(home=home), NOW)
    assert (facts["rows"], facts["calendar"]) == (0, "No account and no course is set up.")


def test_people_see_a_sign_for_each_day(settings: Settings) -> None:
    said = write_calendar(settings, NOW)["calendar"].splitlines()
    block = said[said.index("```") + 1 : -1]
    assert f"{'internet':<28} 2026-06 ....#...#..~~X" in block
    assert f"{'Law 101':<28} 2026-04 {'.' * 30}" in block
    assert f"{'Law 101':<28} 2026-06 ....#...~..~~~" in block
    assert "| Law 101 | 2025-01-01 | 2026-06-14 | 1 | 4 | 525 | 0 | 1 |" in said


def status(name: str, *, missing: bool) -> Status:
    days = [YESTERDAY - dt.timedelta(days=back) for back in reversed(range(200))]
    held: dict[str, list[dt.date]] = {state: [] for state in STATES} | {
        "missing" if missing else "complete": days
    }
    return Status("course", name, COURSE, "UTC", days[0], days[-1], held)


def test_the_lines_are_bounded_and_what_lacks_comes_first() -> None:
    many = [status(f"Course {number:04}", missing=number == 777) for number in range(800)]
    for shown in (many, many[:200]):
        text = drawn(shown, NOW)
        assert len(text.encode()) <= MOST
        assert text.count("```") in {0, 2}
        assert "all days are in `exports/trust/calendar.csv`" in text
    assert drawn(many, NOW).splitlines()[4].startswith("| Course 0777 |")
    assert "calendar.csv" not in drawn(many[:20], NOW)


@pytest.mark.parametrize("name", ["``` | a", "<script>", "a\nb", "\x1b[31m", "ü" * 60, "|"])
def test_no_name_breaks_the_lines(name: str) -> None:
    plain, odd = (drawn([status(each, missing=False)], NOW) for each in ("plain", name))
    assert odd.count("\n") == plain.count("\n")
    assert odd.count("|") == plain.count("|")
    assert odd.count("`") == plain.count("`")
    assert "\x1b" not in odd
    assert "<" not in odd


def test_the_asset_shows_counts_and_the_lines(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([calendar_asset(settings)], instance=instance).success
        event = instance.get_latest_materialization_event(dg.AssetKey(["platform", "calendar"]))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = {name: str(value.value) for name, value in event.asset_materialization.metadata.items()}
    assert (metadata["failed"], metadata["provisional"]) == ("2", "6")
    assert metadata["calendar"].count("```") == 2
