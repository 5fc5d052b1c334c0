"""What `corrections` shows: a table of what moved, and why such numbers move."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from video_analytics.console import one_line
from video_analytics.standing.moved import Correction, Move

REASONS = {
    "brightcove": "Brightcove adds to a day for about 3 days and changes engagement once more after day 32: "
    "`reading` tells what the numbers before and after were worth.",
    "panopto": "Panopto's records arrive late, and sessions move into and out of courses.",
}


def print_corrections(console: Console, found: Sequence[Correction], days: str) -> None:
    """A line for each correction, the latest first; below, why such numbers move at all."""
    if not found:
        console.print(f"No later reading changed a number of the days {days}.")
        return
    numbers = [Column(name, justify="right", no_wrap=True) for name in ("rows", "views", "seconds")]
    columns = [Column(name, no_wrap=True) for name in ("noticed (UTC)", "day")]
    table = Table(*columns, "of", "reading", *numbers, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for each in found:
        moves = [_moved(each.rows), _moved(each.views), _moved(each.seconds)]
        reading = " → ".join(dict.fromkeys(filter(None, (each.was, each.is_now))))
        table.add_row(
            f"{each.noticed_at:%F %R}", f"{each.day:%F %a}", Text(one_line(each.name)), reading, *moves
        )
    console.print(f"What later readings changed of the days {days}: the number now, and by how much it moved")
    console.print(table)
    for source in sorted({each.source for each in found}):
        console.print(REASONS[source], soft_wrap=True)


def _moved(move: Move | None) -> str:
    if move is None:
        return ""
    return f"{move.after:,.0f} ({move.by:+,.0f})" if move.by else f"{move.after:,.0f}"
