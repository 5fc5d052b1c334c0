"""What happened on one day of one account, as the vendor will finally agree it did: the settled figures.

Every (account, day) has its own random generator, so any day can be drawn alone and in any order.
The popularity of videos is heavy-tailed, decays after publication and follows the week.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from video_analytics.sandbox.catalogue import DAY, Catalogue, Floats, Ints, Mask, chance, rng_of

DEVICES = ("desktop", "mobile", "tablet", "tv", "other", "connected_tv")
COUNTS = ("video_view", "video_impression", "video_seconds_viewed")
QUARTERS = ("video_engagement_1", "video_engagement_25", "video_engagement_50", "video_engagement_75")
ENGAGEMENT = (*QUARTERS, "video_engagement_100", "video_percent_viewed")
METRICS = ("video_view", "video_impression", *ENGAGEMENT, "video_seconds_viewed")
HISTORY_START = date(2023, 1, 1)
_REFERENCE_DAY = date(2025, 6, 11)  # the Wednesday on which the volume is calibrated
_DEVICE_SHARES = np.array([0.66, 0.26, 0.05, 0.015, 0.0148, 0.0002])
_NOBODY = 0.25  # part of the days with a row that belongs to no video
_SATURDAY = 5
_EMBEDDED_DAYS = 20  # a deleted video is still asked for so long


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of a day, as columns. `video` is a position in the catalogue, -1 for "no video"."""

    video: Ints
    metrics: dict[str, Floats]  # NaN is the vendor's null
    devices: Ints  # rows x DEVICES, the views of each

    def take(self, rows: Ints) -> "Day":
        """Some of the rows."""
        return Day(self.video[rows], {k: v[rows] for k, v in self.metrics.items()}, self.devices[rows])

    def with_metrics(self, **changed: Floats) -> "Day":
        """The same rows with some columns replaced."""
        return replace(self, metrics=self.metrics | changed)


@lru_cache(maxsize=16_384)
def day_bounds(zone: str, day: date) -> tuple[int, int]:
    """First and one-past-last epoch ms of a local day; 23 or 25 hours apart where the clocks change."""
    tz = ZoneInfo(zone)
    edges = (datetime(d.year, d.month, d.day, tzinfo=tz) for d in (day, day + timedelta(days=1)))
    start, end = (int(edge.timestamp()) * 1000 for edge in edges)
    return start, end


class Traffic:
    """Draws the settled days of one account."""

    def __init__(self, catalogue: Catalogue, rows_per_day: float) -> None:
        self.catalogue, self.account = catalogue, catalogue.account
        self._scale = 1.0
        self._scale = self._calibrate(max(rows_per_day * self.account.rows, 0.7))

    def _calibrate(self, rows: float) -> float:
        rates, low, high = self._rates(_REFERENCE_DAY), -20.0, 20.0
        for _ in range(40):  # bisection on the logarithm of the scale
            middle = (low + high) / 2
            expected = float(-np.expm1(-rates * np.exp(middle)).sum())
            low, high = (middle, high) if expected < rows else (low, middle)
        return float(np.exp(low))

    def _rates(self, day: date) -> Floats:
        """Expected impressions of each video that exists by the end of that day."""
        catalogue, (start, end) = self.catalogue, day_bounds(self.account.zone, day)
        count = int(np.searchsorted(catalogue.created[: catalogue.size], end))
        age = (end - catalogue.published[:count]) / DAY
        decay = 1.0 / (1.0 + np.maximum(age, 0.0) / 10.0) + 0.004  # a burst, then a long thin tail
        rates = self._scale * catalogue.popularity[:count] * decay
        rates[age < 0] = 0.0
        rates[catalogue.retired[:count] < start] *= 0.05
        gone = (start - catalogue.original_deleted[:count]) / DAY
        rates[gone > 0] *= 0.03  # pages that still embed a deleted video
        rates[gone > _EMBEDDED_DAYS] = 0.0
        return rates

    def views(self, day: date) -> tuple[Ints, Ints, Ints]:
        """Positions, impressions and views of the videos loaded that day (the cheap part of `draw`)."""
        rng = rng_of(self.catalogue.seed, self.account.index, 2, day.toordinal())
        weekend = day.weekday() >= _SATURDAY
        mood = float(np.exp(rng.normal(0.0, 0.15))) * (self.account.weekend if weekend else 1.0)
        quiet = rng.random() < (self.account.quiet if weekend else self.account.quiet / 20)
        impressions = rng.poisson(self._rates(day) * (0.0 if quiet else mood))
        video = np.flatnonzero(impressions)
        seen = impressions[video]
        return video, seen, rng.binomial(seen, self.catalogue.play_rate[video])

    def draw(self, day: date) -> Day:
        """The settled rows of that day."""
        video, impressions, views = self.views(day)
        rng = rng_of(self.catalogue.seed, self.account.index, 3, day.toordinal())
        if len(video) and rng.random() < _NOBODY:
            nobody = int(rng.poisson(1.5))
            video = np.append(video, -1)
            views, impressions = np.append(views, nobody), np.append(impressions, nobody + 1)
        metrics = {"video_view": views.astype(float), "video_impression": impressions.astype(float)}
        metrics |= self._engagement(rng, video, views)
        return Day(video, metrics, split_devices(rng, views))

    def _engagement(self, rng: np.random.Generator, video: Ints, views: Ints) -> dict[str, Floats]:
        catalogue, rows = self.catalogue, len(video)
        completion = np.where(video < 0, 0.4, catalogue.completion[video])
        replays = np.where(chance(rng, rows, 0.04), rng.uniform(1.5, 3.0, rows), 1.0)
        percent = np.round(views * completion * 100 * rng.uniform(0.8, 1.2, rows) * replays, 2)
        seconds = np.floor(percent / 100 * np.where(video < 0, 60, catalogue.duration[video] / 1000))
        left = rng.binomial(views, 0.97)
        columns = {"video_engagement_1": left}
        for name, share in zip(ENGAGEMENT[1:5], (0.92, 0.80, 0.85, 0.80), strict=True):
            left = rng.binomial(left, np.minimum(share * (0.6 + completion), 1.0))
            columns[name] = left
        # the vendor normalises some rows, which leaves fractions behind
        noisy, scaled = chance(rng, rows, 0.1), chance(rng, rows, 0.05)
        factor = np.where(scaled, rng.uniform(0.97, 1.03, rows), 1.0) * np.ceil(replays)
        shown = {name: _normalised(column * factor, noisy) for name, column in columns.items()}
        return {**shown, "video_percent_viewed": percent, "video_seconds_viewed": seconds}


def _normalised(column: Floats, noisy: Mask) -> Floats:
    return np.where(noisy & (column > 0), np.nextafter(column, np.inf), column)


def split_devices(rng: np.random.Generator, views: Ints) -> Ints:
    """Spread each row's views over the devices; the sum stays."""
    split: Ints = rng.multinomial(views, _DEVICE_SHARES).astype(np.int64)
    return split
