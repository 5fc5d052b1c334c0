"""The video overview: who watched one video of a course, when, and which parts of it."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from video_analytics.pages.course import overview as course
from video_analytics.pages.course import video_charts as charts
from video_analytics.pages.course.overview import KEY, VIEWERS, Data, Facts, days_figure
from video_analytics.pages.figures import Column, Figure
from video_analytics.pages.frame import Choice, Page

_SHOWN = (
    "id", "name", "duration", "unread", "viewers", "completed", "watch", "rewatch",
    "any", "full", "time", "ratio", "days",
)  # fmt: skip
_PART = Column("part", "Part")


def video_page(data: Data, facts: Facts, slug: str) -> Page:
    """One page for all videos of a course, with a picker, of what `data.course_data` gives of it."""
    return Page(
        path=PurePosixPath("courses", f"{slug}-videos.html"),
        title=f"Videos of {data['course']['name']}",
        lead="Who watched a video, when, and which parts of it. Choose the video and the dates.",
        facts=facts,
        figures=_figures(data) if data["videos"] else [],
        controls=[_picker(data), course.dates(data)] if data["videos"] else [],
        data=_seen(data, slug),
        script="video.js",
        parts=["course_parts.js"],
        links=[("Course overview", quote(f"{slug}.html"))],
        notes=course.notes(data) if data["videos"] else ["This course has no videos."],
    )


def _picker(data: Data) -> Choice:
    return Choice(
        "video", "Video", [(each["id"], each["name"] or "video without a name") for each in data["videos"]]
    )


def _seen(data: Data, slug: str) -> dict[str, Any]:
    return {**course.common(data, slug), "videos": course.chosen(data, _SHOWN)}


def _figures(data: Data) -> list[Figure]:
    percent, parts = data["completed_percent"], data["chunks"]
    return [
        Figure(
            "key",
            "The video in figures",
            f"Who saw {percent} % or more is counted over all dates, of the viewers in these dates.",
            KEY,
            open=True,
        ),
        days_figure("Distinct viewers of the video, on each local day."),
        Figure(
            "chunks",
            "Viewers across the video",
            f"Distinct viewers of each of {parts} parts: of any of it in these dates (line, circles), and of "
            f"these who saw {percent} % of it or more over all dates (dashes, squares). A dot: withheld.",
            [
                _PART,
                Column("any", "Saw any of it", "count"),
                Column("full", f"Saw {percent} % of it", "count"),
            ],
            charts.chunks(percent),
        ),
        Figure(
            "dropoff",
            "Drop-off",
            "Viewers of each part, in percent of the viewers of the first. Above 100 %: more people saw "
            "that part than the beginning.",
            [_PART, VIEWERS, Column("kept", "Of the first part's viewers", "percent")],
            charts.dropoff(),
        ),
        Figure(
            "average",
            "Average time per part",
            "Watch time within the part / viewers of the part, in these dates. Above the dashed line, the "
            "length of a part, it was watched more than once.",
            [
                _PART,
                VIEWERS,
                Column("time", "Watch time", "clock"),
                Column("average", "Each viewer", "clock"),
            ],
            charts.average(),
        ),
        Figure(
            "rewatch",
            "Rewatch peaks",
            "Watch time of a part / its coverage (each viewer's seconds counted once), over all dates, "
            "whatever dates are chosen: 1 is watched once.",
            [_PART, Column("ratio", "Times watched", "number", 2)],
            charts.rewatch(),
        ),
    ]
