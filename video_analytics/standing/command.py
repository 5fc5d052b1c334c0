"""`video-analytics corrections`: why did Monday's number move?"""

import json
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from video_analytics import clock
from video_analytics.choosing import chosen_accounts, chosen_courses
from video_analytics.exits import plainly
from video_analytics.settings import Settings, load_settings, read_courses

BACK = timedelta(days=62)  # that are looked at without --from
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("corrections")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)
@click.option("--accounts", help="Names or ids, separated by commas [default: all].")
@click.option("--courses", help="Folder names or ids, separated by commas [default: all].")
@click.option(
    "--from", "first", type=_DAY, metavar="DAY", help="First day, YYYY-MM-DD [default: 62 days ago]."
)
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day, YYYY-MM-DD [default: today].")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def corrections_command(
    home: Path | None,
    accounts: str | None,
    courses: str | None,
    first: datetime | None,
    last: datetime | None,
    as_json: bool,
) -> int:
    """Why did Monday's number move? What later readings changed of a day: rows, views, seconds.

    The days are those whose numbers moved; each line tells when that was noticed. The same is in the lake, in
    brightcove.corrections and panopto.corrections of lake/warehouse.duckdb.
    """
    from video_analytics.lake import Lake  # noqa: PLC0415 - --help must not wait for pyarrow and DuckDB
    from video_analytics.standing.console import print_corrections  # noqa: PLC0415
    from video_analytics.standing.moved import corrections  # noqa: PLC0415

    settings = load_settings(home)
    lake, end = Lake(settings.lake), last or clock.now()
    begin = first or end - BACK
    found = [
        correction
        for source, names in _subjects(settings, accounts, courses).items()
        for correction in corrections(lake, source, names, begin.date(), end.date())
    ]
    found.sort(key=lambda correction: correction.noticed_at, reverse=True)
    if as_json:
        click.echo(json.dumps([correction.as_json() for correction in found], indent=2))
    else:
        print_corrections(Console(highlight=False), found, f"{begin:%F}..{end:%F}")
    return 0


def _subjects(settings: Settings, accounts: str | None, courses: str | None) -> dict[str, dict[str, str]]:
    """Names by id of what is asked for, by source: all, unless only accounts or only courses are named."""
    subjects: dict[str, dict[str, str]] = {}
    if accounts is not None or courses is None:
        found = chosen_accounts(settings, accounts)
        subjects["brightcove"] = {account.id: account.name for account in found}
    if courses is not None or accounts is None:
        listed = chosen_courses(settings, courses) if courses is not None else read_courses(settings.home)
        subjects["panopto"] = {course.id: course.name or course.id for course in listed}
    return subjects
