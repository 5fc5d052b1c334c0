"""One evaluation: look at what is wrong, note it, tell it. Nothing here ever fails a run."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from video_analytics.alerts.channels import Channel, channels
from video_analytics.alerts.ledger import FILE, Told, reconcile
from video_analytics.alerts.problem import QUALITY, SCHEDULE
from video_analytics.alerts.watching import CHANNELS, beat, note_seen, present
from video_analytics.errors import VideoAnalyticsError
from video_analytics.journal import Journal
from video_analytics.lake import Lake
from video_analytics.quality import Finding
from video_analytics.settings import Settings

Judge = Callable[[], Iterable[Finding]]

ALL = "all"  # the subject of entries of channels and of the checks in the journal
CHECKS = "checks"
LONGEST_REST = timedelta(minutes=30)

log = logging.getLogger(__name__)


def evaluate(
    settings: Settings,
    journal: Journal,
    lake: Lake,
    now: datetime,
    *,
    expected_ticks: Mapping[str, datetime] | None = None,
    judge: Judge | None = None,
    inside: bool = True,
) -> Told:
    """Tell what began and what ended since the last evaluation.

    `expected_ticks` gives for each schedule the instant at which it should last have ticked; None: schedules
    are not looked at now, and what is open of them stays open. Likewise `judge`, which gives the findings of
    the checks. `inside`: this is the daemon, whose life it proves.
    """
    if inside:
        note_seen(settings, journal, now, expected_ticks or ())
    findings = _judged(journal, judge, now) if judge else None
    problems = present(settings, journal, lake, now, expected_ticks or {}, findings or (), inside=inside)
    looked_at = {SCHEDULE: expected_ticks, QUALITY: findings}
    found = sorted(channels(settings), key=lambda channel: _failures(journal, channel))  # the living first
    resting = [channel.name for channel in found if _rests(journal, channel, now)]
    told = reconcile(
        settings.state / FILE,
        problems,
        found,
        now,
        ui_url=settings.alerts.ui_url,
        unjudged=[kind for kind, given in looked_at.items() if given is None],
        resting=resting,
    )
    record(journal, told.sent, told.failed, now)
    if inside:
        beat(journal, now)
    return told


def _judged(journal: Journal, judge: Judge, now: datetime) -> Sequence[Finding] | None:
    """The findings; None where a file cannot even be judged, which is a problem of its own."""
    try:
        findings = list(judge())
    except VideoAnalyticsError as error:
        journal.failed(CHECKS, ALL, now, str(error), permanent=True)
        return None
    if journal.entry(CHECKS, ALL):
        journal.forget(CHECKS, ALL)
    return findings


def record(journal: Journal, sent: Mapping[str, int], failed: Mapping[str, str], now: datetime) -> None:
    """Note how the channels did."""
    for name, why in failed.items():
        log.warning("an alert could not be sent: %s", why)
        journal.failed(f"{CHANNELS}{name}", ALL, now, why)
    for name in sent.keys() - failed.keys():
        journal.succeeded(f"{CHANNELS}{name}", ALL, now)


def _failures(journal: Journal, channel: Channel) -> int:
    entry = journal.entry(f"{CHANNELS}{channel.name}", ALL)
    return entry.attempts if entry else 0


def _rests(journal: Journal, channel: Channel, now: datetime) -> bool:
    """Whether a channel failed so lately that it is not tried again yet: 1 minute, 2, 4 … half an hour."""
    entry = journal.entry(f"{CHANNELS}{channel.name}", ALL)
    if entry is None or not entry.failing or entry.failed_at is None:
        return False
    rest = min(LONGEST_REST, timedelta(minutes=2 ** min(entry.attempts - 1, 5)))
    return now - entry.failed_at < rest
