"""Asking the sessions of a course: several at once, each told apart by what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

from video_analytics.errors import Refused, VendorError
from video_analytics.panopto.activity import Asked
from video_analytics.panopto.soap import DENIED, GONE, Soap
from video_analytics.panopto.usage import Record

Span = tuple[date, date]  # first and last UTC day, both included


@dataclass
class Harvest:
    """What asking sessions brought: their records, and what could not be had."""

    found: dict[str, list[Record]] = field(default_factory=dict)  # by session
    answered: dict[str, list[Span]] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)  # by session: why
    failed: dict[str, list[tuple[Span, VendorError]]] = field(default_factory=dict)

    @property
    def records(self) -> list[Record]:
        """All of them, each once."""
        return list(chain.from_iterable(self.found.values()))

    def keep(self, session_id: str, span: Span, records: list[Record]) -> None:
        """Take an answer; where it covers an earlier one, it replaces it."""
        before = self.found.get(session_id, ())
        kept = [record for record in before if not span[0] <= record.time.date() <= span[1]]
        self.found[session_id] = [*kept, *records]
        self.answered.setdefault(session_id, []).append(span)

    def on(self, first: date, last: date) -> Asked:
        """What is known of the days from `first` to `last`."""
        sessions = (
            session
            for session, spans in self.answered.items()
            if any(a <= first and last <= b for a, b in spans)
        )
        lacking = {
            session: str(error)
            for session, failures in self.failed.items()
            for (a, b), error in failures
            if a <= last and first <= b
        }
        return Asked(frozenset(sessions), self.denied, lacking)

    def has_asked(self, session_id: str, day: date) -> bool:
        """Whether a session was asked for a day, whatever came of it."""
        spans = [*self.answered.get(session_id, ()), *(span for span, _ in self.failed.get(session_id, ()))]
        return session_id in self.denied or any(first <= day <= last for first, last in spans)

    def of(self, sessions: Iterable[str]) -> list[Record]:
        """The records of some sessions."""
        return [record for session in sessions for record in self.found.get(session, ())]

    def first_days(self) -> Mapping[str, date]:
        """The day of the first record of each session that has some."""
        found: dict[str, date] = {}
        for record in self.records:
            day = record.time.date()
            found[record.session_id] = min(day, found.get(record.session_id, day))
        return found


def ask(soap: Soap, harvest: Harvest, sessions: Sequence[str], span: Span) -> None:
    """Ask sessions for the records of a span of days.

    A refusal may mean the session or a cookie that has just died: the refused ones are asked once more with
    a new cookie, and then believed to be denied. What fails otherwise is noted as lacking.
    """
    doubtful = _ask_all(soap, harvest, sessions, span)
    if doubtful:
        soap.cookies.forget()
        for session_id, error in _ask_all(soap, harvest, list(doubtful), span).items():
            harvest.denied[session_id] = str(error)


def _ask_all(soap: Soap, harvest: Harvest, sessions: Sequence[str], span: Span) -> dict[str, Refused]:
    begin = datetime.combine(span[0], time(), UTC)
    end = datetime.combine(span[1], time(), UTC) + timedelta(days=1)

    def one(session_id: str) -> list[Record] | VendorError:
        try:
            return soap.records(session_id, begin, end)
        except VendorError as error:
            return error

    refused: dict[str, Refused] = {}
    with ThreadPoolExecutor(soap.settings.parallel_sessions, "panopto") as pool:
        for session_id, found in zip(sessions, pool.map(one, sessions), strict=True):
            if isinstance(found, Refused) and found.code in {DENIED, GONE}:
                refused[session_id] = found
            elif isinstance(found, VendorError):
                harvest.failed.setdefault(session_id, []).append((span, found))
            else:
                harvest.keep(session_id, span, found)
    return refused
