"""What the reports of a date say together: one row for each session that counts, and those that do not.

The merging is in `snapshot.sql` and `sessions.sql`; which reports count is in `choosing.py`.
"""

from datetime import date, datetime, time
from importlib.resources import files as resources
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from video_analytics.days import ONE_DAY
from video_analytics.lake import Lake, connect, quoted, scan
from video_analytics.panopto.reports.choosing import Choice, chosen, reports_held
from video_analytics.panopto.reports.kinds import CREATED, STORAGE
from video_analytics.panopto.reports.tables import (
    REPORT_FINDINGS,
    REPORT_ROWS,
    SESSION_QUARANTINE,
    SESSION_USAGE,
)

_REASONS = "SELECT reason, count(*) FROM quarantined GROUP BY reason ORDER BY reason"
_LISTED = "SELECT reports, count(*) FROM read GROUP BY reports ORDER BY reports"
_APART = """
    SELECT coalesce(sum(greatest(hours_us, 0)), 0)::BIGINT FROM (
        SELECT max(hours_us) AS hours_us FROM quarantined
        WHERE session_id IS NOT NULL AND reason <> 'duplicate' GROUP BY session_id
        UNION ALL SELECT hours_us FROM quarantined WHERE session_id IS NULL)"""

_OLDER = """
    SELECT count(*), sum(hours), timezone(getvariable('zone'), min(start_time))::DATE FROM read
    WHERE start_time < (SELECT min(since) FROM listings) HAVING count(*) > 0"""


def take_snapshot(lake: Lake, day: date, zone: str) -> dict[str, Any]:
    """Write the sessions of a report date, and those that do not count; gives the facts of both.

    Raises:
        ReportError: the reports at hand do not suffice.
    """
    choice = chosen(reports_held(lake), day)
    with connect() as connection:
        _offer(connection, lake, choice, zone)
        connection.execute(_sql("snapshot.sql"))
        sessions = connection.sql(_sql("sessions.sql")).to_arrow_table()
        connection.register("read", sessions)
        apart = connection.sql("FROM quarantined ORDER BY ALL").to_arrow_table()
        ((apart_us,),) = connection.sql(_APART).fetchall()
        older = connection.sql(_OLDER).fetchall()
        counts = {
            "listed_in": dict(connection.sql(_LISTED).fetchall()),
            "quarantined": dict(connection.sql(_REASONS).fetchall()),
            "quarantined_hours": apart_us / 3.6e9,
        }
    facts = _facts(choice) | counts
    facts["warnings"] += [_older(*each) for each in older]
    lake.write(SESSION_QUARANTINE, day.isoformat(), apart, facts)
    lake.write(SESSION_USAGE, day.isoformat(), sessions, facts)
    return {**facts, "rows": sessions.num_rows}


def _older(sessions: int, hours: float, first: date) -> str:
    return (
        f"{sessions:,} viewed sessions ({hours:,.2f} h) began before the first day that is listed, the "
        f"oldest on {first}: of those as old that were never viewed nothing is known. Ask for "
        f"'{CREATED.title}' since then, or for '{STORAGE.title}'."
    )


def _facts(choice: Choice) -> dict[str, Any]:
    first, last = choice.period
    return {
        "report_date": choice.day.isoformat(),
        "period_from": first.isoformat(),
        "period_to": last.isoformat(),
        "reports": [f"{report.told()} ({report.file})" for report in choice.reports],
        "reports_left_out": [report.told() for report in choice.left_out],
        "warnings": list(choice.warnings()),
    }


def _offer(connection: duckdb.DuckDBPyConnection, lake: Lake, choice: Choice, zone: str) -> None:
    """The rows and findings of the reports as views, and which of them list what there is, and since when."""
    for name, table in (("every_row", REPORT_ROWS), ("findings", REPORT_FINDINGS)):
        parts = []
        for rank, report in enumerate(choice.reports):
            scan(connection, f"{name}_{rank}", table, lake.files(table, [report.key]))
            parts.append(f"SELECT {quoted(report.kind)} AS kind, {rank} AS rank, * FROM {name}_{rank}")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL '.join(parts)}")
    local = ZoneInfo(zone)
    listings = [
        {
            "rank": choice.reports.index(report),
            "since": None if report.kind == STORAGE.name else datetime.combine(report.start, time(), local),
            "until": datetime.combine(report.end + ONE_DAY, time(), local),
        }
        for report in choice.listing
    ]
    instant = pa.timestamp("us", tz="UTC")
    schema = pa.schema([("rank", pa.int64()), ("since", instant), ("until", instant)])
    connection.register("listings", pa.Table.from_pylist(listings, schema=schema))
    connection.execute("SET VARIABLE viewed_in = $1", [choice.viewed[0].kind])
    connection.execute("SET VARIABLE listing = $1", [choice.listing[0].kind])
    connection.execute("SET VARIABLE zone = $1", [zone])


def _sql(name: str) -> str:
    return resources("video_analytics.panopto.reports").joinpath(name).read_text("utf-8")
