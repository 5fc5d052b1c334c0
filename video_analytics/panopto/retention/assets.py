"""The assets of retention: the numbers of a report date, and the files made of them."""

import base64

import dagster as dg

from video_analytics import partitions
from video_analytics.panopto.reports.assets import GROUP, SESSIONS, key
from video_analytics.panopto.reports.resources import Desk
from video_analytics.panopto.retention import charts
from video_analytics.panopto.retention.held import opened
from video_analytics.panopto.retention.publishing import write_files
from video_analytics.panopto.retention.reckoning import write_numbers
from video_analytics.panopto.retention.tables import RETENTION_HOURS, RETENTION_SCENARIOS
from video_analytics.partitions import Facts

RETENTION, FILES = "retention", "retention_files"

Result = dg.MaterializeResult[None]


def retention_assets() -> list[dg.AssetsDefinition]:
    """The assets that follow the sessions of a report date."""
    return [_retention(), _retention_files()]


def _retention() -> dg.AssetsDefinition:
    @dg.asset(
        key=key(RETENTION),
        partitions_def=partitions.REPORT_DATES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"parquet", "duckdb"},
        deps=[key(SESSIONS)],
    )
    def retention(context: dg.AssetExecutionContext, reports: dg.ResourceParam[Desk]) -> Result:
        """Hours by source, folder, recency and year; what each scenario stores, archives and deletes."""
        return partitions.work_through(context, reports.watch, lambda day: _numbers(reports, day))

    return retention


def _numbers(desk: Desk, partition: str) -> Facts:
    day = partitions.report_day(partition)
    with desk.alone(), opened(desk.lake, day, desk.zone, desk.settings.retention) as held:
        facts = write_numbers(desk.lake, held)
    hours, scenarios = (desk.lake.read(table, partition) for table in (RETENTION_HOURS, RETENTION_SCENARIOS))
    return facts | {
        "hours_by_source": _picture(charts.picture(charts.sources_chart(hours, day))),
        "scenarios_and_limits": _picture(charts.picture(charts.scenarios_chart(scenarios, day))),
    }


def _picture(png: bytes) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![](data:image/png;base64,{base64.b64encode(png).decode()})")


def _retention_files() -> dg.AssetsDefinition:
    @dg.asset(
        key=key(FILES),
        partitions_def=partitions.REPORT_DATES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds={"csv", "parquet", "excel"},
        deps=[key(RETENTION)],
    )
    def retention_files(context: dg.AssetExecutionContext, reports: dg.ResourceParam[Desk]) -> Result:
        """`exports/panopto/session_usage.*` and `exports/panopto/retention/`, of the date written last."""
        return partitions.work_through(context, reports.watch, lambda day: _files(reports, day))

    return retention_files


def _files(desk: Desk, partition: str) -> Facts:
    day = partitions.report_day(partition)
    with desk.alone():
        written = write_files(desk.lake, desk.exports, day, desk.zone, desk.settings.retention)
    return {"files": sorted(written), "files_changed": sum(written.values())}
