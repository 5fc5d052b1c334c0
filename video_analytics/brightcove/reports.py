"""Analytics answers as tables: strict decoding, the vendor's totals as proof, one table a day.

Pure: bytes in, columns out. An answer that is not a report raises ValueError (the session calls it
malformed); one that contradicts itself raises Incomplete with both numbers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from video_analytics.brightcove.tables import COUNTS, DAILY_ANALYTICS, DEVICES, METRICS
from video_analytics.brightcove.windows import Window
from video_analytics.decoding import decoder
from video_analytics.errors import Incomplete

R = TypeVar("R")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_ROWS = 1_000_000  # documented: at most this many items are returned
LARGEST_COUNT = 2.0**53  # beyond it a count has lost digits on its way through JSON


class ViewRow(msgspec.Struct, gc=False):
    """One item of the `video,date` report; a metric is null while the vendor has no value."""

    video: str | None
    date: str
    video_view: float | None
    video_impression: float | None
    video_engagement_1: float | None
    video_engagement_25: float | None
    video_engagement_50: float | None
    video_engagement_75: float | None
    video_engagement_100: float | None
    video_percent_viewed: float | None
    video_seconds_viewed: float | None
    video_name: str | None = None


class DeviceRow(msgspec.Struct, gc=False):
    """One item of a device report; `date` is absent where the window is one day."""

    video: str | None
    device_type: str | None
    video_view: float | None
    date: str | None = None


class Report(msgspec.Struct, Generic[R]):
    """An answer of `/data`."""

    item_count: int
    items: list[R]
    summary: dict[str, Any] | None


_VIEWS = decoder(Report[ViewRow])
_DEVICES = decoder(Report[DeviceRow])


@dataclass(frozen=True)
class Views:
    """The rows of a `video,date` report as columns; `day` counts from the window's first day."""

    video: pa.Array
    name: pa.Array
    day: Ints
    metrics: dict[str, Floats]


@dataclass(frozen=True)
class Devices:
    """The rows of a device report as columns; `device` is a position in `tables.DEVICES`."""

    video: pa.Array
    day: Ints
    device: Ints
    views: Floats
    first: date
    unknown: int


@dataclass(frozen=True)
class Day:
    """One account's day, checked: rows in the shape of `tables.DAILY_ANALYTICS` without the reading's marks.

    `unattributed` sums the rows without a video, metric by metric; `notes` counts what is odd but no
    error; `cost` tells the calls, retries and seconds of the whole window.
    """

    date: date
    rows: pa.Table
    unattributed: dict[str, float]
    window: Window
    notes: dict[str, int] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)


def views(body: bytes, window: Window, where: str) -> Views:
    """Decode and check a `video,date` report."""
    report = _VIEWS(body)
    rows = report.items
    _check_count(report.item_count, len(rows), where)
    columns = Views(
        video=_videos(row.video for row in rows),
        name=pa.array([row.video_name for row in rows], pa.string()),
        day=_days([row.date for row in rows], window),
        metrics={name: _metric(list(map(attrgetter(name), rows)), name) for name in METRICS},
    )
    _check_summary(columns.metrics, report.summary, where)
    _check_unique(columns.video, columns.day, "video, date", where)
    return columns


def devices(body: bytes, window: Window, where: str) -> Devices:
    """Decode and check a device report, of a range or of one day."""
    report = _DEVICES(body)
    rows = report.items
    _check_count(report.item_count, len(rows), where)
    kinds = [row.device_type or "other" for row in rows]
    columns = Devices(
        video=_videos(row.video for row in rows),
        day=_days([_day_of(row, window) for row in rows], window),
        device=np.array([_DEVICE_NUMBER.get(kind, _OTHER) for kind in kinds], dtype=np.int64),
        views=_metric([row.video_view for row in rows], "video_view"),
        first=window.first,
        unknown=sum(kind not in _DEVICE_NUMBER for kind in kinds),
    )
    _check_summary({"video_view": columns.views}, report.summary, where)
    names = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    kind_numbers = np.array([names[kind] for kind in kinds], dtype=np.int64)
    _check_unique(
        columns.video, columns.day * max(1, len(names)) + kind_numbers, "video, date, device", where
    )
    return columns


_DEVICE_NUMBER = {device: number for number, device in enumerate(DEVICES)}
_OTHER = _DEVICE_NUMBER["other"]


@dataclass(frozen=True)
class Split:
    """Device views beside the rows of `Views`: one row each, one column a device."""

    by_row: Floats
    stray: Counter[int]  # by day: views of videos that the views report does not have
    loose: Counter[int]  # by day: views without a video
    unknown: int  # rows of an undocumented device type, counted as "other"


def join(seen: Views, answers: Sequence[Devices], window: Window, where: str, recent: date) -> list[Day]:
    """Views and their devices as one table for each wanted day.

    Raises:
        Incomplete: devices do not add up to views on a day before `recent`.
    """
    split = _split(seen, answers, window)
    table = _sorted_table(seen, split)
    edges = np.searchsorted(table["_day"].to_numpy(), np.arange(window.days + 1))
    result = []
    for day in window.wanted:
        number = (day - window.first).days
        rows = table.slice(edges[number], edges[number + 1] - edges[number])
        unattributed = _unattributed(rows)
        odd = pc.sum(rows["_differs"]).as_py() or 0
        odd += bool(split.stray[number]) + (split.loose[number] != unattributed.get("video_view", 0))
        if odd and day < recent:
            raise Incomplete(_disagreement(rows, split.stray[number] + split.loose[number], day, where))
        notes = {"device_mismatches": odd} if odd else {}
        notes |= {"unknown_devices": split.unknown} if split.unknown else {}
        attributed = rows.filter(pc.is_valid(rows["video_id"])).drop_columns(["_day", "_differs"])
        result.append(Day(day, attributed, unattributed, window, notes))
    return result


def _split(seen: Views, answers: Sequence[Devices], window: Window) -> Split:
    by_row = np.zeros((len(seen.day), len(DEVICES)))
    names = seen.video.drop_null().unique()
    order, keys = _sorted_keys(seen, names)
    stray: Counter[int] = Counter()
    loose: Counter[int] = Counter()
    for answer in answers:
        counts = np.nan_to_num(answer.views)
        days = answer.day + (answer.first - window.first).days
        rows = _row_of(answer.video, days, names, order, keys)
        np.add.at(by_row, (rows[rows >= 0], answer.device[rows >= 0]), counts[rows >= 0])
        named = pc.is_valid(answer.video).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(rows < 0):
            (stray if named[place] else loose)[int(days[place])] += int(counts[place])
    return Split(by_row, stray, loose, sum(answer.unknown for answer in answers))


def _sorted_table(seen: Views, split: Split) -> pa.Table:
    """All rows by day and video, with `_day` and whether its devices and its views differ."""
    seen_views = seen.metrics["video_view"]
    differs = ~np.isnan(seen_views) & (np.nan_to_num(seen_views) != split.by_row.sum(axis=1))
    differs &= pc.is_valid(seen.video).to_numpy(zero_copy_only=False)
    table = _table(seen, split.by_row)
    table = table.append_column("_day", pa.array(seen.day)).append_column("_differs", pa.array(differs))
    return table.sort_by([("_day", "ascending"), ("video_id", "ascending")])


def _disagreement(rows: pa.Table, elsewhere: int, day: date, where: str) -> str:
    by_device = sum(pc.sum(rows[f"views_{device}"]).as_py() or 0 for device in DEVICES) + elsewhere
    return (
        f"{where}: {day}: expected {pc.sum(rows['video_view']).as_py() or 0:,} views, devices add up to "
        f"{by_device:,} ({elsewhere:,} of them without a row of their own), "
        f"{pc.sum(rows['_differs']).as_py() or 0:,} video-days differ; "
        "the vendor's two reports disagree: try again later"
    )


def _table(seen: Views, split: Floats) -> pa.Table:
    columns: dict[str, Any] = {"video_id": seen.video, "video_name": seen.name}
    columns |= {
        name: _typed(values, DAILY_ANALYTICS.schema.field(name).type) for name, values in seen.metrics.items()
    }
    nothing_known = np.isnan(seen.metrics["video_view"]) & (split.sum(axis=1) == 0)
    columns |= {
        f"views_{device}": pa.array(split[:, n].astype(np.int64), mask=nothing_known)
        for n, device in enumerate(DEVICES)
    }
    return pa.table(columns)


def _typed(values: Floats, kind: pa.DataType) -> pa.Array:
    missing = np.isnan(values)
    whole = np.where(missing, 0, values).astype(np.int64) if pa.types.is_integer(kind) else values
    return pa.array(whole, kind, mask=missing)


def _unattributed(rows: pa.Table) -> dict[str, float]:
    loose = rows.filter(pc.is_null(rows["video_id"]))
    return {name: pc.sum(loose[name]).as_py() or 0 for name in METRICS} if len(loose) else {}


def _videos(ids: Iterable[str | None]) -> pa.Array:
    """Video ids as text; traffic that cannot be tied to a video stays null."""
    return pa.array([video or None for video in ids], pa.string())


def _day_of(row: DeviceRow, window: Window) -> str:
    if row.date is not None:
        return row.date
    if window.first != window.last:
        raise ValueError("Object missing required field `date` - at `$.items[...]`")
    return window.first.isoformat()


def _days(texts: list[str], window: Window) -> Ints:
    """ISO days as numbers from the window's first day; a day that was not asked for is an error."""
    numbers = {text: _day_number(text, window) for text in set(texts)}
    return np.array([numbers[text] for text in texts], dtype=np.int64)


def _day_number(text: str, window: Window) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:  # its text would quote the answer
        raise ValueError("Expected an ISO day - at `$.items[...].date`") from None
    if not window.first <= day <= window.last:
        raise ValueError(f"a row of {day} in a report of {window}")
    return (day - window.first).days


def _metric(values: list[float | None], name: str) -> Floats:
    numbers = np.array(values, dtype=np.float64)  # None becomes NaN; JSON itself has no NaN
    given = numbers[~np.isnan(numbers)]
    if (given < 0).any():
        raise ValueError(f"a negative {name}")
    if name in COUNTS and ((given != np.floor(given)).any() or (given > LARGEST_COUNT).any()):
        raise ValueError(f"a {name} that is no whole number below 2^53")
    return numbers


def _check_count(item_count: int, rows: int, where: str) -> None:
    if item_count >= MOST_ROWS:
        raise Incomplete(
            f"{where}: {item_count:,} rows, at the vendor's limit of {MOST_ROWS:,}; ask for fewer days"
        )
    if item_count != rows:
        raise Incomplete(
            f"{where}: expected {item_count:,} rows by `item_count`, got {rows:,}; try again later"
        )


def _check_summary(metrics: dict[str, Floats], summary: dict[str, Any] | None, where: str) -> None:
    totals = summary or {}
    for name, values in metrics.items():
        total, added = totals.get(name), float(np.nansum(values))
        number = isinstance(total, int | float | None) and not isinstance(total, bool)
        if not number or abs(total or 0) > LARGEST_COUNT:
            raise ValueError(f"Expected a number below 2^53 - at `$.summary.{name}`")
        if total is None and name == "video_view" and added:
            raise Incomplete(
                f"{where}: rows add up to {added:,g} views, the summary has no `video_view`; try again later"
            )
        if total is not None and abs(total - added) > 1e-6 * max(1.0, abs(added)):
            raise Incomplete(
                f"{where}: {name}: expected {total:,.10g} by `summary`, "
                f"rows add up to {added:,.10g}; try again later"
            )


def _check_unique(video: pa.Array, rest: Ints, key: str, where: str) -> None:
    """No key twice, among rows that have a video."""
    numbers = video.dictionary_encode().indices
    valid = pc.is_valid(video).to_numpy(zero_copy_only=False)
    codes = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    combined = (rest * (int(codes.max(initial=0)) + 1) + codes)[valid]
    repeats = len(combined) - len(np.unique(combined))
    if repeats:
        raise Incomplete(
            f"{where}: {repeats:,} of {len(combined):,} rows repeat a key ({key}); try again later"
        )


def _sorted_keys(seen: Views, names: pa.Array) -> tuple[Ints, Ints]:
    keys = _keys(seen.video, seen.day, names)
    order = np.argsort(keys, kind="stable")
    return order, keys[order]


def _keys(video: pa.Array, day: Ints, names: pa.Array) -> Ints:
    """(day, video) as one number; -1 for a video that is not among `names`."""
    codes = (
        pc.fill_null(pc.index_in(video, value_set=names), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    )
    return np.where(codes < 0, -1, day * max(1, len(names)) + codes)


def _row_of(video: pa.Array, day: Ints, names: pa.Array, order: Ints, keys: Ints) -> Ints:
    """The row of `Views` that has the same key; -1 where there is none."""
    wanted = _keys(video, day, names)
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where((wanted >= 0) & (keys[place] == wanted), order[place], -1)
