"""The assets of Panopto's usage reports: asked for, read from the inbox, and merged for a report date."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from inspect import cleandoc
from types import MappingProxyType
from typing import Any

import dagster as dg

from video_analytics import checks, partitions
from video_analytics.checks import Checked
from video_analytics.errors import ReportError, SettingsError, VideoAnalyticsError
from video_analytics.lake import Lake
from video_analytics.panopto.reports.inbox import Taken, TurnedAway, read_inbox
from video_analytics.panopto.reports.requesting import WAITING, Failed, request_reports, whole_range
from video_analytics.panopto.reports.resources import Desk
from video_analytics.panopto.reports.snapshot import take_snapshot
from video_analytics.panopto.resources import Road
from video_analytics.partitions import Facts
from video_analytics.quality import Finding

GROUP = "panopto_reports"
REQUESTED, REPORTS, SESSIONS = "requested_reports", "usage_reports", "session_usage"  # names of assets
POOL = "panopto"  # the site's limits hold for reports too

NOTHING: Mapping[str, str] = MappingProxyType({})

Result = dg.MaterializeResult[None]


def report_assets() -> list[dg.AssetsDefinition]:
    """The assets that get reports and merge them."""
    sessions = dated_asset(session_usage, kinds={"parquet", "duckdb"}, deps=[key(REPORTS)])
    return [_requested_reports(), _usage_reports(), sessions]


def key(name: str) -> dg.AssetKey:
    """The key of an asset of this room."""
    return dg.AssetKey(["panopto", name])


def _requested_reports() -> dg.AssetsDefinition:
    @dg.asset(key=key(REQUESTED), group_name=GROUP, kinds={"soap", "csv"}, pool=POOL)
    def requested_reports(
        context: dg.AssetExecutionContext, panopto: dg.ResourceParam[Road], reports: dg.ResourceParam[Desk]
    ) -> Result:
        """Reports from the first day to yesterday, asked of the site and put into the inbox.

        A report the site is still making is fetched by a later run; `waiting` says which.
        """
        settings = panopto.settings.panopto
        span = whole_range(settings.start_date, reports.zone)
        with reports.alone("asking"):  # which may take its time
            asked = list(
                request_reports(
                    panopto.soap,
                    reports.lake,
                    reports.inbox,
                    span,
                    reports.zone,
                    settings.reports_wait_minutes,
                )
            )
        failed = {each.kind.title: each.error for each in asked if isinstance(each, Failed)}
        waiting = [
            each.kind.title for each in asked if not isinstance(each, Failed) and each.state == WAITING
        ]
        facts: dict[str, Any] = {"asked": len(asked), "waiting": waiting}
        _finish(context, reports, REQUESTED, facts, failed)
        return dg.MaterializeResult(metadata=facts)

    return requested_reports


def _usage_reports() -> dg.AssetsDefinition:
    @dg.asset(key=key(REPORTS), group_name=GROUP, kinds={"parquet"}, deps=[key(REQUESTED)])
    def usage_reports(context: dg.AssetExecutionContext, reports: dg.ResourceParam[Desk]) -> Result:
        """Whatever lies in `inbox/panopto`, by kind and period; each row taken or named as a finding.

        A file that is no whole report lies in `inbox/refused` afterwards, its reason beside it.
        """
        with reports.alone():
            read = list(read_inbox(reports.lake, reports.inbox, reports.zone, reports.today))
        taken = [each for each in read if isinstance(each, Taken)]
        refused = {each.file: ReportError(each.reason) for each in read if isinstance(each, TurnedAway)}
        facts = {
            "files_read": [each.file for each in taken],
            "rows": sum(each.facts["rows_read"] for each in taken),
            "findings": {each.key: each.facts["findings"] for each in taken if each.facts["findings"]},
        }
        _finish(context, reports, REPORTS, facts, refused)
        return dg.MaterializeResult(metadata=partitions.shown(facts))

    return usage_reports


def session_usage(desk: Desk, day: date) -> Facts:
    """One row for each session as the reports of a date tell of it; a snapshot for each report date.

    Sessions whose rows cannot be believed are set apart, counted with their hours.
    """
    return take_snapshot(desk.lake, day, desk.zone)


def dated_asset(
    step: Callable[[Desk, date], Facts],
    *,
    kinds: set[str],
    deps: Iterable[dg.AssetKey],
    promises: Mapping[str, str] = NOTHING,
    judge: Callable[[Lake, date], Iterable[Finding]] | None = None,
) -> dg.AssetsDefinition:
    """An asset with one partition for each report date, named and described as its step.

    `judge` tells of each date of a run whether the `promises` about its numbers hold.
    """

    @dg.asset(
        key=key(step.__name__),
        description=cleandoc(step.__doc__ or ""),
        partitions_def=partitions.REPORT_DATES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name=GROUP,
        kinds=kinds,
        deps=deps,
        check_specs=checks.specs(key(step.__name__), promises),
    )
    def asset(context: dg.AssetExecutionContext, reports: dg.ResourceParam[Desk]) -> Checked:
        def work(partition: str) -> Facts:
            with reports.alone():
                return step(reports, partitions.report_day(partition))

        def findings() -> Iterator[Finding]:
            for partition in context.partition_keys:
                with suppress(SettingsError):  # no date at all: the work has failed for it
                    yield from judge(reports.lake, partitions.report_day(partition)) if judge else ()

        yield from checks.checked(
            lambda: partitions.work_through(context, reports.watch, work),
            checks.results(context, promises, findings()),
        )

    return asset


def _finish(
    context: dg.AssetExecutionContext,
    reports: Desk,
    asset: str,
    facts: dict[str, Any],
    failed: dict[str, VideoAnalyticsError] | dict[str, ReportError],
) -> None:
    """Tell what was done; fail when something was not, after recording what was."""
    for name, error in failed.items():
        context.log.error("%s: %s", name, error)
        reports.watch.failed(asset, name, error)
    if not failed:
        reports.watch.done(asset, "all", facts)
        return
    context.log_event(dg.AssetMaterialization(context.asset_key, metadata=partitions.shown(facts)))
    raise dg.Failure(
        f"{context.asset_key.to_user_string()}: {', '.join(failed)}: {' · '.join(map(str, failed.values()))}",
        metadata={"failed": sorted(failed)},
        allow_retries=False,
    )
