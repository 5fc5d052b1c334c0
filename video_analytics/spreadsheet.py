"""Workbooks that open safely: no cell runs, text stays text, the same rows give the same bytes."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

LONGEST_CELL = 32_767  # Excel's limit of characters in a cell
MOST_ROWS = 1_048_575  # Excel's limit, less the header
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML has no place for them
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a fixed time: no reading leaves a trace


@dataclass(frozen=True)
class Sheet:
    """A sheet: a header line, frozen, filterable, and lines, each with whether it is bold."""

    name: str
    columns: Sequence[str]
    lines: Iterable[tuple[bool, Sequence[Any]]]
    formats: Mapping[int, str] = field(default_factory=dict)  # column: how Excel shows its numbers or dates
    widths: Mapping[int, float] = field(default_factory=dict)  # column: in characters


def workbook(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook of one sheet. Raises ValueError beyond Excel's rows."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        _fill(book, [Sheet("videos", columns, ((False, row) for row in rows))])
    return buffer.getvalue()


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """A workbook of several sheets, its rows not held in memory. Raises ValueError beyond Excel's rows."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        _fill(book, sheets)


def _fill(book: Any, sheets: Iterable[Sheet]) -> None:
    book.set_properties({"created": _CREATED})
    styles = _Styles(book)
    for sheet in sheets:
        _write_sheet(book.add_worksheet(sheet.name), sheet, styles)


class _Styles:
    """The formats of a workbook, each made when it is first used."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[bool, bool, str | None], Any] = {}

    def of(self, *, bold: bool = False, literal: bool = False, shown: str | None = None) -> Any:
        """The format of a cell; None for a plain one. Literal is what must never become a formula."""
        wanted = bold, literal, shown
        if any(wanted) and wanted not in self._made:
            asked = {"bold": bold, "quote_prefix": literal, "num_format": shown}
            self._made[wanted] = self._book.add_format({key: value for key, value in asked.items() if value})
        return self._made.get(wanted)


def _write_sheet(page: Any, sheet: Sheet, styles: _Styles) -> None:
    for column, width in sheet.widths.items():
        page.set_column(column, column, width)
    for column, name in enumerate(sheet.columns):
        page.write_string(0, column, name, styles.of(bold=True))
    last = 0
    for last, (bold, row) in enumerate(sheet.lines, start=1):
        if last > MOST_ROWS:
            raise ValueError(f"a sheet holds {MOST_ROWS:,} rows at most; use the CSV file")
        for column, value in enumerate(row):
            _write(page, (last, column), value, styles, bold=bold, shown=sheet.formats.get(column))
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, last, max(0, len(sheet.columns) - 1))


def _write(
    page: Any, cell: tuple[int, int], value: Any, styles: _Styles, *, bold: bool, shown: str | None
) -> None:
    if isinstance(value, bool):
        page.write_boolean(*cell, value, styles.of(bold=bold))
    elif isinstance(value, int | float):
        page.write_number(*cell, value, styles.of(bold=bold, shown=shown))
    elif isinstance(value, date) and shown:
        page.write_datetime(*cell, value, styles.of(bold=bold, shown=shown))
    elif value is not None:
        text = clean(str(value))
        literal = text.startswith(FORMULA_STARTS)
        page.write_string(*cell, text, styles.of(bold=bold, literal=literal))


def clean(text: str) -> str:
    """Text that a cell can hold: without forbidden characters, cut at Excel's limit with an ellipsis."""
    allowed = _FORBIDDEN.sub("", text)
    return allowed if len(allowed) <= LONGEST_CELL else allowed[: LONGEST_CELL - 1] + "…"
