"""The platform's journal: for each asset and each of its subjects, how the last attempts went; and ticks.

    {root}/assets/{asset}/{subject}.json    an account's catalogue, a course's files, a share …
    {root}/ticks/{name}.json                when a schedule or sensor last ran

A subject is an account, a course, a category, a report date, a share, or "all". What failed by day is the
lake's matter: there the failure lies beside the data. One file each, so that no two processes meet in one.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from video_analytics import files
from video_analytics.clock import now
from video_analytics.errors import VideoAnalyticsError
from video_analytics.watch import Watch

ALL = "all"  # the subject of an asset that has none


@dataclass(frozen=True)
class Entry:
    """How it stands with a subject of an asset. Instants are UTC; None: never."""

    asset: str  # brightcove/cms_catalog
    subject: str  # internet
    succeeded_at: datetime | None = None
    failed_since: datetime | None = None  # the first of the failures since the last success
    failed_at: datetime | None = None  # the last of them
    attempts: int = 0  # failures since the last success
    permanent: bool = False  # asking again cannot help
    reason: str = ""
    run_id: str = ""

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self.attempts > 0

    @property
    def at(self) -> datetime:
        """When it failed last; the beginning of time if it never did."""
        return self.failed_at or datetime.min.replace(tzinfo=UTC)


class Journal:
    """Reads and writes entries below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def succeeded(self, asset: str, subject: str, at: datetime, run_id: str = "") -> None:
        """An attempt succeeded: what failed before is over."""
        self._write(Entry(asset, subject, succeeded_at=at, run_id=run_id))

    def failed(
        self,
        asset: str,
        subject: str,
        at: datetime,
        reason: str,
        *,
        permanent: bool = False,
        run_id: str = "",
    ) -> None:
        """An attempt failed."""
        before = self.entry(asset, subject) or Entry(asset, subject)
        since, attempts = before.failed_since or at, before.attempts + 1
        self._write(
            replace(
                before,
                failed_since=since,
                failed_at=at,
                attempts=attempts,
                permanent=permanent,
                reason=reason,
                run_id=run_id,
            )
        )

    def forget(self, asset: str, subject: str) -> None:
        """The subject is no more: its failures are nobody's concern."""
        self._path(asset, subject).unlink(missing_ok=True)

    def entry(self, asset: str, subject: str) -> Entry | None:
        """How it stands with a subject; None if nothing was ever tried."""
        return _read(self._path(asset, subject))

    def entries(self) -> Iterator[Entry]:
        """All of them, by asset and subject."""
        for path in sorted(self.root.glob("assets/*/*.json")):
            if entry := _read(path):
                yield entry

    def tick(self, name: str, at: datetime) -> None:
        """A schedule or sensor ran."""
        self._tick_path(name).parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(self._tick_path(name), json.dumps({"at": at.isoformat()}).encode())

    def last_tick(self, name: str) -> datetime | None:
        """When a schedule or sensor last ran; None: never."""
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):  # damaged: the next tick mends it
            return datetime.fromisoformat(json.loads(self._tick_path(name).read_bytes())["at"])
        return None

    def _write(self, entry: Entry) -> None:
        told = {key: _told(value) for key, value in asdict(entry).items()}
        files.write_bytes(self._path(entry.asset, entry.subject), json.dumps(told, indent=1).encode())

    def _path(self, asset: str, subject: str) -> Path:
        return self.root / "assets" / quote(asset, safe="") / f"{quote(subject, safe='')}.json"

    def _tick_path(self, name: str) -> Path:
        return self.root / "ticks" / f"{quote(name, safe='')}.json"


class Noting(Watch):
    """Tells a watch what a run does, and notes in the journal how it went with each subject.

    Days are collapsed into their account or course: that it was read is noted once a run. That a day failed
    stands beside the day in the lake, and not here. Of the assets in `whole`, which have no subjects, "all"
    fails and succeeds, whatever part of it failed.
    """

    def __init__(
        self, watch: Watch, journal: Journal, room: str, run_id: str = "", whole: Collection[str] = ()
    ) -> None:
        self._watch, self._journal, self._room, self._run = watch, journal, room, run_id
        self._whole = whole
        self._noted: set[tuple[str, str]] = set()
        self._lock = Lock()

    def begin(self, asset: str, partitions: Sequence[str]) -> None:
        """Pass it on."""
        self._watch.begin(asset, partitions)

    def done(self, asset: str, partition: str, facts: Mapping[str, Any]) -> None:
        """Note that the subject's attempt succeeded; the first day counts for all."""
        subject, _, part = partition.partition("|")
        if not part or self._is_first(asset, subject):
            self._journal.succeeded(f"{self._room}/{asset}", subject, now(), self._run)
        self._watch.done(asset, partition, facts)

    def failed(self, asset: str, partition: str, error: VideoAnalyticsError) -> None:
        """Note why the subject's attempt failed, unless the lake knows."""
        if "|" not in partition:
            subject = ALL if asset in self._whole else partition
            self._journal.failed(
                f"{self._room}/{asset}",
                subject,
                now(),
                str(error),
                permanent=error.permanent,
                run_id=self._run,
            )
        self._watch.failed(asset, partition, error)

    def waiting(self, what: str, seconds: float, why: str) -> None:
        """Pass it on."""
        self._watch.waiting(what, seconds, why)

    def _is_first(self, asset: str, subject: str) -> bool:
        with self._lock:
            if (asset, subject) in self._noted:
                return False
            self._noted.add((asset, subject))
            return True


_INSTANTS = ("succeeded_at", "failed_since", "failed_at")


def _told(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(path: Path) -> Entry | None:
    with suppress(
        FileNotFoundError, ValueError, TypeError, AttributeError
    ):  # damaged: the next attempt mends it
        told = json.loads(path.read_bytes())
        instants = {name: datetime.fromisoformat(told[name]) for name in _INSTANTS if told.get(name)}
        return Entry(**{**told, **dict.fromkeys(_INSTANTS), **instants})
    return None
