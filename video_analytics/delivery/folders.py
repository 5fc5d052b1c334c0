"""A share that is a folder: local, mounted, a mapped drive, or a UNC path on Windows."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from video_analytics.delivery.targets import Renaming, Stat
from video_analytics.errors import DeliveryError, ShareAway


class Folder(Renaming):
    """The folder `root`, never made itself: where a mount is missing, the disk below would fill."""

    def __init__(self, share: str, own: str, root: Path) -> None:
        super().__init__(share, own)
        self.root = root
        self._real = root.resolve()
        with self.telling():
            if not root.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    @property
    def mounted(self) -> bool:
        """Whether the root itself is where something is mounted."""
        return os.path.ismount(self.root)

    def must_be_mounted(self) -> None:
        """Raise ShareAway unless something is mounted there, as there was before."""
        if not self.mounted:
            raise ShareAway(
                f"share {self.share}: expected {self.root} to be mounted as it was, got an ordinary folder; "
                "mount it; if it is right as it is, remove state/delivery.json"
            )

    def has_root(self) -> bool:
        """See `Target.has_root`."""
        return self.root.is_dir()

    def stat(self, at: PurePosixPath) -> Stat | None:
        """See `Target.stat`."""
        try:
            found = (self.root / at).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Stat(found.st_size, str(found.st_mtime_ns))

    def reading(self, at: PurePosixPath) -> AbstractContextManager[BinaryIO]:
        """See `Target.reading`."""
        return (self.root / at).open("rb")

    def make_folder(self, at: PurePosixPath) -> None:
        """See `Renaming.make_folder`. Raises DeliveryError if a link leads out of the share."""
        folder = self.root
        for part in at.parts:
            folder /= part
            if not folder.is_dir():
                with contextlib.suppress(FileExistsError):
                    folder.mkdir()
                _flush_folder(folder.parent)
        if not folder.resolve().is_relative_to(self._real):
            raise DeliveryError(
                f"share {self.share}: {at}: expected a folder of the share, got a link that leads out of it; "
                "remove the link"
            )

    def write(self, at: PurePosixPath, blocks: Iterable[bytes]) -> None:
        """See `Renaming.write`."""
        with (self.root / at).open("xb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
            if hasattr(os, "posix_fadvise"):  # so that it is read back from where it was written to
                with contextlib.suppress(OSError):  # it is advice, and not taken everywhere
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def replace(self, temporary: PurePosixPath, at: PurePosixPath) -> None:
        """See `Renaming.replace`."""
        (self.root / temporary).replace(self.root / at)
        _flush_folder((self.root / at).parent)

    def remove(self, at: PurePosixPath) -> None:
        """See `Renaming.remove`."""
        (self.root / at).unlink(missing_ok=True)

    def names(self, folder: PurePosixPath) -> Iterator[tuple[str, float]]:
        """See `Renaming.names`."""
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):  # it has just been renamed
                        yield entry.name, entry.stat(follow_symlinks=False).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return


def _flush_folder(folder: Path) -> None:
    """Make a new name durable, where folders can be flushed: not on Windows, nor on all mounted shares."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES}:
            raise
    finally:
        os.close(handle)
