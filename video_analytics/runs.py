"""Runs through Dagster in this process: what `video-analytics run` asks for, asset by asset.

Every run is recorded in the home's Dagster instance, so the UI shows the same as the command line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import dagster as dg

from video_analytics import files
from video_analytics.brightcove.assets import key
from video_analytics.brightcove.collect import readings
from video_analytics.brightcove.finality import last_closed, outdated, trailing
from video_analytics.brightcove.resources import road_resource
from video_analytics.brightcove.windows import spans
from video_analytics.clock import now
from video_analytics.definitions import build_defs
from video_analytics.errors import SettingsError
from video_analytics.http import Tally
from video_analytics.lake import Lake
from video_analytics.settings import Account, Settings
from video_analytics.watch import Watch

BY_ACCOUNT_AFTER_DAYS = ("last_viewed", "video_cache", "cms_files", "reporting_files")
START_TAG, END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Range:
    """One Dagster run over neighbouring partitions: the first and the last key."""

    first: str
    last: str
    size: int

    def tags(self) -> dict[str, str]:
        """The tags by which Dagster knows a run over a range."""
        return {START_TAG: self.first, END_TAG: self.last}


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
        self._settings, self._instance, self._tags = settings, instance, dict(tags)
        road = road_resource(settings, watch, tally)
        definitions = build_defs(settings, {"brightcove": road})
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self.errors: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether every run so far succeeded."""
        return not self.errors

    def run(self, wanted: Mapping[Account, Sequence[date]]) -> None:
        """The whole road for some accounts and days: catalogue, days, what follows from them, files."""
        names = [account.key for account in wanted]
        order = [account.key for account in self._settings.brightcove.accounts]
        by_account = list(blocks(names, order))
        categories = {account.category for account in wanted}
        self._materialize(key("cms_catalog"), by_account)
        self._materialize(key("daily_analytics"), list(day_ranges(wanted, order)))
        for asset in BY_ACCOUNT_AFTER_DAYS:
            self._materialize(key(asset), by_account)
        by_category = list(blocks(categories, list(self._settings.categories)))
        self._materialize(key("multi_year"), by_category)
        self._materialize(dg.AssetKey("warehouse"), [None])

    def _materialize(self, asset: dg.AssetKey, ranges: Sequence[Range | None]) -> None:
        for span in ranges:
            tags = self._tags | (span.tags() if span else {})
            result = self._job.execute_in_process(
                run_config=_QUIET,
                instance=self._instance,
                asset_selection=[asset],
                tags=tags,
                raise_on_error=False,
            )
            if not result.success:
                self.errors.append(f"{asset.to_user_string()}: {_why(result)}")


def sweep(settings: Settings) -> int:
    """Remove what killed processes left behind in lake and exports."""
    return sum(files.sweep(folder) for folder in (settings.lake, settings.exports) if folder.exists())


def wanted_days(
    settings: Settings, accounts: Sequence[Account], first: date | None, last: date | None
) -> dict[Account, list[date]]:
    """The days a run reads: those asked for, or the trailing ones and those the vendor has changed since."""
    if first is None and last is None:
        return {account: _due(settings, account) for account in accounts}
    return {account: _asked(settings, account, first, last) for account in accounts}


def _due(settings: Settings, account: Account) -> list[date]:
    held = readings(Lake(settings.lake), account)
    changed = outdated(held, account, settings.brightcove, now())
    return sorted({*trailing(account, settings.brightcove, now()), *changed})


def _asked(settings: Settings, account: Account, first: date | None, last: date | None) -> list[date]:
    closed = last_closed(account, now())
    start, end = first or settings.brightcove.start_date, last or closed
    if start < settings.brightcove.start_date:
        raise SettingsError(
            f"--from {start}: the platform's first day is {settings.brightcove.start_date}; "
            "ask for later days or set start_date in settings.toml"
        )
    if end > closed:
        raise SettingsError(
            f"--to {end}: the last day that is over for {account.name} ({account.timezone}) is {closed}; "
            "ask for earlier days"
        )
    if start > end:
        raise SettingsError(f"--from {start} is after --to {end}; swap them")
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


def day_ranges(wanted: Mapping[Account, Sequence[date]], order: Sequence[str]) -> Iterator[Range]:
    """As few rectangles of neighbouring accounts and days as possible that hold just what is wanted."""
    accounts_of: dict[tuple[date, date], list[str]] = {}
    for account, days in wanted.items():
        for span in spans(days):
            accounts_of.setdefault(span, []).append(account.key)
    for (first, last), names in sorted(accounts_of.items()):
        length = (last - first).days + 1
        for block in blocks(names, order):
            yield Range(f"{block.first}|{first}", f"{block.last}|{last}", block.size * length)


def blocks(names: Sequence[str] | set[str], order: Sequence[str]) -> Iterator[Range]:
    """Runs of neighbours in `order` among `names`."""
    places = sorted(order.index(name) for name in names)
    for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        held = [place for _, place in run]
        yield Range(order[held[0]], order[held[-1]], len(held))


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The innermost error of a failed run, in one line."""
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    error = failures[0] if failures else None
    while error is not None and error.cause is not None:
        error = error.cause
    return " ".join(error.message.split()) if error else "the run failed before its first step"
