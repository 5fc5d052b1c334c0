"""What `plan` shows: the scenarios against their limits, whom one affects, its months, or the offers.

It is made for 80 columns. That a limit is passed is said in words as well as in colour.
"""

from rich.console import Console
from rich.table import Column
from rich.text import Text

from video_analytics.console import one_line
from video_analytics.panopto.retention.affected import Affected
from video_analytics.panopto.retention.answers import Answer
from video_analytics.panopto.retention.scenarios import ARCHIVED, BUCKETS, DELETED, Figure, Outcome
from video_analytics.planning import words
from video_analytics.planning.months import print_months
from video_analytics.planning.offers import print_offers
from video_analytics.planning.words import count, hours, say, show

_SAME = 0.005  # hours: no difference that is shown
_OWN_RULE = "It is published by a rule of its own."
_STAYS = "What is archived already stays so, also what the rules would store; it is not published."


def print_answer(console: Console, answer: Answer) -> None:
    """All of an answer."""
    say(
        console,
        f"Storage plan on {answer.day}: {hours(answer.total)} h in {count(answer.sessions, 'session')}; "
        f"next renewal {answer.renewal}",
        "bold",
    )
    if answer.offers:
        print_offers(console, answer)
        return
    for outcome in answer.outcomes:
        _print_outcome(console, outcome, answer.before.get(outcome.scenario.name))
    _print_legend(console, answer)
    for each in answer.affected:
        _print_affected(console, each)
    if answer.growth:
        print_months(console, answer, answer.growth)


def _print_outcome(console: Console, outcome: Outcome, before: Outcome | None) -> None:
    scenario = outcome.scenario
    over = {bucket: -room for bucket, each in outcome.figures.items() if (room := each.headroom or 0) < 0}
    console.print()
    say(console, f"{words.name(scenario)}: {words.fits(over)}", "bold green" if outcome.fits else "bold red")
    say(console, f"{words.terms(scenario)}; {words.imported(scenario)}")
    columns = ["published", "conserved", "limit", "headroom"]
    if before:
        columns = ["published", "before", "conserved", "before", "limit", "headroom"]
    table = words.table("", *words.numbers(*columns))
    for bucket in BUCKETS:
        table.add_row(bucket, *_cells(outcome.figures[bucket], before.figures[bucket] if before else None))
    show(console, table)


def _cells(figure: Figure, before: Figure | None) -> list[Text]:
    room = figure.headroom
    left = Text("BREACH", style="bold red") if room is not None and room < 0 else Text(hours(room))
    published, conserved = Text(hours(figure.published)), Text(hours(figure.conserved))
    end = [Text(hours(figure.limit)), left]
    if before is None:
        return [published, conserved, *end]
    was = [Text(hours(each), style="dim") for each in (before.published, before.conserved)]
    return [published, was[0], conserved, was[1], *end]


def _print_legend(console: Console, answer: Answer) -> None:
    """What the columns mean, and why two of them differ."""
    console.print()
    say(
        console,
        "conserved: what becomes of what there is today; stored, archived and deleted add up to "
        f"{hours(answer.total)}. published: as the scenario is told of; its stored hours hold the coming "
        "year's created hours too. headroom: what the greater of both leaves of the limit.",
        "dim",
    )
    for why, names in _whys(answer).items():
        say(console, f"{', '.join(names)}, {why}")
    if len(answer.outcomes) > 1:
        say(console, "More: --scenario NAME, --set KEY=VALUE, --cheapest; see plan --help.", "dim")


def _whys(answer: Answer) -> dict[str, list[str]]:
    """Why published and conserved differ, and in which scenarios."""
    found: dict[str, list[str]] = {}
    for outcome in answer.outcomes:
        told = outcome.scenario.published
        for bucket, own in ((ARCHIVED, told.archived), (DELETED, told.deleted)):
            if _differs(outcome.figures[bucket]):
                why = _STAYS if own is None else one_line(told.why) or _OWN_RULE
                found.setdefault(f"{bucket}: {why}", []).append(outcome.scenario.name)
    return found


def _differs(figure: Figure) -> bool:
    return abs(figure.published - figure.conserved) >= _SAME


def _print_affected(console: Console, affected: Affected) -> None:
    """The folders that have most in a bucket."""
    if not affected.folders:
        return
    console.print()
    some = affected.number > len(affected.folders)
    most = f", the {len(affected.folders)} with most hours" if some else ""
    what = f"{hours(affected.hours)} h in {count(affected.number, 'folder')}{most}"
    say(console, f"{affected.bucket.capitalize()}: {what}", "bold")
    already = ["archived\nalready"] if any(folder.archived_hours for folder in affected.folders) else []
    columns = words.numbers("hours", *already, "sessions", "creators")
    table = words.table(*columns, Column("folder", overflow="fold"))
    for each in affected.folders:
        told = [hours(each.hours), *(hours(each.archived_hours) for _ in already)]
        table.add_row(*told, f"{each.sessions:,}", f"{each.creators:,}", Text(one_line(each.path)))
    show(console, table)
