"""The numbers of a report date as views, out of which every file is made.

measured, outcomes, forecasts, quarantined   tables of the lake, in their order
placed, shown_creators                       each session with its buckets; what stands for a creator
detail, totals, affected                     what the files add to them
"""

from collections.abc import Mapping
from importlib.resources import files as resources
from typing import Any

import duckdb
import pyarrow as pa

from video_analytics.errors import ReportError
from video_analytics.lake import Lake, Table, quoted
from video_analytics.panopto.reports.tables import SESSION_QUARANTINE, SESSION_USAGE
from video_analytics.panopto.retention.held import NONE, Held
from video_analytics.panopto.retention.measures import creator_label, number_creators
from video_analytics.panopto.retention.scenarios import ARCHIVED, DELETED, STORED, bucket_of, conditions
from video_analytics.panopto.retention.tables import (
    RETENTION_FORECAST,
    RETENTION_HOURS,
    RETENTION_SCENARIOS,
)

_MUST = {"measured": RETENTION_HOURS, "outcomes": RETENTION_SCENARIOS}
_MAY = {"forecasts": RETENTION_FORECAST, "quarantined": SESSION_QUARANTINE}


def offer(held: Held, lake: Lake) -> None:
    """Make the views.

    Raises:
        ReportError: the numbers of the date were not computed yet.
    """
    connection = held.connection
    for name, table in {**_MUST, **_MAY}.items():
        connection.register(name, _numbered(_read(lake, held, table, must=name in _MUST)))
    _check(held)
    connection.execute(
        "SET VARIABLE quarantined_hours = $1::DOUBLE", [facts(held, lake)["quarantined_hours"]]
    )
    connection.register("plans", _plans(held))
    number_creators(held)
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW shown_creators AS
        SELECT creator_key, {creator_label(held)} AS creator_shown FROM creators""")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW placed AS {_placed(held)}")
    connection.execute(
        resources("video_analytics.panopto.retention").joinpath("offered.sql").read_text("utf-8")
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE affected AS {_affected(held)}")


def has_forecast(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is one for the date."""
    return bool(connection.sql("FROM forecasts LIMIT 1").fetchall())


def facts(held: Held, lake: Lake) -> Mapping[str, Any]:
    """What is known of the snapshot: its period, its reports, what was put apart."""
    return lake.facts(SESSION_USAGE, held.day.isoformat()) or {}


def _read(lake: Lake, held: Held, table: Table, *, must: bool) -> pa.Table:
    rows = lake.read(table, held.day.isoformat())
    if rows is None and must:
        raise ReportError(
            f"report date {held.day}: expected {table.name}, got none; "
            "materialize panopto/retention of this date"
        )
    return table.schema.empty_table() if rows is None else rows


def _check(held: Held) -> None:
    """The numbers are of the scenarios that are set."""
    found = held.connection.sql(
        "SELECT scenario FROM outcomes GROUP BY scenario ORDER BY min(nth)"
    ).fetchall()
    computed, wanted = [name for (name,) in found], [each.name for each in held.retention.scenarios]
    if computed != wanted:
        raise ReportError(
            f"report date {held.day}: expected the numbers of {', '.join(wanted)}, got those of "
            f"{', '.join(computed) or 'none'}: settings have changed; "
            "materialize panopto/retention of this date"
        )


def _numbered(rows: pa.Table) -> pa.Table:
    """The rows with their place in the table, which a join would lose."""
    return rows.append_column("nth", pa.array(range(rows.num_rows), pa.int64()))


def _plans(held: Held) -> pa.Table:
    """Why the figures of a scenario differ, beyond what is the same in all."""
    rows = []
    for scenario in held.retention.scenarios:
        moved = f"({conditions(held, scenario)[STORED]}) AND archived_now"
        found = held.connection.sql(f"SELECT coalesce(sum(hours_us), 0)::BIGINT FROM cube WHERE {moved}")
        rows.append(
            {
                "scenario": scenario.name,
                "stays_archived": found.fetchall()[0][0],  # microseconds
                "archived_otherwise": scenario.published.archived is not None,
            }
        )
    return pa.Table.from_pylist(rows)


def _placed(held: Held) -> str:
    """Each session with its creator and with its bucket in each scenario."""
    buckets = [
        f"{bucket_of(conditions(held, scenario))} AS bucket_{number}"
        for number, scenario in enumerate(held.retention.scenarios)
    ]
    return f"SELECT *, {', '.join(buckets)} FROM held LEFT JOIN shown_creators USING (creator_key)"


def _affected(held: Held) -> str:
    """Who loses what, in each scenario: sums by folder and creator, the largest first."""
    numbers = range(len(held.retention.scenarios))
    parts = " UNION ALL ".join(
        _part(number, each.name) for number, each in enumerate(held.retention.scenarios)
    )
    return f"""
        WITH sums AS MATERIALIZED (
            SELECT {", ".join(f"bucket_{number}" for number in numbers)},
                   root_folder, folder_path, creator_key,
                   creator_shown, count(*) AS sessions, sum(hours_us)::BIGINT AS hours_us,
                   sum(views)::BIGINT AS views
            FROM placed GROUP BY ALL
        ), parts AS ({parts})
        SELECT *, row_number() OVER (
                      PARTITION BY number, bucket
                      ORDER BY hours_us DESC, sessions DESC, folder_path, root_folder, creator_key
                  ) AS rank
        FROM parts"""


def _part(number: int, scenario: str) -> str:
    return f"""
        SELECT {number} AS number, {quoted(scenario)} AS scenario, bucket_{number} AS bucket,
               root_folder, folder_path, creator_key, coalesce(creator_shown, {quoted(NONE)}) AS creator,
               sum(sessions)::BIGINT AS sessions, sum(hours_us)::BIGINT AS hours_us,
               sum(views)::BIGINT AS views
        FROM sums WHERE bucket_{number} IN ({quoted(ARCHIVED)}, {quoted(DELETED)}) GROUP BY ALL"""
