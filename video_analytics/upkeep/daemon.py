"""Dagster's own folder, and its daemon: exactly one must run. Dagster is at home here."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._daemon.types import DaemonHeartbeat

from video_analytics.instance import packaged
from video_analytics.upkeep.places import local
from video_analytics.verdicts import BAD, NOTE, OK, Verdict

FRESH = 120.0  # seconds; what gave no sign of life for longer is not at work
CYCLE = 32.0  # seconds within which a daemon gives its next sign of life; Dagster's own are 30


def probe_dagster(instance: dg.DagsterInstance, cycle: float = CYCLE) -> Iterator[Verdict]:
    """Where Dagster keeps its records, and whether one daemon is at work; that takes up to a `cycle`."""
    yield local("DAGSTER_HOME", Path(instance.root_directory), "point DAGSTER_HOME to a local folder")
    yield _configured(Path(instance.root_directory))
    yield _daemon(instance, cycle)


def _configured(folder: Path) -> Verdict:
    """Whether the home's `dagster.yaml` still is the copy it once was: an upgrade does not touch it."""
    own, ours = folder / "dagster.yaml", packaged("dagster.yaml")
    if own.read_bytes() == ours.read_bytes():
        return Verdict("dagster.yaml", OK, "as this version of the platform brings it")
    says = f"{own} differs from this version's {ours}; compare them after an upgrade"
    return Verdict("dagster.yaml", NOTE, says)


def _daemon(instance: dg.DagsterInstance, cycle: float) -> Verdict:
    beats = instance.get_daemon_heartbeats().values()
    if not beats:
        says = "none has run here: schedules and sensors wait for `dagster-daemon run -w workspace.yaml`"
        return Verdict("daemon", NOTE, says)
    newest = max(beats, key=lambda beat: beat.timestamp)
    if time.time() - newest.timestamp > FRESH:  # Dagster's clock, whatever the platform's says
        last = datetime.fromtimestamp(newest.timestamp, UTC)
        says = (
            f"its last sign of life was on {last:%F %R} UTC; start it: nothing happens by itself without it"
        )
        return Verdict("daemon", BAD, says)
    alive = _alive(instance, newest, cycle)
    if len(alive) > 1:
        return Verdict("daemon", BAD, f"expected one, got signs of life of {len(alive)}; stop all but one")
    troubled = sorted(beat.daemon_type.lower() for beat in beats if beat.errors)
    if troubled:
        return Verdict("daemon", NOTE, f"one is at work, with errors in {', '.join(troubled)}: see its log")
    return Verdict("daemon", OK, "one is at work")


def _alive(instance: dg.DagsterInstance, newest: DaemonHeartbeat, cycle: float) -> set[str | None]:
    """The ids of the daemons at work; `newest` is the last sign of life until now.

    Of two daemons the later one overwrites the sign of life of the other: it is seen again with its next one.
    """
    alive = {newest.daemon_id}
    while len(alive) == 1 and time.time() - newest.timestamp < cycle:
        time.sleep(min(1.0, cycle / 10))
        beats = instance.get_daemon_heartbeats().values()
        alive |= {beat.daemon_id for beat in beats if beat.timestamp > newest.timestamp}
    return alive
