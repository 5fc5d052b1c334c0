"""The token endpoint: a password or the client's own credentials in, a token for an hour out."""

import base64
import binascii
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from starlette.responses import Response

from video_analytics.sandbox.answers import error, reply
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto.desk import Desk
from video_analytics.sandbox.service import Service

GRANTS: Final = {
    # grants that are known but not for this kind of client
    "authorization_code": "unauthorized_client",
    "refresh_token": "invalid_grant",
}
_PROMISED: Final = 3600.0  # seconds a token lives


async def token(service: Service, exchange: Exchange) -> Response:
    """POST /Panopto/oauth2/connect/token."""
    await service.dawdle()
    form = await _form(exchange)
    if service.faults.refuses_token_call():
        exchange.fault = "oauth"
        return error("oauth", 400, "invalid_client")
    if _client(exchange, form) != (service.desk.client_id, service.desk.client_secret):
        return error("oauth", 400, "invalid_client")
    refused = _refused(service.desk, form)
    if refused:
        return error("oauth", 400, *refused)
    seconds = service.scenario.token_life(_PROMISED)
    answer = {
        "access_token": service.desk.tokens.issue(seconds),
        "expires_in": int(seconds),
        "token_type": "Bearer",
        "scope": " ".join(sorted(form["scope"].split())),
    }
    return reply(answer, headers={"Cache-Control": "no-store, no-cache, max-age=0", "Pragma": "no-cache"})


def _refused(desk: Desk, form: dict[str, str]) -> tuple[str, str] | None:
    """The error and its description, if the grant is not given."""
    grant = form.get("grant_type", "")
    if grant not in ("password", "client_credentials"):
        wrong = GRANTS.get(grant, "unsupported_grant_type" if grant else "invalid_request")
        return wrong, f"the grant {grant[:40]!r} is not given"
    if "api" not in form.get("scope", "").split():
        return "invalid_scope", "the scope api is needed"
    if grant == "password" and not desk.knows_user(form.get("username"), form.get("password")):
        return "invalid_grant", "invalid_username_or_password"
    return None


async def _form(exchange: Exchange) -> dict[str, str]:
    """The fields of a form body; nothing for any other body."""
    if not exchange.request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    text = (await exchange.request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _client(exchange: Exchange, form: dict[str, str]) -> tuple[str, str]:
    """Who asks: from the Basic header, or else from the body."""
    scheme, _space, text = exchange.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
