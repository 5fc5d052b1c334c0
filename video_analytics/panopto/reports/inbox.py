"""The inbox: files that people drop, or the platform has asked for, read once and kept.

    {home}/inbox/panopto/     drop reports here, under any name
    {home}/inbox/accepted/    those that are in the lake
    {home}/inbox/refused/     those that could not be read, each with its reason beside it

A file is moved only when what it holds is in the lake, so a run that dies reads it again and finds it known.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from video_analytics import files
from video_analytics.clock import now
from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.panopto.reports.reading import Report, read_report
from video_analytics.panopto.reports.tables import REPORT_FINDINGS, REPORT_ROWS

SETTLED_SECONDS = 2.0  # a file that was written to since may still be on its way
REASON = ".reason.txt"
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".download")


@dataclass(frozen=True)
class Inbox:
    """The folders of a home that reports pass through."""

    home: Path

    @property
    def waiting(self) -> Path:
        """Where people drop reports."""
        return self.home / "inbox" / "panopto"

    @property
    def accepted(self) -> Path:
        """Where they lie when they are in the lake."""
        return self.home / "inbox" / "accepted"

    @property
    def refused(self) -> Path:
        """Where those lie that could not be read."""
        return self.home / "inbox" / "refused"

    def files(self) -> list[Path]:
        """The files that wait, the oldest first; not those a browser or an editor is still writing."""
        if not self.waiting.is_dir():
            return []
        found = [
            path
            for path in self.waiting.iterdir()
            if path.is_file()
            and not path.name.startswith((".", "~$"))
            and path.suffix.lower() not in _UNFINISHED
        ]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))  # the last one read wins


@dataclass(frozen=True)
class Taken:
    """A file that was read: the lake's key of its report and what is known of it."""

    file: str
    key: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class TurnedAway:
    """A file that was refused, and why."""

    file: str
    reason: str


def read_inbox(
    lake: Lake, inbox: Inbox, zone: str, today: date, settled_seconds: float = SETTLED_SECONDS
) -> Iterator[Taken | TurnedAway]:
    """Read every file that waits. One that cannot be read does not stop the others."""
    for path in inbox.files():
        try:
            _settle(path, settled_seconds)
            taken = _take(lake, path, zone, today)
        except OSError as error:  # taken away meanwhile, or not ours to read: it stays where it is
            yield TurnedAway(path.name, f"{path.name}: {error.strerror}; see that it can be read")
        except ReportError as error:
            target = _move(path, inbox.refused)
            files.write_bytes(target.with_name(target.name + REASON), f"{error}\n".encode())
            yield TurnedAway(target.name, str(error))
        else:
            _move(path, inbox.accepted)
            yield taken


def _take(lake: Lake, path: Path, zone: str, today: date) -> Taken:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    report = read_report(path, zone, today)
    key = f"{report.kind.name}/{report.start}_{report.end}_{digest[:12]}"
    facts = _facts(report, path, digest)
    lake.write(REPORT_FINDINGS, key, report.findings, facts)
    lake.write(REPORT_ROWS, key, report.rows, facts)
    return Taken(path.name, key, facts)


def _facts(report: Report, path: Path, digest: str) -> dict[str, Any]:
    reasons = Counter(report.findings["reason"].to_pylist())
    return {
        "kind": report.kind.name,
        "start": report.start.isoformat(),
        "end": report.end.isoformat(),
        "days_told": report.told,
        "file": path.name,
        "sha256": digest,
        "rows_read": report.rows_read,
        "findings": dict(sorted(reasons.items())),
        "read_on": now().isoformat(),
    }


def _settle(path: Path, seconds: float) -> None:
    """Wait until a file has been left alone for a while; a copy to the inbox takes its time."""
    seen = path.stat()
    quiet = time.time() - seen.st_mtime >= seconds
    while not quiet:
        time.sleep(seconds)
        before, seen = seen, path.stat()
        quiet = (before.st_size, before.st_mtime_ns) == (seen.st_size, seen.st_mtime_ns)


def _move(path: Path, folder: Path) -> Path:
    """Move a file, beside one of the same name if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem} ({number}){path.suffix}"
    return path.rename(target)
