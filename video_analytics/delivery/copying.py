"""One file: put into its place if something else lies there, and nothing at all if it is there already."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from video_analytics.delivery.index import Note
from video_analytics.delivery.routes import Item
from video_analytics.delivery.targets import Digest, Stat, Target, blocks_of, digest
from video_analytics.errors import DeliveryError


def copy(target: Target, item: Item, note: Note | None) -> tuple[Note, bool]:
    """Deliver an item; gives what now lies at its destination, and whether it was written.

    The source is opened once: whoever replaces it meanwhile, one version of it is compared, copied and noted.
    Raises DeliveryError, or ShareAway if nothing can be put on the share; the destination is whole then too.
    """
    with _opened(item) as source, target.telling(item.target):
        found = os.fstat(source.fileno())
        held = target.stat(item.target)
        if note and note.is_shown(held) and note.is_of(found):
            return note, False
        same = _same(target, item, source, held, note)
        if held and same:
            return Note.of(found, same, held.version), False
        source.seek(0)
        put = target.put(item.target, _blocks(item, source))
        after = target.stat(item.target)
        return Note.of(found, put, after.version if after else ""), True


def _same(
    target: Target, item: Item, source: BinaryIO, held: Stat | None, note: Note | None
) -> Digest | None:
    """The digest of both, if the destination holds what the source does."""
    if held is None or held.size != os.fstat(source.fileno()).st_size:
        return None
    wanted = digest(_blocks(item, source))
    there = Digest(note.size, note.sha256) if note and note.is_shown(held) else target.digest(item.target)
    return wanted if there == wanted else None


@contextmanager
def _opened(item: Item) -> Iterator[BinaryIO]:
    """The source; it may have been renamed with its course since it was found."""
    try:
        source = item.source.open("rb")
    except OSError as error:
        raise _unreadable(item, error) from error
    with source:
        yield source


def _blocks(item: Item, source: BinaryIO) -> Iterator[bytes]:
    try:
        yield from blocks_of(source)
    except OSError as error:
        raise _unreadable(item, error) from error


def _unreadable(item: Item, error: OSError) -> DeliveryError:
    return DeliveryError(
        f"route {item.route}: {item.source.name}: expected a file that can be read, got {error.strerror}; "
        "it is tried again"
    )
