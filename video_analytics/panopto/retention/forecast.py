"""How the plan fills up until the licence is renewed: stored, archived and created hours, month by month.

A month begins on the day of the month of the report date. What a forecast assumes:

- New hours: each day brings what the same day brought a year earlier, of each stream source the scenario's
  imported share, and the growth of a year more for each year that it lies ahead. A month that nobody has
  seen yet (more than a year ahead) is the forecast one a year before it, grown once more.
- Growth: the last five 12-month windows before the report date, as far as the sessions reach into the first
  month of the window; low, mid and high are the least, the median and the greatest change from one window
  to the next. Only what still exists is counted, so that old years whose sessions were deleted look smaller
  than they were. Without two such windows nothing is known, and the growth is 0.
- New sessions stay stored. Of the old ones either nothing is viewed again (`stored_hours`, `archived_hours`:
  each leaves when its window is over; a month that has begun counts whole), or none leaves
  (`stored_at_most_hours`).
- The licence's year begins on the day of the renewal; what was really started in it before the report date
  counts in full. The day on which a year ends shows the hours of that whole year.

Sessions that start on or after the report date are no history. A renewal that is over has come a year later.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise
from statistics import median

import pyarrow as pa
from dateutil.relativedelta import relativedelta

from video_analytics.panopto.retention.fewer import fewer_rows
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.scenarios import ARCHIVED, CREATED, STORED, reckon
from video_analytics.panopto.retention.tables import RETENTION_FORECAST
from video_analytics.settings.retention import Retention, Scenario

LOW, MID, HIGH = GROWTHS = ("low", "mid", "high")
MOST_MONTHS, MOST_YEARS = 36, 5
_LIMITED = {
    # bucket: the column in which it may pass its limit first
    STORED: "stored_at_most_hours",
    CREATED: "created_hours",
    ARCHIVED: "archived_hours",
}


@dataclass(frozen=True)
class Growth:
    """The change of created hours from one year to the next: 0.1 is a tenth more."""

    low: float
    mid: float
    high: float
    years: Mapping[date, float]  # the first day of a 12-month window, the newest first: hours started in it
    rates: Sequence[float]  # what low, mid and high are taken from; empty: nothing is known

    def rate(self, name: str) -> float:
        """The one called low, mid or high."""
        return {LOW: self.low, MID: self.mid, HIGH: self.high}[name]


@dataclass(frozen=True)
class Breach:
    """The first day on which a limit of the plan is passed."""

    scenario: str
    growth: str
    bucket: str
    month: date
    hours: float
    limit: float


def growth(held: Held) -> Growth:
    """How fast the hours created have grown, a year."""
    return _growth(_Started(held))


def forecast(held: Held, scenarios: Sequence[Scenario] | None = None) -> pa.Table:
    """The figures of each scenario (of the plan's, unless given), growth and month, as RETENTION_FORECAST.

    Raises:
        PlanError: rules overlap or leave hours unassigned, now or as the sessions grow older.
    """
    chosen = held.retention.scenarios if scenarios is None else scenarios
    started, days = _Started(held), _days(held)
    known = _growth(started)
    with fewer_rows(held, chosen) as fewer:
        rows = [row for scenario in chosen for row in _rows(fewer, scenario, started, known, days)]
    return pa.Table.from_pylist(rows, schema=RETENTION_FORECAST.schema)


def breaches(table: pa.Table, retention: Retention) -> list[Breach]:
    """Where a forecast first passes the plan's limits, bundles included; nothing where it does not."""
    found: dict[tuple[str, str, str], Breach] = {}
    limits = {each.name: retention.limits_of(each).model_dump() for each in retention.scenarios}
    for row in table.to_pylist():
        for bucket, column in _LIMITED.items():
            limit = limits[row["scenario"]][bucket]
            if row[column] > limit:
                key = row["scenario"], row["growth"], bucket
                found.setdefault(key, Breach(*key, row["month"], row[column], limit))
    return list(found.values())


def next_renewal(held: Held) -> date:
    """The first renewal after the report date; one that is over comes again every year."""
    found = held.renewal
    while found <= held.day:
        found = held.renewal + relativedelta(years=found.year - held.renewal.year + 1)
    return found


class _Started:
    """The hours really started before the report date, by local day and stream source."""

    def __init__(self, held: Held) -> None:
        self.day, self.renewal = held.day, held.renewal
        self.rows: list[tuple[date, str, int]] = held.connection.execute(
            "SELECT started, stream_source, sum(hours_us)::BIGINT FROM held "
            "WHERE started < getvariable('report_date') GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        self.all = _Curve(self.rows, {})

    def anniversary(self, day: date, *, over: bool) -> date:
        """When the licence's year of a day began; a day on which one ends is in the year that is over."""
        years = day.year - self.renewal.year + 1
        while (found := self.renewal + relativedelta(years=years)) > day or (over and found == day):
            years -= 1
        return found


class _Curve:
    """The hours started before a day, of each stream source a share."""

    def __init__(self, rows: Sequence[tuple[date, str, int]], shares: Mapping[str, float]) -> None:
        self._days = [day for day, _, _ in rows]
        self._sums = [0.0, *accumulate(us * shares.get(source, 1.0) for _, source, us in rows)]

    def between(self, begin: date, end: date) -> float:
        """The hours started from a day to before another."""
        first, last = (self._sums[bisect_left(self._days, day)] for day in (begin, end))
        return (last - first) / HOUR


def _growth(started: _Started) -> Growth:
    first = started.rows[0][0] if started.rows else started.day
    begins = [started.day - relativedelta(years=back) for back in range(MOST_YEARS + 1)]
    windows = [(begin, end) for end, begin in pairwise(begins) if first < begin + relativedelta(months=1)]
    years = {begin: started.all.between(begin, end) for begin, end in windows}
    rates = [newer / older - 1 for newer, older in pairwise(years.values()) if newer > 0 and older > 0]
    low, mid, high = (min(rates), median(rates), max(rates)) if rates else (0.0, 0.0, 0.0)
    return Growth(low, mid, high, years, rates)


def _days(held: Held) -> list[date]:
    """The report date, the same day of the months that follow, and the renewal at the end."""
    end = next_renewal(held)
    months = [held.day + relativedelta(months=number) for number in range(MOST_MONTHS + 1)]
    before = [day for day in months if day < end]
    return [*before, end] if len(before) <= MOST_MONTHS else before


def _rows(
    held: Held, scenario: Scenario, started: _Started, known: Growth, days: Sequence[date]
) -> Iterator[dict[str, object]]:
    later = [reckon(held, scenario, later=months).figures for months in range(len(days))]
    curve = _Curve(started.rows, scenario.imported)
    for name in GROWTHS:
        rate = known.rate(name)
        for day, old in zip(days, later, strict=True):
            new = _new(curve, held.day, day, rate)
            begin = started.anniversary(day, over=day > held.day)
            yield {
                "scenario": scenario.name,
                "growth": name,
                "growth_percent": 100 * rate,
                "month": day,
                "created_hours": new
                + started.all.between(min(begin, held.day), held.day)
                - _new(curve, held.day, begin, rate),
                "stored_hours": old[STORED].conserved + new,
                "stored_at_most_hours": later[0][STORED].conserved + new,
                "archived_hours": old[ARCHIVED].conserved,
            }


def _new(curve: _Curve, report_date: date, day: date, rate: float) -> float:
    """The hours that are started from the report date to before a day, if the last year repeats and grows."""
    total, ahead = 0.0, 0
    year_ago = report_date - relativedelta(years=1)
    while report_date + relativedelta(years=ahead) < day:
        ahead += 1
        whole = report_date + relativedelta(years=ahead) <= day
        until = report_date if whole else day - relativedelta(years=ahead)
        total += (1 + rate) ** ahead * curve.between(year_ago, until)
    return total
