"""A storage plan for a million sessions: reports in, snapshot, all tables, scenarios, forecast and files out.

    python -m video_analytics_tests.benchmarks.retention 200000      one other size

Two report files are made, as a site of that size would send them; each step is a process of its own.
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from video_analytics.lake import Lake
from video_analytics.panopto.reports.inbox import Inbox, read_inbox
from video_analytics.panopto.reports.snapshot import take_snapshot
from video_analytics.panopto.retention.held import opened
from video_analytics.panopto.retention.publishing import write_files
from video_analytics.panopto.retention.reckoning import write_numbers
from video_analytics.settings import Retention
from video_analytics_tests.benchmarks.table import line, note, peak_megabytes

MODULE = "video_analytics_tests.benchmarks.retention"
SESSIONS, DAY, ZONE = 1_000_000, date(2022, 6, 1), "America/Los_Angeles"
SOURCES = ("Zoom", "Web API", "Panopto for Mac", "Panopto Capture", "Mixed", "")
ROOTS = ("Moodle", "Users", "Film", "Libraries", "")
PLACE = [
    "Folder Name",
    "Folder ID",
    "Root Folder (Level 0)",
    "Subfolder (Level 1)",
    "Subfolder (Level 2)",
]
CREATED = [
    "Session Name",
    "Session ID",
    "Creator",
    "Creator ID",
    "Start Time",
    "Last Time Edited",
    "Stream Source",
]
USAGE = ["Session Name", "Session ID", "Views and Downloads", "Unique Viewers", "Minutes Delivered"]


def main(sessions: int = SESSIONS) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        fill(home, sessions)
        read = _measured(home, "read")
        reckoned = _measured(home, "reckon")
        written = _measured(home, "write")
    note(
        f"reading both reports of {sessions:,} sessions: {read['seconds']:.1f} s, {read['megabytes']:.0f} MB"
    )
    line(f"tables and scenarios of {sessions:,} sessions", reckoned["seconds"], 20, "s")
    line("  peak memory", reckoned["megabytes"], 1500, "MB")
    note(f"all files: {written['seconds']:.1f} s, {written['megabytes']:.0f} MB")


def fill(home: Path, sessions: int) -> None:
    """The inbox with two reports; a third of the sessions were viewed."""
    inbox = Inbox(home).waiting
    inbox.mkdir(parents=True)
    dice = np.random.default_rng(sessions)
    source, root, folder, creator = (
        dice.integers(0, size, sessions) for size in (len(SOURCES), len(ROOTS), 2_000, 3_000)
    )
    minutes, age = dice.uniform(1, 150, sessions), dice.integers(0, 4_000, sessions)
    since = dice.integers(0, 1_200, sessions)
    viewed = dice.random(sessions) < 1 / 3

    def place(number: int) -> list[str]:
        at = int(folder[number])
        return [f"Course {at}", f"folder-{at}", ROOTS[root[number]], f"Term {at % 30}", f"Course {at}"]

    def created() -> Iterator[list[str]]:
        for number in range(sessions):
            start, maker = _text(int(age[number])), int(creator[number])
            head = [
                f"Session {number}",
                _id(number),
                f"unified\\maker{maker}",
                f"maker-{maker}",
                start,
                start,
            ]
            yield [*head, SOURCES[source[number]], f"{minutes[number]:.4f}", *place(number)]

    def usage() -> Iterator[list[str]]:
        for number in np.flatnonzero(viewed).tolist():
            last = _text(min(int(since[number]), int(age[number])))
            head = [f"Session {number}", _id(number), str(1 + number % 40), "3", "123.4567"]
            yield [*head, f"{minutes[number]:.4f}", last, *place(number)]

    _write(
        inbox / f"sessionscreatedoredited_2010-01-01--{DAY}.csv",
        [*CREATED, "Session Length", *PLACE],
        created(),
    )
    head = [*USAGE, "Session Length", "Most Recent View Date", *PLACE]
    _write(inbox / f"sessionusage_2010-01-01--{DAY}.csv", head, usage())


def _id(number: int) -> str:
    return f"{number:08x}-beef-4000-8000-c0ffee000000"


def _text(days_ago: int) -> str:
    day = datetime(2022, 5, 31, 13, 5) - timedelta(days=days_ago)  # noqa: DTZ001 - local, as reports have it
    return f"{day.month}/{day.day}/{day.year} 1:05:09 PM"


def _write(path: Path, header: list[str], rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows(rows)


def _read(home: Path) -> None:
    assert len(list(read_inbox(Lake(home / "lake"), Inbox(home), ZONE, DAY, 0.0))) == 2


def _reckon(home: Path) -> None:
    lake = Lake(home / "lake")
    take_snapshot(lake, DAY, ZONE)
    with opened(lake, DAY, ZONE, Retention()) as held:
        write_numbers(lake, held)


def _write_files(home: Path) -> None:
    write_files(Lake(home / "lake"), home / "exports", DAY, ZONE, Retention())


STEPS: dict[str, Callable[[Path], None]] = {"read": _read, "reckon": _reckon, "write": _write_files}


def _measured(home: Path, step: str) -> dict[str, float]:
    command = [sys.executable, "-m", MODULE, "--alone", step, str(home)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return told


def _alone(step: str, home: Path) -> None:
    begin = time.perf_counter()
    STEPS[step](home)
    print(json.dumps({"seconds": time.perf_counter() - begin, "megabytes": peak_megabytes()}))


if __name__ == "__main__":
    if sys.argv[1] == "--alone":
        _alone(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]))
