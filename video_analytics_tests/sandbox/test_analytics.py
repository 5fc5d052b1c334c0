from collections import Counter
from datetime import date
from typing import Any

import pytest

from video_analytics.sandbox import Sandbox, truth
from video_analytics_tests.sandbox.conftest import FIELDS, INTERNET, INTRANET, NOW, Caller


def test_all_rows_equal_the_truth(sandbox: Sandbox, caller: Caller) -> None:
    body = caller.data(fields=FIELDS + ",video_name", limit="all").json()
    days = truth(sandbox.world, INTERNET, date(2026, 3, 2), date(2026, 3, 8), NOW)
    known = {(r["video"], r["date"]): r for rows in days.values() for r in rows}
    assert body["item_count"] == len(body["items"]) == len(known)
    for row in body["items"]:
        assert (
            row.items()
            >= {k: v for k, v in known[row["video"], row["date"]].items() if k != "devices"}.items()
        )
    assert body["summary"]["video_view"] == sum(row["video_view"] for row in body["items"])
    percent = sum(row["video_percent_viewed"] for row in body["items"])
    assert body["summary"]["video_percent_viewed"] == pytest.approx(percent)


def test_to_is_inclusive_and_a_single_day_is_from_equals_to(caller: Caller) -> None:
    body = caller.data(from_="2026-03-02", to="2026-03-04", limit="all").json()
    assert {row["date"] for row in body["items"]} == {"2026-03-02", "2026-03-03", "2026-03-04"}
    single = caller.data(from_="2026-03-04", to="2026-03-04", limit="all").json()
    assert {row["date"] for row in single["items"]} == {"2026-03-04"}


def test_defaults_are_ten_rows_of_views_sorted_by_them(caller: Caller) -> None:
    body = caller.data().json()
    assert len(body["items"]) == 10 < body["item_count"]
    assert all(set(row) == {"video", "date", "video_view"} for row in body["items"])
    assert set(body["summary"]) == {"video_view"}
    views = [row["video_view"] for row in caller.data(limit=500).json()["items"]]
    assert views == sorted(views)
    falling = [row["video_view"] for row in caller.data(limit=500, sort="-video_view").json()["items"]]
    assert falling == sorted(falling, reverse=True)


def test_pages_shuffle_ties_but_the_counts_stay(caller: Caller) -> None:
    whole = caller.data(limit="all").json()
    pages = [caller.data(limit=100, offset=n).json() for n in range(0, whole["item_count"], 100)]
    keys = [(row["video"], row["date"]) for page in pages for row in page["items"]]
    assert len(keys) == whole["item_count"]
    assert len(set(keys)) < len(keys)
    assert {page["item_count"] for page in pages} == {whole["item_count"]}
    assert {page["summary"]["video_view"] for page in pages} == {whole["summary"]["video_view"]}


def test_the_device_split_sums_to_the_views(sandbox: Sandbox, caller: Caller) -> None:
    days = truth(sandbox.world, INTERNET, date(2026, 3, 2), date(2026, 3, 8), NOW)
    known = {
        (row["video"], row["date"], device): views
        for rows in days.values()
        for row in rows
        for device, views in row["devices"].items()
    }
    body = caller.data(
        dimensions="video,date,device_type", fields="video_view,video_impression", limit="all"
    ).json()
    found = {(r["video"], r["date"], r["device_type"]): r["video_view"] for r in body["items"]}
    assert found == known
    whole = caller.data(fields="video_view,video_impression").json()["summary"]
    assert body["summary"] == whole


@pytest.mark.parametrize(
    ("dimensions", "rows"),
    [
        ("date", 7),
        ("account", 1),
        ("account,date", 7),
        ("video", None),
        ("device_type", None),
        ("video,device_type", None),
        ("date,device_type", None),
        ("account,video", None),
        ("account,video,date", None),
        ("account,video,device_type", None),
        ("account,video,date,device_type", None),
    ],
)
def test_other_combinations_have_the_same_sums(caller: Caller, dimensions: str, rows: int | None) -> None:
    body = caller.data(dimensions=dimensions, limit="all", fields="video_view,video_seconds_viewed").json()
    names = dimensions.split(",")
    keys = [tuple(row[name] for name in names) for row in body["items"]]
    assert max(Counter(keys).values()) == 1
    assert len(keys) == body["item_count"] == (rows or len(keys))
    assert body["summary"] == caller.data(fields="video_view,video_seconds_viewed").json()["summary"]
    assert sum(row["video_view"] for row in body["items"]) == body["summary"]["video_view"]


def test_several_accounts_in_one_call(caller: Caller) -> None:
    both = f"{INTERNET},{INTRANET}"
    body = caller.data(accounts=both, dimensions="account,video,date", fields="all", limit="all").json()
    assert {row["account"] for row in body["items"]} == {INTERNET, INTRANET}
    assert {row["account.name"] for row in body["items"]} == {"Internet", "Intranet"}
    parts = [
        caller.data(accounts=account, limit="all").json()["item_count"] for account in (INTERNET, INTRANET)
    ]
    assert body["item_count"] == sum(parts)
    assert all("play_rate" in row for row in body["items"])
    merged = caller.data(accounts=both, limit="all").json()["items"]
    nobody = [row["date"] for row in merged if row["video"] is None]
    assert len(nobody) == len(set(nobody))


@pytest.mark.parametrize(
    "query",
    [
        {"fields": "play_rate"},
        {"fields": "video_view,play_rate"},
        {"fields": "video_duration"},
        {"fields": "nonsense"},
        {"dimensions": "video,player"},
        {"dimensions": "video,date,country"},
        {"dimensions": "video,device_type", "fields": "video_engagement_50"},
        {"dimensions": "date", "fields": "video_name"},
        {"dimensions": "date", "fields": "video.name"},
    ],
)
def test_unsupported_combinations_fail_as_a_whole(caller: Caller, query: dict[str, Any]) -> None:
    answer = caller.data(**query)
    assert answer.status_code == 400
    entry = answer.json()[0]
    assert entry["error_code"] == "UNSUPPORTED_FIELD_COMBINATION_ERROR"
    assert entry["request_id"]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "video_impression"},
        {"limit": 0},
        {"limit": "-1"},
        {"offset": "x"},
        {"from_": "2026-13-01"},
        {"from_": "2026-03-09"},
        {"to": "soon"},
        {"where": "date==2026-03-02"},
        {"where": "video"},
        {"reconciled": "maybe"},
        {"format": "csv"},
        {"dimensions": ""},
        {"accounts": ""},
    ],
)
def test_bad_parameters_are_bad_requests(caller: Caller, query: dict[str, Any]) -> None:
    answer = caller.data(**query)
    assert answer.status_code == 400
    assert answer.json()[0]["error_code"] == "BAD_REQUEST"


def test_ratios_are_derived(caller: Caller) -> None:
    fields = "video_view,video_impression,video_percent_viewed,play_rate,engagement_score"
    body = caller.data(dimensions="video", fields=fields, limit="all").json()
    for row in [*body["items"], body["summary"]]:
        assert row["play_rate"] == pytest.approx(row["video_view"] / row["video_impression"])
        if row["video_view"]:
            assert row["engagement_score"] == pytest.approx(row["video_percent_viewed"] / row["video_view"])
        else:
            assert row["engagement_score"] is None
    assert max(row["engagement_score"] or 0 for row in body["items"]) > 100


def test_metadata_comes_fresh_from_the_catalogue(sandbox: Sandbox, caller: Caller) -> None:
    fields = "video_view,video_name,video.name,video.reference_id,video.tags,video.custom_fields.country"
    body = caller.data(fields=fields, limit="all").json()
    fresh = {video["id"]: video for video in sandbox.world.videos(INTERNET, NOW)}
    gone = [row for row in body["items"] if row["video"] and row["video"] not in fresh]
    assert gone
    assert all(row["video.name"] is None and row["video_name"] for row in gone)
    for row in body["items"]:
        if row["video"] in fresh:
            assert row["video.name"] == fresh[row["video"]]["name"]
            assert row["video.tags"] == fresh[row["video"]]["tags"]
            assert row["video.custom_fields.country"] == fresh[row["video"]]["custom_fields"].get("country")


def test_where_filters(caller: Caller) -> None:
    rows = caller.data(limit="all", sort="-video_view").json()["items"]
    one, two = [row["video"] for row in rows if row["video"]][:2]
    body = caller.data(limit="all", where=f"video=={one},{two}").json()
    assert {row["video"] for row in body["items"]} == {one, two}
    split = caller.data(dimensions="date,device_type", where=f"video=={one}", limit="all").json()
    assert split["summary"] == caller.data(where=f"video=={one}").json()["summary"]
    tablets = caller.data(dimensions="video", where="device_type==tablet,mobile", limit="all").json()
    devices = caller.data(dimensions="device_type", limit="all").json()["items"]
    views = {row["device_type"]: row["video_view"] for row in devices}
    assert tablets["summary"]["video_view"] == views["tablet"] + views["mobile"]
    assert caller.data(where="video==999").json() == {
        "item_count": 0,
        "items": [],
        "summary": {"video_view": 0},
    }


def test_the_status_ends_where_days_are_still_provisional(caller: Caller) -> None:
    body = caller.get("ANALYTICS", "/data/status", accounts=INTERNET, dimensions="video,date").json()
    assert body == {"reconciled_from": "2023-01-01", "reconciled_to": "2026-06-06"}


def test_no_account_of_ours_no_such_path_no_other_method(caller: Caller) -> None:
    foreign = caller.data(accounts="1")
    assert (foreign.status_code, foreign.json()[0]["error_code"]) == (401, "UNAUTHORIZED")
    unknown = caller.get("ANALYTICS", "/nothing")
    assert (unknown.status_code, unknown.json()[0]["error_code"]) == (404, "RESOURCE_NOT_FOUND")
    posted = caller.send("POST", "ANALYTICS", "/data", {})
    assert (posted.status_code, posted.json()[0]["error_code"]) == (405, "METHOD_NOT_ALLOWED")


def test_answers_are_packed_and_say_how_long_they_hold(caller: Caller) -> None:
    answer = caller.data(limit="all")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == "max-age=300"


def test_beyond_the_cap_rows_are_cut_but_counted(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario({"row_cap": 50})
    body = caller.data(limit="all").json()
    assert len(body["items"]) == 50 < body["item_count"]


def test_alltime_views(sandbox: Sandbox, caller: Caller) -> None:
    row = caller.data(limit=1, sort="-video_view").json()["items"][0]
    path = f"/alltime/accounts/{INTERNET}/videos/{row['video']}"
    views = caller.get("ANALYTICS", path).json()["alltime_video_views"]
    total = caller.data(dimensions="video", where=f"video=={row['video']}", from_="alltime", to="now").json()
    before = views - total["summary"]["video_view"]
    assert 0 <= before < 97
    sandbox.advance(days=1)
    assert caller.get("ANALYTICS", path).json()["alltime_video_views"] >= views
    assert caller.get("ANALYTICS", f"/alltime/accounts/{INTERNET}/videos/1").status_code == 404
