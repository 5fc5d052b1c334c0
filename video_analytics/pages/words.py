"""Days, instants and numbers as every page says them: no place reads them in another way."""

from datetime import date

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NARROW = "\u202f"  # between thousands: neither a point nor a comma, which mean different things in places
_MINUTE = len("2026-09-04T12:00")


def spoken(day: str | date) -> str:
    """A day, also an ISO one, as 4 Sep 2026."""
    at = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def between(first: str | date, last: str | date) -> str:
    """A span of days, or its only day."""
    return spoken(first) if first == last else f"{spoken(first)} to {spoken(last)}"


def moment(instant: str | None) -> str:
    """An ISO instant of UTC as 2026-09-04 12:00 UTC; "not yet" where there is none."""
    return f"{instant[:_MINUTE].replace('T', ' ')} UTC" if instant else "not yet"


def whole(number: int) -> str:
    """A whole number, with its thousands told apart."""
    return f"{number:,}".replace(",", _NARROW)
