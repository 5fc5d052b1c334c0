"""What the assets of reports and retention are given: the lake, the inbox and the settings, no vendor.

Who drops reports by hand needs no credentials.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import dagster as dg
from filelock import FileLock

from video_analytics.clock import today
from video_analytics.journal import Journal, Noting
from video_analytics.lake import Lake
from video_analytics.panopto.reports.inbox import Inbox
from video_analytics.settings import Settings
from video_analytics.watch import Watch

WITHOUT_SUBJECT = ("requested_reports", "usage_reports")  # assets whose files and kinds fail together


@dataclass(frozen=True)
class Desk:
    """Where reports come in and numbers go out."""

    settings: Settings
    watch: Watch = field(default_factory=Watch)

    @property
    def lake(self) -> Lake:
        """The home's lake."""
        return Lake(self.settings.lake)

    @property
    def inbox(self) -> Inbox:
        """The home's inbox."""
        return Inbox(self.settings.home)

    @property
    def exports(self) -> Path:
        """The folder of the files that people open."""
        return self.settings.exports

    @property
    def zone(self) -> str:
        """The zone of the reports' dates."""
        return self.settings.panopto.reports_zone

    @property
    def today(self) -> date:
        """The day that is going on in that zone."""
        return today(self.zone)

    @contextlib.contextmanager
    def alone(self, at: str = "reports") -> Iterator[None]:
        """Nobody else, of whatever process, does the same meanwhile: work on reports, or ask for them."""
        folder = self.settings.home / ".locks"
        folder.mkdir(exist_ok=True)
        with FileLock(folder / f"panopto-{at}"):
            yield


def desk_resource(settings: Settings, watch: Watch | None = None) -> dg.ResourceDefinition:
    """The desk of a home."""

    @dg.resource
    def reports(context: dg.InitResourceContext) -> Desk:
        journal, run_id = Journal(settings.state), context.run.run_id if context.run else ""
        return Desk(settings, Noting(watch or Watch(), journal, "panopto", run_id, whole=WITHOUT_SUBJECT))

    return reports
