"""A frame as the vendor's JSON: sorted, paged, summed up and encoded in chunks (a million rows fit)."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
import numpy as np

from video_analytics.sandbox.accounts import ACCOUNTS
from video_analytics.sandbox.catalogue import NEVER, Catalogue, Floats, Ints
from video_analytics.sandbox.combinations import RATIOS
from video_analytics.sandbox.frame import ACCOUNT_STEP, Frame
from video_analytics.sandbox.query import ALL, Query
from video_analytics.sandbox.traffic import DEVICES, METRICS, day_bounds
from video_analytics.sandbox.videos import name_version, video_object
from video_analytics.sandbox.world import World, milliseconds, shown

Json = dict[str, Any]
_CHUNK = 20_000
_PER_KEY: dict[str, tuple[str, Callable[[int], str]]] = {
    # column: the key it comes from, and how that code is written
    "date": ("date", lambda code: date.fromordinal(code).isoformat()),
    "device_type": ("device_type", lambda code: DEVICES[code]),
    "account": ("account", lambda code: ACCOUNTS[code].id),
    "account.name": ("account", lambda code: ACCOUNTS[code].name),
}
_PER_VIDEO: dict[str, Callable[[Catalogue, int], str]] = {
    "video": lambda catalogue, position: catalogue.ids[position],
    "video_duration": lambda catalogue, position: str(int(catalogue.duration[position]) // 1000),
}


def render(world: World, query: Query, frame: Frame, now: datetime, row_cap: int) -> bytes:
    """The whole answer: all matching rows are counted and summed, the page is listed."""
    frame = Frame(frame.keys, frame.metrics | {name: _ratio(frame.metrics, name) for name in RATIOS})
    order = _order(world, query, frame)
    last = min(query.offset + min(query.limit, row_cap), len(order))
    head = {"item_count": len(frame)}
    tail = {"summary": _summary(query, frame)}
    parts = [msgspec.json.encode(head)[:-1], b',"items":[']
    for start in range(query.offset, last, _CHUNK):
        rows = frame.only(order[start : min(start + _CHUNK, last)])
        comma = b"," if start > query.offset else b""
        parts += [comma, msgspec.json.encode(_rows(world, query, rows, now))[1:-1]]
    return b"".join([*parts, b"],", msgspec.json.encode(tail)[1:]])


def _ratio(metrics: dict[str, Floats], name: str) -> Floats:
    top, bottom = (metrics[column] for column in RATIOS[name])
    empty = 0.0 if name == "play_rate" else np.nan  # the vendor's samples: 0 for one, null for the other
    ratio: Floats = np.divide(top, bottom, out=np.full(len(top), empty), where=bottom > 0)
    return ratio


def _order(world: World, query: Query, frame: Frame) -> Ints:
    """Sorted positions. Ties fall differently for each page, as the vendor promises no second key."""
    rows = np.arange(len(frame), dtype=np.uint64)
    salt = np.uint64((query.offset * 31 + min(query.limit, ALL) % 9_973) * 2 + 1)
    mixed = (rows + salt) * np.uint64(0x9E3779B97F4A7C15)  # wraps round on purpose
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    if query.sort is None:
        return np.argsort(mixed)
    key = _sort_key(world, query, frame)
    return np.lexsort((mixed, -key if query.descending else key))


def _sort_key(world: World, query: Query, frame: Frame) -> Any:
    name = query.sort or ""
    if name in frame.metrics:
        return frame.metrics[name]
    if name in frame.keys:
        return frame.keys[name]
    texts = [text or "" for text in _texts(world, query, frame, name)]
    ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    return np.array([ranks[text] for text in texts], dtype=np.int64)


def _summary(query: Query, frame: Frame) -> Json:
    totals = {name: np.array([np.nansum(frame.metrics[name])]) for name in METRICS}
    totals |= {name: _ratio(totals, name) for name in RATIOS}
    return {name: shown(name, totals[name])[0] for name in query.fields if name in totals}


def _rows(world: World, query: Query, frame: Frame, now: datetime) -> list[Json]:
    columns: dict[str, list[Any]] = {}
    for name in (*query.dimensions, *query.fields):
        metric = frame.metrics.get(name)
        columns[name] = shown(name, metric) if metric is not None else _texts(world, query, frame, name, now)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _texts(
    world: World, query: Query, frame: Frame, name: str, now: datetime | None = None
) -> list[str | None]:
    """A column that is not a number."""
    if name == "video_name":
        return _names(world, query, frame)
    if name in _PER_VIDEO:
        return _per_video(world, frame.keys["video"], _PER_VIDEO[name])
    if name in _PER_KEY:
        key, text = _PER_KEY[name]
        return _mapped(frame.keys[key], text)
    return _fresh(world, frame.keys["video"], name.removeprefix("video."), now)


def _mapped(codes: Ints, text: Callable[[int], str | None]) -> list[str | None]:
    table: dict[int, str | None] = {code: text(code) for code in np.unique(codes).tolist()}
    return [table[code] for code in codes.tolist()]


def _per_video(world: World, codes: Ints, value: Callable[[Any, int], Any]) -> list[Any]:
    catalogues = [world.catalogue(account.id) for account in world.accounts]
    seen = {
        code: None if code < 0 else value(catalogues[code // ACCOUNT_STEP], code % ACCOUNT_STEP)
        for code in np.unique(codes).tolist()
    }
    return [seen[code] for code in codes.tolist()]


def _names(world: World, query: Query, frame: Frame) -> list[str | None]:
    """The name at the time of the event: of the row's day, or of the last day of the window."""
    codes, instants = frame.keys["video"], np.zeros(len(frame), dtype=np.int64)
    renamed = np.full(len(frame), NEVER)
    for account in query.accounts:
        mine = (codes >= 0) & (codes // ACCOUNT_STEP == account.index)
        last = np.full(len(frame), query.windows[account.id][1].toordinal())
        days = frame.keys["date"] if "date" in query.dimensions else last
        instants[mine] = _day_ends(account.zone, days[mine])
        renamed[mine] = world.catalogue(account.id).renamed[codes[mine] % ACCOUNT_STEP]
    versions = np.where(codes < 0, -1, codes * 2 + (renamed <= instants))
    return _mapped(versions, lambda version: _name(world, version))


def _day_ends(zone: str, ordinals: Ints) -> Ints:
    days, inverse = np.unique(ordinals, return_inverse=True)
    ends = [day_bounds(zone, date.fromordinal(day))[1] for day in days.tolist()]
    return np.array(ends, dtype=np.int64)[inverse]


def _name(world: World, version: int) -> str | None:
    if version < 0:
        return None
    code, renamed = divmod(version, 2)
    catalogue = world.catalogue(ACCOUNTS[code // ACCOUNT_STEP].id)
    return name_version(catalogue, code % ACCOUNT_STEP, renamed)


def _fresh(world: World, codes: Ints, name: str, now: datetime | None) -> list[Any]:
    """`video.*`: the CMS's value as of now; null for a deleted video or an unknown field."""
    instant = milliseconds(now) if now else 0
    head, _dot, field = name.partition(".")

    def value(catalogue: Any, position: int) -> Any:
        if catalogue.deleted[position] <= instant:
            return None
        found = video_object(catalogue, position, instant).get(head)
        return found.get(field) if field and isinstance(found, dict) else found

    return _per_video(world, codes, value)
