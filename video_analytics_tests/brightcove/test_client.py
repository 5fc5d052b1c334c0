import json
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from video_analytics.brightcove import reports
from video_analytics.brightcove.client import Client, canonical, verdict
from video_analytics.brightcove.tables import METRICS
from video_analytics.brightcove.windows import Window
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
    VideoAnalyticsError,
)
from video_analytics.http import Answer, Call
from video_analytics.sandbox import ZONES
from video_analytics.sandbox.malformed import KINDS
from video_analytics.settings import Account, load_settings
from video_analytics_tests.conftest import NOW, YESTERDAY, NewSandbox, client_of, settings_for
from video_analytics_tests.vendor import HOST, Asked, Said, vendor

WEEK = Window(tuple(YESTERDAY - timedelta(days=back) for back in range(6, -1, -1)))
ID, SECRET, TOKEN, PROXY = "id-canary", "s3cret-canary", "t0ken-canary", "pr0xy-canary"
ONE = Account(name="one", id="1", business_unit="Unit", category="cat", timezone="UTC")


def error(code: str, message: str = "") -> bytes:
    return json.dumps([{"error_code": code, "message": message, "request_id": "x"}]).encode()


@pytest.mark.parametrize(
    ("endpoint", "status", "body", "kind"),
    [
        ("token", 400, b'{"error": "invalid_client", "error_description": "x"}', Unauthorized),
        ("token", 401, b"", Unauthorized),
        ("token", 403, b"", Refused),
        ("token", 500, b"<html>", Unavailable),
        ("cms/videos", 401, error("UNAUTHORIZED"), Unauthorized),
        ("cms/videos", 403, error("NOT_AVAILABLE"), Refused),
        ("cms/videos", 404, error("RESOURCE_NOT_FOUND"), Refused),
        ("cms/videos", 429, error("TOO_MANY_REQUESTS"), Throttled),
        ("cms/videos", 500, error("UNKNOWN"), Unavailable),
        ("cms/videos", 504, error("TIMEOUT"), Unavailable),  # a page cannot be halved
        ("analytics/data", 400, error("TIME_RANGE_UNAVAILABLE"), Refused),
        ("analytics/data", 400, error("UNSUPPORTED_FIELD_COMBINATION_ERROR"), Refused),
        ("analytics/data", 401, error("UNAUTHORIZED"), Unauthorized),
        ("analytics/data", 429, error("TOO_MANY_REQUESTS", "Rate limit exceeded"), Throttled),
        ("analytics/data", 429, error("X", "Too many concurrent requests for same query"), TooSlow),
        ("analytics/data", 500, error("SERVER_ERROR"), Unavailable),
        ("analytics/data", 500, error("PROCESSING"), TooSlow),
        ("analytics/data", 503, error("PROCESSING"), TooSlow),
        ("analytics/data", 503, error("SERVER_ERROR"), Unavailable),
        ("analytics/data", 504, b"", TooSlow),
        ("analytics/data", 502, b"<html>", Unavailable),
        ("analytics/data", 418, b"[]", Refused),
        ("analytics/data", 418, b"[7]", Refused),
        ("analytics/data", 418, b"{}", Refused),
        ("analytics/data", 418, b'[{"error_code": 7, "message": null}]', Refused),
        ("analytics/data", 418, b"\xff\x00", Refused),
        ("analytics/data", 418, b"[" * 50_000, Refused),
    ],
)
def test_what_an_error_means(endpoint: str, status: int, body: bytes, kind: type[VendorError]) -> None:
    call = Call("Brightcove", endpoint, "http://x.invalid", account="neo")
    found = verdict(call, Answer(status, {}, body))
    assert type(found) is kind
    assert found.status == status
    assert str(found).startswith(f"Brightcove neo {endpoint}: ")


def test_the_vendors_code_is_kept() -> None:
    call = Call("Brightcove", "analytics/data", "http://x.invalid")
    found = verdict(call, Answer(400, {}, error("UNSUPPORTED_FIELD_COMBINATION_ERROR", "no " * 500)))
    assert found.code == "UNSUPPORTED_FIELD_COMBINATION_ERROR"
    assert len(str(found)) < 500


def test_calls_are_what_the_contract_says(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["research"])
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        assert client.token() == 300
        count = client.count(account)
        assert count == len(sandbox.world.videos(account.id, NOW))
        assert client.count(account, "state:DELETED") == len(sandbox.world.deleted(account.id, NOW))
        assert len(client.custom_fields(account)) == len(set(client.custom_fields(account))) > 5
        page = client.videos_page(account, offset=2, limit=3, sort="created_at")
        assert page == sandbox.world.videos(account.id, NOW)[2:5]
        assert client.reconciled(account) == {"reconciled_from": "2023-01-01", "reconciled_to": "2026-06-11"}
        assert client.last_view_page(account, 1, json.loads)["resultCode"] == "OK"
    assert {entry["status"] for entry in sandbox.log()} == {200}
    assert client.tally.of("research")["cms/counts/videos"] == 2


def test_a_video_is_kept_as_it_was_sent() -> None:
    video = {"id": "1", "z": None, "a": ["ü", "=1+1", "\u2028", {"b": 1.5}], "name": "日本"}
    text = canonical(video)
    assert json.loads(text) == video
    assert list(json.loads(text)) == list(video)
    assert "ü" in text
    assert "日本" in text


# credentials


@pytest.mark.parametrize(("fails", "works"), [(0, True), (1, True), (2, False)])
def test_a_token_refused_for_no_reason(home: Path, new_sandbox: NewSandbox, fails: int, works: bool) -> None:
    sandbox = new_sandbox({"oauth_fails": fails})
    settings = settings_for(sandbox, home, accounts=["neo"])
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        if works:
            assert client.count(account) > 0
        else:
            with pytest.raises(
                Unauthorized, match="Brightcove token: HTTP 400, invalid_client; check client id"
            ):
                client.count(account)
    assert sum(entry["kind"] == "oauth" for entry in sandbox.log()) == min(fails + 1, 2)


def test_wrong_credentials_are_asked_twice_in_all(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"wrong_credentials": True})
    settings = settings_for(sandbox, home)
    with client_of(settings) as client, ThreadPoolExecutor(11) as pool:

        def attempt(account: Account) -> type[BaseException] | None:
            try:
                client.count(account)
            except VendorError as error:
                return type(error)
            return None

        assert set(pool.map(attempt, settings.brightcove.accounts * 3)) == {Unauthorized}
    assert [entry["kind"] for entry in sandbox.log()] == ["oauth", "oauth"]


def test_without_credentials_nobody_is_asked(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    names = {key: value for key, value in sandbox.environment().items() if key.endswith("_URL")}
    settings = load_settings(home, names)
    with client_of(settings) as client, pytest.raises(SettingsError, match="set BRIGHTCOVE_CLIENT_ID and"):
        client.count(settings.brightcove.accounts[0])
    assert sandbox.log() == []


def test_all_accounts_share_one_token(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home)
    with client_of(settings) as client, ThreadPoolExecutor(16) as pool:
        assert all(pool.map(client.count, settings.brightcove.accounts))
    assert sum(entry["kind"] == "oauth" for entry in sandbox.log()) == 1


@pytest.mark.parametrize("storm", range(3))
def test_one_renewal_for_each_expiry(home: Path, new_sandbox: NewSandbox, storm: int) -> None:
    """Every living token ends at once, under sixteen threads."""
    sandbox = new_sandbox({"rate_scale": 1000}, seed=storm + 1)
    settings = settings_for(sandbox, home)
    with client_of(settings) as client, ThreadPoolExecutor(16) as pool:
        client._cms._limits = None
        for expiry in range(1, 4):
            assert len(list(pool.map(client.count, settings.brightcove.accounts * 3))) == 33
            assert sum(entry["kind"] == "oauth" for entry in sandbox.log()) == expiry
            sandbox.service.tokens._expiry.clear()


@pytest.mark.parametrize("how", ["fine", "refused", "broken", "gone", "garbage", "proxy"])
def test_no_error_tells_a_secret(home: Path, how: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def script(_number: int, asked: Asked) -> Said:
        if asked.path.endswith("/token"):
            token = {"access_token": TOKEN, "expires_in": 300}
            return Said(401) if how == "refused" else Said(body=json.dumps(token).encode())
        return {"broken": Said(500), "garbage": Said(body=TOKEN.encode())}.get(how, Said(403, b"[]"))

    with vendor(script) as server:
        base = server.url if how != "gone" else f"http://{HOST}:1"
        far = "https://vendor.invalid" if how == "proxy" else base
        names = {"BRIGHTCOVE_CLIENT_ID": ID, "BRIGHTCOVE_CLIENT_SECRET": SECRET}
        names |= {"BRIGHTCOVE_OAUTH_URL": f"{far}/token", "BRIGHTCOVE_CMS_URL": far}
        names |= {"HTTPS_PROXY": f"http://user:{PROXY}@{HOST}:{server.port}"}
        (home / "settings.toml").write_text("[brightcove]\nattempts = 2\nmax_wait_seconds = 0.01\n")
        settings = load_settings(home, names)
        with client_of(settings) as client, pytest.raises(VendorError) as caught:
            client.count(settings.brightcove.accounts[0])
    told = "\n".join([str(caught.value), repr(caught.value), *traceback.format_exception(caught.value)])
    for canary in (ID, SECRET, TOKEN, PROXY):
        assert canary not in told + caplog.text + repr(settings)


# answers that are none, over the wire


def ask_views(client: Client, account: Account) -> object:
    params = {"from": WEEK.first.isoformat(), "to": WEEK.last.isoformat(), "limit": "all", "sort": "date"}
    fields = ",".join(("video", "date", "video_name", *METRICS))
    params |= {"dimensions": "video,date", "fields": fields}
    return client.report(account, params, "views", lambda body: reports.views(body, WEEK, "here"))


def ask_devices(client: Client, account: Account) -> object:
    params = {"from": WEEK.first.isoformat(), "to": WEEK.last.isoformat(), "limit": "all", "sort": "date"}
    params |= {"dimensions": "video,date,device_type", "fields": "video,date,device_type,video_view"}
    return client.report(account, params, "devices", lambda body: reports.devices(body, WEEK, "here"))


def ask_count(client: Client, account: Account) -> object:
    return client.count(account)


def ask_fields(client: Client, account: Account) -> object:
    return client.custom_fields(account)


NO_JSON = {"cut", "html", "empty", "null", "gzip_cut", "nul", "utf8", "deep", "list", "object"}
SPOILS: list[tuple[Callable[[Client, Account], object], str]] = [
    *((ask_views, kind) for kind in KINDS),
    *((ask_devices, kind) for kind in KINDS),
    *((ask_count, kind) for kind in sorted({*NO_JSON, "nan", "wrong_type", "infinity"})),
    *((ask_fields, kind) for kind in sorted(NO_JSON - {"utf8"})),  # it falls into a key that nobody reads
]


def test_malformed_answers_over_the_wire(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["Internet"], attempts=2)
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        client._cms._limits = None
        for ask, _kind in SPOILS[:: len(KINDS)]:
            assert ask(client, account)
        for ask, kind in SPOILS:
            sandbox.set_scenario({"malformed": kind, "malformed_every": 1, "rate_scale": 1000})
            sandbox.reset_log()
            with pytest.raises(VideoAnalyticsError) as caught:
                ask(client, account)
            assert type(caught.value) in {Malformed, Incomplete, Unavailable}, (ask.__name__, kind)
            assert "sign in" not in str(caught.value)
            assert [entry["fault"] for entry in sandbox.log()] == [f"malformed:{kind}"] * 2
    assert len(SPOILS) >= 60


def test_the_zones_of_these_tests_are_the_vendors(home: Path, new_sandbox: NewSandbox) -> None:
    settings = settings_for(new_sandbox(), home)
    assert {account.key: account.timezone for account in settings.brightcove.accounts} == ZONES
    with pytest.raises(VideoAnalyticsError, match="unknown account"):
        settings.account("nobody")


def test_an_account_the_credential_does_not_cover(home: Path, new_sandbox: NewSandbox) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["neo"])
    calls: list[Any] = [ask_count, ask_fields, ask_views]
    with client_of(settings) as client:
        for call in calls:
            with pytest.raises((Unauthorized, Refused), match="Brightcove one "):
                call(client, ONE)
