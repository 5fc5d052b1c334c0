"""The change feed: believed once it has proved right, never when it was wrong, and what it saves."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.errors import Incomplete, TooSlow, Unauthorized, Unavailable
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import feed, plan
from video_analytics.panopto.feed import AGREES, DIFFERS, SILENT, State, Told
from video_analytics.panopto.resources import Road
from video_analytics.panopto.tables import VIEWING_ACTIVITY
from video_analytics.sandbox import Sandbox
from video_analytics_tests.conftest import NOW, NewSandbox, TurnClock, days_until
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
from video_analytics_tests.panopto.small_lake import BIOLOGY, LECTURES, ZOOLOGY, session

MAY = dt.date(2026, 5, 1)
YESTERDAY = NOW.date() - dt.timedelta(days=1)
DAYS = days_until(YESTERDAY, 2)
A, B, C = LECTURES[:3]
COMM, HIST = 0, 2


def told(minutes: dict[tuple[str, int], float], *, refused: bool = False) -> Told:
    """A course with one session in its own folder, and one in a folder below; days by number."""
    return Told(
        DAYS,
        {BIOLOGY: [A], ZOOLOGY: [B]},
        {BIOLOGY: frozenset({A, B}), ZOOLOGY: frozenset({B})},
        {(folder, DAYS[day]): value for (folder, day), value in minutes.items()},
        refused,
    )


def by_day(minutes: dict[tuple[str, int], float]) -> dict[tuple[str, dt.date], float]:
    return {(session_id, DAYS[day]): value for (session_id, day), value in minutes.items()}


HELD = by_day({(A, 0): 3.0, (B, 0): 2.0, (B, 1): 1.0})


@pytest.mark.parametrize(
    ("minutes", "own", "below"),
    [
        ({(BIOLOGY, 0): 3.0, (ZOOLOGY, 0): 2.0, (ZOOLOGY, 1): 1.0}, True, True),  # each folder by itself
        (
            {(BIOLOGY, 0): 5.0, (BIOLOGY, 1): 1.0, (ZOOLOGY, 0): 2.0, (ZOOLOGY, 1): 1.0},
            True,
            True,
        ),  # with all
        ({(BIOLOGY, 0): 5.0, (ZOOLOGY, 0): 2.0, (ZOOLOGY, 1): 1.0}, False, True),  # neither
        ({(BIOLOGY, 0): 3.0, (ZOOLOGY, 0): 2.0}, True, False),  # a day is lacking
        ({(BIOLOGY, 0): 3.009, (ZOOLOGY, 0): 2.0, (ZOOLOGY, 1): 1.0}, True, True),  # rounded
        ({(BIOLOGY, 0): 3.02, (ZOOLOGY, 0): 2.0, (ZOOLOGY, 1): 1.0}, False, True),
        ({(BIOLOGY, 0): 3.0, (BIOLOGY, 1): 0.5}, False, False),
        ({}, False, False),
    ],
)
def test_a_folder_agrees_with_what_is_held(
    minutes: dict[tuple[str, int], float], own: bool, below: bool
) -> None:
    said = told(minutes)
    assert (said.agrees(BIOLOGY, HELD), said.agrees(ZOOLOGY, HELD)) == (own, below)
    assert said.verdict(HELD, proved=True) == (AGREES if own and below else DIFFERS)
    assert said.verdict(HELD, proved=False) == (SILENT if own and below else DIFFERS)
    assert told(minutes, refused=True).verdict(HELD, proved=True) == DIFFERS


@given(st.dictionaries(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 1)), st.floats(0, 1e5)))
def test_sums_of_what_is_held_agree(minutes: dict[tuple[str, int], float]) -> None:
    """Also when they are large, and whichever way they are added; sessions of other folders count nothing."""
    held = by_day(minutes)
    own, all_of_it = ({A}, {A, B})
    for members in (own, all_of_it):
        sums: Counter[tuple[str, int]] = Counter()
        for (session_id, day), value in reversed(list(minutes.items())):
            if session_id in members:
                sums[BIOLOGY, day] += value  # type: ignore[assignment]
        assert told(dict(sums)).agrees(BIOLOGY, held)
        more = dict(sums) | {(BIOLOGY, 0): sums[BIOLOGY, 0] + 1e5 + 1}
        assert not told(more).agrees(BIOLOGY, held)


def test_the_youngest_are_asked_first_and_circles_end() -> None:
    sessions = [
        session(A, start_time="2026-01-01"),
        session(B, start_time="2026-02-01"),
        session(C, start_time="2025-01-01"),
        session(LECTURES[3], start_time=None, folder_id=ZOOLOGY),
    ]
    order = feed._by_folder(sessions)
    assert order == {BIOLOGY: [B, A, C], ZOOLOGY: [LECTURES[3]]}
    assert list(order) == [BIOLOGY, ZOOLOGY]  # as they are walked
    below = feed._below(sessions, {ZOOLOGY: BIOLOGY, BIOLOGY: ZOOLOGY})
    assert set(below) == {BIOLOGY, ZOOLOGY}
    assert all(members == {A, B, C, LECTURES[3]} for members in below.values())


# trust


@pytest.mark.parametrize(
    ("own", "other", "trusted"),
    [
        (AGREES, None, True),
        (SILENT, None, False),
        (SILENT, AGREES, True),
        (DIFFERS, AGREES, False),
        (None, AGREES, False),
        (SILENT, DIFFERS, False),
        (None, None, False),
    ],
)
def test_whom_to_trust(tmp_path: Path, own: str | None, other: str | None, trusted: bool) -> None:
    lake = Lake(tmp_path)
    for course_id, verdict in ((BIOLOGY, own), (ZOOLOGY, other)):
        if verdict:
            feed.remember(lake, course_id, YESTERDAY, verdict)
    assert feed.is_trusted(lake, BIOLOGY) == trusted
    feed.distrust(lake, BIOLOGY)
    assert not feed.is_trusted(lake, BIOLOGY)
    assert feed.state(lake, BIOLOGY) == (State(YESTERDAY, DIFFERS) if own else None)


def test_a_sweep_comes_round(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert feed.is_sweep_due(lake, BIOLOGY, YESTERDAY, 7)
    feed.remember(lake, BIOLOGY, YESTERDAY, AGREES)
    due = [feed.is_sweep_due(lake, BIOLOGY, YESTERDAY + dt.timedelta(days=n), 7) for n in (0, 6, 7, 9)]
    assert due == [False, False, True, True]


@pytest.mark.parametrize(
    "memory", [b"", b"{", b"null", b"[]", b"{}", b'{"swept_on": 7, "verdict": "agrees"}', b"\xff"]
)
def test_a_damaged_memory_is_none(tmp_path: Path, memory: bytes) -> None:
    lake = Lake(tmp_path)
    feed.remember(lake, ZOOLOGY, YESTERDAY, AGREES)
    (tmp_path / feed.FOLDER / f"{BIOLOGY}.json").write_bytes(memory)
    assert feed.state(lake, BIOLOGY) is None
    assert not feed.is_trusted(lake, BIOLOGY)
    assert feed.is_sweep_due(lake, BIOLOGY, YESTERDAY, 7)
    feed.remember(lake, BIOLOGY, YESTERDAY, SILENT)
    assert feed.is_trusted(lake, BIOLOGY)


def test_a_damaged_memory_is_learnt_again(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        (road.lake.root / feed.FOLDER / f"{course_id}.json").write_bytes(b"{")
        assert night(road, [course_id]) == []
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 100
        assert feed.state(road.lake, course_id) == State(YESTERDAY, AGREES)


# nights


def asked(sandbox: Sandbox) -> list[str]:
    return [
        str(entry["subject"])
        for entry in sandbox.log()
        if entry["operation"] == "GetSessionExtendedDetailedUsage"
    ]


def open_sessions(road: Road, course_id: str) -> set[str]:
    return {row["session_id"] for row in plan.present(plan.sessions_of(road.lake, course_id))}


def test_a_quiet_night_asks_folders_alone(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, courses)
        assert feed.state(road.lake, courses[0]) == State(YESTERDAY, AGREES)
        assert all(feed.is_trusted(road.lake, course_id) for course_id in courses)
        sandbox.reset_log()
        assert night(road, courses) == []
        held = [row for each in courses for row in plan.present(plan.sessions_of(road.lake, each))]
        calls = Counter(entry["operation"] for entry in sandbox.log() if entry["kind"] == "soap")
        assert calls == {"GetFolderSummaryUsage": len({row["folder_id"] for row in held})}


def test_a_night_with_news_asks_where_they_are(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    """Only in folders whose records have changed, and there until the news are found."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        before = true_rows(sandbox, course_id)
        turn_clock(sandbox, NOW + dt.timedelta(days=1))
        sandbox.reset_log()
        assert night(road, [course_id]) == []
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 100
        news = {row[0] for row in true_rows(sandbox, course_id) - before}
        folders = {row["session_id"]: row["folder_id"] for row in plan.sessions_of(road.lake, course_id)}
    assert 0 < len(news) < len(folders)
    assert news <= set(asked(sandbox))
    assert {folders[name] for name in asked(sandbox)} == {folders[name] for name in news}
    assert len(asked(sandbox)) == len(set(asked(sandbox)))


@pytest.mark.parametrize("summaries", ["lagging", "wrong", "refused"])
def test_a_feed_that_is_not_right_is_not_believed(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, summaries: str
) -> None:
    sandbox = new_sandbox(PEACE | {"summaries": summaries})
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        for number in range(3):
            turn_clock(sandbox, NOW + dt.timedelta(days=number))
            sandbox.reset_log()
            assert night(road, [course_id]) == []
            assert set(asked(sandbox)) == open_sessions(road, course_id)
            assert not feed.is_trusted(road.lake, course_id)
            assert truth_equals_lake(sandbox, road.lake, [course_id]) > 100


def test_without_the_feed_everybody_is_asked(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY, change_feed=False)) as road:
        for _ in range(2):
            sandbox.reset_log()
            assert night(road, [course_id]) == []
            assert sorted(asked(sandbox)) == sorted(open_sessions(road, course_id))
            assert "GetFolderSummaryUsage" not in {entry["operation"] for entry in sandbox.log()}
        assert not (road.lake.root / feed.FOLDER).exists()


def late(road: Road, sandbox: Sandbox, course_id: str, wanted: Callable[[Row], bool]) -> Row:
    """Take a record of the trailing days out of the lake, as if it came late."""
    true = true_rows(sandbox, course_id)
    week = plan.trailing(road.settings.panopto, NOW)
    row = max(row for row in true if row[2].date() in week and wanted(row))
    key = day_key(course_id, row[2].date())
    table, facts = road.lake.read(VIEWING_ACTIVITY, key), road.lake.facts(VIEWING_ACTIVITY, key)
    assert table is not None
    kept = [
        each for each in table.to_pylist() if (each["session_id"], each["time"], each["start_position"]) !=
        (row[0], row[2], row[3])
    ]  # fmt: skip
    road.lake.write(VIEWING_ACTIVITY, key, table.from_pylist(kept, table.schema), facts or {})
    assert true - lake_rows(road.lake, course_id)
    return row


def test_a_sweep_brings_what_summaries_cannot_tell(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    """A stretch of no length adds no minutes; the sweep finds it, though it left the trailing days."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        row = late(road, sandbox, course_id, lambda row: row[4] == 0)
        session_id = row[0]
        for number in range(1, 8):
            turn_clock(sandbox, NOW + dt.timedelta(days=number))
            swept = feed.is_sweep_due(road.lake, course_id, sandbox.now().date() - dt.timedelta(days=1), 7)
            sandbox.reset_log()
            assert night(road, [course_id]) == []
            assert swept == (number == 7)
        assert set(asked(sandbox)) == open_sessions(road, course_id)
        here = [session_id] if session_id in open_sessions(road, course_id) else []
        assert here
        assert lake_rows(road.lake, course_id, here)[row] == 1


def test_news_of_minutes_are_found_at_once(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        row = late(road, sandbox, course_id, lambda row: row[4] > 1)
        sandbox.reset_log()
        assert night(road, [course_id]) == []
        assert row[0] in asked(sandbox)
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 100
        assert feed.is_trusted(road.lake, course_id)


@pytest.mark.parametrize("error", [Unavailable, TooSlow, Incomplete, None])
def test_a_feed_that_stops_answering_costs_only_calls(
    home: Path,
    new_sandbox: NewSandbox,
    turn_clock: TurnClock,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception] | None,
) -> None:
    """It was trusted; whatever it says now, everybody is asked, and the next sweep comes when it was due."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[HIST]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id, course_ids(sandbox)[COMM]])
        before = feed.state(road.lake, course_id)
        assert before is not None
        assert feed.is_trusted(road.lake, course_id)

        def fail(*_words: object) -> Any:
            raise (error or AssertionError)("no summary")

        if error is None:
            sandbox.set_scenario(PEACE | {"summaries": "refused"})
        else:
            monkeypatch.setattr(road.soap, "folder_usage", fail)
        turn_clock(sandbox, NOW + dt.timedelta(days=1))
        sandbox.reset_log()
        assert night(road, [course_id]) == []
        assert set(asked(sandbox)) == open_sessions(road, course_id)
        assert feed.state(road.lake, course_id) == State(before.swept_on, DIFFERS)


def test_wrong_credentials_are_no_matter_of_the_feed(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        turn_clock(sandbox, NOW + dt.timedelta(days=1))

        def fail(*_words: object) -> Any:
            raise Unauthorized("false")

        monkeypatch.setattr(road.soap, "folder_usage", fail)
        sandbox.reset_log()
        with pytest.raises(Unauthorized):
            night(road, [course_id])
        assert asked(sandbox) == []
        assert feed.is_trusted(road.lake, course_id)
