"""The assets of retention: the numbers of a report date, and the files made of them."""

from datetime import date

import dagster as dg

from video_analytics.panopto.reports.assets import SESSIONS, dated_asset, key
from video_analytics.panopto.reports.resources import Desk
from video_analytics.panopto.retention import quality
from video_analytics.panopto.retention.held import opened
from video_analytics.panopto.retention.publishing import write_files
from video_analytics.panopto.retention.reckoning import write_numbers
from video_analytics.panopto.retention.tables import RETENTION_HOURS, RETENTION_SCENARIOS
from video_analytics.partitions import Facts

RETENTION, FILES = "retention", "retention_files"  # names of assets


def retention_assets() -> list[dg.AssetsDefinition]:
    """The assets that follow the sessions of a report date."""
    return [
        dated_asset(
            retention,
            kinds={"parquet", "duckdb"},
            deps=[key(SESSIONS)],
            promises=quality.CHECKS,
            judge=quality.judge,
        ),
        dated_asset(retention_files, kinds={"csv", "parquet", "excel"}, deps=[key(RETENTION)]),
    ]


def retention(desk: Desk, day: date) -> Facts:
    """Hours by source, folder, recency and year; what each scenario stores, archives and deletes."""
    from video_analytics.panopto.retention import charts  # noqa: PLC0415 - half a second that only this needs

    with opened(desk.lake, day, desk.zone, desk.settings.retention) as held:
        facts = write_numbers(desk.lake, held)
    hours, scenarios = (
        desk.lake.read(table, day.isoformat()) for table in (RETENTION_HOURS, RETENTION_SCENARIOS)
    )
    return facts | {
        "hours_by_source": charts.picture(charts.sources_chart(hours, day)),
        "scenarios_and_limits": charts.picture(charts.scenarios_chart(scenarios, day)),
    }


def retention_files(desk: Desk, day: date) -> Facts:
    """`exports/panopto/session_usage.*` and `exports/panopto/retention/`, of the date written last."""
    written = write_files(desk.lake, desk.exports, day, desk.zone, desk.settings.retention)
    return {"files": sorted(written), "files_changed": sum(written.values())}
