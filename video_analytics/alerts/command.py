"""`alert`: try the channels, look once and tell, or list what is open. For people, cron and systemd."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from video_analytics.clock import now
from video_analytics.errors import SettingsError
from video_analytics.exits import FAILED, plainly
from video_analytics.settings import Settings, load_settings


@click.command("alert")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)
@click.option("--test", is_flag=True, help="Send a test mail and card through every channel that is set up.")
@click.option("--list", "listing", is_flag=True, help="Print the problems that are open; send nothing.")
@plainly
def alert_command(home: Path | None, *, test: bool, listing: bool) -> int:
    """Look once for problems and tell those that are new, and those that are over.

    The daemon does this by itself every minute. From cron or a systemd timer this command also tells when
    the daemon itself is dead. Each problem is told once, whoever finds it first.
    """
    settings, console = load_settings(home), Console(highlight=False)
    if test and listing:
        raise SettingsError("--test, --list: expected one of them, got both; leave one out")
    if test:
        return _test(settings, console)
    return _list(settings, console) if listing else _tell(settings, console)


def _test(settings: Settings, console: Console) -> int:
    from video_analytics.alerts.channels import channels  # noqa: PLC0415 - --help must not wait for all this
    from video_analytics.alerts.messages import trial  # noqa: PLC0415
    from video_analytics.alerts.telling import record  # noqa: PLC0415
    from video_analytics.errors import AlertError  # noqa: PLC0415
    from video_analytics.journal import Journal  # noqa: PLC0415

    found, at = channels(settings), now()
    if not found:
        raise SettingsError(
            "settings.toml: alerts: expected a channel, got none; set alerts.smtp_host with email_from and "
            "email_to, or slack_url, teams_url, webhook_url in secrets.json"
        )
    failed: dict[str, str] = {}
    for channel in found:
        try:
            channel.send(trial(at))
        except AlertError as error:
            failed[channel.name] = str(error)
        line = failed.get(channel.name, f"{channel.name}: sent")
        style = "red" if channel.name in failed else "green"
        console.print(
            Text(f"{'FAILED' if channel.name in failed else 'ok':<7} {line}", style), soft_wrap=True
        )
    record(Journal(settings.state), {channel.name: 1 for channel in found}, failed, at)
    return FAILED if failed else 0


def _tell(settings: Settings, console: Console) -> int:
    from video_analytics.alerts.telling import evaluate  # noqa: PLC0415 - as above
    from video_analytics.journal import Journal  # noqa: PLC0415
    from video_analytics.lake import Lake  # noqa: PLC0415

    told = evaluate(settings, Journal(settings.state), Lake(settings.lake), now(), inside=False)
    if told.busy:
        console.print("another process is telling; nothing was done")
    for problem in told.began:
        console.print(Text(f"PROBLEM {problem.title}: {problem.why}", "red"), soft_wrap=True)
    for problem in told.ended:
        console.print(Text(f"over    {problem.title}", "green"), soft_wrap=True)
    for name, count in told.sent.items():
        console.print(f"{name}: {count} sent")
    for why in told.failed.values():
        console.print(Text(f"FAILED {why}", "red"), soft_wrap=True)
    return FAILED if told.failed else 0


def _list(settings: Settings, console: Console) -> int:
    from video_analytics.alerts.ledger import FILE, read_ledger  # noqa: PLC0415 - as above
    from video_analytics.alerts.reading import instant  # noqa: PLC0415

    ledger = read_ledger(settings.state / FILE)
    if not ledger.open:
        console.print("no problem is open")
        return 0
    table = Table("problem", "since", "why", "what to do", "told by", box=None, padding=(0, 2, 0, 0))
    for key, problem in ledger.open.items():
        by = ", ".join(ledger.told.get(key, {})) or "nobody yet"
        table.add_row(*map(Text, (problem.title, instant(problem.since), problem.why, problem.mend, by)))
    console.print(table)
    return 0
