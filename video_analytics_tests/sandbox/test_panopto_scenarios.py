import time
from typing import Any

import pytest
import requests

from video_analytics.errors import SettingsError
from video_analytics.sandbox import Sandbox, load_scenario
from video_analytics.sandbox.panopto.malformed_json import REST_KINDS
from video_analytics.sandbox.panopto.malformed_xml import SOAP_KINDS, WSDL_KINDS
from video_analytics_tests.sandbox.conftest import NOW, PEACE, PanoptoCaller
from video_analytics_tests.sandbox.test_panopto_soap import (
    DAY,
    NO_ACCESS,
    asked_summary,
    fault,
    summary,
    text,
    told,
    truth,
)

GENERIC = "An error occurred. See server logs for details"
ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def busy(sandbox: Sandbox) -> str:
    """A session of the first course with many records."""
    event = next(row for row in sandbox.panopto.events() if row["kind"] == "session_edited")
    return str(event["id"])


def ready(panopto: PanoptoCaller) -> None:
    """Have a token and a cookie before things go wrong."""
    panopto.sign_in()
    panopto.token = str(panopto.login().json()["access_token"])


def outcomes(panopto: PanoptoCaller, busy: str, number: int) -> list[str]:
    seen = []
    for place in range(number):
        try:
            if place % 2:
                answer = panopto.get(f"folders/{ZERO}/children")
            else:
                answer = panopto.details(busy, "2026-06-01", "2026-06-02")
            seen.append(f"{answer.status_code}:{answer.headers.get('Content-Type', '')[:9]}")
        except requests.RequestException as error:
            seen.append(type(error).__name__)
    return seen


def test_flaky_breaks_both_apis_the_same_way_each_time(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str
) -> None:
    ready(panopto)
    runs = []
    for _ in range(2):
        sandbox.set_scenario(PEACE | {"flaky": 0.6})
        runs.append(outcomes(panopto, busy, 60))
    assert runs[0] == runs[1]
    assert {
        "200:text/xml;", "500:text/xml;", "503:text/html", "502:text/html", "504:", "200:applicati",
        "500:applicati", "503:applicati", "ConnectionError", "ChunkedEncodingError",
    } <= set(runs[0])  # fmt: skip
    faults = {(entry["kind"], entry["fault"]) for entry in sandbox.log()}
    assert {("soap", "reset"), ("rest", "reset"), ("soap", "cut"), ("rest", "cut")} <= faults


def test_a_storm_meets_rest_and_soap(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    ready(panopto)
    sandbox.set_scenario(PEACE | {"storm": {"requests": 2, "retry_after": "1"}})
    rest, soap = panopto.get(f"folders/{ZERO}/children"), panopto.details(busy, "2026-06-01", "2026-06-02")
    assert (rest.status_code, soap.status_code) == (429, 429)
    assert rest.headers["Retry-After"] == soap.headers["Retry-After"] == "1"
    assert rest.json()["Error"]["ErrorCode"] == "TooManyRequests"
    assert panopto.details(busy, "2026-06-01", "2026-06-02").status_code == 200
    assert panopto.login().status_code == 200


def test_tokens_and_cookies_are_revoked(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    ready(panopto)
    sandbox.set_scenario(PEACE | {"unauthorised_every": 2})
    assert [panopto.get(f"folders/{ZERO}/children").status_code for _ in range(4)] == [200, 401, 200, 401]
    answers = [panopto.details(busy, "2026-06-01", "2026-06-02") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 500]
    assert fault(answers[1]) == NO_ACCESS
    assert sandbox.log()[-1]["fault"] == "unauthorised"


def test_wrong_credentials_redirects_and_slowness(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str
) -> None:
    ready(panopto)
    sandbox.set_scenario(PEACE | {"wrong_credentials": True})
    assert panopto.login().json()["error"] == "invalid_client"
    assert "false" in panopto.sign_in().text
    ready_again: dict[str, Any] = PEACE | {"oauth_fails": 1}
    sandbox.set_scenario(ready_again)
    assert [panopto.login().status_code for _ in range(2)] == [400, 200]
    panopto.sign_in()
    sandbox.set_scenario(PEACE | {"redirect_to": "http://127.0.0.1:9/login"})
    for answer in (
        panopto.get(f"folders/{ZERO}/children"),
        panopto.details(busy, "2026-06-01", "2026-06-02"),
    ):
        assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/login")
    sandbox.set_scenario(PEACE | {"slow_seconds": 0.15})
    for soap in (True, False):
        began = time.perf_counter()
        answer = panopto.details(busy, "2026", "2026") if soap else panopto.get(f"folders/{ZERO}/children")
        assert time.perf_counter() - began >= 0.15
        assert answer.status_code == (500 if soap else 200)


@pytest.mark.parametrize("by", ["id", "name"])
def test_denied_folders_and_all_below_them(sandbox: Sandbox, panopto: PanoptoCaller, by: str) -> None:
    world = sandbox.panopto
    name, nested = world.nested_course()
    course = world.courses()[0][1]
    sandbox.set_scenario(PEACE | {"denied_folders": [nested if by == "id" else name]})
    hidden = {row["Id"] for row in world.sessions_of(nested, NOW)}
    inside = next(row for row in world.sessions_of(nested, NOW) if row["FolderId"] != nested)
    parent = next(row["ParentId"] for row in world.folders(NOW) if row["Id"] == nested)
    assert nested in {row["Id"] for row in panopto.pages(f"folders/{parent}/children")}
    for path in (f"folders/{nested}", f"folders/{inside['FolderId']}/sessions", f"sessions/{inside['Id']}"):
        answer = panopto.get(path)
        assert (answer.status_code, answer.json()["Error"]["ErrorCode"]) == (403, "Forbidden")
    assert panopto.get(f"folders/{course}/sessions").status_code == 200
    found = {row["Id"] for row in panopto.pages("sessions/search", searchQuery="*")}
    assert found == {row["Id"] for row in world.sessions(NOW)} - hidden
    assert fault(panopto.details(inside["Id"], "2026-06-01", "2026-06-02")) == NO_ACCESS
    assert fault(asked_summary(panopto, f"Folder:{nested}", 7, "Daily")) == NO_ACCESS
    records = world.records(NOW, begin=NOW.replace(hour=0) - 7 * DAY)
    seen = sum(record["SecondsViewed"] for record in records if record["SessionId"] not in hidden) / 60
    assert sum(row[1] for row in summary(asked_summary(panopto, "System", 7, "Daily"))) == pytest.approx(seen)


def test_children_can_be_hidden_though_their_sessions_are_not(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    wide = sandbox.panopto.courses()[4][1]
    sandbox.set_scenario(PEACE | {"children_hidden": [wide]})
    assert panopto.pages(f"folders/{wide}/children") == []
    inside = [row for row in panopto.pages("folders/search", searchQuery="*") if row["ParentFolder"]]
    assert sum(row["ParentFolder"]["Id"] == wide for row in inside) == 30
    assert panopto.get(f"folders/{wide}/sessions").json()["Results"]


def test_dead_sessions_and_faults_that_pass(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    other = next(row["Id"] for row in sandbox.panopto.sessions(NOW) if row["Id"] != busy)
    sandbox.set_scenario(PEACE | {"dead_sessions": [busy.upper()]})
    assert [fault(panopto.details(busy, "2026-06-01", "2026-06-02")) for _ in range(3)] == [GENERIC] * 3
    assert sandbox.log()[-1]["fault"] == "dead_session"
    assert panopto.details(other, "2026-06-01", "2026-06-02").status_code == 200
    assert panopto.get(f"sessions/{busy}").status_code == 200
    runs = []
    for _ in range(2):
        sandbox.set_scenario(PEACE | {"soap_faults": 0.3})
        answers = [panopto.details(busy, "2026-06-01", "2026-06-02") for _ in range(40)]
        runs.append([answer.status_code for answer in answers])
    assert runs[0] == runs[1]
    assert 4 < runs[0].count(500) < 22
    assert {fault(answer) for answer in answers if answer.status_code == 500} == {GENERIC}
    assert "true" in panopto.sign_in().text


def test_empty_pages_unstable_order_and_growing_totals(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str
) -> None:
    begin, end = text(NOW - 30 * DAY), text(NOW)
    expected = truth(sandbox, busy, NOW - 30 * DAY, NOW)
    sandbox.set_scenario(PEACE | {"empty_page_with_total": 2})
    answers = [told(panopto.details(busy, begin, end, size=10)) for _ in range(3)]
    assert [(len(rows), total) for rows, total in answers] == [
        (0, len(expected)), (0, len(expected)), (10, len(expected)),
    ]  # fmt: skip
    sandbox.set_scenario(PEACE | {"late_totals": True})
    totals = [told(panopto.details(busy, begin, end, page, 10))[1] for page in range(3)]
    assert totals == [len(expected), len(expected) + 1, len(expected) + 2]
    sandbox.set_scenario(PEACE)
    calm = [told(panopto.details(busy, begin, end, page, 10))[0] for page in (0, 1, 0)]
    assert calm[0] == calm[2] != calm[1]
    sandbox.set_scenario(PEACE | {"unstable_order": True})
    whole = [told(panopto.details(busy, begin, end, 0, 1000))[0] for _ in range(2)]
    assert whole[0] != whole[1]
    assert sorted(whole[0], key=repr) == sorted(whole[1], key=repr) == expected


def test_summaries_can_be_of_other_kinds(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    world, course = sandbox.panopto, sandbox.panopto.courses()[0][1]
    begin = NOW.replace(hour=0) - 9 * DAY
    everything = [row["Id"] for row in world.sessions_of(course, NOW)]
    direct = [row["Id"] for row in world.sessions(NOW) if row["FolderId"] == course]

    def minutes(how: str, what: str = f"Folder:{course}") -> float:
        sandbox.set_scenario(PEACE | {"summaries": how})
        return sum(row[1] for row in summary(asked_summary(panopto, what, 9, "Daily")))

    def seconds(ids: list[str], *, by_speed: bool = False) -> float:
        records = world.records(NOW, ids, begin)
        shares = ((r["PlaybackSpeed"] or 1.0) if by_speed else 1.0 for r in records)
        return sum(float(r["SecondsViewed"]) / share for r, share in zip(records, shares, strict=True))

    assert minutes("direct") == pytest.approx(seconds(direct) / 60)
    assert minutes("recursive") == pytest.approx(seconds(everything) / 60) != minutes("direct")
    assert minutes("wrong") == pytest.approx(seconds(direct, by_speed=True) / 60) != minutes("direct")
    known = world.records(NOW - DAY, begin=begin)
    lagging = sum(record["SecondsViewed"] for record in known) / 60
    assert minutes("lagging", "System") == pytest.approx(lagging)
    assert lagging < minutes("direct", "System")
    sandbox.set_scenario(PEACE | {"summaries": "refused"})
    assert fault(asked_summary(panopto, f"Folder:{course}", 9, "Daily")) == NO_ACCESS


def test_a_scenario_for_one_vendor_leaves_the_other_alone(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    sandbox.set_scenario(PEACE | {"malformed": list(SOAP_KINDS), "malformed_every": 1})
    assert panopto.get(f"folders/{ZERO}/children").json()["Results"]
    assert sandbox.log()[-1]["fault"] is None
    assert sandbox.log()[-1]["vendor"] == "panopto"


@pytest.mark.parametrize(
    "wrong",
    [{"summaries": "nice"}, {"empty_pages_as": "x"}, {"soap_faults": "many"}, {"malformed": "xml_purple"}],
)
def test_wrong_values_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        load_scenario(wrong)


def test_every_kind_can_be_named() -> None:
    kinds = [*REST_KINDS, *SOAP_KINDS, *WSDL_KINDS]
    assert load_scenario({"malformed": kinds}).malformed == kinds
    assert all(load_scenario(name) for name in ("short_cookies", "soap_faults", "unordered"))
