"""A share of Windows or Samba, `smb://server/share/folder`, spoken to without mounting it.

smbclient itself and not fsspec's layer over it: that renames only to a name that is free, and takes the first
user logged on to a server for all shares of it. Needs the extra smb.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import smbclient
from smbprotocol.exceptions import SMBAuthenticationError, SMBException, SMBOSError

from video_analytics.delivery.targets import Renaming, Stat, refused
from video_analytics.errors import DeliveryError

PORT, TIMEOUT_SECONDS = 445, 20
OPTIONS = ("encrypt", "require_signing", "auth_protocol")  # passed on as they are
_EVERYBODY = "rwd"  # who reads with this keeps nobody from reading, writing or replacing

# Logon failure, account restricted, expired, disabled, locked; password expired, must change.
_LOGON = {0xC000006D, *range(0xC000006E, 0xC0000073), 0xC0000193, 0xC0000224, 0xC0000234}
# What Windows says, where smbclient has no number for it or another one.
_NUMBERS = {
    0xC0000022: errno.EACCES,  # ACCESS_DENIED
    0xC0000043: errno.EACCES,  # SHARING_VIOLATION
    0xC0000054: errno.EACCES,  # FILE_LOCK_CONFLICT
    0xC0000056: errno.EACCES,  # DELETE_PENDING
    0xC0000121: errno.EACCES,  # CANNOT_DELETE
    0xC000007F: errno.ENOSPC,  # DISK_FULL
    0xC0000044: errno.EDQUOT,  # QUOTA_EXCEEDED
    0xC00000A2: errno.EROFS,  # MEDIA_WRITE_PROTECTED
    0xC0000033: errno.EINVAL,  # OBJECT_NAME_INVALID
    0xC0000106: errno.ENAMETOOLONG,
}


class Smb(Renaming):
    """An SMB share. A file that somebody has open in Excel refuses to be replaced, as on Windows itself."""

    foreign = (OSError, SMBException, ValueError)  # its connecting raises ValueError where there is no host

    def __init__(self, share: str, own: str, root: str, options: Mapping[str, Any]) -> None:
        super().__init__(share, own)
        address = urlsplit(root)
        self._server = address.hostname or ""
        self._root = "\\".join(["", "", self._server, *address.path.strip("/").split("/")])
        self._connections: dict[str, Any] = {}  # of this share alone: another may have another user
        self._known: dict[str, Any] = {
            "username": _user(options),
            "password": options.get("password"),
            "port": int(options.get("port") or address.port or PORT),
            "connection_timeout": float(options.get("timeout", TIMEOUT_SECONDS)),
            "connection_cache": self._connections,
            **{key: options[key] for key in OPTIONS if key in options},
        }
        self.at_end.callback(
            smbclient.reset_connection_cache, fail_on_error=False, connection_cache=self._connections
        )
        with self.closing_if_failed(), self.telling():
            smbclient.register_session(self._server, **self._known)
            if not self.has_root():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def has_root(self) -> bool:
        """See `Target.has_root`."""
        return self._is_folder(PurePosixPath())

    def problem(self, at: PurePosixPath | None, error: Exception) -> DeliveryError:
        """See `Target.problem`."""
        status = getattr(error, "ntstatus", None) or getattr(error, "status", None)
        if isinstance(error, SMBAuthenticationError) or status in _LOGON:
            return refused(self.share, type(error).__name__)
        if status in _NUMBERS:
            error = OSError(_NUMBERS[status], os.strerror(_NUMBERS[status]))
        elif not isinstance(error, OSError) or not error.errno:
            error = ConnectionError()
        return super().problem(at, error)

    def stat(self, at: PurePosixPath) -> Stat | None:
        """See `Target.stat`."""
        try:
            found = smbclient.stat(self._path(at), **self._known)
        except SMBOSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                return None
            raise
        return Stat(found.st_size, str(found.st_mtime_ns))

    def reading(self, at: PurePosixPath) -> AbstractContextManager[BinaryIO]:
        """See `Target.reading`."""
        opened: AbstractContextManager[BinaryIO] = smbclient.open_file(
            self._path(at), "rb", share_access=_EVERYBODY, **self._known
        )
        return opened

    def make_folder(self, at: PurePosixPath) -> None:
        """See `Renaming.make_folder`."""
        for folder in [*reversed(at.parents), at]:
            if not self._is_folder(folder):
                try:
                    smbclient.mkdir(self._path(folder), **self._known)
                except SMBOSError as error:
                    if error.errno != errno.EEXIST:
                        raise

    def write(self, at: PurePosixPath, blocks: Iterable[bytes]) -> None:
        """See `Renaming.write`; flushing asks the server to write to its disk."""
        with smbclient.open_file(self._path(at), "xb", **self._known) as file:
            for block in blocks:
                file.write(block)
            file.flush()

    def replace(self, temporary: PurePosixPath, at: PurePosixPath) -> None:
        """See `Renaming.replace`."""
        smbclient.replace(self._path(temporary), self._path(at), **self._known)

    def remove(self, at: PurePosixPath) -> None:
        """See `Renaming.remove`."""
        try:
            smbclient.remove(self._path(at), **self._known)
        except SMBOSError as error:
            if error.errno != errno.ENOENT:
                raise

    def names(self, folder: PurePosixPath) -> Iterator[tuple[str, float]]:
        """See `Renaming.names`."""
        if self._is_folder(folder):
            for entry in smbclient.scandir(self._path(folder), **self._known):
                yield entry.name, entry.smb_info.last_write_time.timestamp()

    def _is_folder(self, at: PurePosixPath) -> bool:
        return bool(smbclient.path.isdir(self._path(at), **self._known))

    def _path(self, at: PurePosixPath) -> str:
        return "\\".join([self._root, *at.parts])


def _user(options: Mapping[str, Any]) -> str | None:
    """The user's name, with the domain where one is given."""
    name = options.get("username")
    domain = options.get("domain") or options.get("workgroup")
    return f"{domain}\\{name}" if name and domain else name
