"""What shows the whole: the warehouse, the calendar and the pages, made anew when something else was."""

import dagster as dg

from video_analytics import warehouse
from video_analytics.automation.asking import OPEN, fingerprint
from video_analytics.clock import now
from video_analytics.journal import Journal
from video_analytics.pages.assets import KEYS as PAGES
from video_analytics.settings import Settings
from video_analytics.standing.assets import KEY as CALENDAR

JOB = "overview"
EVERY_SECONDS = 1800  # a picture for people; `status` is always fresh


def overview_automation(settings: Settings) -> list[dg.SensorDefinition]:
    """The sensor; it always runs."""
    job = dg.define_asset_job(JOB, [warehouse.KEY, CALENDAR, *PAGES])

    @dg.sensor(
        name="overview",
        job=job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def overview(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """Once all runs have ended, if any of them has changed or failed something."""
        entries = [each for each in Journal(settings.state).entries() if "/" in each.asset]
        done = [each for each in entries if not each.asset.startswith(("alerts/", "delivery/"))]
        if not done or context.instance.get_runs_count(dg.RunsFilter(statuses=OPEN)):
            return dg.SkipReason("Nothing has been done yet, or something is under way.")
        said = sorted((each.asset, each.subject, str(each.succeeded_at), each.attempts) for each in done)
        return dg.RunRequest(run_key=f"{now().date()} {fingerprint(said)}")

    return [overview]
