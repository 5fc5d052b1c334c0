"""The files Tableau reads, where people's workbooks look for them.

    panopto/database/{Name}[{ID}]/          every session and every viewing record of a course
    panopto/output[CHUNKED]/{Name}[{ID}]/   its coverage by chunk, viewer and day, and by session
    panopto/output[CHUNKED]/tableau/        the coverage of all courses: CSV, Parquet, and .hyper by an extra

Each file is streamed from the lake, replaced in one step and only when its content changed. A course that was
not read yet has no files; a course without views has files with a header and no rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from video_analytics import lake as lakes
from video_analytics.lake import Lake
from video_analytics.panopto import layouts, publishing
from video_analytics.panopto.layouts import DATE_COLUMN, Layout
from video_analytics.panopto.names import course_folder
from video_analytics.panopto.records import record_files
from video_analytics.panopto.tables import (
    CHUNKED_COVERAGE,
    FOLDERS,
    SESSION_MEASURES,
    SESSIONS,
    VIEWING_ACTIVITY,
)

MEMORY = "512MB"  # what goes beyond is sorted on disk


def write_database_files(lake: Lake, exports: Path, course_id: str) -> dict[str, bool]:
    """`database/` of a course; gives each file and whether it changed.

    The sessions present come first, in listing order, then those that left, so that each record has one.
    """
    course = _listed(lake, course_id)
    if course is None:
        return {}
    folder = course_folder(exports / "panopto" / "database", course.name, course_id)
    with lakes.connect(MEMORY) as connection:
        _show(connection, lake, course)
        lakes.scan(connection, "records", VIEWING_ACTIVITY, record_files(lake, course_id))
        wanted = {"sessions_overview.csv": layouts.ALL_SESSIONS, "viewing_activity.csv": layouts.RECORDS}
        return _write_csvs(connection, wanted, folder, exports)


def write_output_files(
    lake: Lake, exports: Path, course_id: str, date_column: str = DATE_COLUMN
) -> dict[str, bool]:
    """`output[CHUNKED]/` of a course: the sessions present; gives each file and whether it changed.

    `layouts.chunks` says what `date_column` is about.
    """
    course = _covered(lake, course_id)
    if course is None:
        return {}
    with lakes.connect(MEMORY) as connection:
        _show(connection, lake, course)
        wanted = {f"{stem}.csv": layout for stem, layout in _output(date_column).items()}
        return _write_csvs(connection, wanted, _output_folder(exports, course), exports)


def write_tableau_files(
    lake: Lake, exports: Path, course_ids: Sequence[str], date_column: str = DATE_COLUMN
) -> dict[str, bool]:
    """`output[CHUNKED]/tableau/`: the courses one after the other, as listed, from their own output files.

    Gives each file and whether it changed. A session that two listed courses hold is in both; a course
    without output files yet is left out. Parquet and .hyper have the same columns, typed.
    """
    courses = [course for each in course_ids if (course := _covered(lake, each)) is not None]
    found = ((course, _output_folder(exports, course)) for course in courses)
    held = [(course, folder) for course, folder in found if _is_written(folder)]
    target = exports / "panopto" / "output[CHUNKED]" / "tableau"
    changed: dict[Path, bool] = {}
    parquets: dict[str, Path] = {}
    with lakes.connect(MEMORY) as connection:
        for stem, layout in _output(date_column).items():
            joined, parquet = target / f"{stem}.csv", target / f"{stem}.parquet"
            parts = [folder / joined.name for _, folder in held]
            changed[joined] = publishing.join_csv(list(layout.columns), parts, joined)
            rows = (_read(connection, lake, course, layout) for course, _ in held)
            schema = _read(connection, lake, _NOBODYS, layout).schema
            changed[parquet] = publishing.write_parquet(schema, rows, parquet)
            parquets[stem] = parquet
    if publishing.offers_hyper():
        hyper = target / "video_coverage.hyper"
        changed[hyper] = publishing.write_hyper(parquets, hyper)
    return _relative(changed, exports)


@dataclass(frozen=True)
class _Course:
    id: str
    name: str
    sessions: pa.Table  # in listing order


_NOBODYS = _Course("", "", SESSIONS.schema.empty_table())


def _listed(lake: Lake, course_id: str) -> _Course | None:
    """A course as last listed; None if it never was."""
    sessions = lake.read(SESSIONS, course_id)
    if sessions is None:
        return None
    if sessions.num_rows:
        return _Course(course_id, sessions["course_name"][0].as_py(), sessions)
    folders = lake.read(FOLDERS, course_id) or FOLDERS.schema.empty_table()
    own = (row["name"] for row in folders.to_pylist() if row["folder_id"] == course_id)
    return _Course(course_id, next(own, ""), sessions)


def _covered(lake: Lake, course_id: str) -> _Course | None:
    """A course whose coverage was computed; None if it was not yet: that is no course without views."""
    measured = all(lake.path(table, course_id).exists() for table in (CHUNKED_COVERAGE, SESSION_MEASURES))
    return _listed(lake, course_id) if measured else None


def _output(date_column: str) -> dict[str, Layout]:
    """The two files of `output[CHUNKED]/`, by their names without an ending."""
    return {"chunked_data": layouts.chunks(date_column), "sessions_overview": layouts.SESSIONS}


def _output_folder(exports: Path, course: _Course) -> Path:
    return course_folder(exports / "panopto" / "output[CHUNKED]", course.name, course.id)


def _is_written(folder: Path) -> bool:
    return all((folder / f"{stem}.csv").exists() for stem in _output(DATE_COLUMN))


def _show(connection: duckdb.DuckDBPyConnection, lake: Lake, course: _Course) -> None:
    """The tables of a course as SQL sees them; `sessions.place` counts from 1, those present first."""
    listed = pa.array(range(course.sessions.num_rows), pa.int64())
    connection.register("listing", course.sessions.append_column("listed", listed))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE sessions AS "
        "SELECT *, row_number() OVER (ORDER BY left_on IS NOT NULL, listed) AS place FROM listing"
    )
    for name, table in (("chunked_coverage", CHUNKED_COVERAGE), ("session_measures", SESSION_MEASURES)):
        lakes.scan(connection, name, table, lake.files(table, [course.id]))


def _read(
    connection: duckdb.DuckDBPyConnection, lake: Lake, course: _Course, layout: Layout
) -> pa.RecordBatchReader:
    _show(connection, lake, course)
    return connection.sql(layout.query).to_arrow_reader(publishing.BATCH)


def _write_csvs(
    connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, Layout], folder: Path, exports: Path
) -> dict[str, bool]:
    changed = {
        folder / name: publishing.write_csv(connection, layout.text_query, folder / name)
        for name, layout in wanted.items()
    }
    return _relative(changed, exports)


def _relative(changed: Mapping[Path, bool], exports: Path) -> dict[str, bool]:
    return {path.relative_to(exports).as_posix(): new for path, new in changed.items()}
