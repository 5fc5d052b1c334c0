"""How the script of the storage page reads its sums, in Python."""

from video_analytics.pages.storage.data import RECENT


def state_of(code: int, since: int, window: int) -> int:
    """The state of sessions that are recent in windows from `since` months on (0: in none)."""
    return code // RECENT if 0 < since <= window else code % RECENT
