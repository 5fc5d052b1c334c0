"""The command line, as its users call it."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from video_analytics.cli import main
from video_analytics.sandbox import SITE_ZONE
from video_analytics_tests.conftest import YESTERDAY, NewSandbox, settings_for
from video_analytics_tests.panopto.drill import PEACE, panopto_settings
from video_analytics_tests.panopto.retention import college

FILES = {
    "brightcove": 11 * 4
    + 11
    + 11 * 4
    + 4 * 4,  # cms, lifecycle, reporting, daily (one year, and the years in one)
    "panopto": 7 * 2
    + 7 * 2
    + 2 * 2  # database, output[CHUNKED], tableau as CSV and Parquet
    + 2
    + 15 * 2
    + 2,  # session_usage and the tables of retention likewise, workbook and summary
}
SECRET = re.compile("^[A-Z_]*(SECRET|PASSWORD)=")


def call(*arguments: str | Path, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


def test_the_demo_shows_the_whole_road(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    command = [sys.executable, "-m", "video_analytics", "demo", "--home", str(home), "--days", "3"]
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("BRIGHTCOVE_", "PANOPTO_"))
    }
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=clean | {"COLUMNS": "200"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "22 analytics queries" in done.stdout
    assert "Warning" not in done.stderr
    for source, number in FILES.items():
        written = [path for path in (home / "exports" / source).rglob("*") if path.is_file()]
        assert len([path for path in written if path.suffix != ".hyper"]) == number, source
    told = json.loads(call("status", "--home", home, "--json").stdout)
    assert (len(told["accounts"]), len(told["courses"]), len(told["reports"]["held"])) == (11, 7, 3)
    for each in told["accounts"] + told["courses"]:
        assert each["missing"] == each["failed"] == 0
        assert each["provisional"] + each["complete"] >= 3
    with duckdb.connect(str(home / "lake" / "warehouse.duckdb"), read_only=True) as warehouse:
        days = warehouse.sql("SELECT count(*) FROM brightcove.daily_analytics").fetchall()[0][0]
        rows = warehouse.sql("SELECT count(*) FROM brightcove.multi_year").fetchall()[0][0]
        chunks = warehouse.sql("SELECT count(*) FROM panopto.chunked_coverage").fetchall()[0][0]
    assert days == rows > 0
    assert chunks > 0
    pages = home / "exports" / "pages"
    assert done.stdout.rstrip().endswith((pages / "index.html").as_uri())
    assert {path.name for path in pages.glob("*.html")} == {
        "index.html",
        "storage.html",
        "channels.html",
        "trust.html",
    }
    assert len(list(pages.glob("courses/*.html"))) == 2 * 7
    for page in pages.rglob("*.html"):
        delivered = home / "shares" / "daily" / "Pages" / page.relative_to(pages)
        assert delivered.read_bytes() == page.read_bytes()
    secrets = [
        line.split("=", 1)[1] for line in (home / ".env").read_text().splitlines() if SECRET.search(line)
    ]
    assert len(secrets) == 3
    assert not any(secret in done.stdout + done.stderr for secret in secrets)


def test_the_demo_refuses_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = call("demo", "--home", tmp_path)
    assert result.exit_code == 2
    assert "--home" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
def test_run_ends_with_0_when_all_is_complete(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox()
    settings_for(sandbox, home)
    span = ["--from", YESTERDAY.isoformat(), "--to", YESTERDAY.isoformat()]
    result = call("run", "--home", home, *span, "--accounts", "neo,MYWAY", environment=sandbox.environment())
    assert result.exit_code == 0, result.output
    assert "2 account-days" in result.output
    assert {entry["account"] for entry in sandbox.log() if entry["kind"] == "analytics"} == {
        "5972928207001",
        "6300219615001",
    }


def test_run_ends_with_1_and_names_what_failed(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox({"dead_accounts": ["neo"], "dead_how": "500"})
    settings_for(sandbox, home, accounts=["neo", "MyWay"], attempts=2)
    result = call("run", "--home", home, environment=sandbox.environment())
    assert result.exit_code == 1
    assert "FAILED daily_analytics neo|" in result.output
    told = call("status", "--home", home, environment=sandbox.environment())
    assert told.exit_code == 1
    assert "neo: failed 2026-06-08..2026-06-14" in told.output
    told = call("status", "--home", home, "--json", environment=sandbox.environment())
    accounts = json.loads(told.stdout)["accounts"]
    assert {account["account"]: account["failed"] for account in accounts} == {"neo": 7, "myway": 0}
    assert "500" in next(iter(accounts[0]["reasons"].values()))


@pytest.mark.slow
def test_panopto_from_a_list_of_courses_to_files(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox(PEACE)
    panopto_settings(sandbox, home, start_date=YESTERDAY - dt.timedelta(days=20))
    environment = sandbox.environment()
    told = call("run", "--home", home, "--source", "panopto", environment=environment)
    assert told.exit_code == 2
    assert "courses.csv" in told.output
    lines = "".join(f"{name};{{{course_id.upper()}}}\r\n" for name, course_id in sandbox.panopto.courses())
    header = "PanoptoFolderName;PanoptoFolderID\r\n"
    (home / "courses.csv").write_bytes((header + lines).encode("utf-8-sig"))
    told = call("run", "--home", home, "--source", "panopto", environment=environment)
    assert told.exit_code == 0, told.output
    assert re.search(r"3 courses, \d+ viewing records", told.output)
    assert "asking each of the 13 sessions once would have made" in told.output
    joined = home / "exports" / "panopto" / "output[CHUNKED]" / "tableau" / "chunked_data.csv"
    assert len(joined.read_text(encoding="utf-8").splitlines()) > 20
    told = call("status", "--home", home, "--json", environment=environment)
    courses = json.loads(told.stdout)["courses"]
    assert [course["failed"] + course["missing"] for course in courses] == [0, 0, 0]
    told = call("check", "--home", home, "--source", "panopto", environment=environment)
    assert told.exit_code == 0, told.output
    machine, _, vendor = told.output.partition("ok      settings")
    assert "ok      home writable" in machine
    assert vendor.count("\nok ") == 10
    assert "usage reports: 3 with all columns" in told.output
    assert "read in America/New_York" not in told.output  # the settings say UTC
    assert "set panopto.site_timezone" in told.output


@pytest.mark.slow
def test_reports_from_the_inbox_to_numbers_without_credentials(home: Path) -> None:
    drop(home, "notes.txt", b"to do\n")
    told = call("run", "--home", home)
    assert told.exit_code == 1
    assert "FAILED usage_reports notes.txt" in told.output
    assert "drop 'Sessions created or edited'" in told.output
    for name, data in college.files().items():
        drop(home, name, data)
    told = call("run", "--home", home, "--source", "reports", "--report-date", "2022-06-01")
    assert told.exit_code == 0, told.output
    assert "sessions in the snapshots written" in told.output
    figures = (home / "exports" / "panopto" / "retention" / "scenarios.csv").read_text("utf-8").splitlines()
    assert figures[:2] == ["scenario,bucket,hours,limit", "save_money,stored,7035.73,8800.00"]
    said = json.loads(call("status", "--home", home, "--json").stdout)["reports"]
    assert (said["dates"], said["refused"]) == (["2022-06-01"], ["notes.txt"])
    told = call("plan", "--home", home, "--scenario", "save_both")
    assert told.exit_code == 0, told.output
    assert "17,865.30" in told.output


def drop(home: Path, name: str, data: bytes) -> None:
    """A file that has been lying in the inbox for a while."""
    path = home / "inbox" / "panopto" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (1_600_000_000, 1_600_000_000))


@pytest.mark.slow
def test_reports_asked_of_the_site(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox(PEACE)
    panopto_settings(sandbox, home, site_timezone=SITE_ZONE)
    assert call("run", "--home", home, "--ask").exit_code == 2  # no credentials
    told = call("run", "--home", home, "--ask", environment=sandbox.environment())
    assert told.exit_code == 0, told.output
    assert "3 reports asked for" in told.output
    told = call("status", "--home", home, environment=sandbox.environment())
    assert "session_usage 2010-01-01..2026-06-14" in told.output


@pytest.mark.slow
def test_one_course_chosen_by_name(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox(PEACE)
    panopto_settings(sandbox, home, start_date=YESTERDAY - dt.timedelta(days=2))
    (name, course_id), (other, other_id), *_ = sandbox.panopto.courses()
    (home / "courses.csv").write_text(
        f"PanoptoFolderName,PanoptoFolderID\n{name},{course_id}\n{other},{other_id}\n", encoding="utf-8"
    )
    told = call("run", "--home", home, "--courses", name.upper(), environment=sandbox.environment())
    assert told.exit_code == 0, told.output
    told = call("status", "--home", home, environment=sandbox.environment())
    assert f"{other}: not listed yet" in told.output
    told = call("run", "--home", home, "--courses", "nobody's", environment=sandbox.environment())
    assert told.exit_code == 2
    assert "is not in courses.csv" in told.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--accounts", "nobody"], "nobody"),
        (["run", "--accounts", ","], "--accounts"),
        (["run", "--from", "yesterday"], "--from"),
        (["run", "--from", "2026-06-10", "--to", "2026-06-01"], "swap them"),
        (["run", "--source", "vimeo"], "--source"),
        (["run", "--source", "reports", "--from", "2026-06-01"], "--report-date"),
        (["run", "--source", "brightcove", "--ask"], "--source reports"),
        (["run", "--report-date", "last June"], "--report-date"),
        (["run", "--days", "3"], "--days"),
        (["sandbox", "--scenario", "nonsense"], "nonsense"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_wrong_call_ends_with_2(
    new_sandbox: NewSandbox, home: Path, arguments: list[str], says: str
) -> None:
    sandbox = new_sandbox()
    settings_for(sandbox, home)
    where = ["--home", str(home)] if arguments[0] == "run" else []
    result = call(arguments[0], *where, *arguments[1:], environment=sandbox.environment())
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["run", "check", "status"])
def test_a_broken_configuration_ends_with_2(home: Path, command: str) -> None:
    (home / "settings.toml").write_text("[brightcove]\ntrailing_dais = 7\n")
    result = call(command, "--home", home)
    assert result.exit_code == 2
    assert "settings.toml" in result.output
    assert "trailing_days" in result.output


@pytest.mark.parametrize("command", ["run", "check"])
def test_missing_credentials_are_a_configuration_to_mend(
    home: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRIGHTCOVE_CLIENT_ID", raising=False)
    result = call(command, "--home", home)
    assert result.exit_code == 2
    assert "BRIGHTCOVE_CLIENT_ID" in result.output


def test_check_gives_a_plain_verdict_each(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox({"refuse_devices": ["neo"]})
    settings_for(sandbox, home)
    result = call("check", "--home", home, environment=sandbox.environment())
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert sum(line.startswith("ok ") for line in lines) >= 1 + 1 + 11 + 11 + 4
    assert any("neo: device ranges: refused" in line for line in lines)
    assert any(line.startswith("note ") and "play_rate" in line for line in lines)
    assert (
        json.loads((home / "lake/brightcove/capabilities.json").read_text())["device_ranges"]["5972928207001"]
        is False
    )


def test_check_tells_wrong_credentials(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox()
    settings_for(sandbox, home)
    wrong = sandbox.environment() | {"BRIGHTCOVE_CLIENT_SECRET": "canary-of-a-secret"}
    result = call("check", "--home", home, environment=wrong)
    assert result.exit_code == 1
    assert "FAILED" in result.output
    assert "check client id and secret" in result.output
    assert "canary-of-a-secret" not in result.output


def test_help_is_short_and_quick_to_read() -> None:
    result = call("--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) < 25
    for command in ("demo", "run", "check", "status", "pages", "sandbox"):
        assert command in result.output
        assert call(command, "--help").exit_code == 0
