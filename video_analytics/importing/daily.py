"""Daily analytics of the old scripts (33, 34 or 44 columns) as days of Brightcove that the lake lacks.

Every file is staged row by row, then all of them are judged together: rows said twice count once, rows that
contradict one another are refused, days that are held stay as they are. Ratios are not taken, as they follow
from the sums. The old files count television as "other", and have zeros where devices could not be read:
devices are taken where they add up to the views.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from video_analytics import lake as lakes
from video_analytics.brightcove.collect import SUMS
from video_analytics.brightcove.finality import IMPORTED, last_closed
from video_analytics.brightcove.tables import DAILY_ANALYTICS, DEVICE_COLUMNS, METRICS
from video_analytics.importing import columns, sheets
from video_analytics.importing.accounts import UNKNOWN, Accounts
from video_analytics.importing.columns import Column, Sieve
from video_analytics.importing.desk import MEMORY, Desk, distinct, grouped, judge, shaped
from video_analytics.importing.finding import Found
from video_analytics.importing.tally import SHOWN, Tally, Unreadable
from video_analytics.lake import day_key
from video_analytics.settings import Account

_INT, _FLOAT, _TEXT, _DAY = pa.int64(), pa.float64(), pa.string(), pa.date32()
_COUNTED = ("video_view", *DEVICE_COLUMNS, "video_impression", "video_seconds_viewed")
_IDS = (
    Column("account_id", columns.digits, _TEXT, "an account's id, all its digits"),
    Column("channel", columns.text_of, _TEXT, "a name"),
)
_KEYS = (
    Column("video_id", columns.digits, _TEXT, "a video's id, all its digits", needed=True),
    Column("date", columns.day, _DAY, "a day such as 2025-03-01", needed=True),
    Column("name", columns.text_of, _TEXT, "a name"),
    Column("report_generated_on", columns.day, _DAY, "a day such as 2025-03-01"),
)
_NUMBERS = tuple(
    Column(name, columns.count, _INT, "a whole number")
    if name in _COUNTED
    else Column(name, columns.amount, _FLOAT, "a number")
    for name in (*METRICS, *DEVICE_COLUMNS)
)
_COMPARED = [column.name for column in _NUMBERS]
_STAGED = pa.schema(
    [
        *(pa.field("file", _INT), pa.field("line", _INT), pa.field("account_id", _TEXT)),
        *(pa.field("video_id", _TEXT), pa.field("date", _DAY), pa.field("video_name", _TEXT)),
        pa.field("read_on", _DAY),
        *(pa.field(column.name, column.type) for column in _NUMBERS),
    ]
)
_JUDGED = f"""
    SELECT staged.*, CASE
        WHEN min(said) OVER same <> max(said) OVER same THEN 'contradictory'
        WHEN held.date IS NOT NULL THEN 'there'
        WHEN row_number() OVER (same ORDER BY file, line) > 1 THEN 'there'
        ELSE 'new' END AS verdict
    FROM (SELECT *, hash({", ".join(_COMPARED)}) AS said FROM staged) AS staged
    LEFT JOIN held USING (account_id, date)
    WINDOW same AS (PARTITION BY account_id, date, video_id)
    ORDER BY account_id, date, video_id, file, line
"""  # noqa: S608 - our own columns
_CONTRADICTS = "another row has other numbers for the same video and day"
_EXAMPLES = 1000  # rows that contradict one another, looked at for examples


def import_daily(desk: Desk, files: Sequence[Found]) -> None:
    """Take the days of these files; each file's tally says what became of its rows."""
    accounts = Accounts(desk.settings)
    staged = [
        path
        for number, file in enumerate(files)
        if (path := _stage(desk, accounts, number, file)) is not None
    ]
    if not staged:
        return
    judged = desk.scratch / "daily.judged.parquet"
    with lakes.connect(MEMORY) as connection:
        _judge(connection, desk, accounts, staged, judged)
        _count(connection, judged, files)
    _write(desk, judged, files)


# --- files to typed rows ----------------------------------------------------------------------------------


def _stage(desk: Desk, accounts: Accounts, number: int, file: Found) -> Path | None:
    """A file's good rows as Parquet; None where the file cannot be read whole."""
    path = desk.scratch / f"daily.{number}.parquet"
    wanted = [column.name for column in (*_IDS, *_KEYS, *_NUMBERS)]
    try:
        with pq.ParquetWriter(path, _STAGED) as writer:
            for block in sheets.blocks(file.path, wanted):
                writer.write_table(_typed(desk, accounts, number, block, file.tally))
    except Unreadable as error:
        file.tally.refuse_all(str(error))
        return None
    return path


def _typed(desk: Desk, accounts: Accounts, number: int, block: sheets.Block, tally: Tally) -> pa.Table:
    sieve = Sieve(block, tally)
    ids = [sieve.read(column).to_pylist() for column in _IDS]
    known = {pair: accounts.of(*pair) for pair in set(zip(*ids, strict=True))}
    owners = [known[pair] for pair in zip(*ids, strict=True)]
    sieve.refuse([owner is None for owner in owners], UNKNOWN)
    read = {column.name: sieve.read(column) for column in (*_KEYS, *_NUMBERS)}
    _refuse_days(desk, sieve, owners, read["date"])
    _drop_devices(sieve, read, tally)
    size = len(block.lines)
    today = pa.scalar(desk.now.date(), _DAY)
    arrays = {
        "file": pa.array(np.full(size, number)),
        "line": pa.array(sieve.lines),
        "account_id": pa.array([owner.id if owner else None for owner in owners], _TEXT),
        **read,
        "video_name": read["name"],
        "read_on": pc.fill_null(read["report_generated_on"], today),
    }
    table = pa.table({name: arrays[name] for name in _STAGED.names}, schema=_STAGED)
    return table.filter(pa.array(sieve.keep))


def _refuse_days(desk: Desk, sieve: Sieve, owners: Sequence[Account | None], days: pa.Array) -> None:
    start = desk.settings.brightcove.start_date
    last = {owner: last_closed(owner, desk.now) for owner in set(owners) if owner}
    held = days.to_pylist()
    early = f"the day is before brightcove.start_date ({start}); set an earlier one and import again"
    sieve.refuse([day is not None and day < start for day in held], early)
    young = [
        owner is not None and day is not None and day > last[owner]
        for owner, day in zip(owners, held, strict=True)
    ]
    sieve.refuse(young, "the day is not over")


def _drop_devices(sieve: Sieve, read: dict[str, pa.Array], tally: Tally) -> None:
    """Leave out devices that do not add up to the views."""
    devices = [read[name] for name in DEVICE_COLUMNS]
    total = devices[0]
    for column in devices[1:]:
        total = pc.add(total, column)
    agrees = pc.fill_null(pc.equal(total, read["video_view"]), fill_value=False)
    for name, column in zip(DEVICE_COLUMNS, devices, strict=True):
        read[name] = pc.if_else(agrees, column, None)
    told = pc.fill_null(pc.is_valid(total), fill_value=False).to_numpy(zero_copy_only=False)
    number = int((sieve.keep & told & ~agrees.to_numpy(zero_copy_only=False)).sum())
    tally.leave_out("rows without their devices, which do not add up to the views", number)


# --- judging ----------------------------------------------------------------------------------------------


def _judge(
    connection: duckdb.DuckDBPyConnection,
    desk: Desk,
    accounts: Accounts,
    staged: Sequence[Path],
    judged: Path,
) -> None:
    """Write all rows with their verdicts, in the order of accounts, days and videos."""
    held = [(id_, day) for id_ in accounts.by_id for day in desk.lake.days(DAILY_ANALYTICS, id_)]
    names = pa.array([id_ for id_, _ in held], _TEXT), pa.array([day for _, day in held], _DAY)
    connection.register("held", pa.table(dict(zip(("account_id", "date"), names, strict=True))))
    judge(connection, _JUDGED, staged, judged)


def _count(connection: duckdb.DuckDBPyConnection, judged: Path, files: Sequence[Found]) -> None:
    source = f"read_parquet({lakes.pattern(judged)})"
    query = f"SELECT file, verdict, count(*), min(line, {SHOWN}) FROM {source} GROUP BY ALL"  # noqa: S608
    for number, verdict, rows, lines in connection.sql(query).fetchall():
        tally = files[number].tally
        if verdict == "new":
            tally.taken += rows
        elif verdict == "there":
            tally.there += rows
        else:
            tally.refuse(_CONTRADICTS, lines, rows)
    query = (
        f"SELECT file, line, account_id, date, video_id, {', '.join(_COMPARED)} FROM {source} "  # noqa: S608
        f"WHERE verdict = 'contradictory' ORDER BY account_id, date, video_id, file, line LIMIT {_EXAMPLES}"
    )
    rows = connection.sql(query).to_arrow_table().to_pylist()
    for _, same in groupby(rows, key=lambda row: (row["account_id"], row["date"], row["video_id"])):
        _tell(list(same), files)


def _tell(rows: Sequence[dict[str, Any]], files: Sequence[Found]) -> None:
    """An example of rows that contradict one another, with both values, to each file they stand in."""
    first = rows[0]
    other, name = next(
        ((row, name) for row in rows[1:] for name in _COMPARED if row[name] != first[name]), (first, "")
    )
    if not name:  # the others were cut off from the examples
        return
    places = (f"{files[row['file']].tally.file}, line {row['line']}" for row in (first, other))
    found = ("nothing" if row[name] is None else row[name] for row in (first, other))
    values = " and ".join(f"{value} ({place})" for value, place in zip(found, places, strict=True))
    for number in dict.fromkeys(row["file"] for row in rows):
        notes = files[number].tally.notes
        if len(notes) < SHOWN:
            notes.append(f"video {first['video_id']} on {first['date']}: {name} {values}")


# --- the lake ---------------------------------------------------------------------------------------------


def _write(desk: Desk, judged: Path, files: Sequence[Found]) -> None:
    if desk.dry_run:
        return
    schema = DAILY_ANALYTICS.schema
    for (account_id, day), pieces in grouped(judged, ("account_id", "date"), schema):
        key = day_key(account_id, day)
        if desk.lake.path(DAILY_ANALYTICS, key).exists():  # a run has just read it
            continue
        sources = ", ".join(files[number].tally.file for number in distinct(pieces, "file"))
        table = shaped(pieces, schema, {"views_tv": None, "finality": IMPORTED})
        facts = {
            "finality": IMPORTED,
            "imported": True,
            "source": sources,
            "read_on": pc.max(table["read_on"]).as_py().isoformat(),
            "unattributed": {},
            **{name: pc.sum(table[column]).as_py() or 0 for name, column in SUMS.items()},
        }
        desk.lake.write(DAILY_ANALYTICS, key, table, facts)
