"""A course's tree as the site lists it: every folder once, every page, and what a list leaves out."""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from pydantic import SecretStr

from video_analytics.errors import Refused, Unauthorized, Unavailable, VendorError
from video_analytics.panopto.catalogue import Place, Tree, walk
from video_analytics.panopto.rest import Folder, Reference, Rest
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Network, Panopto
from video_analytics_tests.conftest import NewSandbox
from video_analytics_tests.panopto.drill import PEACE, QUICK, course_ids, panopto_settings, road_of
from video_analytics_tests.vendor import Asked, Said, Vendor, vendor

Json = dict[str, Any]
NO_FOLDER = "0badf00d-0000-4000-8000-0000000000ff"


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


ROOT, A, B, C, D = (guid(number) for number in range(1, 6))
ONE, TWO, THREE = (guid(number) for number in range(101, 104))


@dataclass
class Site:
    """A small site told by two tables: who lies in whom, and which session lies where.

    `status` answers an id (of a folder or a session, however it is asked) with an error.
    """

    folders: dict[str, str | None]
    sessions: dict[str, str] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # what lists leave out
    page: int = 2
    asked: list[str] = field(default_factory=list)

    def answer(self, _number: int, asked: Asked) -> Said:
        address = urlsplit(asked.path)
        path = address.path.removeprefix("/Panopto/api/v1/")
        if path.endswith("connect/token"):
            return said({"access_token": "t", "expires_in": 3600})
        self.asked.append(path)
        kind, key, *what = path.split("/")
        if key in self.status:
            return said({"Error": {"ErrorCode": "E", "Message": "no"}}, self.status[key])
        known: dict[str, Any] = self.folders if kind == "folders" else self.sessions
        if key not in known:
            return said({"Error": {"ErrorCode": "NotFound", "Message": "gone"}}, 404)
        if not what:
            return said(self.folder(key) if kind == "folders" else self.session(key))
        number = int(parse_qs(address.query)["pageNumber"][0])
        rows = self.children(key) if what == ["children"] else self.videos(key)
        return said({"Results": rows[number * self.page : (number + 1) * self.page]})

    def children(self, key: str) -> list[Json]:
        return [
            self.folder(at) for at, above in self.folders.items() if above == key and at not in self.hidden
        ]

    def videos(self, key: str) -> list[Json]:
        return [
            self.session(at) for at, above in self.sessions.items() if above == key and at not in self.hidden
        ]

    def folder(self, key: str) -> Json:
        above = self.folders[key]
        parent = {"Id": above, "Name": self.name(above)} if above else None
        return {"Id": key, "Name": self.name(key), "ParentFolder": parent}

    def session(self, key: str) -> Json:
        place = self.sessions[key]
        details = {"Id": place, "Name": self.name(place)}
        return {
            "Id": key,
            "Name": self.name(key),
            "Folder": place,
            "FolderDetails": details,
            "Duration": 60.0,
        }

    def name(self, key: str) -> str | None:
        return self.names.get(key, f"name of {key[-3:]}")

    def calls(self) -> Counter[str]:
        return Counter(self.asked)


def said(answer: Any, status: int = 200) -> Said:
    return Said(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})


def panopto_at(url: str, **changes: Any) -> Panopto:
    who = {"client_id": SecretStr("id-canary"), "client_secret": SecretStr("s3cret-canary")}
    return Panopto(**{**QUICK, "attempts": 2, "server": url, **who, **changes})


@contextmanager
def rest_of(script: Any, **changes: Any) -> Iterator[tuple[Rest, Vendor]]:
    """A REST client at a scripted vendor."""
    with vendor(script) as server:
        rest = Rest(panopto_at(server.url, **changes), Network())
        try:
            yield rest, server
        finally:
            rest.close()


def walked(site: Site, folders: Iterable[str] = (), sessions: Iterable[str] = ()) -> Tree:
    """The course ROOT, walked; `folders` lay one in the other when it was last walked."""
    above: str | None = None
    known = []
    for key in folders:
        known.append(Place(key, f"old {key[-3:]}", above, f"old path of {key[-3:]}"))
        above = key
    with rest_of(site.answer) as (rest, _):
        return walk(rest, ROOT, known, sessions)


# the tree


def test_every_folder_and_every_page() -> None:
    site = Site({ROOT: None, A: ROOT, B: ROOT, C: ROOT, D: A}, {ONE: ROOT, TWO: D, THREE: C})
    tree = walked(site)
    assert tree.name == "name of 001"
    assert [(place.id, place.parent_id, place.path) for place in tree.folders.values()] == [
        (ROOT, None, "name of 001"),
        (A, ROOT, "name of 001 / name of 002"),
        (D, A, "name of 001 / name of 002 / name of 005"),
        (B, ROOT, "name of 001 / name of 003"),
        (C, ROOT, "name of 001 / name of 004"),
    ]
    assert list(tree.sessions) == [ONE, TWO, THREE]
    assert (tree.unlisted, tree.denied) == ([], [])
    assert site.calls()[f"folders/{ROOT}/children"] == 3  # two, one, none


def test_a_chain_of_seven_asks_each_folder_once(home: Path, new_sandbox: NewSandbox) -> None:
    """The replaced scripts asked 626 times."""
    sandbox = new_sandbox(PEACE)
    course = course_ids(sandbox)[0]
    with road_of(panopto_settings(sandbox, home)) as road:
        tree = walk(road.rest, course)
    calls = Counter((entry["operation"], entry["subject"], entry["page"]) for entry in rest_calls(sandbox))
    assert set(calls.values()) == {1}
    assert len({subject for _, subject, _ in calls}) == len(tree.folders) >= 8
    assert len(calls) == 28  # pages with something on them, and the empty one after them
    assert max(place.path.count(" / ") for place in tree.folders.values()) >= 7


def rest_calls(sandbox: Sandbox) -> list[Json]:
    return [entry for entry in sandbox.log() if entry["kind"] == "rest"]


@pytest.mark.parametrize("size", ["tiny", "demo"])
def test_every_course_equals_the_truth(home: Path, new_sandbox: NewSandbox, size: str) -> None:
    sandbox = new_sandbox(PEACE, size=size)
    with road_of(panopto_settings(sandbox, home)) as road:
        for course in course_ids(sandbox):
            tree, truth = walk(road.rest, course), sandbox.panopto.snapshot(sandbox.now())
            assert set(tree.folders) == set(truth.below(course))
            assert tree.name == truth.names[course]
            told = sandbox.panopto.sessions_of(course, sandbox.now())
            assert {key: video.Duration for key, video in tree.sessions.items()} == {
                row["Id"]: row["Duration"] for row in told
            }


def test_a_tree_deeper_than_the_stack_of_python() -> None:
    chain: dict[str, str | None] = {ROOT: None}
    for depth in range(1200):
        chain[guid(1000 + depth)] = guid(999 + depth) if depth else ROOT
    with rest_of(Said()) as (rest, _):
        site = Site(chain)
        rest.children = lambda key: [folder_of(row) for row in site.children(key)]  # type: ignore[method-assign, assignment]
        rest.sessions = lambda _key: []  # type: ignore[method-assign, assignment]
        assert len(walk(rest, ROOT).folders) == 1201


def folder_of(row: Json) -> Folder:
    return msgspec.convert(row, Folder)


@pytest.mark.parametrize(
    "circle",
    [
        {ROOT: A, A: ROOT},
        {ROOT: C, A: ROOT, B: A, C: B},
        {ROOT: ROOT, A: ROOT},
    ],
)
def test_a_circle_ends(circle: dict[str, str | None]) -> None:
    site = Site(circle, {ONE: A})
    tree = walked(site)
    assert set(tree.folders) == set(circle)
    assert list(tree.sessions) == [ONE]
    assert set(site.calls().values()) <= {1, 2}  # a page and the empty one after it


def test_a_folder_below_two_others_is_walked_once() -> None:
    site = Site({ROOT: None, A: ROOT, B: ROOT, C: A}, {ONE: C})

    def twice(number: int, asked: Asked) -> Said:
        """B lists C too."""
        answer = site.answer(number, asked)
        if f"{B}/children?pageNumber=0" in asked.path:
            return said({"Results": [site.folder(C)]})
        return answer

    with rest_of(twice) as (rest, _):
        tree = walk(rest, ROOT)
    assert list(tree.folders) == [ROOT, A, C, B]
    assert tree.folders[C].parent_id == A
    assert site.calls()[f"folders/{C}/children"] == 1


def test_a_session_listed_in_two_folders_counts_once() -> None:
    site = Site({ROOT: None, A: ROOT}, {ONE: ROOT})

    def moving(number: int, asked: Asked) -> Said:
        """The session goes from the root to A while the tree is walked."""
        answer = site.answer(number, asked)
        if f"{A}/children" in asked.path:
            site.sessions[ONE] = A
        return answer

    with rest_of(moving) as (rest, _):
        tree = walk(rest, ROOT)
    assert [video.Folder for video in tree.sessions.values()] == [ROOT]
    assert f"folders/{A}/sessions" in site.calls()


# names


def test_names_are_told_by_what_lies_inside() -> None:
    """No question for the folder itself: its children and sessions name it."""
    site = Site({ROOT: None, A: ROOT}, {ONE: A})
    assert walked(site).name == "name of 001"
    assert f"folders/{ROOT}" not in site.calls()
    only = Site({ROOT: None}, {ONE: ROOT})
    assert walked(only).name == "name of 001"
    assert f"folders/{ROOT}" not in only.calls()


def test_an_empty_course_is_asked_for_its_name() -> None:
    site = Site({ROOT: None})
    assert walked(site).name == "name of 001"
    assert site.calls()[f"folders/{ROOT}"] == 1


def test_a_folder_without_a_name_goes_by_its_id() -> None:
    site = Site({ROOT: None, A: ROOT}, {ONE: A}, names={ROOT: None, A: None, ONE: None})
    tree = walked(site)
    assert (tree.name, tree.folders[A].path) == (ROOT, f"{ROOT} / {A}")
    assert tree.sessions[ONE].Name is None


def test_another_folders_name_is_not_taken() -> None:
    """A child that names another parent tells nothing about this one."""
    site = Site({ROOT: None, A: ROOT})

    def strange(number: int, asked: Asked) -> Said:
        if f"{ROOT}/children?pageNumber=0" in asked.path:
            row = site.folder(A) | {"ParentFolder": {"Id": B, "Name": "another"}}
            return said({"Results": [row]})
        return site.answer(number, asked)

    with rest_of(strange) as (rest, _):
        assert walk(rest, ROOT).name == "name of 001"


# doors that are shut


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_denied_subfolder_is_named_and_the_rest_is_whole(
    home: Path, new_sandbox: NewSandbox, depth: int
) -> None:
    sandbox = new_sandbox(PEACE)
    course = course_ids(sandbox)[0]
    chain = list(sandbox.panopto.snapshot(sandbox.now()).below(course))
    sandbox.set_scenario(PEACE | {"denied_folders": [chain[depth]]})
    with road_of(panopto_settings(sandbox, home)) as road:
        tree = walk(road.rest, course)
    truth = sandbox.panopto.snapshot(sandbox.now())
    shut = set(truth.below(chain[depth]))
    assert [place.id for place in tree.denied] == [chain[depth]]
    assert tree.denied[0].name == truth.names[chain[depth]]
    assert set(tree.folders) == (set(truth.below(course)) - shut) | {chain[depth]}
    there = {key for key, place in truth.folder_of.items() if place in set(truth.below(course)) - shut}
    assert set(tree.sessions) == there


def test_a_denied_course_is_refused(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course = course_ids(sandbox)[0]
    sandbox.set_scenario(PEACE | {"denied_folders": [course]})
    with road_of(panopto_settings(sandbox, home)) as road, pytest.raises(Refused) as caught:
        walk(road.rest, course)
    assert caught.value.status == 403
    assert course in str(caught.value)
    assert len(rest_calls(sandbox)) == 1


def test_a_course_that_is_not_there_is_refused(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    with road_of(panopto_settings(sandbox, home)) as road, pytest.raises(Refused) as caught:
        walk(road.rest, NO_FOLDER)
    assert (caught.value.status, caught.value.code) == (404, "NotFound")


@pytest.mark.parametrize("status", [404, 410])
def test_a_subfolder_that_vanishes_in_mid_walk_does_not_stop_the_rest(status: int) -> None:
    """It was listed a moment ago; whatever was in it is gone as well."""
    site = Site({ROOT: None, A: ROOT, B: ROOT}, {ONE: A, TWO: B}, status={A: status})
    tree = walked(site)
    assert set(tree.folders) == {ROOT, B}
    assert list(tree.sessions) == [TWO]
    assert tree.denied == []


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (500, Unavailable), (503, Unavailable)])
def test_trouble_in_a_subfolder_is_no_denial(status: int, kind: type[VendorError]) -> None:
    with pytest.raises(kind):
        walked(Site({ROOT: None, A: ROOT}, status={A: status}))


# what a list leaves out


def test_a_known_folder_that_is_not_listed_is_found_by_its_id(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    course = course_ids(sandbox)[0]
    with road_of(panopto_settings(sandbox, home)) as road:
        before = walk(road.rest, course)
        second = list(before.folders)[1]
        sandbox.set_scenario(PEACE | {"children_hidden": [course]})
        found = walk(road.rest, course, before.folders.values(), before.sessions)
        unknown = walk(road.rest, course)
    assert set(found.folders) == set(before.folders)
    assert set(found.sessions) == set(before.sessions)
    assert second in found.unlisted
    assert set(unknown.folders) == {course}


def test_a_known_session_that_is_not_listed_is_found_by_its_id() -> None:
    site = Site({ROOT: None, A: ROOT}, {ONE: A, TWO: A}, hidden={TWO})
    assert list(walked(site).sessions) == [ONE]
    tree = walked(site, [ROOT, A], [ONE, TWO])
    assert list(tree.sessions) == [ONE, TWO]
    assert tree.unlisted == [TWO]
    assert site.calls()[f"sessions/{ONE}"] == 0  # what is listed needs no question


def test_nothing_new_is_asked_where_everything_is_listed() -> None:
    site = Site({ROOT: None, A: ROOT}, {ONE: A})
    walked(site)
    once = site.calls()
    walked(site, [ROOT, A], [ONE])
    assert site.calls() == once + once


def test_a_moved_session_is_gone() -> None:
    site = Site({ROOT: None, A: ROOT, B: None}, {ONE: B, TWO: A})
    tree = walked(site, [ROOT, A], [ONE, TWO])
    assert list(tree.sessions) == [TWO]
    assert tree.unlisted == []


@pytest.mark.parametrize("listed", [True, False])
def test_what_lay_behind_a_door_that_is_shut_now_is_denied_too(listed: bool) -> None:
    """Also where the door itself is not listed any more: sites list what one may see."""
    site = Site({ROOT: None, A: ROOT, B: A, C: B}, {ONE: ROOT}, status=dict.fromkeys([A, B, C], 403))
    site.hidden = set() if listed else {A}
    tree = walked(site, [ROOT, A, B, C])
    assert [place.id for place in tree.denied] == [A, B, C]
    assert list(tree.sessions) == [ONE]
    paths = {key: place.path for key, place in tree.folders.items()}
    assert paths[C] == f"{paths[A]} / old 003 / old 004"


def test_a_moved_folder_is_gone_with_all_that_is_in_it() -> None:
    site = Site({ROOT: None, A: B, B: None, C: A}, {ONE: A, TWO: C})
    tree = walked(site, [ROOT, A, C], [ONE, TWO])
    assert (list(tree.folders), list(tree.sessions)) == ([ROOT], [])


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_session_that_cannot_be_had_is_gone(status: int) -> None:
    site = Site({ROOT: None}, {ONE: ROOT, TWO: ROOT}, hidden={TWO}, status={TWO: status})
    assert list(walked(site, [ROOT], [ONE, TWO]).sessions) == [ONE]


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (500, Unavailable), (401, Unauthorized)])
def test_trouble_with_one_that_is_not_listed_is_not_taken_for_its_end(
    status: int, kind: type[VendorError]
) -> None:
    site = Site({ROOT: None}, {ONE: ROOT}, hidden={ONE}, status={ONE: status})
    with pytest.raises(kind):
        walked(site, [ROOT], [ONE])


def test_a_vendor_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder has one more in it: nothing on this side may grow with it for ever."""
    asked = itertools.count(1)

    def endless(key: str) -> list[Folder]:
        number = next(asked)
        if number > 10_000:
            pytest.fail("still walking")
        return [Folder(guid(1000 + number), "n", Reference(key, "n"))]

    with rest_of(Said()) as (rest, _):
        monkeypatch.setattr(rest, "children", endless)
        monkeypatch.setattr(rest, "sessions", lambda _key: [])
        with pytest.raises(VendorError, match="folders"):
            walk(rest, ROOT)
