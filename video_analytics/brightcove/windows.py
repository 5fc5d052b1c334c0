"""Days grouped into the windows that one Analytics query asks for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Window:
    """A span of days, both ends included, and those of its days that are wanted."""

    wanted: tuple[date, ...]

    @property
    def first(self) -> date:
        """The first day asked for."""
        return self.wanted[0]

    @property
    def last(self) -> date:
        """The last day asked for."""
        return self.wanted[-1]

    @property
    def days(self) -> int:
        """Length of the span in days, the unwanted in between included."""
        return (self.last - self.first).days + 1

    def halves(self) -> tuple["Window", "Window"]:
        """The earlier and the later half of the wanted days."""
        middle = len(self.wanted) // 2
        return Window(self.wanted[:middle]), Window(self.wanted[middle:])

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"


def plan(days: Collection[date], longest: int) -> list[Window]:
    """As few windows as possible, none longer than `longest` days, that cover `days`.

    Gaps are bridged: the days between two wanted ones cost rows but no call.
    """
    windows: list[list[date]] = []
    for day in sorted(set(days)):
        if windows and (day - windows[-1][0]).days < longest:
            windows[-1].append(day)
        else:
            windows.append([day])
    return [Window(tuple(window)) for window in windows]
