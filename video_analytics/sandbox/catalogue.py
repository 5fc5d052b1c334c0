"""When each video of an account was made, published, changed and deleted, as numpy columns.

The columns are drawn once from the seed and span 2019-2030, so the world does not depend on when it is
started: "now" only decides how much of it can be seen. Times are epoch milliseconds (UTC).
`SPARE` rows at the end stay invisible until paging drift inserts them.
"""

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from video_analytics.sandbox.accounts import Account

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
NEVER: Final = 2**60
SPARE: Final = 64
DELETED_DAYS: Final = 10  # how long a deleted video can still be searched
PROCESSING: Final = 20 * 60_000  # a new video is incomplete for so long
_FIRST = int(datetime(2019, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LAST = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp() * 1000)
_YEARS, _YEARS_TO_2026 = 12, 8
_YEAR = 31_556_952_000
_DELETED_SHARE = 0.12
_STUCK_EVERY = 120


def rng_of(*key: int) -> np.random.Generator:
    """A generator that only depends on the key: every draw of this world has its own."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))


def chance(rng: np.random.Generator, shape: int | tuple[int, int], probability: float) -> Mask:
    """Where something of that probability happens."""
    return np.asarray(rng.random(shape) < probability)


class Catalogue:
    """The videos of one account. `deleted` and `touched` may change (drift); the rest never does."""

    def __init__(self, seed: int, account: Account, total: int) -> None:
        self.account, self.seed = account, seed
        alive = max(total * account.videos, 4.0) / (1 - _DELETED_SHARE * 0.85)
        self.size = size = round(alive * _YEARS / _YEARS_TO_2026)
        rng = rng_of(seed, account.index, 1)
        self._draw_times(rng, size)
        self._draw_traits(rng, size)
        self.ids = self._draw_ids(rng, size)
        self.index = {text: position for position, text in enumerate(self.ids)}
        self.years: list[int] = (1970 + self.created // _YEAR).clip(max=2030).tolist()
        self.original_deleted = self.deleted[:size].copy()  # traffic must not move when drift deletes
        self._spares = size

    def _draw_times(self, rng: np.random.Generator, size: int) -> None:
        created = np.sort(rng.integers(_FIRST, _LAST, size))
        twins = chance(rng, size, 0.03)  # bulk uploads: equal to the millisecond
        twins[0] = False
        created[twins] = created[np.flatnonzero(twins) - 1]
        published = created + PROCESSING + (rng.exponential(12 * HOUR, size)).astype(np.int64)
        published[chance(rng, size, 0.05)] = NEVER
        stuck = np.arange(size) % _STUCK_EVERY == 1  # uploads that never finished
        published[stuck] = NEVER
        steps = rng.exponential(120 * DAY, (size, 3)).astype(np.int64).cumsum(axis=1)
        changes = created[:, None] + PROCESSING + steps
        changes[~chance(rng, (size, 3), 0.5)] = NEVER
        retired = created + (rng.exponential(900 * DAY, size)).astype(np.int64)
        retired[~chance(rng, size, 0.08)] = NEVER
        deleted = created + DAY + (rng.exponential(400 * DAY, size)).astype(np.int64)
        deleted[~chance(rng, size, _DELETED_SHARE)] = NEVER
        self.created = _with_spares(created, NEVER)
        self.ready = _with_spares(np.where(stuck, NEVER, created + PROCESSING), NEVER)
        self.published = _with_spares(published, NEVER)
        self.changes = np.concatenate([changes, np.full((SPARE, 3), NEVER)])
        self.retired = _with_spares(retired, NEVER)
        self.deleted = _with_spares(deleted, NEVER)
        self.touched = np.full(size + SPARE, NEVER)
        self.renamed = _with_spares(changes[:, 0], NEVER)
        self.renamed[:size][~chance(rng, size, 0.2)] = NEVER

    def _draw_traits(self, rng: np.random.Generator, size: int) -> None:
        seconds = np.exp(rng.normal(5.2, 1.0, size)).clip(5, 4 * 3600)
        duration = (seconds * 1000).astype(np.int64)
        duration[chance(rng, size, 0.03)] = 0  # live and remote videos: no duration
        self.duration = _with_spares(duration, 60_000)
        self.popularity: Floats = np.exp(rng.normal(0.0, 1.9, size))
        self.play_rate: Floats = rng.beta(6 * self.account.play_rate, 6 * (1 - self.account.play_rate), size)
        self.completion: Floats = rng.beta(2.5, 2.0, size)

    def _draw_ids(self, rng: np.random.Generator, size: int) -> list[str]:
        start = 6_000_000_000_000 + self.account.index * 20_000_000_000
        steps = rng.integers(1_000, 500_000, size + SPARE).cumsum()
        return [str(number) for number in (start + steps).tolist()]

    def published_by(self, instant: int) -> Mask:
        """Which videos had been created, and were not deleted, at that instant."""
        mask: Mask = (self.created <= instant) & (self.deleted > instant)
        return mask

    def lately_deleted(self, instant: int) -> Mask:
        """Which videos were deleted within the days in which that can be searched."""
        mask: Mask = (self.deleted <= instant) & (self.deleted > instant - DELETED_DAYS * DAY)
        return mask & (self.created <= instant)

    def updated(self, instant: int) -> Ints:
        """`updated_at` of each video as seen at that instant."""
        events = [self.created, self.ready, self.published, self.retired, self.touched]
        events += [self.changes[:, column] for column in range(3)]
        latest = self.created.copy()
        for event in events:
            np.maximum(latest, np.where(event <= instant, event, 0), out=latest)
        return latest

    def states(self, instant: int) -> NDArray[Any]:
        """ACTIVE, INACTIVE, PENDING or DELETED of each video at that instant."""
        shown = np.where(self.published <= instant, "ACTIVE", "INACTIVE")
        shown = np.where(self.retired <= instant, "INACTIVE", shown)
        shown = np.where(self.ready > instant, "PENDING", shown)
        return np.where(self.deleted <= instant, "DELETED", shown)

    def insert(self, instant: int) -> str | None:
        """Drift: make one more video appear now; None when the spares are used up."""
        if self._spares == self.size + SPARE:
            return None
        for column in (self.created, self.ready, self.published):
            column[self._spares] = instant
        self._spares += 1
        return self.ids[self._spares - 1]


def _with_spares(column: Ints, value: int) -> Ints:
    return np.concatenate([column, np.full(SPARE, value, dtype=np.int64)])
