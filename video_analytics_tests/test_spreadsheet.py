"""Workbooks: opened with another program's eyes, no cell runs and every text is what it was."""

import io
import re
import string
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from video_analytics.spreadsheet import LONGEST_CELL, MOST_ROWS, clean, workbook

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    '=HYPERLINK("http://x.example";"y")',
    "=cmd|' /C calc'!A0",
    "{=1+1}",
    " =1+1",
    "https://x.example/a",
    "mailto:a@example.com",
    "internal:Sheet1!A1",
)
FORBIDDEN = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, 0xD800, 0xDFFF)]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data)).active


def raw_cells(data: bytes) -> list[tuple[str, str | None]]:
    """Type and text of every cell as they stand in the file; escapes for control characters resolved."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{MAIN}t"))
            for item in ET.fromstring(parts.read("xl/sharedStrings.xml"))  # noqa: S314 - just written
        ]
        sheet = ET.fromstring(parts.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - just written
    cells: list[tuple[str, str | None]] = []
    for cell in sheet.iter(f"{MAIN}c"):
        assert cell.find(f"{MAIN}f") is None
        value, kind = cell.findtext(f"{MAIN}v"), cell.get("t", "n")
        text = shared[int(value or 0)] if kind == "s" else value
        cells.append((kind, _resolved(text) if kind == "s" and text is not None else text))
    return cells


def _resolved(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def test_header_rows_and_layout() -> None:
    sheet = opened(workbook(["id", "name"], [["0001", "a"], ["0002", None]]))
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["id", "name"],
        ["0001", "a"],
        ["0002", None],
    ]
    assert sheet["A1"].font.b is True
    assert sheet["A2"].font.b is False
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B3"


def test_no_rows_and_no_columns() -> None:
    assert [cell.value for cell in opened(workbook(["id", "name"], []))[1]] == ["id", "name"]
    assert opened(workbook([], [])).max_row == 1


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_runs(text: str) -> None:
    data = workbook([text, "b"], [[text, text]])
    for row in opened(data).iter_rows():
        for cell in row:
            if cell.value != "b":
                assert (cell.data_type, cell.hyperlink) == ("s", None)
    assert raw_cells(data) == [("s", text), ("s", "b"), ("s", text), ("s", text)]
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert [name for name in parts.namelist() if "_rels/sheet" in name or "external" in name] == []


@pytest.mark.parametrize("text", FORMULAS[:7])
def test_a_text_like_a_formula_stays_text_when_somebody_edits_it(text: str) -> None:
    cell = opened(workbook(["a"], [[text]]))["A2"]
    assert cell.quotePrefix


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=6))
def test_any_text_is_the_same_text_without_what_no_cell_can_hold(texts: list[str]) -> None:
    cells = raw_cells(workbook(["a"], [[text] for text in texts]))
    allowed = [re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text) for text in texts]
    assert [(kind, text or "") for kind, text in cells[1:] if text] == [
        ("s", text) for text in allowed if text
    ]


def test_escapes_of_the_format_itself_survive() -> None:
    text = "_x000D_ and _x005F_ & <b> \"quoted\" 'single' ]]>"
    assert raw_cells(workbook(["a"], [[text]]))[1] == ("s", text)
    assert opened(workbook(["a"], [["a & <b> ]]> é 漢 🎬"]]))["A2"].value == "a & <b> ]]> é 漢 🎬"


@pytest.mark.parametrize("character", FORBIDDEN)
def test_characters_no_cell_can_hold_are_removed(character: str) -> None:
    assert clean(f"a{character}b{character}") == "ab"
    assert opened(workbook(["a"], [[f"a{character}=b"]]))["A2"].value == "a=b"


def test_what_is_left_when_they_are_gone_is_no_formula_either() -> None:
    data = workbook(["a"], [["\x00=1+1"], ["\x1f\x02-1"]])
    assert raw_cells(data)[1:] == [("s", "=1+1"), ("s", "-1")]
    assert opened(data)["A2"].quotePrefix


def test_lines_and_tabs_stay() -> None:
    assert clean("a\tb\nc\rd") == "a\tb\nc\rd"
    assert raw_cells(workbook(["a"], [["a\tb\nc\rd"]]))[1] == ("s", "a\tb\nc\rd")


def test_long_text_is_cut_at_the_limit() -> None:
    longest = "x" * LONGEST_CELL
    cells = opened(workbook(["a"], [["y" * 40_000], [longest], [longest + "x"]]))
    assert cells["A2"].value == "y" * (LONGEST_CELL - 1) + "…"
    assert cells["A3"].value == longest
    assert cells["A4"].value == "x" * (LONGEST_CELL - 1) + "…"
    assert LONGEST_CELL == 32_767


def test_ids_stay_text_and_numbers_numbers() -> None:
    row = ["6300000000001", "000123", "1e5", "TRUE", 185432, 1.5, 0, -3, True, False, None, ""]
    cells = list(opened(workbook(list(string.ascii_letters[: len(row)]), [row]))[2])
    assert [cell.value for cell in cells[:10]] == row[:10]
    assert [cell.data_type for cell in cells[:10]] == [*"ssss", *"nnnn", *"bb"]
    assert cells[10].value is None
    assert cells[11].value in {None, ""}


def test_the_same_rows_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["1", "=a", 3, None, True], ["2", "é", 4.5, "x" * 40_000, False]]
    first = workbook(list("abcde"), rows)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert workbook(list("abcde"), [list(row) for row in rows]) == first
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "2000-01-01" in parts.read("docProps/core.xml").decode()


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ROWS == 2**20 - 1
    monkeypatch.setattr("video_analytics.spreadsheet.MOST_ROWS", 3)
    assert opened(workbook(["a"], [["x"]] * 3)).max_row == 4
    with pytest.raises(ValueError, match="3 rows at most; use the CSV file"):
        workbook(["a"], [["x"]] * 4)
