r"""Opens a share, by what its root looks like.

/mnt/reports   R:\reports   \\server\share\folder          a folder
smb://server/share/folder                              Windows or Samba, with user and password
s3://bucket/prefix   abfs://…   sftp://server/folder   anything fsspec opens
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fsspec.core

from video_analytics.delivery.folders import Folder
from video_analytics.delivery.remote import OBJECT_STORES, ObjectStore, RemoteFolder
from video_analytics.delivery.targets import Target, refused
from video_analytics.errors import DeliveryError, ShareAway
from video_analytics.settings import Share

# protocol, extra
EXTRAS = {
    "smb": "smb",
    "s3": "s3",
    "s3a": "s3",
    "abfs": "azure",
    "abfss": "azure",
    "az": "azure",
    "adl": "azure",
    "sftp": "sftp",
    "ssh": "sftp",
}


# of paramiko; its classes are there only where it is installed
_REFUSALS = {"AuthenticationException", "BadAuthenticationType", "PasswordRequiredException"}


def open_share(share: Share, own: str) -> Target:
    """A share, ready for files; to be closed. `own` marks temporary files as this home's, in hex.

    Raises:
        ShareAway: its root is not there, or cannot be reached.
        DeliveryError: what it needs is not installed, or it cannot be opened on this machine.
    """
    protocol, separator, _ = share.root.partition("://")
    if not separator:
        return _folder(share, own)
    options: dict[str, Any] = {**share.options}
    options |= {key: secret.get_secret_value() for key, secret in share.secrets.items()}
    try:
        if protocol.lower() == "smb":
            from video_analytics.delivery.smb import Smb  # noqa: PLC0415 - of an extra

            return Smb(share.name, own, share.root, options)
        return _remote(share, own, options)
    except ImportError:
        extra = EXTRAS.get(protocol.lower())
        mend = (
            f"pip install 'video-analytics[{extra}]'"
            if extra
            else f"install what fsspec needs for {protocol}"
        )
        raise DeliveryError(
            f"share {share.name}: {protocol}:// needs more than is installed; {mend}"
        ) from None


def _folder(share: Share, own: str) -> Target:
    if share.root.startswith("\\\\") and os.name != "nt":
        raise DeliveryError(
            f"share {share.name}: expected a folder of this machine, got a UNC path, which is for Windows; "
            "mount it, or write smb://server/share"
        )
    return Folder(share.name, own, Path(share.root))


def _remote(share: Share, own: str, options: Mapping[str, Any]) -> Target:
    """A share by fsspec, over a connection of its own: one that was lost is not taken from a cache."""
    try:
        system, root = fsspec.core.url_to_fs(share.root, skip_instance_cache=True, **options)
    except (ImportError, DeliveryError):
        raise
    except Exception as error:  # noqa: BLE001 - each library has its own
        raise _unopened(share, error) from None
    protocols = {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)
    if protocols & OBJECT_STORES:
        return ObjectStore(share.name, own, system, root)
    return RemoteFolder(share.name, own, system, root)


def _unopened(share: Share, error: Exception) -> DeliveryError:
    """What it means that a library does not open a share; its own words may hold what is secret."""
    said = type(error).__name__
    if said in _REFUSALS:
        return refused(share.name, said)
    if isinstance(error, ValueError | TypeError | KeyError):
        mend = "correct its address and options"
        return DeliveryError(f"share {share.name}: it cannot be opened as it is set up ({said}); {mend}")
    return ShareAway(f"share {share.name}: it cannot be reached ({said}); see whether it is connected")
