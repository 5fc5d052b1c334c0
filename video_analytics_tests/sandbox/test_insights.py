from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from video_analytics.sandbox import Sandbox, World, truth
from video_analytics.sandbox.history import History
from video_analytics_tests.sandbox.conftest import INTERNET, MYWAY, NOW, Caller


def pages(caller: Caller, size: int, first: int = 1) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for page in range(first, first + 100):
        body = caller.get("INSIGHTS", f"/all/account/{INTERNET}/lastview", pageSize=size, page=page).json()
        media = body["data"]["insights"]["media"]
        if not media:
            return rows
        rows += media
    raise AssertionError("the pages do not end")


def test_every_page_together_is_the_total(caller: Caller) -> None:
    body = caller.get("INSIGHTS", f"/all/account/{INTERNET}/lastview").json()
    assert body["resultCode"] == "OK"
    assert body["data"]["total"] == body["data"]["pageInfo"]["totalItems"]
    rows = pages(caller, 200)
    assert len(rows) == body["data"]["total"] == len(body["data"]["insights"]["media"])
    assert len({row["id"] for row in rows}) == len(rows)
    assert sum(row["id"] == "" for row in rows) == 1
    assert {row["streamType"] for row in rows} == {"VOD", "LIVE"}
    from_zero = pages(caller, 200, first=0)
    assert {row["id"] for row in from_zero} == {row["id"] for row in rows}


def test_the_last_view_is_the_last_day_with_a_view(sandbox: Sandbox, caller: Caller) -> None:
    zone = ZoneInfo("Europe/Zurich")
    found = {row["id"]: datetime.fromisoformat(row["lastViewDateTime"]) for row in pages(caller, 1000)}
    assert {stamp.utcoffset() for stamp in found.values()} == {
        datetime(2026, month, 1, tzinfo=ZoneInfo("America/New_York")).utcoffset() for month in (1, 7)
    }
    assert all(row <= NOW for row in found.values())
    assert min(found.values()).year < 2023
    last: dict[str, str] = {}
    for day, rows in truth(sandbox.world, INTERNET, date(2026, 1, 1), date(2026, 6, 10), NOW).items():
        last |= {row["video"]: day for row in rows if row["video"] and row["video_view"]}
    assert len(last) > 200
    assert all(found[video].astimezone(zone).date().isoformat() == day for video, day in last.items())


def test_running_totals_agree_with_the_days_and_may_go_back_in_time() -> None:
    world = World(1, "tiny")
    history, late = History(world), datetime(2027, 6, 1, tzinfo=NOW.tzinfo)
    assert history.last_views(MYWAY, late)
    again, fresh = history.last_views(MYWAY, NOW), History(World(1, "tiny")).last_views(MYWAY, NOW)
    assert again == fresh


@pytest.mark.parametrize("query", [{"pageSize": 1001}, {"pageSize": 0}, {"page": -1}, {"page": "x"}])
def test_bad_pages(caller: Caller, query: dict[str, object]) -> None:
    answer = caller.get("INSIGHTS", f"/all/account/{INTERNET}/lastview", **query)
    assert answer.status_code == 400
    assert answer.json()[0]["error_code"] == "BAD_REQUEST"


def test_it_needs_a_token_and_an_account_of_ours(caller: Caller) -> None:
    assert caller.get("INSIGHTS", "/all/account/1/lastview").status_code == 401
    caller.token = "x"
    assert caller.get("INSIGHTS", f"/all/account/{INTERNET}/lastview").status_code == 401
