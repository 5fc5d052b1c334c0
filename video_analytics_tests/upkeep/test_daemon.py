"""One daemon, and Dagster's own folder."""

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


def verdict(instance: dg.DagsterInstance, *beats: tuple[str, str, float]) -> tuple[str, str]:
    """What is said of daemons: type, id, seconds since the sign of life."""
    instance.wipe_daemon_heartbeats()
    for kind, who, ago in beats:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago, kind, who, []))
    said = list(probe_dagster(instance))[-1]
    return said.verdict, said.says


def test_no_daemon_is_a_note(instance: dg.DagsterInstance) -> None:
    assert verdict(instance)[0] == "note"


def test_one_daemon_is_well(instance: dg.DagsterInstance) -> None:
    beats = ("SENSOR", "one", 20), ("SCHEDULER", "one", 25), ("BACKFILL", "earlier", 4000)
    assert verdict(instance, *beats)[0] == "ok"


def test_two_daemons_are_a_failure(instance: dg.DagsterInstance) -> None:
    found = verdict(instance, ("SENSOR", "one", 20), ("SCHEDULER", "two", 25))
    assert (found[0], "stop all but one" in found[1]) == ("FAILED", True)


def test_a_daemon_that_stands_still_is_a_failure(instance: dg.DagsterInstance) -> None:
    found = verdict(instance, ("SENSOR", "one", 4000), ("SCHEDULER", "one", 4000))
    assert (found[0], "start it" in found[1]) == ("FAILED", True)


def test_the_folder_and_its_configuration_are_looked_at(instance: dg.DagsterInstance) -> None:
    folder, configured, _ = probe_dagster(instance)
    assert (folder.verdict, configured.verdict) == ("ok", "ok")
    own = Path(instance.root_directory) / "dagster.yaml"
    own.write_bytes(own.read_bytes() + b"# changed\n")
    assert [each.verdict for each in probe_dagster(instance)][1] == "note"
