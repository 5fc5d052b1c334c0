"""When things happen by themselves: the crons of each source, how gaps are healed, which spans are filled."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from video_analytics.settings import checks, times
from video_analytics.settings.base import Day, Days, Found, Model, Zone, namesakes
from video_analytics.settings.problems import nearest, shown_key

Cron = Annotated[str, AfterValidator(times.cron)]
_DAY = timedelta(days=1)


class Backfill(Model):
    """A span of days of Brightcove accounts to fill, night after night, until nothing in it is missing."""

    name: Annotated[str, AfterValidator(checks.table_name("backfill"))]
    first: Day
    last: Day
    accounts: Annotated[tuple[str, ...], Field(strict=False)] = ()  # names; none: all
    hours: Annotated[str, AfterValidator(times.hours)] = "22:00-05:00"  # when slices may begin
    timezone: Zone = "UTC"
    calls: Annotated[int, Field(ge=1, le=1_000_000)] = 500  # that a night may spend on it
    slice_days: Days = 42  # of one run

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            mend = "make first the earlier day"
            raise checks.wrong(f"first or later ({self.first})", mend, str(self.last), where=("last",))
        return self

    def is_open(self, at: datetime) -> bool:
        """Whether a slice may begin at that instant (with a zone of any kind)."""
        begin, end = self._night(at)
        return begin <= at < end

    def night_of(self, at: datetime) -> datetime:
        """When the latest window began, in UTC: the present one where it is open, else the one before."""
        return self._night(at)[0]

    def _night(self, at: datetime) -> tuple[datetime, datetime]:
        """The latest window that began by then. Compared are instants, as wall clocks leap twice a year."""
        today = at.astimezone(ZoneInfo(self.timezone)).date()
        nights = (self._window(today - days * _DAY) for days in range(3))
        return next(night for night in nights if night[0] <= at)

    def _window(self, day: date) -> tuple[datetime, datetime]:
        zone = ZoneInfo(self.timezone)
        begin, end = times.times(self.hours)
        closes = day if begin < end else day + _DAY
        return (
            datetime.combine(day, begin, zone).astimezone(UTC),
            datetime.combine(closes, end, zone).astimezone(UTC),
        )


class Automation(Model):
    """The crons and their zones, and what is asked again."""

    brightcove_cron: Cron = "0 3 * * *"
    brightcove_timezone: Zone = "UTC"
    panopto_listing_cron: Cron = "30 3 * * *"  # before the days: what it finds new is filled at once
    panopto_cron: Cron = "0 4 * * *"
    panopto_timezone: Zone = "UTC"
    reports_cron: Cron = "0 5 * * 1"
    reports_timezone: Zone = "UTC"
    heal_days: Annotated[int, Field(ge=1, le=3660)] = (
        60  # so far back missing and failed days are asked again
    )
    heal_minutes: Annotated[int, Field(ge=5, le=1440)] = (
        60  # between two attempts, at first; doubles up to a day
    )
    backfills: Annotated[tuple[Backfill, ...], Field(strict=False)] = ()

    @field_validator("backfills", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return [{**t, "name": n} for n, t in value.items()] if isinstance(value, Mapping) else value


def misplaced(automation: Automation, accounts: Collection[str], start: date) -> Iterator[Found]:
    """Spans that no account has, or before the platform's first day; `accounts` are their keys."""
    yield from namesakes(("automation", "backfills"), [each.name for each in automation.backfills])
    for number, span in enumerate(automation.backfills):
        place = ("automation", "backfills", number)
        strange = [name for name in span.accounts if name.lower() not in accounts]
        if strange:
            expected = f"accounts among {', '.join(accounts)}"
            mend = f"did you mean {nearest(strange[0], accounts)!r}?"
            yield (*place, "accounts"), checks.wrong(expected, mend, ", ".join(map(shown_key, strange)))
        if span.first < start:
            mend = "begin later, or set brightcove.start_date earlier"
            expected = f"brightcove.start_date ({start}) or later"
            yield (*place, "first"), checks.wrong(expected, mend, str(span.first))
