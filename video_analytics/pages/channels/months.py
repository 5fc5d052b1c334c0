"""Which months of a channel are complete, and the sums of each of its videos in them.

A month is complete when each of its days lies in the lake: it is over then, in the account's own time zone.
Months count from the year 0: `12 * year + month - 1`.
"""

import calendar
import contextlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics import files
from video_analytics import lake as lakes
from video_analytics.brightcove.collect import readings
from video_analytics.brightcove.finality import IMPORTED, PROVISIONAL
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.lake import Lake, day_key
from video_analytics.settings import Account

COMPLETE = "complete"
SUMS = (
    *("views", "seconds", "impressions", "p25", "p50", "p75", "p100"),
    *("desktop", "mobile", "tablet", "tv", "other"),
)

_FLOATS = ("p25", "p50", "p75", "p100")
_COLUMNS = ", ".join(
    [
        "video_id VARCHAR, month INTEGER",
        *(f"{name} {'DOUBLE' if name in _FLOATS else 'BIGINT'}" for name in SUMS),
        "without_tv BIGINT",
    ]
)
_SQL = resources.files(__package__).joinpath("months.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Months:
    """The months of a channel, from its first day in the lake to its last."""

    days: Mapping[int, Sequence[date]]  # those held of each month
    state: Mapping[int, str]  # of complete months: complete, or complete with provisional or imported days

    @property
    def last(self) -> date | None:
        """The last day held."""
        return max((day for days in self.days.values() for day in days), default=None)

    def left_out(self, month: int) -> str:
        """Why a month is none of the complete ones, in words."""
        days = self.days.get(month, [])
        size, missing = _size(month), _size(month) - len(days)
        if days and missing == size - days[-1].day and days[-1] == self.last:
            return f"held up to day {days[-1].day} of {size}"
        return f"{missing} of {size} days missing"


def months_of(lake: Lake, account: Account) -> Months:
    """The months of an account by the days in the lake."""
    held: dict[int, dict[date, str]] = defaultdict(dict)
    for day, was in readings(lake, account):
        held[number(day)][day] = was
    complete = {month: days for month, days in held.items() if len(days) == _size(month)}
    return Months(
        {month: sorted(days) for month, days in held.items()},
        {month: _worth(set(days.values())) for month, days in sorted(complete.items())},
    )


def number(day: date) -> int:
    """The month of a day."""
    return 12 * day.year + day.month - 1


def iso(month: int) -> str:
    """A month as 2026-01."""
    return f"{month // 12:04}-{month % 12 + 1:02}"


def sum_months(
    connection: duckdb.DuckDBPyConnection, lake: Lake, channels: Iterable[tuple[Account, Months]], kept: Path
) -> None:
    """Make the table `monthly`: a row for each channel, video and complete month, by the rows of the days.

    Opening thousands of day files takes seconds, so an account's sums are kept in the folder `kept`: a month
    is added up again only when one of its files has changed.
    """
    connection.execute(
        "SET preserve_insertion_order = false"
    )  # sums have no order, and need no memory for it
    connection.execute(f"CREATE TABLE monthly (channel INTEGER, {_COLUMNS})")
    for channel, (account, months) in enumerate(channels):
        path, prints = kept / f"{account.id}.parquet", _prints(lake, account, months)
        before = _kept(path)
        same = [month for month, print_ in prints.items() if before.get(str(month)) == print_]
        if same:
            connection.execute(
                f"INSERT INTO monthly SELECT $channel, * FROM read_parquet({lakes.pattern(path)}) "
                "WHERE list_contains($months, month)",
                {"channel": channel, "months": same},
            )
        changed = [day for month in prints.keys() - set(same) for day in months.days[month]]
        if changed:
            files_of_days = [lake.path(DAILY_ANALYTICS, day_key(account.id, day)) for day in sorted(changed)]
            lakes.scan(connection, "days", DAILY_ANALYTICS, files_of_days)
            connection.execute(_SQL, {"channel": channel})
        if before != {str(month): print_ for month, print_ in prints.items()}:
            _keep(connection, channel, path, prints)


def _prints(lake: Lake, account: Account, months: Months) -> dict[int, str]:
    """A fingerprint of the files of each complete month, and of how they are added up."""
    stamps: dict[int, list[object]] = defaultdict(list)
    for name, size, changed in lake.stamps(DAILY_ANALYTICS, account.id):
        stamps[number(date.fromisoformat(name[:10]))].append((name, size, changed))
    return {month: sha256(repr((_SQL, stamps[month])).encode()).hexdigest() for month in months.state}


def _kept(path: Path) -> dict[str, str]:
    """The fingerprints of the months whose sums are kept; none where the file is gone or damaged."""
    with contextlib.suppress(OSError, pa.ArrowInvalid, KeyError, ValueError):
        prints: dict[str, str] = json.loads(pq.ParquetFile(path).schema_arrow.metadata[lakes.FACTS])
        return prints
    return {}


def _keep(connection: duckdb.DuckDBPyConnection, channel: int, path: Path, prints: Mapping[int, str]) -> None:
    sql = "SELECT * EXCLUDE channel FROM monthly WHERE channel = $channel ORDER BY month, video_id"
    rows = connection.sql(sql, params={"channel": channel}).to_arrow_table()
    buffer = io.BytesIO()
    pq.write_table(rows.replace_schema_metadata({lakes.FACTS: json.dumps(prints)}), buffer)
    files.write_bytes(path, buffer.getvalue())


def _size(month: int) -> int:
    return calendar.monthrange(month // 12, month % 12 + 1)[1]


def _worth(readings_of_month: set[str]) -> str:
    return next((was for was in (PROVISIONAL, IMPORTED) if was in readings_of_month), COMPLETE)
