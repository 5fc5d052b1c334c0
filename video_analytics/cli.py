"""`video-analytics`: the command line.

Exit codes: 0, all that was asked for is complete; 1, something failed and is named; 2, a wrong call or
configuration.
"""

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click
from rich.console import Console
from rich.text import Text

from video_analytics.errors import SettingsError, VideoAnalyticsError
from video_analytics.sandbox.command import sandbox_command
from video_analytics.settings import Account, Settings, load_settings

P = ParamSpec("P")

FAILED, WRONG = 1, 2
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="video-analytics")
def main() -> None:
    """What your videos' vendors know, as data people trust.

    Start with `video-analytics demo`: it needs no account, no credentials and no network.
    """


def plainly(command: Callable[P, int]) -> Callable[P, None]:
    """Turn errors into a sentence and an exit code, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except SettingsError as error:
            Console(stderr=True).print(Text(str(error), style="red"))
            code = WRONG
        except VideoAnalyticsError as error:
            Console(stderr=True).print(Text(str(error), style="red"))
            code = FAILED
        sys.exit(code)

    return run


@main.command()
@click.option("--home", type=click.Path(path_type=Path), default=Path("demo-home"), show_default=True)
@click.option("--days", type=click.IntRange(1, 1000), default=35, show_default=True, help="The last N days.")
@click.option("--ui", is_flag=True, help="Open the Dagster UI on it afterwards, until Ctrl-C.")
@click.option("--scenario", default="plain", show_default=True, help="What goes wrong; see `sandbox --help`.")
@plainly
def demo(home: Path, days: int, ui: bool, scenario: str) -> int:
    """The whole road on a simulated vendor: no credentials, no network, under a minute."""
    from video_analytics.demo import run_demo  # noqa: PLC0415 - Dagster takes a second to import; --help must not

    return run_demo(home, days, scenario, with_ui=ui)


@main.command()
@_HOME
@click.option(
    "--source", type=click.Choice(["brightcove"]), default="brightcove", show_default=True, expose_value=False
)
@click.option("--from", "first", type=_DAY, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", type=_DAY, help="Last day, YYYY-MM-DD; must be over in the account's zone.")
@click.option("--accounts", help="Names or ids, separated by commas [default: all].")
@plainly
def run(home: Path | None, first: datetime | None, last: datetime | None, accounts: str | None) -> int:
    """Fetch what is due, or a span of days, and write the files.

    Without dates: the trailing days of every account (7 by default), and the final re-read of days that
    passed 32.
    """
    from video_analytics.running import run_road  # noqa: PLC0415 - as above

    settings = load_settings(home)
    chosen = _accounts(settings, accounts)
    return run_road(settings, chosen, _day(first), _day(last), Console())


@main.command()
@_HOME
@click.option("--accounts", help="Names or ids, separated by commas [default: all].")
@plainly
def check(home: Path | None, accounts: str | None) -> int:
    """Settings, credentials, reachability, and what only the live accounts can tell."""
    from video_analytics.running import run_checks  # noqa: PLC0415 - as above

    settings = load_settings(home)
    return run_checks(settings, _accounts(settings, accounts), Console())


@main.command()
@_HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def status(home: Path | None, as_json: bool) -> int:
    """Per account: the days that are complete, provisional, missing, failed."""
    from video_analytics.console import print_status  # noqa: PLC0415 - as above
    from video_analytics.status import status_of  # noqa: PLC0415

    settings = load_settings(home)
    statuses = [status_of(settings, account) for account in settings.brightcove.accounts]
    if as_json:
        click.echo(json.dumps({"accounts": [status.as_json() for status in statuses]}, indent=2))
    else:
        print_status(Console(), statuses)
    return FAILED if any(status.days["failed"] for status in statuses) else 0


main.add_command(sandbox_command)


def _accounts(settings: Settings, names: str | None) -> list[Account]:
    if names is None:
        return list(settings.brightcove.accounts)
    chosen = dict.fromkeys(settings.account(name.strip()) for name in names.split(",") if name.strip())
    if not chosen:
        raise SettingsError(
            "--accounts: expected names or ids separated by commas, got none; leave it out for all"
        )
    return list(chosen)


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant else None
