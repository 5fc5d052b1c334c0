"""A whole night at full size, through schedules and Dagster's runs: how much of it is neither call nor lake.

Both vendors answer from a process of their own, each call after half a second. A day before, the home was
filled without Dagster; what lies further back is five years of files. A run's time in calls and in the lake
is that in which any of its threads was there; what is left over is elsewhere: Dagster, Python, locks. What
the daemon needs to put runs into the queue, and the start of their processes, is told beside it.
"""

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import requests

from video_analytics import corrections, files, lake
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import collect_catalogue, collect_days
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import VARIABLE
from video_analytics.days import days_between
from video_analytics.http import Session
from video_analytics.instance import open_instance
from video_analytics.lake import Lake
from video_analytics.partitions import add_courses
from video_analytics.sandbox import ZONES
from video_analytics.settings import Settings, load_settings, read_courses
from video_analytics.settings.models import BUILT_IN_ACCOUNTS
from video_analytics_tests.automation.daemon import Daemon, carry_out
from video_analytics_tests.benchmarks.filled import link_days
from video_analytics_tests.benchmarks.table import line, note
from video_analytics_tests.panopto.drill import QUICK, night, road_of

NOW = dt.datetime(2026, 6, 15, 6, tzinfo=dt.UTC)
FIRST = NOW.date() - dt.timedelta(days=1826)
FILLED = 40  # days before the night that hold what the vendors have
COURSE_DAYS = 10
SECONDS_A_CALL = 0.5
NIGHTLY = (
    "brightcove_nightly_catalogues",
    "brightcove_nightly",
    "panopto_nightly_listing",
    "panopto_nightly",
)
MOST_ELSEWHERE = 20  # percent
LAKE = ("write", "facts", "read", "digest", "fail", "failed", "stamp", "files", "day_files")
LISTINGS = ("days", "stamps")
IMPORT = "from video_analytics.definitions import build_defs; build_defs()"
Span = tuple[float, float]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _sandbox() as (url, environment):
        turn = _turner(url)
        turn(NOW - dt.timedelta(days=1))
        home = Path(folder)
        settings = _settle(home, environment, url)
        _fill(settings)
        turn(NOW)
        _set(url, "scenario", {"rate_scale": 1000, "slow_seconds": SECONDS_A_CALL})
        with mock.patch.dict(os.environ, environment), open_instance(settings) as (instance, _):
            add_courses(instance, [course.id for course in read_courses(home)])
            watch = Watching()
            with watch.watching():
                daemon = Daemon(settings, instance, turn, carry=watch.carry)
                asking = _whole_night(daemon)
            _say(watch.by_job, asking, _seconds_to_start(home, environment))
        assert not daemon.errors, daemon.errors
        assert all(ran.status == "SUCCESS" for ran in daemon.ran), daemon.told()


def _whole_night(daemon: Daemon) -> float:
    """Each schedule ticks, and its runs are carried out; gives the seconds until they were in the queue."""
    asking = 0.0
    for schedule in (each for name in NIGHTLY for each in daemon.schedules if each.name == name):
        started = time.monotonic()
        daemon._tick_schedule(schedule, NOW)
        asking += time.monotonic() - started
        daemon._work()
    return asking


def _say(reading: dict[str, "Timed"], asking: float, start: float) -> None:
    whole = Timed()
    for job, timed in reading.items():
        whole.add(timed)
        note(f"{job}: {timed}")
    share = 100 * whole.elsewhere / whole.seconds
    runs = len(whole.runs)
    line("a night: seconds outside of calls and lake", share, MOST_ELSEWHERE, "%")
    beside = asking + runs * start
    note(
        f"all: {whole}; with asking for the runs ({asking:.1f} s) and starting {runs} processes "
        f"({start:.1f} s each): {100 * (whole.elsewhere + beside) / (whole.seconds + beside):.1f} % elsewhere"
    )


# --- watching ---------------------------------------------------------------------------------------------


@dataclass
class Timed:
    """Runs of a job: seconds in all, in calls, in the lake but not in calls, and elsewhere."""

    seconds: float = 0.0
    calling: float = 0.0
    lake: float = 0.0
    calls: int = 0
    runs: list[str] = field(default_factory=list)

    @property
    def elsewhere(self) -> float:
        """Seconds in neither."""
        return self.seconds - self.calling - self.lake

    def add(self, other: "Timed") -> None:
        """Both together."""
        self.seconds, self.calling = self.seconds + other.seconds, self.calling + other.calling
        self.lake, self.calls = self.lake + other.lake, self.calls + other.calls
        self.runs += other.runs

    def __str__(self) -> str:
        return (
            f"{len(self.runs)} runs, {self.seconds:.1f} s: {self.calling:.1f} s in {self.calls:,} calls, "
            f"{self.lake:.1f} s in the lake alone, {self.elsewhere:.1f} s elsewhere"
        )


class Watching:
    """Notes when any thread is in a call or in the lake."""

    def __init__(self) -> None:
        self.by_job: dict[str, Timed] = defaultdict(Timed)
        self._calls: list[Span] = []
        self._lake: list[Span] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measuring sticks put in from outside."""
        with ExitStack() as stack:
            sticks: list[tuple[Any, str, list[Span], bool]] = [(Session, "_exchange", self._calls, False)]
            sticks += [(Lake, name, self._lake, False) for name in LAKE]
            sticks += [(Lake, name, self._lake, True) for name in LISTINGS]
            sticks += [(files, "write_bytes", self._lake, False), (corrections, "note", self._lake, False)]
            for owner, name, spans, listing in sticks:
                stick = _measured(getattr(owner, name), spans, listing=listing)
                stack.enter_context(mock.patch.object(owner, name, stick))
            stack.enter_context(mock.patch.object(lake, "connect", self._connecting(lake.connect)))
            yield

    def carry(self, repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, run_id: str) -> None:
        """Carry a run out and note where its time went."""
        self._calls.clear()
        self._lake.clear()
        started = time.monotonic()
        carry_out(repository, instance, run_id)
        seconds = time.monotonic() - started
        run = instance.get_run_by_id(run_id)
        assert run is not None
        calling = _covered(self._calls)
        both = _covered([*self._calls, *self._lake])
        self.by_job[run.job_name].add(Timed(seconds, calling, both - calling, len(self._calls), [run_id]))

    def _connecting(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        """For as long as DuckDB is open."""

        @contextmanager
        def timed(*given: Any, **named: Any) -> Iterator[Any]:
            started = time.monotonic()
            try:
                with connect(*given, **named) as connection:
                    yield connection
            finally:
                self._lake.append((started, time.monotonic()))

        return timed


def _measured(work: Callable[..., Any], spans: list[Span], *, listing: bool) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        started = time.monotonic()
        try:
            result = work(*given, **named)
            return iter(list(result)) if listing else result
        finally:
            spans.append((started, time.monotonic()))

    return timed


def _covered(spans: list[Span]) -> float:
    """Seconds in which at least one of the spans is open."""
    covered, reached = 0.0, 0.0
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _seconds_to_start(home: Path, environment: dict[str, str]) -> float:
    """What a run's own process needs before its first line of ours."""
    told = os.environ | environment | {"VIDEO_ANALYTICS_HOME": str(home)}
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", IMPORT], env=told, check=True)
    return time.monotonic() - started


# --- the home and its vendors -----------------------------------------------------------------------------


def _settle(home: Path, environment: dict[str, str], url: str) -> Settings:
    lines = ["[brightcove]", f"start_date = {FIRST}", "processing_wait_seconds = 0.02"]
    for name, number, unit, category in BUILT_IN_ACCOUNTS:
        about = {"id": number, "business_unit": unit, "category": category, "timezone": ZONES[name.lower()]}
        lines += [f"[brightcove.accounts.{name}]", *(f'{key} = "{value}"' for key, value in about.items())]
    lines += ["[panopto]", f"start_date = {NOW.date() - dt.timedelta(days=COURSE_DAYS)}"]
    lines += [f"{key} = {value}" for key, value in QUICK.items()]
    (home / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    courses = requests.get(f"{url}/_sandbox/panopto/courses.csv", timeout=30)
    (home / "courses.csv").write_bytes(courses.content)
    return load_settings(home, environment)


def _fill(settings: Settings) -> None:
    started = time.monotonic()
    held = Lake(settings.lake)
    last = NOW.date() - dt.timedelta(days=2)
    since = last - dt.timedelta(days=FILLED)
    before = days_between(FIRST, since - dt.timedelta(days=1))
    facts = {"finality": "final", "read_on": "2026-01-01", "unattributed": {}, "views": 0, "seconds": 0}
    with closing(Client(settings.brightcove, settings.network)) as client:
        for account in settings.brightcove.accounts:
            link_days(held, DAILY_ANALYTICS, account.id, before, facts)
            collect_catalogue(client, held, account)
        wanted = dict.fromkeys(settings.brightcove.accounts, days_between(since, last))
        failed = [each for each in collect_days(client, held, wanted) if each.error]
    courses = [course.id for course in read_courses(settings.home)]
    with road_of(settings) as road:
        failed += night(road, courses)  # type: ignore[arg-type]
    note(f"filled in {time.monotonic() - started:.0f} s: {len(courses)} courses, {len(failed)} failures")


@contextmanager
def _sandbox() -> Iterator[tuple[str, dict[str, str]]]:
    options = ["--port", "0", "--size", "full", "--rate-scale", "1000", "--now", NOW.isoformat()]
    command = [sys.executable, "-m", "video_analytics", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = []
        for text in process.stdout:
            said.append(text.strip())
            if text.startswith("Ctrl-C"):
                break
        exports = [text.removeprefix("export ") for text in said if text.startswith("export ")]
        try:
            yield said[0].removeprefix("listening on "), dict(text.split("=", 1) for text in exports)
        finally:
            process.terminate()


def _turner(url: str) -> Callable[[dt.datetime], None]:
    def turn(instant: dt.datetime) -> None:
        os.environ[VARIABLE] = instant.isoformat()
        _set(url, "clock", {"now": instant.isoformat()})

    return turn


def _set(url: str, what: str, value: dict[str, Any]) -> None:
    requests.put(f"{url}/_sandbox/{what}", json=value, timeout=30).raise_for_status()
