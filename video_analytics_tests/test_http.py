import gzip
import logging
import socket
import threading
import traceback
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pyrate_limiter import InMemoryBucket, RateItem

from video_analytics import http
from video_analytics.errors import (
    Incomplete,
    Malformed,
    Refused,
    Throttled,
    TooSlow,
    Unauthorized,
    Unavailable,
    VendorError,
)
from video_analytics.http import (
    Answer,
    Budget,
    Call,
    Limits,
    Patience,
    Session,
    Tally,
    TokenSource,
    retry_after_seconds,
    transient_or_refused,
)
from video_analytics_tests.vendor import HOST, Asked, Said, Vendor, vendor

QUICK = Patience(attempts=4, slow_attempts=2, slow_wait=0.001, max_wait=0.002)
TOKEN, CLIENT_ID, SECRET, PROXY_PASSWORD = "t0ken-canary", "id-canary", "s3cret-canary", "pr0xy-canary"
NOON = "Mon, 15 Jun 2026 12:00:00 GMT"


def verdict(call: Call, answer: Answer) -> VendorError:
    return transient_or_refused(call, answer, "", "")


def session(**changes: Any) -> Session:
    options: dict[str, Any] = {"verdict": verdict, "patience": QUICK}
    return Session(**(options | changes))


def ask(place: Vendor | str, **changes: Any) -> Call:
    url = place if isinstance(place, str) else f"{place.url}/data"
    options: dict[str, Any] = {"vendor": "Vendor", "endpoint": "data", "account": "one", "timeout": 5}
    return Call(url=url, **(options | changes))


def text(body: bytes) -> str:
    return body.decode()


def sequence(*said: Said) -> Callable[[int, Asked], Said]:
    """These answers in turn, the last one for ever."""
    return lambda number, _asked: said[min(number, len(said)) - 1]


def tokens(names: list[str] | None = None) -> TokenSource:
    """Tokens t1, t2 …, each good for an hour; `names` notes which were fetched."""
    fetched = names if names is not None else []

    def fetch() -> tuple[str, float]:
        fetched.append(f"t{len(fetched) + 1}")
        return fetched[-1], 3600

    return TokenSource(fetch)


# what an answer means


def test_an_answer_is_decoded() -> None:
    with vendor(Said(body=b"hello")) as server:
        assert session().fetch(ask(server, params={"q": "a b&c"}), text) == "hello"
        assert [(each.method, each.path) for each in server.asked] == [("GET", "/data?q=a+b%26c")]


def test_a_form_is_posted_with_basic_credentials() -> None:
    with vendor(Said()) as server:
        session().fetch(ask(server, form={"grant_type": "x"}, basic=("user", "pass")), text)
        (asked,) = server.asked
    assert (asked.method, asked.body) == ("POST", b"grant_type=x")
    assert asked.headers["Authorization"] == "Basic dXNlcjpwYXNz"


@pytest.mark.parametrize(
    ("status", "kind", "asks"),
    [
        (400, Refused, 1),
        (403, Refused, 1),
        (404, Refused, 1),
        (405, Refused, 1),
        (410, Refused, 1),
        (401, Unauthorized, 1),
        (408, Unavailable, 4),
        (429, Throttled, 4),
        (500, Unavailable, 4),
        (502, Unavailable, 4),
        (503, Unavailable, 4),
        (504, TooSlow, 2),
        (599, Unavailable, 4),
    ],
)
def test_statuses(status: int, kind: type[VendorError], asks: int) -> None:
    with vendor(Said(status, b"<html>bad day</html>", {"Content-Type": "text/html; x=y"})) as server:
        with pytest.raises(kind) as caught:
            session().fetch(ask(server, about="page 7"), text)
        assert len(server.asked) == asks
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert str(caught.value).startswith(f"Vendor one data page 7: HTTP {status}, 20 bytes of text/html;")
    assert "bad day" not in str(caught.value)


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_trouble_that_passes(status: int) -> None:
    with vendor(sequence(Said(status), Said(status), Said(body=b"at last"))) as server:
        tally = Tally()
        assert session(tally=tally).fetch(ask(server), text) == "at last"
    assert tally.total("calls") == 3
    assert tally.of("one")["retries"] == 2
    assert tally.of("one")["data"] == 3
    assert tally.of("other") == {}


def test_a_body_that_cannot_be_read_is_asked_for_again() -> None:
    def decode(body: bytes) -> int:
        return int(body)

    with vendor(sequence(Said(body=b"<html>"), Said(body=b"7"))) as server:
        assert session().fetch(ask(server), decode) == 7
    with vendor(Said(body=b"canary", headers={"Content-Type": "text/html"})) as server:
        with pytest.raises(Malformed) as caught:
            session().fetch(ask(server), lambda _body: _refuse("no number"))
        assert len(server.asked) == 4
    assert str(caught.value).startswith("Vendor one data: no number; got 6 bytes of text/html; ")


def _refuse(reason: str) -> None:
    raise ValueError(reason)


def test_an_answer_that_contradicts_itself_is_asked_for_again() -> None:
    def decode(body: bytes) -> str:
        if body != b"whole":
            raise Incomplete("expected 2, got 1")
        return "whole"

    with vendor(sequence(Said(body=b"half"), Said(body=b"whole"))) as server:
        assert session().fetch(ask(server), decode) == "whole"
    with vendor(Said(body=b"half")) as server:
        with pytest.raises(Incomplete, match="expected 2, got 1"):
            session().fetch(ask(server), decode)
        assert len(server.asked) == 4


# patience


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("1e9", 1e9),
        ("inf", float("inf")),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("12 minutes", None),
        ("Mon, 15 Jun 2026 12:01:30 GMT", 90.0),
        ("Mon, 15 Jun 2026 14:01:30 +0200", 90.0),
        ("Mon, 15 Jun 2026 11:00:00 GMT", 0.0),
        ("Mon, 99 Jun 2026 11:00:00 GMT", None),
        ("Mon, 15 Jun 99999 11:00:00 GMT", None),
        ("2026-06-15T12:00:00Z", None),
    ],
)
def test_retry_after_in_all_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOON) == seconds


def test_a_date_without_a_date_header_is_measured_here() -> None:
    then = datetime.now(UTC) + timedelta(hours=1)
    told = retry_after_seconds(format_datetime(then, usegmt=True))
    assert told is not None
    assert 0 < told <= 3600
    assert retry_after_seconds(NOON, "yesterday") is None


@pytest.mark.parametrize(
    "value",
    ["0", "0.0005", "3600", "1e9", "-5", "inf", "nan", "garbage", "Mon, 15 Jun 2026 12:30:00 GMT", NOON],
)
@pytest.mark.parametrize("status", [429, 503, 504])
def test_the_wait_is_bounded_whatever_the_vendor_asks(value: str, status: int) -> None:
    waits: list[float] = []
    said = Said(status, headers={"Retry-After": value, "Date": NOON})
    with vendor(sequence(said, Said(body=b"done"))) as server:
        asking = session(on_wait=lambda _call, wait, _error: waits.append(wait))
        assert asking.fetch(ask(server), text) == "done"
    assert len(waits) == 1
    assert 0 <= waits[0] <= QUICK.max_wait
    exact = {"0": 0.0, "0.0005": 0.0005, "3600": 0.002, "1e9": 0.002, "-5": 0.0, "inf": 0.002, NOON: 0.0}
    assert waits[0] == exact.get(value, waits[0])


def test_the_one_who_watches_is_told_why() -> None:
    told: list[tuple[str, type[VendorError]]] = []
    with vendor(sequence(Said(429), Said(500), Said())) as server:
        asking = session(on_wait=lambda call, _wait, error: told.append((str(call), type(error))))
        asking.fetch(ask(server), text)
    assert told == [("Vendor one data", Throttled), ("Vendor one data", Unavailable)]


def test_the_budget_stops_retries() -> None:
    with vendor(Said(500)) as server:
        asking = session(patience=Patience(attempts=20, max_wait=0.002), budget=Budget(allowance=3))
        for asks in (4, 5, 6):  # three retries, then none is left
            with pytest.raises(Unavailable):
                asking.fetch(ask(server), text)
            assert len(server.asked) == asks


def test_success_earns_retries() -> None:
    budget = Budget(allowance=2, share=0.5)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_a_budget_is_exact_under_threads() -> None:
    budget = Budget(allowance=100)
    with ThreadPoolExecutor(16) as pool:
        spent = list(pool.map(lambda _number: budget.spend(), range(500)))
    assert sum(spent) == 100


def test_a_tally_is_exact_under_threads() -> None:
    tally = Tally()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: tally.add(str(number % 4), "calls"), range(2000)))
    assert tally.total("calls") == 2000
    assert tally.of("3") == {"calls": 500}


# tokens


def test_a_refused_token_is_renewed_once() -> None:
    names: list[str] = []

    def script(_number: int, asked: Asked) -> Said:
        return Said(body=b"in") if asked.headers["Authorization"] == "Bearer t2" else Said(401)

    with vendor(script) as server:
        asking = session(tokens=tokens(names))
        assert [asking.fetch(ask(server), text) for _ in range(3)] == ["in"] * 3
        assert [each.headers["Authorization"] for each in server.asked] == ["Bearer t1", *["Bearer t2"] * 3]
    assert names == ["t1", "t2"]


def test_a_second_refusal_is_final() -> None:
    names: list[str] = []
    with vendor(Said(401)) as server:
        with pytest.raises(Unauthorized, match=r"HTTP 401.*check id, secret and the rights"):
            session(tokens=tokens(names)).fetch(ask(server), text)
        assert len(server.asked) == 2
    assert names == ["t1", "t2"]


@pytest.mark.parametrize(("life", "fetches"), [(300.0, 1), (0.0, 5), (-10.0, 5)])
def test_a_token_is_kept_while_it_lives(life: float, fetches: int) -> None:
    count: list[int] = []

    def fetch() -> tuple[str, float]:
        count.append(1)
        return f"t{len(count)}", life

    source = TokenSource(fetch)
    assert [source.token() for _ in range(5)] == [f"t{min(number, fetches)}" for number in range(1, 6)]
    assert len(count) == fetches


def test_a_token_is_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = [1000.0]
    monkeypatch.setattr(http.tokens, "time", SimpleNamespace(monotonic=lambda: instant[0]))
    names: list[str] = []

    def fetch() -> tuple[str, float]:
        names.append("t")
        return f"t{len(names)}", 300.0

    source = TokenSource(fetch)
    seen = {}
    for age in (0, 200, 239.9, 240, 300, 479.9, 480):  # a fifth of its life, at most a minute, before
        instant[0] = 1000.0 + age
        seen[age] = source.token()
    assert seen == {0: "t1", 200: "t1", 239.9: "t1", 240: "t2", 300: "t2", 479.9: "t2", 480: "t3"}


def test_one_renewal_for_sixteen_threads() -> None:
    names: list[str] = []
    source, gate = tokens(names), threading.Barrier(16)

    def work(_number: int) -> tuple[str, str]:
        gate.wait()
        first = source.token()
        gate.wait()
        return first, source.replace(first)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(work, range(16))) == {("t1", "t2")}
    assert names == ["t1", "t2"]


def test_a_storm_of_401_under_sixteen_threads_renews_once() -> None:
    names: list[str] = []
    gate = threading.Barrier(16)

    def script(_number: int, asked: Asked) -> Said:
        if asked.headers["Authorization"] == "Bearer t1":
            gate.wait(30)  # all sixteen hold the old token before any is refused
            return Said(401)
        return Said(body=b"in")

    with vendor(script) as server:
        asking = session(tokens=tokens(names))
        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(lambda _number: asking.fetch(ask(server), text), range(16))) == ["in"] * 16
    assert names == ["t1", "t2"]


def test_wrong_credentials_are_not_tried_again() -> None:
    asks: list[int] = []

    def fetch() -> tuple[str, float]:
        asks.append(1)
        raise Unauthorized("wrong")

    source = TokenSource(fetch)

    def work(_number: int) -> type[BaseException] | None:
        try:
            source.token()
        except Unauthorized as error:
            return type(error)
        return None

    with ThreadPoolExecutor(11) as pool:
        assert list(pool.map(work, range(11))) == [Unauthorized] * 11
    assert len(asks) == 1


def test_trouble_at_the_token_door_is_not_remembered() -> None:
    asks: list[int] = []

    def fetch() -> tuple[str, float]:
        asks.append(1)
        if len(asks) == 1:
            raise Unavailable("later")
        return "good", 300

    source = TokenSource(fetch)
    with pytest.raises(Unavailable):
        source.token()
    assert source.token() == "good"


# other addresses


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_refused(status: int) -> None:
    with vendor(Said()) as other:
        place = f"http://localhost:{other.port}/take?token=x"
        with vendor(Said(status, headers={"Location": place})) as server:
            with pytest.raises(Refused, match="redirect to localhost, which is not followed") as caught:
                session(tokens=tokens()).fetch(ask(server), text)
            assert len(server.asked) == 1
        assert other.asked == []
    assert caught.value.status == status


def test_a_redirect_within_the_host_is_refused_too() -> None:
    with vendor(Said(302, headers={"Location": "/login"})) as server:
        with pytest.raises(Refused, match="another path"):
            session().fetch(ask(server), text)
        assert len(server.asked) == 1


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def test_nobody_listens() -> None:
    tally = Tally()
    with pytest.raises(Unavailable, match=r"talking to 127\.0\.0\.1; check network and proxy") as caught:
        session(tally=tally).fetch(ask(f"http://{HOST}:{unused_port()}/"), text)
    assert type(caught.value) is Unavailable
    assert tally.total("calls") == 4


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(Unavailable, match=r"vendor\.invalid"):
        session().fetch(ask("http://vendor.invalid/data"), text)


def test_a_proxy_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{HOST}:{unused_port()}")  # the environment is not asked
    with vendor(Said(body=b"direct")) as server, vendor(Said(body=b"proxy")) as proxy:
        asking = session(proxies={"http": proxy.url}, no_proxy="near.invalid,.inside.invalid")
        assert asking.fetch(ask(server), text) == "direct"
        assert asking.fetch(ask(f"http://localhost:{server.port}/"), text) == "direct"
        assert asking.fetch(ask("http://vendor.invalid/data"), text) == "proxy"
        assert [each.path for each in proxy.asked] == ["http://vendor.invalid/data"]
        for near in ("http://near.invalid/", "http://a.inside.invalid/"):
            with pytest.raises(Unavailable):
                asking.fetch(ask(near), text)
        assert len(proxy.asked) == 1


def test_netrc_does_not_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with vendor(Said()) as server:
        session(tokens=tokens()).fetch(ask(server), text)
        assert server.asked[0].headers["Authorization"] == "Bearer t1"


# bounds


def test_a_body_has_a_limit() -> None:
    patience = Patience(attempts=1, max_body=1000)
    with vendor(Said(body=b"x" * 1000)) as server:
        assert len(session(patience=patience).fetch(ask(server), text)) == 1000
    with vendor(Said(body=b"x" * 1001)) as server, pytest.raises(Malformed, match="over 1,000 bytes"):
        session(patience=patience).fetch(ask(server), text)


def test_a_packed_body_is_measured_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    assert len(bomb) < 100_000
    with vendor(Said(body=bomb, headers={"Content-Encoding": "gzip"})) as server:
        patience = Patience(attempts=1, max_body=1_000_000)
        with pytest.raises(Malformed, match="over 1,000,000 bytes"):
            session(patience=patience).fetch(ask(server), len)


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = iter(range(0, 10_000, 50))
    monkeypatch.setattr(http.session, "time", SimpleNamespace(monotonic=lambda: next(instant)))
    with vendor(Said(body=b"x" * (3 * http.session.CHUNK))) as server:
        patience = Patience(attempts=1, slow_attempts=1)
        with pytest.raises(TooSlow, match="still coming after 60 s"):
            session(patience=patience).fetch(ask(server), len)


def test_no_answer_in_time_asks_for_less() -> None:
    release = threading.Event()

    def script(_number: int, _asked: Asked) -> Said:
        release.wait(30)
        return Said()

    with vendor(script) as server:
        tally = Tally()
        with pytest.raises(TooSlow, match=r"no answer within 0\.05 s; asking for fewer days may help"):
            session(tally=tally).fetch(ask(server, timeout=0.05), text)
        release.set()
    assert tally.total("calls") == QUICK.slow_attempts


def test_calls_of_one_key_are_not_open_at_once() -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def script(_number: int, _asked: Asked) -> Said:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.002)  # long enough for another to come in, were it allowed
        with lock:
            running[0] -= 1
        return Said()

    limits = Limits(per_second=1000, at_once=1)
    with vendor(script) as server:
        asking = session(limits=limits)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _number: asking.fetch(ask(server), text), range(24)))
        assert (len(server.asked), most) == (24, [1])
    limits.close()


def test_each_key_has_its_own_door() -> None:
    limits = Limits(per_second=8.9, at_once=2)
    first, again, other = limits.door("a"), limits.door("a"), limits.door("b")
    assert first is again
    assert first[0] is not other[0]
    assert first[1] is not other[1]
    limits.close()


# secrets


def everything(error: BaseException) -> str:
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


@pytest.mark.parametrize("said", [Said(500), Said(401), Said(403), Said(429), Said(200, b"<html>"), None])
@pytest.mark.parametrize("via_proxy", [False, True])
def test_no_error_tells_a_secret(
    said: Said | None, via_proxy: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = said and Said(said.status, said.body, {"X-Echo": TOKEN})
    with vendor(echo or Said()) as server:
        port = server.port if said else unused_port()
        proxy = f"http://proxyuser:{PROXY_PASSWORD}@{HOST}:{port}"
        place = "http://vendor.invalid/data" if via_proxy else f"http://{HOST}:{port}/data"
        asking = session(proxies={"http": proxy}, tokens=TokenSource(lambda: (TOKEN, 300)))
        login = session(proxies={"http": proxy})
        form = {"grant_type": "x"}
        calls = [(asking, ask(place)), (login, ask(place, form=form, basic=(CLIENT_ID, SECRET)))]
        for caller, call in calls:
            with pytest.raises(VendorError) as caught:
                caller.fetch(call, lambda _body: _refuse("no"))
            told = everything(caught.value) + caplog.text
            for canary in (TOKEN, CLIENT_ID, SECRET, PROXY_PASSWORD):
                assert canary not in told


@pytest.mark.parametrize("answer", [Said(407), Said(502), Said(200, b"no tunnel")])
def test_a_tunnel_that_fails_tells_no_secret(answer: Said, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with vendor(answer) as proxy:
        address = f"http://proxyuser:{PROXY_PASSWORD}@{HOST}:{proxy.port}"
        asking = session(proxies={"https": address}, tokens=TokenSource(lambda: (TOKEN, 300)))
        with pytest.raises(Unavailable, match=r"vendor\.invalid") as caught:
            asking.fetch(ask("https://vendor.invalid/data"), text)
        assert {each.method for each in proxy.asked} == {"CONNECT"}
    told = everything(caught.value) + caplog.text
    assert TOKEN not in told
    assert PROXY_PASSWORD not in told


def test_the_token_does_not_go_to_the_proxy() -> None:
    with vendor(Said(502)) as proxy:
        asking = session(proxies={"https": proxy.url}, tokens=TokenSource(lambda: (TOKEN, 300)))
        with pytest.raises(Unavailable):
            asking.fetch(ask("https://vendor.invalid/data"), text)
        assert all(TOKEN not in str(each) for each in proxy.asked)


# what a call carries, and what an answer brings


def test_content_is_posted_with_its_headers() -> None:
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:x"'}
    with vendor(Said()) as server:
        session(tokens=tokens()).fetch(ask(server, content=b"<a/>", headers=headers), text)
        (asked,) = server.asked
    assert (asked.method, asked.body) == ("POST", b"<a/>")
    assert {name: asked.headers[name] for name in headers} == headers
    assert asked.headers["Authorization"] == "Bearer t1"


def test_headers_alone_do_not_post() -> None:
    with vendor(Said()) as server:
        session().fetch(ask(server, headers={"X-Own": "1"}), text)
        (asked,) = server.asked
    assert (asked.method, asked.headers["X-Own"]) == ("GET", "1")


def test_empty_content_is_posted_too() -> None:
    with vendor(Said()) as server:
        session().fetch(ask(server, content=b""), text)
        assert [(each.method, each.body) for each in server.asked] == [("POST", b"")]


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("a=1", {"a": "1"}),
        ("a=1; path=/; secure; HttpOnly", {"a": "1"}),
        (".ASPXAUTH=6A0F==; path=/Panopto; SameSite=None", {".ASPXAUTH": "6A0F=="}),
        ("a=; path=/", {"a": ""}),
        ("a=1; Max-Age=0", {}),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {}),
        ("a=1; Domain=elsewhere.invalid", {}),
        ("no cookie", {}),
        ("", {}),
    ],
)
def test_cookies_of_an_answer(header: str, cookies: dict[str, str]) -> None:
    with vendor(Said(headers={"Set-Cookie": header})) as server:
        found = session().exchange(ask(server), lambda answer: dict(answer.cookies))
    assert {name: value or "" for name, value in found.items() if name != "no cookie"} == cookies


def test_a_decoder_sees_status_headers_and_body() -> None:
    with vendor(Said(202, b"b", {"X-Own": "1"})) as server:
        found = session().exchange(
            ask(server), lambda answer: (answer.status, answer.headers["x-own"], answer.body)
        )
    assert found == (202, "1", b"b")


def test_no_cookie_is_kept() -> None:
    """What a vendor sets comes back only where it is carried on purpose."""
    with vendor(Said(headers={"Set-Cookie": "a=1; path=/"})) as server:
        asking = session()
        for _ in range(3):
            asking.fetch(ask(server), text)
        assert [each.headers.get("Cookie") for each in server.asked] == [None] * 3


# how a token travels, and how its refusal looks


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"c={token}"}


def signed_out(answer: Answer) -> bool:
    return answer.status == 302 or b"no access" in answer.body


@pytest.mark.parametrize(
    "no", [Said(302, headers={"Location": "/login"}), Said(500, b"no access"), Said(200, b"no access")]
)
def test_a_refusal_can_look_otherwise(no: Said) -> None:
    names: list[str] = []

    def script(_number: int, asked: Asked) -> Said:
        return Said(body=b"in") if asked.headers["Cookie"] == "c=t2" else no

    with vendor(script) as server:
        asking = session(tokens=tokens(names), carry=cookie, refused=signed_out)
        assert asking.fetch(ask(server), text) == "in"
        assert [each.headers.get("Authorization") for each in server.asked] == [None, None]
    assert names == ["t1", "t2"]


def test_where_a_401_is_no_refusal_the_token_stays() -> None:
    names: list[str] = []
    with vendor(Said(401)) as server, pytest.raises(Unauthorized):
        session(tokens=tokens(names), refused=signed_out).fetch(ask(server), text)
    assert names == ["t1"]


@pytest.mark.parametrize("trusted", [0.0, 60.0])
def test_a_refusal_just_after_a_success_may_be_believed(trusted: float) -> None:
    """With trust it is about the caller's right, and no new token is bought for it."""
    names: list[str] = []

    def fetch() -> tuple[str, float]:
        names.append("t")
        return f"t{len(names)}", 3600

    with vendor(sequence(Said(), Said(401))) as server:
        asking = session(tokens=TokenSource(fetch, trusted=trusted))
        asking.fetch(ask(server), text)
        for _ in range(5):
            with pytest.raises(Unauthorized):
                asking.fetch(ask(server), text)
    assert len(names) == (1 if trusted else 6)


def test_trust_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = [1000.0]
    monkeypatch.setattr(http.tokens, "time", SimpleNamespace(monotonic=lambda: instant[0]))
    source = tokens()
    source._trusted = 10.0
    first = source.token()
    assert source.replace(first) == "t1"  # new
    instant[0] += 9.9
    assert source.replace(first) == "t1"
    source.worked("t1")
    instant[0] += 9.9
    assert source.replace(first) == "t1"  # it has just worked
    source.worked("another")
    instant[0] += 0.1
    assert source.replace(first) == "t2"
    assert source.replace(first) == "t2"  # replaced already


def test_a_token_can_be_forgotten() -> None:
    names: list[str] = []
    source = tokens(names)
    assert source.token() == "t1"
    source.forget()
    assert source.token() == "t2"
    assert names == ["t1", "t2"]


def test_one_who_held_a_forgotten_token_gets_a_real_one() -> None:
    source = tokens()
    stale = source.token()
    source.forget()
    assert source.replace(stale) == "t2"
    assert source.token() == "t2"


def test_trouble_with_a_token_is_insisted_on_once() -> None:
    """Retries do not multiply: the one who fetches tokens has insisted already."""
    asks: list[int] = []

    def script(number: int, _asked: Asked) -> Said:
        asks.append(number)
        return Said(503)

    with vendor(script) as server:
        login = session()
        source = TokenSource(lambda: (login.fetch(ask(server, form={"grant_type": "x"}), text), 300))
        with pytest.raises(Unavailable):
            session(tokens=source).fetch(ask(server), text)
    assert len(asks) == QUICK.attempts


@pytest.mark.parametrize("odd", ["a\nb", "a\r\nX: y", "a\u20ac"])
def test_a_token_no_header_can_carry_is_an_error_of_ours(odd: str) -> None:
    with vendor(Said()) as server:
        with pytest.raises(VendorError) as caught:
            session(tokens=TokenSource(lambda: (odd, 300))).fetch(ask(server), text)
        assert odd not in str(caught.value)


# limits by minute and hour


@pytest.mark.parametrize(
    ("second", "minute", "hour", "rates"),
    [
        (5, 100, 5000, [(5, 1.1), (100, 60.5), (5000, 3600.5)]),  # the vendor's own
        (5, None, None, [(5, 1.0)]),
        (5, 100, None, [(5, 1.1), (100, 60.5)]),
        (5, None, 5000, [(5, 1.1), (5000, 3600.5)]),
        (5, 300, 18_000, [(5, 1.1)]),  # the others say nothing more
        (5, 10_000, 5000, [(5, 1.1), (5000, 3600.5)]),
        (100, 100, 100, [(100, 3600.5)]),
        (1, 1, 1, [(1, 3600.5)]),
        (5000, 3, 5, [(3, 60.5), (5, 3600.5)]),
        (5, 50, 50, [(5, 1.1), (50, 3600.5)]),
        (1_000_000, 1_000_000, 1_000_000, [(1_000_000, 3600.5)]),
        (0.5, 30, 1800, [(1, 1.1), (30, 60.5)]),
    ],
)
def test_limits_of_every_combination(
    second: float, minute: float | None, hour: float | None, rates: list[tuple[int, float]]
) -> None:
    limits = Limits(second, 1, per_minute=minute, per_hour=hour)
    assert [(rate.limit, rate.interval / 1000) for rate in limits._rates] == rates
    assert limits.door("x")[0].try_acquire("calls")
    limits.close()


@pytest.mark.parametrize(
    ("second", "minute", "hour"),
    [(5, 100, 5000), (5, 100, 1000), (5, 40, 5000), (10, 10, 5000), (3, 100, 120), (2, 3, 4)],
)
def test_no_window_holds_more_calls_than_allowed(second: int, minute: int, hour: int) -> None:
    """An hour and a half of somebody who asks every tenth of a second, by a clock of our own."""
    limits = Limits(second, 1, per_minute=minute, per_hour=hour)
    bucket = InMemoryBucket(limits._rates)
    times = [
        milliseconds
        for milliseconds in range(0, 5_400_000, 100)
        if bucket.put(RateItem("calls", milliseconds))
    ]
    limits.close()
    for most, window in ((second, 1_000), (minute, 60_000), (hour, 3_600_000)):
        assert max(bisect_left(times, at + window) - place for place, at in enumerate(times)) <= most
    assert len(times) >= 0.9 * min(5400 * second, 90 * minute, hour)  # and not many fewer


def test_limits_hold_for_what_they_are_told() -> None:
    """Two endpoints of one account have doors of their own, two accounts at one endpoint share one."""
    keys: list[str] = []

    def by_endpoint(call: Call) -> str:
        keys.append(call.endpoint)
        return call.endpoint

    limits = Limits(1000, 1)
    with vendor(Said()) as server:
        asking = session(limits=limits, limited_by=by_endpoint)
        for endpoint, account in (("a", "one"), ("b", "one"), ("a", "two")):
            asking.fetch(ask(server, endpoint=endpoint, account=account), text)
        session(limits=limits).fetch(ask(server, endpoint="c", account="three"), text)
    assert keys == ["a", "b", "a"]
    assert set(limits._doors) == {"a", "b", "three"}
    limits.close()
