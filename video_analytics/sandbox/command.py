"""`sandbox`: the simulated vendors on the command line, for demonstrations, drills and other processes."""

import signal
import threading
from contextlib import ExitStack
from datetime import UTC, date, datetime

import click
import msgspec

from video_analytics.errors import SettingsError
from video_analytics.sandbox.accounts import ACCOUNTS, find_account
from video_analytics.sandbox.scenario import BUILT_IN, load_scenario
from video_analytics.sandbox.server import Sandbox
from video_analytics.sandbox.world import SIZES, truth

_DAY = click.DateTime(formats=["%Y-%m-%d"])


def _instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    """An ISO instant; without an offset it means UTC."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an ISO instant such as 2026-01-31T04:00:00Z") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@click.command("sandbox")
@click.option("--port", default=8765, show_default=True, help="0 picks a free port.")
@click.option("--scenario", default="plain", show_default=True, help="A built-in, or a TOML or JSON file.")
@click.option("--seed", default=1, show_default=True, help="Another seed is another world.")
@click.option("--size", type=click.Choice(list(SIZES)), default="demo", show_default=True)
@click.option("--rate-scale", type=float, help="So many times the calls the vendors allow in a second.")
@click.option("--now", callback=_instant, metavar="ISO", help="Stop the sandbox's clock at this instant.")
@click.option(
    "--truth", "account", help="Print the truth of a Brightcove account (name or id) as JSON, and exit."
)
@click.option("--from", "start", type=_DAY, help="First day of the truth.")
@click.option("--to", "end", type=_DAY, help="Last day of the truth.")
def sandbox_command(
    port: int,
    scenario: str,
    seed: int,
    size: str,
    rate_scale: float | None,
    now: datetime | None,
    account: str | None,
    start: datetime | None,
    end: datetime | None,
) -> None:
    """A simulated Brightcove and a simulated Panopto on the loopback: known truth, faults to order."""
    try:
        wrong = load_scenario(scenario)
        if rate_scale is not None:
            wrong = msgspec.structs.replace(wrong, rate_scale=rate_scale)
        sandbox = Sandbox(seed=seed, size=size, scenario=wrong, now=now, port=port)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    if account:
        _print_truth(sandbox, account, start, end)
        return
    _serve(sandbox)


def _print_truth(sandbox: Sandbox, account: str, start: datetime | None, end: datetime | None) -> None:
    if start is None or end is None:
        raise click.UsageError("--truth needs --from and --to")
    try:
        account_id = find_account(account).id
    except KeyError as error:
        names = ", ".join(known.name for known in ACCOUNTS)
        raise click.UsageError(f"--truth: no account {account!r}; the accounts are {names}") from error
    days: tuple[date, date] = (start.date(), end.date())
    click.echo(msgspec.json.encode(truth(sandbox.world, account_id, *days, sandbox.now())))


def _serve(sandbox: Sandbox) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with ExitStack() as stack:
        try:
            stack.enter_context(sandbox)
        except OSError as error:
            raise click.ClickException(f"cannot listen: {error}; choose another --port, or 0") from error
        _announce(sandbox)
        stop.wait()


def _announce(sandbox: Sandbox) -> None:
    """The first line is for machines, the rest for people (echo flushes each)."""
    click.echo(f"listening on {sandbox.url}")
    click.echo("\nFor the shell that runs the client:")
    for name, value in sandbox.environment().items():
        click.echo(f"export {name}={value}")
    click.echo(f"\nScenarios: {', '.join(BUILT_IN)}\nIts own door: {sandbox.url}/_sandbox/\nCtrl-C ends it.")
