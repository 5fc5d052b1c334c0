"""Whether the numbers of a report date add up, read from the lake alone."""

from collections.abc import Sequence
from datetime import date

from video_analytics import lake as lakes
from video_analytics.errors import LakeError
from video_analytics.lake import Lake
from video_analytics.panopto.retention.held import HOUR
from video_analytics.panopto.retention.tables import RETENTION_HOURS, RETENTION_SCENARIOS
from video_analytics.quality import Finding

CHECKS = {
    "totals_add_up": "every table of hours adds up to the same total, viewed and unviewed to all",
    "scenarios_conserve": "what a scenario stores, archives and deletes is all there is",
}
NEAR = 1e-6  # hours: of sums of doubles

# Windows of recency lie in one another, so of these the longest counts; of folders, what is in them alone.
HOURS = """
    WITH counted AS (
        SELECT *, since IS NULL OR since = min(since) OVER (PARTITION BY measure) AS counts FROM hours
    )
    SELECT
        measure,
        coalesce(sum(all_us) FILTER (line = 'total'), -1)::BIGINT AS told,
        coalesce(sum(coalesce(own_us, all_us)) FILTER (line = 'row' AND counts), 0)::BIGINT AS added,
        count(*) FILTER (watched_us + unwatched_us <> all_us) AS split_wrong
    FROM counted
    GROUP BY measure
    ORDER BY measure
"""

SCENARIOS = """
    SELECT
        scenario,
        coalesce(sum(conserved_hours) FILTER (bucket IN ('stored', 'archived', 'deleted')), 0) AS placed,
        max(total_hours) AS total
    FROM scenarios
    GROUP BY scenario
    ORDER BY scenario
"""


def judge(lake: Lake, day: date) -> list[Finding]:
    """The checks of a report date; none where it has no numbers."""
    key = day.isoformat()
    if not lake.path(RETENTION_SCENARIOS, key).exists():
        return []
    try:
        with lakes.connect() as connection:
            lakes.scan(connection, "hours", RETENTION_HOURS, lake.files(RETENTION_HOURS, [key]))
            lakes.scan(connection, "scenarios", RETENTION_SCENARIOS, lake.files(RETENTION_SCENARIOS, [key]))
            hours, scenarios = connection.sql(HOURS).fetchall(), connection.sql(SCENARIOS).fetchall()
    except LakeError as error:
        return [Finding("totals_add_up", key, False, str(error), {"damaged": 1})]
    return [_totals(key, hours), _conserved(key, scenarios)]


def _totals(key: str, hours: Sequence[tuple[str, int, int, int]]) -> Finding:
    """`hours`: of each table, its total, the sum of its rows, and its rows that are not the sum of both."""
    total = hours[0][1] if hours else 0
    wrong = [row for row in hours if row[1] != total or row[2] != total or row[3]]
    says = f"{total / HOUR:,.3f} hours in each of {len(hours)} tables"
    if wrong:
        name, told, added, split = wrong[0]
        says = (
            f"{name}: expected {total / HOUR:,.6f} hours, its total says {told / HOUR:,.6f}, its rows add up "
            f"to {added / HOUR:,.6f}, {split} rows are not what is viewed and unviewed; reckon the date again"
        )
    numbers = {"tables": len(hours), "hours": total / HOUR, "wrong_tables": len(wrong)}
    return Finding("totals_add_up", key, not wrong, says, numbers)


def _conserved(key: str, scenarios: Sequence[tuple[str, float, float]]) -> Finding:
    """`scenarios`: of each, the hours that have a place, and all hours."""
    wrong = [row for row in scenarios if abs(row[1] - row[2]) > NEAR * max(1.0, row[2])]
    says = f"{len(scenarios)} scenarios, each hour with one place in each"
    if wrong:
        name, placed, total = wrong[0]
        says = f"{name}: expected {total:,.6f} hours, {placed:,.6f} have a place; reckon the date again"
    numbers = {"scenarios": len(scenarios), "wrong_scenarios": len(wrong)}
    return Finding("scenarios_conserve", key, not wrong, says, numbers)
