from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.brightcove.finality import (
    FINAL,
    IMPORTED,
    PROVISIONAL,
    SETTLED,
    closed_at,
    finality,
    last_closed,
    outdated,
    trailing,
)
from video_analytics.settings import Account, Brightcove

ZONES = st.sampled_from(
    sorted(zone for zone in available_timezones() if zone not in {"localtime", "Factory", "posixrules"})
)
CHANGING = ("Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Beirut")
DAYS = st.dates(date(2023, 1, 2), date(2030, 12, 30))
_FIRST, _LAST = datetime(2023, 1, 5), datetime(2030, 12, 25)  # noqa: DTZ001 - hypothesis wants them bare
INSTANTS = st.datetimes(_FIRST, _LAST, timezones=st.just(UTC))
BRIGHTCOVE = Brightcove()
ONE_DAY = timedelta(days=1)


def account(zone: str) -> Account:
    return Account(name="one", id="1", business_unit="Unit", category="cat", timezone=zone)


@given(ZONES, DAYS)
def test_each_day_ends_where_the_next_begins(zone: str, day: date) -> None:
    end, local = closed_at(day, zone), ZoneInfo(zone)
    assert closed_at(day - ONE_DAY, zone) < end
    assert (end - timedelta(microseconds=1)).astimezone(local).date() <= day
    assert end.astimezone(local).date() == day + ONE_DAY or day_is_skipped(day + ONE_DAY, local)


def day_is_skipped(day: date, zone: ZoneInfo) -> bool:
    """Whether a zone left a whole day out, or its midnight does not exist."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != midnight.replace(tzinfo=None)


@given(ZONES, INSTANTS)
def test_every_instant_has_one_last_closed_day(zone: str, now: datetime) -> None:
    last = last_closed(account(zone), now)
    assert closed_at(last, zone) <= now + timedelta(hours=1)  # a midnight that a change of clocks repeats
    assert now < closed_at(last + ONE_DAY, zone)


@pytest.mark.parametrize("zone", CHANGING)
@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_of_a_year_has_its_own_length(zone: str, year: int) -> None:
    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
    lengths = [closed_at(day, zone) - closed_at(day - ONE_DAY, zone) for day in days]
    assert sum(lengths, timedelta()) == closed_at(days[-1], zone) - closed_at(first - ONE_DAY, zone)
    assert min(lengths) < ONE_DAY < max(lengths)


@pytest.mark.parametrize(
    ("age", "worth"),
    [
        (timedelta(microseconds=-1), None),
        (timedelta(0), PROVISIONAL),
        (timedelta(days=3, microseconds=-1), PROVISIONAL),
        (timedelta(days=3), SETTLED),
        (timedelta(days=32), SETTLED),
        (timedelta(days=35, microseconds=-1), SETTLED),
        (timedelta(days=35), FINAL),
        (timedelta(days=3000), FINAL),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich", "Asia/Tokyo", "America/New_York"])
def test_ages(zone: str, age: timedelta, worth: str | None) -> None:
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)):
        assert finality(day, account(zone), BRIGHTCOVE, closed_at(day, zone) + age) == worth


def test_the_ages_are_settings() -> None:
    own = Brightcove(provisional_days=5, final_after_days=60)
    day = date(2026, 3, 1)
    ages = {4.9: PROVISIONAL, 5.0: SETTLED, 59.9: SETTLED, 60.0: FINAL}
    end = closed_at(day, "UTC")
    assert {age: finality(day, account("UTC"), own, end + timedelta(days=age)) for age in ages} == ages


def test_trailing_days() -> None:
    now = datetime(2026, 6, 15, 3, tzinfo=UTC)
    tokyo, new_york = account("Asia/Tokyo"), account("America/New_York")
    assert trailing(tokyo, BRIGHTCOVE, now) == [date(2026, 6, day) for day in range(8, 15)]
    assert trailing(new_york, BRIGHTCOVE, now) == [date(2026, 6, day) for day in range(7, 14)]
    young = Brightcove(start_date=date(2026, 6, 12))
    assert trailing(tokyo, young, now) == [date(2026, 6, day) for day in (12, 13, 14)]
    assert trailing(tokyo, Brightcove(start_date=date(2026, 7, 1)), now) == []


def test_outdated_days() -> None:
    now = datetime(2026, 6, 15, 6, tzinfo=UTC)
    moved, still = date(2026, 5, 13), date(2026, 5, 14)  # 32 days and six hours, 31 days and six hours old
    readings = [
        (date(2026, 4, 1), FINAL),
        (date(2026, 4, 2), SETTLED),
        (date(2026, 4, 3), PROVISIONAL),
        (date(2026, 4, 4), IMPORTED),
        (moved, SETTLED),
        (still, SETTLED),
        (date(2026, 5, 20), PROVISIONAL),
        (date(2026, 6, 10), SETTLED),
        (date(2026, 6, 13), IMPORTED),
        (date(2026, 6, 14), PROVISIONAL),
    ]
    due = outdated(readings, account("UTC"), BRIGHTCOVE, now)
    april = [date(2026, 4, day) for day in (2, 3, 4)]
    assert due == [*april, moved, date(2026, 5, 20), date(2026, 6, 13)]


def vendor_version(age: timedelta, edited_at: int | None) -> str:
    """Which version of a day's numbers the vendor shows, by the documented rules alone."""
    if age < timedelta(days=3):
        return f"provisional {age}"  # may change at any time
    if age <= timedelta(days=32):
        return "settled"
    edited = edited_at is not None and age >= timedelta(days=edited_at)
    return "moved and edited" if edited else "moved"


@given(
    st.sampled_from((*CHANGING, "UTC", "Asia/Tokyo", "Pacific/Auckland")),
    INSTANTS,
    st.lists(st.floats(0.05, 12), min_size=5, max_size=40),
    st.lists(st.sampled_from([None, None, 33, 34, 35]), min_size=7, max_size=7),
)
def test_runs_at_any_times_end_at_the_vendors_own_version(
    zone: str, start: datetime, pauses: list[float], edits: list[int | None]
) -> None:
    """Trailing and outdated days suffice, whenever the runs are: what is in the lake never stays stale."""
    one, now = account(zone), start
    lake: dict[date, tuple[str, str]] = {}
    for pause in pauses:
        now += timedelta(days=pause)
        readings = sorted((day, worth) for day, (worth, _) in lake.items())
        for day in {*trailing(one, BRIGHTCOVE, now), *outdated(readings, one, BRIGHTCOVE, now)}:
            worth = finality(day, one, BRIGHTCOVE, now)
            if worth is not None:
                lake[day] = (worth, vendor_version(now - closed_at(day, zone), edits[day.toordinal() % 7]))
    for day, (worth, version) in lake.items():
        age = now - closed_at(day, zone)
        hour_of_change = timedelta(days=32) < age <= timedelta(days=32, hours=1)  # the next run reads it
        assert hour_of_change or version == vendor_version(age, edits[day.toordinal() % 7])
        assert (worth == FINAL) == (age >= timedelta(days=35))
        assert (worth == PROVISIONAL) == (age < timedelta(days=3))
