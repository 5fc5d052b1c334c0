"""One way to a vendor: timeouts, limits, retries, tokens, and errors that say what happened.

Belongs here: what any HTTP API needs. Does not belong here: endpoints, fields, or the meaning of a
vendor's error codes; a client passes those in as `Call` and `Verdict`.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate
from requests.utils import should_bypass_proxies
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

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

T = TypeVar("T")
CONNECT_SECONDS = 15.0
CHUNK = 1 << 18


@dataclass(frozen=True)
class Call:
    """One question to a vendor, and how to name it in a message."""

    vendor: str
    endpoint: str
    url: str
    account: str = ""
    about: str = ""  # the days or the page, for messages
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None  # sent as POST when given
    basic: tuple[str, str] | None = None
    timeout: float = 60.0

    def __str__(self) -> str:
        return " ".join(part for part in (self.vendor, self.account, self.endpoint, self.about) if part)


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Verdict = Callable[[Call, Answer], VendorError]


@dataclass(frozen=True)
class Patience:
    """How long to insist. Seconds; `attempts` and `slow_attempts` count asks of one question."""

    attempts: int = 6
    slow_attempts: int = 3
    slow_wait: float = 150.0
    max_wait: float = 120.0
    max_body: int = 1 << 30


class Budget:
    """A shared allowance of retries, so that a failing vendor is not asked ever more often.

    Starts with `allowance`; every call that succeeds at once earns `share` of a retry.
    """

    def __init__(self, allowance: float = 200.0, share: float = 0.5) -> None:
        self._left = self._cap = allowance
        self._share = share
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call has succeeded."""
        with self._lock:
            self._left = min(self._cap, self._left + self._share)

    def spend(self) -> bool:
        """Whether one more retry is allowed; takes it."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Tally:
    """Calls, retries and seconds waited, by account; safe under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, account: str, what: str, amount: float = 1) -> None:
        """Count `amount` of `what` ("calls", "retries", an endpoint's name …) for an account."""
        with self._lock:
            self._counts[account, what] += amount  # type: ignore[assignment]

    def of(self, account: str) -> dict[str, float]:
        """The counts of one account."""
        with self._lock:
            return {what: n for (name, what), n in self._counts.items() if name == account}

    def total(self, what: str) -> float:
        """The sum of `what` over all accounts."""
        with self._lock:
            return sum(n for (_, kind), n in self._counts.items() if kind == what)


class TokenSource:
    """A bearer token that is renewed in time, once per expiry however many threads want it.

    `fetch` returns the token and its lifetime in seconds. A refusal is remembered: wrong credentials
    are not tried again by every account.
    """

    def __init__(self, fetch: Callable[[], tuple[str, float]]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0
        self._refusal: Unauthorized | None = None

    def token(self) -> str:
        """A token with time left; renewed when a fifth of its life (at most a minute) remains."""
        with self._lock:
            if not self._token or time.monotonic() >= self._renew_at:
                self._renew()
            return self._token

    def replace(self, stale: str) -> str:
        """A token other than `stale`, which the vendor refused."""
        with self._lock:
            if self._token == stale:
                self._renew()
            return self._token

    def _renew(self) -> None:
        if self._refusal:
            raise self._refusal
        try:
            asked = time.monotonic()
            self._token, life = self._fetch()
        except Unauthorized as error:
            self._refusal = error
            raise
        self._renew_at = asked + life - min(60.0, life / 5)


class Limits:
    """At most `per_second` calls a second and `at_once` open calls, for each key (an account)."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._rate = Rate(max(1, int(per_second)), Duration.SECOND)
        self._at_once = at_once
        self._lock = threading.Lock()
        self._doors: dict[str, tuple[Limiter, threading.Semaphore]] = {}

    def door(self, key: str) -> tuple[Limiter, threading.Semaphore]:
        """The limiter and the semaphore of one key."""
        with self._lock:
            if key not in self._doors:
                limiter = Limiter(InMemoryBucket([self._rate]))
                self._doors[key] = (limiter, threading.Semaphore(self._at_once))
            return self._doors[key]

    def close(self) -> None:
        """Stop the limiters' own threads."""
        for limiter, _ in self._doors.values():
            limiter.close()


class Session:
    """Asks a vendor and insists with measure.

    `fetch(call, decode)` returns `decode(body)`. Transient failures (network, 5xx, 429, unreadable
    bodies) are repeated with jitter, honouring Retry-After up to a cap; a 401 renews the token once;
    everything else is raised as one of the errors of `video_analytics.errors`.
    """

    def __init__(
        self,
        *,
        verdict: Verdict,
        patience: Patience,
        tokens: TokenSource | None = None,
        limits: Limits | None = None,
        tally: Tally | None = None,
        budget: Budget | None = None,
        proxies: Mapping[str, str] | None = None,
        no_proxy: str = "",
        ca_bundle: str | None = None,
        on_wait: Callable[[Call, float, VendorError], None] | None = None,
    ) -> None:
        self._verdict, self._patience, self._tokens, self._limits = verdict, patience, tokens, limits
        self.tally = tally or Tally()
        self._budget = budget or Budget()
        self._proxies, self._no_proxy, self._ca_bundle = dict(proxies or {}), no_proxy, ca_bundle
        self._on_wait = on_wait
        self._local = threading.local()
        self._jitter = wait_random_exponential(
            multiplier=min(1.0, patience.max_wait / 8), max=patience.max_wait
        )

    def fetch(self, call: Call, decode: Callable[[bytes], T]) -> T:
        """Ask until there is an answer that `decode` accepts, or raise why there is none."""
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=self._enough,
            wait=self._wait,
            before_sleep=lambda state: self._before_sleep(call, state),
            reraise=True,
        )
        result: T = retrying(self._attempt, call, decode)
        return result

    def _attempt(self, call: Call, decode: Callable[[bytes], T]) -> T:
        answer = self._authorized(call)
        if answer.status // 100 != 2:  # noqa: PLR2004 - the class of success
            raise _with_hint(self._verdict(call, answer), answer)
        try:
            result = decode(answer.body)
        except ValueError as error:
            raise Malformed(
                f"{call}: {error}; got {_describe(answer)}; "
                "the vendor or a proxy sent something else: try again later"
            ) from None
        self._budget.earn()
        return result

    def _authorized(self, call: Call) -> Answer:
        if self._tokens is None:
            return self._send(call, {})
        token = self._tokens.token()
        answer = self._send(call, {"Authorization": f"Bearer {token}"})
        if answer.status != requests.codes.unauthorized:
            return answer
        token = self._tokens.replace(token)
        return self._send(call, {"Authorization": f"Bearer {token}"})

    def _send(self, call: Call, headers: dict[str, str]) -> Answer:
        self.tally.add(call.account, "calls")
        self.tally.add(call.account, call.endpoint)
        if self._limits is None:
            return self._exchange(call, headers)
        limiter, at_once = self._limits.door(call.account)
        with at_once:
            limiter.try_acquire("calls")
            return self._exchange(call, headers)

    def _exchange(self, call: Call, headers: dict[str, str]) -> Answer:
        bypass = _is_local(call.url) or should_bypass_proxies(call.url, self._no_proxy)
        try:
            with self._connection().request(
                "GET" if call.form is None else "POST",
                call.url,
                params=call.params,
                data=call.form,
                auth=call.basic,
                headers=headers,
                timeout=(min(CONNECT_SECONDS, call.timeout), call.timeout),
                proxies={} if bypass else self._proxies,
                allow_redirects=False,  # a token must never follow to another address
                stream=True,
            ) as response:
                self._refuse_redirect(call, response)
                return Answer(response.status_code, response.headers, self._read(call, response))
        except requests.ReadTimeout:
            raise TooSlow(
                f"{call}: no answer within {call.timeout:g} s; asking for fewer days may help"
            ) from None
        except requests.RequestException as error:
            # the text of these errors may hold addresses with credentials: their kind is enough
            raise Unavailable(
                f"{call}: {type(error).__name__} while talking to {urlsplit(call.url).hostname}; "
                "check network and proxy"
            ) from None

    def _connection(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # proxies come from settings; .netrc must not replace a token
            session.verify = self._ca_bundle or True
            self._local.session = session
        return session

    def _read(self, call: Call, response: requests.Response) -> bytes:
        deadline = time.monotonic() + max(60.0, 2 * call.timeout)
        parts, size = [], 0
        for part in response.iter_content(CHUNK):
            parts.append(part)
            size += len(part)
            if size > self._patience.max_body:
                raise Malformed(f"{call}: a body over {self._patience.max_body:,} bytes; ask for fewer days")
            if time.monotonic() > deadline:
                raise TooSlow(f"{call}: the body was still coming after {max(60.0, 2 * call.timeout):g} s")
        return b"".join(parts)

    def _refuse_redirect(self, call: Call, response: requests.Response) -> None:
        if response.is_redirect:
            host = urlsplit(response.headers.get("Location", "")).hostname or "another path"
            raise Refused(
                f"{call}: expected an answer, got a redirect to {host}, which is not followed; "
                "correct the address of the vendor in the settings",
                status=response.status_code,
            )

    def _enough(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        slow = isinstance(error, TooSlow)
        allowed = self._patience.slow_attempts if slow else self._patience.attempts
        return state.attempt_number >= allowed or not self._budget.spend()

    def _wait(self, state: RetryCallState) -> float:
        error = _error_of(state)
        hint = getattr(error, "retry_after", None)
        if hint is not None:
            return min(float(hint), self._patience.max_wait)
        if isinstance(error, TooSlow):
            return self._patience.slow_wait
        return self._jitter(state)

    def _before_sleep(self, call: Call, state: RetryCallState) -> None:
        self.tally.add(call.account, "retries")
        wait = state.next_action.sleep if state.next_action else 0.0
        self.tally.add(call.account, "waited", wait)
        error = _error_of(state)
        if self._on_wait and isinstance(error, VendorError):
            self._on_wait(call, wait, error)


def transient_or_refused(call: Call, answer: Answer, code: str, message: str) -> VendorError:
    """The verdict that HTTP itself gives: which of our errors a status means.

    `code` and `message` are the vendor's own words; `message` is cut, in case it quotes the request.
    """
    said = ": ".join(part for part in (code, message[:200]) if part) or _describe(answer)
    text = f"{call}: HTTP {answer.status}, {said}"
    kind: type[VendorError]
    if answer.status == requests.codes.unauthorized:
        kind, mend = (
            Unauthorized,
            "the credentials are refused; check id, secret and the rights of the credential",
        )
    elif answer.status == requests.codes.too_many_requests:
        kind, mend = Throttled, "other programs may use the same account; try again later"
    elif answer.status == requests.codes.gateway_timeout:
        kind, mend = TooSlow, "asking for fewer days may help"
    elif answer.status >= requests.codes.server_error or answer.status == requests.codes.request_timeout:
        kind, mend = Unavailable, "the vendor is in trouble: try again later"
    else:
        kind, mend = Refused, "repeating will not help; check the account's id and the credential's rights"
    return kind(f"{text}; {mend}", status=answer.status, code=code or None)


def retry_after_seconds(value: str | None, answered_at: str | None = None) -> float | None:
    """Retry-After in any of its forms as seconds from now, never negative; None if it says nothing.

    A date is measured against the answer's own Date header, so that a wrong clock here does no harm.
    """
    if value is None:
        return None
    try:
        seconds = float(value.strip())
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
            at = parsedate_to_datetime(answered_at) if answered_at else datetime.now(UTC)
            seconds = (_aware(then) - _aware(at)).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124 - "nan" is a float too


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _with_hint(error: VendorError, answer: Answer) -> VendorError:
    hint = retry_after_seconds(answer.headers.get("Retry-After"), answer.headers.get("Date"))
    if hint is not None:
        error.retry_after = hint
    return error


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, Throttled | Unavailable | Malformed | Incomplete)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _describe(answer: Answer) -> str:
    kind = answer.headers.get("Content-Type", "no content type").split(";")[0]
    return f"{len(answer.body):,} bytes of {kind}"
