"""Coverage of a million and of five million stretches, Parquet in, Parquet out, and against a plain loop.

    python -m video_analytics_tests.benchmarks.coverage 50000000      one other size, once

Viewers watch some 50 minutes' videos in 12 stretches of one to ten minutes, and every fourth comes back on
another day; there is a file for each day, in no order. Each measurement is a process of its own; the best
of three is told.
"""

import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics import lake
from video_analytics.panopto.coverage import Rules, compute
from video_analytics.panopto.tables import VIEWING_ACTIVITY
from video_analytics_tests.benchmarks.table import line, note, peak_megabytes

MODULE = "video_analytics_tests.benchmarks.coverage"
VIEWERS, DAYS, STRETCHES = 20_000, 120, 12
FIRST = date(2024, 9, 1)  # a clock changes on the way
RULES = Rules("America/Vancouver")
TARGETS = {1_000_000: 2.0, 5_000_000: 10.0}
PLAIN = 20_000


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        speeds = []
        for rows, asked in TARGETS.items():
            folder = fill(Path(scratch) / str(rows), rows)
            runs = [_measured(folder) for _ in range(3)]
            line(f"coverage of {rows:,} stretches", min(run["seconds"] for run in runs), asked, "s")
            line("  peak memory", max(run["megabytes"] for run in runs), 700, "MB")
            speeds.append(runs[0]["chunk_rows"])
        folder = fill(Path(scratch) / "plain", PLAIN)
        fast = min(_measured(folder)["seconds"] for _ in range(3))
        slow = min(_plain(folder) for _ in range(3))
    line(f"coverage of {PLAIN:,} stretches", fast, slow, "s")
    note(f"the last is asked to be no slower than a plain loop, which does {PLAIN / slow:,.0f} a second")
    note(f"chunk rows by day: {', '.join(f'{rows:,}' for rows in speeds)}")


def fill(folder: Path, rows: int) -> Path:
    """A lake's day files of so many stretches, and the sessions they are of."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(rows)
    sessions, users = _ids(dice, max(10, rows // 2_500)), _ids(dice, VIEWERS)
    durations = np.round(dice.normal(3000, 600, len(sessions)).clip(300), 3)
    pq.write_table(pa.table({"session_id": sessions, "duration": durations}), folder / "sessions.parquet")
    before = np.empty((0, 2), dtype=np.int32)
    for number in range(DAYS):
        viewer_days = rows * (number + 1) // DAYS // STRETCHES - rows * number // DAYS // STRETCHES
        pairs = dice.integers(0, [len(sessions), VIEWERS], (viewer_days, 2), dtype=np.int32)
        back = dice.random(viewer_days) < 0.25 * bool(len(before))
        pairs[back] = before[dice.integers(0, max(1, len(before)), back.sum())] if back.any() else pairs[back]
        before = pairs
        session, user = dice.permutation(pairs.repeat(STRETCHES, axis=0)).T
        length = np.round(dice.uniform(60, 600, len(session)), 3)
        start = np.round(dice.random(len(session)) * (durations[session] - length).clip(0), 3)
        _write_day(
            folder, FIRST + timedelta(days=number), sessions, users, session, user, start, length, dice
        )
    return folder


def _ids(dice: np.random.Generator, number: int) -> pa.Array:
    return pa.array([str(uuid.UUID(bytes=dice.bytes(16))) for _ in range(number)])


def _write_day(
    folder: Path,
    day: date,
    sessions: pa.Array,
    users: pa.Array,
    session: np.ndarray[tuple[int], np.dtype[np.int32]],
    user: np.ndarray[tuple[int], np.dtype[np.int32]],
    start: np.ndarray[tuple[int], np.dtype[np.float64]],
    length: np.ndarray[tuple[int], np.dtype[np.float64]],
    dice: np.random.Generator,
) -> None:
    size = len(session)
    times = np.datetime64(day, "us") + dice.integers(0, 86_400_000_000, size).astype("timedelta64[us]")
    columns = {
        "course_id": ["7d1c0a52-1111-4a4a-9b9b-b0a000c51f00"] * size,
        "session_id": sessions.take(pa.array(session)),
        "user_id": users.take(pa.array(user)),
        "date": [day] * size,
        "time": pa.array(times).cast(pa.timestamp("us", tz="UTC")),
        "playback_speed": np.ones(size),
        "start_position": start,
        "start_reason": ["Start"] * size,
        "stop_reason": ["Pause"] * size,
        "seconds_viewed": length,
        "occurrence": np.zeros(size, dtype=np.int64),
    }
    pq.write_table(pa.table(columns, VIEWING_ACTIVITY.schema), folder / f"{day}.parquet")


def _measured(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", MODULE, "--measure", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _measure(folder: Path) -> None:
    """Coverage of the files of a folder; prints what it took."""
    with tempfile.TemporaryDirectory(dir=folder) as target, lake.connect() as connection:
        lake.scan(connection, "activity", VIEWING_ACTIVITY, sorted(folder.glob("????-??-??.parquet")))
        sessions = lake.pattern(folder / "sessions.parquet")
        connection.execute(f"CREATE TEMP VIEW sessions AS FROM read_parquet({sessions})")
        started = time.monotonic()
        compute(connection, RULES, Path(target))
        seconds = time.monotonic() - started
        rows = pq.read_metadata(Path(target) / "chunked_coverage.parquet").num_rows
    print(json.dumps({"seconds": seconds, "megabytes": peak_megabytes(), "chunk_rows": rows}))


def _plain(folder: Path) -> float:
    """The time of the same chunk rows and totals in a loop as one would write it down, without any SQL."""
    started = time.monotonic()
    sessions = pq.read_table(folder / "sessions.parquet").to_pylist()
    durations = {row["session_id"]: row["duration"] for row in sessions}
    zone = ZoneInfo(RULES.zone)
    days: dict[tuple[str, str, date], list[tuple[float, float]]] = defaultdict(list)
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(folder.glob("????-??-??.parquet")):
        for row in pq.read_table(path).to_pylist():
            session, user, start = row["session_id"], row["user_id"], row["start_position"]
            moment: datetime = row["time"]
            view = (max(0.0, start), min(durations[session], start + row["seconds_viewed"]))
            days[session, user, moment.astimezone(zone).date()].append(view)
            pairs[session, user].append(view)
    by_day = [
        {"session_id": session, "user_id": user, "date": day, **row}
        for (session, user, day), views in sorted(days.items())
        for row in _plain_chunks(views, durations[session])
    ]
    in_all = [
        {"session_id": session, "user_id": user, **row}
        for (session, user), views in sorted(pairs.items())
        for row in _plain_chunks(views, durations[session])
    ]
    pq.write_table(pa.Table.from_pylist(by_day), folder / "plain_days.parquet")
    pq.write_table(pa.Table.from_pylist(in_all), folder / "plain_totals.parquet")
    return time.monotonic() - started


def _plain_chunks(views: list[tuple[float, float]], duration: float) -> list[dict[str, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(views):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    rows = []
    for index in range(RULES.chunks):
        low, high = duration * index / RULES.chunks, duration * (index + 1) / RULES.chunks
        covered = sum(max(0.0, min(end, high) - max(start, low)) for start, end in merged)
        if covered > 0:
            spent = sum(max(0.0, min(end, high) - max(start, low)) for start, end in views)
            percent = covered / (high - low) * 100
            rows.append({"chunk": index, "percent": percent, "spent": spent, "completed": percent >= 75})
    return rows


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        _measure(Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            print(_measured(fill(Path(scratch) / "lake", int(sys.argv[1]))))
