"""Brightcove's assets: which step feeds which table or file, partition by partition.

Each is a few lines over the modules that do the work. How a page is fetched or a file written is not here.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from video_analytics import lake as lakes
from video_analytics import partitions
from video_analytics.brightcove import daily_files, exports, last_views, multi_year
from video_analytics.brightcove.collect import collect_catalogue, collect_days
from video_analytics.brightcove.resources import Road
from video_analytics.brightcove.tables import TABLES
from video_analytics.clock import today
from video_analytics.errors import VideoAnalyticsError
from video_analytics.settings import Account, Settings

GROUP, POOL = "brightcove", "brightcove"
MONTH_RUNS = 31  # partitions of one backfill run: a failed run repeats a month of an account at most
TABLE, FILE = {"brightcove", "parquet"}, {"csv", "json"}

Result = dg.MaterializeResult[None]
Context = dg.AssetExecutionContext


def key(name: str) -> dg.AssetKey:
    """An asset of this room."""
    return dg.AssetKey([GROUP, name])


def brightcove_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """All assets of Brightcove, partitioned by the accounts and categories of the settings."""
    by_account, by_category = partitions.accounts(settings), partitions.categories(settings)
    by_day = partitions.account_days(settings)
    whole_range = dg.BackfillPolicy.single_run()
    all_days = dg.AssetDep(key("daily_analytics"), partition_mapping=dg.AllPartitionMapping())
    own_days = dg.AssetDep(
        key("daily_analytics"),
        partition_mapping=dg.MultiToSingleDimensionPartitionMapping(partitions.ACCOUNT),
    )

    @dg.asset(
        key=key("cms_catalog"), partitions_def=by_account, backfill_policy=whole_range,
        group_name=GROUP, kinds=TABLE, pool=POOL,
    )  # fmt: skip
    def cms_catalog(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """Every video of an account, complete by the vendor's own count; deleted ones are kept and marked."""

        def work(name: str) -> partitions.Facts:
            account = brightcove.account(name)
            return collect_catalogue(brightcove.client, brightcove.lake, account) | _cost(brightcove, account)

        return partitions.work_through(context, brightcove.watch, work, settings.brightcove.parallel_accounts)

    @dg.asset(
        key=key("daily_analytics"), partitions_def=by_day, group_name=GROUP, kinds=TABLE, pool=POOL,
        backfill_policy=dg.BackfillPolicy.multi_run(MONTH_RUNS),
        output_required=False,  # each partition is recorded when it is in the lake, and none in advance
    )  # fmt: skip
    def daily_analytics(context: Context, brightcove: dg.ResourceParam[Road]) -> Iterator[Result]:
        """Views, engagement and devices of every video and day, checked against the vendor's totals."""
        wanted: dict[Account, list[date]] = {}
        for partition in context.partition_keys:
            name, day = _account_and_day(partition)
            wanted.setdefault(brightcove.account(name), []).append(day)
        brightcove.watch.begin("daily_analytics", list(context.partition_keys))
        failures: dict[str, VideoAnalyticsError] = {}
        for outcome in collect_days(brightcove.client, brightcove.lake, wanted):
            partition = dg.MultiPartitionKey(
                {partitions.ACCOUNT: outcome.account.key, partitions.DATE: outcome.day.isoformat()}
            )
            if outcome.error:
                failures[partition] = outcome.error
                brightcove.watch.failed("daily_analytics", partition, outcome.error)
            else:
                partitions.record(context, partition, outcome.facts)
                brightcove.watch.done("daily_analytics", partition, outcome.facts)
        partitions.fail_if_any(context, failures)
        yield from ()

    @dg.asset(
        key=key("last_viewed"), partitions_def=by_account, backfill_policy=whole_range, deps=[own_days],
        group_name=GROUP, kinds=TABLE,
    )  # fmt: skip
    def last_viewed(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """The last day with a view of each video: own rows, before them the vendor's last-view list."""

        def work(name: str) -> partitions.Facts:
            account, listed = brightcove.account(name), "off"
            if settings.brightcove.bootstrap_last_viewed:
                listed = last_views.bootstrap(brightcove.client, brightcove.lake, account)
            return last_views.compute_last_viewed(brightcove.lake, account) | {"last_view_list": listed}

        return partitions.work_through(context, brightcove.watch, work)

    @dg.asset(
        key=key("video_cache"), partitions_def=by_account, backfill_policy=whole_range,
        deps=[key("cms_catalog"), key("last_viewed")], group_name=GROUP, kinds=TABLE,
    )  # fmt: skip
    def video_cache(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """The 90-day cache: active, published, created in the report's years, viewed lately."""

        def work(name: str) -> partitions.Facts:
            account = brightcove.account(name)
            day = today(account.timezone)
            years, span = settings.brightcove.report_years(day), settings.brightcove.cache_days
            return last_views.compute_video_cache(brightcove.lake, account, years, span, day)

        return partitions.work_through(context, brightcove.watch, work)

    @dg.asset(
        key=key("cms_files"), partitions_def=by_account, backfill_policy=whole_range,
        deps=[key("cms_catalog"), key("last_viewed")], group_name=GROUP, kinds=FILE | {"excel"},
    )  # fmt: skip
    def cms_files(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """`cms/` and `lifecycle/`: the catalogue with last-viewed dates, as CSV, JSON and workbook."""

        def work(name: str) -> partitions.Facts:
            account = brightcove.account(name)
            month = today(account.timezone)
            return _files(exports.write_cms_files(brightcove.lake, brightcove.exports, account, month))

        return partitions.work_through(context, brightcove.watch, work)

    @dg.asset(
        key=key("reporting_files"), partitions_def=by_account, backfill_policy=whole_range,
        deps=[key("cms_catalog"), key("video_cache")], group_name=GROUP, kinds=FILE,
    )  # fmt: skip
    def reporting_files(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """`reporting/`: the published videos of the report's years, and the 90-day cache."""

        def work(name: str) -> partitions.Facts:
            account = brightcove.account(name)
            years = settings.brightcove.report_years(today(account.timezone))
            return _files(exports.write_reporting_files(brightcove.lake, brightcove.exports, account, years))

        return partitions.work_through(context, brightcove.watch, work)

    @dg.asset(
        key=key("multi_year"), partitions_def=by_category, backfill_policy=whole_range,
        deps=[all_days, _all(key("cms_catalog")), _all(key("video_cache"))],
        group_name=GROUP, kinds={"parquet", "csv"},
    )  # fmt: skip
    def multi_year(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """`daily/`: the 34-column daily report of a category, a file a year and all years in one."""

        def work(name: str) -> partitions.Facts:
            return _consolidate(brightcove, name, settings)

        return partitions.work_through(context, brightcove.watch, work)

    @dg.asset(
        key=dg.AssetKey("warehouse"), group_name="lake", kinds={"duckdb"},
        deps=[all_days, *(_all(key(name)) for name in ("cms_catalog", "last_viewed", "video_cache", "multi_year"))],
    )  # fmt: skip
    def warehouse(context: Context, brightcove: dg.ResourceParam[Road]) -> Result:
        """`lake/warehouse.duckdb`: a view for each table of the lake, for analysts."""
        brightcove.watch.begin("warehouse", ["warehouse"])
        lakes.publish_warehouse(brightcove.lake, TABLES)
        brightcove.watch.done("warehouse", "warehouse", {})
        return dg.MaterializeResult(metadata={"views": len(TABLES)})

    return [
        cms_catalog, daily_analytics, last_viewed, video_cache, cms_files, reporting_files, multi_year, warehouse,
    ]  # fmt: skip


def _all(asset: dg.AssetKey) -> dg.AssetDep:
    return dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping())


def _account_and_day(partition: str) -> tuple[str, date]:
    keys = partition.keys_by_dimension if isinstance(partition, dg.MultiPartitionKey) else {}
    return keys[partitions.ACCOUNT], date.fromisoformat(keys[partitions.DATE])


def _consolidate(road: Road, category: str, settings: Settings) -> partitions.Facts:
    only_cached = settings.brightcove.daily_scope == "cache"
    members = settings.categories[category]
    months = multi_year.consolidate(road.lake, category, members, only_cached=only_cached)
    written = daily_files.write_daily_files(road.lake, road.exports, category, months.all)
    years = sorted({month[:4] for month in months.rebuilt})
    return _files(written) | {"months_rebuilt": len(months.rebuilt), "years_rebuilt": years}


def _files(written: dict[str, bool]) -> dict[str, object]:
    return {"files": sorted(written), "files_changed": sum(written.values())}


def _cost(road: Road, account: Account) -> dict[str, float]:
    spent = road.client.tally.of(account.name)
    return {what: spent.get(what, 0) for what in ("calls", "retries")}
