"""Why a number moved: what later readings of a day changed, out of the ledgers in the lake."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from video_analytics.corrections import ledger
from video_analytics.lake import Lake, connect, scan

_QUERY = """
SELECT source_id, date, epoch_us(noticed_at) AS noticed, finality_before, finality_after,
    rows_before, rows_after, views_before, views_after, seconds_before, seconds_after
FROM ledger ORDER BY noticed DESC, date DESC, source_id
"""


@dataclass(frozen=True)
class Move:
    """A number before and after."""

    before: float
    after: float

    @property
    def by(self) -> float:
        """The difference."""
        return self.after - self.before


@dataclass(frozen=True)
class Correction:
    """What one later reading changed of one day."""

    source: str  # brightcove, panopto
    id: str
    name: str
    day: date
    noticed_at: datetime
    was: str | None  # what the reading before was worth: provisional, settled, final; None: no such thing
    is_now: str | None
    rows: Move
    views: Move | None  # None where the vendor knows none
    seconds: Move

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        moves = {"rows": self.rows, "views": self.views, "seconds": self.seconds}
        return {
            "source": self.source,
            "id": self.id,
            "name": self.name,
            "date": self.day.isoformat(),
            "noticed_at": self.noticed_at.isoformat(),
            "finality": [self.was, self.is_now],
            **{name: [move.before, move.after] if move else None for name, move in moves.items()},
        }


def corrections(
    lake: Lake, source: str, names: Mapping[str, str], first: date, last: date
) -> list[Correction]:
    """The corrections of a source's subjects (names by id) of the days between two, the latest first.

    Raises:
        LakeError: a ledger cannot be read.
    """
    table = ledger(source)
    paths = lake.day_files(table, names, first, last)
    if not paths:
        return []
    with connect() as connection:
        scan(connection, "ledger", table, paths)
        rows = connection.execute(_QUERY).fetchall()
    return [_correction(source, names, row) for row in rows]


def _correction(source: str, names: Mapping[str, str], row: tuple[Any, ...]) -> Correction:
    source_id, day, noticed, was, is_now, *numbers = row
    rows, views, seconds = (Move(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True))
    at = datetime.fromtimestamp(noticed / 1e6, UTC)
    told = None if views.before is None or views.after is None else views
    return Correction(source, source_id, names[source_id], day, at, was, is_now, rows, told, seconds)
