"""What the command line shows: bars while it works, tables when it is done."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Self

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from video_analytics.days import spans
from video_analytics.errors import VideoAnalyticsError
from video_analytics.http import Tally
from video_analytics.status import FAILED, MISSING, STATES, AccountStatus
from video_analytics.watch import Watch

DAYS = "daily_analytics"
TITLES = {
    "cms_catalog": "catalogues",
    "last_viewed": "last viewed",
    "video_cache": "90-day cache",
    "cms_files": "catalogue files",
    "reporting_files": "reporting files",
    "multi_year": "daily files",
    "warehouse": "warehouse",
}


class Bars(Watch):
    """A bar for each account's days and each other step; counts what was done and what failed."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self.failures: dict[tuple[str, str], VideoAnalyticsError] = {}
        self.rows = 0
        self.finished = 0
        self.files: set[str] = set()
        self._tally, self._lock = tally, Lock()
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[says]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, asset: str, partitions: Sequence[str]) -> None:
        """Add the bars of a step, or lengthen them when the step comes in several runs."""
        with self._lock:
            for name in partitions:
                label = _label(asset, name)
                if label not in self._bars:
                    self._bars[label] = self._progress.add_task(label, total=0, says="")
                bar = self._bars[label]
                self._progress.update(bar, total=(self._progress.tasks[bar].total or 0) + 1)

    def done(self, asset: str, partition: str, facts: Mapping[str, Any]) -> None:
        """Move a bar on."""
        with self._lock:
            self.finished += 1
            self.rows += int(facts.get("rows", 0)) if asset == DAYS else 0
            self.files |= set(facts.get("files", ()))
            self._advance(asset, partition, self._calls())

    def failed(self, asset: str, partition: str, error: VideoAnalyticsError) -> None:
        """Move a bar on, and remember the failure."""
        with self._lock:
            self.failures[asset, partition] = error
            self._advance(asset, partition, "[red]failures, see below")

    def waiting(self, what: str, seconds: float, why: str) -> None:
        """Say that a call is being repeated."""
        self._progress.console.log(Text(f"{why}: {what}; asking again in {seconds:.0f} s", style="yellow"))

    def _advance(self, asset: str, partition: str, says: str) -> None:
        label = _label(asset, partition)
        if label not in self._bars:
            self._bars[label] = self._progress.add_task(label, total=1, says="")
        self._progress.update(self._bars[label], advance=1, says=says)

    def _calls(self) -> str:
        retries = self._tally.total("retries")
        again = f", {retries:,.0f} repeated" if retries else ""
        return f"{self._tally.total('calls'):,.0f} calls{again}"


def _label(asset: str, partition: str) -> str:
    return partition.split("|", maxsplit=1)[0] if asset == DAYS else TITLES.get(asset, asset)


def print_failures(console: Console, failures: Mapping[tuple[str, str], VideoAnalyticsError]) -> None:
    """Each reason once, with the partitions it stopped."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for (asset, partition), error in failures.items():
        reasons.setdefault((asset, str(error)), []).append(partition)
    for (asset, reason), partitions in reasons.items():
        several = f" and {len(partitions) - 3} more" if len(partitions) > 3 else ""  # noqa: PLR2004
        names = ", ".join(sorted(partitions)[:3])
        console.print(Text(f"FAILED {asset} {names}{several}: {reason}", style="red"), soft_wrap=True)


def print_calls(console: Console, tally: Tally) -> None:
    """How often each endpoint was asked."""
    kinds = {"analytics/data": "analytics queries", "insights/lastview": "last-view pages", "token": "tokens"}
    said = [f"{tally.total(kind):,.0f} {name}" for kind, name in kinds.items()]
    cms = tally.total("calls") - sum(tally.total(kind) for kind in kinds)
    again = f"{tally.total('retries'):,.0f} repeated"
    console.print(f"Calls: {', '.join(said)}, {cms:,.0f} catalogue pages and counts; {again}", soft_wrap=True)


def print_files(console: Console, exports: Path, names: Iterable[str]) -> None:
    """The written files by folder, with sizes."""
    folders: dict[Path, list[Path]] = {}
    for name in sorted(names):
        folders.setdefault((exports / name).parent, []).append(exports / name)
    for folder, paths in folders.items():
        size = sum(path.stat().st_size for path in paths) / 1e6
        console.print(
            Text(f"  {folder}  {len(paths)} files, {size:,.1f} MB, for instance {paths[0].name}"),
            soft_wrap=True,
        )


def print_status(console: Console, statuses: Sequence[AccountStatus]) -> None:
    """One line an account: how many days are in which state; below, the days that lack and why."""
    columns = [Column(name, no_wrap=True) for name in ("account", "to", *STATES)]
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=0)
    for status in statuses:
        counts = [_count(len(status.days[state]), state) for state in STATES]
        table.add_row(status.account.key, str(status.last), *counts)
    console.print(f"Days from {min(status.first for status in statuses)}")
    console.print(table)
    for status in statuses:
        for state in (MISSING, FAILED):
            if status.days[state]:
                console.print(f"{status.account.key}: {state} {_spans_text(status, state)}", soft_wrap=True)
        for reason in dict.fromkeys(status.reasons.values()):
            console.print(Text(f"  {reason}", style="red"), soft_wrap=True)


def _count(number: int, state: str) -> Text:
    colours = {"complete": "green", "provisional": "yellow", "missing": "magenta", "failed": "red"}
    return Text(f"{number:,}", style=colours[state] if number else "dim", justify="right")


def _spans_text(status: AccountStatus, state: str, most: int = 3) -> str:
    listed = [
        str(first) if first == last else f"{first}..{last}" for first, last in spans(status.days[state])
    ]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
