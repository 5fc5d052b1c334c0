"""The pages of a large course: 300 videos over two terms, 2,000 viewers, a million stretches of play.

    python -m video_analytics_tests.benchmarks.pages FOLDER      only makes the lake and keeps it

A video comes out each day. Most of its viewers come in the weeks after, in 12 stretches of one to ten
minutes, and every fourth comes back on another day. Each measurement is a process of its own; the best of
three is told.
"""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from video_analytics.lake import Lake, day_key
from video_analytics.pages.bundle import bundle
from video_analytics.pages.course.data import course_data
from video_analytics.pages.course.overview import course_page
from video_analytics.pages.course.video import video_page
from video_analytics.pages.frame import render
from video_analytics.panopto.measures import cover, rules_of
from video_analytics.panopto.tables import SESSIONS, VIEWING_ACTIVITY
from video_analytics.settings import Panopto
from video_analytics_tests.benchmarks.table import line, note, peak_megabytes

MODULE = "video_analytics_tests.benchmarks.pages"
COURSE = "7d1c0a52-1111-4a4a-9b9b-b0a000c51f00"
FIRST = date(2025, 9, 1)
VIDEOS, VIEWERS, STRETCHES, DAYS = 300, 2_000, 1_000_000, 303
AT_ONCE = 12  # stretches of a viewer in a video on a day
WEEKS = 2.0  # after which most of a video's viewers have come
SETTINGS = Panopto(site_timezone="America/Vancouver")
FEW = 5
ASKED = {"data": 8.0, "pages": 15.0, "data_megabytes": 1.6, "page_megabytes": 3.0}
Integers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        fill(Path(scratch))
        command = [sys.executable, "-m", MODULE, "--measure", scratch]
        runs = [json.loads(subprocess.check_output(command, text=True)) for _ in range(3)]
    best = min(runs, key=lambda run: run["pages"])
    line("data of a course's pages", best["data"], ASKED["data"], "s")
    line("  as JSON", best["data_megabytes"], ASKED["data_megabytes"], "MB")
    line("pages of a course, data and all", best["pages"], ASKED["pages"], "s")
    line("  larger page, without the chart library", best["page_megabytes"], ASKED["page_megabytes"], "MB")
    note(f"peak memory {best['peak']:,.0f} MB; the chart library has {best['library_megabytes']:.1f} MB")


def measure(home: Path) -> None:
    """Make the data and the pages once; prints what it took."""
    library = bundle(home / "state")
    started = time.monotonic()
    data = course_data(Lake(home / "lake"), COURSE, SETTINGS, FEW)
    if data is None:
        raise SystemExit(f"{home}: no course")
    made = time.monotonic()
    facts = [("Period", "all"), ("Time zone", data["zone"])]
    pages = [render(page(data, facts, COURSE), library) for page in (course_page, video_page)]
    done = time.monotonic()
    found = {
        "data": made - started,
        "pages": done - started,
        "data_megabytes": len(json.dumps(data, separators=(",", ":"))) / 1e6,
        "page_megabytes": max(len(page.encode()) - len(library.encode()) for page in pages) / 1e6,
        "library_megabytes": len(library.encode()) / 1e6,
        "peak": peak_megabytes(),
    }
    print(json.dumps(found))


def fill(home: Path) -> Lake:
    """A lake with the records of the course and its coverage."""
    dice = np.random.default_rng(VIDEOS)
    lake = Lake(home / "lake")
    durations = np.round(dice.normal(3000, 600, VIDEOS).clip(300), 3)
    sessions, users = _ids(dice, VIDEOS), _ids(dice, VIEWERS)
    lake.write(SESSIONS, COURSE, _sessions(sessions, durations), {"course": "Biology 112"})
    video, viewer, day = _visits(dice)
    order = np.argsort(day, kind="stable")
    for number in range(DAYS):
        here = order[slice(*np.searchsorted(day[order], [number, number + 1]))].repeat(AT_ONCE)
        table = _records(dice, FIRST + timedelta(days=number), video[here], viewer[here], durations)
        named = table.set_column(1, "session_id", sessions.take(table["session_id"]))
        named = named.set_column(2, "user_id", users.take(table["user_id"]))
        lake.write(VIEWING_ACTIVITY, day_key(COURSE, FIRST + timedelta(days=number)), named, {})
    cover(lake, COURSE, rules_of(SETTINGS))
    return lake


def _visits(dice: np.random.Generator) -> tuple[Integers, Integers, Integers]:
    """Video, viewer and day of each visit."""
    size = STRETCHES // AT_ONCE
    video = dice.integers(0, VIDEOS, size)
    viewer = dice.integers(0, VIEWERS, size)
    after = np.minimum(dice.exponential(7 * WEEKS, size).astype(np.int64), 120)
    out = video * DAYS // VIDEOS
    day = np.where(out + after < DAYS, out + after, out)
    again = dice.random(size) < 0.25
    earlier = dice.integers(0, size, again.sum())
    video[again], viewer[again] = video[earlier], viewer[earlier]
    return video, viewer, day


def _ids(dice: np.random.Generator, number: int) -> pa.Array:
    return pa.array([str(uuid.UUID(bytes=dice.bytes(16))) for _ in range(number)])


def _sessions(sessions: pa.Array, durations: Numbers) -> pa.Table:
    rows = [
        {
            "course_id": COURSE,
            "course_name": "Biology 112",
            "session_id": session,
            "name": f"Lecture {number + 1}: the cell, its parts, and what they do",
            "duration": duration,
            "folder_id": COURSE,
            "folder_name": f"Week {number // 10 + 1}",
            "first_seen": FIRST,
            "history_from": FIRST,
        }
        for number, (session, duration) in enumerate(
            zip(sessions.to_pylist(), durations.tolist(), strict=True)
        )
    ]
    return pa.Table.from_pylist(rows, SESSIONS.schema)


def _records(
    dice: np.random.Generator,
    day: date,
    video: Integers,
    viewer: Integers,
    durations: Numbers,
) -> pa.Table:
    """A day's records; videos and viewers are numbers."""
    size = len(video)
    length = np.round(dice.uniform(60, 600, size), 3)
    start = np.round(dice.random(size) * (durations[video] - length).clip(0), 3)
    times = np.datetime64(day, "us") + dice.integers(0, 86_400_000_000, size).astype("timedelta64[us]")
    columns = {
        "course_id": pa.array([COURSE] * size),
        "session_id": video,
        "user_id": viewer,
        "date": pa.array([day] * size),
        "time": pa.array(times).cast(pa.timestamp("us", tz="UTC")),
        "playback_speed": np.ones(size),
        "start_position": start,
        "start_reason": pa.array(["Start"] * size),
        "stop_reason": pa.array(["Pause"] * size),
        "seconds_viewed": length,
        "occurrence": np.zeros(size, dtype=np.int64),
    }
    return pa.table(columns)


if __name__ == "__main__":
    measure(Path(sys.argv[2])) if sys.argv[1] == "--measure" else fill(Path(sys.argv[1]))
