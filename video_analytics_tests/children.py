"""Processes to be killed: forked off a server that has imported all they need, so each starts at once."""

import multiprocessing
import os

CHILDREN = multiprocessing.get_context("forkserver")
# There is one server for all tests of a process: it imports the modules of every drill that kills.
CHILDREN.set_forkserver_preload(
    [
        "video_analytics.running",
        "video_analytics.roads",
        "video_analytics_tests.test_kill",
        "video_analytics_tests.panopto.test_kill",
        "video_analytics_tests.drills.kills",
        "alembic.command",  # what Dagster imports only when it needs it
        "dagster._core.storage.event_log.sqlite.sqlite_event_log",
        "dagster._core.storage.runs.sqlite.sqlite_run_storage",
        "dagster._core.storage.schedules.sqlite.sqlite_schedule_storage",
    ]
)


def warm_up() -> None:
    """Wait for a child without work: the first one waits until the server has imported everything."""
    child = CHILDREN.Process(target=os.getpid)
    child.start()
    child.join()
    assert child.exitcode == 0
