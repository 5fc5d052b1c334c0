"""SIGKILL at 50 random moments of a real run, again and again until it is done: nothing is lost or torn."""

import datetime as dt
import multiprocessing
import os
import random
import shutil
import signal
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console

from video_analytics.lake import Lake
from video_analytics.running import run_road
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.conftest import (
    YESTERDAY,
    NewSandbox,
    days_until,
    settings_for,
    truth_equals_lake,
)

KILLS, ROUNDS = 50, 5
ACCOUNTS = ("Intranet", "neo", "MyWay")
DAYS = days_until(YESTERDAY, 4)

CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["video_analytics.running"])  # a child then starts in no time


def _road(home: Path, environment: dict[str, str], first: dt.date, last: dt.date) -> None:
    os.environ.update(environment)
    settings = load_settings(home, environment)
    code = run_road(settings, settings.brightcove.accounts, first, last, Console(quiet=True))
    os._exit(code)


def _run(settings: Settings, environment: dict[str, str], seconds: float | None) -> int | None:
    """Run the road in a child; kill it after `seconds` if it is still at work."""
    child = CHILDREN.Process(target=_road, args=(settings.home, environment, DAYS[0], DAYS[-1]))
    child.start()
    child.join(seconds)
    if child.exitcode is None and child.pid is not None:
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    return child.exitcode


def _published(settings: Settings) -> dict[str, bytes]:
    files = (path for path in settings.exports.rglob("*") if path.is_file() and path.suffix != ".tmp")
    return {str(path.relative_to(settings.exports)): path.read_bytes() for path in files}


def _nothing_is_torn(settings: Settings) -> int:
    whole = 0
    for path in [*settings.lake.rglob("*.parquet"), *settings.exports.rglob("*.parquet")]:
        assert pq.ParquetFile(path).read().num_rows >= 0
        whole += 1
    return whole


def test_fifty_kills(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=ACCOUNTS)
    environment = sandbox.environment() | {"VIDEO_ANALYTICS_NOW": os.environ["VIDEO_ANALYTICS_NOW"]}
    accounts = settings.brightcove.accounts
    assert _run(settings, environment, None) == 0
    undisturbed = _published(settings)
    assert len(undisturbed) > 30
    random_moments = random.Random(7)
    killed = torn_looks = 0
    for _ in range(ROUNDS):
        shutil.rmtree(settings.lake)
        shutil.rmtree(settings.exports)
        for _ in range(KILLS // ROUNDS):
            killed += _run(settings, environment, random_moments.uniform(0.05, 2.5)) == -signal.SIGKILL
            torn_looks += _nothing_is_torn(settings)
        assert _run(settings, environment, None) == 0
        assert truth_equals_lake(sandbox, Lake(settings.lake), accounts, DAYS) > 0
        assert _published(settings) == undisturbed
    assert killed >= KILLS * 0.8  # a run may be done before its moment comes
    assert torn_looks > 0
