"""Drills of collecting: nights in a row, something goes wrong, and the lake equals the vendor's truth."""

import datetime as dt
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from video_analytics.clock import VARIABLE, now
from video_analytics.errors import Incomplete, Refused
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import collect, feed, plan
from video_analytics.panopto.course import Outcome
from video_analytics.panopto.listing import keep_sessions, list_course
from video_analytics.panopto.resources import Road
from video_analytics.panopto.soap import DENIED, Soap
from video_analytics.panopto.tables import (
    FOLDERS,
    SESSION_VERSIONS,
    SESSIONS,
    VIEWING_ACTIVITY,
    VIEWING_HISTORY,
)
from video_analytics.panopto.usage import Record
from video_analytics.panopto.years import collect_years
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
from video_analytics_tests.panopto.small_lake import ANN, BOB

Json = dict[str, Any]
FirstNight = Callable[[Road, Iterable[str]], None]
MAY = dt.date(2026, 5, 1)  # where a drill of the standing course begins, to be quick
ONE_DAY = dt.timedelta(days=1)
COMM, BIOL, HIST = 0, 1, 2  # the three courses of the smallest world


@pytest.fixture(scope="module")
def lake_since_may(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first night of all courses leaves, at NOW."""
    home = tmp_path_factory.mktemp("first-night")
    with pytest.MonkeyPatch.context() as patch, Sandbox(size="tiny", scenario=PEACE, now=NOW) as sandbox:
        patch.setenv(VARIABLE, NOW.isoformat())
        with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
            assert night(road, course_ids(sandbox)) == []
            return road.lake.root


@pytest.fixture
def first_night(lake_since_may: Path) -> FirstNight:
    """`first_night(road, courses)`: as if they had been read at NOW; it is copied, and costs no time."""

    def copy(road: Road, courses: Iterable[str]) -> None:
        others = {path.stem for path in (lake_since_may / SESSIONS.name).iterdir()} - set(courses)

        def foreign(_folder: str, names: list[str]) -> list[str]:
            return [name for name in names if any(name.startswith(other) for other in others)]

        shutil.copytree(lake_since_may, road.lake.root, ignore=foreign, dirs_exist_ok=True)
        assert all(list(road.lake.days(VIEWING_ACTIVITY, course_id)) for course_id in courses)

    return copy


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


def read(road: Road, course_id: str, days: Sequence[dt.date], *, again: bool = True) -> list[Outcome]:
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
    courses = [course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]]
    with road_of(panopto_settings(sandbox, home)) as road:
        assert night(road, courses) == []
        assert truth_equals_lake(sandbox, road.lake, courses) > 300
        for course_id in courses:
            assert set(keys_of(road.lake, course_id).values()) == {1}
            days = list(road.lake.days(VIEWING_ACTIVITY, course_id))
            assert days == days_until(days[-1], len(days))
            assert days[-1] == NOW.date() - ONE_DAY
        assert not [*road.lake.root.rglob("*.tmp"), *road.lake.root.rglob("*.failed.json")]


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
            assert not any(
                outcome.facts["changed"] for outcome in read(road, course_id, due(road, course_id))
            )
        assert snapshot(road.lake.root) == before
        assert len(before) > 120


# trouble that passes

TROUBLE: dict[str, tuple[Json, Json]] = {
    # what the vendor does, and settings besides
    "within the limits": ({"rate_scale": 5}, {"calls_per_second": 25, "calls_per_minute": 500}),
    "beyond the limits": (
        {"rate_scale": 2},
        {"parallel_sessions": 16, "attempts": 20, "max_wait_seconds": 0.4},
    ),
    "storm": (PEACE | {"storm": {"requests": 15, "retry_after": "1e9"}}, {"attempts": 20}),
    "unauthorised": (PEACE | {"unauthorised_every": 7}, {}),
    "flaky": (PEACE | {"flaky": 0.1}, {"attempts": 12}),
    "soap faults": (PEACE | {"soap_faults": 0.1}, {"attempts": 12}),
    "empty pages with a total": (PEACE | {"empty_page_with_total": 6}, {"page_size": 7}),
    "totals that grow": (PEACE | {"late_totals": True}, {"page_size": 20}),
    "no order": (PEACE | {"unstable_order": True}, {"page_size": 20}),
    "all three": (
        PEACE | {"unstable_order": True, "late_totals": True, "empty_page_with_total": 3},
        {"page_size": 20},
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
        assert truth_equals_lake(sandbox, road.lake, courses) > 100
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
        assert truth_equals_lake(sandbox, road.lake, courses) > 100
        assert {row["denied_on"] for row in plan.sessions_of(road.lake, courses[0])} == {None}
    tokens = [entry for entry in sandbox.log() if entry["operation"] == "connect/token"]
    assert len(tokens) >= 2


@pytest.mark.parametrize("stable", [True, False])
def test_pages_in_no_order_never_pass_for_twins(monkeypatch: pytest.MonkeyPatch, stable: bool) -> None:
    """A record shown twice and another left out look like twins, also in a second reading."""
    chance, asks = random.Random(5), 0
    start, size = NOW - 7 * ONE_DAY, 7
    seconds = [dt.timedelta(seconds=30 * number) for number in (0, 0, *range(8))]  # with a true twin

    def pages(_soap: Soap, _name: str, begin: dt.datetime, end: dt.datetime) -> list[list[Record]]:
        nonlocal asks
        asks += 1
        inside = [record for record in vendor if begin <= record.time <= end]
        shuffled = [
            inside if stable else chance.sample(inside, len(inside)) for _ in range(0, len(inside), size)
        ]
        return [page[number * size :][:size] for number, page in enumerate(shuffled)] or [[]]

    monkeypatch.setattr(Soap, "_pages", pages)
    for round_number in range(200):
        vendor = [Record(ANN, BOB, start + at, 0.0, 1.0, None, None, None) for at in seconds]
        chance.shuffle(vendor)
        found = Soap.__new__(Soap).records(ANN, start, start + dt.timedelta(hours=1))
        assert Counter(found) == Counter(vendor), round_number
    assert asks <= 400 or not stable  # a second look at most


# time passes


def test_a_session_that_moves_brings_its_history(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, first_night: FirstNight
) -> None:
    sandbox = new_sandbox(PEACE)
    moved = event(sandbox, "session_moved", 6, 17)["id"]
    courses = [course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, courses)
        before = lake_rows(road.lake, courses[0], [moved])
        assert before.total() > 10
        turn_clock(sandbox, after(3))
        assert night(road, courses) == []
        assert equal_since(sandbox, road.lake, courses) > 100
        assert lake_rows(road.lake, courses[0], [moved]) == before
        assert row_of(road.lake, courses[0], moved)["left_on"] == dt.date(2026, 6, 18)
        assert row_of(road.lake, courses[1], moved)["left_on"] is None
        assert lake_rows(road.lake, courses[1], [moved]) >= before


def test_a_session_that_comes_back_is_read_anew(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    """It was watched while it was away."""
    sandbox = new_sandbox(PEACE, now=dt.datetime(2026, 6, 1, 6, tzinfo=dt.UTC))
    course_id = course_ids(sandbox)[COMM]
    back = event(sandbox, "session_moved", 9, 15)["id"]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        for instant in (after(0), dt.datetime(2026, 9, 15, 20, tzinfo=dt.UTC)):
            gone = row_of(road.lake, course_id, back)["left_on"]
            turn_clock(sandbox, instant)
            assert night(road, [course_id]) == []
        assert gone == NOW.date()
        assert row_of(road.lake, course_id, back)["left_on"] is None
        assert equal_since(sandbox, road.lake, [course_id]) > 100


@pytest.mark.parametrize(
    ("kind", "day", "course"),
    [("session_moved_out", 19, COMM), ("session_deleted", 22, BIOL)],
)
def test_a_session_that_is_gone_keeps_its_records(
    home: Path,
    new_sandbox: NewSandbox,
    turn_clock: TurnClock,
    kind: str,
    day: int,
    course: int,
    first_night: FirstNight,
) -> None:
    sandbox = new_sandbox(PEACE)
    gone, course_id = event(sandbox, kind, 6, day)["id"], course_ids(sandbox)[course]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, [course_id])
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


def test_a_renamed_folder_moves_no_record(home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock) -> None:
    sandbox = new_sandbox(PEACE, now=dt.datetime(2026, 5, 26, 6, tzinfo=dt.UTC))
    renamed, course_id = event(sandbox, "folder_renamed", 5, 26), course_ids(sandbox)[BIOL]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        night(road, [course_id])
        files = set(snapshot(road.lake.root))
        turn_clock(sandbox, dt.datetime(2026, 5, 27, 6, tzinfo=dt.UTC))
        assert night(road, [course_id]) == []
        assert files <= set(snapshot(road.lake.root))
        folders = road.lake.read(FOLDERS, course_id)
        assert folders is not None
        names = {row["folder_id"]: row["name"] for row in folders.to_pylist()}
        assert names[renamed["id"]] == renamed["after"]
        rows = plan.present(plan.sessions_of(road.lake, course_id))
        assert {row["course_name"] for row in rows} == {renamed["after"]}
        shown = {row["folder_name"] for row in rows if row["folder_id"] == renamed["id"]}
        assert shown == {renamed["after"]}
        assert equal_since(sandbox, road.lake, [course_id]) > 0


def test_a_folder_that_moves_takes_its_sessions_along(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, first_night: FirstNight
) -> None:
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]]
    talks = event(sandbox, "folder_moved", 6, 20)["id"]
    inside = [row["Id"] for row in sandbox.panopto.sessions_of(talks, NOW)]
    assert inside
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, courses)
        turn_clock(sandbox, after(6))
        assert night(road, courses) == []
        assert equal_since(sandbox, road.lake, courses) > 100
        for session in inside:
            assert row_of(road.lake, courses[1], session)["left_on"] == dt.date(2026, 6, 21)
            assert row_of(road.lake, courses[0], session)["left_on"] is None


def test_a_course_taken_out_of_the_list_keeps_its_data(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, first_night: FirstNight
) -> None:
    sandbox = new_sandbox(PEACE)
    kept, dropped = course_ids(sandbox)[COMM], course_ids(sandbox)[HIST]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, [kept, dropped])
        before = {name: held for name, held in snapshot(road.lake.root).items() if dropped in name}
        turn_clock(sandbox, after(3))
        assert night(road, [kept]) == []
        files = snapshot(road.lake.root)
        assert {name: files[name] for name in before} == before
        assert equal_since(sandbox, road.lake, [kept]) > 100


LATE_DAYS = 10


@pytest.mark.parametrize(
    "summaries",
    [
        "direct",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in ("recursive", "lagging", "wrong", "refused")
        ),
    ],
)
def test_ten_days_of_late_records_and_new_sessions(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, summaries: str
) -> None:
    """Records come up to five days late; sessions come and go. Every night the lake is the vendor's."""
    sandbox = new_sandbox(PEACE | {"summaries": summaries})
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        for number in range(LATE_DAYS + 1):
            turn_clock(sandbox, after(number))
            assert night(road, [course_id]) == []
            assert equal_since(sandbox, road.lake, [course_id]) > 100
        trusted = feed.is_trusted(road.lake, course_id)
    assert trusted == (summaries in {"direct", "recursive"})
    late = sandbox.panopto.records(after(0), end=NOW.replace(hour=0))
    now_known = sandbox.panopto.records(after(LATE_DAYS), end=NOW.replace(hour=0))
    assert len(now_known) > len(late)  # there were some
    created = [row for row in sandbox.panopto.events() if row["kind"] == "session_created"]
    assert sum(after(0) < row["at"] < after(LATE_DAYS) for row in created) == 1


def test_a_platform_that_slept_reads_what_came_late(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, first_night: FirstNight
) -> None:
    """The last days before the pause were read when they were young: they are read again."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, [course_id])
        turn_clock(sandbox, after(40))
        assert night(road, [course_id]) == []
        assert equal_since(sandbox, road.lake, [course_id]) > 100


# trouble that stays


def test_a_denied_subfolder_holds_up_nothing(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, first_night: FirstNight
) -> None:
    """What lies behind the door stays as it was, is named, and is whole when it opens, however late."""
    sandbox = new_sandbox(PEACE)
    course_id, (name, nested) = course_ids(sandbox)[COMM], sandbox.panopto.nested_course()
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, [course_id])
        inside = [row["Id"] for row in sandbox.panopto.sessions_of(nested, NOW)]
        before = lake_rows(road.lake, course_id, inside)
        sandbox.set_scenario(PEACE | {"denied_folders": [nested]})
        for number in (1, 2, 19):
            turn_clock(sandbox, after(number))
            assert night(road, [course_id]) == []
            facts = road.lake.facts(SESSIONS, course_id)
            assert facts is not None
            assert [path for path in facts["denied_folders"] if path.endswith(name)]
            here = [row["Id"] for row in sandbox.panopto.sessions_of(course_id, sandbox.now())]
            seen = set(here) - {row["Id"] for row in sandbox.panopto.sessions_of(nested, sandbox.now())}
            assert lake_rows(road.lake, course_id, seen) == true_since(sandbox, seen)
            assert lake_rows(road.lake, course_id, inside) == before
            shut = {row_of(road.lake, course_id, session)["left_on"] for session in inside}
            assert shut == {None}  # nobody knows that they left
        sandbox.set_scenario(PEACE)
        turn_clock(sandbox, after(20))
        for _ in range(2):
            assert night(road, [course_id]) == []
        assert equal_since(sandbox, road.lake, [course_id]) > 100


def test_a_denied_session_is_whole_when_it_opens(
    home: Path,
    new_sandbox: NewSandbox,
    turn_clock: TurnClock,
    monkeypatch: pytest.MonkeyPatch,
    first_night: FirstNight,
) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    shut = event(sandbox, "session_edited", 5, 19)["id"]
    with road_of(panopto_settings(sandbox, home, start_date=MAY)) as road:
        first_night(road, [course_id])
        records = road.soap.records

        def refuse(session_id: str, begin: dt.datetime, end: dt.datetime) -> list[Any]:
            if session_id == shut:
                raise Refused("no right", status=500, code=DENIED)
            return records(session_id, begin, end)

        monkeypatch.setattr(road.soap, "records", refuse)
        turn_clock(sandbox, after(14))
        assert night(road, [course_id]) == []
        assert row_of(road.lake, course_id, shut)["denied_on"] == after(14).date()
        facts = road.lake.facts(VIEWING_ACTIVITY, day_key(course_id, after(13).date()))
        assert facts is not None
        assert facts["denied"] == [shut]
        monkeypatch.setattr(road.soap, "records", records)
        turn_clock(sandbox, after(30))
        for _ in range(2):
            assert night(road, [course_id]) == []
        assert row_of(road.lake, course_id, shut)["denied_on"] is None
        assert equal_since(sandbox, road.lake, [course_id]) > 100


@pytest.mark.parametrize("known", [True, False])
def test_a_dead_session_holds_up_nothing_and_heals(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, first_night: FirstNight, known: bool
) -> None:
    """Whether it was there before or is new in the course."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    dead = event(sandbox, "session_edited", 5, 19)["id"]
    with road_of(panopto_settings(sandbox, home, start_date=MAY, attempts=2)) as road:
        if known:
            first_night(road, [course_id])
        before = lake_rows(road.lake, course_id, [dead])
        assert bool(before) == known
        sandbox.set_scenario(PEACE | {"dead_sessions": [dead]})
        for number in (1, 15):
            turn_clock(sandbox, after(number))
            failed = night(road, [course_id])
            assert all(isinstance(outcome.error, Incomplete) for outcome in failed)
            assert all(f"1 of {len(live_sessions(road, course_id))} sessions" in str(f.error) for f in failed)
            days = [outcome.part for outcome in failed if isinstance(outcome.part, dt.date)]
            assert days == list(road.lake.failed_days(VIEWING_ACTIVITY, course_id))
            assert len(failed) >= (7 if known else 30)
            reason = road.lake.failure(VIEWING_ACTIVITY, day_key(course_id, sandbox.now().date() - ONE_DAY))
            assert dead in str(reason)
            others = [session for session in live_sessions(road, course_id) if session != dead]
            held = lake_rows(road.lake, course_id, others)
            assert held == true_since(sandbox, others)
            assert lake_rows(road.lake, course_id, [dead]) == before
        sandbox.set_scenario(PEACE)
        turn_clock(sandbox, after(30))
        assert night(road, [course_id]) == []
        assert equal_since(sandbox, road.lake, [course_id]) > 100
        assert list(road.lake.failed_days(VIEWING_ACTIVITY, course_id)) == []


def live_sessions(road: Road, course_id: str) -> list[str]:
    return [row["session_id"] for row in plan.present(plan.sessions_of(road.lake, course_id))]


def test_a_dead_vendor_fails_the_days_and_changes_none(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    """A failed call is no empty answer: the day has its note, and no file."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home, attempts=1)) as road:
        night(road, [course_id])
        before = lake_rows(road.lake, course_id)
        turn_clock(sandbox, after(2))
        days = due(road, course_id)
        sandbox.set_scenario(PEACE | {"soap_faults": 1.0})
        outcomes = read(road, course_id, days)
        assert {type(outcome.error) for outcome in outcomes} == {Incomplete}
        assert lake_rows(road.lake, course_id) == before
        sandbox.set_scenario(PEACE)
        assert night(road, [course_id]) == []
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 100


# what is asked for


def test_days_that_are_not_over_are_refused(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    days = [NOW.date() - ONE_DAY, NOW.date(), NOW.date() + 9 * ONE_DAY]
    with road_of(panopto_settings(sandbox, home)) as road:
        list_course(road.rest, road.lake, course_id, NOW.date())
        outcomes = {outcome.part: outcome.error for outcome in read(road, course_id, days)}
        assert outcomes.pop(days[0]) is None
        assert all(isinstance(error, Refused) for error in outcomes.values())
        assert all("not over in UTC" in str(error) for error in outcomes.values())
        assert list(outcomes) == days[1:]
        assert list(road.lake.days(VIEWING_ACTIVITY, course_id)) == days[:1]
        assert list(road.lake.failed_days(VIEWING_ACTIVITY, course_id)) == []


def test_days_before_anything_are_empty_files(home: Path, new_sandbox: NewSandbox) -> None:
    """Read and empty, failed, and not yet asked are three different things."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    early = days_until(dt.date(2026, 3, 10), 3)
    with road_of(panopto_settings(sandbox, home, attempts=1)) as road:
        list_course(road.rest, road.lake, course_id, NOW.date())
        assert [outcome.facts["rows"] for outcome in read(road, course_id, early[:2])] == [0, 0]
        sandbox.set_scenario(PEACE | {"soap_faults": 1.0})
        assert read(road, course_id, early[2:])[0].error is not None
        assert [
            (
                road.lake.path(VIEWING_ACTIVITY, day_key(course_id, day)).exists(),
                road.lake.failure(VIEWING_ACTIVITY, day_key(course_id, day)) is not None,
            )
            for day in (early[0], early[2], early[2] + ONE_DAY)
        ] == [(True, False), (True, True), (False, False)]
        assert early[2] not in whole_days(road.lake, course_id)


def whole_days(lake: Lake, course_id: str) -> set[dt.date]:
    return set(lake.days(VIEWING_ACTIVITY, course_id)) - set(lake.failed_days(VIEWING_ACTIVITY, course_id))


def test_again_asks_everybody_for_just_these_days(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home)) as road:
        night(road, [course_id])
        true = lake_rows(road.lake, course_id)
        busy = max(Counter(row[2].date() for row in true).items(), key=lambda pair: pair[1])[0]
        for day in (busy, busy + ONE_DAY):  # somebody has spoilt them
            key = day_key(course_id, day)
            facts = road.lake.facts(VIEWING_ACTIVITY, key)
            road.lake.write(VIEWING_ACTIVITY, key, VIEWING_ACTIVITY.schema.empty_table(), facts or {})
        sandbox.reset_log()
        assert [outcome.facts["changed"] for outcome in read(road, course_id, [busy])] == [1]
        assert sorted(asked(sandbox)) == sorted(live_sessions(road, course_id))
        lacking = true - lake_rows(road.lake, course_id)
        assert {row[2].date() for row in lacking} <= {busy + ONE_DAY}
        read(road, course_id, [busy + ONE_DAY])
        assert lake_rows(road.lake, course_id) == true


def test_without_a_list_nothing_is_asked(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[COMM]
    with road_of(panopto_settings(sandbox, home)) as road:
        with pytest.raises(Refused, match="materialize panopto/course_sessions first"):
            read(road, course_id, [MAY])
        with pytest.raises(Refused, match="materialize panopto/course_sessions first"):
            list(collect_years(road.soap, road.lake, course_id, [2024], again=False))
    assert sandbox.log() == []


# years

OLD_YEAR, NEW_YEAR = (
    dt.datetime(2025, 12, 30, 6, tzinfo=dt.UTC),
    dt.datetime(2026, 1, 3, 6, tzinfo=dt.UTC),
)
AUTUMN = dt.date(2024, 10, 1)  # a start that leaves few days, some of them in the year that leaves


def years(road: Road, course_id: str, *, again: bool = False) -> list[Outcome]:
    wanted = plan.due_years(road.lake, course_id, road.settings.panopto, now())
    return list(collect_years(road.soap, road.lake, course_id, wanted, again=again)) if wanted else []


def all_rows(lake: Lake, course_id: str) -> Counter[Row]:
    return lake_rows(lake, course_id)


def test_a_year_that_leaves_the_days_is_made_of_them_without_a_call(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox(PEACE, now=OLD_YEAR)
    course_id = course_ids(sandbox)[BIOL]
    with road_of(panopto_settings(sandbox, home, start_date=AUTUMN)) as road:
        night(road, [course_id])
        before = all_rows(road.lake, course_id)
        turn_clock(sandbox, NEW_YEAR)
        list_course(road.rest, road.lake, course_id, now().date())
        sandbox.reset_log()
        (outcome,) = years(road, course_id)
        assert (outcome.part, outcome.error) == (2024, None)
        assert outcome.facts["rows"] == sum(n for row, n in before.items() if row[2].year == 2024) > 3
        assert asked(sandbox) == []
        assert all_rows(road.lake, course_id) == before
        assert years(road, course_id) == []  # and that is that


def test_a_year_that_leaves_broken_days_loses_nothing(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    """A day of it is lacking, a session is dead, another one has left: what is held of them stays."""
    sandbox = new_sandbox(PEACE, now=OLD_YEAR)
    course_id = course_ids(sandbox)[BIOL]
    with road_of(panopto_settings(sandbox, home, start_date=AUTUMN, attempts=1)) as road:
        night(road, [course_id])
        before = all_rows(road.lake, course_id)
        old = Counter(row[0] for row in before.elements() if row[2].year == 2024)
        assert len(old) >= 2
        dead, left = list(old)[:2]
        held = plan.sessions_of(road.lake, course_id)
        for row in held:
            row["left_on"] = MAY if row["session_id"] == left else row["left_on"]
        keep_sessions(road.lake, course_id, held, road.lake.facts(SESSIONS, course_id) or {})
        quiet = next(
            day
            for day in days_until(dt.date(2024, 12, 31), 80)
            if day not in {row[2].date() for row in before}
        )
        road.lake.path(VIEWING_ACTIVITY, day_key(course_id, quiet)).unlink()
        sandbox.set_scenario(PEACE | {"dead_sessions": [dead]})
        turn_clock(sandbox, NEW_YEAR)
        (outcome,) = years(road, course_id)
        assert isinstance(outcome.error, Incomplete)
        assert all_rows(road.lake, course_id) == before
        sandbox.set_scenario(PEACE)
        (outcome,) = years(road, course_id)
        assert outcome.error is None
        assert all_rows(road.lake, course_id) == before
        assert set(keys_of(road.lake, course_id).values()) == {1}


def test_a_new_session_that_is_dead_in_a_year_doubles_nothing(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock
) -> None:
    sandbox = new_sandbox(PEACE, now=OLD_YEAR)
    course_id = course_ids(sandbox)[BIOL]
    with road_of(panopto_settings(sandbox, home, start_date=AUTUMN, attempts=1)) as road:
        night(road, [course_id])
        turn_clock(sandbox, NEW_YEAR)
        assert night(road, [course_id]) == []
        before = all_rows(road.lake, course_id)
        new = next(row[0] for row in before if row[2].year == 2024)
        held = plan.sessions_of(road.lake, course_id)
        for row in held:  # as if it had come back just now
            row["history_from"] = None if row["session_id"] == new else row["history_from"]
        keep_sessions(road.lake, course_id, held, road.lake.facts(SESSIONS, course_id) or {})
        for dead in (True, True, False):
            sandbox.set_scenario(PEACE | ({"dead_sessions": [new]} if dead else {}))
            (outcome,) = years(road, course_id)
            assert (outcome.error is not None) == dead
            assert all_rows(road.lake, course_id) == before


def test_history_before_the_days_is_read_once(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[BIOL]
    with road_of(panopto_settings(sandbox, home)) as road:
        list_course(road.rest, road.lake, course_id, NOW.date())
        read(road, course_id, [NOW.date() - ONE_DAY], again=False)
        done = {outcome.part: outcome for outcome in years(road, course_id)}
        assert list(done) == [2023, 2024]
        assert done[2023].facts["rows"] > 0
        read(road, course_id, due(road, course_id), again=False)
        sandbox.reset_log()
        years(road, course_id)
        assert years(road, course_id) == []
        assert truth_equals_lake(sandbox, road.lake, [course_id]) > 100


def test_a_start_in_the_middle_of_a_year_is_done_when_it_is_done(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[BIOL]
    with road_of(panopto_settings(sandbox, home, start_date=dt.date(2024, 6, 15))) as road:
        assert night(road, [course_id]) == []
        assert equal_since(sandbox, road.lake, [course_id], dt.date(2024, 6, 15)) > 20
        assert plan.due_years(road.lake, course_id, road.settings.panopto, now()) == []


# two at once


def test_two_runs_at_once(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[COMM]]
    settings = panopto_settings(sandbox, home)

    def run(_number: int) -> list[Outcome]:
        with road_of(settings) as road:
            return night(road, courses)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, range(2))) == [[], []]
    assert truth_equals_lake(sandbox, Lake(settings.lake), courses) > 100
    before = snapshot(settings.lake)
    assert run(0) == []
    assert snapshot(settings.lake) == before
    assert not [path for path in before if path.endswith(".tmp")]
