"""How the vendor says things: JSON bodies, and the three shapes of an error.

| API | error body |
| --- | --- |
| OAuth | object `{"error", "error_description"}` |
| CMS | array of `{"error_code", "message"}` |
| Analytics, insights | array of `{"error_code", "message", "request_id"}` |
| Panopto's REST | object `{"Error": {"ErrorCode", "Message", "Success", "ErrorSource"}}` |
| Panopto's SOAP | a fault with status 500, an HTML page with any other |
"""

import asyncio
import uuid
from typing import Any, Literal

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from video_analytics.sandbox.panopto.envelope import GENERIC, XML, fault

Kind = Literal["oauth", "cms", "analytics", "insights", "rest", "soap", "wsdl"]
JSON = "application/json;charset=UTF-8"
GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_REST_CODES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}
_FAULT = 500  # the status of a fault
SERVER_ERROR_CODES = {
    # status: (CMS code, Analytics code)
    500: ("UNKNOWN", "SERVER_ERROR"),
    503: ("SERVICE_UNAVAILABLE", "SERVER_ERROR"),
    504: ("TIMEOUT", "TIMEOUT"),
}


class RefusalError(Exception):
    """A handler's no, to be worded by the API it belongs to."""

    def __init__(
        self, status: int, code: str, message: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message or code)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; bytes are taken as already encoded."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(content, status, headers, media_type=JSON)


def error(kind: Kind, status: int, code: str, message: str | None = None) -> Response:
    """An error in the shape of that API."""
    if kind == "oauth":
        return reply({"error": code.lower(), "error_description": message or code}, status)
    if kind == "rest":
        named = {"ErrorCode": _REST_CODES.get(status, "InternalServerError"), "Message": message or code}
        return reply({"Error": {**named, "Success": False, "ErrorSource": None}}, status)
    if kind in ("soap", "wsdl"):
        if status == _FAULT:
            return Response(fault(message or code), status, media_type=XML)
        return Response(f"<html><body><h1>{status}</h1></body></html>", status, media_type="text/html")
    entry = {"error_code": code}
    if message:
        entry["message"] = message
    if kind != "cms":
        entry["request_id"] = str(uuid.uuid4())
    return reply([entry], status)


def server_error(kind: Kind, status: int) -> Response:
    """A failure of the vendor: 502 is a gateway's page, 504 has no body at all."""
    if status == 502:  # noqa: PLR2004 - the HTTP status itself
        return Response(GATEWAY_PAGE, status, media_type="text/html")
    if status == 504:  # noqa: PLR2004 - the HTTP status itself
        return Response(b"", status)
    cms, analytics = SERVER_ERROR_CODES[status]
    message = GENERIC if kind == "soap" else "internal error"
    return error(kind, status, cms if kind == "cms" else analytics, message)


class CutResponse(Response):
    """Promises the whole body, sends half of it and hangs up."""

    def __init__(self, whole: Response, transport: asyncio.Transport | None) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
        self.transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the head and half a body."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        if self.transport:
            self.transport.close()
