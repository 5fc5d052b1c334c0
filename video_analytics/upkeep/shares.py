"""Whether deliveries can be put on their shares: each is opened as a delivery opens it."""

import secrets
from collections.abc import Iterator
from pathlib import PurePosixPath

from video_analytics.delivery.shares import open_share
from video_analytics.delivery.targets import ENDING, OURS, Renaming, Target, digest
from video_analytics.errors import DeliveryError
from video_analytics.settings import Delivery, Share
from video_analytics.verdicts import BAD, NOTE, OK, Verdict

CONTENT = b"video-analytics check"


def shares(delivery: Delivery) -> Iterator[Verdict]:
    """A verdict for each share: it is there, and a file can be written, read back and removed."""
    yield from map(_share, delivery.shares)


def _share(share: Share) -> Verdict:
    probe, own = f"share {share.name}", secrets.token_hex(4)
    at = PurePosixPath(f"{OURS}{own}-check{ENDING}")
    try:
        with open_share(share, own) as target, target.telling():
            return _tried(probe, target, at)
    except DeliveryError as error:
        return Verdict(probe, BAD, str(error).removeprefix(f"{probe}: "))


def _tried(probe: str, target: Target, at: PurePosixPath) -> Verdict:
    if not isinstance(target, Renaming):  # a store may let nobody remove what was put: nothing is put
        target.stat(at)
        return Verdict(probe, NOTE, "it answers; whether files may be put there shows the first delivery")
    try:
        target.write(at, [CONTENT])
        found = target.digest(at)
    finally:
        target.remove(at)
    if found != digest([CONTENT]):
        return Verdict(probe, BAD, "what was written is not what is read back; see the share's own log")
    return Verdict(probe, OK, "files can be written, read back and removed")
