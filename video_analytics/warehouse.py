"""The lake as one database of views: the asset that analysts open, over the tables of both vendors."""

from collections.abc import Iterable

import dagster as dg

from video_analytics.brightcove.tables import TABLES as BRIGHTCOVE
from video_analytics.lake import Lake, publish_warehouse
from video_analytics.panopto.reports.tables import TABLES as REPORTS
from video_analytics.panopto.retention.tables import TABLES as RETENTION
from video_analytics.panopto.tables import TABLES as PANOPTO
from video_analytics.settings import Settings
from video_analytics.standing.tables import TABLES as STANDING

KEY = dg.AssetKey("warehouse")


def warehouse_asset(settings: Settings, sources: Iterable[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """The unpartitioned asset downstream of everything that writes a table.

    Tables by day are upstream by way of what is made from them: as direct sources they would cost the pages
    of the UI two seconds, in which Dagster lists every day of every account and course.
    """
    deps = [
        dg.AssetDep(source.key, partition_mapping=dg.LastPartitionMapping())
        for source in sources
        if "parquet" in (source.specs_by_key[source.key].kinds or ())
        and not isinstance(source.partitions_def, dg.MultiPartitionsDefinition)
    ]

    @dg.asset(key=KEY, deps=deps, group_name="lake", kinds={"duckdb"})
    def warehouse() -> dg.MaterializeResult[None]:
        """`lake/warehouse.duckdb`: a view for each table of the lake, for analysts."""
        tables = (*BRIGHTCOVE, *PANOPTO, *REPORTS, *RETENTION, *STANDING)
        publish_warehouse(Lake(settings.lake), tables)
        return dg.MaterializeResult(metadata={"views": len(tables)})

    return warehouse
