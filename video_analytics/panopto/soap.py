"""Panopto's SOAP door: viewing records and usage summaries of sessions and folders.

zeep reads the service's own description (WSDL), builds the questions and reads the answers; how a question
travels (limits, retries, tokens) is the road's `Session`. Nothing an answer names is ever fetched: no DTD,
no entities, no imports. Panopto UsageReporting 4.0, Auth 4.2; an answer's times are UTC.
"""

import contextlib
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from sys import intern
from typing import Any, Protocol, TypeVar

import requests
import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.transports import Transport

from video_analytics.errors import Incomplete, Malformed, Refused, Unauthorized, Unavailable, VendorError
from video_analytics.http import Answer, Call, Session, Tally, TokenSource, Waiting, transient_or_refused
from video_analytics.panopto.rest import COOKIE, Rest, guid, limits, session
from video_analytics.settings import Network, Panopto

T = TypeVar("T")

USAGE, AUTH = ("UsageReporting", "4.0"), ("Auth", "4.2")  # as the vendor's own clients ask
_DETAILED = "GetSessionExtendedDetailedUsage"
NO_ACCESS = "does not have access to call this method"
COOKIE_SECONDS = 900.0  # no lifetime is published: it is renewed this often, and when it is refused
TRUSTED_SECONDS = 1.0  # after a success: then a refusal means the session, not the cookie
MARGIN = timedelta(seconds=1)  # asked more on both sides: whether ends are included is not documented
MOST_RECORDS = 50_000_000
MOST_ATTRIBUTES = 32  # on one element; zeep copies them again and again
READINGS = 3  # of a span, before it is halved
SMALLEST_SPAN = timedelta(seconds=2)
DENIED, GONE = "denied", "gone"  # codes of a Refused that concerns one session alone
_FAULTS: tuple[tuple[str, type[VendorError], str, str], ...] = (
    # a part of the fault's text, what it means, its code, what to do; the first that is found counts
    (NO_ACCESS, Refused, DENIED, "give the service's user the right to read this session's usage"),
    ("Object reference not set", Refused, GONE, "the session does not exist any more, or its id is wrong"),
    ("deserializing the message", Refused, "fault", "the service has changed: the platform must follow it"),
    ("See server logs for details", Unavailable, "fault", "often passing: try again later"),
)
_LOST = threading.local()
_NOW = datetime(2000, 1, 1, tzinfo=UTC)
_ID = "00000000-0000-0000-0000-000000000000"
_RANGE = {"beginRange": _NOW, "endRange": _NOW}
_QUESTIONS: dict[str, dict[str, dict[str, Any]]] = {
    # what each service is asked, with an example of each input
    "UsageReporting": {
        _DETAILED: {"sessionId": _ID, "pagination": {"MaxNumberResults": 1, "PageNumber": 0}, **_RANGE},
        "GetFolderSummaryUsage": {"folderId": _ID, "granularity": "Daily", **_RANGE},
        "GetSessionSummaryUsage": {"sessionId": _ID, "granularity": "Daily", **_RANGE},
    },
    "Auth": {"LogOnWithPassword": {"userKey": "", "password": ""}, "GetServerVersion": {}},
}


@dataclass(frozen=True, slots=True)
class Record:
    """One uninterrupted stretch of play. Positions and seconds are of the video's own timeline."""

    session_id: str
    user_id: str
    time: datetime
    start_position: float
    seconds_viewed: float
    playback_speed: float | None
    start_reason: str | None
    stop_reason: str | None


@dataclass(frozen=True)
class Usage:
    """One day of a folder's or session's summary, UTC."""

    time: datetime
    views: int
    unique_users: int
    minutes_viewed: float


@dataclass(frozen=True)
class _Page:
    records: list[Record]
    total: int


class Kept(Protocol):
    """Where service descriptions stay between runs."""

    def read(self, name: str) -> bytes | None:
        """What is kept under a name, unless it is too old."""

    def keep(self, name: str, data: bytes) -> None:
        """Keep it."""


class _Sealed(Transport):
    """zeep may load nothing and send nothing by itself."""

    def load(self, url: str) -> bytes:  # noqa: ARG002 - of zeep's own signature
        raise ValueError("a service description that imports another document")

    def post(self, address: str, message: object, headers: object) -> object:
        raise NotImplementedError


class _Losses(logging.Filter):
    """zeep logs a value it cannot read, text and all, and goes on with None: here that is an error."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the signature of logging
        _LOST.value = True
        return False


logging.getLogger("zeep.xsd.types.simple").addFilter(_Losses())


class _Service:
    """One service as its description says; the address is ours, whatever the description names."""

    def __init__(self, name: str, description: bytes) -> None:
        settings = zeep.Settings(
            strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False
        )
        with _readable():
            _parsed(description)
            self._client = zeep.Client(  # type: ignore[no-untyped-call]
                BytesIO(description),
                transport=_Sealed(),  # type: ignore[no-untyped-call]
                settings=settings,
            )
            wanted = f"BasicHttpBinding_I{name}"
            found = {qname.localname: binding for qname, binding in _bindings(self._client)}
            self._binding = found[wanted]
            for operation, given in _QUESTIONS[name].items():  # a description that lacks one is of no use
                self.question(operation, given)

    def question(self, operation: str, given: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """The envelope that asks for an operation, and the headers it travels with."""
        service = self._client.service
        envelope = self._client.create_message(service, operation, **given)  # type: ignore[no-untyped-call]
        action = self._binding.get(operation).soapaction
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8"), headers

    def result(self, operation: str, answer: Answer) -> Any:
        """What an answer holds; raises ValueError where it is not what the description promises."""
        _parsed(answer.body)
        _LOST.value = False
        result = self._binding.process_reply(self._client, self._binding.get(operation), _as_response(answer))
        if _LOST.value:
            raise ValueError("expected values of the types promised, some are none")
        return result


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
        self._services: dict[str, _Service] = {}
        self._old: dict[str, _Service] = {}  # those of an earlier run, until they prove to be out of date
        self._describing = threading.Lock()

    def close(self) -> None:
        """Stop what runs in the background."""
        self._limits.close()

    def records(self, session_id: str, begin: datetime, end: datetime) -> list[Record]:
        """Every viewing record of a session with `begin` <= time < `end`, as many as the vendor counts.

        Pages have no order one could rely on. When equal records stand on two of them, either the vendor
        holds twins, or one was shown twice and some other left out: two readings that agree tell. Where
        they do not, the span is halved until an answer fits on one page.

        Raises:
            Refused: the session may not be seen, or is gone.
            Incomplete: collected and counted disagree, also after asking again.
        """
        before: Counter[Record] | None = None
        for _ in range(READINGS):
            pages = self._pages(session_id, begin - MARGIN, end + MARGIN)
            if pages is None:
                continue
            found = Counter(record for page in pages for record in page)
            if not _on_two_pages(pages) or found == before:
                return [record for record in found.elements() if begin <= record.time < end]
            before = found
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
            return len(_items(result)), _total(result)

        return self._ask(self._signed_in, USAGE, _DETAILED, given, session_id, decode)

    def server_version(self) -> str:
        """The site's version; anybody may ask."""
        return str(
            self._ask(self._open, AUTH, "GetServerVersion", {}, "", lambda result, _: result or "unknown")
        )

    def _summary(self, operation: str, subject: str, given: dict[str, Any]) -> list[Usage]:
        return self._ask(self._signed_in, USAGE, operation, given, subject, lambda result, _: _usages(result))

    def _pages(self, session_id: str, begin: datetime, end: datetime) -> list[list[Record]] | None:
        """All pages of a span; None where they contradict each other or their count."""
        size = self.settings.page_size
        first = self._page(session_id, begin, end, 0)
        pages, collected = [first.records], len(first.records)
        while collected < first.total:
            page = self._page(session_id, begin, end, len(pages))
            if not page.records or page.total != first.total:
                return None
            pages.append(page.records)
            collected += len(page.records)
            if len(pages) > first.total // size + 1:
                break
        return pages if collected == first.total else None

    def _page(self, session_id: str, begin: datetime, end: datetime, number: int) -> _Page:
        given = {
            "sessionId": session_id,
            "pagination": {"MaxNumberResults": self.settings.page_size, "PageNumber": number},
            "beginRange": begin,
            "endRange": end,
        }
        about = f"{session_id} {begin:%F}..{end:%F} page {number}"

        def decode(result: Any, _: Answer) -> _Page:
            page = _page(result, session_id, begin, end)
            if len(page.records) > self.settings.page_size:
                raise ValueError(f"expected at most {self.settings.page_size} records on a page")
            return page

        return self._ask(self._signed_in, USAGE, _DETAILED, given, about, decode)

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
            if result is not True:
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
        content, headers = service.question(operation, given)
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
            with _readable():
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

    def _service(self, which: tuple[str, str]) -> _Service:
        name, _ = which
        with self._describing:
            if name not in self._services:
                self._services[name] = self._remembered(which) or self._described(which)
            return self._services[name]

    def _remembered(self, which: tuple[str, str]) -> _Service | None:
        """The service as it was described in an earlier run; None where nothing usable is kept."""
        name, version = which
        kept = self._kept.read(f"{name}-{version}") if self._kept else None
        if kept is None:
            return None
        with contextlib.suppress(ValueError):  # damaged: it is read anew
            self._old[name] = _Service(name, kept)
        return self._old.get(name)

    def _described(self, which: tuple[str, str]) -> _Service:
        """The service as the site describes it, kept for the next time."""
        name, version = which
        call = Call(
            vendor="Panopto",
            endpoint=f"{name} description",
            url=self._address(which),
            params={"singleWsdl": ""},
            timeout=self.settings.timeout_seconds,
        )

        def decode(body: bytes) -> tuple[_Service, bytes]:
            return _Service(name, body), body

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
    said = _fault(answer.body)
    for part, kind, code, mend in _FAULTS:
        if part in said:
            return kind(f"{call}: {said[:200]}; {mend}", status=answer.status, code=code)
    return transient_or_refused(call, answer, "", said)


def _fault(body: bytes) -> str:
    """The text of a SOAP fault, "" where the answer is none."""
    try:
        with _readable():
            found = _parsed(body).find(".//{*}Fault/faultstring")
    except ValueError:
        return ""
    return (found.text or "").strip() if found is not None else ""


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever a parser says of an answer becomes a ValueError that does not quote it."""
    try:
        yield
    except Fault as error:  # with HTTP 200
        raise ValueError(f"a fault: {str(error.message)[:200]}") from None
    except (ZeepError, etree.LxmlError, requests.RequestException) as error:
        raise ValueError(f"expected the XML of this service ({type(error).__name__})") from None
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
        if type(error) is ValueError and str(error).startswith("expected"):  # our own words
            raise
        raise ValueError(f"expected the XML of this service ({type(error).__name__})") from None


def _parsed(body: bytes) -> Any:
    """The root of an answer that is fit to be read on: no DTD, as bombs have, and no swarm of attributes."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("expected XML without a DTD")
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    if root.getroottree().docinfo.doctype:
        raise ValueError("expected XML without a DTD")
    if any(len(element.attrib) > MOST_ATTRIBUTES for element in root.iter()):
        raise ValueError(f"expected at most {MOST_ATTRIBUTES} attributes on an element")
    return root


def _bindings(client: zeep.Client) -> list[tuple[Any, Any]]:
    return [(etree.QName(name), binding) for name, binding in client.wsdl.bindings.items()]


def _as_response(answer: Answer) -> requests.Response:
    """An answer in the shape zeep expects."""
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update({"Content-Type": "text/xml; charset=utf-8"})
    response.encoding = "utf-8"
    response._content = answer.body  # noqa: SLF001 - there is no public way to make one
    return response


def _as_cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={value}"}


def _page(result: Any, session_id: str, begin: datetime, end: datetime) -> _Page:
    """A page of records, checked: all of the session asked for, within the span, and counted."""
    total = _total(result)
    records = [_record(item) for item in _items(result)]
    if any(record.session_id != session_id for record in records):
        raise ValueError("expected records of this session only, some are of another")
    if any(not begin <= record.time <= end for record in records):
        raise ValueError("expected records of the span asked for, some are outside of it")
    if len(records) > total:
        raise ValueError(f"expected at most the {total} records counted, got {len(records)}")
    return _Page(records, total)


def _total(result: Any) -> int:
    total = None if result is None else result.TotalNumberResponses
    if not isinstance(total, int) or not 0 <= total <= MOST_RECORDS:
        raise ValueError("expected a plausible TotalNumberResponses")
    return total


def _items(result: Any) -> list[Any]:
    return (result.PagedResponses and result.PagedResponses.ExtendedDetailedUsageResponseItem) or []


def _record(item: Any) -> Record:
    if item is None or not isinstance(item.Time, datetime) or item.Time.tzinfo is None:
        raise ValueError("expected a record with a time and its offset")
    speed = item.PlaybackSpeed
    return Record(
        session_id=intern(guid(str(item.SessionId))),
        user_id=intern(guid(str(item.UserId))),  # few ids, many records
        time=item.Time.astimezone(UTC),
        start_position=_seconds(item.StartPosition),
        seconds_viewed=_seconds(item.SecondsViewed),
        playback_speed=None if speed is None else _seconds(speed),
        start_reason=_text(item.StartReason),
        stop_reason=_text(item.StopReason),
    )


def _seconds(value: Any) -> float:
    """Absent means zero, as the vendor's serializer leaves out what is zero. NaN is always the same one."""
    number = 0.0 if value is None else float(value)
    return math.nan if math.isnan(number) else number


def _text(value: Any) -> str | None:
    return None if value is None else intern(str(value))


def _usages(result: Any) -> list[Usage]:
    items = result if isinstance(result, list) else getattr(result, "SummaryUsageResponseItem", None) or []
    usages = []
    for item in items:
        if item is None or not isinstance(item.Time, datetime) or item.Time.tzinfo is None:
            raise ValueError("expected a summary with a time and its offset")
        minutes = _seconds(item.MinutesViewed)
        if not math.isfinite(minutes):
            raise ValueError("expected a finite MinutesViewed")
        usages.append(Usage(item.Time.astimezone(UTC), item.Views or 0, item.UniqueUsers or 0, minutes))
    return usages


def _on_two_pages(pages: list[list[Record]]) -> bool:
    """Whether an equal record stands on two pages. Twins on one page are real: one page is one look."""
    seen: set[Record] = set()
    for page in pages:
        here = set(page)
        if here & seen:
            return True
        seen |= here
    return False
