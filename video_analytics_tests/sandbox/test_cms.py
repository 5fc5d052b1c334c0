import threading
from typing import Any

import pytest
import requests

from video_analytics.sandbox import Sandbox
from video_analytics_tests.sandbox.conftest import INTERNET, NOW, PEACE, Caller


def test_count_and_plain_list_are_the_truth(sandbox: Sandbox, caller: Caller) -> None:
    truth = sandbox.world.videos(INTERNET, NOW)
    assert caller.count() == len(truth)
    pages = [caller.cms(limit=100, offset=offset, sort="created_at").json() for offset in range(0, 1000, 100)]
    read = {video["id"]: video for page in pages for video in page}
    assert read == {video["id"]: video for video in truth}
    assert all(isinstance(video["id"], str) for video in read.values())


def test_default_limit_is_20_by_falling_update(caller: Caller) -> None:
    page = caller.cms().json()
    assert len(page) == 20
    stamps = [video["updated_at"] for video in page]
    assert stamps == sorted(stamps, reverse=True)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "BAD_VALUE"),
        ({"limit": 101}, "BAD_VALUE"),
        ({"limit": "x"}, "BAD_VALUE"),
        ({"offset": -1}, "BAD_VALUE"),
        ({"sort": "foo"}, "INVALID_SORT"),
        ({"sort": "id"}, "INVALID_SORT"),
        ({"q": "nofield:1"}, "INVALID_SEARCH"),
        ({"q": "+updated_at:yesterday.."}, "INVALID_SEARCH"),
        ({"query": "+state:ACTIVE"}, "ILLEGAL_QUERY"),
    ],
)
def test_bad_parameters_are_arrays_with_a_code(caller: Caller, query: dict[str, Any], code: str) -> None:
    answer = caller.cms(**query)
    assert answer.status_code == 400
    assert answer.json()[0]["error_code"] == code


@pytest.mark.parametrize(
    "sort",
    ["name", "-name", "reference_id", "created_at", "-created_at", "published_at", "state", "-updated_at"],
)
def test_sorts(caller: Caller, sort: str) -> None:
    key = sort.removeprefix("-")
    values = [video[key] or "" for video in caller.cms(sort=sort, limit=100, q="state:ACTIVE").json()]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_ties_fall_differently_on_differing_pages(caller: Caller) -> None:
    whole = [video["id"] for video in caller.cms(sort="state", limit=100).json()]
    halves = [v["id"] for offset in (0, 50) for v in caller.cms(sort="state", limit=50, offset=offset).json()]
    assert whole != halves
    assert whole == [video["id"] for video in caller.cms(sort="state", limit=100).json()]


def test_deleted_ones_show_only_when_asked_for(sandbox: Sandbox, caller: Caller) -> None:
    account = max(sandbox.world.accounts, key=lambda a: len(sandbox.world.deleted(a.id, NOW))).id
    deleted = {video["id"] for video in sandbox.world.deleted(account, NOW)}
    assert deleted
    found = caller.cms(account=account, q="state:DELETED", limit=100).json()
    assert {video["id"] for video in found} == deleted
    assert {video["state"] for video in found} == {"DELETED"}
    assert caller.count(account, q="state:DELETED") == len(deleted)
    plain = caller.cms(account=account, limit=100, sort="-updated_at").json()
    assert not deleted & {video["id"] for video in plain}


def test_search_by_state_and_by_update(sandbox: Sandbox, caller: Caller) -> None:
    videos = sandbox.world.videos(INTERNET, NOW)
    active = sum(video["state"] == "ACTIVE" for video in videos)
    assert caller.count(q="state:ACTIVE") == active
    assert caller.count(q="-state:ACTIVE") == len(videos) - active
    recent = sum(video["updated_at"] >= "2026-05-01T00:00:00.000Z" for video in videos)
    assert 0 < recent < len(videos)
    for search in (
        "+updated_at:2026-05-01..",
        "+updated_at:2026-05-01T00:00:00Z..NOW",
        "updated_at:2026-05-01..",
    ):
        assert caller.count(q=search) == recent
    both = sum(v["updated_at"] >= "2026-05-01T00:00:00.000Z" and v["state"] == "ACTIVE" for v in videos)
    assert caller.count(q="+updated_at:2026-05-01.. +state:ACTIVE") == both
    assert caller.count(q="+updated_at:-40days..") == caller.count(q="+updated_at:2026-05-01T09:00:00Z..")


def test_one_id_gives_an_object_and_ten_an_array(caller: Caller) -> None:
    ids = [video["id"] for video in caller.cms(limit=11).json()]
    assert caller.cms(f"/{ids[0]}").json()["id"] == ids[0]
    assert [video["id"] for video in caller.cms(f"/{','.join(ids[:10])}").json()] == ids[:10]
    too_many = caller.cms(f"/{','.join(ids)}")
    assert (too_many.status_code, too_many.json()[0]["error_code"]) == (400, "ILLEGAL_PATH")
    missing = caller.cms("/1")
    assert (missing.status_code, missing.json()) == (404, [{"error_code": "RESOURCE_NOT_FOUND"}])


def test_custom_fields_are_per_account(sandbox: Sandbox, caller: Caller) -> None:
    ids = {}
    for account in sandbox.world.accounts:
        body = caller.get("CMS", f"/accounts/{account.id}/video_fields").json()
        assert body["standard_fields"] == []
        ids[account.name] = {field["id"] for field in body["custom_fields"]}
    assert ids["research"] - ids["neo"] == {"analyst_team"}
    assert len(ids["neo"]) == 15
    bare = caller.get("CMS", f"/accounts/{INTERNET}/video_fields/custom_fields").json()
    assert {field["id"] for field in bare} == ids["Internet"]
    used = {key for video in sandbox.world.videos(INTERNET, NOW) for key in video["custom_fields"]}
    assert used <= ids["Internet"]


def test_folders(caller: Caller) -> None:
    found = caller.get("CMS", f"/accounts/{INTERNET}/folders").json()
    assert {"id", "name", "account_id", "created_at", "updated_at", "video_count"} == set(found[0])


def test_the_tenth_request_within_a_second_is_refused(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    sandbox.set_scenario({"rate_scale": 1})
    other = "4413047246001"
    statuses = [caller.cms(account=other, limit=1).status_code for _ in range(12)]
    assert statuses == [200] * 9 + [429] * 3
    refused = caller.cms(account=other)
    assert refused.json() == [{"error_code": "TOO_MANY_REQUESTS", "message": "Rate limit exceeded"}]
    assert "Retry-After" not in refused.headers
    assert caller.cms(account="968049871001", limit=1).status_code == 200


def test_more_than_20_at_once_are_refused(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    limits = sandbox.service.cms_limits
    sandbox.set_scenario({"slow_seconds": 0.5})
    limits._running[INTERNET] = 19  # as if nineteen others were being served
    statuses: list[int] = []

    def read() -> None:
        with requests.Session() as session:
            statuses.append(Caller(sandbox, caller.token, session).cms(limit=1).status_code)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limits._running[INTERNET] == 19
    limits._running.clear()
    assert sorted(statuses) == [200, 429, 429]


def test_foreign_accounts_unknown_paths_and_other_methods(caller: Caller) -> None:
    foreign = caller.cms(account="42")
    assert (foreign.status_code, foreign.json()[0]["error_code"]) == (401, "UNAUTHORIZED")
    unknown = caller.get("CMS", "/nothing/here")
    assert (unknown.status_code, unknown.json()[0]["error_code"]) == (404, "RESOURCE_NOT_FOUND")
    posted = caller.send("POST", "CMS", f"/accounts/{INTERNET}/videos", {})
    assert (posted.status_code, posted.json()[0]["error_code"]) == (405, "METHOD_NOT_ALLOWED")


def test_drift_changes_the_truth_and_then_rests() -> None:
    now = NOW
    with Sandbox(seed=3, size="demo", now=now, scenario=PEACE | {"paging_drift": True}) as sandbox:
        caller = Caller(sandbox, session=requests.Session())
        before = {video["id"] for video in sandbox.world.videos(INTERNET, now)}
        for _ in range(8):
            for offset in range(0, 800, 100):
                caller.cms(limit=100, offset=offset, sort="created_at")
        seen = {entry["fault"] for entry in sandbox.log() if entry["fault"]}
        events = [entry for entry in sandbox.log() if entry["fault"]]
        assert len(events) == 12
        assert {"drift:insert", "drift:delete"} & seen
        after = {video["id"] for video in sandbox.world.videos(INTERNET, now)}
        assert after != before
        pages = [caller.cms(limit=100, offset=n, sort="created_at").json() for n in range(0, 1000, 100)]
        assert {video["id"] for page in pages for video in page} == after
        assert caller.count() == len(after)
        caller.session.close()


def test_empty_pages_in_the_middle(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario(PEACE | {"empty_pages": 2})
    sizes = [len(caller.cms(limit=100, offset=100).json()) for _ in range(3)]
    assert sizes == [0, 0, 100]


def test_lists_may_be_read_by_many_at_once(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    found: list[int] = []

    def read() -> None:
        with requests.Session() as session:
            found.append(len(Caller(sandbox, caller.token, session).cms(limit=100).json()))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [100] * 8
