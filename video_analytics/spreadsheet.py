"""Workbooks that open safely: no cell runs, text stays text, the same rows give the same bytes."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

LONGEST_CELL = 32_767  # Excel's limit of characters in a cell
MOST_ROWS = 1_048_575  # Excel's limit, less the header
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML has no place for them
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a fixed time: no reading leaves a trace


def workbook(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """One sheet with a header line, frozen, filterable. Raises ValueError beyond Excel's rows."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
        sheet = book.add_worksheet("videos")
        bold, literal = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
        for column, name in enumerate(columns):
            sheet.write_string(0, column, name, bold)
        last = 0
        for last, row in enumerate(rows, start=1):
            if last > MOST_ROWS:
                raise ValueError(f"a sheet holds {MOST_ROWS:,} rows at most; use the CSV file")
            for column, value in enumerate(row):
                _write(sheet, last, column, value, literal)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, last, max(0, len(columns) - 1))
    return buffer.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, literal: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None:
        text = clean(str(value))
        sheet.write_string(row, column, text, literal if text.startswith(FORMULA_STARTS) else None)


def clean(text: str) -> str:
    """Text that a cell can hold: without forbidden characters, cut at Excel's limit with an ellipsis."""
    allowed = _FORBIDDEN.sub("", text)
    return allowed if len(allowed) <= LONGEST_CELL else allowed[: LONGEST_CELL - 1] + "…"
