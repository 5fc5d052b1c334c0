"""A home that lives by itself for some weeks, in peace or in trouble, and what has become of it at the end.

In trouble a part of the calls is faulty, once a day a run's process is killed, the daemon is off for a while,
an account is dead, a share goes away, a course is added. In peace only the course is.
"""

import datetime as dt
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.test_utils import freeze_time

from video_analytics.alerts.telling import evaluate
from video_analytics.brightcove.finality import last_closed
from video_analytics.clock import VARIABLE, now
from video_analytics.days import days_between
from video_analytics.definitions import build_defs
from video_analytics.delivery.routes import planned
from video_analytics.journal import Journal
from video_analytics.lake import Lake
from video_analytics.sandbox import ZONES, Sandbox
from video_analytics.settings import Settings, load_settings
from video_analytics.settings.models import BUILT_IN_ACCOUNTS
from video_analytics_tests.alerts.postbox import Postbox, mail_server
from video_analytics_tests.automation.daemon import RETRIES, Daemon, carry_out
from video_analytics_tests.children import CHILDREN, warm_up
from video_analytics_tests.conftest import FAST, truth_equals_lake
from video_analytics_tests.panopto import drill as panopto

BEGIN = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)  # both continents change their clocks in the weeks after
END_OF_DAY = dt.timedelta(hours=3, minutes=55)  # the night is over, and no account's next day has begun
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
LONGEST_RUN = 1.5  # seconds; kills fall before
SHARES = ("reports", "daily")
FLAKY = 0.05
FILES_BY_ATTEMPT = re.compile(r"^(calendar|corrections|delivery)/")  # tell how often something was tried
PEACE_AT_LAST = 26 * HOUR  # a night and a day without trouble, after which all must be well


@dataclass(frozen=True)
class Plan:
    """How long, how much, and when which trouble begins and how long it lasts, in days."""

    days: int = 60
    accounts: int = 4
    courses: int = 2
    seed: int = 1
    trouble: bool = True
    dead: tuple[int, int] = (8, 7)
    off: tuple[int, int] = (22, 2)
    away: tuple[int, int] = (34, 3)
    course: int = 5  # the day on which the last course is added
    filled: int = 20  # days before the beginning, which a backfill fills
    step: int = 30  # minutes between two looks of the daemon while nothing happens

    @property
    def names(self) -> list[str]:
        """The accounts."""
        return [name for name, *_ in BUILT_IN_ACCOUNTS[: self.accounts]]

    @property
    def end(self) -> dt.datetime:
        """The last instant."""
        return BEGIN + self.days * DAY + END_OF_DAY


@dataclass
class Outcome:
    """What a life came to."""

    home: Path
    calls: int
    runs: int
    failed: int
    retried: int
    killed: int
    seconds: float
    rows: int  # compared with the vendors' truth
    records: int
    delivered: int  # files compared with those on the shares
    mails: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # of ticks
    wrong: list[str] = field(default_factory=list)  # where the home is not what it should be
    told: str = ""


def settle(home: Path, plan: Plan, sandbox: Sandbox, port: int) -> Settings:
    """A home with both vendors, a backfill, two shares and mail."""
    first, last = (BEGIN.date() - dt.timedelta(days=back) for back in (plan.filled, 9))
    lines = ["[brightcove]", *_lines(FAST), f"start_date = {first}"]
    for name, number, unit, category in BUILT_IN_ACCOUNTS[: plan.accounts]:
        about = {"id": number, "business_unit": unit, "category": category, "timezone": ZONES[name.lower()]}
        lines += [f"[brightcove.accounts.{name}]", *_lines(about)]
    crons = {"panopto_listing_cron": "0 1 * * *", "panopto_cron": "30 1 * * *", "reports_cron": "0 2 * * 1"}
    lines += ["[panopto]", *_lines(panopto.QUICK), "[automation]", *_lines(crons)]
    lines += ["[automation.backfills.before]", f"first = {first}", f"last = {last}", "slice_days = 7"]
    lines += ["calls = 24", "[delivery]", "wait_seconds = 0.01", "attempts = 2"]
    for share in SHARES:
        (home / "shares" / share).mkdir(parents=True)
        lines += [f"[delivery.shares.{share}]", f"root = '{home / 'shares' / share}'"]
    mail = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "email_from": "a@example.com",
    }
    lines += ["[alerts]", *_lines(mail), 'email_to = ["team@example.com"]']
    (home / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if plan.courses:
        list_courses(home, sandbox, plan.courses - 1)
    return load_settings(home, environment(sandbox, plan))


def environment(sandbox: Sandbox, plan: Plan) -> dict[str, str]:
    """The variables that point at the sandbox; without courses at one of its vendors only."""
    left_out = "nothing" if plan.courses else "PANOPTO"
    return {name: value for name, value in sandbox.environment().items() if not name.startswith(left_out)}


def courses_of(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Names and ids; those that have been going on for longest come first."""
    return list(reversed(sandbox.panopto.courses()))


def list_courses(home: Path, sandbox: Sandbox, number: int) -> None:
    """`courses.csv` with the first courses of the site."""
    rows = [f'"{name}",{course_id}' for name, course_id in courses_of(sandbox)[:number]]
    text = "\n".join(["PanoptoFolderName,PanoptoFolderID", *rows]) + "\n"
    (home / "courses.csv").write_text(text, encoding="utf-8")


def _lines(values: dict[str, Any]) -> list[str]:
    return [
        f"{key} = {value!r}".replace("True", "true").replace("False", "false")
        for key, value in values.items()
    ]


# --- kills ------------------------------------------------------------------------------------------------


class Killer:
    """Carries runs out; one a day in a process of its own that is killed at a random moment."""

    def __init__(self, settings: Settings, environment: dict[str, str], plan: Plan) -> None:
        self.killed = 0
        self._settings, self._environment, self._plan = settings, environment, plan
        self._chance = random.Random(plan.seed)
        self._day, self._left = now().date(), 3  # runs until the next one that is killed

    def __call__(
        self, repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, run_id: str
    ) -> None:
        """Carry a run out."""
        if now().date() != self._day:
            self._day, self._left = now().date(), self._chance.randint(1, 12)
        self._left -= 1
        if self._left > 0 or now() > self._plan.end - PEACE_AT_LAST:
            carry_out(repository, instance, run_id)
            return
        begun = CHILDREN.Event()
        given = (
            self._settings.home,
            self._environment | {VARIABLE: now().isoformat()},
            instance.get_ref(),
            run_id,
        )
        child = CHILDREN.Process(target=in_child, args=(*given, begun))
        child.start()
        begun.wait(60)
        child.join(self._chance.uniform(0, LONGEST_RUN))
        if child.exitcode is None and child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            self.killed += 1
            self._left = 1_000  # the next day
        assert child.exitcode in {0, -signal.SIGKILL}, f"a run's process ended with {child.exitcode}"


def in_child(home: Path, environment: dict[str, str], ref: Any, run_id: str, begun: Any) -> None:
    """A run as its own process carries it out."""
    os.environ.update(environment)
    repository = build_defs(load_settings(home, environment)).get_repository_def()
    with dg.DagsterInstance.from_ref(ref) as instance, freeze_time(now()):
        begun.set()
        carry_out(repository, instance, run_id)
    os._exit(0)


def instance_at(folder: Path) -> dg.DagsterInstance:
    """An instance that several processes share: one file for all events, instead of one for each run."""
    folder.mkdir()
    events = {
        "module": "dagster._core.storage.event_log.sqlite",
        "class": "ConsolidatedSqliteEventLogStorage",
        "config": {"base_dir": str(folder / "events")},
    }
    return dg.DagsterInstance.local_temp(str(folder), overrides={**RETRIES, "event_log_storage": events})


# --- a life -----------------------------------------------------------------------------------------------


class Life:
    """A home, its daemon, and the world around them."""

    def __init__(
        self,
        home: Path,
        plan: Plan,
        sandbox: Sandbox,
        port: int,
        instance: dg.DagsterInstance,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.home, self.plan, self.sandbox, self.tell = home, plan, sandbox, tell
        self.turn(BEGIN)
        self.settings = settle(home, plan, sandbox, port)
        self.killer = Killer(self.settings, environment(sandbox, plan), plan)
        step = dt.timedelta(minutes=plan.step)
        carry = self.killer if plan.trouble else carry_out
        self.daemon = Daemon(self.settings, instance, self.turn, carry=carry, seed=plan.seed, step=step)

    def turn(self, instant: dt.datetime) -> None:
        """It is that instant now, for platform and vendors."""
        os.environ[VARIABLE] = instant.isoformat()
        self.sandbox.set_now(instant)

    def live(self) -> None:
        """Until the end, day by day and from one event to the next."""
        for at, act in sorted(self._events(), key=lambda event: event[0]):
            self.daemon.until(at)
            act()
        self.daemon.until(self.plan.end)

    def _tell(self) -> None:
        if self.tell:
            self.tell(f"{now():%m-%d}: {len(self.daemon.ran)} runs, {len(self.sandbox.log())} calls")

    def _events(self) -> Iterator[tuple[dt.datetime, Any]]:
        plan = self.plan
        for day in range(1, plan.days + 1):
            yield BEGIN + day * DAY, self._tell
        if plan.courses:
            yield BEGIN + plan.course * DAY, lambda: list_courses(self.home, self.sandbox, plan.courses)
        for week in range(7, plan.days, 7):  # as systemd does
            yield BEGIN + week * DAY + 12 * HOUR, self._restart
        if not plan.trouble:
            return
        yield BEGIN, lambda: self._scenario(flaky=FLAKY)
        dead = [plan.names[1]]
        yield BEGIN + plan.dead[0] * DAY + 9 * HOUR, lambda: self._scenario(flaky=FLAKY, dead_accounts=dead)
        yield BEGIN + sum(plan.dead) * DAY + 9 * HOUR, lambda: self._scenario(flaky=FLAKY)
        yield BEGIN + plan.off[0] * DAY + 12 * HOUR, self._off
        yield BEGIN + plan.away[0] * DAY + 10 * HOUR, lambda: self._share("reports", "gone")
        yield BEGIN + sum(plan.away) * DAY + 10 * HOUR, lambda: self._share("gone", "reports")
        yield plan.end - PEACE_AT_LAST, lambda: self._scenario()

    def _scenario(self, **wrong: Any) -> None:
        self.sandbox.set_scenario(panopto.PEACE | wrong)

    def _share(self, old: str, new: str) -> None:
        (self.home / "shares" / old).rename(self.home / "shares" / new)

    def _restart(self) -> None:
        self.daemon.restart(self.settings)

    def _off(self) -> None:
        """Nobody is there but a timer that asks every hour whether all is well."""
        journal, lake = Journal(self.settings.state), Lake(self.settings.lake)
        for hour in range(1, self.plan.off[1] * 24):
            self.turn(BEGIN + self.plan.off[0] * DAY + (12 + hour) * HOUR)
            evaluate(self.settings, journal, lake, now(), inside=False)
        self._restart()

    # --- what has become of it ----------------------------------------------------------------------------

    def outcome(self, box: Postbox, seconds: float) -> Outcome:
        """Compare the home with the vendors and the shares."""
        ran = self.daemon.ran
        wrong: list[str] = []
        return Outcome(
            home=self.home,
            calls=len(self.sandbox.log()),
            runs=len(ran),
            failed=sum(run.status == "FAILURE" for run in ran),
            retried=sum("dagster/retry_number" in (run.tags or {}) for run in ran),
            killed=self.killer.killed,
            seconds=seconds,
            rows=self._checked(wrong, self._rows),
            records=self._checked(wrong, self._records),
            delivered=self._checked(wrong, self._delivered),
            mails=[f"{mail['Subject']} | {mail.get_content()}" for mail in box.mails()],
            errors=self.daemon.errors,
            wrong=wrong,
            told=self.daemon.told(),
        )

    @staticmethod
    def _checked(wrong: list[str], check: Any) -> int:
        try:
            counted: int = check()
        except AssertionError as error:
            wrong.append(f"{check.__name__}: {str(error)[:600]}")
            return 0
        return counted

    def _last(self, job: str) -> dt.datetime:
        ran = [run for run in self.daemon.ran if run.job == job and run.status == "SUCCESS"]
        return max(run.began for run in ran if run.began)

    def _rows(self) -> int:
        """Every day of every account since the first that the backfill names."""
        lake, first, at = (
            Lake(self.settings.lake),
            self.settings.brightcove.start_date,
            self._last("brightcove_days"),
        )
        return sum(
            truth_equals_lake(
                self.sandbox, lake, [account], days_between(first, last_closed(account, at)), at
            )
            for account in self.settings.brightcove.accounts
        )

    def _records(self) -> int:
        """Every viewing record of every course, as of the last night."""
        if not self.plan.courses:
            return 0
        self.sandbox.set_now(self._last("panopto_days"))
        courses = [course_id for _, course_id in courses_of(self.sandbox)[: self.plan.courses]]
        counted = panopto.truth_equals_lake(self.sandbox, Lake(self.settings.lake), courses)
        self.sandbox.set_now(self.plan.end)
        return counted

    def _delivered(self) -> int:
        """Every planned file lies on its share, byte for byte, and nothing else under this month's names."""
        items = planned(self.settings, now().date())
        roots = {share.name: Path(share.root) for share in self.settings.delivery.shares}
        for item in items:
            target = roots[item.share] / item.target
            assert target.is_file(), f"{item.target} is not on {item.share}"
            assert target.read_bytes() == item.source.read_bytes(), f"{item.target} on {item.share} is old"
        left = [path for root in roots.values() for path in root.rglob("*.tmp")]
        assert not left, f"half files: {left}"
        return len(items)


def live(home: Path, plan: Plan, tell: Callable[[str], None] | None = None) -> Outcome:
    """A whole life in this process."""
    home.mkdir(parents=True)
    if plan.trouble:
        warm_up()
    before = time.monotonic()
    with ExitStack() as stack:
        box = Postbox()
        port = stack.enter_context(mail_server(box))
        sandbox = stack.enter_context(Sandbox(seed=plan.seed, size="tiny", scenario=panopto.PEACE, now=BEGIN))
        instance = stack.enter_context(
            instance_at(home.with_suffix(".dagster"))
            if plan.trouble
            else dg.DagsterInstance.ephemeral(settings=RETRIES)
        )
        life = Life(home, plan, sandbox, port, instance, tell)
        life.live()
        return life.outcome(box, time.monotonic() - before)


def exported(home: Path) -> dict[str, bytes]:
    """The files people open, apart from what tells of deliveries and attempts."""
    folder = home / "exports"
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith("delivery/")}


def figures(outcome: Outcome) -> dict[str, Any]:
    """The numbers of an outcome, without what is told at length."""
    told = asdict(outcome)
    return {key: value for key, value in told.items() if isinstance(value, int | float)}
