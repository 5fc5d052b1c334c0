"""A figure: a chart, the table behind it, and what both mean. One definition serves page and picture.

A chart reads a data set called `rows`. On a page it fills its container and its words have the page's colour;
as a picture it gets its rows and a width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from video_analytics.drawing import png, vega

Row = Mapping[str, Any]
Chart = alt.Chart | alt.LayerChart
Kind = Literal["text", "count", "number", "percent", "change", "clock", "date", "instant", "link", "sentence"]

ROWS = alt.NamedData("rows")
PICTURE_WIDTH = 560
PICTURE_SCALE = 1.1
# Each is told from white and from the dark page's ground by 3:1 or more, and from its neighbours by sight.
BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#2f7fc2", "#c8701a", "#2f8f5b", "#8f6bc7", "#d0483e", "#7b8794"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, RED, GREY)
SHADES = "blues"  # from little to much
_INK = "currentColor"
# what every object of JavaScript has
_TAKEN = frozenset({
    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__",
    "constructor",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
})  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of the table behind a chart: percents of 100, clocks of seconds, links of (text, address)."""

    name: str
    title: str
    kind: Kind = "text"
    digits: int = 0  # after the point, of numbers and percents


@dataclass(frozen=True)
class Figure:
    """What a page shows under one heading; without a chart only the table."""

    id: str
    title: str
    about: str  # what is counted, and of what: the denominator
    columns: Sequence[Column]
    chart: Chart | None = None
    tall: bool = False  # scrolls in a box of its own
    wide: bool = False  # takes the whole width
    open: bool = False  # its table is shown at once


def spec(chart: Chart) -> dict[str, Any]:
    """The chart as a page draws it, in Vega: as wide as its place, in the page's own ink."""
    fitting = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return vega(_dressed(chart, "transparent") | fitting)


def picture(chart: Chart, rows: Sequence[Row], title: str) -> bytes:
    """The chart with these rows, as PNG, black on white: it does not know where it will be seen."""
    freed = [{name: _freed(value) for name, value in row.items()} for row in rows]
    given = {"width": PICTURE_WIDTH, "title": title, "datasets": {"rows": freed}}
    return png(_dressed(chart, "white") | given, PICTURE_SCALE)


def _freed(value: Any) -> Any:
    """A text that Vega cannot group by, because its plain objects know it, gets a sign that nobody sees."""
    return f"{value}\u2060" if isinstance(value, str) and value in _TAKEN else value


def _dressed(chart: Chart, ground: str) -> dict[str, Any]:
    """The chart in Vega-Lite, in our dress; it was validated when it was built, piece by piece."""
    drawn = chart.to_dict(validate=False)
    return drawn | {"config": drawn.get("config", {}) | _DRESS | {"background": ground}}


_AXIS = {"labelColor": _INK, "titleColor": _INK, "domainColor": _INK, "tickColor": _INK}
_DRESS = {  # Vega-Lite's `config`
    "font": "system-ui, sans-serif",
    "aria": False,
    "axis": {**_AXIS, "gridColor": _INK, "gridOpacity": 0.15, "labelFontSize": 12, "titleFontSize": 12},
    "legend": {"labelColor": _INK, "titleColor": _INK, "labelFontSize": 12, "orient": "top"},
    "title": {"color": _INK, "anchor": "start"},
    "header": {"labelColor": _INK, "titleColor": _INK},
    "view": {"stroke": None},
    "mark": {"color": BLUE},
    "text": {"color": _INK},
    "range": {"category": list(PALETTE)},
}
