"""The least bundles that fit, in words: what each offer comes to, and what it gives up."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from video_analytics.console import one_line
from video_analytics.panopto.retention.answers import Answer
from video_analytics.panopto.retention.cheapest import WINDOWS, Lost, Offer
from video_analytics.planning import words
from video_analytics.planning.words import count, hours, percent, say, show
from video_analytics.settings.retention import Bundle


def print_offers(console: Console, answer: Answer) -> None:
    """The best offer of each scenario, the best of all first."""
    known = ", ".join(f"{each.name} ({_adds(each)})" for each in answer.retention.bundles)
    say(
        console,
        f"Tried: windows from {WINDOWS.start} to {WINDOWS.stop - 1} months, and bundles: {known}. "
        "Best are the fewest bundles, then the fewest hours bought, deleted, not imported, archived.",
        "dim",
    )
    for number, offer in enumerate(answer.offers, start=1):
        console.print()
        if number == 2:  # noqa: PLR2004 - after the first one
            say(console, "Runners-up", "bold")
        _print_offer(console, f"{number}. ", offer)
    best = answer.offers[0].scenario
    options = f"--scenario {best.name} --set window_months={best.window_months}"
    said = f"The first in full: --cheapest replaced by {options} --set bundles={','.join(best.bundles)}"
    console.print()
    console.print(Text(said, style="dim"), soft_wrap=True)


def _print_offer(console: Console, number: str, offer: Offer) -> None:
    scenario = offer.scenario
    style = "bold green" if offer.fits else "bold red"
    told = "fits" if offer.fits else "does not fit, with any window and bundles"
    say(console, f"{words.name(scenario)}: {told}", style, number)
    say(console, f"{'' if offer.fits else 'The nearest: '}{words.terms(scenario)}", indent="   ")
    if not offer.fits:
        broken = ", ".join(f"{bucket} by {hours(by)} h" for bucket, by in offer.breaks.items())
        say(console, f"It passes the limits of {broken}.", "red", "   ")
    table = words.table("", *words.numbers("needs", "limit"))
    for each in offer.figures.values():
        if each.limit is not None:
            table.add_row(each.bucket, hours(max(each.published, each.conserved)), hours(each.limit))
    show(console, table, indent=3)
    given_up = list(_gives_up(offer))
    say(console, "It gives up:" if given_up else "It gives up nothing.", indent="   ")
    for line in given_up:
        say(console, line, indent="   - ")


def _gives_up(offer: Offer) -> Iterator[str]:
    """What is lost, the worst first."""
    deleted, archived = offer.deleted, offer.archived
    if deleted.hours:
        watched = (
            f"; of these {hours(deleted.watched_hours)} h in {count(deleted.watched_sessions, 'session')} "
            "were watched in the period"
            if deleted.watched_sessions
            else "; nobody watched any of them in the period"
        )
        yield f"deleted for good: {_lost(deleted)}{watched}"
    if offer.not_imported:
        shares = offer.scenario.imported.items()
        kept = ", ".join(
            f"{percent(1 - share)} of {one_line(source)}" for source, share in shares if share < 1
        )
        yield f"not imported: {hours(offer.not_imported)} h of a year's new hours ({kept})"
    if archived.hours:
        already = f", {hours(archived.archived_hours)} h of it already" if archived.archived_hours else ""
        yield (
            f"archived: {_lost(archived)}{already}, with {count(archived.views, 'view')} in the period; none "
            "can be played until somebody restores it, which takes 24 to 48 hours"
        )


def _lost(lost: Lost) -> str:
    return f"{hours(lost.hours)} h in {count(lost.sessions, 'session')}"


def _adds(bundle: Bundle) -> str:
    limits = bundle.model_dump(exclude={"name"})
    return ", ".join(f"{bucket} +{added:,.0f}" for bucket, added in limits.items() if added)
