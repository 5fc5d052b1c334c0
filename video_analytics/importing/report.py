"""What an import took, refused and why: a table for people, files for who looks later, JSON for programs."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from video_analytics.console import one_line
from video_analytics.files import write_bytes
from video_analytics.importing.tally import Tally
from video_analytics.importing.work import Outcome

COLUMNS = ("file", "kind", "rows_taken", "rows_there", "rows_refused", "reason")
THERE = "already there"
SHOWN = 12  # sentences on a file that the console shows


def write_report(outcome: Outcome, exports: Path, *, as_json: bool) -> Path:
    """Write `import/report.csv`, and `report.json` if wished; gives the path of the first."""
    folder = exports / "import"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(tally) for tally in outcome.tallies)
    write_bytes(folder / "report.csv", buffer.getvalue().encode("utf-8", "replace"))
    if as_json:
        write_bytes(folder / "report.json", json_of(outcome).encode("utf-8", "replace"))
    return folder / "report.csv"


def json_of(outcome: Outcome) -> str:
    """The same for programs."""
    files = [dict(zip(COLUMNS, _values(tally), strict=True)) for tally in outcome.tallies]
    told: dict[str, Any] = {"dry_run": outcome.dry_run, "files": files, "not_looked_at": outcome.unseen}
    return json.dumps(told, indent=2)


def print_report(console: Console, outcome: Outcome) -> None:
    """A line a file, and below it what there is to say."""
    if not outcome.tallies:
        console.print("No file of the earlier scripts was found there.")
    numbers = ("taken", "there", "refused")
    table = Table(
        Column("file", overflow="fold"),
        Column("kind", no_wrap=True),
        *(Column(name, justify="right", no_wrap=True) for name in numbers),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for tally in outcome.tallies:
        refused = Text("all" if tally.whole else f"{tally.refused:,}", "" if tally.is_clean else "red")
        table.add_row(Text(one_line(tally.file)), tally.kind, f"{tally.taken:,}", f"{tally.there:,}", refused)
    if outcome.tallies:
        console.print(table)
    for tally in outcome.tallies:
        told = _told(tally)
        if told:
            console.print(Text(one_line(tally.file), "" if tally.is_clean else "yellow"), soft_wrap=True)
        for said in told[:SHOWN]:
            console.print(Text(f"  {one_line(said)}"), soft_wrap=True)
        if len(told) > SHOWN:
            console.print(f"  and {len(told) - SHOWN} more, see the report")
    for said in outcome.unseen:
        console.print(Text(one_line(said), "yellow"), soft_wrap=True)
    taken = sum(tally.taken for tally in outcome.tallies)
    verb = "would be taken; nothing was written" if outcome.dry_run else "taken"
    console.print(f"{taken:,} rows {verb}")


def _told(tally: Tally) -> list[str]:
    """All that is said of a file; of one that adds nothing, that it is there."""
    told = tally.told()
    return [THERE, *told] if tally.there and not tally.taken else told


def _values(tally: Tally) -> tuple[Any, ...]:
    return (
        tally.file,
        tally.kind,
        tally.taken,
        tally.there,
        None if tally.whole else tally.refused,
        _told(tally),
    )


def _row(tally: Tally) -> Sequence[Any]:
    *cells, told = _values(tally)
    shown = ["all" if cell is None else cell for cell in cells]
    return [*map(_safe, shown), _safe(" · ".join(map(one_line, told)))]


def _safe(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in set("=+-@\t\r") else cell
