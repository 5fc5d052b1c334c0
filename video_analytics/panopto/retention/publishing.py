"""The files of a report date that people open: CSV, Parquet, a workbook and a summary, below `exports`.

    panopto/session_usage.*      every session that counts
    panopto/retention/           the tables of hours, the scenarios, who is affected, what does not count

They are those of the date that was written last. Each is replaced in one step and only if it would differ.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from video_analytics import files
from video_analytics.lake import Lake
from video_analytics.panopto import publishing
from video_analytics.panopto.retention import layouts
from video_analytics.panopto.retention.held import Held, opened
from video_analytics.panopto.retention.layouts import Layout
from video_analytics.panopto.retention.offered import facts, has_forecast, offer
from video_analytics.panopto.retention.summary import summary
from video_analytics.panopto.retention.workbook import write_sheets
from video_analytics.settings.retention import Retention

FOLDER = "panopto/retention"
MEMORY = "1GB"  # for the database; what goes beyond is sorted on disk


def write_files(lake: Lake, exports: Path, day: date, zone: str, retention: Retention) -> dict[str, bool]:
    """Every file of a report date; gives each, and whether it changed.

    Raises:
        ReportError: there is no snapshot of that date, or its numbers were not computed yet.
    """
    changed: dict[str, bool] = {}
    with opened(lake, day, zone, retention) as held:
        held.connection.execute(f"SET memory_limit = '{MEMORY}'")
        offer(held, lake)
        for name, layout in _layouts(held).items():
            changed |= _write(held, layout, exports, name)
        if not has_forecast(held.connection):
            _remove(exports / FOLDER / "forecast.csv", exports / FOLDER / "forecast.parquet")
        changed[f"{FOLDER}/retention.xlsx"] = write_sheets(
            held, exports / FOLDER / "retention.xlsx", _about(held, lake)
        )
        text = summary(held, lake).encode()
        changed[f"{FOLDER}/summary.md"] = files.write_bytes(exports / FOLDER / "summary.md", text)
    return changed


def _layouts(held: Held) -> Mapping[str, Layout]:
    """Each file by its path without an ending."""
    scenarios = [scenario.name for scenario in held.retention.scenarios]
    found = {
        **layouts.HOURS,
        "scenarios": layouts.SCENARIOS,
        "scenarios_detail": layouts.DETAIL,
        "totals": layouts.TOTALS,
        **({"forecast": layouts.FORECAST} if has_forecast(held.connection) else {}),
        "sessions": layouts.sessions(scenarios),
        "affected": layouts.AFFECTED,
        "quarantine": layouts.QUARANTINE,
    }
    return {"panopto/session_usage": layouts.SESSION_USAGE} | {f"{FOLDER}/{k}": v for k, v in found.items()}


def _write(held: Held, layout: Layout, exports: Path, name: str) -> Iterator[tuple[str, bool]]:
    """A file for programs, and out of it one for people."""
    csv, parquet = (exports / f"{name}.{ending}" for ending in ("csv", "parquet"))
    rows = held.connection.sql(layout.query).to_arrow_reader(publishing.BATCH)
    yield f"{name}.parquet", publishing.write_parquet(rows.schema, [rows], parquet)
    yield f"{name}.csv", publishing.write_csv(held.connection, layout.text_query(parquet), csv)


def _remove(*paths: Path) -> None:
    """Another date had these."""
    for path in paths:
        path.unlink(missing_ok=True)


def _about(held: Held, lake: Lake) -> list[tuple[str, str]]:
    """What the workbook says of itself."""
    known = facts(held, lake)
    return [
        ("report date", held.day.isoformat()),
        ("views counted", f"from {known['period_from']} to {known['period_to']}"),
        *(("report", each) for each in known["reports"]),
        *(("mind", each) for each in known["warnings"]),
        ("days and times", f"of {held.zone}"),
        ("hours", "of video, shown with two decimals; the CSV and Parquet files have all rows"),
        ("conclusions", "in summary.md"),
    ]
