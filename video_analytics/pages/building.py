"""Which pages there are, and writing those whose data changed.

What a page was made from is noted beside the platform's other notes, in `state/pages/`, with the line that
the index has for it. A page is made anew when that has changed: its tables, the settings it depends on, the
chart library, or the pages' own code and templates.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from video_analytics import files
from video_analytics.pages.address import FOLDER
from video_analytics.pages.bundle import VERSION, bundle
from video_analytics.pages.frame import Page, render
from video_analytics.settings import Settings


@dataclass(frozen=True)
class Noted:
    """What is kept of pages that were made together."""

    made_from: str
    paths: Sequence[str]  # below exports/pages
    entry: Mapping[str, Any]  # for the index


class Press:
    """Writes pages of one home."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.exports / FOLDER
        self._settings = settings
        self.changed: dict[str, bool] = {}  # files written or looked at, below exports

    def print(
        self, name: str, inputs: object, make: Callable[[], tuple[Sequence[Page], Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        """The pages of `name`, made if their inputs changed or a file is gone; gives the index's entry."""
        made_from, held = _fingerprint(inputs), noted(self._settings, name)
        there = held and all((self.root / each).exists() for each in held.paths)
        if held and there and held.made_from == made_from:
            self.changed |= {f"{FOLDER}/{each}": False for each in held.paths}
            return held.entry
        pages, entry = make()
        for page in pages:
            self.write(page)
        note = Noted(made_from, [str(page.path) for page in pages], entry)
        files.write_bytes(_note(self._settings, name), json.dumps(asdict(note)).encode())
        return entry

    def write(self, page: Page) -> None:
        """One page, whatever it was made from; its file keeps its time if nothing changed."""
        html = render(page, bundle(self._settings.state))
        self.changed[f"{FOLDER}/{page.path}"] = files.write_bytes(self.root / page.path, html.encode())


def noted(settings: Settings, name: str) -> Noted | None:
    """What is known of the pages of `name`; None if they were never made."""
    with suppress(FileNotFoundError, ValueError, TypeError):  # damaged: the pages are made anew
        return Noted(**json.loads(_note(settings, name).read_bytes()))
    return None


def _note(settings: Settings, name: str) -> Path:
    return settings.state / FOLDER / f"{name}.json"


def _fingerprint(inputs: object) -> str:
    return hashlib.sha256(repr((VERSION, _recipe(), inputs)).encode()).hexdigest()[:32]


@cache
def _recipe() -> str:
    """Stands for the pages' own code, templates and SQL."""
    digest = hashlib.sha256()
    folder = resources.files(__package__)
    for path in sorted(Path(str(folder)).rglob("*")):
        if path.suffix in {".py", ".sql", ".html", ".js", ".css"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()
