"""A scenario month by month until the renewal, and when it passes a limit."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from video_analytics.panopto.retention.answers import Answer
from video_analytics.panopto.retention.forecast import GROWTHS, MID, Breach, Growth
from video_analytics.panopto.retention.scenarios import ARCHIVED, BUCKETS, CREATED, STORED
from video_analytics.planning import words
from video_analytics.planning.words import hours, percent, say, show

_MILLION = 1_000_000  # hours, from which on there is no room for single ones


class _Column(NamedTuple):
    heading: str
    values: str  # column of the forecast
    growth: str
    bucket: str  # whose limit it is held against


def print_months(console: Console, answer: Answer, growth: Growth) -> None:
    """The forecast of the one scenario of an answer."""
    (outcome,) = answer.outcomes
    limits = answer.retention.limits_of(outcome.scenario).model_dump()
    rows = _by_day(answer.forecast.to_pylist())
    columns = list(_columns(growth))
    console.print()
    say(console, f"Forecast until {max(rows)}", "bold")
    say(console, _growth(growth))
    table = words.table("", *words.numbers(*(each.heading for each in columns)))
    for day, found in rows.items():
        cells = (_cell(found[each.growth][each.values], limits[each.bucket]) for each in columns)
        table.add_row(str(day), *cells)
    table.add_row(
        "limit", *(_cell(limits[each.bucket], limits[each.bucket]) for each in columns), style="dim"
    )
    show(console, table)
    say(
        console,
        "created: in the licence's year so far. stored: at most, if nothing that is stored leaves. archived: "
        "at most, if nothing that is stored is viewed again. !: above the limit.",
        "dim",
    )
    for line in _breaches(answer.breaches, answer.day, max(rows)):
        say(console, line, "bold red" if answer.breaches else "bold green")


def _columns(growth: Growth) -> Iterator[_Column]:
    """One for each growth, or one for all where they are the same."""
    apart = growth.low != growth.high
    for heading, values, bucket in (
        ("created", "created_hours", CREATED),
        ("stored", "stored_at_most_hours", STORED),
    ):
        for name in GROWTHS if apart else (MID,):
            yield _Column(f"{heading}\n{name}" if apart else heading, values, name, bucket)
    yield _Column("archived", "archived_hours", MID, ARCHIVED)


def _by_day(rows: Sequence[Mapping[str, Any]]) -> dict[date, dict[str, Mapping[str, Any]]]:
    """The rows of a day by growth."""
    found: dict[date, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["month"], {})[row["growth"]] = row
    return found


def _cell(number: float, limit: float) -> Text:
    text = f"{number:,.0f}" if number < _MILLION else f"{number / _MILLION:,.2f}M"
    return Text(f"{text}!", style="red") if number > limit else Text(f"{text} ")


def _growth(growth: Growth) -> str:
    if not growth.rates:
        return (
            "How fast new hours grow is not known: the data do not hold two whole years of them. Each month "
            "is taken to bring what it brought a year ago."
        )
    apart = growth.low != growth.high
    rates = (
        ", ".join(f"{name} {percent(growth.rate(name))}" for name in GROWTHS)
        if apart
        else percent(growth.mid)
    )
    years = ", ".join(f"{hours(number)} from {begin}" for begin, number in growth.years.items())
    return f"New hours change by {rates} a year, taken from the hours of 12 months: {years}."


def _breaches(found: Sequence[Breach], day: date, until: date) -> Iterator[str]:
    """For each bucket that passes its limit, when it does so first."""
    if not found:
        yield f"No limit is passed until {until}."
    for bucket in BUCKETS:
        passed = [each for each in found if each.bucket == bucket]
        if passed:
            days = {each.growth: each.month for each in passed}
            yield f"{bucket} passes its limit of {hours(passed[0].limit)} h {_when(days, day)}."


def _when(days: Mapping[str, date], report_date: date) -> str:
    """The first day with each growth; those with the same day together."""
    same: dict[date, list[str]] = {}
    for name, day in days.items():
        same.setdefault(day, []).append(name)
    said = {day: f"already on {day}" if day == report_date else f"by {day}" for day in same}
    never = [name for name in GROWTHS if name not in days]
    if len(same) == 1 and not never:
        return ", ".join(said.values())
    parts = [f"{said[day]} with {_growths(names)}" for day, names in same.items()]
    return ", ".join([*parts, f"not with {_growths(never)}"] if never else parts)


def _growths(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} growth"
