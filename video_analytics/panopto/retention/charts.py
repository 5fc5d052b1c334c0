"""The pictures of a report date: hours by stream source, and the scenarios against their limits.

A chart is made of a table of the lake alone. What a colour says is said by a word or a mark as well.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc

from video_analytics.drawing import png
from video_analytics.panopto.retention.held import HOUR

Chart = alt.LayerChart | alt.FacetChart
Row = dict[str, Any]

MOST_SOURCES = 12  # each in a bar of its own; the others in one
_WIDTH = 400  # of the bars, without the words beside them
_SCALE = 1.1
_WATCHED, _UNWATCHED, _FITS, _BREACH, _INK = "#2b6ca3", "#f2b76b", "#7d9fc0", "#c0392b", "#222222"
_AXIS = alt.Axis(format=",~f", tickCount=6, labelOverlap=True, labelSeparation=8)
_BEHIND = alt.value(_WIDTH + 10)
_FAR = 1.5  # a limit beyond so many times the longest bar would make all bars short; words tell it


def picture(chart: Chart) -> bytes:
    """A chart as PNG."""
    return png(chart.to_dict(), _SCALE)


def sources_chart(hours: pa.Table, day: date) -> Chart:
    """Hours by stream source, of RETENTION_HOURS: watched and unwatched, the largest first."""
    rows = _sources(hours)
    order = [row["source"] for row in rows]
    parts = [
        {"source": row["source"], "what": what, "hours": row[what], "sort": sort}
        for row in rows
        for sort, what in enumerate(("watched", "unwatched"))
    ]
    most = max((row["all"] for row in rows), default=0.0)
    y = alt.Y("source:N", sort=order, title=None, axis=alt.Axis(labelLimit=140))
    scale = alt.Scale(domain=[0, max(1.0, most)])
    bars = (
        alt.Chart(alt.InlineData(parts))
        .mark_bar()
        .encode(
            x=alt.X("hours:Q", title="hours of video", scale=scale, axis=_AXIS),
            y=y,
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=["watched", "unwatched"], range=[_WATCHED, _UNWATCHED]),
                legend=alt.Legend(orient="top"),
            ),
            order="sort:O",
        )
    )
    words = (
        alt.Chart(alt.InlineData(rows))
        .mark_text(align="left", dx=4, color=_INK)
        .encode(x=_BEHIND, y=y, text="words:N")
    )
    return _titled(
        alt.layer(bars, words, width=_WIDTH, height=alt.Step(24)),
        f"Hours by stream source, {day}",
        "watched: at least one view or download in the period of the reports",
    )


def _sources(hours: pa.Table) -> list[Row]:
    wanted = (pc.field("measure") == "hours_by_stream_source") & (pc.field("line") == "row")
    rows = hours.filter(wanted).to_pylist()
    rows.sort(key=lambda row: (-row["all_us"], row["label"]))
    shown = [_source(row["label"], [row]) for row in rows[:MOST_SOURCES]]
    rest = rows[MOST_SOURCES:]
    return [*shown, _source(f"{len(rest)} others", rest)] if rest else shown


def _source(label: str, rows: Sequence[Row]) -> Row:
    every, watched = (sum(row[column] for row in rows) / HOUR for column in ("all_us", "watched_us"))
    share = f", {1 - watched / every:.0%} unwatched" if every else ""
    return {
        "source": label,
        "all": every,
        "watched": watched,
        "unwatched": every - watched,
        "words": f"{every:,.0f} h{share}",
    }


def scenarios_chart(scenarios: pa.Table, day: date) -> Chart:
    """The published hours of each bucket against its limit, of RETENTION_SCENARIOS."""
    rows = _figures(scenarios.to_pylist())
    top = max((max(row["published"], row["conserved"]) for row in rows), default=0.0)
    limits = [row["limit"] for row in rows if row["limit"] and row["limit"] <= _FAR * top]
    top = max(1.0, top, *limits)
    x = alt.X(
        "published:Q",
        title="hours of video",
        scale=alt.Scale(domain=[0, top]),
        axis=_AXIS,
    )
    y = alt.Y("bucket:N", sort=["stored", "created", "archived", "deleted"], title=None)
    base = alt.Chart()
    colour = alt.Color("breach:N", scale=alt.Scale(domain=[False, True], range=[_FITS, _BREACH]), legend=None)
    layers = alt.layer(
        base.mark_bar(height=13).encode(x=x, y=y, color=colour),
        base.mark_tick(thickness=3, height=19, clip=True, opacity=1, color=_INK).encode(x="limit:Q", y=y),
        base.mark_point(shape="diamond", color=_INK, size=36, opacity=1).encode(x="apart:Q", y=y),
        base.mark_text(align="left", dx=6, color=_INK).encode(x=_BEHIND, y=y, text="words:N"),
        data=alt.InlineData(rows),
        width=_WIDTH,
        height=alt.Step(21),
    )
    order = list(dict.fromkeys(row["scenario"] for row in rows))
    header = alt.Header(title=None, labelOrient="top", labelAnchor="start", labelFontWeight="bold")
    faceted = layers.facet(row=alt.Row("scenario:N", sort=order, header=header), spacing=8)
    return _titled(
        faceted,
        f"Scenarios against their limits, {day}",
        "bar: published hours; stroke: limit; diamond: of what exists, where that is more",
    )


def _figures(rows: Sequence[Row]) -> list[Row]:
    named = Counter(title for _, title in {(row["scenario"], row["title"]) for row in rows})
    return [
        _figure(row, row["title"] if named[row["title"]] == 1 else f"{row['title']} ({row['scenario']})")
        for row in rows
    ]


def _figure(row: Mapping[str, Any], scenario: str) -> Row:
    published, conserved, limit = row["published_hours"], row["conserved_hours"], row["limit_hours"]
    breach = (row["headroom_hours"] or 0) < 0
    apart = conserved if conserved > published + 0.005 else None
    counted = max(published, conserved) if breach else published
    words = f"{counted:,.0f} h" if limit is None else f"{counted:,.0f} of {limit:,.0f} h"
    if breach:
        words += f", BREACH by {-row['headroom_hours']:,.0f} h"
    return {
        "scenario": scenario,
        "bucket": row["bucket"],
        "published": published,
        "conserved": conserved,
        "apart": apart,
        "limit": limit,
        "breach": breach,
        "words": words,
    }


def _titled(chart: Chart, title: str, subtitle: str) -> Chart:
    said = alt.TitleParams(title, subtitle=subtitle, anchor="start", offset=12)
    titled: Chart = chart.properties(title=said).configure(font="sans-serif").configure_view(stroke=None)
    return titled
