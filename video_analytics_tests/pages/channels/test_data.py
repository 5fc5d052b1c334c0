"""What the page of channels is made of: which months count, what is kept, and pages of little data."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.days import days_between
from video_analytics.lake import Lake, day_key
from video_analytics.pages.channels.months import iso, months_of, number
from video_analytics.pages.channels.page import channels_page
from video_analytics.pages.frame import Page
from video_analytics.settings import Account, Settings, load_settings
from video_analytics_tests.brightcove.small_lake import put_catalogue, video
from video_analytics_tests.brightcove.small_lake import put_day as put

ACCOUNT = """
[brightcove.accounts.Internet]
id = "1000"
business_unit = "Shared"
category = "internet"
timezone = "Europe/Zurich"
"""
FEBRUARY = days_between(date(2024, 2, 1), date(2024, 2, 29))


@pytest.fixture
def settings(home: Path) -> Settings:
    (home / "settings.toml").write_text(ACCOUNT, encoding="utf-8")
    return load_settings(home, {})


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.lake)


@pytest.fixture
def account(settings: Settings) -> Account:
    return settings.brightcove.accounts[0]


def test_no_page_without_any_data(settings: Settings) -> None:
    assert channels_page(settings) is None


def test_catalogue_alone_makes_a_page(settings: Settings, lake: Lake, account: Account) -> None:
    put_catalogue(lake, account, [video("1"), video("2", custom_fields={"country": " "})], ["country"])
    page = _page(settings)
    assert dict(page.facts)["Period"] == "no complete month yet"
    assert page.data["fields"] == [[0, "business_unit", 1, 2], [0, "country", 1, 2], [0, "language", 1, 2]]
    assert page.data["monthly"] == []


def test_month_counts_when_its_last_day_is_there(settings: Settings, lake: Lake, account: Account) -> None:
    """The 29th of a leap year's February makes it complete."""
    for day in FEBRUARY[:-1]:
        put_day(lake, account, day, {"7": {}})
    assert months_of(lake, account).state == {}
    assert _page(settings).data["left_out"] == [[0, "2024-02", "held up to day 28 of 29"]]
    put_day(lake, account, FEBRUARY[-1], {}, finality="provisional")
    page = _page(settings)
    assert dict(page.facts)["Provisional"] == "2024-02 (Internet)"
    assert [row[:3] for row in page.data["monthly"]] == [[0, number(FEBRUARY[0]), "provisional"]]
    assert page.data["monthly"][0][4] == 28 * 4
    assert page.data["left_out"] == []


def test_month_without_views_is_zero_not_missing(settings: Settings, lake: Lake, account: Account) -> None:
    for day in FEBRUARY:
        put_day(lake, account, day, {})
    assert _page(settings).data["monthly"][0][4:] == [0] * 12


def test_missing_values_stay_missing(settings: Settings, lake: Lake, account: Account) -> None:
    nothing = {"video_impression": None, "views_tv": None}
    for day in FEBRUARY:
        put_day(lake, account, day, {"7": nothing})
    _, _, state, merged, views, _, impressions, *_, tv, other = _page(settings).data["monthly"][0]
    assert (state, merged, views, impressions, tv, other) == ("complete", True, 29 * 4, None, None, 0)


def test_unlisted_video_has_its_last_name(settings: Settings, lake: Lake, account: Account) -> None:
    for day in FEBRUARY:
        put_day(lake, account, day, {"7": {"video_name": f"Name of the {day.day}th"}})
    assert [row[1] for row in _page(settings).data["videos"]] == ["Name of the 29th"]


def test_kept_sums_follow_the_days(settings: Settings, lake: Lake, account: Account) -> None:
    """A changed day is added up again, a removed one leaves its month out, a damaged file does no harm."""
    march = days_between(date(2024, 3, 1), date(2024, 3, 31))
    for day in (*FEBRUARY, *march):
        put_day(lake, account, day, {"7": {}})
    first = _page(settings)
    assert _page(settings) == first
    put_day(lake, account, march[4], {"7": {"video_view": 104}})
    changed = _page(settings)
    assert [row[4] for row in changed.data["monthly"]] == [29 * 4, 31 * 4 + 100]
    (kept,) = settings.state.glob("pages/*/*.parquet")
    kept.write_bytes(kept.read_bytes()[:100])
    assert _page(settings) == changed
    lake.path(DAILY_ANALYTICS, day_key(account.id, march[4])).unlink()
    assert [row[1] for row in _page(settings).data["monthly"]] == [number(FEBRUARY[0])]


def test_many_values_are_taken_together(
    settings: Settings, lake: Lake, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least viewed values of a field lie in one, whose sum is theirs."""
    monkeypatch.setattr("video_analytics.pages.channels.data.MOST_VALUES", 2)
    put_catalogue(lake, account, [video(f"{n}", custom_fields={"country": f"C{n}"}) for n in range(5)])
    for day in FEBRUARY:
        put_day(lake, account, day, {f"{n}": {"video_view": n} for n in range(5)})
    found = _page(settings).data["dimensions"]["country"]
    assert (found["values"], found["others"]) == ([None, "C4", "C3"], 3)
    assert sum(views for _, _, place, views, _ in found["rows"] if place == -1) == 29 * (0 + 1 + 2)


def test_months_are_numbers_and_words() -> None:
    assert [iso(number(day)) for day in (date(1999, 12, 31), date(2024, 1, 1))] == ["1999-12", "2024-01"]


def put_day(lake: Lake, account: Account, day: date, rows: dict[str, Any], finality: str = "final") -> None:
    put(lake, account, day, rows, finality=finality)


def _page(settings: Settings) -> Page:
    page = channels_page(settings)
    assert page is not None
    return page
