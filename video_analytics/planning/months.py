"""A scenario month by month until the renewal, and when it passes a limit."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from video_analytics.panopto.retention.answers import Answer
from video_analytics.panopto.retention.forecast import GROWTHS, HIGH, LOW, MID, Breach, Growth
from video_analytics.panopto.retention.scenarios import ARCHIVED, CREATED, STORED
from video_analytics.planning import words
from video_analytics.planning.words import hours, percent, say

_Rows = Mapping[date, Mapping[str, Mapping[str, Any]]]  # by day and growth

_COLUMNS = (
    # heading, column of the forecast, growth, bucket whose limit it is held against
    ("created\nlow", "created_hours", LOW, CREATED),
    ("created\nmid", "created_hours", MID, CREATED),
    ("created\nhigh", "created_hours", HIGH, CREATED),
    ("stored\nat least", "stored_hours", LOW, STORED),
    ("at most\nlow", "stored_at_most_hours", LOW, STORED),
    ("at most\nmid", "stored_at_most_hours", MID, STORED),
    ("at most\nhigh", "stored_at_most_hours", HIGH, STORED),
    ("archived\nat most", "archived_hours", MID, ARCHIVED),
)
_ALIKE = (  # where the growth is not known
    ("created", "created_hours", MID, CREATED),
    ("stored\nat least", "stored_hours", MID, STORED),
    ("stored\nat most", "stored_at_most_hours", MID, STORED),
    ("archived\nat most", "archived_hours", MID, ARCHIVED),
)


def print_months(console: Console, answer: Answer, growth: Growth) -> None:
    """The forecast of the one scenario of an answer."""
    (outcome,) = answer.outcomes
    limits = answer.retention.limits_of(outcome.scenario).model_dump()
    rows = _by_day(answer.forecast.to_pylist())
    console.print()
    say(console, f"Forecast until {max(rows)}", "bold")
    say(console, _growth(answer.day, growth))
    columns = _COLUMNS if growth.rates else _ALIKE
    table = words.table("", *words.numbers(*(heading for heading, *_ in columns)))
    for day, found in rows.items():
        cells = [(found[name][column], limits[bucket]) for _, column, name, bucket in columns]
        table.add_row(str(day), *(_cell(number, limit) for number, limit in cells))
    table.add_row("limit", *(f"{limits[bucket]:,.0f} " for *_, bucket in columns), style="dim")
    console.print(Padding(table, (0, 0, 0, 2)))
    say(
        console,
        "created: in the licence's year so far. stored at least, archived at most: if nothing that is stored "
        "today is viewed again; stored at most: if nothing leaves. !: above the limit.",
        "dim",
    )
    for line in _breaches(answer.breaches, growth, max(rows)):
        say(console, line, "bold red" if answer.breaches else "bold green")


def _by_day(rows: Sequence[Mapping[str, Any]]) -> _Rows:
    found: dict[date, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["month"], {})[row["growth"]] = row
    return found


def _cell(number: float, limit: float) -> Text:
    over = number > limit
    return Text(f"{number:,.0f}{'!' if over else ' '}", style="red" if over else "")


def _growth(day: date, growth: Growth) -> str:
    if not growth.rates:
        return (
            "How fast new hours grow is not known: the data reach back less than two whole years. Each month "
            "is taken to bring what it brought a year ago."
        )
    rates = ", ".join(f"{name} {percent(growth.rate(name))}" for name in GROWTHS)
    years = ", ".join(f"{hours(number)} from {begin}" for begin, number in growth.years.items())
    return f"New hours grow by so much a year: {rates}. Years to {day}: {years}."


def _breaches(found: Sequence[Breach], growth: Growth, until: date) -> list[str]:
    """For each bucket that passes its limit, when it does so first."""
    if not found:
        return [f"No limit is passed until {until}."]
    lines = []
    for bucket in dict.fromkeys(each.bucket for each in found):
        days = {each.growth: each for each in found if each.bucket == bucket}
        limit = next(iter(days.values())).limit
        if len({each.month for each in days.values()}) == 1 and len(days) == len(GROWTHS):
            when = f"by {days[MID].month}"
        else:
            told = (f"{name} growth by {days[name].month}" for name in GROWTHS if name in days)
            never = [name for name in GROWTHS if name not in days]
            when = ", ".join([*told, *(f"{name} growth not before {until}" for name in never)])
        at_most = ", at most," if bucket == STORED else ""
        lines.append(f"{bucket}{at_most} passes its limit of {limit:,.0f} h: {when}.")
    return lines
