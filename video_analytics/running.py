"""The commands `run` and `check`, from settings to an exit code."""

from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.text import Text

from video_analytics.brightcove.client import Client, credentials
from video_analytics.brightcove.collect import recall
from video_analytics.brightcove.probes import BAD, OK, probe
from video_analytics.console import Bars, print_calls, print_failures, print_files
from video_analytics.http import Tally
from video_analytics.instance import open_instance
from video_analytics.lake import Lake
from video_analytics.roads import run_brightcove, wanted_days
from video_analytics.runs import Runner, sweep
from video_analytics.settings import Account, Settings


def run_road(
    settings: Settings, accounts: Sequence[Account], first: date | None, last: date | None, console: Console
) -> int:
    """Materialize the whole road for some accounts and days; 0 only when all of it is complete."""
    credentials(settings.brightcove)
    sweep(settings)
    wanted = wanted_days(settings, accounts, first, last)
    tally = Tally()
    with open_instance(settings) as (instance, tags), Bars(console, tally) as bars:
        runner = Runner(settings, bars, tally, instance, tags)
        run_brightcove(runner, wanted)
    days = sum(map(len, wanted.values()))
    print_failures(console, bars.failures)
    console.print(f"{days:,} account-days asked for, {bars.rows:,} rows of videos and days in the lake")
    print_calls(console, tally)
    if bars.files:
        console.print(f"Files in {settings.exports}:", soft_wrap=True)
        print_files(console, settings.exports, bars.files)
    for error in runner.errors if not bars.failures else ():
        console.print(Text(f"FAILED {error}", style="red"), soft_wrap=True)
    return 0 if runner.ok else 1


def run_checks(settings: Settings, accounts: Sequence[Account], console: Console) -> int:
    """Print a verdict for each probe; 0 when none failed."""
    credentials(settings.brightcove)
    client, lake = Client(settings.brightcove, settings.network), Lake(settings.lake)
    console.print(Text(f"ok      settings: home {settings.home}, {len(accounts)} accounts"))
    colours = {OK: "green", BAD: "red"}
    recall(lake, client)
    failed = 0
    try:
        for verdict in probe(client, lake, accounts):
            line = Text(f"{verdict.verdict:<7} ", style=colours.get(verdict.verdict, "yellow"))
            console.print(line.append(f"{verdict.probe}: {verdict.says}", style="default"), soft_wrap=True)
            failed += verdict.verdict == BAD
    finally:
        client.close()
    return 1 if failed else 0
