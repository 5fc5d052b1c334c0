"""Panopto's SOAP door: who may come in, every record and none twice, and answers that are none."""

import datetime as dt
import logging
import random
import re
import resource
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from video_analytics.errors import (
    Incomplete,
    Malformed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
    VendorError,
)
from video_analytics.http import Answer, Call, tokens
from video_analytics.panopto import services
from video_analytics.panopto import soap as door
from video_analytics.panopto.asking import Harvest, ask
from video_analytics.panopto.rest import Rest, guid
from video_analytics.panopto.soap import DENIED, GONE, Soap, verdict
from video_analytics.panopto.usage import Record
from video_analytics.sandbox import Sandbox
from video_analytics.sandbox.panopto.malformed_xml import SOAP_KINDS, WSDL_KINDS
from video_analytics.sandbox.panopto.wsdl import definitions
from video_analytics.settings import Network, Panopto
from video_analytics_tests.conftest import NOW, NewSandbox
from video_analytics_tests.panopto.drill import PEACE, course_ids, panopto_settings, road_of
from video_analytics_tests.panopto.test_catalogue import NO_FOLDER, ONE, TWO, Json, panopto_at
from video_analytics_tests.panopto.test_rest import outcome_of, seconds_for
from video_analytics_tests.vendor import Asked, Said, Vendor, vendor

V40 = "http://schemas.datacontract.org/2004/07/Panopto.Server.Services.PublicAPI.V40"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = {"Content-Type": "text/xml; charset=utf-8"}
USER = {"username": "user-canary", "password": SecretStr("passw0rd-canary")}
DETAILED = "GetSessionExtendedDetailedUsage"
NO_ACCESS = '"The current user does not have access to call this method."'
GENERIC = "An error occurred. See server logs for details"
DESERIALIZING = "An error occurred deserializing the message. See server logs for details"
NULL = "Object reference not set to an instance of an object."
BEGIN = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
END = BEGIN + dt.timedelta(days=1)
ANY_TIME = "any time"
NOON = BEGIN + dt.timedelta(hours=12)
ADDRESSES = ("https://named.invalid/u", "http://named.invalid/u")
WSDL = {name: definitions(name, ADDRESSES).encode() for name in ("UsageReporting", "Auth")}
Pages = Callable[[int], tuple[Sequence[str], int]]  # of a page's number: its items and the total


# what a vendor writes


def envelope(inner: str) -> bytes:
    space = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<s:Envelope xmlns:s="{space}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def fault(text: str) -> Said:
    inner = f"<faultcode>s:Client</faultcode><faultstring>{text}</faultstring>"
    return Said(500, envelope(f"<s:Fault>{inner}</s:Fault>"), XML)


def item(time: str = "2026-06-01T12:00:00Z", **changes: str) -> str:
    """A record; what is changed to "" is left out."""
    values = {
        "SecondsViewed": "61.25",
        "SessionId": ONE,
        "StartPosition": "0",
        "Time": time,
        "UserId": TWO,
        "PlaybackSpeed": "1",
        "StartReason": "Start",
        "StopReason": "Seek",
    } | changes
    inner = "".join(f"<a:{name}>{value}</a:{name}>" for name, value in values.items() if value)
    return f"<a:ExtendedDetailedUsageResponseItem>{inner}</a:ExtendedDetailedUsageResponseItem>"


def result_of(operation: str, inner: str) -> bytes:
    spaces = f'xmlns:a="{V40}" xmlns:i="{XSI}"'
    result = f"<{operation}Result {spaces}>{inner}</{operation}Result>"
    return envelope(f'<{operation}Response xmlns="http://tempuri.org/">{result}</{operation}Response>')


def page_of(items: Sequence[str], total: int | str) -> bytes:
    told = f"<a:TotalNumberResponses>{total}</a:TotalNumberResponses>"
    return result_of(DETAILED, f"<a:PagedResponses>{''.join(items)}</a:PagedResponses>{told}")


def pages_of(*pages: Sequence[str]) -> Pages:
    """Pages of one list."""
    total = sum(map(len, pages))
    return lambda number: (pages[number] if number < len(pages) else [], total)


def number_in(asked: Asked) -> int:
    """The page a question is for."""
    found = re.search(rb"PageNumber[^>]*>(\d+)<", asked.body)
    assert found is not None
    return int(found[1])


def operation_in(asked: Asked) -> str:
    return asked.headers.get("SOAPAction", "").strip('"').rpartition("/")[2]


class Site:
    """A vendor of SOAP alone: descriptions, a logon, and whatever `usage` answers.

    A cookie is good for `uses` calls.
    """

    def __init__(self, usage: Callable[[Asked], Said], *, uses: int = 1 << 30) -> None:
        self.usage, self.uses = usage, uses
        self.cookies: Counter[str] = Counter()
        self.operations: list[str] = []
        self.wsdl = dict(WSDL)
        self.lock = threading.Lock()

    def answer(self, _number: int, asked: Asked) -> Said:
        operation = operation_in(asked)
        with self.lock:
            if asked.method == "GET":
                name = "Auth" if "/Auth.svc" in asked.path else "UsageReporting"
                self.operations.append(f"{name} description")
                return Said(200, self.wsdl[name], XML)
            self.operations.append(operation)
            if operation == "LogOnWithPassword":
                cookie = f"c{self.operations.count(operation)}"
                self.cookies[cookie] = self.uses
                headers = XML | {"Set-Cookie": f".ASPXAUTH={cookie}; path=/; HttpOnly"}
                return Said(200, logon("true"), headers)
            cookie = asked.headers.get("Cookie", "").removeprefix(".ASPXAUTH=")
            self.cookies[cookie] -= 1
            if self.cookies[cookie] < 0:
                return fault(NO_ACCESS)
        return self.usage(asked)

    def asked_for(self, operation: str) -> int:
        return self.operations.count(operation)


def logon(answer: str) -> bytes:
    inner = f"<LogOnWithPasswordResult>{answer}</LogOnWithPasswordResult>"
    return envelope(
        f'<LogOnWithPasswordResponse xmlns="http://tempuri.org/">{inner}</LogOnWithPasswordResponse>'
    )


@contextmanager
def soap_of(script: Any, kept: Any = None, **changes: Any) -> Iterator[tuple[Soap, Vendor]]:
    """A SOAP client at a scripted vendor."""
    with vendor(script) as server:
        settings = panopto_at(server.url, **(USER | changes))
        rest = Rest(settings, Network())
        soap = Soap(settings, Network(), rest, kept=kept)
        try:
            yield soap, server
        finally:
            rest.close()
            soap.close()


def records_of(
    site: Site, begin: dt.datetime = BEGIN, end: dt.datetime = END, **changes: Any
) -> list[Record]:
    with soap_of(site.answer, **changes) as (soap, _):
        return soap.records(ONE, begin, end)


def listed(usage: Pages) -> Site:
    """A site with these pages; a record of ANY_TIME is of whichever span is asked for."""

    def answer(asked: Asked) -> Said:
        if operation_in(asked) != DETAILED:
            return Said(200, result_of(operation_in(asked), ""), XML)
        items, total = usage(number_in(asked))
        begin = re.search(rb"beginRange>([^<]+)<", asked.body)
        assert begin is not None
        shown = [text.replace(ANY_TIME, begin[1].decode()) for text in items]
        return Said(200, page_of(shown, total), XML)

    return Site(answer)


def told(error: BaseException) -> str:
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


# the sandbox's truth


def truth(sandbox: Sandbox, session: str, begin: dt.datetime, end: dt.datetime) -> Counter[tuple[Any, ...]]:
    found = sandbox.panopto.records(sandbox.now(), [session], begin, end)
    names = ("StartPosition", "SecondsViewed", "PlaybackSpeed", "StartReason", "StopReason")
    return Counter(
        (row["SessionId"], row["UserId"], row["Time"], *(row[name] for name in names)) for row in found
    )


def got(records: Sequence[Record]) -> Counter[tuple[Any, ...]]:
    return Counter(astuple(record) for record in records)


def busiest(sandbox: Sandbox, number: int = 1) -> list[str]:
    """The sessions with the most records by now."""
    counts = Counter(row["SessionId"] for row in sandbox.panopto.records(sandbox.now()))
    here = sandbox.panopto.snapshot(sandbox.now()).sessions
    return [session for session, _ in counts.most_common() if session in here][:number]


def logons(sandbox: Sandbox) -> int:
    ways = ("LogOnWithPassword", "auth/legacyLogin")
    return sum(entry["operation"] in ways for entry in sandbox.log())


LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


# who may come in


@pytest.mark.parametrize("user", [True, False])
def test_both_ways_in_lead_to_the_records(home: Path, new_sandbox: NewSandbox, user: bool) -> None:
    """With the user's password, or with the REST client's token alone."""
    sandbox = new_sandbox(PEACE)
    (session,) = busiest(sandbox)
    settings = panopto_settings(sandbox, home)
    if not user:
        settings = settings.model_copy(
            update={"panopto": settings.panopto.model_copy(update={"username": None, "password": None})}
        )
    with road_of(settings) as road:
        assert got(road.soap.records(session, LONG_AGO, NOW)) == truth(sandbox, session, LONG_AGO, NOW)
    way = "LogOnWithPassword" if user else "auth/legacyLogin"
    assert [
        e["operation"] for e in sandbox.log() if e["operation"] in {"LogOnWithPassword", "auth/legacyLogin"}
    ] == [way]


def test_a_false_logon_names_the_variables_and_is_not_tried_again(
    home: Path, new_sandbox: NewSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox = new_sandbox(PEACE | {"login_false": True})
    settings = panopto_settings(sandbox, home)
    secret = settings.panopto.password
    assert secret is not None
    with road_of(settings) as road, ThreadPoolExecutor(8) as pool:

        def attempt(session: str) -> str:
            with pytest.raises(
                Unauthorized, match=r"check PANOPTO_USERNAME .* and PANOPTO_PASSWORD"
            ) as caught:
                road.soap.records(session, BEGIN, END)
            return told(caught.value)

        messages = list(pool.map(attempt, busiest(sandbox, 6) * 4))
    assert logons(sandbox) == 1
    assert secret.get_secret_value() not in "".join(messages) + caplog.text


@pytest.mark.parametrize("status", [403, 404, 302])
def test_where_the_token_buys_no_cookie_a_password_is_asked_for_once(status: int) -> None:
    site = listed(pages_of())

    def script(number: int, asked: Asked) -> Said:
        if asked.path.endswith("/token"):
            return Said(200, b'{"access_token": "t0ken-canary", "expires_in": 3600}')
        if "legacyLogin" in asked.path:
            return Said(status, headers={"Location": "/"})
        return site.answer(number, asked)

    with soap_of(script, username=None, password=None) as (soap, server):
        for _ in range(3):
            with pytest.raises(Unauthorized, match="set PANOPTO_USERNAME and PANOPTO_PASSWORD"):
                soap.records(ONE, BEGIN, END)
        assert sum("legacyLogin" in asked.path for asked in server.asked) == 1


@pytest.mark.parametrize("body", [logon("maybe"), logon(""), envelope(""), b"<html>", b"", logon("true")])
def test_a_logon_answer_that_is_none(body: bytes) -> None:
    """The last one is true, but comes without a cookie."""
    site = listed(pages_of())

    def script(number: int, asked: Asked) -> Said:
        if operation_in(asked) == "LogOnWithPassword":
            return Said(200, body, XML)
        return site.answer(number, asked)

    with soap_of(script) as (soap, _), pytest.raises((Malformed, Unauthorized)) as caught:
        soap.records(ONE, BEGIN, END)
    assert "passw0rd-canary" not in told(caught.value)


def test_trouble_at_the_logon_is_insisted_on_only_there() -> None:
    """Attempts do not multiply: the logon's own are all."""
    site = listed(pages_of())

    def script(number: int, asked: Asked) -> Said:
        return Said(503) if operation_in(asked) == "LogOnWithPassword" else site.answer(number, asked)

    with soap_of(script, attempts=3) as (soap, server):
        with pytest.raises(Unavailable):
            soap.records(ONE, BEGIN, END)
        assert sum(operation_in(asked) == "LogOnWithPassword" for asked in server.asked) == 3


@pytest.fixture
def distrust(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cookie that is refused is always replaced, however lately it worked."""
    monkeypatch.setattr(door, "TRUSTED_SECONDS", 0.0)


@pytest.mark.usefixtures("distrust")
@pytest.mark.parametrize("uses", [1, 2, 5])
def test_a_cookie_that_dies_is_renewed(uses: int) -> None:
    site = listed(pages_of([item()]))
    site.uses = uses
    with soap_of(site.answer) as (soap, _):
        assert [len(soap.records(ONE, BEGIN, END)) for _ in range(10)] == [1] * 10
    assert site.asked_for("LogOnWithPassword") == -(-10 // uses)


@pytest.mark.usefixtures("distrust")
def test_cookies_that_die_under_eight_threads(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    sessions = busiest(sandbox, 8) * 2
    true = [truth(sandbox, session, LONG_AGO, NOW) for session in sessions]
    with road_of(panopto_settings(sandbox, home)) as road, ThreadPoolExecutor(8) as pool:
        for expiry in range(1, 4):
            found = pool.map(lambda session: got(road.soap.records(session, LONG_AGO, NOW)), sessions)
            assert list(found) == true
            assert logons(sandbox) == expiry
            sandbox.service.desk.cookies._expiry.clear()


def test_tokens_and_cookies_of_one_second(home: Path, new_sandbox: NewSandbox) -> None:
    """Whatever dies when, asking gets everything and denies nothing."""
    sandbox = new_sandbox(PEACE | {"token_seconds": 1, "cookie_seconds": 1})
    sessions = busiest(sandbox, 8)
    with road_of(panopto_settings(sandbox, home, parallel_sessions=8)) as road:
        for pause in (0.0, 1.1):
            threading.Event().wait(pause)  # the cookie dies of not being used
            harvest = Harvest()
            ask(road.soap, harvest, sessions, (LONG_AGO.date(), NOW.date() - dt.timedelta(days=1)))
            end = NOW.replace(hour=0)
            true = sum((truth(sandbox, session, LONG_AGO, end) for session in sessions), Counter())
            assert got(harvest.records) == true
            assert (harvest.denied, harvest.failed) == ({}, {})


def test_a_cookie_that_dies_at_once_denies_nothing(home: Path, new_sandbox: NewSandbox) -> None:
    """A refusal just after a success is believed by the client, but not by those who ask for a course."""
    sandbox = new_sandbox(PEACE)
    sessions = busiest(sandbox, 4)
    span = (LONG_AGO.date(), NOW.date() - dt.timedelta(days=1))
    with road_of(panopto_settings(sandbox, home)) as road:
        road.soap.records(sessions[0], LONG_AGO, NOW)
        sandbox.service.desk.cookies._expiry.clear()
        harvest = Harvest()
        ask(road.soap, harvest, sessions, span)
    assert harvest.denied == {}
    assert set(harvest.answered) == set(sessions)
    assert logons(sandbox) == 2


def test_denied_sessions_are_refused_without_a_storm_of_logons(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE, size="demo")
    course = course_ids(sandbox)[0]
    sandbox.set_scenario(PEACE | {"denied_folders": [course]})
    sessions = [row["Id"] for row in sandbox.panopto.sessions_of(course, sandbox.now())]
    other = [row["Id"] for row in sandbox.panopto.sessions_of(course_ids(sandbox)[3], sandbox.now())][:4]
    harvest = Harvest()
    with road_of(panopto_settings(sandbox, home)) as road:
        ask(road.soap, harvest, [*sessions, *other], (BEGIN.date(), BEGIN.date()))
    assert set(harvest.denied) == set(sessions)
    assert set(harvest.answered) == set(other)
    assert logons(sandbox) <= 3
    usage = [entry for entry in sandbox.log() if entry["operation"] == DETAILED]
    assert len(usage) <= 3 * len(sessions) + 2 * len(other)


def test_denied_sessions_at_the_vendors_own_pace_cost_few_logons(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred calls a minute: 0.6 seconds go by with each of them."""
    instant = [0.0]

    def tick() -> float:
        instant[0] += 0.3  # asked about twice for each call
        return instant[0]

    site = Site(lambda _asked: fault(NO_ACCESS))
    with soap_of(site.answer, parallel_sessions=1) as (soap, _):
        monkeypatch.setattr(tokens, "time", SimpleNamespace(monotonic=tick))
        harvest = Harvest()
        ask(soap, harvest, [f"{ONE[:-3]}{number:03d}" for number in range(50)], (BEGIN.date(), BEGIN.date()))
    assert len(harvest.denied) == 50
    assert site.asked_for("LogOnWithPassword") <= 10


# every record and none twice


@pytest.mark.parametrize("size", [1, 2, 7, 150])
def test_all_pages_of_every_size(home: Path, new_sandbox: NewSandbox, size: int) -> None:
    sandbox = new_sandbox(PEACE)
    (session,) = busiest(sandbox)
    with road_of(panopto_settings(sandbox, home, page_size=size)) as road:
        found = got(road.soap.records(session, LONG_AGO, NOW))
    assert found == truth(sandbox, session, LONG_AGO, NOW)
    pages = [entry["page"] for entry in sandbox.log() if entry["operation"] == DETAILED]
    assert len(pages) == max(pages) + 1 or max(Counter(pages).values()) == 2  # twins on two pages: read twice


def test_every_session_of_the_sandbox_equals_the_truth(home: Path, new_sandbox: NewSandbox) -> None:
    """Dirt, twins, null speeds, unknown reasons and fractions of seven digits are kept as they are."""
    sandbox = new_sandbox(PEACE)
    with road_of(panopto_settings(sandbox, home)) as road, ThreadPoolExecutor(4) as pool:
        sessions = list(sandbox.panopto.snapshot(sandbox.now()).sessions)
        found = list(pool.map(lambda session: got(road.soap.records(session, LONG_AGO, NOW)), sessions))
    everything = sum(found, Counter())
    assert found == [truth(sandbox, session, LONG_AGO, NOW) for session in sessions]
    assert max(everything.values()) >= 2  # twins
    assert {None} < {row[5] for row in everything}
    assert {row[6] for row in everything} & {"AutoPlay"} or {row[7] for row in everything} & {"Backgrounded"}
    assert any(row[2].microsecond % 1000 for row in everything)
    assert any(row[4] <= 0 for row in everything)


def test_spans_are_half_open_where_the_vendors_are_not(home: Path, new_sandbox: NewSandbox) -> None:
    """Cut at the very instants of records, the parts add up to the whole."""
    sandbox = new_sandbox(PEACE)
    (session,) = busiest(sandbox)
    times = sorted({row[2] for row in truth(sandbox, session, LONG_AGO, NOW)})
    cuts = [times[0], *times[1:40:7], times[-1]]
    with road_of(panopto_settings(sandbox, home)) as road:
        parts = [
            got(road.soap.records(session, begin, end))
            for begin, end in zip(cuts, [*cuts[1:], times[-1] + dt.timedelta(microseconds=1)], strict=True)
        ]
    assert parts == [
        truth(sandbox, session, begin, end)
        for begin, end in zip(cuts, [*cuts[1:], times[-1] + dt.timedelta(microseconds=1)], strict=True)
    ]
    assert sum(parts, Counter()) == truth(sandbox, session, LONG_AGO, NOW)


@pytest.mark.parametrize(
    ("time", "inside"),
    [
        ("2026-05-31T23:59:59Z", False),
        ("2026-05-31T23:59:59.9999999Z", False),
        ("2026-06-01T00:00:00Z", True),
        ("2026-05-31T20:00:00-04:00", True),
        ("2026-06-01T23:59:59.999999Z", True),
        ("2026-06-01T23:59:59.9999999Z", True),
        ("2026-06-02T00:00:00Z", False),
        ("2026-06-02T00:00:01Z", False),
    ],
)
def test_the_ends_of_a_day(time: str, inside: bool) -> None:
    assert len(records_of(listed(pages_of([item(time)])))) == inside


@pytest.mark.parametrize(
    "time",
    ["2026-05-31T23:59:58.999Z", "2026-06-02T00:00:01.001Z", "2026-06-01T12:00:00", "2025-06-01T12:00:00Z"],
)
def test_what_was_not_asked_for_is_not_taken(time: str) -> None:
    with pytest.raises(Malformed):
        records_of(listed(pages_of([item(time)])))


def test_ranges_are_sent_in_utc_and_say_so() -> None:
    site = listed(pages_of())
    vancouver = dt.timezone(dt.timedelta(hours=-7))
    with soap_of(site.answer) as (soap, server):
        soap.records(ONE, BEGIN, END)
        soap.records(ONE, BEGIN.astimezone(vancouver), END)
        soap.folder_usage(ONE, BEGIN, END)
        sent = [asked.body.decode() for asked in server.asked if "Usage" in operation_in(asked)]
    ranges = [re.findall(r"<(?:\w+:)?(?:begin|end)Range>([^<]+)<", body) for body in sent]
    assert ranges[0] == ["2026-05-31T23:59:59Z", "2026-06-02T00:00:01Z"]
    assert ranges[1][0] in {"2026-05-31T16:59:59-07:00", "2026-05-31T23:59:59Z"}
    assert ranges[2] == ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"]


def test_a_question_is_what_the_contract_says() -> None:
    site = listed(pages_of())
    with soap_of(site.answer, page_size=77) as (soap, server):
        soap.records(ONE.upper().lower(), BEGIN, END)
        asked = next(asked for asked in server.asked if operation_in(asked) == DETAILED)
    assert asked.path == "/Panopto/PublicAPI/4.0/UsageReporting.svc"
    assert asked.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert asked.headers["SOAPAction"] == f'"http://tempuri.org/IUsageReporting/{DETAILED}"'
    assert asked.headers["Cookie"] == ".ASPXAUTH=c1"
    order = re.findall(
        rb"<(?:\w+:)?(sessionId|pagination|MaxNumberResults|PageNumber|beginRange|endRange)\b", asked.body
    )
    assert order == [
        b"sessionId",
        b"pagination",
        b"MaxNumberResults",
        b"PageNumber",
        b"beginRange",
        b"endRange",
    ]
    assert b"passw0rd" not in asked.body
    assert re.search(rb"MaxNumberResults[^>]*>77<", asked.body)


# twins, and pages that move


def test_twins_on_one_page_are_real() -> None:
    site = listed(pages_of([item(), item(), item(SecondsViewed="1")]))
    assert len(records_of(site)) == 3
    assert site.asked_for(DETAILED) == 1


def test_twins_on_two_pages_are_real_when_two_readings_agree() -> None:
    site = listed(pages_of([item(), item(SecondsViewed="1")], [item(), item(SecondsViewed="2")]))
    assert sorted(record.seconds_viewed for record in records_of(site, page_size=2)) == [1, 2, 61.25, 61.25]
    assert site.asked_for(DETAILED) == 4


def test_a_record_shown_twice_instead_of_another_is_not_believed() -> None:
    """Page 1 shows what page 0 has shown, until the vendor settles."""
    one, two, three = item(), item(SecondsViewed="1"), item(SecondsViewed="2")
    readings = [[[one, two], [two]], [[one, three], [three]], [[one, two], [three]]]
    begun: list[int] = []

    def usage(number: int) -> tuple[Sequence[str], int]:
        if number == 0:
            begun.append(1)
        return readings[min(len(begun), 3) - 1][number], 3

    assert sorted(r.seconds_viewed for r in records_of(listed(usage), page_size=2)) == [1, 2, 61.25]
    assert len(begun) == 3


@pytest.mark.parametrize("as_what", ["empty", "missing", "nil"])
@pytest.mark.parametrize("empty", [1, 3, 7])
def test_an_empty_page_with_a_total_is_asked_again(
    home: Path, new_sandbox: NewSandbox, as_what: str, empty: int
) -> None:
    sandbox = new_sandbox(PEACE | {"empty_page_with_total": empty, "empty_pages_as": as_what})
    (session,) = busiest(sandbox)
    with road_of(panopto_settings(sandbox, home, page_size=20)) as road:
        assert got(road.soap.records(session, LONG_AGO, NOW)) == truth(sandbox, session, LONG_AGO, NOW)
        before = LONG_AGO - dt.timedelta(days=900)
        assert road.soap.records(session, before, before + dt.timedelta(days=1)) == []


@pytest.mark.parametrize("size", [5, 20, 150])
@pytest.mark.parametrize("scenario", [{"unstable_order": True}, {"late_totals": True}, "unordered"])
def test_pages_that_move_give_everything_or_say_so(
    home: Path, new_sandbox: NewSandbox, scenario: Any, size: int
) -> None:
    sandbox = new_sandbox(scenario if isinstance(scenario, str) else PEACE | scenario)
    session = busiest(sandbox, 3)[-1]
    with road_of(panopto_settings(sandbox, home, page_size=size)) as road:
        found = outcome_of(lambda: road.soap.records(session, LONG_AGO, NOW))
    if isinstance(found, Exception):
        assert type(found) is Incomplete
        assert session in str(found)
    else:
        assert got(found) == truth(sandbox, session, LONG_AGO, NOW)
    assert len(sandbox.log()) < 2_000


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "how",
    [
        "the same page for ever",
        "two pages for ever",
        "none, but a total",
        "one, then none",
        "a total that grows",
    ],
)
def test_what_does_not_add_up_is_incomplete(how: str) -> None:
    any_time = [item(ANY_TIME, SecondsViewed=str(number)) for number in range(1, 9)]
    pages: dict[str, Pages] = {
        "the same page for ever": lambda _number: (any_time[:2], 1_000_000),
        "two pages for ever": lambda number: (any_time[number % 2 * 2 :][:2], 1_000_000),
        "none, but a total": lambda _number: ([], 5),
        "one, then none": lambda number: (any_time[: 1 - number], 3),
        "a total that grows": lambda number: (any_time[number : number + 1], 4 + number),
    }
    site = listed(pages[how])
    with pytest.raises(Incomplete, match="expected as many records as counted"):
        records_of(site, END - dt.timedelta(minutes=1), END, page_size=2)
    assert site.asked_for(DETAILED) < 200


def test_more_records_than_asked_for_are_not_taken() -> None:
    with pytest.raises(Malformed):
        records_of(listed(pages_of([item(), item(SecondsViewed="1"), item(SecondsViewed="2")])), page_size=2)


def test_more_records_than_counted_are_not_taken() -> None:
    with pytest.raises(Malformed, match="expected at most the 1 records counted, got 2"):
        records_of(listed(lambda _number: ([item(), item()], 1)))


def test_a_vendor_with_smaller_pages_than_asked_for() -> None:
    """No greatest page size is published: what comes is what counts."""
    all_of_them = [item(SecondsViewed=str(number)) for number in range(1, 60)]
    site = listed(lambda number: (all_of_them[number * 10 :][:10], 59))
    assert len(records_of(site, page_size=150)) == 59
    assert site.asked_for(DETAILED) == 6


# what is in a record


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"playback_speed": 1.0, "start_position": 0.0, "seconds_viewed": 61.25}),
        ({"PlaybackSpeed": ""}, {"playback_speed": None}),
        ({"StartPosition": ""}, {"start_position": 0.0}),
        ({"SecondsViewed": ""}, {"seconds_viewed": 0.0}),
        ({"SecondsViewed": "-3.5"}, {"seconds_viewed": -3.5}),
        ({"SecondsViewed": "1E-7"}, {"seconds_viewed": 1e-7}),
        ({"StartReason": "AutoPlay"}, {"start_reason": "AutoPlay"}),
        ({"StopReason": ""}, {"stop_reason": None}),
        ({"UserId": TWO.upper()}, {"user_id": TWO}),
        ({"SessionId": ONE.upper()}, {"session_id": ONE}),
        (
            {"UserId": "00000000-0000-0000-0000-000000000000"},
            {"user_id": "00000000-0000-0000-0000-000000000000"},
        ),
        ({"Time": "2026-06-01T08:00:00.1234567-04:00"}, {"time": NOON.replace(microsecond=123456)}),
    ],
)
def test_what_is_in_a_record(changes: dict[str, str], expected: Json) -> None:
    (record,) = records_of(listed(pages_of([item(**changes)])))
    assert {name: getattr(record, name) for name in expected} == expected


def test_a_speed_that_is_nil() -> None:
    nil = item().replace("<a:PlaybackSpeed>1</a:PlaybackSpeed>", '<a:PlaybackSpeed i:nil="true"/>')
    (record,) = records_of(listed(pages_of([nil])))
    assert record.playback_speed is None


@pytest.mark.parametrize(
    "changes",
    [
        {"SecondsViewed": "l0ng-canary"},
        {"StartPosition": "1,5"},
        {"PlaybackSpeed": "f4st-canary"},
        {"Time": "yesterday-canary"},
        {"Time": ""},
        {"Time": "9999-12-31T23:59:59.9999999-05:00"},
        {"Time": "0001-01-01T00:00:00+14:00"},
        {"Time": "2026-02-30T00:00:00Z"},
        {"UserId": ""},
        {"UserId": "../x"},
        {"SessionId": NO_FOLDER},
    ],
)
def test_a_record_that_is_none(changes: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Malformed) as caught:
        records_of(listed(pages_of([item(**changes)])))
    for value in changes.values():
        assert not value or value not in told(caught.value).replace(NO_FOLDER, "") + caplog.text


@pytest.mark.parametrize("how", ["disabled", "level", "logger"])
def test_a_value_that_is_none_is_refused_whatever_is_logged(how: str) -> None:
    logger = logging.getLogger("zeep.xsd.types.simple")
    try:
        logging.disable(logging.CRITICAL if how == "disabled" else logging.NOTSET)
        logger.setLevel(logging.CRITICAL + 1 if how == "level" else logging.NOTSET)
        logger.disabled = how == "logger"
        with pytest.raises(Malformed):
            records_of(listed(pages_of([item(SecondsViewed="long")])))
    finally:
        logging.disable(logging.NOTSET)
        logger.setLevel(logging.NOTSET)
        logger.disabled = False


def test_usage_by_day() -> None:
    row = "<a:SummaryUsageResponseItem><a:MinutesViewed>1.5</a:MinutesViewed>"
    row += "<a:Time>2026-06-01T00:00:00Z</a:Time><a:UniqueUsers>2</a:UniqueUsers>"
    row += "<a:Views>3</a:Views></a:SummaryUsageResponseItem>"
    answers = {
        name: Said(200, result_of(name, row), XML)
        for name in ("GetFolderSummaryUsage", "GetSessionSummaryUsage")
    }
    site = Site(lambda asked: answers[operation_in(asked)])
    with soap_of(site.answer) as (soap, _):
        for usage in (soap.folder_usage, soap.session_usage):
            (found,) = usage(ONE, BEGIN, END)
            assert (found.time, found.views, found.unique_users, found.minutes_viewed) == (BEGIN, 3, 2, 1.5)


# faults


def soap_call() -> Call:
    return Call("Panopto", DETAILED, "http://x.invalid", about="7")


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (fault(NO_ACCESS), Refused, DENIED),
        (fault(NULL), Refused, GONE),
        (fault(GENERIC), Unavailable, "fault"),
        (fault(DESERIALIZING), Refused, "fault"),
        (fault("Something new"), Unavailable, None),
        (fault(""), Unavailable, None),
        (Said(500), Unavailable, None),
        (Said(500, b"<html>Runtime Error</html>"), Unavailable, None),
        (Said(503, b"<html>"), Unavailable, None),
        (Said(400, b"Bad Request"), Refused, None),
        (Said(401), Unauthorized, None),
        (Said(403, b"<html>"), Refused, None),
        (Said(404, b"<html>"), Refused, None),
        (Said(429), Throttled, None),
        (Said(500, b"\xff\x00<"), Unavailable, None),
        (Said(500, b"<a>" * 100_000), Unavailable, None),
        (Said(500, b'<!DOCTYPE a [<!ENTITY x "y">]>' + fault("&x;").body), Unavailable, None),
    ],
)
def test_what_an_error_means(said: Said, kind: type[VendorError], code: str | None) -> None:
    found = verdict(soap_call(), Answer(said.status, said.headers, said.body))
    assert type(found) is kind
    assert (found.status, found.code) == (said.status, code)
    assert str(found).startswith(f"Panopto {DETAILED} 7: ")
    assert len(str(found)) < 500


@pytest.mark.parametrize(
    ("said", "kind", "calls"),
    [
        (fault(GENERIC), Unavailable, 3),
        (fault(DESERIALIZING), Refused, 1),
        (fault(NULL), Refused, 1),
        (Said(500), Unavailable, 3),
        (Said(500, b"<html>"), Unavailable, 3),
        (Said(404), Refused, 1),
        (Said(200, b"<html>sign in</html>", XML), Malformed, 3),
        (Said(200, fault(GENERIC).body, XML), Malformed, 3),
        (Said(202, b"", XML), Malformed, 3),
    ],
)
def test_how_often_an_error_is_asked_again(said: Said, kind: type[VendorError], calls: int) -> None:
    site = Site(lambda _asked: said)
    with pytest.raises(kind) as caught:
        records_of(site, attempts=3)
    assert type(caught.value) is kind
    assert site.asked_for(DETAILED) == calls
    assert "sign in" not in told(caught.value)


@pytest.mark.usefixtures("distrust")
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Said(302, headers={"Location": "/Panopto/Pages/Auth/Login.aspx"}), Refused),
        (Said(302), Refused),
        (Said(200, b"<html>sign in</html>", {"Content-Type": "text/html"}), Malformed),
        (Said(401), Unauthorized),
    ],
)
def test_a_login_page_gets_one_new_cookie_and_is_no_denial(said: Said, kind: type[VendorError]) -> None:
    site = Site(lambda _asked: said)
    harvest = Harvest()
    with soap_of(site.answer, attempts=1) as (soap, _):
        ask(soap, harvest, [ONE], (BEGIN.date(), BEGIN.date()))
    assert harvest.denied == {}
    ((_, error),) = harvest.failed[ONE]
    assert type(error) is kind
    assert site.asked_for("LogOnWithPassword") == 2


@pytest.mark.usefixtures("distrust")
@pytest.mark.parametrize(
    "spoilt",
    [
        Said(302, headers={"Location": "/login"}),
        Said(302),
        Said(401),
        fault(NO_ACCESS),
        Said(200, b"<html>", {"Content-Type": "text/html; charset=utf-8"}),
        Said(200, b"<html>", {"Content-Type": "Text/HTML"}),
    ],
)
def test_a_login_page_that_passes(spoilt: Said) -> None:
    answers = [Said(200, page_of([item()], 1), XML), spoilt]
    site = Site(lambda _asked: answers.pop() if len(answers) > 1 else answers[0])
    with soap_of(site.answer, attempts=1) as (soap, _):
        assert len(soap.records(ONE, BEGIN, END)) == 1
    assert site.asked_for("LogOnWithPassword") == 2


def test_faults_that_pass_are_asked_again(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE | {"soap_faults": 0.2})
    sessions = busiest(sandbox, 6)
    with road_of(panopto_settings(sandbox, home, page_size=10)) as road, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda session: got(road.soap.records(session, LONG_AGO, NOW)), sessions))
    assert found == [truth(sandbox, session, LONG_AGO, NOW) for session in sessions]
    assert sum(entry["fault"] == "soap_fault" for entry in sandbox.log()) >= 3


def test_a_session_that_is_dead_fails_and_one_that_is_gone_is_refused(
    home: Path, new_sandbox: NewSandbox
) -> None:
    sandbox = new_sandbox(PEACE)
    (session,) = busiest(sandbox)
    sandbox.set_scenario(PEACE | {"dead_sessions": [session]})
    with road_of(panopto_settings(sandbox, home, attempts=2)) as road:
        with pytest.raises(Unavailable, match="See server logs for details"):
            road.soap.records(session, BEGIN, END)
        with pytest.raises(Refused) as caught:
            road.soap.records(NO_FOLDER, BEGIN, END)
        assert caught.value.code == DENIED


@pytest.mark.parametrize("status", [400, 403, 404, 302])
def test_a_service_that_is_not_there_denies_no_session(status: int) -> None:
    harvest = Harvest()
    site = Site(lambda _asked: Said(status, b"<html>", {"Location": "/maintenance"}))
    with soap_of(site.answer) as (soap, _):
        ask(soap, harvest, [ONE, TWO], (BEGIN.date(), BEGIN.date()))
    assert (harvest.denied, set(harvest.failed)) == ({}, {ONE, TWO})


# limits


def test_the_vendors_limits_are_kept(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    sessions, begun = (busiest(sandbox, 6) * 4)[:11], time.monotonic()
    limits = {"calls_per_second": 5, "calls_per_minute": 100, "calls_per_hour": 5000, "page_size": 1000}
    with road_of(panopto_settings(sandbox, home, **limits)) as road, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda session: road.soap.session_usage(session, LONG_AGO, NOW), sessions))
    assert time.monotonic() - begun >= seconds_for(11, 5)
    assert sum(entry["operation"] == "GetSessionSummaryUsage" for entry in sandbox.log()) == 11


@pytest.mark.parametrize("retry_after", [None, "1e9"])
def test_a_storm_passes(home: Path, new_sandbox: NewSandbox, retry_after: str | None) -> None:
    sandbox = new_sandbox(PEACE | {"storm": {"requests": 8, "retry_after": retry_after}})
    sessions = busiest(sandbox, 4)
    with road_of(panopto_settings(sandbox, home, attempts=10)) as road, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda session: got(road.soap.records(session, LONG_AGO, NOW)), sessions))
    assert found == [truth(sandbox, session, LONG_AGO, NOW) for session in sessions]
    assert sum(entry["status"] == 429 for entry in sandbox.log()) == 8


# answers that are none: over the wire

STILL_RIGHT = {"xml_nan", "xml_infinity"}  # dirt is kept; what reads the lake counts it


@pytest.mark.timeout(30)
@pytest.mark.parametrize("block", range(8))
def test_malformed_answers_over_the_wire(home: Path, new_sandbox: NewSandbox, block: int) -> None:
    sandbox = new_sandbox(PEACE)
    (session,) = busiest(sandbox)
    settings = panopto_settings(sandbox, home, attempts=2, page_size=5)
    for kind in sorted(SOAP_KINDS)[block::8]:
        sandbox.set_scenario(PEACE | {"malformed": kind, "malformed_every": 1})
        sandbox.reset_log()
        with road_of(settings) as road:
            found = outcome_of(lambda: road.soap.records(session, LONG_AGO, NOW))
        if isinstance(found, Exception):
            assert type(found) in {Malformed, Incomplete, Unavailable}, kind
            assert not [stolen for stolen in ("root:", "sign in") if stolen in told(found)]
        else:
            assert kind in STILL_RIGHT
            assert len(found) == truth(sandbox, session, LONG_AGO, NOW).total()
        assert any(entry["fault"] == f"malformed:{kind}" for entry in sandbox.log()), kind


@pytest.mark.parametrize("kind", sorted(WSDL_KINDS))
def test_a_malformed_description_over_the_wire(home: Path, new_sandbox: NewSandbox, kind: str) -> None:
    sandbox = new_sandbox(PEACE | {"malformed": kind, "malformed_every": 1})
    settings = panopto_settings(sandbox, home, attempts=2)
    with road_of(settings) as road, pytest.raises(Malformed, match="description: expected"):
        road.soap.records(ONE, BEGIN, END)
    assert list(settings.lake.rglob("*.wsdl")) == []


# answers that are none: straight into the decoder


class Fed:
    """A session that answers with a given body."""

    def close(self) -> None:
        """It never dialled."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def exchange(self, _call: Call, decode: Callable[[Answer], Any]) -> Any:
        return decode(Answer(200, XML, self.body))

    fetch = exchange


@pytest.fixture(scope="module")
def fed() -> Iterator[Callable[[bytes], Any]]:
    """`fed(body)`: what the client makes of a page of records."""
    settings: Panopto = panopto_at("http://127.0.0.1:9", **USER)
    rest = Rest(settings, Network())
    soap = Soap(settings, Network(), rest)
    for name, described in WSDL.items():
        soap._services[name] = services.Service(name, described)

    def feed(body: bytes) -> Any:
        soap._signed_in = Fed(body)  # type: ignore[assignment]
        return soap._page(ONE, BEGIN, END, 0)

    yield feed
    rest.close()
    soap.close()


def is_sound(page: Any) -> None:
    """Assert that what was taken from an answer is what the types promise."""
    assert 0 <= len(page.records) <= page.total
    for record in page.records:
        assert record.session_id == ONE
        assert guid(record.user_id) == record.user_id
        assert BEGIN <= record.time <= END
        assert isinstance(record.start_position, float)
        assert isinstance(record.seconds_viewed, float)
        assert record.playback_speed is None or isinstance(record.playback_speed, float)
        assert record.start_reason is None or isinstance(record.start_reason, str)


WRONG = (
    "", " ", "long", "NaN", "INF", "-INF", "1e400", "9" * 400, "9" * 5000, "-1", "true", "0x10", "1_0",
    "\u0663", "2026-06-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-06-01T12:00:00",
    "&lt;", "&#65;", "<![CDATA[<!DOCTYPE x>]]>", "<b/>", "x" * 5000, ONE, "{" + ONE + "}", "&nope;",
    "&#0;", "<a:Time/>", "\U0001f600",
)  # fmt: skip
ATTRIBUTES = (
    ' i:nil="true"', ' i:nil="maybe"', ' i:type="a:Pagination"', ' i:type="a:DetailedUsageResponseItem"',
    ' i:type="a:Nope"', ' i:type="nope:x"',
    ' xmlns:x="http://www.w3.org/2001/XMLSchema" i:type="x:dateTime"',
    ' xmlns:x="http://www.w3.org/2001/XMLSchema" i:type="x:boolean"', ' xmlns="urn:other"',
    ' id="1" href="#1"',
    ' xml:base="file:///etc/passwd"', ' xmlns:a="urn:other"', ' i:nil="true" i:nil="true"',
)  # fmt: skip
ODD = (
    b"\x00",
    b"\xff\xfe",
    b"<d>" * 5000,
    b"</a:Time>",
    b"&x;",
    b"<!DOCTYPE a>",
    b"<?x y?>",
    b"<!--",
    b"]]>",
    b"",
)
ELEMENT = re.compile(r"<(a:\w+)>")
TEXT = re.compile(r">([^<>]+)<")


def misshapen(draw: random.Random) -> bytes:
    """A page of records with one thing in it that should not be."""
    good = page_of([item(f"2026-06-01T{hour:02d}:00:00.5Z") for hour in range(4)], 4).decode()
    how = draw.randrange(6)
    if how == 0:
        match = draw.choice(list(TEXT.finditer(good)))
        return (good[: match.start(1)] + draw.choice(WRONG) + good[match.end(1) :]).encode()
    match = draw.choice(list(ELEMENT.finditer(good)))
    if how == 1:
        return (good[: match.end() - 1] + draw.choice(ATTRIBUTES) + good[match.end() - 1 :]).encode()
    if how == 2:
        return good.replace(f"{match[1]}>", draw.choice(["a:New>", "Time>", "s:Fault>", "a:Time>"])).encode()
    if how == 3:
        end = good.index(f"</{match[1]}>", match.end()) + len(match[1]) + 3
        part = good[match.start() : end]
        return (good[: match.start()] + part * draw.choice([0, 2, 3]) + good[end:]).encode()
    body = good.encode(
        draw.choice(["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7"]) if how == 4 else "utf-8"
    )
    place = draw.randrange(len(body))
    if draw.random() < 0.3:
        return body[:place]
    return body[:place] + draw.choice(ODD) + body[place + draw.randrange(8) :]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("block", range(4))
def test_a_thousand_malformed_answers(
    fed: Callable[[bytes], Any], block: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Two hundred and fifty each: an error of ours, or what the types promise."""
    refused = 0
    for seed in range(block * 250, block * 250 + 250):
        body = misshapen(random.Random(seed))
        found = outcome_of(lambda body=body: fed(body))  # type: ignore[misc]
        if isinstance(found, Exception):
            assert len(str(found)) < 500
            refused += 1
        else:
            is_sound(found)
    assert refused > 125
    assert caplog.text == ""


def test_a_good_answer_is_taken_by_the_same_way(fed: Callable[[bytes], Any]) -> None:
    page = fed(page_of([item(), item()], 5))
    is_sound(page)
    assert (len(page.records), page.total) == (2, 5)


# bombs, and what lies elsewhere


def bombs(trap: str) -> dict[str, tuple[str, str]]:
    """A document type, and what refers to it."""
    laughs = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 13))
    return {
        "laughs": (f'<!DOCTYPE s [<!ENTITY x0 "ha">{laughs}]>', "&x12;"),
        "quadratic": (f'<!DOCTYPE s [<!ENTITY x "{"a" * 50_000}">]>', "&x;" * 5_000),
        "file": ('<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
        "http": (f'<!DOCTYPE s [<!ENTITY x SYSTEM "{trap}/entity">]>', "&x;"),
        "parameter": (f'<!DOCTYPE s [<!ENTITY % x SYSTEM "{trap}/parameter"> %x;]>', ""),
        "dtd": (f'<!DOCTYPE s SYSTEM "{trap}/dtd">', ""),
        "public": (f'<!DOCTYPE s PUBLIC "-//x//y" "{trap}/public">', ""),
        "default": ('<!DOCTYPE s [<!ATTLIST s a CDATA "x">]>', ""),
        "nothing": ("<!DOCTYPE s>", ""),
    }


BOMBS = sorted(bombs(""))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-7", "utf-32"]
)
@pytest.mark.parametrize("kind", BOMBS)
def test_nothing_is_read_from_elsewhere(fed: Callable[[bytes], Any], kind: str, encoding: str) -> None:
    with vendor(Said(200, b"stolen")) as trap:
        dtd, reference = bombs(trap.url)[kind]
        head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>{dtd}'
        places = (item(StartReason=reference or "x"), item(StartReason=f"<a:x y='{reference}'/>"))
        for place in places:
            body = (head + page_of([place], 1).decode()).encode(encoding)
            with pytest.raises(ValueError, match="expected") as caught:
                fed(body)
            assert "root:" not in told(caught.value)
            answer = Answer(500, XML, (head + fault(reference or "x").body.decode()).encode(encoding))
            assert type(verdict(soap_call(), answer)) is Unavailable
        described = WSDL["UsageReporting"].decode().partition("?>")[2]
        with pytest.raises(ValueError, match="expected"):
            services.Service("UsageReporting", (head + described).encode(encoding))
        assert trap.asked == []


@pytest.mark.parametrize(
    "foreign",
    [
        '<xs:schema><xs:import namespace="urn:f" schemaLocation="{}/x.xsd"/></xs:schema></wsdl:types>',
        '<xs:schema><xs:include schemaLocation="{}/x.xsd"/></xs:schema></wsdl:types>',
        '<xs:schema><xs:redefine schemaLocation="{}/x.xsd"/></xs:schema></wsdl:types>',
        '</wsdl:types><wsdl:import namespace="urn:f" location="{}/x.wsdl"/>',
        '<xs:schema><xs:import namespace="urn:f" schemaLocation="file:///etc/passwd"/></xs:schema></wsdl:types>',
        '<xs:schema><xs:import namespace="urn:f" schemaLocation="x.xsd"/></xs:schema></wsdl:types>',
    ],
)
def test_a_description_that_names_another_document_is_refused(foreign: str) -> None:
    with vendor(Said(200, b"<a/>")) as trap:
        spoilt = WSDL["UsageReporting"].replace(b"</wsdl:types>", foreign.format(trap.url).encode())
        assert spoilt != WSDL["UsageReporting"]
        with pytest.raises(ValueError, match="expected the XML of this service"):
            services.Service("UsageReporting", spoilt)
        assert trap.asked == []


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", ["text", "comment", "attribute", "attributes", "deep", "wide", "namespaces"])
def test_size_is_bounded_in_time_and_memory(fed: Callable[[bytes], Any], what: str) -> None:
    """Sixteen million bytes of one thing, or as much as gets through the limit of a body."""
    inside = {
        "text": "x" * 15_000_000,
        "comment": "<!--" + "x" * 15_000_000 + "-->",
        "attribute": f'<a:x y="{"x" * 15_000_000}"/>',
        "attributes": "<a:x" + "".join(f' a{n}=""' for n in range(100_000)) + "/>",
        "deep": "<a:x>" * 100_000 + "</a:x>" * 100_000,
        "wide": "<a:x/>" * 500_000,
        "namespaces": "<a:x" + "".join(f' xmlns:a{n}="u{n}"' for n in range(20_000)) + "/>",
    }[what]
    body = page_of([item(StartReason=inside)], 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = outcome_of(lambda: fed(body))
    if isinstance(found, Exception):
        assert len(str(found)) < 500
    else:
        is_sound(found)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # kilobytes


def test_a_body_over_the_limit_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("video_analytics.panopto.rest.MOST_BYTES", 200_000)
    site = listed(pages_of([item(StartReason="x" * 300_000)]))
    with pytest.raises(Malformed, match="a body over 200,000 bytes"):
        records_of(site, attempts=1)


# the description of a service


class Memory:
    """Descriptions kept between runs."""

    def __init__(self, **held: bytes) -> None:
        self.held = held

    def read(self, name: str) -> bytes | None:
        return self.held.get(name)

    def keep(self, name: str, data: bytes) -> None:
        self.held[name] = data


def test_a_description_is_read_once_and_kept() -> None:
    kept, site = Memory(), listed(pages_of([item()]))
    for _ in range(2):
        with soap_of(site.answer, kept) as (soap, _), ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(lambda _n: soap.records(ONE, BEGIN, END), range(16)))) == 16
    assert kept.held == {"UsageReporting-4.0": WSDL["UsageReporting"], "Auth-4.2": WSDL["Auth"]}
    assert sorted(o for o in site.operations if "description" in o) == [
        "Auth description",
        "UsageReporting description",
    ]


RENAMED = WSDL["UsageReporting"].replace(DETAILED.encode(), b"GetSomethingElse")
SHORT = WSDL["UsageReporting"].replace(
    b'<xs:element minOccurs="0" name="StartReason" type="v:ExtendedDetailedUsageResponseItem.StartReasons"/>',
    b"",
)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"<a/>",
        b"\x00" * 100,
        WSDL["UsageReporting"][:5000],
        WSDL["Auth"],
        RENAMED,
        WSDL["UsageReporting"].replace(b"beginRange", b"startRange"),
        re.sub(rb"<wsdl:service .*</wsdl:service>", b"", WSDL["UsageReporting"], flags=re.DOTALL),
        SHORT,
    ],
)
def test_a_kept_description_that_does_not_fit_is_read_anew(damaged: bytes) -> None:
    """Cut, of another service, of another version, or out of date."""
    assert damaged != WSDL["UsageReporting"]
    kept, site = Memory(**{"UsageReporting-4.0": damaged}), listed(pages_of([item()]))
    with soap_of(site.answer, kept, attempts=2) as (soap, _):
        assert [len(soap.records(ONE, BEGIN, END)) for _ in range(3)] == [1, 1, 1]
    assert kept.held["UsageReporting-4.0"] == WSDL["UsageReporting"]
    assert site.asked_for("UsageReporting description") == 1


@pytest.mark.parametrize("wrong", [b"<html>", RENAMED, WSDL["Auth"]])
def test_a_site_whose_description_does_not_fit_is_told_and_it_is_not_kept(wrong: bytes) -> None:
    kept, site = Memory(), listed(pages_of([item()]))
    site.wsdl["UsageReporting"] = wrong
    expected = "UsageReporting description: expected the XML of this service"
    with soap_of(site.answer, kept, attempts=2) as (soap, _), pytest.raises(Malformed, match=expected):
        soap.records(ONE, BEGIN, END)
    assert "UsageReporting-4.0" not in kept.held


def test_the_address_is_ours_whatever_the_description_names() -> None:
    """It names named.invalid, and an address of plain http first."""
    site = listed(pages_of([item()]))
    with soap_of(site.answer) as (soap, server):
        soap.records(ONE, BEGIN, END)
        assert {asked.headers["Host"] for asked in server.asked} == {f"127.0.0.1:{server.port}"}


def test_the_version_of_the_site_needs_no_logon(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    with road_of(panopto_settings(sandbox, home)) as road:
        assert re.fullmatch(r"[\d.]+", road.soap.server_version())
    assert logons(sandbox) == 0
