"""The reports that were asked for, and when each of them is made."""

import threading
from dataclasses import dataclass
from typing import Final

from video_analytics.sandbox.panopto.tree import SECOND, guid


@dataclass(slots=True)
class Report:
    """A report of begin <= time < end, in microseconds."""

    id: str
    kind: str
    begin: int
    end: int
    queued: int
    asks: int = 0
    put_off: int = 0  # when somebody was last told that it is not there yet
    made: int | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A recurring report; none is ever made of it here."""

    id: str
    kind: str
    cadence: str
    offset: int


class ReportQueue:
    """Every report and definition, in order of asking."""

    def __init__(self, seed: int) -> None:
        self._seed: Final = seed
        self._count = 0
        self._lock = threading.Lock()
        self._reports: dict[str, Report] = {}
        self._definitions: dict[str, Definition] = {}

    def add(self, kind: str, begin: int, end: int, now: int) -> Report:
        """One more report to make."""
        report = Report(self._next("report"), kind, begin, end, queued=now)
        self._reports[report.id] = report
        return report

    def define(self, kind: str, cadence: str, offset: int) -> Definition:
        """One more recurring report."""
        definition = Definition(self._next("recurring report"), kind, cadence, offset)
        self._definitions[definition.id] = definition
        return definition

    def _next(self, what: str) -> str:
        with self._lock:
            self._count += 1
            return guid(self._seed, what, self._count)

    def find(self, key: str) -> Report | None:
        """The report of an id."""
        return self._reports.get(key)

    def recent(self, kind: str | None) -> list[Report]:
        """All reports, or those of a type, the newest first."""
        with self._lock:
            found = list(self._reports.values())
        return [report for report in found[::-1] if kind in (None, report.kind)]

    def definitions(self, kind: str | None) -> list[Definition]:
        """All recurring reports, or those of a type, the oldest first."""
        return [one for one in list(self._definitions.values()) if kind in (None, one.kind)]

    def made(self, report: Report, now: int, seconds: float, polls: int) -> int | None:
        """When the report was made, or None while it is pending; being asked counts.

        Nobody is told twice: what was pending a moment ago was not made before that moment.
        """
        with self._lock:
            if report.made is None:
                report.asks += 1
                due = report.queued + int(seconds * SECOND)
                if now < due or report.asks <= polls:
                    report.put_off = now
                else:
                    report.made = max(due, report.put_off)
            return report.made

    def cancel(self, report: Report) -> None:
        """Forget a report unless it is made already."""
        with self._lock:
            if report.made is None:
                self._reports.pop(report.id, None)

    def forget(self, key: str) -> bool:
        """Forget a recurring report; whether there was one."""
        with self._lock:
            return self._definitions.pop(key, None) is not None
