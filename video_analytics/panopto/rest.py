"""Panopto's REST door: OAuth, folders and sessions.

Knows addresses, pages, error bodies and limits (Panopto REST API v1). Lists have no total: a page is asked
after the other until one is empty. What becomes of a tree of folders is `catalogue.py`.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from video_analytics.decoding import decoder
from video_analytics.errors import Incomplete, Malformed, SettingsError, Unauthorized, VendorError
from video_analytics.http import (
    Answer,
    Call,
    Limits,
    Patience,
    Session,
    Tally,
    TokenSource,
    Waiting,
    transient_or_refused,
)
from video_analytics.settings import Network, Panopto

T = TypeVar("T")
API = "/Panopto/api/v1"
TOKEN = "/Panopto/oauth2/connect/token"  # noqa: S105 - a path
SCOPE = "openid api"
COOKIE = ".ASPXAUTH"  # the session of the SOAP services
MOST_PAGES = 10_000
MOST_BYTES = 16 << 20  # of one answer
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Reference(msgspec.Struct):
    """A folder as others name it."""

    Id: str
    Name: str | None = None


class Folder(msgspec.Struct):
    """One folder; `ParentFolder` is null at the top."""

    Id: str
    Name: str | None = None
    ParentFolder: Reference | None = None


class Video(msgspec.Struct):
    """One session as lists show it; `Duration` in seconds, `StartTime` a wall clock of doubtful zone."""

    Id: str
    Folder: str
    Name: str | None = None
    Description: str | None = None
    StartTime: str | None = None
    Duration: float | None = None
    FolderDetails: Reference | None = None


Known = TypeVar("Known", Folder, Video)


class _Folders(msgspec.Struct):
    Results: list[Folder]


class _Videos(msgspec.Struct):
    Results: list[Video]


class _Token(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[!-~]+\Z")]  # what a header can carry
    expires_in: Annotated[float, msgspec.Meta(gt=0)]


class Rest:
    """REST calls to one Panopto site. Thread-safe; close it when done.

    Raises the errors of `video_analytics.errors`; never returns half a list.
    """

    def __init__(
        self,
        settings: Panopto,
        network: Network,
        *,
        tally: Tally | None = None,
        on_wait: Waiting | None = None,
    ) -> None:
        self.settings = settings
        self.tally = tally or Tally()
        self._limits = limits(settings)
        self._tokens = TokenSource(self._new_token)
        self._oauth = session(settings, network, self.tally, on_wait, self._limits)
        self._api = session(settings, network, self.tally, on_wait, self._limits, tokens=self._tokens)

    def close(self) -> None:
        """Hang up, and stop what runs in the background."""
        self._oauth.close()
        self._api.close()
        self._limits.close()

    def token(self) -> float:
        """Fetch a token and give its lifetime in seconds; for checks."""
        return self._new_token()[1]

    def folder(self, folder_id: str) -> Folder:
        """One folder; Refused where it does not exist or may not be seen."""
        return self._one(f"/folders/{folder_id}", "folders/{id}", folder_id, decoder(Folder))

    def video(self, session_id: str) -> Video:
        """One session; Refused where it does not exist or may not be seen."""
        return self._one(f"/sessions/{session_id}", "sessions/{id}", session_id, decoder(Video))

    def children(self, folder_id: str) -> list[Folder]:
        """The folders directly below one."""
        decode = decoder(_Folders)

        def page(body: bytes) -> list[Folder]:
            return [_known(folder) for folder in decode(body).Results]

        return self._pages(f"/folders/{folder_id}/children", "folders/{id}/children", folder_id, page)

    def sessions(self, folder_id: str) -> list[Video]:
        """The sessions directly in a folder, by name."""
        decode = decoder(_Videos)

        def page(body: bytes) -> list[Video]:
            videos = [_known(video) for video in decode(body).Results]
            strangers = [video.Id for video in videos if video.Folder.lower() != folder_id]
            if strangers:
                raise ValueError(f"expected sessions of this folder only, {len(strangers)} are of another")
            return videos

        return self._pages(f"/folders/{folder_id}/sessions", "folders/{id}/sessions", folder_id, page)

    def soap_cookie(self) -> str:
        """A session cookie for the SOAP services, got with the OAuth token alone."""
        call = self._call("/auth/legacyLogin", "auth/legacyLogin", "")

        def cookie(answer: Answer) -> str:
            if not answer.cookies.get(COOKIE):
                raise ValueError(f"expected the cookie {COOKIE}")
            return answer.cookies[COOKIE]

        return self._api.exchange(call, cookie)

    def _one(self, path: str, endpoint: str, wanted: str, decode: Callable[[bytes], Known]) -> Known:
        def checked(body: bytes) -> Known:
            found = _known(decode(body))
            if found.Id != wanted:
                raise ValueError("expected the one that was asked for, got another")
            return found

        return self._get(path, endpoint, wanted, checked)

    def _pages(
        self, path: str, endpoint: str, folder_id: str, decode: Callable[[bytes], list[Known]]
    ) -> list[Known]:
        """Everything a list holds, each once, page after page until one is empty.

        Something listed twice means that the list moved while it was read; it is read again.
        """
        for _ in range(3):
            found: dict[str, Known] = {}
            for number in range(MOST_PAGES):
                page = self._get(path, endpoint, folder_id, decode, page=number)
                if not page:
                    break
                fresh = {item.Id: item for item in page}
                repeated = len(page) - len(fresh.keys() - found.keys())
                found |= fresh
                if repeated:
                    break
            else:
                raise Malformed(f"Panopto {endpoint} {folder_id}: over {MOST_PAGES:,} pages; no end in sight")
            if not page:
                return list(found.values())
        raise Incomplete(
            f"Panopto {endpoint} {folder_id}: expected each entry once, some came twice in three readings; "
            "the list keeps moving: try again later"
        )

    def _get(
        self, path: str, endpoint: str, subject: str, decode: Callable[[bytes], T], page: int | None = None
    ) -> T:
        return self._api.fetch(self._call(path, endpoint, subject, page), decode)

    def _call(self, path: str, endpoint: str, subject: str, page: int | None = None) -> Call:
        return Call(
            vendor="Panopto",
            endpoint=endpoint,
            url=f"{self.settings.server}{API}{path}",
            about=subject if page is None else f"{subject} page {page}",
            params={} if page is None else {"pageNumber": str(page)},
            timeout=self.settings.timeout_seconds,
        )

    def _new_token(self) -> tuple[str, float]:
        call = Call(
            vendor="Panopto",
            endpoint="token",
            url=f"{self.settings.server}{TOKEN}",
            form=_grant(self.settings),
            basic=credentials(self.settings),
            timeout=self.settings.timeout_seconds,
        )
        token = self._oauth.fetch(call, decoder(_Token))
        return token.access_token, token.expires_in


def session(
    settings: Panopto,
    network: Network,
    tally: Tally,
    on_wait: Waiting | None,
    kept: Limits,
    **more: object,
) -> Session:
    """A session within Panopto's limits, which hold for each endpoint."""
    patience = Patience(
        attempts=settings.attempts,
        slow_wait=min(10.0, settings.max_wait_seconds),
        max_wait=settings.max_wait_seconds,
        max_body=MOST_BYTES,
    )
    given: dict[str, object] = {
        "verdict": verdict,
        "patience": patience,
        "tally": tally,
        "limits": kept,
        "limited_by": lambda call: call.endpoint,
        "proxies": network.proxies(),
        "no_proxy": network.no_proxy,
        "ca_bundle": str(network.ca_bundle) if network.ca_bundle else None,
        "on_wait": on_wait,
    }
    return Session(**(given | more))  # type: ignore[arg-type]


def limits(settings: Panopto) -> Limits:
    """Panopto's own: calls of one client to one endpoint."""
    return Limits(
        settings.calls_per_second,
        settings.parallel_sessions * settings.parallel_courses,
        per_minute=settings.calls_per_minute,
        per_hour=settings.calls_per_hour,
    )


def guid(text: str) -> str:
    """An id in lower case; raises ValueError if it is none."""
    low = text.strip().lower()
    if not _GUID.fullmatch(low):
        raise ValueError("expected an id of the form 00000000-0000-0000-0000-000000000000")
    return low


def credentials(settings: Panopto) -> tuple[str, str]:
    """Client id and secret; raises SettingsError where there are none."""
    if settings.server is None or settings.client_id is None or settings.client_secret is None:
        raise SettingsError(
            "Panopto: no credentials; set PANOPTO_SERVER, PANOPTO_CLIENT_ID and PANOPTO_CLIENT_SECRET in the "
            "environment or .env; `video-analytics demo` needs none"
        )
    return settings.client_id.get_secret_value(), settings.client_secret.get_secret_value()


def _grant(settings: Panopto) -> dict[str, str]:
    """The unattended way in: as the service's user where there is one, else as the client itself."""
    if settings.username is None or settings.password is None:
        return {"grant_type": "client_credentials", "scope": "api"}
    password = settings.password.get_secret_value()
    return {"grant_type": "password", "scope": SCOPE, "username": settings.username, "password": password}


class _ApiError(msgspec.Struct):
    ErrorCode: str | None = None
    Message: str | None = None


class _ErrorBody(msgspec.Struct):
    Error: _ApiError


class _OAuthError(msgspec.Struct):
    error: str


def verdict(call: Call, answer: Answer) -> VendorError:
    """What a REST or OAuth error answer means."""
    if call.endpoint == "token" and answer.status in {400, 401}:
        code = _oauth_code(answer)
        return Unauthorized(
            f"{call}: HTTP {answer.status}, {code or 'refused'}; check PANOPTO_CLIENT_ID, "
            "PANOPTO_CLIENT_SECRET and the user, and that the client is a User Based Server Application",
            status=answer.status,
            code=code or None,
        )
    try:
        said = decoder(_ErrorBody)(answer.body).Error
    except ValueError:
        said = _ApiError()
    return transient_or_refused(call, answer, said.ErrorCode or "", said.Message or "")


def _oauth_code(answer: Answer) -> str:
    try:
        return decoder(_OAuthError)(answer.body).error[:100]
    except ValueError:
        return ""


def _known(item: Known) -> Known:
    """With its id in lower case; ValueError where that is none."""
    item.Id = guid(item.Id)
    return item
