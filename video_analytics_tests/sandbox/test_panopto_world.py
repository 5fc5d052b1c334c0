import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from video_analytics.sandbox import PanoptoWorld
from video_analytics.sandbox.panopto.endpoints import FOLDERS_PAGE
from video_analytics.sandbox.panopto.events import EVENTS

NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
DAY = timedelta(days=1)
ANONYMOUS = "00000000-0000-0000-0000-000000000000"
FIELDS = {
    "SessionId", "UserId", "Time", "StartPosition", "SecondsViewed", "PlaybackSpeed",
    "StartReason", "StopReason",
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> PanoptoWorld:
    return PanoptoWorld(1, "tiny")


@pytest.fixture(scope="module")
def demo() -> PanoptoWorld:
    return PanoptoWorld(1, "demo")


@pytest.fixture(scope="module")
def full() -> PanoptoWorld:
    return PanoptoWorld(1, "full")


def depth(world: PanoptoWorld, folder: str, at: datetime) -> int:
    parents = {row["Id"]: row["ParentId"] for row in world.folders(at)}
    steps, current = 0, parents[folder]
    while current is not None:
        steps, current = steps + 1, parents[current]
    return steps


def key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record.values())


def test_the_same_seed_is_the_same_world_whatever_is_asked_first() -> None:
    one, other = PanoptoWorld(5, "tiny"), PanoptoWorld(5, "tiny")
    part = other.records(NOW, begin=NOW - 3 * DAY)
    assert one.records(NOW) == other.records(NOW)
    assert part == [record for record in one.records(NOW) if record["Time"] >= NOW - 3 * DAY]
    assert one.sessions(NOW) == other.sessions(NOW)
    assert PanoptoWorld(6, "tiny").records(NOW) != one.records(NOW)
    assert PanoptoWorld(6, "tiny").courses() != one.courses()


def test_an_unknown_size_is_named() -> None:
    with pytest.raises(ValueError, match="huge"):
        PanoptoWorld(1, "huge")


def test_tiny(tiny: PanoptoWorld) -> None:
    assert len(tiny.courses()) == 3
    assert len(tiny.folders(NOW)) == 12
    assert len(tiny.sessions(NOW)) == 14
    assert 600 < len(tiny.records(NOW)) < 1000
    assert 36 < len(tiny.records(NOW, begin=NOW - 10 * DAY)) < 120
    course = tiny.courses()[0][1]
    inside = {row["FolderId"] for row in tiny.sessions_of(course, NOW)}
    assert max(depth(tiny, folder, NOW) for folder in inside) == 7
    assert tiny.nested_course() not in tiny.courses()
    assert 1 <= depth(tiny, tiny.nested_course()[1], NOW) < 7
    assert tiny.sessions_of(tiny.nested_course()[1], NOW)


def test_demo(demo: PanoptoWorld) -> None:
    assert len(demo.courses()) == 7
    assert demo.courses()[-1] == demo.nested_course()
    assert 80 <= len(demo.sessions(NOW)) <= 100
    year = demo.records(NOW, begin=NOW - 365 * DAY)
    assert 34_000 < len(year) < 46_000
    assert 120 <= len({record["UserId"] for record in year}) <= 151
    wide = Counter(row["ParentId"] for row in demo.folders(NOW))
    assert max(wide.values()) > FOLDERS_PAGE


def test_full_is_quick_and_mostly_quiet(full: PanoptoWorld) -> None:
    began = time.perf_counter()
    sessions = full.sessions(NOW)
    week = full.records(NOW, begin=NOW - 7 * DAY)
    assert time.perf_counter() - began < 8
    assert len({key for _name, key in full.courses()}) == 51
    assert 2_800 < len(sessions) < 3_200
    assert min(row["StartTime"] for row in sessions) < "2011"
    busy = Counter(record["SessionId"] for record in week)
    assert 0.035 < len(busy) / len(sessions) < 0.07
    per_course = [
        sum(busy[row["Id"]] for row in full.sessions_of(course, NOW)) for _name, course in full.courses()[:50]
    ]
    assert sum(sorted(per_course)[-6:]) > 0.85 * len(week)


def test_every_year_from_2023_to_2027_has_records(demo: PanoptoWorld) -> None:
    late = datetime(2028, 1, 1, tzinfo=UTC)
    for year in range(2023, 2028):
        for month in (2, 8, 12):
            begin = datetime(year, month, 10, tzinfo=UTC)
            assert len(demo.records(late, begin=begin, end=begin + 3 * DAY)) > 5
    assert not demo.records(late + 300 * DAY, begin=late + DAY)


def test_names_are_odd(demo: PanoptoWorld, tiny: PanoptoWorld) -> None:
    names = [row["Name"] for row in demo.folders(NOW)]
    assert any(name.startswith("=") for name in names)
    assert any(len(name) == 200 for name in names)
    assert any(name.endswith(".") for name in names)
    for part in ('"', ",", "\n", "/", "\\", ":", "*", "[", "🎬", "\u200f", "<", "|"):
        assert any(part in name for name in names), part
    twins = Counter(name.lower() for name, _key in tiny.courses())
    assert 2 in twins.values()
    assert len({name for name, _key in tiny.courses()}) == 3
    assert any("\n" in row["Name"] for row in demo.sessions(NOW))


def test_durations_and_descriptions(tiny: PanoptoWorld, demo: PanoptoWorld) -> None:
    for world in (tiny, demo):
        durations = [row["Duration"] for row in world.sessions(NOW)]
        assert None in durations
        assert 0.0 in durations
        usual = [value for value in durations if value]
        assert all(2000 < value < 3400 for value in usual)
        assert any(value % 1 for value in usual)
        texts = [row["Description"] for row in world.sessions(NOW)]
        assert None in texts
        assert any(text and "\n" in text for text in texts)


def happenings(world: PanoptoWorld) -> Iterator[tuple[dict[str, Any], datetime, datetime]]:
    for event in world.events():
        yield event, event["at"] - timedelta(seconds=1), event["at"]


@pytest.mark.parametrize("size", ["tiny", "demo", "full"])
def test_events_happen_when_they_say(size: str) -> None:
    world = PanoptoWorld(2, size)
    assert len(world.events()) == len(EVENTS) == 17
    for event, before, after in happenings(world):
        folders = [{row["Id"]: row for row in world.folders(at)} for at in (before, after)]
        sessions = [{row["Id"]: row for row in world.sessions(at)} for at in (before, after)]
        found = [rows.get(event["id"]) for rows in (sessions if "session" in event["kind"] else folders)]
        field = {"session_edited": "Duration", "folder_renamed": "Name", "folder_moved": "ParentId"}
        told = [row and row[field.get(event["kind"], "FolderId")] for row in found]
        assert told == [event["before"], event["after"]], event
        assert before < event["at"] == after


def test_a_moved_session_takes_its_history_along(tiny: PanoptoWorld) -> None:
    event = next(row for row in tiny.events() if row["kind"] == "session_moved")
    old, new = tiny.courses()[0][1], tiny.courses()[1][1]
    before, after = event["at"] - DAY, event["at"] + DAY
    assert event["id"] in {row["Id"] for row in tiny.sessions_of(old, before)}
    assert event["id"] in {row["Id"] for row in tiny.sessions_of(new, after)}
    assert event["id"] not in {row["Id"] for row in tiny.sessions_of(old, after)}
    earlier = tiny.records(before, [event["id"]])
    assert earlier
    assert [record for record in tiny.records(after, [event["id"]]) if record in earlier] == earlier


def test_kinds_of_events_come_before_and_after_the_usual_now(tiny: PanoptoWorld) -> None:
    kinds = [{row["kind"] for row in tiny.events() if (row["at"] < NOW) is early} for early in (True, False)]
    assert kinds[0] == kinds[1]
    assert len(kinds[0]) == 7
    outside = {row["after"] for row in tiny.events() if row["kind"] == "session_moved_out"}
    courses = {key for _name, key in tiny.courses()}
    assert all(depth(tiny, folder, NOW) == 0 and folder not in courses for folder in outside)


def test_nothing_is_added_to_a_deleted_session(tiny: PanoptoWorld) -> None:
    event = next(row for row in tiny.events() if row["kind"] == "session_deleted")
    at_the_end = tiny.records(event["at"], [event["id"]])
    assert at_the_end
    assert tiny.records(event["at"] + 300 * DAY, [event["id"]]) == at_the_end
    assert event["id"] not in {row["Id"] for row in tiny.sessions(event["at"])}


def test_records_look_like_records(demo: PanoptoWorld) -> None:
    records = demo.records(NOW, begin=NOW - 30 * DAY)
    assert all(set(record) == FIELDS for record in records[:100])
    assert all(record["Time"].utcoffset() == timedelta() for record in records)
    assert [key(record) for record in records] == [
        key(record) for record in demo.records(NOW, begin=NOW - 30 * DAY)
    ]
    speeds = Counter(record["PlaybackSpeed"] for record in records)
    assert set(speeds) == {1.0, 1.25, 1.5, 2.0, None}
    assert {"Start", "Seek", "Resume", "NewSpeed"} < {record["StartReason"] for record in records}
    assert {"End", "Seek", "Pause", "SpeedChange", "PlayerClose"} < {r["StopReason"] for r in records}
    assert {record["Time"].microsecond % 1000 > 0 for record in records} == {True, False}
    assert any(record["Time"].microsecond == 0 for record in records)


def test_half_open_ranges_share_nothing_and_lose_nothing(demo: PanoptoWorld) -> None:
    days = [NOW.replace(hour=0) - back * DAY for back in range(20, -1, -1)]
    parts = [demo.records(NOW, begin=a, end=b) for a, b in pairwise(days)]
    whole = demo.records(NOW, begin=days[0], end=days[-1])
    assert [record for part in parts for record in part] == whole
    assert any(record["Time"] in days for record in whole)


@pytest.mark.parametrize("size", ["tiny", "demo"])
def test_dirt_of_every_kind_at_a_small_rate(size: str) -> None:
    world = PanoptoWorld(1, size)
    durations = {row["Id"]: row["Duration"] for row in world.sessions(NOW)}
    begin = None if size == "tiny" else NOW - 90 * DAY
    records = [record for record in world.records(NOW, begin=begin) if durations.get(record["SessionId"])]
    kinds = Counter[str]()
    for record in records:
        length, start, seconds = (
            durations[record["SessionId"]],
            record["StartPosition"],
            record["SecondsViewed"],
        )
        kinds["starts past the end"] += start > length
        kinds["ends past the end"] += start < length < start + seconds - 1
        kinds["nothing"] += seconds == 0
        kinds["negative"] += seconds < 0
        kinds["before the start"] += start < 0
        kinds["nobody"] += record["UserId"] == ANONYMOUS
        kinds["odd stop"] += record["StopReason"] == "Backgrounded"
        kinds["odd start"] += record["StartReason"] == "AutoPlay"
    kinds["twins"] = len(records) - len({key(record) for record in records})
    assert min(kinds.values()) > 0
    assert kinds["negative"] < 0.01 * len(records)
    assert sum(kinds.values()) < 0.2 * len(records)


def test_some_records_come_days_late(demo: PanoptoWorld, tiny: PanoptoWorld) -> None:
    begin, end = NOW - 12 * DAY, NOW - 6 * DAY
    seen = [len(demo.records(end + back * DAY, begin=begin, end=end)) for back in range(8)]
    assert seen == sorted(seen)
    assert seen[0] < seen[5]
    assert seen[6] == seen[7]
    late = [demo.records(at, begin=begin, end=end) for at in (end + DAY / 4, end + 7 * DAY)]
    assert 0.003 < 1 - len(late[0]) / len(late[1]) < 0.03
    assert len(tiny.records(NOW + 6 * DAY, end=NOW)) > len(tiny.records(NOW))


def test_a_true_twin_is_there_as_often_as_it_exists(demo: PanoptoWorld) -> None:
    counts = Counter(key(record) for record in demo.records(NOW, begin=NOW - 90 * DAY))
    assert {2, 3} <= set(counts.values()) <= {1, 2, 3}
