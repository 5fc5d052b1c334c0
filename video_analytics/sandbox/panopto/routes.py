"""The routes below `/Panopto/`, as a table."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from video_analytics.sandbox.answers import Kind
from video_analytics.sandbox.panopto import endpoints, oauth, reports, services, wsdl
from video_analytics.sandbox.service import Handler, Service

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_API: Final = "/Panopto/api/v1/"
_REST: Final[dict[str, endpoints.Endpoint]] = {
    # in order: what is written out comes before what stands for any id
    "auth/legacyLogin": endpoints.legacy_login,
    "folders/search": endpoints.search_folders,
    "folders/{id}": endpoints.folder,
    "folders/{id}/children": endpoints.children,
    "folders/{id}/sessions": endpoints.sessions_in,
    "folders/{id}/sessions/search": endpoints.search_in,
    "sessions/search": endpoints.search_sessions,
    "sessions/{id}": endpoints.session,
    "sessions/{id}/viewers": endpoints.session_viewers,
}
_REPORT: Final = "reports/{id}"
_SERVICE_PATHS: Final = ("/Panopto/PublicAPI/{version}/{file}", "/Panopto/PublicAPISSL/{version}/{file}")
_TOKEN: Final = "/Panopto/oauth2/connect/token"  # noqa: S105 - a path


def panopto_routes(service: Service) -> list[Route]:
    """Everything below `/Panopto/`; whatever is not in the table does not exist there."""
    routes = [_route(service, "oauth", _TOKEN, oauth.token, "POST", "connect/token")]
    for template, body in _REST.items():
        routes.append(_route(service, "rest", _API + template, endpoints.endpoint(body), "GET", template))
    routes.append(_route(service, "rest", f"{_API}{_REPORT}", reports.download, "GET", _REPORT))
    for path in _SERVICE_PATHS:
        routes.append(_route(service, "wsdl", path, wsdl.serve, "GET", listened=["GET", "HEAD"]))
        routes.append(_route(service, "soap", path, services.serve, "POST"))
    routes.append(_route(service, "oauth", "/Panopto/oauth2/{rest:path}", None, "GET"))
    routes.append(_route(service, "rest", "/Panopto{rest:path}", None, "GET"))
    return routes


def _route(
    service: Service,
    kind: Kind,
    path: str,
    handler: Handler | None,
    method: str,
    operation: str | None = None,
    listened: list[str] | None = None,
) -> Route:
    async def serve(request: Request) -> Response:
        return await service.serve(kind, request, handler, (method,), operation)

    return Route(path, serve, methods=listened or _METHODS)
