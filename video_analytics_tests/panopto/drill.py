"""What the drills of Panopto share: settings that point at the sandbox, both clients, nights, and the truth.

A drill reads: `sandbox = new_sandbox({...})`, `settings = panopto_settings(sandbox, home)`, then
`with road_of(settings) as road`, `night(road, courses)` as often as wanted, and at the end
`truth_equals_lake(sandbox, road.lake, courses)`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics.clock import now
from video_analytics.lake import Lake
from video_analytics.panopto import collect, plan
from video_analytics.panopto.course import Outcome
from video_analytics.panopto.listing import list_course
from video_analytics.panopto.records import record_files
from video_analytics.panopto.resources import Road, open_road
from video_analytics.panopto.years import collect_years
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Settings, load_settings

QUICK: dict[str, Any] = {  # the sandbox's limits are to be scaled up as well: {"rate_scale": 1000}
    "calls_per_second": 5_000,
    "calls_per_minute": 100_000,
    "calls_per_hour": 1_000_000,
    "max_wait_seconds": 0.05,
    "timeout_seconds": 10,
}
PEACE: dict[str, Any] = {"rate_scale": 1000}


def panopto_settings(sandbox: Sandbox, home: Path, **overrides: Any) -> Settings:
    """Settings that point at the sandbox, impatient; `overrides` are keys of the table `[panopto]`."""
    values = {**QUICK, **overrides}
    shown = (
        f"{key} = {value.isoformat() if isinstance(value, dt.date) else _toml(value)}"
        for key, value in values.items()
    )
    (home / "settings.toml").write_text("\n".join(["[panopto]", *shown]) + "\n", encoding="utf-8")
    return load_settings(home, sandbox.environment())


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


@contextmanager
def road_of(settings: Settings) -> Iterator[Road]:
    """Both clients and the lake; closed afterwards."""
    road = open_road(settings)
    try:
        yield road
    finally:
        road.close()


def course_ids(sandbox: Sandbox) -> list[str]:
    """The courses of the sandbox's own list."""
    return [course_id for _, course_id in sandbox.panopto.courses()]


def night(road: Road, courses: Iterable[str]) -> list[Outcome]:
    """What a run does for courses, without Dagster: list, read what is due; gives what failed."""
    failed = []
    for course_id in courses:
        list_course(road.rest, road.lake, course_id, now().date())
        settings = road.settings.panopto
        days = collect.due_days(road.lake, course_id, settings)
        outcomes = list(collect.collect_days(road.soap, road.lake, course_id, days, again=False))
        years = plan.due_years(road.lake, course_id, settings, now())
        if years:
            outcomes += collect_years(road.soap, road.lake, course_id, years, again=False)
        failed += [outcome for outcome in outcomes if outcome.error]
    return failed


Row = tuple[Any, ...]


def lake_rows(lake: Lake, course_id: str, sessions: Iterable[str] | None = None) -> Counter[Row]:
    """The viewing records a course has in the lake; of some sessions or of all."""
    tables = [
        pq.ParquetFile(path).read().replace_schema_metadata(None) for path in record_files(lake, course_id)
    ]
    wanted = None if sessions is None else set(sessions)
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    return Counter(
        (
            row["session_id"],
            row["user_id"],
            row["time"],
            row["start_position"],
            row["seconds_viewed"],
            row["playback_speed"],
            row["start_reason"],
            row["stop_reason"],
        )
        for row in rows
        if wanted is None or row["session_id"] in wanted
    )


def true_rows(
    sandbox: Sandbox, course_id: str, at: dt.datetime | None = None, sessions: Iterable[str] | None = None
) -> Counter[Row]:
    """The same as the vendor has it: records of the sessions in the course, up to the last UTC day over."""
    instant = at or sandbox.now()
    if sessions is None:
        sessions = [session["Id"] for session in sandbox.panopto.sessions_of(course_id, instant)]
    end = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return Counter(
        (
            record["SessionId"],
            record["UserId"],
            record["Time"],
            float(record["StartPosition"]),
            float(record["SecondsViewed"]),
            record["PlaybackSpeed"],
            record["StartReason"],
            record["StopReason"],
        )
        for record in sandbox.panopto.records(instant, list(sessions), end=end)
    )


def truth_equals_lake(sandbox: Sandbox, lake: Lake, courses: Iterable[str]) -> int:
    """Assert that each course holds just the vendor's records, twins included; gives how many."""
    compared = 0
    for course_id in courses:
        here = [session["Id"] for session in sandbox.panopto.sessions_of(course_id, sandbox.now())]
        held, true = lake_rows(lake, course_id, here), true_rows(sandbox, course_id)
        assert held - true == Counter(), f"{course_id}: the lake has what the vendor does not have"
        assert true - held == Counter(), f"{course_id}: the lake lacks what the vendor has"
        compared += true.total()
    return compared
