"""What stands in a Markdown file: names as text, whatever is in them, and numbers as people read them."""

import re
from collections.abc import Iterable
from typing import Any

NOTHING = "\u2013"
_SPECIAL = re.compile(r"[\\`*\[\]<>|&~$]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|:(?=//)", re.IGNORECASE)
_STARTS = re.compile(r"^(?=[-+=#])|^\d+(?=[.)])")  # of a list, a heading, a line under one
_UNSEEN = re.compile("[\x00-\x1f\x7f]")


class Marked(str):
    """Text that is Markdown already."""

    __slots__ = ()


def text(value: Any) -> Any:
    """A name so that Markdown shows it as it is, on one line; anything else unchanged."""
    if not isinstance(value, str) or isinstance(value, Marked):
        return value
    plain = " ".join(_UNSEEN.sub(" ", value).split())
    return Marked(_STARTS.sub(r"\g<0>\\", _SPECIAL.sub(r"\\\g<0>", plain)))


def listed(values: Iterable[str]) -> Marked:
    """Names in a row."""
    return Marked(", ".join(text(value) for value in values))


def quoted(values: Iterable[str]) -> Marked:
    """Names in a row, each in quotation marks."""
    return Marked(", ".join(f'"{text(value)}"' for value in values))


def hours(value: float | None) -> Marked:
    """Hours with two decimals."""
    said = NOTHING if value is None else f"{value:,.2f}"
    return Marked("0.00" if said == "-0.00" else said)


def count(value: int) -> Marked:
    """A number of things."""
    return Marked(f"{value:,}")


def percent(part: float, whole: float) -> Marked:
    """A share in whole percents, none of which is rounded to nothing or to all."""
    if not whole:
        return Marked(NOTHING)
    share = 100 * part / whole
    if 0 < share < 0.5:  # noqa: PLR2004 - half a percent
        return Marked("under 1 %")
    if 99.5 <= share < 100:  # noqa: PLR2004 - as much below all
        return Marked("over 99 %")
    return Marked(f"{share:.0f} %")
