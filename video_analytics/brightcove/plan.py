"""Which days of an account are to be read: by the night, and between nights where something is missing."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from video_analytics.brightcove.collect import readings
from video_analytics.brightcove.finality import closed_at, last_closed, outdated, trailing
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.days import days_between
from video_analytics.lake import Lake, day_key
from video_analytics.patience import is_over
from video_analytics.settings import Account, Settings


def due_days(settings: Settings, account: Account, now: datetime) -> list[date]:
    """The days a night reads: the trailing ones, those the vendor has changed since, and the gaps."""
    changed = outdated(readings(Lake(settings.lake), account), account, settings.brightcove, now)
    return sorted({*trailing(account, settings.brightcove, now), *changed, *gaps(settings, account, now)})


def gaps(settings: Settings, account: Account, now: datetime) -> list[date]:
    """Days within `automation.heal_days` that are missing or whose last reading failed.

    Before the first day that is held nothing is missed: how far back to go is for a backfill to say.
    """
    lake, last = Lake(settings.lake), last_closed(account, now)
    held = set(lake.days(DAILY_ANALYTICS, account.id))
    failed = set(lake.failed_days(DAILY_ANALYTICS, account.id))
    if not held | failed:
        return []
    reach = last - timedelta(days=settings.automation.heal_days - 1)
    first = max(min(held | failed), reach, settings.brightcove.start_date)
    return [day for day in days_between(first, last) if day not in held or day in failed]


def to_heal(settings: Settings, account: Account, night: datetime, now: datetime) -> list[date]:
    """Gaps to ask for between nights: those that the last night should have read, when their wait is over.

    A permanent failure waits for the next night: nobody has changed anything meanwhile, or a person asks.
    """
    lake = Lake(settings.lake)
    due = []
    for day in gaps(settings, account, now):
        failure = lake.failed(DAILY_ANALYTICS, day_key(account.id, day))
        asked_for = closed_at(day, account.timezone) <= night
        if asked_for and (failure is None or is_over(failure, settings.automation.heal_minutes, now)):
            due.append(day)
    return due


def unfilled(settings: Settings, account: Account, first: date, last: date, now: datetime) -> list[date]:
    """Days of a span that are not held, apart from those that a person has to look at first."""
    lake = Lake(settings.lake)
    held = set(lake.days(DAILY_ANALYTICS, account.id))
    until = min(last, last_closed(account, now))
    missing = (
        day for day in days_between(max(first, settings.brightcove.start_date), until) if day not in held
    )
    return [day for day in missing if not _given_up(lake, settings, account, day, now)]


def _given_up(lake: Lake, settings: Settings, account: Account, day: date, now: datetime) -> bool:
    failure = lake.failed(DAILY_ANALYTICS, day_key(account.id, day))
    return failure is not None and not is_over(failure, settings.automation.heal_minutes, now)


def by_account(settings: Settings, now: datetime) -> Mapping[str, list[date]]:
    """What a night reads of each account, by its key."""
    return {account.key: due_days(settings, account, now) for account in settings.brightcove.accounts}


def heals(settings: Settings, night: datetime, now: datetime) -> Iterator[tuple[str, list[date]]]:
    """What is to be healed of each account that has gaps."""
    for account in settings.brightcove.accounts:
        if days := to_heal(settings, account, night, now):
            yield account.key, days
