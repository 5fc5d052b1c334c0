"""The command: a whole folder of old files, what is reported, and what a second time changes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from video_analytics.importing import finding, import_command
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.importing.desk import Place
from video_analytics_tests.importing.old_files import (
    CMS,
    OVERVIEW,
    REPORTING,
    VIEWING,
    daily,
    video,
    viewing,
    write,
)
from video_analytics_tests.panopto.small_lake import ANN, BIOLOGY, LECTURES, ZOOLOGY

DAILY = "Reporting/2025/daily_analytics_summary_2025_01_01_to_2025-06-01.csv"
LAST_VIEWS = "Harper/csv/internet_cms.csv"
STATE = "saud/raw_data_handler/state.csv"
COURSE = f"saud/database/BIOL 210 [2024W1][{BIOLOGY}]"
VIEWED = f"{COURSE}/viewing_activity.csv"


@pytest.fixture
def full(place: Place) -> Place:
    """A folder with something of everything, some of it wrong."""
    write(
        place.old / DAILY, REPORTING, [daily("63", "2025-03-01"), daily("64", "2025-03-02", video_view="?")]
    )
    write(place.old / LAST_VIEWS, CMS, [video("63", "2024-03-01")])
    write(place.old / VIEWED, VIEWING, [viewing(LECTURES[0], ANN, "2025-03-01 10:00:00")])
    write(place.old / f"{COURSE}/sessions_overview.csv", OVERVIEW, [{"SessionId": LECTURES[0]}])
    courses = f"PanoptoFolderName,PanoptoFolderID\nBiology,{BIOLOGY}\n"
    (place.old / "saud" / "courses.csv").write_text(courses, encoding="utf-8")
    columns = ["PanoptoFolderName", "PanoptoFolderID", "LastDateFetched(UTC)"]
    write(place.old / STATE, columns, [dict(zip(columns, ["Biology", BIOLOGY, "2022-05-16"], strict=True))])
    write(place.old / "other.csv", ["a", "b"], [{"a": 1}])
    return place


def test_everything_is_reported_file_by_file(full: Place) -> None:
    assert full.run().code == 1
    report = {row["file"]: row for row in full.report()}
    numbers = ("rows_taken", "rows_there", "rows_refused")
    assert {name: [row[number] for number in numbers] for name, row in report.items()} == {
        DAILY: ["1", "0", "1"],
        LAST_VIEWS: ["1", "0", "0"],
        VIEWED: ["1", "0", "0"],
        f"{COURSE}/sessions_overview.csv": ["0", "0", "0"],
        "saud/courses.csv": ["1", "0", "0"],
        STATE: ["0", "0", "0"],
        "other.csv": ["0", "0", "0"],
    }
    assert report[DAILY]["reason"] == "1 refused: video_view: expected a whole number (line 4)"
    assert "never trusted" in report[STATE]["reason"]
    assert f"{BIOLOGY}: says it was fetched up to 2022-05-16" in report[STATE]["reason"]
    assert (full.home / "exports/import/report.json").exists()


def test_a_second_time_takes_nothing_and_changes_nothing(full: Place) -> None:
    full.run()
    before = snapshot(full.home)
    told = full.run()
    assert {row["rows_taken"] for row in told.report.values()} == {0}
    for name in (DAILY, LAST_VIEWS, VIEWED, "saud/courses.csv"):
        assert told.of(name)[1] == 1
        assert told.why(name).startswith("already there")
    after = snapshot(full.home)
    reports = {"exports/import/report.csv", "exports/import/report.json"}
    assert {name for name in after if after[name] != before.get(name)} == reports


def test_a_dry_run_says_the_same_and_writes_nothing(full: Place) -> None:
    dry = full.run("--dry-run")
    assert list(full.home.iterdir()) == []
    told = full.run()
    assert (dry.report, dry.code) == (told.report, told.code)


def test_the_console_shows_a_table_and_the_reasons(full: Place) -> None:
    arguments = ["--from", str(full.old), "--home", str(full.home)]
    result = CliRunner().invoke(import_command, [*arguments, "--dry-run"])
    assert "4 rows would be taken; nothing was written" in result.output
    assert "  1 refused: video_view: expected a whole number (line 4)" in result.output
    result = CliRunner().invoke(import_command, arguments)
    assert (result.exit_code, "4 rows taken" in result.output) == (1, True)
    assert not (full.home / "exports/import/report.json").exists()


def test_courses_of_a_home_with_a_list_are_told(full: Place) -> None:
    own = f"PanoptoFolderName,PanoptoFolderID\nZoology,{ZOOLOGY}\n"
    (full.home / "courses.csv").write_text(own, encoding="utf-8")
    told = full.run()
    assert told.of("saud/courses.csv") == (0, 0, 1)
    assert f"Biology {BIOLOGY}" in told.why("saud/courses.csv")
    assert (full.home / "courses.csv").read_text(encoding="utf-8") == own


def test_a_list_of_courses_with_mistakes_is_refused(place: Place) -> None:
    (place.old / "courses.csv").write_text("PanoptoFolderName,PanoptoFolderID\nB,x\n", encoding="utf-8")
    told = place.run()
    assert (told.code, told.of("courses.csv")) == (1, (0, 0, None))
    assert "line 2" in told.why("courses.csv")


def test_no_file_brings_it_down(place: Place) -> None:
    names = ["viewing_activity.csv", "daily_analytics_2025_all.csv", "internet_cms.csv", "state.csv"]
    for number, content in enumerate([b"", b"\0\0", b"\xff\xfe\xfa", b'"', b"a,b", b"\x89PNG\r\n"]):
        (place.old / str(number)).mkdir()
        for name in [*names, "courses.csv", "secrets.json", ".env"]:
            (place.old / str(number) / name).write_bytes(content)
    told = place.run()
    assert len(told.report) == 42
    assert {row["rows_taken"] for row in told.report.values()} == {0}


def test_the_homes_own_files_are_not_imported_from(place: Place) -> None:
    write(
        place.home / "exports" / "panopto" / VIEWED,
        VIEWING,
        [viewing(LECTURES[0], ANN, "2025-03-01 10:00:00")],
    )
    assert Place(place.home, place.home).run().report == {}


def test_folders_without_end_and_links_are_not_followed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.old / "round").symlink_to(place.old, target_is_directory=True)
    (place.old / "gone_cms.csv").symlink_to(place.old / "nowhere")
    monkeypatch.setattr(finding, "DEPTH", 2)
    write(place.old / "a/b/c/other.csv", ["a"], [])
    write(place.old / "a/b/other.csv", ["a"], [])
    told = place.run()
    assert set(told.report) == {"a/b/other.csv"}
    assert (told.code, "a/b: folders this deep are not looked at" in told.output) == (1, True)


def test_a_folder_that_is_not_there_is_a_sentence(place: Place, tmp_path: Path) -> None:
    arguments = ["--from", str(tmp_path / "nowhere"), "--home", str(place.home)]
    result = CliRunner().invoke(import_command, arguments)
    assert result.exit_code == 2
    assert "expected a folder, found none" in result.output


def test_a_report_holds_no_formula(place: Place) -> None:
    write(place.old / "=1+1.csv", ["a"], [])
    place.run()
    assert [row["file"] for row in place.report()] == ["'=1+1.csv"]
