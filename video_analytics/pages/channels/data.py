"""What the page "Channels" computes with: sums that fit into it, from which any choice is exact.

Months count from the year 0, channels from 0 in the order of the settings. A missing value is null; one that
no row gives is null as well, and never 0.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from video_analytics import brightcove
from video_analytics import lake as lakes
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS, LAST_VIEWED
from video_analytics.lake import Lake, day_key
from video_analytics.pages.channels.months import SUMS, Months, iso, months_of, sum_months
from video_analytics.settings import Account, Settings

Json = dict[str, Any]
Rows = list[list[Any]]

TOP = 15  # videos shown, by views
LOADED = 40  # videos shown, by impressions
STALEST = 25
OLDEST = 35  # months since publication
MOST_VALUES = 100  # of a custom field told apart; what is viewed less is taken together
OTHERS = -1  # their place among the values
DIMENSIONS = ("video_content_type", "business_unit", "country", "language")  # custom fields
STALE = (0, 1, 3, 6, 12, 24)  # full months since the last view, from which a class begins; the last: never
DIGITS = 6  # engagement numbers are floats: what follows is noise of adding


@dataclass(frozen=True)
class Channel:
    """An account as the page shows it."""

    account: Account
    months: Months
    as_of: date | None  # up to when its last views are known; None: not at all


def channels_of(settings: Settings) -> list[Channel]:
    """The accounts of which anything is in the lake."""
    lake = Lake(settings.lake)
    found = [_channel(lake, account) for account in settings.brightcove.accounts]
    return [each for each in found if each.months.days or lake.path(CMS_CATALOG, each.account.id).exists()]


def channels_data(lake: Lake, channels: Sequence[Channel], kept: Path) -> Json:
    """All that the page's script works on; `kept` is a folder for sums of months."""
    first = min((min(each.months.days) for each in channels if each.months.days), default=0)
    last = max((max(each.months.days) for each in channels if each.months.days), default=-1)
    with lakes.connect() as connection:
        _prepare(connection, lake, channels, kept)
        return {
            "channels": [_shown(each) for each in channels],
            "categories": sorted({each.account.category for each in channels}),
            "months": [iso(month) for month in range(first, last + 1)],
            "first": first,
            "years": [
                year
                for (year,) in _rows(connection, "SELECT DISTINCT month // 12 FROM complete ORDER BY ALL")
            ],
            "monthly": _monthly(connection, channels),
            "left_out": _left_out(channels, last),
            "dimensions": {name: _dimension(connection, name) for name in DIMENSIONS},
            "videos": _leaders(connection, lake, channels),
            "life": _rows(connection, "FROM life"),
            "stale": _stale(connection),
            "stalest": _stalest(connection),
            "fields": _fields(lake, channels),
            "top": TOP,
            "loaded": LOADED,
            "stalest_shown": STALEST,
        }


def _channel(lake: Lake, account: Account) -> Channel:
    months = months_of(lake, account)
    viewed = lake.read(LAST_VIEWED, account.id)
    views = viewed["last_viewed"].to_pylist() if viewed is not None else []
    known = [day for day in (*views, months.last) if day is not None]
    return Channel(account, months, max(known, default=None) if viewed is not None else None)


def _shown(channel: Channel) -> Json:
    account = channel.account
    return {
        "name": account.name,
        "category": account.category,
        "unit": account.business_unit,
        "as_of": channel.as_of and channel.as_of.isoformat(),
        "months": len(channel.months.state),
    }


def _prepare(
    connection: duckdb.DuckDBPyConnection, lake: Lake, channels: Sequence[Channel], kept: Path
) -> None:
    accounts = [each.account for each in channels]
    ids = [account.id for account in accounts]
    lakes.scan(connection, "cms_catalog", CMS_CATALOG, lake.files(CMS_CATALOG, ids))
    lakes.scan(connection, "seen", LAST_VIEWED, lake.files(LAST_VIEWED, ids))
    columns = {
        "channel": pa.array(range(len(ids)), pa.int32()),
        "account_id": pa.array(ids, pa.string()),
        "zone": pa.array([account.timezone for account in accounts], pa.string()),
        "as_of": pa.array([each.as_of for each in channels], pa.date32()),
    }
    connection.register("channels", pa.table(columns))
    complete = [(place, month) for place, each in enumerate(channels) for month in each.months.state]
    pairs = zip(*complete, strict=True) if complete else ((), ())
    named = dict(zip(("channel", "month"), (pa.array(part, pa.int32()) for part in pairs), strict=True))
    connection.register("complete", pa.table(named))
    connection.execute(_sql(brightcove.__name__, "video_dimension.sql"))
    sum_months(connection, lake, [(each.account, each.months) for each in channels], kept)
    make_cube(connection, viewed=TOP, loaded=LOADED, oldest=OLDEST)


def make_cube(connection: duckdb.DuckDBPyConnection, **numbers: int) -> None:
    """Make the tables of `cube.sql`, for so many videos `viewed` and `loaded`, and months."""
    for statement in connection.extract_statements(_sql(__package__, "cube.sql")):
        connection.execute(statement, {name: numbers[name] for name in statement.named_parameters})


def _monthly(connection: duckdb.DuckDBPyConnection, channels: Sequence[Channel]) -> Rows:
    """Channel, month, its worth, whether TV is among the others, and the sums of each complete month."""
    sums = ", ".join(
        f"CASE WHEN count(video_id) = 0 THEN 0 ELSE round(sum({name}), {DIGITS}) END" for name in SUMS
    )
    sql = f"""
        SELECT channel, month, coalesce(sum(without_tv), 0) > 0, {sums}
        FROM complete LEFT JOIN monthly USING (channel, month)
        GROUP BY channel, month ORDER BY channel, month
    """
    return [
        [channel, month, channels[channel].months.state[month], merged, *map(_number, found)]
        for channel, month, merged, *found in _rows(connection, sql)
    ]


def _left_out(channels: Sequence[Channel], last: int) -> Rows:
    """Channel, month and why, of each month that is not complete, from a channel's first day on."""
    return [
        [place, iso(month), each.months.left_out(month)]
        for place, each in enumerate(channels)
        for month in range(min(each.months.days, default=last + 1), last + 1)
        if month not in each.months.state
    ]


def _dimension(connection: duckdb.DuckDBPyConnection, name: str) -> Json:
    """The values of a custom field, null for missing; by channel and year the views and seconds of each."""
    sql = f"""
        SELECT channel, year, nullif(trim({name}), '') AS value, sum(views)::BIGINT, sum(seconds)::BIGINT
        FROM yearly JOIN channels USING (channel) LEFT JOIN videos USING (account_id, video_id)
        GROUP BY ALL ORDER BY ALL
    """
    found = _rows(connection, sql)
    total: Counter[str | None] = Counter()
    for _, _, value, views, _ in found:
        total[value] += views or 0
    known = sorted((value for value in total if value is not None), key=lambda value: (-total[value], value))
    values = [None, *known[:MOST_VALUES]]
    place = {value: number for number, value in enumerate(values)}
    rows = [[channel, year, place.get(value, OTHERS), *sums] for channel, year, value, *sums in found]
    return {"values": values, "others": len(known[MOST_VALUES:]), "rows": rows}


def _leaders(connection: duckdb.DuckDBPyConnection, lake: Lake, channels: Sequence[Channel]) -> Rows:
    """Channel, name, publication, and [year, views, seconds, impressions] of videos that may come first.

    A video that the catalogue does not know has the name under which it was last watched.
    """
    _name_unlisted(connection, lake, channels)
    sql = """
        SELECT
            channel,
            coalesce(videos.name, watched.name, video_id),
            strftime(timezone(zone, try_cast(published_at AS TIMESTAMPTZ)), '%Y-%m-%d'),
            list([year, views, seconds, impressions] ORDER BY year)
        FROM leaders
        JOIN yearly USING (channel, video_id)
        JOIN channels USING (channel)
        LEFT JOIN videos USING (account_id, video_id)
        LEFT JOIN watched USING (account_id, video_id)
        GROUP BY channel, video_id, videos.name, watched.name, zone, published_at ORDER BY channel, video_id
    """
    return _rows(connection, sql)


def _name_unlisted(connection: duckdb.DuckDBPyConnection, lake: Lake, channels: Sequence[Channel]) -> None:
    """Make the table `watched`: last names of leaders without one, from the days of their last month."""
    sql = """
        SELECT DISTINCT channel, max(month) OVER (PARTITION BY channel, video_id)
        FROM monthly JOIN leaders USING (channel, video_id) JOIN channels USING (channel)
        LEFT JOIN videos USING (account_id, video_id)
        WHERE videos.name IS NULL
    """
    wanted = [
        lake.path(DAILY_ANALYTICS, day_key(channels[channel].account.id, day))
        for channel, month in _rows(connection, sql)
        for day in channels[channel].months.days[month]
    ]
    lakes.scan(connection, "days", DAILY_ANALYTICS, wanted)
    connection.execute(
        "CREATE TABLE watched AS "
        "SELECT account_id, video_id, arg_max(video_name, date) AS name FROM days GROUP BY ALL"
    )


def _stale(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Channel, class of months since the last view, listed videos and their milliseconds."""
    reached = " + ".join(f"(months >= {least})::INTEGER" for least in STALE)
    sql = f"""
        SELECT channel, coalesce({reached} - 1, {len(STALE)}), count(*), coalesce(sum(duration), 0)::BIGINT
        FROM listed GROUP BY ALL ORDER BY ALL
    """
    return _rows(connection, sql)


def _stalest(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Channel, name, last view, full months since, creation, milliseconds of those viewed least lately.

    Never viewed comes first, then the older view; the older video of two, then the order of the ids.
    """
    sql = f"""
        SELECT channel, name, last_viewed::VARCHAR, months, created_at, duration
        FROM listed
        WINDOW order_of_channel AS (
            PARTITION BY channel ORDER BY last_viewed NULLS FIRST, created_at NULLS LAST, video_id
        )
        QUALIFY row_number() OVER order_of_channel <= {STALEST}
        ORDER BY channel, last_viewed NULLS FIRST, created_at NULLS LAST, video_id
    """
    return _rows(connection, sql)


def _fields(lake: Lake, channels: Sequence[Channel]) -> Rows:
    """Channel, custom field, listed videos with a value in it, listed videos; of each field there is."""
    return [
        [place, name, filled, size]
        for place, each in enumerate(channels)
        for size, counts in [_filled(lake, each.account)]
        for name, filled in sorted(counts.items())
    ]


def _filled(lake: Lake, account: Account) -> tuple[int, Mapping[str, int]]:
    catalogue, facts = lake.read(CMS_CATALOG, account.id), lake.facts(CMS_CATALOG, account.id) or {}
    counts = Counter(dict.fromkeys(facts.get("custom_fields", []), 0))
    if catalogue is None:
        return 0, counts
    rows = catalogue.select(["status", "raw"]).to_pylist()
    listed = [json.loads(row["raw"]) for row in rows if row["status"] == "listed"]
    for video in listed:
        custom = video.get("custom_fields") or {}
        counts.update({name: int(bool(str(value or "").strip())) for name, value in custom.items()})
    return len(listed), counts


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    return [list(row) for row in connection.sql(sql).fetchall()]


def _number(value: Any) -> Any:
    """A sum as the shortest JSON: whole numbers without a point."""
    return int(value) if value is not None and value == int(value) else value and float(value)


def _sql(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
