"""The page "Storage and plans": what the sessions occupy, and what a storage plan would make of them.

Its sliders reckon anew in the page, with the sums of `data`; what they come to is what
`video-analytics plan` answers to the same settings.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.pages.frame import Page
from video_analytics.pages.storage import affected as storage_affected
from video_analytics.pages.storage import charts as storage_charts
from video_analytics.pages.storage import data as storage_data
from video_analytics.pages.storage.data import Json
from video_analytics.pages.storage.figures import FORECASTS, controls, figures, hours
from video_analytics.pages.words import between, moment, spoken, whole
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.answers import newest
from video_analytics.panopto.retention.held import HOUR, Held, opened
from video_analytics.panopto.retention.measures import ACADEMIC_YEAR, RECENCY, measure
from video_analytics.panopto.retention.reckoning import inputs_held, inputs_of
from video_analytics.panopto.retention.tables import RETENTION_FORECAST
from video_analytics.settings import Settings

PATH = PurePosixPath("storage.html")
TABLES = {
    # name in the page: the table of hours
    "sources": "hours_by_stream_source",
    "roots": "hours_by_root_folder",
    "recency": RECENCY,
    "year": ACADEMIC_YEAR,
}


def storage_page(settings: Settings, lake: Lake) -> Page | None:
    """The page of the newest snapshot of sessions; None where there is none.

    Raises:
        PlanError: the numbers of a scenario cannot be told, as its rules contradict each other.
    """
    try:
        day = newest(lake)
    except ReportError:
        return None
    with opened(lake, day, settings.panopto.reports_zone, settings.retention) as held:
        known = lake.facts(SESSION_USAGE, day.isoformat()) or {}
        data = _data(held, lake, known)
        return Page(
            PATH,
            "Storage and plans",
            "For whoever plans storage: what the videos occupy, who watches them, and what a plan would "
            "store, archive and delete. Move the sliders to ask what if.",
            _facts(held, lake, known),
            figures=list(figures(data)),
            controls=list(controls(held, data)),
            data=data,
            script="storage.js",
            parts=["storage_plan.js"],
            notes=list(_notes(held)),
        )


def _data(held: Held, lake: Lake, known: Mapping[str, Any]) -> Json:
    storage_data.classify(held)
    begin, end = held.academic_year
    return {
        "plan": storage_data.plan(held),
        "shares": storage_data.sources_with_a_share(held),
        "cube": storage_data.cube(held),
        "created": storage_data.created(held),
        "folders": storage_affected.folders(held),
        "creators": storage_affected.creators(held),
        "most": storage_affected.MOST,
        "hours": _hours(held),
        "year": {"from": begin.isoformat(), "to": end.isoformat()},
        "forecast": _forecast(held, lake),
        "period": {"from": known.get("period_from"), "to": known.get("period_to")},
        "day": held.day.isoformat(),
        "layout": {"step": storage_charts.STEP, "heading": storage_charts.HEADING},
    }


def _hours(held: Held) -> dict[str, list[Json]]:
    """The rows of the tables of hours, in microseconds."""
    found: dict[str, list[Json]] = {name: [] for name in TABLES}
    names = {measure: name for name, measure in TABLES.items()}
    for row in measure(held).to_pylist():
        if row["measure"] in names:
            found[names[row["measure"]]].append(
                {
                    "label": row["label"],
                    "line": row["line"],
                    "since": row["since"] and row["since"].isoformat(),
                    "all": row["all_us"],
                    "watched": row["watched_us"],
                    "unwatched": row["unwatched_us"],
                    "sessions": row["sessions"],
                }
            )
    return found


def _forecast(held: Held, lake: Lake) -> Json | None:
    """The forecast by scenario, growth and column; None where there is none of the settings as they are."""
    key = held.day.isoformat()
    table = lake.read(RETENTION_FORECAST, key)
    try:
        current = inputs_of(lake, key, held.zone, held.retention) == inputs_held(lake, key)
    except ReportError:
        current = False
    if table is None or not table.num_rows or not current:
        return None
    rows = table.to_pylist()
    series: dict[str, dict[str, dict[str, list[float]]]] = {}
    for row in rows:
        one = series.setdefault(row["scenario"], {}).setdefault(
            row["growth"], {column: [] for column in FORECASTS}
        )
        for column, values in one.items():
            values.append(row[column])
    return {
        "days": list(dict.fromkeys(row["month"].isoformat() for row in rows)),
        "percent": {row["growth"]: row["growth_percent"] for row in rows},
        "columns": FORECASTS,
        "series": series,
    }


def _facts(held: Held, lake: Lake, known: Mapping[str, Any]) -> list[tuple[str, str]]:
    ((sessions,),) = held.connection.execute("SELECT count(*) FROM held").fetchall()
    _, nanoseconds = lake.stamp(SESSION_USAGE, held.day.isoformat())
    counted = f"{whole(sessions)} sessions, {hours(held.total_us() / HOUR)} of video"
    apart = hours(known.get("quarantined_hours") or 0.0)
    return [
        ("Report date", spoken(held.day)),
        ("Period", f"views and downloads from {between(known['period_from'], known['period_to'])}"),
        ("Time zone", held.zone),
        ("Refreshed", moment(datetime.fromtimestamp(nanoseconds // 10**9, UTC).isoformat())),
        ("Provisional days", "none"),
        ("Counted", f"{counted}; not counted: {apart}"),
    ]


def _notes(held: Held) -> Iterator[str]:
    yield (
        "Hours are hours of video that a session occupies. Stored, archived and deleted hours of what exists "
        "add up to all hours in every scenario; a session that is archived already stays archived. Not "
        "counted is what the reports contradict themselves about, or do not give a length of."
    )
    yield (
        "Published hours are those a scenario is told of: its stored hours include the hours that the coming "
        "year creates, and a scenario can define a figure of its own for what it archives or deletes."
    )
    yield "Created are the hours of the last academic year, of each stream source the share that is imported."
    for scenario in held.retention.scenarios:
        if scenario.published.why:
            yield f"{scenario.title}: {scenario.published.why}"
    yield (
        "Recent is what was watched, and last viewed within the window. Views are those of the period of the "
        "reports: so often people viewed what a plan archives or deletes."
    )
    if held.retention.creator_names:
        yield "Creators are named, as the settings ask for."
    else:
        yield (
            "Creators, and the folders of persons, are numbered by their hours; retention.creator_names = "
            "true in the settings names them."
        )
