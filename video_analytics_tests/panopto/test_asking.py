"""Asking many sessions at once: what each one's answer, refusal or failure means for the days."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.days import days_between
from video_analytics.errors import Incomplete, Refused, Throttled, Unauthorized, Unavailable, VendorError
from video_analytics.panopto.activity import Asked
from video_analytics.panopto.asking import Harvest, Span, ask
from video_analytics.panopto.soap import DENIED, GONE, Soap
from video_analytics.panopto.usage import Record
from video_analytics_tests.panopto.small_lake import ANN, LECTURES

A, B, C = LECTURES[:3]
FIRST, LAST = date(2026, 6, 1), date(2026, 6, 10)
WEEK: Span = (FIRST, date(2026, 6, 7))
NO = Refused("no right", status=500, code=DENIED)

Answers = Callable[[str, datetime, datetime], list[Record]]


def record(session_id: str, day: date, second: int = 0) -> Record:
    when = datetime.combine(day, time(12, 0, second), UTC)
    return Record(session_id, ANN, when, 0.0, 30.0, 1.0, "Start", "End")


def truth(session_id: str, begin: datetime, end: datetime) -> list[Record]:
    """A record and its twin on each day."""
    days = days_between(begin.date(), end.date() - timedelta(days=1))
    return [record(session_id, day) for day in days for _ in range(2)]


def vendor(answers: Answers, forgotten: list[int] | None = None, at_once: int = 4) -> Soap:
    """A client that gives these answers."""
    cookies = SimpleNamespace(forget=lambda: (forgotten if forgotten is not None else []).append(1))
    settings = SimpleNamespace(parallel_sessions=at_once)
    return cast("Soap", SimpleNamespace(settings=settings, cookies=cookies, records=answers))


def saying(said: dict[str, Any]) -> Answers:
    """Each session's records, or the error it raises: the first of a list at the first ask, and so on."""
    asks: Counter[str] = Counter()

    def records(session_id: str, begin: datetime, end: datetime) -> list[Record]:
        turn = asks[session_id]
        asks[session_id] += 1
        errors = said.get(session_id, [])
        if turn < len(errors) and errors[turn] is not None:
            raise errors[turn]
        return truth(session_id, begin, end)

    return records


def harvest_of(
    said: dict[str, Any], spans: Iterable[Span] = (WEEK,), sessions: tuple[str, ...] = (A, B, C)
) -> Harvest:
    harvest, soap = Harvest(), vendor(saying(said))
    for span in spans:
        ask(soap, harvest, sessions, span)
    return harvest


def test_all_days_of_a_span_are_asked_for_to_their_end() -> None:
    seen: list[tuple[datetime, datetime]] = []

    def records(_session_id: str, begin: datetime, end: datetime) -> list[Record]:
        seen.append((begin, end))
        return []

    ask(vendor(records), Harvest(), [A], (date(2024, 2, 28), date(2024, 2, 29)))
    assert seen == [(datetime(2024, 2, 28, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC))]


def test_answers_are_known_for_the_days_they_cover() -> None:
    harvest = harvest_of({})
    assert harvest.on(*WEEK).sessions == {A, B, C}
    assert harvest.on(FIRST, FIRST).sessions == {A, B, C}
    assert harvest.on(FIRST, LAST).sessions == frozenset()
    assert harvest.on(LAST, LAST).sessions == frozenset()
    assert harvest.first_days() == dict.fromkeys((A, B, C), FIRST)
    assert len(harvest.records) == 3 * 7 * 2
    assert {found.session_id for found in harvest.of([A])} == {A}


FAILURES = [
    Unavailable("down"),
    Throttled("later"),
    Incomplete("14 of 15"),
    VendorError("odd"),
    Unauthorized("no"),
]


@pytest.mark.parametrize("error", [*FAILURES, Refused("a redirect", status=302)])
def test_what_fails_is_lacking_on_its_days_alone(error: VendorError) -> None:
    """Also a refusal that concerns the service and not the session."""
    harvest = harvest_of({B: [error]})
    asked = harvest.on(FIRST, FIRST)
    assert asked == Asked(frozenset({A, C}), {}, {B: str(error)})
    assert harvest.on(LAST, LAST).lacking == {}
    assert harvest.on(WEEK[1], LAST).lacking == {B: str(error)}
    assert {found.session_id for found in harvest.records} == {A, C}
    assert harvest.has_asked(B, FIRST)
    assert not harvest.has_asked(B, LAST)


@pytest.mark.parametrize("code", [DENIED, GONE])
def test_a_refusal_is_believed_when_a_new_cookie_changes_nothing(code: str) -> None:
    harvest, forgotten = Harvest(), list[int]()
    refusal = Refused("no right", status=500, code=code)
    answers = saying({A: [refusal], B: [refusal, refusal]})
    ask(vendor(answers, forgotten), harvest, [A, B, C], WEEK)
    asked = harvest.on(*WEEK)
    assert asked == Asked(frozenset({A, C}), {B: "no right"}, {})
    assert len(forgotten) == 1
    assert len(harvest.records) == 2 * 7 * 2
    assert harvest.has_asked(B, FIRST)


def test_without_a_refusal_the_cookie_stays() -> None:
    forgotten: list[int] = []
    ask(vendor(saying({A: [FAILURES[0]]}), forgotten), Harvest(), [A, B], WEEK)
    assert forgotten == []


def test_a_fault_of_the_platform_is_not_swallowed() -> None:
    with pytest.raises(KeyError):
        harvest_of({A: [KeyError("x")]})


def test_no_more_are_asked_at_once_than_the_settings_say() -> None:
    lock, open_now, most = threading.Lock(), 0, 0
    gate = threading.Barrier(3, timeout=5)

    def records(_session_id: str, _begin: datetime, _end: datetime) -> list[Record]:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        gate.wait()
        with lock:
            open_now -= 1
        return []

    ask(vendor(records, at_once=3), Harvest(), LECTURES, WEEK)
    assert most == 3


dates = st.dates(FIRST, LAST)
some_spans = st.lists(
    st.tuples(dates, dates).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=6
)


@given(some_spans)
def test_whatever_is_asked_twice_is_held_once(asked: list[Span]) -> None:
    """Twins of the vendor stay two; those of overlapping questions are none."""
    harvest = harvest_of({}, asked, (A, B))
    days = {day for span in asked for day in days_between(*span)}
    expected = Counter(record(name, day) for name in (A, B) for day in days for _ in range(2))
    assert Counter(harvest.records) == expected
    assert all(harvest.has_asked(A, day) == (day in days) for day in days_between(FIRST, LAST))


def test_a_later_answer_outranks_an_earlier_one() -> None:
    harvest = Harvest()
    harvest.keep(A, WEEK, [record(A, FIRST), record(A, WEEK[1])])
    harvest.keep(A, (WEEK[1], LAST), [record(A, WEEK[1], 30)])
    assert sorted(found.time for found in harvest.records) == [
        record(A, FIRST).time,
        record(A, WEEK[1], 30).time,
    ]
