"""The charts of the storage page. The words of a bar stand above it, so that it has the whole width.

What a colour says is said by words, a stroke or a shape as well: a breach by a triangle and its word, what
is unwatched by a hollow bar, how fast hours grow by the dashes of a line and the word at its end.
"""

from functools import cache
from typing import Any

import altair as alt

from video_analytics.pages.figures import BLUE, GREEN, GREY, ORANGE, RED, ROWS, Chart

INK = "currentColor"
STEP, HEADING = 42, 26  # pixels of a bar with its words, and of a heading
_BAR, _UP, _DOWN = 13, 8, 13  # of a bar: thickness, and how far a limit's stroke goes up and down
_WORDS = -13  # pixels from the middle of a bar up to its words
_AXIS = alt.Axis(format=",~f", tickCount=5, labelOverlap=True, labelSeparation=8)
_TOP = alt.Axis(format=",~f", tickCount=5, labelOverlap=True, labelSeparation=8, orient="top")  # seen at once
_TITLE = "hours of video"
_WIDE = alt.ExprRef("width")


@cache
def bullets(height: int) -> Chart:
    """Published hours against their limits: rows with their place `at` in pixels from the top.

    A row is {at, heading, words, published, existing, apart, isApart, limit, limited, breach}: what exists is
    drawn where it is apart, a limit where there is one in reach; both are numbers even if they are not drawn.
    """
    base = alt.Chart().transform_calculate(
        up=f"datum.at - {_UP}", down=f"datum.at + {_DOWN}", begin="0", above="datum.at - 32"
    )
    down = alt.Scale(domain=[0, height], reverse=True, nice=False)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=down, axis=None)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", axis=_AXIS, scale=alt.Scale(zero=True), title=_TITLE)

    return _layered(
        base.mark_rule(strokeWidth=_BAR).encode(
            x=x("published"),
            x2="begin:Q",
            y=y("at"),
            color=alt.condition("datum.breach", alt.value(RED), alt.value(BLUE)),
            tooltip=_told("words", "published", "existing"),
        ),
        base.mark_rule(strokeWidth=3, color=INK).encode(
            x=x("limit"), y=y("up"), y2="down:Q", opacity=_if("datum.limited")
        ),
        base.mark_point(shape="diamond", filled=True, size=60, color=INK).encode(
            x=x("apart"), y=y("at"), opacity=_if("datum.isApart")
        ),
        base.mark_text(align="left", fontSize=12, limit=_WIDE, dy=_WORDS - 1).encode(
            x=alt.value(0), y=y("at"), text="words:N"
        ),
        base.mark_text(align="left", fontWeight="bold", fontSize=13, limit=_WIDE).encode(
            x=alt.value(0), y=y("above"), text="heading:N"
        ),
        height=height,
    )


@cache
def halves() -> Chart:
    """Hours watched and unwatched, one bar above another: rows {place, words, watched, unwatched}."""
    y = _names()
    order = ["watched", "unwatched"]
    colours = alt.Scale(domain=order, range=[BLUE, ORANGE])
    bars = (
        alt.Chart()
        .transform_fold([*order], as_=["what", "hours"])
        .transform_calculate(order="datum.what == 'watched' ? 0 : 1")
        .mark_bar(height=_BAR, yOffset=8, strokeWidth=1.5)
        .encode(
            x=alt.X("hours:Q", title=_TITLE, axis=_TOP),
            y=y,
            color=alt.Color("what:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
            stroke=alt.Stroke("what:N", title=None, scale=colours),
            fillOpacity=alt.condition("datum.what == 'unwatched'", alt.value(0.15), alt.value(1)),
            strokeOpacity=_if("datum.hours > 0"),
            order="order:O",
            tooltip=_told("words", "what", "hours"),
        )
    )
    return _layered(bars, _words(y), height=alt.Step(STEP))


@cache
def bars() -> Chart:
    """One bar above another: rows {place, words, hours, kind}; what is deleted is hollow."""
    y = _names()
    drawn = (
        alt.Chart()
        .mark_bar(height=_BAR, yOffset=8, strokeWidth=1.5)
        .encode(
            x=alt.X("hours:Q", title=_TITLE, axis=_TOP),
            y=y,
            color=alt.condition("datum.kind == 'deleted'", alt.value(RED), alt.value(BLUE)),
            stroke=alt.condition("datum.kind == 'deleted'", alt.value(RED), alt.value(BLUE)),
            fillOpacity=alt.condition("datum.kind == 'deleted'", alt.value(0.15), alt.value(1)),
            tooltip=_told("words", "hours"),
        )
    )
    return _layered(drawn, _words(y), height=alt.Step(STEP))


@cache
def lines() -> Chart:
    """Hours month by month for each growth, and the limit.

    A row is {month, growth, hours, words, limit, limited, limitWords, breach}: the limit is drawn where it is
    in reach, with its words in one row only.
    """
    growths = ["low", "mid", "high"]
    months = alt.Axis(
        format="%b %Y", tickCount=alt.TimeIntervalStep(interval="month", step=1), labelOverlap=True
    )
    x = alt.X("month:T", title=None, scale=alt.Scale(type="utc"), axis=months)
    y = alt.Y("hours:Q", title=_TITLE, axis=_AXIS, scale=alt.Scale(zero=True))
    legend = alt.Legend(title="growth", symbolType="stroke", symbolSize=400, symbolStrokeWidth=2.5)
    colours = alt.Scale(domain=growths, range=[GREEN, BLUE, ORANGE])
    dashes = alt.Scale(domain=growths, range=[[2, 3], [1, 0], [8, 4]])
    base = alt.Chart().encode(x=x, y=y, tooltip=_told("words"))
    return _layered(
        base.mark_line(strokeWidth=2.5).encode(
            color=alt.Color("growth:N", scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("growth:N", scale=dashes, legend=legend),
        ),
        alt.Chart().mark_rule(color=GREY, strokeWidth=2).encode(y="limit:Q", opacity=_if("datum.limited")),
        alt.Chart()
        .mark_text(align="left", baseline="bottom", dy=-3, fontSize=12)
        .encode(x=alt.value(2), y="limit:Q", text="limitWords:N"),
        base.mark_point(shape="triangle-up", size=130, filled=True, color=RED, yOffset=-8).encode(
            opacity=_if("datum.breach")
        ),
        height=300,
    )


def _layered(*layers: alt.Chart, height: int | alt.Step) -> Chart:
    chart: Any = alt.layer(*layers, data=ROWS, height=height)
    layered: alt.LayerChart = chart
    return layered


def _if(test: str) -> Any:
    """Drawn or not. A layer without any rows would have no extent, of which the library complains."""
    return alt.condition(test, alt.value(1), alt.value(0))


def _names() -> alt.Y:
    """By its place: a name can be any text, also one that the library has a meaning for."""
    return alt.Y("place:O", title=None, axis=None)


def _words(y: alt.Y) -> alt.Chart:
    words: alt.Chart = (
        alt.Chart()
        .mark_text(align="left", fontSize=12, limit=_WIDE, dy=_WORDS + 5)
        .encode(x=alt.value(0), y=y, text="words:N")
    )
    return words


def _told(*fields: str) -> list[alt.Tooltip]:
    titles = {"words": "bar", "what": "part", "existing": "of what exists"}
    texts = {"words", "what"}
    return [
        alt.Tooltip(f"{each}:{'N' if each in texts else 'Q'}", title=titles.get(each, each))
        for each in fields
    ]
