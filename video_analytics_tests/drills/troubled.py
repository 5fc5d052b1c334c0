"""A home that lives by itself for some weeks, in peace or in trouble, and what has become of it at the end.

In trouble a part of the calls is faulty, once a day a run's process is killed, the daemon is off for a while,
an account is dead, a share goes away, a course is added. In peace only the course is.
"""

import datetime as dt
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from video_analytics.alerts.telling import evaluate
from video_analytics.brightcove.finality import last_closed
from video_analytics.clock import VARIABLE, now
from video_analytics.days import days_between
from video_analytics.delivery.routes import planned
from video_analytics.journal import Journal
from video_analytics.lake import Lake
from video_analytics.sandbox import Sandbox
from video_analytics_tests.alerts.postbox import Postbox, mail_server
from video_analytics_tests.automation.daemon import RETRIES, Daemon, carry_out
from video_analytics_tests.children import warm_up
from video_analytics_tests.conftest import truth_equals_lake
from video_analytics_tests.drills.homes import (
    BEGIN,
    DAY,
    HOUR,
    PEACE_AT_LAST,
    Plan,
    courses_of,
    environment,
    list_courses,
    settle,
)
from video_analytics_tests.drills.kills import Killer, instance_at
from video_analytics_tests.panopto import drill as panopto

FLAKY = 0.05
FILES_BY_ATTEMPT = re.compile(r"^(calendar|corrections|delivery)/")  # tell how often something was tried
READ_ON = "report_generated_on"


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
        yield plan.end - PEACE_AT_LAST, self._scenario

    def _scenario(self, **wrong: Any) -> None:
        self.sandbox.set_scenario(panopto.PEACE | wrong)

    def _share(self, old: str, new: str) -> None:
        (self.home / "shares" / old).rename(self.home / "shares" / new)

    def _restart(self) -> None:
        self.daemon.restart(self.settings)

    def _off(self) -> None:
        """Nobody is there but a timer that asks now and then whether all is well."""
        journal, lake = Journal(self.settings.state), Lake(self.settings.lake)
        for hour in range(1, self.plan.off[1] * 24, 3):
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
    """The files people open, without what tells when something was read or delivered."""
    folder = home / "exports"
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: _content(name, path) for name, path in found.items() if not FILES_BY_ATTEMPT.search(name)}


def _content(name: str, path: Path) -> bytes:
    if path.suffix == ".hyper":  # never the same bytes twice, not even of the same rows
        return b""
    if not name.startswith("brightcove/daily/"):
        return path.read_bytes()
    if path.suffix == ".parquet":
        return repr(pq.ParquetFile(path).read().drop_columns([READ_ON]).to_pydict()).encode()
    return re.sub(rb",[0-9-]+(?=\r?\n)", b"", path.read_bytes())  # the last column: the day of reading


def figures(outcome: Outcome) -> dict[str, Any]:
    """The numbers of an outcome, without what is told at length."""
    told = asdict(outcome)
    return {key: value for key, value in told.items() if isinstance(value, int | float)}
