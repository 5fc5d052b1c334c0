"""The smallest set of bundles with which a plan fits, and what it gives up.

Each scenario is tried with its own rules, with every window from 1 to 36 months (and its own), and with every
set of the bundles there are, each once (and its own). Better is, in this order: a plan that fits; fewer
bundles; fewer hours bought; fewer hours deleted; fewer new hours turned away; fewer hours archived; a window
nearer to the scenario's own. Where nothing fits, the nearest is told: the least hours above the limits.
A window with which the rules overlap or leave hours unassigned is no plan, and passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from video_analytics.errors import PlanError
from video_analytics.panopto.retention.fewer import fewer_rows
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.scenarios import (
    ARCHIVED,
    DELETED,
    Figure,
    Outcome,
    bucket_of,
    conditions,
    reckon,
)
from video_analytics.settings.retention import Retention, Scenario

WINDOWS = range(1, 37)
_DIGITS = 6  # of hours that are compared: far below a microsecond there are only roundings


@dataclass(frozen=True)
class Lost:
    """Sessions that a plan takes away, for good or until somebody restores them."""

    hours: float = 0.0
    sessions: int = 0
    watched_hours: float = 0.0  # of those with views in the period
    watched_sessions: int = 0
    views: int = 0  # that they had in the period
    archived_hours: float = 0.0  # that are archived already


@dataclass(frozen=True)
class Offer:
    """A scenario with a window and bundles: what it comes to, and what it gives up."""

    scenario: Scenario  # with the window and the bundles of this offer
    figures: Mapping[str, Figure]
    added_hours: float  # by the bundles, to all limits together
    deleted: Lost
    archived: Lost
    not_imported: float  # hours a year
    breaks: Mapping[str, float]  # the limits that are passed, and by how many hours

    @property
    def fits(self) -> bool:
        """Whether no limit is passed."""
        return not self.breaks


@dataclass(frozen=True)
class _Set:
    """Bundles bought together, and the limits with them."""

    bundles: tuple[str, ...]
    limits: Mapping[str, float]
    added: float


_Rank = tuple[float, ...]


def cheapest(held: Held, scenarios: Sequence[Scenario], windows: Iterable[int] = WINDOWS) -> list[Offer]:
    """The best offer of each scenario, the best of all first; windows are in months.

    Raises:
        PlanError: the rules of a scenario overlap or leave hours unassigned, whatever the window.
    """
    with fewer_rows(held, scenarios) as fewer:
        ranked = sorted((_best(fewer, each, windows) for each in scenarios), key=lambda found: found[0])
    return [_offer(held, outcome, chosen) for _, outcome, chosen in ranked]


def _best(held: Held, scenario: Scenario, windows: Iterable[int]) -> tuple[_Rank, Outcome, _Set]:
    sets = list(_sets(held.retention, scenario))
    tried = (
        (_rank(outcome, each, scenario), outcome, each)
        for outcome in _reckoned(held, scenario, windows)
        for each in sets
    )
    return min(tried, key=lambda each: each[0])


def _rank(outcome: Outcome, chosen: _Set, asked: Scenario) -> _Rank:
    """The place of a plan among others; the least is the best."""
    hours = (
        outcome.figures[DELETED].conserved,
        outcome.not_imported,
        outcome.figures[ARCHIVED].conserved,
    )
    breaks = _breaks(outcome, chosen)
    return (
        bool(breaks),
        round(sum(breaks.values()), _DIGITS),
        len(chosen.bundles),
        chosen.added,
        *(round(each, _DIGITS) for each in hours),
        abs(outcome.scenario.window_months - asked.window_months),
    )


def _reckoned(held: Held, scenario: Scenario, windows: Iterable[int]) -> Iterator[Outcome]:
    """The scenario reckoned with each window, without a bundle."""
    wrong: PlanError | None = None
    some = False
    for months in sorted({*windows, scenario.window_months}):
        tried = scenario.model_copy(update={"window_months": months, "bundles": ()})
        try:
            yield reckon(held, tried)
            some = True
        except PlanError as error:
            wrong = error
    if wrong and not some:
        raise wrong


def _sets(retention: Retention, scenario: Scenario) -> Iterator[_Set]:
    names = [each.name for each in retention.bundles]
    chosen = [each for size in range(len(names) + 1) for each in combinations(names, size)]
    for bundles in dict.fromkeys([*chosen, scenario.bundles]):
        limits = retention.limits_of(scenario.model_copy(update={"bundles": bundles}))
        added = sum(limits.model_dump().values()) - sum(retention.limits.model_dump().values())
        yield _Set(bundles, limits.model_dump(), added)


def _breaks(outcome: Outcome, chosen: _Set) -> dict[str, float]:
    used = {
        name: max(outcome.figures[name].published, outcome.figures[name].conserved) for name in chosen.limits
    }
    above = {name: round(used[name] - limit, _DIGITS) for name, limit in chosen.limits.items()}
    return {name: hours for name, hours in above.items() if hours > 0}


def _offer(held: Held, outcome: Outcome, chosen: _Set) -> Offer:
    """A plan told in full; its figures are reckoned anew, now with the limits it has."""
    scenario = outcome.scenario.model_copy(update={"bundles": chosen.bundles})
    lost = _lost(held, scenario)
    return Offer(
        scenario,
        reckon(held, scenario).figures,
        chosen.added,
        lost.get(DELETED, Lost()),
        lost.get(ARCHIVED, Lost()),
        outcome.not_imported,
        _breaks(outcome, chosen),
    )


def _lost(held: Held, scenario: Scenario) -> dict[str, Lost]:
    """What is in each bucket, and who watched it."""
    found = held.connection.execute(
        f"""SELECT {bucket_of(conditions(held, scenario))} AS bucket,
                   sum(hours_us)::BIGINT, sum(sessions)::BIGINT,
                   coalesce(sum(hours_us) FILTER (watched), 0)::BIGINT,
                   coalesce(sum(sessions) FILTER (watched), 0)::BIGINT,
                   sum(views)::BIGINT,
                   coalesce(sum(hours_us) FILTER (archived_now), 0)::BIGINT
            FROM cube GROUP BY bucket"""
    ).fetchall()
    return {
        bucket: Lost(us / HOUR, sessions, watched / HOUR, watched_sessions, views, archived / HOUR)
        for bucket, us, sessions, watched, watched_sessions, views, archived in found
    }
