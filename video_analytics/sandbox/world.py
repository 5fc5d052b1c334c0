"""The truth of the sandbox: eleven accounts, their videos and what happened to them, day by day.

Pure and deterministic: seed and size decide everything, the instant decides what can be seen of it.
No HTTP in here. Only paging drift (`insert`, `delete`, `touch`) changes a world after it was made.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np

from video_analytics.sandbox.accounts import ACCOUNTS, ZONES, Account, find_account
from video_analytics.sandbox.ageing import Stage, aged, stage_of
from video_analytics.sandbox.catalogue import Catalogue, Mask
from video_analytics.sandbox.traffic import (
    COUNTS,
    DEVICES,
    HISTORY_START,
    METRICS,
    Day,
    Traffic,
    day_bounds,
)
from video_analytics.sandbox.videos import name_at, video_object

__all__ = ["HISTORY_START", "SIZES", "ZONES", "World", "milliseconds"]

Json = dict[str, Any]
SIZES: Final = {
    # videos alive at the end of 2026, rows on a weekday in the middle of 2025
    "tiny": (200, 60),
    "demo": (2_000, 400),
    "full": (25_000, 2_950),
}
_DAYS_KEPT = 512  # drawn days in memory, all accounts together


def milliseconds(instant: datetime) -> int:
    """Epoch ms of an aware instant."""
    return int(instant.timestamp() * 1000)


class World:
    """The whole simulated vendor's knowledge."""

    def __init__(self, seed: int = 1, size: str = "demo") -> None:
        if size not in SIZES:
            raise ValueError(f"unknown size {size!r}: use one of {', '.join(SIZES)}")
        self.seed, self.size = seed, size
        self.accounts: tuple[Account, ...] = ACCOUNTS
        total, rows = SIZES[size]
        self._catalogues = {account.id: Catalogue(seed, account, total) for account in ACCOUNTS}
        self._traffic = {key: Traffic(catalogue, rows) for key, catalogue in self._catalogues.items()}
        self._table = lru_cache(maxsize=_DAYS_KEPT)(self._draw)

    def catalogue(self, account_id: str) -> Catalogue:
        """The columns of an account's videos."""
        return self._catalogues[account_id]

    def traffic(self, account_id: str) -> Traffic:
        """The source of an account's settled days."""
        return self._traffic[account_id]

    def videos(self, account_id: str, now: datetime) -> list[Json]:
        """Every video a plain list shows at that instant, in order of creation."""
        return self._objects(account_id, self.catalogue(account_id).published_by(milliseconds(now)), now)

    def deleted(self, account_id: str, now: datetime) -> list[Json]:
        """The videos deleted within the ten days in which they can still be searched."""
        return self._objects(account_id, self.catalogue(account_id).lately_deleted(milliseconds(now)), now)

    def _objects(self, account_id: str, mask: Mask, now: datetime) -> list[Json]:
        catalogue, instant = self.catalogue(account_id), milliseconds(now)
        return [video_object(catalogue, position, instant) for position in np.flatnonzero(mask).tolist()]

    def table(self, account_id: str, day: date, now: datetime) -> Day:
        """The rows of a day as columns, as the vendor would answer at that instant."""
        if day < HISTORY_START:
            return self._table(account_id, HISTORY_START, Stage("future"))
        account = find_account(account_id)
        stage = stage_of(self.seed, account.index, account.zone, day, milliseconds(now))
        return self._table(account_id, day, stage)

    def _draw(self, account_id: str, day: date, stage: Stage) -> Day:
        settled = self._traffic[account_id].draw(day)
        key = (self.seed, find_account(account_id).index, day.toordinal())
        return aged(settled, stage, key)

    def day(self, account_id: str, day: date, now: datetime) -> list[Json]:
        """The rows of a day as dicts, with the views of each device."""
        table, catalogue = self.table(account_id, day, now), self.catalogue(account_id)
        _start, end = day_bounds(catalogue.account.zone, day)
        columns = {name: shown(name, table.metrics[name]) for name in METRICS}
        rows = zip(table.video.tolist(), *columns.values(), table.devices.tolist(), strict=True)
        return [_row(catalogue, day, end, row) for row in rows]

    def insert(self, account_id: str, now: datetime) -> str | None:
        """Drift: a new video appears; None when no more can."""
        return self.catalogue(account_id).insert(milliseconds(now))

    def delete(self, account_id: str, video_id: str, now: datetime) -> None:
        """Drift: a video is deleted now."""
        catalogue = self.catalogue(account_id)
        catalogue.deleted[catalogue.index[video_id]] = milliseconds(now)

    def touch(self, account_id: str, video_id: str, now: datetime) -> None:
        """Drift: a video's `updated_at` moves to now."""
        catalogue = self.catalogue(account_id)
        catalogue.touched[catalogue.index[video_id]] = milliseconds(now)


def shown(name: str, column: Any) -> list[Any]:
    """A metric as the vendor types it: counts are integers, the rest floats, NaN is null."""
    unknown = np.isnan(column)
    typed = np.where(unknown, 0, column).astype(np.int64) if name in COUNTS else column
    values: list[Any] = typed.tolist()
    if unknown.any():
        return [None if gap else value for gap, value in zip(unknown.tolist(), values, strict=True)]
    return values


def shown_devices(views: list[int]) -> dict[str, int]:
    """The devices of a row; one without any view was at least loaded on a desktop."""
    seen = {device: count for device, count in zip(DEVICES, views, strict=True) if count}
    return seen or {DEVICES[0]: 0}


def _row(catalogue: Catalogue, day: date, end: int, row: tuple[Any, ...]) -> Json:
    position, *values, devices = row
    known = position >= 0
    return {
        "video": catalogue.ids[position] if known else None,
        "date": day.isoformat(),
        "video_name": name_at(catalogue, position, end) if known else None,
        **dict(zip(METRICS, values, strict=True)),
        "devices": shown_devices(devices),
    }


def days_between(start: date, end: date) -> Iterator[date]:
    """Every day from start to end, both included."""
    for ordinal in range(start.toordinal(), end.toordinal() + 1):
        yield date.fromordinal(ordinal)


def truth(world: World, account_id: str, start: date, end: date, now: datetime) -> Json:
    """Day -> rows, ready for JSON."""
    days = days_between(max(start, HISTORY_START), min(end, now.date() + timedelta(days=1)))
    return {day.isoformat(): world.day(account_id, day, now) for day in days}
