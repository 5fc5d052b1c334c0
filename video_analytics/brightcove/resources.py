"""What Brightcove's assets are given: a plain object with a client, the lake and the settings.

Only built here; neither the client nor the lake knows Dagster.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from video_analytics.brightcove.client import Client
from video_analytics.errors import VendorError
from video_analytics.http import Call
from video_analytics.lake import Lake
from video_analytics.settings import Account, Brightcove, Settings
from video_analytics.watch import Watch


@dataclass(frozen=True)
class Road:
    """From the vendor's door to the files: everything an asset of Brightcove needs."""

    settings: Brightcove
    client: Client
    lake: Lake
    exports: Path
    watch: Watch = field(default_factory=Watch)

    def account(self, key: str) -> Account:
        """The account of a partition key."""
        return next(account for account in self.settings.accounts if account.key == key)


def road_resource(settings: Settings, watch: Watch | None = None) -> dg.ResourceDefinition:
    """A resource that opens a `Road` for a run and closes its client afterwards."""

    @dg.resource
    def brightcove() -> Iterator[Road]:
        watching = watch or Watch()

        def on_wait(call: Call, seconds: float, error: VendorError) -> None:
            watching.waiting(str(call), seconds, type(error).__name__)

        client = Client(settings.brightcove, settings.network, on_wait=on_wait)
        try:
            yield Road(settings.brightcove, client, Lake(settings.lake), settings.exports, watching)
        finally:
            client.close()

    return brightcove
