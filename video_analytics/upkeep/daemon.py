"""Dagster's own folder, and its daemon: exactly one must run. Dagster is at home here."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._daemon.types import DaemonHeartbeat

from video_analytics.instance import packaged
from video_analytics.upkeep.places import local
from video_analytics.verdicts import BAD, NOTE, OK, Verdict

FRESH = 120.0  # seconds; a daemon gives a sign of life every 30


def probe_dagster(instance: dg.DagsterInstance) -> Iterator[Verdict]:
    """Where Dagster keeps its records, and whether one daemon is at work."""
    yield local("DAGSTER_HOME", Path(instance.root_directory), "point DAGSTER_HOME to a local folder")
    yield _configured(Path(instance.root_directory))
    yield _daemon(list(instance.get_daemon_heartbeats().values()), time.time())


def _configured(folder: Path) -> Verdict:
    """Whether the home's `dagster.yaml` still is the copy it once was: an upgrade does not touch it."""
    own, ours = folder / "dagster.yaml", packaged("dagster.yaml")
    if own.read_bytes() == ours.read_bytes():
        return Verdict("dagster.yaml", OK, "as this version of the platform brings it")
    return Verdict(
        "dagster.yaml", NOTE, f"{own} differs from this version's {ours}; compare them after an upgrade"
    )


def _daemon(beats: Sequence[DaemonHeartbeat], now: float) -> Verdict:
    """`now` is the machine's time, as Dagster's own is, whatever the platform's clock says."""
    if not beats:
        says = "none has run here: schedules and sensors wait for `dagster-daemon run -w workspace.yaml`"
        return Verdict("daemon", NOTE, says)
    newest = max(beat.timestamp for beat in beats)
    if now - newest > FRESH:
        last = datetime.fromtimestamp(newest, UTC)
        says = (
            f"its last sign of life was on {last:%F %R} UTC; start it: nothing happens by itself without it"
        )
        return Verdict("daemon", BAD, says)
    alive = [beat for beat in beats if newest - beat.timestamp <= FRESH]
    ids = {beat.daemon_id for beat in alive}
    if len(ids) > 1:
        says = (
            f"expected one, got signs of life of {len(ids)}; stop all but one; after a restart wait 2 minutes"
        )
        return Verdict("daemon", BAD, says)
    troubled = sorted(beat.daemon_type.lower() for beat in alive if beat.errors)
    if troubled:
        return Verdict("daemon", NOTE, f"one is at work, with errors in {', '.join(troubled)}: see its log")
    return Verdict("daemon", OK, f"one is at work, last sign of life {now - newest:,.0f} s ago")
