"""What the platform has noted of itself, as the trust page works on it.

Each function reads one source and gives plain values; a source that is not there yet gives none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from video_analytics.alerts.ledger import FILE, read_ledger
from video_analytics.alerts.problem import clean
from video_analytics.delivery.receipts import Receipt, last_receipts, receipts_path
from video_analytics.delivery.report import BLOCKED, SHARES
from video_analytics.journal import Journal
from video_analytics.lake import Lake
from video_analytics.pages.trust.data import NAME_CHARACTERS, Subject, without_people
from video_analytics.settings import Settings
from video_analytics.spending import KEPT_DAYS, noted
from video_analytics.standing.moved import Correction, Move, corrections

BACK = timedelta(days=400)  # whose corrections are looked at
OLD = 40  # days; older than that is one group
LATEST = 300  # corrections, receipts that are listed
DELIVERY_DAYS = 60  # with deliveries, that are drawn
OWN_PAGE = "pages/trust.html"  # its deliveries are left out: each would change it, and ask for the next
TIME_CHARACTERS = len("2026-01-31T12:00")


def corrected(settings: Settings, found: Iterable[Subject], today: date) -> dict[str, Any]:
    """What later readings moved: sums by source and age, how many there are, and the last of them."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for subject in found:
        names[subject.source][subject.id] = subject.name
    lake = Lake(settings.lake)
    moved = [
        each for source, own in names.items() for each in corrections(lake, source, own, today - BACK, today)
    ]
    moved.sort(key=lambda each: each.noticed_at, reverse=True)
    return {
        "ages": list(_by_age(moved)),
        "latest": [_correction(each) for each in moved[:LATEST]],
        "all": len(moved),
        "first": str(moved[-1].noticed_at.date()) if moved else "",
        "last": minute(moved[0].noticed_at) if moved else "",
    }


def delivered(settings: Settings) -> dict[str, Any]:
    """What was put on shares: files and bytes by day and share, how many in all, and the last of them."""
    receipts = [each for each in last_receipts(receipts_path(settings.exports)) if each.source != OWN_PAGE]
    by_day: Counter[tuple[str, str]] = Counter()
    size: Counter[tuple[str, str]] = Counter()
    for each in receipts:
        key = (each.delivered_at[:10], each.share)
        by_day[key] += 1
        size[key] += each.bytes
    drawn = sorted({day for day, _ in by_day})[-DELIVERY_DAYS:]
    return {
        "days": [
            {"day": day, "share": share, "files": files, "bytes": size[day, share]}
            for (day, share), files in sorted(by_day.items())
            if day in drawn
        ],
        "latest": [_receipt(each) for each in reversed(receipts[-LATEST:])],
        "all": len(receipts),
        "last": receipts[-1].delivered_at[:TIME_CHARACTERS] if receipts else "",
    }


def waiting(settings: Settings) -> list[dict[str, Any]]:
    """What could not be delivered, and what is held back, as the last delivery noted it."""
    found = []
    for entry in Journal(settings.state).entries():
        if entry.failing and entry.asset in {SHARES, BLOCKED}:
            share = entry.asset == SHARES and "/" not in entry.subject
            what = "held back" if entry.asset == BLOCKED else "share fails" if share else "files wait"
            since = minute(entry.failed_since or entry.at)
            why = without_people(entry.reason)
            found.append({"subject": clean(entry.subject, NAME_CHARACTERS), "what": what, "since": since,
                          "attempts": entry.attempts, "why": why})  # fmt: skip
    return found


def called(settings: Settings, now: datetime) -> dict[str, Any]:
    """What the runs of the last weeks have spent, and how much of each limit that is."""
    runs = sorted(noted(settings.state, now - timedelta(days=KEPT_DAYS)), key=lambda run: str(run["at"]))
    told = [
        {
            "at": str(run["at"])[:TIME_CHARACTERS],
            "vendor": run["vendor"],
            "calls": run["calls"],
            "retries": run.get("retries"),  # notes of earlier versions lack it
            "backfill": run["backfill"],
        }
        for run in reversed(runs)
    ]
    return {"runs": told, "limits": list(_limits(settings, runs)), "kept": KEPT_DAYS}


def problems(settings: Settings) -> dict[str, Any]:
    """What is open in the ledger of alerts, the latest first, and how many messages wait for each channel."""
    ledger = read_ledger(settings.state / FILE)
    found = sorted(ledger.open.values(), key=lambda problem: problem.since, reverse=True)
    return {
        "open": [
            {
                "title": without_people(each.title),
                "kind": each.kind,
                "since": minute(each.since),
                "why": without_people(each.why),
                "mend": clean(each.mend),
                "run": each.run_id[:8],
            }
            for each in found
        ],
        "owed": {name: len(owed) for name, owed in ledger.owed.items() if owed},
    }


def minute(at: datetime) -> str:
    """An instant as a UTC minute."""
    return at.astimezone(UTC).isoformat()[:TIME_CHARACTERS]


def _by_age(moved: Sequence[Correction]) -> Iterator[dict[str, Any]]:
    by_age: dict[tuple[str, int], list[Correction]] = defaultdict(list)
    for each in moved:
        age = (each.noticed_at.date() - each.day).days
        by_age[each.source, min(age, OLD + 1)].append(each)
    for (source, age), group in sorted(by_age.items()):
        views = [abs(each.views.by) for each in group if each.views]
        yield {
            "source": source,
            "age": age,
            "readings": len(group),
            "rows": sum(abs(each.rows.by) for each in group),
            "views": sum(views) if views else None,  # records know none
            "seconds": round(sum(abs(each.seconds.by) for each in group), 3),
        }


def _correction(each: Correction) -> dict[str, Any]:
    moves = {"rows": each.rows, "views": each.views, "seconds": each.seconds}
    return {
        "noticed": minute(each.noticed_at),
        "source": each.source,
        "name": each.name,
        "day": str(each.day),
        "reading": " → ".join(dict.fromkeys(filter(None, (each.was, each.is_now)))),
        **{name: _move(move) for name, move in moves.items()},
    }


def _move(move: Move | None) -> list[float] | None:
    """Now, and by how much it moved."""
    return [round(move.after, 3), round(move.by, 3)] if move else None


def _receipt(each: Receipt) -> dict[str, Any]:
    return {
        "at": each.delivered_at[:TIME_CHARACTERS],
        "share": each.share,
        "place": each.destination,
        "route": each.route,
        "bytes": each.bytes,
        "sha256": each.sha256,
    }


def _limits(settings: Settings, runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each limit, how much it allows, and the most that was used of it; None: kept by waiting, not noted."""
    by_hour: Counter[tuple[str, str]] = Counter()
    for run in runs:
        by_hour[run["vendor"], str(run["at"])[: len("2026-01-31T12")]] += run["calls"]
    if settings.panopto.configured or any(run["vendor"] == "panopto" for run in runs):
        most = max((calls for (vendor, _), calls in by_hour.items() if vendor == "panopto"), default=0)
        yield _limit("Panopto: calls an hour", settings.panopto.calls_per_hour, most)
        yield _limit("Panopto: calls a minute", settings.panopto.calls_per_minute)
        yield _limit("Panopto: calls a second", settings.panopto.calls_per_second)
    if settings.brightcove.client_id or any(run["vendor"] == "brightcove" for run in runs):
        yield _limit("Brightcove: calls of the catalogue a second", settings.brightcove.cms_calls_per_second)
    for backfill in settings.automation.backfills:
        nights: Counter[datetime] = Counter()
        for run in runs:
            if run["backfill"] == backfill.name:
                nights[backfill.night_of(datetime.fromisoformat(run["at"]))] += run["calls"]
        yield _limit(
            f"Backfill {backfill.name}: calls a night", backfill.calls, max(nights.values(), default=0)
        )


def _limit(name: str, allowed: float, used: float | None = None) -> dict[str, Any]:
    return {"limit": name, "allowed": allowed, "used": used}
