"""What a run tells whoever watches it: nothing by default, live bars on the command line."""

from collections.abc import Mapping, Sequence
from typing import Any

from video_analytics.errors import VideoAnalyticsError


class Watch:
    """Told of each partition as it begins, finishes or fails. Calls may come from several threads."""

    def begin(self, asset: str, partitions: Sequence[str]) -> None:
        """Work on these partitions starts."""

    def done(self, asset: str, partition: str, facts: Mapping[str, Any]) -> None:
        """A partition is in its place."""

    def failed(self, asset: str, partition: str, error: VideoAnalyticsError) -> None:
        """A partition failed; the others go on."""

    def waiting(self, what: str, seconds: float, why: str) -> None:
        """A call is going to be repeated after `seconds`."""
