"""The home's Dagster instance, and the runs of processes that died without a word.

A run on the command line holds a lock file for as long as its process lives. The next one finds the runs
whose lock nobody holds, marks them as failed and frees what they had claimed; otherwise a killed process
would block its pool for ever.
"""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from video_analytics.settings import Settings

HOME_VARIABLE = "DAGSTER_HOME"
PROCESS_TAG = ".dagster/video_analytics_process"  # Dagster keeps tags of this prefix out of its pages
_OPEN = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@contextlib.contextmanager
def open_instance(settings: Settings) -> Iterator[tuple[dg.DagsterInstance, dict[str, str]]]:
    """The instance of DAGSTER_HOME, else of the home's `.dagster`, and the tags of this process's runs.

    A new one gets the platform's `dagster.yaml`.
    """
    folder = Path(os.environ.get(HOME_VARIABLE) or settings.dagster_home).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        shutil.copyfile(packaged("dagster.yaml"), folder / "dagster.yaml")
    locks = folder / "processes"
    locks.mkdir(exist_ok=True)
    name = uuid.uuid4().hex
    with (
        _at_home(folder),
        dg.DagsterInstance.from_config(str(folder)) as instance,
        FileLock(locks / name),
    ):
        _bury_the_dead(instance, locks)
        yield instance, {PROCESS_TAG: name}
    (locks / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _at_home(folder: Path) -> Iterator[None]:
    """DAGSTER_HOME set for as long as the instance is open: its storage looks for its place there."""
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before


def packaged(name: str) -> Path:
    """A file that lies at the top of a checkout, and inside an installed package."""
    inside = Path(__file__).parent / name
    return inside if inside.exists() else Path(__file__).parent.parent / name


def is_alive(run: dg.DagsterRun) -> bool:
    """Whether the process of a run on the command line is still there; other runs pass for alive."""
    name = run.tags.get(PROCESS_TAG)
    return not name or _is_held(Path(os.environ[HOME_VARIABLE]) / "processes" / name)


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
