"""What is wrong with one subject: what, why, since when, and what to do."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

WHY_CHARACTERS, TITLE_CHARACTERS = 700, 160

# kinds; a key reads kind:subject
READING, QUALITY, MAKING, DELIVERY = "reading", "quality", "making", "delivery"
SCHEDULE, RUN, SETTINGS, DISK, CHANNEL, DAEMON = "schedule", "run", "settings", "disk", "channel", "daemon"

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True)
class Problem:
    """One thing that somebody should look at. Instants are UTC.

    `waits` says that it may pass by itself: it is not told of before it is there without, but where it was
    told of already it is not over either.
    """

    key: str  # kind:subject
    kind: str
    subject: str  # brightcove:research, the name of a share, a schedule …
    title: str
    why: str
    mend: str
    since: datetime
    run_id: str = ""
    cause: str = ""  # new ones of one kind and cause are told in one message
    waits: bool = False


def clean(text: str, most: int = WHY_CHARACTERS) -> str:
    """Somebody else's text as one bounded line: no control characters, none that turn the direction."""
    kept = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text[: most * 4])
    line = " ".join(kept.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def cause_of(reason: str, names: Iterable[str] = ()) -> str:
    """A reason without what differs between subjects: their names, days and figures."""
    text = clean(reason)
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "*", text, flags=re.IGNORECASE)
    return _NUMBER.sub("#", _DATE.sub("*", text))
