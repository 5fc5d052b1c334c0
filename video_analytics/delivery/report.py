"""What became of each file of a delivery, and what of it is noted in the journal.

delivery/shares    subject share          nothing can be put there
delivery/shares    subject share/route    a file of the route waits, or has no place to go
delivery/blocked   subject route          a new version is held back: its source cannot be trusted yet
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from video_analytics.delivery.receipts import Receipt
from video_analytics.delivery.routes import Item
from video_analytics.errors import DeliveryError, ShareAway
from video_analytics.journal import Journal

SHARES, BLOCKED = "delivery/shares", "delivery/blocked"
_FEW = 3


@dataclass
class Report:
    """What became of each file. Errors are of an item, of a share, or of a share/route that is refused."""

    copied: list[Receipt] = field(default_factory=list)
    unchanged: list[Item] = field(default_factory=list)
    blocked: dict[Item, str] = field(default_factory=dict)
    waiting: dict[Item, DeliveryError] = field(default_factory=dict)
    away: dict[str, DeliveryError] = field(default_factory=dict)
    refused: dict[str, DeliveryError] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether all that may be delivered lies in its place."""
        return not (self.waiting or self.away or self.refused)

    @property
    def reasons(self) -> dict[str, str]:
        """Why something is not delivered, by share and by share/route."""
        found: dict[str, list[str]] = {share: [str(error)] for share, error in self.away.items()}
        for topic, error in self.refused.items():
            found.setdefault(topic, []).append(str(error))
        for item, error in self.waiting.items():
            if item.share not in self.away:
                found.setdefault(item.topic, []).append(str(error))
        return {topic: few(errors) for topic, errors in found.items()}


def note(journal: Journal, report: Report, planned: Iterable[Item], at: datetime, run_id: str = "") -> None:
    """Note how it stands with each share and route; what is no more there to be delivered is forgotten."""
    reasons = report.reasons
    for topic, reason in reasons.items():
        error = report.away.get(topic) or report.refused.get(topic)
        permanent = error is not None and not isinstance(error, ShareAway)
        journal.failed(SHARES, topic, at, reason, permanent=permanent, run_id=run_id)
    tried = [item for item in planned if item not in report.blocked and item.share not in report.away]
    done = {topic for item in tried for topic in (item.share, item.topic)} - reasons.keys()
    for topic in sorted(done):
        journal.succeeded(SHARES, topic, at, run_id)
    held = _by_route(report)
    for route, why in held.items():
        journal.failed(BLOCKED, route, at, why, run_id=run_id)
    open_share_topics = {item.topic for item in planned if item.share in report.away}
    _forget_others(journal, SHARES, {*reasons, *done, *open_share_topics, *(i.share for i in planned)})
    _forget_others(journal, BLOCKED, set(held))


def few(reasons: Iterable[str]) -> str:
    """Some reasons in one text, each once."""
    listed = list(dict.fromkeys(reasons))
    more = f" · and {len(listed) - _FEW} more" if len(listed) > _FEW else ""
    return " · ".join(listed[:_FEW]) + more


def _by_route(report: Report) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for item, why in report.blocked.items():
        found.setdefault(item.route, []).append(why)
    return {route: few(reasons) for route, reasons in found.items()}


def _forget_others(journal: Journal, asset: str, subjects: set[str]) -> None:
    """Nothing waits for those any more."""
    for entry in list(journal.entries()):
        if entry.asset == asset and entry.subject not in subjects:
            journal.forget(asset, entry.subject)
