"""Partitions: accounts and courses, each by day; and the loop that works through those of a run.

A run may hold one partition or a range; code that materializes never assumes one. Dagster is at home here.
"""

import base64
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from video_analytics.clock import now
from video_analytics.errors import SettingsError, VideoAnalyticsError
from video_analytics.panopto.plan import daily_since, history_years
from video_analytics.settings import Account, Settings
from video_analytics.watch import Watch

ACCOUNT, COURSE, DATE, YEAR = "account", "course", "date", "year"
COURSES = dg.DynamicPartitionsDefinition(name="panopto_courses")  # the ids of their folders
REPORT_DATES = dg.DynamicPartitionsDefinition(name="panopto_report_dates")  # ISO days

Facts = Mapping[str, Any]


def accounts(settings: Settings) -> dg.StaticPartitionsDefinition:
    """One partition for each Brightcove account, by its lower-case name."""
    return dg.StaticPartitionsDefinition([account.key for account in settings.brightcove.accounts])


def account_days(settings: Settings) -> dg.MultiPartitionsDefinition:
    """One partition for each account and day; keys read `account|date`.

    A day's partitions appear when it is over for the first of the accounts; one that is not over yet for
    its own account is refused when it is asked.
    """
    first_zone = max(
        (account.timezone for account in settings.brightcove.accounts),
        key=lambda zone: now().astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0),
    )
    days = dg.DailyPartitionsDefinition(settings.brightcove.start_date.isoformat(), timezone=first_zone)
    return dg.MultiPartitionsDefinition({ACCOUNT: accounts(settings), DATE: days})


def categories(settings: Settings) -> dg.StaticPartitionsDefinition:
    """One partition for each category of accounts."""
    return dg.StaticPartitionsDefinition(list(settings.categories))


def course_days(settings: Settings) -> dg.MultiPartitionsDefinition:
    """One partition for each course and UTC day of the recent years; keys read `course|date`."""
    first = daily_since(settings.panopto, now())
    days = dg.DailyPartitionsDefinition(first.isoformat())
    return dg.MultiPartitionsDefinition({COURSE: COURSES, DATE: days})


def course_years(settings: Settings) -> dg.MultiPartitionsDefinition:
    """One partition for each course and year before the days; keys read `course|year`."""
    years = [str(year) for year in history_years(settings.panopto, now())]
    return dg.MultiPartitionsDefinition({COURSE: COURSES, YEAR: dg.StaticPartitionsDefinition(years)})


def course_part(course_id: str, part: date | int) -> dg.MultiPartitionKey:
    """The partition key of a course's day or year."""
    return dg.MultiPartitionKey({COURSE: course_id, YEAR if isinstance(part, int) else DATE: str(part)})


def course_and_part(partition: str) -> tuple[str, str]:
    """The course's id and the day or year of a partition."""
    keys = _keys(partition)
    return keys[COURSE], keys.get(DATE) or keys[YEAR]


def add_courses(instance: dg.DagsterInstance, course_ids: Iterable[str]) -> list[str]:
    """Make partitions of the courses that have none yet; gives those. None is ever taken away."""
    return add_keys(instance, COURSES, course_ids)


def add_keys(
    instance: dg.DagsterInstance, partitions: dg.DynamicPartitionsDefinition, keys: Iterable[str]
) -> list[str]:
    """Make those of the partitions that are not there yet; gives them."""
    name = str(partitions.name)
    held = set(instance.get_dynamic_partitions(name))
    new = [key for key in keys if key not in held]
    if new:
        instance.add_dynamic_partitions(name, new)
    return new


def report_day(partition: str) -> date:
    """The day of a report date's partition.

    Raises:
        SettingsError: people can add partitions in the UI, and call them anything.
    """
    try:
        return date.fromisoformat(partition)
    except ValueError as error:
        raise SettingsError(
            f"report date {partition[:40]!r}: expected a day such as 2026-06-01; remove this partition"
        ) from error


def account_day(account: Account, day: date) -> dg.MultiPartitionKey:
    """The partition key of an account's day."""
    return dg.MultiPartitionKey({ACCOUNT: account.key, DATE: day.isoformat()})


def account_and_day(partition: str) -> tuple[str, date]:
    """The account's key and the day of a partition, whatever the order of its dimensions."""
    keys = _keys(partition)
    return keys[ACCOUNT], date.fromisoformat(keys[DATE])


def _keys(partition: str) -> Mapping[str, str]:
    if not isinstance(partition, dg.MultiPartitionKey):
        raise TypeError(f"expected a partition of two dimensions, got {partition!r}")
    return partition.keys_by_dimension


Record = Callable[[str, Facts | VideoAnalyticsError], None]


@contextlib.contextmanager
def recording(context: dg.AssetExecutionContext, watch: Watch) -> Iterator[Record]:
    """Gives `record(partition, facts or error)`, which records a partition as it finishes.

    A failed partition does not stop the others; at the end the run fails and names it.
    """
    asset, keys = context.asset_key.path[-1], list(context.partition_keys)
    failures: dict[str, VideoAnalyticsError] = {}

    def record(partition: str, result: Facts | VideoAnalyticsError) -> None:
        if isinstance(result, VideoAnalyticsError):
            failures[partition] = result
            context.log.error("%s: %s", partition, result)
            watch.failed(asset, partition, result)
        else:
            event = dg.AssetMaterialization(context.asset_key, partition=partition, metadata=shown(result))
            context.log_event(event)
            watch.done(asset, partition, result)

    watch.begin(asset, keys)
    yield record
    if failures:
        raise _failure(context, failures)


def work_through(
    context: dg.AssetExecutionContext, watch: Watch, work: Callable[[str], Facts], at_once: int = 1
) -> dg.MaterializeResult[None]:
    """Do `work(key)` for each partition of the run, some at once; record each as it finishes."""

    def attempt(key: str) -> Facts | VideoAnalyticsError:
        try:
            return work(key)
        except VideoAnalyticsError as error:
            return error

    with recording(context, watch) as record, ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(attempt, key): key for key in context.partition_keys}
        for future in as_completed(futures):
            result = future.result()
            record(futures[future], result)
            if not isinstance(result, VideoAnalyticsError):  # for the event Dagster adds at the end
                context.add_asset_metadata(shown(result), partition_key=futures[future])
    return dg.MaterializeResult()


def _failure(context: dg.AssetExecutionContext, failures: Mapping[str, VideoAnalyticsError]) -> dg.Failure:
    """Names each partition that failed, and why."""
    reasons = list(dict.fromkeys(str(error) for error in failures.values()))
    return dg.Failure(
        f"{context.asset_key.to_user_string()}: {len(failures)} of {len(context.partition_keys)} partitions "
        f"failed ({_few(failures)}): {' · '.join(reasons[:3])}",
        metadata={"failed": sorted(failures), "reasons": reasons[:50]},
        allow_retries=False,  # the client has been patient already
    )


def shown(facts: Facts) -> dict[str, Any]:
    """Facts as metadata of the Dagster UI, which plots numbers over time; bytes are a picture, PNG."""
    named = {"rows": "dagster/partition_row_count"}
    return {
        named.get(key, key): _picture(value) if isinstance(value, bytes) else value
        for key, value in facts.items()
        if value is not None
    }


def _picture(png: bytes) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![](data:image/png;base64,{base64.b64encode(png).decode()})")


def _few(names: Iterable[str], most: int = 5) -> str:
    listed = sorted(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
