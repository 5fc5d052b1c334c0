import re
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from video_analytics.errors import ReportError
from video_analytics.panopto.reports import reading
from video_analytics.panopto.reports.kinds import FIELDS
from video_analytics.panopto.reports.kinds import KINDS as READ
from video_analytics.panopto.reports.reading import Report, read_report
from video_analytics.panopto.reports.typed import typed
from video_analytics_tests.panopto.reports.report_files import (
    CREATED,
    STORAGE,
    TODAY,
    USAGE,
    ZONE,
    Row,
    csv_bytes,
    named,
    row,
    zipped,
)

KINDS = (USAGE, CREATED, STORAGE)
HEADERS = {  # the least that a report must have; the name, which may break lines, stands last
    kind.type: [
        *(FIELDS[field][1][0] for field in sorted((kind.needs | kind.marks) & FIELDS.keys() - {"name"})),
        "Session Name",
    ]
    for kind in READ
}
NAME = named(USAGE, "2021-06-01", "2022-06-01")
NAMES = ("two\r\nlines", '"Cells"', "a, b", "two\nlines", "ünï 漢字 🎬", "", '""')
Damage = Callable[[Random, bytes], bytes]


class Recorder:
    """Stands in for the typing of rows, which takes its time; keeps what it was given."""

    def __init__(self) -> None:
        self.raw: list[pa.Table] = []

    def __call__(self, raw: pa.Table, _zone: str) -> tuple[pa.Table, pa.Table]:
        self.raw.append(raw)
        return raw.slice(0, 0), raw.slice(0, 0)

    def whole(self) -> pa.Table:
        """Everything it was given, as if it stood in one file."""
        apart = [
            each.set_column(0, "line", pc.add(each["line"], number * 1_000_000))
            for number, each in enumerate(self.raw)
        ]
        return pa.concat_tables(apart, promote_options="default")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    stand_in = Recorder()
    monkeypatch.setattr(reading, "typed", stand_in)
    return stand_in


def given(first: int = 0, number: int = 15) -> list[Row]:
    return [row(first + each, Session_Name=NAMES[each % len(NAMES)]) for each in range(number)]


def file_of(kind: str, rows: Iterable[Row]) -> bytes:
    """A report with the columns that it must have, and no others."""
    return csv_bytes(HEADERS[kind], rows)


def taken(path: Path, data: bytes) -> Report | None:
    """The report of a file; None if it was refused, by its name."""
    path.write_bytes(data)
    told = ""
    try:
        return read_report(path, ZONE, TODAY)
    except ReportError as error:
        told = str(error)
    assert told.startswith(f"{path.name}: ")
    return None


@pytest.mark.parametrize(("kind", "number"), [(USAGE, 15), (CREATED, 3), (STORAGE, 3)])
def test_a_file_that_is_cut_off_is_refused_unless_it_ends_with_a_row(
    tmp_path: Path, recorder: Recorder, kind: str, number: int
) -> None:
    rows, least = given(number=number), int(kind == STORAGE)
    data = file_of(kind, rows)
    ends = [len(file_of(kind, rows[:left])) for left in range(least, number + 1)]
    accepted = [end for end in range(len(data) + 1) if taken(tmp_path / NAME, data[:end])]
    assert accepted == ends  # what ends with a row cannot be told from a shorter report
    known = [raw for raw in recorder.raw if raw.num_rows >= least]
    assert known == [known[-1].slice(0, left) for left in range(least, number + 1)]


def test_a_file_with_bare_line_feeds_that_is_cut_off_is_refused_unless_it_ends_with_a_row(
    tmp_path: Path, recorder: Recorder
) -> None:
    data = file_of(USAGE, [row(number) for number in range(5)]).replace(b"\r\n", b"\n")
    accepted = [end for end in range(len(data) + 1) if taken(tmp_path / NAME, data[:end])]
    assert accepted == [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
    assert len(recorder.raw) == 6


@pytest.mark.usefixtures("recorder")
def test_an_archive_that_is_cut_off_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    data = zipped((NAME, file_of(USAGE, given())))
    assert [end for end in range(len(data) + 1) if taken(tmp_path / "a.zip", data[:end])] == [len(data)]


def test_an_archive_with_a_wrong_byte_is_refused_or_holds_the_same_rows(
    tmp_path: Path, recorder: Recorder
) -> None:
    random = Random(7)
    data = zipped((NAME, file_of(USAGE, given())))
    assert taken(tmp_path / "a.zip", data)
    accepted = 0
    for place in range(len(data)):
        wrong = bytearray(data)
        wrong[place] ^= random.choice((1, 0x80, 0xFF, random.randrange(1, 256)))
        accepted += taken(tmp_path / "a.zip", bytes(wrong)) is not None
    assert 0 < accepted < len(data) // 3
    assert all(raw == recorder.raw[0] for raw in recorder.raw)


def test_of_1500_damaged_files_each_is_refused_or_accounts_for_every_row(
    tmp_path: Path, recorder: Recorder
) -> None:
    accepted = []
    for number in range(1_500):
        random = Random(number)
        data = file_of(random.choice(KINDS), given(number * 20, 5))
        for damage in random.sample(DAMAGES, random.choice((1, 1, 1, 2, 3))):
            data = damage(random, data)
        report = taken(tmp_path / NAME, data)
        accepted += [report] if report else []
    assert 200 < len(accepted) < 1_300
    assert [report.rows_read for report in accepted] == [raw.num_rows for raw in recorder.raw]
    whole = recorder.whole()
    rows, findings = typed(whole, ZONE)
    assert rows.num_rows + findings.num_rows == whole.num_rows > 1_000
    assert findings.num_rows > 20


def test_a_damaged_file_that_is_taken_accounts_for_its_own_rows(tmp_path: Path) -> None:
    reports = []
    for number in range(12):
        random = Random(number)
        data = file_of(KINDS[number % 3], given())
        reports.append(taken(tmp_path / "renamed", random.choice(DAMAGES[:4])(random, data)))
    counted = [report for report in reports if report]
    assert len(counted) > 5
    for report in counted:
        assert report.rows.num_rows + report.findings.num_rows == report.rows_read


def _flip(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << random.randrange(7))]) + data[place + 1 :]


def _flip_digit(random: Random, data: bytes) -> bytes:
    place = random.choice([place for place, byte in enumerate(data) if 48 <= byte <= 57])
    return data[:place] + bytes([random.randrange(45, 60)]) + data[place + 1 :]


def _double_line(random: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    place = random.randrange(1, len(lines))
    return b"".join([*lines[:place], lines[place], *lines[place:]])


def _drop_line(random: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    place = random.randrange(len(lines))
    return b"".join([*lines[:place], *lines[place + 1 :]])


def _put(*texts: bytes) -> Damage:
    def put(random: Random, data: bytes) -> bytes:
        place = random.randrange(len(data))
        return data[:place] + random.choice(texts) + data[place:]

    return put


def _lose(*texts: bytes) -> Damage:
    def lose(random: Random, data: bytes) -> bytes:
        text = random.choice(texts)
        place = random.choice([found.start() for found in re.finditer(text, data)] or [0])
        return data[:place] + data[place + len(text) :]

    return lose


def _lose_a_piece(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + data[place + random.randrange(1, 300) :]


def _move_a_piece(random: Random, data: bytes) -> bytes:
    one, two, three = sorted(random.sample(range(len(data)), 3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


DAMAGES: list[Damage] = [
    _flip,
    _flip_digit,
    _double_line,
    _drop_line,
    _put(b'"', b'""', b'",', b',"'),
    _put(b"\0", b"\0\0\0"),
    _put(b",", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x1a", "\u2028\u0085".encode()),
    _put(b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    _put(b"x" * 132_000, b"9" * 5_000, b"," * 1_000, "🎬".encode() * 3_000),
    _lose(b",", b'"', b"\r", b"\n", b"\r\n"),
    _lose_a_piece,
    _move_a_piece,
]
