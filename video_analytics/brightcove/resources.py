"""What Brightcove's assets are given: a plain object with a client, the lake and the settings.

Only built here; neither the client nor the lake knows Dagster.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from video_analytics import spending
from video_analytics.brightcove.client import Client
from video_analytics.clock import now
from video_analytics.errors import VendorError
from video_analytics.http import Call, Tally
from video_analytics.journal import Journal, Noting
from video_analytics.lake import Lake
from video_analytics.settings import Account, Settings
from video_analytics.watch import Watch

BACKFILL_TAG = "video_analytics/backfill"  # on the runs of a backfill of the settings: its name


@dataclass(frozen=True)
class Road:
    """From the vendor's door to the files: everything an asset of Brightcove needs."""

    settings: Settings
    client: Client
    lake: Lake
    watch: Watch = field(default_factory=Watch)

    @property
    def exports(self) -> Path:
        """The folder of the files that people open."""
        return self.settings.exports

    def account(self, key: str) -> Account:
        """The account of a partition key."""
        return next(account for account in self.settings.brightcove.accounts if account.key == key)


def road_resource(
    settings: Settings, watch: Watch | None = None, tally: Tally | None = None
) -> dg.ResourceDefinition:
    """A resource that opens a `Road` for a run and closes its client afterwards."""

    @dg.resource
    def brightcove(context: dg.InitResourceContext) -> Iterator[Road]:
        watching = Noting(
            watch or Watch(), Journal(settings.state), "brightcove", context.run.run_id if context.run else ""
        )

        def on_wait(call: Call, seconds: float, error: VendorError) -> None:
            watching.waiting(str(call), seconds, type(error).__name__)

        client = Client(settings.brightcove, settings.network, tally=tally, on_wait=on_wait)
        counts = client.tally
        before, retried = counts.total("calls"), counts.total("retries")  # of earlier runs that share it
        try:
            yield Road(settings, client, Lake(settings.lake), watching)
        finally:
            client.close()
            told = context.run.tags.get(BACKFILL_TAG, "") if context.run else ""
            calls, retries = counts.total("calls") - before, counts.total("retries") - retried
            spending.note(settings.state, "brightcove", now(), calls, told, retries)

    return brightcove
