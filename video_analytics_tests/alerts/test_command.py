"""`alert` as people, cron and systemd call it."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from video_analytics import clock
from video_analytics.alerts import channels as ways
from video_analytics.alerts.command import alert_command
from video_analytics.journal import Journal
from video_analytics_tests.alerts.postbox import Postbox, mail_server
from video_analytics_tests.conftest import NOW
from video_analytics_tests.vendor import Said, Vendor, vendor


@pytest.fixture(autouse=True)
def _at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.VARIABLE, NOW.isoformat())
    monkeypatch.setattr(ways, "PAUSE_SECONDS", 0)
    for name in ("BRIGHTCOVE_CLIENT_ID", "PANOPTO_SERVER"):
        monkeypatch.delenv(name, raising=False)


def call(home: Path, *options: str) -> Result:
    return CliRunner().invoke(alert_command, ["--home", str(home), *options], env={"COLUMNS": "200"})


def set_up(home: Path, mail_port: int = 0, hook: Vendor | None = None) -> None:
    mail = (
        f'smtp_host = "localhost"\nsmtp_port = {mail_port}\nsmtp_security = "none"\n'
        'email_from = "alerts@example.com"\nemail_to = ["team@example.com"]\n'
    )
    (home / "settings.toml").write_text("[alerts]\n" + mail * bool(mail_port), encoding="utf-8")
    secrets = {"alerts": {"webhook_url": f"{hook.url}/hook-canary"}} if hook else {}
    (home / "secrets.json").write_text(json.dumps(secrets), encoding="utf-8")


def test_a_test_goes_through_every_channel(home: Path) -> None:
    box = Postbox()
    with mail_server(box) as port, vendor(Said()) as hook:
        set_up(home, port, hook)
        result = call(home, "--test")
    assert (result.exit_code, result.stdout) == (0, "ok      email: sent\nok      webhook: sent\n")
    assert box.mail()["Subject"] == "[video-analytics] Test of the alerts"
    assert json.loads(hook.asked[0].body)["event"] == "test"


def test_a_test_that_fails_names_the_channel_and_no_address(home: Path) -> None:
    box = Postbox()
    with mail_server(box) as port, vendor(Said(404)) as hook:
        set_up(home, port, hook)
        result = call(home, "--test")
    assert result.exit_code == 1
    assert "ok      email: sent" in result.stdout
    assert "FAILED  webhook: expected HTTP 2xx, got 404; make a new address" in result.stdout
    assert "hook-canary" not in result.output
    entry = Journal(home / "state").entry("alerts/webhook", "all")
    assert entry is not None
    assert entry.failing


def test_a_test_without_channels_is_a_wrong_call(home: Path) -> None:
    result = call(home, "--test")
    assert result.exit_code == 2
    assert "expected a channel, got none" in result.stderr
    assert call(home, "--test", "--list").exit_code == 2


def test_from_outside_a_dead_daemon_is_told_once_and_listed(home: Path) -> None:
    Journal(home / "state").tick("alerts", NOW - dt.timedelta(hours=1))
    with vendor(Said()) as hook:
        set_up(home, hook=hook)
        first, second = call(home), call(home)
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert (
            "PROBLEM The daemon does not run: its last sign of life was 2026-06-15 05:00 UTC" in first.stdout
        )
        assert second.stdout == ""
        assert len(hook.asked) == 1
        listed = call(home, "--list").stdout
        assert "The daemon does not run" in listed
        assert "webhook" in listed
        Journal(home / "state").tick("alerts", NOW)
        assert "over    The daemon does not run" in call(home).stdout
    assert call(home, "--list").stdout == "no problem is open\n"


def test_a_dead_channel_makes_the_command_fail(home: Path) -> None:
    Journal(home / "state").tick("alerts", NOW - dt.timedelta(hours=1))
    with vendor(Said(500)) as hook:
        set_up(home, hook=hook)
        result = call(home)
    assert result.exit_code == 1
    assert "FAILED webhook: expected HTTP 2xx, got 500" in result.stdout
