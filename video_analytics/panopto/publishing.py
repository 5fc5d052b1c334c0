"""Rows into files that people open: streamed, replaced in one step, and only when they would differ.

CSV is UTF-8 with a plain newline, quoted only where needed, null and empty text alike an empty cell, numbers
and times as Python writes them. Names stay as they are, also where one begins with `=`, `+`, `-` or `@`:
these files are read as data (Tableau, pandas), where a quote put before a name would become part of the name
and match nothing any more. A spreadsheet should import them with their columns as text.
"""

import contextlib
import csv
import filecmp
import importlib
import importlib.util
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics import files
from video_analytics.lake import quoted

BATCH = 122_880  # rows


class _Unchanged(Exception):
    """What was just written is what lies there already."""


def replace_if_new(path: Path, write: Callable[[Path], None]) -> bool:
    """Replace `path` with what `write` makes; False if it held exactly that already (its times then stay)."""
    with contextlib.suppress(_Unchanged), files.replacing(path) as temporary:
        write(temporary)
        if path.exists() and filecmp.cmp(temporary, path, shallow=False):
            raise _Unchanged  # which removes what was just written
        return True
    return False


def write_csv(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> bool:
    """Publish the rows of a query as CSV with a header; False if nothing changed."""

    def write(temporary: Path) -> None:
        try:
            connection.execute(f"COPY ({query}) TO {quoted(str(temporary))} (FORMAT csv, HEADER true)")
        except duckdb.IOException as error:
            if temporary.name in str(error):  # not what was read: the disk it goes to
                raise OSError(f"{path}: {str(error).splitlines()[0]}") from error
            raise

    return replace_if_new(path, write)


def join_csv(columns: Sequence[str], parts: Sequence[Path], path: Path) -> bool:
    """Publish CSV files of the same columns as one, their rows as they are; False if nothing changed."""
    header = io.StringIO(newline="")
    csv.writer(header, lineterminator="\n").writerow(columns)

    def write(temporary: Path) -> None:
        with temporary.open("wb") as out:
            out.write(header.getvalue().encode())
            for part in parts:
                _append_rows(part, out)

    return replace_if_new(path, write)


def _append_rows(part: Path, out: BinaryIO) -> None:
    """Append what follows the header line, all of it from one version of the file."""
    start = out.tell()
    while True:
        version = _version(part)
        with part.open("rb") as file:
            header = len(file.readline())
        files.append(part, out, header, part.stat().st_size)
        if _version(part) == version:
            return
        out.seek(start)  # another run has just replaced it
        out.truncate()


def _version(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def write_parquet(schema: pa.Schema, tables: Iterable[pa.RecordBatchReader], path: Path) -> bool:
    """Publish rows as one Parquet file; False if nothing changed."""

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, schema) as writer:
            for batches in tables:
                for batch in batches:
                    writer.write_batch(batch)

    return replace_if_new(path, write)


def offers_hyper() -> bool:
    """Whether the extra that writes Tableau's own format is installed."""
    return importlib.util.find_spec("pantab") is not None


def write_hyper(tables: Mapping[str, Path], path: Path) -> bool:
    """Publish Parquet files as the tables of one .hyper file; False if it was made from these versions.

    The same rows give different bytes in this format, so its time is set to that of the newest of the files
    it was made from, and tells whether it still is.
    """
    newest = max((each.stat() for each in tables.values()), key=lambda status: status.st_mtime_ns)
    if path.exists() and path.stat().st_mtime_ns == newest.st_mtime_ns:
        return False
    pantab = importlib.import_module("pantab")
    with files.replacing(path) as temporary:
        readers = {name: _reader(parquet) for name, parquet in tables.items()}
        pantab.frames_to_hyper(readers, temporary, atomic=False)
        temporary.chmod(newest.st_mode)  # the library makes it for its owner alone
        os.utime(temporary, ns=(newest.st_mtime_ns, newest.st_mtime_ns))
    return True


def _reader(path: Path) -> pa.RecordBatchReader:
    held = pq.ParquetFile(path)
    return pa.RecordBatchReader.from_batches(held.schema_arrow, held.iter_batches(BATCH))
