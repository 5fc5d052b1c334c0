"""The charts of the trust page. States and sources are told apart by a letter as well as by colour."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import altair as alt

from video_analytics.pages.figures import BLUE, GREY, ORANGE, PURPLE, RED, ROWS, Chart
from video_analytics.pages.trust.data import Subject

DAY = 86_400_000  # milliseconds
INK, WHITE = "#111418", "#ffffff"  # of letters on a colour: 4.5:1 and more
# what a cell says, its letter (none where all is well) and its colour
STATES = (("complete", BLUE), ("P provisional", GREY), ("M missing", ORANGE), ("F failed", RED))
SOURCES = (("B Brightcove", BLUE), ("P Panopto", ORANGE))


def calendar() -> Chart:
    """A row for each account and course, a cell for each day, week or month; letters mark what lacks."""
    rows = alt.Y(
        "name:N",
        sort=None,
        title=None,
        scale=alt.Scale(paddingInner=0.12),
        axis=alt.Axis(orient="right", labelLimit=190, ticks=False, domain=False),
    )
    days = alt.Scale(type="utc", nice=False)
    names, colours = zip(*STATES, strict=True)
    cells = alt.Chart(ROWS).mark_rect().encode(
        x=alt.X("from:T", title=None, scale=days, axis=alt.Axis(grid=False, labelOverlap=True, orient="top")),
        x2="until:T",
        y=rows,
        color=alt.Color("state:N", title=None, scale=alt.Scale(domain=names, range=colours)),
        tooltip=[
            alt.Tooltip("name:N", title="account or course"),
            alt.Tooltip("when:N", title="days"),
            alt.Tooltip("told:N", title="state"),
        ],
    )  # fmt: skip
    marked = alt.Chart(ROWS).transform_filter("datum.sign !== ''")
    letters = marked.mark_text(fontSize=10, fontWeight="bold", baseline="middle").encode(
        x=alt.X("middle:T", scale=days),
        y=rows,
        text="sign:N",
        color=alt.condition("datum.sign === 'F'", alt.value(WHITE), alt.value(INK)),
        tooltip=alt.value(None),
    )  # fmt: skip
    return alt.LayerChart(layer=[cells, letters], height=alt.Step(18))


def cells(found: Iterable[Subject], last: date, days: int) -> list[dict[str, Any]]:
    """Rows of the calendar for a picture of it: the last days up to one, one cell each."""
    words = {state.split()[-1]: (state, state[0] if " " in state else "") for state, _ in STATES}
    return [
        {"name": subject.name, "state": words[state][0], "sign": words[state][1], **_place(day)}
        for subject in found
        for day, state in subject.days.items()
        if 0 <= (last - day).days < days
    ]


def _place(day: date) -> dict[str, float]:
    """Where the cell of a day lies, in milliseconds; a little is left free before the next."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000
    return {"from": begin, "until": begin + 0.94 * DAY, "middle": begin + 0.5 * DAY}


def ages() -> Chart:
    """What moved, by the age of the day when it moved."""
    older = alt.Axis(labelAngle=0, labelOverlap=True, labelExpr="datum.value > 40 ? '41+' : datum.value")
    return _of_sources(
        alt.X("age:O", title="age of the day when it moved, days", axis=older),
        alt.Y("moved:Q", title=None, axis=alt.Axis(tickMinStep=1)),
        [
            alt.Tooltip("source:N", title="source"),
            alt.Tooltip("age:O", title="age, days"),
            alt.Tooltip("readings:Q", title="corrections", format=","),
            alt.Tooltip("moved:Q", title="moved", format=",.1~f"),
        ],
    )


def calls() -> Chart:
    """Calls by day and vendor."""
    return _of_sources(
        alt.X("day:O", title="UTC day", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        alt.Y("calls:Q", title="calls", axis=alt.Axis(tickMinStep=1)),
        [
            alt.Tooltip("source:N", title="vendor"),
            alt.Tooltip("day:O", title="day"),
            alt.Tooltip("calls:Q", title="calls", format=","),
            alt.Tooltip("retries:Q", title="retries", format=","),
        ],
    )


def deliveries() -> Chart:
    """A circle for each day and share, its area the number of files."""
    circles: alt.Chart = alt.Chart(ROWS, height=alt.Step(36)).mark_circle(color=PURPLE, opacity=0.9)
    return circles.encode(
        x=alt.X("day:O", title="UTC day", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("share:N", title=None, axis=alt.Axis(labelLimit=150, grid=True)),
        size=alt.Size("files:Q", title="files", scale=alt.Scale(rangeMin=30, rangeMax=500)),
        tooltip=[
            alt.Tooltip("share:N", title="share"),
            alt.Tooltip("day:O", title="day"),
            alt.Tooltip("files:Q", title="files", format=","),
            alt.Tooltip("bytes:Q", title="bytes", format=","),
        ],
    )


def _of_sources(across: alt.X, measure: alt.Y, tooltip: list[alt.Tooltip]) -> Chart:
    """Bars of the two sources beside each other, each with its letter."""
    names, colours = zip(*SOURCES, strict=True)
    side = alt.XOffset("source:N", scale=alt.Scale(domain=names))
    bars = alt.Chart(ROWS).mark_bar().encode(
        x=across,
        xOffset=side,
        y=measure,
        color=alt.Color("source:N", title=None, scale=alt.Scale(domain=names, range=colours)),
        tooltip=tooltip,
    )  # fmt: skip
    letters = alt.Chart(ROWS).mark_text(baseline="bottom", dy=-2, fontSize=10).encode(
        x=across, xOffset=side, y=measure, text="sign:N"
    )  # fmt: skip
    return alt.LayerChart(layer=[bars, letters], height=220)
