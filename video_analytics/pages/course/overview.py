"""The course overview: which videos of a course are watched, when, and how far."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from video_analytics.pages.course import charts
from video_analytics.pages.figures import Column, Figure
from video_analytics.pages.frame import Choice, Page

Data = Mapping[str, Any]
Facts = Sequence[tuple[str, str]]

TOP = 10
FEW = 10  # viewers from whom on a completion is compared with others
_SHOWN = ("id", "name", "folder", "duration", "unread", "viewers", "completed", "watch", "any")
VIDEO = Column("video", "Video", "link")
VIEWERS = Column("viewers", "Viewers", "count")
KEY = (Column("measure", "Measure"), Column("value", "Value"), Column("of", "What is counted"))
DAYS = (Column("day", "Local day", "date"), VIEWERS, Column("state", "State"))


def course_page(data: Data, facts: Facts, slug: str) -> Page:
    """The overview of one course, of what `data.course_data` gives of it."""
    return Page(
        path=PurePosixPath("courses", f"{slug}.html"),
        title=data["course"]["name"],
        lead="Which videos of this course are watched, when, and how far. A click on a video opens it.",
        facts=facts,
        figures=_figures(data),
        controls=[
            dates(data),
            Choice(
                "measure",
                "Colour the grid by",
                [("viewers", "Unique viewers"), ("completion", "Completion"), ("watch", "Watch time")],
            ),
        ],
        data=_seen(data, slug),
        script="course.js",
        parts=["course_parts.js"],
        links=[("Videos of this course", quote(f"{slug}-videos.html"))],
        notes=notes(data),
    )


def dates(data: Data) -> Choice:
    """The control for the period."""
    return Choice("period", "Dates", [(each["id"], each["label"]) for each in data["periods"]])


def common(data: Data, slug: str) -> dict[str, Any]:
    """What the scripts of both pages of a course read."""
    names = ("k", "completed_percent", "chunks", "periods", "days")
    return {
        **{name: data[name] for name in names},
        "provisional": data.get("provisional", []),
        "video_page": quote(f"{slug}-videos.html"),
    }


def chosen(data: Data, names: Sequence[str]) -> list[dict[str, Any]]:
    """Of each video what a page shows."""
    return [{name: video[name] for name in names if name in video} for video in data["videos"]]


def notes(data: Data) -> list[str]:
    """The words that both pages of a course use, and how numbers are withheld."""
    k, percent = data["k"], data["completed_percent"]
    said = [
        (
            "Viewers are distinct people who are known to the video platform. Anonymous views are not "
            "counted, nor is their watch time."
        ),
        f"Completed: the viewer saw {percent} % of the video or more, over all dates, repeats counted once.",
        "Watch time counts repeats: a minute watched twice is two minutes.",
        f"Parts: each video is cut into {data['chunks']} parts of the same length.",
        (
            "A dash stands for a number that does not exist: a share of nobody, parts of a video of unknown "
            "length, viewers of one whose records were not read yet."
        ),
    ]
    if k > 1:
        said.append(
            f"A dot (·) stands for a number that is withheld: it shows a group of 1 to {k - 1} viewers, or "
            "would let one be worked out. Before a number, ≥ says that, for this reason, it is that or more."
        )
    return said


def _seen(data: Data, slug: str) -> dict[str, Any]:
    return {
        **common(data, slug),
        "top": TOP,
        "least": max(FEW, data["k"]),
        "key": charts.KEY,
        "tile": charts.TILE,
        "totals": data["totals"],
        "videos": chosen(data, _SHOWN),
    }


def _figures(data: Data) -> list[Figure]:
    percent, least, chunks = data["completed_percent"], max(FEW, data["k"]), data["chunks"]
    completed = Column("completed", "Completed", "count")
    share = Column("share", "Completion", "percent")
    folder = Column("folder", "Folder")
    return [
        Figure(
            "key",
            "The course in figures",
            f"A viewer completed a video by seeing {percent} % of it or more, over all dates.",
            KEY,
            open=True,
        ),
        days_figure("Distinct viewers of any video of the course, on each local day."),
        Figure(
            "top",
            "Top videos by viewers",
            f"Distinct viewers of each video; the {TOP} videos with the most.",
            [VIDEO, folder, VIEWERS],
            charts.ranking(),
        ),
        Figure(
            "completion",
            "Top videos by completion",
            f"Viewers who saw {percent} % of the video or more over all dates, of its viewers in these "
            f"dates; only videos with {least} viewers or more.",
            [VIDEO, folder, completed, VIEWERS, share],
            charts.ranking(100),
        ),
        Figure(
            "grid",
            "All videos",
            "A tile for each video in the order of the course, fuller the higher its value. Empty: not "
            "viewed; dashed, with a dot or a dash: no number to show. A click, or the link in the table, "
            "opens the video.",
            [VIDEO, folder, Column("value", "Value")],
            charts.grid(),
            wide=True,
        ),
        Figure(
            "heat",
            "Which parts of the videos are watched",
            f"Viewers of any of a part, in percent of the viewers of the video; {chunks} parts a video, "
            "fuller the more. Blank: nobody, or nothing known; a dot: withheld.",
            [VIDEO, VIEWERS, *_parts(chunks)],
            charts.heat(),
            tall=True,
            wide=True,
        ),
        Figure(
            "videos",
            "Table of all videos",
            f"Completed: viewers who saw {percent} % of the video or more over all dates, of its viewers in "
            "these dates. Watch hours count repeats.",
            [
                VIDEO,
                folder,
                Column("duration", "Duration", "clock"),
                VIEWERS,
                completed,
                share,
                Column("watch", "Watch hours", "number", 1),
                Column("each", "Hours per viewer", "number", 2),
                Column("note", "Note"),
            ],
            wide=True,
            open=True,
        ),
    ]


def days_figure(about: str) -> Figure:
    """Viewers across time, of a course or a video."""
    signs = "A diamond: provisional, may still grow. A dot: withheld."
    return Figure("days", "Viewers across time", f"{about} {signs}", DAYS, charts.days())


def _parts(chunks: int) -> list[Column]:
    ends = [100 * part / chunks for part in range(chunks + 1)]
    return [
        Column(f"c{part}", f"{start:g} to {stop:g} %", "percent")
        for part, (start, stop) in enumerate(pairwise(ends), 1)
    ]
