"""What the plan is asked on a report date, and all that is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import pyarrow as pa

from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.affected import Affected, affected
from video_analytics.panopto.retention.cheapest import Offer, cheapest
from video_analytics.panopto.retention.forecast import (
    Breach,
    Growth,
    breaches,
    forecast,
    growth,
    next_renewal,
)
from video_analytics.panopto.retention.held import HOUR, Held, opened, prepare
from video_analytics.panopto.retention.scenarios import ARCHIVED, DELETED, Figure, Outcome, reckon
from video_analytics.panopto.retention.tables import RETENTION_FORECAST
from video_analytics.settings.retention import Retention, Scenario


@dataclass(frozen=True)
class Question:
    """What is asked of the plan."""

    scenario: str | None = None  # None: all of them
    changed: Retention | None = None  # the plan with what-ifs; None: there are none
    cheapest: bool = False  # search, instead of reckoning the scenarios as they are


@dataclass(frozen=True)
class Answer:
    """The plan reckoned; what was not asked is empty."""

    day: date
    renewal: date  # the next one
    retention: Retention  # as it was reckoned with
    total: float  # hours that exist
    sessions: int
    outcomes: Sequence[Outcome] = ()
    before: Mapping[str, Outcome] = field(default_factory=dict)  # by scenario, without the what-ifs
    affected: Sequence[Affected] = ()
    growth: Growth | None = None
    forecast: pa.Table = field(default_factory=RETENTION_FORECAST.schema.empty_table)
    offers: Sequence[Offer] = ()

    @property
    def breaches(self) -> list[Breach]:
        """The first days of the forecast on which a limit is passed."""
        return breaches(self.forecast, self.retention)


def newest(lake: Lake) -> date:
    """The last report date of which there is a snapshot.

    Raises:
        ReportError: there is none.
    """
    found = [path.stem for path in (lake.root / SESSION_USAGE.name).glob("????-??-??.parquet")]
    if not found:
        raise ReportError(
            "expected a snapshot of Panopto's sessions, got none; drop its usage reports into inbox/panopto "
            "of the home and run `video-analytics run --source reports`"
        )
    return date.fromisoformat(max(found))


def answer(lake: Lake, day: date, zone: str, retention: Retention, question: Question) -> Answer:
    """Everything that is asked.

    Raises:
        ReportError: there is no snapshot of that date.
        PlanError: the rules of a scenario overlap or leave hours unassigned.
    """
    with opened(lake, day, zone, retention) as as_set:
        if question.changed is None:
            return _answered(as_set, question)
        before = () if question.cheapest else _outcomes(as_set, question)
        held = prepare(as_set.connection, day, zone, question.changed)
        found = _answered(held, question)
    return replace(found, before={each.scenario.name: each for each in before})


def _answered(held: Held, question: Question) -> Answer:
    ((sessions,),) = held.connection.execute("SELECT count(*) FROM held").fetchall()
    total = held.total_us() / HOUR
    known = Answer(held.day, next_renewal(held), held.retention, total, int(sessions))
    chosen = _chosen(held, question)
    if question.cheapest:
        return replace(known, offers=cheapest(held, chosen))
    found = replace(known, outcomes=_outcomes(held, question))
    if question.scenario is None:
        return found
    return replace(
        found,
        affected=[affected(held, each, bucket) for each in chosen for bucket in (ARCHIVED, DELETED)],
        growth=growth(held),
        forecast=forecast(held, chosen),
    )


def _chosen(held: Held, question: Question) -> Sequence[Scenario]:
    name, plan = question.scenario, held.retention
    return plan.scenarios if name is None else (plan.scenario(name),)


def _outcomes(held: Held, question: Question) -> list[Outcome]:
    return [reckon(held, each) for each in _chosen(held, question)]


def as_json(answer: Answer) -> dict[str, Any]:
    """An answer for programs: hours exact, days as ISO text once they are written."""
    return {
        "report_date": answer.day,
        "renewal": answer.renewal,
        "total_hours": answer.total,
        "sessions": answer.sessions,
        "scenarios": [
            _outcome(each) | {"before": _outcome(before) if before else None}
            for each in answer.outcomes
            for before in [answer.before.get(each.scenario.name)]
        ],
        "affected": [asdict(each) for each in answer.affected],
        "growth": _growth(answer.growth) if answer.growth else None,
        "forecast": answer.forecast.to_pylist(),
        "breaches": [asdict(each) for each in answer.breaches],
        "cheapest": [_offer(each) for each in answer.offers],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        **_named(outcome.scenario),
        "fits": outcome.fits,
        "not_imported_hours": outcome.not_imported,
        "why": outcome.scenario.published.why,
        "buckets": _buckets(outcome.figures),
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        **_named(offer.scenario),
        "fits": offer.fits,
        "breaks": offer.breaks,
        "added_hours": offer.added_hours,
        "gives_up": {
            "deleted": asdict(offer.deleted),
            "archived": asdict(offer.archived),
            "not_imported_hours": offer.not_imported,
        },
        "buckets": _buckets(offer.figures),
    }


def _named(scenario: Scenario) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "window_months": scenario.window_months,
        "bundles": scenario.bundles,
    }


def _buckets(figures: Mapping[str, Figure]) -> list[dict[str, Any]]:
    return [
        {
            "bucket": each.bucket,
            "published_hours": each.published,
            "conserved_hours": each.conserved,
            "limit_hours": each.limit,
            "headroom_hours": each.headroom,
            "sessions": each.sessions,
        }
        for each in figures.values()
    ]


def _growth(found: Growth) -> dict[str, Any]:
    return {
        "low": found.low,
        "mid": found.mid,
        "high": found.high,
        "known": bool(found.rates),
        "hours_by_year_from": {day.isoformat(): hours for day, hours in found.years.items()},
    }
