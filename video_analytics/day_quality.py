"""What the day files of every source are held against: they open, none is missing, none is out of all bounds.

Pure over the lake. What a row must be like stands in each vendor's `quality.py`, as SQL.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Generic, TypeVar

from video_analytics import lake as lakes
from video_analytics.days import ONE_DAY, days_between, spans
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, Table
from video_analytics.quality import Finding

RECENT_DAYS = 60  # in which a missing day blocks what follows
WEEKS = 8  # before a day, that tell what is usual on its weekday
HISTORY = timedelta(weeks=WEEKS)
FEWEST_WEEKS = 4  # of these that must be held
FACTOR = 10  # between a day and what is usual
LEAST_USUAL = 50  # below it, chance alone goes further
GRACE = timedelta(hours=24)  # since its end, in which a day is read
TURNS = 30  # days in which every older file is opened once
NAMED = 3  # days in a sentence

WARNINGS = ("views_within_bounds", "older_days_present")  # checks that block nothing

Measured = dict[str, Any]
Part = TypeVar("Part", date, int)  # what a file is named for: a day or a year


@dataclass(frozen=True)
class Looked(Generic[Part]):
    """Files that were looked into: what is recorded with those that open, and what of them was measured."""

    facts: Mapping[Part, Mapping[str, Any]]
    rows: Mapping[Part, Measured]
    damaged: Mapping[Part, str]  # why it does not open

    def measures(self, name: str) -> dict[Part, float]:
        """One measure of each file that was measured; 0 where it has no rows."""
        return {part: row.get(name) or 0 for part, row in self.rows.items()}

    def known(self, name: str) -> dict[Part, float]:
        """The same; of the other files, as recorded with them."""
        told = {part: facts[name] for part, facts in self.facts.items() if name in facts}
        return told | self.measures(name)

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
    opened = [day for day in held if not due or day >= due[0] - HISTORY or day in (only or ())]
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
    each such day, with the columns `part` and `rows` at least; a file without rows gives none. The `spared`
    are only opened, where the fact `told` is recorded with them.
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
    return Looked(facts, {part: found.get(str(part), {"rows": 0}) for part in parts}, damaged)


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


def counts_reconciled(subject: str, looked: Looked[Part], prefix: str = "") -> Finding:
    """As many rows in each file as were recorded with it."""
    wrong = [part for part, row in looked.rows.items() if row["rows"] != looked.facts[part].get("rows")]
    total = int(looked.total("rows"))
    says = f"{total:,} rows of {_files(looked)}, as many as recorded"
    if wrong:
        got, said = looked.rows[wrong[0]]["rows"], looked.facts[wrong[0]].get("rows")
        says = f"{few(wrong)}: expected {said} rows as recorded, got {got}; read these again"
    numbers = {"files": len(looked.rows), "rows": total, "wrong_files": len(wrong)}
    return Finding(f"{prefix}counts_reconciled", subject, not wrong, says, numbers)


def none_wrong(
    check: str, subject: str, looked: Looked[Part], name: str, fine: str, wrong: str, *, of: str = "rows"
) -> Finding:
    """A measure that counts wrong rows is 0 in each file. `fine` and `wrong` read on after the count."""
    bad = {part: count for part, count in looked.measures(name).items() if count}
    total, looked_at = int(sum(bad.values())), int(looked.total(of))
    says = f"{looked_at:,} rows of {_files(looked)} {fine}"
    if bad:
        says = f"{few(list(bad))}: {total:,} of {looked_at:,} rows {wrong}; read these again"
    numbers = {"files": len(looked.rows), "rows": looked_at, name: total, "wrong_files": len(bad)}
    return Finding(check, subject, not bad, says, numbers)


def sums_agree(subject: str, looked: Looked[Part], sums: Sequence[str], prefix: str = "") -> Finding:
    """The sums recorded with a file are those of its rows; with older files none were recorded."""
    told = [part for part in looked.rows if all(name in looked.facts[part] for name in sums)]
    got = {part: [looked.rows[part].get(name) or 0 for name in sums] for part in told}
    said = {part: [looked.facts[part][name] for name in sums] for part in told}
    wrong = [part for part in told if any(map(_differ, said[part], got[part]))]
    totals = dict(zip(sums, map(sum, zip(*got.values(), strict=True)), strict=False))
    says = f"{_summed(sums, totals.values())} in {len(told)} of {_files(looked)}, as recorded"
    if wrong:
        first = wrong[0]
        says = (
            f"{few(wrong)}: expected {_summed(sums, said[first])} as recorded, "
            f"rows add up to {_summed(sums, got[first])}; read these again"
        )
    skipped = len(looked.rows) - len(told)
    numbers = {"files": len(told), "files_without_sums": skipped, **totals, "wrong_files": len(wrong)}
    return Finding(f"{prefix}sums_agree", subject, not wrong, says, numbers)


def _summed(names: Iterable[str], sums: Iterable[float]) -> str:
    return (
        " and ".join(f"{value:,.10g} {name}" for name, value in zip(names, sums, strict=False)) or "no sums"
    )


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > 1e-6 * max(1.0, abs(other))


def within_bounds(subject: str, looked: Looked[date], name: str, judged: Iterable[date]) -> Finding:
    """Each judged day lies between a tenth and ten times of what is usual on its weekday."""
    values = looked.known(name)
    usual = {day: known for day in judged if day in values and (known := _usual(values, day)) >= LEAST_USUAL}
    ratios = {day: values[day] / known for day, known in usual.items()}
    outside = [day for day, ratio in ratios.items() if not 1 / FACTOR <= ratio <= FACTOR]
    numbers: dict[str, float] = {"days": len(ratios), "outside": len(outside)}
    says = f"{len(ratios)} days judged, all within a tenth and ten times of their weekday's median"
    if ratios:
        worst = max(ratios, key=lambda day: _distance(ratios[day]))
        numbers |= {"lowest_ratio": min(ratios.values()), "highest_ratio": max(ratios.values())}
        numbers |= {f"worst_{name}": values[worst], "worst_median": usual[worst]}
        if outside:
            says = (
                f"{few(outside)}: {values[worst]:,.10g} {name} on {worst}, the median of its weekday in the "
                f"{WEEKS} weeks before is {usual[worst]:,.10g}; look whether that is true at the source"
            )
    return Finding("views_within_bounds", subject, not outside, says, numbers, blocking=False)


def _usual(values: Mapping[date, float], day: date) -> float:
    """The median of the same weekday in the weeks before; 0 where too few of them are held."""
    weeks = (day - timedelta(weeks=back) for back in range(1, WEEKS + 1))
    known = [values[each] for each in weeks if each in values]
    return median(known) if len(known) >= FEWEST_WEEKS else 0.0


def _distance(ratio: float) -> float:
    """How far from 1, either way."""
    return max(ratio, 1 / ratio) if ratio else float("inf")


def days_present(
    subject: str, due: Sequence[date], held: Collection[date], check: str = "days_present"
) -> Finding:
    """Each day that is due is there."""
    missing = [day for day in due if day not in held]
    says = f"{len(due)} days due, all there"
    if missing:
        says = f"{len(missing)} of {len(due)} days due are not there ({_spans(missing)}); fetch them"
    return Finding(check, subject, not missing, says, {"days": len(due), "missing": len(missing)})


def older_days_present(subject: str, held: Sequence[date], before: Sequence[date]) -> Finding:
    """None is missing between the first held day and the recent ones. A span being filled is no error yet."""
    due = days_between(held[0], before[0] - ONE_DAY) if held and before else []
    found = days_present(subject, due, set(held), "older_days_present")
    return replace(found, blocking=False)


def files_readable(
    subject: str, opened: int, damaged: Mapping[Part, str], check: str = "files_readable"
) -> Finding:
    """Every file that was opened is one of this lake."""
    total = opened + len(damaged)
    says = f"{total} files opened"
    if damaged:
        why = next(iter(damaged.values()))
        says = f"{len(damaged)} of {total} files cannot be read ({few(list(damaged))}): {why}"
    return Finding(check, subject, not damaged, says, {"files": total, "damaged": len(damaged)})


def _files(looked: Looked[Part]) -> str:
    return f"{len(looked.rows)} files"


def _spans(days: Iterable[date]) -> str:
    found = [str(first) if first == last else f"{first}..{last}" for first, last in spans(days)]
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more gaps" if len(found) > NAMED else "")


def few(parts: Sequence[date | int]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return ", ".join(map(str, parts[:NAMED])) + more
