"""Drills: a real run, something goes wrong, and the lake is compared with the vendor's truth."""

import datetime as dt
import os
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pyarrow.parquet as pq
import pytest

from video_analytics.brightcove import analytics
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import (
    CAPABILITIES,
    Outcome,
    collect_catalogue,
    collect_days,
    readings,
)
from video_analytics.brightcove.finality import (
    FINAL,
    PROVISIONAL,
    SETTLED,
    closed_at,
    finality,
    last_closed,
    outdated,
    trailing,
)
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS
from video_analytics.errors import Refused, TooSlow, Unauthorized, Unavailable, VendorError
from video_analytics.lake import Lake, day_key
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Account, Settings
from video_analytics_tests.conftest import (
    NOW,
    YESTERDAY,
    NewSandbox,
    TurnClock,
    client_of,
    days_until,
    settings_for,
    snapshot,
    truth_equals_lake,
)

WEEK = days_until(YESTERDAY, 7)
FEW = ("neo", "SuMiTrust", "Internet")  # New York, Tokyo, Zurich


def collect(settings: Settings, days: Sequence[dt.date], lake: Lake | None = None) -> list[Outcome]:
    """Read these days of all accounts with a client of their own."""
    with client_of(settings) as client:
        wanted = dict.fromkeys(settings.brightcove.accounts, days)
        return list(collect_days(client, lake or Lake(settings.lake), wanted))


def check(sandbox: Sandbox, settings: Settings, outcomes: list[Outcome], days: Sequence[dt.date]) -> None:
    """Every day once, none failed, and all as the vendor has them."""
    keys = [(outcome.account.key, outcome.day) for outcome in outcomes]
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert len(set(keys)) == len(keys) == len(days) * len(settings.brightcove.accounts)
    assert truth_equals_lake(sandbox, Lake(settings.lake), settings.brightcove.accounts, days) > 0


def queries(sandbox: Sandbox) -> list[dict[str, str]]:
    """The reports that were asked for: their parameters, and what became of them."""
    served = [entry for entry in sandbox.log() if entry["path"].endswith("/v1/data")]
    return [
        {name: values[0] for name, values in parse_qs(entry["query"]).items()}
        | {"status": str(entry["status"])}
        for entry in served
    ]


def asked_of(sandbox: Sandbox, dimensions: str) -> int:
    return sum(query["dimensions"] == dimensions for query in queries(sandbox))


RANGES, SINGLE = "video,date,device_type", "video,device_type"


# nothing goes wrong


def test_a_plain_run_equals_the_truth(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home)
    outcomes = collect(settings, WEEK)
    check(sandbox, settings, outcomes, WEEK)
    assert asked_of(sandbox, "video,date") == asked_of(sandbox, RANGES) == len(queries(sandbox)) / 2 == 11
    worth = {(outcome.day, outcome.facts["finality"]) for outcome in outcomes}
    assert worth == {(day, PROVISIONAL if day > WEEK[3] else SETTLED) for day in WEEK}
    assert all(outcome.facts["window_calls"] >= 2 for outcome in outcomes)
    assert {outcome.facts["window"] for outcome in outcomes} == {"2026-06-08..2026-06-14"}


def test_a_rerun_changes_no_byte(home: Path, new_sandbox: NewSandbox) -> None:
    settings = settings_for(new_sandbox(), home)
    assert all(outcome.facts["changed"] for outcome in collect(settings, WEEK))
    with client_of(settings) as client:
        for account in settings.brightcove.accounts:
            assert collect_catalogue(client, Lake(settings.lake), account)["changed"]
    before = snapshot(settings.lake)
    assert not any(outcome.facts["changed"] for outcome in collect(settings, WEEK[::-1]))
    with client_of(settings) as client:
        for account in settings.brightcove.accounts:
            assert not collect_catalogue(client, Lake(settings.lake), account)["changed"]
    assert snapshot(settings.lake) == before
    assert len(before) == 11 * 7 + 11 + 1


def test_another_day_of_reading_alone_is_no_change(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW)
    settled = days_until(YESTERDAY - dt.timedelta(days=10), 5)
    collect(settings, settled)
    before = snapshot(settings.lake)
    turn_clock(sandbox, NOW + dt.timedelta(days=2))
    assert not any(outcome.facts["changed"] for outcome in collect(settings, settled))
    assert snapshot(settings.lake) == before


def test_rows_are_in_order_and_marked(home: Path, new_sandbox: NewSandbox) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["Internet"])
    collect(settings, WEEK)
    (account,) = settings.brightcove.accounts
    for day in WEEK:
        path = Lake(settings.lake).path(DAILY_ANALYTICS, day_key(account.id, day))
        table = pq.read_table(path, partitioning=None)
        assert table.schema.remove_metadata() == DAILY_ANALYTICS.schema
        ids = table["video_id"].to_pylist()
        assert ids == sorted(set(ids))
        assert set(table["finality"].to_pylist()) == {finality(day, account, settings.brightcove, NOW)}
        assert set(table["read_on"].to_pylist()) == {NOW.date()}
        assert set(table["date"].to_pylist()) == {day}


def test_gaps_are_bridged_and_left_alone(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW)
    days = [WEEK[0], WEEK[3], WEEK[6]]
    check(sandbox, settings, collect(settings, days), days)
    assert len(queries(sandbox)) == 6
    kept = {
        day
        for each in settings.brightcove.accounts
        for day in Lake(settings.lake).days(DAILY_ANALYTICS, each.id)
    }
    assert kept == set(days)


def test_days_that_are_not_over_are_not_asked_for(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW)
    days = [YESTERDAY, NOW.date(), NOW.date() + dt.timedelta(days=400)]
    outcomes = collect(settings, days)
    open_days = [outcome for outcome in outcomes if outcome.day != YESTERDAY]
    assert len(open_days) == 6
    assert all(isinstance(outcome.error, Refused) for outcome in open_days)
    assert all("the day is not over before" in str(outcome.error) for outcome in open_days)
    assert {query["to"] for query in queries(sandbox)} == {YESTERDAY.isoformat()}
    lake = Lake(settings.lake)
    for account in settings.brightcove.accounts:
        assert list(lake.days(DAILY_ANALYTICS, account.id)) == [YESTERDAY]
        assert list(lake.failed_days(DAILY_ANALYTICS, account.id)) == []  # not yet asked is not failed


def test_days_without_traffic_are_empty_files(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["MyWay", "SuMiTrust"])
    days = days_until(dt.date(2023, 1, 10), 14)  # the vendor's history begins on January 1st
    check_rows = {(each.account.key, each.day): each.facts["rows"] for each in collect(settings, days)}
    assert {check_rows[key, day] for key, day in check_rows if day.year == 2022} == {0}
    truth_equals_lake(sandbox, Lake(settings.lake), settings.brightcove.accounts, days)


# how much is asked


def test_trailing_days_cost_two_queries_an_account(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home)
    with client_of(settings) as client:
        wanted = {
            account: trailing(account, settings.brightcove, NOW) for account in settings.brightcove.accounts
        }
        assert {len(days) for days in wanted.values()} == {7}
        assert [each for each in collect_days(client, Lake(settings.lake), wanted) if each.error] == []
        assert client.tally.total("calls") == 22 + 1
    assert len(queries(sandbox)) == 22


def test_refused_ranges_fall_back_and_are_remembered(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"refuse_devices": True})
    settings = settings_for(sandbox, home)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert Counter(query["dimensions"] for query in queries(sandbox)) == {
        "video,date": 11, RANGES: 11, SINGLE: 77
    }  # fmt: skip
    sandbox.reset_log()
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert Counter(query["dimensions"] for query in queries(sandbox)) == {"video,date": 11, SINGLE: 77}
    assert {query["status"] for query in queries(sandbox)} == {"200"}


def test_one_account_that_refuses_is_remembered_alone(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"refuse_devices": ["neo"]})
    settings = settings_for(sandbox, home, accounts=FEW)
    for refused in (1, 0):
        sandbox.reset_log()
        check(sandbox, settings, collect(settings, WEEK), WEEK)
        assert asked_of(sandbox, RANGES) == 2 + refused
        assert asked_of(sandbox, SINGLE) == 7
    assert (settings.lake / CAPABILITIES).exists()


def test_both_ways_of_asking_for_devices_give_the_same_lake(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW)
    collect(settings, WEEK)
    folder = settings.lake / DAILY_ANALYTICS.name
    ranges = snapshot(folder)
    sandbox.set_scenario({"refuse_devices": True})
    assert not any(outcome.facts["changed"] for outcome in collect(settings, WEEK))
    assert snapshot(folder) == ranges


@pytest.mark.slow
def test_a_year_of_eleven_accounts(home: Path, new_sandbox: NewSandbox) -> None:
    """At most 264 queries; every day is there, checked by its sums."""
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home)
    year = days_until(YESTERDAY, 365)

    def read(account: Account) -> dict[dt.date, tuple[int, float]]:
        found = analytics.read_days(client, account, year, recent=YESTERDAY - dt.timedelta(days=3))
        days = [day for day in found if not isinstance(day, analytics.Failed)]
        return {day.date: (day.rows.num_rows, len(day.unattributed)) for day in days}

    with client_of(settings) as client, ThreadPoolExecutor(11) as pool:
        accounts = settings.brightcove.accounts
        found = dict(zip(accounts, pool.map(read, accounts), strict=True))
    assert len(queries(sandbox)) == 2 * 9 * 11 <= 264
    for account, days in found.items():
        assert list(days) == year
        for day in year[::20]:
            table = sandbox.world.table(account.id, day, NOW)
            assert days[day] == (int((table.video >= 0).sum()), 9 * int((table.video < 0).any()))


def intervals(sandbox: Sandbox) -> dict[str, list[tuple[float, float]]]:
    """Begin and end of each report the vendor worked on, by account."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for entry in sandbox.log():
        if entry["kind"] == "analytics":
            begin = dt.datetime.fromisoformat(entry["at"]).timestamp()
            found[entry["account"]].append((begin, begin + entry["seconds"]))
    return {account: sorted(spans) for account, spans in found.items()}


def test_no_account_is_asked_two_things_at_once(home: Path, new_sandbox: NewSandbox) -> None:
    """Also when four threads share a client, and the vendor takes its time."""
    sandbox = new_sandbox({"slow_seconds": 0.01})
    settings = settings_for(sandbox, home, accounts=FEW, window_days=2)
    with client_of(settings) as client, ThreadPoolExecutor(12) as pool:

        def read(work: tuple[Account, int]) -> int:
            account, number = work
            return len(list(analytics.read_days(client, account, WEEK[number::4], WEEK[4])))

        work = [(account, number) for account in settings.brightcove.accounts for number in range(4)]
        assert sum(pool.map(read, work)) == 21
    spans = intervals(sandbox)
    assert len(spans) == 3
    for account, times in spans.items():
        assert len(times) >= 8, account
        assert all(end <= begin + 1e-4 for (_, end), (begin, _) in pairwise(times)), (
            account
        )  # rounded figures


def test_accounts_are_asked_side_by_side(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"slow_seconds": 0.2})
    settings = settings_for(sandbox, home)
    check(sandbox, settings, collect(settings, WEEK[:1]), WEEK[:1])
    first = [times[0] for times in intervals(sandbox).values()]
    assert max(begin for begin, _ in first) < min(end for _, end in first)


def test_the_catalogue_stays_below_the_vendors_rate(home: Path, new_sandbox: NewSandbox) -> None:
    """The tenth request within a second would be refused: none is, and no second holds ten."""
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, cms_page=8, cms_calls_per_second=8, accounts=FEW)
    with client_of(settings) as client, ThreadPoolExecutor(3) as pool:
        lake = Lake(settings.lake)
        list(pool.map(lambda account: collect_catalogue(client, lake, account), settings.brightcove.accounts))
    served: dict[str, list[float]] = defaultdict(list)
    for entry in sandbox.log():
        if entry["kind"] == "cms":
            assert entry["status"] == 200
            served[entry["account"]].append(dt.datetime.fromisoformat(entry["at"]).timestamp())
    assert max(map(len, served.values())) > 20
    for times in map(sorted, served.values()):
        assert all(later - earlier >= 1 for earlier, later in zip(times, times[9:], strict=False))


# trouble that passes


@pytest.mark.parametrize("seed", [1, 2])
def test_a_flaky_vendor(home: Path, new_sandbox: NewSandbox, seed: int) -> None:
    sandbox = new_sandbox({"flaky": 0.1}, seed=seed)
    settings = settings_for(sandbox, home, window_days=3, processing_tries=6)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert {entry["fault"] for entry in sandbox.log()} > {None}


def test_a_storm_of_too_many_requests(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"storm": {"requests": 40, "retry_after": "1e9"}})
    settings = settings_for(sandbox, home, attempts=12)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert sum(entry["fault"] == "storm" for entry in sandbox.log()) == 40


def test_short_tokens(home: Path, new_sandbox: NewSandbox) -> None:
    """Renewed in time: no request meets an expired token."""
    sandbox = new_sandbox({"token_seconds": 2, "slow_seconds": 0.18})
    settings = settings_for(sandbox, home, window_days=1)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert sum(entry["kind"] == "oauth" for entry in sandbox.log()) >= 2
    assert {entry["status"] for entry in sandbox.log()} == {200}


def test_tokens_that_end_before_their_time(
    home: Path, new_sandbox: NewSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = new_sandbox({"slow_seconds": 0.1})
    issue = sandbox.service.tokens.issue
    monkeypatch.setattr(sandbox.service.tokens, "issue", lambda seconds: issue(seconds / 600))
    settings = settings_for(sandbox, home, window_days=1)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    refused = [entry for entry in sandbox.log() if entry["status"] == 401]
    renewed = sum(entry["kind"] == "oauth" for entry in sandbox.log()) - 1
    assert 1 <= renewed <= len(refused)


@pytest.mark.parametrize("asks", [1, 2])
def test_processing_in_the_background(home: Path, new_sandbox: NewSandbox, asks: int) -> None:
    """503 in one document, 500 in the other: each query is repeated as it was, and no other is asked."""
    sandbox = new_sandbox({"processing": asks})
    settings = settings_for(sandbox, home)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert Counter(entry["status"] for entry in sandbox.log() if entry["fault"] == "processing") == (
        {503: 22, 500: 22} if asks == 2 else {503: 22}
    )
    assert len(queries(sandbox)) == 22 * (asks + 1)


def test_processing_beyond_all_patience_is_found_finished_later(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"processing": 3})
    settings = settings_for(sandbox, home, accounts=FEW)
    lake = Lake(settings.lake)
    outcomes = collect(settings, WEEK)
    assert {type(outcome.error) for outcome in outcomes} == {TooSlow}
    assert not list(settings.lake.rglob("*.parquet"))
    for account in settings.brightcove.accounts:
        assert list(lake.failed_days(DAILY_ANALYTICS, account.id)) == WEEK
        assert "still processing" in str(lake.failure(DAILY_ANALYTICS, day_key(account.id, WEEK[0])))
    while any(outcome.error for outcome in outcomes) and len(sandbox.log()) < 1000:
        outcomes = collect(settings, WEEK)
    check(sandbox, settings, outcomes, WEEK)
    assert not list(settings.lake.rglob("*.failed.json"))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_windows_that_are_too_long_are_halved(
    home: Path, new_sandbox: NewSandbox, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    sandbox = new_sandbox()
    monkeypatch.setattr(
        sandbox.service.faults, "hits_dead_day", lambda days: (days[1] - days[0]).days >= most
    )
    settings = settings_for(sandbox, home, accounts=FEW)
    days = days_until(YESTERDAY, 12)
    check(sandbox, settings, collect(settings, days), days)
    answered = [query for query in queries(sandbox) if query["status"] == "200"]
    lengths = [
        (dt.date.fromisoformat(query["to"]) - dt.date.fromisoformat(query["from"])).days for query in answered
    ]
    assert max(lengths) == {1: 0, 2: 1, 3: 2}[most]


def test_windows_that_time_out_converge(home: Path, new_sandbox: NewSandbox) -> None:
    """The vendor works on for nobody and refuses the twin: wait, repeat, then ask for less."""
    sandbox = new_sandbox({"slow_window_days": 2, "slow_window_seconds": 1.2})
    patience: dict[str, Any] = {"report_timeout_seconds": 0.5, "processing_tries": 6}
    settings = settings_for(sandbox, home, accounts=FEW, processing_wait_seconds=0.1, **patience)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert {entry["fault"] for entry in sandbox.log()} >= {"slow_window"}
    assert any(query["status"] == "429" for query in queries(sandbox))


def test_answers_that_do_not_add_up_are_asked_for_again(home: Path, new_sandbox: NewSandbox) -> None:
    kinds = ["count_big", "count_small", "duplicate", "cut", "html", "null", "negative", "other_day"]
    sandbox = new_sandbox({"malformed": kinds, "malformed_every": 3})
    settings = settings_for(sandbox, home, accounts=FEW, window_days=2)
    check(sandbox, settings, collect(settings, WEEK), WEEK)


# trouble that stays


def test_dead_days_are_recorded_and_nothing_is_invented(home: Path, new_sandbox: NewSandbox) -> None:
    dead = [WEEK[2], WEEK[5]]
    sandbox = new_sandbox({"dead_days": [day.isoformat() for day in dead]})
    settings = settings_for(sandbox, home, processing_tries=1)
    lake = Lake(settings.lake)
    outcomes = collect(settings, WEEK)
    assert {outcome.day for outcome in outcomes if outcome.error} == set(dead)
    assert len(outcomes) == 77
    alive = [day for day in WEEK if day not in dead]
    truth_equals_lake(sandbox, lake, settings.brightcove.accounts, alive)
    for account in settings.brightcove.accounts:
        assert list(lake.days(DAILY_ANALYTICS, account.id)) == alive
        assert list(lake.failed_days(DAILY_ANALYTICS, account.id)) == dead
        reason = lake.failure(DAILY_ANALYTICS, day_key(account.id, dead[0]))
        assert reason is not None
        assert account.name in reason
        assert dead[0].isoformat() in reason
    sandbox.set_scenario("plain")
    check(sandbox, settings, collect(settings, dead), dead)
    check(sandbox, settings, collect(settings, WEEK), WEEK)


def test_a_day_that_fails_keeps_what_it_had(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW, processing_tries=1)
    collect(settings, WEEK)
    before = snapshot(settings.lake)
    sandbox.set_scenario({"dead_days": [WEEK[1].isoformat()]})
    outcomes = collect(settings, WEEK)
    assert {outcome.day for outcome in outcomes if outcome.error} == {WEEK[1]}
    after = snapshot(settings.lake)
    assert {path: after[path] for path in before} == before
    assert len(after) == len(before) + len(FEW)  # and a note of each failure


@pytest.mark.parametrize(
    ("how", "kind"), [("500", Unavailable), ("403", Refused), ("reset", Unavailable), ("401", Unauthorized)]
)
def test_one_dead_account_of_eleven(
    home: Path, new_sandbox: NewSandbox, how: str, kind: type[VendorError]
) -> None:
    sandbox = new_sandbox({"dead_accounts": ["research"], "dead_how": how})
    settings = settings_for(sandbox, home, attempts=2)
    lake = Lake(settings.lake)
    outcomes = collect(settings, WEEK[:4])
    failed = [outcome for outcome in outcomes if outcome.error]
    assert {outcome.account.name for outcome in failed} == {"research"}
    assert sorted(outcome.day for outcome in failed) == WEEK[:4]
    assert {type(outcome.error) for outcome in failed} == {kind}
    assert all("Brightcove research analytics/data" in str(outcome.error) for outcome in failed)
    (dead,) = (account for account in settings.brightcove.accounts if account.name == "research")
    assert list(lake.days(DAILY_ANALYTICS, dead.id)) == []
    assert list(lake.failed_days(DAILY_ANALYTICS, dead.id)) == WEEK[:4]
    alive = [account for account in settings.brightcove.accounts if account is not dead]
    truth_equals_lake(sandbox, lake, alive, WEEK[:4])
    sandbox.set_scenario("plain")
    check(sandbox, settings, collect(settings, WEEK[:4]), WEEK[:4])


def test_an_account_in_trouble_is_not_asked_for_every_day(home: Path, new_sandbox: NewSandbox) -> None:
    """After three single days that fail in a row the rest is recorded as failed."""
    sandbox = new_sandbox({"dead_accounts": ["neo"]})
    settings = settings_for(sandbox, home, accounts=["neo"], attempts=1, window_days=4)
    days = days_until(YESTERDAY, 40)
    outcomes = collect(settings, days)
    assert [outcome.day for outcome in outcomes if outcome.error] == days
    assert len(queries(sandbox)) <= 7


def test_wrong_credentials_fail_every_day_and_are_asked_twice(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"wrong_credentials": True})
    settings = settings_for(sandbox, home)
    outcomes = collect(settings, WEEK)
    assert {type(outcome.error) for outcome in outcomes} == {Unauthorized}
    assert len(outcomes) == 77
    assert [entry["kind"] for entry in sandbox.log()] == ["oauth"] * 2
    assert not list(settings.lake.rglob("*.parquet"))


def test_a_reader_that_leaves_early_ends_the_run(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, window_days=1)
    with client_of(settings) as client:
        run = collect_days(client, Lake(settings.lake), dict.fromkeys(settings.brightcove.accounts, WEEK))
        assert next(run).error is None
        run.close()  # type: ignore[attr-defined]
    assert len(queries(sandbox)) < 2 * 77
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("brightcove")]


def test_a_fault_of_the_platform_is_not_swallowed(
    home: Path, new_sandbox: NewSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(new_sandbox(), home)

    def full(*_words: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Lake, "write", full)
    with pytest.raises(OSError, match="No space left"):
        collect(settings, WEEK)


# time passes


@pytest.mark.slow
def test_ten_days_of_late_corrections(home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock) -> None:
    """Each night reads the trailing and the outdated days; in the end every day is the vendor's own."""
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW)
    lake = Lake(settings.lake)
    first = YESTERDAY - dt.timedelta(days=40)
    collect(settings, days_until(YESTERDAY, 41))
    frozen = {
        account: [day for day, worth in readings(lake, account) if worth == FINAL]
        for account in settings.brightcove.accounts
    }
    assert all(frozen.values())
    changed = 0
    for number in range(1, 11):
        now = NOW + dt.timedelta(days=number, hours=number)
        turn_clock(sandbox, now)
        sandbox.reset_log()
        wanted = {}
        for account in settings.brightcove.accounts:
            due = outdated(readings(lake, account), account, settings.brightcove, now)
            assert not set(due) & set(frozen[account])
            wanted[account] = sorted({*due, *trailing(account, settings.brightcove, now)})
        with client_of(settings) as client:
            outcomes = list(collect_days(client, lake, wanted))
        assert [outcome.error for outcome in outcomes if outcome.error] == []
        assert len(queries(sandbox)) == 2 * len(FEW)  # one window reaches from the outdated days to today
        changed += sum(outcome.facts["changed"] for outcome in outcomes)
    for account in settings.brightcove.accounts:
        days = days_until(last_closed(account, now), (last_closed(account, now) - first).days + 1)
        truth_equals_lake(sandbox, lake, [account], days)
        ages = {day: now - closed_at(day, account.timezone) for day in days}
        worth = dict(readings(lake, account))
        assert sorted(worth) == days
        assert {day for day in days if worth[day] == FINAL} == {
            day for day in days if ages[day] >= dt.timedelta(days=35)
        }
        assert {day for day in days if worth[day] == PROVISIONAL} == {
            day for day in days if ages[day] < dt.timedelta(days=3)
        }
    assert changed > 10 * len(FEW)  # the corrections were real ones


def test_a_platform_that_slept_catches_up(home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock) -> None:
    """Provisional days that left the trailing window unread are outdated, and read again."""
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW, trailing_days=2)
    lake = Lake(settings.lake)
    collect(settings, WEEK)
    now = NOW + dt.timedelta(days=20)
    turn_clock(sandbox, now)
    for account in settings.brightcove.accounts:
        due = outdated(readings(lake, account), account, settings.brightcove, now)
        assert due == WEEK[4:]
    check(sandbox, settings, collect(settings, WEEK[4:]), WEEK[4:])
    truth_equals_lake(sandbox, lake, settings.brightcove.accounts, WEEK)


# two at once


def test_two_runs_at_once(home: Path, new_sandbox: NewSandbox) -> None:
    """The vendor refuses a query whose twin is running; both runs get through, and nothing is torn."""
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, processing_tries=20, window_days=3)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _number: collect(settings, WEEK), range(2)))
    for outcomes in runs:
        check(sandbox, settings, outcomes, WEEK)
    before = snapshot(settings.lake)
    assert not any(outcome.facts["changed"] for outcome in collect(settings, WEEK))
    assert snapshot(settings.lake) == before
    assert not [path for path in before if path.endswith(".tmp")]


PROGRAM = """
import sys
from datetime import date
from pathlib import Path
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import collect_days
from video_analytics.lake import Lake
from video_analytics.settings import load_settings

settings = load_settings(Path(sys.argv[1]))
client = Client(settings.brightcove, settings.network)
days = [date.fromisoformat(text) for text in sys.argv[2:]]
wanted = dict.fromkeys(settings.brightcove.accounts, days)
failed = [each for each in collect_days(client, Lake(settings.lake), wanted) if each.error]
client.close()
sys.exit(len(failed))
"""


def test_two_processes_at_once(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=FEW, processing_tries=20, window_days=3)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(home), *(day.isoformat() for day in WEEK)]
    environment = os.environ | sandbox.environment()
    runs = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    assert [(run.communicate()[1], run.returncode) for run in runs] == [(b"", 0)] * 2
    truth_equals_lake(sandbox, Lake(settings.lake), settings.brightcove.accounts, WEEK)
    assert not list(settings.lake.rglob("*.tmp"))


# the catalogue in the lake


def rows_of(settings: Settings, account: Account) -> dict[str, dict[str, Any]]:
    table = Lake(settings.lake).read(CMS_CATALOG, account.id)
    assert table is not None
    rows = {row["video_id"]: row for row in table.to_pylist()}
    assert len(rows) == table.num_rows
    return rows


def collect_one(settings: Settings, client: Client) -> dict[str, Any]:
    (account,) = settings.brightcove.accounts
    return collect_catalogue(client, Lake(settings.lake), account)


def test_a_deleted_video_stays_and_says_since_when(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["Internet"])
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        collect_one(settings, client)
        listed = [name for name, row in rows_of(settings, account).items() if row["status"] == "listed"]
        said, unsaid = listed[3], listed[7]
        sandbox.world.delete(account.id, said, NOW)
        turn_clock(sandbox, NOW + dt.timedelta(days=1))
        collect_one(settings, client)
        row = rows_of(settings, account)[said]
        assert (row["status"], row["state"]) == ("deleted", "DELETED")
        assert row["gone_since"] == dt.date(2026, 6, 16)
        sandbox.world.delete(account.id, unsaid, NOW + dt.timedelta(days=2))
        turn_clock(sandbox, NOW + dt.timedelta(days=30))  # nobody looked while the vendor named it
        collect_one(settings, client)
        rows = rows_of(settings, account)
        assert (rows[said]["status"], rows[said]["gone_since"]) == ("deleted", dt.date(2026, 6, 16))
        assert (rows[unsaid]["status"], rows[unsaid]["gone_since"]) == ("missing", dt.date(2026, 7, 15))
        assert rows[unsaid]["raw"]
        assert collect_one(settings, client)["changed"] is False


def test_the_catalogue_is_what_the_vendor_shows(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home)
    with client_of(settings) as client:
        for account in settings.brightcove.accounts:
            facts = collect_catalogue(client, Lake(settings.lake), account)
            rows = rows_of(settings, account)
            here = {video["id"]: video for video in sandbox.world.videos(account.id, NOW)}
            gone = {video["id"]: video for video in sandbox.world.deleted(account.id, NOW)}
            assert {name for name, row in rows.items() if row["status"] == "listed"} == set(here)
            assert {name for name, row in rows.items() if row["status"] == "deleted"} == set(gone)
            assert facts == {"rows": len(rows), "listed": len(here), "gone": len(gone), "changed": True}
            for name, video in {**here, **gone}.items():
                row = rows[name]
                shown = {
                    key: row[key] for key in ("state", "name", "created_at", "published_at", "reference_id")
                }
                assert shown == {key: video[key] for key in shown}
                assert row["duration_ms"] == video["duration"]
            assert [row["position"] for row in rows.values()] == list(range(len(rows)))


@pytest.mark.parametrize("duration", [2**63, 10**30, -5, True, 1.5, "long", None, [], 12])
def test_an_odd_duration_is_unknown_and_stops_nothing(
    home: Path, new_sandbox: NewSandbox, monkeypatch: pytest.MonkeyPatch, duration: Any
) -> None:
    settings = settings_for(new_sandbox(), home, accounts=["MyWay"])
    (account,) = settings.brightcove.accounts
    page = Client.videos_page

    def odd(client: Client, *words: Any, **options: Any) -> list[dict[str, Any]]:
        return [video | {"duration": duration} for video in page(client, *words, **options)]

    monkeypatch.setattr(Client, "videos_page", odd)
    with client_of(settings) as client:
        collect_one(settings, client)
    kept = {row["duration_ms"] for row in rows_of(settings, account).values()}
    assert kept == {12 if duration == 12 else None}


@pytest.mark.parametrize("memory", [b"", b"{", b"null", b"[]", b"{}", b'{"device_ranges": 7}', b"\xff"])
def test_a_damaged_memory_is_learnt_again(home: Path, new_sandbox: NewSandbox, memory: bytes) -> None:
    sandbox = new_sandbox({"refuse_devices": True})
    settings = settings_for(sandbox, home, accounts=["neo"])
    path = settings.lake / CAPABILITIES
    path.parent.mkdir(parents=True)
    path.write_bytes(memory)
    check(sandbox, settings, collect(settings, WEEK), WEEK)
    assert b"5972928207001" in path.read_bytes()
