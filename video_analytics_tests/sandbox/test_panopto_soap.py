import hashlib
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import requests
import zeep
from lxml import etree

from video_analytics.sandbox import SITE_ZONE, Sandbox
from video_analytics.sandbox.panopto.operations import SERVICES
from video_analytics.sandbox.panopto.usage import DEFAULT_PAGE, LARGEST_PAGE
from video_analytics_tests.sandbox.conftest import NOW, PEACE, V40, PanoptoCaller

DAY = timedelta(days=1)
A = f"{{{V40}}}"
NO_ACCESS = '"The current user does not have access to call this method."'
DESERIALIZING = "An error occurred deserializing the message. See server logs for details"
NULL_REFERENCE = "Object reference not set to an instance of an object."
UNKNOWN = "11111111-2222-4333-8444-555555555555"
Row = tuple[Any, ...]


def told(answer: requests.Response) -> tuple[list[Row], int]:
    """The records of an answer as tuples, and the total it names."""
    assert answer.status_code == 200, answer.text
    root = ET.fromstring(answer.content)  # noqa: S314 - of our own server
    rows = [row_of(item) for item in root.iter(f"{A}ExtendedDetailedUsageResponseItem")]
    total = root.find(f".//{A}TotalNumberResponses")
    assert total is not None
    return rows, int(total.text or "")


def row_of(item: ET.Element) -> Row:
    texts = {child.tag.removeprefix(A): child.text for child in item}
    speed = texts["PlaybackSpeed"]
    when = datetime.fromisoformat(texts["Time"] or "")
    numbers = float(texts["StartPosition"] or ""), float(texts["SecondsViewed"] or "")
    ends = texts["StartReason"], texts["StopReason"]
    return texts["SessionId"], texts["UserId"], when, *numbers, float(speed) if speed else None, *ends


def truth(sandbox: Sandbox, session: str, begin: datetime, end: datetime) -> list[Row]:
    found = sandbox.panopto.records(sandbox.now(), [session], begin, end)
    return sorted((tuple(record.values()) for record in found), key=repr)


def text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def fault(answer: requests.Response) -> str:
    assert answer.status_code == 500
    found = ET.fromstring(answer.content).find(".//faultstring")  # noqa: S314 - of our own server
    assert found is not None
    return found.text or ""


@pytest.fixture
def busy(sandbox: Sandbox) -> str:
    """A session with many records."""
    event = next(row for row in sandbox.panopto.events() if row["kind"] == "session_edited")
    return str(event["id"])


def client_of(url: str) -> Any:
    return zeep.Client(url)  # type: ignore[no-untyped-call]


def clients(sandbox: Sandbox, version: str = "4.0") -> tuple[Any, Any]:
    """The two services as zeep makes them of their WSDL, used as the vendor's own samples use them."""
    root = f"{sandbox.environment()['PANOPTO_SERVER']}/Panopto/PublicAPI"
    auth = client_of(f"{root}/4.2/Auth.svc?singleWsdl")
    return auth, client_of(f"{root}/{version}/UsageReporting.svc?singleWsdl")


def test_zeep_signs_in_replays_the_whole_cookie_text_and_reads_every_page(
    sandbox: Sandbox, busy: str
) -> None:
    names = sandbox.environment()
    auth, usage = clients(sandbox)
    with auth.settings(raw_response=True):
        raw = auth.service.LogOnWithPassword(
            userKey=names["PANOPTO_USERNAME"], password=names["PANOPTO_PASSWORD"]
        )
    assert "path=/; HttpOnly" in raw.headers["Set-Cookie"]
    usage.transport.session.headers["Cookie"] = raw.headers["Set-Cookie"]
    begin, end = NOW - 30 * DAY, NOW
    collected: list[Row] = []
    for page in range(100):
        answer = usage.service.GetSessionExtendedDetailedUsage(
            sessionId=busy,
            pagination={"MaxNumberResults": 50, "PageNumber": page},
            beginRange=begin,
            endRange=end,
        )
        records = answer.PagedResponses.ExtendedDetailedUsageResponseItem
        collected += [
            (
                r.SessionId,
                r.UserId,
                r.Time,
                r.StartPosition,
                r.SecondsViewed,
                r.PlaybackSpeed,
                r.StartReason,
                r.StopReason,
            )
            for r in records
        ]
        if len(collected) >= answer.TotalNumberResponses:
            break
    expected = truth(sandbox, busy, begin, end)
    assert len(collected) > 100
    plain = [(*row[:2], row[2].astimezone(UTC), *row[3:]) for row in collected]
    assert sorted(plain, key=repr) == expected
    assert auth.service.LogOnWithPassword(userKey="x", password="y") is False
    assert re.fullmatch(r"[\d.]+", auth.service.GetServerVersion())


def test_zeep_sends_addressing_headers_and_gets_faults(sandbox: Sandbox, busy: str) -> None:
    _auth, usage = clients(sandbox, "4.6")
    message = usage.create_message(usage.service, "GetSessionSummaryUsage", sessionId=busy)
    assert b"http://www.w3.org/2005/08/addressing" in etree.tostring(message)
    with pytest.raises(zeep.exceptions.Fault, match="does not have access"):
        usage.service.GetSessionExtendedDetailedUsage(sessionId=busy)
    names = sandbox.environment()
    signed = {"UserKey": names["PANOPTO_USERNAME"], "Password": names["PANOPTO_PASSWORD"]}
    asked = {"sessionId": busy, "beginRange": NOW - DAY * 30, "endRange": NOW, "granularity": "Weekly"}
    assert usage.service.GetSessionSummaryUsage(auth=signed, **asked)
    with pytest.raises(zeep.exceptions.Fault, match="An error occurred"):
        usage.service.GetQuizResultDownloadUrl(auth=signed, sessionId=busy)


def test_an_empty_answer_as_zeep_sees_it(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    _auth, usage = clients(sandbox)
    panopto.sign_in()
    usage.transport.session.headers["Cookie"] = panopto.cookie
    begin, end = NOW - 3000 * DAY, NOW - 2999 * DAY
    seen = {}
    for way in ("empty", "missing", "nil"):
        sandbox.set_scenario(PEACE | {"empty_pages_as": way})
        answer = usage.service.GetSessionExtendedDetailedUsage(sessionId=busy, beginRange=begin, endRange=end)
        assert answer.TotalNumberResponses == 0
        seen[way] = answer.PagedResponses
        body = panopto.details(busy, text(begin), text(end)).text
        assert ("<a:PagedResponses/>" in body, 'i:nil="true"' in body) == (way == "empty", way == "nil")
    assert seen["empty"] is None
    assert seen["missing"] is None


@pytest.mark.parametrize("path", ["PublicAPI/4.0", "PublicAPI/4.2", "PublicAPI/4.6", "PublicAPISSL/4.0"])
@pytest.mark.parametrize("query", ["singleWsdl", "wsdl", "SingleWSDL"])
def test_the_wsdl_names_every_operation_two_ports_and_its_own_address(
    sandbox: Sandbox, path: str, query: str
) -> None:
    url = f"{sandbox.url}/Panopto/{path}/UsageReporting.svc"
    answer = requests.get(f"{url}?{query}", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/xml")
    ports = re.findall(r'<wsdl:port name="(\w+)".*?location="([^"]+)"', answer.text)
    name = "BasicHttpBinding_IUsageReporting"
    assert ports == [(name, url), (f"{name}1", url)]
    assert len(set(re.findall(r'<wsdl:operation name="(\w+)"', answer.text))) == 19
    assert ("xs:import schemaLocation" in answer.text) == (query == "wsdl")
    assert "sp:HttpsToken" in answer.text
    entry = sandbox.log()[-1]
    assert (entry["kind"], entry["operation"]) == ("wsdl", "UsageReporting")


def test_wsdl_with_its_schemas_apart_is_the_same_to_zeep(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/Panopto/PublicAPI/4.0/UsageReporting.svc"
    one, apart = client_of(f"{url}?singleWsdl"), client_of(f"{url}?wsdl")
    operations = [str(sorted(c.service._operations)) for c in (one, apart)]
    assert operations[0] == operations[1]
    space = "{" + V40 + "}"
    kind = apart.get_type(f"{space}ExtendedDetailedUsageResponseItem")
    assert [name for name, _element in kind.elements] == [
        "SecondsViewed", "SessionId", "StartPosition", "Time", "UserId",
        "PlaybackSpeed", "StartReason", "StopReason",
    ]  # fmt: skip
    assert requests.get(f"{url}?xsd=xsd9", timeout=5).status_code == 404


def test_what_is_no_service_is_not_there(sandbox: Sandbox) -> None:
    root = f"{sandbox.url}/Panopto/PublicAPI"
    for path in ("4.0/Nothing.svc?wsdl", "3.0/Auth.svc?wsdl", "4.2/Auth?wsdl"):
        assert requests.get(f"{root}/{path}", timeout=5).status_code == 404
    assert requests.get(f"{root}/4.2/Auth.svc", timeout=5).headers["Content-Type"].startswith("text/html")
    assert requests.put(f"{root}/4.2/Auth.svc", timeout=5).status_code == 405
    assert requests.post(f"{root}/4.2/Auth.svc", json={}, timeout=5).status_code == 415


def test_a_wrong_password_is_an_answer_that_says_false(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    answer = panopto.soap("LogOnWithPassword", "<userKey>x</userKey><password>y</password>", "Auth")
    assert answer.status_code == 200
    assert "<LogOnWithPasswordResult>false</LogOnWithPasswordResult>" in answer.text
    assert "Set-Cookie" not in answer.headers
    right = panopto.sign_in()
    assert "<LogOnWithPasswordResult>true</LogOnWithPasswordResult>" in right.text
    assert re.fullmatch(r"\.ASPXAUTH=\w+; path=/; HttpOnly", right.headers["Set-Cookie"])
    sandbox.set_scenario(PEACE | {"login_false": True})
    assert "false" in panopto.sign_in().text
    assert sandbox.environment()["PANOPTO_PASSWORD"] not in str(sandbox.log())


def test_a_provider_signs_in_with_a_code_of_the_application_key(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    key = sandbox.service.desk.application_key
    code = hashlib.sha1(f"ours\\eve@127.0.0.1|{key}".encode()).hexdigest().upper()  # noqa: S324 - the vendor's
    inputs = "<userKey>ours\\eve</userKey><authCode>{}</authCode>"
    good = panopto.soap("LogOnWithExternalProvider", inputs.format(code), "Auth")
    assert "Result>true<" in good.text
    assert "Result>false<" in panopto.soap("LogOnWithExternalProvider", inputs.format("0" * 40), "Auth").text
    panopto.cookie = "none=1"
    auth = f"<auth><v:AuthCode>{code}</v:AuthCode><v:UserKey>ours\\eve</v:UserKey></auth>"
    span = "<beginRange>2026-06-01T00:00:00Z</beginRange><endRange>2026-06-01T00:00:00Z</endRange>"
    assert panopto.soap("GetSystemSummaryUsage", auth + span).status_code == 200
    assert fault(panopto.soap("GetSystemSummaryUsage", auth.replace(code, "0") + span)) == NO_ACCESS


def test_the_cookie_lives_as_long_as_it_is_used(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    sandbox.set_scenario(PEACE | {"cookie_seconds": 0.4})
    panopto.sign_in()
    for _ in range(4):
        time.sleep(0.15)
        assert panopto.details(busy, "2026-06-01", "2026-06-02").status_code == 200
    time.sleep(0.41)
    assert fault(panopto.details(busy, "2026-06-01", "2026-06-02")) == NO_ACCESS


def test_all_records_of_a_range_whatever_the_page_size(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str
) -> None:
    begin, end = NOW - 40 * DAY, NOW - DAY
    expected = truth(sandbox, busy, begin, end)
    assert len(expected) > 150
    for size in (7, 50, 150, 100_000):
        collected: list[Row] = []
        for page in range(len(expected) // min(size, LARGEST_PAGE) + 1):
            rows, total = told(panopto.details(busy, text(begin), text(end), page, size))
            assert total == len(expected)
            collected += rows
        assert sorted(collected, key=repr) == expected
        assert collected != sorted(collected, key=lambda row: row[2])
    rows, total = told(panopto.details(busy, text(begin), text(end), 10_000, 50))
    assert (rows, total) == ([], len(expected))
    entry = sandbox.log()[-1]
    names = ("vendor", "kind", "operation", "subject", "page")
    assert [entry[name] for name in names] == [
        "panopto", "soap", "GetSessionExtendedDetailedUsage", busy, 10_000,
    ]  # fmt: skip


def test_page_sizes(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    span = f"<beginRange>2020-01-01</beginRange><endRange>{text(NOW)}</endRange>"
    without = panopto.soap("GetSessionExtendedDetailedUsage", f"<sessionId>{busy}</sessionId>{span}")
    rows, total = told(without)
    assert len(rows) == DEFAULT_PAGE < total == len(sandbox.panopto.records(NOW, [busy]))
    assert fault(panopto.details(busy, "2020-01-01", text(NOW), -1)) == (
        "An error occurred. See server logs for details"
    )


def test_both_ends_of_a_range_belong_to_it(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    some = sandbox.panopto.records(NOW, [busy])
    first, last = (
        some[place]["Time"].replace(microsecond=some[place]["Time"].microsecond) for place in (10, 20)
    )
    rows, total = told(panopto.details(busy, text(first), text(last)))
    assert {first, last} <= {row[2] for row in rows}
    assert total == len([record for record in some if first <= record["Time"] <= last])
    assert told(panopto.details(busy, text(last), text(first))) == ([], 0)


def test_a_time_without_offset_is_the_sites_own(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    last = sandbox.panopto.records(NOW, [busy])[-1]["Time"]
    begin, end = last - 9 * DAY, last + timedelta(hours=2)
    zone = ZoneInfo(SITE_ZONE)
    utc = told(panopto.details(busy, text(begin), text(end)))
    assert utc[1] > 5
    local = [edge.astimezone(zone).replace(tzinfo=None).isoformat() for edge in (begin, end)]
    assert told(panopto.details(busy, *local)) == utc
    offset = [edge.astimezone(zone).isoformat() for edge in (begin, end)]
    assert told(panopto.details(busy, *offset)) == utc
    naive = told(panopto.details(busy, text(begin)[:-1], text(end)[:-1]))
    shifted = truth(sandbox, busy, begin + timedelta(hours=4), end + timedelta(hours=4))
    assert sorted(naive[0], key=repr) == shifted
    assert naive != utc
    assert last in {row[2] for row in naive[0]}


def test_texts_of_numbers_and_times(panopto: PanoptoCaller, busy: str) -> None:
    body = panopto.details(busy, "2020-01-01", text(NOW), size=1000).text
    times = re.findall(r"<a:Time>([^<]+)</a:Time>", body)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z", found) for found in times)
    digits = {len(found.partition(".")[2]) - 1 for found in times}
    assert {-1, 3, 7} <= digits
    numbers = re.findall(r"<a:(?:SecondsViewed|StartPosition|PlaybackSpeed)>([^<]+)<", body)
    assert "0" in numbers
    assert not any(found.endswith(".0") for found in numbers)
    assert '<a:PlaybackSpeed i:nil="true"/>' in body
    assert (
        "<a:StopReason>Backgrounded</a:StopReason>"
        in panopto.details(busy, "2020-01-01", text(NOW), size=1000).text
    )
    plain = panopto.details(busy, "2020-01-01", text(NOW), size=5, kind="").text
    assert plain.count("<a:DetailedUsageResponseItem>") == 5
    assert "PlaybackSpeed" not in plain


def test_records_that_come_late_are_added_to_the_total(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    early_ones = sandbox.panopto.records(NOW, begin=NOW - 2 * DAY, end=NOW)
    news = sandbox.panopto.records(NOW + 7 * DAY, begin=NOW - 2 * DAY, end=NOW)
    session = next(record["SessionId"] for record in news if record not in early_ones)
    begin, end = text(NOW - 20 * DAY), text(NOW)
    early = told(panopto.details(session, begin, end, size=1000))
    sandbox.advance(days=7)
    late = told(panopto.details(session, begin, end, size=1000))
    assert late[1] > early[1]
    assert set(early[0]) < set(late[0])


def test_wrong_requests(panopto: PanoptoCaller, busy: str) -> None:
    session = f"<sessionId>{busy}</sessionId>"
    begin, end = "<beginRange>2026-06-01</beginRange>", "<endRange>2026-06-02</endRange>"
    page = "<pagination><v:PageNumber>0</v:PageNumber><v:MaxNumberResults>5</v:MaxNumberResults></pagination>"
    operation = "GetSessionExtendedDetailedUsage"
    assert panopto.soap(operation, session + begin + end).status_code == 200
    for inputs, wanted in (
        (session + end + begin, DESERIALIZING),
        (begin + end + session, DESERIALIZING),
        (session + page + begin + end, DESERIALIZING),
        (session + "<startRange>2026-06-01</startRange>", DESERIALIZING),
        (session + begin.replace("06-01", "June"), DESERIALIZING),
        (session.replace(busy, "7") + begin + end, NULL_REFERENCE),
        (begin + end, NULL_REFERENCE),
        (session.replace(busy, UNKNOWN) + begin + end, NO_ACCESS),
    ):
        assert fault(panopto.soap(operation, inputs)) == wanted
    assert "ContractFilter mismatch" in fault(panopto.soap("GetEverything"))
    url, headers = f"{panopto.root}/PublicAPI/4.0/UsageReporting.svc", {"Content-Type": "text/xml"}
    headers["SOAPAction"] = f'"http://tempuri.org/IUsageReporting/{operation}"'
    for body in ("", "<a/>", "nonsense", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'):
        assert fault(requests.post(url, data=body, headers=headers, timeout=5)) == DESERIALIZING


def test_a_deleted_session_is_a_fault(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    event = next(row for row in sandbox.panopto.events() if row["kind"] == "session_deleted")
    sandbox.set_now(event["at"] - timedelta(seconds=1))
    assert told(panopto.details(event["id"], "2020-01-01", text(NOW)))[1] > 0
    sandbox.set_now(event["at"])
    assert fault(panopto.details(event["id"], "2020-01-01", text(NOW))) == NO_ACCESS


def test_users(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    records = sandbox.panopto.records(NOW, [busy])
    user = records[0]["UserId"]
    both = f"<sessionId>{busy}</sessionId><userId>{user}</userId>"
    rows, total = told(panopto.soap("GetSessionUserExtendedDetailedUsage", both))
    assert total == len([record for record in records if record["UserId"] == user])
    assert {row[1] for row in rows} == {user}
    span = f"<beginRange>{text(NOW - 5 * DAY)}</beginRange><endRange>{text(NOW)}</endRange>"
    everywhere = told(panopto.soap("GetUserExtendedDetailedUsage", f"<userId>{user}</userId>{span}"))
    truth = sandbox.panopto.records(NOW, begin=NOW - 5 * DAY)
    assert everywhere[1] == len([record for record in truth if record["UserId"] == user])
    assert fault(panopto.soap("GetUserDetailedUsage", f"<userId>{UNKNOWN}</userId>")) == NO_ACCESS


def summary(answer: requests.Response) -> list[tuple[datetime, float, int, int]]:
    assert answer.status_code == 200, answer.text
    rows = []
    for item in ET.fromstring(answer.content).iter(f"{A}SummaryUsageResponseItem"):  # noqa: S314 - our own
        texts = {child.tag.removeprefix(A): child.text or "" for child in item}
        when = datetime.fromisoformat(texts["Time"])
        rows.append((when, float(texts["MinutesViewed"]), int(texts["UniqueUsers"]), int(texts["Views"])))
    return rows


def asked_summary(panopto: PanoptoCaller, what: str, days: int, grain: str) -> requests.Response:
    begin = NOW.replace(hour=0) - days * DAY
    edges = f"<beginRange>{text(begin)}</beginRange><endRange>{text(NOW)}</endRange>"
    subject, _colon, key = what.partition(":")
    element = f"<{subject.lower()}Id>{key}</{subject.lower()}Id>" if key else ""
    return panopto.soap(f"Get{subject}SummaryUsage", f"{element}{edges}<granularity>{grain}</granularity>")


@pytest.mark.parametrize("grain", ["Hourly", "Daily", "Weekly"])
def test_summaries_agree_with_the_records(sandbox: Sandbox, panopto: PanoptoCaller, grain: str) -> None:
    folder = sandbox.panopto.courses()[0][1]
    direct = [row["Id"] for row in sandbox.panopto.sessions(NOW) if row["FolderId"] == folder]
    records = sandbox.panopto.records(NOW, direct, NOW.replace(hour=0) - 14 * DAY)
    rows = summary(asked_summary(panopto, f"Folder:{folder}", 14, grain))
    width = {"Hourly": DAY / 24, "Daily": DAY, "Weekly": 7 * DAY}[grain]
    assert len(rows) >= 2
    assert all(row[0].minute == 0 and (grain == "Hourly" or row[0].hour == 0) for row in rows)
    assert grain != "Weekly" or {row[0].weekday() for row in rows} == {0}
    for start, minutes, users, views in rows:
        inside = [record for record in records if start <= record["Time"] < start + width]
        assert minutes == pytest.approx(sum(record["SecondsViewed"] for record in inside) / 60)
        assert users == len({record["UserId"] for record in inside})
        assert views == max(sum(record["StartReason"] == "Start" for record in inside), 1)
    assert sum(row[1] for row in rows) == pytest.approx(sum(r["SecondsViewed"] for r in records) / 60)


def test_summaries_of_a_session_and_of_the_system(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str
) -> None:
    begin = NOW.replace(hour=0) - 6 * DAY
    for what, ids in ((f"Session:{busy}", [busy]), ("System", None)):
        records = sandbox.panopto.records(NOW, ids, begin)
        rows = summary(asked_summary(panopto, what, 6, "Daily"))
        assert sum(row[1] for row in rows) == pytest.approx(sum(r["SecondsViewed"] for r in records) / 60)
    quiet = sandbox.panopto.folders(NOW)[0]["Id"]
    assert summary(asked_summary(panopto, f"Folder:{quiet}", 6, "Daily")) == []
    assert fault(asked_summary(panopto, f"Folder:{UNKNOWN}", 6, "Daily")) == NO_ACCESS
    assert fault(asked_summary(panopto, "System", 6, "Yearly")) == DESERIALIZING


def test_every_operation_of_the_contract_answers(panopto: PanoptoCaller) -> None:
    panopto.sign_in()
    assert len(SERVICES["UsageReporting"]) == 19
    assert {panopto.soap(name).status_code for name in SERVICES["UsageReporting"]} <= {200, 500}
    for name in ("GetQuizResultDownloadUrl", "QueueReport"):
        assert fault(panopto.soap(name)) == "An error occurred. See server logs for details"
    url = panopto.soap("GetAuthenticatedUrl", "<targetUrl>http://x/?a=1&amp;b=2</targetUrl>", "Auth")
    assert "http://x/?a=1&amp;b=2" in url.text
