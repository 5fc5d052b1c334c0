"""Names of course folders on disk: the course's own name made safe, and its id, which alone makes it unique.

    {Folder Name}[{Folder ID}]

Every file system takes such a name, whatever people wrote in Panopto: what it cannot show is left out, what
it cannot hold becomes `_`, and a long name is cut, never the id. When a course is renamed its folder follows.
"""

import re
import unicodedata
from pathlib import Path

LONGEST = 200  # bytes of UTF-8, id included; file systems hold 255, sync tools and archives add to names
LONGEST_ID = 64
_ID = re.compile(rf"[0-9a-z][0-9a-z_-]{{0,{LONGEST_ID - 1}}}")  # so two ids never differ by case alone
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # by Windows; the slash by everyone
_INVISIBLE = {"Cc", "Cf", "Cs"}  # control, bidi and zero-width marks, halves of characters
_PRIVATE = "Co"  # some drives stand forbidden characters in for these
_BLANK = re.compile(r"[\s\u115f\u1160\u2800\u3164\uffa0]+")  # letters without a shape among them
_NO_CHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
# Windows takes a name for a device by what stands before its first dot
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*\.", re.IGNORECASE)


def folder_name(name: str, id: str) -> str:  # noqa: A002 - what it is called everywhere
    """The name of a course's folder, one component for any file system, NFC, at most `LONGEST` bytes.

    Raises ValueError for an id that is not lower-case letters, digits, hyphens and underscores.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"expected an id in lower case as Panopto gives them, got {id!r}")
    ending = f"[{id}]"
    return _cut(_safe(name), LONGEST - len(ending)) + ending


def course_folder(root: Path, name: str, id: str) -> Path:  # noqa: A002 - as above
    """Where a course's files lie below `root`: the folder that bears its id, under the course's present name.

    A folder under an earlier name is renamed in one step, its files with it; without any, gives the path to
    create. If several bear the id, the one of the present name is it, else the one last written to; the
    others are people's copies and stay. A folder that cannot be renamed (someone has a file of it open on
    Windows) keeps its old name until the next time.
    """
    wanted = root / folder_name(name, id)
    held = _folders(root, id)
    if not held:
        return wanted
    present = [folder for folder in held if unicodedata.normalize("NFC", folder.name) == wanted.name]
    if present:
        return present[0]
    latest = max(held, key=lambda folder: (_last_written(folder), folder.name))
    try:
        latest.rename(wanted)
    except FileNotFoundError:  # another run has just done it
        return wanted
    except PermissionError:
        return latest
    return wanted


def _folders(root: Path, id: str) -> list[Path]:  # noqa: A002 - as above
    """The folders of a course, by the names the file system shows: case and all."""
    if not root.is_dir():
        return []
    ending = f"[{id}]"
    return [path for path in root.iterdir() if path.name.lower().endswith(ending) and path.is_dir()]


def _last_written(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:  # another run has just renamed it
        return 0


def _safe(name: str) -> str:
    """A name without anything that a file system, a shell or an eye would trip over."""
    text = _BLANK.sub(" ", unicodedata.normalize("NFC", name))
    shown = "".join(_shown(character) for character in text)
    safe = _FORBIDDEN.sub("_", _NO_CHARACTER.sub("", shown))
    safe = _BLANK.sub(" ", unicodedata.normalize("NFC", safe)).strip()
    safe = safe.lstrip(". ")  # a leading dot hides a folder
    return f"_{safe}" if _DEVICE.match(safe) else safe


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _INVISIBLE:
        return ""
    return "_" if category == _PRIVATE else character


def _cut(text: str, size: int) -> str:
    """The start of a text that fits into `size` bytes of UTF-8."""
    return text.encode()[:size].decode(errors="ignore").rstrip()
