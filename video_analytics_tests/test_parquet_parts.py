"""A file of parts reads as one, and a longer one begins with the bytes of a shorter."""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics import parquet_parts

Parts = list[list[tuple[int, str | None]]]

ROWS = st.lists(st.tuples(st.integers(-(2**40), 2**40), st.none() | st.text(max_size=5)), max_size=30)


def build(parts: Parts, folder: Path) -> tuple[Path, list[int], pa.Table]:
    path, ends = folder / "whole.parquet", []
    schema = pa.schema([("n", pa.int64()), ("s", pa.string())])
    tables = [pa.Table.from_pylist([{"n": n, "s": s} for n, s in rows], schema) for rows in parts]
    with path.open("wb") as out:
        out.write(parquet_parts.MAGIC)
        ends = [parquet_parts.append_part(out, table, ["s"], folder / "scratch") for table in tables]
        parquet_parts.finish(out, path, ends)
    return path, ends, pa.concat_tables(tables)


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_every_reader_sees_one_table(tmp_path_factory: pytest.TempPathFactory, parts: Parts) -> None:
    path, _, whole = build(parts, tmp_path_factory.mktemp("parts"))
    assert pq.ParquetFile(path).read() == whole
    held = duckdb.read_parquet(str(path))
    assert held.fetchall() == [(row["n"], row["s"]) for row in whole.to_pylist()]
    assert len(pd.read_parquet(path)) == whole.num_rows


@given(st.lists(ROWS, min_size=2, max_size=5))
def test_parts_depend_only_on_what_stands_before(
    tmp_path_factory: pytest.TempPathFactory, parts: Parts
) -> None:
    longer, ends, _ = build(parts, tmp_path_factory.mktemp("longer"))
    shorter, _, _ = build(parts[:-1], tmp_path_factory.mktemp("shorter"))
    assert shorter.read_bytes()[: ends[-2]] == longer.read_bytes()[: ends[-2]]


def test_the_magic_stands_at_both_ends(tmp_path: Path) -> None:
    path, ends, _ = build([[(1, "a")], [(2, None)]], tmp_path)
    content = path.read_bytes()
    assert content.startswith(parquet_parts.MAGIC)
    assert content.endswith(parquet_parts.MAGIC)
    assert ends[-1] < len(content)
