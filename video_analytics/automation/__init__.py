"""What happens by itself: schedules and sensors, a module for each thing that they keep up to date.

accounts    a night for every account of Brightcove, gaps, days reconciled since
backfills   spans of days that settings name, night after night
following   what follows from an account's days and catalogue: tables and files
courses     a night for every course of Panopto, and a new course from listing to files
reports     a dropped or requested usage report, from the inbox to files
deliveries  files that differ from what lies on the shares
overview    the warehouse, the calendar, the pages
watching    alerts: what is wrong now, and what is over
"""

import dagster as dg

from video_analytics.automation.accounts import accounts_automation
from video_analytics.automation.backfills import backfills_automation
from video_analytics.automation.courses import courses_automation
from video_analytics.automation.deliveries import deliveries_automation
from video_analytics.automation.following import following_automation
from video_analytics.automation.overview import overview_automation
from video_analytics.automation.reports import reports_automation
from video_analytics.automation.watching import watching_automation
from video_analytics.settings import Settings


def automation(settings: Settings) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The sensors and schedules of a home; those of a vendor run by themselves where it is set up."""
    parts = [
        accounts_automation(settings),
        backfills_automation(settings),
        following_automation(settings),
        courses_automation(settings),
        reports_automation(settings),
    ]
    sensors, schedules = zip(*parts, strict=True)
    crons = [each for part in schedules for each in part]
    others = [
        *deliveries_automation(settings),
        *overview_automation(settings),
        *watching_automation(settings, crons),
    ]
    return [*(each for part in sensors for each in part), *others], crons
