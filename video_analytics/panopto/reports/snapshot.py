"""What the reports in the lake say together for a report date: which of them count, and one row a session.

Of the reports that end by that date those count that cover the longest time without overlapping: a year by
a year, or one over all years. Of System session storage, which tells how things stand, the newest counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib.resources import files as resources
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from video_analytics.days import ONE_DAY
from video_analytics.errors import ReportError
from video_analytics.lake import Lake, connect, quoted, scan
from video_analytics.panopto.reports.kinds import CREATED, KINDS, STORAGE, USAGE
from video_analytics.panopto.reports.tables import (
    REPORT_FINDINGS,
    REPORT_ROWS,
    SESSION_QUARANTINE,
    SESSION_USAGE,
)

_RANKS = {kind.name: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Held:
    """A report in the lake, from its first to its last day."""

    key: str
    kind: str
    start: date
    end: date
    read_on: str
    file: str

    @property
    def days(self) -> int:
        """How long it covers."""
        return (self.end - self.start).days + 1

    def told(self) -> str:
        """Its kind and period in words."""
        return f"{self.kind} {self.start}..{self.end}"


def reports_held(lake: Lake) -> list[Held]:
    """Every report in the lake, by kind and end."""
    root = lake.root / REPORT_ROWS.name
    keys = sorted(str(path.relative_to(root).with_suffix("").as_posix()) for path in root.glob("*/*.parquet"))
    return sorted(
        (_held(lake, key) for key in keys), key=lambda report: (report.kind, report.end, report.key)
    )


def _held(lake: Lake, key: str) -> Held:
    facts = lake.facts(REPORT_ROWS, key) or {}
    start, end = (date.fromisoformat(facts[name]) for name in ("start", "end"))
    return Held(key, facts["kind"], start, end, facts["read_on"], facts["file"])


def newest_date(reports: Sequence[Held]) -> date:
    """The report date unless another one is asked for: the last day of the newest report.

    Raises:
        ReportError: there is no report.
    """
    if not reports:
        raise ReportError(
            "expected usage reports of Panopto, got none; drop 'Sessions created or edited' and 'Session "
            "usage' (or 'System session storage') into inbox/panopto of the home"
        )
    return max(report.end for report in reports)


def chosen(reports: Sequence[Held], day: date) -> list[Held]:
    """The reports that count for a date, the newest first.

    Raises:
        ReportError: they do not tell both what there is and what was viewed.
    """
    found: list[Held] = []
    for kind in KINDS:
        of_kind = [report for report in reports if report.kind == kind.name]
        usable = [report for report in of_kind if report.end <= day]
        if of_kind and not usable:  # made later: it still tells more than none
            first = min(report.end for report in of_kind)
            usable = [report for report in of_kind if report.end == first]
        found += [max(usable, key=_newest)] if kind is STORAGE and usable else _longest(usable)
    _check(found, day)
    return sorted(found, key=lambda report: (-report.end.toordinal(), _RANKS[report.kind], report.key))


def _newest(report: Held) -> tuple[Any, ...]:
    return report.end, report.days, report.read_on, report.key


def _longest(reports: Sequence[Held]) -> list[Held]:
    """Reports that follow each other and cover the most days; the newest and fewest of those."""
    best: list[tuple[tuple[Any, ...], list[Held]]] = [((0, 0, ()), [])]
    for report in sorted(reports, key=_newest):
        before = [each for each in best if not each[1] or each[1][-1].end <= report.start]
        (days, count, _), chain = max(before, key=lambda each: each[0])
        twice = int(bool(chain) and chain[-1].end == report.start)  # a day that both of them hold
        best.append(((days + report.days - twice, count - 1, _newest(report)), [*chain, report]))
    return max(best, key=lambda each: each[0])[1]


def _check(found: Sequence[Held], day: date) -> None:
    kinds = {report.kind for report in found}
    if STORAGE.name in kinds or {CREATED.name, USAGE.name} <= kinds:
        return
    lacking = CREATED if CREATED.name not in kinds else USAGE
    tells = "what was never viewed" if lacking is CREATED else "what was viewed"
    raise ReportError(
        f"report date {day}: expected '{CREATED.title}' with '{USAGE.title}', or '{STORAGE.title}', got "
        f"{', '.join(report.told() for report in found) or 'none'}: nothing tells {tells}; "
        f"drop '{lacking.title}' of the same period into inbox/panopto"
    )


def take_snapshot(lake: Lake, day: date, zone: str) -> dict[str, Any]:
    """Write the sessions of a report date, and those that do not count; gives the facts of both.

    Raises:
        ReportError: the reports at hand do not suffice.
    """
    held = reports_held(lake)
    reports = chosen(held, day)
    viewed = _viewed(reports)
    with connect() as connection:
        _offer(connection, lake, reports, zone)
        connection.execute(_sql("snapshot.sql"))
        sessions = connection.sql(_sql("sessions.sql")).to_arrow_table()
        connection.register("read", sessions)
        apart = connection.sql("FROM quarantined ORDER BY ALL").to_arrow_table()
        ((apart_us,),) = connection.sql(_APART).fetchall()
        reasons = dict(connection.sql(_REASONS).fetchall())
        listed = dict(connection.sql(_LISTED).fetchall())
    facts = {
        "report_date": day.isoformat(),
        "period_from": min(report.start for report in viewed).isoformat(),
        "period_to": max(report.end for report in viewed).isoformat(),
        "reports": [f"{report.told()} ({report.file})" for report in reports],
        "reports_left_out": [report.told() for report in held if report not in reports],
        "listed_in": listed,
        "quarantined": reasons,
        "quarantined_hours": apart_us / 3.6e9,
    }
    lake.write(SESSION_QUARANTINE, day.isoformat(), apart, facts)
    lake.write(SESSION_USAGE, day.isoformat(), sessions, facts)
    return {**facts, "rows": sessions.num_rows}


_REASONS = "SELECT reason, count(*) FROM quarantined GROUP BY reason ORDER BY reason"
_LISTED = "SELECT reports, count(*) FROM read GROUP BY reports ORDER BY reports"
_APART = """
    SELECT coalesce(sum(greatest(hours_us, 0)), 0)::BIGINT FROM (
        SELECT max(hours_us) AS hours_us FROM quarantined
        WHERE session_id IS NOT NULL AND reason <> 'duplicate' GROUP BY session_id
        UNION ALL SELECT hours_us FROM quarantined WHERE session_id IS NULL)"""


def _viewed(reports: Sequence[Held]) -> list[Held]:
    """The reports whose views count: those of usage, unless that of storage tells of a longer time."""
    usage, storage = ([report for report in reports if report.kind == kind.name] for kind in (USAGE, STORAGE))
    longer = sum(report.days for report in storage) > sum(report.days for report in usage)
    return storage if longer else usage


def _offer(connection: duckdb.DuckDBPyConnection, lake: Lake, reports: Sequence[Held], zone: str) -> None:
    """The rows and findings of the reports as views, and which of them lists all there is."""
    for name, table in (("row", REPORT_ROWS), ("finding", REPORT_FINDINGS)):
        for rank, report in enumerate(reports):
            scan(connection, f"{name}_{rank}", table, lake.files(table, [report.key]))
    for name, view in (("row", "every_row"), ("finding", "findings")):
        parts = [
            f"SELECT {quoted(report.kind)} AS kind, {rank} AS rank, * FROM {name}_{rank}"
            for rank, report in enumerate(reports)
        ]
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {' UNION ALL '.join(parts)}")
    listing = _listing(reports)
    begin = min(report.start for report in listing)
    end = max(report.end for report in listing) + ONE_DAY
    connection.execute("SET VARIABLE viewed_in = $1", [_viewed(reports)[0].kind])
    connection.execute("SET VARIABLE listing = $1", [listing[0].kind])
    for name, day in (("listed_from", begin), ("listed_to", end)):
        instant = datetime.combine(day, time(), ZoneInfo(zone))
        connection.execute(f"SET VARIABLE {name} = $1::TIMESTAMPTZ", [instant])


def _listing(reports: Sequence[Held]) -> list[Held]:
    """The reports of the kind that lists everything: of two kinds the newer one."""
    kinds = ([report for report in reports if report.kind == kind.name] for kind in (STORAGE, CREATED))
    return max(filter(None, kinds), key=lambda found: max(report.end for report in found))


def _sql(name: str) -> str:
    return resources("video_analytics.panopto.reports").joinpath(name).read_text("utf-8")
