"""Runs that broke off without saying which account or course it was: noted in the journal, by job.

What an asset says itself when it fails stands in journal and lake already, by account and course. A run that
Dagster starts again is not over yet; one that somebody cancelled is nobody's concern.
"""

from datetime import UTC, datetime

import dagster as dg

from video_analytics.journal import Journal

RUN = "run"  # the journal's asset of these entries
AT_ONCE = 200  # ended runs of one look; the next look goes on from there
WILL_RETRY = "dagster/will_retry"
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_SAID_ELSEWHERE = {"Failure", "DagsterAssetCheckFailedError"}


def note_ended(instance: dg.DagsterInstance, journal: Journal, since: float, at: datetime) -> float:
    """Note how the runs went that ended after `since`, by Dagster's own clock; gives the last one's end."""
    ended = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED, updated_after=datetime.fromtimestamp(since, UTC)),
        limit=AT_ONCE,
        order_by="update_timestamp",
        ascending=True,
    )
    for record in ended:
        run = record.dagster_run
        if run.status == dg.DagsterRunStatus.SUCCESS:
            journal.forget(RUN, _name(run))
        elif run.tags.get(WILL_RETRY) != "true" and (why := _crashed(instance, run)):
            journal.failed(RUN, _name(run), at, why, permanent=True, run_id=run.run_id)
    return max([since, *(record.update_timestamp.timestamp() for record in ended)])


def _name(run: dg.DagsterRun) -> str:
    """What the run was for, the same for each run of it: its job, or the assets somebody chose."""
    chosen = sorted(key.to_user_string() for key in run.asset_selection or ())
    return ", ".join(chosen) if chosen and run.job_name.startswith("__") else run.job_name


def _crashed(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Why a failed run broke off; None where an asset or a check said why."""
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    names = [_innermost(each.dagster_event) for each in failures if each.dagster_event]
    strange = [name for name in names if name not in _SAID_ELSEWHERE]
    if strange:
        return f"{strange[0]}: see the run"
    return None if names else "its process ended without a word"


def _innermost(event: dg.DagsterEvent) -> str:
    """The class of the error that a step failed with first."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error and error.cls_name) or "an unknown error"
