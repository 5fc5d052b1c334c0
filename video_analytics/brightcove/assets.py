"""Brightcove's assets: which step feeds which table or file, partition by partition.

A step is a few lines over the modules that do the work. How a page is fetched or a file written is not
here.
"""

from collections.abc import Callable, Iterable
from datetime import date

import dagster as dg

from video_analytics import partitions
from video_analytics.brightcove import checks, daily_files, exports, last_views, multi_year
from video_analytics.brightcove.collect import collect_catalogue, collect_days
from video_analytics.brightcove.resources import Road
from video_analytics.checks import Checked, checked
from video_analytics.clock import today
from video_analytics.partitions import Facts
from video_analytics.settings import Account, Settings

GROUP, POOL = "brightcove", "brightcove"
FILES_POOL = "brightcove_files"  # one writer of what follows
MONTH_RUNS = 31  # partitions of one backfill run: a failed run repeats a month of an account at most
CATEGORIES_AT_ONCE = 2  # each holds a year of rows in memory
TABLE, FILE = {"parquet"}, {"csv", "json"}

Result = dg.MaterializeResult[None]
Deps = Iterable[dg.AssetDep | dg.AssetKey]


def brightcove_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """All assets of Brightcove, partitioned by the accounts and categories of the settings."""
    by_account = dg.MultiToSingleDimensionPartitionMapping(partitions.ACCOUNT)
    own_days = [dg.AssetDep(key("daily_analytics"), partition_mapping=by_account)]
    viewed, cached = [key("cms_catalog"), key("last_viewed")], [key("cms_catalog"), key("video_cache")]
    consolidated = _whole("daily_analytics", "cms_catalog", "video_cache")
    at_once = settings.brightcove.parallel_accounts
    return [
        account_asset(settings, cms_catalog, kinds=TABLE, pool=POOL, at_once=at_once),
        daily_analytics_asset(settings),
        account_asset(settings, last_viewed, deps=own_days, kinds=TABLE, pool=POOL),
        account_asset(settings, video_cache, deps=viewed, kinds=TABLE, pool=FILES_POOL),
        account_asset(settings, cms_files, deps=viewed, kinds=FILE | {"excel"}, pool=FILES_POOL),
        account_asset(settings, reporting_files, deps=cached, kinds=FILE, pool=FILES_POOL),
        multi_year_asset(settings, consolidated),
    ]


def cms_catalog(road: Road, account: Account) -> Facts:
    """Every video of an account, complete by the vendor's own count; deleted ones are kept and marked."""
    facts = collect_catalogue(road.client, road.lake, account)
    spent = road.client.tally.of(account.name)
    return facts | {what: spent.get(what, 0) for what in ("calls", "retries")}


def last_viewed(road: Road, account: Account) -> Facts:
    """The last day with a view of each video: from own rows, before them from the last-view list."""
    listed = "off"
    if road.settings.brightcove.bootstrap_last_viewed:
        listed = last_views.bootstrap(road.client, road.lake, account)
    return last_views.compute_last_viewed(road.lake, account) | {"last_view_list": listed}


def video_cache(road: Road, account: Account) -> Facts:
    """The 90-day cache: active, published, created in the report's years, viewed lately."""
    day, settings = today(account.timezone), road.settings.brightcove
    years = settings.report_years(day)
    return last_views.compute_video_cache(road.lake, account, years, settings.cache_days, day)


def cms_files(road: Road, account: Account) -> Facts:
    """`cms/` and `lifecycle/`: the catalogue with last-viewed dates, as CSV, JSON and workbook."""
    return _files(exports.write_cms_files(road.lake, road.exports, account, today(account.timezone)))


def reporting_files(road: Road, account: Account) -> Facts:
    """`reporting/`: the published videos of the report's years, and the 90-day cache."""
    years = road.settings.brightcove.report_years(today(account.timezone))
    return _files(exports.write_reporting_files(road.lake, road.exports, account, years))


def consolidate(road: Road, category: str) -> Facts:
    """`daily/`: the 34-column daily report of a category, a file a year and all years in one."""
    only_cached = road.settings.brightcove.daily_scope == "cache"
    members = road.settings.categories[category]
    months = multi_year.consolidate(road.lake, category, members, only_cached=only_cached)
    written = daily_files.write_daily_files(road.lake, road.exports, category, months.all)
    years = sorted({month[:4] for month in months.rebuilt})
    return _files(written) | {"months_rebuilt": len(months.rebuilt), "years_rebuilt": years}


def account_asset(
    settings: Settings,
    step: Callable[[Road, Account], Facts],
    *,
    kinds: set[str],
    deps: Deps = (),
    pool: str | None = None,
    at_once: int = 1,
) -> dg.AssetsDefinition:
    """An asset with one partition for each account, named and described as its step."""

    @dg.asset(
        key=key(step.__name__),
        description=step.__doc__,
        partitions_def=partitions.accounts(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=deps,
        check_specs=checks.specs(key(step.__name__)),
        group_name=GROUP,
        kinds=kinds,
        pool=pool,
    )
    def asset(context: dg.AssetExecutionContext, brightcove: dg.ResourceParam[Road]) -> Checked:
        def work(name: str) -> Facts:
            return step(brightcove, brightcove.account(name))

        accounts = map(brightcove.account, context.partition_keys)
        yield from checked(
            lambda: partitions.work_through(context, brightcove.watch, work, at_once),
            checks.results(context, brightcove, dict.fromkeys(accounts, ())),
        )

    return asset


def daily_analytics_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset with one partition for each account and day."""

    @dg.asset(
        key=key("daily_analytics"),
        partitions_def=partitions.account_days(settings),
        backfill_policy=dg.BackfillPolicy.multi_run(MONTH_RUNS),
        output_required=False,  # each partition is recorded when it is in the lake, and none in advance
        check_specs=checks.specs(key("daily_analytics")),
        group_name=GROUP,
        kinds=TABLE,
        pool=POOL,
    )
    def daily_analytics(context: dg.AssetExecutionContext, brightcove: dg.ResourceParam[Road]) -> Checked:
        """Views, engagement and devices of every video and day, checked against the vendor's totals."""
        wanted = _by_account(brightcove, context.partition_keys)
        with partitions.recording(context, brightcove.watch) as record:
            for outcome in collect_days(brightcove.client, brightcove.lake, wanted):
                partition = partitions.account_day(outcome.account, outcome.day)
                record(partition, outcome.error or outcome.facts)
            yield from checks.results(context, brightcove, wanted)

    return daily_analytics


def multi_year_asset(settings: Settings, deps: Deps) -> dg.AssetsDefinition:
    """The asset with one partition for each category."""

    @dg.asset(
        key=key("multi_year"),
        description=consolidate.__doc__,
        partitions_def=partitions.categories(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=deps,
        group_name=GROUP,
        kinds={"parquet", "csv"},
        pool=FILES_POOL,
    )
    def asset(context: dg.AssetExecutionContext, brightcove: dg.ResourceParam[Road]) -> Result:
        def work(category: str) -> Facts:
            return consolidate(brightcove, category)

        return partitions.work_through(context, brightcove.watch, work, CATEGORIES_AT_ONCE)

    return asset


def key(name: str) -> dg.AssetKey:
    """The key of an asset of this room."""
    return dg.AssetKey([GROUP, name])


def _whole(*names: str) -> list[dg.AssetDep]:
    """Dependencies on all partitions of some assets."""
    return [dg.AssetDep(key(name), partition_mapping=dg.AllPartitionMapping()) for name in names]


def _by_account(road: Road, keys: Iterable[str]) -> dict[Account, list[date]]:
    wanted: dict[Account, list[date]] = {}
    for partition in keys:
        name, day = partitions.account_and_day(partition)
        wanted.setdefault(road.account(name), []).append(day)
    return wanted


def _files(written: dict[str, bool]) -> dict[str, object]:
    return {"files": sorted(written), "files_changed": sum(written.values())}
