"""The road of Panopto through Dagster in this process, and what happens there by itself."""

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rich.console import Console

from video_analytics import partitions
from video_analytics.automation.courses import next_step
from video_analytics.console import Bars
from video_analytics.definitions import build_defs
from video_analytics.http import Tally
from video_analytics.instance import open_instance
from video_analytics.lake import Lake, day_key
from video_analytics.panopto.assets import key
from video_analytics.panopto.tables import VIEWING_ACTIVITY
from video_analytics.ranges import END_TAG, START_TAG
from video_analytics.roads import run_panopto
from video_analytics.runs import Runner
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Course, Settings, read_courses
from video_analytics_tests.conftest import NOW, YESTERDAY, NewSandbox, TurnClock, days_until, snapshot
from video_analytics_tests.panopto.drill import PEACE, panopto_settings, truth_equals_lake

DAYS = 12
DETAILED = "GetSessionExtendedDetailedUsage"


def listed(sandbox: Sandbox, home: Path, courses: list[tuple[str, str]] | None = None) -> list[Course]:
    """The sandbox's courses in the home's `courses.csv`."""
    with (home / "courses.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("PanoptoFolderName", "PanoptoFolderID"))
        rows.writerows(sandbox.panopto.courses() if courses is None else courses)
    return list(read_courses(home))


@dataclass
class Site:
    """A small site, a home that reads it, and a Dagster instance in memory."""

    sandbox: Sandbox
    settings: Settings
    courses: list[Course]
    instance: dg.DagsterInstance
    bars: Bars = field(default_factory=lambda: Bars(Console(quiet=True), Tally()))
    tally: Tally = field(default_factory=Tally)

    def run(self, first: dt.date | None = None, last: dt.date | None = None) -> Runner:
        """The whole road; counts anew."""
        self.tally = Tally()
        self.bars = Bars(Console(quiet=True), self.tally)
        runner = Runner(self.settings, self.bars, self.tally, self.instance, {})
        with self.bars:
            run_panopto(runner, self.courses, first, last)
        return runner

    def materialized(self, name: str) -> set[str]:
        """The partitions of an asset that Dagster knows as done."""
        return set(self.instance.get_materialized_partitions(key(name)))

    def take(self, courses: list[tuple[str, str]]) -> None:
        """Other courses in the list from now on."""
        self.courses = listed(self.sandbox, self.settings.home, courses)


NewSite = Callable[..., Site]


@pytest.fixture
def new_site(home: Path, new_sandbox: NewSandbox) -> Iterator[NewSite]:
    """`new_site(scenario, first day, courses)`; by default all courses and the last days."""
    with dg.DagsterInstance.ephemeral() as instance:

        def make(
            scenario: dict[str, Any] | None = None,
            first: dt.date = YESTERDAY - dt.timedelta(days=DAYS - 1),
            courses: int | None = None,
        ) -> Site:
            sandbox = new_sandbox({**PEACE, **(scenario or {})})
            settings = panopto_settings(sandbox, home, start_date=first)
            chosen = listed(sandbox, home, sandbox.panopto.courses()[:courses])
            return Site(sandbox, settings, chosen, instance)

        yield make


def test_the_road_is_recorded_as_it_is_in_the_lake(new_site: NewSite) -> None:
    site = new_site()
    assert site.run().ok
    assert not site.bars.failures
    wanted = {f"{course.id}|{day}" for course in site.courses for day in days_until(YESTERDAY, DAYS)}
    assert site.materialized("viewing_activity") == wanted
    for name in ("course_sessions", "chunked_coverage", "course_files"):
        assert site.materialized(name) == {course.id for course in site.courses}, name
    lake = Lake(site.settings.lake)
    assert all(lake.path(VIEWING_ACTIVITY, day_key(*split(each))).exists() for each in wanted)


def split(partition: str) -> tuple[str, dt.date]:
    course_id, day = partition.split("|")
    return course_id, dt.date.fromisoformat(day)


@pytest.mark.slow
def test_history_lies_in_years_and_all_of_it_is_the_truth(new_site: NewSite) -> None:
    site = new_site(first=dt.date(2010, 1, 1))
    site.courses = site.courses[1:2]
    assert site.run().ok
    (course,) = site.courses
    assert truth_equals_lake(site.sandbox, Lake(site.settings.lake), [course.id]) > 100
    assert site.materialized("viewing_history") == {f"{course.id}|{year}" for year in (2023, 2024)}
    assert {day.year for _, day in map(split, site.materialized("viewing_activity"))} == {2025, 2026}


def test_a_second_run_changes_no_byte(new_site: NewSite) -> None:
    site = new_site()
    site.run()
    before = snapshot(site.settings.lake) | snapshot(site.settings.exports)
    assert site.run().ok
    after = snapshot(site.settings.lake) | snapshot(site.settings.exports)
    before.pop("warehouse.duckdb"), after.pop("warehouse.duckdb")  # views only, written anew each time
    assert after == before
    assert site.tally.total("GetSessionExtendedDetailedUsage") == 0


@pytest.mark.slow
def test_days_asked_for_are_read_again(new_site: NewSite) -> None:
    site = new_site()
    site.run()
    site.sandbox.reset_log()
    assert site.run(YESTERDAY, YESTERDAY).ok
    operations = (e["subject"] for e in site.sandbox.log() if e["operation"] == DETAILED)
    ids = [course.id for course in site.courses]
    assert set(operations) == here(site.sandbox, ids)


def here(sandbox: Sandbox, courses: Iterable[str]) -> set[str]:
    """The sessions in some courses now."""
    return {s["Id"] for course_id in courses for s in sandbox.panopto.sessions_of(course_id, sandbox.now())}


def test_a_course_that_is_denied_is_named_and_the_others_are_recorded(new_site: NewSite) -> None:
    site = new_site()
    denied, *others = [course.id for course in site.courses]
    site.sandbox.set_scenario({**PEACE, "denied_folders": [denied]})
    assert not site.run().ok
    assert set(site.bars.failures) == {("course_sessions", denied)}
    assert "403" in str(site.bars.failures["course_sessions", denied])
    assert {course_id for course_id, _ in map(split, site.materialized("viewing_activity"))} == set(others)
    lake, days = Lake(site.settings.lake), days_until(YESTERDAY, DAYS)
    facts = [lake.facts(VIEWING_ACTIVITY, day_key(course_id, day)) for course_id in others for day in days]
    begin, end = (
        dt.datetime.combine(day, dt.time(), dt.UTC) for day in (days[0], YESTERDAY + dt.timedelta(1))
    )
    true = site.sandbox.panopto.records(
        site.sandbox.now(), list(here(site.sandbox, others)), begin=begin, end=end
    )
    assert sum(each["rows"] for each in facts if each) == len(true) > 0


def test_partitions_are_few_enough_to_be_looked_at(home: Path, new_sandbox: NewSandbox) -> None:
    """Fifty courses since 2010: Dagster's own bound is 100,000 for an asset."""
    settings = panopto_settings(new_sandbox(PEACE), home)
    with dg.DagsterInstance.ephemeral() as instance:
        partitions.add_courses(
            instance, [f"{number:08x}-0000-4000-8000-000000000000" for number in range(50)]
        )
        days = partitions.course_days(settings).get_partition_keys(NOW, instance)
        years = partitions.course_years(settings).get_partition_keys(NOW, instance)
    assert len(days) == 50 * (365 + 165)  # 2025, and 2026 up to June 14
    assert len(years) == 50 * 15


def test_a_new_course_is_led_from_listing_to_files(new_site: NewSite) -> None:
    """What the sensor asks for, step by step, until nothing lacks; each request runs as it is."""
    site = new_site(courses=2)
    definitions = build_defs(site.settings)
    sensor = definitions.resolve_sensor_def("panopto_courses")
    jobs: list[str] = []
    while jobs[-1:] != ["panopto_tableau"] and len(jobs) < 20:
        context = dg.build_sensor_context(instance=site.instance, definitions=definitions)
        told = sensor(context)
        assert isinstance(told, dg.SensorResult)
        for asked in told.dynamic_partitions_requests or ():
            assert asked.partitions_def_name == partitions.COURSES.name
            site.instance.add_dynamic_partitions(asked.partitions_def_name, list(asked.partition_keys))
        for request in told.run_requests or ():
            jobs.append(str(request.job_name))
            assert carry_out(definitions, site.instance, request)
    assert [next_step(site.settings, course.id) for course in site.courses] == [None, None]
    kinds = ["panopto_listing", "panopto_days", "panopto_coverage", "panopto_tableau"]
    assert list(dict.fromkeys(jobs)) == kinds
    assert [jobs.count(kind) for kind in kinds] == [2, 2, 2, 1]
    joined = site.settings.exports / "panopto" / "output[CHUNKED]" / "tableau" / "sessions_overview.csv"
    assert len(joined.read_text(encoding="utf-8").splitlines()) > len(site.courses)


def carry_out(definitions: dg.Definitions, instance: dg.DagsterInstance, request: dg.RunRequest) -> bool:
    job = definitions.resolve_job_def(str(request.job_name))
    done = job.execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        run_config=dict(request.run_config or {}),
        tags=dict(request.tags),
    )
    return done.success


def test_a_night_asks_for_listings_and_due_days(new_site: NewSite, turn_clock: TurnClock) -> None:
    site = new_site()
    site.run()
    turn_clock(site.sandbox, site.sandbox.now() + dt.timedelta(days=1))
    definitions = build_defs(site.settings)
    with open_instance(site.settings) as (on_disk, _):  # a schedule wants one
        partitions.add_courses(on_disk, [course.id for course in site.courses])
        context = dg.build_schedule_context(instance=on_disk)
        listing, days = (
            list(definitions.resolve_schedule_def(name).evaluate_tick(context).run_requests or ())
            for name in ("panopto_nightly_listing", "panopto_nightly")
        )
    first, last = site.courses[0].id, site.courses[-1].id
    assert [(one.tags[START_TAG], one.tags[END_TAG]) for one in listing] == [(first, last)]
    new = YESTERDAY + dt.timedelta(days=1)
    span = (f"{first}|{new - dt.timedelta(days=6)}", f"{last}|{new}")
    assert [(one.tags[START_TAG], one.tags[END_TAG]) for one in days] == [span]
    assert days[0].run_config["ops"]["panopto__viewing_activity"]["config"] == {"again": False}
    assert all(carry_out(definitions, site.instance, request) for request in (*listing, *days))
    lake = Lake(site.settings.lake)
    assert all(lake.path(VIEWING_ACTIVITY, day_key(course.id, new)).exists() for course in site.courses)


@pytest.mark.slow
def test_a_course_taken_out_keeps_its_data(new_site: NewSite) -> None:
    site = new_site()
    site.run()
    out = site.courses[0].id
    held = snapshot(site.settings.lake / "panopto" / "viewing_activity" / out)
    site.take(site.sandbox.panopto.courses()[1:])
    assert site.run().ok
    assert snapshot(site.settings.lake / "panopto" / "viewing_activity" / out) == held
    assert len(held) == DAYS
    assert out in site.instance.get_dynamic_partitions(str(partitions.COURSES.name))
