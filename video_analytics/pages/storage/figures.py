"""What the storage page shows and what can be moved on it: figures, their columns, and the controls."""

from collections.abc import Iterator, Mapping, Sequence
from math import floor, log10

from video_analytics.pages.figures import Column, Figure
from video_analytics.pages.frame import Choice, Slider
from video_analytics.pages.storage import affected as storage_affected
from video_analytics.pages.storage import charts as storage_charts
from video_analytics.pages.storage import data as storage_data
from video_analytics.pages.storage.data import Json
from video_analytics.panopto.retention.forecast import GROWTHS
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.scenarios import BUCKETS, DELETED

MOST_BARS = 12  # beyond, a chart scrolls in a box of its own
FORECASTS = {
    # column of the forecast: what it is called in the page
    "stored_at_most_hours": "stored, if nothing leaves",
    "stored_hours": "stored, if nothing old is viewed again",
    "archived_hours": "archived, if nothing old is viewed again",
    "created_hours": "created in the licence's year",
}
_LEAST_BUNDLES = 3  # that a slider offers of each
_LIMITED = [bucket for bucket in BUCKETS if bucket != DELETED]
_PLANNED = (
    Column("published", "Published hours", "number", 2),
    Column("existing", "Hours of what exists", "number", 2),
    Column("limit", "Limit", "number", 2),
    Column("room", "Headroom"),
    Column("sessions", "Sessions", "count"),
)
_LOST = (
    Column("bucket", "Bucket"),
    Column("hours", "Hours", "number", 2),
    Column("already", "Archived already", "number", 2),
    Column("sessions", "Sessions", "count"),
    Column("views", "Views and downloads", "count"),
)
_SUMS = (
    Column("all", "Hours", "number", 2),
    Column("watched", "Watched", "number", 2),
    Column("unwatched", "Unwatched", "number", 2),
    Column("share", "Unwatched of it", "percent", 1),
    Column("sessions", "Sessions", "count"),
)


def hours(value: float, digits: int = 2) -> str:
    """Hours as the page's script says them."""
    return f"{value:,.{digits}f} h".replace(",", "\u202f")


def controls(held: Held, data: Json) -> Iterator[Choice | Slider]:
    """The scenario, and its settings as they are in the first one."""
    scenarios = held.retention.scenarios
    first = scenarios[0]
    yield Choice(
        "scenario",
        "Scenario",
        [(str(nth), each["title"]) for nth, each in enumerate(data["plan"]["scenarios"])],
    )
    longest = storage_data.longest_window(held)
    yield Slider("window", "Recent is what was viewed within", 1, longest, 1, first.window_months, "months")
    shares = [100 * share for each in scenarios for share in each.imported.values()]
    step = 1 if all(abs(share - round(share)) < 1e-9 for share in shares) else 0.1  # noqa: PLR2004 - a rounding
    for nth, source in enumerate(data["shares"]):
        share = 100 * first.imported.get(source, 1.0)
        yield Slider(f"imported-{nth}", f"New hours of {source} imported", 0, 100, step, share, "%")
    for nth, bundle in enumerate(held.retention.bundles):
        bought = [each.bundles.count(bundle.name) for each in scenarios]
        adds = ", ".join(
            f"{name} +{hours(getattr(bundle, name), 0)}" for name in _LIMITED if getattr(bundle, name)
        )
        label = f"Bundles {bundle.name} bought ({adds or 'adds nothing'})"
        yield Slider(f"bundle-{nth}", label, 0, max(_LEAST_BUNDLES, *bought), 1, bought[0])
    total = held.total_us() / HOUR
    for bucket in _LIMITED:
        limit = getattr(held.retention.limits, bucket)
        step, most = _range(limit, max(total, 2 * limit, 1.0))
        yield Slider(
            f"limit-{bucket}", f"Limit of {bucket} hours, without bundles", 0, most, step, limit, "h"
        )
    if data["forecast"]:
        yield Choice("forecast", "Forecast of hours", list(FORECASTS.items()))


def _range(limit: float, most: float) -> tuple[float, float]:
    """Step and end of a slider that can stand on the limit, with some hundred steps where that can be."""
    exponent = floor(log10(most)) - 2
    steps = [10**power for power in range(max(exponent, 0), -1, -1)]
    step = next((each for each in steps if limit % each == 0), 0.01)
    return step, -(-most // step) * step


def figures(data: Json) -> Iterator[Figure]:
    """The plan, whom it affects, what lies ahead, and what there is."""
    step, heading = storage_charts.STEP, storage_charts.HEADING
    yield Figure(
        "plan",
        "The plan as the sliders stand",
        "Bars are published hours, strokes are limits with all bundles, diamonds are the hours of what "
        "exists where these are more. A limit counts against the greater of both.",
        [
            Column("bucket", "Bucket"),
            *_PLANNED[:1],
            Column("before", "Published, as set", "number", 2),
            *_PLANNED[1:],
            Column("views", "Views and downloads of these", "count"),
        ],
        storage_charts.bullets(len(BUCKETS) * step + 4),
        wide=True,
    )
    yield Figure(
        "scenarios",
        "All scenarios as they are set",
        "Bars, strokes and diamonds as above; the sliders do not change them. Hours of all sessions.",
        [Column("title", "Scenario"), Column("bucket", "Bucket"), *_PLANNED],
        storage_charts.bullets(len(data["plan"]["scenarios"]) * (len(BUCKETS) * step + heading) + 4),
        wide=True,
    )
    yield from _affected_figures()
    if data["forecast"]:
        yield Figure(
            "forecast",
            "Month by month until the renewal",
            "Hours of all sessions, old and new, of the chosen scenario as it is set: only the limit follows "
            "the sliders. Low, mid and high are the least, the median and the greatest growth of the years.",
            [
                Column("day", "Day", "date"),
                *(Column(name, f"{name.capitalize()} growth", "number", 2) for name in GROWTHS),
                Column("limit", "Limit", "number", 2),
            ],
            storage_charts.lines(),
            wide=True,
        )
    yield from _hours_figures(data["hours"])


def _affected_figures() -> Iterator[Figure]:
    for name, one in (("folders", "Folder"), ("creators", "Creator")):
        yield Figure(
            name,
            f"{one}s the plan affects most",
            f"The {storage_affected.MOST} with most hours archived (filled bars) and as many with most hours "
            "deleted (hollow bars), of the plan as the sliders stand"
            + ("; each folder without its subfolders." if name == "folders" else "."),
            [Column("label", one), *_LOST],
            storage_charts.bars(),
            tall=True,
        )


def _hours_figures(tables: Mapping[str, Sequence[Json]]) -> Iterator[Figure]:
    for name, one in (("sources", "Stream source"), ("roots", "Root folder")):
        yield Figure(
            name,
            f"Hours by {one.lower()}",
            "Hours of all sessions. Watched (filled) had at least one view or download in the period.",
            [Column("label", one), *_SUMS],
            storage_charts.halves(),
            tall=len(tables[name]) > MOST_BARS,
        )
    yield Figure(
        "recency",
        "Hours by when they were last viewed",
        "Shares are of the hours of all sessions; each window holds the shorter ones.",
        [
            Column("label", "Last viewed"),
            Column("since", "Since", "date"),
            Column("all", "Hours", "number", 2),
            Column("share", "Of all hours", "percent", 1),
            Column("sessions", "Sessions", "count"),
        ],
        storage_charts.bars(),
    )
    yield Figure(
        "year",
        "Hours created in the last academic year",
        "Hours of the sessions started in it, by stream source. Watched (filled) had at least one view or "
        "download in the period.",
        [Column("label", "Stream source"), *_SUMS],
        storage_charts.halves(),
        tall=len(tables["year"]) > MOST_BARS,
    )
