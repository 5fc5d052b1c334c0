"""The calendar as Markdown: counts by subject, and a line for each month with a character a day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from video_analytics.brightcove.finality import PROVISIONAL
from video_analytics.status import COMPLETE, FAILED, MISSING, STATES, Status

MONTHS = 3  # that are drawn, the one that is going on included
MOST = 30_000  # bytes; metadata is kept with every materialization
WIDTH = 28  # of a name
SIGNS = {COMPLETE: "#", PROVISIONAL: "~", MISSING: ".", FAILED: "X"}
LEGEND = ", ".join(f"`{sign}` {state}" for state, sign in SIGNS.items())


def drawn(statuses: Sequence[Status], now: datetime) -> str:
    """The Markdown, at most `MOST` bytes: those that lack something come first, and are cut last."""
    if not statuses:
        return "No account and no course is set up."
    ordered = sorted(statuses, key=lambda status: (not _lacks(status), status.kind))
    head = [f"{now:%F %R} UTC: {LEGEND}", "", *_table_head()]
    lines = [*map(_counted, ordered), "", "```", *_months(ordered, now), "```"]
    return "\n".join([*head, *_bounded(lines, MOST - _size(head))])


def _lacks(status: Status) -> bool:
    return any(status.days[state] or status.years.get(state) for state in (MISSING, FAILED))


def _table_head() -> tuple[str, str]:
    names = ("account or course", "from", "to", *STATES, "years missing or failed")
    return f"| {' | '.join(names)} |", f"| --- | --- | --- {'| ---: ' * (len(STATES) + 1)}|"


def _counted(status: Status) -> str:
    counts = [f"{len(status.days[state]):,}" for state in STATES]
    years = sum(len(status.years.get(state, ())) for state in (MISSING, FAILED))
    cells = (_name(status), str(status.first), str(status.last), *counts, f"{years:,}" if years else "")
    return f"| {' | '.join(cells)} |"


def _months(statuses: Iterable[Status], now: datetime) -> Iterator[str]:
    begin = now.date().replace(day=1)
    for _ in range(MONTHS - 1):
        begin = (begin - timedelta(days=1)).replace(day=1)
    for status in statuses:
        signs = {day: SIGNS[state] for state, days in status.days.items() for day in days if day >= begin}
        for (year, month), days in groupby(sorted(signs), key=lambda day: (day.year, day.month)):
            yield f"{_name(status):<{WIDTH}} {year}-{month:02} {_line(list(days), signs)}"


def _line(days: Sequence[date], signs: dict[date, str]) -> str:
    """A month's signs, each in the place of its day; blank where the subject has no such day yet."""
    by_number = {day.day: signs[day] for day in days}
    return "".join(by_number.get(number, " ") for number in range(1, days[-1].day + 1))


def _name(status: Status) -> str:
    """A vendor's name that can break neither a table nor a block of code."""
    shown = "".join(sign if sign.isprintable() and sign not in "|`<>\\" else " " for sign in status.name)
    return " ".join(shown.split())[:WIDTH] or status.id


def _bounded(lines: Sequence[str], room: int) -> Iterator[str]:
    closing = "```"
    room -= 200  # for the words that tell of what was cut
    for number, line in enumerate(lines):
        room -= _size([line])
        if room < 0:
            left = len(lines) - number - 1
            yield from [closing] if closing in lines[:number] else []
            yield f"\n… and {left:,} lines more: all days are in `exports/trust/calendar.csv`"
            return
        yield line


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
