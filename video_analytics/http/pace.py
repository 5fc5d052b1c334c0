"""How often a vendor is asked: retries to spend, calls counted, and the vendor's own limits."""

import threading
from collections import Counter

from pyrate_limiter import InMemoryBucket, Limiter, Rate


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


class Limits:
    """At most so many calls a second (a minute, an hour) and `at_once` open calls, for each key."""

    def __init__(
        self,
        per_second: float,
        at_once: int,
        *,
        per_minute: float | None = None,
        per_hour: float | None = None,
    ) -> None:
        self._rates = _rates(per_second, per_minute, per_hour)
        self._at_once = at_once
        self._lock = threading.Lock()
        self._doors: dict[str, tuple[Limiter, threading.Semaphore]] = {}

    def door(self, key: str) -> tuple[Limiter, threading.Semaphore]:
        """The limiter and the semaphore of one key."""
        with self._lock:
            if key not in self._doors:
                limiter = Limiter(InMemoryBucket(self._rates))
                self._doors[key] = (limiter, threading.Semaphore(self._at_once))
            return self._doors[key]

    def close(self) -> None:
        """Stop the limiters' own threads."""
        for limiter, _ in self._doors.values():
            limiter.close()


def _rates(per_second: float, per_minute: float | None, per_hour: float | None) -> list[Rate]:
    """The rates that bind, shortest interval first.

    Each has some slack where the vendor counts strictly, as calls may bunch up on their way to it.
    """
    second = int(min(each for each in (per_second, per_minute, per_hour) if each is not None))
    given = [(second, 1_000 if per_minute is None and per_hour is None else 1_100)]  # calls, milliseconds
    given += [(int(min(per_minute, per_hour or per_minute)), 60_500)] if per_minute is not None else []
    given += [(int(per_hour), 3_600_500)] if per_hour is not None else []
    rates: list[Rate] = []
    for calls, interval in given:
        rate = Rate(max(1, calls), interval)
        while rates and rates[-1].limit >= rate.limit:  # the longer interval says it all
            rates.pop()
        if not rates or rate.limit / rate.interval < rates[-1].limit / rates[-1].interval:
            rates.append(rate)
    return rates
