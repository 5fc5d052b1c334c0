"""Which parts of viewers are withheld so that no small part can be computed back. Pure.

The parts of a video's viewers in a period: those who saw something of a chunk, or enough of it, or enough of
the video. `hiding.coded_part` judges each for itself, `hiding.hide_parts` takes into account that the part of
all dates is the union of those of the months. But a reader also knows that each viewer saw something of some
chunk, and that nobody is in a part who is not among the viewers. Where that would tell something, more is
withheld: first the chunk's months, so that its all dates stay if they can.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from video_analytics.pages.hiding import Counts, Mask, coded_part, hide_parts, small

_UNBOUNDED = 1 << 40
_SMALLEST_GUESSED = 3  # with a k below, to be withheld tells the number, whatever else is


@dataclass(frozen=True)
class Parts:
    """Parts of viewers: videos x periods x chunks; period 0 is all dates, the union of the others.

    `whole` are the viewers themselves, videos x periods, and `hidden` says which of these are withheld. With
    `cover` each viewer is in some part. No part is more than `most`, as far as a reader knows that.
    """

    counts: Counts
    whole: Counts
    hidden: Mask
    cover: bool = False
    most: Counts | None = None


def coded(parts: Parts, k: int, also: Mask | None = None) -> tuple[Counts, Mask]:
    """What is shown of the parts, as by `coded_part`, and where nothing is; nothing where `also` is true."""
    shape = videos, periods, chunks = parts.counts.shape

    def lines(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.broadcast_to(table, shape).transpose(0, 2, 1).reshape(videos * chunks, periods)

    counts, whole, hidden = (
        lines(table) for table in (parts.counts, parts.whole[:, :, None], parts.hidden[:, :, None])
    )
    _, some = hide_parts(counts, whole, hidden, k, [], [(0, range(1, periods))])
    more = some & ~coded_part(counts, whole, k, hidden)[1]
    for_others = more.reshape(videos, chunks, periods).transpose(0, 2, 1)
    gone = withheld(parts, k, for_others if also is None else for_others | also)
    return coded_part(parts.counts, parts.whole[:, :, None], k, gone)


def withheld(parts: Parts, k: int, also: Mask | None = None) -> Mask:
    """Which parts are withheld whatever they are: those of withheld viewers, those of `also`, and more.

    The others are to be shown by `coded_part`. Promised: at least two values of each small part and of each
    small rest (1 ... k - 1) agree with what is shown, the limits of each part, the unions, and `cover`; and
    no withheld number of viewers is told by its parts.
    """
    gone = np.repeat(parts.hidden[:, :, None], parts.counts.shape[2], axis=2)
    gone |= False if also is None else also
    while k >= _SMALLEST_GUESSED:
        known = _known(parts, gone, k)
        steps = (widened(known) & ~gone for widened in _WAYS)
        more = next((step for step in steps if step.any()), None)
        if more is None:
            break
        gone |= more
    return gone


def _months_of_chunk(found: Mask) -> Mask:
    wider = np.zeros_like(found)
    wider[:, 1:] = found.any(axis=1, keepdims=True)
    return wider


def _all_of_period(found: Mask) -> Mask:
    return np.broadcast_to(found.any(axis=2, keepdims=True), found.shape)


def _all_of_video(found: Mask) -> Mask:
    return np.broadcast_to(found.any(axis=(1, 2), keepdims=True), found.shape)


_WAYS: tuple[Callable[[Mask], Mask], ...] = (_months_of_chunk, _all_of_period, _all_of_video)


def _known(parts: Parts, gone: Mask, k: int) -> Mask:
    """Where a small part or rest is known, or a withheld number of viewers is not less than its part."""
    whole, hidden = parts.whole[:, :, None], parts.hidden[:, :, None]
    least, most = _tightened(parts, *_told(parts, gone, k), k)
    delicate = small(parts.counts, k) | small(whole - parts.counts, k)
    bounded = hidden & (least >= np.maximum(whole, 2))
    return np.asarray((delicate & ~hidden & (least == most)) | bounded)


def _told(parts: Parts, gone: Mask, k: int) -> tuple[Counts, Counts]:
    """The least and the most each part can be by what is shown in its own place."""
    counts, whole = parts.counts, np.broadcast_to(parts.whole[:, :, None], parts.counts.shape)
    low, high = small(counts, k), small(whole - counts, k)
    bound = whole - k + 1  # what is shown of a part with a small rest
    either = (low | high) & (bound < k)  # a dot that stands for anything but none and all
    least = np.select([gone, either, low, high], [0, 1, 1, bound], counts)
    most = np.select([gone, either, low, high], [whole, whole - 1, k - 1, whole - 1], counts)
    of_hidden = np.where(small(parts.whole, k), k - 1, _UNBOUNDED)[:, :, None]
    most = np.where(parts.hidden[:, :, None], of_hidden, most)
    return least, most if parts.most is None else np.minimum(most, parts.most)


def _tightened(parts: Parts, least: Counts, most: Counts, k: int) -> tuple[Counts, Counts]:
    """The same after all that follows from the unions."""
    viewers = np.where(parts.hidden, np.where(small(parts.whole, k), 1, k), parts.whole)[:, :, None]
    while True:
        before = least.copy(), most.copy()
        if least.shape[1] > 1:
            most[:, 1:] = np.minimum(most[:, 1:], most[:, :1])
            most[:, 0] = np.minimum(most[:, 0], most[:, 1:].sum(axis=1))
            least[:, 0] = np.maximum(least[:, 0], least[:, 1:].max(axis=1))
            others = most[:, 1:].sum(axis=1, keepdims=True) - most[:, 1:]
            least[:, 1:] = np.maximum(least[:, 1:], least[:, :1] - others)
        if parts.cover:
            others = most.sum(axis=2, keepdims=True) - most
            least = np.maximum(least, viewers - others)
        if np.array_equal(before[0], least) and np.array_equal(before[1], most):
            return least, most
