"""How the vendor's answer for a day changes while the day grows old.

| age (from the end of the day in the account's zone) | what is shown |
| --- | --- |
| the day has not begun | no rows |
| still running | the part elapsed, hour by hour |
| under 3 days | provisional: mostly lower, rows missing, a few nulls; another version each day |
| 3 to 32 days | settled |
| over 32 days | engagement shifts slightly once more; views and impressions stay |
| 33 to 35 days | on about 1 % of the days one row is edited, each at its own age |
| over 35 days | final for ever |
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np

from video_analytics.sandbox.catalogue import DAY, HOUR, chance, rng_of
from video_analytics.sandbox.traffic import ENGAGEMENT, QUARTERS, Day, day_bounds, split_devices

PROVISIONAL_DAYS: Final = 3
DETAIL_DAYS: Final = 32
FINAL_DAYS: Final = 35
_EDITED = 0.01
_HALF = 0.5
_LONGEST = 25  # hours of the longest day
_SHOWN = (0.80, 0.92, 0.97)  # part of the settled figures a day shows at age 0, 1, 2 days


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a day stands; `step` tells apart the versions within a kind."""

    kind: Literal["future", "running", "provisional", "settled", "final", "edited"]
    step: int = 0


def edit_age(seed: int, account: int, day: date) -> int | None:
    """At which age (days) a row of this day is edited, if ever."""
    rng = rng_of(seed, account, 5, day.toordinal())
    return int(rng.integers(DETAIL_DAYS + 1, FINAL_DAYS + 1)) if rng.random() < _EDITED else None


def stage_of(seed: int, account: int, zone: str, day: date, instant: int) -> Stage:
    """The stage of a day at an instant (epoch ms)."""
    start, end = day_bounds(zone, day)
    if instant < start:
        return Stage("future")
    if instant < end:
        return Stage("running", (instant - start) // HOUR)
    age = (instant - end) / DAY
    if age < PROVISIONAL_DAYS:
        return Stage("provisional", int(age))
    if age <= DETAIL_DAYS:
        return Stage("settled")
    edited = edit_age(seed, account, day)
    return Stage("edited" if edited is not None and age >= edited else "final")


def aged(settled: Day, stage: Stage, key: tuple[int, int, int]) -> Day:
    """The day as shown at a stage; `key` is (seed, account, ordinal of the day)."""
    if stage.kind == "settled":
        return settled
    if stage.kind == "future":
        return settled.take(np.arange(0))
    if stage.kind == "running":
        return _partial(settled, _SHOWN[0] * stage.step / _LONGEST, key, stage.step)
    if stage.kind == "provisional":
        return _partial(settled, _SHOWN[stage.step], key, 100 + stage.step)
    final = _without_detail(settled, key)
    return _edited(final, key) if stage.kind == "edited" else final


def _partial(settled: Day, part: float, key: tuple[int, int, int], step: int) -> Day:
    """A lower version; the same luck per row at each step, so that figures grow with the part."""
    luck, rng = rng_of(*key, 6), rng_of(*key, 7, step)
    rows, (views, seen) = len(settled.video), (settled.metrics[k] for k in ("video_view", "video_impression"))
    dice = luck.random((2, rows))
    spam = chance(luck, rows, 0.02) & (part > _HALF)  # views that are taken back later
    shown = np.floor(views * part + dice[0]) * (views > 0) + spam
    seen = np.maximum(shown, np.floor(seen * part + dice[1]))
    ratio = np.divide(shown, views, out=np.zeros(rows), where=views > 0)
    changed = {name: np.floor(settled.metrics[name] * ratio) for name in (*QUARTERS, "video_engagement_100")}
    changed["video_percent_viewed"] = np.round(settled.metrics["video_percent_viewed"] * ratio, 2)
    changed["video_seconds_viewed"] = np.floor(settled.metrics["video_seconds_viewed"] * ratio)
    unknown = chance(rng, rows, 0.01)
    for name in ENGAGEMENT:
        changed[name][unknown] = np.nan
    devices = split_devices(rng, shown.astype(np.int64))
    day = Day(settled.video, changed | {"video_view": shown, "video_impression": seen}, devices)
    missing = luck.random(rows) > 0.9 + 0.1 * part
    return day.take(np.flatnonzero((seen > 0) & ~missing))


def _without_detail(settled: Day, key: tuple[int, int, int]) -> Day:
    rng, rows = rng_of(*key, 8), len(settled.video)
    shift = 1 + rng.uniform(-0.01, 0.01, rows)
    return settled.with_metrics(**{name: settled.metrics[name] * shift for name in ENGAGEMENT})


def _edited(final: Day, key: tuple[int, int, int]) -> Day:
    viewed = np.flatnonzero(final.metrics["video_view"] > 0)
    if not len(viewed):
        return final
    rng = rng_of(*key, 9)
    row, more = int(rng.choice(viewed)), int(rng.integers(1, 4))
    added = {"video_view": more, "video_impression": more, "video_seconds_viewed": 30 * more}
    columns = {name: final.metrics[name].copy() for name in added}
    for name, column in columns.items():
        column[row] += added[name]
    devices = final.devices.copy()
    devices[row, 0] += more
    return Day(final.video, final.metrics | columns, devices)
