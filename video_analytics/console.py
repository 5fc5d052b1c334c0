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
from video_analytics.status import FAILED, MISSING, STATES, Reports, Status
from video_analytics.watch import Watch

# by account or course, and day or year; and snapshots of sessions
DAYS = {"daily_analytics", "viewing_activity", "viewing_history", "session_usage"}
TITLES = {
    "calendar": "calendar",
    "cms_catalog": "catalogues",
    "last_viewed": "last viewed",
    "video_cache": "90-day cache",
    "cms_files": "catalogue files",
    "reporting_files": "reporting files",
    "multi_year": "daily files",
    "course_sessions": "courses",
    "viewing_activity": "viewing by day",
    "viewing_history": "viewing by year",
    "chunked_coverage": "coverage",
    "course_files": "course files",
    "tableau_files": "tableau files",
    "requested_reports": "reports asked for",
    "usage_reports": "inbox",
    "session_usage": "sessions by report",
    "retention": "retention",
    "retention_files": "retention files",
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
            self.rows += int(facts.get("rows", 0)) if asset in DAYS else 0
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
        bar = self._progress.tasks[self._bars[label]]
        total = max(bar.total or 0, bar.completed + 1)  # a step without partitions may fail for several files
        self._progress.update(bar.id, advance=1, total=total, says=says)

    def _calls(self) -> str:
        retries = self._tally.total("retries")
        again = f", {retries:,.0f} repeated" if retries else ""
        return f"{self._tally.total('calls'):,.0f} calls{again}"


def _label(asset: str, partition: str) -> str:
    return partition.split("|", maxsplit=1)[0] if asset == "daily_analytics" else TITLES.get(asset, asset)


def print_failures(console: Console, failures: Mapping[tuple[str, str], VideoAnalyticsError]) -> None:
    """Each reason once, with the partitions it stopped."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for (asset, partition), error in failures.items():
        reasons.setdefault((asset, str(error)), []).append(partition)
    for (asset, reason), partitions in reasons.items():
        several = f" and {len(partitions) - 3} more" if len(partitions) > 3 else ""  # noqa: PLR2004
        names = ", ".join(sorted(partitions)[:3])
        console.print(Text(f"FAILED {asset} {names}{several}: {reason}", style="red"), soft_wrap=True)


def print_calls(console: Console, source: str, tally: Tally) -> None:
    """How often a source was asked, by kind of question."""
    said = [f"{number:,.0f} {title}" for title, number in _counts(source, tally).items() if number]
    console.print(
        f"Calls: {', '.join(said) or 'none'}; {tally.total('retries'):,.0f} repeated", soft_wrap=True
    )


_KINDS = {
    # the name of an endpoint in the tally, what people call it; the rest is pages of lists
    "brightcove": {
        "analytics/data": "analytics queries",
        "insights/lastview": "last-view pages",
        "token": "tokens",
    },
    "panopto": {
        "GetSessionExtendedDetailedUsage": "pages of viewing records",
        "GetFolderSummaryUsage": "folder summaries",
        "LogOnWithPassword": "logons",
        "token": "tokens",
    },
    "reports": {
        "QueueReport": "reports asked for",
        "GetReport": "looks for them",
        "LogOnWithPassword": "logons",
        "token": "tokens",
    },
}
_REST = {
    "reports": "other questions",
    "brightcove": "catalogue pages and counts",
    "panopto": "pages of folders and sessions",
}


def _counts(source: str, tally: Tally) -> dict[str, float]:
    counts = {title: tally.total(kind) for kind, title in _KINDS[source].items()}
    return counts | {_REST[source]: tally.total("calls") - sum(counts.values())}


def print_files(console: Console, exports: Path, names: Iterable[str]) -> None:
    """The written files by kind, with sizes."""
    kinds: dict[Path, list[Path]] = {}
    for name in sorted(names):
        kinds.setdefault(Path(*Path(name).parts[:2]), []).append(exports / name)
    for kind, paths in kinds.items():
        size = sum(path.stat().st_size for path in paths) / 1e6
        several = f"{len(paths)} files, {size:,.1f} MB, for instance {paths[0].relative_to(exports / kind)}"
        says = f"{size:,.1f} MB" if paths == [exports / kind] else several
        console.print(Text(f"  {exports / kind}  {says}"), soft_wrap=True)


def print_status(console: Console, statuses: Sequence[Status]) -> None:
    """One line an account or course: how many days are in which state; below, those that lack and why."""
    columns = [Column(statuses[0].kind, no_wrap=True, overflow="ellipsis", max_width=25)]
    columns += [Column(name, no_wrap=True) for name in ("to", *STATES)]
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=0)
    for status in statuses:
        counts = [_count(len(status.days[state]), state) for state in STATES]
        table.add_row(Text(one_line(status.name)), str(status.last), *counts)
    console.print(f"Days from {min(status.first for status in statuses)}")
    console.print(table)
    for status in statuses:
        for state in (MISSING, FAILED):
            said = [*_spans_text(status, state), *map(str, status.years.get(state, ()))]
            if said:
                console.print(Text(f"{one_line(status.name)}: {state} {_few(said)}"), soft_wrap=True)
        for note in status.notes:
            console.print(Text(f"{one_line(status.name)}: {note}", style="yellow"), soft_wrap=True)
        for reason in dict.fromkeys(status.reasons.values()):
            console.print(Text(f"  {reason}", style="red"), soft_wrap=True)


def print_reports(console: Console, reports: Reports) -> None:
    """Which usage reports are held, and what waits or was refused; nothing where nobody uses them."""
    if reports.is_empty:
        return
    console.print("Usage reports")
    titles = {"held": "newest", "dates": "report dates", "waiting": "waiting", "refused": "refused"}
    for name, title in titles.items():
        said = [one_line(each) for each in getattr(reports, name)]
        if said:
            line = Text(f"  {title}: {_few(said, 5)}", style="yellow" if name == "refused" else "")
            console.print(line, soft_wrap=True)


def one_line(name: str) -> str:
    """A vendor's name as it may stand in a line: no breaks, nothing that steers a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _count(number: int, state: str) -> Text:
    colours = {"complete": "green", "provisional": "yellow", "missing": "magenta", "failed": "red"}
    return Text(f"{number:,}", style=colours[state] if number else "dim", justify="right")


def _spans_text(status: Status, state: str) -> list[str]:
    return [str(first) if first == last else f"{first}..{last}" for first, last in spans(status.days[state])]


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
