"""A home of three channels whose months are of every kind, with exported daily files.

Internet: November 2024 to March 2025, the last of it provisional; one month imported. Intranet: a day of
January is missing, and it goes on into April. neo: only days, no catalogue, and other hours.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from video_analytics.brightcove.daily_files import write_daily_files
from video_analytics.brightcove.last_views import compute_last_viewed
from video_analytics.brightcove.multi_year import consolidate
from video_analytics.days import days_between
from video_analytics.lake import Lake
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.brightcove.small_lake import put_catalogue, put_day, video

HOSTILE = '<img src=x onerror="document.title=1"></script><b>'
TYPES, UNITS, COUNTRIES = ("News", "Talk", HOSTILE, "missing"), ("Group", "IB", " "), ("CH", "DE", "US", "JP")
ZONES = {"Internet": "Europe/Zurich", "Intranet": "UTC", "neo": "America/New_York"}
CATEGORIES = {"Internet": "internet", "Intranet": "internet", "neo": "research"}
SPANS = {
    "Internet": (date(2024, 11, 1), date(2025, 3, 31)),
    "Intranet": (date(2024, 12, 1), date(2025, 4, 10)),
    "neo": (date(2025, 1, 20), date(2025, 3, 31)),
}
GONE = date(2025, 1, 7)
IMPORTED = (2024, 12)  # at Internet
VIDEOS = {"Internet": 40, "Intranet": 20, "neo": 8}
UNLISTED = "900"  # watched, but not in the catalogue


def small_home(home: Path) -> Settings:
    """The home, written; the same each time."""
    lines = []
    for place, (name, zone) in enumerate(ZONES.items()):
        lines += [f"[brightcove.accounts.{name}]", f'id = "{1000 + place}"', 'business_unit = "Shared"']
        lines += [f'category = "{CATEGORIES[name]}"', f'timezone = "{zone}"']
    (home / "settings.toml").write_text("\n".join(lines), encoding="utf-8")
    settings, draw = load_settings(home, {}), Random(6)
    lake = Lake(settings.lake)
    for account in settings.brightcove.accounts:
        numbers = [f"{number}" for number in range(100, 100 + VIDEOS[account.name])]
        if account.name != "neo":
            put_catalogue(
                lake, account, _videos(draw, account.id, numbers), ["country", "language", "sign_off"]
            )
        for day in days_between(*SPANS[account.name]):
            if (account.name, day) != ("Intranet", GONE):
                _put(lake, draw, account, day, numbers)
        if account.name != "neo":
            compute_last_viewed(lake, account)
    for category, accounts in settings.categories.items():
        months = consolidate(lake, category, accounts, only_cached=False)
        write_daily_files(lake, settings.exports, category, months.all)
    return settings


def _videos(draw: Random, account: str, numbers: Iterable[str]) -> list[dict[str, Any]]:
    made = []
    for number in [*numbers, "800", "801"]:  # the last two are never viewed
        custom = {
            "video_content_type": draw.choice(TYPES),
            "business_unit": draw.choice(UNITS),
            "country": draw.choice(COUNTRIES),
            "language": "en",
        }
        custom = {name: value for name, value in custom.items() if draw.random() < 0.8}
        month = draw.choice(["2024-10", "2024-11", "2024-12", "2025-01", "2025-02"])
        made.append(
            video(
                number,
                account_id=account,
                name=f"{HOSTILE} {number}" if number == "101" else f"Video {number} of {account}",
                custom_fields=custom,
                created_at=f"{month}-0{draw.randrange(1, 10)}T09:00:00.000Z",
                published_at=f"{month}-{draw.randrange(10, 28)}T23:30:00.000Z",
                duration=draw.randrange(30_000, 4_000_000),
            )
        )
    return made


def _put(lake: Lake, draw: Random, account: Any, day: date, numbers: list[str]) -> None:
    imported = account.name == "Internet" and (day.year, day.month) == IMPORTED
    provisional = account.name == "Internet" and day >= date(2025, 3, 30)
    finality = "imported" if imported else "provisional" if provisional else "final"
    rows = {}
    for number in [*numbers, UNLISTED]:
        if draw.random() < 0.4 or (number == "110" and day.month > 1):
            continue
        counts = [int(draw.expovariate(1 / size)) for size in (30, 22, 4, 2, 1)]
        views, devices = sum(counts), list[int | None](counts)
        if imported:
            devices = [*counts[:3], None, counts[3] + counts[4]]
        names = ("views_desktop", "views_mobile", "views_tablet", "views_tv", "views_other")
        rows[number] = {
            "video_view": views,
            **dict(zip(names, devices, strict=True)),
            "video_impression": None
            if draw.random() < 0.05
            else views * draw.randrange(1, 9) + draw.randrange(9),
            **{
                f"video_engagement_{at}": views * (1.2 - at / 100) + draw.random() for at in (25, 50, 75, 100)
            },
            "video_seconds_viewed": views * draw.randrange(10, 300),
            "finality": finality,
        }
    put_day(lake, account, day, rows, finality=finality)
