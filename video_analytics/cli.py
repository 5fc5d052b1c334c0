"""`video-analytics`: the command line.

Exit codes: 0, all that was asked for is complete; 1, something failed and is named; 2, a wrong call or
configuration.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console

from video_analytics.alerts.command import alert_command
from video_analytics.choosing import chosen_accounts, chosen_courses
from video_analytics.errors import SettingsError
from video_analytics.exits import FAILED, plainly
from video_analytics.importing import import_command
from video_analytics.planning import plan_command
from video_analytics.sandbox.command import sandbox_command
from video_analytics.settings import Settings, courses_path, load_settings, read_courses
from video_analytics.standing import corrections_command
from video_analytics.upkeep import units_command

BRIGHTCOVE, PANOPTO, REPORTS, ALL = "brightcove", "panopto", "reports", "all"
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)
_SOURCE = click.option(
    "--source",
    type=click.Choice([ALL, BRIGHTCOVE, PANOPTO]),
    default=ALL,
    show_default=True,
    help="All means those that are set up.",
)
_RUN_SOURCE = click.option(
    "--source",
    type=click.Choice([ALL, BRIGHTCOVE, PANOPTO, REPORTS]),
    default=ALL,
    show_default=True,
    help="All means those that are set up; reports, Panopto's usage reports.",
)
_ACCOUNTS = click.option("--accounts", help="Names or ids, separated by commas [default: all].")
_COURSES = click.option("--courses", help="Folder names or ids, separated by commas [default: all].")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="video-analytics")
def main() -> None:
    """What your videos' vendors know, as data people trust.

    Start with `video-analytics demo`: it needs no account, no credentials and no network.
    """


@main.command()
@click.option("--home", type=click.Path(path_type=Path), default=Path("demo-home"), show_default=True)
@click.option("--days", type=click.IntRange(1, 1000), default=65, show_default=True, help="The last N days.")
@click.option("--ui", is_flag=True, help="Open the Dagster UI on it afterwards, until Ctrl-C.")
@click.option("--scenario", default="plain", show_default=True, help="What goes wrong; see `sandbox --help`.")
@plainly
def demo(home: Path, days: int, ui: bool, scenario: str) -> int:
    """Both roads on simulated vendors: no credentials, no network, about a minute."""
    from video_analytics.demo import run_demo  # noqa: PLC0415 - Dagster takes a second to import; --help must not

    return run_demo(home, days, scenario, with_ui=ui)


@main.command()
@_HOME
@_RUN_SOURCE
@click.option("--from", "first", type=_DAY, help="First day, YYYY-MM-DD.")
@click.option("--to", "last", type=_DAY, help="Last day, YYYY-MM-DD; must be over where the data is from.")
@_ACCOUNTS
@_COURSES
@click.option("--report-date", type=_DAY, help="Of the numbers from reports [default: their last day].")
@click.option("--ask", is_flag=True, help="Ask the Panopto site for usage reports first.")
@plainly
def run(
    home: Path | None,
    source: str,
    first: datetime | None,
    last: datetime | None,
    accounts: str | None,
    courses: str | None,
    report_date: datetime | None,
    ask: bool,
) -> int:
    """Fetch what is due, or a span of days, and write the files.

    Without dates, Brightcove: the trailing days of every account (7 by default), and the final re-read of
    days that passed 32. Panopto: what is not there yet, and news of the trailing days. With dates: all of
    that span, read again.

    Reports: what lies in inbox/panopto, and the numbers and files of a report date.
    """
    from video_analytics.running import (  # noqa: PLC0415 - as above
        run_accounts,
        run_courses,
        run_usage_reports,
    )

    settings, days, console = load_settings(home), (_day(first), _day(last)), Console()
    work: dict[str, Callable[[], int]] = {
        BRIGHTCOVE: lambda: run_accounts(settings, chosen_accounts(settings, accounts), *days, console),
        PANOPTO: lambda: run_courses(settings, chosen_courses(settings, courses), *days, console),
        REPORTS: lambda: run_usage_reports(settings, _day(report_date), console, ask=ask),
    }
    if source == REPORTS or report_date or ask:
        _only_for_reports(source, days, accounts, courses)
        source = REPORTS
    return max([work[each]() for each in _run_sources(settings, source, accounts, courses)])


@main.command()
@_HOME
@_SOURCE
@_ACCOUNTS
@_COURSES
@plainly
def check(home: Path | None, source: str, accounts: str | None, courses: str | None) -> int:
    """The machine, the settings, credentials, shares, and what only the live accounts and site can tell."""
    from video_analytics.running import check_accounts, check_courses, check_machine  # noqa: PLC0415 - as above

    settings, console = load_settings(home), Console()
    codes = [check_machine(settings, console)]
    codes += [
        check_courses(settings, chosen_courses(settings, courses), console)
        if each == PANOPTO
        else check_accounts(settings, chosen_accounts(settings, accounts), console)
        for each in _sources(settings, source, accounts, courses)
    ]
    return max(codes)


@main.command()
@_HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def status(home: Path | None, as_json: bool) -> int:
    """Per account and course: the days that are complete, provisional, missing, failed; the usage reports."""
    from video_analytics.console import print_reports, print_status  # noqa: PLC0415 - as above
    from video_analytics.status import course_status, reports_status, status_of  # noqa: PLC0415

    settings = load_settings(home)
    listed = read_courses(settings.home)
    reports = reports_status(settings)
    others = bool(listed) or not reports.is_empty
    accounts = () if others and not _uses_brightcove(settings) else settings.brightcove.accounts
    told = {
        "accounts": [status_of(settings, account) for account in accounts],
        "courses": [course_status(settings, course) for course in listed],
    }
    if as_json:
        days = {kind: [each.as_json() for each in told[kind]] for kind in told}
        click.echo(json.dumps({**days, "reports": reports.as_json()}, indent=2))
    else:
        for statuses in filter(None, told.values()):
            print_status(Console(), statuses)
        print_reports(Console(), reports)
    return FAILED if any(each.has_failed for kind in told for each in told[kind]) else 0


@main.command()
@_HOME
@click.option("--open", "opens", is_flag=True, help="Open the index in the browser afterwards.")
@plainly
def pages(home: Path | None, opens: bool) -> int:
    """The pages for people, of what is in the lake: exports/pages/index.html, and from there.

    Each page is one file that opens with a double click, from a share too: no server, no network.
    """
    from video_analytics.running import build_pages  # noqa: PLC0415 - as above

    return build_pages(load_settings(home), Console(), opens=opens)


for command in (
    alert_command,
    corrections_command,
    import_command,
    plan_command,
    sandbox_command,
    units_command,
):
    main.add_command(command)


def _only_for_reports(source: str, days: Sequence[date | None], *others: str | None) -> None:
    """Reports have a date and can be asked for; days, accounts and courses are of the other sources."""
    if source not in {ALL, REPORTS} or any(each is not None for each in (*days, *others)):
        raise SettingsError(
            "--source reports: expected only --report-date and --ask beside it, got choices of another "
            "source; run each source by itself"
        )


def _run_sources(settings: Settings, wanted: str, accounts: str | None, courses: str | None) -> list[str]:
    """The sources of a run: also the reports, where there are any and nothing else is chosen."""
    from video_analytics.panopto.reports.inbox import Inbox  # noqa: PLC0415 - as above

    dropped = wanted == ALL and accounts is None and courses is None and Inbox(settings.home).files()
    alone = settings.brightcove.client_id is None and not settings.panopto.configured
    if wanted == REPORTS or (dropped and alone):
        return [REPORTS]
    chosen = _sources(settings, wanted, accounts, courses)
    return [*chosen, REPORTS] if dropped else chosen


def _sources(settings: Settings, wanted: str, accounts: str | None, courses: str | None) -> list[str]:
    """The sources to work on: the one that is named, or meant by what is chosen of it; else those set up."""
    if wanted != ALL:
        return [wanted]
    if (accounts is None) != (courses is None):
        return [BRIGHTCOVE] if courses is None else [PANOPTO]
    if _only_panopto(settings):
        return [PANOPTO]
    return [BRIGHTCOVE, PANOPTO] if settings.panopto.configured and _listed(settings) else [BRIGHTCOVE]


def _listed(settings: Settings) -> bool:
    """Whether there are courses to read; says so where a site is set up for none."""
    found = bool(read_courses(settings.home))
    if not found:
        Console(stderr=True).print(f"Panopto is left out: {courses_path(settings.home)} lists no course")
    return found


def _uses_brightcove(settings: Settings) -> bool:
    """Whether Brightcove is set up here, or was when the lake was filled."""
    return settings.brightcove.client_id is not None or (settings.lake / "brightcove").exists()


def _only_panopto(settings: Settings) -> bool:
    return settings.panopto.configured and settings.brightcove.client_id is None


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant else None
