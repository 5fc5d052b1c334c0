"""The CMS API: counts, lists, single videos, custom fields, folders."""

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from starlette.responses import Response

from video_analytics.sandbox.accounts import ACCOUNTS
from video_analytics.sandbox.answers import RefusalError, error, reply
from video_analytics.sandbox.catalogue import Catalogue, Ints
from video_analytics.sandbox.drift import drifted_page
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.parts import field_definitions, folders
from video_analytics.sandbox.search import matching
from video_analytics.sandbox.service import Service
from video_analytics.sandbox.videos import name_at, video_object
from video_analytics.sandbox.world import milliseconds

SORTS = (
    "name",
    "reference_id",
    "created_at",
    "published_at",
    "updated_at",
    "schedule_starts_at",
    "schedule_ends_at",
    "state",
    "plays_total",
    "plays_trailing_week",
)
_MOST, _DEFAULT, _MOST_IDS = 100, 20, 10
_IDS = {account.id for account in ACCOUNTS}
Endpoint = Callable[[Service, Exchange, Catalogue], Response]


def endpoint(body: Endpoint) -> Callable[[Service, Exchange], Awaitable[Response]]:
    """A handler with the account's rights and rate limits checked before its body runs."""

    async def handle(service: Service, exchange: Exchange) -> Response:
        account_id = exchange.accounts[0]
        if account_id not in _IDS:
            return error("cms", 401, "UNAUTHORIZED", "Permission denied.")
        with service.cms_limits.slot(account_id, service.scenario.rate_scale):
            await service.dawdle()
            return body(service, exchange, service.world.catalogue(account_id))

    return handle


def counts(service: Service, exchange: Exchange, catalogue: Catalogue) -> Response:
    """GET /accounts/{a}/counts/videos."""
    found = matching(catalogue, _search(exchange), service.clock.now())
    return reply({"count": int(found.sum())})


def listing(service: Service, exchange: Exchange, catalogue: Catalogue) -> Response:
    """GET /accounts/{a}/videos: a bare array, no envelope."""
    now, search = service.clock.now(), _search(exchange)
    limit = _number(exchange, "limit", _DEFAULT, 1, _MOST)
    offset = _number(exchange, "offset", 0, 0, 10**9)
    sort = exchange.parameters.get("sort", "-updated_at")
    if sort.removeprefix("-") not in SORTS:
        raise RefusalError(400, "INVALID_SORT", f"{sort} is not a valid sort field")
    drift = drifted_page(service, exchange, offset, limit)
    order = _order(catalogue, matching(catalogue, search, now), sort, milliseconds(now), offset * 101 + limit)
    page = drift(order[offset : offset + limit].tolist())
    if page and offset and service.faults.empties_page():
        exchange.fault, page = "empty_page", []
    instant = milliseconds(now)
    return reply([video_object(catalogue, position, instant) for position in page])


def by_ids(service: Service, exchange: Exchange, catalogue: Catalogue) -> Response:
    """GET /accounts/{a}/videos/{ids}: one id gives an object, several an array."""
    wanted = exchange.request.path_params["ids"].split(",")
    if len(wanted) > _MOST_IDS:
        raise RefusalError(400, "ILLEGAL_PATH", "at most 10 video ids are allowed")
    now = service.clock.now()
    instant, alive = milliseconds(now), catalogue.published_by(milliseconds(now))
    known = [catalogue.index[text] for text in dict.fromkeys(wanted) if text in catalogue.index]
    found = [video_object(catalogue, position, instant) for position in known if alive[position]]
    if len(wanted) > 1:
        return reply(found)
    return reply(found[0]) if found else error("cms", 404, "RESOURCE_NOT_FOUND")


def video_fields(_service: Service, _exchange: Exchange, catalogue: Catalogue) -> Response:
    """GET /accounts/{a}/video_fields."""
    fields = field_definitions(catalogue.account)
    return reply({"custom_fields": fields, "max_custom_fields": 20, "standard_fields": []})


def custom_fields(_service: Service, _exchange: Exchange, catalogue: Catalogue) -> Response:
    """GET /accounts/{a}/video_fields/custom_fields: the bare array."""
    return reply(field_definitions(catalogue.account))


def folder_list(_service: Service, exchange: Exchange, catalogue: Catalogue) -> Response:
    """GET /accounts/{a}/folders."""
    limit = _number(exchange, "limit", _MOST, 1, _MOST)
    offset = _number(exchange, "offset", 0, 0, 10**9)
    return reply(folders(catalogue.account)[offset : offset + limit])


def _search(exchange: Exchange) -> str | None:
    if "query" in exchange.parameters:
        raise RefusalError(400, "ILLEGAL_QUERY", "the v2 search is not simulated: use q")
    return exchange.parameters.get("q")


def _number(exchange: Exchange, name: str, default: int, least: int, most: int) -> int:
    text = exchange.parameters.get(name, str(default))
    if not text.isdecimal() or not least <= int(text[:12]) <= most:
        raise RefusalError(400, "BAD_VALUE", f"{name}: {text[:40]} is not a valid value")
    return int(text)


def _order(catalogue: Catalogue, shown: Any, sort: str, instant: int, salt: int) -> Ints:
    """Sorted positions; ties fall differently for each page, for the vendor names no second key."""
    rows = np.flatnonzero(shown)
    key = _sort_key(catalogue, rows, sort.removeprefix("-"), instant)
    mixed = (rows.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    order = np.lexsort((mixed ^ (mixed >> np.uint64(31)), -key if sort.startswith("-") else key))
    return rows[order]


def _sort_key(catalogue: Catalogue, rows: Ints, name: str, instant: int) -> Any:
    if name in ("created_at", "published_at"):
        return getattr(catalogue, name[:-3])[rows]
    if name == "updated_at":
        return catalogue.updated(instant)[rows]
    if name.startswith("plays_"):
        return np.append(catalogue.popularity, np.zeros(len(catalogue.ids) - catalogue.size))[rows]
    texts = [_text(catalogue, position, name, instant) for position in rows.tolist()]
    ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    return np.array([ranks[text] for text in texts], dtype=np.int64)


def _text(catalogue: Catalogue, position: int, name: str, instant: int) -> str:
    if name == "name":
        return name_at(catalogue, position, instant)
    video = video_object(catalogue, position, instant)
    if name.startswith("schedule_"):
        return str((video["schedule"] or {}).get(name.removeprefix("schedule_")) or "")
    return str(video[name] or "")
