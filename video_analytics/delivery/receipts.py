"""`exports/delivery/receipts.csv`: which file was put where and when, with its size and SHA-256.

Rows are only ever added; the file is replaced as a whole, so that a reader never sees half of a row.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from video_analytics import files
from video_analytics.delivery.routes import OWN_FOLDER
from video_analytics.spreadsheet import FORMULA_STARTS

MOST_BYTES = 4 << 20  # that are read of it, from its end: some 20,000 receipts


@dataclass(frozen=True)
class Receipt:
    """One file that was put in its place and read back."""

    delivered_at: str  # ISO, UTC
    route: str
    business_unit: str
    account: str
    source: str  # below exports
    share: str
    destination: str  # below the share's root
    bytes: int
    sha256: str

    @property
    def place(self) -> tuple[str, str]:
        """Share and destination."""
        return self.share, self.destination


COLUMNS = tuple(field.name for field in fields(Receipt))


def receipts_path(exports: Path) -> Path:
    """Where the receipts lie."""
    return exports / OWN_FOLDER / "receipts.csv"


def add_receipts(path: Path, receipts: Sequence[Receipt]) -> None:
    """Add rows at the end; no rows leave the file as it is."""
    if not receipts:
        return
    with files.replacing(path) as temporary, temporary.open("w+b") as out:
        size = path.stat().st_size if path.exists() else 0
        files.append(path, out, 0, size) if size else out.write(_lines([COLUMNS]))
        out.seek(-1, io.SEEK_END)
        whole = out.read(1) == b"\n"  # somebody's editor may have taken the last line's end
        out.write((b"" if whole else b"\n") + _lines(map(astuple, receipts)))


def last_receipts(path: Path) -> Iterator[Receipt]:
    """The receipts, oldest first; of a very long file only its end."""
    for row in csv.reader(io.StringIO(_tail(path), newline="")):
        if len(row) == len(COLUMNS) and row[-2].isdigit():  # else the header, or what somebody else wrote
            cells: dict[str, Any] = dict(zip(COLUMNS, map(_plain, row), strict=True))
            yield Receipt(**{**cells, "bytes": int(cells["bytes"])})


def newest_receipts(path: Path) -> dict[tuple[str, str], Receipt]:
    """The last receipt of each share and destination, oldest first; of a very long file only its end."""
    found: dict[tuple[str, str], Receipt] = {}
    for receipt in last_receipts(path):
        found.pop(receipt.place, None)
        found[receipt.place] = receipt
    return found


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, io.SEEK_END) - MOST_BYTES)
            file.seek(start)
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return text.partition("\n")[2] if start else text


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([[_safe(str(cell)) for cell in row] for row in rows])
    return buffer.getvalue().encode()


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith(tuple(f"'{start}" for start in FORMULA_STARTS)) else text
