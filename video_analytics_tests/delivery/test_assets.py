"""The asset shows what it did, fails when something waits, and its check compares receipts with shares."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from video_analytics.delivery import assets
from video_analytics.delivery.assets import KEY, delivery_assets
from video_analytics.delivery.checks import compare, delivery_checks
from video_analytics.settings import Settings
from video_analytics_tests.delivery.world import NOW, entries, export_cms, home_with

UPSTREAM = dg.AssetSpec(["brightcove", "cms_files"])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VIDEO_ANALYTICS_NOW", NOW.isoformat())
    monkeypatch.setattr(assets, "gate", lambda *_: lambda item: "stale" if item.route == "neo" else None)
    monkeypatch.setattr("time.sleep", lambda _: None)
    found = home_with(tmp_path / "home", "reports")
    export_cms(found)
    return found


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def materialized(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    made: list[Any] = [UPSTREAM, *delivery_assets(settings, [UPSTREAM.key]), *delivery_checks(settings)]
    return dg.materialize(made, selection=[KEY], instance=instance, raise_on_error=False)


def shown(instance: dg.DagsterInstance) -> dict[str, Any]:
    (record,) = instance.fetch_materializations(KEY, limit=10).records
    assert record.asset_materialization is not None
    metadata = record.asset_materialization.metadata
    return {name: getattr(value, "records", value.value) for name, value in metadata.items()}


def test_it_shows_counts_receipts_and_what_is_held_back(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    result = materialized(settings, instance)
    assert result.success
    told = shown(instance)
    counts = {name: told[name] for name in ("copied", "unchanged", "blocked", "waiting", "bytes_copied")}
    assert counts == {"copied": 2, "unchanged": 0, "blocked": 1, "waiting": 0, "bytes_copied": 21}
    assert {row.data["business_unit"] for row in told["receipts"]} == {"GWM"}
    assert told["why_blocked"] == {"reports/NEO--IB/2026_06/neo_cms.csv": "stale"}
    assert entries(settings)["reports/impact"].run_id == result.run_id
    (evaluation,) = result.get_asset_check_evaluations()
    assert evaluation.passed
    assert evaluation.metadata["true"].value == 2


def test_it_fails_and_names_what_waits(
    settings: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    (tmp_path / "reports").rename(tmp_path / "gone")
    result = materialized(settings, instance)
    assert not result.success
    assert shown(instance)["waiting"] == 2
    (failure,) = (event.step_failure_data for event in result.all_events if event.is_step_failure)
    assert failure.error is not None
    assert "2 files wait (reports)" in failure.error.message
    assert compare(settings) == ({"true": 0, "wrong": 0, "not_reached": 0}, [])


def test_the_check_finds_what_somebody_changed_or_took_away(
    settings: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    assert materialized(settings, instance).success
    (tmp_path / "reports/Impact--GWM/2026_06/impact_cms.csv").write_bytes(b"x")
    (tmp_path / "reports/MyWay--GWM/2026_06/myway_cms.csv").unlink()
    counts, wrong = compare(settings)
    assert counts == {"true": 0, "wrong": 2, "not_reached": 0}
    assert wrong == [
        "reports/Impact--GWM/2026_06/impact_cms.csv",
        "reports/MyWay--GWM/2026_06/myway_cms.csv",
    ]
    (tmp_path / "reports").rename(tmp_path / "gone")
    assert compare(settings) == ({"true": 0, "wrong": 0, "not_reached": 2}, [])
