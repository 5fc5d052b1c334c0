from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from video_analytics.sandbox import World
from video_analytics.sandbox.ageing import edit_age
from video_analytics_tests.sandbox.conftest import INTERNET

DAY = date(2026, 3, 10)
END = datetime(2026, 3, 11, tzinfo=ZoneInfo("Europe/Zurich"))


@pytest.fixture(scope="module")
def world() -> World:
    return World(1, "demo")


def seen(world: World, days: float, day: date = DAY) -> list[dict[str, Any]]:
    end = datetime(day.year, day.month, day.day, tzinfo=END.tzinfo) + timedelta(days=1)
    return world.day(INTERNET, day, end.astimezone(UTC) + timedelta(days=days))


def views(rows: list[dict[str, Any]]) -> int:
    return sum(row["video_view"] for row in rows)


def counts(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(r["video"], r["video_view"], r["video_impression"], r["devices"]) for r in rows]


def test_a_running_day_grows_hour_by_hour(world: World) -> None:
    hours = [views(seen(world, -1 + hour / 24 + 0.001)) for hour in (1, 8, 16, 23)]
    assert hours == sorted(hours)
    assert hours[0] < hours[-1] < views(seen(world, 3.1))


def test_a_provisional_day_changes_from_day_to_day_and_is_lower(world: World) -> None:
    versions = [views(seen(world, age)) for age in (0.5, 1.5, 2.5)]
    assert len(set(versions)) == 3
    assert max(versions) < views(seen(world, 3.01))
    assert len(seen(world, 0.5)) < len(seen(world, 3.01))
    assert seen(world, 0.1) == seen(world, 0.9)


def test_a_recent_day_has_a_few_nulls_and_an_old_one_none(world: World) -> None:
    days = [DAY + timedelta(days=n) for n in range(10)]
    recent = [row for day in days for row in seen(world, 0.5, day)]
    settled = [row for day in days for row in seen(world, 5, day)]
    assert 0 < sum(row["video_engagement_50"] is None for row in recent) < 0.05 * len(recent)
    assert all(row["video_view"] is not None for row in recent)
    assert not any(
        value is None for row in settled for name, value in row.items() if name.startswith("video_e")
    )
    assert all(sum(row["devices"].values()) == row["video_view"] for row in recent)


def test_a_settled_day_stays_until_32_days_then_engagement_shifts_once(world: World) -> None:
    assert seen(world, 3.01) == seen(world, 20) == seen(world, 31.99)
    old = seen(world, 32.01)
    assert counts(old) == counts(seen(world, 20))
    before = [row["video_percent_viewed"] for row in seen(world, 20)]
    after = [row["video_percent_viewed"] for row in old]
    assert before != after
    assert all(abs(a - b) <= 0.011 * b for a, b in zip(after, before, strict=True))
    assert old == seen(world, 36) == seen(world, 400)


def test_rarely_one_row_is_edited_between_33_and_35_days_and_never_later(world: World) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(700)]
    edited = [day for day in days if edit_age(1, 0, day)]
    assert 1 <= len(edited) <= 25
    for day in edited:
        age = edit_age(1, 0, day)
        assert age in (33, 34, 35)
        before, after = seen(world, age - 0.01, day), seen(world, age + 0.01, day)
        changed = [row["video"] for row, other in zip(before, after, strict=True) if row != other]
        assert len(changed) == 1
        assert all(sum(row["devices"].values()) == row["video_view"] for row in after)
        assert after == seen(world, 35.01, day) == seen(world, 900, day)


def test_days_of_23_and_25_hours_end_where_the_zone_says(world: World) -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2025, 10, 26), 25)):
        start = datetime(day.year, day.month, day.day, tzinfo=END.tzinfo).astimezone(UTC)
        last = world.day(INTERNET, day, start + timedelta(hours=hours, minutes=-1))
        over = world.day(INTERNET, day, start + timedelta(hours=hours, minutes=1))
        assert views(last) < views(over)
        assert over == world.day(INTERNET, day, start + timedelta(hours=hours + 20))
