"""Exact coverage: which parts of each video every viewer saw, by day, by chunk and in all.

The computation is in the SQL beside this module, in the order of its steps: `coverage_stretches.sql` reads
the records, `coverage_part.sql` works through them some hundred thousand at a time, and one query for each
file says what is in it. Here is only what holds the steps together: the settings, the calendar of the
reporting zone, the loop over the parts, and the writing of files while the next part is being computed.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files as resources
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics.lake import quoted

STRETCHES_AT_ONCE = 125_000  # bounds memory; a viewer's stretches of a video stay together
PARTS_TO_SORT = 100  # looked for one by one, so many would cost more than to sort them once
PARTS_AT_ONCE = 2  # while a third is being written
KINDS = (
    "used",
    "clipped_end",
    "clipped_start",
    "zero_length",
    "negative",
    "outside",
    "unknown_session",
    "no_duration",
    "not_finite",
)
MICROSECONDS, DAY = 1_000_000, 86_400
EPOCH = date(1970, 1, 1).toordinal()
ZERO_GUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Rules:
    """What a day, a chunk, completed and anonymous mean."""

    zone: str  # IANA; the local day people read
    chunks: int = 20  # equal parts of each video
    completed_percent: float = 75.0
    anonymous: frozenset[str] = frozenset({ZERO_GUID})
    legacy_rows: bool = False  # the chunk rows of the scripts this replaces


def compute(connection: duckdb.DuckDBPyConnection, rules: Rules, folder: Path) -> dict[str, int]:
    """Write the five files of coverage into a folder; say what became of the records.

    The connection has the views `activity` and `sessions`. Each record falls into one class. Three are in the
    files: `used`, `clipped_start`, and `clipped_end` (also when clipped at both ends). The others are left
    out, as the first that holds of `unknown_session`, `not_finite`, `negative`, `zero_length` (shorter than a
    microsecond), `no_duration` (which still makes a viewer) and `outside`. `records` is the sum of all.
    """
    variables = _variables(rules)
    _set(connection, variables)
    connection.register("coverage_clock", clock(ZoneInfo(rules.zone)))
    try:
        connection.execute(_sql("coverage_stretches.sql"))
        if len(connection.sql("FROM coverage.parts").fetchall()) > PARTS_TO_SORT:
            connection.execute(_sql("coverage_sorted.sql"))
        _write_parts(connection, rules, folder)
        for name in ("session_measures", "chunk_measures"):
            target = quoted(str(folder / f"{name}.parquet"))
            connection.execute(f"COPY ({_sql(f'coverage_{name}.sql')}) TO {target}")
        found = connection.sql("SELECT kind, count(*) FROM coverage.stretches GROUP BY kind").fetchall()
    finally:
        connection.unregister("coverage_clock")
        connection.execute("DROP SCHEMA IF EXISTS coverage CASCADE")
    counts = dict.fromkeys(KINDS, 0) | dict(found)
    return {"records": sum(counts.values()), **counts}


def _variables(rules: Rules) -> dict[str, object]:
    return {
        "chunks": rules.chunks,
        "ticks": 1e6 * rules.chunks,  # in a second
        "enough": round(rules.completed_percent * 10_000),  # of a chunk or a video, in millionths
        "anonymous": sorted(user.lower() for user in rules.anonymous),
        "at_once": STRETCHES_AT_ONCE,
    }


def _set(connection: duckdb.DuckDBPyConnection, variables: Mapping[str, object]) -> None:
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])


@cache
def clock(zone: ZoneInfo) -> pa.Table:
    """For each UTC day: by how much local time is ahead of UTC `before` and `after` the clock `changed_at`.

    On most days it does not change: `changed_at` is 0. Days count from 1970, the rest are microseconds; days
    out of the range are taken for UTC's. All from Python's own time zones, as these are kept up to date with
    the system, while DuckDB's are as old as its release.
    """
    days = range(date(2000, 1, 1).toordinal() - EPOCH, date(2050, 1, 1).toordinal() - EPOCH)
    ahead = [_ahead(day * DAY, zone) for day in (*days, days.stop)]
    changes = [
        0 if before == after else _change(day, zone)
        for day, (before, after) in zip(days, pairwise(ahead), strict=True)
    ]
    columns = {
        "utc_day": days,
        "changed_at": (second * MICROSECONDS for second in changes),
        "before": (second * MICROSECONDS for second in ahead[:-1]),
        "after": (second * MICROSECONDS for second in ahead[1:]),
    }
    return pa.table({name: _integers(values) for name, values in columns.items()})


def _integers(values: Iterable[int]) -> pa.Array:
    held = array("q", values)  # as `pa.array` would load pandas
    return pa.Array.from_buffers(pa.int64(), len(held), [None, pa.py_buffer(held)])


def _change(day: int, zone: ZoneInfo) -> int:
    """The second on a UTC day in which a zone's clock changed."""
    start, end = day * DAY, (day + 1) * DAY
    before = _ahead(start, zone)
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if _ahead(middle, zone) == before else (start, middle)
    return end


def _ahead(second: int, zone: ZoneInfo) -> int:
    """Seconds by which local time is ahead of UTC at an instant."""
    return (datetime.fromtimestamp(second, zone).utcoffset() or timedelta()) // timedelta(seconds=1)


def _write_parts(connection: duckdb.DuckDBPyConnection, rules: Rules, folder: Path) -> None:
    words = {
        "session_id": _words(connection, "SELECT session_id FROM coverage.videos ORDER BY video"),
        "user_id": _words(connection, "SELECT user_id FROM coverage.viewers ORDER BY viewer"),
    }
    variables = _variables(rules) | {"viewers": len(words["user_id"])}
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", schema, **_WRITING))
            for name, schema in _SCHEMAS.items()
        }
        for rows in _parts(connection, variables, legacy_rows=rules.legacy_rows):
            _write(writers, rows, words)


def _parts(
    connection: duckdb.DuckDBPyConnection, variables: Mapping[str, object], *, legacy_rows: bool
) -> Iterator[dict[str, pa.Table]]:
    """What the parts give, in order; two are computed at a time, and others only when these are taken."""
    queries = {name: _sql(f"coverage_{name}.sql") for name in _SCHEMAS}
    if legacy_rows:
        queries["chunked_coverage"] = _sql("coverage_chunked_coverage_legacy.sql")
    waiting: deque[Future[dict[str, pa.Table]]] = deque()
    with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
        for first, last in connection.sql("FROM coverage.parts ORDER BY first_pair").fetchall():
            bounds = {"first_pair": first, "last_pair": last}
            waiting.append(threads.submit(_part, connection.cursor(), {**variables, **bounds}, queries))
            if len(waiting) > PARTS_AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _part(
    connection: duckdb.DuckDBPyConnection, variables: Mapping[str, object], queries: Mapping[str, str]
) -> dict[str, pa.Table]:
    with connection:
        _set(connection, variables)
        connection.execute(_sql("coverage_part.sql"))
        return {name: connection.sql(query).to_arrow_table() for name, query in queries.items()}


def _write(
    writers: dict[str, pq.ParquetWriter], rows: dict[str, pa.Table], words: dict[str, pa.Array]
) -> None:
    for name, writer in writers.items():
        columns = [
            _worded(column.combine_chunks(), words[field]) if field in words else column
            for field, column in zip(rows[name].column_names, rows[name].columns, strict=True)
        ]
        writer.write_table(pa.Table.from_arrays(columns, schema=writer.schema))


def _worded(numbers: pa.Array, words: pa.Array) -> pa.DictionaryArray:
    """Numbers as the words they stand for, with a dictionary of no more than these."""
    encoded = numbers.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices, words.take(encoded.dictionary))


def _words(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Array:
    return connection.sql(query).to_arrow_table().column(0).combine_chunks().cast(pa.string())


_NUMBER = pa.dictionary(pa.int32(), pa.string())
_KEY = {"session_id": _NUMBER, "user_id": _NUMBER}
_CHUNK = {"chunk_percent_covered": pa.float64(), "total_time_spent": pa.float64(), "completed": pa.int64()}
_DAY = {
    "date": pa.date32(),
    "chunk_index": pa.int64(),
    "chunk_start": pa.float64(),
    "chunk_end": pa.float64(),
}
_MEASURES = {  # null without a duration
    "covered_seconds": pa.float64(),
    "percent_covered": pa.float64(),
    "watch_seconds": pa.float64(),
    "rewatch_seconds": pa.float64(),
    "completed": pa.int64(),
}
_VIEWED = {
    "anonymous": pa.int64(),
    "first_viewed": pa.timestamp("us", tz="UTC"),
    "last_viewed": pa.timestamp("us", tz="UTC"),
    "records": pa.int64(),
}


def _schema(required: Mapping[str, pa.DataType], nullable: Sequence[str] = ()) -> pa.Schema:
    return pa.schema([pa.field(name, kind, name in nullable) for name, kind in required.items()])


_SCHEMAS = {  # of the files with rows for each viewer; those of measures are small and written by DuckDB
    "chunked_coverage": _schema(_KEY | _DAY | _CHUNK),
    "chunk_totals": _schema(_KEY | {"chunk_index": pa.int64(), "covered_seconds": pa.float64()} | _CHUNK),
    "viewer_coverage": _schema(_KEY | {"days": pa.int64()} | _MEASURES | _VIEWED, list(_MEASURES)),
}
_WRITING = {
    "use_dictionary": list(_KEY),
    "write_statistics": [*_KEY, "date", "chunk_index"],  # what readers look for
    "dictionary_pagesize_limit": 1 << 24,
    "store_schema": False,  # so that readers take ids for plain text
}


def _sql(name: str) -> str:
    return resources(__package__).joinpath(name).read_text(encoding="utf-8")
