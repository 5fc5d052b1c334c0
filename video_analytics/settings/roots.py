r"""Roots of shares: which are accepted, and where they lead.

A `Place` is a folder written so that two spellings of it are equal: `\\server\share` and `smb://server/share`,
upper and lower case, accents in one character or in two.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Never

from video_analytics.settings.checks import wrong

HERE = "."  # a folder that is the root itself

_DRIVE = re.compile(r"(?P<drive>[A-Za-z]):[\\/](?P<path>.*)")
_UNC = re.compile(r"\\\\(?P<host>[\w.-]+)[\\/]+(?P<path>.+)", re.ASCII)
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<host>[^/]*)(?P<path>/.*)?")
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_CONTAINER = re.compile(r"([a-z0-9$-]+)@([a-z0-9-]+)\.[a-z0-9.-]+", re.ASCII | re.IGNORECASE)
_STRANGE = re.compile(r'[<>:"|?*\\#]|~[0-9]')  # Windows calls a long name PROGRA~1 too

# Schemes that are one and the same service; others are themselves.
_SAME = {
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "azure"),
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("sftp", "ssh"), "sftp"),
}
_SERVICE = {"azure": "account_name", "s3": "endpoint_url", "gs": "endpoint_url"}  # the option that names it
_PORTS = {"smb": ":445", "sftp": ":22", "ftp": ":21"}
_WITH_CONTAINER = {"abfs", "abfss"}

_FORMS = (
    r"an absolute folder (/mnt/reports, 'R:\reports', '\\server\share') "
    "or an address (smb://server/share, s3://bucket)"
)
# scheme that is none for a share, what is expected instead
_REFUSED = {
    **dict.fromkeys(("file", "local"), "a folder's path itself, such as /mnt/reports"),
    **dict.fromkeys(("http", "https", "data"), "an address that can be written to"),
}


@dataclass(frozen=True)
class Place:
    """A folder of a service. The host may be unknown, where neither address nor options name it."""

    kind: str
    host: str
    parts: tuple[str, ...]

    def below(self, folder: str) -> "Place":
        """A folder below this one."""
        return replace(self, parts=(*self.parts, *_folded(() if folder == HERE else folder.split("/"))))

    def meets(self, other: "Place") -> bool:
        """Whether one is the other, or lies inside of it; unknown hosts may be the same."""
        if self.kind != other.kind or (self.host and other.host and self.host != other.host):
            return False
        length = min(len(self.parts), len(other.parts))
        return self.parts[:length] == other.parts[:length]


def place(root: str, options: Mapping[str, object]) -> Place:
    """Where the (checked) root of a share with these options is."""
    if drive := _DRIVE.fullmatch(root):
        return Place("drive", drive["drive"].lower(), _folded(_windows_parts(drive["path"])))
    if unc := _UNC.fullmatch(root):
        return Place("smb", unc["host"].lower(), _folded(_windows_parts(unc["path"])))
    if not (url := _URL.fullmatch(root)):
        return Place("local", "", _folded(root.split("/")))
    kind = _SAME.get(url["scheme"].lower(), url["scheme"].lower())
    host, path = url["host"].lower(), _folded((url["path"] or "").split("/"))
    if container := _CONTAINER.fullmatch(host):
        return Place(kind, container[2], (container[1], *path))
    if kind in _SERVICE:
        service = str(options.get(_SERVICE[kind], "")).lower().rstrip("/")
        return Place(kind, service, (host, *path))
    return Place(kind, host.removesuffix(_PORTS.get(kind, ":")), path)


def root(text: str) -> str:
    """The root of a share, without slashes at its end."""
    if windows := _DRIVE.fullmatch(text) or _UNC.fullmatch(text):
        _usable(_windows_parts(windows["path"]), some="host" in windows.groupdict())
        # A drive alone keeps its slash: R: without one is wherever somebody has gone on it.
        return text.rstrip("\\/") if _windows_parts(windows["path"]) else text
    if url := _URL.fullmatch(text):
        _check_address(url["scheme"].lower(), url["host"])
        _usable(_parts(url["path"] or ""), some=url["scheme"].lower() == "smb")
        return text.rstrip("/")
    if not text.startswith("/") or text.startswith("//"):
        _refuse(r"begin with / or a drive or an address; put '\\server\share' in single quotes")
    _usable(_parts(text), some=True)
    return text.rstrip("/")


def _check_address(scheme: str, host: str) -> None:
    if scheme in _REFUSED:
        raise wrong(_REFUSED[scheme], "write it so, or another address", f"{scheme}://")
    if scheme in _WITH_CONTAINER and _CONTAINER.fullmatch(host):
        return
    if "@" in host:
        mend = 'put both into secrets.json: {"shares": {"NAME": {"username": "…", "password": "…"}}}'
        raise wrong("an address without user:password@", mend, "one with them (not shown)")
    if not _HOST.fullmatch(host):
        _refuse("write scheme://server/folder or scheme://bucket/folder, all else as options")


def _usable(parts: list[str], *, some: bool) -> None:
    if some and not parts:
        _refuse("add the name of the folder or share")
    for part in parts:
        # On Windows a name ends before its last dots and blanks.
        if _STRANGE.search(part) or not part.isprintable() or part != part.strip().rstrip(".") or not part:
            _refuse('remove .., empty parts, outer blanks, dots at an end, ~1 and < > : " | ? * # \\')


def _refuse(mend: str) -> Never:
    raise wrong(_FORMS, mend, "something else (not shown)")


def _parts(path: str) -> list[str]:
    inside = path.removeprefix("/").rstrip("/")
    return inside.split("/") if inside else []


def _windows_parts(path: str) -> list[str]:
    return [part for part in re.split(r"[\\/]+", path) if part]


def _folded(parts: Iterable[str]) -> tuple[str, ...]:
    """The parts as no file system tells them apart."""
    return tuple(_fold(part) for part in parts if part)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).upper().casefold())
