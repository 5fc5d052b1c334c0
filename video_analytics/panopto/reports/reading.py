"""A usage report from a file: what kind it is, its dates, its rows with types, and what is wrong with them.

A file is taken whole or refused: one that ends in mid-row, or holds something else, gives no rows at all. Of
a file that is taken every row is accounted for: as a row, or as a finding that says why it is none.
"""

import csv
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import IO

import pyarrow as pa

from video_analytics.errors import ReportError
from video_analytics.panopto.reports.kinds import KINDS, STORAGE, Kind, fields_of, kind_of, missing
from video_analytics.panopto.reports.typed import days_in, typed

MOST_BYTES = 1 << 30  # of a report's text: some four million sessions
_BATCH = 50_000  # rows
_SHOWN = 8  # headers in a message
_LONGEST_LINE = 8 << 20  # characters; the csv module takes 131,072 in one field
_MOST_COLUMNS = 200
_ENCRYPTED = 0x1
# what the standard library raises for archives that are damaged, one way or another
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
)
_RANGE = re.compile(r"_(\d{4}-\d\d-\d\d)--(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True)
class Report:
    """A report as read. Days are of the reports' own zone."""

    kind: Kind
    start: date
    end: date  # the last day in it
    told: bool  # by the file's name; else they are the first and the last day found in the rows
    rows_read: int
    rows: pa.Table
    findings: pa.Table


def read_report(path: Path, zone: str, today: date) -> Report:
    """Read a CSV file, or the zip archive it came in, whatever its name.

    Raises:
        ReportError: it is no report that is read, it lacks a column, or it is cut off.
    """
    with _opened(path) as (name, stream, has_checksum):
        header, kind, batches = _parsed(path, stream, may_end_anywhere=has_checksum)
        raw = pa.concat_tables([_schema(header).empty_table(), *batches])
    rows, findings = typed(raw, zone)
    if kind is STORAGE and not raw.num_rows:
        raise _cut(path, "no rows, where every session should have one")
    named = _RANGE.search(path.name) or _RANGE.search(name)
    days = _days(path, named) if named else days_in(rows, kind, zone, today)
    if days is None:
        raise ReportError(f"{path.name}: {_no_days(findings, raw.num_rows, kind)}")
    start, end = min(days[0], today), min(days[1], today)  # a report tells nothing of days to come
    return Report(kind, start, end, named is not None, raw.num_rows, rows, findings)


def header_of(path: Path) -> list[str]:
    """The headers of a report's columns.

    Raises:
        ReportError: the file does not open.
    """
    with _opened(path) as (_, stream, _):
        try:
            return next(csv.reader(stream, strict=True), [])
        except csv.Error as error:
            raise _cut(path, f"line 1: {error}") from error


def _no_days(findings: pa.Table, rows: int, kind: Kind) -> str:
    if findings.num_rows:
        first = findings.slice(0, 1).to_pylist()[0]
        return (
            f"none of its {rows:,} rows can be read; the first in line {first['line']}: {first['reason']} "
            f"in {first['field'] or 'Session ID'}; download it again, and do not save it from a spreadsheet"
        )
    return (
        "expected rows, or dates in its name, got neither; name it as Panopto does, "
        f"such as {kind.type.lower()}_2021-06-01--2022-06-01.csv"
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[str, IO[str], bool]]:
    """The CSV file's name and text, out of its archive where it is in one, which tells if it is whole."""
    with path.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04"
    try:
        with _unzipped(path) if is_zip else _plain(path) as found:
            yield found
    except UnicodeDecodeError as error:
        raise ReportError(
            f"{path.name}: expected UTF-8 text, got other bytes; drop the file as Panopto made it"
        ) from error


@contextmanager
def _plain(path: Path) -> Iterator[tuple[str, IO[str], bool]]:
    _check_size(path, path.stat().st_size)
    with path.open(encoding="utf-8-sig", newline="") as text:
        yield path.name, text, False


@contextmanager
def _unzipped(path: Path) -> Iterator[tuple[str, IO[str], bool]]:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(path, archive)
            with archive.open(member) as inside, TextIOWrapper(inside, "utf-8-sig", newline="") as text:
                yield Path(member.filename).name, text, True
    except UnicodeDecodeError:
        raise
    except _DAMAGED as error:
        raise _cut(path, f"an archive that does not open ({type(error).__name__})") from error


def _member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    named = [each for each in archive.infolist() if each.filename and not each.is_dir()]
    if any(each.flag_bits & _ENCRYPTED for each in named):
        raise ReportError(f"{path.name}: expected an open archive, got an encrypted one; unpack it first")
    if any(each.filename == "[Content_Types].xml" for each in named):
        raise ReportError(f"{path.name}: expected a CSV file, got an Excel workbook; save it as CSV UTF-8")
    found = [
        each
        for each in named
        if each.filename.lower().endswith(".csv") and not each.filename.startswith("__MACOSX/")
    ]
    if len(found) != 1:
        raise ReportError(
            f"{path.name}: expected one CSV file in the archive, got {len(found)}; drop each as a file"
        )
    _check_size(path, found[0].file_size)
    return found[0]


def _check_size(path: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise ReportError(
            f"{path.name}: expected at most {MOST_BYTES:,} bytes of text, got {size:,}; "
            "ask Panopto for a shorter period"
        )


def _parsed(path: Path, stream: IO[str], *, may_end_anywhere: bool) -> tuple[list[str], Kind, list[pa.Table]]:
    """The header, the kind, and the texts of the columns that are read.

    Whether Panopto ends the last line is not documented: where nothing else tells that all is there, it must.
    """
    ended = _Ended(stream)
    reader = csv.reader(ended, strict=True)
    try:
        header = next(reader, [])
        kind = _recognized(path, header)
        batches = list(_batches(path, reader, header))
    except csv.Error as error:
        raise _cut(path, f"line {reader.line_num}: {error}") from error
    if not ended.whole and not may_end_anywhere:
        raise _cut(path, "a last line without its end")
    return header, kind, batches


class _Ended:
    """The lines of a text, and whether the last one ended as the first."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._first, self.whole = stream, "", True

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(_LONGEST_LINE):
            end = line[len(line.rstrip("\r\n")) :][-2:]
            self._first = self._first or end
            self.whole = end in {"\n", "\r\n"} and end == self._first
            if not end and len(line) == _LONGEST_LINE:
                raise csv.Error(f"more than {_LONGEST_LINE:,} characters without an end of line")
            yield line


def _recognized(path: Path, header: list[str]) -> Kind:
    kind = kind_of(header) if len(header) <= _MOST_COLUMNS else None
    if kind is None:
        shown = ", ".join(repr(name[:40]) for name in header[:_SHOWN]) or "nothing"
        titles = ", ".join(f"'{each.title}'" for each in KINDS)
        raise ReportError(
            f"{path.name}: expected the columns of one of Panopto's reports {titles}, got {shown}; "
            "drop one of these reports"
        )
    lacks = missing(kind, header)
    if lacks:
        raise ReportError(
            f"{path.name}: looks like Panopto's report '{kind.title}', but lacks {', '.join(lacks)}; "
            "download it again with all columns"
        )
    return kind


def _batches(path: Path, reader: Iterator[list[str]], header: list[str]) -> Iterator[pa.Table]:
    """The columns that are read, some rows at a time, each with the line it ends in."""
    schema, places, width = _schema(header), list(fields_of(header).values()), len(header)
    lines: list[int] = []
    rows: list[list[str]] = []

    def batch() -> pa.Table:
        columns = list(zip(*rows, strict=True)) or [()] * len(places)
        arrays = [pa.array(lines, pa.int64()), *(pa.array(column, pa.string()) for column in columns)]
        return pa.Table.from_arrays(arrays, schema=schema)

    for row in reader:
        if not row:
            continue  # an empty line
        if len(row) != width:
            raise _cut(path, f"line {reader.line_num}: {len(row)} values where there are {width} columns")  # type: ignore[attr-defined]
        lines.append(reader.line_num)  # type: ignore[attr-defined]  # csv.reader has no type of its own
        rows.append([row[place] for place in places])
        if len(rows) == _BATCH:
            yield batch()
            lines, rows = [], []
    yield batch()


def _schema(header: list[str]) -> pa.Schema:
    return pa.schema([("line", pa.int64()), *((field, pa.string()) for field in fields_of(header))])


def _cut(path: Path, what: str) -> ReportError:
    return ReportError(
        f"{path.name}: expected a whole CSV file, got {what}: it is cut off or damaged; download "
        "it again, and drop the zip it comes in"
    )


def _days(path: Path, told: re.Match[str]) -> tuple[date, date]:
    try:
        start, end = date.fromisoformat(told[1]), date.fromisoformat(told[2])
    except ValueError:
        start, end = date.max, date.min
    if start > end:
        raise ReportError(
            f"{path.name}: expected two dates in its name, the earlier first, got {told[1]}--{told[2]}; "
            "correct the name"
        )
    return start, end
