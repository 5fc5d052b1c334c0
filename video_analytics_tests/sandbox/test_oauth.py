import time

import requests

from video_analytics.sandbox import Sandbox
from video_analytics_tests.sandbox.conftest import PEACE, Caller


def test_a_token_for_300_seconds_from_v4_and_v3(sandbox: Sandbox, caller: Caller) -> None:
    answer = caller.login()
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    names = sandbox.environment()
    older = requests.post(
        names["BRIGHTCOVE_OAUTH_URL"].replace("v4", "v3"),
        params={"grant_type": "client_credentials"},
        auth=(names["BRIGHTCOVE_CLIENT_ID"], names["BRIGHTCOVE_CLIENT_SECRET"]),
        timeout=10,
    )
    assert older.json()["access_token"] != body["access_token"]


def test_several_tokens_live_at_once(caller: Caller) -> None:
    tokens = [caller.login().json()["access_token"] for _ in range(3)]
    for token in tokens:
        caller.token = token
        assert caller.count() > 0


def test_errors_are_objects(caller: Caller) -> None:
    wrong = caller.login(auth=("sandbox-client-1", "nope"))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    assert "error_description" in wrong.json()
    assert caller.login(auth=None).json()["error"] == "invalid_client"
    missing = caller.login(data={})
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    other = caller.login(data={"grant_type": "password"})
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")


def test_only_post(sandbox: Sandbox) -> None:
    answer = requests.get(sandbox.environment()["BRIGHTCOVE_OAUTH_URL"], timeout=10)
    assert answer.status_code == 405
    assert isinstance(answer.json(), dict)


def test_a_token_runs_out(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario(PEACE | {"token_seconds": 0.3})
    assert caller.count() > 0
    time.sleep(0.35)
    refused = caller.cms()
    assert refused.status_code == 401
    assert refused.json() == [{"error_code": "UNAUTHORIZED", "message": "Permission denied."}]


def test_missing_and_invented_tokens_are_refused_in_each_apis_own_words(caller: Caller) -> None:
    for token in ("", "x"):
        caller.token = token
        path = "/accounts/1197194721001/videos"
        cms = caller.send("GET", "CMS", path, {})
        assert cms.status_code == 401
        analytics = caller.send("GET", "ANALYTICS", "/data", {})
        assert analytics.status_code == 401
        entry = analytics.json()[0]
        assert entry["error_code"] == "UNAUTHORIZED"
        assert entry["request_id"]


def test_the_first_token_calls_can_fail_and_credentials_can_be_wrong(
    sandbox: Sandbox, caller: Caller
) -> None:
    sandbox.set_scenario({"oauth_fails": 2})
    assert [caller.login().status_code for _ in range(3)] == [400, 400, 200]
    sandbox.set_scenario({"wrong_credentials": True})
    assert caller.login().json()["error"] == "invalid_client"


def test_the_log_never_holds_a_token(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    caller.data(access_token=caller.token)
    assert [entry["kind"] for entry in sandbox.log()] == ["oauth", "cms", "analytics"]
    assert caller.token not in str(sandbox.log())
    assert set(sandbox.log()[0]) == {
        "at", "vendor", "kind", "account", "method", "path", "query", "operation", "subject", "page", "fault",
        "status", "seconds",
    }  # fmt: skip
