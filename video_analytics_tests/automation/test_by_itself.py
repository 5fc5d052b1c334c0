"""What the platform does when nobody asks it to: nights, gaps, backfills, what follows, and no storm."""

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from video_analytics.alerts.ledger import FILE, read_ledger
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import VARIABLE, now
from video_analytics.lake import Lake, day_key
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Settings, load_settings
from video_analytics.spending import spent
from video_analytics_tests.automation.daemon import RETRIES, Daemon, Memory, Ran, carry_out
from video_analytics_tests.conftest import (
    NOW,
    NewSandbox,
    TurnClock,
    days_until,
    settings_for,
    truth_equals_lake,
)
from video_analytics_tests.panopto.drill import PEACE, course_ids, panopto_settings

EVENING = NOW.replace(hour=21)
NIGHT = dt.datetime(2026, 6, 16, 3, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
LAST = dt.date(2026, 6, 15)  # over in Europe when the night begins
WEEK = days_until(LAST, 4)  # all there is
ACCOUNTS = ("Intranet", "MyWay")
GIVEN: dict[str, Any] = {"accounts": ACCOUNTS, "start_date": WEEK[0], "bootstrap_last_viewed": False}
DAYS, CATALOGUES, FILES, CATEGORY = (
    f"brightcove_{name}" for name in ("days", "catalogues", "account_files", "daily_files")
)


@dataclass
class Home:
    """A home with its daemon, and the vendors it reads."""

    sandbox: Sandbox
    settings: Settings
    daemon: Daemon
    deaths: list[str] = field(default_factory=list)  # jobs whose next run dies before it has done anything

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    def until(self, instant: dt.datetime, *names: str) -> list[Ran]:
        """The runs up to an instant; of some jobs or of all."""
        ran = self.daemon.until(instant)
        assert self.daemon.errors == []
        return [each for each in ran if not names or each.job in names]

    def only(self, *sensors: str) -> None:
        """Switch off all other sensors: what they ask for is another test's matter."""
        self.daemon.sensors = [each for each in self.daemon.sensors if each.name in sensors]

    def key(self, name: str, day: dt.date) -> str:
        return day_key(self.settings.account(name).id, day)

    def is_true(self, days: list[dt.date], *names: str) -> bool:
        accounts = [self.settings.account(name) for name in names or ACCOUNTS]
        return truth_equals_lake(self.sandbox, self.lake, accounts, days) > 0

    def change(self, name: str) -> None:
        """The last day of an account is not what it was."""
        key = self.key(name, LAST)
        table, facts = self.lake.read(DAILY_ANALYTICS, key), self.lake.facts(DAILY_ANALYTICS, key)
        assert table is not None
        assert facts is not None
        self.lake.write(DAILY_ANALYTICS, key, table.slice(1), facts, f"{facts['digest']}, changed")

    def problems(self) -> list[str]:
        """The keys of those that are open."""
        return list(read_ledger(self.settings.state / FILE).open)


NewHome = Callable[..., Home]


def opened(
    home: Path, sandbox: Sandbox, instance: dg.DagsterInstance, turn_clock: TurnClock, **daemon: Any
) -> Home:
    """The home with a daemon that looks rarely; nothing is set up for Panopto."""
    environment = {name: value for name, value in sandbox.environment().items() if "PANOPTO" not in name}
    settings = load_settings(home, environment)
    deaths: list[str] = []

    def carry(repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, run_id: str) -> None:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        if run.job_name in deaths:
            deaths.remove(run.job_name)
        else:
            carry_out(repository, instance, run_id)

    def turn(instant: dt.datetime) -> None:
        turn_clock(sandbox, instant)

    given: dict[str, Any] = {"carry": carry, "step": 6 * HOUR, "without": ["overview"]} | daemon
    return Home(sandbox, settings, Daemon(settings, instance, turn, **given), deaths)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral(settings=RETRIES) as opened:
        yield opened


@pytest.fixture
def new_home(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, instance: dg.DagsterInstance
) -> NewHome:
    """`new_home(scenario, more=…, **brightcove)`: two accounts on the evening before a first night."""

    def start(*, more: str = "", without: tuple[str, ...] = ("overview",), **overrides: Any) -> Home:
        sandbox = new_sandbox(PEACE, now=EVENING)
        settings_for(sandbox, home, **GIVEN | overrides)
        with (home / "settings.toml").open("a", encoding="utf-8") as file:
            file.write(more)
        return opened(home, sandbox, instance, turn_clock, without=without)

    return start


@dataclass(frozen=True)
class Night:
    """A home an hour after its first night, with what its daemon has done and remembers."""

    home: Path
    ran: list[Ran]
    memory: Memory
    calls: list[str]  # of the two hours after


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Made once."""
    home = tmp_path_factory.mktemp("night") / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:

        def turn(sandbox: Sandbox, at: dt.datetime) -> None:
            sandbox.set_now(at)
            patch.setenv(VARIABLE, at.isoformat())

        with Sandbox(seed=1, size="tiny", scenario=PEACE, now=EVENING) as sandbox:
            turn(sandbox, EVENING)
            settings_for(sandbox, home, **GIVEN)
            first = opened(home, sandbox, instance, turn, without=())
            ran = [*first.until(NIGHT - HOUR), *first.until(NIGHT + HOUR)]
            before, memory = len(sandbox.log()), deepcopy(first.daemon.memory)
            kept = tmp_path_factory.mktemp("kept") / "home"
            shutil.copytree(home, kept)
            ran += first.until(NIGHT + 3 * HOUR)
            assert first.is_true(WEEK)
            return Night(kept, ran, memory, [entry["path"] for entry in sandbox.log()[before:]])


@pytest.fixture
def next_day(
    night: Night, home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, instance: dg.DagsterInstance
) -> Home:
    """The same home, an hour after its first night."""
    shutil.copytree(night.home, home, dirs_exist_ok=True)
    sandbox = new_sandbox(PEACE, now=NIGHT + HOUR)
    return opened(home, sandbox, instance, turn_clock, memory=night.memory)


def spans(ran: list[Ran]) -> list[str]:
    return [each.span for each in ran]


# --- a night ----------------------------------------------------------------------------------------------


def test_a_night_reads_all_accounts_in_one_run_each_and_what_follows_is_made_unasked(night: Night) -> None:
    assert {each.at >= NIGHT for each in night.ran} == {True}
    assert Counter(each.job for each in night.ran if each.job != "overview") == {
        CATALOGUES: 1,
        DAYS: 1,
        FILES: 2,
        CATEGORY: 2,
    }
    assert {each.status for each in night.ran} == {"SUCCESS"}
    assert spans([each for each in night.ran if each.job == DAYS]) == [f"intranet|{WEEK[0]} … myway|{LAST}"]
    assert (night.home / "exports" / "brightcove" / "cms" / "intranet_cms.csv").exists()
    assert (night.home / "lake" / "warehouse.duckdb").exists()


def test_after_a_night_nothing_is_asked_but_what_has_been_reconciled(night: Night) -> None:
    assert {path.rpartition("/")[2] for path in night.calls} == {"status", "access_token"}


def test_missed_nights_are_caught_up_with_one_run(next_day: Home) -> None:
    next_day.only("brightcove_reconciled", "brightcove_gaps", "alerts")
    next_day.daemon.off_until(NIGHT + 3 * DAY + 5 * HOUR)
    caught_up = next_day.until(NIGHT + 3 * DAY + 6 * HOUR, DAYS, CATALOGUES)
    assert Counter(each.job for each in caught_up) == {DAYS: 1, CATALOGUES: 1}
    assert next_day.is_true(days_until(LAST + 3 * DAY, 7))
    assert next_day.problems() == []


def test_a_day_reconciled_after_it_was_read_is_read_again(next_day: Home) -> None:
    next_day.only("brightcove_reconciled", "brightcove_gaps")
    again = next_day.until(NIGHT + 20 * HOUR, DAYS)  # past midnight in Europe: one more day is 3 days old
    day = LAST - 2 * DAY
    assert [(each.by, each.span) for each in again] == [
        ("brightcove_reconciled", f"intranet|{day} … myway|{day}")
    ]
    facts = next_day.lake.facts(DAILY_ANALYTICS, next_day.key("Intranet", day))
    assert facts is not None
    assert facts["finality"] == "settled"


def test_only_the_files_of_an_account_that_changed_are_made_anew(next_day: Home) -> None:
    next_day.change("MyWay")
    ran = next_day.until(NIGHT + 2 * HOUR)
    categories = next_day.settings.categories.items()
    own = next(name for name, held in categories if "myway" in {account.key for account in held})
    assert [(each.job, each.span) for each in ran] == [(FILES, "myway"), (CATEGORY, own)]


# --- gaps -------------------------------------------------------------------------------------------------


def test_a_missing_day_is_asked_for_and_no_other(next_day: Home) -> None:
    next_day.only("brightcove_gaps")
    next_day.lake.path(DAILY_ANALYTICS, next_day.key("Intranet", LAST - DAY)).unlink()
    assert spans(next_day.until(NIGHT + 2 * HOUR, DAYS)) == [f"intranet|{LAST - DAY}"]
    assert next_day.until(NIGHT + 3 * HOUR, DAYS) == []
    assert next_day.is_true(WEEK)


def test_a_day_that_fails_is_asked_for_alone_with_growing_waits_until_it_is_there(next_day: Home) -> None:
    bad = LAST - DAY
    next_day.only("brightcove_gaps", "alerts")
    next_day.sandbox.set_scenario(PEACE | {"dead_days": [bad]})
    next_day.lake.path(DAILY_ANALYTICS, next_day.key("MyWay", bad)).unlink()
    next_day.daemon.step = dt.timedelta(minutes=30)
    healing = next_day.until(NIGHT + 9 * HOUR, DAYS)
    assert [(each.by, each.span, each.status) for each in healing] == [
        ("brightcove_gaps", f"myway|{bad}", "FAILURE")
    ] * 4
    waits = [later.at - earlier.at for earlier, later in pairwise(healing)]
    assert [round(wait / HOUR) for wait in waits] == [1, 2, 4]
    assert next_day.problems() == ["reading:brightcove:myway"]
    next_day.sandbox.set_scenario(PEACE)
    next_day.daemon.step = 3 * HOUR
    next_day.until(NIGHT + 18 * HOUR)
    assert next_day.is_true(WEEK)
    assert next_day.problems() == []


def test_what_is_refused_for_good_is_left_to_the_next_night(next_day: Home) -> None:
    next_day.only("brightcove_gaps", "alerts")
    next_day.sandbox.set_scenario(PEACE | {"dead_accounts": ["MyWay"], "dead_how": "403"})
    next_day.lake.path(DAILY_ANALYTICS, next_day.key("MyWay", LAST)).unlink()
    next_day.daemon.step = 2 * HOUR
    asked = next_day.until(NIGHT + 18 * HOUR, DAYS)
    assert [(each.span, each.status) for each in asked] == [(f"myway|{LAST}", "FAILURE")]
    assert next_day.problems() == ["reading:brightcove:myway"]


# --- backfills --------------------------------------------------------------------------------------------

BACKFILL = """
[automation]
brightcove_cron = "0 0 1 1 *"
[automation.backfills.spring]
first = 2026-05-18
last = 2026-06-10
slice_days = 8
calls = 7
accounts = ["MyWay"]
hours = "22:00-02:00"
"""


def test_a_backfill_goes_on_by_night_within_its_calls_through_a_death_until_it_is_done(
    new_home: NewHome,
) -> None:
    home = new_home(more=BACKFILL, start_date=dt.date(2026, 5, 1))
    (backfill,) = home.settings.automation.backfills
    home.daemon.step = dt.timedelta(minutes=20)
    home.only("brightcove_backfills")
    home.deaths.append(DAYS)
    slices = home.until(EVENING + 5 * HOUR, DAYS)
    assert [(each.span, each.status) for each in slices] == [
        ("myway|2026-06-03 … myway|2026-06-10", "FAILURE"),  # its process died
        ("myway|2026-06-03 … myway|2026-06-10", "SUCCESS"),
        ("myway|2026-05-26 … myway|2026-06-02", "SUCCESS"),
    ]
    assert 0 < spent(home.settings.state, backfill.night_of(now()), backfill.name) <= backfill.calls
    assert {each.at.hour for each in slices} <= {22, 23, 0, 1}
    home.daemon.off_until(EVENING + DAY)
    assert spans(home.until(EVENING + DAY + 2 * HOUR, DAYS)) == ["myway|2026-05-18 … myway|2026-05-25"]
    assert home.is_true([dt.date(2026, 5, 18) + number * DAY for number in range(24)], "MyWay")
    assert not list(home.lake.days(DAILY_ANALYTICS, home.settings.account("Intranet").id))


# --- deaths -----------------------------------------------------------------------------------------------


def test_a_tick_that_is_lost_before_anything_of_it_is_kept_is_made_again(next_day: Home) -> None:
    next_day.change("MyWay")
    next_day.daemon.step = HOUR
    next_day.daemon.forgetful |= {each.name for each in next_day.daemon.sensors}
    ran = next_day.until(NIGHT + 4 * HOUR)
    assert Counter(each.job for each in ran) == {FILES: 1, CATEGORY: 1}
    assert not next_day.daemon.forgetful


def test_a_cursor_that_is_lost_after_its_runs_were_started_starts_none_twice(next_day: Home) -> None:
    next_day.change("MyWay")
    next_day.until(NIGHT + 2 * HOUR)
    next_day.daemon.memory.cursors["brightcove_files"] = "{}"
    asked = {each.partition_key for each in next_day.daemon.tick("brightcove_files")}
    assert asked == {"intranet"}  # whose run nobody remembers here


def test_a_run_whose_process_dies_is_begun_again_without_a_word(next_day: Home) -> None:
    next_day.only("brightcove_files", "alerts")
    next_day.change("MyWay")
    next_day.deaths.append(FILES)
    ran = next_day.until(NIGHT + 3 * HOUR, FILES)
    assert [each.status for each in ran] == ["FAILURE", "SUCCESS"]
    assert next_day.problems() == []


def test_a_run_that_dies_each_time_is_told_and_over_when_one_succeeds(next_day: Home) -> None:
    next_day.only("brightcove_files", "alerts")
    next_day.change("MyWay")
    next_day.deaths += [FILES] * 3  # the first one, and both of its retries
    assert len(next_day.until(NIGHT + 3 * HOUR, FILES)) == 3
    assert next_day.problems() == [f"run:{FILES}"]
    next_day.change("MyWay")
    assert len(next_day.until(NIGHT + 5 * HOUR, FILES)) == 1
    next_day.until(NIGHT + 6 * HOUR)
    assert next_day.problems() == []


# --- courses ----------------------------------------------------------------------------------------------


def test_a_course_that_is_added_is_read_to_its_files_and_no_other_one_again(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, instance: dg.DagsterInstance
) -> None:
    sandbox = new_sandbox(PEACE, now=EVENING)
    environment = {key: value for key, value in sandbox.environment().items() if "BRIGHTCOVE" not in key}
    panopto_settings(sandbox, home, start_date=dt.date(2026, 6, 8))
    daemon = Daemon(
        load_settings(home, environment),
        instance,
        lambda at: turn_clock(sandbox, at),
        step=dt.timedelta(minutes=20),
        without=["overview", "alerts"],
    )
    old, new = course_ids(sandbox)[1:3]
    (home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\nOld,{old}\n", encoding="utf-8")
    first = daemon.until(EVENING + HOUR)
    assert [each.job for each in first if old in each.span] == [
        "panopto_listing",
        "panopto_days",
        "panopto_coverage",
    ]
    assert daemon.until(EVENING + 2 * HOUR) == []
    with (home / "courses.csv").open("a", encoding="utf-8") as file:
        file.write(f"New,{new}\n")
    later = [each for each in daemon.until(EVENING + 3 * HOUR) if each.span]
    assert {each.span.partition("|")[0] for each in later} == {new}
    assert [each.job for each in later] == ["panopto_listing", "panopto_days", "panopto_coverage"]
    assert daemon.errors == []


def test_a_list_of_courses_that_cannot_be_read_is_told_although_the_courses_wait(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, instance: dg.DagsterInstance
) -> None:
    sandbox = new_sandbox(PEACE, now=EVENING)
    environment = {key: value for key, value in sandbox.environment().items() if "BRIGHTCOVE" not in key}
    panopto_settings(sandbox, home)
    settings = load_settings(home, environment)
    (home / "courses.csv").write_text("name,id\n", encoding="utf-8")
    daemon = Daemon(
        settings,
        instance,
        lambda at: turn_clock(sandbox, at),
        step=dt.timedelta(minutes=20),
        without=["overview"],
    )
    daemon.until(EVENING + HOUR)
    assert [each.key for each in read_ledger(settings.state / FILE).open.values()] == ["settings:courses.csv"]
    (home / "courses.csv").unlink()
    daemon.until(EVENING + 2 * HOUR)
    assert read_ledger(settings.state / FILE).open == {}
