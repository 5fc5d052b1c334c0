from datetime import UTC, date, datetime
from typing import Any

import pytest

from video_analytics.sandbox import Sandbox
from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.query import window
from video_analytics_tests.sandbox.conftest import INTERNET, NOW, Caller

ZURICH, NEW_YORK = "Europe/Zurich", "America/New_York"
MIDNIGHT_ZURICH = "1772406000000"  # 2026-03-02 00:00 +01:00, still the 1st in New York


@pytest.mark.parametrize(
    ("zone", "start", "end", "first", "last"),
    [
        (ZURICH, "2026-03-02", "2026-03-08", "2026-03-02", "2026-03-08"),
        (ZURICH, "2026-03-02", "now", "2026-03-02", "2026-06-10"),
        (ZURICH, "2026-03-02", None, "2026-03-02", "2026-06-10"),
        (ZURICH, None, "now", "2026-05-09", "2026-06-10"),
        (ZURICH, "-2d", "now", "2026-06-08", "2026-06-10"),
        (ZURICH, "-48h", "2026-03-10", "2026-03-08", "2026-03-10"),
        (ZURICH, "2026-03-01", "31d", "2026-03-01", "2026-04-01"),
        (ZURICH, MIDNIGHT_ZURICH, MIDNIGHT_ZURICH, "2026-03-02", "2026-03-02"),
        (NEW_YORK, MIDNIGHT_ZURICH, MIDNIGHT_ZURICH, "2026-03-01", "2026-03-01"),
        (ZURICH, "alltime", "2026-03-02", "2023-01-01", "2026-03-02"),
    ],
)
def test_windows(zone: str, start: str | None, end: str | None, first: str, last: str) -> None:
    parameters = {name: value for name, value in (("from", start), ("to", end)) if value}
    assert window(parameters, zone, NOW) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("start", "end"), [("-2d", "3d"), ("", "x"), ("9" * 20, "now"), ("2026-06-11", "now")]
)
def test_impossible_windows(start: str, end: str) -> None:
    with pytest.raises(RefusalError):
        window({"from": start, "to": end}, ZURICH, NOW)


def test_each_account_has_its_own_today(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_now(datetime(2026, 6, 10, 3, 0, tzinfo=UTC))
    last = {}
    for account in sandbox.world.accounts:
        rows = caller.data(accounts=account.id, dimensions="date", from_="-9d", to="now", limit="all").json()
        last[account.name] = max(row["date"] for row in rows["items"])
    assert (last["Internet"], last["neo"]) == ("2026-06-10", "2026-06-09")


def test_reconciled_true_refuses_fresh_days(caller: Caller) -> None:
    fresh = caller.data(from_="2026-06-01", to="2026-06-09", reconciled="true")
    assert (fresh.status_code, fresh.json()[0]["error_code"]) == (400, "TIME_RANGE_UNAVAILABLE")
    assert caller.data(reconciled="true").json() == caller.data().json()


def test_reconciled_false_has_only_the_last_32_days(caller: Caller) -> None:
    asked: dict[str, Any] = {"dimensions": "date", "from_": "2026-04-01", "to": "now", "limit": "all"}
    recent = caller.data(reconciled="false", **asked).json()
    assert min(row["date"] for row in recent["items"]) == "2026-05-09"
    old = {"dimensions": "date", "from_": "2026-03-01", "to": "2026-03-05"}
    assert caller.data(reconciled="false", **old).json()["item_count"] == 0


def test_days_appear_as_the_clock_moves(sandbox: Sandbox, caller: Caller) -> None:
    asked = {"dimensions": "date", "from_": "2026-06-10", "to": "2026-06-20", "limit": "all"}
    assert caller.data(**asked).json()["item_count"] == 1
    sandbox.advance(days=2)
    assert caller.data(**asked).json()["item_count"] == 3
    assert caller.data(from_="2027-01-01", to="2027-01-02", accounts=INTERNET).json()["items"] == []
