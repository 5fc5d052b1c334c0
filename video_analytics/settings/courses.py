"""`courses.csv`: the Panopto folders people want to know about, as Excel and text editors save such a list.

It is read when somebody asks, not with the settings, as it changes while the platform runs. Folders are
known by their ids; a name only helps people to find their line. Every wrong line is told at once.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from video_analytics.errors import SettingsError
from video_analytics.settings.checks import ZERO_GUID, guid_in
from video_analytics.settings.problems import Problem, described

FILE = "courses.csv"
NAME, ID = "PanoptoFolderName", "PanoptoFolderID"

_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(rf'"?sep=([{_DELIMITERS}|])"?[{_DELIMITERS}|]*\s*', re.IGNORECASE)
_ANY_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_EXAMPLE = "1a2b3c4d-0000-1111-2222-0123456789ab"
_END = "\0"  # stands below the last line; no text file holds one
_INVISIBLE = "\ufeff\u200b"  # what pasting from web pages and joining files leaves behind


@dataclass(frozen=True)
class Course:
    """A folder to be read with all its subfolders; `line` is where it stands in the file."""

    name: str
    id: str
    line: int


@dataclass(frozen=True)
class _Row:
    line: int
    cells: tuple[str, ...]
    lines: int  # of the file, as quoted cells may hold line breaks

    def cell(self, place: int) -> str:
        return self.cells[place] if place < len(self.cells) else ""


@dataclass(frozen=True)
class _Header:
    name: int
    id: int
    width: int


def courses_path(home: Path) -> Path:
    """Where the list lies in a home."""
    return home / FILE


def read_courses(home: Path) -> tuple[Course, ...]:
    """The courses in the order of the file, each once; none if there is no file.

    Raises:
        SettingsError: with one line for each wrong line of the file.
    """
    text = _text(courses_path(home))
    rows = _below_header(text) if isinstance(text, str) else text
    if rows is None:
        return ()
    if isinstance(rows, Problem):
        raise SettingsError(str(rows))
    header, below = rows
    courses: dict[str, Course] = {}
    problems: list[str] = []
    for found in (_read(row, header) for row in below):
        if isinstance(found, Problem):
            problems.append(str(found))
        else:
            courses.setdefault(found.id, found)
    if problems:
        raise SettingsError("\n".join(problems))
    return tuple(courses.values())


# --- bytes to text ----------------------------------------------------------------------------------------


def _text(path: Path) -> str | Problem | None:
    """The file's text, in any of the encodings Excel offers."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # a folder, a file that Excel holds locked, a zero byte in a path
        reason = getattr(error, "strerror", None) or "not a usable path"
        mend = "close it in other programs, and make it a file that this user may read"
        return Problem(FILE, "file", f"cannot be read ({reason})", mend)
    text = _decoded(raw)
    if not isinstance(text, str):
        return text
    if _END in text:
        return _not_text(text[: text.index(_END)], "zero bytes")
    return text.lstrip(_INVISIBLE)


def _decoded(raw: bytes) -> str | Problem:
    """As its mark says; else UTF-8, or what Excel's plain "CSV" is in western countries."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig"] if raw.startswith(codecs.BOM_UTF8) else ["utf-8", "cp1252"]
    readable = b""
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            readable = error.object[: error.start]  # not of `raw`: the mark may be gone from it
    return _not_text(readable.decode(encodings[-1], "ignore"), "bytes that are no text")


def _not_text(before: str, got: str) -> Problem:
    line = 1 + len(re.findall(r"\r\n|\r|\n", before))
    return Problem(FILE, f"line {line}", f"expected text, got {got}", 'save it as "CSV UTF-8" in Excel')


# --- text to rows -----------------------------------------------------------------------------------------


def _below_header(text: str) -> tuple[_Header, Iterator[_Row | Problem]] | Problem:
    """Where the header has both columns, and the rows below it; its delimiter is the one that finds both."""
    first, _, _ = text.partition("\n")
    declared = _SEPARATOR_LINE.fullmatch(first.split("\r")[0])
    skipped = 1 if declared else 0
    top = None
    for delimiter in dict.fromkeys((declared[1] if declared else "") + _DELIMITERS):
        rows = _rows(text, delimiter, skipped)
        top = next(rows, None)
        titles = [cell.casefold() for cell in top.cells] if isinstance(top, _Row) else []
        if titles.count(NAME.casefold()) == titles.count(ID.casefold()) == 1:
            return _Header(titles.index(NAME.casefold()), titles.index(ID.casefold()), len(titles)), rows
    if isinstance(top, Problem):
        return top
    got = described(" ".join(top.cells), hidden=False) if top else "an empty file"
    problem = f"expected the columns {NAME} and {ID}, each once, got {got}"
    line = top.line if top else skipped + 1
    return Problem(FILE, f"line {line}", problem, f"write {NAME},{ID} as the first line")


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[_Row | Problem]:
    """The rows that hold anything. Lines end as on any system, also as on old Macs."""
    lines = [*StringIO(text, newline="")][skipped:]
    if lines and not lines[-1].endswith(("\r", "\n")):
        lines[-1] += "\n"
    reader = csv.reader([*lines, _END], delimiter=delimiter, skipinitialspace=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except csv.Error:  # a cell beyond all bounds
            yield _open_quote(line)
            continue
        if cells == [_END]:
            return
        if cells and _END in cells[-1]:  # an open quote has swallowed all the rest
            yield _open_quote(line)
            return
        row = _Row(line, tuple(_tidy(cell) for cell in cells), skipped + reader.line_num - line + 1)
        if any(row.cells):
            yield row


def _tidy(cell: str) -> str:
    return cell.strip().strip(_INVISIBLE).strip()


def _open_quote(line: int) -> Problem:
    problem = 'expected a " at the end of a cell that begins with one, got none'
    return Problem(FILE, f"line {line}", problem, "close the quote, or remove it")


# --- rows to courses --------------------------------------------------------------------------------------


def _read(row: _Row | Problem, header: _Header) -> Course | Problem:
    if isinstance(row, Problem):
        return row
    found = guid_in(row.cell(header.id))
    if problem := _merged(row, header, found) or _wrong_id(row, header, found):
        return problem
    return Course(row.cell(header.name), found or "", row.line)


def _merged(row: _Row, header: _Header, found: str | None) -> Problem | None:
    """Two lines that have become one hide a course: an open quote, or a line break that was lost."""
    others = [cell for place, cell in enumerate(row.cells) if place != header.id]
    if row.lines > 1 and any(_ANY_GUID.search(cell) for cell in others):
        return _open_quote(row.line)
    place, mend = f"line {row.line}", "begin a new line for each course"
    if found and any(each.lower() != found for each in _ANY_GUID.findall(row.cell(header.name))):
        return Problem(FILE, place, f"expected a name in {NAME}, got one that holds another id", mend)
    if any(row.cells[header.width :]):
        problem = f"expected {header.width} columns as in the header, got {len(row.cells)}"
        return Problem(FILE, place, problem, f"put a name that holds the delimiter in quotes; {mend}")
    return None


def _wrong_id(row: _Row, header: _Header, found: str | None) -> Problem | None:
    place, text = f"line {row.line}, {ID}", row.cell(header.id)
    if found == ZERO_GUID:
        problem = "expected the id of one folder, got the zero id, which is the top level of everything"
        return Problem(FILE, place, problem, "list the folders below it that you want")
    if found:
        return None
    mend = "copy the id from the folder's address in Panopto (folderID=…), or remove the line"
    if _ANY_GUID.search(text):
        mend = "write the id alone, without anything around it"
    elif len(row.cells) <= header.id:
        mend = f"separate the columns as the header does; {mend}"
    got = described(text, hidden=False) if text else "nothing"
    return Problem(FILE, place, f"expected a folder's id such as {_EXAMPLE}, got {got}", mend)
