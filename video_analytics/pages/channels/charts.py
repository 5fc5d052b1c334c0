"""The figures of the page "Channels": what each counts, its table, its chart. The page's script has the rows.

Told apart by place and by words, not by colour. A hollow bar is not to be taken as it stands: its month has
provisional or imported days, or it is no value like the others (missing, other values).
"""

from functools import cache

import altair as alt

from video_analytics.pages.figures import BLUE, ORANGE, ROWS, Chart, Column, Figure

LANE = 50  # pixels
DEVICES = 5
_HOLLOW = 0.15
_PLAYS = "Views are playback starts, impressions are loads in a player, as the vendor counts them."
_SAME = "Of all views in the chosen months, by the value that the catalogue shows of the video now."

_VIEWS, _HOURS = Column("views", "Views", "count"), Column("hours", "Watch hours", "number", 1)
_LOADS, _RATE = Column("impressions", "Impressions", "count"), Column("rate", "Play rate", "percent", 1)
_SHARE = Column("share", "Share of views", "percent", 1)
_CHANNEL, _PUBLISHED = Column("channel", "Channel"), Column("published", "Published", "date")


@cache
def figures_of(channels: int) -> tuple[Figure, ...]:
    """All figures of the page, for so many channels."""
    return (*_channels(channels), *_parts(), *_content(), *_catalogue())


def _channels(channels: int) -> list[Figure]:
    return [
        Figure(
            "channels",
            "Views and watch hours by channel",
            f"{_PLAYS} Watch hours: seconds viewed, repeats included. Shares are of the chosen channels.",
            [
                *(Column("name", "Channel"), Column("category", "Category"), Column("unit", "Business unit")),
                *(Column("months", "Complete months", "count"), _VIEWS, _SHARE, _HOURS, _LOADS, _RATE),
            ],
            ranked(),
        ),
        Figure(
            "funnel",
            "From impression to the end of the video",
            "Impressions, views, and passages of a quarter, half, three quarters and the end of a video. "
            "Passages count repeats, so they may exceed the views; the first share is of impressions, the "
            "others of views.",
            [
                *(Column("name", "Step"), Column("amount", "Number", "count")),
                *(
                    Column("of_impressions", "Of impressions", "percent", 1),
                    Column("of_views", "Of views", "percent", 1),
                ),
            ],
            ranked(),
        ),
        Figure(
            "months",
            "Month by month",
            "A line for each channel, each to its own scale, which its words give. A hollow bar with p: "
            "some of the month's days are provisional; a hollow one without: some were imported and not "
            "read from the vendor since. A cross: left out, as days are missing or the month is not over.",
            [
                *(Column("channel", "Channel"), Column("month", "Month", "date"), Column("state", "State")),
                *(_VIEWS, _HOURS, _LOADS, _RATE),
            ],
            lanes(channels),
            wide=True,
        ),
        Figure(
            "devices",
            "Share of devices by month",
            "Of the views with a device, all chosen channels together; 100\u202f% would fill the room below "
            "the words. Days imported from earlier scripts have TV among the others: the table says in "
            "which months. A hollow bar: as above.",
            [
                *(Column("month", "Month", "date"), Column("device", "Device"), _VIEWS, _SHARE),
                *(Column("state", "State"), Column("merged", "TV")),
            ],
            lanes(DEVICES),
            wide=True,
        ),
    ]


def _parts() -> list[Figure]:
    named = {
        "video_content_type": "content type",
        "business_unit": "business unit",
        "country": "country",
        "language": "language",
    }
    return [
        Figure(
            name,
            f"By {words}",
            f"{_SAME} Missing: the video has no {words}, or is not in the catalogue.",
            [Column("name", words.capitalize()), _VIEWS, _SHARE, _HOURS],
            ranked(),
        )
        for name, words in named.items()
    ]


def _content() -> list[Figure]:
    return [
        Figure(
            "top",
            "Top content",
            "The videos with the most views in the chosen years. Play rate: views per impression.",
            [Column("name", "Video"), _CHANNEL, _VIEWS, _HOURS, _LOADS, _RATE, _PUBLISHED],
            ranked(),
        ),
        Figure(
            "rates",
            "Play rate against impressions",
            "A point for each of the videos with the most impressions in the chosen years. Play rate: its "
            "views per impression, which may pass 100\u202f%. The line: the play rate of all videos "
            "together.",
            [Column("name", "Video"), _CHANNEL, _LOADS, _VIEWS, _RATE, _PUBLISHED],
            scattered(),
        ),
        Figure(
            "life",
            "Life of a video",
            "Mean views of a video in the month of its publication (0) and in each month after it, in the "
            "account's own time zone: of the videos published in the chosen years for which that month is "
            "complete, those without a view included.",
            [
                *(Column("age", "Months since publication", "count"), Column("videos", "Videos", "count")),
                *(_VIEWS, Column("mean", "Views per video", "number", 2)),
            ],
            ageing(),
        ),
    ]


def _catalogue() -> list[Figure]:
    return [
        Figure(
            "stale",
            "Stale content",
            "Videos in the catalogue by full months since their last view, up to the last day known of "
            "their channel; of all videos in the catalogues of the chosen channels. Years do not matter "
            "here.",
            [
                *(Column("name", "Last view"), Column("videos", "Videos", "count")),
                *(
                    Column("share", "Share of videos", "percent", 1),
                    Column("hours", "Hours of video", "number", 1),
                ),
            ],
            ranked(),
        ),
        Figure(
            "fields",
            "Custom fields that are filled",
            "Videos in the catalogue with a value in the field, of those of the chosen channels that have "
            "the field. Years do not matter here.",
            [
                *(
                    Column("name", "Field"),
                    Column("filled", "Filled", "count"),
                    Column("videos", "Videos", "count"),
                ),
                *(
                    Column("share", "Share filled", "percent", 1),
                    Column("channels", "Channels with it", "count"),
                ),
            ],
            ranked(100),
        ),
        Figure(
            "stalest",
            "The stalest videos",
            "Those never viewed first, the older ones before the newer; then those whose last view is "
            "longest ago.",
            [
                *(Column("name", "Video"), _CHANNEL, Column("last_viewed", "Last viewed")),
                *(Column("months", "Full months since", "count"), Column("created", "Created", "date")),
                Column("hours", "Hours", "number", 1),
            ],
        ),
        Figure(
            "left_out",
            "Months left out",
            "Months of which not every day is there, from the first day of the channel on: none of their "
            "numbers counts on this page, except for the last view of a video.",
            [_CHANNEL, Column("month", "Month", "date"), Column("why", "Why")],
        ),
    ]


def ranked(most: float | None = None) -> Chart:
    """Bars by rows `place`, `name`, `amount`, `label`, `hollow`, as long as `most` has the whole width.

    The words stand above their bar, however long.
    """
    amounts = alt.Scale(domainMin=0, nice=False) if most is None else alt.Scale(domain=[0, most])
    rows = alt.Chart(ROWS).encode(
        y=alt.Y("place:O", axis=None),
        tooltip=[alt.Tooltip("name:N", title="Name"), alt.Tooltip("label:N", title="Number")],
    )
    bars = rows.mark_bar(height=12, yOffset=8, fill=BLUE, stroke=BLUE).encode(
        x=alt.X("amount:Q", axis=None, scale=amounts),
        fillOpacity=alt.condition("datum.hollow", alt.value(_HOLLOW), alt.value(1)),
    )
    names = rows.mark_text(align="left", dy=-9, fontSize=12, limit=alt.expr("max(60, width - 150)")).encode(
        x=alt.value(0), text="name:N"
    )
    labels = rows.mark_text(align="right", dy=-9, fontSize=12).encode(x=alt.value("width"), text="label:N")
    return alt.LayerChart(layer=[bars, names, labels], height=alt.Step(38))


def lanes(number: int) -> Chart:
    """A line of bars for each of some things, one above the other.

    Rows: `at`, `end` (UTC milliseconds), `bottom` and `top` (in lines), `words`, `number`, `hollow`, `sign`;
    and one of each line with `label` and `head`, where its words stand.
    """
    height = alt.Y("bottom:Q", axis=None, scale=alt.Scale(domainMin=0, nice=False))
    across = alt.X(
        "at:T",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(title=None, format="%b %Y", labelOverlap=True, tickCount=8, grid=False),
    )
    rows = alt.Chart(ROWS).encode(
        tooltip=[alt.Tooltip("words:N", title="Month"), alt.Tooltip("number:N", title="Number")]
    )
    bars = (
        rows.transform_filter("isValid(datum.at)")
        .mark_rect(fill=BLUE, stroke=BLUE, strokeWidth=1)
        .encode(
            x=across,
            x2="end:T",
            y=height,
            y2="top:Q",
            fillOpacity=alt.condition("datum.hollow", alt.value(_HOLLOW), alt.value(1)),
        )
    )
    signs = (
        rows.transform_filter("isValid(datum.at)")
        .mark_text(dy=-8, fontSize=11)
        .encode(x=alt.X("middle:T"), y=alt.Y("bottom:Q"), text="sign:N")
    )
    labels = (
        rows.transform_filter("isValid(datum.label)")
        .mark_text(align="left", baseline="top", fontSize=12, limit=alt.expr("width"))
        .encode(x=alt.value(0), y=alt.Y("head:Q"), text="label:N")
    )
    return alt.LayerChart(layer=[bars, signs, labels], height=max(2, number) * LANE)


def scattered() -> Chart:
    """Points by rows `impressions`, `rate`, `words`; a line at the `overall` rate of all."""
    rows = alt.Chart(ROWS).encode(
        x=alt.X(
            "impressions:Q",
            scale=alt.Scale(type="log", padding=16),
            axis=alt.Axis(title="impressions", format="~s", grid=False, labelOverlap=True, tickCount=5),
        ),
        y=alt.Y("rate:Q", axis=alt.Axis(title="play rate, %"), scale=alt.Scale(domainMin=0)),
        tooltip=[
            alt.Tooltip("name:N", title="Video"),
            alt.Tooltip("channel:N", title="Channel"),
            alt.Tooltip("words:N", title="Play rate"),
        ],
    )
    points = rows.mark_point(size=50, filled=False, color=BLUE, strokeWidth=2)
    line = (
        alt.Chart(ROWS)
        .mark_rule(color=ORANGE, strokeDash=[5, 4], strokeWidth=2)
        .encode(y=alt.Y("mean(overall):Q"))
    )
    return alt.LayerChart(layer=[line, points], height=300)


def ageing() -> Chart:
    """A bar for each month of life by rows `age`, `mean`, `videos`, `words`."""
    bars = (
        alt.Chart(ROWS)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X(
                "age:O", axis=alt.Axis(title="months since publication", labelAngle=0, labelOverlap=True)
            ),
            y=alt.Y("mean:Q", title="views per video", scale=alt.Scale(domainMin=0)),
            tooltip=[
                alt.Tooltip("age:O", title="Months since publication"),
                alt.Tooltip("words:N", title="Views"),
            ],
        )
    )
    return alt.LayerChart(layer=[bars], height=260)
