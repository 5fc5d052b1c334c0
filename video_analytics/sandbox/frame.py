"""The rows a query is about, as columns: collected from the world, split by device, filtered and grouped."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from video_analytics.sandbox.accounts import Account
from video_analytics.sandbox.catalogue import Floats, Ints, Mask
from video_analytics.sandbox.query import Query
from video_analytics.sandbox.traffic import COUNTS, DEVICES, METRICS, Day
from video_analytics.sandbox.world import HISTORY_START, World, days_between

ACCOUNT_STEP = 10_000_000  # a video's code is its account's index times this, plus its position
NO_VIDEO = -1


@dataclass(frozen=True, slots=True)
class Frame:
    """Key columns (codes) and metric columns of equal length; NaN is null."""

    keys: dict[str, Ints]
    metrics: dict[str, Floats]

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(self.keys.values())))

    def only(self, rows: Mask | Ints) -> "Frame":
        """Some of the rows."""
        keys = {name: column[rows] for name, column in self.keys.items()}
        return Frame(keys, {name: column[rows] for name, column in self.metrics.items()})


def collect(world: World, query: Query, now: datetime) -> Frame:
    """The answer's rows, in no particular order."""
    with_devices = "device_type" in query.dimensions or "device_type" in query.where
    pieces = []
    for account in query.accounts:
        start, end = query.windows[account.id]
        today = now.date().toordinal() + 1  # no zone is further ahead
        for day in days_between(max(start, HISTORY_START), date.fromordinal(min(end.toordinal(), today))):
            table = world.table(account.id, day, now)
            if len(table.video):
                pieces.append(_piece(account, day, table, with_devices=with_devices))
    frame = _filtered(world, _joined(pieces), query.where)
    exact = {"video", "date"} | ({"account"} if len(query.accounts) > 1 else set())
    exact |= {"device_type"} if with_devices else set()
    return frame if exact <= set(query.dimensions) else _grouped(frame, query.dimensions)


def _piece(account: Account, day: date, table: Day, *, with_devices: bool) -> Frame:
    codes = np.where(table.video < 0, NO_VIDEO, table.video + account.index * ACCOUNT_STEP)
    keys = {
        "account": np.full(len(codes), account.index, dtype=np.int64),
        "video": codes,
        "date": np.full(len(codes), day.toordinal(), dtype=np.int64),
        "device_type": np.zeros(len(codes), dtype=np.int64),
    }
    frame = Frame(keys, table.metrics)
    return _by_device(frame, table.devices) if with_devices else frame


def _by_device(frame: Frame, devices: Ints) -> Frame:
    """One row per video and device; a row without views was loaded on the first device."""
    marked = devices.copy()
    marked[devices.sum(axis=1) == 0, 0] = 1
    rows, kinds = np.nonzero(marked)
    totals = marked.sum(axis=1)
    share = marked[rows, kinds] / totals[rows]
    _found, first = np.unique(rows, return_index=True)
    split = frame.only(rows)
    metrics = {name: column * share for name, column in split.metrics.items()}
    for name in COUNTS:  # counts stay whole: the first device takes what rounding left over
        column = np.floor(split.metrics[name] * share + 1e-9)
        column[first] += frame.metrics[name] - np.bincount(rows, column)
        metrics[name] = column
    metrics["video_view"] = devices[rows, kinds].astype(float)
    return Frame({**split.keys, "device_type": kinds}, metrics)


def _joined(pieces: list[Frame]) -> Frame:
    if not pieces:
        nothing = {name: np.zeros(0, dtype=np.int64) for name in ("account", "video", "date", "device_type")}
        return Frame(nothing, {name: np.zeros(0) for name in METRICS})
    keys = {name: np.concatenate([piece.keys[name] for piece in pieces]) for name in pieces[0].keys}
    return Frame(keys, {name: np.concatenate([piece.metrics[name] for piece in pieces]) for name in METRICS})


def _filtered(world: World, frame: Frame, where: dict[str, frozenset[str]]) -> Frame:
    for name, values in where.items():
        frame = frame.only(np.isin(frame.keys[name], _codes(world, name, values)))
    return frame


def _codes(world: World, name: str, values: frozenset[str]) -> list[int]:
    if name == "device_type":
        return [DEVICES.index(value) for value in values if value in DEVICES]
    if name == "account":
        return [account.index for account in world.accounts if account.id in values]
    known = ((account, world.catalogue(account.id).index) for account in world.accounts)
    return [a.index * ACCOUNT_STEP + index[v] for a, index in known for v in values if v in index]


def _grouped(frame: Frame, dimensions: tuple[str, ...]) -> Frame:
    """Sums per combination of keys; null only where every part is null."""
    if not len(frame):
        return frame
    stacked = np.stack([frame.keys[name] for name in dimensions])
    _groups, first, inverse = np.unique(stacked, axis=1, return_index=True, return_inverse=True)
    inverse, count = inverse.reshape(-1), len(first)
    metrics = {}
    for name, column in frame.metrics.items():
        known = ~np.isnan(column)
        total = np.bincount(inverse, np.where(known, column, 0.0), count)
        metrics[name] = np.where(np.bincount(inverse, known, count) > 0, total, np.nan)
    return Frame({name: column[first] for name, column in frame.keys.items()}, metrics)
