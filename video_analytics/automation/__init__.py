"""What happens by itself: schedules and sensors, a module for each thing that they keep up to date."""

import dagster as dg

from video_analytics.automation.courses import courses_automation
from video_analytics.automation.reports import reports_automation
from video_analytics.settings import Settings


def automation(settings: Settings) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """The sensors and schedules of a home; those of a vendor run by themselves where it is set up."""
    parts = [courses_automation(settings), reports_automation(settings)]
    sensors, schedules = zip(*parts, strict=True)
    return [each for part in sensors for each in part], [each for part in schedules for each in part]
