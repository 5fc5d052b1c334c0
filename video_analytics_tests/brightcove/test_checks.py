"""Which promises hang on which asset of Brightcove, and what a run over some partitions answers for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import cast

import dagster as dg
import pytest

from video_analytics.brightcove import assets
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import Outcome
from video_analytics.brightcove.quality import CATALOGUE_CHECKS, DAY_CHECKS
from video_analytics.brightcove.resources import Road
from video_analytics.clock import VARIABLE
from video_analytics.errors import Unauthorized, VendorError
from video_analytics.lake import Lake
from video_analytics.settings import Account, Settings
from video_analytics_tests.brightcove.small_lake import INTERNET, INTRANET, put_day

NOW, LAST = "2026-06-16T06:00:00+00:00", date(2026, 6, 15)
BROKEN = {"1": {"views_tv": 3}}  # devices do not add up to views
DEAD: VendorError = Unauthorized("the account is dead")


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    monkeypatch.setenv(VARIABLE, NOW)
    return Road(Settings(home=tmp_path), cast("Client", None), Lake(tmp_path / "lake"))


def run(
    road: Road, monkeypatch: pytest.MonkeyPatch, first: str, last: str, broken: Sequence[str] = ()
) -> dg.ExecuteInProcessResult:
    """A run over a range of days; the `broken` accounts are read wrong, or `dead` not at all."""

    def read(_: Client, lake: Lake, wanted: Mapping[Account, Sequence[date]]) -> Iterator[Outcome]:
        for account, days in wanted.items():
            for day in days:
                if f"dead {account.key}" in broken:
                    yield Outcome(account, day, error=DEAD)
                    continue
                rows = BROKEN if account.key in broken else {"1": {}}
                put_day(lake, account, day, rows, finality="settled", views=4, seconds=611)
                yield Outcome(account, day, {"rows": 1})

    monkeypatch.setattr(assets, "collect_days", read)
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    days = assets.daily_analytics_asset(road.settings)
    return dg.materialize([days], resources={"brightcove": road}, tags=tags, raise_on_error=False)


def wrong(done: dg.ExecuteInProcessResult) -> set[str]:
    found = done.get_asset_check_evaluations()
    assert {each.check_name for each in found} == set(DAY_CHECKS)
    assert len(found) == len(DAY_CHECKS)
    return {each.check_name for each in found if not each.passed}


def test_checks_hang_on_days_and_catalogues() -> None:
    made = assets.brightcove_assets(Settings(home=Path("anywhere")))
    named = {each.key.path[-1]: {spec.name for spec in each.check_specs} for each in made}
    assert {name: names for name, names in named.items() if names} == {
        "daily_analytics": set(DAY_CHECKS),
        "cms_catalog": set(CATALOGUE_CHECKS),
    }


def test_a_run_over_a_range_is_judged_once_over_its_accounts(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(road, monkeypatch, "internet|2026-06-10", "intranet|2026-06-15")
    assert done.success
    assert wrong(done) == set()
    found = {each.check_name: each.metadata for each in done.get_asset_check_evaluations()}
    assert found["counts_reconciled"]["rows"].value == 12
    assert {metadata["subjects"].value for metadata in found.values()} == {2}


def test_wrong_numbers_fail_the_run_after_all_is_recorded(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(road, monkeypatch, "internet|2026-06-14", "intranet|2026-06-15", ["intranet"])
    assert not done.success
    assert wrong(done) == {"devices_equal_views"}
    assert len(done.get_asset_materialization_events()) == 4


def test_a_run_does_not_answer_for_other_accounts_or_other_days(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_day(road.lake, INTRANET, LAST, BROKEN, finality="settled")
    put_day(road.lake, INTERNET, date(2026, 6, 13), BROKEN, finality="settled")
    assert run(road, monkeypatch, "internet|2026-06-14", "internet|2026-06-15").success
    assert run(road, monkeypatch, "internet|2023-03-01", "internet|2023-03-02").success


def test_with_a_dead_account_the_others_are_read_and_judged_and_the_dead_one_is_named(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(road, monkeypatch, "internet|2026-06-14", "intranet|2026-06-15", ["dead internet"])
    assert not done.success
    assert wrong(done) == set()
    assert len(done.get_asset_materialization_events()) == 2
    (failed,) = (event.step_failure_data.error for event in done.all_events if event.is_step_failure)
    assert failed is not None
    assert "2 of 4 partitions failed (internet|2026-06-14, internet|2026-06-15)" in failed.message
