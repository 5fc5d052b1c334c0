import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics import lake
from video_analytics.panopto import coverage
from video_analytics.panopto.coverage import ZERO_GUID, Rules, compute
from video_analytics_tests.panopto import oracle
from video_analytics_tests.panopto.oracle import Record, Row, World

RULES = Rules("America/Vancouver")
NOON = datetime(2024, 9, 12, 19, tzinfo=UTC)  # in Vancouver
FILES = ("chunked_coverage", "chunk_totals", "viewer_coverage", "session_measures", "chunk_measures")
Output = dict[str, list[Row]]
Run = Callable[..., tuple[Output, dict[str, int]]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("coverage")
    with lake.connect() as connection:

        def compute_world(world: World, rules: Rules = RULES) -> tuple[Output, dict[str, int]]:
            connection.register("activity", _activity(world))
            connection.register("sessions", _sessions(world))
            counts = compute(connection, rules, folder)
            return {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in FILES}, counts

        yield compute_world


def _activity(world: World) -> pa.Table:
    records = world.records
    return pa.table(
        {
            "course_id": pa.array(["course"] * len(records), pa.string()),
            "session_id": pa.array([record.session for record in records], pa.string()),
            "user_id": pa.array([record.user for record in records], pa.string()),
            "date": pa.array([record.time.astimezone(UTC).date() for record in records], pa.date32()),
            "time": pa.array([record.time for record in records], pa.timestamp("us", tz="UTC")),
            "playback_speed": pa.nulls(len(records), pa.float64()),
            "start_position": pa.array([world.seconds(record.start) for record in records], pa.float64()),
            "start_reason": pa.nulls(len(records), pa.string()),
            "stop_reason": pa.nulls(len(records), pa.string()),
            "seconds_viewed": pa.array([world.seconds(record.length) for record in records], pa.float64()),
            "occurrence": pa.array([0] * len(records), pa.int64()),
        }
    )


def _sessions(world: World) -> pa.Table:
    durations = [None if units is None else world.seconds(units) for units in world.durations.values()]
    return pa.table(
        {
            "session_id": pa.array(list(world.durations), pa.string()),
            "duration": pa.array(durations, pa.float64()),
        }
    )


def _same(found: Output, world: World, rules: Rules) -> None:
    """The files hold the oracle's rows in the oracle's order, each number the double nearest to it."""
    for name, rows in oracle.files(world, rules).items():
        _same_rows(found[name], rows)


def _same_rows(found: list[Row], expected: list[Row]) -> None:
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert row == wanted


# Random worlds: hypothesis draws their shape and a seed, and Python's random the thousand sets in each, as a
# set drawn by hypothesis alone costs a hundred times more than one computed.

SETS = 1000
DIRT = (float("nan"), float("inf"), float("-inf"), 10**300, -(10**300), 0, -3)


def _world(seed: int, units: int, stretches: int, unit: int, dirt: float, sets: int = SETS) -> World:
    dice = random.Random(seed)
    sessions = [f"s{number}" for number in range(sets // 4)]
    durations: dict[str, int | None] = {session: dice.randint(1, units) for session in sessions}
    for session in sessions:
        if dice.random() < dirt / 4:
            durations[session] = dice.choice([None, 0])
    pairs = [(dice.choice(sessions), f"u{number % 37}") for number in range(sets)]
    pairs = [(session, ZERO_GUID if user == "u0" else user) for session, user in pairs]
    records = [
        _record(dice, pair, durations[pair[0]] or units, dirt)
        for pair in pairs
        for _ in range(dice.randint(1, stretches))
    ]
    dice.shuffle(records)
    return World(durations, tuple(records), unit)


def _record(dice: random.Random, pair: tuple[str, str], duration: int, dirt: float) -> Record:
    session, user = pair
    start = dice.randint(0, duration - 1)
    length = dice.randint(1, duration - start)
    time = NOON + timedelta(seconds=dice.randint(0, 3 * 86400))
    record = Record(session, user, time, start, length)
    if dice.random() >= dirt:
        return record
    return dice.choice(
        [
            replace(record, start=dice.choice(DIRT)),
            replace(record, length=dice.choice(DIRT)),
            replace(record, start=start - duration, length=length),
            replace(record, start=start + duration // 2),
            replace(record, start=duration),
            replace(record, session="deleted"),
        ]
    )


WORLDS = st.builds(
    _world,
    seed=st.integers(0, 2**32),
    units=st.integers(1, 48),
    stretches=st.integers(1, 9),
    unit=st.sampled_from([1, 7, 1000, 60_000, 600_000]),
    dirt=st.sampled_from([0.0, 0.1, 0.5]),
)


@examples(max_examples=20_000 // SETS)
@given(WORLDS, st.sampled_from([1, 3, 7, 20]), st.sampled_from([0.0, 33.3, 50.0, 75.0, 100.0]))
def test_20_000_random_sets_equal_the_oracle(run: Run, world: World, chunks: int, percent: float) -> None:
    rules = replace(RULES, chunks=chunks, completed_percent=percent)
    found, counts = run(world, rules)
    _same(found, world, rules)
    assert {name: number for name, number in counts.items() if number} == oracle.counts(world)
    assert counts["records"] == sum(number for name, number in counts.items() if name != "records")


# What must not matter: order, duplicates, and where a stretch was cut in two.

SMALL = st.builds(
    _world,
    seed=st.integers(0, 2**32),
    units=st.integers(1, 30),
    stretches=st.integers(1, 8),
    unit=st.sampled_from([1, 1000]),
    dirt=st.sampled_from([0.0, 0.3]),
    sets=st.just(40),
)
DICE = st.integers(0, 2**32).map(random.Random)


@examples(max_examples=12)
@given(SMALL, DICE)
def test_order_does_not_matter(run: Run, world: World, dice: random.Random) -> None:
    records = list(world.records)
    dice.shuffle(records)
    assert run(replace(world, records=tuple(records))) == run(world)


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    world = _world(7, units=40, stretches=9, unit=1000, dirt=0.2)
    written = []
    for records in (world.records, world.records[::-1]):
        with lake.connect() as connection:
            connection.register("activity", _activity(replace(world, records=records)))
            connection.register("sessions", _sessions(world))
            compute(connection, RULES, tmp_path)
        written.append([(tmp_path / f"{name}.parquet").read_bytes() for name in FILES])
    assert written[0] == written[1]


@examples(max_examples=12)
@given(SMALL)
def test_duplicates_change_only_what_counts_repeats(run: Run, world: World) -> None:
    repeats = {"total_time_spent", "anonymous_time_spent", "watch_seconds", "rewatch_seconds", "records"}
    repeats |= {"anonymous_watch_seconds"}
    once, _ = run(world)
    twice, counts = run(replace(world, records=world.records * 2))
    assert _without(twice, repeats) == _without(once, repeats)
    assert counts == {name: 2 * number for name, number in oracle.counts(world).items()} | {
        name: 0 for name in counts if name not in oracle.counts(world)
    }
    for row, other in zip(once["viewer_coverage"], twice["viewer_coverage"], strict=True):
        assert (row["watch_seconds"] is None) == (other["watch_seconds"] is None)
        assert other["watch_seconds"] == (row["watch_seconds"] and 2 * row["watch_seconds"])


@examples(max_examples=12)
@given(SMALL, DICE)
@pytest.mark.slow
def test_where_a_stretch_is_cut_in_two_does_not_matter(run: Run, world: World, dice: random.Random) -> None:
    clean = replace(
        world, records=tuple(record for record in world.records if oracle.kind(world, record) == "used")
    )
    halves = tuple(half for record in clean.records for half in _cut(record, dice))
    assert _without(run(replace(clean, records=halves))[0], {"records"}) == _without(
        run(clean)[0], {"records"}
    )


def _cut(record: Record, dice: random.Random) -> tuple[Record, ...]:
    if record.length == 1:
        return (record,)
    at = dice.randint(1, int(record.length) - 1)
    return (replace(record, length=at), replace(record, start=record.start + at, length=record.length - at))


def _without(output: Output, names: set[str]) -> Output:
    return {
        file: [{name: value for name, value in row.items() if name not in names} for row in rows]
        for file, rows in output.items()
    }


@examples(max_examples=5)
@given(SMALL, st.integers(5, 50))
@pytest.mark.slow
def test_the_size_and_number_of_parts_do_not_matter(run: Run, world: World, at_once: int) -> None:
    whole = run(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coverage, "STRETCHES_AT_ONCE", at_once)
        assert run(world) == whole
        patch.setattr(coverage, "PARTS_TO_SORT", 1)
        assert run(world) == whole


@examples(max_examples=8)
@given(SMALL, st.sampled_from([1, 3, 20]))
def test_sums_agree_with_each_other(run: Run, world: World, chunks: int) -> None:
    found, counts = run(world, replace(RULES, chunks=chunks))
    chunk_time = sum(row["total_time_spent"] for row in found["chunked_coverage"])
    assert chunk_time == pytest.approx(sum(row["total_time_spent"] for row in found["chunk_totals"]))
    assert chunk_time == pytest.approx(sum(row["watch_seconds"] or 0 for row in found["viewer_coverage"]))
    covered = sum(row["covered_seconds"] for row in found["chunk_totals"])
    assert covered == pytest.approx(sum(row["covered_seconds"] or 0 for row in found["viewer_coverage"]))
    used = counts["used"] + counts["clipped_start"] + counts["clipped_end"]
    assert used + counts["no_duration"] == sum(row["records"] for row in found["session_measures"])
    assert counts["records"] == sum(number for name, number in counts.items() if name != "records")


# Days


@pytest.mark.parametrize(
    "zone",
    [
        "America/Vancouver",
        "Europe/Zurich",
        "America/St_Johns",  # changed at one minute past midnight
        "America/Sao_Paulo",  # at midnight
        "Africa/Cairo",
        "Australia/Lord_Howe",  # by half an hour
        "Pacific/Apia",  # left out 30 December 2011
        "Asia/Kathmandu",
        "America/Havana",
        "UTC",
    ],
)
def test_every_instant_lies_in_exactly_one_local_day(run: Run, zone: str) -> None:
    """Minute by minute around each change of the clock, each minute a unit of the video."""
    times = [
        change + timedelta(minutes=minutes, microseconds=microseconds)
        for change in _changes(ZoneInfo(zone))
        for minutes in range(-26 * 60, 26 * 60, 13)
        for microseconds in (-1, 0)
    ]
    records = [Record("s", "u", time, start, 1) for start, time in enumerate(times)]
    found, _ = run(World({"s": len(records)}, tuple(records), 60_000), Rules(zone, chunks=1))
    days: dict[date, int] = {}
    for time in times:
        day = time.astimezone(ZoneInfo(zone)).date()
        days[day] = days.get(day, 0) + 1
    by_day = {row["date"]: row["total_time_spent"] / 60 for row in found["chunked_coverage"]}
    assert by_day == dict(sorted(days.items()))
    (viewer,) = found["viewer_coverage"]
    assert viewer["days"] == len(days)
    assert viewer["watch_seconds"] == 60 * len(times)


def _changes(zone: ZoneInfo) -> list[datetime]:
    """The hours in which a zone's clock changed in some years with rules of their own, or some hour."""
    found = []
    for year in (2007, 2011, 2018, 2024):
        hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(366 * 24)]
        for earlier, later in pairwise(hours):
            if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
                found.append(later)
    return found or [datetime(2024, 3, 1, tzinfo=UTC)]


def test_times_out_of_the_ordinary(run: Run) -> None:
    times = [
        datetime(1, 1, 1, 12, tzinfo=UTC),
        datetime(1969, 7, 20, tzinfo=UTC),
        datetime(9999, 12, 31, 12, tzinfo=UTC),
    ]
    found, counts = run(World({"s": 9}, tuple(Record("s", "u", time, 1, 2) for time in times)))
    assert counts["used"] == 3
    assert {row["date"] for row in found["chunked_coverage"]} == {time.date() for time in times}
    assert found["viewer_coverage"][0]["days"] == 3


# Thresholds, anonymous ids, edges


@pytest.mark.parametrize(
    ("milliseconds", "completed"), [(74_999, 0), (75_000, 1), (75_001, 1)], ids=["below", "at", "above"]
)
@pytest.mark.parametrize("chunks", [1, 20])
def test_completed_is_three_quarters_exactly(
    run: Run, milliseconds: int, completed: int, chunks: int
) -> None:
    """Of the video, in two stretches that overlap; and of its every chunk."""
    early = Record("s", "u", NOON, 0, 50_000)
    late = Record("s", "u", NOON + timedelta(days=1), 40_000, milliseconds - 40_000)
    found, _ = run(World({"s": 100_000}, (early, late)), replace(RULES, chunks=chunks))
    assert found["viewer_coverage"][0]["completed"] == completed
    assert found["viewer_coverage"][0]["percent_covered"] == milliseconds / 1000
    size = 100_000 // chunks
    parts = tuple(Record("s", "u", NOON, index * size, milliseconds // chunks) for index in range(chunks))
    found, _ = run(World({"s": 100_000}, parts), replace(RULES, chunks=chunks))
    assert {row["completed"] for row in found["chunked_coverage"]} == {
        int(milliseconds // chunks * 4 >= size * 3)
    }


def test_a_chunk_seen_on_two_days_is_completed_over_all_days(run: Run) -> None:
    """40 % on one day and 40 % on another: on neither day, and in all."""
    records = (Record("s", "u", NOON, 0, 40), Record("s", "u", NOON + timedelta(days=1), 40, 40))
    found, _ = run(World({"s": 100}, records, 1000), replace(RULES, chunks=1))
    assert [row["completed"] for row in found["chunked_coverage"]] == [0, 0]
    assert [row["completed"] for row in found["chunk_totals"]] == [1]
    (measures,) = found["chunk_measures"]
    assert (measures["completed_days"], measures["completed_viewers"]) == (0, 1)
    assert found["session_measures"][0]["completed_viewers"] == 1


def test_anonymous_ids_are_counted_apart(run: Run) -> None:
    rules = replace(RULES, anonymous=frozenset({ZERO_GUID, "KIOSK"}), chunks=1)
    users = ("ann", "bob", ZERO_GUID, "kiosk")
    world = World({"s": 100}, tuple(Record("s", user, NOON, 0, 80) for user in users), 1000)
    found, _ = run(world, rules)
    assert {row["user_id"]: row["anonymous"] for row in found["viewer_coverage"]} == {
        "ann": 0,
        "bob": 0,
        "kiosk": 1,
        ZERO_GUID: 1,
    }
    assert found["session_measures"] == [
        {
            "session_id": "s",
            "unique_viewers": 2,
            "anonymous_ids": 2,
            "completed_viewers": 2,
            "watch_seconds": 160.0,
            "rewatch_seconds": 0.0,
            "anonymous_watch_seconds": 160.0,
            "records": 4,
        }
    ]
    (chunk,) = found["chunk_measures"]
    assert (chunk["viewers"], chunk["completed_days"], chunk["completed_viewers"]) == (2, 2, 2)
    assert (chunk["total_time_spent"], chunk["anonymous_time_spent"]) == (160.0, 160.0)
    assert len(found["chunked_coverage"]) == 4


@pytest.mark.parametrize("duration", [None, 0, -5])
def test_without_a_duration_viewers_are_known_and_nothing_else(run: Run, duration: int | None) -> None:
    records = (
        Record("s", "ann", NOON, 0, 80),
        Record("s", "ann", NOON, 5, 0),
        Record("s", "bob", NOON, 0, -1),
    )
    found, counts = run(World({"s": duration}, records))
    (session,) = found["session_measures"]
    assert (session.pop("session_id"), session.pop("unique_viewers"), session.pop("records")) == ("s", 1, 1)
    assert session.pop("anonymous_ids") == 0
    assert set(session.values()) == {None}
    assert [row["watch_seconds"] for row in found["viewer_coverage"]] == [None]
    assert not found["chunked_coverage"] + found["chunk_totals"] + found["chunk_measures"]
    assert (counts["no_duration"], counts["zero_length"], counts["negative"]) == (1, 1, 1)


def test_no_records_give_files_without_rows(run: Run) -> None:
    found, counts = run(World({"s": 100}, ()))
    assert [len(found[name]) for name in FILES] == [0, 0, 0, 1, 0]
    assert set(counts.values()) == {0}
    assert [len(rows) for rows in run(World({}, ()))[0].values()] == [0] * 5


def test_what_touches_an_edge_has_no_row_there(run: Run) -> None:
    found, _ = run(World({"s": 600}, (Record("s", "u", NOON, 0, 30),), 1000))
    (row,) = found["chunked_coverage"]
    assert (row["chunk_index"], row["chunk_start"], row["chunk_end"]) == (0, 0.0, 30.0)
    assert row["chunk_percent_covered"] == 100.0


def test_a_video_of_a_microsecond(run: Run) -> None:
    """Shorter than anything, still cut into chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "seconds", lambda _, units: units / 1e6)
        found, _ = run(World({"s": 1}, (Record("s", "u", NOON, 0, 1),)))
    assert [row["chunk_percent_covered"] for row in found["chunked_coverage"]] == [100.0] * 20
    assert found["viewer_coverage"][0]["covered_seconds"] == 1e-6


def test_a_very_long_video_and_thousands_of_equal_records(run: Run) -> None:
    """10,000,000 seconds, seen to the end 5,000 times."""
    record = Record("s", "u", NOON, 0, 10**10 + 1)
    found, counts = run(World({"s": 10**10}, (record,) * 5000))
    (viewer,) = found["viewer_coverage"]
    assert viewer["percent_covered"] == 100.0
    assert (viewer["covered_seconds"], viewer["watch_seconds"]) == (1e7, 5e10)
    assert {row["chunk_percent_covered"] for row in found["chunk_totals"]} == {100.0}
    assert counts["clipped_end"] == 5000


def test_a_hundred_thousand_tiny_stretches_of_one_viewer(run: Run) -> None:
    """Each second of a day-long video and half of the next, in any order."""
    starts = list(range(86_400))
    random.Random(1).shuffle(starts)
    records = tuple(Record("s", "u", NOON, 2 * start, 3) for start in starts)
    found, _ = run(World({"s": 172_800}, records, 500))
    (viewer,) = found["viewer_coverage"]
    assert (viewer["percent_covered"], viewer["covered_seconds"]) == (100.0, 86_400.0)
    assert viewer["watch_seconds"] == 86_400 * 1.5 - 0.5


# The old rows


@examples(max_examples=12)
@given(SMALL, st.sampled_from([1, 3, 20]))
def test_legacy_rows_equal_the_old_rule(run: Run, world: World, chunks: int) -> None:
    rules = replace(RULES, chunks=chunks)
    exact, _ = run(world, rules)
    found, _ = run(world, replace(rules, legacy_rows=True))
    _same_rows(found.pop("chunked_coverage"), oracle.legacy_rows(world, rules))
    exact.pop("chunked_coverage")
    assert found == exact


def _chunk_percents(run: Run, *stretches: tuple[int, int]) -> dict[int, float]:
    """Of a video of 600 seconds in 20 chunks, the old way."""
    records = tuple(Record("s", "u", NOON, start, end - start) for start, end in stretches)
    found, _ = run(World({"s": 600}, records, 1000), replace(RULES, legacy_rows=True))
    return {row["chunk_index"]: row["chunk_percent_covered"] for row in found["chunked_coverage"]}


def test_legacy_percent_stops_at_a_first_range_that_is_enough(run: Run) -> None:
    assert _chunk_percents(run, (0, 24), (25, 29)) == {0: 80.0}
    assert _chunk_percents(run, (0, 3), (4, 28)) == {0: 90.0}


def test_legacy_rows_where_a_chunk_was_only_touched(run: Run) -> None:
    assert _chunk_percents(run, (0, 30)) == {0: 100.0, 1: 0.0}
    assert _chunk_percents(run, (45, 45)) == {1: 0.0}
    assert _chunk_percents(run, (60, 60)) == {1: 0.0, 2: 0.0}
    assert _chunk_percents(run, (600, 610)) == {19: 0.0}
    assert _chunk_percents(run, (-5, 0)) == {0: 0.0}
    assert _chunk_percents(run, (601, 610)) == {}
