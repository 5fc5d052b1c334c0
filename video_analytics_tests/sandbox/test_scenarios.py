import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from video_analytics.errors import SettingsError
from video_analytics.sandbox import BUILT_IN, Sandbox, Scenario, load_scenario
from video_analytics_tests.sandbox.conftest import INTERNET, INTRANET, PEACE, Caller


def test_built_ins_and_files(tmp_path: Path) -> None:
    assert set(BUILT_IN) == {
        "plain", "flaky", "storm", "short_tokens", "processing", "timeouts", "drift", "no_device_ranges",
        "dead_account", "malformed", "slow", "short_cookies", "soap_faults", "unordered",
    }  # fmt: skip
    assert all(isinstance(load_scenario(name), Scenario) for name in BUILT_IN)
    toml, text = tmp_path / "a.toml", tmp_path / "a.json"
    toml.write_text("flaky = 0.5\n[storm]\nrequests = 3\nretry_after = 'soon'\n")
    text.write_text(json.dumps({"flaky": 0.5, "storm": {"requests": 3, "retry_after": "soon"}}))
    assert load_scenario(str(toml)) == load_scenario(str(text))


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"flakey": 1}, "flakey"),
        ({"flaky": "often"}, "flaky"),
        ({"flaky_kinds": ["418"]}, "flaky_kinds"),
        ({"malformed": "purple"}, "purple"),
        ({"storm": {"n": 3}}, "n"),
        ({"dead_days": ["June 1st"]}, "dead_days"),
        ({"dead_accounts": ["internett"]}, "internett"),
        ("no-such-file.toml", "no-such-file"),
    ],
)
def test_wrong_keys_are_named(source: str | dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_scenario(source)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("flaky = = 1")
    with pytest.raises(SettingsError, match="broken"):
        load_scenario(str(path))


def outcomes(caller: Caller, number: int) -> list[str]:
    seen = []
    for _ in range(number):
        try:
            answer = caller.data()
            seen.append(f"{answer.status_code}:{len(answer.content) > 0}")
        except requests.RequestException as error:
            seen.append(type(error).__name__)
    return seen


def test_flaky_breaks_in_six_ways_and_repeats_itself(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    runs = []
    for _ in range(2):
        sandbox.set_scenario({"flaky": 0.6})
        runs.append(outcomes(caller, 60))
    assert runs[0] == runs[1]
    assert {"200:True", "500:True", "502:True", "503:True", "504:False", "ConnectionError"} <= set(runs[0])
    assert "ChunkedEncodingError" in runs[0]
    faults = {entry["fault"] for entry in sandbox.log()}
    assert {"500", "502", "503", "504", "reset", "cut", None} <= faults


def test_flaky_meets_the_token_call_too(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario({"flaky": 1, "flaky_kinds": ["502"]})
    answer = caller.login()
    assert answer.status_code == 502
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("retry_after", ["2", "Wed, 21 Oct 2026 07:28:00 GMT", "-5", "soon", None])
def test_storm(sandbox: Sandbox, caller: Caller, retry_after: str | None) -> None:
    caller.count()
    sandbox.set_scenario(PEACE | {"storm": {"requests": 3, "retry_after": retry_after}})
    answers = [caller.cms(), caller.data(), caller.cms(), caller.data()]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 200]
    assert all(answer.headers.get("Retry-After") == retry_after for answer in answers[:3])


def test_processing_is_ready_after_n_identical_asks(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario({"processing": 3})
    answers = [caller.data() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 500, 503, 200]
    assert answers[0].json()[0]["error_code"] == "PROCESSING"
    assert caller.data(limit=11).status_code == 503
    assert caller.data().status_code == 200


def in_background(sandbox: Sandbox, token: str, **query: Any) -> tuple[threading.Thread, list[int]]:
    found: list[int] = []

    def ask() -> None:
        with requests.Session() as session:
            found.append(Caller(sandbox, token, session).data(**query).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.1)
    return thread, found


def test_a_twin_of_a_running_query_is_refused(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    sandbox.set_scenario({"slow_window_days": 3, "slow_window_seconds": 0.4})
    thread, found = in_background(sandbox, caller.token)
    twin = caller.data()
    assert twin.status_code == 429
    assert twin.json()[0]["message"] == "Too many concurrent requests for same query"
    began = time.perf_counter()
    assert caller.data(accounts=INTRANET, to="2026-03-03").status_code == 200
    assert time.perf_counter() - began < 0.2
    assert caller.data(to="2026-03-03").status_code == 200
    thread.join()
    assert found == [200]


def test_queries_of_one_account_run_in_series(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    sandbox.set_scenario({"slow_window_days": 3, "slow_window_seconds": 0.4})
    began = time.perf_counter()
    thread, found = in_background(sandbox, caller.token)
    assert caller.data(to="2026-03-03").status_code == 200
    assert time.perf_counter() - began > 0.38
    thread.join()
    assert found == [200]


def test_a_slow_query_finishes_though_nobody_waits_and_is_cached(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    sandbox.set_scenario({"slow_window_days": 3, "slow_window_seconds": 0.3})
    url = sandbox.environment()["BRIGHTCOVE_ANALYTICS_URL"] + "/data"
    query = {"accounts": INTERNET, "dimensions": "video,date", "from": "2026-03-02", "to": "2026-03-08"}
    headers = {"Authorization": f"Bearer {caller.token}"}
    with pytest.raises(requests.Timeout):
        requests.get(url, params=query, headers=headers, timeout=0.1)
    assert caller.data().status_code == 429
    time.sleep(0.35)
    began = time.perf_counter()
    assert caller.data().status_code == 200
    assert time.perf_counter() - began < 0.2
    assert caller.data(to="2026-03-03").status_code == 200


def test_dead_days(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario({"dead_days": ["2026-03-05"]})
    for window, status in (
        (("02", "08"), 504),
        (("05", "05"), 504),
        (("02", "04"), 200),
        (("06", "08"), 200),
    ):
        asked = {"from_": f"2026-03-{window[0]}", "to": f"2026-03-{window[1]}"}
        assert caller.data(**asked).status_code == status


@pytest.mark.parametrize(("how", "status"), [("500", 500), ("403", 403), ("401", 401), ("reset", None)])
def test_dead_accounts(sandbox: Sandbox, caller: Caller, how: str, status: int | None) -> None:
    caller.count()
    sandbox.set_scenario(PEACE | {"dead_accounts": ["internet"], "dead_how": how})
    if status is None:
        with pytest.raises(requests.ConnectionError):
            caller.data()
    else:
        assert {caller.data().status_code, caller.cms().status_code} == {status}
    assert caller.data(accounts=INTRANET).status_code == 200


def test_device_ranges_can_be_refused_for_all_or_for_some(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_scenario("no_device_ranges")
    asked = {"dimensions": "video,date,device_type"}
    refused = caller.data(**asked)
    assert (refused.status_code, refused.json()[0]["error_code"]) == (
        400,
        "UNSUPPORTED_FIELD_COMBINATION_ERROR",
    )
    assert caller.data(dimensions="video,device_type").status_code == 200
    sandbox.set_scenario({"refuse_devices": ["intranet"]})
    assert caller.data(**asked).status_code == 200
    assert caller.data(accounts=INTRANET, **asked).status_code == 400


def test_redirect_where_and_revoked_tokens(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    sandbox.set_scenario({"redirect_to": "http://127.0.0.1:9/elsewhere"})
    answer = caller.data()
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")
    sandbox.set_scenario({"where_required": True})
    assert caller.data().status_code == 400
    assert caller.data(where="device_type==mobile").status_code == 200
    sandbox.set_scenario({"unauthorised_every": 3})
    assert [caller.data().status_code for _ in range(6)] == [200, 200, 401, 200, 200, 401]


def test_slow(sandbox: Sandbox, caller: Caller) -> None:
    caller.count()
    sandbox.set_scenario({"slow_seconds": 0.2})
    began = time.perf_counter()
    assert caller.data().status_code == 200
    assert time.perf_counter() - began >= 0.2
    assert sandbox.log()[-1]["seconds"] >= 0.2
