import hashlib
import json
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from video_analytics.sandbox import ZONES, World, truth
from video_analytics_tests.sandbox.conftest import INTERNET, MYWAY, NOW

DIGEST = """
import hashlib, json
from datetime import UTC, date, datetime
from video_analytics.sandbox import World, truth
now = datetime(2026, 6, 10, 9, tzinfo=UTC)
world = World(7, "tiny")
known = [truth(world, a.id, date(2026, 6, 1), date(2026, 6, 10), now) for a in world.accounts]
known.append([world.videos(a.id, now) for a in world.accounts])
print(hashlib.sha256(json.dumps(known).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def world() -> World:
    return World(1, "demo")


def test_eleven_accounts_have_text_ids_and_real_zones(world: World) -> None:
    assert len(world.accounts) == 11
    assert {a.name.lower() for a in world.accounts} == set(ZONES)
    assert all(a.id.isdigit() and ZoneInfo(a.zone) for a in world.accounts)


def test_the_same_seed_gives_the_same_world_in_another_process() -> None:
    now = NOW
    world = World(7, "tiny")
    known: list[object] = [
        truth(world, a.id, date(2026, 6, 1), date(2026, 6, 10), now) for a in world.accounts
    ]
    known.append([world.videos(a.id, now) for a in world.accounts])
    here = hashlib.sha256(json.dumps(known).encode()).hexdigest()
    there = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_another_seed_gives_another_world() -> None:
    day = date(2026, 3, 3)
    assert World(1, "tiny").day(INTERNET, day, NOW) != World(2, "tiny").day(INTERNET, day, NOW)


@pytest.mark.parametrize(("size", "total"), [("tiny", 200), ("demo", 2_000), ("full", 25_000)])
def test_so_many_videos_exist_at_the_end_of_2026(size: str, total: int) -> None:
    world, end = World(1, size), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
    count = sum(int(world.catalogue(a.id).published_by(end).sum()) for a in world.accounts)
    assert 0.85 * total < count < 1.15 * total


def test_the_full_world_has_its_rows_and_is_drawn_fast() -> None:
    world, began, rows = World(1, "full"), time.perf_counter(), 0
    for day in range(31):
        rows += len(world.table(INTERNET, date(2025, 10, 1) + timedelta(days=day), NOW).video)
    assert 30_000 < rows < 65_000
    assert time.perf_counter() - began < 1.0


def test_popularity_is_heavy_tailed_and_follows_the_week(world: World) -> None:
    weeks = [date(2026, 3, 2) + timedelta(days=n) for n in range(28)]
    views = {day: sum(row["video_view"] for row in world.day(INTERNET, day, NOW)) for day in weeks}
    workdays = [v for day, v in views.items() if day.weekday() < 5]
    weekends = [v for day, v in views.items() if day.weekday() >= 5]
    assert sum(weekends) / len(weekends) < 0.9 * sum(workdays) / len(workdays)
    top = sorted((row["video_view"] for row in world.day(INTERNET, weeks[1], NOW)), reverse=True)
    assert sum(top[: len(top) // 10]) > 0.5 * sum(top)


def test_rows_are_what_the_contract_says(world: World) -> None:
    rows = truth(world, INTERNET, date(2026, 1, 1), date(2026, 3, 31), NOW)
    flat = [row for day in rows.values() for row in day]
    keys = [(row["date"], row["video"]) for row in flat]
    assert len(set(keys)) == len(keys)
    assert all(sum(row["devices"].values()) == row["video_view"] for row in flat)
    assert all(row["video_impression"] >= row["video_view"] for row in flat)
    assert any(row["video"] is None and row["video_name"] is None for row in flat)
    assert any(row["video_view"] == 0 and row["video_impression"] > 0 for row in flat)
    assert any(row["video_engagement_1"] > row["video_view"] for row in flat)
    assert any(row["video_engagement_50"] % 1 for row in flat)
    assert any(
        device not in {"desktop", "mobile", "tablet", "tv", "other"} for r in flat for device in r["devices"]
    )
    assert {type(row["video_view"]) for row in flat} == {int}


def test_days_before_the_history_and_of_the_future_have_no_rows(world: World) -> None:
    assert world.day(INTERNET, date(2022, 12, 31), NOW) == []
    assert world.day(INTERNET, date(2023, 1, 2), NOW) != []
    assert world.day(INTERNET, NOW.date() + timedelta(days=1), NOW) == []


def test_a_small_account_has_days_without_any_row(world: World) -> None:
    days = truth(world, MYWAY, date(2026, 3, 1), date(2026, 3, 31), NOW)
    assert any(not rows for rows in days.values())
    assert any(rows for rows in days.values())


def test_a_day_begins_at_midnight_of_its_account(world: World) -> None:
    tokyo = next(a for a in world.accounts if a.name == "SuMiTrust")
    stages = world.table(tokyo.id, date(2026, 6, 10), datetime(2026, 6, 9, 14, 59, tzinfo=UTC))
    assert len(stages.video) == 0
    new_york = next(a for a in world.accounts if a.name == "neo")
    late = datetime(2026, 6, 10, 3, 30, tzinfo=UTC)  # still the 9th in New York
    assert world.day(new_york.id, date(2026, 6, 10), late) == []
    assert world.day(new_york.id, date(2026, 6, 9), late) != []


def test_the_catalogue_has_the_awkward_things(world: World) -> None:
    videos = [video for a in world.accounts for video in world.videos(a.id, NOW)]
    names = {video["name"] for video in videos}
    assert {"=SUM(A1)", "-1+1", "007", "Line one\nline two"} <= names
    assert any(not name.isascii() for name in names)
    assert {video["state"] for video in videos} == {"ACTIVE", "INACTIVE", "PENDING"}
    assert all((video["state"] == "PENDING") == (not video["complete"]) for video in videos)
    assert any((video["reference_id"] or "").startswith("00") for video in videos)
    assert any(video["duration"] is None for video in videos)
    assert any(video["published_at"] is None for video in videos)
    assert any(video["tags"] == [] for video in videos)
    assert any(video["images"] == {} for video in videos)
    assert {video["created_by"]["type"] for video in videos} == {"user", "api_key", "internal"}
    assert any(v["created_by"]["type"] == "user" and "email" not in v["created_by"] for v in videos)
    assert any("analyst_team" in video["custom_fields"] for video in videos)
    assert any(video["schedule"] and video["schedule"]["ends_at"] is None for video in videos)
    assert max(len(video["name"]) for video in videos) <= 255
    references = [(v["account_id"], v["reference_id"]) for v in videos if v["reference_id"]]
    assert len(set(references)) == len(references)


def test_a_new_video_is_pending_first(world: World) -> None:
    catalogue = world.catalogue(INTERNET)
    position = int(catalogue.created.searchsorted(NOW.timestamp() * 1000))
    born = datetime.fromtimestamp(int(catalogue.created[position]) / 1000 + 60, UTC)
    video = next(v for v in world.videos(INTERNET, born) if v["id"] == catalogue.ids[position])
    assert (video["state"], video["complete"], video["duration"]) == ("PENDING", False, None)


def test_a_deleted_video_is_searchable_for_ten_days_and_its_views_stay(world: World) -> None:
    catalogue = world.catalogue(INTERNET)
    gone = int(catalogue.deleted[(catalogue.deleted > 0) & (catalogue.deleted < 1_780_000_000_000)].max())
    at, video = (
        datetime.fromtimestamp(gone / 1000, UTC),
        catalogue.ids[int((catalogue.deleted == gone).argmax())],
    )
    before, after = at - timedelta(seconds=1), at + timedelta(seconds=1)
    assert video in {v["id"] for v in world.videos(INTERNET, before)}
    assert video not in {v["id"] for v in world.videos(INTERNET, after)}
    assert video in {v["id"] for v in world.deleted(INTERNET, after)}
    assert video not in {v["id"] for v in world.deleted(INTERNET, at + timedelta(days=10, seconds=1))}
    past = at.date() - timedelta(days=60)
    assert world.day(INTERNET, past, after) == world.day(INTERNET, past, before)


def test_a_rename_changes_the_name_from_its_day_on(world: World) -> None:
    catalogue = world.catalogue(INTERNET)
    renames = catalogue.renamed[catalogue.renamed < NOW.timestamp() * 1000]
    position = int((catalogue.renamed == renames[0]).argmax())
    at = datetime.fromtimestamp(int(renames[0]) / 1000, UTC)
    names = [
        next(v["name"] for v in world.videos(INTERNET, at + step) if v["id"] == catalogue.ids[position])
        for step in (timedelta(seconds=-1), timedelta(seconds=1))
        if catalogue.deleted[position] > (at + step).timestamp() * 1000
    ]
    assert names[-1] == f"{names[0]} (new)"
