"""Looking into the files of days and years without trusting them: which to open, which to measure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar

from video_analytics import lake as lakes
from video_analytics.days import ONE_DAY, days_between
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, Table

RECENT_DAYS = 60  # in which a missing day blocks what follows
WEEKS = 8  # before a day, that tell what is usual on its weekday
GRACE = timedelta(hours=24)  # since its end, in which a day is read
TURNS = 30  # days in which every older file is opened once

Measured = dict[str, Any]
Part = TypeVar("Part", date, int)  # what a file is named for: a day or a year


@dataclass(frozen=True)
class Looked(Generic[Part]):
    """Files that were looked into: what is recorded with those that open, and what of them was measured."""

    facts: Mapping[Part, Mapping[str, Any]]
    rows: Mapping[Part, Measured]
    damaged: Mapping[Part, str]  # why it does not open
    beside: Mapping[Part, Measured] = field(default_factory=dict)  # measured, their rows not in question

    def measures(self, name: str) -> dict[Part, float]:
        """One measure of each file that was measured; 0 where it has no rows."""
        return {part: row.get(name) or 0 for part, row in self.rows.items()}

    def known(self, name: str) -> dict[Part, float]:
        """The same of all files; as recorded with them, where their rows are not in question."""
        told = {part: facts[name] for part, facts in self.facts.items() if name in facts}
        beside = {part: row.get(name) or 0 for part, row in self.beside.items()}
        return told | beside | self.measures(name)

    def total(self, name: str) -> float:
        """A measure, summed over the files."""
        return sum(self.measures(name).values())


@dataclass(frozen=True)
class Scope:
    """What a judgement of days is about."""

    due: Sequence[date]  # that must be there
    opened: Sequence[date]  # held days to open: those due, and those before them that tell what is usual
    spared: Collection[date]  # of these, those whose rows are not in question
    older: Sequence[date]  # held days whose turn it is today to be opened
    recent: bool  # it is about all recent days, not only about some that were read


def scope(
    held: Sequence[date], last_closed: date, closed_at: datetime, now: datetime, only: Collection[date] | None
) -> Scope:
    """All that is recent, and a share of what is older; with `only`, what a run that read these answers for.

    A run that has come to the last day due answers for the presence of all recent days, and for the rows of
    those it read; any other run only for these.
    """
    last = last_closed if now - closed_at >= GRACE else last_closed - ONE_DAY
    if only is not None and max(only, default=date.min) < last:
        due = sorted(day for day in only if day <= last_closed)
        return Scope(due, [day for day in due if day in {*held}], (), (), recent=False)
    due = days_between(max(held[0], last - (RECENT_DAYS - 1) * ONE_DAY), last)
    opened = [day for day in held if not due or day >= due[0] - timedelta(weeks=WEEKS) or day in (only or ())]
    spared = [day for day in opened if day not in (due if only is None else only) and day <= last]
    older = _in_turn(held, {*opened}, now.date()) if only is None else []
    return Scope(due, opened, {*spared}, older, recent=True)


def _in_turn(held: Iterable[date], opened: Collection[date], today: date) -> list[date]:
    return [day for day in held if day.toordinal() % TURNS == today.toordinal() % TURNS and day not in opened]


def look_into(
    lake: Lake,
    table: Table,
    keys: Mapping[Part, str],
    query: str,
    parameters: Mapping[str, object],
    spared: Collection[Part] = (),
    told: str = "rows",
) -> Looked[Part]:
    """Open the partitions of some days, or years, that are held, and measure them.

    `query` reads `files`, the table's columns and `part`, the day its file is named for. It gives a row for
    each such day, with the columns `part` and `rows` at least; a file without rows gives none. The rows of
    the `spared` are not in question: they are read only where the fact `told` is not recorded with them.
    """

    def measured(parts: Iterable[Part]) -> dict[str, Measured]:
        return measure(lake, table, [keys[part] for part in parts], query, parameters)

    facts, damaged = footers(lake, table, keys)
    parts = [part for part in facts if part not in spared or told not in facts[part]]
    try:
        found = measured(parts)
    except LakeError:  # a footer is whole, its pages are not
        damaged |= {part: why for part in parts if (why := _unreadable(lake, table, keys[part]))}
        facts = {part: known for part, known in facts.items() if part not in damaged}
        parts = [part for part in parts if part in facts]
        found = measured(parts)
    rows = {part: found.get(str(part), {"rows": 0}) for part in parts}
    beside = {part: row for part, row in rows.items() if part in spared}
    return Looked(facts, {part: row for part, row in rows.items() if part not in spared}, damaged, beside)


def footers(
    lake: Lake, table: Table, keys: Mapping[Part, str]
) -> tuple[dict[Part, dict[str, Any]], dict[Part, str]]:
    """The facts of the partitions that open; why the others do not."""
    facts: dict[Part, dict[str, Any]] = {}
    damaged: dict[Part, str] = {}
    for part, key in keys.items():
        try:
            facts[part] = lake.facts(table, key) or {}
        except LakeError as error:
            damaged[part] = str(error)
    return facts, damaged


def measure(
    lake: Lake, table: Table, keys: Iterable[str], query: str, parameters: Mapping[str, object]
) -> dict[str, Measured]:
    """What a query gives for each of the partitions that exist, as in `look_into`. Raises LakeError."""
    paths = lake.files(table, keys)
    if not paths:
        return {}
    listed = ", ".join(lakes.pattern(path) for path in paths)
    source = (
        f"SELECT *, parse_filename(filename, true) AS part FROM read_parquet([{listed}], filename = true)"  # noqa: S608 - own paths, quoted
    )
    with lakes.connect() as connection:
        connection.execute(f"CREATE TEMP VIEW files AS {source}")
        found = connection.sql(query, params=dict(parameters))
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    return {row["part"]: row for row in rows}


def _unreadable(lake: Lake, table: Table, key: str) -> str | None:
    try:
        lake.read(table, key)
    except LakeError as error:
        return str(error)
    return None
