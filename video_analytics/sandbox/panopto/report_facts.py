"""What only the reports tell of a session: who made it, with what, and whether it is archived.

All of it follows from the seed and the session's number; being archived also from when it was last opened. A
nightly run archives what is old and was left alone for long; whoever opens it again brings it back.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from video_analytics.sandbox.panopto.tree import DAY, HOUR, Session, guid
from video_analytics.sandbox.panopto.world import PanoptoWorld

CREATORS: Final = 12
_WITHOUT_EMAIL: Final = (5, 11)
_SESSIONS_IN_A_ROW = 9  # by the same creator
_SOURCES: Final = {
    "Zoom": 68,
    "Web API": 15,
    "Panopto for Mac": 5,
    "Panopto for Windows": 4,
    "Panopto Capture": 3,
    "Mixed": 2,
    "RTMP": 1,
    "iOS": 1,
    "": 1,
}
# size: days since it was made, days since it was last opened. Somebody looks at everything in the demo every
# other week, so that only an impatient rule archives about as much there as a patient one in a full site
_RETENTION: Final = {"demo": (400, 6), "full": (400, 1250)}
_NIGHT: Final = 7 * HOUR  # of the day (UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is the same for ever."""

    creator: str
    creator_id: str
    email: str | None
    stream_source: str | None
    streams: int
    cut_away: float  # how much longer the unedited recording is, as a share


def facts(world: PanoptoWorld, session: Session) -> Facts:
    """The facts of one session."""
    number = session.index // _SESSIONS_IN_A_ROW % CREATORS
    draw = Random(f"{world.seed}:{session.index}:report")
    source = draw.choices(list(_SOURCES), list(_SOURCES.values()))[0]
    return Facts(
        creator=f"unified\\prof{number + 1}",
        creator_id=guid(world.seed, "report creator", number),
        email=None if number in _WITHOUT_EMAIL else f"prof{number + 1}@example.edu",
        stream_source=source or None,
        streams=2 if source in ("Mixed", "Zoom") and draw.random() < 0.5 else 1,  # noqa: PLR2004 - a share
        cut_away=draw.choice((0.0, round(draw.uniform(0.01, 0.09), 4))),
    )


def archived_since(world: PanoptoWorld, session: Session, now: int) -> int | None:
    """When it was archived, if it is."""
    if world.size not in _RETENTION:
        return None
    age, quiet = _RETENTION[world.size]
    opened = world.viewing.visits(session)
    seen = int(np.searchsorted(opened, now, side="right"))
    last = int(opened[seen - 1]) if seen else session.created
    ripe = max(session.created + age * DAY, last + quiet * DAY)
    night = ripe // DAY * DAY + DAY + _NIGHT
    return night if night <= now else None


def unedited(world: PanoptoWorld, session: Session, duration: float) -> float:
    """Seconds of the recording as it was before anything was cut away."""
    if not duration:
        return 0.0
    return max(session.length, duration) * (1 + facts(world, session).cut_away)
