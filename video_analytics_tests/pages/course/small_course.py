"""A made-up course in the form that its pages take, with the cells that charts must bear.

Video 0 has numbers of every kind, 1 was never viewed, 2 is withheld, of 3 only the least who completed it
may be said, of 4 nobody knows the length. The first names are hostile.
"""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from video_analytics.pages.course.overview import course_page
from video_analytics.pages.course.video import video_page
from video_analytics.pages.frame import Page, render

CHUNKS = 20
SLUG = "alg 1"
DURATION = 3000.0
FIRST = date(2025, 9, 1)
FACTS = [
    ("Period", "1 Sep 2025 to 31 Oct 2025"),
    ("Time zone", "Europe/Zurich"),
    ("Refreshed", "2025-11-01 03:10 UTC"),
    ("Provisional days", "30 and 31 Oct 2025"),
    ("Counted", "identified viewers"),
]
HOSTILE = [
    '<img src=x onerror="document.title=1">',
    "</script><script>document.title=2</script>",
    "javascript:alert(3)",
    "تسجيل المحاضرة الأولى: مقدمة في الجبر",
    "🎬 Lecture 👩🏽\u200d🏫",
    "A lecture with a name that nobody can remember " * 4,
    "{{ 7 * 7 }} &amp; <b>bold</b>",
]


def course(videos: int, months: int = 2, k: int = 5) -> dict[str, Any]:
    """A course of so many videos, viewed in so many months from September 2025 on."""
    random = Random(videos)
    starts = [_month(number) for number in range(months + 1)]
    days = [FIRST + timedelta(number) for number in range((starts[-1] - FIRST).days)]
    spans = [("all", "All dates", days[0], days[-1])] + [
        (f"{first:%Y-%m}", f"{first:%B %Y}", first, after - timedelta(1)) for first, after in pairwise(starts)
    ]
    made = [_video(random, number, len(spans), len(days)) for number in range(videos)]
    return {
        "k": k,
        "completed_percent": 75,
        "chunks": CHUNKS,
        "course": {"id": "c1", "name": "Algebra <b>I</b>"},
        "periods": [
            {"id": name, "label": label, "first": first.isoformat(), "last": last.isoformat()}
            for name, label, first, last in spans
        ],
        "days": [day.isoformat() for day in days],
        "provisional": [day.isoformat() for day in days[-2:]],
        "totals": {
            **{name: _sums(made, name, len(spans)) for name in ("watch", "completed")},
            "viewers": [most + 7 for most in _sums(made, "viewers", len(spans))],
            "pairs": _sums(made, "viewers", len(spans)),
            "days": [random.choice([None, 0, 6, 19, 33, 52]) for _ in days[:-2]] + [41, None],
        },
        "videos": made,
    }


def overview(data: dict[str, Any], library: str, folder: Path) -> Path:
    """The course overview as a file."""
    return _written(course_page(data, FACTS, SLUG), library, folder)


def videos(data: dict[str, Any], library: str, folder: Path) -> Path:
    """The page of the course's videos as a file."""
    return _written(video_page(data, FACTS, SLUG), library, folder)


def _written(page: Page, library: str, folder: Path) -> Path:
    path = folder / page.path
    path.parent.mkdir(exist_ok=True)
    path.write_text(render(page, library), encoding="utf-8")
    return path


def percent(part: int | None, whole: int | None) -> str:
    """A share as pages say it."""
    if whole == 0:
        return "\N{EN DASH}"
    return "·" if part is None or whole is None else f"{said(100 * part / whole)}\u202f%"


def said(value: float | None, digits: int = 0) -> str:
    """A number as pages say it."""
    if value is None:
        return "·"
    words = f"{abs(value) + 1e-9:,.{digits}f}".replace(",", "\u202f")
    return f"≥\u00a0{words}" if value < 0 else words


def _month(number: int) -> date:
    return date(FIRST.year + (FIRST.month - 1 + number) // 12, (FIRST.month - 1 + number) % 12 + 1, 1)


def _sums(videos: list[dict[str, Any]], name: str, periods: int) -> list[Any]:
    return [sum(abs(video[name][place] or 0) for video in videos) for place in range(periods)]


def _video(random: Random, number: int, periods: int, days: int) -> dict[str, Any]:
    many = [0 if number == 1 else random.randint(12, 90) // (place + 1) + 5 for place in range(periods)]
    any_: list[list[Any]] = [
        [round(viewers * (1 - 0.03 * chunk)) for chunk in range(CHUNKS)] for viewers in many
    ]
    full: list[list[Any]] = [[round(0.8 * viewers) for viewers in line] for line in any_]
    video: dict[str, Any] = {
        "id": f"v{number}&<{number}>",
        "name": HOSTILE[number] if number < len(HOSTILE) else f"Lecture {number}",
        "folder": f"Week {number // 3}",
        "duration": DURATION,
        "viewers": many,
        "completed": [round(0.6 * viewers) for viewers in many],
        "watch": [1800 * viewers for viewers in many],
        "rewatch": 5400 if many[0] else 0,
        "any": any_,
        "full": full,
        "time": [
            [viewers * (200 if chunk == 4 else 120) for chunk, viewers in enumerate(line)] for line in any_
        ],
        "ratio": [1.8 if chunk == 4 else 1.0 + 0.01 * chunk if many[0] else None for chunk in range(CHUNKS)],
        "days": {str(day): random.choice([5, 8, 13, None]) for day in range(0, days, 3)} if many[0] else {},
    }
    if number == 0:
        any_[0][7] = full[0][7] = video["time"][0][7] = video["ratio"][7] = None
        any_[0][1] = -any_[0][1]
    if number in {2, 4}:
        nothing = [[None] * CHUNKS for _ in range(periods)]
        blank = [None] * periods
        video |= {"completed": blank, "watch": blank, "rewatch": None, "ratio": nothing[0]}
        video |= {"any": nothing, "full": nothing, "time": nothing}
    if number == 2:
        video |= {"viewers": blank, "days": dict.fromkeys(video["days"])}
    if number == 4:
        video["duration"] = None
    if number == 3:
        video["completed"] = [-(viewers - 4) for viewers in many]
    return video
