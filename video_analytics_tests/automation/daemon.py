"""A stand-in for Dagster's daemon over a real home, with a clock that is turned instead of waited for.

It does what the daemon of Dagster 1.13 does: schedules tick at their crons, after a pause only at the last
one that was missed; sensors tick no more often than they want to, keep their cursor, and start no run twice
for one run key; runs wait in a queue, and those of one pool never run side by side. A run whose process is
killed is marked as failed and started again from its failure. Definitions are built once, until `restart`.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.api import create_execution_plan, execute_run
from dagster._core.execution.plan.state import KnownExecutionState
from dagster._core.test_utils import freeze_time
from dagster._utils.schedules import cron_string_iterator

from video_analytics.clock import now
from video_analytics.definitions import build_defs
from video_analytics.ranges import END_TAG, START_TAG
from video_analytics.settings import Settings

RETRIES = {"run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
RUN_KEY, SENSOR, SCHEDULE = "dagster/run_key", "dagster/sensor_name", "dagster/schedule_name"
RETRY_NUMBER, WILL_RETRY = "dagster/retry_number", "dagster/will_retry"
PARENT, ROOT = "dagster/parent_run_id", "dagster/root_run_id"

MINUTE = dt.timedelta(minutes=1)
LONGEST_STEP = dt.timedelta(minutes=30)  # between two looks while nothing happens
AFTER_RUNS = dt.timedelta(minutes=5)  # until the next look while something does
MOST_RUNS = 200  # of a day: more is a storm


@dataclass(frozen=True)
class Ran:
    """A run that was asked for, and how it went."""

    at: dt.datetime  # asked
    by: str  # the schedule or sensor
    job: str
    span: str  # a partition, or the first and the last of a range; "" for all
    run_id: str
    status: str = ""  # SUCCESS, FAILURE
    began: dt.datetime | None = None
    tags: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M} {self.by}: {self.job} {self.span} {self.status}"


@dataclass
class Memory:
    """What a daemon keeps between its lives."""

    cursors: dict[str, str] = field(default_factory=dict)
    ticked: dict[str, dt.datetime] = field(default_factory=dict)


Carry = Callable[[dg.RepositoryDefinition, dg.DagsterInstance, str], None]


def carry_out(repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, run_id: str) -> None:
    """A run from its start to its end, in this process."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    execute_run(InMemoryJob(repository.get_job(run.job_name)), run, instance)


class Daemon:
    """Schedules and sensors of a home, and the queue of their runs.

    `turn` sets the clock of platform and vendors. `carry` carries a run out; it may leave it unfinished, as
    a process does that is killed. Sensors and schedules in `without` are switched off. With the `memory` of
    another one it goes on where that one stopped.
    """

    def __init__(
        self,
        settings: Settings,
        instance: dg.DagsterInstance,
        turn: Callable[[dt.datetime], None],
        *,
        carry: Carry = carry_out,
        seed: int = 1,
        step: dt.timedelta = LONGEST_STEP,
        without: Collection[str] = (),
        memory: Memory | None = None,
    ) -> None:
        self.instance, self.step = instance, step
        self.ran: list[Ran] = []
        self.errors: list[str] = []  # of ticks
        self.forgetful: set[str] = set()  # sensors whose next tick is lost: before anything of it is kept
        self.memory = deepcopy(memory) if memory else Memory()
        self._turn, self._carry, self._chance, self._without = turn, carry, random.Random(seed), without
        self._queue: list[Ran] = []
        self._of_day: Counter[dt.date] = Counter()
        self.restart(settings)

    def restart(self, settings: Settings) -> None:
        """Load the definitions, as a new process of the code location does."""
        self.settings = settings
        with freeze_time(now()):
            self.repository = build_defs(settings).get_repository_def()
        running, ticking = dg.DefaultSensorStatus.RUNNING, dg.DefaultScheduleStatus.RUNNING
        self.sensors = [
            each
            for each in self.repository.sensor_defs
            if each.default_status == running and each.name not in self._without
        ]
        self.schedules = [
            each
            for each in self.repository.schedule_defs
            if each.default_status == ticking and each.name not in self._without
        ]
        for each in self.schedules:  # what was before it was there is not caught up
            self.memory.ticked.setdefault(each.name, now())

    def until(self, instant: dt.datetime) -> list[Ran]:
        """Walk to an instant, and on until nothing follows; gives the runs carried out on the way."""
        before = len(self.ran)
        while True:
            busy = self.look()
            if now() >= instant and not busy:
                return self.ran[before:]
            ahead = [now() + (AFTER_RUNS if busy else self.step)]
            if now() < instant:
                ahead += [instant, *(self._next_tick(each) for each in self.schedules)]
            self._turn(min(ahead))

    def off_until(self, instant: dt.datetime) -> None:
        """Nobody is there until then."""
        self._turn(instant)

    def look(self) -> bool:
        """All that is due now, then the runs that wait; whether there were any."""
        for schedule in self.schedules:
            if due := self._due_tick(schedule):
                self.memory.ticked[schedule.name] = due
                self._tick_schedule(schedule, due)
        for sensor in self._chance.sample(self.sensors, len(self.sensors)):
            last = self.memory.ticked.get(sensor.name)
            least = dt.timedelta(seconds=sensor.minimum_interval_seconds or 30)
            if last is None or now() - last >= least:
                self.memory.ticked[sensor.name] = now()
                self.tick(sensor)
        return self._work()

    def tick(self, sensor: dg.SensorDefinition | str) -> list[dg.RunRequest]:
        """One tick of a sensor: its partitions are added, its runs queued, its cursor kept."""
        if isinstance(sensor, str):
            sensor = self.repository.get_sensor_def(sensor)
        with freeze_time(now()), self._noting(sensor.name):
            context = dg.build_sensor_context(
                self.instance,
                self.memory.cursors.get(sensor.name),
                repository_def=self.repository,
                sensor_name=sensor.name,
            )
            self._lend(context)
            with partition_loading_context(dynamic_partitions_store=self.instance):
                told = sensor.evaluate_tick(context)
            if sensor.name in self.forgetful:
                self.forgetful.discard(sensor.name)
                return []
            for asked in told.dynamic_partitions_requests or ():
                held = set(self.instance.get_dynamic_partitions(asked.partitions_def_name))
                new = [key for key in asked.partition_keys if key not in held]
                self.instance.add_dynamic_partitions(asked.partitions_def_name, new)
            if told.cursor:
                self.memory.cursors[sensor.name] = told.cursor
            target = sensor.job_name if len(sensor.targets) == 1 else None
            requests = list(told.run_requests or ())
            return [each for each in requests if self._submit(sensor.name, SENSOR, each, target)]
        return []

    def _tick_schedule(self, schedule: dg.ScheduleDefinition, due: dt.datetime) -> None:
        with freeze_time(now()), self._noting(schedule.name):
            context = dg.build_schedule_context(
                self.instance, scheduled_execution_time=due, repository_def=self.repository
            )
            self._lend(context)
            told = schedule.evaluate_tick(context)
            for request in told.run_requests or ():
                self._submit(schedule.name, SCHEDULE, request, schedule.job_name)

    def _lend(self, context: Any) -> None:
        """Let a tick use the instance: one in memory has no reference by which a tick could open it."""
        context._instance = self.instance
        context._instance_ref = context._instance_ref or object()

    @contextmanager
    def _noting(self, name: str) -> Iterator[None]:
        """A tick that fails is noted, and the daemon goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - as the daemon does
            self.errors.append(f"{now():%m-%d %H:%M} {name}: {type(error).__name__}: {error}")

    # --- ticks --------------------------------------------------------------------------------------------

    def _next_tick(self, schedule: dg.ScheduleDefinition) -> dt.datetime:
        return next(self._ticks(schedule, now()))

    def _due_tick(self, schedule: dg.ScheduleDefinition) -> dt.datetime | None:
        """The last tick that has come and was not made; what was missed before it is not caught up."""
        due = None
        for tick in self._ticks(schedule, self.memory.ticked[schedule.name]):
            if tick > now():
                return due
            due = tick
        return due

    @staticmethod
    def _ticks(schedule: dg.ScheduleDefinition, after: dt.datetime) -> Iterator[dt.datetime]:
        zone, cron = schedule.execution_timezone or "UTC", str(schedule.cron_schedule)
        for tick in cron_string_iterator(after.timestamp() + 1, cron, zone):
            yield tick.astimezone(dt.UTC)

    # --- runs ---------------------------------------------------------------------------------------------

    def _submit(self, by: str, origin: str, request: dg.RunRequest, target: str | None) -> bool:
        """Queue a run, unless one was made for the same run key of the same sensor."""
        tags = {**(request.tags or {}), origin: by}
        if request.run_key:
            tags[RUN_KEY] = request.run_key
            if origin == SENSOR and self.instance.get_runs_count(
                dg.RunsFilter(tags={RUN_KEY: request.run_key, origin: by})
            ):
                return False
        self._create(by, str(request.job_name or target), tags, {**(request.run_config or {})})
        return True

    def _create(
        self, by: str, name: str, tags: Mapping[str, str], config: Mapping[str, Any], **more: Any
    ) -> None:
        job = self.repository.get_job(name)
        tags = {**job.run_tags, **tags}
        run = self.instance.create_run_for_job(job, run_config={**config, **QUIET}, tags=tags, **more)
        ends = (tags[START_TAG], tags[END_TAG]) if START_TAG in tags else ()
        span = " … ".join(dict.fromkeys(ends)) or tags.get("dagster/partition", "")
        self._queue.append(Ran(now(), by, name, span, run.run_id, tags=tags))
        self._of_day[now().date()] += 1
        assert self._of_day[now().date()] <= MOST_RUNS, "a storm of runs:\n" + self.told()[-3000:]

    def _work(self) -> bool:
        """Carry out what waits, one after the other, a minute each; whether there was anything."""
        busy = bool(self._queue)
        while self._queue:
            asked = self._queue.pop(0)
            self._turn(began := now() + MINUTE)
            with freeze_time(now()):
                self._carry(self.repository, self.instance, asked.run_id)
                self._bury(asked)
            run = self.instance.get_run_by_id(asked.run_id)
            assert run is not None
            self.ran.append(replace(asked, status=run.status.value, began=began))
        return busy

    def _bury(self, asked: Ran) -> None:
        """Mark a run as failed whose process is gone; start it again as `run_retries` says."""
        run = self.instance.get_run_by_id(asked.run_id)
        assert run is not None
        if not run.is_finished:
            self.instance.report_run_failed(run, "The process of this run ended without a word.")
            run = self.instance.get_run_by_id(asked.run_id)
            assert run is not None
        if run.tags.get(WILL_RETRY) != "true":
            return
        group = self.instance.get_run_group(run.run_id)
        number = len(list(group[1])) if group else 1
        steps, state = KnownExecutionState.build_resume_retry_reexecution(self.instance, run)
        tags = {key: value for key, value in run.tags.items() if key != WILL_RETRY}
        tags |= {RETRY_NUMBER: str(number), PARENT: run.run_id, ROOT: run.root_run_id or run.run_id}
        plan = create_execution_plan(
            self.repository.get_job(run.job_name),
            run_config=run.run_config,
            step_keys_to_execute=steps or None,
            known_state=state,
            tags=tags,
        )
        again = {"parent_run_id": tags[PARENT], "root_run_id": tags[ROOT]}
        self._create(asked.by, run.job_name, tags, run.run_config, execution_plan=plan, **again)

    def told(self) -> str:
        """All runs, a line each."""
        return "\n".join(map(str, self.ran))
