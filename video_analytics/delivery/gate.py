"""Whether what a file was made from can be trusted now: read lately, read whole, and found to be sound.

Stale or incomplete figures on a share look like any others. So a new version waits until its sources are
well again, and what was delivered before stays.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache

from video_analytics.brightcove import quality as brightcove
from video_analytics.delivery.origins import BRIGHTCOVE, EVERY, NEWEST, Origin, origin_of
from video_analytics.delivery.routes import Item
from video_analytics.errors import LakeError, SettingsError
from video_analytics.journal import Entry, Journal
from video_analytics.lake import Lake
from video_analytics.panopto import quality as panopto
from video_analytics.quality import Finding
from video_analytics.settings import Settings, read_courses

Judge = Callable[[str, str], Sequence[Finding]]  # vendor, account or course id


def gate(settings: Settings, now: datetime) -> Callable[[Item], str | None]:
    """The gate of one delivery: each account and course is judged once, however many files show it."""
    journal, judged = Journal(settings.state), cache(judge_of(settings, now))

    def why(item: Item) -> str | None:
        return why_not(settings, journal, item, now, judged)

    return why


def judge_of(settings: Settings, now: datetime) -> Judge:
    """The checks that each vendor has of its data in the lake."""
    lake = Lake(settings.lake)

    def judge(vendor: str, subject: str) -> Sequence[Finding]:
        if vendor == BRIGHTCOVE:
            return brightcove.judge(lake, settings.account(subject), settings.brightcove, now)
        return panopto.judge(lake, subject, settings.panopto, now)

    return judge


def why_not(settings: Settings, journal: Journal, item: Item, now: datetime, judge: Judge) -> str | None:
    """Why a new version of a file must not be delivered yet; None if it may be.

    A file of which nothing is known, because none of the assets made it, may always.
    """
    origin = origin_of(item.source.relative_to(settings.exports), settings)
    try:
        return next(_reasons(settings, journal, origin, now, judge), None)
    except (LakeError, SettingsError) as error:  # who cannot be judged is not trusted
        return str(error)


def _reasons(
    settings: Settings, journal: Journal, origin: Origin, now: datetime, judge: Judge
) -> Iterator[str]:
    oldest = now - timedelta(hours=settings.delivery.stale_hours) if origin.ages else None
    for asset, subjects in ((asset, _subjects(settings, each)) for asset, each in origin.assets):
        for subject in subjects:
            if why := _why(journal, asset, subject, oldest):
                yield why
    for subject in (subject for each in origin.judged for subject in _subjects(settings, each)):
        for finding in judge(origin.vendor, subject):
            if finding.blocking and not finding.ok:
                yield f"{subject}: {finding.says}"


def _subjects(settings: Settings, subject: str) -> Sequence[str]:
    return [course.id for course in read_courses(settings.home)] if subject == EVERY else [subject]


def _why(journal: Journal, asset: str, subject: str, oldest: datetime | None) -> str | None:
    """What keeps a subject of an asset from being trusted."""
    entry = _newest(journal, asset) if subject == NEWEST else journal.entry(asset, subject)
    named = f"{asset} of {entry.subject if entry else subject}".removesuffix(" of ")
    if entry is None or entry.succeeded_at is None:
        return f"{named}: expected it to have succeeded once; it has not yet"
    if entry.failing:
        return (
            f"{named}: fails since {entry.failed_since or entry.failed_at:%Y-%m-%d %H:%M} UTC: {entry.reason}"
        )
    if oldest is not None and entry.succeeded_at < oldest:
        return f"{named}: last succeeded at {entry.succeeded_at:%Y-%m-%d %H:%M} UTC, which is too long ago"
    return None


def _newest(journal: Journal, asset: str) -> Entry | None:
    """The entry of the last report date."""
    entries = (entry for entry in journal.entries() if entry.asset == asset)
    return max(entries, key=lambda entry: entry.subject, default=None)
