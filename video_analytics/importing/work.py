"""An import: which files go to which importer, in the order in which they need each other."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from video_analytics.clock import now
from video_analytics.errors import SettingsError
from video_analytics.importing.credentials import import_credentials
from video_analytics.importing.daily import import_daily
from video_analytics.importing.desk import Desk
from video_analytics.importing.finding import (
    CACHE,
    COURSES,
    DAILY,
    DERIVED,
    DOTENV,
    LAST_VIEWS,
    OTHER,
    SECRETS,
    SESSIONS,
    STATE,
    VIEWING,
    Found,
    find,
)
from video_analytics.importing.last_views import import_last_views
from video_analytics.importing.listing import import_courses, tell_state
from video_analytics.importing.tally import Tally
from video_analytics.importing.viewing import import_viewing
from video_analytics.lake import Lake
from video_analytics.settings import Settings

# kinds that nothing is taken of, and why
_LEFT = {
    CACHE: "its dates count impressions as views, which they are not; dates are taken from *_cms.csv",
    DERIVED: "it is made anew from the viewing records",
    SESSIONS: "sessions are listed anew by Panopto, which also knows those that are new",
    OTHER: "its columns are of no file that is taken",
}


@dataclass(frozen=True)
class Outcome:
    """What became of an import: a tally for each file, and what was not looked at."""

    folder: Path
    dry_run: bool
    tallies: list[Tally]
    unseen: list[str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was refused or left unseen."""
        return not self.unseen and all(tally.is_clean for tally in self.tallies)


def import_folder(settings: Settings, folder: Path, *, dry_run: bool) -> Outcome:
    """Take over what the old scripts left in a folder; a dry run writes nothing."""
    if not folder.is_dir():
        raise SettingsError(f"--from {str(folder)!r}: expected a folder, found none; correct the path")
    beside = [settings.lake, settings.exports, settings.state, settings.dagster_home]
    found, unseen = find(folder, beside)
    with tempfile.TemporaryDirectory() as scratch:
        desk = Desk(settings, Lake(settings.lake), now(), Path(scratch), dry_run)
        _import(desk, found)
    return Outcome(folder, dry_run, [file.tally for file in found], unseen)


def _import(desk: Desk, found: list[Found]) -> None:
    def of(*kinds: str) -> Iterator[Found]:
        return (file for file in found if file.kind in kinds and not file.tally.whole)

    for file in of(*_LEFT):
        file.tally.notes.append(f"nothing to take: {_LEFT[file.kind]}")
    import_credentials(desk, list(of(SECRETS, DOTENV)))
    listed = import_courses(desk, list(of(COURSES)))
    tell_state(list(of(STATE)), listed)
    import_daily(desk, list(of(DAILY)))
    import_last_views(desk, list(of(LAST_VIEWS)))
    import_viewing(desk, list(of(VIEWING)), listed)
