"""The lake: one Parquet file for each partition of a table, replaced whole, read with DuckDB.

    {root}/{table}/{key}.parquet          a partition; a table by day has keys {owner}/{year}/{day}
    {root}/{table}/{key}.failed.json      the last attempt failed; says why; gone with the next success

Facts about a partition (rows, finality, what could not be attributed …) live in the footer of its file,
so that data and what is known about it can never be of two versions. A partition that was read and is
empty is a file with zero rows; one that was never read is no file.
"""

import contextlib
import glob
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics import files
from video_analytics.clock import now
from video_analytics.errors import LakeError

FACTS = b"video_analytics"
ROW_GROUP = 1 << 17  # rows; bounds memory
DAY_CHARACTERS = len("2026-01-31")
DIGESTED_AT_ONCE = 250_000  # rows; bounds memory


@dataclass(frozen=True)
class Table:
    """A table of the lake: its place and its columns; `marks` are columns that do not make it new."""

    name: str
    schema: pa.Schema
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why a partition's last attempt failed, how often it did since it last succeeded, and when."""

    reason: str
    attempts: int
    permanent: bool  # asking again cannot help before somebody has changed something
    since: datetime
    at: datetime


def day_key(owner: str, day: date) -> str:
    """The key of one owner's (an account's, a course's) day."""
    return f"{owner}/{day.year}/{day.isoformat()}"


class Lake:
    """Reads and writes partitions below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, table: Table, key: str) -> Path:
        """Where a partition lies, whether or not it exists."""
        return self.root / table.name / f"{key}.parquet"

    def write(
        self,
        table: Table,
        key: str,
        data: pa.Table,
        facts: Mapping[str, Any],
        digest: str | None = None,
        failure: str | None = None,
    ) -> bool:
        """Replace a partition; False if it already held the same, apart from the table's marks.

        `data` must have the table's columns, in any order; `digest` stands for rows and facts where the
        caller knows a cheaper fingerprint of them. `failure` says why it is not whole: it is marked as failed
        before it is written, so that at no moment it passes for complete.
        Raises LakeError if `data` does not fit the schema.
        """
        shaped = _shaped(table, data)
        digest = digest or self.digest(table, shaped, facts)
        if failure is not None:
            self.fail(table, key, failure)
        if self._digest_held(table, key) == digest:
            self._succeed(table, key, failure)
            return False
        text = json.dumps({**facts, "rows": shaped.num_rows, "digest": digest}, sort_keys=True)
        buffer = io.BytesIO()
        # numbers rarely repeat
        texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
        described = shaped.replace_schema_metadata({FACTS: text})
        pq.write_table(described, buffer, use_dictionary=texts, row_group_size=ROW_GROUP)
        files.write_bytes(self.path(table, key), buffer.getvalue())
        self._succeed(table, key, failure)
        return True

    def facts(self, table: Table, key: str) -> dict[str, Any] | None:
        """What was recorded with a partition; None if it was never written."""
        path = self.path(table, key)
        if not path.exists():
            return None
        try:
            metadata = pq.read_metadata(path).metadata or {}
            facts: dict[str, Any] = json.loads(metadata[FACTS])
        except (pa.ArrowInvalid, KeyError, ValueError, OSError) as error:
            raise _damaged(path, error) from error
        return facts

    def read(self, table: Table, key: str) -> pa.Table | None:
        """A partition's rows; None if it was never written."""
        if self.facts(table, key) is None:
            return None
        try:
            return pq.ParquetFile(self.path(table, key)).read().replace_schema_metadata(None)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.path(table, key), error) from error

    def digest(self, table: Table, data: pa.Table, facts: Mapping[str, Any]) -> str:
        """A fingerprint of rows, apart from the table's marks, and facts; the same in every process."""
        return _digest(_shaped(table, data).drop_columns(list(table.marks)), facts)

    def fail(self, table: Table, key: str, reason: str, *, permanent: bool = False) -> None:
        """Record that the last attempt at a partition failed; what it holds from before stays."""
        before, instant = self.failed(table, key), now()
        said = {
            "reason": reason,
            "attempts": before.attempts + 1 if before else 1,
            "permanent": permanent,
            "since": (before.since if before else instant).isoformat(),
            "at": instant.isoformat(),
        }
        files.write_bytes(self._failure(table, key), json.dumps(said).encode())

    def failed(self, table: Table, key: str) -> Failure | None:
        """How the last attempt at a partition failed; None if it did not."""
        path = self._failure(table, key)
        try:
            said = json.loads(path.read_bytes())
            since, at = (datetime.fromisoformat(said[name]) for name in ("since", "at"))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError):  # of an earlier version, or damaged: that it failed is sure
            return Failure(_first_reason(path), 1, permanent=False, since=now(), at=now())
        return Failure(said["reason"], said["attempts"], said["permanent"], since, at)

    def failure(self, table: Table, key: str) -> str | None:
        """Why the last attempt at a partition failed; None if it did not."""
        failed = self.failed(table, key)
        return failed.reason if failed else None

    def days(self, table: Table, owner: str, suffix: str = ".parquet") -> Iterator[date]:
        """The days of an owner that have a file, in order."""
        for entry in self._scanned(table, owner, suffix):
            yield date.fromisoformat(entry.name[:10])

    def failed_days(self, table: Table, owner: str) -> Iterator[date]:
        """The days of an owner whose last attempt failed, in order."""
        return self.days(table, owner, ".failed.json")

    def stamp(self, table: Table, key: str) -> tuple[int, int]:
        """Size and time of a partition's file, which stay while its content does; zeros where none is."""
        with contextlib.suppress(FileNotFoundError):
            status = self.path(table, key).stat()
            return status.st_size, status.st_mtime_ns
        return 0, 0

    def stamps(self, table: Table, owner: str) -> Iterator[tuple[str, int, int]]:
        """Name, size and time of each file of an owner's days, in order."""
        for entry in self._scanned(table, owner, ".parquet"):
            yield entry.name, entry.stat().st_size, entry.stat().st_mtime_ns

    def _scanned(self, table: Table, owner: str, suffix: str) -> Iterator[os.DirEntry[str]]:
        """The files of an owner's days; those that are being written begin with a dot."""
        for year in sorted((self.root / table.name / owner).glob("????")):
            with os.scandir(year) as found:
                days = [each for each in found if len(each.name) == DAY_CHARACTERS + len(suffix)]
            yield from sorted((each for each in days if each.name.endswith(suffix)), key=_name_of)

    def day_files(self, table: Table, owners: Iterable[str], since: date, until: date) -> list[Path]:
        """The files of the owners' days from `since` to `until`, both included."""
        folders = [self.root / table.name / owner for owner in owners]
        found = (path for folder in folders for path in folder.glob("*/????-??-??.parquet"))
        return sorted(path for path in found if since.isoformat() <= path.stem <= until.isoformat())

    def files(self, table: Table, keys: Iterable[str]) -> list[Path]:
        """The files of those of the keys that exist."""
        return [path for key in keys if (path := self.path(table, key)).exists()]

    def _succeed(self, table: Table, key: str, failure: str | None) -> None:
        if failure is None:
            self._failure(table, key).unlink(missing_ok=True)

    def _digest_held(self, table: Table, key: str) -> str | None:
        try:
            return (self.facts(table, key) or {}).get("digest")
        except LakeError:  # damaged: what is being written mends it
            return None

    def _failure(self, table: Table, key: str) -> Path:
        return self.path(table, key).with_suffix(".failed.json")


def _name_of(entry: os.DirEntry[str]) -> str:
    return entry.name


def _first_reason(path: Path) -> str:
    with contextlib.suppress(ValueError, KeyError, OSError):
        return str(json.loads(path.read_bytes())["reason"])
    return "the last attempt failed; its reason cannot be read"


def _damaged(path: Path, error: Exception) -> LakeError:
    return LakeError(
        f"{path}: expected a Parquet file of this lake, got {type(error).__name__}; "
        "move it away and fetch the partition again"
    )


@contextlib.contextmanager
def connect(memory: str = "2GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-process DuckDB that spills to disk instead of growing, and keeps row order.

    A file it cannot read is a LakeError, as everywhere.
    """
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{memory}'")
        connection.execute(f"SET temp_directory = {quoted(spill)}")
        connection.execute("SET TimeZone = 'UTC'")
        try:
            yield connection
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            said = str(error).splitlines()[0]
            raise LakeError(f"{said}; move it away and fetch the partition again") from error


def scan(connection: duckdb.DuckDBPyConnection, name: str, table: Table, paths: Sequence[Path]) -> None:
    """Make the files of a table readable as the view `name`; no files make an empty view."""
    if paths:
        listed = ", ".join(pattern(path) for path in paths)
        sql = f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet([{listed}])"  # noqa: S608 - own paths, quoted
        connection.execute(sql)
    else:
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.register(name, table.schema.empty_table())


def publish_warehouse(lake: Lake, tables: Sequence[Table]) -> Path:
    """Write `warehouse.duckdb`: one view for each table, over all its files, for analysts.

    The views hold the lake's absolute path: after moving a home, the next run writes them anew.
    """
    target = lake.root / "warehouse.duckdb"
    with files.replacing(target) as temporary, duckdb.connect(str(temporary)) as connection:
        for table in tables:
            vendor, view = table.name.split("/", 1)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {vendor}")
            connection.execute(f"CREATE VIEW {vendor}.{view} AS {_view(lake, table)}")
    return target


def _view(lake: Lake, table: Table) -> str:
    folder = lake.root / table.name
    if next(folder.rglob("*.parquet"), None) is not None:
        return f"FROM read_parquet({quoted(glob.escape(str(folder)) + '/**/*.parquet')})"
    columns = ", ".join(f'CAST(NULL AS {_SQL_TYPES[field.type]}) AS "{field.name}"' for field in table.schema)
    return f"SELECT {columns} LIMIT 0"


_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}


def pattern(path: Path) -> str:
    """A path as an SQL literal that DuckDB, which reads paths as patterns, takes for this one file."""
    return quoted(glob.escape(str(path)))


def quoted(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _shaped(table: Table, data: pa.Table) -> pa.Table:
    try:
        columns = [
            column if (column := data[field.name]).type == field.type else column.cast(field.type)
            for field in table.schema
        ]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
        raise LakeError(f"{table.name}: the rows do not fit the table: {error}") from error
    for field, column in zip(table.schema, columns, strict=True):
        if not field.nullable and column.null_count:
            raise LakeError(f"{table.name}: {field.name} must not be null, {column.null_count} rows are")
    return pa.Table.from_arrays(columns, schema=table.schema).combine_chunks()


def _digest(data: pa.Table, facts: Mapping[str, Any]) -> str:
    """A fingerprint of rows and facts, the same in every process."""
    digest = hashlib.sha256()
    with pa.ipc.new_stream(pa.PythonFile(_Into(digest), "w"), data.schema) as writer:
        for start in range(0, max(1, data.num_rows), DIGESTED_AT_ONCE):
            part = data.slice(start, DIGESTED_AT_ONCE)
            clean = part.take(pa.array(range(part.num_rows), pa.int64()))  # a copy: no rubbish beneath nulls
            writer.write_table(clean)
    said = json.dumps({key: value for key, value in facts.items() if key != "read_on"}, sort_keys=True)
    digest.update(said.encode())
    return digest.hexdigest()


class _Into(io.RawIOBase):
    """A file that only feeds a fingerprint."""

    def __init__(self, digest: "hashlib._Hash") -> None:
        self._digest = digest

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, data: Any) -> int:
        """Take what comes."""
        self._digest.update(data)
        return len(data)
