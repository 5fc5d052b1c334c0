"""A night for every account, and between the nights what is missing or has become better at the vendor.

The schedules ask for the catalogues and for the days that are due: in one run all accounts that need the
same days, which in a quiet night are all of them. One sensor asks for gaps, each as often as its failures
allow; another one for days that the vendor has reconciled since they were read.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta

import dagster as dg

from video_analytics.automation.asking import Job, is_busy, schedule, sensor_status, to_heal
from video_analytics.brightcove import plan
from video_analytics.brightcove.assets import key
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import readings
from video_analytics.brightcove.finality import PROVISIONAL
from video_analytics.clock import now
from video_analytics.errors import VendorError
from video_analytics.journal import Journal
from video_analytics.lake import Lake
from video_analytics.ranges import Range, blocks, day_ranges
from video_analytics.settings import Account, Settings

CATALOGUES, DAYS = "brightcove_catalogues", "brightcove_days"
NIGHTLY = "brightcove_nightly"
GAPS_EVERY_SECONDS = 300
RECONCILED_EVERY_SECONDS = 3600
MOST_RUNS = 20  # of one tick: a lake full of holes is healed over several
ASKING_SECONDS = 5.0  # a sensor has a minute for all accounts


def accounts_automation(
    settings: Settings,
) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The schedules and sensors that read Brightcove; they run by themselves where it is set up."""
    catalogues = dg.define_asset_job(CATALOGUES, [key("cms_catalog")])
    days = dg.define_asset_job(DAYS, [key("daily_analytics")])
    on = settings.brightcove.client_id is not None
    sensors = [_gaps(settings, [catalogues, days], on=on), _reconciled(settings, [days], on=on)]
    return sensors, _nights(settings, catalogues, days, on=on)


def _nights(settings: Settings, catalogues: Job, days: Job, *, on: bool) -> list[dg.ScheduleDefinition]:
    order = _order(settings)

    def listings(_: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        yield from _listings(order, order, f"catalogues {now().date()}")

    def night(_: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        for span in day_ranges(plan.by_account(settings, now()), order):
            yield request_days(span, f"night {now().date()} {span.first} {span.last}")

    cron, zone = settings.automation.brightcove_cron, settings.automation.brightcove_timezone
    return [
        schedule(settings, f"{NIGHTLY}_catalogues", catalogues, cron, zone, listings, on=on),
        schedule(settings, NIGHTLY, days, cron, zone, night, on=on),
    ]


def _gaps(settings: Settings, jobs: Sequence[Job], *, on: bool) -> dg.SensorDefinition:
    @dg.sensor(
        name="brightcove_gaps",
        jobs=jobs,
        minimum_interval_seconds=GAPS_EVERY_SECONDS,
        default_status=sensor_status(on=on),
    )
    def brightcove_gaps(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """Catalogues that failed, days that are missing or failed since a night: those, and no others."""
        last_night = Journal(settings.state).last_tick(NIGHTLY)
        if last_night is None or is_busy(context.instance, CATALOGUES, DAYS):
            yield dg.SkipReason("No night yet, or the vendor is being read just now.")
            return
        order, hour = _order(settings), f"{now():%F %H}"
        yield from _listings(to_heal(settings, "brightcove/cms_catalog", order), order, f"gaps {hour}")
        gaps = dict(plan.heals(settings, last_night, now()))
        for span in list(day_ranges(gaps, order))[:MOST_RUNS]:
            yield request_days(span, f"gaps {hour} {span.first} {span.last}")

    return brightcove_gaps


def _reconciled(settings: Settings, jobs: Sequence[Job], *, on: bool) -> dg.SensorDefinition:
    @dg.sensor(
        name="brightcove_reconciled",
        jobs=jobs,
        minimum_interval_seconds=RECONCILED_EVERY_SECONDS,
        default_status=sensor_status(on=on),
    )
    def brightcove_reconciled(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Days that the vendor has reconciled since they were read (`/data/status`)."""
        if is_busy(context.instance, DAYS):  # which may be just these
            return dg.SkipReason("Days are being read just now.")
        known = json.loads(context.cursor or "{}")
        told = reconciled(settings)
        better = {
            account.key: _read_too_early(settings, account, known[account.key], until)
            for account, until in told.items()
            if account.key in known
        }
        spans = day_ranges({name: held for name, held in better.items() if held}, _order(settings))
        requests = [request_days(span, f"reconciled {span.first} {span.last}") for span in spans]
        cursor = known | {account.key: until.isoformat() for account, until in told.items()}
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(cursor, sort_keys=True))

    return brightcove_reconciled


def _listings(names: Sequence[str], order: Sequence[str], run_key: str) -> Iterator[dg.RunRequest]:
    for span in blocks(names, order):
        key_of_span = f"{run_key} {span.first} {span.last}"
        yield dg.RunRequest(job_name=CATALOGUES, run_key=key_of_span, tags=span.tags())


def request_days(span: Range, run_key: str, tags: Mapping[str, str] | None = None) -> dg.RunRequest:
    """A run over a range of accounts and days."""
    return dg.RunRequest(job_name=DAYS, run_key=run_key, tags={**span.tags(), **(tags or {})})


def reconciled(settings: Settings) -> dict[Account, date]:
    """Up to which day the vendor has reconciled each account; without those it does not tell now."""
    hasty = settings.brightcove.model_copy(update={"timeout_seconds": ASKING_SECONDS, "attempts": 1})
    with closing(Client(hasty, settings.network)) as client, ThreadPoolExecutor(4) as pool:

        def ask(account: Account) -> date | None:
            try:
                return date.fromisoformat(client.reconciled(account)["reconciled_to"])
            except (VendorError, KeyError, ValueError, TypeError):  # asked again in an hour
                return None

        accounts = settings.brightcove.accounts
        told = dict(zip(accounts, pool.map(ask, accounts), strict=True))
    return {account: until for account, until in told.items() if until}


def _read_too_early(settings: Settings, account: Account, since: str, until: date) -> list[date]:
    """Held days, reconciled after `since`, whose last reading was provisional."""
    first = date.fromisoformat(since) + timedelta(days=1)
    held = readings(Lake(settings.lake), account)
    return [day for day, worth in held if first <= day <= until and worth == PROVISIONAL]


def _order(settings: Settings) -> list[str]:
    return [account.key for account in settings.brightcove.accounts]
