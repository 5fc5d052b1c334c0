"""What every video has been watched in all, and when it was last watched: running totals.

Days past their last change are added up once and kept; the younger ones are looked at afresh each time.
Videos made before the recorded history have views from then, too; only the last-view and all-time endpoints
know of them.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from video_analytics.sandbox.ageing import FINAL_DAYS, edit_age
from video_analytics.sandbox.catalogue import HOUR, NEVER, Ints, rng_of
from video_analytics.sandbox.traffic import HISTORY_START, day_bounds
from video_analytics.sandbox.world import World, days_between, milliseconds

_SPELLED_IN: Final = ZoneInfo("America/New_York")
_SEEN_BEFORE = 0.9  # part of the old videos that were watched before the history begins


@dataclass(slots=True)
class Totals:
    """Per video: views so far and the last day with one (an ordinal, 0 for none)."""

    views: Ints
    last: Ints
    until: date = HISTORY_START  # the next day to add

    def add(self, day: date, video: Ints, views: Ints) -> None:
        """Add a day's rows."""
        rows = (views > 0) & (video >= 0)
        self.views[video[rows]] += views[rows]
        self.last[video[rows]] = day.toordinal()

    def copy(self) -> "Totals":
        """An independent copy."""
        return Totals(self.views.copy(), self.last.copy(), self.until)


class History:
    """Totals of every account, at any instant."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._totals: dict[str, Totals] = {}
        self._lock = threading.Lock()

    def views(self, account_id: str, video_id: str, now: datetime) -> int:
        """All views of a video, those before the recorded history included."""
        catalogue = self.world.catalogue(account_id)
        position = catalogue.index[video_id]
        before = int(catalogue.years[position] < HISTORY_START.year) * (position % 97)
        return int(self._at(account_id, now).views[position]) + before

    def last_views(self, account_id: str, now: datetime) -> list[tuple[str, bool, str]]:
        """(video id, whether it is live, last view) of each video ever viewed, plus one without an id."""
        catalogue = self.world.catalogue(account_id)
        instants = self._instants(account_id, now)
        viewed = np.flatnonzero(instants).tolist()
        rows = [(catalogue.ids[i], not catalogue.duration[i], _spelled(int(instants[i]))) for i in viewed]
        return [("", False, "2022-06-23T20:00:00.000-04:00"), *rows]

    def _instants(self, account_id: str, now: datetime) -> Ints:
        """Epoch ms of each video's last view, 0 for never."""
        catalogue, totals = self.world.catalogue(account_id), self._at(account_id, now)
        luck = rng_of(catalogue.seed, catalogue.account.index, 11).random((3, len(catalogue.ids)))
        old = milliseconds(datetime(HISTORY_START.year, 1, 1, tzinfo=UTC)) - 24 * HOUR
        before = (catalogue.published < old) & (luck[0] < _SEEN_BEFORE)
        ends = np.minimum(old, catalogue.deleted)
        spread = np.where(before, ends - np.where(before, catalogue.published, 0), 0)
        instants = np.where(before, catalogue.published % NEVER + (spread * luck[1]).astype(np.int64), 0)
        for ordinal in np.unique(totals.last[totals.last > 0]).tolist():
            start, end = day_bounds(catalogue.account.zone, date.fromordinal(ordinal))
            rows = totals.last == ordinal
            latest = min(end, milliseconds(now)) - start
            instants[rows] = start + (latest * luck[2][rows]).astype(np.int64)
        return instants

    def _at(self, account_id: str, now: datetime) -> Totals:
        with self._lock:
            totals = self._settled(account_id, now).copy()
        for day in days_between(totals.until, (now + timedelta(days=1)).date()):
            table = self.world.table(account_id, day, now)
            totals.add(day, table.video, table.metrics["video_view"].astype(np.int64))
        return totals

    def _settled(self, account_id: str, now: datetime) -> Totals:
        """The totals of all days that will not change any more; going back in time starts again."""
        final = (now - timedelta(days=FINAL_DAYS + 2)).date()
        totals = self._totals.get(account_id)
        if totals is None or totals.until > final + timedelta(days=1):
            count = len(self.world.catalogue(account_id).ids)
            totals = Totals(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64))
            self._totals[account_id] = totals
        for day in days_between(totals.until, final):
            self._add_final(account_id, totals, day, now)
            totals.until = day + timedelta(days=1)
        return totals

    def _add_final(self, account_id: str, totals: Totals, day: date, now: datetime) -> None:
        traffic = self.world.traffic(account_id)
        if edit_age(self.world.seed, traffic.account.index, day) is None:
            video, _impressions, views = traffic.views(day)
            totals.add(day, video, views)
            return
        table = self.world.table(account_id, day, now)
        totals.add(day, table.video, table.metrics["video_view"].astype(np.int64))


def _spelled(instant: int) -> str:
    """The vendor writes these in US Eastern time, with the offset."""
    return datetime.fromtimestamp(instant / 1000, _SPELLED_IN).isoformat(timespec="milliseconds")
