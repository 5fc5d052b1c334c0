"""A small college's snapshot, made by hand: its totals are those that the college published."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from video_analytics.lake import Lake
from video_analytics.panopto.reports.tables import SESSION_QUARANTINE, SESSION_USAGE
from video_analytics.panopto.retention.held import opened
from video_analytics.panopto.retention.measures import measure
from video_analytics.panopto.retention.reckoning import scenarios_table
from video_analytics.panopto.retention.tables import (
    RETENTION_FORECAST,
    RETENTION_HOURS,
    RETENTION_SCENARIOS,
)
from video_analytics.settings.retention import Retention

Json = dict[str, Any]

DAY = date(2022, 6, 1)
ZONE = "America/Los_Angeles"

_THIS_YEAR, _BEFORE = datetime(2021, 9, 1, 16, tzinfo=UTC), datetime(2020, 9, 1, 16, tzinfo=UTC)
_IN_6, _IN_12, _IN_18, _LONG_AGO = (
    datetime(year, month, 10, 16, tzinfo=UTC) for year, month in ((2022, 2), (2021, 9), (2021, 1), (2020, 3))
)
_CELLS = [
    # stream source, root folder, hours, last view, start
    ("Zoom", "Moodle", 1000.0, _IN_6, _THIS_YEAR),
    ("Zoom", "Moodle", 400.0, _IN_12, _BEFORE),
    ("Web API", "Users", 761.83, _IN_6, _THIS_YEAR),
    ("Web API", "Film", 943.01, _IN_12, _BEFORE),
    ("Zoom", "Moodle", 1000.0, _IN_18, _BEFORE),
    ("Web API", "Film", 730.31, _IN_18, _BEFORE),
    ("Zoom", "Moodle", 456.69, _LONG_AGO, _BEFORE),
    ("Web API", "Film", 478.55, _LONG_AGO, _BEFORE),
    ("Zoom", "Moodle", 4665.4125, None, _THIS_YEAR),
    ("Zoom", "Moodle", 8647.8975, None, _BEFORE),
    ("Web API", "Users", 187.21, None, _BEFORE),
    ("Web API", "Film", 305.6675, None, _THIS_YEAR),
    (None, None, 50.5525, None, _BEFORE),
]


def session(number: int, hours: float, **changes: Any) -> Json:
    """One session of the snapshot, told apart by a number."""
    known: Json = dict.fromkeys(SESSION_USAGE.schema.names)
    known |= {
        "session_id": f"{number:08x}-2222-4a4a-9b9b-b0a000c51f00",
        "name": f"Session {number}",
        "creator": f"moodle\\person{number % 3}",
        "creator_id": f"id{number % 3}",
        "views": 0,
        "unique_viewers": 0,
        "minutes_delivered": 0.0,
        "length_hours": hours,
        "length_us": round(hours * 3.6e9),
        "hours": hours,
        "hours_us": round(hours * 3.6e9),
        "reports": "sessions_created_or_edited",
    }
    return known | changes


def sessions() -> list[Json]:
    """The sessions whose sums are the published ones."""
    return [
        session(
            number,
            hours,
            stream_source=source,
            root_folder=root,
            folder_name=root,
            folder_path=root,
            last_view=viewed,
            start_time=start,
            views=0 if viewed is None else 10 + number,
        )
        for number, (source, root, hours, viewed, start) in enumerate(_CELLS)
    ]


def put(lake: Lake, rows: Iterable[Json], apart: Iterable[Json] = (), **facts: Any) -> None:
    """The snapshot of the report date."""
    known = {
        "report_date": DAY.isoformat(),
        "period_from": "2020-06-01",
        "period_to": DAY.isoformat(),
        "reports": ["session_usage 2020-06-01..2022-06-01 (use.csv)"],
        "reports_left_out": [],
        "warnings": [],
        "listed_in": {},
        "quarantined": {},
        "quarantined_hours": 0.0,
    }
    left_out = pa.Table.from_pylist(list(apart), schema=SESSION_QUARANTINE.schema)
    lake.write(SESSION_QUARANTINE, DAY.isoformat(), left_out, known | facts)
    lake.write(
        SESSION_USAGE,
        DAY.isoformat(),
        pa.Table.from_pylist(list(rows), schema=SESSION_USAGE.schema),
        known | facts,
    )


def forecast(scenario: str) -> list[Json]:
    """Two months of a scenario, which breaches its archive limit of 4,400 h where hours grow fast."""
    return [
        {
            "scenario": scenario,
            "growth": growth,
            "growth_percent": percent,
            "month": date(2022, month, 1),
            "created_hours": 100.125,
            "stored_hours": 5000.0,
            "stored_at_most_hours": 6000.0,
            "archived_hours": archived,
        }
        for growth, percent, archived in (("low", -5.0, 3000.0), ("mid", 2.5, 4000.0), ("high", 10.0, 4399.0))
        for month, archived in ((7, archived), (8, archived + 2))
    ]


def reckoned(root: Path, retention: Retention | None = None, **given: Any) -> Lake:
    """A lake with the snapshot and its numbers."""
    lake = Lake(root)
    put(lake, given.pop("rows", sessions()), **given)
    plan = retention or Retention()
    ahead = pa.Table.from_pylist(forecast(plan.scenarios[0].name), schema=RETENTION_FORECAST.schema)
    with opened(lake, DAY, ZONE, plan) as held:
        numbers = {
            RETENTION_HOURS: measure(held),
            RETENTION_SCENARIOS: scenarios_table(held),
            RETENTION_FORECAST: ahead,
        }
    for table, rows in numbers.items():
        lake.write(table, DAY.isoformat(), rows, {})
    return lake
