"""The videos that the page of channels holds are enough: the first of any choice are among them."""

from collections.abc import Iterator
from random import Random

import duckdb
import pyarrow as pa
import pytest

from video_analytics.lake import connect
from video_analytics.pages.channels.data import make_cube
from video_analytics_tests.brightcove.small_lake import ACCOUNTS

CHANNELS, YEARS, VIDEOS = 3, range(2018, 2026), 60
VIEWED, LOADED = 5, 7
Yearly = dict[tuple[int, str, int], tuple[int, int]]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database with the tables that the cube is made of."""
    with connect() as opened:
        opened.execute(
            "CREATE TABLE monthly (channel INT, video_id TEXT, month INT, views INT, impressions INT)"
        )
        opened.execute("ALTER TABLE monthly ADD COLUMN seconds INT DEFAULT 0")
        opened.execute("CREATE TABLE complete (channel INT, month INT)")
        opened.execute("CREATE TABLE seen (account_id TEXT, video_id TEXT, last_viewed DATE)")
        opened.execute("CREATE TABLE cms_catalog (account_id TEXT, video_id TEXT, status TEXT)")
        opened.execute(
            "CREATE TABLE videos (account_id TEXT, video_id TEXT, name TEXT, created_at TEXT, "
            "published_at TEXT, video_duration BIGINT)"
        )
        ids = [ACCOUNTS[place].id for place in range(CHANNELS)]
        opened.execute("CREATE TABLE channels (channel INT, account_id TEXT, zone TEXT, as_of DATE)")
        opened.executemany("INSERT INTO channels VALUES (?, ?, 'UTC', NULL)", list(enumerate(ids)))
        yield opened


@pytest.mark.parametrize("seed", range(6))
def test_first_of_any_choice_are_leaders(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Views rise and fall over the years, many are equal: no choice has a first video that is not held."""
    draw = Random(seed)
    yearly = _yearly(draw)
    keys = [(channel, video, 12 * year) for channel, video, year in yearly]
    columns = [*zip(*keys, strict=True), *zip(*yearly.values(), strict=True)]
    names = ("channel", "video_id", "month", "views", "impressions")
    rows = pa.table(dict(zip(names, map(list, columns), strict=True)))
    connection.register("rows", rows)
    connection.execute("INSERT INTO monthly BY NAME FROM rows")
    make_cube(connection, viewed=VIEWED, loaded=LOADED, oldest=3)
    held = set(connection.sql("SELECT channel, video_id FROM leaders").fetchall())
    assert len(held) < CHANNELS * VIDEOS  # else nothing would be shown by what follows
    for since in YEARS:
        for until in range(since, YEARS.stop):
            channels = {channel for channel in range(CHANNELS) if draw.random() < 0.6} or {0}
            for number, place in ((VIEWED, 0), (LOADED, 1)):
                first = _first(yearly, channels, since, until, place, number)
                assert first <= held, (since, until, channels)


def _yearly(draw: Random) -> Yearly:
    return {
        (channel, f"{video}", year): (draw.randrange(12), draw.randrange(30))
        for channel in range(CHANNELS)
        for video in range(VIDEOS)
        for year in YEARS
        if draw.random() < 0.5
    }


def _first(
    yearly: Yearly, channels: set[int], since: int, until: int, place: int, number: int
) -> set[tuple[int, str]]:
    totals: dict[tuple[int, str], int] = {}
    for (channel, video, year), values in yearly.items():
        if channel in channels and since <= year <= until and values[place]:
            totals[channel, video] = totals.get((channel, video), 0) + values[place]
    return set(sorted(totals, key=lambda key: (-totals[key], key))[:number])
