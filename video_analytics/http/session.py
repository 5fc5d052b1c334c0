"""`Session`: asks a vendor, insists with measure, and gives an answer or says why there is none."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar
from urllib.parse import quote, quote_plus, urlsplit

import requests
from requests.utils import should_bypass_proxies
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from video_analytics.errors import (
    Incomplete,
    Malformed,
    Refused,
    Throttled,
    TooSlow,
    Unavailable,
    VendorError,
)
from video_analytics.http.calls import Answer, Call, Patience, Verdict, describe, retry_after_seconds
from video_analytics.http.pace import Budget, Limits, Tally
from video_analytics.http.tokens import TokenSource

T = TypeVar("T")
Waiting = Callable[[Call, float, VendorError], None]
CONNECT_SECONDS = 15.0
CHUNK = 1 << 18
_PROOFS = {"password", "client_secret", "client_id"}  # of a form that asks for a token
_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_NO_COOKIE = DefaultCookiePolicy(allowed_domains=[])  # a cookie that counts is carried on purpose


def bearer(token: str) -> dict[str, str]:
    """The header by which OAuth tokens travel."""
    return {"Authorization": f"Bearer {token}"}


def unauthorized(answer: Answer) -> bool:
    """Whether an answer says that the token is not (or no longer) good."""
    return answer.status == 401  # noqa: PLR2004 - the HTTP status itself


def by_account(call: Call) -> str:
    """Limits that hold for each account."""
    return call.account


class Session:
    """Asks a vendor and insists with measure.

    `fetch(call, decode)` returns `decode(body)`. Transient failures (network, 5xx, 429, unreadable
    bodies) are repeated with jitter, honouring Retry-After up to a cap; a refused token is renewed once;
    everything else is raised as one of the errors of `video_analytics.errors`.

    `carry` and `refused` say how a token travels and how its refusal looks, `limited_by` for what the
    limits hold: an account, an endpoint.
    """

    def __init__(
        self,
        *,
        verdict: Verdict,
        patience: Patience,
        tokens: TokenSource | None = None,
        carry: Callable[[str], dict[str, str]] = bearer,
        refused: Callable[[Answer], bool] = unauthorized,
        limits: Limits | None = None,
        limited_by: Callable[[Call], str] = by_account,
        tally: Tally | None = None,
        budget: Budget | None = None,
        proxies: Mapping[str, str] | None = None,
        no_proxy: str = "",
        ca_bundle: str | None = None,
        on_wait: Waiting | None = None,
    ) -> None:
        self._verdict, self._patience = verdict, patience
        self._tokens, self._carry, self._refused = tokens, carry, refused
        self._limits, self._limited_by = limits, limited_by
        self.tally = tally or Tally()
        self._budget = budget or Budget()
        self._proxies, self._no_proxy, self._ca_bundle = dict(proxies or {}), no_proxy, ca_bundle
        self._on_wait = on_wait
        self._local = threading.local()
        self._opened: list[requests.Session] = []
        self._opening = threading.Lock()
        self._jitter = wait_random_exponential(
            multiplier=min(1.0, patience.max_wait / 8), max=patience.max_wait
        )

    def close(self) -> None:
        """Hang up. Who asks again dials again."""
        with self._opening:
            for session in self._opened:
                session.close()

    def fetch(self, call: Call, decode: Callable[[bytes], T]) -> T:
        """Ask until there is an answer whose body `decode` accepts, or raise why there is none."""
        return self.exchange(call, lambda answer: decode(answer.body))

    def exchange(self, call: Call, decode: Callable[[Answer], T]) -> T:
        """The same for a `decode` that also looks at headers and cookies."""
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=self._enough,
            wait=self._wait,
            before_sleep=lambda state: self._before_sleep(call, state),
            reraise=True,
        )
        try:
            result: T = retrying(self._attempt, call, decode)
        except VendorError as error:
            error.insisted = True  # so that whoever needed this answer for its own does not start again
            raise
        return result

    def _attempt(self, call: Call, decode: Callable[[Answer], T]) -> T:
        answer = self._authorized(call)
        _refuse_redirect(call, answer)
        if answer.status // 100 != 2:  # noqa: PLR2004 - the class of success
            quiet = replace(answer, body=_without(answer.body, self._shown(call)))
            raise _with_hint(self._verdict(call, quiet), answer)
        try:
            result = decode(answer)
        except ValueError as error:
            raise Malformed(
                f"{call}: {error}; got {describe(answer)}; "
                "the vendor or a proxy sent something else: try again later"
            ) from None
        self._budget.earn()
        return result

    def _shown(self, call: Call) -> list[str]:
        """What proved who asks: a vendor's words may quote the request."""
        given = [value for key, value in (call.form or {}).items() if key in _PROOFS]
        return [*(call.basic or ()), *given, *([self._tokens.current] if self._tokens else [])]

    def _authorized(self, call: Call) -> Answer:
        if self._tokens is None:
            return self._send(call, {})
        token = self._tokens.token()
        answer = self._send(call, self._carry(token))
        if self._refused(answer):
            fresh = self._tokens.replace(token)
            if fresh == token:
                return answer
            token, answer = fresh, self._send(call, self._carry(fresh))
        if not self._refused(answer):
            self._tokens.worked(token)
        return answer

    def _send(self, call: Call, headers: dict[str, str]) -> Answer:
        self.tally.add(call.account, "calls")
        self.tally.add(call.account, call.endpoint)
        if self._limits is None:
            return self._exchange(call, headers)
        limiter, at_once = self._limits.door(self._limited_by(call))
        with at_once:
            limiter.try_acquire("calls")
            return self._exchange(call, headers)

    def _exchange(self, call: Call, headers: dict[str, str]) -> Answer:
        bypass = _is_local(call.url) or should_bypass_proxies(call.url, self._no_proxy)
        try:
            with self._connection().request(
                "GET" if call.form is None and call.content is None else "POST",
                call.url,
                params=call.params,
                data=call.form if call.content is None else call.content,
                auth=call.basic,
                headers={**call.headers, **headers},
                timeout=(min(CONNECT_SECONDS, call.timeout), call.timeout),
                proxies={} if bypass else self._proxies,
                allow_redirects=False,  # a token must never follow to another address
                stream=True,
            ) as response:
                body = self._read(call, response)
                return Answer(response.status_code, response.headers, body, response.cookies.get_dict())
        except requests.ReadTimeout:
            raise TooSlow(
                f"{call}: no answer within {call.timeout:g} s; asking for fewer days may help"
            ) from None
        except UnicodeEncodeError:
            raise Malformed(f"{call}: the vendor gave a token that no header can carry") from None
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
            session.cookies.set_policy(_KEEP_NO_COOKIE)
            self._local.session = session
            with self._opening:
                self._opened.append(session)
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


def _without(body: bytes, secrets: Iterable[str]) -> bytes:
    """A body in which each of the secrets, as it is or percent-encoded, is `***`."""
    for secret in filter(None, secrets):
        for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
            body = body.replace(form.encode(), b"***")
    return body


def _refuse_redirect(call: Call, answer: Answer) -> None:
    if answer.status in _REDIRECTS and "Location" in answer.headers:
        host = urlsplit(answer.headers["Location"]).hostname or "another path"
        raise Refused(
            f"{call}: expected an answer, got a redirect to {host}, which is not followed; "
            "correct the address of the vendor in the settings",
            status=answer.status,
        )


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _with_hint(error: VendorError, answer: Answer) -> VendorError:
    hint = retry_after_seconds(answer.headers.get("Retry-After"), answer.headers.get("Date"))
    if hint is not None:
        error.retry_after = hint
    return error


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, Throttled | Unavailable | Malformed | Incomplete) and not error.insisted


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
