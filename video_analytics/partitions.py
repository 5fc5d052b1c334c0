"""Partitions: accounts, account × day, categories; and the loop that works through those of a run.

A run may hold one partition or a range; code that materializes never assumes one. Dagster is at home here.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

import dagster as dg

from video_analytics.errors import VideoAnalyticsError
from video_analytics.settings import Settings
from video_analytics.watch import Watch

ACCOUNT, DATE = "account", "date"

Facts = Mapping[str, Any]


def accounts(settings: Settings) -> dg.StaticPartitionsDefinition:
    """One partition for each Brightcove account, by its lower-case name."""
    return dg.StaticPartitionsDefinition([account.key for account in settings.brightcove.accounts])


def account_days(settings: Settings) -> dg.MultiPartitionsDefinition:
    """One partition for each account and day; keys read `account|date`."""
    days = dg.DailyPartitionsDefinition(
        settings.brightcove.start_date.isoformat(), timezone=settings.brightcove.timezone
    )
    return dg.MultiPartitionsDefinition({ACCOUNT: accounts(settings), DATE: days})


def categories(settings: Settings) -> dg.StaticPartitionsDefinition:
    """One partition for each category of accounts."""
    return dg.StaticPartitionsDefinition(list(settings.categories))


def work_through(
    context: dg.AssetExecutionContext, watch: Watch, work: Callable[[str], Facts], at_once: int = 1
) -> dg.MaterializeResult[None]:
    """Do `work(key)` for each partition of the run; record each as it finishes.

    A failing partition does not stop the others; afterwards the run fails and names it.
    """
    asset, keys = context.asset_key.path[-1], list(context.partition_keys)
    failures: dict[str, VideoAnalyticsError] = {}
    watch.begin(asset, keys)
    with ThreadPoolExecutor(at_once) as pool:
        futures: dict[Future[Facts], str] = {pool.submit(work, key): key for key in keys}
        for future in as_completed(futures):
            key = futures[future]
            try:
                facts = future.result()
            except VideoAnalyticsError as error:
                failures[key] = error
                watch.failed(asset, key, error)
                continue
            record(context, key, facts)
            context.add_asset_metadata(shown(facts), partition_key=key)
            watch.done(asset, key, facts)
    fail_if_any(context, failures)
    return dg.MaterializeResult()


def record(context: dg.AssetExecutionContext, key: str, facts: Facts) -> None:
    """Record a partition as materialized now, whatever becomes of the rest of the run."""
    context.log_event(dg.AssetMaterialization(context.asset_key, partition=key, metadata=shown(facts)))


def fail_if_any(context: dg.AssetExecutionContext, failures: Mapping[str, VideoAnalyticsError]) -> None:
    """Fail the run, naming each partition that failed and why."""
    if not failures:
        return
    for key, error in failures.items():
        context.log.error(f"{key}: {error}")
    reasons = dict.fromkeys(str(error) for error in failures.values())
    raise dg.Failure(
        f"{context.asset_key.to_user_string()}: {len(failures)} of {len(context.partition_keys)} partitions "
        f"failed ({_few(failures)}): {' · '.join(list(reasons)[:3])}",
        metadata={"failed": sorted(failures), "reasons": list(reasons)[:50]},
        allow_retries=False,  # the client has been patient already
    )


def shown(facts: Facts) -> dict[str, Any]:
    """Facts as metadata of the Dagster UI, which plots numbers over time."""
    named = {"rows": "dagster/partition_row_count"}
    return {named.get(key, key): value for key, value in facts.items() if value is not None}


def _few(names: Iterable[str], most: int = 5) -> str:
    listed = sorted(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
