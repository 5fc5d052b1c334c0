"""When a video was last viewed: own rows first, the vendor's list for days not held; and the cache."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import collect_catalogue, collect_days
from video_analytics.brightcove.last_views import bootstrap, compute_last_viewed, compute_video_cache
from video_analytics.brightcove.tables import LAST_VIEW_LIST, LAST_VIEWED, VIDEO_CACHE
from video_analytics.errors import Incomplete, Refused, Unavailable
from video_analytics.lake import Lake
from video_analytics.settings import Account
from video_analytics_tests.brightcove.small_lake import (
    INTERNET,
    INTRANET,
    put_catalogue,
    put_day,
    put_last_viewed,
    video,
)
from video_analytics_tests.conftest import (
    NOW,
    YESTERDAY,
    NewSandbox,
    client_of,
    days_until,
    settings_for,
    snapshot,
)

TODAY = date(2026, 6, 15)
UNVIEWED = {"video_view": 0, "video_impression": 7}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


class Vendor:
    """A vendor's last-view list in pages; an error in place of a page is raised."""

    def __init__(self, *pages: Sequence[tuple[str, str]] | Exception, total: int | None = None) -> None:
        self.pages, self.asked = pages, list[int]()
        self.total = sum(len(page) for page in pages if not isinstance(page, Exception))
        self.total = self.total if total is None else total

    def last_view_page(self, _account: Account, page: int, decode: Any) -> Any:
        self.asked.append(page)
        told = self.pages[page - 1] if page <= len(self.pages) else []
        if isinstance(told, Exception):
            raise told
        media = [{"id": number, "streamType": "vod", "lastViewDateTime": when} for number, when in told]
        insights = {"media": media, "pageInfo": {"totalItems": self.total}}
        return decode(json.dumps({"data": {"total": self.total, "insights": insights}}).encode())

    def client(self) -> Client:
        return cast("Client", self)


def held(lake: Lake, account: Account = INTERNET) -> dict[str, tuple[date, str]]:
    read = lake.read(LAST_VIEWED, account.id)
    assert read is not None
    rows = read.to_pylist()
    assert {row["account_id"] for row in rows} <= {account.id}
    assert [row["video_id"] for row in rows] == sorted({row["video_id"] for row in rows})
    return {row["video_id"]: (row["last_viewed"], row["source"]) for row in rows}


def listed(lake: Lake) -> dict[str, date]:
    read = lake.read(LAST_VIEW_LIST, INTERNET.id)
    assert read is not None
    return {row["video_id"]: row["last_viewed"] for row in read.to_pylist()}


# --- the vendor's list ------------------------------------------------------------------------------------


def test_the_list_is_read_in_pages_and_once(lake: Lake) -> None:
    entries = [(f"{number:05}", f"2024-01-{number % 28 + 1:02}T12:00:00Z") for number in range(2_300)]
    vendor = Vendor(entries[:1000], entries[1000:2000], entries[2000:])
    assert bootstrap(vendor.client(), lake, INTERNET) == "read"
    assert vendor.asked == [1, 2, 3]
    assert listed(lake) == {number: date.fromisoformat(when[:10]) for number, when in entries}
    assert bootstrap(vendor.client(), lake, INTERNET) == "known"
    assert vendor.asked == [1, 2, 3]


def test_an_empty_list_is_known_afterwards(lake: Lake) -> None:
    vendor = Vendor([])
    assert bootstrap(vendor.client(), lake, INTERNET) == "read"
    assert listed(lake) == {}
    assert bootstrap(vendor.client(), lake, INTERNET) == "known"
    assert vendor.asked == [1]


@pytest.mark.parametrize("pages", [[[]], [[("1", "2024-01-01T00:00:00Z")], []]])
def test_a_list_that_ends_early_is_incomplete(lake: Lake, pages: list[list[tuple[str, str]]]) -> None:
    vendor = Vendor(*pages, total=1_234)
    with pytest.raises(Incomplete, match=r"Internet.*expected 1,234 .*got [01] ") as caught:
        bootstrap(vendor.client(), lake, INTERNET)
    assert "try again later" in str(caught.value)
    assert lake.facts(LAST_VIEW_LIST, INTERNET.id) is None


def test_a_refused_list_is_told_and_asked_again_another_day(lake: Lake) -> None:
    vendor = Vendor(Refused("not in the contract"))
    assert bootstrap(vendor.client(), lake, INTERNET) == "not in the contract"
    assert lake.facts(LAST_VIEW_LIST, INTERNET.id) is None
    assert compute_last_viewed(lake, INTERNET)["rows"] == 0


def test_a_refusal_on_a_later_page_keeps_no_half_list(lake: Lake) -> None:
    vendor = Vendor([("1", "2024-01-01T00:00:00Z")], Refused("no"), total=2)
    assert bootstrap(vendor.client(), lake, INTERNET) == "no"
    assert lake.facts(LAST_VIEW_LIST, INTERNET.id) is None


def test_a_vendor_that_is_away_is_an_error(lake: Lake) -> None:
    with pytest.raises(Unavailable):
        bootstrap(Vendor(Unavailable("away")).client(), lake, INTERNET)
    assert lake.facts(LAST_VIEW_LIST, INTERNET.id) is None


@pytest.mark.parametrize(
    ("zone", "when", "day"),
    [
        ("UTC", "2025-06-01T20:15:00-04:00", date(2025, 6, 2)),
        ("America/New_York", "2025-06-01T20:15:00-04:00", date(2025, 6, 1)),
        ("Asia/Tokyo", "2025-06-01T14:59:59.999Z", date(2025, 6, 1)),
        ("Asia/Tokyo", "2025-06-01T15:00:00Z", date(2025, 6, 2)),
        ("Europe/Zurich", "2025-12-31T23:00:00Z", date(2026, 1, 1)),
    ],
)
def test_a_view_belongs_to_a_day_of_the_accounts_zone(lake: Lake, zone: str, when: str, day: date) -> None:
    account = INTERNET.model_copy(update={"timezone": zone})
    bootstrap(Vendor([("1", when)]).client(), lake, account)
    assert listed(lake) == {"1": day}


def test_traffic_without_a_video_is_left_out(lake: Lake) -> None:
    bootstrap(Vendor([("", "2024-01-01T00:00:00Z"), ("1", "2024-01-02T00:00:00Z")]).client(), lake, INTERNET)
    assert listed(lake) == {"1": date(2024, 1, 2)}


def test_a_video_named_twice_has_its_latest_view(lake: Lake) -> None:
    vendor = Vendor(
        [("1", "2024-03-05T00:00:00Z"), ("2", "2024-01-01T00:00:00Z")], [("1", "2024-03-04T00:00:00Z")]
    )
    bootstrap(vendor.client(), lake, INTERNET)
    assert listed(lake) == {"1": date(2024, 3, 5), "2": date(2024, 1, 1)}


# --- last viewed ------------------------------------------------------------------------------------------


def put_list(lake: Lake, views: dict[str, date]) -> None:
    vendor = Vendor([(number, f"{day}T12:00:00Z") for number, day in views.items()])
    assert bootstrap(vendor.client(), lake, INTERNET) == "read"


def test_nothing_known_is_an_empty_table(lake: Lake) -> None:
    assert compute_last_viewed(lake, INTERNET) == {"rows": 0, "from_own_rows": 0, "changed": True}
    assert held(lake) == {}


def test_only_views_count(lake: Lake) -> None:
    put_day(lake, INTERNET, date(2026, 6, 1), {"1": {}, "2": UNVIEWED, "3": {"video_view": 1}})
    put_day(lake, INTERNET, date(2026, 6, 2), {"1": UNVIEWED, "2": {"video_view": None}})
    put_day(lake, INTERNET, date(2026, 6, 3), {})
    assert compute_last_viewed(lake, INTERNET) == {"rows": 2, "from_own_rows": 2, "changed": True}
    day = (date(2026, 6, 1), "own_rows")
    assert held(lake) == {"1": day, "3": day}


def test_the_latest_of_many_days_over_years(lake: Lake) -> None:
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29), date(2026, 6, 1)]
    for number, day in enumerate(days):
        put_day(lake, INTERNET, day, {str(each): {} for each in range(number, 4)})
    put_day(lake, INTRANET, date(2026, 6, 9), {"0": {}})
    compute_last_viewed(lake, INTERNET)
    assert held(lake) == {str(number): (day, "own_rows") for number, day in enumerate(days)}


def test_the_list_speaks_for_days_that_are_not_held_only(lake: Lake) -> None:
    put_day(lake, INTERNET, date(2026, 6, 1), {"1": {}, "2": UNVIEWED, "4": {}, "5": {}})
    put_day(lake, INTERNET, date(2026, 6, 2), {"1": UNVIEWED})
    put_list(
        lake,
        {
            "1": date(2026, 5, 31),  # older than the own row
            "2": date(2024, 1, 1),  # never viewed in the own rows
            "3": date(2026, 6, 2),  # a day we hold: there was no view
            "4": date(2026, 6, 3),  # later than what we hold
            "5": date(2026, 6, 1),  # the same
            "6": date(2026, 6, 9),
        },
    )
    assert compute_last_viewed(lake, INTERNET) == {"rows": 5, "from_own_rows": 3, "changed": True}
    assert held(lake) == {
        "1": (date(2026, 6, 1), "own_rows"),
        "2": (date(2024, 1, 1), "last_view_list"),
        "4": (date(2026, 6, 3), "last_view_list"),
        "5": (date(2026, 6, 1), "own_rows"),
        "6": (date(2026, 6, 9), "last_view_list"),
    }
    put_day(lake, INTERNET, date(2026, 6, 3), {"6": {}})  # now held: the list falls silent about it
    compute_last_viewed(lake, INTERNET)
    assert held(lake)["4"] == (date(2026, 6, 1), "own_rows")
    assert held(lake)["6"] == (date(2026, 6, 9), "last_view_list")


def test_the_list_alone(lake: Lake) -> None:
    put_list(lake, {"b": date(2020, 2, 2), "a": date(2026, 6, 2)})
    assert compute_last_viewed(lake, INTERNET) == {"rows": 2, "from_own_rows": 0, "changed": True}
    assert list(held(lake)) == ["a", "b"]


def test_a_second_time_nothing_changes(lake: Lake) -> None:
    put_day(lake, INTERNET, date(2026, 6, 1), {str(each): {} for each in range(50)})
    compute_last_viewed(lake, INTERNET)
    before = snapshot(lake.root)
    assert compute_last_viewed(lake, INTERNET)["changed"] is False
    assert snapshot(lake.root) == before


# --- the cache --------------------------------------------------------------------------------------------


def cache_of(
    lake: Lake, views: dict[str, date], *, years: tuple[int, ...] = (2025, 2026), days: int = 90
) -> set[str]:
    put_last_viewed(lake, INTERNET, views)
    facts = compute_video_cache(lake, INTERNET, years, days, TODAY)
    read = lake.read(VIDEO_CACHE, INTERNET.id)
    assert read is not None
    rows = read.to_pylist()
    assert facts["rows"] == len(rows)
    assert [row["video_id"] for row in rows] == sorted(row["video_id"] for row in rows)
    assert {row["video_id"]: row["last_viewed"] for row in rows}.items() <= views.items()
    return {row["video_id"] for row in rows}


@pytest.mark.parametrize("days", [1, 30, 90, 366])
def test_the_cache_ends_after_its_days(lake: Lake, days: int) -> None:
    put_catalogue(lake, INTERNET, [video(each) for each in ("in", "out", "now", "never")])
    edge = TODAY - timedelta(days)
    views = {"in": edge, "out": edge - timedelta(1), "now": TODAY, "unlisted": TODAY}
    assert cache_of(lake, views, days=days) == {"in", "now"}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"created_at": "2025-01-01T00:00:00.000Z"}, True),
        ({"created_at": "2024-12-31T23:59:59.999Z"}, False),
        ({"created_at": "2026-12-31T23:59:59.999Z"}, True),
        ({"created_at": "2027-01-01T00:00:00.000Z"}, False),
        ({"created_at": None}, False),
        ({"state": "INACTIVE"}, False),
        ({"state": "PENDING"}, False),
        ({"published_at": None}, False),
        ({"schedule": None, "complete": False}, True),
    ],
)
def test_the_cache_holds_what_the_report_holds(lake: Lake, changes: dict[str, Any], wanted: bool) -> None:
    put_catalogue(lake, INTERNET, [video("1", **changes)])
    assert cache_of(lake, {"1": TODAY}) == ({"1"} if wanted else set())


def test_the_cache_leaves_out_what_is_gone(lake: Lake) -> None:
    put_catalogue(lake, INTERNET, [video(each) for each in "123"], statuses={"2": "deleted", "3": "missing"})
    assert cache_of(lake, dict.fromkeys("123", TODAY)) == {"1"}


def test_the_cache_without_a_catalogue_or_views_is_empty(lake: Lake) -> None:
    facts = compute_video_cache(lake, INTERNET, (2025,), 90, TODAY)
    assert facts == {"rows": 0, "listed": 0, "viewed_since": "2026-03-17", "changed": True}
    put_catalogue(lake, INTERNET, [video("1")])
    facts = compute_video_cache(lake, INTERNET, (2025,), 90, TODAY)
    assert (facts["rows"], facts["listed"], facts["changed"]) == (0, 1, False)


# --- with the simulated vendor ----------------------------------------------------------------------------


def test_against_the_truth_of_a_vendor(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["Internet"])
    lake, (account,) = Lake(settings.lake), settings.brightcove.accounts
    days = days_until(YESTERDAY, 10)
    with client_of(settings) as client:
        collect_catalogue(client, lake, account)
        assert [each.error for each in collect_days(client, lake, {account: days}) if each.error] == []
        assert bootstrap(client, lake, account) == "read"
        assert bootstrap(client, lake, account) == "known"
        compute_last_viewed(lake, account)
    asked = [each for each in sandbox.log() if "lastview" in json.dumps(each, default=str)]
    assert len(asked) == 1
    own: dict[str, date] = {}
    for day in days:
        for row in sandbox.world.day(account.id, day, NOW):
            if row["video"] and row["video_view"]:
                own[row["video"]] = day
    zone, told = ZoneInfo(account.timezone), dict[str, date]()
    for number, _live, when in sandbox.service.history.last_views(account.id, NOW):
        told[number] = datetime.fromisoformat(when).astimezone(UTC).astimezone(zone).date()
    wanted = {number: (day, "own_rows") for number, day in own.items()}
    for number, day in told.items():
        if number and day not in days and day > own.get(number, date.min):
            wanted[number] = (day, "last_view_list")
    found = held(lake, account)
    assert found == wanted
    assert {source for _, source in found.values()} == {"own_rows", "last_view_list"}


def test_a_vendor_that_refuses_the_list(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"dead_accounts": ["Internet"], "dead_how": "403"})
    settings = settings_for(sandbox, home, accounts=["Internet"])
    with client_of(settings) as client:
        told = bootstrap(client, Lake(settings.lake), settings.brightcove.accounts[0])
    assert "403" in told
    assert "Internet" in told
