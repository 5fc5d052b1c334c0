"""CSV files of any size, some rows at a time, each row with the line it begins in.

They are UTF-8 (with a mark or without), lines end as on any system. A file that is cut off, holds zero bytes
or is in another encoding is not taken at all: nobody can say what else is wrong with it.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from video_analytics.importing.tally import Unreadable

AT_ONCE = 4_000  # rows
_LONGEST_LINE = 4 << 20  # characters
_AGAIN = "copy it again from where the old script wrote it"


@dataclass(frozen=True)
class Block:
    """Some rows: the lines they begin in, and the texts of the columns that are read."""

    lines: list[int]
    columns: dict[str, list[str]]
    odd: list[int]  # lines of rows with more or fewer cells than the header


def header_of(path: Path) -> list[str]:
    """The names of a file's columns; raises Unreadable."""
    with _opened(path) as text:
        return _header(csv.reader(_Lines(text), strict=True))


def blocks(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    """A file's rows with those of the wanted columns that it has; raises Unreadable, perhaps late."""
    with _opened(path) as text:
        lines = _Lines(text)
        reader = csv.reader(lines, strict=True)
        header = _header(reader)
        places = {name: header.index(name) for name in wanted if name in header}
        try:
            yield from _blocks(reader, lines, len(header), places)
        except csv.Error as error:
            raise Unreadable(f"line {lines.number}: {error}: it is cut off or damaged; {_AGAIN}") from error
        if not lines.ended:
            mend = f"{_AGAIN}, or end that line if the file is whole"
            raise Unreadable(f"it is cut off in line {lines.number}; {mend}")


def _blocks(
    reader: Iterator[list[str]], lines: "_Lines", width: int, places: dict[str, int]
) -> Iterator[Block]:
    numbers: list[int] = []
    rows: list[list[str]] = []
    odd: list[int] = []
    begin = lines.number + 1
    for row in reader:
        if len(row) == width:
            numbers.append(begin)
            rows.append(row)
        elif row:  # else an empty line
            odd.append(begin)
        begin = lines.number + 1
        if len(rows) >= AT_ONCE or len(odd) >= AT_ONCE:
            yield _block(numbers, rows, odd, places)
            numbers, rows, odd = [], [], []
    yield _block(numbers, rows, odd, places)


def _block(numbers: list[int], rows: list[list[str]], odd: list[int], places: dict[str, int]) -> Block:
    return Block(numbers, {name: [row[at] for row in rows] for name, at in places.items()}, odd)


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        return [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise Unreadable(f"line 1: {error}: it is cut off or damaged; {_AGAIN}") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text
    except UnicodeDecodeError as error:
        mend = "save it as UTF-8 with an editor that does not touch its numbers"
        raise Unreadable(
            f"expected UTF-8 text, byte {error.object[error.start]:#04x} is none; {mend}"
        ) from None
    except OSError as error:
        mend = "make it a file that this user may read"
        raise Unreadable(f"it cannot be read ({error.strerror}); {mend}") from error


class _Lines:
    """The lines of a text, their number so far, and whether the last one came to its end."""

    def __init__(self, text: IO[str]) -> None:
        self._text, self.number, self.ended = text, 0, True

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(_LONGEST_LINE):
            self.number += 1
            if "\0" in line:
                raise Unreadable(f"line {self.number} holds zero bytes: it is damaged; {_AGAIN}")
            if len(line) == _LONGEST_LINE:
                raise Unreadable(f"line {self.number} is longer than {_LONGEST_LINE:,} characters; {_AGAIN}")
            self.ended = line[-1] in "\r\n"
            yield line
