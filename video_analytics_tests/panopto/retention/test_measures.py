"""The tables of hours: each adds up to the same total, whatever the sessions are."""

import random
from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.panopto.retention.measures import MEASURES, measure
from video_analytics.panopto.retention.tables import RETENTION_HOURS
from video_analytics.settings.retention import Retention
from video_analytics_tests.panopto.retention.worlds import (
    HOUR_US,
    Row,
    held_of,
    random_sessions,
    session,
)

DAY = date(2022, 6, 1)
SUMS = ("all_us", "watched_us", "unwatched_us", "sessions")
Tables = dict[str, list[Row]]


def _tables(rows: list[Row], retention: Retention | None = None) -> Tables:
    """The rows of each table, in order."""
    with held_of(rows, DAY, retention) as held:
        found = measure(held)
    assert found.schema == RETENTION_HOURS.schema
    tables: Tables = {}
    for row in found.to_pylist():
        tables.setdefault(row["measure"], []).append(row)
    for lines in tables.values():
        assert [row["place"] for row in lines] == list(range(len(lines)))
        assert [row["line"] for row in lines].index("total") == len(lines) - 1
    return tables


def _column(lines: list[Row], column: str = "all_us") -> dict[str, Any]:
    found = {row["label"]: row[column] for row in lines}
    assert len(found) == len(lines), "a label stands twice"
    return found


def _placed(number: int, *path: str | None, **changes: Any) -> Row:
    """A session in a folder: names of level 0 to 4, as far as they go, and of the folder itself."""
    names = ("root_folder", *(f"subfolder_{level}" for level in range(1, 5)))
    return session(number, **{**dict(zip(names, path[:5], strict=False)), "folder_name": path[-1], **changes})


FOLDERS = [
    ("Film",),
    ("Film", "A"),
    ("Film", "A", "B", "C", "D"),
    ("Film", "A", "B", "C", "D", "E"),
    ("Film", "A", "B", "C", "D", "E2"),
    ("A",),
    ("A", "B"),
    ("Users", "Film"),
    (None, "lost"),
    (None,),
    ("Quo'te", 'a "b"'),
]


def _world(seed: int, most: int) -> list[Row]:
    dice = random.Random(seed)
    rows = random_sessions(dice, DAY, most)
    for row in rows:
        placed = _placed(0, *dice.choice(FOLDERS))
        names = ("root_folder", "folder_name", *(f"subfolder_{level}" for level in range(1, 5)))
        row |= {name: placed[name] for name in names}
        row["creator_id"] = dice.choice((None, "1", "2", "3"))
        row["creator"] = row["creator_id"] and f"artist {row['creator_id']}"
    return rows


WORLDS = st.builds(_world, st.integers(0, 2**32), st.sampled_from([0, 1, 3, 40, 200]))


WINDOWS = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@examples(max_examples=20)
@given(WORLDS, WINDOWS)
def test_every_table_adds_up_to_the_same_total(rows: list[Row], months: list[int]) -> None:
    tables = _tables(rows, Retention(recency_months=tuple(months)))
    assert tuple(tables) == MEASURES
    watched = sum(row["hours_us"] for row in rows if row["views"])
    total = sum(row["hours_us"] for row in rows)
    expected = (total, watched, total - watched, len(rows))
    for name, lines in tables.items():
        assert tuple(lines[-1][column] for column in SUMS) == expected, name
        assert lines[-1]["label"] == "(total)"
        for row in lines:
            assert row["all_us"] == row["watched_us"] + row["unwatched_us"]
        if name not in {"hours_by_recency", "hours_by_folder"}:
            _adds_up([row for row in lines if row["line"] == "row"], lines[-1])
    _windows_lie_in_one_another(tables["hours_by_recency"], sorted(set(months)))
    _folders_add_up(*tables["hours_by_folder"])


def _adds_up(parts: list[Row], whole: Row) -> None:
    for column in SUMS:
        assert sum(row[column] for row in parts) == whole[column], (whole["measure"], whole["label"], column)


def _folders_add_up(*table: Row) -> None:
    *lines, total = table
    assert sum(row["own_us"] for row in lines) == total["own_us"] == total["all_us"]
    _adds_up([row for row in lines if row["depth"] == 0], total)
    children: dict[str, list[Row]] = defaultdict(list)
    for row in lines:
        assert row["depth"] == row["label"].count(" / ")
        children[row["label"].rpartition(" / ")[0]].append(row)
    for row in lines:
        below = children[row["label"]]
        assert row["all_us"] == row["own_us"] + sum(child["all_us"] for child in below)
        assert row["sessions"] >= sum(child["sessions"] for child in below)


def _windows_lie_in_one_another(lines: list[Row], months: list[int]) -> None:
    windows = [row for row in lines if row["since"]]
    assert [row["label"] for row in windows] == [f"within {each} months" for each in months]
    assert [row["since"] for row in windows] == [DAY - relativedelta(months=each) for each in months]
    for shorter, longer in pairwise(windows):
        assert all(shorter[column] <= longer[column] for column in SUMS)
    assert [row["label"] for row in lines[len(windows) :]] == ["(before)", "(never)", "(total)"]
    _adds_up(lines[len(windows) - 1 : -1], lines[-1])


def test_the_tree_of_folders() -> None:
    hours = dict(enumerate((1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)))
    rows = [_placed(place, *path, hours_us=hours[place]) for place, path in enumerate(FOLDERS)]
    lines = _tables(rows)["hours_by_folder"]
    assert [(row["label"], row["depth"], row["all_us"], row["own_us"]) for row in lines] == [
        ("(none)", 0, 256 + 512, 512),
        ("(none) / lost", 1, 256, 256),
        ("A", 0, 32 + 64, 32),
        ("A / B", 1, 64, 64),
        ("Film", 0, 31, 1),
        ("Film / A", 1, 30, 2),
        ("Film / A / B", 2, 28, 0),
        ("Film / A / B / C", 3, 28, 0),
        ("Film / A / B / C / D", 4, 28, 4),
        ("Film / A / B / C / D / E", 5, 8, 8),
        ("Film / A / B / C / D / E2", 5, 16, 16),
        ("Quo'te", 0, 1024, 0),
        ('Quo\'te / a "b"', 1, 1024, 1024),
        ("Users", 0, 128, 0),
        ("Users / Film", 1, 128, 128),
        ("(total)", None, 2047, 2047),
    ]


def test_categories_come_by_their_hours_and_the_blank_one_is_named() -> None:
    rows = [
        session(1, 5, stream_source="Web API", viewed=DAY),
        session(2, 7),
        session(3, 6, stream_source='Bob\'s "box"', root_folder="It's"),
    ]
    tables = _tables(rows)
    for name, labels in (
        ("hours_by_stream_source", ["(none)", 'Bob\'s "box"', "Web API", "(total)"]),
        ("hours_by_root_folder", ["(none)", "It's", "(total)"]),
    ):
        assert list(_column(tables[name])) == labels
    assert _column(tables["hours_by_stream_source"], "watched_us")["Web API"] == 5
    assert _column(tables["hours_by_root_folder"], "unwatched_us")["(none)"] == 7


def test_a_view_without_a_date_is_before_all_windows_and_of_no_month() -> None:
    tables = _tables([session(1, 3, viewed=DAY), session(2, 4, views=1), session(3, 5)])
    recency = _column(tables["hours_by_recency"])
    assert (recency["within 6 months"], recency["(before)"], recency["(never)"]) == (3, 4, 5)
    months = _column(tables["hours_by_months_since_last_view"])
    assert months == {"1": 3, "(never)": 5, "(not told)": 4, "(total)": 12}


def test_months_since_the_last_view_come_in_order() -> None:
    ago = (0, 1, 2, 3, 10, 11, 30)
    rows = [session(each, each + 1, viewed=DAY - relativedelta(months=each)) for each in ago]
    months = _column(_tables([*rows, session(99, 50)])["hours_by_months_since_last_view"])
    assert list(months.items()) == [
        *(("1", 3), ("2", 3), ("3", 4), ("10", 11), ("11", 12), ("30", 31)),
        *(("(never)", 50), ("(total)", 114)),
    ]


def test_the_academic_year_stands_by_source_beside_all_other_years() -> None:
    rows = [
        session(1, 1, stream_source="Zoom", started=date(2021, 6, 1), viewed=DAY),
        session(2, 2, stream_source="Zoom", started=date(2022, 5, 31)),
        session(3, 4, started=date(2021, 9, 1)),
        session(4, 8, stream_source="Zoom", started=DAY),
        session(5, 16, stream_source="iOS"),
    ]
    lines = _tables(rows)["hours_by_academic_year"]
    assert [(row["line"], row["label"], row["all_us"], row["watched_us"]) for row in lines] == [
        ("row", "(none)", 4, 0),
        ("row", "Zoom", 3, 1),
        ("subtotal", "(academic year)", 7, 1),
        ("row", "(other years)", 24, 0),
        ("total", "(total)", 31, 1),
    ]


def test_years_are_those_of_the_local_start() -> None:
    rows = [
        session(1, 1, started=date(2020, 12, 31)),
        session(2, 2, started=date(2021, 1, 1)),
        session(3, 4),
    ]
    rows[0]["start_time"] = rows[0]["start_time"].replace(hour=23)  # in UTC it is the next year
    years = _column(_tables(rows)["hours_by_year_created"])
    assert years == {"2020": 1, "2021": 2, "(none)": 4, "(total)": 7}


CREATORS = [
    session(1, 2, creator_id="b", creator="Bea"),
    session(2, 3, creator_id="a", creator="Ann"),
    session(3, 2, creator_id="b", creator="Bea"),
    session(4, 9, creator="only a name"),
    session(5, 1, creator_id="only an id"),
    session(6, 7),
]


def test_creators_are_numbers_by_their_hours() -> None:
    creators = _column(_tables(CREATORS)["hours_by_creator"])
    assert list(creators.items()) == [
        *(("creator 1", 9), ("creator 2", 4), ("creator 3", 3), ("creator 4", 1)),
        *(("(none)", 7), ("(total)", 24)),
    ]


def test_creators_have_names_where_the_settings_say_so() -> None:
    creators = _column(_tables(CREATORS, Retention(creator_names=True))["hours_by_creator"])
    assert list(creators) == ["only a name", "Bea", "Ann", "only an id", "(none)", "(total)"]


def test_no_name_is_anywhere_unless_the_settings_say_so() -> None:
    said = str(_tables(CREATORS))
    assert not [row["creator"] for row in CREATORS if row["creator"] and row["creator"] in said]


def test_a_creator_who_was_renamed_is_one() -> None:
    rows = [session(1, 1, creator_id="a", creator="Ann"), session(2, 2, creator_id="a", creator="Anna")]
    assert _column(_tables(rows)["hours_by_creator"]) == {"creator 1": 3, "(total)": 3}


def test_creators_of_equal_hours_keep_their_numbers_in_whatever_order_they_come() -> None:
    rows = [session(place, creator_id=f"c{place}", creator=f"name {place}") for place in range(20)]
    shuffled = random.Random(1).sample(rows, len(rows))
    named = Retention(creator_names=True)
    assert _tables(rows, named) == _tables(shuffled, named)


def test_nothing_held_gives_totals_of_nothing() -> None:
    tables = _tables([])
    assert tuple(tables) == MEASURES
    for lines in tables.values():
        assert all(row[column] == 0 for row in lines for column in SUMS)
    by_category = [name for name in MEASURES if name not in {"hours_by_recency", "hours_by_academic_year"}]
    assert [len(tables[name]) for name in by_category] == [1] * len(by_category)


@pytest.mark.parametrize("hours_us", [0, HOUR_US * 1_000_000])
def test_hours_are_exact_from_none_to_a_million_a_session(hours_us: int) -> None:
    lines = _tables([session(number, hours_us) for number in range(50)])["hours_by_root_folder"]
    assert lines[-1]["all_us"] == 50 * hours_us
    assert lines[-1]["sessions"] == 50
