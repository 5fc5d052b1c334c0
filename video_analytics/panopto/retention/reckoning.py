"""The numbers of a report date, written into the lake: hours by category, scenarios, forecast."""

import hashlib
from datetime import date
from typing import Any

import pyarrow as pa

from video_analytics.lake import Lake
from video_analytics.panopto.reports.choosing import chosen, reports_held
from video_analytics.panopto.retention.forecast import forecast
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.measures import measure
from video_analytics.panopto.retention.scenarios import reckon
from video_analytics.panopto.retention.tables import (
    RETENTION_FORECAST,
    RETENTION_HOURS,
    RETENTION_SCENARIOS,
)
from video_analytics.settings import Retention


def write_numbers(lake: Lake, held: Held) -> dict[str, Any]:
    """All numbers of a report date; gives those a planner looks at first.

    Raises:
        PlanError: a scenario's rules overlap, or leave hours unassigned; nothing is written then.
    """
    tables = {
        RETENTION_HOURS: measure(held),
        RETENTION_FORECAST: forecast(held),
        RETENTION_SCENARIOS: scenarios_table(held),  # last: its facts say that all are there
    }
    inputs = inputs_of(lake, held.day.isoformat(), held.zone, held.retention)
    facts = {"report_date": held.day.isoformat(), "zone": held.zone, "inputs": inputs}
    for table, rows in tables.items():
        lake.write(table, held.day.isoformat(), rows, facts)
    total = held.total_us() / HOUR
    said = tables[RETENTION_SCENARIOS].to_pylist()
    breached = sorted({row["scenario"] for row in said if (row["headroom_hours"] or 0) < 0})
    return {"hours": total, "scenarios": len(held.retention.scenarios), "scenarios_breached": breached}


def inputs_of(lake: Lake, day: str, zone: str, retention: Retention) -> str:
    """A fingerprint of all that the numbers of a report date depend on.

    Raises:
        ReportError: the reports at hand do not suffice for it.
    """
    reports = [report.key for report in chosen(reports_held(lake), date.fromisoformat(day)).reports]
    return hashlib.sha256(repr((reports, zone, retention.model_dump_json())).encode()).hexdigest()[:16]


def inputs_held(lake: Lake, day: str) -> str | None:
    """The fingerprint of what the numbers in the lake were made from; None where there are none."""
    return (lake.facts(RETENTION_SCENARIOS, day) or {}).get("inputs")


def scenarios_table(held: Held) -> pa.Table:
    """The buckets of every scenario, in the columns of RETENTION_SCENARIOS."""
    rows = []
    for scenario in held.retention.scenarios:
        outcome = reckon(held, scenario)
        rows += [
            {
                "scenario": scenario.name,
                "title": scenario.title,
                "bucket": figure.bucket,
                "published_hours": figure.published,
                "conserved_hours": figure.conserved,
                "limit_hours": figure.limit,
                "headroom_hours": figure.headroom,
                "sessions": figure.sessions,
                "total_hours": outcome.total,
                "not_imported_hours": outcome.not_imported,
                "why": scenario.published.why,
            }
            for figure in outcome.figures.values()
        ]
    return pa.Table.from_pylist(rows, schema=RETENTION_SCENARIOS.schema)
