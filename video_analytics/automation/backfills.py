"""Spans of days that settings name, filled in slices by night, until nothing in them is missing.

What is missing is read from the lake, so that a slice that was cut off is simply asked for again. A night's
budget is counted in calls that were really made.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import ceil

import dagster as dg

from video_analytics.automation.accounts import DAYS, request_days
from video_analytics.automation.asking import is_busy, sensor_status
from video_analytics.brightcove import plan
from video_analytics.brightcove.resources import BACKFILL_TAG
from video_analytics.clock import now
from video_analytics.ranges import day_ranges
from video_analytics.settings import Backfill, Settings
from video_analytics.spending import spent

EVERY_SECONDS = 120
CALLS_FOR_A_RUN = 1  # a token
CALLS_FOR_A_WINDOW = 2  # views and devices; where a vendor's answer needs more, the next slice waits longer


def backfills_automation(
    settings: Settings,
) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The sensor of the backfills; it runs by itself where there is one."""
    on = bool(settings.automation.backfills) and settings.brightcove.client_id is not None

    @dg.sensor(
        name="brightcove_backfills",
        job_name=DAYS,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=sensor_status(on=on),
    )
    def brightcove_backfills(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """The next slice of the first backfill that may go on; one at a time."""
        if is_busy(context.instance, DAYS):
            yield dg.SkipReason("Days are being read just now.")
            return
        for backfill in settings.automation.backfills:
            requests = list(next_slice(settings, backfill, now()))
            yield from requests
            if requests:
                return

    return [brightcove_backfills], []


def next_slice(settings: Settings, backfill: Backfill, at: datetime) -> Iterator[dg.RunRequest]:
    """The newest days of a backfill that are missing, of as many accounts as tonight's calls allow."""
    if not backfill.is_open(at):
        return
    left = backfill.calls - spent(settings.state, backfill.night_of(at), backfill.name)
    missing = {
        account: days
        for account in settings.accounts_of(backfill)
        if (days := plan.unfilled(settings, account, backfill.first, backfill.last, at))
    }
    if not missing:
        return
    last = max(days[-1] for days in missing.values())
    first = last - timedelta(days=backfill.slice_days - 1)
    wanted: dict[str, list[date]] = {}
    for account, days in missing.items():
        chosen = [day for day in days if day >= first]
        windows = ceil(len(chosen) / settings.brightcove.window_days)
        left -= CALLS_FOR_A_RUN + CALLS_FOR_A_WINDOW * windows if chosen else 0
        if chosen and left >= 0:
            wanted[account.key] = chosen
    order = [account.key for account in settings.brightcove.accounts]
    for span in day_ranges(wanted, order):
        run_key = f"backfill {backfill.name} {at:%F %H:%M} {span.first} {span.last}"
        yield request_days(span, run_key, {BACKFILL_TAG: backfill.name})
