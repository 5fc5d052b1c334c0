"""Exact coverage: which parts of each video every viewer saw, by day, by chunk and in all.

The computation is in the SQL beside this module, in the order of its steps: `coverage_stretches.sql` reads
the records, `coverage_part.sql` works through them some hundred thousand at a time, and one query for each
file says what is in it. Here is only what holds the steps together: the settings, the calendar of the
reporting zone, the loop over the parts, and the writing of files while the next part is being computed.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files as resources
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics.lake import quoted

STRETCHES_AT_ONCE = 125_000  # bounds memory; a viewer's stretches of a video stay together
PARTS_AT_ONCE = 2
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
MICROSECONDS = 1_000_000
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

    The connection has the views `activity` and `sessions`. Each record is counted once: whole (`used`) or
    clipped (`clipped_start`; `clipped_end`, also when both), which all three count in the files; or left out
    as `unknown_session`, `not_finite`, `negative`, `zero_length`, `no_duration` or `outside`, the first that
    holds. Records without a duration still make a viewer. `records` is the sum of all.
    """
    variables = _variables(rules)
    _set(connection, variables)
    connection.register("clock", _clock(connection, ZoneInfo(rules.zone)))
    try:
        connection.execute(_sql("coverage_stretches.sql"))
        _write_parts(connection, rules, folder)
        for name in ("session_measures", "chunk_measures"):
            target = quoted(str(folder / f"{name}.parquet"))
            connection.execute(f"COPY ({_sql(f'coverage_{name}.sql')}) TO {target}")
        found = connection.sql("SELECT kind, count(*) FROM coverage.stretches GROUP BY kind").fetchall()
    finally:
        connection.unregister("clock")
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


def _clock(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> pa.Table:
    """For each UTC day with records: how far local time is ahead, and when that changed, if it did.

    All in microseconds but the day, which counts from 1970. From Python's own time zones, as these are kept
    up to date with the system; DuckDB's are as old as its release.
    """
    bounds = connection.sql("""
        SELECT epoch_us(min(time)) // 86_400_000_000, epoch_us(max(time)) // 86_400_000_000 FROM activity
        WHERE time BETWEEN TIMESTAMPTZ '1970-01-01 00:00:00+00' AND TIMESTAMPTZ '2100-01-01 00:00:00+00'
    """).fetchall()
    first, last = bounds[0]
    days = () if first is None else range(first, last + 1)
    columns = ("utc_day", "changed_at", "before", "after")
    rows = [(day, *_clock_of_day(day, zone)) for day in days]
    return pa.table(
        {name: pa.array([row[at] for row in rows], pa.int64()) for at, name in enumerate(columns)}
    )


def _clock_of_day(day: int, zone: ZoneInfo) -> tuple[int | None, int, int]:
    start, end = day * 86_400, (day + 1) * 86_400
    before, after = _ahead(start, zone), _ahead(end, zone)
    if before == after:
        return None, before, after
    while end - start > 1:  # zones change at whole seconds
        middle = (start + end) // 2
        start, end = (middle, end) if _ahead(middle, zone) == before else (start, middle)
    return end * MICROSECONDS, before, after


def _ahead(second: int, zone: ZoneInfo) -> int:
    ahead = datetime.fromtimestamp(second, zone).utcoffset() or timedelta()
    return ahead // timedelta(microseconds=1)


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
    values = numbers.to_numpy()
    here = np.zeros(len(words), dtype=bool)
    here[values] = True
    places = np.cumsum(here, dtype=np.int32) - 1
    return pa.DictionaryArray.from_arrays(pa.array(places[values], pa.int32()), words.filter(pa.array(here)))


def _words(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Array:
    return connection.sql(query).to_arrow_table().column(0).combine_chunks().cast(pa.string())


_KEY = [
    ("session_id", pa.dictionary(pa.int32(), pa.string())),
    ("user_id", pa.dictionary(pa.int32(), pa.string())),
]
_COVERED = [
    ("chunk_percent_covered", pa.float64()),
    ("total_time_spent", pa.float64()),
    ("completed", pa.int64()),
]
_SCHEMAS = {  # of the files with a row for each viewer; the two of measures are small and written by DuckDB
    "chunked_coverage": pa.schema(
        [
            *_KEY,
            ("date", pa.date32()),
            ("chunk_index", pa.int64()),
            ("chunk_start", pa.float64()),
            ("chunk_end", pa.float64()),
            *_COVERED,
        ]
    ),
    "chunk_totals": pa.schema(
        [*_KEY, ("chunk_index", pa.int64()), ("covered_seconds", pa.float64()), *_COVERED]
    ),
    "viewer_coverage": pa.schema(
        [
            *_KEY,
            ("days", pa.int64()),
            ("covered_seconds", pa.float64()),
            ("percent_covered", pa.float64()),
            ("watch_seconds", pa.float64()),
            ("rewatch_seconds", pa.float64()),
            ("completed", pa.int64()),
            ("anonymous", pa.int64()),
            ("first_viewed", pa.timestamp("us", tz="UTC")),
            ("last_viewed", pa.timestamp("us", tz="UTC")),
            ("records", pa.int64()),
        ]
    ),
}
_WRITING = {
    "use_dictionary": [
        "session_id",
        "user_id",
        "date",
        "chunk_index",
        "chunk_start",
        "chunk_end",
        "completed",
    ],
    "write_statistics": ["session_id", "user_id", "date", "chunk_index"],  # what readers look for
    "dictionary_pagesize_limit": 1 << 24,
    "store_schema": False,  # so that readers take ids for plain text
}


def _sql(name: str) -> str:
    return resources(__package__).joinpath(name).read_text(encoding="utf-8")
