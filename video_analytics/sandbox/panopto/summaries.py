"""Minutes, people and views per hour, day or week (UTC), from the records known at the moment."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from video_analytics.sandbox.panopto.envelope import DESERIALIZING, FaultError
from video_analytics.sandbox.panopto.tree import DAY, HOUR
from video_analytics.sandbox.panopto.viewing import START_REASONS, Records

_WIDTHS: Final = {"Hourly": HOUR, "Daily": DAY, "Weekly": 7 * DAY}
_FIRST_MONDAY: Final = 4 * DAY  # 1970-01-05: weeks begin on Mondays
_LAG: Final = DAY


@dataclass(frozen=True, slots=True)
class Bucket:
    """One line of a summary."""

    time: int
    minutes: float
    users: int
    views: int


def counted(records: Records, how: str, now: int) -> Records:
    """The records as a summary sees them: all, or wrongly, as the scenario says."""
    if how == "lagging":
        return records[records["arrival"] <= now - _LAG]
    if how == "wrong":
        spoilt = records.copy()
        spoilt["seconds"] /= np.where(np.isnan(records["speed"]), 1.0, records["speed"])
        return spoilt
    return records


def buckets(records: Records, grain: str) -> list[Bucket]:
    """One line for each stretch of time in which anything was watched."""
    if grain not in _WIDTHS:
        raise FaultError(DESERIALIZING)
    width, offset = _WIDTHS[grain], _FIRST_MONDAY if grain == "Weekly" else 0
    starts = (records["time"] - offset) // width * width + offset
    return [_bucket(start, records[starts == start]) for start in np.unique(starts).tolist()]


def _bucket(start: int, records: Records) -> Bucket:
    minutes = float(records["seconds"].sum()) / 60
    views = int((records["started"] == START_REASONS.index("Start")).sum())
    users = len(np.unique(records["user"]))
    return Bucket(start, minutes, users, max(views, 1) if minutes else views)
