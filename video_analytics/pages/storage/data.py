"""What the storage page reckons with: sums of sessions, told apart by all that its sliders can change.

A slider of the window only moves what is recent. So every session has two states in each scenario, what
becomes of it while it is recent and afterwards, and a number of months from which on it is recent. Both
states come from the conditions that the plan itself is reckoned with; the page adds up, and knows no rule.

A state is a sum of bits, in the order of BITS. `codes` holds, for each scenario, the state that is not recent
and, RECENT times as heavy, the one that is. All hours are whole microseconds.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb

from video_analytics.panopto.retention.held import Held
from video_analytics.panopto.retention.rules import selects
from video_analytics.panopto.retention.scenarios import ARCHIVED, DELETED, STORED, conditions
from video_analytics.settings.retention import Beyond, Published, Rule, Scenario

BITS = ("stored", "archived", "deleted", "published_archived", "published_deleted", "archived_now")
RECENT = 1 << len(BITS)
LONGEST = 36  # months of a window that can be tried; more if a scenario has more
_NEVER, _ALWAYS = -1_000_000, 1_000_000  # windows in which nothing is recent, or all that was viewed

Json = dict[str, Any]


def longest_window(held: Held) -> int:
    """The longest window that can be tried, in months."""
    return max(LONGEST, *(each.window_months for each in held.retention.scenarios))


def classify(held: Held) -> None:
    """Make the tables `classes` and `classed` in the database of the sessions.

    classes  kind, codes: what is told apart
    classed  kind, since: the least window, in months, in which it is recent (0: in none); folder, creator,
             source, whether it is of the academic year; hours_us, sessions, views
    """
    states = [_states(held, each) for each in held.retention.scenarios]
    columns = ", ".join(f"{old} AS old_{n}, {recent} AS recent_{n}" for n, (old, recent) in enumerate(states))
    codes = ", ".join(f"old_{n} + {RECENT} * recent_{n}" for n in range(len(states)))
    same = " AND ".join(f"old_{n} = recent_{n}" for n in range(len(states)))
    held.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE coded AS
        SELECT [{codes}] AS codes,
               CASE WHEN view_months IS NULL OR view_months > {longest_window(held)} OR ({same}) THEN 0
                    ELSE greatest(1, view_months) END AS since,
               places, creator_key, stream_source, in_academic_year,
               sum(hours_us)::BIGINT AS hours_us, count(*) AS sessions, sum(views)::BIGINT AS views
        FROM (SELECT *, {columns} FROM held) GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE classes AS
        SELECT row_number() OVER (ORDER BY codes) - 1 AS kind, codes FROM (SELECT DISTINCT codes FROM coded);
        CREATE OR REPLACE TEMP TABLE classed AS
        SELECT * EXCLUDE (codes) FROM coded JOIN classes USING (codes)""")


def cube(held: Held) -> Json:
    """All sessions in few rows, after `classify`: [kind, since, hours in microseconds, sessions, views]."""
    rows = _rows(
        held.connection,
        """SELECT kind, since, sum(hours_us)::BIGINT, sum(sessions)::BIGINT, sum(views)::BIGINT
           FROM classed GROUP BY ALL ORDER BY ALL""",
    )
    kinds = _rows(held.connection, "SELECT codes FROM classes ORDER BY kind")
    return {"kinds": [codes for (codes,) in kinds], "rows": rows}


def created(held: Held) -> list[list[Any]]:
    """What the academic year brought: [stream source, hours in microseconds, sessions, views]."""
    return _rows(
        held.connection,
        """SELECT stream_source, sum(hours_us)::BIGINT, sum(sessions)::BIGINT, sum(views)::BIGINT
           FROM classed WHERE in_academic_year GROUP BY stream_source ORDER BY stream_source""",
    )


def plan(held: Held) -> Json:
    """Limits, bundles and scenarios as they are set, and what each publishes by rules of its own."""
    retention = held.retention
    titles = Counter(each.title for each in retention.scenarios)
    return {
        "limits": retention.limits.model_dump(),
        "bundles": [each.model_dump() for each in retention.bundles],
        "scenarios": [_scenario(each, titles[each.title] > 1) for each in retention.scenarios],
        "recent": RECENT,
    }


def sources_with_a_share(held: Held) -> list[str]:
    """The stream sources of which some scenario imports a share only, in the order they are named."""
    return list(dict.fromkeys(source for each in held.retention.scenarios for source in each.imported))


def _scenario(scenario: Scenario, shared: bool) -> Json:
    own = scenario.published.deleted
    return {
        "name": scenario.name,
        "title": f"{scenario.title} ({scenario.name})" if shared else scenario.title,
        "window": scenario.window_months,
        "bundles": list(scenario.bundles),
        "imported": dict(scenario.imported),
        "beyond": own.beyond if isinstance(own, Beyond) else None,
        "why": scenario.published.why,
    }


def _states(held: Held, scenario: Scenario) -> tuple[str, str]:
    """The state of a session that is not recent, and of one that is, in SQL over `held`."""
    old, recent = (
        _state(held, scenario.model_copy(update={"window_months": window})) for window in (_NEVER, _ALWAYS)
    )
    return old, recent


def _state(held: Held, scenario: Scenario) -> str:
    chosen, own = conditions(held, scenario), scenario.published

    def selected(rules: Sequence[Rule]) -> str:
        return selects(rules, held.retention, scenario.window_months)

    bits = {
        "stored": chosen[STORED],
        "archived": chosen[ARCHIVED],
        "deleted": chosen[DELETED],
        "published_archived": chosen[ARCHIVED] if own.archived is None else selected(own.archived),
        "published_deleted": _published_deleted(own, chosen, selected),
        "archived_now": "archived_now",
    }
    return " + ".join(f"({bits[name]})::INTEGER * {1 << place}" for place, name in enumerate(BITS))


def _published_deleted(
    own: Published, chosen: Mapping[str, str], selected: Callable[[Sequence[Rule]], str]
) -> str:
    """What the published figure of deleted hours is made of."""
    match own.deleted:
        case None:
            return chosen[DELETED]
        case Beyond(of=rules):
            return selected(rules)
        case rules:
            return selected(rules)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[list[Any]]:
    return [list(row) for row in connection.execute(query).fetchall()]
