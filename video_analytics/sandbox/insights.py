"""The last-view endpoint: when each video of an account was last viewed.

`page` starts at 1, the vendor's documented default; 0 is taken as 1, so that a reader counting from 0 until
an empty page gets every video too (the first page twice). `pageInfo` stands beside `insights`, as in the
vendor's own sample.
"""

import asyncio
import hashlib

from starlette.responses import Response

from video_analytics.sandbox.accounts import ACCOUNTS
from video_analytics.sandbox.answers import RefusalError, reply
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.service import Service

_MOST = 1_000
_IDS = {account.id for account in ACCOUNTS}


async def last_view(service: Service, exchange: Exchange) -> Response:
    """GET /historical/media-insights/v1/all/account/{id}/lastview."""
    await service.dawdle()
    account_id = exchange.accounts[0]
    if account_id not in _IDS:
        raise RefusalError(401, "UNAUTHORIZED", "the token does not cover this account")
    size = _number(exchange, "pageSize", _MOST, 1, _MOST)
    page = max(_number(exchange, "page", 1, 0, 10**9), 1)
    rows = await asyncio.to_thread(service.history.last_views, account_id, service.clock.now())
    media = [
        {"id": video_id, "streamType": "LIVE" if live else "VOD", "lastViewDateTime": when}
        for video_id, live, when in rows[(page - 1) * size : page * size]
    ]
    data = {"total": len(rows), "insights": {"media": media}, "pageInfo": {"totalItems": len(rows)}}
    answer = {
        "resultCode": "OK",
        "resultSubCode": "",
        "serviceTransactionId": _transaction(service),
        "data": data,
    }
    return reply(answer)


def _number(exchange: Exchange, name: str, default: int, least: int, most: int) -> int:
    text = exchange.parameters.get(name, str(default))
    if not text.isdecimal() or not least <= int(text[:12]) <= most:
        raise RefusalError(400, "BAD_REQUEST", f"invalid value for {name}")
    return int(text)


def _transaction(service: Service) -> str:
    """An id in the form the vendor uses; its value means nothing."""
    return hashlib.blake2b(service.clock.now().isoformat().encode(), digest_size=16).hexdigest()
