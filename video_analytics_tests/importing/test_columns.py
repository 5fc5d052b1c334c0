"""Texts with types: what is taken for what, and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.importing import columns
from video_analytics.importing.columns import NOTHING, Column, Sieve
from video_analytics.importing.sheets import Block
from video_analytics.importing.tally import Tally


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (columns.count, "4", 4),
        (columns.count, "4.0", 4),
        (columns.count, "4.", 4),
        (columns.count, "0", 0),
        (columns.count, "9007199254740992", 2**53),
        (columns.amount, "3.0000000000000004", 3.0000000000000004),
        (columns.amount, "1e-05", 1e-05),
        (columns.number, "-2.5", -2.5),
        (columns.digits, "6300000000001", "6300000000001"),
        (columns.digits, "6300000000001.0", "6300000000001"),
        (columns.digits, "000123", "000123"),
        (columns.day, "2024-02-29", date(2024, 2, 29)),
        (columns.day, "2026-01-05T08:30:00.123456", date(2026, 1, 5)),
        (columns.day, "2026-01-05 08:30:00", date(2026, 1, 5)),
        (columns.instant, "2024-09-12 18:59:58+00:00", datetime(2024, 9, 12, 18, 59, 58, tzinfo=UTC)),
        (columns.instant, "2024-09-12T20:59:58+02:00", datetime(2024, 9, 12, 18, 59, 58, tzinfo=UTC)),
        (columns.instant, "2024-09-12 18:59:58.5+00:00", datetime(2024, 9, 12, 18, 59, 58, 500000, UTC)),
        (columns.guid, "ABCDEF01-2222-4b4b-8c8c-B0A100D62000", "abcdef01-2222-4b4b-8c8c-b0a100d62000"),
    ],
)
def test_what_is_taken(parse: Callable[[str], Any], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "texts"),
    [
        (
            columns.count,
            ["4.5", "-1", "1e3", "x", "4,000", "9007199254740993", "0x10", "\u0661", "inf", "1_0"],
        ),
        (columns.amount, ["-0.5", "inf", "-inf", "1e999", "1,5", "1_0", "x", "--1"]),
        (columns.number, ["NaN1", "infinity", "1_000", "1 000", "nan"]),
        (columns.digits, ["6.3e+12", "63x", "-63", "1.5"]),
        (columns.day, ["2024-02-30", "01/02/2024", "20240203", "2024-2-3", "2024-W05-1", "2024-02-03x"]),
        (columns.instant, ["2024-09-12 18:59:58", "2024-09-12", "yesterday", "2024-13-01 00:00:00+00:00"]),
        (columns.guid, ["", "5b1d0c1e", "{5b1d0c1e-3333-4c4c-8d8d-af0100e73000}", "a" * 64]),
    ],
)
def test_what_is_refused(parse: Callable[[str], Any], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError):  # noqa: PT011 - its text is shown to nobody
            parse(text)


@given(st.floats(0, allow_nan=False, allow_infinity=False))
def test_every_number_comes_back_as_it_was_written(value: float) -> None:
    assert columns.amount(repr(value)) == value


@given(st.integers(0, 2**53), st.sampled_from(["", ".0", ".00"]))
def test_every_count_comes_back_as_it_was_written(value: int, fraction: str) -> None:
    assert columns.count(f"{value}{fraction}") == value


@pytest.mark.parametrize("text", [*sorted(NOTHING), "  ", " nan "])
def test_nothing_is_null_or_refused_where_it_is_needed(text: str) -> None:
    tally = Tally("old.csv", "daily analytics")
    sieve = Sieve(Block([2, 3], {"views": [text, "4"]}, []), tally)
    assert sieve.read(Column("views", columns.count, pa.int64(), "a whole number")).to_pylist() == [None, 4]
    assert sieve.keep.tolist() == [True, True]
    sieve.read(Column("views", columns.count, pa.int64(), "a whole number", needed=True))
    assert sieve.keep.tolist() == [False, True]
    assert tally.told() == ["1 refused: views is empty (line 2)"]


def test_a_row_falls_once_for_the_first_reason() -> None:
    tally = Tally("old.csv", "daily analytics")
    texts = {"views": ["x", "1", "y", "2"], "day": ["?", "?", "2025-01-01", "2025-01-01"]}
    sieve = Sieve(Block([2, 3, 4, 5], texts, [9]), tally)
    sieve.read(Column("views", columns.count, pa.int64(), "a whole number"))
    sieve.read(Column("day", columns.day, pa.date32(), "a day"))
    assert sieve.keep.tolist() == [False, False, False, True]
    assert tally.refused == 4
    assert tally.told() == [
        "1 refused: another number of cells than the header has (line 9)",
        "2 refused: views: expected a whole number (lines 2, 4)",
        "1 refused: day: expected a day (line 3)",
    ]


def test_a_column_that_is_not_there_holds_nothing() -> None:
    sieve = Sieve(Block([2, 3], {}, []), Tally("old.csv", "daily analytics"))
    assert sieve.read(Column("views", columns.count, pa.int64(), "a whole number")).to_pylist() == [
        None,
        None,
    ]
