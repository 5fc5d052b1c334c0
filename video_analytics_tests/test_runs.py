"""Ranges, and the whole road through Dagster in this process."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from video_analytics.brightcove.assets import key
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.console import Bars
from video_analytics.errors import SettingsError
from video_analytics.http import Tally
from video_analytics.instance import open_instance
from video_analytics.lake import Lake, day_key
from video_analytics.ranges import blocks, day_ranges
from video_analytics.roads import run_brightcove, wanted_days
from video_analytics.runs import Runner
from video_analytics.settings import Account, Settings
from video_analytics_tests.conftest import (
    NOW,
    YESTERDAY,
    NewSandbox,
    days_until,
    settings_for,
    snapshot,
    truth_equals_lake,
)

BUILT_IN = Settings(home=Path("home")).brightcove.accounts
ORDER = [account.key for account in BUILT_IN]
DAYS = days_until(YESTERDAY, 40)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory: one on disk takes longer than the work it records."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(
    settings: Settings,
    wanted: dict[Account, list[dt.date]],
    instance: dg.DagsterInstance,
    tags: dict[str, str] | None = None,
) -> tuple[Runner, Bars, Tally]:
    tally = Tally()
    bars = Bars(Console(quiet=True), tally)
    with bars:
        runner = Runner(settings, bars, tally, instance, tags or {})
        run_brightcove(runner, wanted)
    return runner, bars, tally


def materialized(instance: dg.DagsterInstance, name: str) -> set[str]:
    return set(instance.get_materialized_partitions(key(name)))


@given(st.dictionaries(st.sampled_from(BUILT_IN), st.sets(st.sampled_from(DAYS), max_size=12), max_size=11))
def test_ranges_hold_just_the_wanted_days(wanted: dict[Account, set[dt.date]]) -> None:
    held = []
    for span in day_ranges({account.key: sorted(days) for account, days in wanted.items()}, ORDER):
        (first_name, first_day), (last_name, last_day) = span.first.split("|"), span.last.split("|")
        names = ORDER[ORDER.index(first_name) : ORDER.index(last_name) + 1]
        length = (dt.date.fromisoformat(last_day) - dt.date.fromisoformat(first_day)).days + 1
        days = [dt.date.fromisoformat(first_day) + dt.timedelta(days=number) for number in range(length)]
        assert span.size == len(names) * len(days) > 0
        held += [(name, day) for name in names for day in days]
    assert sorted(held) == sorted((account.key, day) for account, days in wanted.items() for day in days)


@given(st.sets(st.sampled_from(ORDER)))
def test_blocks_are_neighbours_in_order(names: set[str]) -> None:
    spans = list(blocks(names, ORDER))
    held = [name for span in spans for name in ORDER[ORDER.index(span.first) : ORDER.index(span.last) + 1]]
    assert sorted(held) == sorted(names)
    assert sum(span.size for span in spans) == len(names)


@pytest.mark.slow
def test_the_road_is_recorded_as_it_is_in_the_lake(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home)
    days = days_until(YESTERDAY, 4)
    with open_instance(settings) as (instance, tags):
        runner, bars, tally = run(settings, dict.fromkeys(settings.brightcove.accounts, days), instance, tags)
    assert runner.ok
    assert not bars.failures
    assert tally.total("analytics/data") == 22
    assert truth_equals_lake(sandbox, Lake(settings.lake), settings.brightcove.accounts, days) == bars.rows
    with open_instance(settings) as (instance, _):  # another process would see the same
        assert len(materialized(instance, "daily_analytics")) == 44
        for name in ("cms_catalog", "last_viewed", "video_cache", "cms_files", "reporting_files"):
            assert len(materialized(instance, name)) == 11, name
        assert materialized(instance, "multi_year") == {"internet", "research", "gwm", "events"}
    assert (settings.lake / "warehouse.duckdb").exists()


def test_each_materialization_says_what_it_cost(
    new_sandbox: NewSandbox, home: Path, instance: dg.DagsterInstance
) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["neo"])
    run(settings, {settings.account("neo"): [YESTERDAY]}, instance)
    event = instance.get_latest_materialization_event(key("daily_analytics"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert metadata["finality"] == "provisional"
    assert metadata["window"] == YESTERDAY.isoformat()
    assert metadata["window_calls"] == 2
    assert metadata["window_retries"] == 0
    seconds = metadata["window_seconds"]
    assert isinstance(seconds, float)
    assert seconds > 0
    held = Lake(settings.lake).read(DAILY_ANALYTICS, day_key(settings.account("neo").id, YESTERDAY))
    assert held is not None
    assert metadata["dagster/partition_row_count"] == held.num_rows


@pytest.mark.slow
def test_a_second_run_changes_no_byte(
    new_sandbox: NewSandbox, home: Path, instance: dg.DagsterInstance
) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["neo", "MyWay"])
    wanted = {account: days_until(YESTERDAY, 3) for account in settings.brightcove.accounts}
    run(settings, wanted, instance)
    before = snapshot(settings.lake) | snapshot(settings.exports)
    run(settings, wanted, instance)
    after = snapshot(settings.lake) | snapshot(settings.exports)
    before.pop("warehouse.duckdb"), after.pop("warehouse.duckdb")  # views only, written anew each time
    assert after == before
    assert len(after) > 30


@pytest.mark.slow
def test_a_dead_account_is_named_and_the_others_are_recorded(
    new_sandbox: NewSandbox, home: Path, instance: dg.DagsterInstance
) -> None:
    sandbox = new_sandbox({"dead_accounts": ["research"], "dead_how": "403"})
    settings = settings_for(sandbox, home)
    days = days_until(YESTERDAY, 2)
    runner, bars, _ = run(settings, dict.fromkeys(settings.brightcove.accounts, days), instance)
    assert not runner.ok
    assert {partition.split("|")[0] for _, partition in bars.failures} == {"research"}
    assert {name.split("|")[0] for name in materialized(instance, "daily_analytics")} == set(ORDER) - {
        "research"
    }
    assert len(materialized(instance, "daily_analytics")) == 20
    failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert len(failed) == 2  # the catalogue and the days; a refused last-view list is told, not fatal
    texts = [
        str(log.step_failure_data.error) for run in failed for log in step_failures(instance, run.run_id)
    ]
    assert all("research" in text for text in texts)
    assert len(texts) == 2


def step_failures(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEvent]:
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [entry.dagster_event for entry in entries if entry.dagster_event is not None]


def test_without_dates_the_trailing_days_gaps_and_those_the_vendor_changed(
    new_sandbox: NewSandbox, home: Path, turn_clock: object, instance: dg.DagsterInstance
) -> None:
    sandbox = new_sandbox(now=NOW - dt.timedelta(days=30))
    settings = settings_for(sandbox, home, accounts=["neo"])
    account = settings.account("neo")
    early = days_until(YESTERDAY - dt.timedelta(days=30), 9)
    run(settings, {account: early}, instance)
    assert callable(turn_clock)
    turn_clock(sandbox, NOW)
    wanted = wanted_days(settings, [account], None, None)[account]
    moved = [day for day in early if (YESTERDAY - day).days >= 32]
    stale = [day for day in early if (YESTERDAY - day).days < 32 and (early[-1] - day).days < 3]
    missing = [day for day in days_until(YESTERDAY, 30) if day > early[-1]]
    assert wanted == sorted({*moved, *stale, *missing, *days_until(YESTERDAY, 7)})
    assert len(moved) > 3
    assert len(missing) == 30


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (dt.date(2020, 1, 1), None, "start_date"),
        (None, dt.date(2026, 6, 15), "ask for earlier days"),
        (dt.date(2026, 6, 2), dt.date(2026, 6, 1), "swap them"),
    ],
)
def test_impossible_spans_are_refused(
    new_sandbox: NewSandbox, home: Path, first: dt.date | None, last: dt.date | None, says: str
) -> None:
    settings = settings_for(new_sandbox(), home)
    with pytest.raises(SettingsError, match=says):
        wanted_days(settings, settings.brightcove.accounts, first, last)


def test_the_run_of_a_killed_process_is_buried(new_sandbox: NewSandbox, home: Path) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["neo"])
    with open_instance(settings) as (instance, tags):
        job = dg.define_asset_job("left")
        assert job.name == "left"
        living = instance.create_run_for_job(_job(), tags=dict(tags), status=dg.DagsterRunStatus.STARTED)
    dead = living.run_id
    with open_instance(settings) as (instance, _):
        run_ = instance.get_run_by_id(dead)
        assert run_ is not None
        assert run_.status == dg.DagsterRunStatus.FAILURE


def _job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None:
        """Does nothing."""

    @dg.job
    def left() -> None:
        """A job whose process is gone."""
        nothing()

    return left
