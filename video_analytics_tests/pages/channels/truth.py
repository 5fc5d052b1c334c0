"""What the page of channels must say, by SQL over the exported daily files and the lake."""

# ruff: noqa: S608 - SQL of the tests' own words

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb

from video_analytics.lake import connect
from video_analytics.settings import Settings

NARROW = "\u202f"
MONTHS = {  # the complete ones
    "Internet": ("2024-11", "2024-12", "2025-01", "2025-02", "2025-03"),
    "Intranet": ("2024-12", "2025-02", "2025-03"),
    "neo": ("2025-02", "2025-03"),
}
Cells = list[list[str]]


@dataclass(frozen=True)
class Choice:
    """Channels and years."""

    channels: tuple[str, ...] = ("Internet", "Intranet", "neo")
    since: int = 2024
    until: int = 2025

    def months(self, channel: str) -> list[str]:
        """The complete months of a channel in the years."""
        wanted = MONTHS[channel] if channel in self.channels else ()
        return [month for month in wanted if self.since <= int(month[:4]) <= self.until]


class Truth:
    """Answers from the files; `daily` are their rows, `lake` those of the days, both of complete months."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self._connection = connection
        daily = settings.exports / "brightcove" / "daily"
        csv = [str(path) for path in sorted(daily.glob("daily_analytics_*_*.csv"))]
        types = "{'video_id': 'VARCHAR', 'account_id': 'VARCHAR', 'country': 'VARCHAR'}"
        connection.execute(
            f"CREATE TABLE csv AS FROM read_csv({csv!r}, types = {types}, union_by_name = true)"
        )
        for name in ("daily_analytics", "cms_catalog", "last_viewed"):
            files = f"{settings.lake}/brightcove/{name}/**/*.parquet"
            connection.execute(f"CREATE TABLE lake_{name} AS FROM read_parquet('{files}')")
        connection.execute("CREATE TABLE names (account_id VARCHAR, channel VARCHAR)")
        pairs = [(each.id, each.name) for each in settings.brightcove.accounts]
        connection.executemany("INSERT INTO names VALUES (?, ?)", pairs)
        connection.execute("CREATE TABLE everything (channel VARCHAR, month VARCHAR)")
        complete = [(channel, month) for channel, months in MONTHS.items() for month in months]
        connection.executemany("INSERT INTO everything VALUES (?, ?)", complete)

    def choose(self, choice: Choice) -> None:
        """From now on `daily` and `lake` are of this choice."""
        pairs = [(channel, month) for channel in MONTHS for month in choice.months(channel)]
        channels = [(channel,) for channel in choice.channels]
        for name, columns, rows in (("chosen", "channel, month", pairs), ("here", "channel", channels)):
            listed = ", ".join(map(repr, rows)).replace(",)", ")") or "(NULL, NULL)"
            self._connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {name} AS FROM (VALUES {listed}) t({columns})"
            )
        for name, source in (
            ("daily", "csv"),
            ("lake", "(FROM lake_daily_analytics JOIN names USING (account_id))"),
        ):
            self._connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {source} AS rows "
                "JOIN (SELECT channel, month AS in_month FROM chosen) AS chosen "
                "ON rows.channel = chosen.channel AND strftime(rows.date, '%Y-%m') = in_month"
            )

    def rows(self, sql: str) -> list[Sequence[Any]]:
        """The answer to a question."""
        return list(self._connection.sql(sql).fetchall())

    def cells(self, sql: str, kinds: str) -> Cells:
        """The answer as a table of the page says it; a kind a column: see `said`."""
        return [[said(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in self.rows(sql)]


def said(value: Any, kind: str) -> str:
    """A value as text (t), count (0), number with digits (1, 2), or percent with one digit (%)."""
    if kind == "t":
        return str(value)
    if value is None:
        return "\u2013"
    exact = Decimal(repr(round(float(value), 9))).quantize(
        Decimal(1).scaleb(-1 if kind == "%" else -int(kind)), rounding=ROUND_HALF_UP
    )
    return f"{exact:,}".replace(",", NARROW) + (f"{NARROW}%" if kind == "%" else "")


@contextmanager
def truth_of(settings: Settings) -> Iterator[Truth]:
    """The truth about a home."""
    with connect() as connection:
        yield Truth(connection, settings)
