"""The roads of both sources: which assets are materialized in which order, and for which days."""

from collections.abc import Mapping, Sequence
from datetime import date

from video_analytics import partitions, warehouse
from video_analytics.brightcove.assets import key as brightcove
from video_analytics.brightcove.finality import last_closed
from video_analytics.brightcove.plan import due_days as account_days
from video_analytics.clock import now
from video_analytics.days import days_between
from video_analytics.delivery.assets import KEY as DELIVERY
from video_analytics.errors import ReportError, SettingsError
from video_analytics.lake import Lake
from video_analytics.pages.assets import KEYS as PAGES
from video_analytics.panopto import plan
from video_analytics.panopto.assets import key as panopto
from video_analytics.panopto.collect import due_days
from video_analytics.panopto.reports import assets as report_assets
from video_analytics.panopto.reports.choosing import newest_date, reports_held
from video_analytics.panopto.retention import assets as retention_assets
from video_analytics.panopto.tables import SESSIONS
from video_analytics.ranges import Range, blocks, day_ranges, rectangles
from video_analytics.runs import Runner
from video_analytics.settings import Account, Course, Settings
from video_analytics.standing.assets import KEY as CALENDAR

BY_ACCOUNT_AFTER_DAYS = ("last_viewed", "video_cache", "cms_files", "reporting_files")
BY_COURSE_AFTER_DAYS = ("chunked_coverage", "course_files")


def run_brightcove(runner: Runner, wanted: Mapping[Account, Sequence[date]]) -> None:
    """The whole road for some accounts and days: catalogue, days, what follows from them, files."""
    settings = runner.settings
    order = [account.key for account in settings.brightcove.accounts]
    by_account = list(blocks([account.key for account in wanted], order))
    days = {account.key: days for account, days in wanted.items()}
    runner.materialize(brightcove("cms_catalog"), by_account)
    runner.materialize(brightcove("daily_analytics"), list(day_ranges(days, order)))
    for asset in BY_ACCOUNT_AFTER_DAYS:
        runner.materialize(brightcove(asset), by_account)
    categories = {account.category for account in wanted}
    runner.materialize(brightcove("multi_year"), list(blocks(categories, list(settings.categories))))
    over_all(runner)


def run_panopto(runner: Runner, courses: Sequence[Course], first: date | None, last: date | None) -> None:
    """The whole road for some courses: what lies in them, their records, coverage, files.

    Without days: what is due by what the lake holds. With days: those are read again, all of them.
    """
    settings, ids = runner.settings, [course.id for course in courses]
    partitions.add_courses(runner.instance, ids)
    order = runner.instance.get_dynamic_partitions(str(partitions.COURSES.name))
    by_course = list(blocks(ids, order))
    runner.materialize(panopto("course_sessions"), by_course)
    listed = [course_id for course_id in ids if Lake(settings.lake).path(SESSIONS, course_id).exists()]
    again = first is not None or last is not None
    days = {course_id: _course_days(settings, course_id, first, last) for course_id in listed}
    runner.materialize(panopto("viewing_activity"), list(day_ranges(days, order)), {"again": again})
    years = {course_id: _course_years(settings, course_id, first, last) for course_id in listed}
    runner.materialize(panopto("viewing_history"), year_ranges(years, order), {"again": again})
    for asset in BY_COURSE_AFTER_DAYS:
        runner.materialize(panopto(asset), list(blocks(listed, order)))
    runner.materialize(panopto("tableau_files"), [None])
    over_all(runner)


def run_reports(runner: Runner, day: date | None, *, ask: bool) -> None:
    """From the inbox to the numbers and files of a report date; `ask` gets reports from the site first.

    Without a date: the last day of the newest report.
    """
    lake = Lake(runner.settings.lake)
    if ask:
        runner.materialize(panopto(report_assets.REQUESTED), [None])
    runner.materialize(panopto(report_assets.REPORTS), [None])
    try:
        day = day or newest_date(reports_held(lake))
    except ReportError as error:
        runner.fail(report_assets.SESSIONS, "no date", error)
        return
    partition = day.isoformat()
    partitions.add_keys(runner.instance, partitions.REPORT_DATES, [partition])
    for asset in (report_assets.SESSIONS, retention_assets.RETENTION, retention_assets.FILES):
        if not runner.materialize(panopto(asset), [Range(partition, partition, 1)]):
            return  # what follows would tell of another state
    over_all(runner)


def over_all(runner: Runner) -> None:
    """What lies over all sources: the warehouse, the calendar, and the files on their way to the shares."""
    for asset in (warehouse.KEY, CALENDAR):
        runner.materialize(asset, [None])
    _deliver(runner)


def build_pages(runner: Runner) -> None:
    """The calendar as it stands and all pages whose data changed, on their way to the shares too."""
    runner.materialize_together((CALENDAR, *PAGES))
    _deliver(runner)


def _deliver(runner: Runner) -> None:
    if runner.settings.delivery.shares:
        runner.materialize(DELIVERY, [None])


def year_ranges(wanted: Mapping[str, Sequence[int]], order: Sequence[str]) -> list[Range]:
    """Ranges over courses and years; the years of a course are neighbours."""
    spans = {
        course_id: [(str(years[0]), str(years[-1]), len(years))] if years else []
        for course_id, years in wanted.items()
    }
    return list(rectangles(spans, order))


def _course_days(settings: Settings, course_id: str, first: date | None, last: date | None) -> list[date]:
    lake, since = Lake(settings.lake), plan.daily_since(settings.panopto, now())
    if first is None and last is None:
        return due_days(lake, course_id, settings.panopto)
    start, end = _asked_of_panopto(settings, first, last)
    return days_between(max(start, since), end)


def _course_years(settings: Settings, course_id: str, first: date | None, last: date | None) -> list[int]:
    if first is None and last is None:
        return plan.due_years(Lake(settings.lake), course_id, settings.panopto, now())
    start, end = _asked_of_panopto(settings, first, last)
    return [year for year in plan.history_years(settings.panopto, now()) if start.year <= year <= end.year]


def _asked_of_panopto(settings: Settings, first: date | None, last: date | None) -> tuple[date, date]:
    closed, begin = plan.last_closed(now()), settings.panopto.start_date
    start, end = first or begin, last or closed
    _check_span(start, end, begin, closed, "in UTC, which Panopto's days are of,")
    return start, end


def wanted_days(
    settings: Settings, accounts: Sequence[Account], first: date | None, last: date | None
) -> dict[Account, list[date]]:
    """The days a run reads: those asked for, or what is due: trailing ones, those changed since, gaps."""
    if first is None and last is None:
        return {account: account_days(settings, account, now()) for account in accounts}
    return {account: _asked(settings, account, first, last) for account in accounts}


def _asked(settings: Settings, account: Account, first: date | None, last: date | None) -> list[date]:
    closed = last_closed(account, now())
    start, end = first or settings.brightcove.start_date, last or closed
    _check_span(
        start, end, settings.brightcove.start_date, closed, f"for {account.name} ({account.timezone})"
    )
    return days_between(start, end)


def _check_span(start: date, end: date, begin: date, closed: date, where: str) -> None:
    if start < begin:
        raise SettingsError(
            f"--from {start}: the platform's first day is {begin}; "
            "ask for later days or set start_date in settings.toml"
        )
    if end > closed:
        raise SettingsError(
            f"--to {end}: the last day that is over {where} is {closed}; ask for earlier days"
        )
    if start > end:
        raise SettingsError(f"--from {start} is after --to {end}; swap them")
