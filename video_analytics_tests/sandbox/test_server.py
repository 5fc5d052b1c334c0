import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

import video_analytics.sandbox
from video_analytics import clock
from video_analytics.sandbox import Sandbox, World, truth
from video_analytics.sandbox.command import sandbox_command
from video_analytics_tests.sandbox.conftest import INTERNET, NOW, Caller

RUN = "from video_analytics.sandbox.command import sandbox_command; sandbox_command()"


def test_nothing_of_the_client_is_imported() -> None:
    modules = list(Path(video_analytics.sandbox.__file__).parent.rglob("*.py"))
    imported = set()
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported |= {f"{node.module}.{alias.name}" for alias in node.names}
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
    ours = {name for name in imported if name.startswith("video_analytics")}
    allowed = ("video_analytics.sandbox", "video_analytics.clock", "video_analytics.errors")
    assert len(modules) > 20
    assert not {name for name in ours if not name.startswith(allowed)}


def test_it_starts_and_stops_quickly_on_the_loopback_only() -> None:
    began = time.perf_counter()
    with Sandbox(size="demo", now=NOW) as sandbox:
        assert requests.get(f"{sandbox.url}/_sandbox/", timeout=5).status_code == 200
        assert time.perf_counter() - began < 0.5
        assert sandbox.url.startswith("http://127.0.0.1:")
    assert time.perf_counter() - began < 2
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.url, timeout=1)


def test_the_clock_runs_stops_and_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(size="tiny")
    assert abs(sandbox.now() - datetime.now(UTC)) < timedelta(seconds=5)
    sandbox.advance(days=2)
    assert sandbox.now() - datetime.now(UTC) > timedelta(days=1, hours=23)
    sandbox.set_now(NOW)
    sandbox.advance(days=1)
    assert sandbox.now() == NOW + timedelta(days=1)
    with pytest.raises(ValueError, match="offset"):
        sandbox.set_now(NOW.replace(tzinfo=None))
    monkeypatch.setenv(clock.VARIABLE, "2026-01-01T00:00:00Z")
    assert Sandbox(size="tiny").now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_unknown_size_is_named() -> None:
    with pytest.raises(ValueError, match="huge"):
        World(1, "huge")


def test_its_own_door(sandbox: Sandbox, caller: Caller) -> None:
    door = f"{sandbox.url}/_sandbox"
    caller.count()
    log = requests.get(f"{door}/log", timeout=5).json()
    assert log == sandbox.log()
    assert [entry["account"] for entry in log] == [None, INTERNET]
    assert requests.delete(f"{door}/log", timeout=5).json() == []
    assert requests.put(f"{door}/scenario", json="storm", timeout=5).json()["storm"]["requests"] == 30
    assert requests.get(f"{door}/scenario", timeout=5).json()["storm"]["retry_after"] == "1"
    wrong = requests.put(f"{door}/scenario", json={"flakey": 1}, timeout=5)
    assert wrong.status_code == 400
    assert "flakey" in wrong.json()["error"]
    assert requests.put(f"{door}/clock", json={"now": "2026-07-01T00:00:00Z"}, timeout=5).status_code == 200
    assert requests.get(f"{door}/clock", timeout=5).json() == {"now": "2026-07-01T00:00:00+00:00"}
    assert requests.put(f"{door}/clock", json={"now": "today"}, timeout=5).status_code == 400
    asked = {"account": INTERNET, "from": "2026-06-28", "to": "2026-07-01"}
    told = requests.get(f"{door}/truth", params=asked, timeout=5).json()
    days = [datetime.fromisoformat(asked[key]).date() for key in ("from", "to")]
    assert told == truth(sandbox.world, INTERNET, days[0], days[1], sandbox.now())
    assert requests.get(f"{door}/truth", params={"account": "x"}, timeout=5).status_code == 400
    catalogue = requests.get(f"{door}/catalogue", params={"account": "internet"}, timeout=5).json()
    assert catalogue["videos"] == sandbox.world.videos(INTERNET, sandbox.now())
    assert requests.get(f"{door}/nothing", timeout=5).status_code == 404


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-c", RUN, "--port", "0", "--size", "tiny", "--now", "2026-06-10T09:00:00Z"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", first)
        assert found
        now = requests.get(f"{found[1]}/_sandbox/clock", timeout=5).json()["now"]
        assert now == "2026-06-10T09:00:00+00:00"
        process.send_signal(signal.SIGTERM)
        rest, errors = process.stdout.read(), process.stderr.read()
        process.wait(timeout=5)
    assert process.returncode == 0
    assert errors == ""
    assert f"export BRIGHTCOVE_CMS_URL={found[1]}/cms/v1" in rest
    assert f"export PANOPTO_SERVER={found[1]}\n" in rest
    assert all(f"export PANOPTO_{name}=" in rest for name in ("USERNAME", "PASSWORD", "CLIENT_ID"))
    assert "no_device_ranges" in rest


def test_the_command_prints_the_truth() -> None:
    asked = [
        "--truth",
        "neo",
        "--from",
        "2026-03-02",
        "--to",
        "2026-03-03",
        "--size",
        "tiny",
        "--now",
        "2026-06-10",
    ]
    told = json.loads(CliRunner().invoke(sandbox_command, asked).output)
    world = World(1, "tiny")
    midnight = datetime(2026, 6, 10, tzinfo=UTC)
    days = datetime(2026, 3, 2, tzinfo=UTC).date(), datetime(2026, 3, 3, tzinfo=UTC).date()
    assert told == truth(world, "5972928207001", days[0], days[1], midnight)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--scenario", "nothing.toml"], "nothing.toml"),
        (["--now", "today"], "ISO instant"),
        (["--truth", "neo"], "--from and --to"),
        (["--truth", "x", "--from", "2026-01-01", "--to", "2026-01-01"], "no account"),
    ],
)
def test_the_command_explains_what_is_wrong(arguments: list[str], named: str) -> None:
    result = CliRunner().invoke(sandbox_command, ["--size", "tiny", *arguments])
    assert result.exit_code == 2
    assert named in result.output


def test_a_taken_port_is_explained(sandbox: Sandbox) -> None:
    port = sandbox.url.rpartition(":")[2]
    command = [sys.executable, "-c", RUN, "--size", "tiny", "--port", port]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ.copy(), timeout=20
    )
    assert done.returncode == 1
    assert "choose another --port" in done.stderr
