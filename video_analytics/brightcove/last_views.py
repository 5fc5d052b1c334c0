"""When each video was last viewed, and the cache of those viewed lately.

One definition: the last day with `video_view` > 0, from our own rows. For days we do not hold, or hold only
by an import, which may lack videos, the vendor's last-view list fills in, read once. Dates that were imported
from earlier scripts stand in it until it is read, and for the videos it lacks. An impression is not a view.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from video_analytics import lake as lakes
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.exports import in_report
from video_analytics.brightcove.finality import IMPORTED
from video_analytics.brightcove.tables import (
    CMS_CATALOG,
    DAILY_ANALYTICS,
    LAST_VIEW_LIST,
    LAST_VIEWED,
    VIDEO_CACHE,
)
from video_analytics.decoding import decoder
from video_analytics.errors import Incomplete, Refused
from video_analytics.lake import Lake
from video_analytics.settings import Account

OWN, LISTED = "own_rows", "last_view_list"

OWN_LAST_VIEWS = """
    SELECT account_id, video_id, max(date) AS last_viewed
    FROM daily_analytics
    WHERE video_view > 0
    GROUP BY account_id, video_id
"""

IMPORTED_DAYS = "SELECT DISTINCT date FROM daily_analytics WHERE finality = ?"


class _Media(msgspec.Struct):
    id: str
    lastViewDateTime: Annotated[datetime, msgspec.Meta(tz=True)]  # noqa: N815 - the vendor's name


class _Insights(msgspec.Struct):
    media: list[_Media]


class _Data(msgspec.Struct):
    total: int
    insights: _Insights


class LastViewPage(msgspec.Struct):
    """A page of the last-view list (Brightcove Media Insights); times carry their own offset."""

    data: _Data


_PAGE = decoder(LastViewPage)


def bootstrap(client: Client, lake: Lake, account: Account) -> str:
    """Read the vendor's last-view list once; gives "read", "known" or why the vendor refuses it."""
    facts = lake.facts(LAST_VIEW_LIST, account.id)
    if facts is not None and not facts.get("imported"):
        return "known"
    zone = ZoneInfo(account.timezone)
    views = _imported(lake, account)
    try:
        for media in _media(client, account):
            if media.id:  # without one: traffic that cannot be tied to a video
                day = media.lastViewDateTime.astimezone(zone).date()
                views[media.id] = max(day, views.get(media.id, day))
    except Refused as error:  # the endpoint is not part of every contract with the vendor
        return str(error)
    rows = [
        {"account_id": account.id, "video_id": video, "last_viewed": day}
        for video, day in sorted(views.items())
    ]
    lake.write(LAST_VIEW_LIST, account.id, pa.Table.from_pylist(rows, LAST_VIEW_LIST.schema), {})
    return "read"


def _imported(lake: Lake, account: Account) -> dict[str, date]:
    """The dates an import left in the list."""
    held = lake.read(LAST_VIEW_LIST, account.id)
    return {row["video_id"]: row["last_viewed"] for row in held.to_pylist()} if held is not None else {}


def _media(client: Client, account: Account) -> Iterator[_Media]:
    """All entries of the list; pages count from 1."""
    read, total, number = 0, 1, 1
    while read < total:
        page = client.last_view_page(account, number, _PAGE).data
        if not page.insights.media and page.total > read:
            raise Incomplete(
                f"Brightcove {account.name} insights/lastview: expected {page.total:,} videos by `total`, "
                f"got {read:,} and then an empty page; try again later"
            )
        yield from page.insights.media
        read, total, number = read + len(page.insights.media), page.total, number + 1


def compute_last_viewed(lake: Lake, account: Account) -> dict[str, Any]:
    """Write `last_viewed` of an account from what the lake holds; gives counts."""
    days = set(lake.days(DAILY_ANALYTICS, account.id))
    paths = lake.day_files(DAILY_ANALYTICS, [account.id], date.min, date.max) if days else []
    with lakes.connect() as connection:
        lakes.scan(connection, "daily_analytics", DAILY_ANALYTICS, paths)
        own = connection.sql(OWN_LAST_VIEWS).to_arrow_table().to_pylist()
        days -= {day for (day,) in connection.execute(IMPORTED_DAYS, [IMPORTED]).fetchall()}
    rows = {row["video_id"]: row | {"source": OWN} for row in own}
    listed = lake.read(LAST_VIEW_LIST, account.id)
    for row in listed.to_pylist() if listed is not None else []:
        older = row["video_id"] in rows and rows[row["video_id"]]["last_viewed"] >= row["last_viewed"]
        if row["last_viewed"] not in days and not older:
            rows[row["video_id"]] = row | {"source": LISTED}
    ordered = [rows[video] for video in sorted(rows)]
    changed = lake.write(LAST_VIEWED, account.id, pa.Table.from_pylist(ordered, LAST_VIEWED.schema), {})
    return {"rows": len(rows), "from_own_rows": len(own), "changed": changed}


def compute_video_cache(
    lake: Lake, account: Account, years: Sequence[int], days: int, today: date
) -> dict[str, Any]:
    """Write `video_cache`: active, published, created in `years`, viewed in the `days` before `today`."""
    catalogue, viewed = lake.read(CMS_CATALOG, account.id), lake.read(LAST_VIEWED, account.id)
    since = today - timedelta(days=days)
    last = {row["video_id"]: row["last_viewed"] for row in viewed.to_pylist()} if viewed is not None else {}
    listed = (
        [row for row in catalogue.to_pylist() if row["status"] == "listed"] if catalogue is not None else []
    )
    rows = [
        {"account_id": account.id, "video_id": row["video_id"], "last_viewed": last[row["video_id"]]}
        for row in listed
        if in_report(json.loads(row["raw"]), years) and last.get(row["video_id"], date.min) >= since
    ]
    rows.sort(key=lambda row: row["video_id"])
    changed = lake.write(VIDEO_CACHE, account.id, pa.Table.from_pylist(rows, VIDEO_CACHE.schema), {})
    return {"rows": len(rows), "listed": len(listed), "viewed_since": since.isoformat(), "changed": changed}
