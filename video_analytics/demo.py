"""The demo: a home, two simulated vendors, and both roads over the last days."""

import contextlib
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from video_analytics.brightcove.finality import last_closed
from video_analytics.clock import now
from video_analytics.errors import SettingsError
from video_analytics.instance import packaged
from video_analytics.running import build_pages, run_accounts, run_courses, run_usage_reports
from video_analytics.sandbox import ZONES
from video_analytics.sandbox.panopto import SITE_ZONE, PanoptoWorld
from video_analytics.settings import Settings, courses_path, load_settings, read_courses
from video_analytics.settings.delivery import DAILY, REPORTS

HASTE = 100  # the demo's vendor allows so many times the calls of the real one, to be done in a minute
MARK = "# a home made by `video-analytics demo`; it is written anew each time\n"


def run_demo(home: Path, days: int, scenario: str, *, with_ui: bool) -> int:
    """Make a home, run the road on a sandbox, say what is where; 0 when all is complete."""
    console = Console()
    with _sandbox(scenario) as environment:
        settings = make_home(home, days, environment)
        vendor = urlsplit(settings.brightcove.cms_url).netloc
        console.print(
            f"A simulated Brightcove and Panopto answer at {vendor}; the home is {settings.home}",
            soft_wrap=True,
        )
        console.rule("Brightcove", align="left")
        code = run_accounts(
            settings, settings.brightcove.accounts, settings.brightcove.start_date, None, console
        )
        console.rule("Panopto", align="left")
        code = max(code, run_courses(settings, read_courses(settings.home), None, None, console))
        console.rule("Panopto usage reports", align="left")
        code = max(code, run_usage_reports(settings, None, console, ask=True))
        _say_what_next(console, settings)
        console.rule("Pages for everybody, in any browser", align="left")
        code = max(code, build_pages(settings, console, opens=False))
        if with_ui:
            _serve_ui(console, settings)
    return code


def make_home(home: Path, days: int, environment: Mapping[str, str]) -> Settings:
    """A home for the sandbox of `environment`, in a new folder or one made by an earlier demo."""
    settings_file = home / "settings.toml"
    if home.exists() and any(home.iterdir()) and not _is_demo(settings_file):
        raise SettingsError(
            f"{home}: holds something else than a demo's home; name another folder with --home"
        )
    home.mkdir(parents=True, exist_ok=True)
    built_in = Settings(home=home.resolve())
    zoned = [
        account.model_copy(update={"timezone": ZONES[account.key]})
        for account in built_in.brightcove.accounts
    ]
    first = min(last_closed(account, now()) for account in zoned) - timedelta(days=days - 1)
    tables = [
        f"[brightcove.accounts.{account.name}]\n"
        f'id = "{account.id}"\nbusiness_unit = "{account.business_unit}"\n'
        f'category = "{account.category}"\ntimezone = "{account.timezone}"\n'
        for account in zoned
    ]
    head = f"{MARK}[brightcove]\nstart_date = {first}\nprocessing_wait_seconds = 2.0\n"
    parts = [head, *tables, _panopto(first), _shares(home)]
    settings_file.write_text("\n".join(parts), encoding="utf-8")
    with courses_path(home).open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("PanoptoFolderName", "PanoptoFolderID"))
        rows.writerows(PanoptoWorld(size="demo").courses())
    lines = "".join(f"{name}={value}\n" for name, value in environment.items())
    (home / ".env").write_text(MARK + lines, encoding="utf-8")
    (home / ".env").chmod(0o600)
    return load_settings(home)


def _panopto(first: date) -> str:
    """The table of settings for the simulated site."""
    limits = {"calls_per_second": 5, "calls_per_minute": 100, "calls_per_hour": 5000}
    lines = [f"{name} = {number * HASTE}" for name, number in limits.items()]
    return "\n".join(["[panopto]", f"start_date = {first}", f'site_timezone = "{SITE_ZONE}"', *lines]) + "\n"


def _shares(home: Path) -> str:
    """The shares of the built-in routes, as folders of the home; the pages go there too."""
    tables = []
    for name in (REPORTS, DAILY):
        folder = (home / "shares" / name).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        tables.append(f"[delivery.shares.{name}]\nroot = {json.dumps(str(folder))}\n")
    route = 'source = "pages/**/*.html"\nshare = "daily"\nfolder = "Pages"\nbusiness_unit = "Reporting"\n'
    return "\n".join([*tables, f"[delivery.routes.pages]\n{route}"])


def _is_demo(settings_file: Path) -> bool:
    return settings_file.exists() and settings_file.read_text(encoding="utf-8").startswith(MARK)


@contextlib.contextmanager
def _sandbox(scenario: str) -> Iterator[dict[str, str]]:
    """The sandbox in a process of its own; gives the variables that lead to it, ends it afterwards."""
    command = [sys.executable, "-m", "video_analytics", "sandbox", "--port", "0"]
    command += ["--scenario", scenario, "--rate-scale", str(HASTE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            yield _announced(process.stdout or ())
        finally:
            process.terminate()


def _announced(lines: Iterable[str]) -> dict[str, str]:
    """The `export NAME=value` lines a sandbox prints when it listens."""
    said = takewhile(lambda line: not line.startswith("Ctrl-C"), lines)
    exports = (line.removeprefix("export ").strip() for line in said if line.startswith("export "))
    environment = dict(line.split("=", 1) for line in exports)
    if not environment:
        raise SettingsError(
            "the sandbox did not start; run `video-analytics sandbox` with the same options to see why"
        )
    return environment


def _say_what_next(console: Console, settings: Settings) -> None:
    home = settings.home
    warehouse = settings.lake / "warehouse.duckdb"
    lines = (
        "\nLook at it:",
        f"  video-analytics status --home {home}",
        f"  video-analytics demo --home {home} --ui    the same in the Dagster UI",
        f"  {settings.exports / 'panopto' / 'retention' / 'summary.md'}    hours and plans",
        f"  video-analytics plan --home {home} --cheapest",
        f"  {home / 'shares'}    the files as they were delivered",
        f"  {warehouse}    views for analysts, such as panopto.chunked_coverage",
    )
    console.print("\n".join(lines), soft_wrap=True)


def _serve_ui(console: Console, settings: Settings) -> None:
    """Webserver and daemon on the demo's home until Ctrl-C."""
    environment = os.environ | {
        "DAGSTER_HOME": str(settings.dagster_home),
        "VIDEO_ANALYTICS_HOME": str(settings.home),
    }
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(packaged("workspace.yaml"))]
    console.print("\nThe Dagster UI starts at http://127.0.0.1:3000; end it with Ctrl-C", soft_wrap=True)
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own command
