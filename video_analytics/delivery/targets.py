"""What can be done with an open share, whatever kind it is; and the ways in which it can fail.

A `Target` raises what its file system or library raises; `Target.telling` turns that into a `DeliveryError`
of one file or the `ShareAway` of all, in words that hold neither secrets nor addresses.
"""

import errno
import hashlib
import os
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import PurePosixPath
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from video_analytics.errors import DeliveryError, ShareAway, VideoAnalyticsError
from video_analytics.files import ABANDONED_SECONDS

BLOCK = 1 << 20
OURS, ENDING = ".va-", ".tmp"  # names of temporary files: begin, whose they are, a random part, end

_FULL = {errno.ENOSPC, errno.EDQUOT}
_AWAY = {
    *(errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN),
    *(errno.ENETUNREACH, errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED),
    *(errno.EPIPE, errno.ENODEV, errno.ENXIO),
}
_LOCKED = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY}
# Windows: not ready, bad network path, unexpected network error, name gone, bad name, timeout, unreachable …
_WINDOWS_AWAY = {21, 51, 53, 54, 55, 59, 64, 65, 67, 71, 121, 1167, 1219, 1231, 1232, 1236, 1256, 1326, 1359}
_WINDOWS_FULL = {39, 112, 1295, 1816}
_WINDOWS_READ_ONLY = {19}


class Stat(NamedTuple):
    """What a share tells of a file without reading it; `version` changes whenever the file does."""

    size: int
    version: str


class Digest(NamedTuple):
    """What a file holds."""

    size: int
    sha256: str


def digest(blocks: Iterable[bytes]) -> Digest:
    """The digest of some bytes, read to their end."""
    size, hashed = 0, hashlib.sha256()
    for block in blocks:
        size += len(block)
        hashed.update(block)
    return Digest(size, hashed.hexdigest())


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, some at a time."""
    while block := file.read(BLOCK):
        yield block


class Target(ABC):
    """An open share; paths are below its root. `own` marks our temporary files as this home's."""

    foreign: tuple[type[Exception], ...] = (OSError,)  # what its calls may raise

    def __init__(self, share: str, own: str) -> None:
        self.share, self.own = share, own
        self.at_end = ExitStack()  # lets go of connections
        self.replacing = False  # whether it is the old file that is in the way

    @abstractmethod
    def stat(self, at: PurePosixPath) -> Stat | None:
        """What lies there; None if nothing."""

    @abstractmethod
    def reading(self, at: PurePosixPath) -> AbstractContextManager[BinaryIO]:
        """A file, opened so that nobody else is kept from it."""

    @abstractmethod
    def put(self, at: PurePosixPath, blocks: Iterable[bytes]) -> Digest:
        """Put a file into its place in one step, after it was read back; gives what was put.

        Whatever fails, the place holds the old file or the new one, whole.
        """

    def sweep(self, folders: Iterable[PurePosixPath]) -> int:
        """Remove temporary files that killed processes left in these folders; gives how many."""
        del folders
        return 0

    def has_root(self) -> bool:
        """Whether the share is there, as far as can be told at once."""
        return False

    def digest(self, at: PurePosixPath) -> Digest:
        """What a file on the share holds, read back."""
        with self.reading(at) as file:
            return digest(blocks_of(file))

    def problem(self, at: PurePosixPath | None, error: Exception) -> DeliveryError:
        """What an error of the share means for the file."""
        away = _why_away(error)
        missing = isinstance(error, FileNotFoundError) or getattr(error, "errno", None) == errno.ENOENT
        if missing and (at is None or not self._has_root_still()):
            away = "its folder is not there; connect it, or correct its root"
        if away:
            return ShareAway(f"share {self.share}: {away}")
        number = error.errno if isinstance(error, OSError) else None
        said = os.strerror(number) if number else type(error).__name__
        if number in _LOCKED:
            whose = (
                "someone holds it open, perhaps in Excel"
                if self.replacing
                else "the platform may not write there"
            )
            said = f"{whose} ({said})"
        return DeliveryError(f"share {self.share}: {at or 'its root'}: {said}; it is tried again")

    @contextmanager
    def telling(self, at: PurePosixPath | None = None) -> Iterator[None]:
        """Within it, failures of the share are told as what they mean for the file, or for all."""
        try:
            yield
        except VideoAnalyticsError:
            raise
        except self.foreign as error:
            raise self.problem(at, error) from None  # libraries put addresses into their messages

    def _has_root_still(self) -> bool:
        try:
            return self.has_root()
        except self.foreign:
            return False

    @contextmanager
    def closing_if_failed(self) -> Iterator[None]:
        """Within it, a share that turns out not to be one lets go of its connections."""
        try:
            yield
        except BaseException:
            self.at_end.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.at_end.close()


class Renaming(Target):
    """A share on which a file takes another's place by its name, in one step."""

    def __init__(self, share: str, own: str) -> None:
        super().__init__(share, own)
        self._made: set[PurePosixPath] = set()

    @abstractmethod
    def make_folder(self, at: PurePosixPath) -> None:
        """Make a folder and those above it, but never the share's root."""

    @abstractmethod
    def write(self, at: PurePosixPath, blocks: Iterable[bytes]) -> None:
        """Write a new file, down to the disk where that can be asked."""

    @abstractmethod
    def replace(self, temporary: PurePosixPath, at: PurePosixPath) -> None:
        """Give a file its final name, in place of whichever has it."""

    @abstractmethod
    def remove(self, at: PurePosixPath) -> None:
        """Remove a file."""

    @abstractmethod
    def names(self, folder: PurePosixPath) -> Iterator[tuple[str, float]]:
        """The names in a folder, each with when it last changed (seconds); none if it is not there."""

    def put(self, at: PurePosixPath, blocks: Iterable[bytes]) -> Digest:
        """See `Target.put`."""
        self.replacing = False
        if at.parent not in self._made:
            self.make_folder(at.parent)
            self._made.add(at.parent)
        temporary = at.parent / f"{OURS}{self.own}-{secrets.token_hex(6)}{ENDING}"
        put = Passing(blocks)
        try:
            self.write(temporary, put)
            verify(put.digest, self.digest(temporary), self.share, at)
            self.replacing = True
            self.replace(temporary, at)
        except BaseException:
            with suppress(*self.foreign):  # a share that is away keeps it until a later sweep
                self.remove(temporary)
            raise
        return put.digest

    def sweep(self, folders: Iterable[PurePosixPath]) -> int:
        """See `Target.sweep`: this home's own at once, as it has one writer; others' when they are old."""
        cutoff, removed = time.time() - ABANDONED_SECONDS, 0  # the file system's clock
        for folder in folders:
            for name, changed in list(self.names(folder)):
                ours = name.startswith(OURS) and name.endswith(ENDING)
                if ours and (name.startswith(f"{OURS}{self.own}-") or changed < cutoff):
                    self.remove(folder / name)
                    removed += 1
        return removed


class Passing:
    """Bytes on their way; afterwards `digest` says what they were."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks, self._size, self._hash = blocks, 0, hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._size += len(block)
            self._hash.update(block)
            yield block

    @property
    def digest(self) -> Digest:
        """Of what has passed so far."""
        return Digest(self._size, self._hash.hexdigest())


def verify(put: Digest, found: Digest, share: str, at: PurePosixPath) -> None:
    """Raise DeliveryError unless what is read back is what was written."""
    if put != found:
        raise DeliveryError(
            f"share {share}: {at}: expected {put.size:,} bytes with SHA-256 {put.sha256[:12]}… as written, "
            f"read back {found.size:,} with {found.sha256[:12]}…; it is tried again"
        )


def refused(share: str, said: str) -> DeliveryError:
    """The share does not know us. Not asked again at once: some servers lock an account for that."""
    return DeliveryError(
        f"share {share}: its user or password is refused ({said}); correct them below shares in secrets.json"
    )


def _why_away(error: Exception) -> str:
    """Why no file can be put on the share; nothing if it is about one file."""
    if not isinstance(error, OSError):
        return f"it answers with {type(error).__name__}; see whether it is there and lets the platform in"
    windows = getattr(error, "winerror", None)
    if error.errno in _FULL or windows in _WINDOWS_FULL:
        return "it is full; make room"
    if error.errno == errno.EROFS or windows in _WINDOWS_READ_ONLY:
        return "it may only be read; let the platform write"
    lost = isinstance(error, ConnectionError | TimeoutError)
    if lost or error.errno in _AWAY or windows in _WINDOWS_AWAY:
        said = os.strerror(error.errno) if error.errno else type(error).__name__
        return f"it cannot be reached ({said}); see whether it is connected"
    return ""
