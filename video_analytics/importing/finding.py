"""The files of a folder that earlier scripts may have left, and what kind each one is.

A CSV file is known by its columns, as people rename and move files; others by their names. Only regular files
are looked at, down to some depth, and links to folders are not followed.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from video_analytics.importing.sheets import header_of
from video_analytics.importing.tally import Tally, Unreadable

DEPTH = 8  # folders below the one that is imported
MOST_FILES = 200_000  # looked at
_PASSED_BY = {".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages", ".ipynb_checkpoints"}

DAILY, LAST_VIEWS, CACHE = "daily analytics", "last viewed", "last viewed, any row"
VIEWING, SESSIONS, DERIVED = "viewing records", "sessions overview", "coverage"
STATE, COURSES, SECRETS, DOTENV, OTHER = "state", "courses", "secrets.json", ".env", "other"
BY_NAME = {"state.csv": STATE, "courses.csv": COURSES, "secrets.json": SECRETS, ".env": DOTENV}

# columns that tell a kind, in the order in which they are tried
BY_COLUMNS = (
    (VIEWING, {"SessionId", "UserId", "DateTime", "StartPosition", "SecondsViewed"}),
    (DERIVED, {"SessionId", "ChunkIndex"}),
    (DERIVED, {"SessionId", "Order"}),
    (SESSIONS, {"RootFolderID", "SessionId", "SessionName", "Duration"}),
    (DAILY, {"video_id", "date", "video_view"}),
    (LAST_VIEWS, {"id", "dt_last_viewed"}),
    (CACHE, {"id", "last_viewed_date"}),
)
# what a file must be by its name, where its columns cannot be read
_BY_ENDING = (("viewing_activity.csv", VIEWING), ("_cms.csv", LAST_VIEWS))


@dataclass(frozen=True)
class Found:
    """A file that may be of use, and the tally of what becomes of it."""

    path: Path
    tally: Tally

    @property
    def kind(self) -> str:
        """What it is."""
        return self.tally.kind


def find(folder: Path, beside: Iterable[Path]) -> tuple[list[Found], list[str]]:
    """The files by their paths, and what was not looked at; folders in `beside` are the platform's own."""
    found: list[Found] = []
    unseen: list[str] = []
    own = {path.resolve() for path in beside}
    for number, path in enumerate(_walk(folder, own, unseen)):
        if number == MOST_FILES:
            unseen.append(f"only the first {MOST_FILES:,} files were looked at; name a folder closer to them")
            break
        if path.name.lower() in BY_NAME or path.suffix.lower() == ".csv":
            found.append(_known(folder, path))
    return found, unseen


def _walk(folder: Path, own: set[Path], unseen: list[str]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=lambda error: unseen.append(_closed(folder, error))):
        here = Path(place)
        inside = [n for n in sorted(folders) if n not in _PASSED_BY and (here / n).resolve() not in own]
        if inside and len(here.relative_to(folder).parts) >= DEPTH:
            unseen.append(f"{here.relative_to(folder).as_posix()}: folders this deep are not looked at")
            inside = []
        folders[:] = inside
        yield from (here / name for name in sorted(names) if (here / name).is_file())


def _closed(folder: Path, error: OSError) -> str:
    where = os.path.relpath(error.filename or folder, folder)
    return f"{where}: the folder cannot be read ({error.strerror})"


def _known(folder: Path, path: Path) -> Found:
    name = path.relative_to(folder).as_posix()
    if kind := BY_NAME.get(path.name.lower()):
        return Found(path, Tally(name, kind))
    try:
        header = set(header_of(path))
    except Unreadable as error:
        kind = next((kind for ending, kind in _BY_ENDING if path.name.lower().endswith(ending)), OTHER)
        tally = Tally(name, DAILY if "daily_analytics" in path.name.lower() else kind)
        tally.refuse_all(str(error))
        return Found(path, tally)
    return Found(path, Tally(name, next((kind for kind, needs in BY_COLUMNS if needs <= header), OTHER)))
