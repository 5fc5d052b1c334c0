"""The daily files: one CSV and one Parquet file a year and category, and the years in one.

Months that did not change are copied from the file as it is; what follows the first changed month is
written anew. `files.json` in the lake remembers where each month ends, so a file that somebody touched or
removed is simply made again.
"""

import contextlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.csv import WriteOptions, write_csv

from video_analytics import files, parquet_parts
from video_analytics.brightcove.tables import MULTI_YEAR
from video_analytics.lake import Lake

HEADER = (",".join(MULTI_YEAR.schema.names) + "\n").encode()
_NO_HEADER = WriteOptions(include_header=False, quoting_style="needed")
_TEXT = [field.name for field in MULTI_YEAR.schema if pa.types.is_string(field.type)]


@dataclass(frozen=True)
class Piece:
    """A month of the lake: its key, what it is made of, and its file."""

    month: str
    digest: str
    path: Path


def write_daily_files(lake: Lake, exports: Path, category: str, months: Sequence[str]) -> dict[str, bool]:
    """Publish the daily files of a category; gives each file and whether it changed."""
    pieces = [_piece(lake, category, month) for month in months]
    if not pieces:
        return {}
    years = {year: list(group) for year, group in groupby(pieces, key=lambda piece: piece.month[:4])}
    folder = exports / "brightcove" / "daily"
    whole = folder / f"daily_analytics_{'_'.join(years)}_{category}"
    stems = {folder / year / f"daily_analytics_{year}_{category}": months for year, months in years.items()}
    index = _Index(lake.path(MULTI_YEAR, category).with_suffix("") / "files.json")
    with ThreadPoolExecutor(2) as pool:  # both spend their time outside the interpreter lock
        csv = pool.submit(_write_csvs, index, stems, whole, pieces)
        parquet = pool.submit(_write_parquets, index, stems, whole, pieces)
        changed = csv.result() | parquet.result()
    index.save()
    return {path.relative_to(exports).as_posix(): new for path, new in sorted(changed.items())}


Stems = Mapping[Path, Sequence["Piece"]]


def _write_csvs(index: "_Index", stems: Stems, whole: Path, pieces: Sequence["Piece"]) -> dict[Path, bool]:
    paths = {stem.with_suffix(".csv"): of_year for stem, of_year in stems.items()}
    changed = {path: _write_csv(index, path, of_year) for path, of_year in paths.items()}
    joined = whole.with_suffix(".csv")
    return changed | {joined: _join_csv(index, joined, paths, pieces)}


def _write_parquets(
    index: "_Index", stems: Stems, whole: Path, pieces: Sequence["Piece"]
) -> dict[Path, bool]:
    targets = [*stems.items(), (whole, pieces)]
    return {
        (path := stem.with_suffix(".parquet")): _write_parquet(index, path, held) for stem, held in targets
    }


def _piece(lake: Lake, category: str, month: str) -> Piece:
    key = f"{category}/{month}"
    facts = lake.facts(MULTI_YEAR, key) or {}
    return Piece(month, facts["digest"], lake.path(MULTI_YEAR, key))


class _Index:
    """What each published file was made of, and its size and time when it was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):  # without it, everything is made again
            held = json.loads(path.read_bytes())
            self._files = held if isinstance(held, dict) else {}

    def kept(self, path: Path, pieces: Sequence[Piece]) -> list[int]:
        """The ends of the leading pieces that `path` already holds unchanged."""
        known = self._files.get(_key(path))
        if known is None or not path.exists() or known["stamp"] != _stamp(path):
            return []
        ends = []
        for piece, (digest, end) in zip(pieces, known["pieces"], strict=False):
            if piece.digest != digest:
                break
            ends.append(end)
        return ends

    def is_current(self, path: Path, pieces: Sequence[Piece]) -> bool:
        """Whether `path` holds just these pieces."""
        kept = self.kept(path, pieces)
        return len(kept) == len(pieces) == len(self._files.get(_key(path), {}).get("pieces", []))

    def note(self, path: Path, pieces: Sequence[Piece], ends: Sequence[int], stamp: list[int]) -> None:
        """Remember a file that was just written, by the stamp it had before it took its place."""
        held = [[piece.digest, end] for piece, end in zip(pieces, ends, strict=True)]
        self._files[_key(path)] = {"stamp": stamp, "pieces": held}

    def save(self) -> None:
        """Keep the index for the next run."""
        files.write_bytes(self._path, json.dumps(self._files, sort_keys=True).encode())


def _begin(index: _Index, path: Path, pieces: Sequence[Piece], out: BinaryIO, head: bytes) -> list[int]:
    """Start a file with what the published one already holds; gives where its parts end."""
    ends = index.kept(path, pieces)
    if ends:
        files.append(path, out, 0, ends[-1])
        if index.kept(path, pieces) != ends:  # another run has replaced it meanwhile
            out.seek(0)
            out.truncate()
            ends = []
    if not ends:
        out.write(head)
    return ends


def _write_csv(index: _Index, path: Path, pieces: Sequence[Piece]) -> bool:
    if index.is_current(path, pieces):
        return False
    with files.replacing(path) as temporary:
        with temporary.open("wb") as out:
            ends = _begin(index, path, pieces, out, HEADER)
            for piece in pieces[len(ends) :]:
                write_csv(pq.ParquetFile(piece.path).read(), out, _NO_HEADER)
                ends.append(out.tell())
        stamp = _stamp(temporary)
    index.note(path, pieces, ends, stamp)
    return True


def _join_csv(
    index: _Index, path: Path, parts: Mapping[Path, Sequence[Piece]], pieces: Sequence[Piece]
) -> bool:
    if index.is_current(path, pieces):
        return False
    with files.replacing(path) as temporary:
        with temporary.open("wb") as out:
            out.write(HEADER)
            for part in parts:
                files.append(part, out, len(HEADER), part.stat().st_size)
            size = out.tell()
        stamp = _stamp(temporary)
    if all(index.is_current(part, of_year) for part, of_year in parts.items()):
        index.note(path, pieces, [size] * len(pieces), stamp)  # else another run came between: next time anew
    return True


def _write_parquet(index: _Index, path: Path, pieces: Sequence[Piece]) -> bool:
    if index.is_current(path, pieces):
        return False
    with files.replacing(path) as temporary, tempfile.TemporaryDirectory() as elsewhere:
        with temporary.open("wb") as out:
            ends = _begin(index, path, pieces, out, parquet_parts.MAGIC)
            for piece in pieces[len(ends) :]:
                # texts stay dictionaries on their way, which spares most of the encoding
                month = pq.ParquetFile(piece.path, read_dictionary=_TEXT).read().replace_schema_metadata(None)
                ends.append(parquet_parts.append_part(out, month, _TEXT, Path(elsewhere) / "part"))
            parquet_parts.finish(out, temporary, ends)
        stamp = _stamp(temporary)
    index.note(path, pieces, ends, stamp)
    return True


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _key(path: Path) -> str:
    """A published file's name in the index: with its folder, for a single year has the joined file's name."""
    return f"{path.parent.name}/{path.name}"
