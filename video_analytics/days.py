"""Days: every one between two, and the unbroken runs among some."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby

ONE_DAY = timedelta(days=1)


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included; none where they are the wrong way round."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last day of each unbroken run of days, in order."""
    result = []
    for _, run in groupby(enumerate(sorted(set(days))), key=lambda pair: pair[1].toordinal() - pair[0]):
        held = [day for _, day in run]
        result.append((held[0], held[-1]))
    return result
