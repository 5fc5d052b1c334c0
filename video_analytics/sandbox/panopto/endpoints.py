"""The REST API below `/Panopto/api/v1`: folders, sessions, viewers, searches, and the legacy login.

Lists have no totals and no page size to choose: one asks for page 0, 1, 2 … until a page is empty. Query keys
the contract does not name are ignored.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from starlette.responses import Response

from video_analytics.sandbox.answers import RefusalError, reply
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto.desk import CSRF
from video_analytics.sandbox.panopto.rights import denied, named
from video_analytics.sandbox.panopto.shapes import folder_shape, session_shape, viewers
from video_analytics.sandbox.panopto.tree import ZERO_GUID, Snapshot, guid, micros
from video_analytics.sandbox.service import Service

Json = dict[str, Any]
FOLDERS_PAGE: Final = 25
SESSIONS_PAGE: Final = 50
VIEWERS_PAGE: Final = 50
_GUID: Final = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_FOLDER_SORTS, _SESSION_SORTS = ("Name", "Relevance"), ("Name", "CreatedDate", "Relevance")
_VIEWER_SORTS = ("UserName", "LastViewedDateTime")


class Call:
    """A request that got in: the tree at this instant, and what may not be seen of it."""

    def __init__(self, service: Service, exchange: Exchange) -> None:
        self.service, self.exchange = service, exchange
        self.world, self.now = service.panopto, service.clock.now()
        self.tree: Snapshot = self.world.snapshot(self.now)
        self.denied = denied(self.tree, service.scenario.denied_folders)
        request = exchange.request
        self.root = f"{request.url.scheme}://{request.headers.get('host', '')}/Panopto"

    @property
    def key(self) -> str:
        """The id in the path."""
        return self.exchange.subject or ""

    def folder(self) -> str:
        """The folder asked for, if it is there and may be seen."""
        if self.key not in self.tree.names:
            raise RefusalError(404, "NotFound", "The requested folder was not found")
        self._may_see(self.key, "folder")
        return self.key

    def session(self) -> str:
        """The session asked for, if it is there and may be seen."""
        if self.key not in self.tree.sessions:
            raise RefusalError(404, "NotFound", "The requested session was not found")
        self._may_see(self.tree.folder_of[self.key], "session")
        return self.key

    def _may_see(self, folder: str, what: str) -> None:
        if folder in self.denied:
            raise RefusalError(403, "Forbidden", f"The user does not have access to this {what}")

    def page(self, keys: Sequence[Any], size: int) -> Sequence[Any]:
        """The page asked for of a list."""
        text = self.exchange.parameters.get("pageNumber", "0")
        if not text.isdecimal():
            raise RefusalError(400, "BadRequest", "pageNumber is not a valid page number")
        start = int(text[:9]) * size
        return keys[start : start + size]

    def sorted_by(self, keys: Iterable[str], sorts: tuple[str, ...], default: str = "Name") -> list[str]:
        """Ids in the order asked for."""
        field = self.exchange.parameters.get("sortField", default)
        way = self.exchange.parameters.get("sortOrder", "Asc")
        if field not in sorts or way not in ("Asc", "Desc"):
            raise RefusalError(400, "BadRequest", f"cannot sort by {field[:40]} {way[:40]}")
        orders: dict[str, Callable[[str], Any]] = {"Name": self._name, "CreatedDate": self._created}
        found = sorted(keys, key=orders[field]) if field in orders else list(keys)
        return found[::-1] if way == "Desc" else found

    def _name(self, key: str) -> tuple[str, str]:
        session = self.tree.sessions.get(key)
        return (session.name if session else self.tree.names[key]).lower(), key

    def _created(self, key: str) -> tuple[int, str]:
        return self.tree.sessions[key].created, key

    def matching(self, names: Iterable[tuple[str, str]]) -> list[str]:
        """The ids of the names every word of the search is the beginning of a word in."""
        query = self.exchange.parameters.get("searchQuery", "").strip()
        if not query:
            raise RefusalError(400, "BadRequest", "The searchQuery must not be empty")
        wanted = _WORD.findall(query.lower())
        return [key for key, name in names if query == "*" or _has_words(name, wanted)]

    def folders(self, keys: Iterable[str], default: str = "Name") -> Response:
        """A page of folders."""
        page = self.page(self.sorted_by(keys, _FOLDER_SORTS, default), FOLDERS_PAGE)
        return reply({"Results": [folder_shape(self.tree, key, self.root) for key in page]})

    def sessions(self, keys: Iterable[str]) -> Response:
        """A page of sessions, in the short form."""
        page = self.page(self.sorted_by(keys, _SESSION_SORTS), SESSIONS_PAGE)
        shapes = [session_shape(self.world, self.tree, key, self.root, whole=False) for key in page]
        return reply({"Results": shapes})


Endpoint = Callable[[Call], Response]


def endpoint(body: Endpoint) -> Callable[[Service, Exchange], Awaitable[Response]]:
    """A handler with the limits and the id in the path checked before its body runs."""

    async def handle(service: Service, exchange: Exchange) -> Response:
        await admit(service, exchange)
        return body(Call(service, exchange))

    return handle


async def admit(service: Service, exchange: Exchange) -> None:
    """Check the limits and the id in the path; a slow vendor waits here."""
    client = exchange.request.client
    caller = client.host if client else ""
    service.desk.limits.enter(exchange.operation or "", caller, service.scenario.rate_scale)
    await service.dawdle()
    if exchange.subject is not None and not _GUID.fullmatch(exchange.subject):
        raise RefusalError(400, "BadRequest", "The id is not a valid guid")


def folder(call: Call) -> Response:
    """GET /folders/{id}."""
    return reply(folder_shape(call.tree, call.folder(), call.root))


def children(call: Call) -> Response:
    """GET /folders/{id}/children; the zero guid stands for the top."""
    parent = None if call.key == ZERO_GUID else call.folder()
    hidden = named(call.tree, call.service.scenario.children_hidden)
    return call.folders([] if parent in hidden else call.tree.children.get(parent, []))


def sessions_in(call: Call) -> Response:
    """GET /folders/{id}/sessions."""
    return call.sessions(call.tree.sessions_in.get(call.folder(), []))


def search_in(call: Call) -> Response:
    """GET /folders/{id}/sessions/search."""
    keys = call.tree.sessions_in.get(call.folder(), [])
    return call.sessions(call.matching((key, call.tree.sessions[key].name) for key in keys))


def search_folders(call: Call) -> Response:
    """GET /folders/search: also what may not be opened is found."""
    return call.folders(call.matching(call.tree.names.items()), "Relevance")


def session(call: Call) -> Response:
    """GET /sessions/{id}."""
    return reply(session_shape(call.world, call.tree, call.session(), call.root, whole=True))


def search_sessions(call: Call) -> Response:
    """GET /sessions/search."""
    seen = [key for key, place in call.tree.folder_of.items() if place not in call.denied]
    return call.sessions(call.matching((key, call.tree.sessions[key].name) for key in seen))


def session_viewers(call: Call) -> Response:
    """GET /sessions/{id}/viewers."""
    found = call.tree.sessions[call.session()]
    now = micros(call.now)
    known = call.world.drawn(found, 0, now + 1, now)
    rows = viewers(call.world, found, known, found.duration.at(call.tree.time))
    field = call.exchange.parameters.get("sortField", "UserName")
    if field not in _VIEWER_SORTS:
        raise RefusalError(400, "BadRequest", f"cannot sort by {field[:40]}")
    rows.sort(key=lambda row: row["User"]["Username"] if field == "UserName" else row[field])
    return reply({"Results": call.page(rows, VIEWERS_PAGE)})


def legacy_login(call: Call) -> Response:
    """GET /auth/legacyLogin: the cookie of the SOAP services for a token, and one against forgery."""
    scenario, desk = call.service.scenario, call.service.desk
    response = reply("OK")
    cookie = desk.issue_cookie(scenario.cookie_seconds, secure=scenario.secure_cookie)
    response.headers.append("Set-Cookie", cookie)
    response.headers.append("Set-Cookie", f"{CSRF}={guid(call.world.seed, CSRF)}; path=/")
    return response


def _has_words(name: str, wanted: list[str]) -> bool:
    words = _WORD.findall(name.lower())
    return all(any(word.startswith(start) for word in words) for start in wanted)
