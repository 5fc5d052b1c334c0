"""Starts runs as Dagster does by default, and knows which of them went down with their machine.

Dagster looks after a run whose process alone died. After a power cut, code server and run are gone together,
and it would count as under way, and keep others waiting, until the longest run time is over. Named in
`dagster.yaml`; the monitoring daemon asks once a minute.
"""

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

from video_analytics.instance import is_alive

ASKING_SECONDS = 5


class HomeLauncher(dg.DefaultRunLauncher):
    """Asks the code server that began a run whether it still has it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It can be asked about a run."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a run that counts as under way really is."""
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        # without one it is of the command line, whose runs live in its own process
        if _has(client, run.run_id) if client else is_alive(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its machine or process went down under it")


def _has(client: object, run_id: str) -> bool:
    try:
        answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=ASKING_SECONDS)  # type: ignore[attr-defined]
    except DagsterUserCodeUnreachableError:
        return False
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel
