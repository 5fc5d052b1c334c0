"""The workbook of a report date: a sheet for each table, beginning with the scenarios.

A sheet ends after MOST_ROWS, as a workbook of a million rows opens for nobody; its CSV file has them all, and
the first sheet tells of it. Lists of single sessions are in CSV alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from video_analytics.panopto.publishing import replace_if_new
from video_analytics.panopto.retention import layouts
from video_analytics.panopto.retention.held import Held
from video_analytics.panopto.retention.layouts import Form, Layout
from video_analytics.panopto.retention.offered import has_forecast
from video_analytics.spreadsheet import Sheet, write_workbook

MOST_ROWS = 20_000
_FORMATS: Mapping[Form, str] = {"hours": "0.00", "count": "0", "date": "yyyy-mm-dd"}
_WIDTHS: Mapping[Form, float] = {"text": 24, "hours": 13, "count": 10, "date": 12, "flag": 8}
_WIDE = {"folder": 60, "folder_path": 60, "why": 90, "what": 90, "table": 44, "value": 90}
_SHEETS: Mapping[str, Layout] = {
    "scenarios": layouts.SCENARIOS,
    "scenarios_detail": layouts.DETAIL,
    "totals": layouts.TOTALS,
    **layouts.HOURS,
    "forecast": layouts.FORECAST,
    "affected": layouts.AFFECTED,
}


def write_sheets(held: Held, path: Path, about: Sequence[tuple[str, str]]) -> bool:
    """Replace the workbook by one of the date's numbers; False if nothing changed.

    `about` is what the first sheet says: a name and a value in each line.
    """

    def write(temporary: Path) -> None:
        write_workbook(temporary, _sheets(held.connection, about))

    return replace_if_new(path, write)


def _sheets(connection: duckdb.DuckDBPyConnection, about: Sequence[tuple[str, str]]) -> Iterator[Sheet]:
    said = [*about, *_cuts(connection)]
    widths = {0: _WIDTHS["text"], 1: _WIDE["value"]}
    yield Sheet("about", ["what", "value"], ((False, line) for line in said), widths=widths)
    for name, layout in _SHEETS.items():
        if layout is layouts.FORECAST and not has_forecast(connection):
            continue
        columns = list(enumerate(layout.columns.items()))
        yield Sheet(
            name,
            list(layout.columns),
            ((bold, row) for bold, *row in connection.sql(layout.sheet_query(MOST_ROWS)).fetchall()),
            {place: _FORMATS[form] for place, (_, (form, _)) in columns if form in _FORMATS},
            {place: _WIDE.get(column, _WIDTHS[form]) for place, (column, (form, _)) in columns},
        )


def _cuts(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """A line for each sheet that does not show all rows."""
    for name, layout in _SHEETS.items():
        (all_rows,), (shown,) = (
            connection.sql(f"SELECT count(*) FROM ({query})").fetchall()[0]
            for query in (layout.query, layout.sheet_query(MOST_ROWS))
        )
        if shown < all_rows:
            largest = "the largest of each scenario and bucket" if layout is layouts.AFFECTED else "the first"
            yield f"sheet {name}", f"{shown:,} of {all_rows:,} rows, {largest}; all are in {name}.csv"
