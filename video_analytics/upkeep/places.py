"""Folders that must be writable, room on their disks, and the shares that files are delivered to."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from video_analytics.settings import Settings
from video_analytics.upkeep.mounts import network_share
from video_analytics.verdicts import BAD, NOTE, OK, Verdict

GB = 1_000_000_000
LITTLE, TOO_LITTLE = 5 * GB, 1 * GB  # bytes free


def folders(settings: Settings) -> Iterator[Verdict]:
    """The home and its disks: local, writable, with room."""
    yield local("home", settings.home, "move the home to a local disk")
    yield writable("home writable", settings.home)
    seen: set[int] = set()
    for name, folder in {"home": settings.home, "lake": settings.lake, "exports": settings.exports}.items():
        device = _existing(folder).stat().st_dev
        if device not in seen:  # one verdict a disk
            seen.add(device)
            yield room(f"free disk ({name})", folder)


def local(probe: str, folder: Path, mend: str) -> Verdict:
    """Whether a folder lies on a disk of this machine."""
    share = network_share(folder)
    if share is None:
        return Verdict(probe, OK, f"{folder} lies on a local disk")
    return Verdict(
        probe,
        BAD,
        f"{folder}: expected a local disk, got a network share ({share}), where neither locks nor SQLite "
        f"are safe; {mend}, and deliver files to the share instead",
    )


def writable(probe: str, folder: Path) -> Verdict:
    """Whether a file can be written, replaced and removed in a folder."""
    try:
        _write_and_remove(folder)
    except OSError as error:
        says = f"{folder}: expected a folder this user may write, got {_why(error)}"
        return Verdict(probe, BAD, f"{says}; give the user that runs the platform write access to all of it")
    return Verdict(probe, OK, f"files can be written and replaced in {folder}")


def room(probe: str, folder: Path) -> Verdict:
    """How much is free on the disk of a folder."""
    usage = shutil.disk_usage(_existing(folder))
    says = f"{usage.free / GB:,.1f} GB of {usage.total / GB:,.1f} GB are free"
    if usage.free < TOO_LITTLE:
        return Verdict(probe, BAD, f"{says}, expected {TOO_LITTLE / GB:.0f} GB at least; make room")
    if usage.free < LITTLE:
        return Verdict(probe, NOTE, f"{says}, less than {LITTLE / GB:.0f} GB; make room soon")
    return Verdict(probe, OK, says)


def _write_and_remove(folder: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=".video-analytics-check-", suffix=".tmp", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"video-analytics check")
            file.flush()
            os.fsync(file.fileno())
        path = path.replace(path.with_name(f"{path.stem}-replaced{path.suffix}"))
    finally:
        path.unlink(missing_ok=True)


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else next(parent for parent in folder.parents if parent.exists())


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
