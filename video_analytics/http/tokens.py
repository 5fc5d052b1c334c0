"""What proves who is asking, renewed in time."""

import threading
import time
from collections.abc import Callable

from video_analytics.errors import Unauthorized


class TokenSource:
    """A bearer token that is renewed in time, once per expiry however many threads want it.

    `fetch` returns the token and its lifetime in seconds. A refusal is remembered: wrong credentials
    are not tried again by every account.

    Where a refusal may also mean that the caller lacks a right, `trusted` seconds are given to a token that
    is new or has just worked: so long it is not replaced, and the refusal stands.
    """

    def __init__(self, fetch: Callable[[], tuple[str, float]], *, trusted: float = 0.0) -> None:
        self._fetch = fetch
        self._trusted = trusted
        self._alive_at = float("-inf")
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
        """A token other than `stale`, which the vendor refused; `stale` itself where it is to be trusted."""
        with self._lock:
            trusted = time.monotonic() - self._alive_at < self._trusted
            if not self._token or (self._token == stale and not trusted):
                self._renew()
            return self._token

    @property
    def current(self) -> str:
        """The token in use; "" before the first."""
        return self._token

    def worked(self, token: str) -> None:
        """The vendor has accepted a token."""
        if token == self._token:
            self._alive_at = time.monotonic()

    def forget(self) -> None:
        """The next one who asks gets a new token."""
        with self._lock:
            self._token = ""

    def _renew(self) -> None:
        if self._refusal:
            raise Unauthorized(str(self._refusal), status=self._refusal.status, code=self._refusal.code)
        try:
            asked = time.monotonic()
            self._token, life = self._fetch()
        except Unauthorized as error:
            self._refusal = error
            raise
        self._alive_at = time.monotonic()
        self._renew_at = asked + life - min(60.0, life / 5)
