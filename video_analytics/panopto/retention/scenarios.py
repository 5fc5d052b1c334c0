"""What a scenario stores, creates, archives and deletes: hours by bucket, against the plan's limits.

Every hour that exists is in one bucket: stored + archived + deleted = total. What a scenario publishes may
count otherwise: `stored` includes the hours that the coming year creates, and a scenario can define a figure
of its own. Both are given. A session that is archived now and would stay stored stays archived: a plan moves
nothing back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from video_analytics.errors import PlanError
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.rules import selects
from video_analytics.settings.retention import Beyond, Rule, Scenario

STORED, CREATED, ARCHIVED, DELETED = "stored", "created", "archived", "deleted"
BUCKETS = (STORED, CREATED, ARCHIVED, DELETED)


@dataclass(frozen=True)
class Figure:
    """One bucket of one scenario, in hours."""

    bucket: str
    published: float  # as the scenario is told of
    conserved: float  # of what exists, so that stored + archived + deleted = total; created: as published
    limit: float | None  # None: there is none
    sessions: int  # behind the conserved figure

    @property
    def headroom(self) -> float | None:
        """What is left of the limit by the greater of both figures; below 0 it is a breach.

        To 3.6 milliseconds, so that a limit that is met exactly is no breach.
        """
        return (
            None if self.limit is None else round(self.limit - max(self.published, self.conserved), 6) + 0.0
        )


@dataclass(frozen=True)
class Outcome:
    """A scenario, reckoned."""

    scenario: Scenario
    figures: Mapping[str, Figure]
    total: float  # hours that exist
    not_imported: float  # hours of the academic year that would not have been taken in

    @property
    def fits(self) -> bool:
        """Whether no limit is passed."""
        return all((figure.headroom or 0) >= 0 for figure in self.figures.values())


def reckon(held: Held, scenario: Scenario, later: int = 0) -> Outcome:
    """The hours of each bucket; `later` months on, if nothing is viewed in between.

    Raises:
        PlanError: rules overlap, or leave hours unassigned.
    """
    chosen = conditions(held, scenario, later)
    _check(held, scenario, chosen, later)
    bucket = bucket_of(chosen)
    found = held.connection.execute(
        f"SELECT {bucket} AS bucket, sum(hours_us)::BIGINT, sum(sessions)::BIGINT FROM cube GROUP BY bucket"
    ).fetchall()
    us = {name: (int(hours), int(sessions)) for name, hours, sessions in found}
    created, whole, started = _created(held, scenario)
    limits = held.retention.limits_of(scenario)
    conserved = {name: us.get(name, (0, 0)) for name in (STORED, ARCHIVED, DELETED)}
    said = _published(held, scenario, later, created, limits.model_dump())
    hours = {name: us_ / HOUR for name, (us_, _) in conserved.items()} | {CREATED: created}
    sessions = {name: count for name, (_, count) in conserved.items()} | {CREATED: started}
    figures = {
        name: Figure(name, said[name], hours[name], getattr(limits, name, None), sessions[name])
        for name in BUCKETS
    }
    total = sum(us_ for us_, _ in conserved.values()) / HOUR
    return Outcome(scenario, figures, total, whole / HOUR - created)


def conditions(held: Held, scenario: Scenario, later: int = 0) -> dict[str, str]:
    """The condition of each bucket, over `cube` or `held`, as the scenario's rules say."""
    given = held.retention, scenario.window_months, later
    stored, archived = selects(scenario.stored, *given), selects(scenario.archived, *given)
    rest = f"NOT (({stored}) OR ({archived}))"
    deleted = rest if scenario.deleted == "rest" else selects(_rules(scenario.deleted), *given)
    return {STORED: stored, ARCHIVED: archived, DELETED: deleted}


def bucket_of(chosen: Mapping[str, str]) -> str:
    """The bucket of a session in SQL."""
    return (
        f"CASE WHEN ({chosen[ARCHIVED]}) OR (({chosen[STORED]}) AND archived_now) THEN '{ARCHIVED}' "
        f"WHEN {chosen[STORED]} THEN '{STORED}' ELSE '{DELETED}' END"
    )


def _rules(deleted: object) -> Sequence[Rule]:
    return deleted if isinstance(deleted, tuple) else ()


def _check(held: Held, scenario: Scenario, chosen: Mapping[str, str], later: int) -> None:
    """Each session in one bucket, not in two and not in none."""
    times = " + ".join(f"({condition})::INTEGER" for condition in chosen.values())
    names = ", ".join(f"CASE WHEN {condition} THEN '{name}' END" for name, condition in chosen.items())
    wrong = held.connection.execute(
        f"""SELECT concat_ws(' and ', {names}) AS buckets, sum(sessions)::BIGINT, sum(hours_us)::BIGINT,
                   arg_max([root_folder, stream_source], hours_us)
            FROM cube WHERE {times} <> 1 GROUP BY buckets ORDER BY buckets LIMIT 1"""
    ).fetchall()
    for buckets, sessions, hours, (folder, source) in wrong:
        what = f"in {buckets} at once" if buckets else "in none of stored, archived, deleted"
        mend = "make the rules exclude each other" if buckets else 'add a rule for them, or deleted = "rest"'
        when = f" in {later} months" if later else ""
        raise PlanError(
            f"scenario {scenario.name}: expected each session in one bucket{when}, got {sessions:,} "
            f"({hours / HOUR:,.2f} h, for instance from {source} in {folder}) {what}; {mend}"
        )


def _created(held: Held, scenario: Scenario) -> tuple[float, int, int]:
    """Last academic year's hours that are still imported; all of them in microseconds; their sessions."""
    found = held.connection.execute(
        "SELECT stream_source, sum(hours_us)::BIGINT, sum(sessions)::BIGINT FROM cube "
        "WHERE in_academic_year GROUP BY stream_source ORDER BY stream_source"
    ).fetchall()
    imported = sum(int(us) * scenario.imported.get(source, 1.0) for source, us, _ in found)
    return imported / HOUR, sum(int(us) for _, us, _ in found), sum(int(count) for _, _, count in found)


def _published(
    held: Held, scenario: Scenario, later: int, created: float, limits: Mapping[str, float]
) -> dict[str, float]:
    """The figures as the scenario is told of: by its rules, the coming year's hours among the stored ones."""
    own, chosen = scenario.published, conditions(held, scenario, later)

    def hours(rules: Sequence[Rule]) -> float:
        return _hours(held, selects(rules, held.retention, scenario.window_months, later))

    if isinstance(own.deleted, Beyond):
        lost = max(0.0, hours(own.deleted.of) - limits[own.deleted.beyond])
    else:
        lost = _hours(held, chosen[DELETED]) if own.deleted is None else hours(own.deleted)
    return {
        STORED: created + _hours(held, f"({chosen[STORED]}) AND NOT archived_now"),
        CREATED: created,
        ARCHIVED: _hours(held, chosen[ARCHIVED]) if own.archived is None else hours(own.archived),
        DELETED: lost,
    }


def _hours(held: Held, condition: str) -> float:
    found = held.connection.execute(
        f"SELECT coalesce(sum(hours_us), 0)::BIGINT FROM cube WHERE {condition}"
    ).fetchall()
    return float(found[0][0] / HOUR)
