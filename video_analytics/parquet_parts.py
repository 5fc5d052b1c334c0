"""A Parquet file made of parts, so that unchanged parts are copied and never encoded again.

Each part is written as a Parquet file of its own whose row groups lie where they will lie in the whole; only
the footer at the end of the whole, joined from the parts' own, makes them one file. What stands between
(each part's own footer) is never read.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics import files

MAGIC = b"PAR1"


def append_part(out: BinaryIO, rows: pa.Table, texts: list[str], scratch: Path) -> int:
    """Append rows as the next part of a file that began with `MAGIC`; gives where the part ends."""
    start = out.tell()
    with pa.OSFile(str(scratch), "wb") as sink:
        writer = pq.ParquetWriter(sink, rows.schema, use_dictionary=texts, store_schema=False)
        os.lseek(sink.fileno(), start, os.SEEK_SET)  # offsets in the part count from the start of the whole
        writer.write_table(rows, row_group_size=1 << 20)
        writer.close()
    files.append(scratch, out, start, scratch.stat().st_size)
    return out.tell()


def finish(out: BinaryIO, path: Path, ends: Sequence[int]) -> None:
    """Write the footer that joins the parts of the file at `path`, which end at `ends`."""
    out.flush()
    with path.open("rb") as written:
        whole, *others = (_metadata(written, end) for end in ends)
    for part in others:
        whole.append_row_groups(part)
    footer = io.BytesIO()
    whole.write_metadata_file(footer)
    out.write(footer.getvalue()[len(MAGIC) :])


def _metadata(file: BinaryIO, end: int) -> pq.FileMetaData:
    """A part's own footer: its length stands in the four bytes before the closing magic."""
    file.seek(end - 8)
    length = int.from_bytes(file.read(4), "little")
    file.seek(end - 8 - length)
    return pq.read_metadata(pa.BufferReader(MAGIC + file.read(length + 8)))
