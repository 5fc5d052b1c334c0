"""SIGKILL at random moments of a real run, again and again until it is done: nothing is lost or torn."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from video_analytics.brightcove import assets
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import collect_days
from video_analytics.brightcove.resources import Road
from video_analytics.brightcove.tables import TABLES
from video_analytics.lake import Lake, publish_warehouse
from video_analytics.running import run_accounts
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.children import CHILDREN, warm_up
from video_analytics_tests.conftest import (
    YESTERDAY,
    NewSandbox,
    days_until,
    settings_for,
    truth_equals_lake,
)

ACCOUNTS = ("Intranet", "MyWay")
DAYS = days_until(YESTERDAY, 3)

Environment = dict[str, str]


def through_dagster(home: Path, environment: Environment) -> None:
    """What `video-analytics run` does."""
    os.environ.update(environment)
    settings = load_settings(home, environment)
    code = run_accounts(settings, settings.brightcove.accounts, DAYS[0], DAYS[-1], Console(quiet=True))
    os._exit(code)


def without_dagster(home: Path, environment: Environment) -> None:
    """The same steps, called one after the other: most of the time goes into data here."""
    os.environ.update(environment)
    settings = load_settings(home, environment)
    road = Road(settings, Client(settings.brightcove, settings.network), Lake(settings.lake))
    accounts = settings.brightcove.accounts
    for account in accounts:
        assets.cms_catalog(road, account)
    failed = [day for day in collect_days(road.client, road.lake, dict.fromkeys(accounts, DAYS)) if day.error]
    for account in accounts:
        for step in (assets.last_viewed, assets.video_cache, assets.cms_files, assets.reporting_files):
            step(road, account)
    for category in settings.categories:
        assets.consolidate(road, category)
    publish_warehouse(road.lake, TABLES)
    os._exit(len(failed))


def _run(
    road: Callable[[Path, Environment], None],
    settings: Settings,
    environment: Environment,
    seconds: float | None = None,
) -> int | None:
    """Run the road in a child; kill it after `seconds` if it is still at work."""
    child = CHILDREN.Process(target=road, args=(settings.home, environment))
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


@pytest.mark.parametrize(
    ("road", "kills"),
    [
        pytest.param(without_dagster, 12, marks=pytest.mark.slow),
        pytest.param(through_dagster, 3, marks=pytest.mark.slow),
        pytest.param(without_dagster, 42, marks=pytest.mark.night),
        pytest.param(through_dagster, 8, marks=pytest.mark.night),
    ],
)
def test_kills_at_any_moment(
    new_sandbox: NewSandbox, home: Path, road: Callable[[Path, Environment], None], kills: int
) -> None:
    sandbox = new_sandbox(
        {"rate_scale": 1000}
    )  # one run after the other: no run knows of the calls before it
    settings = settings_for(sandbox, home, accounts=ACCOUNTS)
    environment = sandbox.environment() | {"VIDEO_ANALYTICS_NOW": os.environ["VIDEO_ANALYTICS_NOW"]}
    warm_up()
    started = time.monotonic()
    assert _run(road, settings, environment) == 0
    whole_run = time.monotonic() - started
    undisturbed = _published(settings)
    assert len(undisturbed) > 20
    moments = random.Random(7)
    killed = amid_data = 0
    _start_afresh(settings)
    while killed < kills:
        if _run(road, settings, environment, moments.uniform(0.05, whole_run)) == -signal.SIGKILL:
            killed += 1
            amid_data += _nothing_is_torn(settings) > 0
        else:  # done before its moment came
            assert truth_equals_lake(sandbox, Lake(settings.lake), settings.brightcove.accounts, DAYS) > 0
            assert _published(settings) == undisturbed
            _start_afresh(settings)
    assert _run(road, settings, environment) == 0
    assert truth_equals_lake(sandbox, Lake(settings.lake), settings.brightcove.accounts, DAYS) > 0
    assert _published(settings) == undisturbed
    assert amid_data >= kills * 0.2  # the moments must reach beyond the start


def _start_afresh(settings: Settings) -> None:
    shutil.rmtree(settings.lake)
    shutil.rmtree(settings.exports, ignore_errors=True)
