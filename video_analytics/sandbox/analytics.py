"""The Analytics API: `/data`, `/data/status` and the all-time views of one video."""

import asyncio
import gzip
from datetime import datetime
from typing import Final

from starlette.responses import Response

from video_analytics.sandbox.accounts import ACCOUNTS
from video_analytics.sandbox.answers import RefusalError, error, reply, server_error
from video_analytics.sandbox.combinations import UNLISTED, check_dimensions, unsupported
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.frame import collect
from video_analytics.sandbox.query import (
    Query,
    bad,
    canonical,
    parse,
    parse_accounts,
    parse_where,
    reconciled_to,
)
from video_analytics.sandbox.render import render
from video_analytics.sandbox.service import Service
from video_analytics.sandbox.traffic import HISTORY_START

_CACHE: Final = {"Cache-Control": "max-age=300"}
_IDS: Final = {account.id for account in ACCOUNTS}
_WORTH_PACKING = 1_000  # bytes


async def data(service: Service, exchange: Exchange) -> Response:
    """GET /data: one query at a time per account, twins refused, slow ones finished in the background."""
    now = service.clock.now()
    query = parse(exchange.parameters, now)
    if service.scenario.where_required and not query.where:
        raise bad("where parameter is required")
    _check_devices(service, query)
    if service.faults.hits_dead_day(query.span):
        exchange.fault = "dead_day"
        return server_error("analytics", 504)
    key = canonical(exchange.request.url.path, exchange.parameters)
    async with service.gate.turn(key, [account.id for account in query.accounts]):
        status = service.faults.processing_status(key)
        if status:
            exchange.fault = "processing"
            return error("analytics", status, "PROCESSING", "Processing query in background")
        await service.dawdle()
        await _wait_for_window(service, exchange, query, key)
        return await asyncio.to_thread(_answer, service, exchange, query, now)


def _check_devices(service: Service, query: Query) -> None:
    if set(query.dimensions) >= UNLISTED and service.faults.refuses_devices(list(query.accounts)):
        raise unsupported(f"unsupported dimensions: {','.join(query.dimensions)}")


async def _wait_for_window(service: Service, exchange: Exchange, query: Query, key: str) -> None:
    """A window that is too wide takes its time, once: then its answer is cached."""
    scenario, (start, end) = service.scenario, query.span
    too_wide = scenario.slow_window_days and (end - start).days + 1 > scenario.slow_window_days
    if too_wide and not service.gate.cached(key):
        exchange.fault = "slow_window"
        await asyncio.sleep(scenario.slow_window_seconds)


def _answer(service: Service, exchange: Exchange, query: Query, now: datetime) -> Response:
    frame = collect(service.world, query, now)
    body = render(service.world, query, frame, now, service.scenario.row_cap)
    packs = "gzip" in exchange.request.headers.get("accept-encoding", "")
    if not packs or len(body) < _WORTH_PACKING or service.scenario.malformed_every:
        return reply(body, headers=_CACHE)
    return reply(
        gzip.compress(body, 1), headers={**_CACHE, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    )


async def status(service: Service, exchange: Exchange) -> Response:
    """GET /data/status: the range for which reconciled data exist."""
    await service.dawdle()
    accounts = parse_accounts(exchange.parameters)
    check_dimensions(tuple(exchange.parameters.get("dimensions", "date").split(",")))
    parse_where(exchange.parameters.get("where", ""))
    now = service.clock.now()
    last = min(reconciled_to(account.zone, now) for account in accounts)
    answer = {"reconciled_from": HISTORY_START.isoformat(), "reconciled_to": last.isoformat()}
    return reply(answer, headers=_CACHE)


async def alltime(service: Service, exchange: Exchange) -> Response:
    """GET /alltime/accounts/{a}/videos/{v}."""
    await service.dawdle()
    account_id, video_id = exchange.accounts[0], exchange.request.path_params["video"]
    if account_id not in _IDS:
        raise RefusalError(401, "UNAUTHORIZED", "the token does not cover this account")
    if video_id not in service.world.catalogue(account_id).index:
        raise RefusalError(404, "RESOURCE_NOT_FOUND", "no such video")
    views = await asyncio.to_thread(service.history.views, account_id, video_id, service.clock.now())
    return reply({"alltime_video_views": views}, headers=_CACHE)
