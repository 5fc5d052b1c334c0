"""What Panopto's assets are given: a plain object with both clients, the lake and the settings.

Only built here; neither the clients nor the lake know Dagster.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from filelock import FileLock

from video_analytics import spending
from video_analytics.clock import now
from video_analytics.errors import VendorError
from video_analytics.http import Call, Tally
from video_analytics.journal import Journal, Noting
from video_analytics.lake import Lake
from video_analytics.panopto.descriptions import Descriptions
from video_analytics.panopto.rest import Rest, credentials
from video_analytics.panopto.soap import Soap
from video_analytics.settings import Settings
from video_analytics.watch import Watch


@dataclass(frozen=True)
class Road:
    """From the vendor's two doors to the files: everything an asset of Panopto needs."""

    settings: Settings
    rest: Rest
    soap: Soap
    lake: Lake
    watch: Watch = field(default_factory=Watch)

    @property
    def exports(self) -> Path:
        """The folder of the files that people open."""
        return self.settings.exports

    @contextlib.contextmanager
    def alone(self, course_id: str) -> Iterator[None]:
        """Nobody else, of whatever process, works on this course meanwhile."""
        folder = self.settings.home / ".locks"
        folder.mkdir(exist_ok=True)
        with FileLock(folder / f"panopto-{course_id}"):
            yield

    def close(self) -> None:
        """Stop what the clients run in the background."""
        self.rest.close()
        self.soap.close()


def open_road(settings: Settings, watch: Watch | None = None, tally: Tally | None = None) -> Road:
    """Both clients and the lake; close it when done. Raises SettingsError without credentials."""
    credentials(settings.panopto)
    watching, counts = watch or Watch(), tally or Tally()

    def on_wait(call: Call, seconds: float, error: VendorError) -> None:
        watching.waiting(str(call), seconds, type(error).__name__)

    rest = Rest(settings.panopto, settings.network, tally=counts, on_wait=on_wait)
    kept = Descriptions(settings.lake, settings.panopto.server or "")
    soap = Soap(settings.panopto, settings.network, rest, kept=kept, tally=counts, on_wait=on_wait)
    return Road(settings, rest, soap, Lake(settings.lake), watching)


def road_resource(
    settings: Settings, watch: Watch | None = None, tally: Tally | None = None
) -> dg.ResourceDefinition:
    """A resource that opens a `Road` for a run and closes it afterwards."""

    @dg.resource
    def panopto(context: dg.InitResourceContext) -> Iterator[Road]:
        noting = Noting(
            watch or Watch(), Journal(settings.state), "panopto", context.run.run_id if context.run else ""
        )
        counts = tally or Tally()
        before, retried = counts.total("calls"), counts.total("retries")  # of earlier runs that share it
        road = open_road(settings, noting, counts)
        try:
            yield road
        finally:
            road.close()
            calls, retries = counts.total("calls") - before, counts.total("retries") - retried
            spending.note(settings.state, "panopto", now(), calls, retries=retries)

    return panopto
