"""How every day of every account and course stands, as the trust page works on it.

The same story as `video-analytics status`: out of the calendar in the lake; where that was not written yet,
out of the days themselves. Reasons are somebody's words; ids in them that may be a person's are left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from video_analytics.alerts.problem import cause_of, clean
from video_analytics.brightcove.finality import PROVISIONAL
from video_analytics.days import ONE_DAY, days_between, spans
from video_analytics.journal import Entry, Journal
from video_analytics.lake import Lake
from video_analytics.pages.words import between
from video_analytics.settings import Account, Settings
from video_analytics.standing.calendars import ALL, rows_of, statuses
from video_analytics.standing.tables import CALENDAR
from video_analytics.status import COMPLETE, FAILED, MISSING, STATES

SIGNS = {COMPLETE: "c", PROVISIONAL: "p", MISSING: "m", FAILED: "f"}
NO_DAY = " "  # between two days of a subject: it has no such day
MOST_STRETCHES = 1000
SPANS_SAID = 2  # of provisional days
NAME_CHARACTERS, REASON_CHARACTERS = 120, 300
UNTOLD = "The last attempt failed; why was not noted."
UNREAD = "It was not read yet; no attempt is noted as failed."
READING = {
    "brightcove": ("brightcove/daily_analytics",),
    "panopto": ("panopto/viewing_activity", "panopto/course_sessions", "panopto/viewing_history"),
}
_GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+")
_PERSON = re.compile(r"[\w.-]+\\[\w.@-]+")  # provider\user


@dataclass
class Subject:
    """An account or a course, the state of each of its days, and of years that are kept as one."""

    source: str  # brightcove, panopto
    id: str
    name: str  # no two have the same
    zone: str
    days: dict[date, str] = field(default_factory=dict)
    years: dict[int, str] = field(default_factory=dict)
    reasons: dict[date, str] = field(default_factory=dict)  # why a day, or the year from that day on, failed


def subjects(settings: Settings) -> tuple[list[Subject], datetime | None]:
    """All of them in the order of the settings, and when the calendar was written; None: it is made now."""
    lake = Lake(settings.lake)
    table = lake.read(CALENDAR, ALL)
    if table is None:
        rows = [row for status in statuses(settings) for row in rows_of(status)]
        return _subjects(settings, rows), None
    _, written = lake.stamp(CALENDAR, ALL)
    return _subjects(settings, table.to_pylist()), datetime.fromtimestamp(written / 1e9, UTC)


def calendar(found: Iterable[Subject]) -> list[dict[str, Any]]:
    """What the page's script draws: for each subject a sign for each day from its first one on."""
    return [
        {
            "source": each.source,
            "name": each.name,
            "zone": each.zone,
            "first": min(each.days).isoformat() if each.days else "",
            "days": "".join(_signs(each.days)),
            "years": _years(each),
        }
        for each in found
    ]


def lacking(settings: Settings, found: Sequence[Subject]) -> tuple[list[dict[str, Any]], int]:
    """Unbroken stretches of failed or missing days, the latest first, and how many more there are."""
    failing = _failing(settings)
    known = {subject.id for subject in found}
    told = [
        {"subject": number, **stretch}
        for number, subject in enumerate(found)
        for stretch in _stretches(subject, failing.get((subject.source, subject.id)), known)
    ]
    told.sort(key=lambda stretch: (stretch["last"], stretch["state"]), reverse=True)
    return told[:MOST_STRETCHES], len(told[MOST_STRETCHES:])


def provisional(found: Iterable[Subject]) -> str:
    """The days that are provisional somewhere, in words; "none" where none is."""
    days = Counter(day for each in found for day, state in each.days.items() if state == PROVISIONAL)
    told = [between(first, last) for first, last in spans(days)]
    before = len(told) - SPANS_SAID
    few = ", ".join(told[-SPANS_SAID:])
    return f"{few}, and {before} stretches before" if before > 0 else few or "none"


def without_people(text: str, known: Iterable[str] = ()) -> str:
    """A reason as one bounded line, without anything that may name a person; `known` ids stay."""
    kept = {each.lower() for each in known}
    plain = _GUID.sub(lambda found: found[0] if found[0].lower() in kept else "…", text)
    return clean(_PERSON.sub("…", _ADDRESS.sub("…", plain)), REASON_CHARACTERS)


def _subjects(settings: Settings, rows: Iterable[Mapping[str, Any]]) -> list[Subject]:
    accounts = {account.id: account for account in settings.brightcove.accounts}
    found: dict[tuple[str, str], Subject] = {}
    for row in rows:
        key = (row["source"], row["subject"])
        if key not in found:
            found[key] = _subject(*key, row["name"], accounts)
        subject = found[key]
        if row["part"] == "year":
            subject.years[row["date"].year] = row["state"]
        else:
            subject.days[row["date"]] = row["state"]
        if row["reason"]:
            subject.reasons[row["date"]] = row["reason"]
    return _told_apart(list(found.values()))


def _subject(source: str, subject_id: str, name: str, accounts: Mapping[str, Account]) -> Subject:
    account = accounts.get(subject_id) if source == "brightcove" else None
    zone = account.timezone if account else "UTC" if source == "panopto" else ""
    said = clean(account.name if account else name, NAME_CHARACTERS)
    return Subject(source, subject_id, said or subject_id, zone)


def _told_apart(found: list[Subject]) -> list[Subject]:
    """Names that several have get the beginning of an id, or all of it."""
    for length in (8, None):
        counts = Counter(each.name for each in found)
        for each in found:
            if counts[each.name] > 1:
                each.name = f"{each.name} ({each.id[:length]})"
    return found


def _signs(days: Mapping[date, str]) -> Iterator[str]:
    for day in days_between(min(days), max(days)) if days else ():
        yield SIGNS[days[day]] if day in days else NO_DAY


def _years(subject: Subject) -> str:
    """Years that are kept as one, by state: "2019, 2020 complete; 2021 failed"."""
    by_state = {state: [year for year, was in subject.years.items() if was == state] for state in STATES}
    return "; ".join(f"{', '.join(map(str, years))} {state}" for state, years in by_state.items() if years)


def _failing(settings: Settings) -> dict[tuple[str, str], Entry]:
    """The last failure of reading each account and course, by source and id, as the journal knows it."""
    ids = {account.key: account.id for account in settings.brightcove.accounts}
    found: dict[tuple[str, str], Entry] = {}
    for entry in Journal(settings.state).entries():
        source = entry.asset.partition("/")[0]
        if entry.failing and entry.asset in READING.get(source, ()):
            key = (source, ids.get(entry.subject, entry.subject))
            found[key] = max(entry, found.get(key, entry), key=lambda each: each.at)
    return found


def _stretches(subject: Subject, failing: Entry | None, known: set[str]) -> Iterator[dict[str, Any]]:
    names = (subject.name, subject.id)
    noted = without_people(failing.reason, known) if failing else ""
    unread = f"It was not read yet; the last attempt failed: {noted}" if noted else UNREAD
    for state in (FAILED, MISSING):
        days = sorted(day for day, was in subject.days.items() if was == state)
        causes = {day: cause_of(subject.reasons.get(day, ""), names) for day in days}
        for _, run in groupby(enumerate(days), key=lambda pair: (causes[pair[1]], _line(pair))):
            held = [day for _, day in run]
            why = without_people(subject.reasons.get(held[-1], ""), known) or UNTOLD
            yield _stretch(state, held[0], held[-1], why if state == FAILED else unread)
        for year in (year for year, was in subject.years.items() if was == state):
            why = without_people(subject.reasons.get(date(year, 1, 1), ""), known) or UNTOLD
            last = date(year + 1, 1, 1) - ONE_DAY
            yield _stretch(state, date(year, 1, 1), last, why if state == FAILED else unread)


def _line(pair: tuple[int, date]) -> int:
    """The same for all days of an unbroken run."""
    return pair[1].toordinal() - pair[0]


def _stretch(state: str, first: date, last: date, why: str) -> dict[str, Any]:
    length = (last - first).days + 1
    return {"state": state, "first": str(first), "last": str(last), "days": length, "why": why}
