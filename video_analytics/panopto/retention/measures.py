"""The tables of hours: by source, folder, recency, academic year, year created, last view, creator.

Each has a row for each category, "(none)" for what is not told, and a row of all; hours are microseconds.
"""

import duckdb
import pyarrow as pa
from dateutil.relativedelta import relativedelta

from video_analytics.panopto.retention.held import NONE, TOTAL, Held
from video_analytics.panopto.retention.rules import recent
from video_analytics.panopto.retention.tables import RETENTION_HOURS

BY_CATEGORY = {
    # measure: the category of a session in SQL; what it is sorted by, before its hours
    "hours_by_stream_source": ("stream_source", "0"),
    "hours_by_root_folder": ("root_folder", "0"),
    "hours_by_year_created": (f"coalesce(year(started)::VARCHAR, '{NONE}')", "category"),
    "hours_by_months_since_last_view": (
        (
            "CASE WHEN NOT watched THEN '(never)' WHEN view_months IS NULL THEN '(not told)' "
            "ELSE greatest(1, view_months)::VARCHAR END"
        ),
        "coalesce(try_cast(category AS INTEGER), 9999), category",
    ),
}
FOLDER, CREATOR = "hours_by_folder", "hours_by_creator"
RECENCY, ACADEMIC_YEAR = "hours_by_recency", "hours_by_academic_year"
MEASURES = (
    "hours_by_stream_source",
    "hours_by_root_folder",
    RECENCY,
    ACADEMIC_YEAR,
    FOLDER,
    "hours_by_year_created",
    "hours_by_months_since_last_view",
    CREATOR,
)
_SUMS = """coalesce(sum(hours_us), 0)::BIGINT AS all_us,
    coalesce(sum(hours_us) FILTER (watched), 0)::BIGINT AS watched_us,
    coalesce(sum(hours_us) FILTER (NOT watched), 0)::BIGINT AS unwatched_us,
    count(*) AS sessions"""


def measure(held: Held) -> pa.Table:
    """All tables of hours, one below the other, in the columns of RETENTION_HOURS."""
    connection = held.connection
    parts = [
        *(_by(connection, name, *how) for name, how in BY_CATEGORY.items()),
        _by_recency(held),
        _by_academic_year(connection),
        _by_folder(connection),
        _by_creator(held),
    ]
    tables = [_shaped(part) for part in parts]
    order = {name: place for place, name in enumerate(MEASURES)}
    return pa.concat_tables(sorted(tables, key=lambda table: order[table["measure"][0].as_py()]))


def _shaped(part: duckdb.DuckDBPyRelation) -> pa.Table:
    found = part.to_arrow_table()
    columns = [
        found[field.name].cast(field.type)
        if field.name in found.column_names
        else pa.nulls(found.num_rows, field.type)
        for field in RETENTION_HOURS.schema
    ]
    return pa.Table.from_arrays(columns, schema=RETENTION_HOURS.schema)


def _table(connection: duckdb.DuckDBPyConnection, name: str, rows: str, sort: str) -> duckdb.DuckDBPyRelation:
    """Rows (`line`, `label`, sums) as a table of their own, the row of all at its end."""
    return connection.sql(
        f"""SELECT '{name}' AS measure, row_number() OVER (ORDER BY {sort}) - 1 AS place, * FROM ({rows})
            ORDER BY place"""
    )


def _by(
    connection: duckdb.DuckDBPyConnection, name: str, category: str, sort: str
) -> duckdb.DuckDBPyRelation:
    rows = f"""
        SELECT 'row' AS line, category AS label, category, {_SUMS}
        FROM (SELECT *, {category} AS category FROM held) GROUP BY category
        UNION ALL BY NAME SELECT 'total' AS line, '{TOTAL}' AS label, {_all()}"""
    return _table(connection, name, rows, f"line = 'total', {sort}, all_us DESC, label")


def _all() -> str:
    return f"* FROM (SELECT {_SUMS} FROM held)"


def _by_recency(held: Held) -> duckdb.DuckDBPyRelation:
    """Windows that lie in one another; then what was viewed before the longest of them, and never."""
    months = held.retention.recency_months
    windows = [
        f"""SELECT {place} AS sort, 'row' AS line, 'within {each} months' AS label,
                   DATE '{held.day - relativedelta(months=each)}' AS since, {_SUMS}
            FROM held WHERE {recent(each)}"""
        for place, each in enumerate(months)
    ]
    longest = recent(months[-1])
    rest = f"""
        SELECT 9000 AS sort, 'row' AS line, '(before)' AS label, {_SUMS}
        FROM held WHERE watched AND NOT {longest}
        UNION ALL BY NAME SELECT 9001 AS sort, 'row' AS line, '(never)' AS label, {_SUMS}
        FROM held WHERE NOT watched
        UNION ALL BY NAME SELECT 9002 AS sort, 'total' AS line, '{TOTAL}' AS label, {_all()}"""
    return _table(held.connection, RECENCY, " UNION ALL BY NAME ".join([*windows, rest]), "sort")


def _by_academic_year(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The sources of what the academic year created, then that year and all other hours."""
    rows = f"""
        SELECT 0 AS sort, 'row' AS line, stream_source AS label, {_SUMS}
        FROM held WHERE in_academic_year GROUP BY stream_source
        UNION ALL BY NAME SELECT 1 AS sort, 'subtotal' AS line, '(academic year)' AS label, {_SUMS}
        FROM held WHERE in_academic_year
        UNION ALL BY NAME SELECT 2 AS sort, 'row' AS line, '(other years)' AS label, {_SUMS}
        FROM held WHERE NOT in_academic_year
        UNION ALL BY NAME SELECT 3 AS sort, 'total' AS line, '{TOTAL}' AS label, {_all()}"""
    return _table(connection, ACADEMIC_YEAR, rows, "sort, all_us DESC, label")


def _by_folder(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """Every folder with all below it; `own_us` is what lies in itself, and adds up to the total."""
    rows = f"""
        WITH above AS (
            SELECT hours_us, watched, unnest(range(1, len(places) + 1)) AS deep, places FROM held
        ), summed AS (
            SELECT places[:deep] AS path, {_SUMS},
                   coalesce(sum(hours_us) FILTER (deep = len(places)), 0)::BIGINT AS own_us
            FROM above GROUP BY ALL
        )
        SELECT 'row' AS line, path, array_to_string(path, ' / ') AS label, len(path) - 1 AS depth,
               all_us, watched_us, unwatched_us, own_us, sessions
        FROM summed
        UNION ALL BY NAME SELECT 'total' AS line, '{TOTAL}' AS label, all_us AS own_us, {_all()}"""
    return _table(connection, FOLDER, rows, "line = 'total', path")


def _by_creator(held: Held) -> duckdb.DuckDBPyRelation:
    """Creators by their hours; who may not be named is a number in that order."""
    number_creators(held)
    rows = f"""
        SELECT number, 'row' AS line, {creator_label(held)} AS label,
               all_us, watched_us, unwatched_us, sessions
        FROM creators
        UNION ALL BY NAME SELECT 'row' AS line, '{NONE}' AS label, {_SUMS}
        FROM held WHERE creator_key IS NULL HAVING count(*) > 0
        UNION ALL BY NAME SELECT 'total' AS line, '{TOTAL}' AS label, {_all()}"""
    return _table(held.connection, CREATOR, rows, "line = 'total', number NULLS LAST")


def number_creators(held: Held) -> None:
    """Make the table `creators`: each with a number, the one with most hours is 1."""
    held.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE creators AS
        SELECT creator_key, max(creator) AS creator, {_SUMS},
               row_number() OVER (ORDER BY sum(hours_us) DESC, creator_key) AS number
        FROM held WHERE creator_key IS NOT NULL GROUP BY creator_key""")


def creator_label(held: Held) -> str:
    """What stands for a creator in the files people open, in SQL over `creators`."""
    return "creator" if held.retention.creator_names else "'creator ' || number"
