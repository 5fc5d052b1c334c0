"""`import`: take over what earlier scripts left.

The exit code is 0 where all that was found is in the platform, 1 where something was refused.
"""

from pathlib import Path

import click
from rich.console import Console

from video_analytics.exits import FAILED, plainly
from video_analytics.settings import load_settings


@click.command("import")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder of the earlier scripts, searched with its subfolders.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)
@click.option("--dry-run", is_flag=True, help="Say what would be taken, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="For programs; also as exports/import/report.json.")
@plainly
def import_command(folder: Path, home: Path | None, dry_run: bool, as_json: bool) -> int:
    """Take over what earlier scripts left: data, courses, credentials.

    Taken are yearly daily analytics (CSV), the last-viewed dates of *_cms.csv, viewing_activity.csv of the
    courses listed, courses.csv, secrets.json and .env. What is there already stays as it is; what is imported
    is marked, and fetched data takes its place. exports/import/report.csv says what was taken and what was
    refused, and why.
    """
    from video_analytics.importing import report  # noqa: PLC0415 - --help must not wait for pyarrow and DuckDB
    from video_analytics.importing.work import import_folder  # noqa: PLC0415

    settings = load_settings(home)
    outcome = import_folder(settings, folder, dry_run=dry_run)
    if not dry_run:
        path = report.write_report(outcome, settings.exports, as_json=as_json)
    if as_json:
        click.echo(report.json_of(outcome))
    else:
        report.print_report(Console(highlight=False), outcome)
        if not dry_run:
            click.echo(f"Report: {path}")
    return 0 if outcome.is_clean else FAILED
