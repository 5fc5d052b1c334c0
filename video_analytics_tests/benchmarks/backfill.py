"""A one-year backfill of all accounts from the full-size sandbox, through client, checks and lake.

The accounts are read one after the other, so that the time spent waiting for answers can be taken off the
clock: while a call is open, only the client's own processor time counts.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import collect_days
from video_analytics.http import Answer, Call, Session
from video_analytics.lake import Lake
from video_analytics.sandbox import ZONES
from video_analytics.settings import Account, Settings, load_settings
from video_analytics_tests.benchmarks.table import line, note, peak_megabytes

YEAR = 2025
NOW = "2026-06-15T06:00:00Z"


def main() -> None:
    os.environ["VIDEO_ANALYTICS_NOW"] = NOW
    with tempfile.TemporaryDirectory() as folder, _sandbox() as (url, environment):
        settings = _home(Path(folder), environment)
        days = [date(YEAR, 1, 1) + timedelta(days=number) for number in range(365)]
        wanted = dict.fromkeys(settings.brightcove.accounts, days)
        client = Client(settings.brightcove, settings.network)
        waited = _measure_waiting()
        started, rows = time.monotonic(), 0
        for outcome in collect_days(client, Lake(settings.lake), wanted):
            if outcome.error:
                raise outcome.error
            rows += outcome.facts["rows"]
        wall = time.monotonic() - started
        log = _log(url)
        client.close()
    queries = sum(entry["kind"] == "analytics" for entry in log)
    line("backfill of a year: rows a second", rows / (wall - sum(waited)), 50_000, "/s", more_is_better=True)
    line("backfill of a year: analytics queries", queries, 264, "")
    line("backfill of a year: peak memory", peak_megabytes(), 1000, "MB")
    note(
        f"{rows:,} video-days, {len(days) * len(wanted):,} day files; {wall:.1f} s in all, "
        f"{sum(waited):.1f} s of it waiting for the vendor"
    )


def _measure_waiting() -> list[float]:
    """From now on, the seconds of each call that this process did not work."""
    waited: list[float] = []
    exchange = Session._exchange

    def measured(session: Session, call: Call, headers: dict[str, str]) -> Answer:
        started, worked = time.monotonic(), time.thread_time()
        answer = exchange(session, call, headers)
        waited.append(time.monotonic() - started - (time.thread_time() - worked))
        return answer

    setattr(Session, "_exchange", measured)  # noqa: B010 - a measuring stick, put in from outside
    return waited


def _home(home: Path, environment: dict[str, str]) -> Settings:
    built_in = Settings(home=home)
    tables = [_table(account) for account in built_in.brightcove.accounts]
    head = "[brightcove]\nparallel_accounts = 1\n"
    (home / "settings.toml").write_text("\n".join([head, *tables]), encoding="utf-8")
    return load_settings(home, environment)


def _table(account: Account) -> str:
    return (
        f"[brightcove.accounts.{account.name}]\n"
        f'id = "{account.id}"\nbusiness_unit = "{account.business_unit}"\ncategory = "{account.category}"\n'
        f'timezone = "{ZONES[account.key]}"\n'
    )


@contextmanager
def _sandbox() -> Iterator[tuple[str, dict[str, str]]]:
    command = [
        sys.executable,
        "-m",
        "video_analytics",
        "sandbox",
        "--port",
        "0",
        "--size",
        "full",
        "--now",
        NOW,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = []
        for text in process.stdout:
            said.append(text.strip())
            if text.startswith("Ctrl-C"):
                break
        exports = [text.removeprefix("export ") for text in said if text.startswith("export ")]
        yield said[0].removeprefix("listening on "), dict(text.split("=", 1) for text in exports)
        process.terminate()


def _log(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/_sandbox/log") as answer:  # noqa: S310 - the sandbox's own address
        said = json.load(answer)
    entries: list[dict[str, Any]] = said["log"] if isinstance(said, dict) else said
    return entries
