"""The charts along a video of the video overview, one function each; `video` says what they count.

A row is a chunk: `start`, `stop`, `middle` in percent, `part` in words with its place on the clock.
"""

from functools import cache

import altair as alt

from video_analytics.pages.course.charts import FROM_ZERO, WHOLE, dots, parts_axis
from video_analytics.pages.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, ROWS, Chart

HEIGHT = 220
_CLOCK = "floor(datum.value / 60) + ':' + pad(floor(datum.value % 60), 2, '0', 'left')"
_LEFT = alt.X("left:Q", axis=parts_axis(), scale=WHOLE)
_MIDDLE = alt.X("middle:Q", axis=parts_axis(), scale=WHOLE)
_PART = alt.Tooltip("part:N", title="Part")


@cache
def chunks(completed_percent: int) -> Chart:
    """Two lines by `any` and `full`, told apart by dash, shape and legend."""
    any_words, full_words = "any of the part", f"{completed_percent} % of it or more"
    rows = (
        alt.Chart(ROWS)
        .transform_fold(["any", "full"], as_=["which", "count"])
        .transform_calculate(
            viewers="datum.count === null ? null : abs(datum.count)",
            seen=f"datum.which == 'any' ? '{any_words}' : '{full_words}'",
        )
        .encode(
            x=_MIDDLE,
            tooltip=[
                _PART,
                alt.Tooltip("any_words:N", title="Saw any of it"),
                alt.Tooltip("full_words:N", title=f"Saw {completed_percent} % of it"),
            ],
        )
    )
    names, title = [any_words, full_words], "viewers who saw"
    legend = alt.Legend(symbolType="stroke", symbolSize=400, symbolStrokeWidth=2)
    color = alt.Color(
        "seen:N", scale=alt.Scale(domain=names, range=[BLUE, ORANGE]), title=title, legend=legend
    )
    dash = alt.StrokeDash(
        "seen:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 4]]), title=title, legend=legend
    )
    viewers = alt.Y("viewers:Q", title="viewers", axis=alt.Axis(tickMinStep=1), scale=FROM_ZERO)
    lines = rows.mark_line(strokeWidth=2).encode(y=viewers, color=color, strokeDash=dash)
    first = "datum.which == 'any'"
    points = rows.mark_point(filled=True, size=45, opacity=1).encode(
        y=viewers,
        color=alt.condition(first, alt.value(BLUE), alt.value(ORANGE)),
        shape=alt.condition(first, alt.value("circle"), alt.value("square")),
    )
    return alt.LayerChart(layer=[lines, points, _withheld(rows, "viewers")], height=HEIGHT)


@cache
def average() -> Chart:
    """Bars by `average` seconds, with a line at `length`, the seconds a chunk lasts."""
    rows = _along([alt.Tooltip("average_words:N", title="Each viewer watched")])
    bars = rows.mark_bar(color=GREEN, stroke="transparent").encode(
        x=_LEFT,
        x2="right:Q",
        y=alt.Y(
            "average:Q", title="time per viewer (min:s)", axis=alt.Axis(labelExpr=_CLOCK), scale=FROM_ZERO
        ),
        y2=alt.datum(0),
    )
    level = alt.Chart(ROWS).transform_filter("datum.start == 0")
    rule = level.mark_rule(strokeDash=[6, 4], strokeWidth=1.5, color="currentColor").encode(y="length:Q")
    word = level.mark_text(align="right", dy=-7).encode(
        x=alt.value("width"), y="length:Q", text="length_words:N"
    )
    return _drawn(bars, rule, word, _withheld(rows, "average"))


@cache
def rewatch() -> Chart:
    """Bars upwards from once, by `ratio`, how often each watched second was watched; `top` names the peak."""
    rows = _along([alt.Tooltip("ratio_words:N", title="Watched")])
    height = alt.Y("ratio:Q", title="times watched", scale=alt.Scale(domainMin=1, zero=False))
    bars = rows.mark_bar(color=PURPLE, stroke="transparent").encode(
        x=_LEFT, x2="right:Q", y=height, y2=alt.datum(1)
    )
    peak = rows.mark_text(dy=-8).encode(x=_MIDDLE, y=height, text="top:N")
    return _drawn(bars, peak, _withheld(rows, "ratio"))


@cache
def dropoff() -> Chart:
    """A line by `kept`, percent of those who watched the first chunk, with a line at half of them."""
    rows = _along([alt.Tooltip("kept_words:N", title="Still there")]).transform_calculate(
        share="datum.kept === null ? null : abs(datum.kept)"
    )
    height = alt.Y(
        "share:Q",
        title="still there",
        scale=FROM_ZERO,
        axis=alt.Axis(labelExpr="datum.value + '\u202f%'"),
    )
    line = rows.mark_line(color=BLUE, point=alt.OverlayMarkDef(size=40, color=BLUE)).encode(
        x=_MIDDLE, y=height
    )
    level = alt.Chart(ROWS).transform_filter("datum.start == 0")
    half = level.mark_rule(strokeDash=[6, 4], color=GREY).encode(y=alt.datum(50))
    full = level.mark_rule(opacity=0).encode(y=alt.datum(100))
    return _drawn(line, half, full, _withheld(rows, "share"))


def _along(tooltip: list[alt.Tooltip]) -> alt.Chart:
    return (
        alt.Chart(ROWS)
        .transform_calculate(left="datum.start + 0.3", right="datum.stop - 0.3")
        .encode(tooltip=[_PART, *tooltip])
    )


def _withheld(rows: alt.Chart, name: str) -> alt.Chart:
    return dots(rows, name).encode(x=_MIDDLE)


def _drawn(*layers: alt.Chart) -> Chart:
    return alt.LayerChart(layer=list(layers), height=HEIGHT)
