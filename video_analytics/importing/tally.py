"""What became of each row of a file: taken, already there, or refused, with a reason and the first lines."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 5  # lines with a reason, examples with a file


class Unreadable(Exception):
    """A file that is not taken at all; says why and what to do, never what it holds."""


@dataclass
class Reason:
    """Why rows were refused: how many, and where the first of them begin."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, lines: Iterable[int], rows: int) -> None:
        """Some more rows of the same fate."""
        self.rows += rows
        self.lines = sorted({*self.lines, *lines})[:SHOWN]


@dataclass
class Tally:
    """A file of the old scripts, and what was taken of it."""

    file: str  # relative to the folder that is imported
    kind: str
    taken: int = 0
    there: int = 0  # held already, or said by another row of this import
    reasons: dict[str, Reason] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # nothing refused, but worth knowing
    whole: str = ""  # why nothing of the file was taken
    left_out: dict[str, int] = field(default_factory=dict)  # what is not taken, without fault

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        return sum(reason.rows for reason in self.reasons.values())

    @property
    def is_clean(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused and not self.whole

    def refuse(self, reason: str, lines: Iterable[int], rows: int | None = None) -> None:
        """Some rows, by the lines they begin in; `rows` where these are only the first lines."""
        known = list(lines)
        number = len(known) if rows is None else rows
        if number:
            self.reasons.setdefault(reason, Reason()).add(known[:SHOWN], number)

    def leave_out(self, what: str, rows: int) -> None:
        """Some of what stands there is not in the platform, and need not be."""
        if rows:
            self.left_out[what] = self.left_out.get(what, 0) + rows

    def refuse_all(self, reason: str) -> None:
        """Nothing of the file is taken."""
        self.taken = self.there = 0
        self.reasons.clear()
        self.notes.clear()
        self.left_out.clear()
        self.whole = reason

    def told(self) -> list[str]:
        """Everything there is to say beside the numbers, a sentence each."""
        said = [self.whole] if self.whole else []
        for reason, found in self.reasons.items():
            said.append(f"{found.rows:,} refused: {reason}{_lines(found)}")
        said += [f"{rows:,} {what}" for what, rows in self.left_out.items()]
        return [*said, *self.notes]


def _lines(found: Reason) -> str:
    if not found.lines:
        return ""
    shown = ", ".join(map(str, found.lines))
    more = ", …" if found.rows > len(found.lines) else ""
    return f" (line{'s' if found.rows > 1 else ''} {shown}{more})"
