"""What students do with a recording: visits, and the stretches of play each visit leaves behind.

A visit is drawn from the session's own generator, its stretches from the visit's own, so that any part of a
session's history can be drawn alone, and the same whichever part is asked for first. Dirt is dealt by
counting, not by chance, so that the smallest world has some of every kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from video_analytics.sandbox.catalogue import Ints, rng_of
from video_analytics.sandbox.panopto.plan import END, WEEK
from video_analytics.sandbox.panopto.tree import DAY, HOUR, NEVER, SECOND, Session

Records = NDArray[Any]
START_REASONS: Final = ("Start", "Seek", "Resume", "NewSpeed", "Unknown", "Unexpected", "AutoPlay")
STOP_REASONS: Final = (
    "End",
    "Seek",
    "Pause",
    "SpeedChange",
    "PlayerClose",
    "Unknown",
    "Unexpected",
    "Backgrounded",
)
NOBODY: Final = -1  # whoever is not signed in
COLUMNS: Final = np.dtype(
    [
        ("session", "i4"),
        ("time", "i8"),  # microseconds: the start of the stretch
        ("arrival", "i8"),  # microseconds: when the vendor knows of it
        ("user", "i4"),  # number of the student; NOBODY is the zero guid
        ("position", "f8"),
        ("seconds", "f8"),
        ("speed", "f8"),  # NaN is null
        ("started", "i1"),  # place in START_REASONS
        ("stopped", "i1"),  # place in STOP_REASONS
        ("copy", "i1"),  # number among records that are equal in everything
    ]
)
_SPEEDS, _SPEED_WEIGHTS = (1.0, 1.25, 1.5, 2.0, float("nan")), (60, 12, 15, 8, 5)
_STOPS, _STOP_WEIGHTS = ("Pause", "Seek", "SpeedChange", "PlayerClose", "Unknown"), (40, 30, 10, 19, 1)
_AFTER: Final = {"Pause": "Resume", "Seek": "Seek", "SpeedChange": "NewSpeed", "Unknown": "Unknown"}
_MOST_STRETCHES = 8
_GAP_CAP = 3600.0  # seconds between two stretches, so that no visit outlasts a day
LONGEST_VISIT: Final = DAY
_BURST_DAYS = 5.0
# visits per hour of the UTC day; the site is in New York, so its evening runs over midnight
_HOURS = np.array([6, 7, 7, 5, 3, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 7, 6, 6, 6, 6, 6], dtype=float)
_BLOCK = 32  # visits drawn together
_BLOCKS_KEPT = 16_384
_EVERY_LATE, _LATE = 45, 5  # every so many-th stretch comes days late
_EVERY_TWIN, _TWIN = 97, 5
_EVERY_DIRT, _DIRT = 31, 11
_EVERY_NOBODY = 33
_EVERY_MIDNIGHT = 40
_EVERY_SECOND, _EVERY_MICROSECOND = 10, 4


@dataclass(frozen=True, slots=True)
class Stretch:
    """One uninterrupted stretch of play."""

    time: int
    position: float
    seconds: float
    speed: float
    started: str
    stopped: str


def _none_watched(stretch: Stretch, _length: float) -> Stretch:
    return replace(stretch, seconds=0.0)


def _past_the_end(stretch: Stretch, length: float) -> Stretch:
    return replace(stretch, seconds=round(length - stretch.position + 42.5, 3))


def _from_past_the_end(stretch: Stretch, length: float) -> Stretch:
    return replace(stretch, position=round(length + 12.25, 3))


def _backwards(stretch: Stretch, _length: float) -> Stretch:
    return replace(stretch, seconds=-round(stretch.seconds, 3))


def _before_the_start(stretch: Stretch, _length: float) -> Stretch:
    return replace(stretch, position=-3.5)


def _odd_stop(stretch: Stretch, _length: float) -> Stretch:
    return replace(stretch, stopped="Backgrounded")


def _odd_start(stretch: Stretch, _length: float) -> Stretch:
    return replace(stretch, started="AutoPlay")


_KINDS_OF_DIRT: Final = (
    _past_the_end, _none_watched, _from_past_the_end, _odd_stop, _past_the_end, _backwards,
    _none_watched, _before_the_start, _past_the_end, _from_past_the_end, _odd_start, _none_watched,
)  # fmt: skip


class Viewing:
    """Draws the records of any session of one world."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._visits = lru_cache(maxsize=4096)(self._draw_visits)
        self._block = lru_cache(maxsize=_BLOCKS_KEPT)(self._draw_block)
        self._known: dict[int, Session] = {}

    def records(self, session: Session, begin: int, end: int, at: int) -> Records:
        """What is known at `at` of begin <= time < end, in order of time."""
        visits = self.visits(session)
        low = int(np.searchsorted(visits, begin - LONGEST_VISIT)) if begin > session.created else 0
        high = int(np.searchsorted(visits, end))
        if low >= high:
            return np.empty(0, COLUMNS)
        blocks = [self._block(session.index, b) for b in range(low // _BLOCK, (high - 1) // _BLOCK + 1)]
        drawn = np.concatenate(blocks)
        seen = (drawn["time"] >= begin) & (drawn["time"] < end)
        seen &= (drawn["arrival"] <= at) & (drawn["arrival"] < session.deleted)
        found = drawn[seen]
        return found[np.argsort(found["time"], kind="stable")]

    def visits(self, session: Session) -> Ints:
        """When the session is ever opened (microseconds), sorted."""
        self._known[session.index] = session
        return self._visits(session.index)

    def _draw_visits(self, index: int) -> Ints:
        """When the session was opened, sorted."""
        session, rng = self._known[index], rng_of(self.seed, 51, index)
        audience, created = session.audience, session.created
        taught, alive = session.taught_until - created, max(END - created, 0)
        burst = rng.exponential(_BURST_DAYS * DAY, rng.poisson(audience.burst))
        term = rng.uniform(0, 1, rng.poisson(audience.weekly * max(taught, 0) / WEEK)) * taught
        thin = rng.uniform(0, 1, rng.poisson(audience.thin * alive / WEEK)) * alive
        times = (created + np.concatenate([burst, term, thin])).astype(np.int64)
        times = times // DAY * DAY + self._times_of_day(rng, len(times))
        times = np.where(times <= created, times + DAY, times)
        times[::_EVERY_MIDNIGHT] = times[::_EVERY_MIDNIGHT] // DAY * DAY + DAY
        return np.sort(times[times < END])

    def _times_of_day(self, rng: np.random.Generator, number: int) -> Ints:
        hours = rng.choice(24, number, p=_HOURS / _HOURS.sum())
        times: Ints = hours * HOUR + rng.integers(0, HOUR, number)
        return times

    def _draw_block(self, index: int, block: int) -> Records:
        """The records of some visits, in order of visit."""
        session, visits = self._known[index], self._visits(index)
        rows: list[tuple[Any, ...]] = []
        for visit in range(block * _BLOCK, min((block + 1) * _BLOCK, len(visits))):
            rows += self._visit(session, visit, int(visits[visit]))
        return np.array(rows, COLUMNS)

    def _visit(self, session: Session, visit: int, time: int) -> Iterator[tuple[Any, ...]]:
        draw = Random((self.seed * 1_000_003 + session.index) * 1_000_003 + visit)
        user = self._viewer(session, visit, draw)
        for step, clean in enumerate(_stretches(draw, session.length, _rounded(time, visit))):
            serial = visit * _MOST_STRETCHES + step + session.index * 5
            stretch = _dirty(clean, serial, session.length)
            arrival = _arrival(draw, stretch, late=serial % _EVERY_LATE == _LATE)
            row = (session.index, stretch.time, arrival, user, stretch.position, stretch.seconds)
            reasons = START_REASONS.index(stretch.started), STOP_REASONS.index(stretch.stopped)
            for copy in range(_copies(serial)):
                yield (*row, stretch.speed, *reasons, copy)

    def _viewer(self, session: Session, visit: int, draw: Random) -> int:
        if visit % _EVERY_NOBODY == session.index % _EVERY_NOBODY:
            return NOBODY
        students = session.audience.students
        return students[min(int(draw.expovariate(3.0) * len(students)), len(students) - 1)]  # some are keener


def _stretches(draw: Random, length: float, time: int) -> Iterator[Stretch]:
    """Start somewhere, play, pause, seek, change speed, and leave."""
    speed = draw.choices(_SPEEDS, _SPEED_WEIGHTS)[0]
    position = 0.0 if draw.random() < 0.6 else round(draw.uniform(0, length * 0.8), 3)  # noqa: PLR2004 - a share
    reason = "Start"
    for step in range(_MOST_STRETCHES):
        seconds = round(min(draw.expovariate(4 / length), length - position), draw.choice((0, 2, 3, 6)))
        seconds = min(max(seconds, 0.25), round(length - position, 3))
        at_end = position + seconds >= length - 0.001
        stop = "End" if at_end else draw.choices(_STOPS, _STOP_WEIGHTS)[0]
        stop = "PlayerClose" if step == _MOST_STRETCHES - 1 and not at_end else stop
        yield Stretch(time, position, seconds, speed, reason, stop)
        if stop not in _AFTER:
            return
        gap = min(draw.expovariate(1 / 90), _GAP_CAP) if stop == "Pause" else 0.4
        time += int((seconds / (speed if speed == speed else 1.0) + gap) * 1000) * 1000  # noqa: PLR0124 - NaN
        position = round(position + seconds, 3)
        if stop == "Seek":
            position = round(draw.uniform(0, length * 0.95), 3)
        if stop == "SpeedChange":
            speed = draw.choice(_SPEEDS[:4])
        if length - position < 1:
            return
        reason = _AFTER[stop]


def _rounded(time: int, visit: int) -> int:
    """Mostly whole milliseconds, sometimes whole seconds, sometimes microseconds."""
    unit = SECOND if visit % _EVERY_SECOND == 0 else 1 if visit % _EVERY_MICROSECOND == 0 else 1000
    return time // unit * unit


def _dirty(stretch: Stretch, serial: int, length: float) -> Stretch:
    if serial % _EVERY_DIRT != _DIRT:
        return stretch
    return _KINDS_OF_DIRT[serial // _EVERY_DIRT % len(_KINDS_OF_DIRT)](stretch, length)


def _copies(serial: int) -> int:
    if serial % _EVERY_TWIN != _TWIN:
        return 1
    return 3 if serial // _EVERY_TWIN % 5 == 0 else 2


def _arrival(draw: Random, stretch: Stretch, *, late: bool) -> int:
    """Seconds to minutes after the stretch ended; a late one between one and five days later still."""
    seconds = max(stretch.seconds, 0) + draw.uniform(5, 600) + (draw.uniform(1, 5) * 86_400 if late else 0)
    return min(stretch.time + int(seconds * SECOND), NEVER)
