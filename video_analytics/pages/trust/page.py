"""The trust page, for whoever runs the platform: how its days stand, and what it did and met."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

from video_analytics.pages.figures import picture
from video_analytics.pages.frame import Choice, Page
from video_analytics.pages.trust import charts as trust_charts
from video_analytics.pages.trust import data as trust_data
from video_analytics.pages.trust import ledgers as trust_ledgers
from video_analytics.pages.trust.data import Subject
from video_analytics.pages.trust.figures import FIGURES
from video_analytics.pages.words import between, moment, spoken
from video_analytics.settings import Settings
from video_analytics.status import FAILED, MISSING

PATH = PurePosixPath("trust.html")
TITLE = "Trust"
PICTURE_DAYS, PICTURE_ROWS = 28, 40
LEAD = (
    "How far the numbers can be trusted: which days are there, what later readings changed, and what went "
    "where."
)
NOTES = (
    "Complete: the day was read when its numbers were settled.",
    "Provisional: the day was read, and is so young that the vendor may still change it.",
    "Missing: the day was not read yet. Failed: the last attempt to read it failed.",
    "For programs: trust/calendar.csv, delivery/receipts.csv, and corrections of each vendor in the lake.",
    "This page tells of days, files, calls and problems; there is nobody's viewing in it.",
)
CONTROLS = (
    Choice(
        "span",
        "Calendar of",
        (("3", "the last 3 months, by day"), ("12", "the last 12 months, by week"), ("all", "all, by month")),
    ),
    Choice(
        "source",
        "Accounts and courses",
        (("all", "all"), ("brightcove", "accounts of Brightcove"), ("panopto", "courses of Panopto")),
    ),
    Choice("rows", "Rows of the calendar", (("all", "all"), ("lacking", "only those that lack something"))),
    Choice("measure", "Corrections in", (("rows", "rows"), ("views", "views"), ("hours", "hours viewed"))),
)


def trust_page(settings: Settings, now: datetime) -> Page:
    """The page of a home as it stands; `now` only bounds how far back corrections and calls are looked up.

    Raises:
        LakeError: the calendar or a ledger cannot be read.
    """
    found, written = trust_data.subjects(settings)
    data = _data(settings, found, now)
    calendar = trust_ledgers.minute(written) if written else ""
    return Page(
        PATH,
        TITLE,
        LEAD,
        [
            ("Period", _period(found)),
            ("Time zone", "each account's own; UTC for courses and instants"),
            ("Refreshed", _refreshed(calendar, data)),
            ("Provisional days", trust_data.provisional(found)),
            ("Counted", "days, files, calls and problems; no viewers"),
        ],
        [make() for make in FIGURES],
        CONTROLS,
        data,
        "trust.js",
        notes=NOTES,
    )


def calendar_picture(settings: Settings) -> bytes | None:
    """The last weeks of the calendar as PNG, those first that lack something; None where there is no day."""
    found, _ = trust_data.subjects(settings)
    days = [day for each in found for day in each.days]
    if not days:
        return None
    ordered = sorted(found, key=lambda each: not {MISSING, FAILED}.intersection(each.days.values()))
    rows = trust_charts.cells(ordered[:PICTURE_ROWS], max(days), PICTURE_DAYS)
    return picture(trust_charts.calendar(), rows, f"The {PICTURE_DAYS} days up to {spoken(max(days))}")


def _data(settings: Settings, found: Sequence[Subject], now: datetime) -> dict[str, Any]:
    lacking, more = trust_data.lacking(settings, found)
    return {
        "calendar": trust_data.calendar(found),
        "lacking": lacking,
        "lacking_more": more,
        "corrections": trust_ledgers.corrected(settings, found, now.date()),
        "deliveries": trust_ledgers.delivered(settings),
        "waiting": trust_ledgers.waiting(settings),
        "calls": trust_ledgers.called(settings, now),
        "problems": trust_ledgers.problems(settings),
    }


def _period(found: Sequence[Subject]) -> str:
    days = [day for each in found for day in (*each.days, *(date(year, 1, 1) for year in each.years))]
    return between(min(days), max(days)) if days else "no day yet"


def _refreshed(calendar: str, data: Mapping[str, Any]) -> str:
    """When the newest of what is shown was noted."""
    runs = data["calls"]["runs"]
    known = (calendar, data["corrections"]["last"], data["deliveries"]["last"], runs[0]["at"] if runs else "")
    return moment(max(known))
