"""What was delivered last: so cheap to look at that a sensor does it every minute, and nothing is read twice.

`state/delivery.json` holds for each destination which version of the source lies there, and how the share
showed it afterwards. It may be lost: then every destination is read back once.
"""

import json
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from video_analytics import files
from video_analytics.delivery.routes import Item
from video_analytics.delivery.targets import Digest, Stat
from video_analytics.settings import Settings

NAME = "delivery.json"


@dataclass(frozen=True)
class Note:
    """A delivered file: its source then, what it holds, and the version its share gave it."""

    source_size: int
    source_ns: int
    size: int
    sha256: str
    version: str

    @classmethod
    def of(cls, source: os.stat_result, held: Digest, version: str) -> "Note":
        """The note of a source whose bytes lie at its destination."""
        return cls(source.st_size, source.st_mtime_ns, held.size, held.sha256, version)

    def is_of(self, source: os.stat_result) -> bool:
        """Whether the source is the version that was delivered."""
        return (self.source_size, self.source_ns) == (source.st_size, source.st_mtime_ns)

    def is_shown(self, held: Stat | None) -> bool:
        """Whether the share shows the file as it was left there."""
        return held == Stat(self.size, self.version)


class Index:
    """The notes of a home, by destination; `own` marks its temporary files."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.state / NAME
        self._roots = {share.name: share.root for share in settings.delivery.shares}
        told = _read(self._path)
        self.own: str = told.get("own") or secrets.token_hex(4)
        self.mounted: set[str] = set(told.get("mounted", ()))  # roots with something mounted on them
        self._notes: dict[str, Note] = {}
        with suppress(TypeError, AttributeError):  # of another version: they are made anew
            self._notes = {key: Note(**note) for key, note in told.get("notes", {}).items()}

    def note(self, item: Item) -> Note | None:
        """What is known of an item's destination."""
        return self._notes.get(self._key(item))

    def take(self, item: Item, note: Note) -> None:
        """Remember what lies at an item's destination."""
        self._notes[self._key(item)] = note

    def differs(self, item: Item) -> bool:
        """Whether the source is another version than the one that was delivered."""
        note = self.note(item)
        try:
            return note is None or not note.is_of(item.source.stat())
        except OSError:  # gone: there is nothing to deliver
            return False

    def keep(self, items: Iterable[Item]) -> None:
        """Forget all other destinations: last month's, and those of routes that are no more."""
        wanted = {self._key(item) for item in items}
        self._notes = {key: note for key, note in self._notes.items() if key in wanted}

    def save(self) -> None:
        """Write it down."""
        told = {
            "own": self.own,
            "mounted": sorted(self.mounted),
            "notes": {key: asdict(note) for key, note in sorted(self._notes.items())},
        }
        files.write_bytes(self._path, json.dumps(told, indent=1).encode())

    def _key(self, item: Item) -> str:
        return f"{item.share} {self._roots.get(item.share, '')}/{item.target}"


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):  # none yet, or damaged: it is made anew
        told = json.loads(path.read_bytes())
        if isinstance(told, dict):
            return told
    return {}
