"""How far a day's numbers can be trusted, and which days are due to be read again.

Brightcove changes numbers afterwards: a day younger than 3 days is provisional; past 32 days it moves to
the historical store and engagement shifts once more (Analytics API FAQ). A setting adds some days of slack
before a reading counts as final. A day belongs to the account's time zone.

A day that was imported from earlier scripts was never read by the platform: nobody knows how old its numbers
were, or which videos are not in it. Whatever its age it is due until the vendor has answered for it.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from video_analytics.settings import Account, Brightcove

PROVISIONAL, SETTLED, FINAL = "provisional", "settled", "final"
IMPORTED = "imported"  # not read from the vendor: taken from the files of earlier scripts
MOVED_AFTER_DAYS = 32  # documented: then a day leaves the realtime store


def closed_at(day: date, zone: str) -> datetime:
    """The instant at which a day is over in a zone, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def last_closed(account: Account, now: datetime) -> date:
    """The account's last day that is over."""
    return now.astimezone(ZoneInfo(account.timezone)).date() - timedelta(days=1)


def finality(day: date, account: Account, settings: Brightcove, now: datetime) -> str | None:
    """What a reading at `now` is worth; None for a day that is not over."""
    age = now - closed_at(day, account.timezone)
    if age < timedelta(0):
        return None
    if age < timedelta(days=settings.provisional_days):
        return PROVISIONAL
    return FINAL if age >= timedelta(days=settings.final_after_days) else SETTLED


def trailing(account: Account, settings: Brightcove, now: datetime) -> list[date]:
    """The last closed days, which every run reads again."""
    last = last_closed(account, now)
    days = [last - timedelta(days=back) for back in reversed(range(settings.trailing_days))]
    return [day for day in days if day >= settings.start_date]


def outdated(
    readings: Iterable[tuple[date, str]], account: Account, settings: Brightcove, now: datetime
) -> list[date]:
    """Days, given with the finality of their last reading, that the vendor may have changed since.

    Those past 32 days until they are final, those still provisional although their time has come, and all
    that were imported. What is fetched of an imported day replaces it. Where the vendor has nothing of it any
    more the imported rows stay, marked as such in the day's facts, and the day counts as read (`collect`);
    where the vendor refuses the day, it stays as it is and fails like any other.
    """
    moved = last_closed(account, now) - timedelta(days=MOVED_AFTER_DAYS)
    due = []
    for day, was in readings:
        worth = finality(day, account, settings, now)
        if (
            was == IMPORTED
            or (was != FINAL and day <= moved)
            or (was == PROVISIONAL and worth != PROVISIONAL)
        ):
            due.append(day)
    return due
