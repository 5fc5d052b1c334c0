"""Which folder lies on which file system, and whether another machine keeps it.

Locks and SQLite need a local disk: on a network share two machines can both believe that they hold a lock,
and a database can be torn. Linux tells the mounts, Windows the kind of a drive; macOS is asked as well as it
answers.
"""

import ctypes
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

MOUNTINFO = Path("/proc/self/mountinfo")
MACOS_MOUNT = "/sbin/mount"
REMOTE_DRIVE = 4  # what Windows' GetDriveType says of a mapped drive

# file systems that another machine keeps, as the kernels of Linux and macOS call them
NETWORK = {
    *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "afpfs", "webdav", "davfs"),
    *("9p", "vboxsf", "vmhgfs", "prl_fs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "orangefs"),
}
# the same by way of FUSE, as in fuse.sshfs
NETWORK_BY_FUSE = {
    *("sshfs", "s3fs", "rclone", "gcsfuse", "blobfuse", "blobfuse2", "davfs", "glusterfs", "ceph"),
    *("smbnetfs", "vmhgfs-fuse", "goofys", "mount-s3", "juicefs", "curlftpfs"),
}


@dataclass(frozen=True)
class Mount:
    """A file system and where it begins."""

    point: PurePath
    kind: str  # ext4, nfs4, fuse.sshfs …

    @property
    def is_network(self) -> bool:
        """Whether another machine keeps it."""
        family, _, program = self.kind.partition(".")
        return self.kind in NETWORK or (family in {"fuse", "fuseblk"} and program in NETWORK_BY_FUSE)


def network_share(path: Path, mounts: Iterable[Mount] | None = None) -> str | None:
    """What kind of network share a path lies on, such as `nfs4`; None: a local disk, as far as can be told.

    A path that does not exist lies where its nearest existing parent does.
    """
    whole = path.resolve()
    if sys.platform == "win32":
        return windows_share(PureWindowsPath(whole))
    found = mount_of(whole, read_mounts() if mounts is None else mounts)
    return found.kind if found and found.is_network else None


def mount_of(path: PurePath, mounts: Iterable[Mount]) -> Mount | None:
    """The mount a path lies on: the deepest one, and of several at one place the last, which covers them."""
    found: Mount | None = None
    for mount in mounts:
        deeper = found is None or len(mount.point.parts) >= len(found.point.parts)
        if deeper and path.is_relative_to(mount.point):
            found = mount
    return found


def read_mounts() -> list[Mount]:
    """The mounts of this machine; none where it does not tell."""
    try:
        if sys.platform == "darwin":
            said = subprocess.run(MACOS_MOUNT, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - fixed
            return list(parse_macos(said.stdout))
        return list(parse_mountinfo(MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")))
    except (OSError, subprocess.SubprocessError):
        return []


def parse_mountinfo(text: str) -> Iterator[Mount]:
    """The mounts of `/proc/self/mountinfo`, in order (proc(5)): the kind is the first word after ` - `."""
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        fields, kinds = left.split(" "), right.split(" ")
        if separator and len(fields) > 4 and kinds[0]:  # noqa: PLR2004 - the fifth is the mount's place
            yield Mount(PurePath(_unescaped(fields[4])), kinds[0])


def parse_macos(text: str) -> Iterator[Mount]:
    """The mounts that macOS' `mount` prints: `//u@server/share on /Volumes/share (smbfs, nodev)`."""
    for line in text.splitlines():
        if match := re.search(r" on (/.*) \(([a-z0-9_]+)[,)]", line):
            yield Mount(PurePath(match[1]), match[2])


def windows_share(path: PureWindowsPath) -> str | None:
    r"""The kind of share a Windows path lies on: `\\server\share`, or a drive that is mapped to one."""
    if path.drive.startswith("\\\\") and not path.drive.startswith(("\\\\?\\", "\\\\.\\")):
        return "UNC path"
    if path.drive.upper().startswith("\\\\?\\UNC\\"):
        return "UNC path"
    return "mapped drive" if path.drive and _drive_type(f"{path.drive}\\") == REMOTE_DRIVE else None


def _drive_type(root: str) -> int:
    windows = getattr(ctypes, "windll", None)
    return int(windows.kernel32.GetDriveTypeW(root)) if windows else 0


def _unescaped(text: str) -> str:
    r"""Blanks and backslashes come as `\040`, in octal."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
