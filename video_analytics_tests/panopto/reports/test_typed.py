from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from video_analytics.panopto.reports.reading import Report
from video_analytics_tests.panopto.reports.report_files import (
    STORAGE,
    USAGE,
    ZONE,
    named,
    read,
    report_bytes,
    row,
    session_id,
    us_date,
)

NAME = named(USAGE, "2021-06-01", "2022-06-01")
STORED = named(STORAGE, "2021-06-01", "2022-06-01")
VIEWED, LENGTH = "Most Recent View Date", "Session Length"
LORD_HOWE, KATHMANDU = "Australia/Lord_Howe", "Asia/Kathmandu"
_START = datetime(2010, 1, 1, tzinfo=UTC)
DATES = {  # in New York: in UTC
    "9/14/2021 8:11:09 PM": "2021-09-15T00:11:09",
    "09/04/2021 08:11:09 AM": "2021-09-04T12:11:09",
    "9/14/2021 8:11 PM": "2021-09-15T00:11:00",
    "9/14/2021 8:11:09 pm": "2021-09-15T00:11:09",
    "9/14/2021 8:11:09\u202fPM": "2021-09-15T00:11:09",  # as newer systems write it
    "9/14/2021 12:00:00 AM": "2021-09-14T04:00:00",
    "9/14/2021 12:00:00 PM": "2021-09-14T16:00:00",
    "9/14/2021 12:59:59 AM": "2021-09-14T04:59:59",
    "2/29/2020 11:59:59 PM": "2020-03-01T04:59:59",
    "12/31/2021 11:59:59 PM": "2022-01-01T04:59:59",
    "3/14/2021 1:59:59 AM": "2021-03-14T06:59:59",
    "3/14/2021 2:30:00 AM": "2021-03-14T07:30:00",  # no clock showed it: an hour later
    "3/14/2021 3:00:00 AM": "2021-03-14T07:00:00",
    "11/7/2021 12:59:59 AM": "2021-11-07T04:59:59",
    "11/7/2021 1:00:00 AM": "2021-11-07T06:00:00",  # shown twice: the later one
    "11/7/2021 1:59:59 AM": "2021-11-07T06:59:59",
    "11/7/2021 2:00:00 AM": "2021-11-07T07:00:00",
}
LENGTHS = {
    "0": 0,
    "-0": 0,
    "10": 600_000_000,
    " 10 ": 600_000_000,
    "+10.0": 600_000_000,
    "1e1": 600_000_000,
    "5.": 300_000_000,
    ".5": 30_000_000,
    "": None,
}
WRONG_LENGTHS = {
    "negative_length": ["-1", "-0.0001", "-1e3"],
    "unreadable_number": [
        *("ten", "NaN", "inf", "-inf", "1e400", "1e999", "1,234.5", "1.234,5", "0x10", "1_000", "5 6", "1\0"),
        *("\uff15", "10:00", ".", "-", "+", "1e", "99999999999", "-99999999999", "--1", "1 min"),
    ],
}
WRONG_DATES = [
    *("9/14/2021 20:11:09", "9/14/2021 20:11", "2021-09-14 20:11:09", "2021-09-14T20:11:09Z"),
    *("14/9/2021 8:11:09 PM", "13/13/2021 8:11:09 PM", "2/29/2021 8:11:09 PM", "9/31/2021 8:11:09 AM"),
    *("0/1/2021 1:00:00 AM", "1/0/2021 1:00:00 AM", "9/14/2021 13:11:09 PM", "9/14/2021 0:11:09 AM"),
    *("9/14/2021 8:60:09 AM", "9/14/2021 8:11:60 AM", "9/14/2021 8:11:09", "9/14/2021 8:11:09 PM Z"),
    *("9/14/21 8:11:09 PM", "1/1/0000 1:00:00 AM", "1/1/99999 1:00:00 AM", "9.14.2021 8:11:09 PM"),
    *("9/14/2021", "44453.84", "infinity", "-infinity", "epoch", "now", "today"),
]


def viewed_at(folder: Path, texts: list[str], zone: str = ZONE) -> Report:
    rows = [row(number, Most_Recent_View_Date=text) for number, text in enumerate(texts)]
    return read(folder, report_bytes(USAGE, rows), NAME, zone)


def last_views(report: Report) -> dict[str, datetime | None]:
    return dict(zip(*(report.rows[name].to_pylist() for name in ("session_id", "last_view")), strict=True))


def findings(report: Report) -> list[tuple[str | None, str, str | None]]:
    return [(each["session_id"], each["reason"], each["field"]) for each in report.findings.to_pylist()]


def test_a_date_is_of_the_zone_of_the_reports(tmp_path: Path) -> None:
    report = viewed_at(tmp_path, list(DATES))
    assert findings(report) == []
    told = [instant.replace(tzinfo=None).isoformat() for instant in last_views(report).values() if instant]
    assert dict(zip(DATES, told, strict=True)) == DATES


@pytest.mark.parametrize("zone", [ZONE, LORD_HOWE, "Europe/Vienna", KATHMANDU])
def test_any_instant_written_in_local_time_reads_back(tmp_path: Path, zone: str) -> None:
    random, changes = Random(zone), _changes(zone)
    anywhere = [_START + timedelta(seconds=random.randrange(20 * 365 * 86_400)) for _ in range(500)]
    beside = [change + timedelta(seconds=random.randrange(-7_200, 7_200)) for change in changes * 6]
    instants = anywhere + beside
    report = viewed_at(tmp_path, [us_date(instant, zone) for instant in instants], zone)
    later = {session_id(number): _later(instant, zone) for number, instant in enumerate(instants)}
    assert last_views(report) == later
    moved = sum(_later(instant, zone) != instant for instant in instants)
    assert moved > 3 or not changes, "no instant of an hour that is shown twice"


def test_what_is_no_such_date_is_a_finding_and_a_blank_is_none(tmp_path: Path) -> None:
    report = viewed_at(tmp_path, [*WRONG_DATES, "", " \t", "9/14/2021 8:11:09 PM"])
    wrong = [(session_id(number), "unreadable_date", VIEWED) for number in range(len(WRONG_DATES))]
    assert findings(report) == wrong
    assert list(last_views(report).values())[:2] == [None, None]
    assert report.rows.num_rows == 3


def test_lengths_of_four_decimals_are_exact_in_microseconds(tmp_path: Path) -> None:
    random = Random(2)
    minutes = [f"{random.randrange(10 ** random.randrange(1, 9)) / 10_000:.4f}" for _ in range(500)]
    hours = [f"{random.randrange(10 ** random.randrange(1, 7)) / 10_000:.4f}" for _ in range(500)]
    texts = list(zip(minutes, hours, strict=True))
    rows = [
        row(number, Session_Length=length, Minutes_Delivered=length, Archived_Hours=stored)
        | {"On-Demand Hours": stored}
        for number, (length, stored) in enumerate(texts)
    ]
    report = read(tmp_path, report_bytes(STORAGE, rows), STORED)
    assert findings(report) == []
    exact = [(int(Decimal(m) * 60_000_000), int(Decimal(h) * 3_600_000_000)) for m, h in texts]
    told = report.rows.to_pydict()
    assert list(zip(told["length_us"], told["on_demand_us"], strict=True)) == exact
    assert list(zip(told["minutes_us"], told["archived_us"], strict=True)) == exact


def test_lengths_may_be_written_in_other_ways(tmp_path: Path) -> None:
    rows = [row(number, Session_Length=text) for number, text in enumerate(LENGTHS)]
    report = read(tmp_path, report_bytes(USAGE, rows), NAME)
    assert findings(report) == []
    assert dict(zip(LENGTHS, report.rows["length_us"].to_pylist(), strict=True)) == LENGTHS


@pytest.mark.parametrize("column", [LENGTH, "Minutes Delivered", "On-Demand Hours", "Archived Hours"])
def test_a_length_that_is_none_is_a_finding_with_its_reason_and_its_column(
    tmp_path: Path, column: str
) -> None:
    wrong = [(text, reason) for reason, texts in WRONG_LENGTHS.items() for text in texts]
    rows = [row(number) | {column: text} for number, (text, _) in enumerate(wrong)]
    report = read(tmp_path, report_bytes(STORAGE, [*rows, row(99)]), STORED)
    assert findings(report) == [
        (session_id(number), reason, column) for number, (_, reason) in enumerate(wrong)
    ]
    assert report.rows["session_id"].to_pylist() == [session_id(99)]


def test_counts_flags_and_ids_that_are_none_are_findings(tmp_path: Path) -> None:
    counts = ["-1", "1.5", "1,000", "many", "1e3", "9" * 16]
    rows = [row(number, Views_and_Downloads=text) for number, text in enumerate(counts)]
    rows += [row(50, Archived="perhaps"), row(51, Unique_Viewers="x")]
    ids = ["", "123", session_id(1)[:-1], session_id(1) + "0", "{" + session_id(1) + "}", "x" * 200_0]
    rows += [row(60, Session_ID=text) for text in ids]
    report = read(tmp_path, report_bytes(STORAGE, rows), STORED)
    assert findings(report) == [
        *((session_id(number), "unreadable_number", "Views and Downloads") for number in range(len(counts))),
        (session_id(50), "unreadable_flag", "Archived"),
        (session_id(51), "unreadable_number", "Unique Viewers"),
        *[(None, "no_session_id", "Session ID")] * len(ids),
    ]
    assert report.findings["hours_us"].to_pylist()[-1] == 600_120_000


def test_flags_are_read_in_the_usual_words(tmp_path: Path) -> None:
    words = ["True", "false", "YES", "no", "1", "0", ""]
    rows = [row(number, Archived=word) for number, word in enumerate(words)]
    report = read(tmp_path, report_bytes(STORAGE, rows), STORED)
    assert report.rows["archived"].to_pylist() == [1, 0, 1, 0, 1, 0, None]


def test_an_exact_copy_counts_once_and_a_contradiction_not_at_all(tmp_path: Path) -> None:
    same, other = row(1), row(2)
    rows = [
        same,
        other,
        same | {"Session ID": session_id(1).upper()},
        other | {"Session Length": "11"},
        same | {"Email": "a column that is not read"},
        row(3) | {"Session Length": "long"},
        row(3),
        row(4, Folder_Name=""),
        row(4, Folder_Name=" "),
    ]
    report = read(tmp_path, report_bytes(USAGE, rows), NAME)
    assert report.rows["session_id"].to_pylist() == [session_id(1), session_id(4)]
    told = [(each["line"], each["session_id"], each["reason"]) for each in report.findings.to_pylist()]
    assert told == [
        (3, session_id(2), "contradiction"),
        (4, session_id(1), "duplicate"),
        (5, session_id(2), "contradiction"),
        (6, session_id(1), "duplicate"),
        (7, session_id(3), "unreadable_number"),
        (8, session_id(3), "contradiction"),
        (10, session_id(4), "duplicate"),
    ]


def test_a_finding_tells_the_line_in_which_its_row_ends(tmp_path: Path) -> None:
    rows = [
        row(1, Session_Name="over\r\nthree\r\nlines"),
        row(2, Session_Length="x"),
        row(3, Session_Length="x"),
    ]
    report = read(tmp_path, report_bytes(USAGE, rows), NAME)
    assert report.findings["line"].to_pylist() == [5, 6]


def test_rows_and_findings_account_for_every_row_that_was_read(tmp_path: Path) -> None:
    random = Random(3)
    wrong = {
        LENGTH: "x",
        VIEWED: "yesterday",
        "Session ID": "?",
        "Views and Downloads": "-3",
        "Start Time": "?",
    }
    rows = []
    for _ in range(2_000):
        each = row(random.randrange(1_500), Folder_Name=random.choice(("A", "A", "A", "B")))
        rows.append(each | dict(random.sample(list(wrong.items()), random.choice((0, 0, 0, 1, 2)))))
    report = read(tmp_path, report_bytes(USAGE, rows), NAME)
    assert report.rows_read == len(rows) == report.rows.num_rows + report.findings.num_rows
    taken = report.rows["session_id"].to_pylist()
    assert len(taken) == len(set(taken)) > 100
    reasons: Counter[str] = Counter(report.findings["reason"].to_pylist())
    assert set(reasons) == {
        "duplicate", "contradiction", "no_session_id", "unreadable_date", "unreadable_number"
    }  # fmt: skip
    apart = {who for who, reason, _ in findings(report) if who and reason != "duplicate"}
    assert not apart & set(taken)
    by_id = Counter(each["Session ID"] for each in rows)
    assert {who for who in by_id if who != "?"} == apart | set(taken)


def _changes(zone: str) -> list[datetime]:
    """When the clocks of a zone were or will be changed, to the hour."""
    days = _steps(_START, timedelta(days=1), 20 * 365, zone)
    return [hour for day in days for hour in _steps(day - timedelta(days=1), timedelta(hours=1), 24, zone)]


def _steps(since: datetime, step: timedelta, number: int, zone: str) -> list[datetime]:
    """The ends of those steps in which the zone's offset changed."""
    ends = [since + step * each for each in range(number + 1)]
    offsets = [end.astimezone(ZoneInfo(zone)).utcoffset() for end in ends]
    return [end for end, (old, new) in zip(ends[1:], pairwise(offsets), strict=True) if old != new]


def _later(instant: datetime, zone: str) -> datetime:
    """The later of the instants at which the zone's clock shows the same."""
    return instant.astimezone(ZoneInfo(zone)).replace(fold=1).astimezone(UTC)
