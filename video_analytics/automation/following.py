"""What follows from an account's days and catalogue, without being asked: its tables, then its files.

The sensor compares what lies in the lake with what it last asked for, account by account, then category by
category. While days or catalogues are being read it waits: what follows would be of a half-read night.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

import dagster as dg

from video_analytics.automation.accounts import CATALOGUES, DAYS
from video_analytics.automation.asking import fingerprint, is_busy, sensor_status
from video_analytics.brightcove.assets import key
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS, LAST_VIEW_LIST, VIDEO_CACHE
from video_analytics.clock import now, today
from video_analytics.lake import Lake
from video_analytics.settings import Account, Settings

ACCOUNT, CATEGORY = "brightcove_account_files", "brightcove_daily_files"
EVERY_SECONDS = 60
_BY_ACCOUNT = ("last_viewed", "video_cache", "cms_files", "reporting_files")


def following_automation(
    settings: Settings,
) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The sensor of what follows; it runs by itself where Brightcove is set up."""
    by_account = dg.define_asset_job(ACCOUNT, [key(name) for name in _BY_ACCOUNT])
    by_category = dg.define_asset_job(CATEGORY, [key("multi_year")])

    @dg.sensor(
        name="brightcove_files",
        jobs=[by_account, by_category],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=sensor_status(on=settings.brightcove.client_id is not None),
    )
    def brightcove_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """The accounts, then the categories, whose inputs are not those of their last run."""
        if is_busy(context.instance, CATALOGUES, DAYS, ACCOUNT, CATEGORY):
            return dg.SkipReason("Days, catalogues or files are being worked on.")
        asked: dict[str, str] = json.loads(context.cursor or "{}")
        changed = _changed(asked, _accounts(settings)) or _changed(asked, _categories(settings))
        requests = [_request(name, inputs) for name, inputs in changed.items()]
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(asked | changed, sort_keys=True))

    return [brightcove_files], []


def _request(name: str, inputs: str) -> dg.RunRequest:
    job, partition = name.split(" ")
    run_key = f"{now().date()} {partition} {inputs}"
    return dg.RunRequest(job_name=job, partition_key=partition, run_key=run_key)


def _changed(asked: Mapping[str, str], wanted: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: inputs for name, inputs in wanted if asked.get(name) != inputs}


def _accounts(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each account whose catalogue is held, and a fingerprint of what follows from it.

    The years of a report may change with the year; the days of the cache, and a workbook's month, with the
    newest day that is held.
    """
    lake = Lake(settings.lake)
    for account in settings.brightcove.accounts:
        if lake.path(CMS_CATALOG, account.id).exists():
            years = settings.brightcove.report_years(today(account.timezone))
            inputs = [years, settings.brightcove.cache_days, *_inputs(lake, account)]
            yield f"{ACCOUNT} {account.key}", fingerprint(inputs)


def _categories(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each category of which an account's catalogue is held, and a fingerprint of what follows from."""
    lake = Lake(settings.lake)
    for category, accounts in settings.categories.items():
        if any(lake.path(CMS_CATALOG, account.id).exists() for account in accounts):
            caches = [lake.stamp(VIDEO_CACHE, account.id) for account in accounts]
            inputs = [settings.brightcove.daily_scope, caches, *(_inputs(lake, each) for each in accounts)]
            yield f"{CATEGORY} {category}", fingerprint(inputs)


def _inputs(lake: Lake, account: Account) -> list[object]:
    """What an account's catalogue, list of last views and days look like from outside."""
    single = [lake.stamp(table, account.id) for table in (CMS_CATALOG, LAST_VIEW_LIST)]
    return [*single, *lake.stamps(DAILY_ANALYTICS, account.id)]
