"""The figures of the trust page: what each counts, and the columns of the table behind it."""

from video_analytics.pages.figures import Column, Figure
from video_analytics.pages.trust import charts as trust_charts


def calendar_figure() -> Figure:
    """A row for each account and course, a cell for each day, week or month."""
    numbers = [
        Column(name, name.capitalize(), "count") for name in ("complete", "provisional", "missing", "failed")
    ]
    return Figure(
        "calendar",
        "How the days stand",
        (
            "Counted are the days of each account (in its own zone) and course (UTC), from its first one to "
            "the last that is over; a week or month shows the worst state of its days, failed before missing "
            "before provisional. A failed day may still hold what an earlier reading gave it."
        ),
        [
            Column("name", "Account or course"),
            Column("source", "Source"),
            Column("zone", "Time zone"),
            Column("from", "From", "date"),
            Column("to", "To", "date"),
            *numbers,
            Column("years", "Years kept as one"),
        ],
        trust_charts.calendar(),
        tall=True,
        wide=True,
    )


def lacking_figure() -> Figure:
    """Stretches of days that failed or are missing."""
    return Figure(
        "lacking",
        "What lacks, and why",
        "A line for each unbroken stretch of failed or missing days with one reason. The reason is the last "
        "attempt's, without anything that may name a person.",
        [
            Column("name", "Account or course"),
            Column("state", "State"),
            Column("first", "From", "date"),
            Column("last", "To", "date"),
            Column("days", "Days", "count"),
            Column("why", "Why", "sentence"),
        ],
        wide=True,
        open=True,
    )


def ages_figure() -> Figure:
    """How much later readings moved, by the age of the day."""
    return Figure(
        "ages",
        "Corrections by age of the day",
        (
            "A correction is a later reading of a day that changed it; readings that changed nothing are not "
            "counted. Moved is the sum of what was added and what was taken away. The age is from the day "
            "itself to the UTC day on which the change was noticed; 41 stands for all that are older than 40 "
            "days. Records of Panopto know no views."
        ),
        [
            Column("age", "Age, days", "count"),
            Column("source", "Source"),
            Column("readings", "Corrections", "count"),
            Column("rows", "Rows moved", "count"),
            Column("views", "Views moved", "count"),
            Column("hours", "Hours moved", "number", 2),
        ],
        trust_charts.ages(),
    )


def corrections_figure() -> Figure:
    """The last corrections, one by one."""
    changes = [Column(f"{name}_by", f"{name.capitalize()} moved by", "change", digits)
               for name, digits in (("rows", 0), ("views", 0), ("hours", 2))]  # fmt: skip
    return Figure(
        "corrections",
        "The last corrections",
        (
            "Each line is one later reading that changed one day: by how much, and how many rows the day has "
            "now."
        ),
        [
            Column("noticed", "Noticed (UTC)", "instant"),
            Column("name", "Account or course"),
            Column("day", "Day", "date"),
            Column("reading", "Worth of the readings"),
            Column("rows", "Rows now", "count"),
            *changes,
        ],
        wide=True,
        open=True,
    )


def deliveries_figure() -> Figure:
    """What was put where."""
    return Figure(
        "deliveries",
        "Deliveries",
        (
            "A circle is a UTC day on which files were put on a share, its area their number. Counted are "
            "receipts: files that were copied and read back. This page's own are left out. The table lists "
            "the last of them."
        ),
        [
            Column("at", "Delivered (UTC)", "instant"),
            Column("share", "Share"),
            Column("place", "Destination"),
            Column("route", "Route"),
            Column("bytes", "Bytes", "count"),
            Column("sha256", "SHA-256"),
        ],
        trust_charts.deliveries(),
        wide=True,
    )


def waiting_figure() -> Figure:
    """What could not be delivered."""
    return Figure(
        "waiting",
        "What waits to be delivered",
        "Shares and routes whose last delivery did not bring everything, and routes that are held back until "
        "their source can be trusted again.",
        [
            Column("subject", "Share, route"),
            Column("what", "What"),
            Column("since", "Since (UTC)", "instant"),
            Column("attempts", "Attempts", "count"),
            Column("why", "Why", "sentence"),
        ],
        open=True,
    )


def calls_figure() -> Figure:
    """What runs have asked of the vendors."""
    return Figure(
        "calls",
        "Calls and retries",
        (
            "Counted are all requests to a vendor of runs that ended on that UTC day, retries among them; "
            "notes of them are kept for 40 days. A run of an earlier version noted no retries."
        ),
        [
            Column("at", "Run ended (UTC)", "instant"),
            Column("vendor", "Vendor"),
            Column("calls", "Calls", "count"),
            Column("retries", "Retries", "count"),
            Column("backfill", "Backfill"),
        ],
        trust_charts.calls(),
    )


def limits_figure() -> Figure:
    """How much of each limit was used."""
    return Figure(
        "limits",
        "Limits used",
        (
            "The most that was used of each limit in the last 40 days. A run's calls count for the hour in "
            "which it ended. The limits of a minute and of a second are kept by waiting before each call."
        ),
        [
            Column("limit", "Limit"),
            Column("allowed", "Allowed", "number"),
            Column("used", "Most used"),
            Column("part", "Of the limit"),
        ],
        open=True,
    )


def problems_figure() -> Figure:
    """What is open in the ledger of alerts."""
    return Figure(
        "problems",
        "Open problems",
        "What the last look at journal, lake and disk found, and nobody has mended yet.",
        [
            Column("title", "Problem"),
            Column("since", "Since (UTC)", "instant"),
            Column("why", "Why", "sentence"),
            Column("mend", "What to do", "sentence"),
            Column("run", "Run"),
        ],
        wide=True,
        open=True,
    )


FIGURES = (
    calendar_figure,
    lacking_figure,
    problems_figure,
    ages_figure,
    calls_figure,
    corrections_figure,
    deliveries_figure,
    waiting_figure,
    limits_figure,
)
