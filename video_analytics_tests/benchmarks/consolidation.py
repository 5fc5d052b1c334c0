"""Five years: consolidation of all, of nothing changed, of seven days changed; the checks of their data."""

import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from video_analytics.brightcove import daily_files, multi_year, quality
from video_analytics.brightcove.assets import CATEGORIES_AT_ONCE
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS
from video_analytics.lake import Lake, day_key
from video_analytics.settings import Account, Settings
from video_analytics_tests.benchmarks.table import line, note, peak_megabytes

FIRST, LAST = date(2021, 1, 1), date(2025, 12, 31)
ROWS_A_DAY, VIDEOS = 2740, 25_000
SHARES = (0.30, 0.15, 0.12, 0.10, 0.08, 0.06, 0.05, 0.05, 0.04, 0.03, 0.02)  # of the eleven accounts


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder))
        lake = Lake(home.lake)
        rows = _fill(lake, home)
        full = _consolidate(lake, home)
        idle = _consolidate(lake, home)
        _change_days(lake, home, 7)
        changed = _consolidate(lake, home)
        judged, nightly = _judge(lake, home, None), _judge(lake, home, 7)
        size = sum(path.stat().st_size for path in home.exports.rglob("*.*")) / 1e9
    line("consolidation of five years", full, 60, "s")
    line("consolidation, seven days changed", changed, full / 10, "s")
    line("checks of eleven accounts", judged, 0.3 * len(SHARES), "s")
    line("checks of eleven accounts, in a night's run", nightly, 0.2 * len(SHARES), "s")
    line("consolidation: peak memory", peak_megabytes(), 2500, "MB")
    note(
        f"{rows:,} rows, {size:.1f} GB of files; nothing changed: {idle:.1f} s; "
        f"seven days are {changed / full:.1%} of all"
    )


def _consolidate(lake: Lake, home: Settings) -> float:
    def one(category: str) -> None:
        months = multi_year.consolidate(lake, category, home.categories[category], only_cached=False)
        daily_files.write_daily_files(lake, home.exports, category, months.all)

    started = time.monotonic()
    with ThreadPoolExecutor(CATEGORIES_AT_ONCE) as pool:
        list(pool.map(one, home.categories))
    return time.monotonic() - started


def _judge(lake: Lake, home: Settings, read: int | None) -> float:
    """Seconds for the checks of all accounts; as a run that `read` so many days asks for them."""
    days = [LAST - timedelta(days=back) for back in range(read)] if read else None
    now = datetime(LAST.year + 1, 1, 2, 6, tzinfo=UTC)
    started = time.monotonic()
    for account in home.brightcove.accounts:
        found = quality.judge_days(lake, account, home.brightcove, now, days)
        assert all(each.ok for each in [*found, *quality.judge_catalogue(lake, account, now)])
    return time.monotonic() - started


def _fill(lake: Lake, home: Settings) -> int:
    rng = np.random.default_rng(1)
    rows = 0
    for account, share in zip(home.brightcove.accounts, SHARES, strict=True):
        catalogue = pa.Table.from_pylist(list(_catalogue(account, int(VIDEOS * share))), CMS_CATALOG.schema)
        lake.write(CMS_CATALOG, account.id, catalogue, {"custom_fields": []})
        for number in range((LAST - FIRST).days + 1):
            rows += _write_day(lake, account, share, FIRST + timedelta(days=number), rng)
    return rows


def _change_days(lake: Lake, home: Settings, days: int) -> None:
    rng = np.random.default_rng(2)
    for account, share in zip(home.brightcove.accounts, SHARES, strict=True):
        for back in range(days):
            _write_day(lake, account, share, LAST - timedelta(days=back), rng)


def _write_day(lake: Lake, account: Account, share: float, day: date, rng: np.random.Generator) -> int:
    size, videos = max(1, int(ROWS_A_DAY * share)), int(VIDEOS * share)
    numbers = np.sort(rng.choice(videos, size, replace=False))
    views = rng.integers(0, 40, size)
    watched = np.round(views * rng.random(size))
    none = np.zeros(size, dtype=np.int64)
    columns = {
        "account_id": [account.id] * size,
        "video_id": [_video_id(account, number) for number in numbers],
        "date": pa.array([day] * size, pa.date32()),
        "video_name": [f"Video {number}" for number in numbers],
        "video_view": views,
        "views_desktop": views // 2,
        "views_mobile": views - views // 2,
        **dict.fromkeys(("views_tablet", "views_tv", "views_other"), none),
        "video_impression": views * 3,
        **{
            f"video_engagement_{point}": np.floor(watched * (1 - point / 125))
            for point in (1, 25, 50, 75, 100)
        },
        "video_percent_viewed": watched * 60.25,
        "video_seconds_viewed": (watched * 100).astype(np.int64),
        "finality": ["final"] * size,
        "read_on": pa.array([day + timedelta(days=40)] * size, pa.date32()),
    }
    facts = {
        "finality": "final",
        "views": int(columns["video_view"].sum()),
        "seconds": int(columns["video_seconds_viewed"].sum()),
    }
    lake.write(DAILY_ANALYTICS, day_key(account.id, day), pa.table(columns), facts)
    return size


def _catalogue(account: Account, videos: int) -> Iterator[dict[str, object]]:
    for number in range(videos):
        raw = {
            "original_filename": f"file_{number}.mp4",
            "created_by": {"type": "user", "id": str(number % 100), "email": f"p{number % 100}@example.com"},
            "custom_fields": {"country": "CH", "language": "en", "video_content_type": "interview"},
            "tags": ["q1", "results"],
        }
        yield {
            "account_id": account.id,
            "video_id": _video_id(account, number),
            "status": "listed",
            "state": "ACTIVE",
            "name": f"Video {number} about what moves the markets",
            "created_at": "2020-03-04T09:15:22.123Z",
            "published_at": "2020-03-04T09:20:01.000Z",
            "duration_ms": 1000 * number,
            "reference_id": f"{number:08}",
            "position": number,
            "raw": json.dumps(raw),
        }


def _video_id(account: Account, number: int) -> str:
    return f"{account.id[:6]}{number:07}"
