"""The accounts and courses that are to be read, and of what each of them is made."""

from collections.abc import Iterable
from datetime import datetime

from video_analytics.alerts.reading import Subject
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.days import days_between
from video_analytics.errors import SettingsError
from video_analytics.journal import Entry
from video_analytics.panopto import plan
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Account, Settings, read_courses

# assets whose subject is an account, a course; the first two must succeed again and again
ACCOUNT_ASSETS = (
    "daily_analytics",
    "cms_catalog",
    "last_viewed",
    "video_cache",
    "cms_files",
    "reporting_files",
)
COURSE_ASSETS = ("viewing_activity", "course_sessions", "viewing_history", "chunked_coverage", "course_files")
READ_AGAIN = 2


def wanted(settings: Settings, entries: Iterable[Entry], now: datetime) -> tuple[list[Subject], str]:
    """The accounts and courses of sources that are set up; and why the list of courses cannot be read.

    Where it cannot, the courses are those that were read so far.
    """
    accounts = settings.brightcove.accounts if settings.brightcove.client_id else ()
    subjects = [_account(settings, account) for account in accounts]
    courses, wrong = _courses(settings, entries) if settings.panopto.configured else ({}, "")
    return [*subjects, *(_course(settings, *course, now) for course in courses.items())], wrong


def _courses(settings: Settings, entries: Iterable[Entry]) -> tuple[dict[str, str], str]:
    try:
        return {course.id: course.name or course.id for course in read_courses(settings.home)}, ""
    except SettingsError as error:
        known = {each.subject for each in entries if each.asset == "panopto/course_sessions"}
        return {course_id: course_id for course_id in sorted(known)}, str(error)


def _account(settings: Settings, account: Account) -> Subject:
    fills = [
        day
        for fill in settings.automation.backfills
        if not fill.accounts or account.key in {name.lower() for name in fill.accounts}
        for day in days_between(fill.first, fill.last)
    ]
    return Subject(
        vendor="brightcove",
        key=account.key,
        owner=account.id,
        title=f"Brightcove {account.name}",
        names=(account.name, account.id),
        zone=account.timezone,
        days=DAILY_ANALYTICS,
        parts=(),
        read=_assets("brightcove", ACCOUNT_ASSETS[:READ_AGAIN]),
        since=settings.brightcove.start_date,
        excused=frozenset(fills),
    )


def _course(settings: Settings, course_id: str, name: str, now: datetime) -> Subject:
    years = plan.history_years(settings.panopto, now)
    return Subject(
        vendor="panopto",
        key=course_id,
        owner=course_id,
        title=f"Panopto {name}",
        names=(name, course_id),
        zone="UTC",
        days=VIEWING_ACTIVITY,
        parts=tuple((VIEWING_HISTORY, plan.year_key(course_id, year)) for year in years),
        read=_assets("panopto", COURSE_ASSETS[:READ_AGAIN]),
        since=plan.daily_since(settings.panopto, now),
    )


def _assets(vendor: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{vendor}/{name}" for name in names)


OF_SUBJECTS = {*_assets("brightcove", ACCOUNT_ASSETS), *_assets("panopto", COURSE_ASSETS)}
