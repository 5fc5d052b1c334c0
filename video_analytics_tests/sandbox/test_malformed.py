import json
from typing import Any

import pytest
import requests

from video_analytics.sandbox import Sandbox
from video_analytics.sandbox.malformed import KINDS
from video_analytics_tests.sandbox.conftest import INTERNET, PEACE, Caller


def read(answer: requests.Response) -> Any:
    """The body as a careless client reads it, or the reason why it cannot."""
    try:
        return json.loads(answer.content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return type(error).__name__


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_differs_from_the_truth_with_status_200(
    sandbox: Sandbox, caller: Caller, kind: str
) -> None:
    good = caller.data(limit=20).json()
    sandbox.set_scenario({"malformed": kind, "malformed_every": 1})
    try:
        answer = caller.data(limit=20)
    except requests.exceptions.ContentDecodingError:
        assert kind == "gzip_cut"
        return
    assert answer.status_code == 200
    assert repr(read(answer)) != repr(good)
    assert sandbox.log()[-1]["fault"] == f"malformed:{kind}"


def test_kinds_that_parse_lie_in_the_way_they_say(sandbox: Sandbox, caller: Caller) -> None:
    def spoilt(kind: str) -> Any:
        sandbox.set_scenario({"malformed": [kind], "malformed_every": 1})
        return read(caller.data(limit=20))

    good = caller.data(limit=20).json()
    assert spoilt("count_big")["item_count"] == good["item_count"] + 3
    assert spoilt("count_small")["item_count"] == good["item_count"] - 1
    assert "item_count" not in spoilt("no_item_count")
    assert "items" not in spoilt("no_items")
    assert len(spoilt("duplicate")["items"]) == 21
    assert spoilt("negative")["items"][0]["video_view"] == -5
    assert spoilt("wrong_type")["items"][0]["video_view"] == "many"
    assert isinstance(spoilt("number_id")["items"][0]["video"], int)
    assert spoilt("other_day")["items"][0]["date"] == "1999-12-31"
    assert spoilt("infinity")["items"][0]["video_view"] == float("inf")
    assert spoilt("huge")["items"][0]["video_view"] == 10**400
    assert spoilt("null") is None
    assert isinstance(spoilt("list"), list)
    assert spoilt("deep") == "RecursionError"
    assert spoilt("empty") == spoilt("cut") == spoilt("html") == spoilt("nul") == "JSONDecodeError"
    assert spoilt("utf8") == "UnicodeDecodeError"


def test_every_third_answer_and_the_kinds_in_turn(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario(PEACE | {"malformed": ["null", "html"], "malformed_every": 3})
    bodies = [caller.data().content for _ in range(6)]
    assert bodies[2] == b"null"
    assert bodies[5].startswith(b"<!DOCTYPE html>")
    assert all(body.startswith(b'{"item_count"') for body in (*bodies[:2], *bodies[3:5]))


def test_the_cms_is_spoilt_too(sandbox: Sandbox, caller: Caller) -> None:
    count = caller.count()
    sandbox.set_scenario(PEACE | {"malformed": "negative", "malformed_every": 1})
    assert caller.count() == -5 != count
    sandbox.set_scenario(PEACE | {"malformed": "number_id", "malformed_every": 1})
    assert isinstance(caller.cms().json()[0]["id"], int)


def test_every_kind_can_be_put_on_every_answer(sandbox: Sandbox, caller: Caller) -> None:
    video, account = caller.cms(limit=1).json()[0]["id"], f"/accounts/{INTERNET}"
    paths = [
        ("CMS", f"{account}/{end}") for end in ("counts/videos", "videos", f"videos/{video}", "video_fields")
    ]
    paths += [("ANALYTICS", f"/alltime{account}/videos/{video}"), ("CMS", f"{account}/folders")]
    statuses = set()
    for kind in sorted(set(KINDS) - {"gzip_cut"}):
        sandbox.set_scenario(PEACE | {"malformed": kind, "malformed_every": 1})
        statuses |= {caller.get(api, path).status_code for api, path in paths}
    assert statuses == {200}
