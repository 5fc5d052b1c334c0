"""The files people open: exact figures in them, the same figures everywhere, written only if new."""

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.panopto.retention import workbook
from video_analytics.panopto.retention.publishing import write_files
from video_analytics.panopto.retention.tables import RETENTION_FORECAST, RETENTION_HOURS
from video_analytics.settings.retention import SCENARIOS, Hours, Retention, Rule, Scenario
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.panopto.retention.small_college import (
    DAY,
    ZONE,
    Json,
    put,
    reckoned,
    session,
    sessions,
)

NAMES = (
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\ttab",
    "a,b",
    'say "hi"',
    "two\nlines",
    "lone\rreturn",
    "漢字 🎬",
    "a'b",
    "'q'",
)
TABLES = (
    *("stream_source", "root_folder", "recency", "academic_year", "folder", "year_created"),
    *("months_since_last_view", "creator"),
)
START = datetime(2021, 9, 1, 16, tzinfo=UTC)
FILES = (
    "session_usage",
    *(f"retention/hours_by_{table}" for table in TABLES),
    *(f"retention/{name}" for name in ("scenarios", "scenarios_detail", "totals", "forecast", "sessions")),
    *(f"retention/{name}" for name in ("affected", "quarantine")),
)


class Published:
    """The files of a lake, read as their readers do."""

    def __init__(self, folder: Path, retention: Retention) -> None:
        self.retention, self.lake, self.exports = retention, Lake(folder / "lake"), folder / "exports"
        self.changed: dict[str, bool] = {}

    def write(self) -> dict[str, bool]:
        return write_files(self.lake, self.exports, DAY, ZONE, self.retention)

    def text(self, name: str) -> str:
        return (self.exports / "panopto" / name).read_bytes().decode()

    def csv(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.text(f"{name}.csv"), newline="")))

    def parquet(self, name: str) -> pa.Table:
        return pq.read_table(self.exports / "panopto" / f"{name}.parquet")

    def sheets(self) -> Any:
        return openpyxl.load_workbook(self.exports / "panopto" / "retention" / "retention.xlsx")


def published(folder: Path, retention: Retention | None = None, **given: Any) -> Published:
    found = Published(folder, retention or Retention())
    reckoned(found.lake.root, found.retention, **given)
    found.changed = found.write()
    return found


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return published(tmp_path_factory.mktemp("college"))


@pytest.fixture
def changing(college: Published, tmp_path: Path) -> Published:
    """The same, to be changed."""
    shutil.copytree(college.exports.parent, tmp_path, dirs_exist_ok=True)
    return Published(tmp_path, college.retention)


def nasty() -> Iterator[Json]:
    """Sessions of which every name wants to be something else."""
    for number, name in enumerate(NAMES):
        yield session(
            number,
            1.0 + number,
            name=name,
            creator=name,
            creator_id=str(number),
            folder_name=name,
            folder_path=name,
            root_folder=name,
            stream_source=name,
        )


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Published:
    named = Retention(creator_names=True, scenarios=SCENARIOS[:1])
    return published(tmp_path_factory.mktemp("odd"), named, rows=list(nasty()))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Three sessions, one row that does not count, and a scenario with the name of a column."""
    rows = [
        session(
            *(1, 2.0),
            archived=1,
            archived_hours=2.006,
            minutes_delivered=7.5,
            views=1,
            start_time=START,
            creator=None,
            creator_id=None,
        ),
        session(2, 1.0, archived=0),
        session(3, 1.0),
    ]
    apart = {
        "session_id": None,
        "name": "=x",
        "report": "session_usage",
        "line": 7,
        "reason": "negative_length",
        "field": "Session Length",
        "hours_us": -1_800_000_000,
    }
    hours = Scenario(name="hours", window_months=6, stored=(Rule(watched=True),), archived=())
    plan = Retention(scenarios=(hours,), limits=Hours(created=1.0))
    return published(tmp_path_factory.mktemp("small"), plan, rows=rows, apart=[apart], quarantined_hours=0.25)


def test_every_table_is_there_as_csv_and_as_parquet(college: Published) -> None:
    pairs = {f"panopto/{name}.{ending}" for name in FILES for ending in ("csv", "parquet")}
    assert set(college.changed) == pairs | {
        "panopto/retention/retention.xlsx",
        "panopto/retention/summary.md",
    }
    assert {path.relative_to(college.exports).as_posix() for path in college.exports.rglob("*.*")} == set(
        college.changed
    )


def test_the_scenarios_are_the_published_ones_with_the_words_of_the_default(college: Published) -> None:
    assert college.text("retention/scenarios.csv").splitlines() == [
        "scenario,bucket,hours,limit",
        "save_money,stored,7035.73,8800.00",
        "save_money,created,2200.58,4400.00",
        "save_money,archived,1291.46,4400.00",
        "save_money,deleted,9456.74,",
        "save_content,stored,7035.73,8800.00",
        "save_content,created,2200.58,4400.00",
        "save_content,archived,14791.98,54400.00",
        "save_content,deleted,0.00,",
        "save_zoom,stored,8494.74,8800.00",
        "save_zoom,created,6732.91,8400.00",
        "save_zoom,archived,4008.56,4400.00",
        "save_zoom,deleted,13856.74,",
        "save_both,stored,8494.74,8800.00",
        "save_both,created,6732.91,8400.00",
        "save_both,archived,13856.74,54400.00",
        "save_both,deleted,0.00,",
    ]


def test_with_a_folder_that_does_not_exist_the_archived_hours_are_the_published_ones(
    tmp_path: Path,
) -> None:
    plan = Retention(user_root_folders=("User",), scenarios=SCENARIOS[:1])
    college = published(tmp_path, plan)
    assert college.csv("retention/scenarios")[2] == {
        "scenario": "save_money",
        "bucket": "archived",
        "hours": "1478.67",
        "limit": "4400.00",
    }


def test_hours_by_stream_source_and_root_folder_have_all_watched_and_unwatched(college: Published) -> None:
    assert college.text("retention/hours_by_stream_source.csv").splitlines() == [
        "stream_source,all,watched,unwatched,sessions",
        "Zoom,16170.00,2856.69,13313.31,6",
        "Web API,3406.58,2913.70,492.88,6",
        "(none),50.55,0.00,50.55,1",
        "(total),19627.13,5770.39,13856.74,13",
    ]
    assert college.text("retention/hours_by_root_folder.csv").splitlines() == [
        "root_folder,all,watched,unwatched,sessions",
        "Moodle,16170.00,2856.69,13313.31,6",
        "Film,2457.54,2151.87,305.67,4",
        "Users,949.04,761.83,187.21,2",
        "(none),50.55,0.00,50.55,1",
        "(total),19627.13,5770.39,13856.74,13",
    ]


def test_windows_tell_their_first_day_and_the_academic_year_its_ends(college: Published) -> None:
    assert college.text("retention/hours_by_recency.csv").splitlines() == [
        "last_viewed,since,all,watched,unwatched,sessions",
        "within 6 months,2021-12-01,1761.83,1761.83,0.00,2",
        "within 12 months,2021-06-01,3104.84,3104.84,0.00,4",
        "within 18 months,2020-12-01,4835.15,4835.15,0.00,6",
        "(before),,935.24,935.24,0.00,2",
        "(never),,13856.74,0.00,13856.74,5",
        "(total),,19627.13,5770.39,13856.74,13",
    ]
    assert college.text("retention/hours_by_academic_year.csv").splitlines() == [
        "stream_source,from,to,all,watched,unwatched,sessions",
        "Zoom,2021-06-01,2022-06-01,5665.41,1000.00,4665.41,2",
        "Web API,2021-06-01,2022-06-01,1067.50,761.83,305.67,2",
        "(academic year),2021-06-01,2022-06-01,6732.91,1761.83,4971.08,4",
        "(other years),,,12894.22,4008.56,8885.66,9",
        "(total),,,19627.13,5770.39,13856.74,13",
    ]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_ends_with_the_same_total(college: Published, table: str) -> None:
    last = college.csv(f"retention/hours_by_{table}")[-1]
    assert next(iter(last.values())) == "(total)"
    assert (last["all"], last["watched"], last["unwatched"]) == ("19627.13", "5770.39", "13856.74")


@pytest.mark.parametrize("name", FILES)
def test_parquet_has_the_same_rows_exactly(college: Published, name: str) -> None:
    rows, typed = college.csv(name), college.parquet(name)
    assert list(rows[0] if rows else typed.column_names) == typed.column_names
    for row, exact in zip(rows, typed.to_pylist(), strict=True):
        for column, value in exact.items():
            if isinstance(value, float):
                assert row[column] == f"{value:.2f}".replace("-0.00", "0.00")
            elif not isinstance(value, datetime):
                assert row[column] == ("" if value is None else str(value))


def test_exact_hours_are_not_rounded(college: Published) -> None:
    sources = college.parquet("retention/hours_by_stream_source")
    assert sources["all"].type == pa.float64()
    assert sources["all"].to_pylist() == [16170.0, 3406.5775, 50.5525, 19627.13]
    assert college.parquet("session_usage")["hours"][8].as_py() == 4665.4125


def test_both_figures_of_a_bucket_are_told_and_why_they_differ(college: Published) -> None:
    detail = {(row["scenario"], row["bucket"]): row for row in college.csv("retention/scenarios_detail")}
    assert [bucket for scenario, bucket in detail if scenario == "save_money"] == [
        *("stored", "created", "archived", "deleted", "not_imported", "total")
    ]
    deleted, stored = detail["save_money", "deleted"], detail["save_money", "stored"]
    assert (deleted["published_hours"], deleted["conserved_hours"]) == ("9456.74", "13500.52")
    assert deleted["difference"] == "-4043.78"
    assert "beyond the plan's archive limit" in deleted["why"]
    assert "the hours that the coming year creates" in stored["why"]
    assert (stored["limit"], stored["headroom"], stored["fits"]) == ("8800.00", "1764.27", "True")
    assert detail["save_money", "created"]["why"] == ""
    assert detail["save_money", "not_imported"]["published_hours"] == "4532.33"
    totals = [row["conserved_hours"] for (_, bucket), row in detail.items() if bucket == "total"]
    assert totals == ["19627.13"] * 4


def test_a_breach_shows_in_its_bucket_and_in_the_whole_scenario(small: Published) -> None:
    rows = {row["bucket"]: row for row in small.csv("retention/scenarios_detail")}
    assert (rows["created"]["headroom"], rows["created"]["fits"]) == ("-1.00", "False")
    assert [rows[name]["fits"] for name in ("deleted", "not_imported", "total")] == ["", "", "False"]


def test_the_totals_say_that_every_table_adds_up_and_what_is_outside_of_a_window(college: Published) -> None:
    rows = {row["table"]: row for row in college.csv("retention/totals")}
    whole = [f"hours_by_{table}" for table in TABLES]
    whole += [f"scenario {each.name}" for each in college.retention.scenarios]
    assert [(rows[name]["total_hours"], rows[name]["difference"]) for name in whole] == [
        ("19627.13", "0.00")
    ] * len(whole)
    assert rows["hours_by_recency: within 6 months"]["difference"] == "-17865.30"
    assert rows["hours_by_academic_year: (academic year)"]["difference"] == "-12894.22"
    assert college.csv("retention/totals")[-1]["table"] == "(quarantined)"
    assert set(rows) - set(whole) == {
        *(f"hours_by_recency: within {months} months" for months in (6, 12, 18)),
        *("hours_by_academic_year: (academic year)", "(quarantined)"),
    }


def test_a_table_that_does_not_add_up_is_found_out(changing: Published) -> None:
    numbers = changing.lake.read(RETENTION_HOURS, DAY.isoformat())
    assert numbers is not None
    changing.lake.write(RETENTION_HOURS, DAY.isoformat(), numbers.slice(1), {})
    changing.write()
    row = changing.csv("retention/totals")[0]
    assert (row["table"], row["total_hours"], row["difference"]) == (
        *("hours_by_stream_source", "3457.13"),
        "-16170.00",
    )
    assert "the greatest difference is 16,170.00 h" in changing.text("retention/summary.md")


def test_the_sessions_behind_a_number_add_up_to_it(college: Published) -> None:
    held = college.parquet("retention/sessions")
    detail = {
        (row["scenario"], row["bucket"]): row
        for row in college.parquet("retention/scenarios_detail").to_pylist()
    }
    for scenario in college.retention.scenarios:
        for bucket in ("stored", "archived", "deleted"):
            behind = [row["hours"] for row in held.to_pylist() if row[scenario.name] == bucket]
            figure = detail[scenario.name, bucket]
            assert sum(behind) == pytest.approx(figure["conserved_hours"], abs=1e-9)
            assert len(behind) == figure["sessions"]
    created = [row["hours"] for row in held.to_pylist() if row["created_in_academic_year"]]
    assert sum(created) == pytest.approx(detail["save_zoom", "created"]["published_hours"])


def test_who_is_affected_adds_up_and_begins_with_the_most_hours(college: Published) -> None:
    rows = college.parquet("retention/affected").to_pylist()
    detail = college.parquet("retention/scenarios_detail").to_pylist()
    figures = {(row["scenario"], row["bucket"]): row["conserved_hours"] for row in detail}
    groups: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        groups.setdefault((row["scenario"], row["bucket"]), []).append(row["hours"])
    assert {key: pytest.approx(sum(hours)) for key, hours in groups.items()} == {
        key: hours for key, hours in figures.items() if key[1] in {"archived", "deleted"} and hours
    }
    assert all(hours == sorted(hours, reverse=True) for hours in groups.values())
    assert rows[0] == {
        "scenario": "save_money",
        "bucket": "archived",
        "root_folder": "Film",
        "folder_path": "Film",
        "creator": "creator 3",
        "sessions": 1,
        "hours": 478.55,
        "views": 17,
    }


def test_a_creator_is_the_same_number_in_every_file_and_nobody_is_named(college: Published) -> None:
    known = {row["creator"]: float(row["all"]) for row in college.csv("retention/hours_by_creator")[:-1]}
    assert list(known) == ["creator 1", "creator 2", "creator 3"]
    for name in ("session_usage", "retention/sessions"):
        sums = dict.fromkeys(known, 0.0)
        for row in college.parquet(name).to_pylist():
            sums[row["creator"]] += row["hours"]
        assert sums == pytest.approx(known, abs=0.01)
    assert {row["creator"] for row in college.csv("retention/affected")} <= set(known)
    for path in college.exports.rglob("*.*"):
        assert b"person" not in path.read_bytes()
    cells = [cell.value for sheet in college.sheets() for row in sheet.iter_rows() for cell in row]
    assert not [text for text in cells if "person" in str(text)]


def test_creators_are_named_where_the_setting_says_so(odd: Published) -> None:
    for name in ("session_usage", "retention/sessions"):
        assert [row["creator"] for row in odd.csv(name)] == list(NAMES)
    assert {row["creator"] for row in odd.csv("retention/affected")} == set(NAMES)
    assert {row["creator"] for row in odd.csv("retention/hours_by_creator")} == {*NAMES, "(total)"}


def test_a_session_without_a_creator_has_an_empty_cell_and_a_category(small: Published) -> None:
    assert small.csv("session_usage")[0]["creator"] == ""
    assert small.csv("retention/sessions")[0]["creator"] == "(none)"
    assert "(none)" in {row["creator"] for row in small.csv("retention/hours_by_creator")}


def test_times_are_local_to_the_reports_in_csv_and_utc_in_parquet(college: Published) -> None:
    row = college.csv("session_usage")[0]
    assert (row["start_time"], row["most_recent_view"]) == ("2021-09-01 09:00:00", "2022-02-10 08:00:00")
    times = college.parquet("session_usage")["start_time"]
    assert times.type == pa.timestamp("us", tz="UTC")
    assert times[0].as_py() == datetime(2021, 9, 1, 16, tzinfo=UTC)


def test_what_is_known_of_an_archived_session(small: Published) -> None:
    found = small.csv("session_usage")
    assert [row["archived"] for row in found] == ["True", "False", ""]
    assert (found[0]["archived_hours"], found[0]["minutes_delivered"]) == ("2.01", "7.50")
    assert small.parquet("session_usage")["archived"].to_pylist() == [True, False, None]
    assert small.parquet("session_usage")["archived_hours"].to_pylist() == [2.006, None, None]


def test_names_stay_as_they_are_in_csv_and_parquet(odd: Published) -> None:
    for name in ("session_usage", "retention/sessions"):
        for column in ("name", "creator", "stream_source", "root_folder", "folder_path"):
            assert [row[column] for row in odd.csv(name)] == list(NAMES)
            assert odd.parquet(name)[column].to_pylist() == list(NAMES)
    assert {row["stream_source"] for row in odd.csv("retention/hours_by_stream_source")} == {
        *NAMES,
        "(total)",
    }


def test_no_cell_of_the_workbook_runs(odd: Published) -> None:
    kinds = {cell.data_type for sheet in odd.sheets() for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    cells = {cell.value: cell for row in odd.sheets()["hours_by_stream_source"].iter_rows() for cell in row}
    assert {text for text in NAMES if "\r" not in text} <= set(cells)
    assert all(cells[text].quotePrefix for text in ("=1+1", "+1", "-1", "@x", "\ttab"))


def test_the_workbook_has_a_sheet_for_each_table_that_is_not_of_single_sessions(college: Published) -> None:
    book = college.sheets()
    assert book.sheetnames == [
        *("about", "scenarios", "scenarios_detail", "totals"),
        *(f"hours_by_{table}" for table in TABLES),
        *("forecast", "affected"),
    ]
    for name in book.sheetnames[1:]:
        rows = college.parquet(f"retention/{name}").to_pylist()
        found = [[cell.value for cell in row] for row in book[name].iter_rows()]
        assert found[0] == list(rows[0])
        for cells, row in zip(found[1:], rows, strict=True):
            assert cells == [_cell(value) for value in row.values()]


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-15)  # a workbook has 16 digits
    return datetime.combine(value, datetime.min.time()) if hasattr(value, "isoformat") else value


def test_a_sheet_has_a_header_that_stays_filters_two_decimals_and_bold_totals(college: Published) -> None:
    sheet = college.sheets()["hours_by_recency"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:F7")
    assert all(cell.font.b for cell in sheet[1])
    assert [sheet.cell(row, 3).number_format for row in range(2, 8)] == ["0.00"] * 6
    assert [sheet.cell(row, 3).data_type for row in range(2, 8)] == ["n"] * 6
    assert sheet.cell(2, 2).number_format == "yyyy-mm-dd"
    assert [sheet.cell(row, 1).font.b for row in range(2, 8)] == [*[False] * 5, True]
    assert all(cell.font.b for cell in sheet[7] if cell.value is not None)
    years = college.sheets()["hours_by_academic_year"]
    assert [years.cell(row, 1).font.b for row in range(2, 7)] == [False, False, True, False, True]


def test_a_sheet_without_room_for_all_rows_says_so_and_keeps_its_total(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 14)
    rows = [session(each, 1.0 + each, creator_id=f"{each}") for each in range(30)]
    book = published(tmp_path, rows=rows).sheets()
    said = {row[0].value: row[1].value for row in book["about"].iter_rows()}
    assert said["sheet hours_by_creator"] == "13 of 31 rows, the first; all are in hours_by_creator.csv"
    assert book["hours_by_creator"].cell(14, 1).value == "(total)"
    assert book["hours_by_creator"].cell(2, 2).value == 30
    # Everything is archived in two scenarios, and deleted in one; in the first it is archived as well.
    assert said["sheet affected"].startswith("12 of 120 rows, the largest of each scenario and bucket;")
    hours = [row[6].value for row in book["affected"].iter_rows(min_row=2)]
    assert hours == [30, 29, 28] * 4
    assert "sheet totals" not in said


def test_what_does_not_count_is_listed_with_its_reason(small: Published) -> None:
    assert small.text("retention/quarantine.csv").splitlines() == [
        "session_id,name,report,line,reason,field,hours",
        ",=x,session_usage,7,negative_length,Session Length,-0.50",
    ]
    last = small.csv("retention/totals")[-1]
    assert (last["table"], last["total_hours"], last["difference"]) == ("(quarantined)", "0.25", "")


def test_the_same_numbers_leave_every_file_untouched(college: Published) -> None:
    assert set(college.changed.values()) == {True}
    before = snapshot(college.exports)
    again = college.write()
    assert set(again) == set(college.changed)
    assert set(again.values()) == {False}
    assert snapshot(college.exports) == before


def test_a_new_name_changes_the_lists_of_sessions_alone(changing: Published) -> None:
    rows = sessions()
    rows[3]["name"] = "Renamed"
    put(changing.lake, rows)
    assert {name for name, new in changing.write().items() if new} == {
        f"panopto/{name}.{ending}"
        for name in ("session_usage", "retention/sessions")
        for ending in ("csv", "parquet")
    }


def test_a_date_without_a_forecast_has_none_of_another_date(changing: Published) -> None:
    assert (changing.exports / "panopto/retention/forecast.csv").exists()
    changing.lake.write(RETENTION_FORECAST, DAY.isoformat(), RETENTION_FORECAST.schema.empty_table(), {})
    assert not [name for name in changing.write() if "forecast" in name]
    assert not list(changing.exports.rglob("forecast.*"))
    assert "forecast" not in changing.sheets().sheetnames


def test_no_sessions_at_all_give_tables_of_zeros(tmp_path: Path) -> None:
    nothing = published(tmp_path, Retention(scenarios=SCENARIOS[:1]), rows=[])
    assert nothing.csv("session_usage") == []
    assert nothing.csv("retention/hours_by_stream_source")[-1]["all"] == "0.00"
    assert "0.00 h in 0 sessions" in nothing.text("retention/summary.md")


def test_a_scenario_called_like_a_column_has_a_column_of_its_own(small: Published) -> None:
    assert list(small.csv("retention/sessions")[0])[-1] == "scenario_hours"
    buckets = [row["scenario_hours"] for row in small.csv("retention/sessions")]
    assert buckets == ["archived", "deleted", "deleted"]  # the first is archived already


def test_without_numbers_or_a_snapshot_nothing_is_written(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with pytest.raises(ReportError, match="expected a snapshot of sessions"):
        write_files(lake, tmp_path / "exports", DAY, ZONE, Retention())
    put(lake, sessions())
    with pytest.raises(ReportError, match=r"2022-06-01: expected panopto/retention_hours, got none"):
        write_files(lake, tmp_path / "exports", DAY, ZONE, Retention())
    assert not (tmp_path / "exports").exists()


def test_numbers_of_other_scenarios_than_are_set_are_refused(college: Published) -> None:
    with pytest.raises(ReportError, match="settings have changed"):
        write_files(college.lake, college.exports, DAY, ZONE, Retention(scenarios=SCENARIOS[:2]))
