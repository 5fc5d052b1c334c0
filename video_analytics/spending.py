"""Calls that were made, run by run: what a night has spent, and how much of the vendors' limits was used.

{root}/calls/{day}/{vendor}-{run}.json    the UTC day on which the run ended
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from video_analytics import files

KEPT_DAYS = 40


def note(root: Path, vendor: str, at: datetime, calls: float, backfill: str = "", retries: float = 0) -> None:
    """Note what a run has spent; nothing where it made no call. What is old goes."""
    if not calls:
        return
    spent = {"calls": calls, "retries": retries, "backfill": backfill}
    told = {"vendor": vendor, "at": at.isoformat(), **spent}
    path = root / "calls" / at.date().isoformat() / f"{vendor}-{uuid4().hex}.json"
    files.write_bytes(path, json.dumps(told).encode())
    _forget(root, at)


def spent(root: Path, since: datetime, backfill: str) -> float:
    """The calls of a backfill's runs that ended after an instant."""
    return sum(float(told["calls"]) for told in noted(root, since) if told["backfill"] == backfill)


def noted(root: Path, since: datetime) -> Iterator[dict[str, Any]]:
    """What the runs that ended after an instant have spent, by day: vendor, at, calls, retries, backfill."""
    for folder in sorted((root / "calls").glob("????-??-??")):
        if folder.name < since.date().isoformat():
            continue
        for path in folder.glob("*.json"):
            try:
                told: dict[str, Any] = json.loads(path.read_bytes())
            except FileNotFoundError:  # old: another run has just removed it
                continue
            if datetime.fromisoformat(told["at"]) >= since:
                yield told


def _forget(root: Path, at: datetime) -> None:
    before = (at - timedelta(days=KEPT_DAYS)).date().isoformat()
    for folder in (root / "calls").glob("????-??-??"):
        if folder.name < before:
            for path in folder.glob("*"):
                path.unlink(missing_ok=True)
            with suppress(OSError):  # another run is at it
                folder.rmdir()
