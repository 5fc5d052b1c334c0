"""The service Auth: signing in, which sets the cookie, and the version of the server."""

from collections.abc import Callable
from typing import Final

from starlette.responses import Response

from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto.envelope import NO_ACCESS, XML, Element, FaultError, answer, members
from video_analytics.sandbox.panopto.operations import SERVICES
from video_analytics.sandbox.service import Service

VERSION: Final = "14.12.0.00001"
Inputs = dict[str, Element]


def with_password(service: Service, exchange: Exchange, inputs: Inputs) -> Response:
    """LogOnWithPassword: a wrong password is an answer like any other, and says false."""
    known = service.desk.knows_user(_text(inputs, "userKey"), _text(inputs, "password"))
    return _signed_in(service, exchange, known)


def with_provider(service: Service, exchange: Exchange, inputs: Inputs) -> Response:
    """LogOnWithExternalProvider."""
    host = exchange.request.headers.get("host", "")
    known = service.desk.knows_code(_text(inputs, "userKey"), _text(inputs, "authCode"), host)
    return _signed_in(service, exchange, known)


def server_version(_service: Service, exchange: Exchange, _inputs: Inputs) -> Response:
    """GetServerVersion."""
    return _told(exchange, VERSION)


def authenticated_url(service: Service, exchange: Exchange, inputs: Inputs) -> Response:
    """GetAuthenticatedUrl: the target itself, for whoever is signed in."""
    if not signed_in(service, exchange, inputs):
        raise FaultError(NO_ACCESS)
    return _told(exchange, (_text(inputs, "targetUrl") or "").replace("&", "&amp;").replace("<", "&lt;"))


OPERATIONS: Final[dict[str, Callable[[Service, Exchange, Inputs], Response]]] = {
    "LogOnWithPassword": with_password,
    "LogOnWithExternalProvider": with_provider,
    "GetServerVersion": server_version,
    "GetAuthenticatedUrl": authenticated_url,
}


def signed_in(service: Service, exchange: Exchange, inputs: Inputs) -> bool:
    """Whether a request shows a living cookie, or names and password, or a provider's code."""
    named = members("AuthenticationInfo", inputs.get("auth"))
    desk, seconds = service.desk, service.scenario.cookie_seconds
    if named.get("UserKey"):
        host = exchange.request.headers.get("host", "")
        if named.get("AuthCode"):
            return desk.knows_code(named["UserKey"], named["AuthCode"], host)
        return desk.knows_user(named["UserKey"], named.get("Password"))
    return desk.knows_cookie(exchange.request.headers.get("cookie", ""), seconds)


def _signed_in(service: Service, exchange: Exchange, known: bool) -> Response:
    scenario = service.scenario
    if scenario.login_false or scenario.wrong_credentials:
        exchange.fault, known = "login", False
    response = _told(exchange, "true" if known else "false")
    if known:
        cookie = service.desk.issue_cookie(scenario.cookie_seconds, secure=scenario.secure_cookie)
        response.headers.append("Set-Cookie", cookie)
    return response


def _told(exchange: Exchange, result: str) -> Response:
    operation = SERVICES["Auth"][exchange.operation or ""]
    return Response(answer(operation, result), media_type=XML)


def _text(inputs: Inputs, name: str) -> str | None:
    return inputs[name].text if name in inputs else None
