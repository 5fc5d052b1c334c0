"""Which problems are open, who has been told, and what is still owed to whom: `state/alerts.json`.

First the ledger says that a message is owed to a channel, then it is sent, then the ledger says so: a crash
in between may repeat one message and loses none. Two processes never tell at the same time.
"""

import json
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from video_analytics import files
from video_analytics.alerts.channels import Channel
from video_analytics.alerts.messages import OVER, PROBLEM, message
from video_analytics.alerts.problem import CHANNEL, Problem
from video_analytics.errors import AlertError

FILE = "alerts.json"
MOST_OWED = 100  # messages, for each channel
MOST_SECONDS = 25.0  # of sending at a time: whoever evaluates has other things to do
LOCK_SECONDS = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owed:
    """A message that waits for a channel."""

    event: str  # problem, over
    at: datetime
    problems: tuple[Problem, ...]
    tried: bool = False  # sending it was begun: perhaps it arrived

    @property
    def keys(self) -> set[str]:
        """Of its problems."""
        return {problem.key for problem in self.problems}


@dataclass
class Ledger:
    """What is noted; changed in memory, and on disk by `save`."""

    path: Path
    open: dict[str, Problem] = field(default_factory=dict)
    told: dict[str, dict[str, datetime]] = field(default_factory=dict)  # key, channel: when
    owed: dict[str, list[Owed]] = field(default_factory=dict)  # channel: oldest first

    def save(self) -> None:
        """Replace the file; nothing is written where nothing changed."""
        tree = {
            "open": [_told(problem) for problem in self.open.values()],
            "told": {
                key: {name: at.isoformat() for name, at in by.items()} for key, by in self.told.items() if by
            },
            "owed": {
                name: [
                    {
                        "event": each.event,
                        "at": each.at.isoformat(),
                        "tried": each.tried,
                        "problems": [*map(_told, each.problems)],
                    }
                    for each in waiting
                ]
                for name, waiting in self.owed.items()
                if waiting
            },
        }
        files.write_bytes(self.path, json.dumps(tree, indent=1).encode())


@dataclass(frozen=True)
class Told:
    """What an evaluation came to: problems that began and ended, messages sent, channels that failed."""

    began: tuple[Problem, ...] = ()
    ended: tuple[Problem, ...] = ()
    sent: Mapping[str, int] = field(default_factory=dict)  # by channel
    failed: Mapping[str, str] = field(default_factory=dict)  # channel: why
    busy: bool = False  # another process was telling: nothing was done


def read_ledger(path: Path) -> Ledger:
    """The ledger of a file; an empty one if there is none, or if it is damaged."""
    try:
        tree = json.loads(path.read_bytes())
        problems = [_problem(each) for each in tree["open"]]
        return Ledger(
            path,
            {problem.key: problem for problem in problems},
            {
                key: {name: datetime.fromisoformat(at) for name, at in by.items()}
                for key, by in tree["told"].items()
            },
            {name: [_owed(each) for each in waiting] for name, waiting in tree["owed"].items()},
        )
    except FileNotFoundError:
        return Ledger(path)
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("%s is damaged and begun anew: what is open is told again", path)
        return Ledger(path)


def reconcile(
    path: Path,
    problems: Iterable[Problem],
    channels: Sequence[Channel],
    now: datetime,
    *,
    ui_url: str | None = None,
    unjudged: Collection[str] = (),
    resting: Collection[str] = (),
) -> Told:
    """Note what began and what ended since the last time, and tell it.

    `unjudged` are kinds that nobody looked at: those stay as they are. `resting` are channels that are not
    tried now; what they are owed is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):
            ledger = read_ledger(path)
            names = [channel.name for channel in channels]
            began, ended = note(ledger, list(problems), names, now, unjudged)
            ledger.save()
            living = [channel for channel in channels if channel.name not in resting]
            sent, failed = _send(ledger, living, now, ui_url)
    except Timeout:
        return Told(busy=True)
    return Told(began, ended, sent, failed)


def note(
    ledger: Ledger,
    problems: Sequence[Problem],
    names: Sequence[str],
    now: datetime,
    unjudged: Collection[str] = (),
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Bring a ledger up to date with what there is; gives the problems that began and those that ended."""
    ledger.owed = {name: ledger.owed.get(name, []) for name in names}
    ledger.told = {
        key: {name: at for name, at in ledger.told.get(key, {}).items() if name in names}
        for key in ledger.open
    }
    present = {problem.key: problem for problem in problems}
    ended = tuple(
        problem for key, problem in ledger.open.items() if key not in present and problem.kind not in unjudged
    )
    _end(ledger, ended, now)
    began = tuple(each for each in present.values() if each.key not in ledger.open and not each.waits)
    for key in present.keys() & ledger.open.keys():  # what it is now, but since when it has been told of
        ledger.open[key] = replace(present[key], since=min(present[key].since, ledger.open[key].since))
    ledger.open |= {problem.key: problem for problem in began}
    for name in names:
        lacking = [each for key, each in ledger.open.items() if not _is_informed(ledger, name, key)]
        ledger.owed[name] += [Owed(PROBLEM, now, group) for group in grouped(lacking)]
        ledger.owed[name] = _bounded(name, ledger.owed[name])
    return began, ended


def _end(ledger: Ledger, ended: Iterable[Problem], now: datetime) -> None:
    """Who was told of a problem, or will be as others were, is told of its end; if nobody was, nobody is."""
    over: dict[str, list[Problem]] = {}
    for problem in ended:
        told = ledger.told.pop(problem.key, {})
        del ledger.open[problem.key]
        owed = {
            name: last
            for name, waiting in ledger.owed.items()
            if (last := _last(waiting, problem.key)) is not None and waiting[last].event == PROBLEM
        }
        if told or any(ledger.owed[name][last].tried for name, last in owed.items()):
            for name in [*told, *(name for name in owed if name not in told)]:
                over.setdefault(name, []).append(problem)
        else:
            for name, last in owed.items():
                ledger.owed[name][last] = _without(ledger.owed[name][last], problem.key)
    for name, problems in over.items():
        ledger.owed[name] += [Owed(OVER, now, group) for group in grouped(problems)]
    ledger.owed = {name: [each for each in waiting if each.problems] for name, waiting in ledger.owed.items()}


def grouped(problems: Iterable[Problem]) -> list[tuple[Problem, ...]]:
    """Those of one kind and one cause together."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.kind, problem.cause or problem.key), []).append(problem)
    return [tuple(group) for group in groups.values()]


def _is_informed(ledger: Ledger, name: str, key: str) -> bool:
    """Whether a channel knows of an open problem, or will; of its own silence it need not."""
    if key == f"{CHANNEL}:{name}":
        return True
    last = _last(ledger.owed[name], key)
    if last is None:
        return name in ledger.told.get(key, {})
    return ledger.owed[name][last].event == PROBLEM


def _last(waiting: Sequence[Owed], key: str) -> int | None:
    return next((at for at in reversed(range(len(waiting))) if key in waiting[at].keys), None)


def _without(owed: Owed, key: str) -> Owed:
    return replace(owed, problems=tuple(each for each in owed.problems if each.key != key))


def _bounded(name: str, waiting: list[Owed]) -> list[Owed]:
    """The newest; what began and ended in the meantime goes first."""
    if len(waiting) <= MOST_OWED:
        return waiting
    kept = list(waiting)
    for at, each in enumerate(waiting):
        if each.event == OVER:
            for key in each.keys:
                before = _last(kept[:at], key)
                if before is not None and kept[before].event == PROBLEM:
                    kept[before], kept[at] = _without(kept[before], key), _without(kept[at], key)
    kept = [each for each in kept if each.problems][-MOST_OWED:]
    log.warning("%s has not taken messages for long: %d are dropped", name, len(waiting) - len(kept))
    return kept


def _send(
    ledger: Ledger, channels: Iterable[Channel], now: datetime, ui_url: str | None
) -> tuple[dict[str, int], dict[str, str]]:
    sent: dict[str, int] = {}
    failed: dict[str, str] = {}
    begun = time.monotonic()
    for channel in channels:
        waiting = ledger.owed[channel.name]
        while waiting and time.monotonic() - begun < MOST_SECONDS:
            first = waiting[0]
            waiting[0] = replace(first, tried=True)
            ledger.save()
            try:
                channel.send(message(first.event, first.problems, first.at, ui_url))
            except AlertError as error:
                failed[channel.name] = str(error)
                waiting[0] = first
                ledger.save()
                break
            waiting.pop(0)
            if first.event == PROBLEM:
                for key in first.keys & ledger.open.keys():
                    if _last(waiting, key) is None:  # not of an earlier time that it was there
                        ledger.told.setdefault(key, {})[channel.name] = now
            ledger.save()
            sent[channel.name] = sent.get(channel.name, 0) + 1
    return sent, failed


# --- to and from JSON -------------------------------------------------------------------------------------


def _told(problem: Problem) -> dict[str, Any]:
    return {**vars(problem), "since": problem.since.isoformat()}


def _problem(tree: dict[str, Any]) -> Problem:
    return Problem(**{**tree, "since": datetime.fromisoformat(tree["since"])})


def _owed(tree: dict[str, Any]) -> Owed:
    problems = tuple(_problem(each) for each in tree["problems"])
    return Owed(tree["event"], datetime.fromisoformat(tree["at"]), problems, tree["tried"])
