"""How a plan is put into words and numbers; names are other people's: one line each, and never markup."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from video_analytics.console import one_line
from video_analytics.settings.retention import Scenario

_MANY = 1_000_000  # hours, from which on hundredths take too much room


def say(console: Console, text: str, style: str = "", indent: str = "") -> None:
    """A paragraph, broken between words; lines after the first begin below the text of the first."""
    width = console.width - len(indent)
    for number, line in enumerate(Text(text).wrap(console, width)):
        line.rstrip()
        console.print(Text(indent if number == 0 else " " * len(indent)) + Text(line.plain, style=style))


def show(console: Console, table: Table, indent: int = 2) -> None:
    """A table, a little to the right."""
    console.print(Padding(table, (0, 0, 0, indent), expand=False))


def numbers(*names: str) -> list[Column]:
    """Columns of numbers, which are never broken."""
    return [Column(name, justify="right", no_wrap=True) for name in names]


def table(*columns: Column | str) -> Table:
    """A table without lines, two characters between its columns."""
    return Table(*columns, box=None, padding=(0, 2, 0, 0), pad_edge=False)


def hours(number: float | None) -> str:
    """Hours to two decimals; none is a dash."""
    if number is None:
        return "-"
    return f"{number:,.2f}" if abs(number) < _MANY else f"{number:,.0f}"


def count(number: int, thing: str) -> str:
    """So many things, in the singular if it is one."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share of one, as a whole percentage where it is one."""
    return f"{100 * share:.4g} %"


def name(scenario: Scenario) -> str:
    """A scenario as people and commands call it."""
    return f"{one_line(scenario.title)} ({scenario.name})"


def terms(scenario: Scenario) -> str:
    """Its window, and what it buys."""
    bought = scenario.bundles
    bundles = f"bundle{'' if len(bought) == 1 else 's'} {' and '.join(bought)}" if bought else "no bundle"
    return f"recent: viewed within {count(scenario.window_months, 'month')}; {bundles}"


def fits(over: Mapping[str, float]) -> str:
    """Whether it keeps to its limits, and else by how much it does not."""
    if not over:
        return "fits"
    return "does not fit: " + ", ".join(f"{bucket} {hours(by)} h too much" for bucket, by in over.items())


def imported(scenario: Scenario) -> str:
    """Which new hours it still takes in."""
    shares = ((one_line(source), share) for source, share in scenario.imported.items() if share < 1)
    parts = [f"{percent(share)} of {source}" for source, share in shares]
    return f"imports {', '.join(parts)}, all else" if parts else "imports all that is new"
