"""What a probe of a vendor found."""

from collections.abc import Callable
from dataclasses import dataclass

from video_analytics.errors import Refused, VendorError

OK, NOTE, BAD = "ok", "note", "FAILED"


@dataclass(frozen=True)
class Verdict:
    """One probe's result: `ok`, `note` (works, but know this) or `FAILED`, and a sentence."""

    probe: str
    verdict: str
    says: str


def tried(name: str, ask: Callable[[], str], refused: str = BAD) -> Verdict:
    """The verdict of a question: what it says, or how it failed."""
    try:
        return Verdict(name, OK, ask())
    except Refused as error:
        return Verdict(name, refused, str(error))
    except VendorError as error:
        return Verdict(name, BAD, str(error))
