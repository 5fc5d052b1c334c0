"""Partitions: complete, empty, failed or never asked; same rows, same bytes; old or new, always whole."""

import datetime as dt
import itertools
import os
import random
import shutil
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from video_analytics import lake as lakes
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, Table, day_key
from video_analytics_tests.failing import ERRORS, errno_of, failing_call, kill_writers

DAY = dt.date(2026, 6, 1)
THINGS = Table(
    "vendor/things",
    pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("name", pa.string()),
            pa.field("number", pa.int64()),
            pa.field("share", pa.float64()),
            pa.field("day", pa.date32()),
            pa.field("read_on", pa.date32(), nullable=False),
        ]
    ),
    marks=("read_on",),
)
OTHERS = Table("vendor/others", pa.schema([pa.field("id", pa.string(), nullable=False)]))
ODD_NAMES = (
    "it's",
    "a b",
    "a[b]c",
    "Zürich 漢字",
    "100%20",
    "a#b;c",
    "{x}",
    'say "hi"',
    "-- x",
    "it''s [0-9]",
)

Row = dict[str, Any]


def thing(code: int, /, **changes: Any) -> Row:
    row = {"id": f"{code:06}", "name": f"Thing {code}", "number": code, "share": code / 7, "day": DAY}
    return row | {"read_on": DAY} | changes


def table_of(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, THINGS.schema)


def rows_of(lake: Lake, key: str = "k", table: Table = THINGS) -> list[Row]:
    read = lake.read(table, key)
    assert read is not None
    rows: list[Row] = read.to_pylist()
    return rows


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


# --- what a partition says of itself ----------------------------------------------------------------------


def test_what_was_written_is_read(lake: Lake) -> None:
    rows = [thing(2), thing(1, name=None, number=None, share=None, day=None), thing(3, name="")]
    assert lake.write(THINGS, "a/k", table_of(rows), {"finality": "final"}) is True
    assert rows_of(lake, "a/k") == rows
    facts = lake.facts(THINGS, "a/k")
    assert facts is not None
    assert (facts["finality"], facts["rows"]) == ("final", 3)
    assert lake.path(THINGS, "a/k") == lake.root / "vendor" / "things" / "a" / "k.parquet"


def test_never_asked_is_none(lake: Lake) -> None:
    assert lake.facts(THINGS, "k") is None
    assert lake.read(THINGS, "k") is None
    assert lake.failure(THINGS, "k") is None
    assert list(lake.days(THINGS, "a")) == list(lake.failed_days(THINGS, "a")) == []


def test_empty_is_complete_with_zero_rows(lake: Lake) -> None:
    assert lake.write(THINGS, "k", THINGS.schema.empty_table(), {}) is True
    facts, read = lake.facts(THINGS, "k"), lake.read(THINGS, "k")
    assert facts is not None
    assert facts["rows"] == 0
    assert read is not None
    assert read.schema.equals(THINGS.schema)
    assert read.num_rows == 0
    assert lake.files(THINGS, ["k", "other"]) == [lake.path(THINGS, "k")]
    assert lake.write(THINGS, "k", THINGS.schema.empty_table(), {}) is False


def test_a_failure_is_told_and_keeps_what_was_there(lake: Lake) -> None:
    key = day_key("a", DAY)
    lake.fail(THINGS, key, 'no "answer", 漢')
    assert lake.failure(THINGS, key) == 'no "answer", 漢'
    assert lake.facts(THINGS, key) is None
    assert (list(lake.days(THINGS, "a")), list(lake.failed_days(THINGS, "a"))) == ([], [DAY])

    lake.write(THINGS, key, table_of([thing(1)]), {})
    assert lake.failure(THINGS, key) is None
    assert (list(lake.days(THINGS, "a")), list(lake.failed_days(THINGS, "a"))) == ([DAY], [])

    lake.fail(THINGS, key, "later")
    assert rows_of(lake, key) == [thing(1)]
    assert (list(lake.days(THINGS, "a")), list(lake.failed_days(THINGS, "a"))) == ([DAY], [DAY])


def test_a_success_without_change_removes_the_failure_too(lake: Lake) -> None:
    lake.write(THINGS, "k", table_of([thing(1)]), {})
    lake.fail(THINGS, "k", "x")
    assert lake.write(THINGS, "k", table_of([thing(1)]), {}) is False
    assert lake.failure(THINGS, "k") is None


def test_ids_stay_text(lake: Lake) -> None:
    ids = ["000123", "6300000000001", "1e5", "0x1F", "00", "007 ", "true", "NaN", "", "-1"]
    lake.write(THINGS, "k", table_of([thing(1, id=each) for each in ids]), {})
    assert [row["id"] for row in rows_of(lake)] == ids
    with lakes.connect() as connection:
        lakes.scan(connection, "things", THINGS, lake.files(THINGS, ["k"]))
        assert connection.sql("SELECT id FROM things").fetchall() == [(each,) for each in ids]


def test_columns_may_come_in_any_order(lake: Lake, tmp_path: Path) -> None:
    table, other = table_of([thing(1), thing(2)]), Lake(tmp_path / "other")
    lake.write(THINGS, "k", table, {})
    other.write(THINGS, "k", table.select(THINGS.schema.names[::-1]), {})
    assert lake.path(THINGS, "k").read_bytes() == other.path(THINGS, "k").read_bytes()


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("number", ["x"]),
        ("number", [1.5]),
        ("number", [2**63]),
        ("number", [[1]]),
        ("number", [{"a": 1}]),
        ("name", [["a"]]),
        ("name", [{"a": "b"}]),
        ("day", ["yesterday"]),
        ("share", [b"\xff"]),
        ("id", [None]),
        ("read_on", [None]),
    ],
)
def test_rows_that_do_not_fit_are_refused(lake: Lake, column: str, values: list[Any]) -> None:
    lake.write(THINGS, "k", table_of([thing(1)]), {})
    before = lake.path(THINGS, "k").read_bytes()
    table = table_of([thing(2)])
    kind = pa.uint64() if values == [2**63] else None
    position = table.schema.get_field_index(column)
    wrong = table.set_column(position, column, pa.array(values, kind))
    with pytest.raises(LakeError, match=r"^vendor/things: ") as caught:
        lake.write(THINGS, "k", wrong, {})
    if values == [None]:
        assert column in str(caught.value)
    assert lake.path(THINGS, "k").read_bytes() == before


@pytest.mark.parametrize("column", THINGS.schema.names)
def test_a_missing_column_is_named(lake: Lake, column: str) -> None:
    with pytest.raises(LakeError, match=rf"^vendor/things: .*\b{column}\b"):
        lake.write(THINGS, "k", table_of([thing(1)]).drop_columns([column]), {})
    assert lake.facts(THINGS, "k") is None


def test_a_null_where_none_may_be_names_table_and_column(lake: Lake) -> None:
    rows = table_of([thing(1)]).set_column(0, "id", pa.array([None], pa.string()))
    with pytest.raises(LakeError, match=r"vendor/things: .*\bid\b"):
        lake.write(THINGS, "k", rows, {})


# --- the same rows ----------------------------------------------------------------------------------------

texts = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=4))
rows_strategy = st.lists(
    st.builds(
        lambda name, number, share, day, code: thing(code, name=name, number=number, share=share, day=day),
        texts,
        st.one_of(st.none(), st.integers(-5, 2**62)),
        st.one_of(st.none(), st.floats(allow_nan=False, width=32)),
        st.one_of(st.none(), st.dates(dt.date(2020, 1, 1), dt.date(2027, 1, 1))),
        st.integers(0, 99),
    ),
    max_size=25,
)


def same_rows_otherwise(rows: list[Row], chance: random.Random) -> pa.Table:
    """The rows as a slice of a bigger table in pieces, with rubbish beneath its nulls."""
    empty = {"name": None, "number": None, "share": None, "day": None}
    around = [thing(each, **(empty if chance.random() < 0.5 else {})) for each in range(40)]
    before, after = chance.randrange(20), chance.randrange(20)
    big = table_of(around[:before] + rows + around[20 : 20 + after])
    edges = sorted(chance.sample(range(big.num_rows + 1), min(3, big.num_rows)))
    pieces = [big.slice(start, end - start) for start, end in itertools.pairwise([0, *edges, big.num_rows])]
    table = pa.concat_tables(pieces).slice(before, len(rows))
    if chance.random() < 0.5:
        values = np.array(
            [chance.randrange(99) if r["number"] is None else r["number"] for r in rows], "int64"
        )
        nulls = np.array([row["number"] is None for row in rows], bool)
        table = table.set_column(2, THINGS.schema.field("number"), pa.array(values, pa.int64(), nulls))
    names = list(THINGS.schema.names)
    chance.shuffle(names)
    return table.select(names)


@settings(max_examples=60, deadline=None)
@given(rows=rows_strategy, seed=st.integers(0, 2**32))
def test_equal_rows_give_equal_files(rows: list[Row], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Lake(Path(folder, "1")), Lake(Path(folder, "2"))
        other = same_rows_otherwise(rows, random.Random(seed))
        first.write(THINGS, "k", table_of(rows), {"a": 1, "b": [2]})
        second.write(THINGS, "k", other, {"b": [2], "a": 1})
        assert rows_of(first) == rows_of(second) == rows
        assert first.path(THINGS, "k").read_bytes() == second.path(THINGS, "k").read_bytes()
        assert first.write(THINGS, "k", other, {"b": [2], "a": 1}) is False


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": ""},
        {"number": 0},
        {"number": None},
        {"share": 0.0},
        {"share": None},
        {"id": "1"},
    ],
)
def test_any_other_value_is_another_version(lake: Lake, change: Row) -> None:
    lake.write(THINGS, "k", table_of([thing(1), thing(2)]), {})
    assert lake.write(THINGS, "k", table_of([thing(1), thing(2, **change)]), {}) is True
    assert rows_of(lake) == [thing(1), thing(2, **change)]


def test_order_and_facts_are_part_of_a_version(lake: Lake) -> None:
    lake.write(THINGS, "k", table_of([thing(1), thing(2)]), {"x": 1})
    assert lake.write(THINGS, "k", table_of([thing(2), thing(1)]), {"x": 1}) is True
    assert lake.write(THINGS, "k", table_of([thing(2), thing(1)]), {"x": 2}) is True
    facts = lake.facts(THINGS, "k")
    assert facts is not None
    assert facts["x"] == 2


def test_marks_alone_do_not_write_again(lake: Lake) -> None:
    later = DAY + dt.timedelta(3)
    lake.write(THINGS, "k", table_of([thing(1)]), {"read_on": DAY.isoformat()})
    before = lake.path(THINGS, "k").stat()
    assert lake.write(THINGS, "k", table_of([thing(1, read_on=later)]), {"read_on": str(later)}) is False
    assert lake.path(THINGS, "k").stat().st_mtime_ns == before.st_mtime_ns
    assert rows_of(lake)[0]["read_on"] == DAY  # when these numbers were first read
    changed = table_of([thing(1, number=9, read_on=later)])
    assert lake.write(THINGS, "k", changed, {"read_on": str(later)}) is True
    assert rows_of(lake)[0]["read_on"] == later


def test_a_callers_own_digest_decides(lake: Lake) -> None:
    assert lake.write(THINGS, "k", table_of([thing(1)]), {}, "d1") is True
    assert lake.write(THINGS, "k", table_of([thing(2)]), {}, "d1") is False
    assert lake.write(THINGS, "k", table_of([thing(1)]), {}, "d2") is True


# --- damage -----------------------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def foreign(path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), path)


def odd_facts(path: Path) -> None:
    pq.write_table(table_of([thing(1)]).replace_schema_metadata({lakes.FACTS: b"{not json"}), path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def zeroed_end(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-60] + bytes(60))


def zeroed_footer(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-300] + bytes(292) + content[-8:])


DAMAGE: list[Callable[[Path], object]] = [
    cut,
    foreign,
    odd_facts,
    folder,
    zeroed_end,
    zeroed_footer,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"PAR1"),
    lambda path: path.write_bytes(b"<html>Service unavailable</html>" * 20),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_with_its_mend(lake: Lake, damage: Callable[[Path], object]) -> None:
    lake.write(THINGS, "k", table_of([thing(each) for each in range(50)]), {})
    path = lake.path(THINGS, "k")
    damage(path)
    for attempt in (lambda: lake.facts(THINGS, "k"), lambda: lake.read(THINGS, "k")):
        with pytest.raises(LakeError) as caught:
            attempt()
        assert str(path) in str(caught.value)
        assert "move it away and fetch the partition again" in str(caught.value)
    if path.is_dir():
        shutil.rmtree(path)
    assert lake.write(THINGS, "k", table_of([thing(1)]), {}) is True  # fetching it again mends it
    assert lake.read(THINGS, "k") == table_of([thing(1)])


def test_damage_in_the_rows_is_named_too(lake: Lake) -> None:
    lake.write(THINGS, "k", table_of([thing(each) for each in range(500)]), {})
    path = lake.path(THINGS, "k")
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(500) + content[504:])
    assert lake.facts(THINGS, "k") is not None
    with pytest.raises(LakeError) as caught:
        lake.read(THINGS, "k")
    assert str(path) in str(caught.value)


# --- failing, killed, read meanwhile ----------------------------------------------------------------------


@pytest.mark.parametrize("number", ERRORS)
def test_whichever_call_fails_the_partition_is_old_or_new(tmp_path: Path, number: int) -> None:
    old, new = [thing(1), thing(2)], [thing(each) for each in range(1, 40)]
    for refused in itertools.count(1):
        lake = Lake(tmp_path / str(refused))
        lake.write(THINGS, "k", table_of(old), {"is": "old"})
        lake.fail(THINGS, "k", "before")
        with failing_call(lake.root, refused, number) as calls:
            told = errno_of(partial(lake.write, THINGS, "k", table_of(new), {"is": "new"}))
        failed = told is not None
        assert told in {None, number}
        assert calls.fired or not failed
        facts = lake.facts(THINGS, "k")
        assert facts is not None
        replaced = "replace" in calls.succeeded or not failed
        assert (facts["is"], rows_of(lake)) == (("new", new) if replaced else ("old", old))
        assert facts["rows"] == len(rows_of(lake))
        assert lake.failure(THINGS, "k") == ("before" if failed else None)
        assert list(lake.root.rglob("*.tmp")) == []
        if not calls.fired:
            break
        lake.write(THINGS, "k", table_of(new), {"is": "new"})
        assert rows_of(lake) == new
        assert lake.failure(THINGS, "k") is None
    assert {"open", "write", "fsync", "replace", "close", "unlink"} <= set(calls.names)


@pytest.mark.parametrize("number", ERRORS)
def test_a_failure_that_cannot_be_recorded_spoils_nothing(tmp_path: Path, number: int) -> None:
    for refused in itertools.count(1):
        lake = Lake(tmp_path / str(refused))
        lake.write(THINGS, "k", table_of([thing(1)]), {})
        lake.fail(THINGS, "k", "first")
        with failing_call(lake.root, refused, number) as calls:
            assert errno_of(partial(lake.fail, THINGS, "k", "second")) in {None, number}
        assert lake.failure(THINGS, "k") in {"first", "second"}
        assert rows_of(lake) == [thing(1)]
        if not calls.fired:
            break
    assert lake.failure(THINGS, "k") == "second"


def test_a_reader_sees_whole_partitions_only(lake: Lake) -> None:
    def write(number: int) -> None:
        rows = [thing(each, number=number) for each in range(50 + number % 50)]
        lake.write(THINGS, "k", table_of(rows), {"number": number, "count": len(rows)})

    write(0)
    wrong: list[object] = []
    seen: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            facts = lake.facts(THINGS, "k") or {}
            rows = rows_of(lake)
            seen.add(facts["number"])
            if facts["rows"] != facts["count"] or len({row["number"] for row in rows}) != 1:
                wrong.append(facts)
            if len(rows) != 50 + rows[0]["number"] % 50:
                wrong.append(len(rows))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 301):
            write(number)
    finally:
        done.set()
        reader.join()
    assert wrong == []
    assert len(seen) > 10


WRITER = """
import sys
from pathlib import Path
import pyarrow as pa
from video_analytics.lake import Lake, Table
table = Table("vendor/simple", pa.schema([pa.field("number", pa.int64(), nullable=False)]))
lake = Lake(Path(sys.argv[1]))
facts = lake.facts(table, "k")
start = number = facts["number"] if facts else 0
while True:
    number += 1
    if number == start + 2:
        print("go", flush=True)
    lake.fail(table, "k", "asking")
    lake.write(table, "k", pa.table({"number": [number] * 20_000}), {"number": number})
"""


def test_a_killed_writer_leaves_an_old_or_a_new_partition(lake: Lake) -> None:
    simple = Table("vendor/simple", pa.schema([pa.field("number", pa.int64(), nullable=False)]))
    last = 0
    for _ in kill_writers(WRITER, lake.root, kills=6, longest=0.08):
        facts = lake.facts(simple, "k")
        if facts is None:
            assert last == 0
            continue
        rows = lake.read(simple, "k")
        assert rows is not None
        assert rows["number"].to_pylist() == [facts["number"]] * 20_000
        assert facts["number"] >= last
        assert lake.failure(simple, "k") in {None, "asking"}
        last = facts["number"]
    assert last >= 6  # each of the killed had written at least once


# --- finding files ----------------------------------------------------------------------------------------


def test_day_files_are_those_between_both_borders(lake: Lake) -> None:
    days = [dt.date(2024, 12, 30) + dt.timedelta(each) for each in range(0, 800, 1)]
    for owner in ("1", "2", "11"):
        for day in days[:: 40 if owner == "2" else 1]:
            path = lake.path(THINGS, day_key(owner, day))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            path.with_suffix(".failed.json").touch()
            path.with_name(f".{path.name}.1-2.tmp").touch()
    assert list(lake.days(THINGS, "1")) == days
    for since, until in [
        (dt.date(2025, 1, 1), dt.date(2025, 1, 1)),
        (dt.date(2024, 12, 31), dt.date(2025, 1, 1)),
        (dt.date(2025, 12, 31), dt.date(2026, 1, 1)),
        (days[0], days[-1]),
        (dt.date.min, dt.date.max),
        (dt.date(2026, 2, 1), dt.date(2026, 1, 1)),
        (dt.date(1999, 1, 1), dt.date(2024, 12, 29)),
    ]:
        found = lake.day_files(THINGS, ["1"], since, until)
        assert [dt.date.fromisoformat(path.stem) for path in found] == [
            day for day in days if since <= day <= until
        ]
    both = lake.day_files(THINGS, ["2", "1"], days[0], days[40])
    assert [(path.parent.parent.name, path.stem) for path in both] == [
        *(("1", day.isoformat()) for day in days[:41]),
        *(("2", day.isoformat()) for day in (days[0], days[40])),
    ]
    assert lake.day_files(THINGS, ["none"], dt.date.min, dt.date.max) == []
    assert lake.day_files(THINGS, [], dt.date.min, dt.date.max) == []


def test_all_days_are_found_without_looking_through_all_years(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.write(THINGS, day_key("1", DAY), table_of([thing(1)]), {})
    looks = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            looks[0] += 1
            return real(*args, **options)

        return call

    monkeypatch.setattr(os, "scandir", counted(os.scandir))
    monkeypatch.setattr(os, "stat", counted(os.stat))
    found = lake.day_files(THINGS, ["1"], dt.date.min, dt.date.max)
    assert found == [lake.path(THINGS, day_key("1", DAY))]
    assert looks[0] < 20


def test_only_files_that_exist_are_given_in_the_order_asked(lake: Lake) -> None:
    for key in ("b", "a"):
        lake.write(OTHERS, key, pa.table({"id": ["1"]}), {})
    assert lake.files(OTHERS, ["b", "c", "a"]) == [lake.path(OTHERS, "b"), lake.path(OTHERS, "a")]


# --- reading with SQL -------------------------------------------------------------------------------------


def described(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.sql(f"DESCRIBE {name}").fetchall()]


TYPES = [
    ("id", "VARCHAR"),
    ("name", "VARCHAR"),
    ("number", "BIGINT"),
    ("share", "DOUBLE"),
    ("day", "DATE"),
    ("read_on", "DATE"),
]


def test_scan_reads_files_and_makes_empty_views_of_the_same_types(lake: Lake) -> None:
    lake.write(THINGS, "a", table_of([thing(1), thing(2)]), {})
    lake.write(THINGS, "b", table_of([]), {})
    with lakes.connect() as connection:
        for keys, count in ([], 0), (["a", "b"], 2), ([], 0), (["b"], 0), (["a"], 2):
            lakes.scan(connection, "things", THINGS, lake.files(THINGS, keys))
            assert described(connection, "things") == TYPES
            assert connection.sql("SELECT count(*) FROM things").fetchall() == [(count,)]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name / "lake")
    (tmp_path / "abc" / "lake").mkdir(parents=True)  # what `a[b]c` would mean as a pattern
    lake.write(THINGS, day_key("1", DAY), table_of([thing(1)]), {})
    paths = lake.day_files(THINGS, ["1"], DAY, DAY)
    assert paths == [lake.path(THINGS, day_key("1", DAY))]
    with lakes.connect() as connection:
        lakes.scan(connection, "things", THINGS, paths)
        assert connection.sql("SELECT id FROM things").fetchall() == [("000001",)]
    target = lakes.publish_warehouse(lake, [THINGS, OTHERS])
    with duckdb.connect(str(target), read_only=True) as warehouse:
        assert warehouse.sql("SELECT id FROM vendor.things").fetchall() == [("000001",)]
        assert warehouse.sql("SELECT id FROM vendor.others").fetchall() == []


def test_a_folder_is_no_pattern(tmp_path: Path) -> None:
    for name, number in (("a[b]c", 1), ("abc", 2), ("a*c", 3)):
        Lake(tmp_path / name).write(THINGS, "k", table_of([thing(number)]), {})
    for name, number in (("a[b]c", 1), ("abc", 2), ("a*c", 3)):
        lake = Lake(tmp_path / name)
        with lakes.connect() as connection:
            lakes.scan(connection, "things", THINGS, lake.files(THINGS, ["k"]))
            assert connection.sql("SELECT number FROM things").fetchall() == [(number,)]
        with duckdb.connect(str(lakes.publish_warehouse(lake, [THINGS])), read_only=True) as warehouse:
            assert warehouse.sql("SELECT number FROM vendor.things").fetchall() == [(number,)]


@pytest.mark.parametrize("text", ["", "'", "''", "a'b", "\\", "%", "\n", "漢'; DROP TABLE x; --"])
def test_quoted_text_is_the_text(text: str) -> None:
    with lakes.connect() as connection:
        assert connection.sql(f"SELECT {lakes.quoted(text)}").fetchall() == [(text,)]


# --- the warehouse ----------------------------------------------------------------------------------------


def test_the_warehouse_shows_every_table_empty_ones_too(lake: Lake) -> None:
    for table in (lake, None):
        if table is not None:
            lakes.publish_warehouse(lake, [THINGS, OTHERS])
        else:
            lake.write(THINGS, "b/k", table_of([thing(2)]), {})
            lake.write(THINGS, "a/k", table_of([thing(1)]), {})
            lake.write(THINGS, "c/2026/k", table_of([]), {})
            lakes.publish_warehouse(lake, [THINGS, OTHERS])
        with duckdb.connect(str(lake.root / "warehouse.duckdb"), read_only=True) as warehouse:
            assert described(warehouse, "vendor.things") == TYPES
            assert described(warehouse, "vendor.others") == [("id", "VARCHAR")]
            ids = warehouse.sql("SELECT id FROM vendor.things ORDER BY id").fetchall()
            assert ids == ([] if table is not None else [("000001",), ("000002",)])
            assert warehouse.sql("SELECT count(*) FROM vendor.others").fetchall() == [(0,)]


def test_the_warehouse_shows_what_came_later(lake: Lake) -> None:
    lake.write(THINGS, "a", table_of([thing(1)]), {})
    target = lakes.publish_warehouse(lake, [THINGS])
    lake.write(THINGS, "b", table_of([thing(2)]), {})
    with duckdb.connect(str(target), read_only=True) as warehouse:
        assert warehouse.sql("SELECT count(*) FROM vendor.things").fetchall() == [(2,)]


def test_the_warehouse_is_replaced_in_one_step(lake: Lake) -> None:
    lake.write(THINGS, "a", table_of([thing(1)]), {})
    target = lakes.publish_warehouse(lake, [THINGS])
    with target.open("rb") as held:
        old = held.read()
        lakes.publish_warehouse(lake, [THINGS, OTHERS])
        held.seek(0)
        assert held.read() == old  # who has it open keeps the old one
    assert target.read_bytes() != old
    before = target.read_bytes()
    with pytest.raises(ValueError, match="unpack"):
        lakes.publish_warehouse(lake, [THINGS, Table("nowhere", OTHERS.schema)])
    assert target.read_bytes() == before
    assert [path.name for path in lake.root.iterdir() if path.is_file()] == ["warehouse.duckdb"]


@pytest.mark.parametrize("number", ERRORS)
def test_whichever_call_fails_the_warehouse_opens(tmp_path: Path, number: int) -> None:
    for refused in itertools.count(1):
        lake = Lake(tmp_path / str(refused))
        lake.write(THINGS, "a", table_of([thing(1)]), {})
        target = lakes.publish_warehouse(lake, [THINGS])
        with failing_call(lake.root, refused, number) as calls:
            told = errno_of(partial(lakes.publish_warehouse, lake, [THINGS, OTHERS]))
        assert told in {None, number}
        with duckdb.connect(str(target), read_only=True) as warehouse:
            assert warehouse.sql("SELECT count(*) FROM vendor.things").fetchall() == [(1,)]
        assert list(lake.root.glob(".*")) == []
        if not calls.fired:
            break
    assert refused > 3
