"""A night of a school: fifty courses, three thousand sessions, few of them with news.

The lake is filled from the simulated vendor's truth without HTTP; listings, the change feed and the night
itself are real. A short part at the end asks at the vendor's real limits.
"""

import datetime as dt
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from video_analytics import files
from video_analytics.clock import VARIABLE
from video_analytics.panopto import feed
from video_analytics.panopto.resources import Road
from video_analytics.panopto.usage import Record
from video_analytics.sandbox import Sandbox
from video_analytics_tests.benchmarks.table import line, note
from video_analytics_tests.panopto.drill import (
    PEACE,
    course_ids,
    night,
    panopto_settings,
    road_of,
    true_rows,
    truth_equals_lake,
)

NOW = dt.datetime(2026, 6, 15, 4, tzinfo=dt.UTC)  # when the schedule starts
LISTING = ("folders/{id}", "folders/{id}/children", "folders/{id}/sessions", "sessions/{id}")
DETAILS, SUMMARY = "GetSessionExtendedDetailedUsage", "GetFolderSummaryUsage"
LIMITS = ((5, 1.0, "second"), (100, 60.0, "minute"), (5_000, 3600.0, "hour"))
AT_THE_LIMITS = 110  # calls of one endpoint


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Sandbox(seed=1, size="full", scenario=PEACE) as sandbox:
        _turn_clock(sandbox, NOW)
        courses = course_ids(sandbox)
        with road_of(panopto_settings(sandbox, Path(folder))) as road:
            _fill(sandbox, road, courses)
            _a_night(sandbox, road, courses)
        _at_the_limits(sandbox, Path(folder))


def _fill(sandbox: Sandbox, road: Road, courses: list[str]) -> None:
    started = time.monotonic()
    with _straight_from_the_world(sandbox, road), mock.patch.object(files, "_flush"):
        failed = night(road, courses)
    records = truth_equals_lake(sandbox, road.lake, courses)
    verdicts = Counter(
        str((feed.state(road.lake, each) or feed.State(NOW.date(), "none")).verdict) for each in courses
    )
    note(
        f"filled in {time.monotonic() - started:.0f} s: {len(courses)} courses, {records:,} records, "
        f"{len(failed)} failures, the feed of the courses: {dict(verdicts)}"
    )


@contextmanager
def _straight_from_the_world(sandbox: Sandbox, road: Road) -> Iterator[None]:
    """The records of a session without a call."""

    def records(session_id: str, begin: dt.datetime, end: dt.datetime) -> list[Record]:
        told = sandbox.panopto.records(sandbox.now(), [session_id], begin, end)
        return [_record(each) for each in told]

    with mock.patch.object(road.soap, "records", records):
        yield


def _record(told: dict[str, Any]) -> Record:
    position, seconds, speed = told["StartPosition"], told["SecondsViewed"], told["PlaybackSpeed"]
    who, when = (told["SessionId"], told["UserId"]), told["Time"]
    return Record(*who, when, position, seconds, speed, told["StartReason"], told["StopReason"])


def _a_night(sandbox: Sandbox, road: Road, courses: list[str]) -> None:
    before = {course_id: true_rows(sandbox, course_id) for course_id in courses}
    _turn_clock(sandbox, NOW + dt.timedelta(days=1))
    sandbox.reset_log()
    started = time.monotonic()
    failed = night(road, courses)
    seconds = time.monotonic() - started
    calls = Counter(str(entry["operation"]) for entry in sandbox.log())
    sessions = [row["Id"] for each in courses for row in sandbox.panopto.sessions_of(each, sandbox.now())]
    news = [row[0] for each in courses for row in true_rows(sandbox, each) - before[each]]
    with_news = len(set(news) & set(sessions))
    listing = sum(calls[operation] for operation in LISTING)
    naive = listing + len(sessions)
    line("a night of a school: share of the naive calls", 100 * calls.total() / naive, 25, "%")
    line(
        "a night of a school: share of calls but listing",
        100 * (calls.total() - listing) / len(sessions),
        25,
        "%",
    )
    note(
        f"{len(set(sessions)):,} sessions in {len(courses)} courses, {with_news} with news "
        f"({100 * with_news / len(sessions):.1f} %), {len(news):,} new records; {len(failed)} failures; "
        f"{seconds:.0f} s"
    )
    note(f"calls: {dict(calls.most_common())}; the naive way: {listing:,} to list + {len(sessions):,}")
    note(f"the lake equals the truth: {truth_equals_lake(sandbox, road.lake, courses):,} records compared")


def _at_the_limits(sandbox: Sandbox, home: Path) -> None:
    """With the vendor's own limits on both sides: none is passed."""
    sandbox.set_scenario({})
    sandbox.reset_log()
    limits = {"calls_per_second": 5, "calls_per_minute": 100, "calls_per_hour": 5_000}
    course_id = course_ids(sandbox)[0]
    sessions = [row["Id"] for row in sandbox.panopto.sessions_of(course_id, sandbox.now())]
    with road_of(panopto_settings(sandbox, home, **limits, max_wait_seconds=60.0)) as road:
        end = sandbox.now().replace(hour=0)
        for number in range(AT_THE_LIMITS):
            road.soap.records(sessions[number % len(sessions)], end - dt.timedelta(days=1), end)
    served = [entry for entry in sandbox.log() if entry["operation"] == DETAILS]
    times = sorted(dt.datetime.fromisoformat(entry["at"]).timestamp() for entry in served)
    for most, seconds, name in LIMITS:
        line(f"calls to one endpoint within a {name}", _most_within(times, seconds), most, "")
    refused = sum(entry["status"] == 429 for entry in sandbox.log())
    note(f"{len(times)} calls in {times[-1] - times[0]:.0f} s, {refused} refused with 429")


def _most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= each < start + seconds for each in times) for start in times)


def _turn_clock(sandbox: Sandbox, instant: dt.datetime) -> None:
    sandbox.set_now(instant)
    os.environ[VARIABLE] = instant.isoformat()
