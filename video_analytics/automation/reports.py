"""A report that is dropped, or that the site has made, becomes numbers and files without being asked for.

The schedule asks the site for reports once a week. The sensor looks at the inbox, at what the site still owes
and at the lake, and asks for the next step: read, fetch, reckon. Nothing is asked twice for the same input,
but once a day again where it failed.
"""

from collections.abc import Iterator

import dagster as dg

from video_analytics import partitions
from video_analytics.automation.asking import fingerprint, schedule
from video_analytics.clock import now
from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.panopto.reports.assets import REPORTS, REQUESTED, SESSIONS, key
from video_analytics.panopto.reports.choosing import newest_date, reports_held
from video_analytics.panopto.reports.inbox import Inbox
from video_analytics.panopto.reports.requesting import ASKED, is_owed
from video_analytics.panopto.retention.assets import FILES, RETENTION
from video_analytics.panopto.retention.reckoning import inputs_held, inputs_of
from video_analytics.settings import Settings

EVERY_SECONDS = 60
FETCH_EVERY_SECONDS = 600  # while the site is still making a report
ASK, READ, RECKON = "panopto_ask_reports", "panopto_read_reports", "panopto_retention"


def reports_automation(
    settings: Settings,
) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The sensor of the inbox, which always runs, and the weekly schedule where there is a site to ask."""
    ask = dg.define_asset_job(ASK, [key(REQUESTED), key(REPORTS)])
    read = dg.define_asset_job(READ, [key(REPORTS)])
    reckon = dg.define_asset_job(RECKON, [key(SESSIONS), key(RETENTION), key(FILES)])
    on = settings.panopto.configured

    @dg.sensor(
        name="panopto_reports",
        jobs=[ask, read, reckon],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def panopto_reports(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """What the inbox, the site and the lake ask for next."""
        held = context.instance.get_dynamic_partitions(str(partitions.REPORT_DATES.name))
        requests = list(next_steps(settings))
        dates = {request.partition_key for request in requests if request.partition_key}
        new = sorted(dates - set(held))
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[partitions.REPORT_DATES.build_add_request(new)] if new else [],
        )

    def weekly(_: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        yield dg.RunRequest(run_key=f"reports {now().date()}")

    at = settings.automation
    asking = schedule(
        settings, "panopto_weekly_reports", ask, at.reports_cron, at.reports_timezone, weekly, on=on
    )
    return [panopto_reports], [asking]


def next_steps(settings: Settings) -> Iterator[dg.RunRequest]:
    """Read what waits in the inbox; fetch what the site owes; reckon when reports or settings are new."""
    lake, inbox = Lake(settings.lake), Inbox(settings.home)
    waiting = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in inbox.files()]
    if waiting:
        yield dg.RunRequest(job_name=READ, run_key=f"inbox {now().date()} {fingerprint(waiting)}")
        return
    if settings.panopto.configured and any(is_owed(lake, kind) for kind in ASKED):
        slot = int(now().timestamp()) // FETCH_EVERY_SECONDS
        yield dg.RunRequest(job_name=ASK, run_key=f"owed {slot}")
    reports = reports_held(lake)
    if reports:
        yield from _reckoning(settings, lake, newest_date(reports).isoformat())


def _reckoning(settings: Settings, lake: Lake, day: str) -> Iterator[dg.RunRequest]:
    try:
        wanted = inputs_of(lake, day, settings.panopto.reports_zone, settings.retention)
    except ReportError:  # one of two reports is there: the other one will come, or the status tells
        return
    if inputs_held(lake, day) != wanted:
        run_key = f"retention {now().date()} {day} {wanted}"
        yield dg.RunRequest(job_name=RECKON, partition_key=day, run_key=run_key)
