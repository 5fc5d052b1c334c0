"""The texts of a report's columns as numbers, instants and flags, and what cannot be read as such.

Lengths become whole microseconds: sums of them are exact, in whatever order. An instant is the local time of
the reports' zone: of the hour that a clock shows twice the later one is meant, one that no clock shows is
taken an hour later.
"""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from video_analytics.lake import connect, quoted
from video_analytics.panopto.reports.kinds import CREATED, FIELDS, STORAGE, Form, Kind

_GUID = "'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'"
_NUMBER = r"'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?'"
_MICROSECONDS = {"minutes": 60_000_000, "hours": 3_600_000_000}
_MOST = 1_000_000 * 3_600_000_000  # of one session: more hours are no number
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_DATE = r"'\d{1,2}/\d{1,2}/[12]\d{3} \d{1,2}:\d\d(:\d\d)? [AaPp][Mm]'"
_DATES = "['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %I:%M %p']"
_SQL_TYPES: dict[Form, str] = {
    "text": "VARCHAR",
    "minutes": "BIGINT",
    "hours": "BIGINT",
    "count": "BIGINT",
    "date": "TIMESTAMPTZ",
    "flag": "BIGINT",
}
_REASONS: dict[Form, str] = {
    "minutes": "unreadable_number",
    "hours": "unreadable_number",
    "count": "unreadable_number",
    "date": "unreadable_date",
    "flag": "unreadable_flag",
}
_VALUES = [name for name in FIELDS if name != "session_id"]


def typed(raw: pa.Table, zone: str) -> tuple[pa.Table, pa.Table]:
    """Rows by session, and findings by line: a row that is none, or that stands twice, and why.

    `raw` has `line` and the texts of a report's columns. A session of which two rows disagree, or one cannot
    be read, is in the findings with all that is known of it.
    """
    texts = [name for name in raw.column_names if name != "line"]
    with connect() as connection:
        connection.register("raw", raw)
        connection.execute(f"CREATE TEMP VIEW texts AS SELECT line, {_trimmed(texts)} FROM raw")
        connection.execute(f"CREATE TEMP TABLE judged AS {_judged(texts, zone)}")
        connection.execute(f"CREATE TEMP TABLE twins AS {_twins(texts)}")
        rows = connection.sql(_ROWS).to_arrow_table()
        findings = connection.sql(_FINDINGS).to_arrow_table()
    return rows, findings


def days_in(rows: pa.Table, kind: Kind, zone: str, today: date) -> tuple[date, date] | None:
    """The first and the last day that must lie in a report's period; sessions may be planned for later."""
    inside = "greatest(start_time, edited)" if kind is CREATED else "last_view"
    latest = "greatest(start_time, last_view)" if kind is STORAGE else inside  # it lists all up to its end
    local = f"timezone({quoted(zone)}, {{}})::DATE"
    with connect() as connection:
        connection.register("report", rows)
        first, last = (local.format(instant) for instant in (inside, latest))
        connection.execute(f"CREATE TEMP VIEW days AS SELECT {first} AS first, {last} AS last FROM report")
        found = connection.sql(
            f"SELECT coalesce(min(first), max(last)), max(last) FROM days WHERE last <= DATE '{today}'"
        ).fetchall()
    period: tuple[date, date] = found[0]
    return None if period[1] is None else period


def _trimmed(texts: Sequence[str]) -> str:
    """The texts under names of their own, blank ones null."""
    return ", ".join(f"nullif(trim({name}, e' \\t\\r\\n'), '') AS {name}_text" for name in texts)


def _judged(texts: Sequence[str], zone: str) -> str:
    """Each row with its types, and the first thing that is wrong with it."""
    values = ", ".join(
        f"{_value(name, zone) if name in texts else _null(name)} AS {name}" for name in _VALUES
    )
    wrong = " ".join(_wrong(name) for name in _VALUES if name in texts and FIELDS[name][0] in _REASONS)
    return f"""
        SELECT line, CASE WHEN regexp_full_match(lower(session_id_text), {_GUID})
                          THEN lower(session_id_text) END AS session_id, {values},
               CASE WHEN session_id IS NULL THEN {_finding("no_session_id", "Session ID")} {wrong}
                    END AS wrong
        FROM texts"""


def _value(name: str, zone: str) -> str:
    text = f"{name}_text"
    match FIELDS[name][0]:
        case "minutes" | "hours" as form:
            number = f"CASE WHEN regexp_full_match({text}, {_NUMBER}) THEN try_cast({text} AS DOUBLE) END"
            size = f"round({number} * {_MICROSECONDS[form]})"
            return f"CASE WHEN abs({size}) <= {_MOST} THEN {size}::BIGINT END"
        case "count":
            return f"CASE WHEN regexp_full_match({text}, '\\d{{1,15}}') THEN {text}::BIGINT END"
        case "date":
            plain = f"replace({text}, chr(8239), ' ')"  # .NET may put a narrow blank before AM and PM
            instant = f"timezone({quoted(zone)}, try_strptime({plain}, {_DATES}))"
            return f"CASE WHEN regexp_full_match({plain}, {_DATE}) THEN {instant} END"
        case "flag":
            return f"CASE WHEN lower({text}) IN {_YES} THEN 1 WHEN lower({text}) IN {_NO} THEN 0 END"
        case _:
            return text


def _null(name: str) -> str:
    return f"NULL::{_SQL_TYPES[FIELDS[name][0]]}"


def _wrong(name: str) -> str:
    form, (header, *_) = FIELDS[name]
    unreadable = f"WHEN {name}_text IS NOT NULL AND {name} IS NULL THEN {_finding(_REASONS[form], header)}"
    negative = f"WHEN {name} < 0 THEN {_finding('negative_length', header)}"
    return f"{unreadable} {negative}" if form in _MICROSECONDS else unreadable


def _finding(reason: str, header: str) -> str:
    return f"{{'reason': {quoted(reason)}, 'field': {quoted(header)}}}"


def _twins(texts: Sequence[str]) -> str:
    """Sessions with several rows: the first line, and whether all rows say the same."""
    whole = ", ".join(f"{name}_text" for name in texts if name != "session_id")
    return f"""
        WITH several AS (SELECT session_id FROM judged WHERE session_id IS NOT NULL
                         GROUP BY session_id HAVING count(*) > 1)
        SELECT lower(session_id_text) AS session_id, min(line) AS first_line,
               count(DISTINCT ({whole})) = 1 AS same
        FROM texts SEMI JOIN several ON several.session_id = lower(session_id_text)
        GROUP BY ALL"""


_ROWS = """
    SELECT judged.* EXCLUDE (line, wrong)
    FROM judged LEFT JOIN twins USING (session_id)
    WHERE wrong IS NULL AND coalesce(same AND line = first_line, true)
    ORDER BY session_id"""
_FINDINGS = """
    SELECT line, session_id, name,
           coalesce(wrong.reason, CASE WHEN same THEN 'duplicate' ELSE 'contradiction' END) AS reason,
           wrong.field AS field,
           coalesce(coalesce(on_demand_us, 0) + archived_us, on_demand_us, length_us) AS hours_us
    FROM judged LEFT JOIN twins USING (session_id)
    WHERE wrong IS NOT NULL OR (same IS NOT NULL AND NOT (same AND line = first_line))
    ORDER BY line"""
