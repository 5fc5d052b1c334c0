"""The routes of the simulated vendors, as tables, and the ASGI application made of it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from video_analytics.sandbox import analytics, cms, insights, oauth
from video_analytics.sandbox.answers import Kind
from video_analytics.sandbox.control import Control
from video_analytics.sandbox.panopto.routes import panopto_routes
from video_analytics.sandbox.service import Handler, Service

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_GET, _POST = ("GET",), ("POST",)

ROUTES: tuple[tuple[Kind, str, Handler | None, tuple[str, ...]], ...] = (
    ("oauth", "/oauth/v4/access_token", oauth.access_token, _POST),
    ("oauth", "/oauth/v3/access_token", oauth.access_token, _POST),
    ("cms", "/cms/v1/accounts/{account}/counts/videos", cms.endpoint(cms.counts), _GET),
    ("cms", "/cms/v1/accounts/{account}/videos", cms.endpoint(cms.listing), _GET),
    ("cms", "/cms/v1/accounts/{account}/videos/{ids}", cms.endpoint(cms.by_ids), _GET),
    ("cms", "/cms/v1/accounts/{account}/video_fields", cms.endpoint(cms.video_fields), _GET),
    ("cms", "/cms/v1/accounts/{account}/video_fields/custom_fields", cms.endpoint(cms.custom_fields), _GET),
    ("cms", "/cms/v1/accounts/{account}/folders", cms.endpoint(cms.folder_list), _GET),
    ("analytics", "/analytics/v1/data", analytics.data, _GET),
    ("analytics", "/analytics/v1/data/status", analytics.status, _GET),
    ("analytics", "/analytics/v1/alltime/accounts/{account}/videos/{video}", analytics.alltime, _GET),
    ("insights", "/historical/media-insights/v1/all/account/{account}/lastview", insights.last_view, _GET),
    # whatever else is asked of an API does not exist there
    ("oauth", "/oauth/{rest:path}", None, _GET),
    ("cms", "/cms/{rest:path}", None, _GET),
    ("insights", "/historical/{rest:path}", None, _GET),
    ("analytics", "/{rest:path}", None, _GET),
)


def build_app(service: Service) -> Starlette:
    """The application that serves one service."""
    control = Route("/_sandbox/{what:path}", Control(service).serve, methods=_METHODS)
    return Starlette(routes=[control, *panopto_routes(service), *(_route(service, *row) for row in ROUTES)])


def _route(
    service: Service, kind: Kind, path: str, handler: Handler | None, methods: tuple[str, ...]
) -> Route:
    async def serve(request: Request) -> Response:
        return await service.serve(kind, request, handler, methods)

    return Route(path, serve, methods=_METHODS)
