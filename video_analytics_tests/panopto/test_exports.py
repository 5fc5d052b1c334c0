"""The files Tableau reads: columns and order that workbooks know, exact text, written only if new."""

import contextlib
import csv
import importlib.util
import math
import os
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from video_analytics import files
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import publishing
from video_analytics.panopto.exports import write_database_files, write_output_files, write_tableau_files
from video_analytics.panopto.tables import CHUNKED_COVERAGE, SESSION_MEASURES, SESSIONS, VIEWING_ACTIVITY
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.panopto.small_lake import (
    ANN,
    ANONYMOUS,
    BIOLOGY,
    BOB,
    CYD,
    LECTURES,
    ZOOLOGY,
    Json,
    chunk,
    guid,
    measures,
    put_coverage,
    put_day,
    put_folder,
    put_sessions,
    put_year,
    record,
    session,
)

# The headers as the files' readers know them.
DATABASE_SESSIONS = (
    "RootFolderID,RootFolderName,ContainingFolderId,ContainingFolderName,SessionId,SessionName,Description,"
    "Duration"
)
RECORDS = (
    "SessionId,UserId,Date (UTC),DateTime,PlaybackSpeed,StartPosition,StartReason,StopPosition,StopReason,"
    "SecondsViewed"
)
CHUNKS = (
    "SessionId,UserId,Date (US/Pacific),ChunkIndex,ChunkStart,ChunkEnd,ChunkPercentCovered,TotalTimeSpent,"
    "Completed(75%)"
)
OVERVIEW = (
    "Order,SessionId,SessionName,Description,Duration,RootFolderID,RootFolderName,ContainingFolderID,"
    "ContainingFolderName,UniqueViewers,CompletedViewerCount(75%Coverage)"
)

ONE, TWO, GONE, THREE = LECTURES[:4]
NAME = 'Biology: "Cells", 2024W1 [x]'  # as Panopto has it
FOLDER = f"Biology_ _Cells_, 2024W1 [x][{BIOLOGY}]"  # as it is on disk
FIRST, LAST = date(2024, 9, 12), date(2024, 9, 13)
NASTY = (
    *("=1+1", "+1", "-1", "@x", "\ttab", "a,b", 'say "hi"', "two\nlines", "a\r\nb", "lone\rreturn", '"'),
    *("Zürich 漢字 🎬", "000123", "1e5", "NaN", "null", "NULL", "#x", "'q'", "\\", "\\N", "\x00", "\x1a"),
    " space ",
)  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Biology: two sessions present, one that left; Zoology, nested in it: one of the two."""
    lake = Lake(tmp_path / "lake")
    biology = [
        session(ONE, name='Lecture 3, "Cells"', description="=1+1", duration=2987.433, folder_name="Week 1"),
        session(TWO, name="Null", duration=None, folder_id=guid(7), folder_name="Week 2"),
        session(GONE, name="Moved away", left_on=date(2024, 10, 1)),
    ]
    put_sessions(lake, BIOLOGY, NAME, biology)
    put_sessions(lake, ZOOLOGY, "Zoology", [session(TWO, name="Null", duration=None, folder_id=ZOOLOGY)])
    evening = record(
        "2024-09-12 18:59:58.123",
        start_position=0.1,
        seconds_viewed=0.2,
        playback_speed=None,
        stop_reason="Seek",
    )
    again = record(
        "2024-09-12 19:00:00", user_id=BOB, session_id=TWO, seconds_viewed=61.25, playback_speed=1.5
    )
    gone = record("2024-09-12 00:00:00.000001", session_id=GONE, start_reason="NewKind", stop_reason=None)
    put_day(lake, BIOLOGY, FIRST, [again | {"occurrence": 1}, again, evening, gone])
    put_day(lake, BIOLOGY, LAST, [record("2024-09-13 00:00:00", user_id=ANONYMOUS, start_reason="")])
    put_coverage(
        lake,
        BIOLOGY,
        [
            chunk(ONE, BOB, LAST, 19, chunk_percent_covered=75.00000000000001, total_time_spent=61.25),
            chunk(ONE, ANN, LAST, 1, completed=0, chunk_percent_covered=0.30000000000000004),
            chunk(ONE, ANN, FIRST, 2),
            chunk(ONE, ANN, FIRST, 10),
            chunk(GONE, CYD, FIRST, 0),
        ],
        [measures(ONE, 2, 1), measures(TWO, 1, None)],
    )
    put_coverage(lake, ZOOLOGY, [], [measures(TWO, 1, None)])
    return lake


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "exports"


def write_all(lake: Lake, exports: Path, courses: tuple[str, ...] = (BIOLOGY, ZOOLOGY)) -> dict[str, bool]:
    changed: dict[str, bool] = {}
    for course in courses:
        changed |= write_database_files(lake, exports, course)
        changed |= write_output_files(lake, exports, course)
    return changed | write_tableau_files(lake, exports, courses)


def lines(path: Path) -> list[str]:
    return path.read_bytes().decode().splitlines()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- the files of a course --------------------------------------------------------------------------------


def test_sessions_of_the_database(lake: Lake, exports: Path) -> None:
    name = f"panopto/database/{FOLDER}/sessions_overview.csv"
    assert write_database_files(lake, exports, BIOLOGY)[name] is True
    root = f'{BIOLOGY},"Biology: ""Cells"", 2024W1 [x]"'
    assert lines(exports / name) == [
        DATABASE_SESSIONS,
        f'{root},{BIOLOGY},Week 1,{ONE},"Lecture 3, ""Cells""",=1+1,2987.433',
        f"{root},{guid(7)},Week 2,{TWO},Null,,",
        f"{root},{BIOLOGY},Biology,{GONE},Moved away,,600.0",
    ]


def test_viewing_activity(lake: Lake, exports: Path) -> None:
    name = f"panopto/database/{FOLDER}/viewing_activity.csv"
    assert write_database_files(lake, exports, BIOLOGY)[name] is True
    twice = f"{TWO},{BOB},2024-09-12,2024-09-12 19:00:00+00:00,1.5,0.0,Start,61.25,End,61.25"
    assert lines(exports / name) == [
        RECORDS,
        f"{GONE},{ANN},2024-09-12,2024-09-12 00:00:00.000001+00:00,1.0,0.0,NewKind,30.0,,30.0",
        f"{ONE},{ANN},2024-09-12,2024-09-12 18:59:58.123000+00:00,,0.1,Start,0.30000000000000004,Seek,0.2",
        twice,
        twice,
        f"{ONE},{ANONYMOUS},2024-09-13,2024-09-13 00:00:00+00:00,1.0,0.0,,30.0,End,30.0",
    ]


def test_chunks(lake: Lake, exports: Path) -> None:
    name = f"panopto/output[CHUNKED]/{FOLDER}/chunked_data.csv"
    assert write_output_files(lake, exports, BIOLOGY)[name] is True
    assert lines(exports / name) == [
        CHUNKS,
        f"{ONE},{ANN},2024-09-12,2,60.0,90.0,100.0,30.0,True",
        f"{ONE},{ANN},2024-09-12,10,300.0,330.0,100.0,30.0,True",
        f"{ONE},{ANN},2024-09-13,1,30.0,60.0,0.30000000000000004,30.0,False",
        f"{ONE},{BOB},2024-09-13,19,570.0,600.0,75.00000000000001,61.25,True",
    ]


def test_overview(lake: Lake, exports: Path) -> None:
    name = f"panopto/output[CHUNKED]/{FOLDER}/sessions_overview.csv"
    assert write_output_files(lake, exports, BIOLOGY)[name] is True
    root = f'{BIOLOGY},"Biology: ""Cells"", 2024W1 [x]"'
    assert lines(exports / name) == [
        OVERVIEW,
        f'1,{ONE},"Lecture 3, ""Cells""",=1+1,2987.433,{root},{BIOLOGY},Week 1,2,1',
        f"2,{TWO},Null,,,{root},{guid(7)},Week 2,1,",
    ]


def test_sessions_keep_their_listing_order(lake: Lake, exports: Path) -> None:
    listed = [LECTURES[number] for number in (5, 2, 8, 0, 7, 1)]
    left = {LECTURES[2], LECTURES[7]}
    put_sessions(
        lake, BIOLOGY, NAME, [session(each, left_on=LAST if each in left else None) for each in listed]
    )
    put_coverage(lake, BIOLOGY, [chunk(each, ANN, FIRST, 0) for each in sorted(listed)], [])
    write_database_files(lake, exports, BIOLOGY)
    write_output_files(lake, exports, BIOLOGY)
    present = [LECTURES[number] for number in (5, 8, 0, 1)]
    database = read(exports / "panopto" / "database" / FOLDER / "sessions_overview.csv")
    assert [row["SessionId"] for row in database] == [*present, LECTURES[2], LECTURES[7]]
    folder = exports / "panopto" / "output[CHUNKED]" / FOLDER
    overview = read(folder / "sessions_overview.csv")
    assert [(row["Order"], row["SessionId"]) for row in overview] == [
        (str(number), each) for number, each in enumerate(present, 1)
    ]
    assert {(row["UniqueViewers"], row["CompletedViewerCount(75%Coverage)"]) for row in overview} == {
        ("", "")
    }
    assert [row["SessionId"] for row in read(folder / "chunked_data.csv")] == present


def test_the_name_of_the_day_s_column_can_be_chosen(lake: Lake, exports: Path) -> None:
    other = 'Date ("Europe/Zurich", local)'
    write_output_files(lake, exports, ZOOLOGY)
    write_output_files(lake, exports, BIOLOGY, date_column=other)
    write_tableau_files(lake, exports, [BIOLOGY, ZOOLOGY], date_column=other)
    for folder in (FOLDER, "tableau"):
        path = exports / "panopto" / "output[CHUNKED]" / folder / "chunked_data.csv"
        assert pd.read_csv(path).columns[2] == other
        assert len(read(path)) == 4
    assert pq.read_schema(path.with_suffix(".parquet")).names[2] == other


# --- text as it is ----------------------------------------------------------------------------------------


def test_any_text_comes_back_as_it_is(lake: Lake, exports: Path) -> None:
    put_sessions(
        lake,
        BIOLOGY,
        "Biology",
        [session(guid(n), name=text, description=text) for n, text in enumerate(NASTY)],
    )
    put_coverage(lake, BIOLOGY, [], [])
    write_database_files(lake, exports, BIOLOGY)
    write_output_files(lake, exports, BIOLOGY)
    write_tableau_files(lake, exports, [BIOLOGY])
    output = exports / "panopto" / "output[CHUNKED]"
    for path in (exports / "panopto" / "database" / f"Biology[{BIOLOGY}]", *output.iterdir()):
        assert [row["SessionName"] for row in read(path / "sessions_overview.csv")] == list(NASTY)
        frame = pd.read_csv(path / "sessions_overview.csv", dtype=str, keep_default_na=False, engine="python")
        assert list(frame["Description"]) == list(NASTY)
    typed = pq.read_table(output / "tableau" / "sessions_overview.parquet")
    assert typed["SessionName"].to_pylist() == list(NASTY)


def test_only_what_needs_quotes_has_them(lake: Lake, exports: Path) -> None:
    put_sessions(lake, ZOOLOGY, "Zoology", [session(ONE, name="a b; c'd|e", description=""), session(TWO)])
    write_database_files(lake, exports, ZOOLOGY)
    written = (
        exports / "panopto" / "database" / f"Zoology[{ZOOLOGY}]" / "sessions_overview.csv"
    ).read_bytes()
    assert b'"' not in written
    assert b"\r" not in written
    assert b",a b; c'd|e,,600.0\n" in written
    assert written.endswith(b"\n")


def test_times_and_numbers_are_written_as_python_writes_them(lake: Lake, exports: Path) -> None:
    chance = random.Random(7)
    begin = datetime(2024, 9, 12, tzinfo=UTC)
    digits = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
    records = [
        record("2024-09-12 00:00:00")
        | {
            "time": begin
            + timedelta(microseconds=chance.randrange(0, 86_400_000_000, chance.choice(digits))),
            "start_position": chance.choice(
                (chance.uniform(0, 1e4), round(chance.uniform(0, 1e4), 3), 1e16, 1e-5)
            ),
            "seconds_viewed": chance.choice((0.0, -1.5, 1e22, chance.expovariate(0.01))),
            "playback_speed": chance.choice((None, 0.25, 1.0, 1 / 3)),
        }
        for _ in range(3000)
    ]
    put_day(lake, BIOLOGY, FIRST, records)
    lake.path(VIEWING_ACTIVITY, day_key(BIOLOGY, LAST)).unlink()
    write_database_files(lake, exports, BIOLOGY)
    path = exports / "panopto" / "database" / FOLDER / "viewing_activity.csv"
    found = sorted(
        (
            row["DateTime"],
            row["StartPosition"],
            row["StopPosition"],
            row["SecondsViewed"],
            row["PlaybackSpeed"],
        )
        for row in read(path)
    )
    assert found == sorted(
        (
            str(each["time"]),
            repr(each["start_position"]),
            repr(each["start_position"] + each["seconds_viewed"]),
            repr(each["seconds_viewed"]),
            "" if each["playback_speed"] is None else repr(each["playback_speed"]),
        )
        for each in records
    )
    times = [datetime.fromisoformat(row["DateTime"]) for row in read(path)]
    assert all(earlier <= later for earlier, later in pairwise(times))
    frame = pd.read_csv(path)
    for name, kept in (("StartPosition", "start_position"), ("SecondsViewed", "seconds_viewed")):
        total = math.fsum(each[kept] for each in records)
        assert math.isclose(math.fsum(frame[name]), total, rel_tol=1e-12)
    assert frame["PlaybackSpeed"].isna().sum() == sum(each["playback_speed"] is None for each in records)


# --- what is read -----------------------------------------------------------------------------------------


def activity(exports: Path, folder: str = FOLDER) -> bytes:
    return (exports / "panopto" / "database" / folder / "viewing_activity.csv").read_bytes()


def test_a_year_s_own_file_outranks_its_days(lake: Lake, exports: Path) -> None:
    put_year(lake, BIOLOGY, 2024, [record("2024-02-02 10:00:00")])
    put_year(lake, BIOLOGY, 2019, [record("2019-02-02 10:00:00")])
    put_day(lake, BIOLOGY, date(2025, 1, 1), [record("2025-01-01 10:00:00")])
    write_database_files(lake, exports, BIOLOGY)
    days = [line.split(",")[2] for line in activity(exports).decode().splitlines()[1:]]
    assert days == ["2019-02-02", "2024-02-02", "2025-01-01"]


def test_the_same_records_give_the_same_bytes_however_they_are_stored(lake: Lake, exports: Path) -> None:
    chance = random.Random(3)
    same = ("2024-09-12 10:00:00", "2024-09-12 10:00:00.5", "2024-09-13 10:00:00")
    records: list[Json] = [
        record(time, user_id=user, start_position=start, seconds_viewed=seconds, start_reason=reason)
        | {"playback_speed": speed}
        for time in same
        for user in (ANN, BOB)
        for start in (0.0, 10.0)
        for seconds in (0.0, 5.0)
        for reason in (None, "Seek")
        for speed in (None, 1.0)
    ]
    written = set()
    for turn in range(6):
        chance.shuffle(records)
        if turn % 2:
            put_year(lake, BIOLOGY, 2024, records)
        else:
            lake.path(VIEWING_ACTIVITY, day_key(BIOLOGY, FIRST)).parent.with_suffix(".parquet").unlink(
                missing_ok=True
            )
            for day in (FIRST, LAST):
                put_day(lake, BIOLOGY, day, [each for each in records if each["date"] == day])
        write_database_files(lake, exports, BIOLOGY)
        written.add(activity(exports))
    assert len(written) == 1
    assert written.pop().count(b"\n") == len(records) + 1


def test_a_course_that_was_not_read_has_no_files(lake: Lake, exports: Path) -> None:
    assert write_database_files(lake, exports, guid(99)) == {}
    assert write_output_files(lake, exports, guid(99)) == {}
    assert not exports.exists()


def test_coverage_that_was_not_computed_is_not_none(lake: Lake, exports: Path) -> None:
    write_all(lake, exports)
    before = snapshot(exports)
    lake.path(SESSION_MEASURES, BIOLOGY).unlink()
    assert write_output_files(lake, exports, BIOLOGY) == {}
    assert snapshot(exports) == before
    write_tableau_files(lake, exports, [BIOLOGY, ZOOLOGY])
    assert len(read(exports / "panopto" / "output[CHUNKED]" / "tableau" / "sessions_overview.csv")) == 1


def test_a_course_without_views_has_headers(lake: Lake, exports: Path) -> None:
    write_all(lake, exports)
    folder = f"Zoology[{ZOOLOGY}]"
    assert activity(exports, folder).decode() == RECORDS + "\n"
    chunks = exports / "panopto" / "output[CHUNKED]" / folder / "chunked_data.csv"
    assert chunks.read_text() == CHUNKS + "\n"
    assert len(read(chunks.with_name("sessions_overview.csv"))) == 1


@pytest.mark.parametrize("name", ["Botany", None])
def test_a_course_without_sessions_has_headers(lake: Lake, exports: Path, name: str | None) -> None:
    botany = guid(0xB07)
    put_sessions(lake, botany, "", [])
    if name:
        put_folder(lake, botany, name)
    put_coverage(lake, botany, [], [])
    folder = f"{name or ''}[{botany}]"
    assert write_all(lake, exports, (botany,)) == dict.fromkeys(sorted(snapshot(exports)), True)
    for place, headers in (
        ("database", (DATABASE_SESSIONS, RECORDS)),
        ("output[CHUNKED]", (OVERVIEW, CHUNKS)),
    ):
        held = {path.read_text() for path in (exports / "panopto" / place / folder).iterdir()}
        assert held == {f"{header}\n" for header in headers}


@pytest.mark.parametrize("content", [b"", b"<html>Service unavailable</html>"])
@pytest.mark.parametrize(
    "table", [SESSIONS, VIEWING_ACTIVITY, CHUNKED_COVERAGE], ids=lambda table: table.name
)
def test_a_damaged_file_is_named(lake: Lake, exports: Path, table: Any, content: bytes) -> None:
    write_all(lake, exports)
    before = snapshot(exports)
    key = day_key(BIOLOGY, FIRST) if table is VIEWING_ACTIVITY else BIOLOGY
    lake.path(table, key).write_bytes(content)
    with pytest.raises(LakeError) as caught:
        write_all(lake, exports)
    assert str(lake.path(table, key)) in str(caught.value)
    assert snapshot(exports) == before


# --- all courses together ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "listed", [(BIOLOGY, ZOOLOGY), (ZOOLOGY, BIOLOGY), (BIOLOGY, ZOOLOGY, BIOLOGY), (ZOOLOGY,), ()]
)
def test_the_courses_follow_one_another_as_listed(lake: Lake, exports: Path, listed: tuple[str, ...]) -> None:
    write_all(lake, exports, listed)
    output = exports / "panopto" / "output[CHUNKED]"
    folders = {BIOLOGY: FOLDER, ZOOLOGY: f"Zoology[{ZOOLOGY}]"}
    for name, header in (("chunked_data", CHUNKS), ("sessions_overview", OVERVIEW)):
        parts = [lines(output / folders[course] / f"{name}.csv")[1:] for course in listed]
        assert lines(output / "tableau" / f"{name}.csv") == [
            header,
            *(line for part in parts for line in part),
        ]
    orders = [row["Order"] for row in read(output / "tableau" / "sessions_overview.csv")]
    assert orders == [order for course in listed for order in (["1", "2"] if course == BIOLOGY else ["1"])]


def test_a_course_not_yet_read_is_left_out(lake: Lake, exports: Path) -> None:
    write_all(lake, exports, (guid(99), ZOOLOGY, guid(98)))
    write_tableau_files(lake, exports, [guid(99), BIOLOGY, ZOOLOGY])  # Biology has no output files yet
    tableau = exports / "panopto" / "output[CHUNKED]" / "tableau"
    assert [row["RootFolderID"] for row in read(tableau / "sessions_overview.csv")] == [ZOOLOGY]
    assert pq.read_table(tableau / "sessions_overview.parquet")["RootFolderID"].to_pylist() == [ZOOLOGY]


def test_parquet_has_the_same_columns_typed(lake: Lake, exports: Path) -> None:
    write_all(lake, exports)
    tableau = exports / "panopto" / "output[CHUNKED]" / "tableau"
    text, whole, real = pa.string(), pa.int64(), pa.float64()
    types = {
        "chunked_data": [text, text, pa.date32(), whole, real, real, real, real, pa.bool_()],
        "sessions_overview": [whole, text, text, text, real, text, text, text, text, whole, whole],
    }
    for name, header in (("chunked_data", CHUNKS), ("sessions_overview", OVERVIEW)):
        typed = pq.read_table(tableau / f"{name}.parquet")
        assert typed.column_names == header.split(",")
        assert typed.schema.types == types[name]
        shown = [
            {key: "" if value is None else str(value) for key, value in row.items()}
            for row in typed.to_pylist()
        ]
        assert shown == read(tableau / f"{name}.csv")
        write_tableau_files(lake, exports, [])
        assert pq.read_table(tableau / f"{name}.parquet").schema.types == types[name]
        write_tableau_files(lake, exports, [BIOLOGY, ZOOLOGY])


def test_many_rows_are_all_there(lake: Lake, exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "BATCH", 2048)
    days = [FIRST + timedelta(offset) for offset in range(150)]
    rows = [chunk(ONE, user, day, index) for user in (BOB, ANN) for day in days for index in range(20)]
    put_coverage(lake, BIOLOGY, rows, [])
    write_all(lake, exports, (BIOLOGY, ZOOLOGY, BIOLOGY))
    tableau = exports / "panopto" / "output[CHUNKED]" / "tableau"
    typed = pq.read_table(tableau / "chunked_data.parquet")
    assert typed.num_rows == 2 * len(rows)
    keys = [(user, day, index) for user in (ANN, BOB) for day in days for index in range(20)]
    columns = [typed[name].to_pylist() for name in ("UserId", "Date (US/Pacific)", "ChunkIndex")]
    assert list(zip(*columns, strict=True)) == keys * 2
    assert len(read(tableau / "chunked_data.csv")) == 2 * len(rows)


def test_hyper_holds_both_tables(lake: Lake, exports: Path) -> None:
    pantab = pytest.importorskip("pantab")
    changed = write_all(lake, exports)
    tableau = exports / "panopto" / "output[CHUNKED]" / "tableau"
    assert changed["panopto/output[CHUNKED]/tableau/video_coverage.hyper"] is True
    found = pantab.frames_from_hyper(tableau / "video_coverage.hyper", return_type="pyarrow")
    assert {name for _, name in found} == {"chunked_data", "sessions_overview"}
    for (_, name), held in found.items():
        typed = pq.read_table(tableau / f"{name}.parquet")
        assert held.cast(typed.schema).to_pylist() == typed.to_pylist()
    modes = {path.stat().st_mode for path in tableau.iterdir()}
    assert len(modes) == 1
    os.utime(tableau / "chunked_data.parquet")  # as if another version of it had come
    assert write_tableau_files(lake, exports, [BIOLOGY, ZOOLOGY]) == {
        path.relative_to(exports).as_posix(): path.suffix == ".hyper" for path in tableau.iterdir()
    }


def test_without_the_extra_there_is_no_hyper(
    lake: Lake, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert [name for name in write_all(lake, exports) if name.endswith("hyper")] == []


# --- replaced in one step, only if new --------------------------------------------------------------------


def test_without_a_change_nothing_is_touched(lake: Lake, exports: Path) -> None:
    first = write_all(lake, exports)
    assert set(first) == set(snapshot(exports))
    assert set(first.values()) == {True}
    before = snapshot(exports)
    again = write_all(lake, exports)
    assert set(again) == set(first)
    assert set(again.values()) == {False}
    assert snapshot(exports) == before


def test_a_change_touches_only_what_shows_it(lake: Lake, exports: Path) -> None:
    write_all(lake, exports)
    before = snapshot(exports)
    put_day(lake, BIOLOGY, LAST, [record("2024-09-13 00:00:01")])
    changed = write_all(lake, exports)
    name = f"panopto/database/{FOLDER}/viewing_activity.csv"
    assert [path for path, new in changed.items() if new] == [name]
    after = snapshot(exports)
    assert [path for path in after if after[path] != before[path]] == [name]


def test_a_file_that_somebody_spoilt_is_made_again(lake: Lake, exports: Path) -> None:
    write_all(lake, exports)
    before = {path: content for path, (content, _) in snapshot(exports).items() if path.endswith("csv")}
    for path in before:
        (exports / path).write_bytes(before[path].replace(b"2024", b"2O24")[:-1] + b"\n")
    write_all(lake, exports)
    assert {path: snapshot(exports)[path][0] for path in before} == before


@pytest.mark.parametrize("name", ["Biology 2", NAME.upper(), "", "../../out"])
def test_a_renamed_course_takes_its_files_along(lake: Lake, exports: Path, name: str) -> None:
    write_all(lake, exports)
    spared = exports / "panopto" / "database" / FOLDER / "notes of mine.txt"
    spared.write_text("kept")
    held = lake.read(SESSIONS, BIOLOGY)
    assert held is not None
    put_sessions(lake, BIOLOGY, name, held.drop_columns(["course_id", "course_name"]).to_pylist())
    changed = write_all(lake, exports)
    for place in ("database", "output[CHUNKED]"):
        folders = {path.name for path in (exports / "panopto" / place).iterdir()}
        assert len([folder for folder in folders if folder.endswith(f"[{BIOLOGY}]")]) == 1
        assert FOLDER not in folders
    assert [path.read_text() for path in exports.rglob("notes of mine.txt")] == ["kept"]
    assert {path for path, new in changed.items() if path.endswith("viewing_activity.csv") and new} == set()
    tableau = read(exports / "panopto" / "output[CHUNKED]" / "tableau" / "sessions_overview.csv")
    assert [row["RootFolderName"] for row in tableau] == [name, name, "Zoology"]
    assert {path.name for path in exports.parent.iterdir()} == {"lake", "exports"}
    assert {path.name for path in exports.iterdir()} == {"panopto"}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    lake: Lake, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(lake, exports)
    before = snapshot(exports)
    put_day(lake, BIOLOGY, LAST, [])
    put_coverage(lake, BIOLOGY, [], [])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_flush", full)
    for write in (write_database_files, write_output_files):
        with pytest.raises(OSError, match="No space left"):
            write(lake, exports, BIOLOGY)
    with pytest.raises(OSError, match="No space left"):
        write_tableau_files(lake, exports, [ZOOLOGY])
    assert snapshot(exports) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_not_blamed_on_the_lake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @contextlib.contextmanager
    def onto_a_full_disk(_: Path) -> Iterator[Path]:
        yield Path("/dev/full")

    monkeypatch.setattr(files, "replacing", onto_a_full_disk)
    query = "SELECT repeat('x', 50) FROM range(100_000)"
    with duckdb.connect() as connection, pytest.raises(OSError, match="No space left") as caught:
        publishing.write_csv(connection, query, tmp_path / "viewing_activity.csv")
    assert "viewing_activity.csv" in str(caught.value)


def test_a_part_that_is_replaced_meanwhile_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for part in parts:
        part.write_text("x\nold,1\nold,2\n")
    append = files.append
    news = iter(["x\nnew,1\n"])

    def late(source: Path, *rest: Any) -> None:
        append(source, *rest)
        for new in news if source == parts[1] else ():
            files.write_bytes(source, new.encode())

    monkeypatch.setattr(files, "append", late)
    assert publishing.join_csv(["x"], parts, tmp_path / "whole.csv") is True
    assert (tmp_path / "whole.csv").read_text() == "x\nold,1\nold,2\nnew,1\n"
