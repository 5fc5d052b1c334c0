"""Texts with types, strictly: a value is what its column may hold, or nothing, or its row is refused."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from video_analytics.importing.sheets import Block
from video_analytics.importing.tally import Tally

TEXT, DAY = pa.string(), pa.date32()
SHOWN_AT_ONCE = 5  # lines

Parse = Callable[[str], Any]

NOTHING = {"", "nan", "NaN", "None", "null", "NULL", "NaT", "<NA>"}  # as the old scripts' libraries write it
_DIGITS = re.compile(r"([0-9]{1,20})(?:\.0*)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].+)?")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LARGEST = 2**53  # beyond it a count has lost digits on its way


@dataclass(frozen=True)
class Column:
    """A column of an old file: its name, how a text of it is read, and what is expected where that fails."""

    name: str
    parse: Parse
    type: pa.DataType
    expected: str
    needed: bool = False


class Sieve:
    """A block of rows on its way to types; rows fall out with a reason, each for the first one found."""

    def __init__(self, block: Block, tally: Tally) -> None:
        self.lines = np.array(block.lines, np.int64)
        self.keep = np.ones(len(block.lines), bool)
        self._texts, self._tally = block.columns, tally
        tally.refuse("another number of cells than the header has", block.odd)

    def refuse(self, bad: Any, reason: str) -> None:
        """Drop rows by a mask."""
        fallen = self.keep & np.asarray(bad, bool)
        number = int(fallen.sum())
        if number:
            self._tally.refuse(reason, self.lines[fallen][:SHOWN_AT_ONCE].tolist(), number)
            self.keep &= ~fallen

    def read(self, column: Column) -> pa.Array:
        """A column with its type; null where there is nothing. All null where the file lacks the column."""
        texts = self._texts.get(column.name)
        if texts is None:
            return pa.nulls(len(self.lines), column.type)
        coded = pa.array(texts, pa.string()).dictionary_encode()
        values, wrong, empty = _parsed(coded.dictionary.to_pylist(), column.parse)
        codes = coded.indices.to_numpy(zero_copy_only=False)
        if column.needed and any(empty):
            self.refuse(np.array(empty)[codes], f"{column.name} is empty")
        if any(wrong):
            self.refuse(np.array(wrong)[codes], f"{column.name}: expected {column.expected}")
        return pa.array(values, column.type).take(coded.indices)


def _parsed(texts: Sequence[str], parse: Parse) -> tuple[list[Any], list[bool], list[bool]]:
    values: list[Any] = []
    wrong: list[bool] = []
    empty: list[bool] = []
    for text in texts:
        trimmed = text.strip()
        nothing, value, failed = trimmed in NOTHING, None, False
        if not nothing:
            try:
                value = parse(trimmed)
            except ValueError:
                failed = True
        values.append(value)
        wrong.append(failed)
        empty.append(nothing)
    return values, wrong, empty


def text_of(text: str) -> str:
    """Any text."""
    return text


def digits(text: str) -> str:
    """An id of digits; also "123.0", as libraries write ids that have become numbers."""
    match = _DIGITS.fullmatch(text)
    if match is None:
        raise ValueError
    return match[1]


def guid(text: str) -> str:
    """An id as Panopto gives them, in lower case."""
    low = text.lower()
    if not _GUID.fullmatch(low):
        raise ValueError
    return low


def count(text: str) -> int:
    """A whole number, not negative; also "4.0"."""
    number = int(digits(text))
    if number > _LARGEST:
        raise ValueError
    return number


def amount(text: str) -> float:
    """A number, not negative."""
    value = number(text)
    if value < 0:
        raise ValueError
    return value


def number(text: str) -> float:
    """A finite number."""
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError
    return value


def day(text: str) -> date:
    """A day such as 2025-03-01; a time after it is dropped."""
    if not _DAY.fullmatch(text):  # fromisoformat takes 20250301 and 2025-W09-6 as well
        raise ValueError
    return datetime.fromisoformat(text).date()


def instant(text: str) -> datetime:
    """An instant with its offset, in UTC."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError
    return when.astimezone(UTC)
