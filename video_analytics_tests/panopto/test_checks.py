"""Which promises hang on which asset of Panopto, and what a run over some partitions answers for."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest

from video_analytics import partitions
from video_analytics.clock import VARIABLE
from video_analytics.lake import Lake
from video_analytics.panopto import assets
from video_analytics.panopto.checks import PROMISES
from video_analytics.panopto.course import Outcome
from video_analytics.panopto.resources import Road
from video_analytics.settings import Settings
from video_analytics_tests.panopto.small_lake import (
    BIOLOGY,
    LECTURES,
    ZOOLOGY,
    put_day,
    put_sessions,
    put_year,
    record,
    session,
)

NOW = "2026-06-16T06:00:00+00:00"


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    monkeypatch.setenv(VARIABLE, NOW)
    clients = (cast("Any", None), cast("Any", None))
    return Road(Settings(home=tmp_path), *clients, Lake(tmp_path / "lake"))


def run(
    road: Road, name: str, first: str, last: str | None = None
) -> tuple[bool, dict[str, dg.AssetCheckEvaluation]]:
    """A run over a range of an asset's partitions; its checks by name."""
    asset = next(each for each in assets.panopto_assets(road.settings) if each.key.path[-1] == name)
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last or first}
    with dg.DagsterInstance.ephemeral() as instance:
        partitions.add_courses(instance, [BIOLOGY, ZOOLOGY])
        done = dg.materialize(
            [asset], resources={"panopto": road}, tags=tags, raise_on_error=False, instance=instance
        )
    return done.success, {each.check_name: each for each in done.get_asset_check_evaluations()}


def test_checks_hang_on_sessions_records_and_coverage(tmp_path: Path) -> None:
    made = assets.panopto_assets(Settings(home=tmp_path))
    named = {each.key.path[-1]: {spec.name for spec in each.check_specs} for each in made}
    assert {name: names for name, names in named.items() if names} == {
        name: set(promises) for name, promises in PROMISES.items()
    }


def test_a_run_answers_for_the_days_it_read(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_soap: Any, lake: Lake, course_id: str, days: Sequence[date], **_: Any) -> Iterator[Outcome]:
        for day in days:
            put_day(lake, course_id, day, [record(f"{day} 10:00:00")] * (2 if course_id == BIOLOGY else 1))
            yield Outcome(day, {"rows": 1})

    monkeypatch.setattr(assets, "collect_days", read)
    ok, found = run(road, "viewing_activity", f"{ZOOLOGY}|2026-06-14", f"{ZOOLOGY}|2026-06-15")
    assert ok
    assert found["keys_unique"].metadata["rows"].value == 2
    ok, found = run(road, "viewing_activity", f"{BIOLOGY}|2026-06-14", f"{BIOLOGY}|2026-06-15")
    assert not ok
    assert {name for name, each in found.items() if not each.passed} == {"keys_unique"}
    assert found["keys_unique"].metadata["repeated"].value == 2


def test_years_are_measured_by_the_run_that_read_them(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_soap: Any, lake: Lake, course_id: str, years: Sequence[int], **_: Any) -> Iterator[Outcome]:
        for year in years:
            put_year(lake, course_id, year, [record("2023-10-10 10:10:10")])
            yield Outcome(year, {"rows": 1})

    monkeypatch.setattr(assets, "collect_years", read)
    ok, found = run(road, "viewing_history", f"{BIOLOGY}|2024")
    assert not ok
    assert not found["years_keys_unique"].passed


def test_coverage_is_judged_when_it_was_computed(road: Road) -> None:
    put_sessions(road.lake, BIOLOGY, "Biology", [session(LECTURES[0])])
    put_day(road.lake, BIOLOGY, date(2026, 6, 14), [record("2026-06-14 10:00:00")])
    ok, found = run(road, "chunked_coverage", BIOLOGY)
    assert ok
    assert found["coverage_sums_agree"].metadata["seconds_by_chunk"].value == 30
