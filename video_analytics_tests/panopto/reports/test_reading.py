import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from video_analytics.errors import ReportError
from video_analytics.panopto.reports.kinds import FIELDS, KINDS, Kind, fields_of
from video_analytics.panopto.reports.reading import read_report
from video_analytics.sandbox import SITE_ZONE, PanoptoWorld
from video_analytics.sandbox.panopto.report_csv import HTML
from video_analytics.sandbox.panopto.report_rows import HEADERS
from video_analytics.sandbox.panopto.reports import report_file, rows
from video_analytics_tests.panopto.reports.report_files import (
    CREATED,
    STORAGE,
    TODAY,
    USAGE,
    ZONE,
    csv_bytes,
    named,
    read,
    report_bytes,
    row,
    session_id,
    zipped,
)

NAMES = (
    'Cells, "again"',
    "two\r\nlines",
    "two\nlines",
    "ünïcødé 漢字 🎬",
    "'; DROP TABLE rows; --",
    " a ",
    ",",
)
YEAR = ("2021-06-01", "2022-06-01")
NAME = named(USAGE, *YEAR)
GOOD = report_bytes(USAGE, [row(number) for number in range(3)])
SCALE = {"minutes": 60_000_000, "hours": 3_600_000_000}


def refusal(folder: Path, data: bytes, name: str = "dropped.csv") -> str:
    with pytest.raises(ReportError) as caught:
        read(folder, data, name)
    told = str(caught.value)
    assert told.startswith(f"{name}: "), told
    assert ";" in told, f"what to do is not said: {told}"
    return told


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_report_is_read_whatever_the_order_of_its_columns_and_the_wording_of_its_file(
    tmp_path: Path, kind: Kind
) -> None:
    given = [row(number, Session_Name=name) for number, name in enumerate(NAMES)]
    header = list(HEADERS[kind.type])
    usual = read(tmp_path, csv_bytes(header, given), named(kind.type, *YEAR))
    assert (usual.kind, usual.rows_read, usual.findings.num_rows) == (kind, len(NAMES), 0)
    told = usual.rows.to_pylist()
    assert [each["name"] for each in told] == [name.strip() for name in NAMES]
    assert {each["session_id"] for each in told} == {session_id(number) for number in range(len(NAMES))}
    for number, (bom, end) in enumerate([(True, "\n"), (False, "\r\n"), (False, "\n")]):
        shuffled = Random(number).sample(header, len(header))
        text = csv_bytes(shuffled, given, bom=bom, end=end)
        assert read(tmp_path, text, f"any name {number}.txt").rows == usual.rows
    packed = zipped((named(kind.type, *YEAR), csv_bytes(header, given)))
    assert read(tmp_path, packed, "download") == usual


def test_a_report_with_the_headers_of_older_versions_is_read_the_same(tmp_path: Path) -> None:
    header = [
        {"Creator": "Presenter", "Views and Downloads": "Views"}.get(name, name) for name in HEADERS[USAGE]
    ]
    given = row(1)
    old = csv_bytes(header, [given | {"Presenter": given["Creator"], "Views": "3"}])
    assert read(tmp_path, old).rows == read(tmp_path, report_bytes(USAGE, [given])).rows


def test_every_column_arrives_under_its_name_with_its_type_and_a_blank_is_null(tmp_path: Path) -> None:
    whole = row(1, Archived="True", Archived_Date="1/2/2022 12:00:00 AM", Archived_Hours="1.651")
    blank = {"Session ID": session_id(2), "Session Name": " \t"}
    told, nothing = read(tmp_path, report_bytes(STORAGE, [whole, blank])).rows.to_pylist()
    assert told == {
        "session_id": session_id(1),
        "name": "Session 1",
        "creator": "unified\\maker1",
        "creator_id": "maker-1",
        "folder_id": "folder-1",
        "folder_name": "BIOL 210",
        "root_folder": "Moodle",
        "subfolder_1": "2021W1",
        "subfolder_2": None,
        "subfolder_3": None,
        "subfolder_4": None,
        "start_time": datetime(2021, 9, 1, 13, 30, tzinfo=UTC),
        "edited": None,
        "length_us": 600_000_000,
        "stream_source": "Zoom",
        "views": 3,
        "unique_viewers": 2,
        "minutes_us": 750_000_000,
        "last_view": datetime(2021, 9, 15, 0, 11, 9, tzinfo=UTC),
        "archived": 1,
        "archived_on": datetime(2022, 1, 2, 5, tzinfo=UTC),
        "on_demand_us": 600_120_000,
        "archived_us": 5_943_600_000,
    }
    assert nothing == dict.fromkeys(told) | {"session_id": session_id(2)}


@pytest.mark.parametrize("name", ["FolderUsage", "SessionsViewsByUsers", "SystemViews"])
def test_another_report_is_refused_by_the_name_of_its_columns(tmp_path: Path, name: str) -> None:
    told = refusal(tmp_path, csv_bytes(HEADERS[name], [row(1)]))
    assert repr(HEADERS[name][0]) in told
    assert all(kind.title in told for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_report_without_a_needed_column_is_refused_and_the_column_named(tmp_path: Path, kind: Kind) -> None:
    left = [name for name in HEADERS[kind.type] if "length_us" not in fields_of([name])]
    told = refusal(tmp_path, csv_bytes(left, [row(1)]))
    assert f"'{kind.title}', but lacks Session Length;" in told


NO_REPORTS = {
    "an empty file": (b"", "got nothing"),
    "a mark of UTF-8 and nothing": (b"\xef\xbb\xbf", "got nothing"),
    "half a mark": (b"\xef\xbb", "got nothing"),
    "a page": (HTML, "<!DOCTYPE html>"),
    "a page over lines": (b'<html>\r\n<a href="x">\r\n</html>', "'<html>'"),
    "UTF-16": (GOOD.decode("utf-8-sig").encode("utf-16"), "UTF-8"),
    "UTF-16 without a mark": (GOOD.decode("utf-8-sig").encode("utf-16-le"), "columns of one"),
    "Latin letters": (GOOD.replace(b"Session 1", b"S\xe9ance"), "UTF-8"),
    "rubbish": (Random(4).randbytes(5000), "UTF-8"),
    "zeros": (bytes(5000), "columns of one"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "UTF-8"),
    "semicolons": (GOOD.replace(b",", b";"), "Session Name;Session ID"),
    "blank lines above": (b"\r\n\r\n" + GOOD[3:], "got nothing"),
    "a comma too many": (GOOD.replace(b"Session 1", b"Session, 1"), "22 values where there are 21 columns"),
    "a comma too few": (GOOD.replace(b"Session 1,", b"Session 1 "), "20 values where there are 21 columns"),
    "a quote that stays open": (GOOD.replace(b"Session 1,", b'"Session 1,'), "unexpected end of data"),
    "an endless field": (b'"' + b"a" * 200_000, "cut off or damaged"),
    "a workbook": (zipped(("[Content_Types].xml", b"<x/>"), ("xl/a.xml", b"<x/>")), "Excel workbook"),
    "an archive without a report": (zipped(("readme.txt", b"hello")), "got 0"),
    "an archive of two": (zipped(("a.csv", GOOD), ("b.csv", GOOD)), "got 2"),
    "an archive of a page": (zipped(("a.csv", HTML)), "<!DOCTYPE html>"),
    "an archive of Latin letters": (zipped(("a.csv", b"\xe9" * 9)), "UTF-8"),
    "no archive behind its mark": (b"PK\x03\x04 and so on", "cut off or damaged"),
    "an archive of nothing": (zipped(), "columns of one"),
}


@pytest.mark.parametrize("case", NO_REPORTS)
def test_what_is_no_report_is_refused_with_what_to_do(tmp_path: Path, case: str) -> None:
    data, said = NO_REPORTS[case]
    assert said in refusal(tmp_path, data, "dropped by hand")


def test_an_encrypted_archive_is_refused_as_such(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.csv", GOOD)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    assert "encrypted" in refusal(tmp_path, bytes(data), "secret.zip")


def test_an_archive_may_hold_what_a_computer_adds_to_it(tmp_path: Path) -> None:
    packed = zipped(("a/", b""), ("__MACOSX/a/._x.csv", b"rubbish"), ("a/X.CSV", GOOD), ("readme.txt", b""))
    assert read(tmp_path, packed, "a.zip").rows_read == 3


def test_a_member_larger_than_a_report_can_be_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("video_analytics.panopto.reports.reading.MOST_BYTES", len(GOOD) - 1)
    for data in (GOOD, zipped(("a.csv", GOOD))):
        assert "shorter period" in refusal(tmp_path, data)


def test_memory_is_bounded_by_what_a_report_can_be(tmp_path: Path) -> None:
    wide = list(HEADERS[USAGE]) + [""] * 20_000
    bombs = (zipped(("a.csv", bytes(60_000_000))), csv_bytes(wide, [row(1)] * 100))
    for bomb in bombs:
        path = tmp_path / "bomb"
        path.write_bytes(bomb)
        tracemalloc.start()
        with pytest.raises(ReportError):
            read_report(path, ZONE, TODAY)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40_000_000


@pytest.mark.parametrize(
    ("name", "member", "days", "told"),
    [
        (f"sessionusage_{YEAR[0]}--{YEAR[1]}.csv", None, YEAR, True),
        ("my copy_2021-01-02--2021-01-02 (1).csv.txt", None, ("2021-01-02", "2021-01-02"), True),
        ("download.zip", f"sessionusage_{YEAR[0]}--{YEAR[1]}.csv", YEAR, True),
        ("x_2020-01-01--2020-02-02.zip", f"u_{YEAR[0]}--{YEAR[1]}.csv", ("2020-01-01", "2020-02-02"), True),
        ("x_2020-01-01--2020-02-02.zip", "usage.csv", ("2020-01-01", "2020-02-02"), True),
        ("x_2021-06-01--2029-06-01.csv", None, ("2021-06-01", str(TODAY)), True),
        ("usage 2021-06-01.csv", None, ("2021-09-14", "2021-09-14"), False),
    ],
)
def test_days_are_told_by_the_name_of_the_file_of_what_is_in_it_or_by_its_rows(
    tmp_path: Path, name: str, member: str | None, days: tuple[str, str], *, told: bool
) -> None:
    report = read(tmp_path, zipped((member, GOOD)) if member else GOOD, name)
    assert (str(report.start), str(report.end), report.told) == (*days, told)


@pytest.mark.parametrize(
    "days", ["2021-13-01--2022-06-01", "2021-06-01--2022-02-30", "2022-06-01--2021-06-01"]
)
def test_days_in_a_name_that_cannot_be_are_refused(tmp_path: Path, days: str) -> None:
    assert f"got {days};" in refusal(tmp_path, GOOD, f"sessionusage_{days}.csv")


def test_days_found_in_rows_are_not_longer_than_the_report_can_be(tmp_path: Path) -> None:
    old = {"Start Time": "1/1/2015 8:00:00 AM", "Last Time Edited": "", "Views and Downloads": "1"}
    march, april = "3/5/2022 8:00:00 AM", "4/6/2022 11:59:00 PM"
    coming = "9/1/2022 9:00:00 AM"
    viewed = [
        row(1) | old | {"Most Recent View Date": march},
        row(2) | old | {"Most Recent View Date": april},
    ]
    made = [
        row(1) | old | {"Last Time Edited": march},
        row(2) | old | {"Start Time": april},
        row(3) | old | {"Start Time": coming},
    ]
    for kind, given in ((USAGE, viewed), (STORAGE, viewed), (CREATED, made)):
        report = read(tmp_path, report_bytes(kind, given))
        assert (report.start, report.end) == (date(2022, 3, 5), date(2022, 4, 6)), kind


def test_a_report_without_rows_counts_only_if_its_name_tells_its_days(tmp_path: Path) -> None:
    empty = read(tmp_path, report_bytes(USAGE, []), NAME)
    assert (empty.rows_read, empty.rows.num_rows, str(empty.end)) == (0, 0, YEAR[1])
    assert "dates in its name" in refusal(tmp_path, report_bytes(USAGE, []))
    assert "no rows" in refusal(tmp_path, report_bytes(STORAGE, []), named(STORAGE, *YEAR))


def test_a_report_of_which_no_row_can_be_read_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    iso = row(1, Most_Recent_View_Date="2021-09-14 20:11:09")
    told = refusal(tmp_path, report_bytes(USAGE, [iso, iso]))
    assert "line 2: unreadable_date in Most Recent View Date" in told


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_files_of_the_simulated_vendor_read_back_to_what_it_says(tmp_path: Path, kind: Kind) -> None:
    world, now = PanoptoWorld(1, "tiny"), datetime(2026, 6, 15, 6, tzinfo=UTC)
    begin, end = (datetime(*day, tzinfo=ZoneInfo(SITE_ZONE)) for day in ((2025, 3, 1), (2026, 6, 2)))
    said = rows(world, kind.type, begin, end, now)
    assert len(said) > 5
    expected = {each["Session ID"]: typed_of(kind, each) for each in said}
    for columns in ("plain", "shuffled", "old"):
        path = tmp_path / f"{columns}.zip"
        path.write_bytes(zipped(report_file(world, kind.type, begin, end, now, columns)))
        report = read_report(path, SITE_ZONE, now.date())
        assert (report.start, report.end) == (date(2025, 3, 1), date(2026, 6, 1))
        assert (report.kind, report.rows_read, report.findings.num_rows) == (kind, len(said), 0)
        assert {each["session_id"]: each for each in report.rows.to_pylist()} == expected


def typed_of(kind: Kind, said: dict[str, Any]) -> dict[str, Any]:
    """A row of the vendor as it must arrive: lengths of four decimals, instants of whole seconds."""
    blank = dict.fromkeys(FIELDS)
    return blank | {
        field: _value(FIELDS[field][0], said[HEADERS[kind.type][place]])
        for field, place in fields_of(HEADERS[kind.type]).items()
    }


def _value(form: str, value: Any) -> Any:
    match form, value:
        case (("minutes" | "hours"), float()):
            return round(float(f"{value:.4f}") * SCALE[form])
        case "date", datetime():
            return value.replace(microsecond=0)
        case "flag", bool():
            return int(value)
        case "text", str():
            return value.strip() or None
        case _:
            return value
