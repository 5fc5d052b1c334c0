"""The summary of a report date: conclusions in Markdown that a reader can check, each number computed.

Names come from the vendor and from settings; whatever is in them, Markdown shows it as text.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from typing import Any

import jinja2

from video_analytics.lake import Lake
from video_analytics.panopto.retention import marked
from video_analytics.panopto.retention.forecast import breaches
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.measures import ACADEMIC_YEAR, RECENCY
from video_analytics.panopto.retention.offered import facts
from video_analytics.panopto.retention.tables import RETENTION_FORECAST
from video_analytics.panopto.retention.user_folders import filters, user_folders, variants
from video_analytics.settings.retention import Scenario

Row = dict[str, Any]

_TEMPLATE = "summary.md.j2"
_MAIN, _LEAST = 3, 0.01  # how many stream sources get a sentence, and from which share of all hours


def summary(held: Held, lake: Lake) -> str:
    """The text; the views of `offered` must be there."""
    folders = user_folders(held)
    return _template().render(
        day=held.day,
        zone=held.zone,
        facts=facts(held, lake),
        creator_names=held.retention.creator_names,
        academic_year=held.academic_year,
        **_hours(held),
        scenarios=_scenarios(held),
        difference=_difference(held),
        folders=folders,
        as_set=tuple(each.name for each in folders),
        filters=filters(held, folders),
        variants=variants(held, folders),
        **_forecast(held, lake),
        quarantine=_rows(held, _QUARANTINE),
        nothing=marked.NOTHING,
    )


def _template() -> jinja2.Template:
    text = resources("video_analytics.panopto.retention").joinpath(_TEMPLATE).read_text("utf-8")
    world = jinja2.Environment(
        autoescape=False,  # noqa: S701 - for HTML; Markdown is escaped by `finalize`
        finalize=marked.text,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    world.filters |= {
        "hours": marked.hours,
        "count": marked.count,
        "percent": marked.percent,
        "join_text": marked.listed,
        "join_quoted": marked.quoted,
    }
    return world.from_string(text)


def _hours(held: Held) -> Row:
    """The rows of the tables of hours that the summary speaks of."""
    columns = ("all_us", "watched_us", "unwatched_us")
    found = _rows(held, "FROM measured ORDER BY nth")
    for row in found:
        row.update({column.removesuffix("_us"): row[column] / HOUR for column in columns})
        row["hours"] = row["all"]

    def of(measure: str, line: str) -> list[Row]:
        return [row for row in found if row["measure"] == measure and row["line"] == line]

    (total,), (year,) = of(RECENCY, "total"), of(ACADEMIC_YEAR, "subtotal")
    return {
        "all": total,
        "sources": of("hours_by_stream_source", "row"),
        "main_sources": [
            row
            for row in of("hours_by_stream_source", "row")[:_MAIN]
            if row["hours"] >= _LEAST * total["hours"]
        ],
        "recency": [row for row in of(RECENCY, "row") if row["since"]],
        "year": year,
        "year_sources": of(ACADEMIC_YEAR, "row")[:-1],  # the last one is of all other years
    }


def _scenarios(held: Held) -> list[Row]:
    """Each scenario with its rows of `detail`."""
    by_scenario: dict[str, list[Row]] = {}
    for row in _rows(held, "FROM detail ORDER BY place, sort"):
        by_scenario.setdefault(row["scenario"], []).append(row)
    return [_scenario(held.retention.scenario(name), rows) for name, rows in by_scenario.items()]


def _scenario(scenario: Scenario, rows: Sequence[Row]) -> Row:
    *buckets, not_imported, total = rows
    return {
        "title": scenario.title,
        "window": scenario.window_months,
        "bundles": scenario.bundles,
        "buckets": buckets,
        "fits": total["fits"],
        "breached": [row["bucket"] for row in buckets if row["fits"] is False],
        "apart": [row for row in buckets if row["why"] is not None],
        "created": next(row["published_hours"] for row in buckets if row["bucket"] == "created"),
        "not_imported": not_imported["published_hours"],
    }


def _difference(held: Held) -> float:
    """The most by which a whole table misses the snapshot."""
    query = "SELECT coalesce(max(abs(difference)), 0) AS most FROM totals WHERE whole"
    return float(_rows(held, query)[0]["most"])


def _forecast(held: Held, lake: Lake) -> Row:
    """When each scenario first passes a limit, for each growth."""
    table = lake.read(RETENTION_FORECAST, held.day.isoformat())
    known = _rows(held, _GROWTHS)
    first: dict[tuple[str, str], Any] = {}
    for breach in breaches(table, held.retention) if table is not None else ():
        key = breach.scenario, breach.growth
        if key not in first or breach.month < first[key].month:
            first[key] = breach
    titles = {each.name: each.title for each in held.retention.scenarios}
    lines = [
        {
            "title": titles[row["scenario"]],
            "growth": row["growth"],
            "breach": first.get((row["scenario"], row["growth"])),
        }
        for row in known
    ]
    rates: Mapping[str, float] = {row["growth"]: row["growth_percent"] for row in known}
    until = max((row["until"] for row in known), default=None)
    return {"forecast": lines, "rates": list(rates.items()), "until": until}


_GROWTHS = """
    SELECT scenario, growth, min(growth_percent) AS growth_percent, max(month) AS until
    FROM forecasts GROUP BY scenario, growth ORDER BY min(nth)"""
_QUARANTINE = """
    SELECT reason, count(*) AS rows, sum(greatest(hours_us, 0))::BIGINT / 3.6e9 AS hours
    FROM quarantined GROUP BY reason ORDER BY reason"""


def _rows(held: Held, query: str) -> list[Row]:
    found: list[Row] = held.connection.sql(query).to_arrow_table().to_pylist()
    return found
