"""The page "Channels", for communication analysts: all Brightcove accounts, complete months only.

A channel is an account, named as in the daily files. The numbers are the vendor's counts of plays and loads,
not of people.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath

from video_analytics.brightcove.finality import PROVISIONAL
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS, LAST_VIEWED
from video_analytics.lake import Lake
from video_analytics.pages.address import FOLDER
from video_analytics.pages.channels.charts import figures_of
from video_analytics.pages.channels.data import Channel, Json, channels_data, channels_of
from video_analytics.pages.channels.months import iso
from video_analytics.pages.frame import Choice, Page
from video_analytics.settings import Settings

PATH = PurePosixPath("channels.html")
KEPT = "channels"  # folder of the sums of months, among the notes of the pages
_NAMED = 4  # months that are named in the facts; more are counted
_NOTES = (
    "A channel is a Brightcove account, under its name in the daily files.",
    "A month is complete when every one of its days has been read; until then its numbers do not count here.",
    "Provisional: a day was last read so soon after its end that the vendor may still correct it.",
    "Imported: a day was taken from the files of earlier scripts and not read from the vendor since.",
    "Nothing is withheld: the vendor counts plays and loads, it knows no viewers.",
    "A value that the vendor did not give adds nothing. A dash: no such number, as a share of nothing.",
    "Plays that the vendor ties to no video are left out, as in the daily files.",
)
_ONLY_CACHED = "By the settings the daily files hold only videos viewed lately; this page counts all videos."


def channels_page(settings: Settings) -> Page | None:
    """The page of all accounts of the settings; None without any catalogue and any day."""
    lake, channels = Lake(settings.lake), channels_of(settings)
    if not channels:
        return None
    data = channels_data(lake, channels, settings.state / FOLDER / KEPT)
    cached = [_ONLY_CACHED] if settings.brightcove.daily_scope == "cache" else []
    return Page(
        path=PATH,
        title="Channels",
        lead="What the channels reach: views, watch hours, engagement, devices, content, and what is stale.",
        facts=_facts(lake, channels, data),
        figures=figures_of(len(channels)),
        controls=list(_controls(data)),
        data=data,
        script="channels.js",
        notes=[*_NOTES, *cached],
    )


def _facts(lake: Lake, channels: Sequence[Channel], data: Json) -> list[tuple[str, str]]:
    months = sorted({month for each in channels for month in each.months.state})
    period = (
        f"{iso(months[0])} to {iso(months[-1])}, complete months only" if months else "no complete month yet"
    )
    return [
        ("Period", period),
        ("Left out", _count(len(data["left_out"]), "month of a channel", "months of channels")),
        ("Time zone", _zones(channels)),
        ("Refreshed", _refreshed(lake, channels)),
        ("Provisional", _provisional(channels)),
        ("Counted", "plays and loads by the vendor; no viewers"),
    ]


def _controls(data: Json) -> Iterable[Choice]:
    yield Choice("measure", "Measure", [("views", "Views"), ("hours", "Watch hours")])
    yield Choice(
        "category", "Category", [("", "All categories"), *((name, name) for name in data["categories"])]
    )
    years = [(str(year), str(year)) for year in data["years"]]
    if years:
        yield Choice("since", "From year", years)
        yield Choice("until", "To year", years[::-1])
    names = [(str(place), each["name"]) for place, each in enumerate(data["channels"])]
    yield Choice("channels", "Channels", names, many=True)


def _zones(channels: Sequence[Channel]) -> str:
    found = Counter(each.account.timezone for each in channels)
    counts = ", ".join(
        f"{zone} ({number})" if len(found) > 1 else zone for zone, number in sorted(found.items())
    )
    return f"each account's own: {counts}"


def _refreshed(lake: Lake, channels: Sequence[Channel]) -> str:
    """When the newest of the data was written: a day, a catalogue, or last views."""
    newest = 0
    for each in channels:
        owner = each.account.id
        days = (changed for _, _, changed in lake.stamps(DAILY_ANALYTICS, owner))
        newest = max(newest, *(lake.stamp(table, owner)[1] for table in (CMS_CATALOG, LAST_VIEWED)), *days)
    return f"{datetime.fromtimestamp(newest / 1e9, UTC):%Y-%m-%d %H:%M} UTC"


def _provisional(channels: Sequence[Channel]) -> str:
    found = [
        f"{iso(month)} ({each.account.name})"
        for each in channels
        for month, worth in each.months.state.items()
        if worth == PROVISIONAL
    ]
    if len(found) > _NAMED:
        return _count(len(found), "month of a channel", "months of channels")
    return ", ".join(found) or "none"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}".replace(",", "\u202f")
