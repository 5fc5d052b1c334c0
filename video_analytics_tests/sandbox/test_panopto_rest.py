import base64
import csv
import io
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import requests

from video_analytics.sandbox import Sandbox
from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.panopto.endpoints import FOLDERS_PAGE, SESSIONS_PAGE
from video_analytics_tests.sandbox.conftest import NOW, PEACE, PanoptoCaller

ZERO = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-2222-4333-8444-555555555555"
LIBRARY = 3  # the course of the demo with more sessions than a page


def children_of(sandbox: Sandbox, parent: str | None) -> set[str]:
    return {row["Id"] for row in sandbox.panopto.folders(NOW) if row["ParentId"] == parent}


def test_the_password_grant_and_both_ways_to_name_the_client(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    names = sandbox.environment()
    form = {
        "grant_type": "password",
        "username": names["PANOPTO_USERNAME"],
        "password": names["PANOPTO_PASSWORD"],
        "scope": "openid api",
    }
    answer = panopto.login(form)
    assert answer.status_code == 200
    token = str(answer.json().pop("access_token"))
    assert len(token) > 40
    rest = {name: value for name, value in answer.json().items() if name != "access_token"}
    assert rest == {"expires_in": 3600, "token_type": "Bearer", "scope": "api openid"}
    client = {"client_id": names["PANOPTO_CLIENT_ID"], "client_secret": names["PANOPTO_CLIENT_SECRET"]}
    assert panopto.login(form | client, auth=None).status_code == 200
    assert panopto.login(form | {"password": "x"}).json() == {
        "error": "invalid_grant",
        "error_description": "invalid_username_or_password",
    }


@pytest.mark.parametrize(
    ("form", "auth", "error"),
    [
        ({"grant_type": "client_credentials", "scope": "api"}, ("a", "b"), "invalid_client"),
        ({"grant_type": "client_credentials"}, None, "invalid_scope"),
        ({"grant_type": "authorization_code", "scope": "api"}, None, "unauthorized_client"),
        ({"grant_type": "device", "scope": "api"}, None, "unsupported_grant_type"),
        ({"scope": "api"}, None, "invalid_request"),
    ],
)
def test_refused_grants(
    panopto: PanoptoCaller, form: dict[str, str], auth: tuple[str, str] | None, error: str
) -> None:
    answer = panopto.login(form, **({"auth": auth} if auth else {}))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_broken_basic_header_and_a_json_body_are_refused(panopto: PanoptoCaller) -> None:
    bad = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}
    assert panopto.login(auth=None, headers=bad).json()["error"] == "invalid_client"
    assert (
        panopto.login(data=None, json={"grant_type": "client_credentials"}).json()["error"]
        == "invalid_request"
    )
    assert panopto.session.get(f"{panopto.root}/oauth2/connect/token", timeout=5).status_code == 405


def test_tokens_of_the_other_vendor_and_dead_ones_are_refused(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    names = sandbox.environment()
    other = requests.post(
        names["BRIGHTCOVE_OAUTH_URL"],
        auth=(names["BRIGHTCOVE_CLIENT_ID"], names["BRIGHTCOVE_CLIENT_SECRET"]),
        data={"grant_type": "client_credentials"},
        timeout=5,
    )
    for token in ("nonsense", str(other.json()["access_token"])):
        panopto.token = token
        answer = panopto.get("folders/search", searchQuery="*")
        assert answer.status_code == 401
        error = answer.json()["Error"]
        assert set(error) == {"ErrorCode", "Message", "Success", "ErrorSource"}
        assert error["Success"] is False
    sandbox.set_scenario(PEACE | {"token_seconds": 0.1})
    panopto.token = ""
    assert panopto.get(f"folders/{ZERO}/children").status_code == 200
    time.sleep(0.11)
    assert panopto.get(f"folders/{ZERO}/children").status_code == 401


def test_a_folder(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    rows = {row["Id"]: row for row in sandbox.panopto.folders(NOW)}
    key = sandbox.panopto.courses()[1][1]
    told = panopto.get(f"folders/{key.upper()}").json()
    parent = rows[key]["ParentId"]
    assert told["Id"] == key
    assert told["Name"] == rows[key]["Name"] != sandbox.panopto.courses()[1][0]
    assert told["Description"] is None
    assert told["ParentFolder"] == {"Id": parent, "Name": rows[parent]["Name"]}
    assert set(told["Urls"]) == {"FolderUrl", "EmbedUrl", "ShareSettingsUrl"}
    assert panopto.get(f"folders/{parent}").json()["ParentFolder"] is None


def test_children_page_by_page_until_empty(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    wide = sandbox.panopto.courses()[4][1]
    first = panopto.get(f"folders/{wide}/children", pageSize=5, maxNumberResults=1).json()
    assert set(first) == {"Results"}
    assert len(first["Results"]) == FOLDERS_PAGE
    rows = panopto.pages(f"folders/{wide}/children")
    assert {row["Id"] for row in rows} == children_of(sandbox, wide)
    assert len(rows) == 30
    assert [row["Name"].lower() for row in rows] == sorted(row["Name"].lower() for row in rows)
    assert [*reversed(rows)] == panopto.pages(f"folders/{wide}/children", sortOrder="Desc")
    assert {row["Id"] for row in panopto.pages(f"folders/{ZERO}/children")} == children_of(sandbox, None)


def test_the_whole_tree_can_be_walked(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    waiting, seen = [ZERO], set[str]()
    while waiting:
        rows = panopto.pages(f"folders/{waiting.pop()}/children")
        waiting += [row["Id"] for row in rows]
        seen |= {row["Id"] for row in rows}
    assert seen == {row["Id"] for row in sandbox.panopto.folders(NOW)}


def test_sessions_of_a_folder_in_their_short_form(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    library = sandbox.panopto.courses()[LIBRARY][1]
    truth = {row["Id"]: row for row in sandbox.panopto.sessions(NOW) if row["FolderId"] == library}
    assert len(panopto.get(f"folders/{library}/sessions").json()["Results"]) == SESSIONS_PAGE < len(truth)
    rows = panopto.pages(f"folders/{library}/sessions", sortField="CreatedDate")
    assert {row["Id"] for row in rows} == set(truth)
    for row in rows:
        assert {name: row[name] for name in ("Name", "Description", "StartTime", "Duration")} == {
            name: truth[row["Id"]][name] for name in ("Name", "Description", "StartTime", "Duration")
        }
        assert row["Folder"] == row["FolderDetails"]["Id"] == library
        assert row["CreatedBy"] == {"Id": ZERO, "Username": None}
        assert [name for name, url in row["Urls"].items() if url] == ["ViewerUrl"]
    assert rows[0]["StartTime"] < rows[-1]["StartTime"]


def test_one_session_whole(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    key = sandbox.panopto.sessions(NOW)[0]["Id"]
    told = panopto.get(f"sessions/{key}").json()
    assert told["CreatedBy"]["Username"] == "unified\\lecturer"
    assert told["Urls"]["EditorUrl"]
    assert told["MostRecentViewPosition"] == 0.0
    assert set(told) == {
        "Id", "Name", "Description", "StartTime", "Duration", "MostRecentViewPosition", "CreatedBy", "Urls",
        "Folder", "FolderDetails", "Context", "PercentCompleted",
    }  # fmt: skip


def test_searches_match_beginnings_of_words(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    found = panopto.pages("sessions/search", searchQuery="lec", includeFields="Context")
    assert found
    assert all("Lecture" in row["Name"] for row in found)
    everything = panopto.pages("sessions/search", searchQuery="*")
    assert {row["Id"] for row in everything} == {row["Id"] for row in sandbox.panopto.sessions(NOW)}
    assert panopto.pages("sessions/search", searchQuery="ecture") == []
    folders = panopto.pages("folders/search", searchQuery="*")
    assert {row["Id"] for row in folders} == {row["Id"] for row in sandbox.panopto.folders(NOW)}
    library = sandbox.panopto.courses()[LIBRARY][1]
    inside = panopto.pages(f"folders/{library}/sessions/search", searchQuery="Lecture")
    assert inside
    assert {row["Folder"] for row in inside} == {library}
    assert panopto.get("folders/search").status_code == 400


def test_viewers(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    session = next(row for row in sandbox.panopto.sessions(NOW) if row["Duration"])
    truth = sandbox.panopto.records(NOW, [session["Id"]])
    rows = panopto.pages(f"sessions/{session['Id']}/viewers")
    assert {row["User"]["Id"] for row in rows} == {record["UserId"] for record in truth} - {ZERO}
    assert all(0 <= row["PercentCompleted"] <= 100 for row in rows)
    assert any(row["PercentCompleted"] > 50 for row in rows)
    assert [row["User"]["Username"] for row in rows] == sorted(row["User"]["Username"] for row in rows)
    recent = panopto.pages(f"sessions/{session['Id']}/viewers", sortField="LastViewedDateTime")
    assert [row["LastViewedDateTime"] for row in recent] == sorted(row["LastViewedDateTime"] for row in rows)
    assert panopto.get(f"sessions/{session['Id']}/viewers", sortField="Age").status_code == 400


def test_errors(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    folder = sandbox.panopto.courses()[0][1]
    for path, query, status in (
        (f"folders/{UNKNOWN}", {}, 404),
        (f"folders/{UNKNOWN}/children", {}, 404),
        (f"sessions/{UNKNOWN}", {}, 404),
        (f"sessions/{UNKNOWN}/viewers", {}, 404),
        ("folders/not-a-guid", {}, 400),
        (f"folders/{folder}/children", {"pageNumber": "two"}, 400),
        (f"folders/{folder}/children", {"sortField": "CreatedDate"}, 400),
        (f"folders/{folder}/sessions", {"sortOrder": "Up"}, 400),
        ("nothing", {}, 404),
    ):
        answer = panopto.get(path, **query)
        assert (answer.status_code, path) == (status, path)
        assert answer.json()["Error"]["Success"] is False
    assert requests.get(f"{panopto.root}/anything/else", timeout=5).status_code == 404
    assert requests.post(f"{panopto.root}/api/v1/folders/{folder}", timeout=5).status_code == 405


def test_what_happens_is_seen_when_the_clock_moves(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    for event in sandbox.panopto.events():
        for at, side in ((event["at"] - timedelta(seconds=1), "before"), (event["at"], "after")):
            sandbox.set_now(at)
            kind = "sessions" if "session" in event["kind"] else "folders"
            answer = panopto.get(f"{kind}/{event['id']}")
            expected = event[side]
            if expected is None:
                assert answer.status_code == 404
                continue
            field = {"session_edited": "Duration", "folder_renamed": "Name"}
            told: Any = answer.json()
            parent = told.get("ParentFolder") or {}
            found = (
                told[field[event["kind"]]] if event["kind"] in field else told.get("Folder", parent.get("Id"))
            )
            assert found == expected


@pytest.mark.parametrize(("scale", "allowed"), [(1.0, 5), (0.4, 2)])
def test_five_a_second(sandbox: Sandbox, panopto: PanoptoCaller, scale: float, allowed: int) -> None:
    panopto.login()
    panopto.get("folders/search", searchQuery="*")
    sandbox.set_scenario({"rate_scale": scale})
    answers = [panopto.get(f"folders/{ZERO}/children") for _ in range(allowed + 2)]
    assert [answer.status_code for answer in answers] == [200] * allowed + [429] * 2
    assert answers[-1].headers["X-Rate-Limit-Exceeded"] == "5 per second"
    assert "Retry-After" not in answers[-1].headers
    assert answers[-1].json()["Error"]["ErrorCode"] == "TooManyRequests"
    assert panopto.get("folders/search", searchQuery="*").status_code == 200
    time.sleep(1.01)
    assert panopto.get(f"folders/{ZERO}/children").status_code == 200


def test_a_hundred_a_minute_and_five_thousand_an_hour(
    sandbox: Sandbox, panopto: PanoptoCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    instant = [1000.0]
    panopto.get(f"folders/{ZERO}/children")
    sandbox.set_scenario({})
    limits = sandbox.service.desk.limits
    monkeypatch.setattr("video_analytics.sandbox.panopto.limits.time.monotonic", lambda: instant[0])

    def outcomes(pause: float, number: int) -> Counter[str]:
        seen = Counter[str]()
        for _ in range(number):
            instant[0] += pause
            try:
                limits.enter("x", "me", 1.0)
                seen["in"] += 1
            except RefusalError as refusal:
                seen[refusal.headers["X-Rate-Limit-Exceeded"]] += 1
        return seen

    assert outcomes(0.5, 120) == {"in": 100, "100 per minute": 20}
    assert outcomes(0.61, 5_000) == {"in": 4_900, "5000 per hour": 100}
    limits.enter("x", "somebody else", 1.0)
    instant[0] += 3600
    limits.enter("x", "me", 1.0)


def test_the_legacy_login_gives_the_cookie_of_soap(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    answer = panopto.get("auth/legacyLogin")
    assert answer.status_code == 200
    assert {"ASPXAUTH", "csrfToken"} <= {cookie.name.strip(".") for cookie in panopto.session.cookies}
    panopto.cookie = answer.headers["Set-Cookie"]  # two cookies in one line, attributes and all
    assert "path=/; HttpOnly, csrfToken=" in panopto.cookie
    system = "<beginRange>2026-06-01T00:00:00Z</beginRange><endRange>2026-06-02T00:00:00Z</endRange>"
    assert (
        panopto.soap("GetSystemSummaryUsage", system + "<granularity>Daily</granularity>").status_code == 200
    )
    panopto.token = "nonsense"
    assert panopto.get("auth/legacyLogin").status_code == 401
    sandbox.set_scenario(PEACE | {"secure_cookie": True})
    panopto.token = ""
    assert "; secure" in panopto.get("auth/legacyLogin").headers["Set-Cookie"]


def test_the_log_tells_vendor_kind_operation_subject_and_page(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    folder = sandbox.panopto.courses()[0][1]
    panopto.get(f"folders/{folder.upper()}/children", pageNumber=1)
    panopto.login({"grant_type": "password", "password": "canary"}, params={"password": "canary"})
    oauth, rest, last = sandbox.log()
    names = ("vendor", "kind", "operation", "subject", "page", "status")
    assert [oauth[name] for name in names] == ["panopto", "oauth", "connect/token", None, None, 200]
    assert [rest[name] for name in names] == ["panopto", "rest", "folders/{id}/children", folder, 1, 200]
    assert last["status"] == 400
    assert "canary" not in str(sandbox.log())
    assert panopto.token not in str(sandbox.log())


def test_its_own_door(sandbox: Sandbox) -> None:
    door, world = f"{sandbox.url}/_sandbox/panopto", sandbox.panopto
    listed = requests.get(f"{door}/courses", timeout=5).json()
    assert [(row["PanoptoFolderName"], row["PanoptoFolderID"]) for row in listed] == world.courses()
    text = requests.get(f"{door}/courses.csv", timeout=5)
    assert text.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(text.content.decode(), newline="")))
    assert rows[0] == ["PanoptoFolderName", "PanoptoFolderID"]
    assert [tuple(row) for row in rows[1:]] == world.courses()
    assert requests.get(f"{door}/folders", timeout=5).json() == world.folders(NOW)
    assert requests.get(f"{door}/sessions", timeout=5).json() == world.sessions(NOW)
    course = world.courses()[0][1]
    inside = requests.get(f"{door}/sessions", params={"folder": course}, timeout=5).json()
    assert inside == world.sessions_of(course, NOW)
    events = requests.get(f"{door}/events", timeout=5).json()
    assert [event["kind"] for event in events] == [event["kind"] for event in world.events()]
    asked = {"session": inside[0]["Id"], "from": "2026-06-01", "to": "2026-06-08T00:00:00Z"}
    told = requests.get(f"{door}/truth", params=asked, timeout=5).json()
    begin = NOW.replace(day=1, hour=0)
    truth = world.records(NOW, [inside[0]["Id"]], begin, begin + timedelta(days=7))
    assert [record["SecondsViewed"] for record in told] == [record["SecondsViewed"] for record in truth]
    assert len(told) > 3
    assert requests.get(f"{door}/truth", params={"session": "x"}, timeout=5).status_code == 400
    assert requests.get(f"{door}/nothing", timeout=5).status_code == 404
    index = requests.get(f"{sandbox.url}/_sandbox/", timeout=5).json()["paths"]
    assert any("panopto/truth" in path for path in index)
