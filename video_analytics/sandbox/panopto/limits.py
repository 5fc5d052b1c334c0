"""The vendor's limits on callers: per endpoint and client, three windows that slide in real time."""

import time
from collections import defaultdict, deque
from typing import Final

from video_analytics.sandbox.answers import RefusalError

LIMITS: Final = ((5, 1.0, "5 per second"), (100, 60.0, "100 per minute"), (5_000, 3600.0, "5000 per hour"))
HEADER: Final = "X-Rate-Limit-Exceeded"


class RateLimits:
    """Counts the requests of each endpoint and client."""

    def __init__(self) -> None:
        self._served: dict[tuple[str, str], tuple[deque[float], ...]] = defaultdict(
            lambda: tuple(deque() for _ in LIMITS)
        )

    def forget(self) -> None:
        """Start anew for everybody."""
        self._served.clear()

    def enter(self, endpoint: str, client: str, scale: float) -> None:
        """A place for one request, or 429 with a header naming the limit that was passed."""
        windows, now = self._served[endpoint, client], time.monotonic()
        for window, (most, seconds, name) in zip(windows, LIMITS, strict=True):
            while window and window[0] <= now - seconds:
                window.popleft()
            if len(window) >= most * scale:
                raise RefusalError(429, "TooManyRequests", "Too many requests", headers={HEADER: name})
        for window in windows:
            window.append(now)
