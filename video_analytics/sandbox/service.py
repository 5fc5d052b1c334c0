"""The common path of every request: faults, token, rights, the API's own handler, the log.

| step | who decides | answer |
| --- | --- | --- |
| 1 flaky | scenario | 5xx, HTML, nothing, a reset, half a body |
| 2 storm | scenario | 429 |
| 3 path, method | contract | 404, 405 |
| 4 token | contract, scenario | 401 (SOAP looks at its cookie itself) |
| 5 redirect, dead account | scenario | 302; 500, 403, 401, a reset |
| 6 handler | contract | the answer or a refusal |
| 7 malformed | scenario | 200 with a spoilt body |
"""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from video_analytics.sandbox.accounts import ACCOUNTS, Account
from video_analytics.sandbox.answers import CutResponse, Kind, RefusalError, error, reply, server_error
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.faults import Faults
from video_analytics.sandbox.history import History
from video_analytics.sandbox.limits import CmsLimits, QueryGate
from video_analytics.sandbox.malformed import KINDS, Spoiler
from video_analytics.sandbox.panopto.desk import LOGONS, Desk
from video_analytics.sandbox.panopto.envelope import XML
from video_analytics.sandbox.panopto.malformed_json import REST_KINDS
from video_analytics.sandbox.panopto.malformed_xml import SOAP_KINDS, WSDL_KINDS
from video_analytics.sandbox.panopto.world import PanoptoWorld
from video_analytics.sandbox.scenario import Scenario
from video_analytics.sandbox.state import Clock, Log, Tokens
from video_analytics.sandbox.world import World

Transports = dict[tuple[str, int], asyncio.Transport]
_UNAUTHORIZED = {
    "cms": "Permission denied.",
    "analytics": "the token is not valid",
    "insights": "the token is not valid",
    "rest": "The token is missing, bad or expired",
}
_SPOILERS: dict[Kind, dict[str, Spoiler]] = {
    "oauth": {},
    "cms": KINDS,
    "analytics": KINDS,
    "insights": KINDS,
    "rest": REST_KINDS,
    "soap": SOAP_KINDS,
    "wsdl": WSDL_KINDS,
}
_NO_TOKEN: tuple[Kind, ...] = ("oauth", "soap", "wsdl")
_OK = 200
_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing sends a reset


Handler = Callable[["Service", Exchange], Awaitable[Response]]


class Service:
    """Everything a handler needs: the world, the clock, the tokens, the limits and the faults."""

    def __init__(
        self, world: World, panopto: PanoptoWorld, seed: int, scenario: Scenario, fixed: datetime | None
    ) -> None:
        self.world, self.panopto, self.seed = world, panopto, seed
        self.desk = Desk(panopto, seed)
        self.clock, self.tokens, self.log = Clock(fixed), Tokens(seed), Log()
        self.faults = Faults(scenario, seed)
        self.history = History(world)
        self.cms_limits, self.gate = CmsLimits(), QueryGate()
        self.transports: Transports = {}
        self.last_pages: dict[tuple[str, int], list[int]] = {}  # what drift may send once more
        self.client_id = f"sandbox-client-{seed}"
        self.client_secret = f"sandbox-not-a-secret-{seed}"

    @property
    def scenario(self) -> Scenario:
        """What goes wrong at present."""
        return self.faults.scenario

    def set_scenario(self, scenario: Scenario) -> None:
        """Start a scenario, with fresh counters and limits."""
        self.faults = Faults(scenario, self.seed)
        self.gate.forget()
        self.cms_limits.forget()
        self.desk.limits.forget()

    async def serve(
        self,
        kind: Kind,
        request: Request,
        handler: Handler | None,
        methods: tuple[str, ...],
        operation: str | None = None,
    ) -> Response:
        """Answer a request and log it."""
        started, at = time.perf_counter(), datetime.now(UTC)
        exchange = Exchange.of(kind, request, operation)
        response = await self._answer(exchange, handler, methods)
        seconds = round(time.perf_counter() - started, 6)
        self.log.add(
            {"at": at.isoformat(), **exchange.told(), "status": response.status_code, "seconds": seconds}
        )
        return response

    async def dawdle(self) -> None:
        """A slow vendor: handlers wait here, holding whatever place or turn they have."""
        if self.scenario.slow_seconds:
            await asyncio.sleep(self.scenario.slow_seconds)

    async def _answer(
        self, exchange: Exchange, handler: Handler | None, methods: tuple[str, ...]
    ) -> Response:
        flaky = self.faults.flaky_kind()
        if flaky and flaky != "cut":
            return self._broken(exchange, flaky)
        try:
            response = self._unwelcome(exchange, handler, methods) or await self._handled(exchange, handler)
        except RefusalError as refusal:
            response = error(exchange.kind, refusal.status, refusal.code, refusal.message)
            response.headers.update(refusal.headers)
        if flaky == "cut":
            exchange.fault = "cut"
            return CutResponse(response, self._transport(exchange))
        return response

    def _unwelcome(
        self, exchange: Exchange, handler: Handler | None, methods: tuple[str, ...]
    ) -> Response | None:
        """What stands between a request and its handler; None when nothing does."""
        if exchange.kind != "oauth" and self.faults.in_storm():
            return self._storm(exchange)
        if handler is None:
            raise RefusalError(404, "RESOURCE_NOT_FOUND")
        if exchange.request.method not in methods:
            raise RefusalError(405, "METHOD_NOT_ALLOWED", "The method is not allowed here")
        if exchange.kind == "oauth":
            return None
        if exchange.kind not in _NO_TOKEN:
            self._check_token(exchange)
        if self.scenario.redirect_to:
            exchange.fault = "redirect"
            return Response(b"", 302, {"Location": self.scenario.redirect_to})
        return self._dead(exchange)

    async def _handled(self, exchange: Exchange, handler: Handler | None) -> Response:
        if handler is None:
            raise RefusalError(404, "RESOURCE_NOT_FOUND")
        response = await handler(self, exchange)
        if exchange.kind == "oauth" or response.status_code != _OK:
            return response
        fitting = {} if exchange.operation in LOGONS else _SPOILERS[exchange.kind]
        spoilt = self.faults.malformed_kind("panopto" if exchange.panopto else "brightcove", fitting)
        return self._spoilt(exchange, response, spoilt, fitting) if spoilt else response

    def _spoilt(
        self, exchange: Exchange, response: Response, how: str, fitting: dict[str, Spoiler]
    ) -> Response:
        whole = bytes(response.body)
        body = fitting[how](whole)
        if body == whole:  # nothing in this answer could be spoilt that way
            return response
        exchange.fault = f"malformed:{how}"
        headers = {"Content-Encoding": "gzip"} if how.endswith("gzip_cut") else None
        if exchange.kind in ("soap", "wsdl"):
            return Response(body, _OK, headers, media_type=XML)
        return reply(body, headers=headers)

    def _check_token(self, exchange: Exchange) -> None:
        revoked = self.faults.revokes()
        if revoked:
            exchange.fault = "unauthorised"
        tokens = self.desk.tokens if exchange.panopto else self.tokens
        if revoked or not tokens.alive(self._token(exchange)):
            raise _unauthorized(exchange)

    def _token(self, exchange: Exchange) -> str:
        scheme, _space, token = exchange.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return token.strip()
        return exchange.parameters.get("access_token", "") if exchange.kind == "analytics" else ""

    def _storm(self, exchange: Exchange) -> Response:
        exchange.fault = "storm"
        response = error(exchange.kind, 429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
        storm = self.scenario.storm
        if storm and storm.retry_after is not None:
            response.headers["Retry-After"] = storm.retry_after
        return response

    def _dead(self, exchange: Exchange) -> Response | None:
        dead = [
            account for account in map(_known, exchange.accounts) if account and self.faults.is_dead(account)
        ]
        if not dead:
            return None
        exchange.fault = "dead_account"
        how = self.scenario.dead_how
        if how == "401":
            raise _unauthorized(exchange)
        if how == "403":
            raise RefusalError(403, "NOT_AVAILABLE", "The account is not available")
        return self._broken(exchange, how)

    def _broken(self, exchange: Exchange, how: str) -> Response:
        exchange.fault = exchange.fault or how
        if how != "reset":
            return server_error(exchange.kind, int(how))
        transport = self._transport(exchange)
        if transport:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            transport.abort()
        return Response(b"", 499)  # nobody will read it

    def _transport(self, exchange: Exchange) -> asyncio.Transport | None:
        client = exchange.request.client
        return self.transports.get((client.host, client.port)) if client else None


def _unauthorized(exchange: Exchange) -> RefusalError:
    return RefusalError(401, "UNAUTHORIZED", _UNAUTHORIZED[exchange.kind])


def _known(account_id: str) -> Account | None:
    return next((account for account in ACCOUNTS if account.id == account_id), None)
