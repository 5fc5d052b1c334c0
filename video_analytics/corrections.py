"""The correction ledger: what a later reading of a day changed against the one before.

A partition of a ledger is a day, with a row for each time it moved. It is written before the day itself is
replaced, so that no change goes unnoticed; the version that came tells a repetition after a crash.
"""

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from video_analytics.lake import Lake, Table, day_key

SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),  # the account's or course's id
        pa.field("date", pa.date32(), nullable=False),  # the day that moved
        pa.field("noticed_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("finality_before", pa.string()),  # of the readings; null where there is no such thing
        pa.field("finality_after", pa.string()),
        pa.field("rows_before", pa.int64(), nullable=False),
        pa.field("rows_after", pa.int64(), nullable=False),
        pa.field("views_before", pa.int64()),  # null for viewing records, which know no views
        pa.field("views_after", pa.int64()),
        pa.field("seconds_before", pa.float64(), nullable=False),
        pa.field("seconds_after", pa.float64(), nullable=False),
        pa.field("version_before", pa.string(), nullable=False),  # fingerprints of the two readings
        pa.field("version_after", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Version:
    """One reading of a day: its fingerprint, what it was worth, its rows, views and seconds viewed."""

    digest: str
    finality: str | None
    rows: int
    views: int | None
    seconds: float


def ledger(vendor: str) -> Table:
    """The ledger of a vendor's days."""
    return Table(f"{vendor}/corrections", SCHEMA)


def note(
    lake: Lake, table: Table, owner: str, day: date, before: Version, after: Version, at: datetime
) -> None:
    """Add a correction to the ledger, unless it is its last one already."""
    key = day_key(owner, day)
    held = lake.read(table, key)
    rows = held.to_pylist() if held is not None else []
    last = rows[-1] if rows else {}
    if (last.get("version_before"), last.get("version_after")) == (before.digest, after.digest):
        return
    row = {
        "source_id": owner,
        "date": day,
        "noticed_at": at,
        **{f"{name}_before": value for name, value in _columns(before).items()},
        **{f"{name}_after": value for name, value in _columns(after).items()},
    }
    lake.write(table, key, pa.Table.from_pylist([*rows, row], SCHEMA), {})


def _columns(version: Version) -> dict[str, object]:
    return {
        "version": version.digest,
        "finality": version.finality,
        "rows": version.rows,
        "views": version.views,
        "seconds": float(version.seconds),
    }
