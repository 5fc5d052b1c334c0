"""Why did Monday's number move?"""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from video_analytics.clock import VARIABLE
from video_analytics.corrections import Version, ledger, note
from video_analytics.lake import Lake
from video_analytics.standing.command import corrections_command
from video_analytics_tests.conftest import NOW

MONDAY = dt.date(2026, 6, 8)
LAW, ART = "0a000000-0000-0000-0000-000000000001", "0a000000-0000-0000-0000-000000000002"


@pytest.fixture
def lake(home: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A ledger of an account, whose Monday moved twice, and one of a course."""
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    monkeypatch.setenv("COLUMNS", "160")
    (home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\nLaw,{LAW}\nArt,{ART}\n")
    made = Lake(home / "lake")
    first = Version("a", "provisional", 10, 1200, 5000.0)
    second = Version("b", "provisional", 12, 1230, 5100.5)
    third = Version("c", "settled", 12, 1230, 5000.5)
    internet = "1197194721001"
    note(made, ledger("brightcove"), internet, MONDAY, first, second, NOW - dt.timedelta(days=5))
    note(made, ledger("brightcove"), internet, MONDAY, second, third, NOW - dt.timedelta(days=3))
    before, after = Version("a", None, 40, None, 600.0), Version("b", None, 38, None, 580.25)
    note(made, ledger("panopto"), LAW, MONDAY, before, after, NOW - dt.timedelta(days=4))
    old = dt.date(2025, 1, 6)
    note(made, ledger("panopto"), LAW, old, before, after, NOW - dt.timedelta(days=1))
    return made


def ask(lake: Lake, *arguments: str) -> Result:
    return CliRunner().invoke(corrections_command, ["--home", str(lake.root.parent), *arguments])


def test_monday_is_explained_the_latest_first(lake: Lake) -> None:
    done = ask(lake)
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines() if "2026-06-08" in line and "Mon" in line]
    assert [line[:6] for line in lines] == [
        ["2026-06-12", "06:00", "2026-06-08", "Mon", "Internet", "provisional"],
        ["2026-06-11", "06:00", "2026-06-08", "Mon", "Law", "38"],
        ["2026-06-10", "06:00", "2026-06-08", "Mon", "Internet", "provisional"],
    ]
    assert lines[0][6:] == ["→", "settled", "12", "1,230", "5,000", "(-100)"]
    assert lines[1][5:] == ["38", "(-2)", "580", "(-20)"]
    assert lines[2][6:] == ["12", "(+2)", "1,230", "(+30)", "5,100", "(+100)"]
    assert "day 32" in done.output
    assert "2025-01-06" not in done.output


def test_programs_get_every_number(lake: Lake) -> None:
    told = json.loads(ask(lake, "--json", "--from", "2020-01-01").stdout)
    assert [(each["source"], each["date"]) for each in told] == [
        ("panopto", "2025-01-06"),
        ("brightcove", "2026-06-08"),
        ("panopto", "2026-06-08"),
        ("brightcove", "2026-06-08"),
    ]
    assert told[2] == {
        "source": "panopto",
        "id": LAW,
        "name": "Law",
        "date": "2026-06-08",
        "noticed_at": "2026-06-11T06:00:00+00:00",
        "finality": [None, None],
        "rows": [40, 38],
        "views": None,
        "seconds": [600.0, 580.25],
    }


@pytest.mark.parametrize(
    ("arguments", "sources"),
    [
        (("--accounts", "internet"), ["brightcove", "brightcove"]),
        (("--accounts", "Intranet"), []),
        (("--courses", "law"), ["panopto"]),
        (("--courses", ART), []),
        (("--accounts", "internet", "--courses", "Law,Art"), ["brightcove", "panopto", "brightcove"]),
        (("--from", "2026-06-09"), []),
        (("--to", "2026-06-07"), []),
        (("--from", "2026-06-08", "--to", "2026-06-08"), ["brightcove", "panopto", "brightcove"]),
    ],
)
def test_accounts_courses_and_days_can_be_chosen(
    lake: Lake, arguments: tuple[str, ...], sources: list[str]
) -> None:
    assert [each["source"] for each in json.loads(ask(lake, "--json", *arguments).stdout)] == sources


def test_where_nothing_moved_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    done = ask(Lake(home / "lake"))
    assert (done.exit_code, "No later reading changed" in done.output) == (0, True)
    assert "2026-04-14..2026-06-15" in done.output


def test_unknown_names_and_damaged_ledgers_are_told_plainly(lake: Lake) -> None:
    assert ask(lake, "--accounts", "nobody").exit_code == 2
    assert ask(lake, "--courses", "nothing").exit_code == 2
    lake.path(ledger("panopto"), f"{LAW}/2026/{MONDAY}").write_bytes(b"PAR1 rubbish")
    done = ask(lake)
    assert done.exit_code == 1
    assert "Traceback" not in done.output
