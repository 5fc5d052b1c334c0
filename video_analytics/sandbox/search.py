"""The part of the CMS's v1 search that is simulated.

`+` must, `-` must not, otherwise any of the terms; `field:value`, quotes, date ranges `A..B` (half open when
a side is missing), bare dates as midnight UTC, `-2days`, `-14d`, `NOW`.
"""

import re
from datetime import UTC, datetime, timedelta

import numpy as np

from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.catalogue import DAY, NEVER, Catalogue, Mask
from video_analytics.sandbox.videos import name_at
from video_analytics.sandbox.world import milliseconds

_TERM = re.compile(r'([+-]?)(?:(\w+):)?("[^"]*"|\S+)')
_AGO = re.compile(r"^-(\d+)(?:d|days?)$")
_STATES = ("ACTIVE", "INACTIVE", "PENDING", "DELETED")
_SHORTEST = 3  # shorter words match everything


def matching(catalogue: Catalogue, text: str | None, now: datetime) -> Mask:
    """Which videos a list shows: all but the deleted ones, or what the search says."""
    instant = milliseconds(now)
    alive = catalogue.published_by(instant)
    if not text:
        return alive
    must, anyone = alive | catalogue.lately_deleted(instant), np.zeros_like(alive)
    wants_deleted, optional = False, 0
    for sign, name, quoted in _TERM.findall(text):
        value = quoted.strip('"')
        found = _term(catalogue, name, value, now)
        wants_deleted |= name == "state" and value.upper() == "DELETED" and sign != "-"
        must &= found if sign == "+" else ~found if sign == "-" else True
        optional += not sign
        anyone |= found & (not sign)
    shown = must & anyone if optional else must
    return shown if wants_deleted else shown & alive


def _term(catalogue: Catalogue, name: str, value: str, now: datetime) -> Mask:
    instant = milliseconds(now)
    if name == "state":
        if value.upper() not in _STATES:
            raise RefusalError(400, "INVALID_SEARCH", f"{value} is not a valid state")
        return np.asarray(catalogue.states(instant) == value.upper())
    if name in ("updated_at", "created_at", "published_at"):
        column = catalogue.updated(instant) if name == "updated_at" else getattr(catalogue, name[:-3])
        start, end = _range(value, now)
        return np.asarray((column >= start) & (column <= end))
    if name == "id":
        return np.isin(np.array(catalogue.ids), [value])
    if name not in ("", "name"):
        raise RefusalError(400, "INVALID_SEARCH", f"{name} is not a searchable field")
    if len(value) < _SHORTEST:
        return np.ones(len(catalogue.ids), dtype=bool)
    names = (name_at(catalogue, position, instant) for position in range(len(catalogue.ids)))
    return np.array([value.lower() in text.lower() for text in names])


def _range(text: str, now: datetime) -> tuple[int, int]:
    first, dots, last = text.partition("..")
    start = _instant(first, now, 0)
    if not dots:
        return start, start + DAY - 1
    return start, _instant(last, now, NEVER - 1)


def _instant(text: str, now: datetime, missing: int) -> int:
    if not text:
        return missing
    if text.upper() == "NOW":
        return milliseconds(now)
    ago = _AGO.match(text)
    if ago:
        return milliseconds(now - timedelta(days=int(ago[1])))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise RefusalError(400, "INVALID_SEARCH", f"{text} is not a valid date") from None
    return milliseconds(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
