"""The commands `run` and `check`, from settings to an exit code."""

import os
import webbrowser
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from rich.console import Console
from rich.text import Text

from video_analytics import roads, verdicts
from video_analytics.brightcove import probes as brightcove_probes
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.client import credentials as brightcove_credentials
from video_analytics.brightcove.collect import recall
from video_analytics.clock import now
from video_analytics.console import Bars, print_calls, print_failures, print_files
from video_analytics.http import Tally
from video_analytics.instance import open_instance
from video_analytics.lake import Lake
from video_analytics.pages.address import address
from video_analytics.panopto import probes as panopto_probes
from video_analytics.panopto.plan import present, sessions_of
from video_analytics.panopto.resources import open_road
from video_analytics.panopto.rest import credentials as panopto_credentials
from video_analytics.roads import run_brightcove, run_panopto, run_reports, wanted_days
from video_analytics.runs import Runner, sweep
from video_analytics.settings import Account, Course, Settings
from video_analytics.upkeep.daemon import probe_dagster
from video_analytics.upkeep.probes import probe_platform


def run_accounts(
    settings: Settings, accounts: Sequence[Account], first: date | None, last: date | None, console: Console
) -> int:
    """Materialize the whole road of Brightcove for some accounts and days; 0 only when all is complete."""
    brightcove_credentials(settings.brightcove)
    wanted = wanted_days(settings, accounts, first, last)
    days = sum(map(len, wanted.values()))

    def said(bars: Bars, _: Tally) -> Iterable[str]:
        yield f"{days:,} account-days asked for, {bars.rows:,} rows of videos and days in the lake"

    return _run(settings, "brightcove", lambda runner: run_brightcove(runner, wanted), said, console)


def run_courses(
    settings: Settings, courses: Sequence[Course], first: date | None, last: date | None, console: Console
) -> int:
    """Materialize the whole road of Panopto for some courses and days; 0 only when all is complete."""
    panopto_credentials(settings.panopto)

    def said(bars: Bars, tally: Tally) -> Iterable[str]:
        yield f"{len(courses):,} courses, {bars.rows:,} viewing records in the partitions read"
        lake = Lake(settings.lake)
        sessions = sum(len(present(sessions_of(lake, course.id))) for course in courses)
        asked, summaries = (tally.total(f"Get{k}Usage") for k in ("SessionExtendedDetailed", "FolderSummary"))
        naive = tally.total("calls") - asked - summaries + sessions
        yield (
            f"{tally.total('calls'):,.0f} calls; asking each of the {sessions:,} sessions once "
            f"would have made {naive:,.0f} or more"
        )

    def road(runner: Runner) -> None:
        run_panopto(runner, courses, first, last)

    return _run(settings, "panopto", road, said, console)


def run_usage_reports(settings: Settings, day: date | None, console: Console, *, ask: bool) -> int:
    """Materialize all that follows from usage reports, for a report date; 0 only when all is complete."""
    if ask:
        panopto_credentials(settings.panopto)

    def said(bars: Bars, _: Tally) -> Iterable[str]:
        yield f"{bars.rows:,} sessions in the snapshots written"

    def road(runner: Runner) -> None:
        run_reports(runner, day, ask=ask)

    return _run(settings, "reports", road, said, console)


def build_pages(settings: Settings, console: Console, *, opens: bool) -> int:
    """Materialize the pages whose data changed, and say where they are; 0 only when all could be made."""
    with open_instance(settings) as (instance, tags), Bars(console, tally := Tally()) as bars:
        runner = Runner(settings, bars, tally, instance, tags)
        roads.build_pages(runner)
    for error in runner.errors:
        console.print(Text(f"FAILED {error}", style="red"), soft_wrap=True)
    where = address(settings)
    console.print(Text(where), soft_wrap=True)
    if opens and not webbrowser.open(where):
        console.print("No browser could be opened here; open this address in one.")
    return 0 if runner.ok else 1


def _run(
    settings: Settings,
    source: str,
    road: Callable[[Runner], None],
    said: Callable[[Bars, Tally], Iterable[str]],
    console: Console,
) -> int:
    sweep(settings)
    tally = Tally()
    with open_instance(settings) as (instance, tags), Bars(console, tally) as bars:
        runner = Runner(settings, bars, tally, instance, tags)
        road(runner)
    print_failures(console, bars.failures)
    for line in said(bars, tally):
        console.print(line, soft_wrap=True)
    print_calls(console, source, tally)
    if bars.files:
        console.print(f"Files in {settings.exports}:", soft_wrap=True)
        print_files(console, settings.exports, bars.files)
    for error in runner.errors if not bars.failures else ():
        console.print(Text(f"FAILED {error}", style="red"), soft_wrap=True)
    return 0 if runner.ok else 1


def check_machine(settings: Settings, console: Console) -> int:
    """Print a verdict for each probe of the machine and of Dagster; 0 when none failed."""
    code = _tell(probe_platform(settings, now()), console)
    if not os.access(settings.home, os.W_OK):
        return code
    with open_instance(settings) as (instance, _):
        return max(code, _tell(probe_dagster(instance), console))


def check_accounts(settings: Settings, accounts: Sequence[Account], console: Console) -> int:
    """Print a verdict for each probe of Brightcove; 0 when none failed."""
    brightcove_credentials(settings.brightcove)
    client, lake = Client(settings.brightcove, settings.network), Lake(settings.lake)
    console.print(Text(f"ok      settings: home {settings.home}, {len(accounts)} accounts"), soft_wrap=True)
    recall(lake, client)
    try:
        return _tell(brightcove_probes.probe(client, lake, accounts), console)
    finally:
        client.close()


def check_courses(settings: Settings, courses: Sequence[Course], console: Console) -> int:
    """Print a verdict for each probe of Panopto; 0 when none failed."""
    road = open_road(settings)
    console.print(Text(f"ok      settings: home {settings.home}, {len(courses)} courses"), soft_wrap=True)
    try:
        return _tell(panopto_probes.probe(road.rest, road.soap, courses), console)
    finally:
        road.close()


def _tell(probed: Iterable[verdicts.Verdict], console: Console) -> int:
    colours = {verdicts.OK: "green", verdicts.BAD: "red"}
    failed = 0
    for verdict in probed:
        line = Text(f"{verdict.verdict:<7} ", style=colours.get(verdict.verdict, "yellow"))
        console.print(line.append(f"{verdict.probe}: {verdict.says}", style="default"), soft_wrap=True)
        failed += verdict.verdict == verdicts.BAD
    return 1 if failed else 0
