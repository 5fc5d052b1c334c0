"""Dropped reports become numbers by themselves; nothing is asked for twice, nothing is forgotten."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from video_analytics import partitions
from video_analytics.automation.reports import ASK, READ, RECKON, next_steps
from video_analytics.clock import VARIABLE
from video_analytics.definitions import build_defs
from video_analytics.lake import Lake
from video_analytics.panopto.retention.tables import RETENTION_SCENARIOS
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.conftest import NOW, NewSandbox, TurnClock, snapshot
from video_analytics_tests.panopto.drill import PEACE, panopto_settings
from video_analytics_tests.panopto.reports.report_files import CREATED, USAGE, named, report_bytes, row

DAY = "2022-06-01"
ROWS = [row(1), row(2), row(3)]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def drop(home: Path, kind: str, start: str = "2010-01-01", end: str = DAY) -> None:
    path = home / "inbox" / "panopto" / named(kind, start, end)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(report_bytes(kind, ROWS if kind == CREATED else ROWS[:2]))
    os.utime(path, (1_600_000_000, 1_600_000_000))


def steps(settings: Settings) -> list[tuple[str | None, str | None]]:
    return [(request.job_name, request.partition_key) for request in next_steps(settings)]


def tick(settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """One tick of the sensor: its partitions are added, its runs carried out; gives their jobs."""
    definitions = build_defs(settings)
    sensor = definitions.resolve_sensor_def("panopto_reports")
    told = sensor(dg.build_sensor_context(instance=instance, definitions=definitions))
    assert isinstance(told, dg.SensorResult)
    for asked in told.dynamic_partitions_requests or ():
        instance.add_dynamic_partitions(asked.partitions_def_name, list(asked.partition_keys))
    done = []
    for request in told.run_requests or ():
        job = definitions.resolve_job_def(str(request.job_name))
        run = job.execute_in_process(
            instance=instance, partition_key=request.partition_key, raise_on_error=False
        )
        done.append(f"{request.job_name} {'done' if run.success else 'failed'}")
    return done


def test_two_dropped_reports_become_numbers_and_then_there_is_peace(
    home: Path, instance: dg.DagsterInstance
) -> None:
    settings = load_settings(home, {})
    assert tick(settings, instance) == []
    drop(home, CREATED)
    assert tick(settings, instance) == [f"{READ} done"]
    assert tick(settings, instance) == []  # one of two: nothing to reckon yet
    drop(home, USAGE)
    assert [tick(settings, instance) for _ in range(3)] == [[f"{READ} done"], [f"{RECKON} done"], []]
    assert (home / "exports" / "panopto" / "retention" / "scenarios.csv").exists()
    assert instance.get_dynamic_partitions(str(partitions.REPORT_DATES.name)) == [DAY]


@pytest.mark.slow
def test_new_reports_and_new_settings_are_reckoned_anew_and_old_dates_stay(
    home: Path, instance: dg.DagsterInstance
) -> None:
    for kind in (CREATED, USAGE):
        drop(home, kind)
    settings = load_settings(home, {})
    tick(settings, instance)
    tick(settings, instance)
    for kind in (CREATED, USAGE):
        drop(home, kind, end="2022-06-30")
    tick(settings, instance)
    assert steps(settings) == [(RECKON, "2022-06-30")]
    tick(settings, instance)
    assert steps(settings) == []
    (home / "settings.toml").write_text("[retention.limits]\nstored = 1\n", encoding="utf-8")
    changed = load_settings(home, {})
    assert steps(changed) == [(RECKON, "2022-06-30")]
    before = Lake(settings.lake).read(RETENTION_SCENARIOS, DAY)
    tick(changed, instance)
    assert steps(changed) == []
    assert Lake(settings.lake).read(RETENTION_SCENARIOS, DAY) == before


def test_a_refused_file_fails_its_run_once_and_the_good_one_beside_it_is_taken(
    home: Path, instance: dg.DagsterInstance
) -> None:
    settings = load_settings(home, {})
    drop(home, CREATED)
    drop(home, USAGE)
    (home / "inbox" / "panopto" / "a page.html").write_text("<html></html>\n")
    os.utime(home / "inbox" / "panopto" / "a page.html", (1_600_000_000, 1_600_000_000))
    assert [tick(settings, instance) for _ in range(3)] == [[f"{READ} failed"], [f"{RECKON} done"], []]
    assert (home / "inbox" / "refused" / "a page.html.reason.txt").exists()


def test_the_same_inbox_has_the_same_run_key_until_the_next_day(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(home, {})
    drop(home, CREATED)
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    first, second = (next(next_steps(settings)).run_key for _ in range(2))
    assert first == second
    monkeypatch.setenv(VARIABLE, (NOW + dt.timedelta(days=1)).isoformat())
    assert next(next_steps(settings)).run_key != first
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    drop(home, USAGE)
    assert next(next_steps(settings)).run_key != first


@pytest.mark.slow
def test_reckoning_again_changes_no_byte(home: Path, instance: dg.DagsterInstance) -> None:
    for kind in (CREATED, USAGE):
        drop(home, kind)
    settings = load_settings(home, {})
    tick(settings, instance)
    tick(settings, instance)
    before = snapshot(home / "lake" / "panopto") | snapshot(home / "exports")
    job = build_defs(settings).resolve_job_def(RECKON)
    assert job.execute_in_process(instance=instance, partition_key=DAY).success
    assert snapshot(home / "lake" / "panopto") | snapshot(home / "exports") == before


class Site:
    """A site that makes reports, and what the week's schedule and the sensor make of them."""

    def __init__(self, sandbox: Sandbox, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.sandbox, self.settings, self.instance = sandbox, settings, instance

    def week(self) -> bool:
        """What the weekly schedule asks for, carried out."""
        definitions = build_defs(self.settings)
        schedule = definitions.resolve_schedule_def("panopto_weekly_reports")
        assert schedule.job_name == ASK
        return (
            definitions.resolve_job_def(ASK)
            .execute_in_process(instance=self.instance, raise_on_error=False)
            .success
        )


@pytest.fixture
def new_site(home: Path, new_sandbox: NewSandbox, instance: dg.DagsterInstance) -> Any:
    def start(scenario: dict[str, Any]) -> Site:
        sandbox = new_sandbox(PEACE | scenario)
        settings = panopto_settings(sandbox, home, reports_wait_minutes=0)
        return Site(sandbox, settings, instance)

    return start


def test_a_report_that_takes_hours_is_fetched_by_the_sensor(new_site: Any, turn_clock: TurnClock) -> None:
    site = new_site({"report_seconds": 3600.0})
    assert site.week()
    assert steps(site.settings) == [(ASK, None)]
    key = next(next_steps(site.settings)).run_key
    turn_clock(site.sandbox, NOW + dt.timedelta(hours=2))
    assert next(next_steps(site.settings)).run_key != key
    assert tick(site.settings, site.instance) == [f"{ASK} done"]
    assert tick(site.settings, site.instance) == [f"{RECKON} done"]
    assert tick(site.settings, site.instance) == []
    assert (site.settings.exports / "panopto" / "retention" / "scenarios.csv").exists()


def test_without_the_right_the_weekly_run_fails_and_makes_no_storm(new_site: Any) -> None:
    site = new_site({"reports_refused": True})
    assert not site.week()
    assert steps(site.settings) == []


def test_the_schedule_runs_where_a_site_is_set_up_and_the_sensor_everywhere(
    home: Path, new_site: Any
) -> None:
    alone = build_defs(load_settings(home, {}))
    there = build_defs(new_site({}).settings)
    stopped, running = dg.DefaultScheduleStatus.STOPPED, dg.DefaultScheduleStatus.RUNNING
    assert alone.resolve_schedule_def("panopto_weekly_reports").default_status == stopped
    assert there.resolve_schedule_def("panopto_weekly_reports").default_status == running
    assert alone.resolve_sensor_def("panopto_reports").default_status == dg.DefaultSensorStatus.RUNNING
