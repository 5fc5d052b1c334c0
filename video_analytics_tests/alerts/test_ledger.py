"""Each problem told once, each end told once, to every channel, whatever breaks in between."""

import datetime as dt
import json
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from video_analytics import files
from video_analytics.alerts import ledger
from video_analytics.alerts.ledger import Told, read_ledger, reconcile
from video_analytics.alerts.messages import OVER, PROBLEM, Message
from video_analytics.alerts.problem import CHANNEL, Problem
from video_analytics.errors import AlertError
from video_analytics_tests.conftest import NOW


class Crash(BaseException):
    """The process died here."""


@dataclass
class Way:
    """A channel in memory that can be dead, or crash the process before or after it took a message."""

    name: str
    dead: bool = False
    crash: str = ""
    taken: list[Message] = field(default_factory=list)

    def send(self, told: Message) -> None:
        if self.crash == "before":
            raise Crash
        if self.dead:
            raise AlertError(f"{self.name}: dead")
        self.taken.append(told)
        if self.crash == "after":
            raise Crash

    def story(self, key: str) -> list[str]:
        """What was told of a key, in order; what a crash repeated counts once."""
        once = {told.id: told for told in self.taken}
        return [told.event for told in once.values() if key in {each.key for each in told.problems}]


def problem(subject: str, cause: str = "", kind: str = "reading", *, waits: bool = False) -> Problem:
    return Problem(
        f"{kind}:{subject}", kind, subject, f"{subject} fails", "it broke", "mend it", NOW, "", cause, waits
    )


def events(way: Way) -> list[tuple[str, list[str]]]:
    return [(told.event, [each.subject for each in told.problems]) for told in way.taken]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("os.fsync", lambda _: None)  # no machine stops here, only the process
    return tmp_path / "state" / "alerts.json"


def at(minutes: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def test_a_problem_is_told_once_and_its_end_once(path: Path) -> None:
    way = Way("email")
    for minute in range(4):
        reconcile(path, [problem("neo")], [way], at(minute))
    for minute in range(4, 8):
        reconcile(path, [], [way], at(minute))
    assert events(way) == [(PROBLEM, ["neo"]), (OVER, ["neo"])]
    reconcile(path, [problem("neo")], [way], at(9))
    assert events(way)[2:] == [(PROBLEM, ["neo"])]


def test_eleven_of_one_cause_are_one_message_and_so_is_their_end(path: Path) -> None:
    way, names = Way("slack"), [f"account{number}" for number in range(11)]
    others = [problem("odd", "another cause"), problem("daily", "password", kind="delivery")]
    told = reconcile(path, [*(problem(name, "password") for name in names), *others], [way], at(0))
    assert events(way) == [(PROBLEM, names), (PROBLEM, ["odd"]), (PROBLEM, ["daily"])]
    assert (len(told.began), told.sent) == (13, {"slack": 3})
    reconcile(path, others, [way], at(1))
    assert events(way)[3:] == [(OVER, names)]


def test_what_may_pass_by_itself_is_told_later_and_keeps_what_is_open(path: Path) -> None:
    way = Way("email")
    reconcile(path, [problem("neo", waits=True)], [way], at(0))
    assert events(way) == []
    reconcile(path, [problem("neo")], [way], at(1))
    reconcile(path, [problem("neo", waits=True)], [way], at(2))
    assert events(way) == [(PROBLEM, ["neo"])]
    reconcile(path, [], [way], at(3))
    assert events(way)[1:] == [(OVER, ["neo"])]


def test_a_dead_channel_is_owed_and_told_later_in_order(path: Path) -> None:
    email, slack = Way("email"), Way("slack", dead=True)
    told = reconcile(path, [problem("neo")], [email, slack], at(0))
    assert told.failed == {"slack": "slack: dead"}
    reconcile(path, [], [email, slack], at(1))
    reconcile(path, [problem("impact")], [email, slack], at(2))
    assert len(email.taken) == 3
    slack.dead = False
    reconcile(path, [problem("impact")], [email, slack], at(3))
    assert events(slack) == events(email) == [(PROBLEM, ["neo"]), (OVER, ["neo"]), (PROBLEM, ["impact"])]


def test_what_vanished_before_anybody_knew_is_not_told(path: Path) -> None:
    ways = [Way("email", dead=True), Way("slack", dead=True)]
    reconcile(path, [problem("neo", "x"), problem("impact", "x")], ways, at(0))
    reconcile(path, [problem("impact", "x")], ways, at(1))
    for way in ways:
        way.dead = False
    reconcile(path, [problem("impact", "x")], ways, at(2))
    assert [events(way) for way in ways] == [[(PROBLEM, ["impact"])]] * 2


def test_a_channel_that_is_new_is_told_what_is_open(path: Path) -> None:
    email, teams = Way("email"), Way("teams")
    reconcile(path, [problem("neo")], [email], at(0))
    reconcile(path, [problem("neo")], [email, teams], at(1))
    assert events(teams) == [(PROBLEM, ["neo"])]
    assert len(email.taken) == 1
    reconcile(path, [], [email], at(2))
    assert not read_ledger(path).owed.get("teams")
    assert len(teams.taken) == 1


def test_without_channels_problems_are_noted_all_the_same(path: Path) -> None:
    told = reconcile(path, [problem("neo")], [], at(0))
    assert [each.key for each in told.began] == list(read_ledger(path).open) == ["reading:neo"]
    assert [each.key for each in reconcile(path, [], [], at(1)).ended] == ["reading:neo"]


def test_a_channel_is_not_told_of_its_own_silence(path: Path) -> None:
    email, slack = Way("email"), Way("slack")
    silent = problem("slack", kind=CHANNEL)
    reconcile(path, [silent], [email, slack], at(0))
    reconcile(path, [], [email, slack], at(1))
    assert events(email) == [(PROBLEM, ["slack"]), (OVER, ["slack"])]
    assert events(slack) == []


def test_kinds_nobody_looked_at_stay_as_they_are(path: Path) -> None:
    way = Way("email")
    reconcile(path, [problem("night", kind="schedule"), problem("neo")], [way], at(0))
    told = reconcile(path, [], [way], at(1), unjudged=["schedule"])
    assert [each.subject for each in told.ended] == ["neo"]
    assert list(read_ledger(path).open) == ["schedule:night"]


def test_a_resting_channel_is_owed_and_not_tried(path: Path) -> None:
    way = Way("email")
    reconcile(path, [problem("neo")], [way], at(0), resting=["email"])
    assert way.taken == []
    reconcile(path, [problem("neo")], [way], at(1))
    assert len(way.taken) == 1


def test_what_a_channel_is_owed_is_bounded(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_OWED", 12)
    email, slack = Way("email"), Way("slack", dead=True)
    last = [problem("last")]
    for number in range(30):
        reconcile(
            path, last + [problem(f"s{number}", str(number))] * (number % 3 != 0), [email, slack], at(number)
        )
    owed = read_ledger(path).owed["slack"]
    assert 0 < len(owed) <= 12
    assert owed[0].keys == {"reading:last"}  # what is still open is not what is dropped
    assert "dropped" in caplog.text


def test_two_processes_never_tell_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LOCK_SECONDS", 0.05)
    path.parent.mkdir()
    way = Way("email")
    with FileLock(path.with_suffix(".lock")):
        assert reconcile(path, [problem("neo")], [way], at(0)) == Told(busy=True)
    assert way.taken == []
    monkeypatch.setattr(ledger, "LOCK_SECONDS", 10)
    threads = [
        threading.Thread(target=reconcile, args=(path, [problem("neo")], [way], at(1))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert events(way) == [(PROBLEM, ["neo"])]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"open": [{}]}', b'{"open": 1}', b"\xff"])
def test_a_damaged_ledger_is_begun_anew(path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    way = Way("email")
    reconcile(path, [problem("neo")], [way], at(0))
    assert events(way) == [(PROBLEM, ["neo"])]
    assert "damaged" in caplog.text
    assert [one["key"] for one in json.loads(path.read_bytes())["open"]] == ["reading:neo"]


def test_an_evaluation_without_news_writes_nothing(path: Path) -> None:
    reconcile(path, [problem("neo")], [Way("email")], at(0))
    before = path.stat().st_mtime_ns
    reconcile(path, [problem("neo")], [Way("email")], at(1))
    assert path.stat().st_mtime_ns == before


KEYS = [f"s{number}" for number in range(5)]


@pytest.mark.parametrize("seed", range(14))
def test_whatever_happens_each_channel_hears_each_story_once(
    path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random problems, dead channels and crashes, before the note, before the sending and after it."""
    chance = random.Random(seed)
    faithful = chance.random() < 0.5  # one channel is never dead, nor struck
    ways = [Way("email"), Way("slack"), Way("teams")]
    openings = dict.fromkeys(KEYS, 0)
    noted: set[str] = set()
    present: set[str] = set()
    for step in range(30):
        present ^= {key for key in KEYS if chance.random() < 0.2}
        for way in ways:
            way.dead = chance.random() < 0.4 and not (faithful and way.name == "email")
        breaks = chance.choice(["", "", "", "before", "after", "note"])
        struck = chance.choice(ways[1:] if faithful else ways)
        done = _evaluate(path, present, ways, at(step), breaks, struck, monkeypatch)
        if done:
            for key in present - noted:
                openings[key] += 1
            noted = set(present)
    for way in ways:
        way.dead = False
    reconcile(path, _problems(present), ways, at(99))
    reconcile(path, _problems(present), ways, at(100))
    for key in KEYS:
        stories = [way.story(f"reading:{key}") for way in ways]
        assert stories[0] == stories[1] == stories[2], (key, stories)
        assert stories[0] == [PROBLEM, OVER] * (len(stories[0]) // 2) + [PROBLEM] * (key in present)
        if faithful:
            final = key in present and key not in noted
            assert stories[0].count(PROBLEM) == openings[key] + final
    assert not any(read_ledger(path).owed.values())


def _problems(present: Iterable[str]) -> list[Problem]:
    return [problem(key, str(KEYS.index(key) % 2)) for key in sorted(present)]


def _evaluate(
    path: Path,
    present: set[str],
    ways: list[Way],
    now: dt.datetime,
    breaks: str,
    struck: Way,
    monkeypatch: pytest.MonkeyPatch,
) -> bool:
    """Whether what there is was noted."""
    struck.crash = breaks if breaks in {"before", "after"} else ""
    try:
        with monkeypatch.context() as patch:
            if breaks == "note":
                patch.setattr(files, "write_bytes", _dying)
            reconcile(path, _problems(present), ways, now)
    except Crash:
        return breaks != "note"
    finally:
        struck.crash = ""
    return True


def _dying(_path: Path, _data: bytes) -> bool:
    raise Crash
