"""What is complete, provisional, missing and failed: read from the lake, day by day."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from video_analytics.brightcove.collect import readings
from video_analytics.brightcove.finality import PROVISIONAL, last_closed
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import now
from video_analytics.days import days_between, spans
from video_analytics.lake import Lake, day_key
from video_analytics.settings import Account, Settings

COMPLETE, MISSING, FAILED = "complete", "missing", "failed"
STATES = (COMPLETE, PROVISIONAL, MISSING, FAILED)


@dataclass(frozen=True)
class AccountStatus:
    """One account's days from the platform's first day to the last one that is over.

    A failed day may still hold what an earlier reading gave it; `reasons` tells why it failed.
    """

    account: Account
    first: date
    last: date
    days: dict[str, list[date]]
    reasons: dict[date, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Counts, and each state's days as spans."""
        return {
            "account": self.account.key,
            "id": self.account.id,
            "timezone": self.account.timezone,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            **{state: len(self.days[state]) for state in STATES},
            "spans": {state: [list(map(str, span)) for span in spans(self.days[state])] for state in STATES},
            "reasons": {day.isoformat(): reason for day, reason in self.reasons.items()},
        }


def status_of(settings: Settings, account: Account) -> AccountStatus:
    """The state of each day of an account."""
    lake = Lake(settings.lake)
    first, last = settings.brightcove.start_date, last_closed(account, now())
    failed = set(lake.failed_days(DAILY_ANALYTICS, account.id))
    state = {day: PROVISIONAL if was == PROVISIONAL else COMPLETE for day, was in readings(lake, account)}
    state |= dict.fromkeys(failed, FAILED)
    horizon = days_between(first, last)
    days = {name: [day for day in horizon if state.get(day, MISSING) == name] for name in STATES}
    reasons = {day: lake.failure(DAILY_ANALYTICS, day_key(account.id, day)) or "" for day in days[FAILED]}
    return AccountStatus(account, first, last, days, reasons)
