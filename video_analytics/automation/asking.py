"""What schedules and sensors have in common: a cron that notes its tick, who is busy, what has changed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import dagster as dg

from video_analytics.clock import now
from video_analytics.journal import Journal
from video_analytics.patience import is_over
from video_analytics.settings import Settings

OPEN = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
Job = Any  # as `dg.define_asset_job` makes it; its class has no public name
Ask = Callable[[dg.ScheduleEvaluationContext], Iterable[dg.RunRequest]]


def schedule(
    settings: Settings, name: str, job: Job, cron: str, zone: str, ask: Ask, *, on: bool
) -> dg.ScheduleDefinition:
    """A schedule that notes each of its ticks, so that one that stays out is noticed."""

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        yield from ask(context)
        Journal(settings.state).tick(name, now())

    return tick


def sensor_status(*, on: bool) -> dg.DefaultSensorStatus:
    """Running from the start, or only once somebody starts it."""
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED


def is_busy(instance: dg.DagsterInstance, *jobs: str) -> bool:
    """Whether a run of one of the jobs is under way or waits in the queue."""
    filters = (dg.RunsFilter(job_name=job, statuses=OPEN) for job in jobs)
    return any(instance.get_runs_count(each) for each in filters)


def fingerprint(seen: object) -> str:
    """Short, and the same in every process for what looks the same."""
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def to_heal(settings: Settings, asset: str, subjects: Iterable[str]) -> list[str]:
    """Subjects of an asset whose last attempt failed, may succeed now, and whose wait is over."""
    journal, minutes = Journal(settings.state), settings.automation.heal_minutes
    held = {subject: journal.entry(asset, subject) for subject in subjects}
    return [
        subject
        for subject, entry in held.items()
        if entry and entry.failing and not entry.permanent and is_over(entry, minutes, now())
    ]
