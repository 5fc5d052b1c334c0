"""One request on its way: what it asks, what happened to it, and how the log tells of it."""

from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from video_analytics.sandbox.answers import Kind

Json = dict[str, Any]
_SECRET = ("access_token", "password", "client_secret")
_LONG = 10  # digits no page number has


@dataclass(slots=True)
class Exchange:
    """A request; the handlers note what they learn of it."""

    kind: Kind
    request: Request
    accounts: list[str]  # the ids it names
    fault: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    operation: str | None = None  # Panopto: what is asked …
    subject: str | None = None  # … of which folder, session or user …
    page: int | None = None  # … and which page of it

    @classmethod
    def of(cls, kind: Kind, request: Request, operation: str | None) -> Self:
        """What the path and the query tell."""
        exchange = cls(kind, request, _accounts_of(request), operation=operation)
        exchange.parameters = dict(request.query_params)
        if exchange.panopto:
            exchange.subject, exchange.page = _subject_of(request), _page_of(exchange)
        return exchange

    @property
    def panopto(self) -> bool:
        """Whether it is one of Panopto's."""
        return self.request.url.path.startswith("/Panopto")

    def told(self) -> Json:
        """The request as the log keeps it."""
        return {
            "vendor": "panopto" if self.panopto else "brightcove",
            "kind": self.kind,
            "account": ",".join(self.accounts) or None,
            "method": self.request.method,
            "path": self.request.url.path,
            "query": _without_secrets(self.request.url.query),
            "operation": self.operation,
            "subject": self.subject,
            "page": self.page,
            "fault": self.fault,
        }


def _accounts_of(request: Request) -> list[str]:
    in_path: Any = request.path_params.get("account")
    named = [in_path] if in_path else request.query_params.get("accounts", "").split(",")
    return [text for text in named if text]


def _subject_of(request: Request) -> str | None:
    named = request.path_params.get("id")
    return str(named).lower() if named else None


def _page_of(exchange: Exchange) -> int | None:
    text = exchange.parameters.get("pageNumber", "")
    return int(text) if text.isdecimal() and len(text) < _LONG else None


def _without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name in _SECRET for name, _value in pairs):
        return query
    return urlencode([(name, "***" if name in _SECRET else value) for name, value in pairs])
