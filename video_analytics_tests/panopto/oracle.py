"""Coverage counted cell by cell: slow, exact, and by no method the product uses.

A video is laid out in cells of one unit (so many milliseconds) divided by the number of chunks, and each
stretch adds one to every cell it passes over. All that is counted or summed are whole cells. Only a finished
row is in seconds and percent: whole numbers divided once, which Python rounds to the double that is nearest.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from video_analytics.panopto.coverage import Rules

Row = dict[str, Any]
Cells = NDArray[np.int64]
COUNTED = ("used", "clipped_start", "clipped_end")
IN_CELLS = {  # until the row is finished
    "chunk_start",
    "chunk_end",
    "covered_seconds",
    "watch_seconds",
    "rewatch_seconds",
    "anonymous_watch_seconds",
    "total_time_spent",
    "anonymous_time_spent",
}


@dataclass(frozen=True)
class Record:
    """A viewing record; positions in units."""

    session: str
    user: str
    time: datetime
    start: float  # an int, or a float that is no number
    length: float


@dataclass(frozen=True)
class World:
    """Records, and each session's duration in units; None is not known."""

    durations: Mapping[str, int | None]
    records: tuple[Record, ...]
    unit: int = 1  # milliseconds

    def seconds(self, units: float) -> float:
        """Units in seconds, as a vendor would send them."""
        return units if isinstance(units, float) else units * self.unit / 1000


def kind(world: World, record: Record) -> str:
    duration = world.durations.get(record.session) or 0
    end = record.start + record.length
    classes = {
        "unknown_session": record.session not in world.durations,
        "not_finite": not (math.isfinite(record.start) and math.isfinite(record.length)),
        "negative": record.length < 0,
        "zero_length": record.length == 0,
        "no_duration": duration <= 0,
        "outside": record.start >= duration or end <= 0,
        "clipped_end": end > duration,
        "clipped_start": record.start < 0,
        "used": True,
    }
    return next(name for name, holds in classes.items() if holds)


def counts(world: World) -> dict[str, int]:
    kinds = Counter(kind(world, record) for record in world.records)
    return {"records": len(world.records), **kinds}


def files(world: World, rules: Rules) -> dict[str, list[Row]]:
    """The rows of the five files."""
    zone = ZoneInfo(rules.zone)
    pairs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in world.records:
        pairs[record.session, record.user].append(record)
    found: dict[str, list[Row]] = {
        "chunked_coverage": [],
        "chunk_totals": [],
        "viewer_coverage": [],
    }
    for (session, user), records in sorted(pairs.items()):
        key = {"session_id": session, "user_id": user}
        for name, rows in _pair(world, rules, zone, records).items():
            found[name].extend(key | row for row in rows)
    found |= _measures(rules, found, world.durations)
    for row in (row for rows in found.values() for row in rows):
        for name in IN_CELLS & row.keys():
            row[name] = None if row[name] is None else row[name] * world.unit / (1000 * rules.chunks)
    return found


def _pair(world: World, rules: Rules, zone: ZoneInfo, records: list[Record]) -> dict[str, list[Row]]:
    counted = [record for record in records if kind(world, record) in COUNTED]
    unmeasured = [record for record in records if kind(world, record) == "no_duration"]
    days: dict[date, list[Record]] = defaultdict(list)
    for record in counted or unmeasured:
        days[record.time.astimezone(zone).date()].append(record)
    if not days:
        return {}
    session, user = records[0].session, records[0].user
    viewer: Row = {
        "days": len(days),
        **dict.fromkeys(
            ("covered_seconds", "percent_covered", "watch_seconds", "rewatch_seconds", "completed")
        ),
        "anonymous": int(user in rules.anonymous),
        "first_viewed": min(record.time for record in counted or unmeasured),
        "last_viewed": max(record.time for record in counted or unmeasured),
        "records": len(counted or unmeasured),
    }
    duration = world.durations[session]
    if not counted or not duration:
        return {"viewer_coverage": [viewer]}
    cells = _cells(counted, duration, rules.chunks)
    covered, watched = int(np.count_nonzero(cells)), int(cells.sum())
    viewer |= {
        "covered_seconds": covered,
        "percent_covered": 100 * covered / len(cells),
        "watch_seconds": watched,
        "rewatch_seconds": watched - covered,
        "completed": int(_completed(covered, len(cells), rules)),
    }
    chunk_days = [
        {"date": day, **row}
        for day, of_day in sorted(days.items())
        for row in _chunks(_cells(of_day, duration, rules.chunks), rules, "edges")
    ]
    return {
        "chunked_coverage": chunk_days,
        "chunk_totals": list(_chunks(cells, rules, "covered")),
        "viewer_coverage": [viewer],
    }


def _cells(records: Iterable[Record], duration: int, chunks: int) -> Cells:
    """How often each cell was passed over."""
    cells = np.zeros(duration * chunks, dtype=np.int64)
    for record in records:
        start, end = int(record.start), int(record.start) + int(record.length)
        cells[max(start, 0) * chunks : min(end, duration) * chunks] += 1
    return cells


def _chunks(cells: Cells, rules: Rules, kind_of_row: str) -> Iterable[Row]:
    size = len(cells) // rules.chunks
    chunks = cells.reshape(rules.chunks, size)
    covered_and_spent = zip(
        np.count_nonzero(chunks, axis=1).tolist(), chunks.sum(axis=1).tolist(), strict=True
    )
    for index, (covered, spent) in enumerate(covered_and_spent):
        if covered:
            edges = {"chunk_start": index * size, "chunk_end": (index + 1) * size}
            yield {
                "chunk_index": index,
                **(edges if kind_of_row == "edges" else {"covered_seconds": covered}),
                "chunk_percent_covered": 100 * covered / size,
                "total_time_spent": spent,
                "completed": int(_completed(covered, size, rules)),
            }


def _completed(covered: int, whole: int, rules: Rules) -> bool:
    enough = _exactly(rules.completed_percent)
    return 100 * covered * enough.denominator >= enough.numerator * whole


@cache
def _exactly(percent: float) -> Fraction:
    """What is written, not the double nearest to it."""
    return Fraction(str(percent))


def _measures(
    rules: Rules, found: Mapping[str, list[Row]], durations: Mapping[str, int | None]
) -> dict[str, list[Row]]:
    viewers: dict[str, list[Row]] = defaultdict(list)
    for row in found["viewer_coverage"]:
        viewers[row["session_id"]].append(row)
    chunks: dict[tuple[str, int], Row] = {}
    for name in ("chunked_coverage", "chunk_totals"):
        for row in found[name]:
            _add_to_chunk(chunks, row, rules, over_all_days=name == "chunk_totals")
    return {
        "session_measures": [
            _session(session, viewers[session], duration) for session, duration in sorted(durations.items())
        ],
        "chunk_measures": [
            {"session_id": session, "chunk_index": index, **row}
            for (session, index), row in sorted(chunks.items())
        ],
    }


def _session(session: str, viewers: list[Row], duration: int | None) -> Row:
    people = [row for row in viewers if not row["anonymous"]]
    nobody = [row for row in viewers if row["anonymous"]]
    known = duration is not None and duration > 0
    return {
        "session_id": session,
        "unique_viewers": len(people),
        "anonymous_ids": len(nobody),
        "completed_viewers": sum(row["completed"] for row in people) if known else None,
        "watch_seconds": sum(row["watch_seconds"] for row in people) if known else None,
        "rewatch_seconds": sum(row["rewatch_seconds"] for row in people) if known else None,
        "anonymous_watch_seconds": sum(row["watch_seconds"] for row in nobody) if known else None,
        "records": sum(row["records"] for row in viewers),
    }


def _add_to_chunk(chunks: dict[tuple[str, int], Row], row: Row, rules: Rules, *, over_all_days: bool) -> None:
    names = ("viewers", "completed_days", "completed_viewers", "total_time_spent", "anonymous_time_spent")
    sums = chunks.setdefault((row["session_id"], row["chunk_index"]), dict.fromkeys(names, 0))
    anonymous = row["user_id"] in rules.anonymous
    if over_all_days:
        sums["anonymous_time_spent" if anonymous else "total_time_spent"] += row["total_time_spent"]
        sums["viewers"] += not anonymous
        sums["completed_viewers"] += row["completed"] and not anonymous
    else:
        sums["completed_days"] += row["completed"] and not anonymous


def legacy_rows(world: World, rules: Rules) -> list[Row]:
    """The chunk rows of the replaced scripts, written anew from their description."""
    zone = ZoneInfo(rules.zone)
    views: dict[tuple[str, str, date], list[tuple[Fraction, Fraction]]] = defaultdict(list)
    for record in world.records:
        if kind(world, record) in {*COUNTED, "zero_length", "outside"} and world.durations[record.session]:
            day = record.time.astimezone(zone).date()
            start = Fraction(int(record.start) * world.unit, 1000)
            view = (start, start + Fraction(int(record.length) * world.unit, 1000))
            views[record.session, record.user, day].append(view)
    rows = []
    for (session, user, day), stretches in sorted(views.items()):
        duration = Fraction((world.durations[session] or 0) * world.unit, 1000)
        merged = _merged(stretches)
        for index in range(rules.chunks):
            low, high = duration * index / rules.chunks, duration * (index + 1) / rules.chunks
            meeting = [_overlap(view, low, high) for view in merged if view[0] <= high and view[1] >= low]
            if meeting:
                enough = (high - low) * Fraction(str(rules.completed_percent)) / 100
                covered = meeting[0] if meeting[0] >= enough else sum(meeting)
                spent = sum(max(_overlap(view, low, high), Fraction()) for view in stretches)
                rows.append(
                    {
                        "session_id": session,
                        "user_id": user,
                        "date": day,
                        "chunk_index": index,
                        "chunk_start": float(low),
                        "chunk_end": float(high),
                        "chunk_percent_covered": float(covered * 100 / (high - low)),
                        "total_time_spent": float(spent),
                        "completed": int(covered >= enough),
                    }
                )
    return rows


def _overlap(view: tuple[Fraction, Fraction], low: Fraction, high: Fraction) -> Fraction:
    return min(view[1], high) - max(view[0], low)


def _merged(stretches: Iterable[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    """Ranges in ascending order; those that touch are one."""
    merged: list[tuple[Fraction, Fraction]] = []
    for low, high in sorted(stretches):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
