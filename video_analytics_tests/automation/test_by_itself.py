"""What the platform does when nobody asks it to: nights, gaps, backfills, what follows, and no storm."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from video_analytics.alerts.ledger import FILE, read_ledger
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.clock import now
from video_analytics.lake import Lake, day_key
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Settings, load_settings
from video_analytics.spending import spent
from video_analytics_tests.automation.daemon import RETRIES, Daemon, Ran, carry_out
from video_analytics_tests.conftest import NOW, NewSandbox, TurnClock, days_until, settings_for, truth_equals_lake
from video_analytics_tests.panopto.drill import PEACE, course_ids, panopto_settings

EVENING = NOW.replace(hour=21)  # NOW is a morning
NIGHT = dt.datetime(2026, 6, 16, 3, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
LAST = dt.date(2026, 6, 15)  # over in Europe when the night begins
ACCOUNTS = ("Intranet", "MyWay")
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

    def calls(self) -> int:
        return len(self.sandbox.log())


NewHome = Callable[..., Home]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral(settings=RETRIES) as opened:
        yield opened


@pytest.fixture
def new_home(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, instance: dg.DagsterInstance
) -> NewHome:
    """`new_home(scenario, more=…, **brightcove)`: two accounts on the evening before a first night."""

    def start(scenario: dict[str, Any] | None = None, *, more: str = "", **overrides: Any) -> Home:
        sandbox = new_sandbox(PEACE | (scenario or {}), now=EVENING)
        given = {"accounts": ACCOUNTS, "start_date": LAST - 3 * DAY, "bootstrap_last_viewed": False}
        settings_for(sandbox, home, **given | overrides)
        with (home / "settings.toml").open("a", encoding="utf-8") as file:
            file.write(more)
        environment = {name: value for name, value in sandbox.environment().items() if "PANOPTO" not in name}
        settings = load_settings(home, environment)
        deaths: list[str] = []

        def carry(repository: dg.RepositoryDefinition, opened: dg.DagsterInstance, run_id: str) -> None:
            run = opened.get_run_by_id(run_id)
            assert run is not None
            if run.job_name in deaths:
                deaths.remove(run.job_name)
            else:
                carry_out(repository, opened, run_id)

        def turn(instant: dt.datetime) -> None:
            turn_clock(sandbox, instant)

        daemon = Daemon(settings, instance, turn, carry=carry, step=6 * HOUR)
        return Home(sandbox, settings, daemon, deaths)

    return start


def spans(ran: list[Ran]) -> list[str]:
    return [each.span for each in ran]


# --- a night ----------------------------------------------------------------------------------------------


def test_a_night_reads_all_accounts_in_one_run_each_and_what_follows_is_made_unasked(new_home: NewHome) -> None:
    home = new_home()
    assert home.until(NIGHT - HOUR) == []
    ran = home.until(NIGHT + HOUR)
    assert Counter(each.job for each in ran if each.job != "overview") == {
        CATALOGUES: 1,
        DAYS: 1,
        FILES: 2,
        CATEGORY: len(home.settings.categories),
    }
    assert {each.status for each in ran} == {"SUCCESS"}
    assert spans([each for each in ran if each.job == DAYS]) == [f"intranet|{LAST - 3 * DAY} … myway|{LAST}"]
    assert truth_equals_lake(home.sandbox, home.lake, home.settings.brightcove.accounts, days_until(LAST, 4)) > 0
    assert (home.settings.exports / "brightcove" / "cms" / "intranet_cms.csv").exists()
    assert (home.settings.lake / "warehouse.duckdb").exists()
    assert [each.job for each in home.until(NIGHT + 3 * HOUR) if each.job != "overview"] == []


def test_a_missed_night_is_caught_up_with_one_run(new_home: NewHome) -> None:
    home = new_home()
    home.until(NIGHT + HOUR)
    home.daemon.off_until(NIGHT + 3 * DAY + 5 * HOUR)
    caught_up = home.until(NIGHT + 3 * DAY + 6 * HOUR, DAYS, CATALOGUES)
    assert Counter(each.job for each in caught_up) == {DAYS: 1, CATALOGUES: 1}
    last = LAST + 3 * DAY
    assert truth_equals_lake(home.sandbox, home.lake, home.settings.brightcove.accounts, days_until(last, 7)) > 0
    assert home.until(NIGHT + 3 * DAY + 7 * HOUR, DAYS) == []


def test_a_day_reconciled_after_it_was_read_is_read_again_and_only_what_changed_is_made_anew(
    new_home: NewHome,
) -> None:
    home = new_home()
    home.until(NIGHT + HOUR)
    again = home.until(NIGHT + 20 * HOUR)  # past midnight in Europe: one more day is 3 days old
    day = LAST - 2 * DAY
    assert spans([each for each in again if each.job == DAYS]) == [f"intranet|{day} … myway|{day}"]
    assert {each.by for each in again if each.job == DAYS} == {"brightcove_reconciled"}
    assert Counter(each.job for each in again)[FILES] == 2
    facts = home.lake.facts(DAILY_ANALYTICS, day_key(home.settings.account("Intranet").id, day))
    assert facts is not None
    assert facts["finality"] == "settled"


def test_only_the_files_of_an_account_that_changed_are_made_anew(new_home: NewHome) -> None:
    home = new_home()
    home.until(NIGHT + HOUR)
    key = day_key(home.settings.account("MyWay").id, LAST)
    table = home.lake.read(DAILY_ANALYTICS, key)
    assert table is not None
    home.lake.write(DAILY_ANALYTICS, key, table.slice(1), home.lake.facts(DAILY_ANALYTICS, key) or {}, "another")
    ran = home.until(NIGHT + 2 * HOUR, FILES, CATEGORY)
    category = next(name for name, held in home.settings.categories.items() if "myway" in {a.key for a in held})
    assert [(each.job, each.span) for each in ran] == [(FILES, "myway"), (CATEGORY, category)]


# --- gaps -------------------------------------------------------------------------------------------------


def test_a_day_that_fails_is_asked_for_alone_with_growing_waits_until_it_is_there(new_home: NewHome) -> None:
    bad = LAST - DAY
    home = new_home({"dead_days": [bad]}, attempts=1)
    home.until(NIGHT + HOUR)
    assert [day for day in days_until(LAST, 4) if home.lake.failure(DAILY_ANALYTICS, intranet(home, day))] == [bad]
    home.daemon.step = dt.timedelta(minutes=5)
    healing = home.until(NIGHT + 8 * HOUR, DAYS)
    assert {each.by for each in healing} == {"brightcove_gaps"}
    assert set(spans(healing)) == {f"intranet|{bad} … myway|{bad}"}
    waits = [later.at - earlier.at for earlier, later in zip(healing, healing[1:], strict=False)]
    assert [round(wait / HOUR) for wait in waits] == [2, 4]
    home.sandbox.set_scenario(PEACE)
    home.daemon.step = HOUR
    home.until(NIGHT + 18 * HOUR, DAYS)
    assert truth_equals_lake(home.sandbox, home.lake, home.settings.brightcove.accounts, days_until(LAST, 4)) > 0


def intranet(home: Home, day: dt.date) -> str:
    return day_key(home.settings.account("Intranet").id, day)


def test_a_missing_day_is_asked_for_and_no_other(new_home: NewHome) -> None:
    home = new_home()
    home.until(NIGHT + HOUR)
    home.lake.path(DAILY_ANALYTICS, intranet(home, LAST - DAY)).unlink()
    assert spans(home.until(NIGHT + 2 * HOUR, DAYS)) == [f"intranet|{LAST - DAY}"]
    assert home.until(NIGHT + 3 * HOUR, DAYS) == []


def test_what_is_refused_for_good_is_asked_for_by_the_nights_alone(new_home: NewHome) -> None:
    home = new_home({"dead_accounts": ["MyWay"], "dead_how": "403"})
    first = home.until(NIGHT + HOUR, DAYS, CATALOGUES)
    assert {each.status for each in first} == {"FAILURE"}  # they name the dead one; the other one is read
    assert truth_equals_lake(home.sandbox, home.lake, [home.settings.account("Intranet")], days_until(LAST, 4)) > 0
    home.daemon.step = HOUR
    assert [each for each in home.until(NIGHT + 23 * HOUR, DAYS) if "myway" in each.span] == []
    assert [problem.key for problem in open_problems(home)] == ["reading:brightcove:myway"]
    home.sandbox.set_scenario(PEACE)
    home.until(NIGHT + 25 * HOUR)
    assert open_problems(home) == []


def open_problems(home: Home) -> list[Any]:
    return list(read_ledger(home.settings.state / FILE).open.values())


# --- backfills --------------------------------------------------------------------------------------------

BACKFILL = """
[automation.backfills.spring]
first = 2026-05-18
last = 2026-06-10
slice_days = 8
calls = 5
accounts = ["MyWay"]
hours = "22:00-02:00"
"""


def test_a_backfill_goes_on_by_night_within_its_calls_through_a_death_until_it_is_done(new_home: NewHome) -> None:
    home = new_home(more=BACKFILL, start_date=dt.date(2026, 5, 1), trailing_days=2)
    (backfill,) = home.settings.automation.backfills
    home.daemon.step = dt.timedelta(minutes=10)
    home.deaths += [DAYS]
    slices = home.until(EVENING + 6 * HOUR, DAYS)
    assert [(each.span, each.status) for each in slices] == [
        ("myway|2026-06-03 … myway|2026-06-10", "FAILURE"),  # its process died
        ("myway|2026-06-03 … myway|2026-06-10", "SUCCESS"),
        ("myway|2026-05-26 … myway|2026-06-02", "SUCCESS"),
    ]
    assert 0 < spent(home.settings.state, backfill.night_of(now()), backfill.name) <= backfill.calls
    assert all(each.at.hour in {22, 23, 0, 1} for each in slices)
    home.daemon.step = HOUR
    home.until(EVENING + 24 * HOUR)
    home.daemon.step = dt.timedelta(minutes=10)
    filling = [each for each in home.until(EVENING + 32 * HOUR, DAYS) if each.by == "brightcove_backfills"]
    assert spans(filling) == ["myway|2026-05-18 … myway|2026-05-25"]
    days = [dt.date(2026, 5, 18) + n * DAY for n in range(24)]
    assert truth_equals_lake(home.sandbox, home.lake, [home.settings.account("MyWay")], days) > 0
    assert not list(home.lake.days(DAILY_ANALYTICS, home.settings.account("Intranet").id))[:-6]


# --- deaths -----------------------------------------------------------------------------------------------


def test_a_tick_that_is_lost_before_anything_of_it_is_kept_is_made_again_and_nothing_runs_twice(
    new_home: NewHome,
) -> None:
    home = new_home()
    home.daemon.forgetful |= {each.name for each in home.daemon.sensors}
    jobs = Counter(each.job for each in home.until(NIGHT + HOUR) if each.job != "overview")
    assert jobs == {CATALOGUES: 1, DAYS: 1, FILES: 2, CATEGORY: len(home.settings.categories)}


def test_a_cursor_that_is_lost_after_its_runs_were_started_starts_none_twice(new_home: NewHome) -> None:
    home = new_home()
    home.until(NIGHT + HOUR)
    home.daemon._cursors.clear()
    assert home.daemon.tick("brightcove_files") == []
    assert home.daemon.tick("brightcove_reconciled") == []


def test_a_run_whose_process_dies_is_begun_again_without_a_word(new_home: NewHome) -> None:
    home = new_home()
    home.deaths += [DAYS, FILES]
    ran = home.until(NIGHT + HOUR, DAYS, FILES)
    assert Counter((each.job, each.status) for each in ran) == {
        (DAYS, "FAILURE"): 1,
        (DAYS, "SUCCESS"): 1,
        (FILES, "FAILURE"): 1,
        (FILES, "SUCCESS"): 2,
    }
    assert open_problems(home) == []


def test_a_run_that_dies_each_time_is_told_once_and_over_when_one_succeeds(new_home: NewHome) -> None:
    home = new_home()
    home.deaths += [CATALOGUES] * 3  # the first one and both of its retries
    home.until(NIGHT + 2 * HOUR)
    assert [problem.key for problem in open_problems(home)] == [f"run:{CATALOGUES}"]
    home.until(NIGHT + DAY + HOUR)
    assert open_problems(home) == []


# --- who writes -------------------------------------------------------------------------------------------


def test_whatever_writes_has_a_pool(new_home: NewHome) -> None:
    repository = new_home().daemon.repository
    without = [
        key.to_user_string()
        for assets in repository.assets_defs_by_key.values()
        for key in assets.keys
        if not {node.pool for node in assets.node_def.iterate_op_defs()} - {None}
    ]
    assert without == []


# --- courses ----------------------------------------------------------------------------------------------


def test_a_course_that_is_added_is_read_to_its_files_and_no_other_one_again(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, instance: dg.DagsterInstance
) -> None:
    sandbox = new_sandbox(PEACE, now=EVENING)
    environment = {key: value for key, value in sandbox.environment().items() if "BRIGHTCOVE" not in key}
    panopto_settings(sandbox, home, start_date=dt.date(2026, 5, 1))
    daemon = Daemon(load_settings(home, environment), instance, lambda at: turn_clock(sandbox, at), step=HOUR)
    old, new = course_ids(sandbox)[1:3]
    (home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\nOld,{old}\n", encoding="utf-8")
    first = daemon.until(EVENING + HOUR)
    assert [each.job for each in first if old in each.span] == ["panopto_listing", "panopto_days", "panopto_coverage"]
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
    daemon = Daemon(settings, instance, lambda at: turn_clock(sandbox, at), step=HOUR)
    daemon.until(EVENING + HOUR)
    assert [each.key for each in read_ledger(settings.state / FILE).open.values()] == ["settings:courses.csv"]
    (home / "courses.csv").unlink()
    daemon.until(EVENING + 2 * HOUR)
    assert read_ledger(settings.state / FILE).open == {}
