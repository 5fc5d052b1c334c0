"""A question to a vendor, its answer, and what an answer means by the rules of HTTP alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from video_analytics.errors import Refused, Throttled, TooSlow, Unauthorized, Unavailable, VendorError


@dataclass(frozen=True)
class Call:
    """One question to a vendor, and how to name it in a message."""

    vendor: str
    endpoint: str
    url: str
    account: str = ""
    about: str = ""  # the days or the page, for messages
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None  # sent as POST when given
    content: bytes | None = None  # likewise, with `headers` that say what it is
    headers: Mapping[str, str] = field(default_factory=dict)
    basic: tuple[str, str] | None = None
    timeout: float = 60.0

    def __str__(self) -> str:
        return " ".join(part for part in (self.vendor, self.account, self.endpoint, self.about) if part)


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers, the whole body, and the cookies that were set."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict)


Verdict = Callable[[Call, Answer], VendorError]


@dataclass(frozen=True)
class Patience:
    """How long to insist. Seconds; `attempts` and `slow_attempts` count asks of one question."""

    attempts: int = 6
    slow_attempts: int = 3
    slow_wait: float = 150.0
    max_wait: float = 120.0
    max_body: int = 1 << 30


def transient_or_refused(call: Call, answer: Answer, code: str, message: str) -> VendorError:
    """The verdict that HTTP itself gives: which of our errors a status means.

    `code` and `message` are the vendor's own words; `message` is cut, in case it quotes the request.
    """
    said = ": ".join(part for part in (code, message[:200]) if part) or describe(answer)
    text = f"{call}: HTTP {answer.status}, {said}"
    kind: type[VendorError]
    if answer.status == requests.codes.unauthorized:
        kind, mend = (
            Unauthorized,
            "the credentials are refused; check id, secret and the rights of the credential",
        )
    elif answer.status == requests.codes.too_many_requests:
        kind, mend = Throttled, "other programs may use the same account; try again later"
    elif answer.status == requests.codes.gateway_timeout:
        kind, mend = TooSlow, "asking for fewer days may help"
    elif answer.status >= requests.codes.server_error or answer.status == requests.codes.request_timeout:
        kind, mend = Unavailable, "the vendor is in trouble: try again later"
    else:
        kind, mend = Refused, "repeating will not help; check the account's id and the credential's rights"
    return kind(f"{text}; {mend}", status=answer.status, code=code or None)


def retry_after_seconds(value: str | None, answered_at: str | None = None) -> float | None:
    """Retry-After in any of its forms as seconds from now, never negative; None if it says nothing.

    A date is measured against the answer's own Date header, so that a wrong clock here does no harm.
    """
    if value is None:
        return None
    try:
        seconds = float(value.strip())
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
            at = parsedate_to_datetime(answered_at) if answered_at else datetime.now(UTC)
            seconds = (_aware(then) - _aware(at)).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None  # noqa: PLR0124 - "nan" is a float too


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def describe(answer: Answer) -> str:
    """Size and kind of an answer, for messages; never its content."""
    kind = answer.headers.get("Content-Type", "no content type").split(";")[0]
    return f"{len(answer.body):,} bytes of {kind}"
