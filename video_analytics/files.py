"""Files that are replaced in one step: a reader sees the old or the new one, never half of one."""

import contextlib
import errno
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SUFFIX = ".tmp"
ABANDONED_SECONDS = 6 * 3600  # a temporary file this old belongs to nobody
_NOT_OFFERED = {errno.ENOSYS, errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL}  # by this kernel or file system
_numbers = itertools.count()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; on success its file is fsynced and takes `path`'s place.

    On failure the temporary file is removed and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{next(_numbers)}{SUFFIX}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> bool:
    """Replace `path` with `data`; False if it held exactly that already (its times then stay)."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return False
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return True


def append(source: Path, out: BinaryIO, start: int, end: int) -> None:
    """Append bytes [start, end) of a file to an open one, inside the kernel where it offers that."""
    out.flush()
    with source.open("rb") as file:
        file.seek(start)
        start += _append_in_kernel(file, out, end - start)
        file.seek(start)
        out.seek(0, os.SEEK_END)
        while start < end:
            block = file.read(min(end - start, 1 << 22))
            if not block:
                raise OSError(f"{source}: expected {end:,} bytes, the file ends at {start:,}")
            start += out.write(block)


def _append_in_kernel(file: BinaryIO, out: BinaryIO, size: int) -> int:
    """How many of the next `size` bytes of `file` the kernel copied; fewer where it does not offer that."""
    copied = 0
    try:
        while hasattr(os, "copy_file_range") and copied < size:
            done = os.copy_file_range(file.fileno(), out.fileno(), min(size - copied, 1 << 30))
            if not done:
                break
            copied += done
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
    return copied


def sweep(root: Path) -> int:
    """Remove temporary files that a killed process left behind; gives how many."""
    cutoff = time.time() - ABANDONED_SECONDS  # the file system's clock, not the platform's
    removed = 0
    for path in root.rglob(f".*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # another run has just finished it
            if path.stat().st_mtime < cutoff:
                path.unlink()
                removed += 1
    return removed


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name durable; Windows neither needs nor offers it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
