"""The token endpoint: client credentials in, a token for some minutes out."""

import base64
import binascii
from typing import Final

from starlette.responses import Response

from video_analytics.sandbox.answers import error, reply
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.service import Service

_UNKNOWN_CLIENT: Final = (
    'The "client_id" parameter is missing, does not name a client registration, '
    "or is not properly authenticated."
)
_PROMISED: Final = 300.0  # seconds a token lives


async def access_token(service: Service, exchange: Exchange) -> Response:
    """POST /oauth/v3|v4/access_token."""
    await service.dawdle()
    if service.faults.refuses_token_call():
        exchange.fault = "oauth"
        return error("oauth", 400, "invalid_client", _UNKNOWN_CLIENT)
    if _credentials(exchange) != (service.client_id, service.client_secret):
        return error("oauth", 400, "invalid_client", _UNKNOWN_CLIENT)
    form = await exchange.request.body()
    grant = _grant(exchange, form.decode("latin-1"))
    if grant is None:
        return error("oauth", 400, "invalid_request", 'The "grant_type" parameter is missing.')
    if grant != "client_credentials":
        return error("oauth", 400, "unsupported_grant_type", f"The grant {grant} is not supported.")
    seconds = service.scenario.token_life(_PROMISED)
    answer = {
        "access_token": service.tokens.issue(seconds),
        "token_type": "Bearer",
        "expires_in": int(seconds),
    }
    return reply(answer, headers={"Cache-Control": "no-store"})


def _credentials(exchange: Exchange) -> tuple[str, str]:
    scheme, _space, text = exchange.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret


def _grant(exchange: Exchange, form: str) -> str | None:
    """The grant type from the query or from a form body."""
    if "grant_type" in exchange.parameters:
        return exchange.parameters["grant_type"]
    if not exchange.request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    pairs = dict(pair.partition("=")[::2] for pair in form.split("&"))
    return pairs.get("grant_type")
