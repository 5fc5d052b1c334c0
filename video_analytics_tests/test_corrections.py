"""Why did Monday's number move? The ledger has the answer, whatever dies in between."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from video_analytics.brightcove.collect import collect_days
from video_analytics.brightcove.tables import CORRECTIONS, DAILY_ANALYTICS
from video_analytics.corrections import Version, ledger, note
from video_analytics.lake import Lake, day_key, publish_warehouse
from video_analytics.settings import Settings
from video_analytics_tests.conftest import NOW, YESTERDAY, NewSandbox, TurnClock, client_of, settings_for

THINGS = ledger("things")
DAY = dt.date(2026, 6, 8)


def version(digest: str, rows: int, views: int = 0) -> Version:
    return Version(digest, "provisional", rows, views, 60.0 * views)


def test_each_move_is_a_row_and_a_repeated_one_is_not(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    one, two, three = version("1", 5, 10), version("2", 6, 12), version("3", 6, 11)
    for before, after in ((one, two), (one, two), (two, three), (three, two), (two, three)):
        note(lake, THINGS, "internet", DAY, before, after, NOW)
    table = lake.read(THINGS, day_key("internet", DAY))
    assert table is not None
    moved = [(row["views_before"], row["views_after"]) for row in table.to_pylist()]
    assert moved == [(10, 12), (12, 11), (11, 12), (12, 11)]


def read(settings: Settings, days: list[dt.date]) -> None:
    account = settings.account("neo")
    with client_of(settings) as client:
        outcomes = list(collect_days(client, Lake(settings.lake), {account: days}))
    assert [outcome.error for outcome in outcomes if outcome.error] == []


def sums(lake: Lake, day: dt.date, account: str) -> Mapping[str, Any]:
    facts = lake.facts(DAILY_ANALYTICS, day_key(account, day))
    assert facts is not None
    return {name: facts[name] for name in ("rows", "views", "seconds")}


def test_a_day_that_the_vendor_changed_is_told_with_what_it_was_and_is(
    new_sandbox: NewSandbox, home: Path, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["neo"])
    lake, account = Lake(settings.lake), settings.account("neo")
    days = [YESTERDAY - dt.timedelta(days=back) for back in range(3)]
    read(settings, days)
    before = {day: sums(lake, day, account.id) for day in days}
    assert not list((lake.root / CORRECTIONS.name).rglob("*.parquet"))
    later = NOW + dt.timedelta(days=4)
    turn_clock(sandbox, later)
    read(settings, days)
    after = {day: sums(lake, day, account.id) for day in days}
    moved = [day for day in days if before[day] != after[day]]
    assert moved
    for day in moved:
        held = lake.read(CORRECTIONS, day_key(account.id, day))
        assert held is not None
        (row,) = held.to_pylist()
        assert {name: row[f"{name}_before"] for name in before[day]} == before[day]
        assert {name: row[f"{name}_after"] for name in after[day]} == after[day]
        assert (row["noticed_at"], row["finality_before"], row["finality_after"]) == (
            later, "provisional", "settled",
        )  # fmt: skip
    found = len(list((lake.root / CORRECTIONS.name).rglob("*.parquet")))
    read(settings, days)
    assert len(list((lake.root / CORRECTIONS.name).rglob("*.parquet"))) == found
    publish_warehouse(lake, [CORRECTIONS])
    with duckdb.connect(str(lake.root / "warehouse.duckdb"), read_only=True) as connection:
        told = connection.sql("SELECT count(*), sum(views_after - views_before) FROM brightcove.corrections")
        ((count, difference),) = told.fetchall()
    assert count == found
    assert difference == sum(after[day]["views"] - before[day]["views"] for day in days)


@pytest.mark.parametrize("damage", [b"", b"PAR1 and nothing"])
def test_a_damaged_day_is_mended_and_no_correction(
    new_sandbox: NewSandbox, home: Path, damage: bytes
) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["neo"])
    lake, account = Lake(settings.lake), settings.account("neo")
    read(settings, [YESTERDAY])
    was = lake.path(DAILY_ANALYTICS, day_key(account.id, YESTERDAY)).read_bytes()
    lake.path(DAILY_ANALYTICS, day_key(account.id, YESTERDAY)).write_bytes(damage)
    read(settings, [YESTERDAY])
    assert lake.path(DAILY_ANALYTICS, day_key(account.id, YESTERDAY)).read_bytes() == was
    assert not (lake.root / CORRECTIONS.name).exists()
