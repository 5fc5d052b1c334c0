"""Runs through Dagster in this process: an asset, and ranges of its partitions.

Every run is recorded in the home's Dagster instance, so the UI shows the same as the command line. Which
assets a source has, and in which order, is `roads.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from video_analytics import files, warehouse
from video_analytics.brightcove.resources import road_resource as brightcove_road
from video_analytics.definitions import build_defs
from video_analytics.delivery.assets import KEY as DELIVERY
from video_analytics.errors import VideoAnalyticsError
from video_analytics.http import Tally
from video_analytics.pages.assets import KEYS as PAGES
from video_analytics.panopto.reports.resources import desk_resource
from video_analytics.panopto.resources import road_resource as panopto_road
from video_analytics.ranges import Range
from video_analytics.settings import Settings
from video_analytics.standing.assets import KEY as CALENDAR
from video_analytics.watch import Watch

WITHOUT_ROAD = (warehouse.KEY, CALENDAR, DELIVERY, *PAGES)  # assets that tell no watch themselves
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Runner:
    """Materializes assets of a home; `errors` tells why runs failed."""

    def __init__(
        self,
        settings: Settings,
        watch: Watch,
        tally: Tally,
        instance: dg.DagsterInstance,
        tags: Mapping[str, str],
    ) -> None:
        self.settings, self.instance, self._watch, self._tags = settings, instance, watch, dict(tags)
        roads = {"brightcove": brightcove_road, "panopto": panopto_road}
        opened = {name: road(settings, watch, tally) for name, road in roads.items()}
        opened["reports"] = desk_resource(settings, watch)
        definitions = build_defs(settings, opened)
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self.errors: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether every run so far succeeded."""
        return not self.errors

    def materialize(
        self, asset: dg.AssetKey, ranges: Sequence[Range | None], config: Mapping[str, Any] | None = None
    ) -> bool:
        """A run for each range of an asset's partitions; one run where it has none. False if one failed."""
        ops = {"ops": {asset.to_python_identifier(): {"config": dict(config)}}} if config else {}
        done = [self._run([asset], self._tags | (span.tags() if span else {}), ops) for span in ranges]
        return all(done)

    def materialize_together(self, assets: Sequence[dg.AssetKey]) -> bool:
        """One run for several assets without partitions, in the order in which they follow each other."""
        return self._run(assets, self._tags, {})

    def _run(self, assets: Sequence[dg.AssetKey], tags: Mapping[str, str], ops: Mapping[str, Any]) -> bool:
        result = self._job.execute_in_process(
            run_config=_QUIET | dict(ops),
            instance=self.instance,
            asset_selection=list(assets),
            tags=dict(tags),
            raise_on_error=False,
        )
        if result.success:
            for asset in assets:
                if asset in WITHOUT_ROAD:
                    self._watch.done(asset.path[-1], "all", {})
        else:
            self.errors.append(f"{', '.join(key.to_user_string() for key in assets)}: {_why(result)}")
        return result.success

    def fail(self, asset: str, partition: str, error: VideoAnalyticsError) -> None:
        """Tell of what could not even be begun."""
        self.errors.append(str(error))
        self._watch.failed(asset, partition, error)


def sweep(settings: Settings) -> int:
    """Remove what killed processes left behind in lake and exports."""
    return sum(files.sweep(folder) for folder in (settings.lake, settings.exports) if folder.exists())


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The check that stopped a failed run, or its innermost error, in one line."""
    stopped = [
        f"{each.check_name}: {each.description}"
        for each in result.get_asset_check_evaluations()
        if each.blocking and not each.passed and each.severity == dg.AssetCheckSeverity.ERROR
    ]
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    error = failures[0] if failures else None
    while error is not None and error.cause is not None:
        error = error.cause
    if stopped and error is not None and error.cls_name == "DagsterAssetCheckFailedError":
        return "; ".join(stopped)
    return " ".join(error.message.split()) if error else "the run failed before its first step"
