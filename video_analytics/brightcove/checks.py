"""Brightcove's asset checks: which promise hangs on which asset. What they mean is in `quality.py`."""

from collections.abc import Collection, Mapping
from datetime import date

import dagster as dg

from video_analytics import checks
from video_analytics.brightcove import quality
from video_analytics.brightcove.resources import Road
from video_analytics.clock import now
from video_analytics.quality import Finding
from video_analytics.settings import Account

PROMISES = {  # of an asset, by the last part of its key
    "daily_analytics": quality.DAY_CHECKS,
    "cms_catalog": quality.CATALOGUE_CHECKS,
}


def specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks of an asset; some have none."""
    return checks.specs(asset, PROMISES.get(asset.path[-1], {}))


def results(
    context: dg.AssetExecutionContext, road: Road, read: Mapping[Account, Collection[date]]
) -> checks.Results:
    """What a run answers for that read these days of some accounts, or worked on all of each."""
    name = context.asset_key.path[-1]
    if name not in PROMISES:
        return
    found = (finding for account, days in read.items() for finding in _judge(name, road, account, days))
    yield from checks.results(context, PROMISES[name], found)


def _judge(name: str, road: Road, account: Account, days: Collection[date]) -> list[Finding]:
    if name == "daily_analytics":
        return quality.judge_days(road.lake, account, road.settings.brightcove, now(), days)
    return quality.judge_catalogue(road.lake, account, now())
