"""What every importer is given: settings, lake, whether it may write, and room for scratch files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from video_analytics.lake import Lake
from video_analytics.settings import Settings

MEMORY = "100MB"  # of DuckDB; what goes beyond is sorted on disk
_AT_ONCE = 20_000  # rows


@dataclass(frozen=True)
class Desk:
    """Where an import works."""

    settings: Settings
    lake: Lake
    now: datetime
    scratch: Path
    dry_run: bool


def grouped(path: Path, names: Sequence[str], verdict: str) -> Iterator[tuple[tuple[Any, ...], pa.Table]]:
    """The rows with this verdict of a Parquet file sorted by `names`: a table for each value of these.

    One group is in memory at a time, its texts as dictionaries.
    """
    texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
    batches = pq.ParquetFile(path, read_dictionary=texts).iter_batches(_AT_ONCE)
    last: tuple[Any, ...] | None = None
    pieces: list[pa.Table] = []
    for key, piece in _pieces(batches, names, verdict):
        if key != last and last is not None:
            yield last, _joined(pieces)
        last = key
        pieces.append(piece)
    if last is not None:
        yield last, _joined(pieces)


def _joined(pieces: list[pa.Table]) -> pa.Table:
    """The pieces as one table, and nobody else holds them any longer."""
    table = pa.concat_tables(pieces)
    pieces.clear()
    return table


def shaped(rows: pa.Table, schema: pa.Schema, constants: Mapping[str, Any]) -> pa.Table:
    """The columns of a schema, each in one piece: from the rows, or the same value in every row."""
    arrays = [
        pa.repeat(pa.scalar(constants[field.name], field.type), rows.num_rows)
        if field.name in constants
        else rows[field.name].cast(field.type).combine_chunks()
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _pieces(
    batches: Iterable[pa.RecordBatch], names: Sequence[str], verdict: str
) -> Iterator[tuple[tuple[Any, ...], pa.Table]]:
    for batch in batches:
        table = pa.Table.from_batches([batch])
        rows = table.filter(pc.equal(table["verdict"], verdict))
        start = 0
        for key, run in groupby(zip(*(rows[name].to_pylist() for name in names), strict=True)):
            size = sum(1 for _ in run)
            yield key, rows.slice(start, size)
            start += size
