"""One daemon, and Dagster's own folder."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from video_analytics.instance import open_instance
from video_analytics.settings import Settings
from video_analytics.upkeep.daemon import probe_dagster


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with open_instance(Settings(home=tmp_path_factory.mktemp("home"))) as (opened, _):
        yield opened


def beat(instance: dg.DagsterInstance, kind: str, who: str, ago: float = 0) -> None:
    """A sign of life, so many seconds ago."""
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago, kind, who, []))


def verdict(
    instance: dg.DagsterInstance, *beats: tuple[str, str, float], cycle: float = 0
) -> tuple[str, str]:
    """What is said of daemons: type, id, seconds since the sign of life."""
    instance.wipe_daemon_heartbeats()
    for each in beats:
        beat(instance, *each)
    said = list(probe_dagster(instance, cycle))[-1]
    return said.verdict, said.says


def test_no_daemon_is_a_note(instance: dg.DagsterInstance) -> None:
    assert verdict(instance)[0] == "note"


def test_one_daemon_is_well(instance: dg.DagsterInstance) -> None:
    beats = ("SENSOR", "one", 20), ("SCHEDULER", "one", 25), ("BACKFILL", "earlier", 4000)
    assert verdict(instance, *beats) == ("ok", "one is at work")


def test_the_one_before_a_restart_is_not_a_second_one(instance: dg.DagsterInstance) -> None:
    assert verdict(instance, ("SENSOR", "new", 0), ("SCHEDULER", "old", 25), cycle=0.3)[0] == "ok"


def test_a_second_one_shows_with_its_next_sign_of_life(instance: dg.DagsterInstance) -> None:
    later = threading.Timer(0.3, beat, (instance, "SENSOR", "two"))
    later.start()
    found = verdict(instance, ("SENSOR", "one", 0), ("SCHEDULER", "one", 0), cycle=20)
    later.join()
    assert (found[0], "signs of life of 2; stop all but one" in found[1]) == ("FAILED", True)


def test_a_daemon_that_stands_still_is_a_failure(instance: dg.DagsterInstance) -> None:
    found = verdict(instance, ("SENSOR", "one", 4000), ("SCHEDULER", "one", 4000))
    assert (found[0], "start it" in found[1]) == ("FAILED", True)


def test_the_folder_and_its_configuration_are_looked_at(instance: dg.DagsterInstance) -> None:
    folder, configured, _ = probe_dagster(instance, 0)
    assert (folder.verdict, configured.verdict) == ("ok", "ok")
    own = Path(instance.root_directory) / "dagster.yaml"
    own.write_bytes(own.read_bytes() + b"# changed\n")
    assert [each.verdict for each in probe_dagster(instance, 0)][1] == "note"
