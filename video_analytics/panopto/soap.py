"""Panopto's SOAP door: viewing records and usage summaries of sessions and folders.

How the services are spoken to is in `services.py`, what their answers hold in `usage.py`; how a question
travels (limits, retries, tokens) is the road's `Session`. Panopto UsageReporting 4.0, Auth 4.2.
"""

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from video_analytics.errors import Incomplete, Malformed, Refused, Unauthorized, Unavailable, VendorError
from video_analytics.http import Answer, Call, Session, Tally, TokenSource, Waiting, transient_or_refused
from video_analytics.panopto.rest import COOKIE, Rest, limits, session
from video_analytics.panopto.services import DETAILED, Service, fault_text, readable
from video_analytics.panopto.usage import Page, Record, Usage, items_of, page_of, total_of, usages_of
from video_analytics.settings import Network, Panopto

T = TypeVar("T")

USAGE, AUTH = ("UsageReporting", "4.0"), ("Auth", "4.2")  # as the vendor's own clients ask
NO_ACCESS = "does not have access to call this method"
COOKIE_SECONDS = 900.0  # no lifetime is published: it is renewed this often, and when it is refused
TRUSTED_SECONDS = 60.0  # after a success a refusal means the session, not the cookie; `asking` doubts it once
MARGIN = timedelta(seconds=1)  # asked more on both sides: whether ends are included is not documented
READINGS = 3  # of a span, before it is halved
MOST_STALE_PAGES = 3  # in a row that bring nothing new
SMALLEST_SPAN = timedelta(seconds=2)
DENIED, GONE = "denied", "gone"  # codes of a Refused that concerns one session alone
_FAULTS: tuple[tuple[str, type[VendorError], str, str], ...] = (
    # a part of the fault's text, what it means, its code, what to do; the first that is found counts
    (NO_ACCESS, Refused, DENIED, "give the service's user the right to read this session's usage"),
    ("Object reference not set", Refused, GONE, "the session does not exist any more, or its id is wrong"),
    ("deserializing the message", Refused, "fault", "the service has changed: the platform must follow it"),
    ("See server logs for details", Unavailable, "fault", "often passing: try again later"),
)


class Kept(Protocol):
    """Where service descriptions stay between runs."""

    def read(self, name: str) -> bytes | None:
        """What is kept under a name, unless it is too old."""

    def keep(self, name: str, data: bytes) -> None:
        """Keep it."""


class Soap:
    """SOAP calls to one Panopto site. Thread-safe; close it when done.

    Raises the errors of `video_analytics.errors`; never returns half an answer.
    """

    def __init__(
        self,
        settings: Panopto,
        network: Network,
        rest: Rest,
        *,
        kept: Kept | None = None,
        tally: Tally | None = None,
        on_wait: Waiting | None = None,
    ) -> None:
        self.settings, self._rest, self._kept = settings, rest, kept
        self.tally = tally or Tally()
        self._limits = limits(settings)
        self.cookies = TokenSource(self._log_on, trusted=TRUSTED_SECONDS)
        more: dict[str, object] = {"verdict": verdict}
        self._open = session(settings, network, self.tally, on_wait, self._limits, **more)
        more |= {"tokens": self.cookies, "carry": _as_cookie, "refused": signed_out}
        self._signed_in = session(settings, network, self.tally, on_wait, self._limits, **more)
        self._services: dict[str, Service] = {}
        self._old: dict[str, Service] = {}  # those of an earlier run, until they prove to be out of date
        self._describing = threading.Lock()

    def close(self) -> None:
        """Hang up, and stop what runs in the background."""
        self._open.close()
        self._signed_in.close()
        self._limits.close()

    def records(self, session_id: str, begin: datetime, end: datetime) -> list[Record]:
        """Every viewing record of a session with `begin` <= time < `end`, as many as the vendor counts.

        Pages have no order one could rely on. When equal records stand on two of them, either the vendor
        holds twins, or one was shown twice and some other left out: two readings alike, order and all, tell.
        Where they differ, the span is halved until an answer fits on one page.

        Raises:
            Refused: the session may not be seen, or is gone.
            Incomplete: collected and counted disagree, also after asking again.
        """
        before: list[list[Record]] | None = None
        for _ in range(READINGS):
            pages = self._pages(session_id, begin - MARGIN, end + MARGIN)
            if pages is None:
                continue
            if not _on_two_pages(pages) or pages == before:
                return [record for page in pages for record in page if begin <= record.time < end]
            before = pages
        if end - begin <= SMALLEST_SPAN:
            raise Incomplete(
                f"Panopto GetSessionExtendedDetailedUsage {session_id} {begin:%F %T}: expected as many "
                "records as counted, got fewer or the same ones twice; the pages keep moving: try again later"
            )
        middle = begin + (end - begin) / 2
        return [*self.records(session_id, begin, middle), *self.records(session_id, middle, end)]

    def folder_usage(self, folder_id: str, begin: datetime, end: datetime) -> list[Usage]:
        """The usage of a folder by UTC day, days without any left out."""
        given = {"folderId": folder_id, "beginRange": begin, "endRange": end, "granularity": "Daily"}
        return self._summary("GetFolderSummaryUsage", folder_id, given)

    def session_usage(self, session_id: str, begin: datetime, end: datetime) -> list[Usage]:
        """The usage of a session by UTC day, days without any left out."""
        given = {"sessionId": session_id, "beginRange": begin, "endRange": end, "granularity": "Daily"}
        return self._summary("GetSessionSummaryUsage", session_id, given)

    def sample(self, session_id: str, begin: datetime, end: datetime, size: int) -> tuple[int, int]:
        """One large page, for checks: records got and records counted. The times may lack an offset."""
        given = {
            "sessionId": session_id,
            "pagination": {"MaxNumberResults": size, "PageNumber": 0},
            "beginRange": begin,
            "endRange": end,
        }

        def decode(result: Any, _: Answer) -> tuple[int, int]:
            return len(items_of(result)), total_of(result)

        return self._ask(self._signed_in, USAGE, DETAILED, given, session_id, decode)

    def ask(self, operation: str, given: dict[str, Any], about: str, decode: Callable[[Any, Answer], T]) -> T:
        """The answer to another operation of UsageReporting.

        Raises:
            Refused: the site's service does not have it.
        """
        return self._ask(self._signed_in, USAGE, operation, given, about, decode)

    def server_version(self) -> str:
        """The site's version; anybody may ask."""
        return str(
            self._ask(self._open, AUTH, "GetServerVersion", {}, "", lambda result, _: result or "unknown")
        )

    def _summary(self, operation: str, subject: str, given: dict[str, Any]) -> list[Usage]:
        def decode(result: Any, _: Answer) -> list[Usage]:
            return usages_of(result)

        return self._ask(self._signed_in, USAGE, operation, given, subject, decode)

    def _pages(self, session_id: str, begin: datetime, end: datetime) -> list[list[Record]] | None:
        """All pages of a span; None where they contradict each other or their count."""
        first = self._page(session_id, begin, end, 0)
        size = min(self.settings.page_size, max(1, len(first.records)))  # as many as the site gives at most
        pages, collected = [first.records], len(first.records)
        seen, stale = set(first.records), 0
        while collected < first.total and len(pages) <= first.total // size + 1:
            page = self._page(session_id, begin, end, len(pages))
            stale = stale + 1 if seen.issuperset(page.records) else 0  # twins may fill a page, not many pages
            if not page.records or page.total != first.total or stale > MOST_STALE_PAGES:
                return None
            pages.append(page.records)
            collected += len(page.records)
            seen.update(page.records)
        return pages if collected == first.total else None

    def _page(self, session_id: str, begin: datetime, end: datetime, number: int) -> Page:
        given = {
            "sessionId": session_id,
            "pagination": {"MaxNumberResults": self.settings.page_size, "PageNumber": number},
            "beginRange": begin,
            "endRange": end,
        }
        about = f"{session_id} {begin:%F}..{end:%F} page {number}"

        def decode(result: Any, _: Answer) -> Page:
            page = page_of(result, session_id, begin, end)
            if len(page.records) > self.settings.page_size:
                raise ValueError(f"expected at most {self.settings.page_size} records on a page")
            return page

        return self._ask(self._signed_in, USAGE, DETAILED, given, about, decode)

    def _log_on(self) -> tuple[str, float]:
        """A session cookie: with the user's password where there is one, else with the OAuth token."""
        if self.settings.username is None or self.settings.password is None:
            try:
                return self._rest.soap_cookie(), COOKIE_SECONDS
            except Refused as error:
                mend = "set PANOPTO_USERNAME and PANOPTO_PASSWORD"
                raise Unauthorized(f"{error}; {mend}", status=error.status) from None
        given = {
            "userKey": self.settings.username,
            "password": self.settings.password.get_secret_value(),
        }

        def cookie(result: Any, answer: Answer) -> str:
            if not isinstance(result, bool):
                raise ValueError("expected true or false")  # noqa: TRY004 - of an answer, not of a caller
            if not result:
                raise Unauthorized(
                    "Panopto LogOnWithPassword: expected true, got false: user or password are wrong; "
                    "check PANOPTO_USERNAME (perhaps as provider\\user) and PANOPTO_PASSWORD"
                )
            if not answer.cookies.get(COOKIE):
                raise ValueError(f"expected the cookie {COOKIE}")
            return answer.cookies[COOKIE]

        return self._ask(self._open, AUTH, "LogOnWithPassword", given, "", cookie), COOKIE_SECONDS

    def _ask(
        self,
        asking: Session,
        which: tuple[str, str],
        operation: str,
        given: dict[str, Any],
        about: str,
        decode: Callable[[Any, Answer], T],
    ) -> T:
        service = self._service(which)
        try:
            content, headers = service.question(operation, given)
        except LookupError:
            raise Refused(
                f"Panopto {operation}: expected it among the operations of {which[0]} {which[1]}, got a "
                "description without it; the site is too old for this"
            ) from None
        call = Call(
            vendor="Panopto",
            endpoint=operation,
            url=self._address(which),
            about=about,
            content=content,
            headers=headers,
            timeout=self.settings.timeout_seconds,
        )

        def read(answer: Answer) -> T:
            with readable():
                return decode(service.result(operation, answer), answer)

        try:
            return asking.exchange(call, read)
        except Malformed:
            if service is not self._old.get(which[0]):
                raise
        with self._describing:  # the description kept from an earlier run may be out of date
            if self._services[which[0]] is service:
                self._services[which[0]] = self._described(which)
        return self._ask(asking, which, operation, given, about, decode)

    def _service(self, which: tuple[str, str]) -> Service:
        name, _ = which
        with self._describing:
            if name not in self._services:
                self._services[name] = self._remembered(which) or self._described(which)
            return self._services[name]

    def _remembered(self, which: tuple[str, str]) -> Service | None:
        """The service as it was described in an earlier run; None where nothing usable is kept."""
        name, version = which
        kept = self._kept.read(f"{name}-{version}") if self._kept else None
        if kept is None:
            return None
        with contextlib.suppress(ValueError):  # damaged: it is read anew
            self._old[name] = Service(name, kept)
        return self._old.get(name)

    def _described(self, which: tuple[str, str]) -> Service:
        """The service as the site describes it, kept for the next time."""
        name, version = which
        call = Call(
            vendor="Panopto",
            endpoint=f"{name} description",
            url=self._address(which),
            params={"singleWsdl": ""},
            timeout=self.settings.timeout_seconds,
        )

        def decode(body: bytes) -> tuple[Service, bytes]:
            return Service(name, body), body

        service, body = self._open.fetch(call, decode)
        if self._kept:
            self._kept.keep(f"{name}-{version}", body)
        return service

    def _address(self, which: tuple[str, str]) -> str:
        name, version = which
        return f"{self.settings.server}/Panopto/PublicAPI/{version}/{name}.svc"


def signed_out(answer: Answer) -> bool:
    """Whether an answer says that the cookie is dead or a right is missing: both sound alike."""
    kind = answer.headers.get("Content-Type", "").lower()
    to_the_login_page = answer.status == 302 or (answer.status == 200 and kind.startswith("text/html"))  # noqa: PLR2004
    refused = answer.status == 500 and NO_ACCESS.encode() in answer.body  # noqa: PLR2004
    return answer.status == 401 or to_the_login_page or refused  # noqa: PLR2004


def verdict(call: Call, answer: Answer) -> VendorError:
    """What a SOAP error answer means: a fault by its text, anything else by its HTTP status."""
    said = fault_text(answer.body)
    for part, kind, code, mend in _FAULTS:
        if part in said:
            return kind(f"{call}: {said[:200]}; {mend}", status=answer.status, code=code)
    return transient_or_refused(call, answer, "", said)


def _as_cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={value}"}


def _on_two_pages(pages: list[list[Record]]) -> bool:
    """Whether an equal record stands on two pages. Twins on one page are real: one page is one look."""
    seen: set[Record] = set()
    for page in pages:
        here = set(page)
        if here & seen:
            return True
        seen |= here
    return False
