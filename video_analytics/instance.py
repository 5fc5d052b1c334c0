"""The home's Dagster instance, and the runs of processes that died without a word.

A run on the command line holds a lock file for as long as its process lives. The next one finds the runs
whose lock nobody holds, marks them as failed and frees what they had claimed; otherwise a killed process
would block its pool for ever.
"""

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from video_analytics.settings import Settings

PROCESS_TAG = "video_analytics/process"
_OPEN = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@contextlib.contextmanager
def open_instance(settings: Settings) -> Iterator[tuple[dg.DagsterInstance, dict[str, str]]]:
    """The home's instance, and the tags that mark this process's runs.

    A new home gets the platform's `dagster.yaml`.
    """
    folder = settings.dagster_home
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        shutil.copyfile(packaged("dagster.yaml"), folder / "dagster.yaml")
    locks = folder / "processes"
    locks.mkdir(exist_ok=True)
    name = uuid.uuid4().hex
    with dg.DagsterInstance.from_config(str(folder)) as instance, FileLock(locks / name):
        _bury_the_dead(instance, locks)
        yield instance, {PROCESS_TAG: name}
    (locks / name).unlink(missing_ok=True)


def packaged(name: str) -> Path:
    """A file that lies at the top of a checkout, and inside an installed package."""
    inside = Path(__file__).parent / name
    return inside if inside.exists() else Path(__file__).parent.parent / name


def _bury_the_dead(instance: dg.DagsterInstance, locks: Path) -> None:
    for run in instance.get_runs(dg.RunsFilter(statuses=_OPEN)):
        name = run.tags.get(PROCESS_TAG)
        if name and not _is_held(locks / name):
            instance.report_run_failed(run, "The process of this run ended without a word.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
