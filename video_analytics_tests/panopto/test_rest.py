"""Panopto's REST door: who may come in, pages without an end, and answers that are none."""

import base64
import gzip
import json
import logging
import random
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from video_analytics.errors import (
    Incomplete,
    Malformed,
    Refused,
    SettingsError,
    Throttled,
    TooSlow,
    Unauthorized,
    Unavailable,
    VendorError,
)
from video_analytics.http import Answer, Call
from video_analytics.panopto.rest import Folder, Rest, Video, credentials, guid, verdict
from video_analytics.sandbox import Sandbox
from video_analytics.sandbox.panopto.malformed_json import REST_KINDS
from video_analytics.settings import Network, Panopto
from video_analytics_tests.conftest import NewSandbox
from video_analytics_tests.panopto.drill import PEACE, course_ids, panopto_settings, road_of
from video_analytics_tests.panopto.test_catalogue import (
    NO_FOLDER,
    ONE,
    ROOT,
    TWO,
    A,
    B,
    Json,
    Site,
    panopto_at,
    rest_of,
    said,
)
from video_analytics_tests.vendor import Asked, Said, vendor

T = TypeVar("T")
USER = {"username": "user-canary", "password": SecretStr("passw0rd-canary")}
NAMED = {"username": "user-canary", "password": "passw0rd-canary"}
CANARIES = ("id-canary", "s3cret-canary", "user-canary", "passw0rd-canary", "t0ken-canary")
TOKEN = said({"access_token": "t0ken-canary", "expires_in": 3600})


def told(error: BaseException) -> str:
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


def oauth_calls(sandbox: Sandbox) -> int:
    return sum(entry["kind"] == "oauth" for entry in sandbox.log())


# who may come in


@pytest.mark.parametrize(
    ("changes", "form"),
    [
        (USER, {"grant_type": "password", "scope": "openid api", **NAMED}),
        ({}, {"grant_type": "client_credentials", "scope": "api"}),
        ({"username": "alone"}, {"grant_type": "client_credentials", "scope": "api"}),
    ],
)  # fmt: skip
def test_the_way_in_is_the_users_or_else_the_clients(changes: Json, form: dict[str, str]) -> None:
    with rest_of(TOKEN, **changes) as (rest, server):
        assert rest.token() == 3600
        (asked,) = server.asked
    assert {name: value for name, (value,) in parse_qs(asked.body.decode()).items()} == form
    assert base64.b64decode(asked.headers["Authorization"].split()[1]) == b"id-canary:s3cret-canary"
    assert asked.path == "/Panopto/oauth2/connect/token"


@pytest.mark.parametrize("user", [True, False])
def test_both_grants_open_the_sandbox(home: Path, new_sandbox: NewSandbox, user: bool) -> None:
    sandbox = new_sandbox(PEACE)
    settings = panopto_settings(sandbox, home).panopto
    if not user:
        settings = settings.model_copy(update={"username": None, "password": None})
    rest = Rest(settings, Network())
    assert rest.folder(course_ids(sandbox)[0]).Name == sandbox.panopto.courses()[0][0]
    rest.close()


@pytest.mark.parametrize("missing", ["server", "client_id", "client_secret"])
def test_without_credentials_nobody_is_asked(missing: str) -> None:
    settings = panopto_at("http://127.0.0.1:9", **{missing: None})
    with pytest.raises(
        SettingsError, match="set PANOPTO_SERVER, PANOPTO_CLIENT_ID and PANOPTO_CLIENT_SECRET"
    ):
        credentials(settings)
    rest = Rest(settings, Network())
    with pytest.raises(SettingsError):
        rest.folder(ROOT)
    rest.close()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"client_secret": SecretStr("wr0ng-canary")}, "invalid_client"),
        ({"password": SecretStr("wr0ng-canary")}, "invalid_grant"),
    ],
)
def test_wrong_credentials_are_asked_once_in_all(
    home: Path, new_sandbox: NewSandbox, wrong: Json, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox = new_sandbox(PEACE)
    right = panopto_settings(sandbox, home).panopto
    rest = Rest(right.model_copy(update=wrong), Network())

    def attempt(number: int) -> str:
        with pytest.raises(Unauthorized, match=f"HTTP 400, {code}; check PANOPTO_CLIENT_ID") as caught:
            rest.children(guid_of(number))
        return told(caught.value)

    with ThreadPoolExecutor(8) as pool:
        messages = list(pool.map(attempt, range(24)))
    rest.close()
    assert oauth_calls(sandbox) == len(sandbox.log()) == 1
    secrets = ["wr0ng-canary", *(s.get_secret_value() for s in (right.client_secret, right.password) if s)]
    assert not [secret for secret in secrets if secret in "".join(messages) + caplog.text]
    assert max(map(len, messages)) < 4 * min(map(len, messages))  # the remembered error does not grow


def guid_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


@pytest.mark.parametrize("fails", [1, 2])
def test_a_token_refused_ends_this_client_only(home: Path, new_sandbox: NewSandbox, fails: int) -> None:
    sandbox = new_sandbox(PEACE | {"oauth_fails": fails})
    settings, course = panopto_settings(sandbox, home), course_ids(sandbox)[0]
    for _ in range(fails):
        with road_of(settings) as road:
            for _ in range(2):
                with pytest.raises(Unauthorized, match="invalid_client"):
                    road.rest.folder(course)
    with road_of(settings) as road:
        assert road.rest.folder(course).Id == course
    assert oauth_calls(sandbox) == fails + 1


def test_a_refused_token_is_renewed_once(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course = course_ids(sandbox)[0]
    with road_of(panopto_settings(sandbox, home)) as road:
        for expiry in range(1, 4):
            assert road.rest.folder(course).Id == course
            assert oauth_calls(sandbox) == expiry
            sandbox.service.desk.tokens._expiry.clear()


def test_a_token_that_is_never_good_ends_as_unauthorized(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE | {"unauthorised_every": 1})
    with road_of(panopto_settings(sandbox, home)) as road, pytest.raises(Unauthorized, match="HTTP 401"):
        road.rest.folder(course_ids(sandbox)[0])
    assert [entry["kind"] for entry in sandbox.log()] == ["oauth", "rest", "oauth", "rest"]


def test_tokens_that_die_under_eight_threads(home: Path, new_sandbox: NewSandbox) -> None:
    """Each expiry costs one token, and no call is lost."""
    sandbox = new_sandbox(PEACE)
    courses = course_ids(sandbox) * 8
    with road_of(panopto_settings(sandbox, home)) as road, ThreadPoolExecutor(8) as pool:
        for expiry in range(1, 6):
            assert [folder.Id for folder in pool.map(road.rest.folder, courses)] == courses
            assert oauth_calls(sandbox) == expiry
            sandbox.service.desk.tokens._expiry.clear()


def test_short_lives_are_renewed_in_time(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE | {"token_seconds": 1})
    courses = course_ids(sandbox) * 8
    with road_of(panopto_settings(sandbox, home)) as road, ThreadPoolExecutor(8) as pool:
        while oauth_calls(sandbox) < 3:
            assert [folder.Id for folder in pool.map(road.rest.folder, courses)] == courses
    assert {entry["status"] for entry in sandbox.log()} <= {200, 401}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b'"t"',
        b'{"access_token": null, "expires_in": 3600}',
        b'{"access_token": 7, "expires_in": 3600}',
        b'{"access_token": "", "expires_in": 3600}',
        b'{"access_token": "t0ken-canary\\n", "expires_in": 3600}',
        b'{"access_token": "t0ken-canary\\u20ac", "expires_in": 3600}',
        b'{"access_token": "t0ken-canary \\u0000", "expires_in": 3600}',
        b'{"access_token": "t0ken-canary"}',
        b'{"access_token": "t0ken-canary", "expires_in": "3600"}',
        b'{"access_token": "t0ken-canary", "expires_in": null}',
        b'{"access_token": "t0ken-canary", "expires_in": NaN}',
        b'{"access_token": "t0ken-canary", "expires_in": 1e999}',
        b'{"access_token": "t0ken-canary", "expires_in": 0}',
        b'{"access_token": "t0ken-canary", "expires_in": -1}',
        b"<html>t0ken-canary</html>",
    ],
)
def test_a_token_answer_that_is_none(body: bytes) -> None:
    with rest_of(Said(body=body)) as (rest, server):
        with pytest.raises(Malformed, match="Panopto token: ") as caught:
            rest.folder(ROOT)
        assert len(server.asked) == 2
    assert "t0ken-canary" not in told(caught.value)


def test_the_cookie_of_the_other_door() -> None:
    def script(_number: int, asked: Asked) -> Said:
        if asked.path.endswith("/token"):
            return TOKEN
        good = (
            asked.path.endswith("/auth/legacyLogin")
            and asked.headers["Authorization"] == "Bearer t0ken-canary"
        )
        return Said(
            200 if good else 404, b'"OK"', {"Set-Cookie": ".ASPXAUTH=c00kie; path=/; secure; HttpOnly"}
        )

    with rest_of(script) as (rest, _):
        assert rest.soap_cookie() == "c00kie"
    with rest_of(TOKEN) as (rest, _), pytest.raises(Malformed, match=r"expected the cookie \.ASPXAUTH"):
        rest.soap_cookie()


@pytest.mark.parametrize("answer", ["broken", "garbage", "forbidden", "redirect", "unauthorized"])
def test_no_error_tells_a_secret(answer: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = {
        "broken": Said(500, b"t0ken-canary"),
        "garbage": Said(200, b"t0ken-canary"),
        "forbidden": Said(403, b"[]"),
        "redirect": Said(302, headers={"Location": "http://x.invalid/?t=t0ken-canary"}),
        "unauthorized": Said(401),
    }
    script = lambda _number, asked: TOKEN if asked.path.endswith("/token") else answers[answer]  # noqa: E731
    with rest_of(script, **USER) as (rest, _), pytest.raises(VendorError) as caught:
        rest.children(ROOT)
    assert not [canary for canary in CANARIES if canary in told(caught.value) + caplog.text]


# what an error means

API_ERROR = (
    b'{"Error":{"ErrorCode":"NotFound","Message":"The requested folder was not found","Success":false}}'
)


@pytest.mark.parametrize(
    ("endpoint", "status", "body", "kind"),
    [
        ("token", 400, b'{"error":"invalid_grant","error_description":"x"}', Unauthorized),
        ("token", 400, b'{"error":"unauthorized_client"}', Unauthorized),
        ("token", 401, b"", Unauthorized),
        ("token", 403, b"", Refused),
        ("token", 429, b"", Throttled),
        ("token", 500, b"<html>", Unavailable),
        ("folders/{id}", 400, API_ERROR, Refused),
        ("folders/{id}", 401, API_ERROR, Unauthorized),
        ("folders/{id}", 403, API_ERROR, Refused),
        ("folders/{id}", 404, API_ERROR, Refused),
        ("folders/{id}", 408, b"", Unavailable),
        ("folders/{id}", 429, b"", Throttled),
        ("folders/{id}", 500, b"<html>", Unavailable),
        ("folders/{id}", 504, b"", TooSlow),
        ("folders/{id}", 418, b'{"Error":null}', Refused),
        ("folders/{id}", 418, b'{"Error":{"ErrorCode":7}}', Refused),
        ("folders/{id}", 418, b"\xff\x00", Refused),
        ("folders/{id}", 418, b"[" * 50_000, Refused),
        ("token", 400, b'{"error":' + b"[" * 50_000, Unauthorized),
    ],
)
def test_what_an_error_means(endpoint: str, status: int, body: bytes, kind: type[VendorError]) -> None:
    found = verdict(Call("Panopto", endpoint, "http://x.invalid", about="7"), Answer(status, {}, body))
    assert type(found) is kind
    assert found.status == status
    assert str(found).startswith(f"Panopto {endpoint} 7: HTTP {status}")


def test_the_vendors_words_are_kept_and_cut() -> None:
    call = Call("Panopto", "folders/{id}", "http://x.invalid")
    found = verdict(call, Answer(404, {}, API_ERROR.replace(b"folder", b"folder " * 300)))
    assert found.code == "NotFound"
    assert "NotFound: The requested folder" in str(found)
    assert len(str(found)) < 500


# pages


def script_of(pages: Callable[[int], Any]) -> Callable[[int, Asked], Said]:
    """A list whose page `number` is what `pages` says; everything else is a token."""

    def script(_number: int, asked: Asked) -> Said:
        if asked.path.endswith("/token"):
            return TOKEN
        return said({"Results": pages(int(asked.path.partition("pageNumber=")[2]))})

    return script


def row(key: str, **more: Any) -> Json:
    return {"Id": key, "Name": "n", "Folder": ROOT, "ParentFolder": None, **more}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("what", ["children", "sessions"])
def test_pages_are_asked_until_one_is_empty(what: str, size: int) -> None:
    rows = [row(guid_of(number)) for number in range(7)]
    with rest_of(script_of(lambda number: rows[number * size :][:size])) as (rest, server):
        found = getattr(rest, what)(ROOT)
        assert [item.Id for item in found] == [item["Id"] for item in rows]
        paths = [asked.path for asked in server.asked[1:]]
    pages = -(-7 // size) + 1
    assert paths == [f"/Panopto/api/v1/folders/{ROOT}/{what}?pageNumber={n}" for n in range(pages)]


def test_a_short_page_is_not_the_last_one() -> None:
    pages = [[row(ONE), row(TWO)], [row(A)], [row(B)], []]
    with rest_of(script_of(lambda number: pages[number])) as (rest, _):
        assert len(rest.sessions(ROOT)) == 4


def test_totals_are_not_believed() -> None:
    def script(number: int, asked: Asked) -> Said:
        if asked.path.endswith("/token"):
            return TOKEN
        rows = [row(guid_of(number))] if number < 5 else []
        return said({"Results": rows, "TotalNumberOfResults": 1, "Total": 0, "New": {"Field": []}})

    with rest_of(script) as (rest, _):
        assert len(rest.sessions(ROOT)) == 3


@pytest.mark.parametrize("what", ["children", "sessions"])
def test_the_same_page_for_ever_is_incomplete(what: str) -> None:
    """A vendor that does not know pages: three readings of two pages, and no more."""
    with rest_of(script_of(lambda _number: [row(ONE), row(TWO)])) as (rest, server):
        with pytest.raises(Incomplete, match="some came twice in three readings"):
            getattr(rest, what)(ROOT)
        assert len(server.asked) == 1 + 6


def test_an_entry_twice_on_one_page_is_incomplete() -> None:
    with rest_of(script_of(lambda number: [] if number else [row(ONE), row(ONE.upper())])) as (rest, server):
        with pytest.raises(Incomplete):
            rest.children(ROOT)
        assert len(server.asked) == 1 + 3


def test_a_list_that_moved_is_read_again() -> None:
    """While it is read the first time an entry slips from page 0 to page 1."""
    readings = [[[row(ONE)], [row(ONE)], []], [[row(ONE)], [row(TWO)], []]]
    begun: list[int] = []

    def pages(number: int) -> Any:
        if number == 0:
            begun.append(1)
        return readings[len(begun) - 1][number]

    with rest_of(script_of(pages)) as (rest, _):
        assert [video.Id for video in rest.sessions(ROOT)] == [ONE, TWO]
    assert len(begun) == 2


def test_pages_without_an_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("video_analytics.panopto.rest.MOST_PAGES", 5)
    with rest_of(script_of(lambda number: [row(guid_of(number))])) as (rest, server):
        with pytest.raises(Malformed, match="over 5 pages; no end in sight"):
            rest.children(ROOT)
        assert len(server.asked) == 1 + 5


def test_a_wide_folder_of_the_sandbox(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE, size="demo")
    truth = sandbox.panopto.snapshot(sandbox.now())
    with road_of(panopto_settings(sandbox, home)) as road:
        for course in course_ids(sandbox):
            assert {folder.Id for folder in road.rest.children(course)} == set(truth.children.get(course, ()))
            assert {v.Id for v in road.rest.sessions(course)} == set(truth.sessions_in.get(course, ()))
    assert max(entry["page"] or 0 for entry in sandbox.log()) >= 2


# what is in them


def test_ids_are_lower_case_whatever_comes() -> None:
    upper = row(ONE.upper(), Folder=f"{A.upper()}")
    with rest_of(script_of(lambda number: [] if number else [upper])) as (rest, _):
        assert [video.Id for video in rest.sessions(A)] == [ONE]
        assert [folder.Id for folder in rest.children(A)] == [ONE]
    shouting = Site({A: None}, {ONE: A})
    shouting.folder = lambda key: {"Id": f" {key.upper()} "}  # type: ignore[method-assign]
    with rest_of(shouting.answer) as (rest, _):
        assert rest.folder(A).Id == A


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7D1C0A52-1111-4A4A-9B9B-B0A000C51F00", "7d1c0a52-1111-4a4a-9b9b-b0a000c51f00"),
        (" 7d1c0a52-1111-4a4a-9b9b-b0a000c51f00\n", "7d1c0a52-1111-4a4a-9b9b-b0a000c51f00"),
        ("{7d1c0a52-1111-4a4a-9b9b-b0a000c51f00}", None),
        ("7d1c0a5211114a4a9b9bb0a000c51f00", None),
        ("../7d1c0a52-1111-4a4a-9b9b-b0a000c51f", None),
        ("\uff17d1c0a52-1111-4a4a-9b9b-b0a000c51f00", None),
        ("", None),
    ],
)
def test_ids(text: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(ValueError, match="expected an id of the form"):
            guid(text)
    else:
        assert guid(text) == found


@pytest.mark.parametrize(
    ("more", "name", "duration"),
    [
        ({"Name": None, "Duration": None}, None, None),
        ({"Duration": 0}, "n", 0.0),
        ({"Duration": 2987.433, "Description": None, "FolderDetails": None}, "n", 2987.433),
        ({"PercentCompleted": None, "Urls": {"New": [1]}, "Context": None}, "n", None),
    ],
)
def test_null_is_not_zero(more: Json, name: str | None, duration: float | None) -> None:
    with rest_of(script_of(lambda number: [] if number else [row(ONE, **more)])) as (rest, _):
        (video,) = rest.sessions(ROOT)
    assert (video.Name, video.Duration) == (name, duration)


def test_a_session_of_the_first_contract() -> None:
    """As in 2020: without duration and folder details."""
    with rest_of(script_of(lambda number: [] if number else [{"Id": ONE, "Folder": ROOT}])) as (rest, _):
        assert rest.sessions(ROOT) == [Video(ONE, ROOT)]
        assert rest.children(ROOT) == [Folder(ONE)]


def test_sessions_of_another_folder_are_not_taken() -> None:
    rows = [row(ONE), row(TWO, Folder=A)]
    with rest_of(script_of(lambda number: [] if number else rows)) as (rest, server):
        with pytest.raises(Malformed, match="expected sessions of this folder only, 1 are of another"):
            rest.sessions(ROOT)
        assert len(server.asked) == 1 + 2


@pytest.mark.parametrize("what", ["folder", "video"])
def test_another_one_than_asked_for_is_not_taken(what: str) -> None:
    site = Site({A: None}, {A: B})

    def another(number: int, asked: Asked) -> Said:
        return site.answer(number, Asked("GET", asked.path.replace(ONE, A), {}, b""))

    with rest_of(another) as (rest, _), pytest.raises(Malformed, match="that was asked for, got another"):
        getattr(rest, what)(ONE)


# limits


def seconds_for(calls: int, per_second: int) -> float:
    """How long so many calls take at least. That no window holds too many is proved in test_http."""
    return (calls - 1) // per_second * 1.0


@pytest.mark.parametrize(("scale", "per_second", "calls"), [(1.0, 5, 11), (2.0, 10, 25)])
def test_the_vendors_limits_are_kept(
    home: Path, new_sandbox: NewSandbox, scale: float, per_second: int, calls: int
) -> None:
    sandbox = new_sandbox({"rate_scale": scale})
    limits = {"calls_per_second": per_second, "calls_per_minute": 20 * per_second, "calls_per_hour": 5000}
    course, begun = course_ids(sandbox)[0], time.monotonic()
    with road_of(panopto_settings(sandbox, home, **limits)) as road, ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(road.rest.folder, [course] * calls))) == calls
    assert time.monotonic() - begun >= seconds_for(calls, per_second)
    asked = [entry["status"] for entry in sandbox.log() if entry["kind"] == "rest"]
    assert asked.count(200) == calls
    assert asked.count(429) <= 2  # of a call that was held up on its way


@pytest.mark.parametrize("retry_after", [None, "0", "1e9", "soon"])
def test_a_storm_passes(home: Path, new_sandbox: NewSandbox, retry_after: str | None) -> None:
    sandbox = new_sandbox(PEACE | {"storm": {"requests": 12, "retry_after": retry_after}})
    courses = course_ids(sandbox) * 4
    settings = panopto_settings(sandbox, home, attempts=10)
    with road_of(settings) as road, ThreadPoolExecutor(4) as pool:
        assert [folder.Id for folder in pool.map(road.rest.folder, courses)] == courses
    assert sum(entry["status"] == 429 for entry in sandbox.log()) == 12
    assert len(sandbox.log()) == 12 + len(courses) + oauth_calls(sandbox)


def test_a_storm_that_does_not_pass_is_told(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE | {"storm": {"requests": 1000}})
    with road_of(panopto_settings(sandbox, home, attempts=3)) as road, pytest.raises(Throttled):
        road.rest.folder(course_ids(sandbox)[0])
    assert sum(entry["status"] == 429 for entry in sandbox.log()) == 3


# answers that are none: over the wire

HARMLESS = {"null_details", "negative", "bad_start", "cycle"}  # what is said stays a possible answer


@pytest.mark.parametrize("what", ["children", "sessions", "folder", "video"])
def test_malformed_answers_over_the_wire(home: Path, new_sandbox: NewSandbox, what: str) -> None:
    sandbox = new_sandbox(PEACE)
    tree, course = sandbox.panopto.snapshot(sandbox.now()), course_ids(sandbox)[0]
    subject = tree.sessions_in[course][0] if what == "video" else course
    with road_of(panopto_settings(sandbox, home, attempts=2)) as road:
        for kind in sorted(REST_KINDS):
            sandbox.set_scenario(PEACE | {"malformed": kind, "malformed_every": 1})
            sandbox.reset_log()
            outcome = outcome_of(lambda: getattr(road.rest, what)(subject))
            spoilt = any(entry["fault"] == f"malformed:{kind}" for entry in sandbox.log())
            if isinstance(outcome, Exception):
                assert spoilt, kind
                assert type(outcome) in {Malformed, Incomplete, Unavailable}, kind
                assert "sign in" not in str(outcome)
            else:  # elsewhere than in sessions it may fall into what nobody reads
                assert not spoilt or what != "sessions" or kind in HARMLESS, kind
                are_sound(outcome)


def outcome_of(ask: Callable[[], T]) -> T | ValueError | VendorError:
    """What asking gives, or the error of ours it ends in."""
    try:
        return ask()
    except (ValueError, VendorError) as error:
        return error


def are_sound(found: Any) -> None:
    """Assert that what was taken from an answer is what the types promise."""
    for item in found if isinstance(found, list) else [found]:
        assert guid(item.Id) == item.Id
        assert item.Name is None or isinstance(item.Name, str)
        if isinstance(item, Video):
            assert item.Duration is None or abs(item.Duration) < float("inf")
            assert item.StartTime is None or isinstance(item.StartTime, str)


# answers that are none: straight into the decoders


class Fed:
    """A session that answers with a given body first, then with an empty page."""

    def close(self) -> None:
        """It never dialled."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def fetch(self, call: Call, decode: Callable[[bytes], T]) -> T:
        return decode(b'{"Results": []}' if call.params.get("pageNumber", "0") != "0" else self.body)


def good_list(draw: random.Random) -> Json:
    rows = [row(guid_of(draw.randrange(1 << 40)), Duration=draw.random() * 3600) for _ in range(3)]
    return {"Results": [each | {"Folder": ROOT, "FolderDetails": {"Id": ROOT, "Name": "x"}} for each in rows]}


WRONG: tuple[Any, ...] = (
    None, True, -1, 1 << 70, 10**400, 1e308, "", "\x00", "NaN", [], {}, [[]], {"Id": {}}, "x" * 5000, "😀",
    "..",
)  # fmt: skip


def with_a_wrong_value(draw: random.Random, value: Any) -> Any:
    """The same with one value somewhere replaced, dropped or repeated."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        key = draw.choice(list(value))
        if draw.random() < 0.1:
            return {name: each for name, each in value.items() if name != key}
        return value | {key: with_a_wrong_value(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        if draw.random() < 0.1:
            return [*value, value[place]]
        return [*value[:place], with_a_wrong_value(draw, value[place]), *value[place + 1 :]]
    return draw.choice(WRONG)


def spoilt(draw: random.Random, text: bytes) -> bytes:
    """The same bytes, cut or with something odd in them."""
    place = draw.randrange(len(text))
    odd = draw.choice(
        [b"\x00", b"\xff\xfe", b"NaN", b"1e999", b"[" * 20_000, b"{", b'"', b"\\ud800", b"9" * 5000, b""]
    )
    if draw.random() < 0.3:
        return text[:place]
    return text[:place] + odd + text[place + draw.randrange(8) :]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("block", range(4))
def test_a_thousand_malformed_answers(block: int) -> None:
    """Two hundred and fifty each: an error of ours, or what the types promise."""
    rest = Rest(panopto_at("http://127.0.0.1:9"), Network())
    refused = 0
    for seed in range(block * 250, block * 250 + 250):
        draw = random.Random(seed)
        answer = json.dumps(with_a_wrong_value(draw, good_list(draw))).encode()
        body = answer if seed % 2 else spoilt(draw, json.dumps(good_list(draw)).encode())
        rest._api = Fed(body)  # type: ignore[assignment]
        for ask in (rest.children, rest.sessions, rest.folder, rest.video):
            found = outcome_of(lambda ask=ask: ask(ROOT))  # type: ignore[misc]
            if isinstance(found, Exception):
                assert len(str(found)) < 500
                refused += 1
            else:
                are_sound(found)
    rest.close()
    assert refused > 500


def test_a_good_answer_is_taken_by_the_same_way() -> None:
    rest = Rest(panopto_at("http://127.0.0.1:9"), Network())
    rest._api = Fed(json.dumps(good_list(random.Random(1))).encode())  # type: ignore[assignment]
    assert len(rest.sessions(ROOT)) == len(rest.children(ROOT)) == 3
    rest.close()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_over_the_limit_is_not_kept(packed: bool) -> None:
    big = b'{"Results": [' + b" " * 50_000_000 + b"]}"
    headers = {"Content-Encoding": "gzip"} if packed else {}
    body = gzip.compress(big, 1) if packed else big
    script = lambda number, _asked: TOKEN if number == 1 else Said(200, body, headers)  # noqa: E731
    with rest_of(script, attempts=1) as (rest, _), pytest.raises(Malformed, match="a body over"):
        rest.children(ROOT)


def test_a_folder_that_is_not_there(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    with road_of(panopto_settings(sandbox, home)) as road:
        for ask in (road.rest.folder, road.rest.video, road.rest.children, road.rest.sessions):
            with pytest.raises(Refused) as caught:
                ask(NO_FOLDER)
            assert (caught.value.status, caught.value.code) == (404, "NotFound")
    assert len(sandbox.log()) == 5


def test_settings_hide_what_is_secret() -> None:
    settings: Panopto = panopto_at("http://127.0.0.1:9", **USER)
    assert not [canary for canary in ("s3cret-canary", "passw0rd-canary") if canary in repr(settings)]


def test_a_server_that_is_gone_is_told_by_host_alone() -> None:
    with vendor(Said()) as server:
        url = server.url
    rest = Rest(panopto_at(url), Network())
    with pytest.raises(Unavailable, match=r"talking to 127\.0\.0\.1; check network and proxy"):
        rest.folder(ROOT)
    rest.close()
