"""What the running sandbox remembers: its clock, its tokens and the log of requests served."""

import hashlib
import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from video_analytics import clock

Json = dict[str, Any]
_LOG_LENGTH = 250_000  # a bound on memory; older entries fall out


class Clock:
    """The sandbox's own time: real time plus an offset, or stopped at an instant."""

    def __init__(self, fixed: datetime | None) -> None:
        self._fixed, self._offset = fixed, timedelta()

    def now(self) -> datetime:
        """The instant of the simulated vendor, in UTC."""
        return ((self._fixed or clock.now()) + self._offset).astimezone(UTC)

    def set(self, instant: datetime) -> None:
        """Stop the clock at an instant."""
        if instant.tzinfo is None:
            raise ValueError(
                f"the sandbox's clock needs an instant with an offset, got {instant.isoformat()}"
            )
        self._fixed, self._offset = instant, timedelta()

    def advance(self, step: timedelta) -> None:
        """Move on; a running clock keeps running."""
        self._offset += step


class Tokens:
    """The access tokens or cookies given out; they live in real seconds, many at a time."""

    def __init__(self, seed: int, kind: str = "sandbox") -> None:
        self._seed, self._kind, self._count = seed, kind, 0
        self._expiry: dict[str, float] = {}

    def issue(self, seconds: float) -> str:
        """A new token; the older ones stay alive."""
        self._count += 1
        key = f"{self._kind}:{self._seed}:{self._count}".encode()
        token = "SANDBOX" + hashlib.blake2b(key, digest_size=48).hexdigest()
        now = time.monotonic()
        self._expiry = {text: end for text, end in self._expiry.items() if end > now}
        self._expiry[token] = now + seconds
        return token

    def alive(self, token: str) -> bool:
        """Whether the token was given out and has not expired."""
        return self._expiry.get(token, 0.0) > time.monotonic()

    def renew(self, token: str, seconds: float) -> bool:
        """Let a living token live so long from now; whether it was alive."""
        living = self.alive(token)
        if living:
            self._expiry[token] = time.monotonic() + seconds
        return living


class Log:
    """One entry per request served, in order of completion."""

    def __init__(self) -> None:
        self._entries: deque[Json] = deque(maxlen=_LOG_LENGTH)
        self._lock = threading.Lock()

    def add(self, entry: Json) -> None:
        """Remember a request."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[Json]:
        """A copy of what was served."""
        with self._lock:
            return list(self._entries)

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
