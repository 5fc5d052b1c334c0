import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
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
LEFT_OUT = ("zero_length", "negative", "outside", "unknown_session", "no_duration", "not_finite")
Output = dict[str, list[Row]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[Output, dict[str, int]]]]:
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
        assert row == {
            name: float(value) if isinstance(value, Fraction) else value for name, value in wanted.items()
        }


# Random worlds: hypothesis draws their shape and a seed, and Python's random the thousand sets in each, as a
# set drawn by hypothesis alone costs a hundred times more than one computed.

SETS = 1000
DIRT = (float("nan"), float("inf"), float("-inf"), 10**303, -(10**303), 0, -3)


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
    units=st.integers(1, 60),
    stretches=st.integers(1, 12),
    unit=st.sampled_from([1, 7, 1000, 60_000, 600_000]),
    dirt=st.sampled_from([0.0, 0.1, 0.5]),
)


@examples(max_examples=20_000 // SETS)
@given(WORLDS, st.sampled_from([1, 3, 7, 20]), st.sampled_from([0.0, 33.3, 50.0, 75.0, 100.0]))
def test_20_000_random_sets_equal_the_oracle(
    run: Callable[..., tuple[Output, dict[str, int]]], world: World, chunks: int, percent: float
) -> None:
    rules = replace(RULES, chunks=chunks, completed_percent=percent)
    found, counts = run(world, rules)
    _same(found, world, rules)
    assert {name: number for name, number in counts.items() if number} == oracle.counts(world)
    assert counts["records"] == sum(number for name, number in counts.items() if name != "records")
