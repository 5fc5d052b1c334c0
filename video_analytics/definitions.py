"""The whole platform on one screen: what a Dagster code location loads."""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from video_analytics.automation import automation
from video_analytics.brightcove.assets import brightcove_assets
from video_analytics.brightcove.resources import road_resource as brightcove_road
from video_analytics.delivery.assets import delivery_assets
from video_analytics.delivery.checks import delivery_checks
from video_analytics.pages.assets import pages_assets
from video_analytics.panopto.assets import panopto_assets
from video_analytics.panopto.reports.assets import report_assets
from video_analytics.panopto.reports.resources import desk_resource
from video_analytics.panopto.resources import road_resource as panopto_road
from video_analytics.panopto.retention.assets import retention_assets
from video_analytics.settings import Settings, load_settings
from video_analytics.standing.assets import calendar_asset
from video_analytics.warehouse import warehouse_asset

FILES = {"csv", "html"}  # kinds of what is delivered


def build_defs(
    settings: Settings | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """All definitions for a home; `resource_overrides` replaces resources by name, for tests and drills."""
    home = settings or load_settings()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill policies: beta for years, version pinned
        reports = [*report_assets(), *retention_assets()]
        sources = [*brightcove_assets(home), *panopto_assets(home), *reports]
        pages = pages_assets(home)
        made = [*sources, *pages]
        files = [each.key for each in made if FILES & (each.specs_by_key[each.key].kinds or set())]
        whole = [dg.AssetDep(key, partition_mapping=dg.LastPartitionMapping()) for key in files]
        over_all = [warehouse_asset(home, sources), calendar_asset(home), *delivery_assets(home, whole)]
        assets = [*made, *over_all]
    sensors, schedules = automation(home)
    return dg.Definitions(
        assets=assets,
        asset_checks=delivery_checks(home),
        sensors=sensors,
        schedules=schedules,
        resources={
            "brightcove": brightcove_road(home),
            "panopto": panopto_road(home),
            "reports": desk_resource(home),
            **(resource_overrides or {}),
        },
        executor=dg.in_process_executor,  # every run is one step; a process more would only cost time
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location of the home named by VIDEO_ANALYTICS_HOME, or the current folder."""
    return build_defs()
