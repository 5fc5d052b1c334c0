"""Runs whose processes are killed at random moments, once a day."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.test_utils import freeze_time

from video_analytics.clock import VARIABLE, now
from video_analytics.definitions import build_defs
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.automation.daemon import RETRIES, carry_out
from video_analytics_tests.children import CHILDREN
from video_analytics_tests.drills.homes import PEACE_AT_LAST, Plan

LONGEST_RUN = 1.5  # seconds; kills fall before


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
