"""Drills of Panopto's collecting: nights in a row, something goes wrong, the lake equals the vendor's truth."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from video_analytics.clock import now
from video_analytics.errors import Incomplete, Refused, SettingsError
from video_analytics.http.calls import Call
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import collect, feed, plan
from video_analytics.panopto.listing import keep_sessions, list_course
from video_analytics.panopto.resources import Road
from video_analytics.panopto.tables import (
    FOLDERS,
    SESSION_VERSIONS,
    SESSIONS,
    VIEWING_ACTIVITY,
    VIEWING_HISTORY,
)
from video_analytics.sandbox import Sandbox
from video_analytics_tests.conftest import NOW, NewSandbox, TurnClock, days_until, snapshot
from video_analytics_tests.panopto.drill import (
    PEACE,
    Row,
    course_ids,
    lake_rows,
    night,
    panopto_settings,
    road_of,
    true_rows,
    truth_equals_lake,
)

Json = dict[str, Any]
MAY = dt.date(2026, 5, 1)  # where a drill of the standing course begins, to be quick
ONE_DAY = dt.timedelta(days=1)
COMM, BIOL, HIST = 0, 1, 2  # the three courses of the smallest world


def after(days: float) -> dt.datetime:
    return NOW + dt.timedelta(days=days)


def true_since(sandbox: Sandbox, sessions: Iterable[str], since: dt.date = MAY) -> Counter[Row]:
    """The vendor's records of some sessions, from a day on to the last one over."""
    rows = true_rows(sandbox, "", sessions=list(sessions))
    return Counter({row: number for row, number in rows.items() if row[2].date() >= since})


def equal_since(sandbox: Sandbox, lake: Lake, courses: Iterable[str], since: dt.date = MAY) -> int:
    """Assert that courses hold the vendor's records since a day; gives how many."""
    compared = 0
    for course_id in courses:
        here = [row["Id"] for row in sandbox.panopto.sessions_of(course_id, sandbox.now())]
        held, true = lake_rows(lake, course_id, here), true_since(sandbox, here, since)
        assert held == true, (course_id, held - true, true - held)
        compared += true.total()
    return compared


def event(sandbox: Sandbox, kind: str, month: int, day: int) -> Json:
    return next(
        row
        for row in sandbox.panopto.events()
        if row["kind"] == kind and row["at"].date() == dt.date(2026, month, day)
    )


def row_of(lake: Lake, course_id: str, session_id: str) -> Json:
    return next(row for row in plan.sessions_of(lake, course_id) if row["session_id"] == session_id)


def asked(sandbox: Sandbox, operation: str = "GetSessionExtendedDetailedUsage") -> list[str]:
    """Of what the vendor was asked, call by call."""
    return [str(entry["subject"]) for entry in sandbox.log() if entry["operation"] == operation]


def due(road: Road, course_id: str) -> list[dt.date]:
    return plan.due_days(road.lake, course_id, road.settings.panopto, now(), sweep=False)


def read(
    road: Road, course_id: str, days: Sequence[dt.date], *, again: bool = True
) -> list[collect.Outcome]:
    return list(collect.collect_days(road.soap, road.lake, course_id, days, again=again))


def keys_of(lake: Lake, course_id: str) -> Counter[tuple[Any, ...]]:
    """The key of each row, in every partition of a course."""
    found: Counter[tuple[Any, ...]] = Counter()
    for table in (VIEWING_ACTIVITY, VIEWING_HISTORY):
        for path in (lake.root / table.name / course_id).rglob("*.parquet"):
            key = str(path.relative_to(lake.root / table.name)).removesuffix(".parquet")
            rows = lake.read(table, key)
            assert rows is not None
            for row in rows.to_pylist():
                found[(key, *(value for name, value in row.items() if name != "course_id"))] += 1
    return found


# nothing goes wrong


def test_a_first_night_equals_the_truth(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    courses = course_ids(sandbox)
    with road_of(panopto_settings(sandbox, home)) as road:
        assert night(road, courses) == []
        assert truth_equals_lake(sandbox, road.lake, courses) > 600
        for course_id in courses:
            assert set(keys_of(road.lake, course_id).values()) == {1}
            days = list(road.lake.days(VIEWING_ACTIVITY, course_id))
            assert days == days_until(days[-1], len(days))
            assert days[-1] == NOW.date() - ONE_DAY
        assert not [path for path in road.lake.root.rglob("*") if path.suffix in {".tmp", ".json"}][3:]


def test_each_folder_is_listed_once(home: Path, new_sandbox: NewSandbox) -> None:
    """The first course is a chain of eight folders: the replaced scripts asked 626 times."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home)) as road:
        facts = list_course(road.rest, road.lake, course_id, NOW.date())
    below = set(sandbox.panopto.snapshot(NOW).below(course_id))
    assert facts["folders"] == len(below) == 8
    for operation in ("folders/{id}/children", "folders/{id}/sessions"):
        pages = Counter(
            (entry["subject"], entry["page"]) for entry in sandbox.log() if entry["operation"] == operation
        )
        assert {subject for subject, _ in pages} == below
        assert set(pages.values()) == {1}


def test_a_second_night_without_news_changes_no_byte(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    courses = course_ids(sandbox)
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, courses)
        before = snapshot(road.lake.root)
        sandbox.reset_log()
        assert night(road, courses) == []
        assert asked(sandbox) == []  # nobody has news, and the feed says so
        assert snapshot(road.lake.root) == before
        for course_id in courses:
            assert not any(outcome.facts["changed"] for outcome in read(road, course_id, due(road, course_id)))
        assert snapshot(road.lake.root) == before
        assert len(before) > 150


# trouble that passes

TROUBLE: dict[str, tuple[Json, Json]] = {
    # what the vendor does, and settings besides
    "within the limits": ({"rate_scale": 5}, {"calls_per_second": 25, "calls_per_minute": 500}),
    "beyond the limits": (
        {"rate_scale": 6},
        {"parallel_sessions": 16, "attempts": 20, "max_wait_seconds": 0.4},
    ),
    "storm": (PEACE | {"storm": {"requests": 15, "retry_after": "1e9"}}, {"attempts": 20}),
    "unauthorised": (PEACE | {"unauthorised_every": 7}, {}),
    "flaky": (PEACE | {"flaky": 0.1}, {"attempts": 12}),
    "soap faults": (PEACE | {"soap_faults": 0.1}, {"attempts": 12}),
    "empty pages with a total": (PEACE | {"empty_page_with_total": 6}, {"page_size": 7}),
    "totals that grow": (PEACE | {"late_totals": True}, {"page_size": 10}),
    "no order": (PEACE | {"unstable_order": True}, {"page_size": 7}),
    "all three": (
        PEACE | {"unstable_order": True, "late_totals": True, "empty_page_with_total": 3},
        {"page_size": 10},
    ),
    "no pages": (PEACE | {"empty_pages_as": "missing"}, {}),
    "nil pages": (PEACE | {"empty_pages_as": "nil"}, {}),
    "one at a time": (PEACE, {"page_size": 1, "parallel_sessions": 1}),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_that_passes(home: Path, new_sandbox: NewSandbox, trouble: str) -> None:
    scenario, overrides = TROUBLE[trouble]
    sandbox = new_sandbox(scenario)
    courses = course_ids(sandbox)[:1]
    with road_of(panopto_settings(sandbox, home, **overrides)) as road:
        assert night(road, courses) == []
        assert truth_equals_lake(sandbox, road.lake, courses) > 200
        assert set(keys_of(road.lake, courses[0]).values()) == {1}
        refused = sum(entry["status"] == 429 for entry in sandbox.log())
        assert (refused > 0) == (trouble in {"beyond the limits", "storm"})
        assert not list(road.lake.root.rglob("*.failed.json"))


@pytest.mark.parametrize("way", ["password", "token"])
def test_tokens_and_cookies_that_die(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, way: str
) -> None:
    sandbox = new_sandbox(PEACE | {"token_seconds": 2, "cookie_seconds": 2})
    courses = course_ids(sandbox)[:1]
    settings = panopto_settings(sandbox, home)
    if way == "token":
        bare = settings.panopto.model_copy(update={"username": None, "password": None})
        settings = settings.model_copy(update={"panopto": bare})
    with road_of(settings) as road:
        assert night(road, courses) == []
        time.sleep(2.1)
        turn_clock(sandbox, after(2))
        assert night(road, courses) == []
        assert truth_equals_lake(sandbox, road.lake, courses) > 200
        assert {row["denied_on"] for row in plan.sessions_of(road.lake, courses[0])} == {None}
    tokens = [entry for entry in sandbox.log() if entry["operation"] == "connect/token"]
    assert len(tokens) >= 2


# time passes


def test_a_session_that_moves_brings_its_history(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox(PEACE)
    moved = event(sandbox, "session_moved", 6, 17)["id"]
    courses = [course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, courses)
        before = lake_rows(road.lake, courses[0], [moved])
        assert before.total() > 10
        turn_clock(sandbox, after(3))
        assert night(road, courses) == []
        assert equal_since(sandbox, road.lake, courses) > 200
        assert lake_rows(road.lake, courses[0], [moved]) == before
        assert row_of(road.lake, courses[0], moved)["left_on"] == dt.date(2026, 6, 18)
        assert row_of(road.lake, courses[1], moved)["left_on"] is None
        assert lake_rows(road.lake, courses[1], [moved]) > before


def test_a_session_that_comes_back_is_read_anew(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    """It was watched while it was away."""
    sandbox = new_sandbox(PEACE, now=dt.datetime(2026, 6, 1, 6, tzinfo=dt.UTC))
    course_id = course_ids(sandbox)[COMM]
    back = event(sandbox, "session_moved", 9, 15)["id"]
    with road_of(panopto_settings(sandbox, home)) as road:
        night(road, [course_id])
        for instant in (after(0), dt.datetime(2026, 9, 15, 20, tzinfo=dt.UTC)):
            gone = row_of(road.lake, course_id, back)["left_on"]
            turn_clock(sandbox, instant)
            assert night(road, [course_id]) == []
        assert gone == NOW.date()
        assert row_of(road.lake, course_id, back)["left_on"] is None
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 300


@pytest.mark.parametrize(
    ("kind", "day", "course"),
    [("session_moved_out", 19, COMM), ("session_deleted", 22, BIOL)],
)
def test_a_session_that_is_gone_keeps_its_records(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, kind: str, day: int, course: int
) -> None:
    sandbox = new_sandbox(PEACE)
    gone, course_id = event(sandbox, kind, 6, day)["id"], course_ids(sandbox)[course]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        before = lake_rows(road.lake, course_id, [gone])
        turn_clock(sandbox, after(day + 1 - 15))
        assert night(road, [course_id]) == []
        assert equal_since(sandbox, road.lake, [course_id]) > 0
        assert lake_rows(road.lake, course_id, [gone]) == before
        assert row_of(road.lake, course_id, gone)["left_on"] == dt.date(2026, 6, day + 1)
        versions = road.lake.read(SESSION_VERSIONS, course_id)
        assert versions is not None
        closed = [row["valid_to"] for row in versions.to_pylist() if row["session_id"] == gone]
        assert closed == [dt.date(2026, 6, day + 1)]


def test_a_renamed_folder_moves_no_record(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox(PEACE)
    renamed, course_id = event(sandbox, "folder_renamed", 6, 18), course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home)) as road:
        night(road, [course_id])
        files = set(snapshot(road.lake.root))
        turn_clock(sandbox, after(3.5))
        assert night(road, [course_id]) == []
        assert files <= set(snapshot(road.lake.root))
        folders = road.lake.read(FOLDERS, course_id)
        assert folders is not None
        names = {row["folder_id"]: row["name"] for row in folders.to_pylist()}
        assert names[renamed["id"]] == renamed["after"]
        shown = {
            row["folder_name"]
            for row in plan.sessions_of(road.lake, course_id)
            if row["folder_id"] == renamed["id"]
        }
        assert shown == {renamed["after"]}
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 200


def test_a_folder_that_moves_takes_its_sessions_along(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]]
    talks = event(sandbox, "folder_moved", 6, 20)["id"]
    inside = [row["Id"] for row in sandbox.panopto.sessions_of(talks, NOW)]
    assert inside
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, courses)
        turn_clock(sandbox, after(6))
        assert night(road, courses) == []
        assert equal_since(sandbox, road.lake, courses) > 200
        for session in inside:
            assert row_of(road.lake, courses[1], session)["left_on"] == dt.date(2026, 6, 21)
            assert row_of(road.lake, courses[0], session)["left_on"] is None


def test_a_course_taken_out_of_the_list_keeps_its_data(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox(PEACE)
    kept, dropped = course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [kept, dropped])
        before = {name: held for name, held in snapshot(road.lake.root).items() if dropped in name}
        turn_clock(sandbox, after(3))
        assert night(road, [kept]) == []
        files = snapshot(road.lake.root)
        assert {name: files[name] for name in before} == before
        assert equal_since(sandbox, road.lake, [kept]) > 200


LATE_DAYS = 10


@pytest.mark.parametrize("summaries", ["direct", "recursive", "lagging", "wrong", "refused"])
def test_ten_days_of_late_records_and_new_sessions(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, summaries: str
) -> None:
    """Records come up to five days late; sessions come and go. Every night the lake is the vendor's."""
    sandbox = new_sandbox(PEACE | {"summaries": summaries})
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home)) as road:
        for number in range(LATE_DAYS + 1):
            turn_clock(sandbox, after(number))
            assert night(road, [course_id]) == []
            assert truth_equals_lake(sandbox, road.lake, [course_id]) > 200
        trusted = feed.is_trusted(road.lake, course_id)
    assert trusted == (summaries in {"direct", "recursive"})
    late = sandbox.panopto.records(after(0), end=NOW.replace(hour=0))
    now_known = sandbox.panopto.records(after(LATE_DAYS), end=NOW.replace(hour=0))
    assert len(now_known) > len(late)  # there were some
    created = [row for row in sandbox.panopto.events() if row["kind"] == "session_created"]
    assert sum(after(0) < row["at"] < after(LATE_DAYS) for row in created) == 1
