"""When things happen by themselves: the crons of each source, how gaps are healed, which spans are filled."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from video_analytics.settings.base import Day, Days, Model, Zone


class Backfill(Model):
    """A span of days of Brightcove accounts to fill, night after night, until nothing in it is missing."""

    name: str
    first: Day
    last: Day
    accounts: Annotated[tuple[str, ...], Field(strict=False)] = ()  # names; none: all
    hours: str = "22:00-05:00"  # when slices may begin; may pass midnight
    timezone: Zone = "UTC"
    calls: Annotated[int, Field(ge=1, le=1_000_000)] = 500  # that a night may spend on it
    slice_days: Days = 42  # of one run


class Automation(Model):
    """The crons and their zones, and what is asked again."""

    brightcove_cron: str = "0 3 * * *"
    brightcove_timezone: Zone = "UTC"
    panopto_listing_cron: str = "30 3 * * *"  # before the days: what it finds new is filled at once
    panopto_cron: str = "0 4 * * *"
    panopto_timezone: Zone = "UTC"
    reports_cron: str = "0 5 * * 1"
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
