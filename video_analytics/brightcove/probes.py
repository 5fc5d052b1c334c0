"""First-run probes: what only the live accounts can tell, asked in a few calls, each with a plain verdict."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import remember
from video_analytics.brightcove.finality import last_closed
from video_analytics.brightcove.tables import METRICS
from video_analytics.clock import now
from video_analytics.decoding import decoder
from video_analytics.errors import Refused
from video_analytics.lake import Lake
from video_analytics.settings import Account
from video_analytics.verdicts import NOTE, Verdict, tried

SETTLED_DAYS_BACK = 8


class _Rows(msgspec.Struct):
    item_count: int
    items: list[dict[str, Any]]


class _LastViews(msgspec.Struct):
    data: dict[str, Any]


_REPORT: Callable[[bytes], _Rows] = decoder(_Rows)
_LAST_VIEWS: Callable[[bytes], _LastViews] = decoder(_LastViews)


def probe(client: Client, lake: Lake, accounts: Sequence[Account]) -> Iterator[Verdict]:
    """Credentials, each account, then the open questions of the Analytics API on the smallest account."""
    yield tried("token", lambda: f"a token for {client.token():g} s from {client.settings.oauth_url}")
    counts: dict[Account, int] = {}
    for account in accounts:
        yield tried(f"{account.name}: catalogue", lambda a=account: _count(client, a, counts))  # type: ignore[misc]
    if not counts:
        return
    for account in counts:
        yield tried(f"{account.name}: device ranges", lambda a=account: _device_ranges(client, a))  # type: ignore[misc]
    remember(lake, client)
    smallest = min(counts, key=lambda account: (counts[account] == 0, counts[account]))
    yield from _analytics(client, smallest)


def _analytics(client: Client, account: Account) -> Iterator[Verdict]:
    day = last_closed(account, now()) - timedelta(days=SETTLED_DAYS_BACK)
    wide = ",".join(("video", "date", "video_name", *METRICS))
    name = account.name
    yield tried(f"{name}: reconciled span", lambda: _span_said(client, account))
    yield tried(
        f"{name}: video,date without where",
        lambda: f"{_items(client, account, day, day, wide)} rows on {day}",
    )
    yield tried(f"{name}: play_rate in video,date", lambda: _play_rate(client, account, day, wide), NOTE)
    yield tried(f"{name}: last day included", lambda: _inclusive(client, account, day))
    yield tried(f"{name}: limit=all", lambda: _all_rows(client, account, day))
    yield tried(f"{name}: last-view list", lambda: _last_views(client, account), NOTE)


def _count(client: Client, account: Account, counts: dict[Account, int]) -> str:
    counts[account] = client.count(account)
    fields = client.custom_fields(account)
    return f"{counts[account]:,} videos, {len(fields)} custom fields, days end at midnight {account.timezone}"


def _device_ranges(client: Client, account: Account) -> str:
    day = last_closed(account, now()) - timedelta(days=SETTLED_DAYS_BACK)
    params = _params(day, day, "video,date,device_type", "video_view", "all")
    try:
        client.report(account, params, "probe of device ranges", _REPORT)
    except Refused as error:
        if error.code != "UNSUPPORTED_FIELD_COMBINATION_ERROR":
            raise
        client.device_ranges[account.id] = False
        return "refused: devices are asked day by day (one call a day instead of one a window)"
    client.device_ranges[account.id] = True
    return "answered: one call for the devices of a window"


def _span_said(client: Client, account: Account) -> str:
    said = client.reconciled(account)
    return f"reconciled from {said.get('reconciled_from')} to {said.get('reconciled_to')}"


def _play_rate(client: Client, account: Account, day: date, fields: str) -> str:
    _items(client, account, day, day, f"{fields},play_rate")
    return "answered too; the platform derives it from views and impressions all the same"


def _inclusive(client: Client, account: Account, day: date) -> str:
    """`from=D&to=D+1` must bring the rows of D+1, or days would be lost at the end of each window."""
    after = day + timedelta(days=1)
    both = client.report(
        account, _params(day, after, "video,date", "video_view", "all"), "probe of `to`", _REPORT
    )
    days = {str(item.get("date")) for item in both.items}
    if after.isoformat() in days:
        return f"yes: {day}..{after} brings both days"
    alone = _items(client, account, after, after, "video,date,video_view")
    if alone:
        raise Refused(
            f"{account.name}: {day}..{after} brings no row of {after}, which has {alone}: "
            "the platform relies on `to` being included"
        )
    return f"no rows on {after} to tell by; try again after a day with views"


def _all_rows(client: Client, account: Account, day: date) -> str:
    first = day - timedelta(days=6)
    counts = {
        limit: client.report(
            account,
            _params(first, day, "video,date", "video_view", limit),
            f"probe of limit={limit}",
            _REPORT,
        )
        for limit in ("all", "10000")
    }
    rows, by_all = len(counts["all"].items), counts["all"].item_count
    if rows != by_all or counts["10000"].item_count != by_all:
        raise Refused(
            f"{account.name}: limit=all gave {rows:,} rows of {by_all:,} counted; the platform relies on all"
        )
    return f"all {rows:,} rows of a week in one answer"


def _last_views(client: Client, account: Account) -> str:
    data = client.last_view_page(account, 1, _LAST_VIEWS).data
    return f"{data.get('total', 0):,} videos have a last view"


def _items(client: Client, account: Account, first: date, last: date, fields: str) -> int:
    answer = client.report(
        account, _params(first, last, "video,date", fields, "all"), f"probe {first}", _REPORT
    )
    return len(answer.items)


def _params(first: date, last: date, dimensions: str, fields: str, limit: str) -> dict[str, str]:
    span = {"from": first.isoformat(), "to": last.isoformat(), "limit": limit}
    return span | {"dimensions": dimensions, "fields": fields, "sort": "video_view"}
