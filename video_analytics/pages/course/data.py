"""What the pages of a course are given: its numbers, with those of small groups of viewers withheld.

Numbers stand in lists by period, all dates first, and in these by chunk. None is withheld, or what cannot be
known of a video of unknown duration; a negative count -n is "n or more". Seconds have one digit, ratios two.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from video_analytics.errors import LakeError
from video_analytics.lake import Lake
from video_analytics.pages.course.cube import Cube, Numbers, cube
from video_analytics.pages.course.parts import Parts, coded
from video_analytics.pages.hiding import Family, Mask, hide_counts, small
from video_analytics.pages.hiding_sums import hide_rows, hide_sums
from video_analytics.panopto.measures import rules_of
from video_analytics.settings import Panopto

Json = dict[str, Any]


def course_data(lake: Lake, course_id: str, settings: Panopto, k: int) -> Json | None:
    """The data of a course's pages; None if the course was not listed or its coverage not computed yet."""
    exact = cube(lake, course_id, rules_of(settings), settings.trailing_days)
    if exact is None:
        return None
    percent = settings.completed_percent
    try:
        numbers = hidden(exact, k)
    except ValueError as error:  # the tables are not of one computation, as it broke off between them
        raise LakeError(
            f"Panopto course {course_id}: expected tables of coverage that agree, got {error}; "
            "materialize panopto/chunked_coverage again"
        ) from error
    return {
        "k": k,
        "completed_percent": int(percent) if percent.is_integer() else percent,
        "chunks": settings.chunks,
        "zone": settings.zone,
        **numbers,
    }


def hidden(exact: Cube, k: int) -> Json:
    """The numbers of a cube of which no group of fewer than k viewers can be told; k = 1 shows them all."""
    periods = 1 + len(exact.months)
    shown = _shown(exact, k)
    videos = [_video(exact, shown, number) for number in range(len(exact.videos))]
    return {
        "course": {"id": exact.id, "name": exact.name},
        "refreshed": _minute(exact.refreshed),
        "provisional": [day.isoformat() for day in exact.provisional],
        "periods": _periods(exact),
        "days": [day.isoformat() for day in exact.days],
        "totals": {
            "viewers": shown.course_viewers[:periods],
            "watch": shown.course_watch,
            **_totals(videos, periods),
            "days": shown.course_viewers[periods:],
        },
        "videos": videos,
    }


@dataclass(frozen=True)
class _Shown:
    """The numbers as JSON has them: two of the course, and lists of those of its videos."""

    course_viewers: list[Any]  # periods and days, as in a cube
    course_watch: list[Any]
    viewers: list[Any]
    watch: list[Any]
    rewatch: list[Any]
    completed: list[Any]
    any: list[Any]
    full: list[Any]
    time: list[Any]
    ratio: list[Any]


def _shown(exact: Cube, k: int) -> _Shown:
    """What is shown of each number; of a video of unknown duration that is its viewers."""
    periods = 1 + len(exact.months)
    measured = np.array([video.duration is not None for video in exact.videos], dtype=np.bool_)
    known, parts_known = measured[:, None], measured[:, None, None]
    hidden_viewers = hide_counts(exact.viewers, k, _of_course(exact), _of_dates(exact))
    viewers = _listed(exact.viewers.astype(object), hidden_viewers)
    hidden, whole = hidden_viewers[1:, :periods], exact.viewers[1:, :periods]

    no_watch = np.ones_like(hidden_viewers[:, :periods])
    rows = np.concatenate([[True], measured])
    no_watch[rows] = hide_sums(hidden_viewers[rows, :periods], exact.watch[rows])
    watch = _rounded(exact.watch, no_watch, 1)

    any_shown, no_any = coded(Parts(exact.any, whole, hidden, cover=True), k)
    most = np.where(no_any | (any_shown < 0), whole[:, :, None], exact.any)
    full_shown, no_full = coded(Parts(exact.full, whole, hidden, most=most), k, _for_others(exact, no_any, k))
    of_video = Parts(exact.completed[:, :, None], whole, hidden)
    completed, no_completed = (each[:, :, 0] for each in coded(of_video, k))
    no_time = hide_rows(exact.any, no_watch[1:] & known, exact.watch[1:], k) | ~known
    no_ratio = no_time[:, :1] | small(exact.any[:, 0], k) | np.isnan(exact.ratio)
    return _Shown(
        course_viewers=viewers[0],
        course_watch=watch[0],
        viewers=viewers[1:],
        watch=watch[1:],
        rewatch=_rounded(exact.rewatch, no_watch[1:, 0], 1),
        completed=_listed(completed.astype(object), no_completed | ~known),
        any=_listed(any_shown.astype(object), no_any | ~parts_known),
        full=_listed(full_shown.astype(object), no_full | ~parts_known),
        time=_rounded(exact.time, np.broadcast_to(no_time[:, :, None], exact.time.shape), 1),
        ratio=_rounded(exact.ratio, no_ratio, 2),
    )


def _for_others(exact: Cube, hidden: Mask, k: int) -> Mask:
    """Where viewers of a chunk are withheld though not few: there those of all of the chunk are, too."""
    return hidden & ~small(exact.any, k)


def _of_course(exact: Cube) -> list[Family]:
    """The course's viewers are the union of its videos'."""
    return [(0, range(1, len(exact.videos) + 1))]


def _of_dates(exact: Cube) -> list[Family]:
    """All dates are the union of the months, a month is that of its days."""
    months = range(1, 1 + len(exact.months))
    first = 1 + len(exact.months)
    days: dict[date, list[int]] = {}
    for place, day in enumerate(exact.days, first):
        days.setdefault(day.replace(day=1), []).append(place)
    of_months = zip(months, exact.months, strict=True)
    return [(0, months), *((period, days[month]) for period, month in of_months)]


def _video(exact: Cube, shown: _Shown, number: int) -> Json:
    video, periods = exact.videos[number], 1 + len(exact.months)
    viewers = shown.viewers[number]
    return {
        "id": video.id,
        "name": video.name,
        "folder": video.folder,
        "duration": video.duration,
        **({"unread": True} if video.unread else {}),
        "viewers": viewers[:periods],
        "completed": shown.completed[number],
        "watch": shown.watch[number],
        "rewatch": shown.rewatch[number],
        "any": shown.any[number],
        "full": shown.full[number],
        "time": shown.time[number],
        "ratio": shown.ratio[number],
        "days": {str(day): count for day, count in enumerate(viewers[periods:]) if count != 0},
    }


def _totals(videos: Sequence[Json], periods: int) -> Json:
    """Viewers of videos and completions by period, of what is shown of the videos, so that both tell no more.

    Of videos whose viewers are shown; completions that are not shown count as none, or as many as are told,
    and then the sum is "so many or more", withheld where that would be none.
    """
    totals: Json = {"completed": [], "pairs": []}
    for period in range(periods):
        shown = [
            (video["viewers"][period], video["completed"][period])
            for video in videos
            if video["duration"] is not None and video["viewers"][period] is not None
        ]
        sure = sum(abs(completed or 0) for _, completed in shown)
        exact = all(completed is not None and completed >= 0 for _, completed in shown)
        totals["completed"].append(sure if exact else (-sure or None))
        totals["pairs"].append(sum(viewers for viewers, _ in shown))
    return totals


def _periods(exact: Cube) -> list[Json]:
    ends = [exact.days[0], exact.days[-1]] if exact.days else []
    first, last = (day.isoformat() for day in ends) if ends else (None, None)
    periods: list[Json] = [{"id": "all", "label": "All dates", "first": first, "last": last}]
    for month in exact.months:
        days = monthrange(month.year, month.month)[1]
        periods.append(
            {
                "id": f"{month:%Y-%m}",
                "label": f"{_MONTHS[month.month - 1]} {month.year}",
                "first": max(month, ends[0]).isoformat(),
                "last": min(month.replace(day=days), ends[1]).isoformat(),
            }
        )
    return periods


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _minute(instant: datetime | None) -> str | None:
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%MZ")


def _rounded(numbers: Numbers, withheld: ArrayLike, digits: int) -> list[Any]:
    """Numbers with so many digits; whole ones without a point, which is shorter."""
    rounded = np.round(np.nan_to_num(numbers), digits)
    whole = rounded == np.floor(rounded)
    said = rounded.astype(object)
    said[whole] = rounded[whole].astype(np.int64).astype(object)
    return _listed(said, withheld)


def _listed(said: np.ndarray[Any, np.dtype[np.object_]], withheld: ArrayLike) -> list[Any]:
    said[np.asarray(withheld)] = None
    listed: list[Any] = said.tolist()
    return listed
