"""A page of every kind of part, for the tests of the frame: its own script is given with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import altair as alt
import pytest

from video_analytics.pages import frame
from video_analytics.pages.figures import BLUE, ORANGE, ROWS, Column, Figure
from video_analytics.pages.frame import Card, Choice, Page, Slider

COLUMNS = (
    Column("name", "Video", "link"),
    Column("viewers", "Viewers", "count"),
    Column("completion", "Completed", "percent", 1),
    Column("first", "First viewed", "date"),
)
FACTS = (("Period", "1 Sep 2025 to 31 May 2026"), ("Time zone", "Europe/Paris"))
ROW = {"name": ["Derivatives", "video.html#a"], "viewers": 12, "completion": 62.5, "first": "2025-09-04"}
FILTERED = """
function redraw() {
  const rows = data.rows.filter((row) => row.viewers >= chosen("least") && chosen("kinds").includes(row.kind)
    && ["all", row.period].includes(chosen("period")));
  show("videos", rows, `${counted(rows.length, "video")}.`, chosen("period"));
}
start(redraw);
"""


def bars() -> alt.Chart:
    """Viewers by video."""
    chart: alt.Chart = (
        alt.Chart(ROWS)
        .transform_calculate(label="isArray(datum.name) ? datum.name[0] : datum.name")
        .mark_bar()
        .encode(
            x=alt.X("viewers:Q", title="viewers"),
            y=alt.Y("label:N", title=None, sort=None),
            color=alt.condition("datum.viewers > 10", alt.value(ORANGE), alt.value(BLUE)),
            tooltip=[alt.Tooltip("label:N", title="video"), alt.Tooltip("viewers:Q", title="viewers")],
        )
        .properties(height=alt.Step(18))
    )
    return chart


def figure(name: str = "videos", **given: Any) -> Figure:
    """Bars and the table behind them."""
    parts: dict[str, Any] = {
        "title": "Viewers by video",
        "about": "Viewers are distinct people.",
        "columns": COLUMNS,
        "chart": bars(),
    }
    return Figure(name, **(parts | given))


def page(figures: Sequence[Figure] | None = None, **given: Any) -> Page:
    """A page; without more said, one figure of one row and no control."""
    shown = [figure()] if figures is None else figures
    parts: dict[str, Any] = {
        "path": PurePosixPath("courses/analysis.html"),
        "title": "Analysis",
        "lead": "What viewers watched.",
        "facts": FACTS,
        "figures": shown,
        "data": {
            each.id: {"rows": [ROW], "finding": "Twelve viewers watched Derivatives."} for each in shown
        },
        "links": [("Other", "other.html")],
        "notes": ["A viewer is a person."],
    }
    return Page(**(parts | given))


def filtered(rows: Sequence[Mapping[str, Any]], **given: Any) -> Page:
    """A page with one control of each kind, for the script `FILTERED`."""
    controls = [
        Choice("period", "Dates", [("all", "All dates"), ("2025-09", "September 2025")]),
        Choice("kinds", "Kinds", [("lecture", "Lectures"), ("exercise", "Exercises")], many=True),
        Slider("least", "At least", 0, 20, 0.5, 2, "viewers"),
    ]
    cards = [Card("Storage", "Hours and plans.", "../storage.html"), Card("Trust", "None yet.")]
    return page(**({"controls": controls, "data": {"rows": list(rows)}, "cards": cards} | given))


def written(content: Page, library: str, folder: Path, script: str = "") -> Path:
    """The page as a file, with this script as its own."""
    path = folder / f"{content.path.stem}.html"
    with pytest.MonkeyPatch.context() as patched:
        if script:
            known = frame._text
            patched.setattr(frame, "_text", lambda name: script if name == "sample.js" else known(name))
            content = replace(content, script="sample.js")
        path.write_text(frame.render(content, library), encoding="utf-8")
    return path
