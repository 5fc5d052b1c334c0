"""Whether an account or a course is read as it should be: failures, silence and gaps, told as one problem."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from video_analytics.alerts.problem import READING, TITLE_CHARACTERS, Problem, cause_of, clean
from video_analytics.alerts.runbook import mend
from video_analytics.days import days_between, spans
from video_analytics.journal import Entry
from video_analytics.lake import Failure, Lake, Table, day_key

REFUSED, FAILING, STALE, MISSING = "refused", "failing", "stale", "missing"  # in the order they are told
MOST_LOOKED_AT = 60  # failed days of one subject whose reasons are read
MOST_SPANS = 4

_TITLES = {
    REFUSED: "cannot be read",
    FAILING: "cannot be read",
    STALE: "is out of date",
    MISSING: "lacks days",
}


@dataclass(frozen=True)
class Subject:
    """An account or a course, and the parts of it that are read."""

    vendor: str  # brightcove
    key: str  # as in the journal
    owner: str  # as in the lake
    title: str  # Brightcove research
    names: tuple[str, ...]  # that messages of the vendor may hold
    zone: str
    days: Table
    parts: tuple[tuple[Table, str], ...]  # others that may have failed: a table and a key
    read: tuple[str, ...]  # the assets that must succeed again and again
    since: date  # no day before it is held by day
    excused: Collection[date] = ()  # days that are being filled


@dataclass(frozen=True)
class Rules:
    """What counts as a problem, and what is known of the time before."""

    now: datetime
    after_failures: int
    stale: timedelta
    settling: bool  # the daemon was away: silence is not told of yet


@dataclass(frozen=True)
class Symptom:
    """One thing wrong with a subject."""

    topic: str
    says: str
    since: datetime
    cause: str
    told: bool
    run_id: str = ""


def reading_problem(
    lake: Lake, subject: Subject, entries: Mapping[str, Entry], listed: datetime, rules: Rules
) -> Problem | None:
    """All that is wrong with a subject; `entries` are its own by asset, `listed`, since when it is wanted."""
    failed = [day for day in lake.failed_days(subject.days, subject.owner) if day >= subject.since]
    symptoms = [
        *_failing_assets(subject, entries.values(), rules),
        *_failing_parts(lake, subject, failed, rules),
        *_stale(subject, entries, listed, rules),
        *_missing(lake, subject, failed, listed, rules),
    ]
    if not symptoms:
        return None
    symptoms.sort(key=lambda one: (not one.told, list(_TITLES).index(one.topic)))
    first = symptoms[0]
    name = f"{subject.vendor}:{subject.key}"
    return Problem(
        key=f"{READING}:{name}",
        kind=READING,
        subject=name,
        title=clean(f"{subject.title} {_TITLES[first.topic]}", TITLE_CHARACTERS),
        why=clean("; ".join(dict.fromkeys(one.says for one in symptoms)), 1500),
        mend=mend(first.topic),
        since=min(one.since for one in symptoms if one.told == first.told),
        run_id=next((one.run_id for one in symptoms if one.run_id), ""),
        cause=f"{subject.vendor} {first.cause}",
        waits=not first.told,
    )


def _failing_assets(subject: Subject, entries: Iterable[Entry], rules: Rules) -> Iterator[Symptom]:
    for entry in entries:
        if entry.failing:
            since = entry.failed_since or rules.now
            step = entry.asset.rpartition("/")[2]
            yield Symptom(
                REFUSED if entry.permanent else FAILING,
                f"{step} failed {times(entry.attempts)} since {instant(since)}: {clean(entry.reason)}",
                since,
                cause_of(entry.reason, subject.names),
                entry.permanent or entry.attempts >= rules.after_failures,
                entry.run_id,
            )


def _failing_parts(lake: Lake, subject: Subject, days: Sequence[date], rules: Rules) -> Iterator[Symptom]:
    """Failed days and years: one symptom for each reason, told in the same words but for days."""
    newest_days = days[-MOST_LOOKED_AT:]
    looked_at = [(str(day), lake.failed(subject.days, day_key(subject.owner, day))) for day in newest_days]
    looked_at += [(key.rpartition("/")[2], lake.failed(table, key)) for table, key in subject.parts]
    found: dict[str, list[tuple[str, Failure]]] = {}
    for part, failure in looked_at:
        if failure is not None:
            found.setdefault(cause_of(failure.reason, subject.names), []).append((part, failure))
    more = len(days) - MOST_LOOKED_AT
    for cause, failures in found.items():
        parts = [part for part, _ in failures]
        newest = failures[-1][1]
        others = f" and {more} earlier ones" if more > 0 else ""
        yield Symptom(
            REFUSED if newest.permanent else FAILING,
            f"{_named(parts)}{others} failed: {clean(newest.reason)}",
            min(failure.since for _, failure in failures),
            cause,
            any(one.permanent or one.attempts >= rules.after_failures for _, one in failures),
        )


def _stale(
    subject: Subject, entries: Mapping[str, Entry], listed: datetime, rules: Rules
) -> Iterator[Symptom]:
    for asset in subject.read:
        entry = entries.get(asset)
        last = entry.succeeded_at if entry else None
        overdue = (last or listed) + rules.stale
        if overdue < rules.now:
            was = f"last read whole {instant(last)}" if last else "never read whole"
            hours = rules.stale // timedelta(hours=1)
            step = asset.rpartition("/")[2]
            says = f"{step} was {was}, expected within {hours} hours"
            yield Symptom(STALE, says, overdue, "stale", not rules.settling)


def _missing(
    lake: Lake, subject: Subject, failed: Sequence[date], listed: datetime, rules: Rules
) -> Iterator[Symptom]:
    if listed + rules.stale > rules.now:  # a course just added is being filled
        return
    zone = ZoneInfo(subject.zone)
    last = (rules.now - rules.stale).astimezone(zone).date() - timedelta(days=1)  # over since long
    held = {day for day in lake.days(subject.days, subject.owner) if day >= subject.since}
    there = held.union(failed, subject.excused)
    lacking = [day for day in days_between(min(held), last) if day not in there] if held else []
    if lacking:
        closed = datetime(lacking[0].year, lacking[0].month, lacking[0].day, tzinfo=zone)
        says = f"{_named(map(str, lacking))} missing"
        since = closed.astimezone(rules.now.tzinfo) + timedelta(days=1)
        yield Symptom(MISSING, says, since, "missing", not rules.settling)


def _named(parts: Iterable[str]) -> str:
    """Days as spans, years one by one: 2026-06-01 to 2026-06-05, 2026-06-09, 2024."""
    found = list(parts)
    runs = spans(date.fromisoformat(part) for part in found if len(part) > 4)  # noqa: PLR2004 - a year's digits
    told = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    told += [part for part in found if len(part) == 4]  # noqa: PLR2004
    some = ", ".join(told[-MOST_SPANS:])
    return some if len(told) <= MOST_SPANS else f"{some} and {len(told) - MOST_SPANS} spans before"


def times(number: int) -> str:
    """How often, in words."""
    return "once" if number == 1 else f"{number:,} times"


def instant(when: datetime) -> str:
    """An instant for people, to the minute."""
    return f"{when:%Y-%m-%d %H:%M} UTC"
