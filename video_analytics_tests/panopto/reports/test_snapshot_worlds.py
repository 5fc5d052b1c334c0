"""Worlds of sessions at random, in reports at random, against a slow second reading of the rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from video_analytics.panopto.reports.choosing import Choice, chosen, reports_held
from video_analytics.panopto.reports.kinds import BY_NAME
from video_analytics.panopto.reports.snapshot import take_snapshot
from video_analytics.panopto.reports.tables import SESSION_QUARANTINE, SESSION_USAGE
from video_analytics_tests.panopto.reports.report_files import (
    CREATED,
    STORAGE,
    USAGE,
    ZONE,
    Home,
    row,
    session_id,
    us_date,
)

WORLDS, SESSIONS, LAKES = 300, 10, 10
KINDS = (
    (USAGE, CREATED),
    (USAGE, CREATED, STORAGE),
    (USAGE, CREATED),
    (USAGE, STORAGE),
    (STORAGE,),
)  # of a lake
DAY, FIRST = date(2022, 6, 1), date(2018, 1, 1)
LOCAL = ZoneInfo(ZONE)
MINUTE, HOUR = 60_000_000, 3_600_000_000
TROUBLE = {  # what is wrong with a row
    "negative": {"Session Length": "-5.0000"},
    "unreadable": {"Session Length": "long"},
    "date": {"Start Time": "2021-09-14"},
    "contradiction": {"Session Name": "Another"},
}
Days = tuple[str, str]
Layout = list[tuple[str, Days]]


@dataclass
class Told:
    """What one report says of a session; lengths in ten-thousandths, as the file has them."""

    minutes: int | None
    views: int | None
    on_demand: int | None
    archived: int | None
    trouble: str | None
    copies: int

    def occupied(self, kind: str) -> int | None:
        """The microseconds that it says the session occupies."""
        if kind == STORAGE and (self.on_demand is not None or self.archived is not None):
            return ((self.on_demand or 0) + (self.archived or 0)) * HOUR // 10_000
        return None if self.minutes is None else self.minutes * MINUTE // 10_000


@dataclass
class Session:
    """A session and what each report, by its place in the layout, says of it."""

    number: int
    start: datetime | None
    told: dict[int, Told] = field(default_factory=dict)


@pytest.mark.parametrize("seed", range(LAKES))
def test_hours_are_conserved_and_every_session_counts_once_or_is_quarantined(
    tmp_path: Path, seed: int
) -> None:
    random, home = Random(seed), Home(tmp_path)
    layout = _layout(random, KINDS[seed % len(KINDS)])
    sessions = [_session(random, number, layout) for number in range(WORLDS * SESSIONS // LAKES)]
    for place, (kind, days) in enumerate(layout):
        home.keep(kind, days, _rows(random, sessions, place))
    facts = take_snapshot(home.lake, DAY, ZONE)
    expected = _expected(sessions, layout, chosen(reports_held(home.lake), DAY))
    counted = {number: told for number, told in expected.items() if told[0] == "counts"}
    apart = {number: told for number, told in expected.items() if told[0] != "counts"}
    assert min(len(counted), len(apart)) >= 10

    table, quarantine = (home.lake.read(each, str(DAY)) for each in (SESSION_USAGE, SESSION_QUARANTINE))
    assert table is not None
    assert quarantine is not None
    found = {each["session_id"]: (each["hours_us"], each["views"]) for each in table.to_pylist()}
    assert found == {session_id(number): told[1:] for number, told in counted.items()}
    reasons = {
        each["session_id"]: each["reason"]
        for each in quarantine.to_pylist()
        if each["reason"] not in {"duplicate", "doubted"}
    }
    assert set(reasons) == {session_id(number) for number in apart}
    own = {session_id(number): told[0] for number, told in apart.items() if told[0] != "doubted"}
    assert {key: reasons[key] for key in own} == own
    held = sum(hours for hours, _ in found.values()) + round(facts["quarantined_hours"] * HOUR)
    assert held == sum(hours for _, hours, _ in expected.values())


def _layout(random: Random, kinds: Sequence[str]) -> Layout:
    """Reports that suffice: years that follow each other, one over all, or a storage report; and others."""
    cuts = sorted(random.sample(range(30, 1_500), random.randrange(3)))
    edges = [
        FIRST,
        *(FIRST + timedelta(days=cut) for cut in cuts),
        DAY - timedelta(days=random.choice((0, 0, 9))),
    ]
    shared = random.choice((0, 1))
    following = [
        (str(begin + timedelta(days=0 if begin == FIRST else shared)), str(end))
        for begin, end in pairwise(edges)
    ]
    created = [("2020-01-01", "2022-06-01")] + [("2017-01-01", "2021-01-01")] * random.choice((0, 1))
    storage = [("2020-06-01", random.choice(("2022-06-01", "2022-05-20", "2021-01-01")))]
    days = {USAGE: [*following, ("2022-05-01", "2022-06-01")], CREATED: created, STORAGE: storage}
    return [(kind, each) for kind in kinds for each in days[kind]]


def _session(random: Random, number: int, layout: Layout) -> Session:
    start = datetime.combine(FIRST, time(), LOCAL) + timedelta(minutes=random.randrange(1_612 * 1_440))
    session = Session(number, None if random.random() < 0.05 else start)
    places = [place for place in range(len(layout)) if random.random() < 0.7] or [0]
    session.told = {place: _told(random, layout[place][0]) for place in places}
    return session


def _told(random: Random, kind: str) -> Told:
    def perhaps(most: int) -> int | None:
        return None if random.random() < 0.15 else random.randrange(most)

    stored = kind == STORAGE
    return Told(
        minutes=perhaps(2_000_000),
        views=None if kind == CREATED else perhaps(9),
        on_demand=perhaps(30_000) if stored else None,
        archived=perhaps(30_000) if stored else None,
        trouble=random.choice(list(TROUBLE)) if random.random() < 0.08 else None,
        copies=1 + (random.random() < 0.05),
    )


def _rows(random: Random, sessions: Sequence[Session], place: int) -> list[dict[str, str]]:
    """The rows of a report, in any order."""
    rows = [each for session in sessions if place in session.told for each in _texts(session, place)]
    return random.sample(rows, len(rows))


def _texts(session: Session, place: int) -> Iterator[dict[str, str]]:
    told = session.told[place]
    one = row(
        session.number,
        Session_Length=_decimal(told.minutes),
        Views_and_Downloads="" if told.views is None else str(told.views),
        Start_Time=us_date(session.start) if session.start else "",
        Archived_Hours=_decimal(told.archived),
    ) | {"On-Demand Hours": _decimal(told.on_demand)}
    if told.trouble == "contradiction":
        yield one
    wrong = TROUBLE[told.trouble] if told.trouble else {}
    yield from [one | wrong] * told.copies


def _decimal(parts: int | None) -> str:
    return "" if parts is None else f"{parts // 10_000}.{parts % 10_000:04}"


def _expected(sessions: Sequence[Session], layout: Layout, choice: Choice) -> dict[int, tuple[str, int, int]]:
    """Each session that a report of the choice names: whether it counts, its microseconds and its views."""
    places = [
        layout.index((BY_NAME[report.kind].type, (str(report.start), str(report.end))))
        for report in choice.reports
    ]
    listing = [(choice.reports.index(report), report.start, report.end) for report in choice.listing]
    return {
        session.number: _judged(
            session, [(layout[place][0], session.told.get(place)) for place in places], choice, listing
        )
        for session in sessions
        if set(session.told) & set(places)
    }


def _judged(
    session: Session,
    said: Sequence[tuple[str, Told | None]],
    choice: Choice,
    listing: Sequence[tuple[int, date, date]],
) -> tuple[str, int, int]:
    known = [(kind, told) for kind, told in said if told]
    if any(told.trouble for _, told in known):
        return "doubted", max(_doubtful(kind, told) for kind, told in known), 0
    hours = _hours(known)
    views = _views(known, BY_NAME[choice.viewed[0].kind].type)
    if hours is None:
        return "no_length", 0, views
    return "unlisted" if _unlisted(session, said, choice, listing) else "counts", hours, views


def _hours(known: Sequence[tuple[str, Told]]) -> int | None:
    """What storage says, else the length of the newest report that has one."""
    stored = [told for kind, told in known if kind == STORAGE]
    if stored and (stored[0].on_demand is not None or stored[0].archived is not None):
        return stored[0].occupied(STORAGE)
    return next((told.minutes * MINUTE // 10_000 for _, told in known if told.minutes is not None), None)


def _views(known: Sequence[tuple[str, Told]], viewed: str) -> int:
    """Those of the kind whose views count; of what storage does not know, those of usage."""
    if viewed == STORAGE and STORAGE not in {kind for kind, _ in known}:
        viewed = USAGE
    return sum(told.views or 0 for kind, told in known if kind == viewed)


def _doubtful(kind: str, told: Told) -> int:
    """What a row says a session occupies, as far as it can be read."""
    if told.trouble in {"negative", "unreadable"}:
        told = Told(None, None, told.on_demand, told.archived, None, 1)
    return told.occupied(kind) or 0


def _unlisted(
    session: Session,
    said: Sequence[tuple[str, Told | None]],
    choice: Choice,
    listing: Sequence[tuple[int, date, date]],
) -> bool:
    """Whether the newest report that should list a session does not."""
    kind = BY_NAME[choice.listing[0].kind].type
    if session.start is None:
        return not {each for each, told in said if told} & {CREATED, STORAGE}
    day = session.start.date()
    should = [rank for rank, first, last in listing if (kind == STORAGE or first <= day) and day <= last]
    return bool(should) and not any(told for each, told in said[: min(should) + 1] if each == kind)
