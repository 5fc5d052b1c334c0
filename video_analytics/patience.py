"""How long to wait before something that failed is asked for again.

Three layers know of each other. The client repeats a call within seconds; when it gives up, the partition
is marked as failed, with how often that happened and whether asking again can help. Dagster starts a run
again only when its process died. Whoever asks for the partition next looks here first.
"""

from datetime import datetime, timedelta
from typing import Protocol

LONGEST = timedelta(hours=24)
_DOUBLINGS = 12  # beyond it the longest wait counts anyway


class Failed(Protocol):
    """What waits: how often it failed, when it did last, and whether waiting can help."""

    @property
    def attempts(self) -> int: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def permanent(self) -> bool: ...  # noqa: D102


def is_over(failed: Failed, minutes: int, now: datetime) -> bool:
    """Whether to ask again: after `minutes`, twice as long each time, at last once a day.

    What is permanent is asked for once a day only.
    """
    wait = timedelta(minutes=minutes) * 2 ** min(failed.attempts - 1, _DOUBLINGS)
    return now - failed.at >= (LONGEST if failed.permanent else min(wait, LONGEST))
