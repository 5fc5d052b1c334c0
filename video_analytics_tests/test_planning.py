"""`plan` as a planner calls it: tables, what-ifs, offers, and what a wrong call is told."""

import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from video_analytics.lake import Lake
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.planning import plan_command
from video_analytics_tests.panopto.retention.worlds import HOUR_US, Row, session, snapshot

DAY = date(2022, 6, 1)
HOURS = [
    # stream source, root folder, hours, last view, start
    ("Zoom", "Moodle", 4_000.25, None, date(2021, 9, 1)),
    ("Zoom", "Moodle", 1_000, date(2022, 3, 1), date(2021, 10, 1)),
    ("Zoom", "Moodle", 2_000, None, date(2020, 6, 15)),
    ("Web API", "Users", 500, None, date(2020, 10, 1)),
    ("Web API", "Film", 700, date(2021, 3, 1), date(2020, 10, 1)),
    (None, None, 300, date(2022, 4, 1), date(2021, 10, 1)),
]
BUCKETS = ["stored", "created", "archived", "deleted"]


def rows(scale: float = 1) -> list[Row]:
    return [
        session(
            number,
            round(hours * scale * HOUR_US),
            viewed=viewed,
            started=start,
            stream_source=source,
            root_folder=root,
            folder_path=root,
        )
        for number, (source, root, hours, viewed, start) in enumerate(HOURS)
    ]


def save(home: Path, found: Iterable[Row], day: date = DAY) -> None:
    Lake(home / "lake").write(SESSION_USAGE, day.isoformat(), snapshot(found), {})


def call(home: Path, *options: str) -> Result:
    arguments = ["--home", str(home), *options]
    return CliRunner().invoke(plan_command, arguments, env={"COLUMNS": "80"})


def plan(home: Path, *options: str) -> str:
    result = call(home, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def in_json(home: Path, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plan(home, "--json", *options))
    return found


def has(told: str, row: str) -> bool:
    """Whether a table shows that row, however wide its columns are."""
    return row.split() in [line.split() for line in told.splitlines()]


def flat(told: str) -> str:
    """As if lines were never broken."""
    return " ".join(told.split())


@pytest.fixture
def college(home: Path) -> Path:
    """A home with a snapshot of a few large sessions."""
    save(home, rows())
    return home


# --- the scenarios ----------------------------------------------------------------------------------------


def test_all_scenarios_stand_against_their_limits(college: Path) -> None:
    told = plan(college)
    assert told.startswith("Storage plan on 2022-06-01: 8,500.25 h in 6 sessions; next renewal 2023-06-01\n")
    assert [line for line in told.splitlines() if line.startswith("Save")] == [
        "Save money (save_money): fits",
        "Save content (save_content): fits",
        "Save Zoom (save_zoom): fits",
        "Save both (save_both): fits",
    ]
    for line in (
        "stored 3,300.05 2,000.00 8,800.00 5,499.95",  # 0.2 of Zoom's 5,000.25 and 300 are created
        "created 1,300.05 1,300.05 4,400.00 3,099.95",
        "archived 0.00 0.00 4,400.00 4,400.00",
        "deleted 2,100.25 6,500.25 - -",
        "archived 6,500.25 7,200.25 54,400.00 47,199.75",
    ):
        assert has(told, line)
    assert "save_money, deleted: The published figure counts" in told
    assert "add up to 8,500.25" in flat(told)


def test_a_plan_that_passes_its_limits_says_so_and_is_an_answer(college: Path) -> None:
    told = plan(college, "--set", "limits.stored=2500", "--set", "limits.created=1000")
    assert "Save money (save_money): does not fit: stored 800.05 h too much, created 300.05" in told
    assert has(told, "stored 3,300.05 3,300.05 2,000.00 2,000.00 2,500.00 BREACH")
    found = in_json(college, "--set", "limits.stored=2500")["scenarios"][0]
    assert found["fits"] is False
    assert found["buckets"][0]["headroom_hours"] == pytest.approx(2500 - 3300.05)
    assert found["before"]["fits"] is True


def test_one_scenario_is_told_in_full(college: Path) -> None:
    told = plan(college, "--scenario", "save_both")
    assert "Save money" not in told
    assert "save_both, archived: The published figure leaves out what was watched" in told
    assert "Archived: 7,200.25 h in 3 folders" in told
    assert has(told, "6,000.25 2 0 Moodle")
    assert has(told, "700.00 1 0 Film")
    assert "Deleted" not in told
    assert "Forecast until 2023-06-01" in told
    assert has(told, "limit 8,400 8,800 54,400")


def test_the_forecast_says_when_a_limit_is_passed(college: Path) -> None:
    told = plan(college, "--scenario", "save_zoom", "--set", "limits.archived=3000", "--set", "bundles=")
    assert "New hours change by 65.63 % a year" in told  # 5,300.25 after 3,200 hours
    assert has(told, "2022-10-01 6,626! 7,926 1,700")
    assert "created passes its limit of 4,400.00 h by 2022-10-01." in told
    assert "stored passes its limit of 8,800.00 h by 2022-11-01." in told
    assert "archived passes" not in told
    found = in_json(college, "--scenario", "save_zoom", "--set", "bundles=")
    assert {(each["bucket"], each["month"]) for each in found["breaches"]} == {
        ("created", "2022-10-01"),
        ("stored", "2022-11-01"),
    }


def test_growths_that_differ_are_told_apart(college: Path) -> None:
    earlier = [
        session(50, 2_000 * HOUR_US, started=date(2019, 6, 2)),
        session(51, 4_000 * HOUR_US, started=date(2018, 6, 2)),
    ]
    save(college, [*rows(), *earlier])
    told = plan(college, "--scenario", "save_zoom", "--set", "limits.created=600")
    assert "low -50 %, mid 60 %, high 65.63 %" in told
    passed = (
        "created passes its limit of 4,600.00 h by 2022-10-01 with mid and high growth, not with low growth."
    )
    assert passed in flat(told)
    told = plan(college, "--scenario", "save_zoom", "--set", "limits.stored=1000")
    assert "stored passes its limit of 1,000.00 h already on 2022-06-01." in told


def test_without_a_breach_that_is_said_too(college: Path) -> None:
    save(college, [rows()[1]])
    told = plan(college, "--scenario", "save_zoom")
    assert "No limit is passed until 2023-06-01." in told
    assert "How fast new hours grow is not known" in told
    assert has(told, "limit 8,400 8,800 4,400")


def test_what_is_archived_already_is_told(college: Path) -> None:
    save(college, [row | {"archived": 1} for row in rows()])
    told = plan(college, "--scenario", "save_zoom")
    assert "save_zoom, archived: What is archived already stays so" in told
    assert has(told, "1,000.00 1,000.00 1 0 Moodle")


# --- what if ----------------------------------------------------------------------------------------------


def test_a_what_if_stands_beside_what_is(college: Path) -> None:
    told = plan(college, "--scenario", "save_zoom", "--set", "window_months=18")
    assert has(told, "published before conserved before limit headroom")
    assert has(told, "stored 7,300.25 6,600.25 2,000.00 1,300.00 8,800.00 1,499.75")
    assert has(told, "archived 0.00 700.00 0.00 700.00 4,400.00 4,400.00")
    (found,) = in_json(college, "--scenario", "save_zoom", "--set", "window_months=18")["scenarios"]
    assert (found["window_months"], found["before"]["window_months"]) == (18, 6)


def test_a_what_if_of_the_plan_is_one_of_all_scenarios(college: Path) -> None:
    found = in_json(college, "--set", "user_root_folders=Film")["scenarios"]
    assert [each["buckets"][2]["conserved_hours"] for each in found] == [
        500,
        7200.25 - 700 + 700 - 700,
        700,
        7200.25,
    ]
    assert [each["before"]["buckets"][2]["conserved_hours"] for each in found] == [0, 6500.25, 700, 7200.25]


def test_a_what_if_can_move_the_academic_year(college: Path) -> None:
    pairs = ["--set", "academic_year_from=10-01", "--set", "academic_year_to=10-01"]
    (found,) = in_json(college, "--scenario", "save_zoom", *pairs)["scenarios"]
    assert [found["buckets"][1]["published_hours"], found["before"]["buckets"][1]["published_hours"]] == [
        pytest.approx(4_000.25 + 1_200),
        pytest.approx(5_300.25),
    ]


# --- the cheapest -----------------------------------------------------------------------------------------


def test_the_cheapest_is_told_with_what_it_gives_up(college: Path) -> None:
    told = plan(college, "--cheapest")
    head, runners = told.split("Runners-up")
    assert "archive (archived +50,000), create (created +4,000)" in flat(head)
    assert "1. Save money (save_money): fits\n   recent: viewed within 18 months; no bundle\n" in head
    assert has(head, "stored 3,300.05 8,800.00")
    assert "deleted for good: 6,500.25 h in 3 sessions; nobody watched" in head
    assert "not imported: 4,000.20 h of a year's new hours (80 % of Zoom)" in head
    assert "archived:" not in head
    assert [line for line in runners.splitlines() if line[:1].isdigit()] == [
        "2. Save Zoom (save_zoom): fits",  # its bundle is the smaller one
        "3. Save content (save_content): fits",
        "4. Save both (save_both): fits",
    ]
    assert "with 0 views in the period; none can be\n     played until somebody restores it" in runners
    assert "--scenario save_money --set window_months=18 --set bundles=\n" in runners


def test_the_cheapest_of_one_scenario(college: Path) -> None:
    told = plan(college, "--cheapest", "--scenario", "save_zoom", "--set", "deleted=[{watched=false}]")
    assert "1. Save Zoom (save_zoom): fits" in told
    assert "bundle create" in told
    assert "Runners-up" not in told


def test_where_nothing_fits_the_nearest_is_told(college: Path) -> None:
    told = plan(college, "--cheapest", "--scenario", "save_zoom", "--set", "limits.stored=100")
    assert "1. Save Zoom (save_zoom): does not fit, with any window and bundles" in told
    assert "It passes the limits of stored by 5,200.25 h." in told
    (found,) = in_json(college, "--cheapest", "--scenario", "save_zoom", "--set", "limits.stored=100")[
        "cheapest"
    ]
    assert found["fits"] is False
    assert found["breaks"] == {"stored": pytest.approx(5_200.25)}
    assert found["gives_up"]["deleted"]["sessions"] == 3


# --- what is said of what ---------------------------------------------------------------------------------


def test_the_newest_snapshot_is_meant_unless_another_is_named(college: Path) -> None:
    save(college, rows()[:1], date(2021, 12, 31))
    assert in_json(college)["report_date"] == "2022-06-01"
    earlier = in_json(college, "--report-date", "2021-12-31")
    assert (earlier["report_date"], earlier["renewal"], earlier["sessions"]) == (
        "2021-12-31",
        "2022-06-01",
        1,
    )


def test_days_are_those_of_the_reports(college: Path) -> None:
    """A session of 23:30 on the last day of the year in the site's zone is UTC's next day."""
    (college / "settings.toml").write_text('[panopto]\nsite_timezone = "America/Los_Angeles"\n')
    late = session(1, started=date(2022, 5, 31), stream_source="Zoom")
    late["start_time"] = late["start_time"].replace(hour=23, minute=30)
    save(college, [late])
    assert in_json(college)["scenarios"][2]["buckets"][1]["published_hours"] == 1
    (college / "settings.toml").write_text('[panopto]\nreports_timezone = "UTC"\n')
    assert in_json(college)["scenarios"][2]["buckets"][1]["published_hours"] == 0


def test_json_holds_all_that_is_told(college: Path) -> None:
    found = in_json(college, "--scenario", "save_both")
    (scenario,) = found["scenarios"]
    assert [each["bucket"] for each in scenario["buckets"]] == BUCKETS
    hours = {each["bucket"]: each["conserved_hours"] for each in scenario["buckets"]}
    assert hours["stored"] + hours["archived"] + hours["deleted"] == pytest.approx(found["total_hours"])
    assert [each["path"] for each in found["affected"][0]["folders"]] == ["Moodle", "Film", "Users"]
    assert found["growth"]["known"] is True
    assert list(found["growth"]["hours_by_year_from"]) == ["2021-06-01", "2020-06-01"]
    assert len(found["forecast"]) == 3 * 13
    assert found["forecast"][0]["month"] == "2022-06-01"
    assert found["cheapest"] == []


@pytest.mark.parametrize(
    "options", [(), ("--scenario", "save_both"), ("--scenario", "save_both", "--cheapest")]
)
def test_names_are_told_as_they_are_and_steer_nothing(home: Path, options: tuple[str, ...]) -> None:
    (home / "settings.toml").write_text(
        '[retention.scenarios.save_both]\ntitle = "[bold]B[/bold] [/x]"\nwindow_months = 6\n'
        'imported = {"[red]Z" = 0.5}\nstored = [{recent = true}]\narchived = [{recent = false}]\n'
    )
    wild = "[bold]2021[/bold]\x1b[31m\nnext [/]"
    save(home, [row | {"root_folder": wild, "stream_source": "[red]Z"} for row in rows()])
    told = plan(home, *options)
    assert "\x1b" not in told
    assert "[bold]B[/bold] [/x] (save_both)" in told
    assert ("[bold]2021[/bold] [31m next [/]" in told) == (options == ("--scenario", "save_both"))
    assert "of [red]Z" in told


@pytest.mark.parametrize(
    ("scale", "options"),
    [
        (900, ()),
        (900, ("--set", "limits.stored=1000000")),
        (1, ("--scenario", "save_money")),
        (900, ("--scenario", "save_both", "--set", "window_months=3")),
        (900, ("--scenario", "save_zoom", "--cheapest")),
    ],
)
def test_all_fits_into_80_columns(home: Path, scale: float, options: tuple[str, ...]) -> None:
    deep = "A folder of a department with a long name"
    found = [row | {"subfolder_1": deep, "subfolder_2": f"{deep} / {deep}"} for row in rows(scale)]
    save(home, [*found, session(50, 3_000_000 * HOUR_US, started=date(2018, 6, 2), archived=1)])
    told = plan(home, *options)
    long = [line for line in told.splitlines() if len(line) > 80 and not line.startswith("The first in full")]
    assert long == []
    assert "…" not in told


# --- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--scenario", "save_mony"], 2, "unknown scenario 'save_mony'; use one of save_money"),
        (["--set", "window_months=3"], 2, "--set window_months: expected --scenario NAME"),
        (["--set", "imported.Zoom=1"], 2, "--set 'imported.Zoom': expected --scenario NAME"),
        (["--set", "windw=3"], 2, "--set windw: unknown name; did you mean"),
        (["--set", "limits.stored=-3"], 2, "--set limits.stored: expected at least 0"),
        (["--scenario", "save_zoom", "--set", "bundles=x"], 2, "--set bundles: expected bundles among"),
        (["--scenario", "save_zoom", "--set", "stored=[{}]"], 1, "in stored and archived at once"),
        (["--report-date", "2022-07-01"], 1, "report date 2022-07-01: expected a snapshot"),
        (["--report-date", "July"], 2, "--report-date"),
    ],
)
def test_what_cannot_be_answered_is_said(college: Path, options: list[str], code: int, said: str) -> None:
    result = call(college, *options)
    assert result.exit_code == code
    assert result.stdout == ""
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_snapshot_it_says_what_to_run(home: Path) -> None:
    result = call(home)
    assert result.exit_code == 1
    assert "video-analytics run --source reports" in result.stderr


def test_help_does_not_wait_for_what_only_answers_need() -> None:
    code = "import sys, video_analytics.planning; print({'duckdb', 'pyarrow', 'dagster'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
