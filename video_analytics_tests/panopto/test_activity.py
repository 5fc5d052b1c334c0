"""Records as rows: twins numbered, order without meaning, merges without loss, one name for each viewer."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.errors import SettingsError
from video_analytics.lake import Lake, day_key
from video_analytics.panopto import activity, plan
from video_analytics.panopto.activity import RAW, Asked, Identities
from video_analytics.panopto.exports import write_database_files, write_output_files, write_tableau_files
from video_analytics.panopto.listing import list_course
from video_analytics.panopto.measures import cover, rules_of
from video_analytics.panopto.resources import Road
from video_analytics.panopto.tables import VIEWING_ACTIVITY
from video_analytics.panopto.usage import Record, _record
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Panopto
from video_analytics_tests.conftest import NOW, NewSandbox, TurnClock, snapshot
from video_analytics_tests.panopto.drill import (
    PEACE,
    Row,
    course_ids,
    lake_rows,
    night,
    panopto_settings,
    road_of,
    true_rows,
)
from video_analytics_tests.panopto.small_lake import ANN, ANONYMOUS, BIOLOGY, BOB, LECTURES

MAY = dt.date(2026, 5, 1)
DAY = dt.date(2026, 6, 1)
KEY = day_key(BIOLOGY, DAY)
RAWLY = Identities()
KEYED = Identities(b"a key of sixteen bytes or more", frozenset({ANONYMOUS}))
RECORD = Record(LECTURES[0], ANN, dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC), 0.0, 30.0, 1.0, "Start", "End")

TOLD: dict[str, Any] = {  # a record as the service tells it
    "SessionId": LECTURES[0], "UserId": ANN, "Time": RECORD.time, "StartPosition": 0.0, "SecondsViewed": 30.0,
    "PlaybackSpeed": 1.0, "StartReason": "Start", "StopReason": "End",
}  # fmt: skip

# few values, so that equal records are common
records = st.builds(
    Record,
    st.sampled_from(LECTURES[:3]),
    st.sampled_from([ANN, BOB, ANONYMOUS]),
    st.sampled_from([dt.datetime(2025, 12, 31, 23, 59, 59, 999_999, dt.UTC), RECORD.time]),
    st.sampled_from([0.0, -3.5, float("inf")]),
    st.sampled_from([0.0, 10.25]),
    st.sampled_from([None, 1.0, 1.25]),
    st.sampled_from([None, "Start", "AutoPlay"]),
    st.just("End"),
)
many = st.lists(records, max_size=25)


def table_of(found: Iterable[Record], identities: Identities = RAWLY) -> pa.Table:
    return activity.rows(BIOLOGY, list(found), identities)


def asked(*sessions: str, denied: Iterable[str] = (), lacking: Iterable[str] = ()) -> Asked:
    return Asked(frozenset(sessions), dict.fromkeys(denied, "no"), dict.fromkeys(lacking, "timed out"))


# rows


@given(many, st.randoms(use_true_random=False), st.sampled_from([RAWLY, KEYED]))
def test_the_order_of_records_means_nothing(
    found: list[Record], chance: random.Random, identities: Identities
) -> None:
    shuffled = chance.sample(found, len(found))
    assert table_of(shuffled, identities).equals(table_of(found, identities))


@given(many, st.sampled_from([RAWLY, KEYED]))
def test_twins_are_told_apart_and_none_is_lost(found: list[Record], identities: Identities) -> None:
    rows = table_of(found, identities).to_pylist()
    assert len({tuple(row.values()) for row in rows}) == len(rows) == len(found)
    numbers: dict[Any, list[int]] = {}
    for row in rows:
        occurrence = row.pop("occurrence")
        numbers.setdefault(tuple(row.values()), []).append(occurrence)
    assert all(seen == list(range(len(seen))) for seen in numbers.values())
    assert sorted(map(len, numbers.values())) == sorted(Counter(found).values())


@given(many)
def test_days_and_years_hold_each_row_once(found: list[Record]) -> None:
    table = table_of(found)
    for parts in (activity.by_day(table), activity.by_year(table)):
        rows = [row for part in parts.values() for row in part.to_pylist()]
        assert Counter(tuple(r.values()) for r in rows) == Counter(
            tuple(r.values()) for r in table.to_pylist()
        )
    for day, part in activity.by_day(table).items():
        assert (
            {moment.date() for moment in part["time"].to_pylist()} == {day} == set(part["date"].to_pylist())
        )
    for year, part in activity.by_year(table).items():
        assert {moment.year for moment in part["time"].to_pylist()} == {year}


@pytest.mark.parametrize("field", ["StartPosition", "SecondsViewed", "PlaybackSpeed"])
def test_twins_without_a_number_are_told_apart_too(field: str) -> None:
    """However often the service says NaN: a number that equals itself not."""
    twins = [_record(SimpleNamespace(**TOLD | {field: float("nan")})) for _ in range(2)]
    assert sorted(table_of(twins)["occurrence"].to_pylist()) == [0, 1]


@given(many)
def test_minutes_are_the_sum_of_seconds(found: list[Record]) -> None:
    expected: dict[tuple[str, dt.date], float] = {}
    for record in found:
        key = record.session_id, record.time.date()
        expected[key] = expected.get(key, 0.0) + record.seconds_viewed / 60
    assert activity.minutes(table_of(found)) == pytest.approx(expected)


# merging


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def put(lake: Lake, found: Iterable[Record], what: Asked, identities: Identities = RAWLY) -> dict[str, Any]:
    return activity.put(lake, VIEWING_ACTIVITY, KEY, table_of(found, identities), what, identities)


def held(lake: Lake) -> list[str]:
    table = lake.read(VIEWING_ACTIVITY, KEY)
    assert table is not None
    return sorted(table["session_id"].to_pylist())


def test_only_the_sessions_that_were_asked_are_replaced(lake: Lake) -> None:
    first, second, third = LECTURES[:3]
    of = {name: replace(RECORD, session_id=name) for name in LECTURES[:3]}
    put(lake, [of[first], of[first], of[second]], asked(first, second))
    assert held(lake) == [first, first, second]
    put(lake, [of[first], of[third]], asked(first, third))
    assert held(lake) == [first, second, third]
    put(lake, [], asked(second))  # the vendor has withdrawn them
    assert held(lake) == [first, third]
    assert put(lake, [of[third]], asked(third)) == {
        "rows": 2, "seconds": 60.0, "changed": 0, "denied_sessions": 0, "lacking_sessions": 0,
    }  # fmt: skip


def test_who_is_denied_or_lacking_is_named_until_it_is_read(lake: Lake) -> None:
    first, second, third = LECTURES[:3]
    put(lake, [RECORD], asked(first, second, third))
    put(lake, [], asked(denied=[second], lacking=[third]))
    facts = lake.facts(VIEWING_ACTIVITY, KEY)
    assert facts is not None
    assert (facts["denied"], facts["lacking"]) == ([second], {third: "timed out"})
    assert lake.failure(VIEWING_ACTIVITY, KEY) == "timed out"
    assert held(lake) == [first]
    put(lake, [], asked(third))
    facts = lake.facts(VIEWING_ACTIVITY, KEY)
    assert facts is not None
    assert (facts["denied"], facts["lacking"]) == ([second], {})
    assert lake.failure(VIEWING_ACTIVITY, KEY) is None
    put(lake, [], asked(second))
    assert (lake.facts(VIEWING_ACTIVITY, KEY) or {})["denied"] == []


@examples(max_examples=30)
@given(st.data())
def test_merging_in_any_steps_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whoever is asked first, and how many at once: the partition is what all of them told."""
    found = data.draw(many.map(lambda drawn: [replace(record, time=RECORD.time) for record in drawn]))
    order = data.draw(st.permutations(LECTURES[:3]))
    cut = data.draw(st.integers(0, 3))
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for part in (order[:cut], order[cut:]):
        put(lake, [record for record in found if record.session_id in part], asked(*part))
    table = lake.read(VIEWING_ACTIVITY, KEY)
    assert table is not None
    assert table.equals(table_of(found))


# what viewers are called


def test_a_viewer_has_one_pseudonym_and_nobody_keeps_the_name() -> None:
    names = {record: KEYED.shown(record) for record in (ANN, BOB, ANONYMOUS)}
    assert names[ANONYMOUS] == ANONYMOUS
    assert len(names[ANN]) == len(names[BOB]) == 64
    assert len(set(names.values())) == 3
    assert KEYED.shown(ANN) == Identities(KEYED.key).shown(ANN) != Identities(b"another key").shown(ANN)
    assert RAWLY.shown(ANN) == ANN
    assert (RAWLY.mark, len({RAWLY.mark, KEYED.mark, Identities(b"another key").mark})) == (RAW, 3)
    assert "a key" not in KEYED.mark


def test_the_settings_say_how_viewers_are_called() -> None:
    key = "0123456789abcdef"
    assert Identities.of(Panopto(pseudonym_key=key)).key is None  # type: ignore[arg-type]
    wanted = Identities.of(Panopto(pseudonym_key=key, pseudonymise=True))  # type: ignore[arg-type]
    assert wanted == Identities(key.encode(), frozenset({ANONYMOUS}))


def bytes_of(root: Path) -> dict[str, bytes]:
    """Every file below a folder: its bytes, and those of its columns where it is Parquet."""
    found = {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for path in root.rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        found[f"{path} read"] = "\n".join(map(str, table.to_pylist())).encode()
    return found


def publish(road: Road, courses: list[str]) -> None:
    for course_id in courses:
        cover(road.lake, course_id, rules_of(road.settings.panopto))
        write_database_files(road.lake, road.exports, course_id)
        write_output_files(road.lake, road.exports, course_id)
    write_tableau_files(road.lake, road.exports, courses)


def lake_truth(sandbox: Sandbox, course_id: str) -> list[Row]:
    """What the vendor had at the course's last night."""
    at = NOW + dt.timedelta(days=course_id == course_ids(sandbox)[0])
    return [row for row in true_rows(sandbox, course_id, at) if row[2].date() >= MAY]


def pseudonymous(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str = "a key for the drill") -> None:
    """From now on the sandbox's environment has the key."""
    environment = sandbox.environment()
    monkeypatch.setattr(sandbox, "environment", lambda: environment | {"PANOPTO_PSEUDONYM_KEY": key})


def test_no_raw_viewer_is_anywhere(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[0], course_ids(sandbox)[2]]
    pseudonymous(sandbox, monkeypatch)
    settings = panopto_settings(sandbox, home, pseudonymise=True, start_date=MAY)
    for number in range(2):
        turn_clock(sandbox, NOW + dt.timedelta(days=number))
        with road_of(settings) as road:
            assert night(road, courses[: 2 - number]) == []
    with road_of(settings) as road:
        publish(road, courses)
    files = bytes_of(home)
    assert len(files) > 200
    viewers = {user for user in sandbox.panopto.users if user != ANONYMOUS}
    for text in (viewer for user in viewers for viewer in (user, user.upper(), user.replace("-", ""))):
        assert [path for path, data in files.items() if text.encode() in data] == []
    identities = Identities.of(settings.panopto)
    for course_id in courses:
        shown = {row[1] for row in lake_rows(road.lake, course_id)}
        true = {row[1] for row in lake_truth(sandbox, course_id)}
        assert {identities.shown(user) for user in true} == shown
    both = [{row[1] for row in lake_rows(road.lake, course_id)} for course_id in courses]
    assert ANONYMOUS in both[0] | both[1]
    assert (both[0] & both[1]) - {ANONYMOUS}  # who attends both has one pseudonym


@pytest.mark.parametrize("change", ["switched on", "another key", "switched off"])
@pytest.mark.parametrize("course", ["the same", "a new one"])
def test_viewers_are_never_called_two_ways(
    home: Path,
    new_sandbox: NewSandbox,
    turn_clock: TurnClock,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    course: str,
) -> None:
    """Also where the night would only write the new day, or another course."""
    sandbox = new_sandbox(PEACE)
    first = course_ids(sandbox)[0]
    other = first if course == "the same" else course_ids(sandbox)[2]
    pseudonymous(sandbox, monkeypatch)
    before = panopto_settings(sandbox, home, pseudonymise=change != "switched on", start_date=MAY)
    with road_of(before) as road:
        night(road, [first])
    if change == "another key":
        pseudonymous(sandbox, monkeypatch, "another key, as long")
    after = panopto_settings(sandbox, home, pseudonymise=change != "switched off", start_date=MAY)
    turn_clock(sandbox, NOW + dt.timedelta(days=1))
    with road_of(after) as road:
        list_course(road.rest, road.lake, other, NOW.date() + dt.timedelta(days=1))
        held = snapshot(road.lake.root)
        with pytest.raises(SettingsError, match=r"panopto\.pseudonymise"):
            night(road, [other])
        assert snapshot(road.lake.root) == held
    with road_of(before) as road:
        assert night(road, [first]) == []
        assert plan.sessions_of(road.lake, first)
