"""Consolidation: the days of a category's accounts, joined with the catalogue, month by month.

A month is a partition of the lake table `multi_year`. It is built again only when one of its day files
changed, or what the catalogue shows of a video in it. The files people open are made from the months by
`daily_files.py`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib.resources import files as resources
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from video_analytics import lake as lakes
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS, MULTI_YEAR, VIDEO_CACHE
from video_analytics.files import write_bytes
from video_analytics.lake import Lake
from video_analytics.settings import Account

RECIPE = 1  # raise it when the SQL changes what a month holds


@dataclass(frozen=True)
class Months:
    """All months of a category, and those that were built again."""

    all: tuple[str, ...]  # "2026-01", in order
    rebuilt: tuple[str, ...]


def consolidate(lake: Lake, category: str, accounts: Sequence[Account], *, only_cached: bool) -> Months:
    """Bring the months of a category up to date in the lake.

    `only_cached` keeps the videos of the 90-day cache alone.
    """
    days = _days_by_month(lake, accounts)
    with lakes.connect() as connection, ThreadPoolExecutor(1) as writer:
        _prepare(connection, lake, accounts, only_cached=only_cached)
        catalogue = _catalogue(lake, accounts)
        checked = lake.path(MULTI_YEAR, f"{category}/catalogue").with_suffix(".json")
        same = checked.exists() and checked.read_bytes() == catalogue
        known = None if same else _metadata_of_months(connection, lake, category, days)
        inputs = {
            month: _inputs(lake, paths, accounts, only_cached=only_cached) for month, paths in days.items()
        }
        stale = [month for month in days if not _is_current(lake, category, month, inputs[month], known)]
        writes = []
        for _, of_year in groupby(stale, key=lambda month: month[:4]):
            months = list(of_year)
            rows, metadata = _build(connection, [path for month in months for path in days[month]])
            slices = dict(_by_month(rows))
            for month in months:
                facts = {"inputs": inputs[month], "metadata": metadata.get(month)}
                digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
                held = slices.get(month, rows.slice(0, 0))
                writes.append(
                    writer.submit(lake.write, MULTI_YEAR, f"{category}/{month}", held, facts, digest)
                )
        for write in writes:
            write.result()
    write_bytes(checked, catalogue)
    for path in (lake.root / MULTI_YEAR.name / category).glob("????-??.parquet"):
        if path.stem not in days:  # the last of its days was moved away
            path.unlink()
    return Months(tuple(days), tuple(stale))


def _days_by_month(lake: Lake, accounts: Sequence[Account]) -> dict[str, list[Path]]:
    months: dict[str, list[Path]] = defaultdict(list)
    for path in lake.day_files(DAILY_ANALYTICS, [account.id for account in accounts], date.min, date.max):
        months[path.stem[:7]].append(path)
    return dict(sorted(months.items()))


def _prepare(
    connection: duckdb.DuckDBPyConnection, lake: Lake, accounts: Sequence[Account], *, only_cached: bool
) -> None:
    ids = [account.id for account in accounts]
    lakes.scan(connection, "cms_catalog", CMS_CATALOG, lake.files(CMS_CATALOG, ids))
    lakes.scan(connection, "video_cache", VIDEO_CACHE, lake.files(VIDEO_CACHE, ids))
    names = {"account_id": ids, "channel": [account.name for account in accounts]}
    connection.register("channels", pa.table(names | {"only_cached": [only_cached] * len(ids)}))
    connection.execute(_sql("video_dimension.sql"))


def _is_current(
    lake: Lake, category: str, month: str, inputs: str, metadata: Mapping[str, str] | None
) -> bool:
    """Whether a month is made of just these inputs, and shows what the catalogue says now (None: it does)."""
    facts = lake.facts(MULTI_YEAR, f"{category}/{month}") or {}
    if facts.get("inputs") != inputs:
        return False
    return metadata is None or facts.get("metadata") == metadata.get(month)


def _catalogue(lake: Lake, accounts: Sequence[Account]) -> bytes:
    """A fingerprint of the accounts' catalogues: while it stays, no month needs to be compared with them."""
    held = (lake.facts(CMS_CATALOG, account.id) or {} for account in accounts)
    return json.dumps([facts.get("digest") for facts in held]).encode()


def _build(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> tuple[pa.Table, dict[str, str]]:
    """The rows of some months, in order, and each month's fingerprint of the catalogue."""
    lakes.scan(connection, "daily_analytics", DAILY_ANALYTICS, paths)
    rows = connection.sql(_sql("daily_rows.sql")).to_arrow_table()
    connection.register("daily_rows", rows)
    source = "(SELECT strftime(date, '%Y-%m') AS filename, account_id, video_id FROM daily_rows)"
    return rows, dict(connection.sql(_METADATA.format(source=source)).fetchall())


def _by_month(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Slices of rows that are sorted by date, month by month."""
    months = pc.run_end_encode(pc.strftime(rows["date"], "%Y-%m").combine_chunks())
    start = 0
    for month, end in zip(months.values.to_pylist(), months.run_ends.to_pylist(), strict=True):
        yield month, rows.slice(start, end - start)
        start = end


def _metadata_of_months(
    connection: duckdb.DuckDBPyConnection, lake: Lake, category: str, months: Mapping[str, object]
) -> dict[str, str]:
    """For each month in the lake, a fingerprint of what the catalogue shows of its videos now."""
    paths = lake.files(MULTI_YEAR, (f"{category}/{month}" for month in months))
    if not paths:
        return {}
    listed = ", ".join(lakes.pattern(path) for path in paths)
    found = connection.sql(_METADATA.format(source=f"read_parquet([{listed}], filename = true)")).fetchall()
    return {Path(filename).stem: fingerprint for filename, fingerprint in found}


_METADATA = """
    SELECT filename, bit_xor(hash(ids.account_id, ids.video_id, videos.fingerprint))::VARCHAR
    FROM (SELECT DISTINCT filename, account_id, video_id FROM {source}) AS ids
    LEFT JOIN videos USING (account_id, video_id)
    GROUP BY filename
"""


def _inputs(lake: Lake, paths: Sequence[Path], accounts: Sequence[Account], *, only_cached: bool) -> str:
    """A fingerprint of the day files and settings a month is made from."""
    ids = [account.id for account in accounts]
    parts = [(path.parent.parent.name, path.name, *_stamp(path)) for path in paths]
    cache = [_stamp(path) for path in lake.files(VIDEO_CACHE, ids)] if only_cached else None
    names = [(account.id, account.name) for account in accounts]
    return hashlib.sha256(json.dumps([RECIPE, parts, names, cache]).encode()).hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _sql(name: str) -> str:
    return resources(__package__).joinpath(name).read_text(encoding="utf-8")
