"""What a file of exports was made from: the assets and the subjects whose state it shows.

brightcove/cms|lifecycle|reporting/{account}_cms…        the account
brightcove/daily/…daily_analytics_{years}_{category}.…    the category, and each of its accounts
panopto/database|output[CHUNKED]/{Name}[{id}]/…           the course
panopto/output[CHUNKED]/tableau/…                         each course of courses.csv
panopto/session_usage.…, panopto/retention/…              the newest report date
pages/courses/{id}….html, pages/storage.html, …           as the files with the same numbers
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from video_analytics.settings import Settings

BRIGHTCOVE, PANOPTO = "brightcove", "panopto"
EVERY, NEWEST = "*", ""  # as subjects: each course of courses.csv; whichever came last
_COURSE = re.compile(r".*\[([0-9a-z][0-9a-z_-]*)\]")
_FILES_ASSETS = {"cms": "cms_files", "lifecycle": "cms_files", "reporting": "reporting_files"}


@dataclass(frozen=True)
class Origin:
    """Where a file comes from; nothing is known of a file without assets."""

    vendor: str = ""
    subject: str = ""  # account, category, course id
    assets: Sequence[tuple[str, str]] = ()  # of the journal, each with a subject
    judged: Sequence[str] = ()  # accounts or courses whose data it shows
    ages: bool = True  # whether it has to be made anew again and again to stay true

    @property
    def one_account(self) -> bool:
        """Whether it shows a single account of Brightcove."""
        return self.vendor == BRIGHTCOVE and list(self.judged) == [self.subject]


UNKNOWN = Origin()
_NEWEST_REPORT = Origin(PANOPTO, NEWEST, [(f"{PANOPTO}/retention_files", NEWEST)], ages=False)


def origin_of(path: Path, settings: Settings) -> Origin:
    """The origin of a file by its path below exports."""
    vendor, *inner = path.parts
    if vendor == BRIGHTCOVE and len(inner) > 1:
        return _brightcove(inner[0], inner[-1], settings)
    if vendor == PANOPTO:
        return _panopto(inner)
    if vendor == "pages":
        return _page(inner, settings)
    return UNKNOWN


def _page(inner: Sequence[str], settings: Settings) -> Origin:
    """Of a page that shows many accounts only their checks count: it says itself which days are missing."""
    if inner[0] == "courses":
        course_id = inner[-1].partition(".")[0].removesuffix("-videos")
        return Origin(PANOPTO, course_id, [(f"{PANOPTO}/chunked_coverage", course_id)], [course_id])
    if inner[0] == "storage.html":
        return _NEWEST_REPORT
    if inner[0] == "channels.html":
        return Origin(BRIGHTCOVE, judged=[account.key for account in settings.brightcove.accounts])
    return UNKNOWN


def _brightcove(kind: str, name: str, settings: Settings) -> Origin:
    if kind == "daily":
        return _daily(name, settings)
    keys = [account.key for account in settings.brightcove.accounts]
    key = next((key for key in keys if name.startswith((f"{key}_cms.", f"{key}_cms_"))), None)
    if kind not in _FILES_ASSETS or key is None:
        return UNKNOWN
    assets = [(f"{BRIGHTCOVE}/{asset}", key) for asset in ("cms_catalog", _FILES_ASSETS[kind])]
    return Origin(BRIGHTCOVE, key, assets, [key])


def _daily(name: str, settings: Settings) -> Origin:
    stem = name.partition(".")[0]
    ending = [each for each in settings.categories if stem.endswith(f"_{each}")]
    category = max(ending, key=len, default=None)
    if not stem.startswith("daily_analytics_") or category is None:
        return UNKNOWN
    keys = [account.key for account in settings.categories[category]]
    read = [(f"{BRIGHTCOVE}/daily_analytics", key) for key in keys]
    return Origin(BRIGHTCOVE, category, [(f"{BRIGHTCOVE}/multi_year", category), *read], keys)


def _panopto(inner: Sequence[str]) -> Origin:
    if inner[0].startswith("session_usage.") or inner[0] == "retention":
        return _NEWEST_REPORT
    if inner[0] not in {"database", "output[CHUNKED]"}:
        return UNKNOWN
    if inner[1:2] == ["tableau"]:
        return _course("", EVERY)
    found = _COURSE.fullmatch(inner[1]) if len(inner) > 1 else None
    return _course(found[1], found[1]) if found else UNKNOWN


def _course(subject: str, course_id: str) -> Origin:
    return Origin(PANOPTO, subject, [(f"{PANOPTO}/course_files", course_id)], [course_id])
