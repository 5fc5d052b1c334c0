"""`plan`: what a storage plan comes to, what if it were otherwise, and which bundles are the least that fit.

A plan that passes its limits is an answer, not a failure: the exit code is 0.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from video_analytics.errors import SettingsError
from video_analytics.exits import plainly
from video_analytics.settings import Retention, load_settings
from video_analytics.settings.problems import shown_key
from video_analytics.settings.whatif import SCENARIO_KEYS, changed


@click.command("plan")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)
@click.option(
    "--report-date",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DAY",
    help="Of the snapshot, YYYY-MM-DD [default: the newest].",
)
@click.option("--scenario", metavar="NAME", help="This one in full: who is affected, and month by month.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="What if? A key of the scenario (window_months=12) or of the plan (limits.stored=9000); repeatable.",
)
@click.option("--cheapest", is_flag=True, help="Search the windows and bundles for the least that fits.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def plan_command(
    home: Path | None,
    report_date: datetime | None,
    scenario: str | None,
    pairs: tuple[str, ...],
    cheapest: bool,
    as_json: bool,
) -> int:
    """What the storage plan's scenarios come to: hours stored, created, archived, deleted, and the limits.

    It reckons with the newest snapshot of the usage reports, made by `video-analytics run --source reports`,
    and changes nothing.
    """
    from video_analytics.lake import Lake  # noqa: PLC0415 - --help must not wait for pyarrow and DuckDB
    from video_analytics.panopto.retention import answers  # noqa: PLC0415
    from video_analytics.planning.console import print_answer  # noqa: PLC0415

    settings = load_settings(home)
    plan, lake = settings.retention, Lake(settings.lake)
    what_if = _changed(plan, scenario, pairs)
    day = report_date.date() if report_date else answers.newest(lake)
    question = answers.Question(scenario, what_if, cheapest)
    answer = answers.answer(lake, day, settings.panopto.reports_zone, plan, question)
    if as_json:
        click.echo(json.dumps(answers.as_json(answer), indent=2, default=str))
    else:
        print_answer(Console(highlight=False), answer)
    return 0


def _changed(plan: Retention, scenario: str | None, pairs: Sequence[str]) -> Retention | None:
    """The plan with the what-ifs; of no one scenario they can only be of the plan itself.

    Raises:
        SettingsError: there is no such scenario, or a change cannot be made.
    """
    if scenario is not None:
        plan.scenario(scenario)
        return changed(plan, scenario, pairs) if pairs else None
    keys = [pair.partition("=")[0].strip() for pair in pairs]
    lacking = [key for key in keys if key.partition(".")[0] in SCENARIO_KEYS]
    if lacking:
        known = ", ".join(each.name for each in plan.scenarios)
        raise SettingsError(
            "\n".join(
                f"--set {shown_key(key)}: expected --scenario NAME with a scenario's key, got none; "
                f"name one of {known}"
                for key in dict.fromkeys(lacking)
            )
        )
    return changed(plan, plan.scenarios[0].name, pairs) if pairs else None
