"""What many tests share: a home, a simulated vendor, settings that point at it, and its truth.

A drill reads: `sandbox = new_sandbox({"flaky": 0.1})`, `settings = settings_for(sandbox, home)`, then
`with client_of(settings) as client`, and at the end `truth_equals_lake(sandbox, lake, accounts, days)`.
"""

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

from video_analytics.brightcove.client import Client
from video_analytics.brightcove.collect import READINGS
from video_analytics.brightcove.tables import DAILY_ANALYTICS, DEVICES, METRICS
from video_analytics.clock import VARIABLE
from video_analytics.lake import Lake, day_key
from video_analytics.sandbox import ZONES, Sandbox, Scenario
from video_analytics.settings import Account, Settings, load_settings
from video_analytics.settings.models import BUILT_IN_ACCOUNTS

# the same examples in every run, and none judged by its time: a slow machine is no finding
examples.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("tests")

NOW = dt.datetime(2026, 6, 15, 6, tzinfo=dt.UTC)
YESTERDAY = dt.date(2026, 6, 14)  # at NOW the last day that is over, in every zone of the accounts

FAST: dict[str, Any] = {
    "processing_wait_seconds": 0.02,
    "max_wait_seconds": 0.05,
    "cms_calls_per_second": 9,
    "timeout_seconds": 10,
    "report_timeout_seconds": 10,
}

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, on Linux: what is fsynced there waits for no disk
ROOM = 4 << 30

NewSandbox = Callable[..., Sandbox]
TurnClock = Callable[[Sandbox, dt.datetime], None]


def pytest_configure() -> None:
    """Temporary folders lie in memory where there is room, unless somebody chose their place."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(autouse=True)
def _no_home_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the user has set, a test writes into its own folders."""
    for name in ("DAGSTER_HOME", "DAGSTER_PG_URL", "VIDEO_ANALYTICS_HOME", VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def turn_clock(monkeypatch: pytest.MonkeyPatch) -> TurnClock:
    """`turn_clock(sandbox, instant)`: it is that instant now, for the vendor and for the platform."""

    def turn(sandbox: Sandbox, instant: dt.datetime) -> None:
        sandbox.set_now(instant)
        monkeypatch.setenv(VARIABLE, instant.isoformat())

    return turn


@pytest.fixture
def new_sandbox(turn_clock: TurnClock) -> Iterator[NewSandbox]:
    """`new_sandbox(scenario, now=…, seed=…, size=…)`: a running vendor; the platform's clock follows its."""
    with ExitStack() as running:

        def start(
            scenario: str | dict[str, Any] | Scenario | None = None,
            *,
            now: dt.datetime = NOW,
            seed: int = 1,
            size: str = "tiny",
        ) -> Sandbox:
            sandbox = Sandbox(seed=seed, size=size, scenario=scenario, now=now)
            turn_clock(sandbox, now)
            return running.enter_context(sandbox)

        yield start


def settings_for(
    sandbox: Sandbox, home: Path, *, accounts: Collection[str] | None = None, **overrides: Any
) -> Settings:
    """Settings that point at the sandbox, impatient, with the vendor's own zones; some accounts or all.

    `overrides` are keys of the table `[brightcove]`.
    """
    lines = ["[brightcove]", *(f"{key} = {_toml(value)}" for key, value in (FAST | overrides).items())]
    for name, number, unit, category in BUILT_IN_ACCOUNTS:
        if accounts is None or name in accounts:
            lines += [f"[brightcove.accounts.{name}]", f'id = "{number}"', f'business_unit = "{unit}"']
            lines += [f'category = "{category}"', f'timezone = "{ZONES[name.lower()]}"']
    (home / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_settings(home, sandbox.environment())


@contextmanager
def client_of(settings: Settings) -> Iterator[Client]:
    """A client that is closed afterwards."""
    client = Client(settings.brightcove, settings.network)
    try:
        yield client
    finally:
        client.close()


def days_until(last: dt.date, number: int) -> list[dt.date]:
    """The last `number` days up to `last`, in order."""
    return [last - dt.timedelta(days=back) for back in reversed(range(number))]


def true_rows(
    sandbox: Sandbox, account: Account, day: dt.date, now: dt.datetime | None = None
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """A day as the lake must hold it: its rows, and the sums of what belongs to no video."""
    told = sandbox.world.day(account.id, day, now or sandbox.now())
    rows = [_lake_row(account, day, row) for row in told if row["video"] is not None]
    loose = [row for row in told if row["video"] is None]
    sums = {name: sum(row[name] or 0 for row in loose) for name in METRICS} if loose else {}
    return sorted(rows, key=lambda row: str(row["video_id"])), sums


def truth_equals_lake(
    sandbox: Sandbox,
    lake: Lake,
    accounts: Iterable[Account],
    days: Iterable[dt.date],
    now: dt.datetime | None = None,
) -> int:
    """Assert that every day is there and equals the vendor's truth; gives the number of rows compared.

    Finality and the day of reading are left out; rows without a video are compared as recorded sums.
    """
    compared = 0
    listed = list(days)
    for account in accounts:
        for day in listed:
            key = day_key(account.id, day)
            table, facts = lake.read(DAILY_ANALYTICS, key), lake.facts(DAILY_ANALYTICS, key)
            assert table is not None, f"{account.name} {day} is not in the lake"
            assert facts is not None
            rows, loose = true_rows(sandbox, account, day, now)
            assert table.drop_columns(["finality", "read_on"]).to_pylist() == rows, f"{account.name} {day}"
            assert facts["unattributed"] == loose, f"{account.name} {day}"
            assert facts["rows"] == len(rows)
            assert lake.failure(DAILY_ANALYTICS, key) is None
            compared += len(rows)
    return compared


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder: its bytes and the time of its last change; not what is only remembered."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and path.name != READINGS)
    return {str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def _lake_row(account: Account, day: dt.date, told: dict[str, Any]) -> dict[str, Any]:
    devices = dict.fromkeys(DEVICES, 0)
    for device, views in told["devices"].items():
        devices[device if device in DEVICES else "other"] += views
    return {
        "account_id": account.id,
        "video_id": told["video"],
        "date": day,
        "video_name": told["video_name"],
        "video_view": told["video_view"],
        **{f"views_{device}": views for device, views in devices.items()},
        **{name: told[name] for name in METRICS if name != "video_view"},
    }


def _toml(value: Any) -> str:
    """A value as TOML: JSON will do for text, numbers and flags; a date stands bare."""
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value)
