"""The charts of the course overview, one function each; what they count stands in `course`.

Withheld numbers are null and drawn as a dot, the sign they have in tables; negative ones are "this or more",
and drawn at that. More is a fuller blue over the page's own ground: it reads the same in light and dark.
"""

from functools import cache
from typing import Literal

import altair as alt

from video_analytics.pages.figures import BLUE, ORANGE, ROWS, Chart

FULLNESS = (0.08, 0.75)  # so that words in the page's ink can stand on it
WHOLE = alt.Scale(domain=[0, 100], nice=False)
FROM_ZERO = alt.Scale(domainMin=0)
TILE = 46
KEY = 5  # digits that a line of the heat map is sorted by, before its name
_MONTH_OR_DAY = (
    "utcdate(datum.value) == 1 ? utcFormat(datum.value, '%b %Y') : utcFormat(datum.value, '%-d %b')"
)
_DAY_WIDTH = "max(1, min(24, 0.8 * width / max(1, length(data('rows')))))"


def parts_axis(orient: Literal["top", "bottom"] = "bottom") -> alt.Axis:
    """The axis along a video, in percent of its length."""
    return alt.Axis(
        values=[0, 25, 50, 75, 100],
        labelExpr="datum.value + '\u202f%'",
        title=None,
        grid=False,
        orient=orient,
    )


def dots(rows: alt.Chart, name: str) -> alt.Chart:
    """The sign of a withheld number, on the ground of a chart; no row is filtered: a scale needs some."""
    drawn: alt.Chart = rows.mark_circle(color="currentColor", opacity=1).encode(
        y=alt.value("height"), size=alt.condition(f"datum.{name} === null", alt.value(9), alt.value(0))
    )
    return drawn


@cache
def ranking(most: float | None = None) -> Chart:
    """Bars by rows `place`, `name`, `amount`, `label`, the words above the bar; `most` fills the line."""
    scale = alt.Scale(domainMin=0, nice=False) if most is None else alt.Scale(domain=[0, most])
    rows = alt.Chart(ROWS).encode(
        y=alt.Y("place:O", axis=None),
        tooltip=[alt.Tooltip("name:N", title="Video"), alt.Tooltip("words:N", title="Watched by")],
    )
    bars = rows.mark_bar(height=14, yOffset=9, color=BLUE, cursor="pointer").encode(
        x=alt.X("amount:Q", axis=None, scale=scale)
    )
    names = rows.mark_text(align="left", dy=-8, limit=alt.expr("width - 130"), cursor="pointer").encode(
        x=alt.value(0), text="name:N"
    )
    labels = rows.mark_text(align="right", dy=-8).encode(x=alt.value("width"), text="label:N")
    return alt.LayerChart(layer=[bars, names, labels], height=alt.Step(42))


@cache
def days() -> Chart:
    """A bar a day: `at` (midnight as UTC milliseconds), `viewers`, `late`, `sign`, and `words`, `number`."""
    rows = (
        alt.Chart(ROWS)
        .transform_calculate(top="datum.viewers === null ? 0 : datum.viewers")
        .encode(
            x=alt.X(
                "at:T",
                scale=alt.Scale(type="utc", padding=14),
                axis=alt.Axis(
                    title=None, labelExpr=_MONTH_OR_DAY, labelOverlap=True, tickCount=8, grid=False
                ),
            ),
            tooltip=[alt.Tooltip("words:N", title="Day"), alt.Tooltip("number:N", title="Viewers")],
        )
    )
    height = alt.Y("top:Q", title="viewers a day", axis=alt.Axis(tickMinStep=1), scale=FROM_ZERO)
    bars = rows.mark_rule(color=BLUE, strokeWidth=alt.expr(_DAY_WIDTH)).encode(y=height, y2=alt.datum(0))
    late = alt.condition("datum.late", alt.value(1), alt.value(0))
    marks = rows.mark_point(shape="diamond", size=50, color=ORANGE, filled=False, yOffset=-8).encode(
        y=height, opacity=late
    )
    words = rows.mark_text(align="right", dx=12).encode(y=alt.value(-22), text="sign:N")
    return alt.LayerChart(layer=[bars, dots(rows, "viewers"), marks, words], height=220)


@cache
def grid() -> Chart:
    """A tile a video by `place`, `fullness` (0 to 1), `gone`, `label`: as many in a line as fit."""
    line = alt.param(name="line", expr=f"max(1, floor(width / {TILE}))")
    rows = (
        alt.Chart(ROWS)
        .transform_calculate(column="datum.place % line", row="floor(datum.place / line)")
        .transform_calculate(
            left="datum.column + 0.04", right="datum.column + 0.96", middle="datum.column + 0.5"
        )
        .encode(
            y=alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.08, paddingOuter=0.04)),
            tooltip=[
                alt.Tooltip("name:N", title="Video"),
                alt.Tooltip("folder:N", title="Folder"),
                alt.Tooltip("words:N", title="In these dates"),
            ],
        )
    )
    across = alt.Scale(domainMin=0, domainMax=alt.expr("line"), nice=False, zero=False)
    fullness = alt.FillOpacity(
        "fullness:Q", scale=alt.Scale(domain=[0, 1], range=list(FULLNESS)), legend=None
    )
    tiles = rows.mark_bar(
        invalid="show", fill=BLUE, stroke="currentColor", strokeOpacity=0.45, cornerRadius=3, cursor="pointer"
    ).encode(
        x=alt.X("left:Q", axis=None, scale=across),
        x2="right:Q",
        fillOpacity=alt.condition("datum.fullness > 0", fullness, alt.value(0)),
        strokeDash=alt.condition("datum.gone", alt.value([3, 3]), alt.value([1, 0])),
    )
    labels = rows.mark_text(cursor="pointer", fontSize=12).encode(x="middle:Q", text="label:N")
    return alt.LayerChart(layer=[tiles, labels], height=alt.Step(TILE)).add_params(line)


@cache
def heat() -> Chart:
    """A line a video, a cell a part: `key`, `start`, `stop`, `middle` and `share` in percent, `words`."""
    name = alt.Axis(
        title=None,
        labelExpr=f"slice(datum.label, {KEY})",
        labelLimit=alt.expr("windowSize()[0] < 600 ? 110 : 300"),
        ticks=False,
        domain=False,
    )
    rows = alt.Chart(ROWS).encode(
        y=alt.Y("key:O", axis=name, scale=alt.Scale(paddingInner=0.08)), tooltip="words:N"
    )
    fullness = alt.FillOpacity(
        "share:Q", scale=alt.Scale(domain=[0, 100], range=[0, 0.85], clamp=True), legend=None
    )
    cells = rows.mark_bar(
        invalid="show", fill=BLUE, stroke="currentColor", strokeOpacity=0.2, cursor="pointer"
    ).encode(
        x=alt.X("start:Q", axis=parts_axis("top"), scale=WHOLE),
        x2="stop:Q",
        fillOpacity=alt.condition("datum.share > 0", fullness, alt.value(0)),
    )
    withheld = rows.transform_filter("datum.share === null").mark_circle(
        size=9, color="currentColor", opacity=1
    )
    return alt.LayerChart(layer=[cells, withheld.encode(x="middle:Q")], height=alt.Step(20))
