"""The checks of when things happen: crons, and the hours of a night."""

import re
from calendar import monthrange
from datetime import time

from video_analytics.settings.checks import wrong

_LEAP_YEAR = 2024
_CRON = 'five fields, "minute hour day month weekday", such as "0 3 * * *"'
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

# field, least, most, names of the values from the least on
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("days", 1, 31, ()),
    ("months", 1, 12, _MONTHS),
    ("weekdays", 0, 7, _WEEKDAYS),
)
_ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]{1,2}))?", re.ASCII)
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def cron(text: str) -> str:
    """A cron of five fields that has a day to come; numbers, names, lists, ranges and steps, nothing else."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise wrong(_CRON, "write minute, hour, day, month and weekday with blanks between them")
    _, _, days, months, _ = (_values(field, *facts) for field, facts in zip(fields, _FIELDS, strict=True))
    longest = max(monthrange(_LEAP_YEAR, month)[1] for month in months)
    if min(days) > longest:
        raise wrong("a day that some month has", "correct the day or the month")
    return " ".join(fields)


def _values(field: str, kind: str, least: int, most: int, names: tuple[str, ...]) -> set[int]:
    found: set[int] = set()
    for item in field.split(","):
        values = _range(item, least, most, names)
        if not values:
            named = f" or {names[0]} to {names[-1]}" if names else ""
            mend = 'write numbers, lists "1,15", ranges "1-5" or steps "*/2"'
            raise wrong(f"{kind} from {least} to {most}{named} in a cron", mend)
        found.update(values)
    return found


def _range(item: str, least: int, most: int, names: tuple[str, ...]) -> range:
    """The values of one item between the commas; none if it is wrong."""
    match = _ITEM.fullmatch(item)
    if not match or (match["step"] and match["first"] and not match["last"]):
        return range(0)  # a step needs several values
    if not match["first"]:
        first, last = least, most
    else:
        first = _number(match["first"], least, names)
        last = _number(match["last"], least, names) if match["last"] else first
    step = int(match["step"] or 1)
    return range(first, last + 1, step) if least <= first <= last <= most and 1 <= step <= most else range(0)


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    """A number or a name as a number; -1 for neither."""
    if text.lower() in names:
        return names.index(text.lower()) + least
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else -1


def hours(text: str) -> str:
    """From a time of day to another one, perhaps past midnight."""
    begin, end = times(text) if _HOURS.fullmatch(text) else (None, None)
    if begin == end:
        mend = 'write "22:00-05:00" for the night, or "00:00-23:59" for the whole day'
        raise wrong('two different times as "HH:MM-HH:MM"', mend)
    return text


def times(text: str) -> tuple[time, time]:
    """The two times of (checked) hours."""
    begin, end = text.split("-")
    return time.fromisoformat(begin), time.fromisoformat(end)
