"""A run whose machine went down does not count as under way for hours."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus
from filelock import FileLock

from video_analytics.instance import HOME_VARIABLE, PROCESS_TAG, packaged
from video_analytics.launcher import HomeLauncher

GRPC_TAG = ".dagster/grpc_info"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    (tmp_path / "dagster.yaml").write_bytes(packaged("dagster.yaml").read_bytes())
    (tmp_path / "processes").mkdir()
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def health(instance: dg.DagsterInstance, tags: dict[str, str]) -> WorkerStatus:
    run = instance.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return instance.run_launcher.check_run_worker_health(run).status


@dg.job
def _job() -> None:
    """Nothing to do."""


def test_the_shipped_configuration_asks_after_the_health_of_runs(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_launcher, HomeLauncher)
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled


def test_a_run_whose_code_server_is_gone_is_not_there(instance: dg.DagsterInstance) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tags = {GRPC_TAG: json.dumps({"host": "127.0.0.1", "port": port})}
    assert health(instance, tags) == WorkerStatus.NOT_FOUND


def test_a_run_of_the_command_line_lives_as_long_as_its_process(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with FileLock(tmp_path / "processes" / "one"):
        assert health(instance, {PROCESS_TAG: "one"}) == WorkerStatus.RUNNING
    assert health(instance, {PROCESS_TAG: "one"}) == WorkerStatus.NOT_FOUND
    assert health(instance, {}) == WorkerStatus.RUNNING
