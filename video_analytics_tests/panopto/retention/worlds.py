"""Small snapshots by hand and by dice, and scenarios by dice."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, Self, cast
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from dateutil.relativedelta import relativedelta

from video_analytics.lake import connect
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.held import Held, prepare
from video_analytics.settings.retention import Retention, Scenario

Row = dict[str, Any]

ZONE = "America/Los_Angeles"
HOUR_US = 3_600_000_000


def local(day: date, clock: time = time(12)) -> datetime:
    """An instant of a day in the zone of the tests."""
    return datetime.combine(day, clock, ZoneInfo(ZONE))


def session(number: int, hours_us: int = HOUR_US, **changes: Any) -> Row:
    """A session of one hour that nobody has viewed, in no folder, unless told otherwise.

    With `viewed`, the local day of the last view, it has a view.
    """
    viewed: date | None = changes.pop("viewed", None)
    started: date | None = changes.pop("started", None)
    known: Row = dict.fromkeys(SESSION_USAGE.schema.names) | {
        "session_id": f"{number:08x}-0000-4a4a-9b9b-000000000000",
        "name": f"Session {number}",
        "start_time": started and local(started),
        "views": 1 if viewed else 0,
        "last_view": viewed and local(viewed),
        "unique_viewers": 0,
        "minutes_delivered": 0.0,
        "hours_us": hours_us,
        "hours": hours_us / HOUR_US,
        "reports": "session_usage,sessions_created_or_edited",
    }
    return known | changes


def snapshot(rows: Iterable[Row]) -> pa.Table:
    """The rows as a table of the lake."""
    return pa.Table.from_pylist(list(rows), schema=SESSION_USAGE.schema)


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database for few rows, which a second thread would only delay."""
    with connect() as connection:
        connection.execute("SET threads = 1")
        yield connection


@contextmanager
def held_of(rows: Iterable[Row], day: date, retention: Retention | None = None) -> Iterator[Held]:
    """The rows, ready to be counted."""
    with database() as connection:
        yield hold(connection, rows, day, retention)


def hold(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[Row], day: date, retention: Retention | None = None
) -> Held:
    """The same in a database that is open, in place of what it held."""
    connection.register("sessions", snapshot(rows))
    return prepare(connection, day, ZONE, retention or Retention())


def of_each(held: Held, columns: Iterable[str]) -> list[tuple[Any, ...]]:
    """What the columns, in SQL, say of each session by its id."""
    asked = ("SELECT", ", ".join(columns), "FROM held ORDER BY session_id")
    return held.connection.execute(" ".join(asked)).fetchall()


class Remembering:
    """A database that is asked each question once, as long as what it holds stays the same."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._answers: dict[str, list[Any]] = {}
        self._asked = ""

    def sql(self, question: str) -> Self:
        self._asked = question
        return self

    execute = sql

    def fetchall(self) -> list[Any]:
        if self._asked not in self._answers:
            self._answers[self._asked] = self._connection.sql(self._asked).fetchall()
        return self._answers[self._asked]


def remembering(held: Held, retention: Retention | None = None) -> Held:
    """The same sessions behind a memory; with another plan for the same questions if one is given."""
    connection = held.connection
    if not isinstance(connection, Remembering):
        connection = cast("duckdb.DuckDBPyConnection", Remembering(connection))
    return Held(connection, held.day, held.zone, retention or held.retention)


# Worlds by dice: what rules ask for, often to the day at which an answer turns.

SOURCES = (None, "Zoom", "Web API", 'Bob\'s "box" \\')
ROOTS = (None, "Users", "User", "Moodle")


def random_sessions(dice: random.Random, day: date, most: int) -> list[Row]:
    """Up to so many sessions around a report date."""
    return [_random_session(dice, day, number) for number in range(dice.randint(0, most))]


def _random_session(dice: random.Random, day: date, number: int) -> Row:
    viewed = random_day(dice, day) if dice.random() < 0.6 else None
    row = session(
        number,
        dice.choice((0, 1, dice.randrange(9 * HOUR_US))),
        viewed=viewed,
        started=random_day(dice, day) if dice.random() < 0.9 else None,
        stream_source=dice.choice(SOURCES),
        root_folder=dice.choice(ROOTS),
        archived=dice.choice((None, 0, 0, 1)),
    )
    return row | {"last_view": None} if dice.random() < 0.05 else row


def random_day(dice: random.Random, day: date) -> date:
    """Some months before a day, or a little after it, often to the day."""
    return (
        day
        - relativedelta(months=dice.randint(-2, 30))
        + timedelta(days=dice.choice((-1, 0, 0, 1, dice.randint(-20, 20))))
    )


# Rules by dice: conditions that split the sessions again and again, each part into a bucket.

Conditions = dict[str, Any]


def random_scenario(dice: random.Random, *, tidy: bool) -> Scenario:
    """Rules that leave each session in one bucket; without `tidy` some that do not.

    With `tidy` what is recent stays stored, and what is not recent does not: a wider window stores more. Such
    rules do not ask for the age, as a session without a start has none.
    """
    by = [each for each in _SPLITS if not tidy or each != "age"]
    parts: dict[str, list[Conditions]] = {"stored": [], "archived": [], "deleted": []}
    for conditions in _split(dice, {}, by, 3):
        parts[_bucket(dice, conditions if tidy else {})].append(conditions)
    if not tidy and dice.random() < 0.2:
        parts[dice.choice(("stored", "archived"))].append(dict([dice.choice(_SPLITS["watched"])]))
    rest = tidy or dice.random() < 0.5
    return Scenario.model_validate(
        {
            "name": "by_dice",
            "window_months": dice.randint(1, 24),
            "bundles": tuple(dice.choices(("archive", "create"), k=dice.randint(0, 3))),
            "imported": {
                source: round(dice.random(), 2) for source in ("Zoom", "(none)") if dice.random() < 0.6
            },
            **parts,
            "deleted": "rest" if rest else parts["deleted"],
            "published": _random_published(dice),
        }
    )


_SPLITS: dict[str, tuple[tuple[str, Any], ...]] = {
    "watched": (("watched", True), ("watched", False)),
    "recent": (("recent", True), ("recent", False)),
    "user_folder": (("user_folder", True), ("user_folder", False)),
    "root_folder": (("root_folders", ("Moodle", "(none)")), ("except_root_folders", ("Moodle", "(none)"))),
    "stream_source": (
        ("stream_sources", ("Zoom", SOURCES[3])),
        ("except_stream_sources", ("Zoom", SOURCES[3])),
    ),
    "age": (("created_before_months", 12), ("created_within_months", 12)),
}


def _split(dice: random.Random, above: Conditions, left: list[str], depth: int) -> Iterator[Conditions]:
    if depth == 0 or dice.random() < 0.15:
        yield above
        return
    by = dice.choice(left)
    for name, value in _SPLITS[by]:
        conditions = above | {name: value}
        if not (conditions.get("recent") and conditions.get("watched") is False):
            yield from _split(dice, conditions, [each for each in left if each != by], depth - 1)


def _bucket(dice: random.Random, conditions: Conditions) -> str:
    match conditions.get("recent"):
        case True:
            return "stored"
        case False:
            return dice.choice(("archived", "deleted"))
        case _:
            return dice.choice(("stored", "archived", "deleted"))


def _random_published(dice: random.Random) -> Row:
    rules = [{"watched": False}, {"recent": False, "stream_sources": ["Zoom"]}]
    beyond = {"of": rules[:1], "beyond": dice.choice(("stored", "created", "archived"))}
    return {"archived": dice.choice((None, rules)), "deleted": dice.choice((None, rules, beyond))}
