"""One evaluation after the other, as the daemon's sensor makes them."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from video_analytics import clock
from video_analytics.alerts import channels as ways
from video_analytics.alerts.ledger import FILE, Told
from video_analytics.alerts.telling import evaluate
from video_analytics.errors import LakeError
from video_analytics.quality import Finding
from video_analytics.settings.alerts import Alerts
from video_analytics_tests.alerts.homes import COURSE, Home
from video_analytics_tests.conftest import NOW
from video_analytics_tests.vendor import Asked, Said, Vendor, vendor

MINUTE = dt.timedelta(minutes=1)


class Watched(Home):
    """A home that tells two webhooks."""

    def tells(self, webhook: Vendor, slack: Vendor) -> None:
        alerts = Alerts(
            webhook_url=SecretStr(webhook.url + "/hook-canary"),
            slack_url=SecretStr(slack.url + "/hook-canary"),
        )
        self.settings = self.settings.model_copy(update={"alerts": alerts})

    def evaluate(self, minutes: float = 0, **more: Any) -> Told:
        return evaluate(self.settings, self.journal, self.lake, NOW + minutes * MINUTE, **more)


@pytest.fixture
def watched(home: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv(clock.VARIABLE, NOW.isoformat())
    monkeypatch.setattr(ways, "PAUSE_SECONDS", 0)
    return Watched(home)


def subjects(server: Vendor) -> list[tuple[str, list[str]]]:
    bodies = [json.loads(asked.body) for asked in server.asked]
    return [(body["event"], [each["subject"] for each in body["problems"]]) for body in bodies]


def test_from_failure_to_recovery(watched: Watched) -> None:
    with vendor(Said()) as webhook, vendor(Said()) as slack:
        watched.tells(webhook, slack)
        for minute, name in enumerate(("neo", "impact")):
            watched.journal.failed("brightcove/cms_catalog", name, NOW, f"{name}: HTTP 401", permanent=True)
            assert watched.evaluate(minute).sent == {"webhook": 1, "slack": 1}
        for name in ("neo", "impact"):
            watched.journal.succeeded("brightcove/cms_catalog", name, NOW)
        watched.evaluate(2)
        assert watched.evaluate(3).sent == {}
    names = ["brightcove:neo"], ["brightcove:impact"]
    assert subjects(webhook) == [*(("problem", name) for name in names), ("over", [*names[0], *names[1]])]
    assert len(slack.asked) == 3
    assert watched.journal.last_tick("alerts") == NOW + 3 * MINUTE


def test_a_dead_channel_is_told_on_the_others_and_catches_up(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    alive = False

    def slowly(_number: int, _asked: Asked) -> Said:
        return Said(200 if alive else 503)

    with vendor(Said()) as webhook, vendor(slowly) as slack:
        watched.tells(webhook, slack)
        watched.journal.failed("brightcove/cms_catalog", "neo", NOW, "HTTP 401", permanent=True)
        for minute in range(10):
            watched.evaluate(minute)
        assert len(slack.asked) == 2 * 4  # at minutes 0, 1, 3 and 7
        assert subjects(webhook) == [("problem", ["brightcove:neo"]), ("problem", ["slack"])]
        alive = True
        told = watched.evaluate(60)
        assert told.sent == {"slack": 1}
        watched.evaluate(61)
        assert subjects(webhook)[2:] == [("over", ["slack"])]
    assert len(slack.asked) == 2 * 4 + 1
    assert "hook-canary" not in caplog.text
    assert "503" in caplog.text
    assert not any(b"hook-canary" in path.read_bytes() for path in watched.settings.state.rglob("*.json"))


def test_what_was_not_looked_at_stays_open(watched: Watched) -> None:
    bad = [Finding("keys_unique", "neo", ok=False, says="12 keys are there twice")]
    due = {"nightly": NOW - 60 * MINUTE}
    with vendor(Said()) as webhook, vendor(Said()) as slack:
        watched.tells(webhook, slack)
        told = watched.evaluate(judge=lambda: bad, expected_ticks=due)
        assert {each.kind for each in told.began} == {"quality", "schedule"}
        assert watched.evaluate(1).ended == ()
        assert len(watched.evaluate(2, judge=list, expected_ticks={}).ended) == 2


def test_checks_that_cannot_be_made_silence_nobody(watched: Watched) -> None:
    def broken() -> list[Finding]:
        raise LakeError("a.parquet: expected a Parquet file of this lake, got ArrowInvalid; move it away")

    bad = [Finding("keys_unique", "neo", ok=False, says="12 keys are there twice")]
    watched.evaluate(judge=lambda: bad)
    told = watched.evaluate(1, judge=broken)
    assert [(each.key, "a.parquet" in each.why) for each in told.began] == [("making:checks:all", True)]
    assert told.ended == ()
    assert [each.key for each in watched.evaluate(2, judge=lambda: bad).ended] == ["making:checks:all"]


def test_a_first_evaluation_of_an_older_home_tells_nothing(watched: Watched) -> None:
    for path in watched.settings.state.rglob("*.json"):
        path.unlink()
    watched.hold("1", [dt.date(2026, 1, 1)])
    watched.hold(COURSE, [dt.date(2026, 1, 1)])
    assert watched.evaluate(expected_ticks={"nightly": NOW - 60 * MINUTE}) == Told()
    assert (watched.settings.state / FILE).exists()
    assert watched.journal.last_tick("wanted brightcove:neo") == NOW


def test_the_daemon_that_returns_ends_what_was_told_from_outside(watched: Watched) -> None:
    day = 1440.0
    with vendor(Said()) as webhook, vendor(Said()) as slack:
        watched.tells(webhook, slack)
        watched.evaluate()
        watched.evaluate(day * 2, inside=False)
        watched.evaluate(day * 2 + 1, inside=False)
        watched.evaluate(day * 2 + 2)
    assert subjects(webhook) == [("problem", ["alerts"]), ("over", ["alerts"])]
