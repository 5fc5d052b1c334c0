"""What is wrong now: read from journal and lake, from checks of data, ticks and the disk. Changes nothing.

Everything is a state: the same home at the same instant has the same problems, whoever looks.
"""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from video_analytics.alerts.problem import (
    CHANNEL,
    DAEMON,
    DELIVERY,
    DISK,
    MAKING,
    QUALITY,
    RUN,
    SCHEDULE,
    SETTINGS,
    TITLE_CHARACTERS,
    Problem,
    cause_of,
    clean,
)
from video_analytics.alerts.reading import Rules, Subject, instant, reading_problem, times
from video_analytics.alerts.runbook import mend
from video_analytics.alerts.subjects import OF_SUBJECTS, wanted
from video_analytics.journal import Entry, Journal
from video_analytics.lake import Lake
from video_analytics.quality import Finding
from video_analytics.settings import Settings

PRESENCE = {"days_present", "older_days_present"}  # checks of what is watched here, with more patience

SHARES, BLOCKED, RUNS, CHANNELS, BEAT, AWAKE = (
    "delivery/shares",
    "delivery/blocked",
    "run",
    "alerts/",
    "alerts",  # the tick of who watches
    "alerts awake",  # the first tick after a pause
)
TICK_GRACE = timedelta(minutes=30)
DEAD_AFTER = timedelta(minutes=15)  # without a beat
PAUSE, SETTLING = timedelta(hours=2), timedelta(hours=6)  # after a pause so long, what is late may catch up
LOW_BYTES, AMPLE_BYTES = 1_000_000_000, 1_500_000_000  # free; between them what was low stays low


def present(
    settings: Settings,
    journal: Journal,
    lake: Lake,
    now: datetime,
    expected_ticks: Mapping[str, datetime],
    findings: Iterable[Finding] = (),
    *,
    inside: bool = True,
) -> list[Problem]:
    """All problems, those of accounts and courses first.

    `expected_ticks` tells for each schedule when it should last have ticked; `inside` whether the daemon
    itself is asking, whose silence is a problem for anybody else.
    """
    entries = list(journal.entries())
    dead = [] if inside else list(_daemon(journal, now))
    rules = _rules(settings, journal, now, settling=bool(dead))
    subjects, wrong_list = wanted(settings, entries, now)
    reading = list(_reading(lake, journal, subjects, entries, rules))
    quality = list(_quality(findings, now))
    others = list(_others(entries, settings, now))
    ill = {problem.subject.rpartition(":")[2] for problem in (*reading, *quality, *others)}
    return [
        *reading,
        *quality,
        *_deliveries(entries, ill, settings, now),
        *others,
        *_settings(wrong_list, now),
        *dead,
        *_schedules(journal, expected_ticks, now),
        *_disk(settings, now),
    ]


def beat(journal: Journal, now: datetime) -> None:
    """Who watches is alive."""
    last = journal.last_tick(BEAT)
    if last is None or now - last > PAUSE:
        journal.tick(AWAKE, now)
    journal.tick(BEAT, now)


def note_seen(settings: Settings, journal: Journal, now: datetime, schedules: Iterable[str]) -> None:
    """Remember since when something is expected of each account, course and schedule."""
    subjects, _ = wanted(settings, journal.entries(), now)
    for name in (*(_seen(subject) for subject in subjects), *map(_expected, schedules)):
        if journal.last_tick(name) is None:
            journal.tick(name, now)


def _rules(settings: Settings, journal: Journal, now: datetime, *, settling: bool) -> Rules:
    awake = journal.last_tick(AWAKE)
    last = journal.last_tick(BEAT)
    waking = last is None or now - last > PAUSE or (awake is not None and now - awake < SETTLING)
    stale = timedelta(hours=settings.alerts.stale_hours)
    return Rules(now, settings.alerts.after_failures, stale, settling or waking)


# --- accounts and courses ---------------------------------------------------------------------------------


def _reading(
    lake: Lake, journal: Journal, subjects: Iterable[Subject], entries: Iterable[Entry], rules: Rules
) -> Iterator[Problem]:
    of: dict[tuple[str, str], dict[str, Entry]] = {}
    for entry in entries:
        if entry.asset in OF_SUBJECTS:
            of.setdefault((entry.asset.split("/")[0], entry.subject), {})[entry.asset] = entry
    for subject in subjects:
        listed = journal.last_tick(_seen(subject)) or rules.now
        own = of.get((subject.vendor, subject.key), {})
        if problem := reading_problem(lake, subject, own, listed, rules):
            yield problem


def _seen(subject: Subject) -> str:
    return f"wanted {subject.vendor}:{subject.key}"


def _expected(schedule: str) -> str:
    return f"wanted schedule:{schedule}"


# --- everything else --------------------------------------------------------------------------------------


def _problem(
    kind: str,
    subject: str,
    title: str,
    why: str,
    topic: str,
    since: datetime,
    *,
    run_id: str = "",
    cause: str = "",
    waits: bool = False,
) -> Problem:
    short = clean(title, TITLE_CHARACTERS)
    key = f"{kind}:{subject}"
    return Problem(key, kind, subject, short, clean(why), mend(topic), since, run_id, cause or why, waits)


def _quality(findings: Iterable[Finding], now: datetime) -> Iterator[Problem]:
    for finding in findings:
        if not finding.ok and finding.check not in PRESENCE:
            subject = f"{finding.check}:{finding.subject}"
            title = f"Check {finding.check} of {finding.subject} does not pass"
            cause = f"{finding.check} {cause_of(finding.says, [finding.subject])}"
            yield _problem(QUALITY, subject, title, finding.says, "quality", now, cause=cause)


def _deliveries(
    entries: Collection[Entry], ill: Collection[str], settings: Settings, now: datetime
) -> Iterator[Problem]:
    """What could not be delivered, and what waits too long.

    Where a whole share is away, or an account is ill as somebody reads elsewhere, that alone is told.
    """
    failing = [entry for entry in entries if entry.failing and entry.asset in {SHARES, BLOCKED}]
    away = {entry.subject for entry in failing if entry.asset == SHARES and "/" not in entry.subject}
    for entry in failing:
        share, _, route = entry.subject.partition("/")
        since, patience = entry.failed_since or now, timedelta(hours=settings.alerts.waiting_hours)
        long = now - since > patience
        blamed = entry.reason.partition(":")[0].rpartition(" of ")[2]
        if entry.asset == BLOCKED:
            topic, title, why = "waiting", f"Delivery {entry.subject} waits", entry.reason
            well = _last_success(entries, blamed)  # its delivery may be just on its way
            told = long and blamed not in ill and (well is None or now - well > patience)
        else:
            topic, title = "delivery" if route else "share", f"Delivery to {entry.subject} fails"
            why, told = _why(entry, now), _is_told(entry, settings) or long
        waits = not told or (bool(route) and share in away)
        cause = f"{topic} {cause_of(entry.reason, [route, share, blamed])}"
        yield _problem(
            DELIVERY, entry.subject, title, why, topic, since, run_id=entry.run_id, cause=cause, waits=waits
        )


def _last_success(entries: Iterable[Entry], subject: str) -> datetime | None:
    """When anything of an account or course last succeeded."""
    own = (each.succeeded_at for each in entries if each.asset in OF_SUBJECTS and each.subject == subject)
    return max((at for at in own if at), default=None)


def _others(entries: Iterable[Entry], settings: Settings, now: datetime) -> Iterator[Problem]:
    """Runs that broke off, tables and files that could not be made, channels that do not take messages."""
    for entry in entries:
        if not entry.failing or entry.asset in OF_SUBJECTS | {SHARES, BLOCKED}:
            continue
        since, early = entry.failed_since or now, not _is_told(entry, settings)
        if entry.asset == RUNS:
            kind, topic, subject, title = RUN, "run", entry.subject, f"The run {entry.subject} broke off"
        elif entry.asset.startswith(CHANNELS):
            name = entry.asset.removeprefix(CHANNELS)
            kind, topic, subject, title = CHANNEL, "channel", name, f"Alerts cannot be sent by {name}"
        else:
            subject = f"{entry.asset}:{entry.subject}"
            kind, topic, title = MAKING, "making", f"{entry.asset} of {entry.subject} cannot be made"
        cause = cause_of(entry.reason, [entry.subject])
        yield _problem(
            kind,
            subject,
            title,
            _why(entry, now),
            topic,
            since,
            run_id=entry.run_id,
            cause=cause,
            waits=early,
        )


def _is_told(entry: Entry, settings: Settings) -> bool:
    return entry.permanent or entry.attempts >= settings.alerts.after_failures


def _why(entry: Entry, now: datetime) -> str:
    return f"failed {times(entry.attempts)} since {instant(entry.failed_since or now)}: {entry.reason}"


def _schedules(journal: Journal, expected: Mapping[str, datetime], now: datetime) -> Iterator[Problem]:
    """Those that have not ticked although they should have, and although somebody was there to see it."""
    beat_at, awake = journal.last_tick(BEAT), journal.last_tick(AWAKE)
    for name, due in expected.items():
        last, seen = journal.last_tick(name), journal.last_tick(_expected(name))
        if (last is not None and last >= due) or seen is None or due < seen:
            continue
        begun = max(due, awake) if awake else due
        early = now - begun < TICK_GRACE or beat_at is None or beat_at < due
        why = f"it should have run {instant(due)}, and last ran {instant(last) if last else 'never'}"
        title = f"The schedule {name} did not run"
        yield _problem(SCHEDULE, name, title, why, "schedule", due, cause="silent", waits=early)


def _daemon(journal: Journal, now: datetime) -> Iterator[Problem]:
    last = journal.last_tick(BEAT)
    if last is not None and now - last > DEAD_AFTER:
        why = f"its last sign of life was {instant(last)}; nothing is read, delivered or told since"
        yield _problem(DAEMON, BEAT, "The daemon does not run", why, "daemon", last)


def _settings(wrong: str, now: datetime) -> Iterator[Problem]:
    if wrong:
        title = "The list of courses cannot be read"
        yield _problem(SETTINGS, "courses.csv", title, wrong, "settings", now)


def _disk(settings: Settings, now: datetime) -> Iterator[Problem]:
    free = shutil.disk_usage(settings.home).free
    if free < AMPLE_BYTES:
        why = f"{free / 1e9:.1f} GB are free, expected 1 GB or more"
        title = "The disk of the home is nearly full"
        yield _problem(DISK, "home", title, why, "disk", now, waits=free >= LOW_BYTES)
