"""A share that fsspec opens. Where names can be moved a file is renamed; an object store puts it whole."""

import contextlib
import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from fsspec import AbstractFileSystem

from video_analytics.delivery.targets import Digest, Passing, Renaming, Stat, Target, verify

# Stores in which a file appears when it is whole, and not before; they have no folders.
OBJECT_STORES = {
    *("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "ocilake", "oss", "memory"),
}
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified", "created")
_FOREIGN = (Exception,)  # each library has its own


class _Remote(Target):
    """What fsspec offers for any kind of share."""

    foreign = _FOREIGN

    def __init__(self, share: str, own: str, system: AbstractFileSystem, root: str) -> None:
        super().__init__(share, own)
        self._system: Any = system
        self._root = root.rstrip("/")

    def stat(self, at: PurePosixPath) -> Stat | None:
        """See `Target.stat`."""
        self._system.invalidate_cache()
        try:
            info = self._system.info(self._path(at))
        except FileNotFoundError:
            return None
        if info.get("type") == "directory":
            raise IsADirectoryError(errno.EISDIR, "Is a directory")
        return Stat(int(info["size"]), _version(info))

    def reading(self, at: PurePosixPath) -> AbstractContextManager[BinaryIO]:
        """See `Target.reading`."""
        opened: AbstractContextManager[BinaryIO] = self._system.open(self._path(at), "rb")
        return opened

    def _path(self, at: PurePosixPath) -> str:
        return f"{self._root}/{at}" if at.parts else self._root


class ObjectStore(_Remote):
    """A store whose keys change in one step, when an upload is complete."""

    def put(self, at: PurePosixPath, blocks: Iterable[bytes]) -> Digest:
        """See `Target.put`; the copy here is what is sent, whatever becomes of the source meanwhile."""
        with tempfile.TemporaryDirectory() as folder:
            local, put = Path(folder, "file"), Passing(blocks)
            with local.open("wb") as file:
                for block in put:
                    file.write(block)
            self._send(local, self._path(at))
        self._system.invalidate_cache()
        verify(put.digest, self.digest(at), self.share, at)
        return put.digest

    def _send(self, local: Path, path: str) -> None:
        if self._system.protocol == "memory":  # which has files appear as they are opened
            self._system.pipe_file(path, local.read_bytes())
        else:
            self._system.put_file(str(local), path)


class RemoteFolder(_Remote, Renaming):
    """A server with folders and names, such as SFTP's, which gives a file a name that is taken."""

    def __init__(self, share: str, own: str, system: AbstractFileSystem, root: str) -> None:
        super().__init__(share, own, system, root)
        if client := getattr(system, "client", None):  # of SFTP; others have none that stays open
            self.at_end.callback(client.close)
        with self.closing_if_failed(), self.telling():
            if not self.has_root():
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    def has_root(self) -> bool:
        """See `Target.has_root`."""
        return bool(self._system.isdir(self._root or "/"))

    def make_folder(self, at: PurePosixPath) -> None:
        """See `Renaming.make_folder`."""
        for folder in [*reversed(at.parents), at]:
            path = self._path(folder)
            if folder.parts and not self._system.isdir(path):
                with contextlib.suppress(FileExistsError):
                    self._system.mkdir(path, create_parents=False)

    def write(self, at: PurePosixPath, blocks: Iterable[bytes]) -> None:
        """See `Renaming.write`."""
        with self._system.open(self._path(at), "wb") as file:
            if pipelined := getattr(file, "set_pipelined", None):  # SFTP: no wait for each 32 KB
                pipelined()
            for block in blocks:
                file.write(block)

    def reading(self, at: PurePosixPath) -> AbstractContextManager[BinaryIO]:
        """See `Target.reading`."""
        opened = super().reading(at)
        if prefetch := getattr(opened, "prefetch", None):  # SFTP, as above
            prefetch()
        return opened

    def replace(self, temporary: PurePosixPath, at: PurePosixPath) -> None:
        """See `Renaming.replace`."""
        self._system.mv(self._path(temporary), self._path(at))

    def remove(self, at: PurePosixPath) -> None:
        """See `Renaming.remove`."""
        with contextlib.suppress(FileNotFoundError):
            self._system.rm_file(self._path(at))

    def names(self, folder: PurePosixPath) -> Iterator[tuple[str, float]]:
        """See `Renaming.names`."""
        self._system.invalidate_cache()
        with contextlib.suppress(FileNotFoundError):
            for info in self._system.ls(self._path(folder), detail=True):
                yield PurePosixPath(info["name"]).name, _seconds(info)


def _version(info: dict[str, Any]) -> str:
    """What changes with a file, as far as its store tells."""
    return " ".join(str(info[key]) for key in _VERSIONS if info.get(key) is not None)


def _seconds(info: dict[str, Any]) -> float:
    """When a file last changed; a time that is not told is never old."""
    told = (info.get(key) for key in ("mtime", "last_modified", "modified"))
    changed = next((each for each in told if each is not None), None)
    if isinstance(changed, datetime):
        return changed.timestamp()
    return float(changed) if isinstance(changed, int | float) else float("inf")
