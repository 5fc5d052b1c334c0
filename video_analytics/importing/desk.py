"""What every importer is given: settings, lake, whether it may write, and room for scratch files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from video_analytics import lake as lakes
from video_analytics.lake import Lake
from video_analytics.settings import Settings

MEMORY = "150MB"  # of DuckDB; what goes beyond is sorted on disk
_MORE_MEMORY = "2GB"  # where that does not suffice
_AT_ONCE = 20_000  # rows

Pieces = list[pa.Table]


@dataclass(frozen=True)
class Desk:
    """Where an import works."""

    settings: Settings
    lake: Lake
    now: datetime
    scratch: Path
    dry_run: bool


def judge(connection: duckdb.DuckDBPyConnection, query: str, staged: Sequence[Path], judged: Path) -> None:
    """Write what `query` says of the staged rows of all files, in its order."""
    listed = ", ".join(lakes.pattern(path) for path in staged)
    connection.execute("SET threads = 1")  # each needs memory of its own
    connection.execute(f"CREATE TEMP VIEW staged AS FROM read_parquet([{listed}])")
    copy = f"COPY ({query}) TO {lakes.quoted(str(judged))} (FORMAT parquet)"
    try:
        connection.execute(copy)
    except duckdb.OutOfMemoryException:
        connection.execute(f"SET memory_limit = '{_MORE_MEMORY}'")
        connection.execute(copy)


def grouped(path: Path, keys: Sequence[str], schema: pa.Schema) -> Iterator[tuple[tuple[Any, ...], Pieces]]:
    """The new rows of a judged Parquet file, sorted by `keys`: for each value of these its rows in pieces.

    They have those columns of the schema that are there, and `file`; one group is in memory at a time.
    """
    held = pq.read_schema(path)
    names = [name for name in held.names if name in {*schema.names, *keys, "file", "verdict"}]
    texts = [name for name in names if pa.types.is_string(held.field(name).type)]  # few values each
    batches = pq.ParquetFile(path, read_dictionary=texts).iter_batches(_AT_ONCE, columns=names)
    last: tuple[Any, ...] | None = None
    pieces: Pieces = []
    for key, piece in _runs(batches, keys):
        if key != last and last is not None:
            yield last, pieces
            pieces = []
        last = key
        pieces.append(piece.select([name for name in names if name in schema.names or name == "file"]))
    if last is not None:
        yield last, pieces


def shaped(pieces: Pieces, schema: pa.Schema, constants: Mapping[str, Any]) -> pa.Table:
    """The columns of a schema, each in one piece: from the rows, or the same value in every row.

    The pieces are used up on the way, column by column, so that a year of records is in memory once.
    """
    rows = pa.concat_tables(pieces)
    pieces.clear()
    arrays: dict[str, Any] = {}
    for field in schema:
        if field.name not in constants:
            arrays[field.name] = rows[field.name].cast(field.type).combine_chunks()
            rows = rows.drop_columns([field.name])
    for name, value in constants.items():  # last, when the rows are gone
        arrays[name] = pa.repeat(pa.scalar(value, schema.field(name).type), rows.num_rows)
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def distinct(pieces: Pieces, name: str) -> list[Any]:
    """The values of a column, each once, in order."""
    return sorted({value for piece in pieces for value in pc.unique(piece[name]).to_pylist()})


def _runs(
    batches: Iterable[pa.RecordBatch], keys: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], pa.Table]]:
    for batch in batches:
        table = pa.Table.from_batches([batch])
        rows = table.filter(pc.equal(table["verdict"].cast(pa.string()), "new"))
        start = 0
        for key, run in groupby(zip(*(rows[name].to_pylist() for name in keys), strict=True)):
            size = sum(1 for _ in run)
            yield key, rows.slice(start, size)
            start += size
