"""A walked course in the lake: what is there, what was there, what it was called and when."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from video_analytics.errors import Refused, Unavailable, VendorError
from video_analytics.lake import Lake, Table
from video_analytics.panopto.listing import keep_sessions, list_course
from video_analytics.panopto.plan import present, sessions_of
from video_analytics.panopto.rest import Rest
from video_analytics.panopto.tables import FOLDERS, SESSION_VERSIONS, SESSIONS
from video_analytics.sandbox import Sandbox
from video_analytics_tests.conftest import NOW, NewSandbox, snapshot
from video_analytics_tests.panopto.drill import PEACE, course_ids, panopto_settings, road_of
from video_analytics_tests.panopto.test_catalogue import ONE, ROOT, THREE, TWO, A, B, C, D, Site, rest_of

Row = dict[str, Any]
DAYS = [dt.date(2026, 6, 15) + dt.timedelta(days=n) for n in range(8)]
FIRST, SECOND, THIRD, FOURTH = DAYS[:4]


class Course:
    """The course ROOT of a small site, listed into a lake."""

    def __init__(self, site: Site, rest: Rest, lake: Lake) -> None:
        self.site, self.rest, self.lake = site, rest, lake

    def listed(self, today: dt.date) -> Row:
        return list_course(self.rest, self.lake, ROOT, today)

    def rows(self, table: Table = SESSIONS) -> list[Row]:
        found = self.lake.read(table, ROOT)
        assert found is not None
        rows: list[Row] = found.to_pylist()
        return rows

    def session(self, key: str) -> Row:
        (row,) = (row for row in self.rows() if row["session_id"] == key)
        return row

    def present(self) -> list[str]:
        return [row["session_id"] for row in present(sessions_of(self.lake, ROOT))]

    def remember_history(self) -> None:
        """As a run does once it has read everything."""
        rows = [row | {"history_from": FIRST, "first_record": FIRST} for row in self.rows()]
        keep_sessions(self.lake, ROOT, rows, {})

    def versions(self, key: str) -> list[tuple[Any, ...]]:
        names = ("folder_name", "name", "duration", "valid_from", "valid_to")
        found = [row for row in self.rows(SESSION_VERSIONS) if row["session_id"] == key]
        return [tuple(row[name] for name in names) for row in found]


@pytest.fixture
def course(tmp_path: Path) -> Iterator[Course]:
    """ROOT > A > B > C; sessions in ROOT, A and C."""
    folders: dict[str, str | None] = {ROOT: None, A: ROOT, B: A, C: B, D: None}
    site = Site(folders, {ONE: ROOT, TWO: A, THREE: C}, page=5)
    with rest_of(site.answer) as (rest, _):
        yield Course(site, rest, Lake(tmp_path))


# what is kept


def test_a_course_is_listed(course: Course) -> None:
    facts = course.listed(FIRST)
    assert facts == {
        "course": "name of 001",
        "folders": 4,
        "sessions": 3,
        "left": 0,
        "denied_folders": [],
        "unlisted": [],
    }
    assert course.session(TWO) == {
        "course_id": ROOT,
        "course_name": "name of 001",
        "session_id": TWO,
        "name": "name of 066",
        "description": None,
        "duration": 60.0,
        "start_time": None,
        "folder_id": A,
        "folder_name": "name of 002",
        "first_seen": FIRST,
        "left_on": None,
        "history_from": None,
        "denied_on": None,
        "first_record": None,
    }
    assert [row["folder_id"] for row in course.rows(FOLDERS)] == [ROOT, A, B, C]
    assert course.versions(TWO) == [("name of 002", "name of 066", 60.0, FIRST, None)]
    told = course.lake.facts(SESSIONS, ROOT) or {}
    assert {name: told[name] for name in facts} == facts


@pytest.mark.parametrize("later", [FIRST, SECOND, DAYS[7]])
def test_an_unchanged_course_changes_no_byte(course: Course, tmp_path: Path, later: dt.date) -> None:
    course.listed(FIRST)
    before = snapshot(tmp_path)
    course.listed(later)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("scenario", [{}, {"denied_folders": ["Lectures/Labs"]}])
def test_a_real_course_listed_twice_changes_no_byte(
    home: Path, new_sandbox: NewSandbox, scenario: Row
) -> None:
    sandbox = new_sandbox(PEACE | scenario)
    with road_of(panopto_settings(sandbox, home)) as road:
        for course_id in course_ids(sandbox):
            list_course(road.rest, road.lake, course_id, FIRST)
        before = snapshot(road.lake.root)
        for course_id in course_ids(sandbox):
            list_course(road.rest, road.lake, course_id, SECOND)
        assert snapshot(road.lake.root) == before


def test_odd_names_and_lengths_are_kept_as_they_are(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE, size="demo")
    with road_of(panopto_settings(sandbox, home)) as road:
        for course_id in course_ids(sandbox)[:4]:
            list_course(road.rest, road.lake, course_id, FIRST)
            held = {row["session_id"]: row for row in sessions_of(road.lake, course_id)}
            for true in sandbox.panopto.sessions_of(course_id, sandbox.now()):
                row = held.pop(true["Id"])
                assert (row["name"], row["description"]) == (true["Name"], true["Description"])
                assert (row["duration"], row["start_time"]) == (true["Duration"], true["StartTime"])
                assert row["folder_id"] == true["FolderId"]
            assert held == {}


def test_a_session_without_a_name_has_an_empty_one(course: Course) -> None:
    course.site.names[TWO] = None
    course.listed(FIRST)
    assert course.session(TWO)["name"] == ""


# what changes


def test_a_renamed_session_has_two_versions(course: Course) -> None:
    course.listed(FIRST)
    course.site.names[TWO] = "new"
    course.listed(THIRD)
    assert course.versions(TWO) == [
        ("name of 002", "name of 066", 60.0, FIRST, THIRD),
        ("name of 002", "new", 60.0, THIRD, None),
    ]
    assert course.session(TWO)["name"] == "new"
    assert len(course.versions(ONE)) == 1


def test_a_renamed_folder_is_a_new_version_of_its_sessions(course: Course) -> None:
    course.listed(FIRST)
    course.site.names[A] = "labs"
    course.listed(SECOND)
    assert [version[0] for version in course.versions(TWO)] == ["name of 002", "labs"]
    assert len(course.versions(THREE)) == 1  # it lies below, in a folder of the same name as before
    assert {row["path"] for row in course.rows(FOLDERS)} >= {"name of 001 / labs / name of 003"}


def test_a_renamed_course_is_renamed_on_every_row(course: Course) -> None:
    course.listed(FIRST)
    course.site.sessions[TWO] = D
    course.site.names[ROOT] = "other course"
    course.listed(SECOND)
    assert {row["course_name"] for row in course.rows()} == {"other course"}


def test_a_move_inside_the_course_keeps_the_history(course: Course) -> None:
    course.listed(FIRST)
    course.remember_history()
    course.site.sessions[TWO] = C
    course.listed(SECOND)
    assert course.session(TWO)["folder_id"] == C
    assert course.session(TWO)["history_from"] == FIRST
    assert [version[0] for version in course.versions(TWO)] == ["name of 002", "name of 004"]


def test_several_changes_on_one_day_leave_no_overlap(course: Course) -> None:
    for name in ("a", "b", "c"):
        course.site.names[TWO] = name
        course.listed(FIRST)
    course.listed(SECOND)
    versions = course.versions(TWO)
    assert versions[-1] == ("name of 002", "c", 60.0, FIRST, None)
    assert all(begin <= end for *_, begin, end in versions[:-1])
    assert sum(end is None for *_, end in versions) == 1


# what leaves and comes back


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_session_that_left_keeps_its_row(course: Course, how: str) -> None:
    course.listed(FIRST)
    course.remember_history()
    if how == "moved":
        course.site.sessions[TWO] = D
    else:
        del course.site.sessions[TWO]
    facts = course.listed(THIRD)
    course.listed(FOURTH)
    row = course.session(TWO)
    assert (row["left_on"], row["folder_id"], row["history_from"]) == (THIRD, A, FIRST)
    assert (facts["sessions"], facts["left"]) == (2, 1)
    assert course.present() == [ONE, THREE]
    assert course.versions(TWO) == [("name of 002", "name of 066", 60.0, FIRST, THIRD)]


def test_a_session_that_comes_back_is_read_anew(course: Course) -> None:
    course.listed(FIRST)
    course.remember_history()
    course.site.sessions[TWO] = D
    course.listed(SECOND)
    course.site.sessions[TWO] = B
    course.listed(FOURTH)
    row = course.session(TWO)
    assert (row["left_on"], row["history_from"], row["first_seen"]) == (None, None, FIRST)
    assert row["first_record"] == FIRST
    assert course.session(ONE)["history_from"] == FIRST
    assert course.versions(TWO) == [
        ("name of 002", "name of 066", 60.0, FIRST, SECOND),
        ("name of 003", "name of 066", 60.0, FOURTH, None),
    ]


def test_a_folder_that_left_takes_its_sessions_along(course: Course) -> None:
    course.listed(FIRST)
    course.site.folders[B] = D
    course.listed(SECOND)
    assert course.session(THREE)["left_on"] == SECOND
    assert [row["folder_id"] for row in course.rows(FOLDERS)] == [ROOT, A]


def test_the_present_come_first_in_listing_order(course: Course) -> None:
    course.listed(FIRST)
    course.site.sessions[ONE] = D
    course.listed(SECOND)
    assert [row["session_id"] for row in course.rows()] == [TWO, THREE, ONE]


# doors that are shut


@pytest.mark.parametrize(
    ("shut", "named"),
    [
        ([A, B, C], "name of 001 / name of 002"),
        ([B, C], "name of 001 / name of 002 / name of 003"),
        ([C], "name of 001 / name of 002 / name of 003 / name of 004"),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_what_lies_behind_a_shut_door_stays_present(
    course: Course, shut: list[str], named: str, listed: bool
) -> None:
    """At any depth below it, and also where the door itself is not listed any more."""
    course.listed(FIRST)
    course.remember_history()
    behind = [key for key, place in course.site.sessions.items() if place in shut]
    course.site.status = dict.fromkeys([*shut, *behind], 403)
    course.site.hidden = set() if listed else {shut[0]}
    for today in (SECOND, THIRD):
        facts = course.listed(today)
        assert sorted(course.present()) == [ONE, TWO, THREE]
        assert named in facts["denied_folders"]
        # what happens there meanwhile is not read: its history is, once the door opens
        rows = [course.session(key) for key in behind]
        assert {(row["history_from"], row["denied_on"]) for row in rows} == {(None, SECOND)}
    assert course.session(ONE)["history_from"] == FIRST


def test_a_door_that_opens_again_lets_the_history_be_read_anew(course: Course) -> None:
    course.listed(FIRST)
    course.remember_history()
    before = {row["session_id"]: row for row in course.rows()}
    course.site.status = dict.fromkeys([A, B, C, TWO, THREE], 403)
    course.listed(SECOND)
    course.site.status = {}
    assert course.listed(THIRD)["denied_folders"] == []
    anew = {key: {"history_from": None} if key in {TWO, THREE} else {} for key in before}
    assert {row["session_id"]: row for row in course.rows()} == {
        key: row | anew[key] for key, row in before.items()
    }
    assert [row["folder_id"] for row in course.rows(FOLDERS)] == [ROOT, A, B, C]
    assert all(row["valid_to"] is None for row in course.rows(SESSION_VERSIONS))


def test_what_was_taken_out_behind_a_shut_door_leaves_once_that_is_seen(course: Course) -> None:
    course.listed(FIRST)
    course.site.status = dict.fromkeys([A, B, C, TWO, THREE], 403)
    course.listed(SECOND)
    course.site.sessions[TWO] = D
    course.site.status = {}
    course.listed(THIRD)
    assert course.session(TWO)["left_on"] == THIRD
    assert course.present() == [ONE, THREE]


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_real_chain_behind_a_shut_door(home: Path, new_sandbox: NewSandbox, depth: int) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[0]
    chain = list(sandbox.panopto.snapshot(sandbox.now()).below(course_id))
    with road_of(panopto_settings(sandbox, home)) as road:
        list_course(road.rest, road.lake, course_id, FIRST)
        sandbox.set_scenario(PEACE | {"denied_folders": [chain[depth]]})
        facts = list_course(road.rest, road.lake, course_id, SECOND)
        assert len(facts["denied_folders"]) >= 1
        assert facts["left"] == 0
        assert facts["sessions"] == len(sandbox.panopto.sessions_of(course_id, sandbox.now()))


def test_a_course_that_may_not_be_seen_changes_nothing(course: Course, tmp_path: Path) -> None:
    course.listed(FIRST)
    before = snapshot(tmp_path)
    course.site.status = {ROOT: 403}
    with pytest.raises(Refused):
        course.listed(SECOND)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("failing", [A, C, THREE])
def test_a_listing_that_fails_half_way_changes_nothing(course: Course, tmp_path: Path, failing: str) -> None:
    course.listed(FIRST)
    before = snapshot(tmp_path)
    course.site.status = {failing: 503}
    course.site.hidden = {THREE}
    course.site.names[TWO] = "new"
    with pytest.raises(Unavailable):
        course.listed(SECOND)
    assert snapshot(tmp_path) == before


# half a year of the sandbox


def test_every_event_of_the_sandbox_is_followed(home: Path, new_sandbox: NewSandbox) -> None:
    """Each day after something happened the courses equal the truth, and what left is known to have left."""
    sandbox = new_sandbox(PEACE, now=dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC))
    stops = sorted({event["at"].date() + dt.timedelta(days=1) for event in sandbox.panopto.events()})
    seen: dict[str, set[str]] = {course_id: set() for course_id in course_ids(sandbox)}
    with road_of(panopto_settings(sandbox, home)) as road:
        for today in stops:
            sandbox.set_now(dt.datetime.combine(today, dt.time(6), dt.UTC))
            for course_id in seen:
                list_course(road.rest, road.lake, course_id, today)
                seen[course_id] |= course_equals_truth(sandbox, road.lake, course_id)
        for course_id, known in seen.items():
            assert {row["session_id"] for row in sessions_of(road.lake, course_id)} == known
            versions_are_sound(road.lake, course_id)
        moved = next(event for event in sandbox.panopto.events() if event["kind"] == "session_moved")
        first, second = moved["before"], moved["after"]
        left = [row for row in sessions_of(road.lake, second) if row["session_id"] == moved["id"]]
        back = [
            row for row in sessions_of(road.lake, course_ids(sandbox)[0]) if row["session_id"] == moved["id"]
        ]
        assert [row["left_on"] for row in left] == [dt.date(2026, 9, 16)]
        assert [row["left_on"] for row in back] == [None]
        assert first != second


def course_equals_truth(sandbox: Sandbox, lake: Lake, course_id: str) -> set[str]:
    """Assert that the present sessions of a course are the vendor's; gives their ids."""
    true = {row["Id"]: row for row in sandbox.panopto.sessions_of(course_id, sandbox.now())}
    held = {row["session_id"]: row for row in present(sessions_of(lake, course_id))}
    assert {key: (row["folder_id"], row["duration"]) for key, row in held.items()} == {
        key: (row["FolderId"], row["Duration"]) for key, row in true.items()
    }
    names = sandbox.panopto.snapshot(sandbox.now()).names
    assert {row["course_name"] for row in held.values()} <= {names[course_id]}
    assert all(row["folder_name"] == names[row["folder_id"]] for row in held.values())
    return set(held)


def versions_are_sound(lake: Lake, course_id: str) -> None:
    """Assert that each present session has one open version that says what its row says, others none."""
    found = lake.read(SESSION_VERSIONS, course_id)
    assert found is not None
    rows = found.to_pylist()
    for session in sessions_of(lake, course_id):
        mine = [row for row in rows if row["session_id"] == session["session_id"]]
        starts, ends = [row["valid_from"] for row in mine], [row["valid_to"] for row in mine]
        assert all(end is not None and end <= start for end, start in zip(ends, starts[1:], strict=False))
        assert ends[-1] == session["left_on"]
        if session["left_on"] is None:
            assert (mine[-1]["name"], mine[-1]["duration"]) == (session["name"], session["duration"])


def test_listing_at_now_is_todays(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[1]
    with road_of(panopto_settings(sandbox, home)) as road:
        list_course(road.rest, road.lake, course_id, NOW.date())
        assert {row["first_seen"] for row in sessions_of(road.lake, course_id)} == {NOW.date()}


def test_trouble_is_a_vendor_error(course: Course) -> None:
    course.site.status = {ROOT: 401}
    with pytest.raises(VendorError, match="HTTP 401"):
        course.listed(FIRST)
