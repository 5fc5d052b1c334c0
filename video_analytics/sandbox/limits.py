"""The vendor's limits on callers: the CMS's rate per account, and one query at a time in Analytics."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from video_analytics.sandbox.answers import RefusalError

CONCURRENT = 20
PER_SECOND = 10  # "fewer than 10 requests per second": the tenth within a second is refused
_CACHED_SECONDS = 300.0
_CACHED_MOST = 10_000  # from here on the expired ones are dropped


class CmsLimits:
    """Counts the CMS requests of each account."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._running: dict[str, int] = defaultdict(int)

    def forget(self) -> None:
        """Start a new second for everybody."""
        self._recent.clear()

    @contextmanager
    def slot(self, account_id: str, scale: float) -> Iterator[None]:
        """A place for one request, or 429."""
        recent, now = self._recent[account_id], time.monotonic()
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        too_many = self._running[account_id] >= CONCURRENT * scale
        if too_many or len(recent) + 1 >= PER_SECOND * scale:
            raise RefusalError(429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
        recent.append(now)
        self._running[account_id] += 1
        try:
            yield
        finally:
            self._running[account_id] -= 1


class QueryGate:
    """Runs Analytics queries in series per account and refuses a twin of one that still runs."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running: set[str] = set()
        self._finished: dict[str, float] = {}

    def forget(self) -> None:
        """Drop what is cached."""
        self._finished = {}

    def cached(self, key: str) -> bool:
        """Whether the same query finished within the last five minutes."""
        return self._finished.get(key, float("-inf")) > time.monotonic() - _CACHED_SECONDS

    def _remember(self, key: str) -> None:
        self._finished[key] = time.monotonic()
        if len(self._finished) > _CACHED_MOST:
            self._finished = {key: end for key, end in self._finished.items() if self.cached(key)}

    @asynccontextmanager
    async def turn(self, key: str, account_ids: list[str]) -> AsyncIterator[None]:
        """Wait for one's turn at every account the query names, in order of arrival."""
        if key in self._running:
            raise RefusalError(429, "TOO_MANY_REQUESTS", "Too many concurrent requests for same query")
        self._running.add(key)
        try:
            async with AsyncExitStack() as held:
                for account_id in sorted(account_ids):
                    await held.enter_async_context(self._locks[account_id])
                yield
            self._remember(key)
        finally:
            self._running.discard(key)
