"""Alerts: the sensor that looks at what is wrong now, and tells what began and what is over.

It asks nobody, neither vendor nor share, but those who are to be told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

import dagster as dg

from video_analytics.alerts.telling import evaluate
from video_analytics.automation.crashes import note_ended
from video_analytics.brightcove import quality as brightcove
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS
from video_analytics.clock import now
from video_analytics.errors import SettingsError
from video_analytics.journal import Journal
from video_analytics.lake import Lake, Table
from video_analytics.panopto import quality as panopto
from video_analytics.panopto.tables import CHUNKED_COVERAGE, SESSIONS, VIEWING_ACTIVITY
from video_analytics.quality import Finding
from video_analytics.settings import Course, Settings, read_courses

EVERY_SECONDS = 120
_FIRST = "2020-01-01"  # of the windows between ticks; any day before all of them


def watching_automation(
    settings: Settings, schedules: Sequence[dg.ScheduleDefinition]
) -> list[dg.SensorDefinition]:
    """The sensor of alerts; it always runs: what is wrong is also for the pages to show."""
    checks = Findings(settings)

    @dg.sensor(
        name="alerts", minimum_interval_seconds=EVERY_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """Problems that began or ended since the last look, to every channel that is set up."""
        journal, at = Journal(settings.state), now()
        since = float(context.cursor or at.timestamp())
        last = note_ended(context.instance, journal, since, at)
        told = evaluate(
            settings,
            journal,
            Lake(settings.lake),
            at,
            expected_ticks=expected_ticks(schedules, at),
            judge=lambda: checks.at(at),
        )
        said = f"{len(told.began)} began, {len(told.ended)} ended"
        return dg.SensorResult(skip_reason=said, cursor=repr(last))

    return [alerts]


def expected_ticks(schedules: Iterable[dg.ScheduleDefinition], at: datetime) -> dict[str, datetime]:
    """When each schedule that runs by itself should last have ticked."""
    running = [each for each in schedules if each.default_status == dg.DefaultScheduleStatus.RUNNING]
    return {
        each.name: _last_tick(str(each.cron_schedule), each.execution_timezone or "UTC", at)
        for each in running
    }


class Findings:
    """The checks of all accounts and courses; judged anew where their files or the day have changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._lake = settings, Lake(settings.lake)
        self._courses: Sequence[Course] = ()
        self._known: dict[str, tuple[object, list[Finding]]] = {}

    def at(self, at: datetime) -> Iterator[Finding]:
        """All findings."""
        for account in self._settings.brightcove.accounts:
            seen = self._seen(account.id, at, DAILY_ANALYTICS, CMS_CATALOG)
            judge = partial(brightcove.judge, self._lake, account, self._settings.brightcove, at)
            yield from self._judged(account.key, seen, judge)
        with suppress(SettingsError):  # which is told by itself; the last courses known are judged
            self._courses = read_courses(self._settings.home)
        for course in self._courses:
            seen = self._seen(course.id, at, VIEWING_ACTIVITY, SESSIONS, CHUNKED_COVERAGE)
            judge = partial(panopto.judge, self._lake, course.id, self._settings.panopto, at)
            found = self._judged(course.id, seen, judge)
            yield from (each for each in found if each.blocking)  # terms begin and end: bounds are no news

    def _seen(self, owner: str, at: datetime, by_day: Table, *whole: Table) -> object:
        stamps = [self._lake.stamp(table, owner) for table in whole]
        return at.date(), *stamps, *self._lake.stamps(by_day, owner)

    def _judged(self, subject: str, seen: object, judge: Callable[[], list[Finding]]) -> list[Finding]:
        if self._known.get(subject, (None, []))[0] != seen:
            self._known[subject] = (seen, judge())
        return self._known[subject][1]


def _last_tick(cron: str, zone: str, at: datetime) -> datetime:
    ticks = dg.TimeWindowPartitionsDefinition(start=_FIRST, fmt="%Y-%m-%d", cron_schedule=cron, timezone=zone)
    window = ticks.get_prev_partition_window(at)
    return window.end if window else at
