"""A snapshot of sessions, made ready for counting: local days, months since the last view, classes, sums."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.resources import files as resources

import duckdb
from dateutil.relativedelta import relativedelta

from video_analytics.errors import ReportError
from video_analytics.lake import Lake, connect, scan
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.settings.retention import Retention

HOUR = 3.6e9  # microseconds
NONE, TOTAL = "(none)", "(total)"  # the blank category; the row of all


@dataclass(frozen=True)
class Held:
    """The sessions of a report date in a database: `held`, one row each, and `cube`, their sums."""

    connection: duckdb.DuckDBPyConnection
    day: date  # the report date
    zone: str  # of the days, IANA
    retention: Retention

    @property
    def academic_year(self) -> tuple[date, date]:
        """The last academic year that is over on the report date; its second day is not in it any more."""
        end = _latest(self.day, self.retention.academic_year_to)
        return _latest(end - relativedelta(days=1), self.retention.academic_year_from), end

    @property
    def renewal(self) -> date:
        """When the licence is renewed: as set, else at the end of the academic year that is going on."""
        end = self.academic_year[1] + relativedelta(years=1)
        return self.retention.renewal or end

    def total_us(self) -> int:
        """All that exists, in microseconds."""
        ((total,),) = self.connection.sql("SELECT coalesce(sum(hours_us), 0)::BIGINT FROM cube").fetchall()
        return int(total)


@contextmanager
def opened(lake: Lake, day: date, zone: str, retention: Retention) -> Iterator[Held]:
    """The snapshot of a report date, ready to be counted.

    Raises:
        ReportError: there is no snapshot of that date.
    """
    paths = lake.files(SESSION_USAGE, [day.isoformat()])
    if not paths:
        raise ReportError(
            f"report date {day}: expected a snapshot of sessions, got none; "
            "run `video-analytics run --source reports` with this --report-date"
        )
    with connect() as connection:
        scan(connection, "sessions", SESSION_USAGE, paths)
        yield prepare(connection, day, zone, retention)


def prepare(connection: duckdb.DuckDBPyConnection, day: date, zone: str, retention: Retention) -> Held:
    """The view `sessions` of a connection, ready to be counted."""
    held = Held(connection, day, zone, retention)
    begin, end = held.academic_year
    connection.execute("SET VARIABLE report_date = $1::DATE", [day])
    connection.execute("SET VARIABLE zone = $1", [zone])
    connection.execute("SET VARIABLE academic_from = $1::DATE", [begin])
    connection.execute("SET VARIABLE academic_to = $1::DATE", [end])
    connection.execute(resources("video_analytics.panopto.retention").joinpath("held.sql").read_text("utf-8"))
    return held


def _latest(day: date, month_day: str) -> date:
    """The last such day of a year that is not after `day`."""
    found = date.fromisoformat(f"{day.year}-{month_day}")
    return found if found <= day else found - relativedelta(years=1)
