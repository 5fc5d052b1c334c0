"""Coverage of a course, from the lake into the lake, computed anew when what it is made of changed."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from video_analytics import lake as lakes
from video_analytics.errors import LakeError
from video_analytics.lake import Lake
from video_analytics.panopto import coverage
from video_analytics.panopto.activity import Identities
from video_analytics.panopto.coverage import Rules
from video_analytics.panopto.plan import present, sessions_of
from video_analytics.panopto.records import record_files
from video_analytics.panopto.tables import CHUNKED_COVERAGE, COVERAGE, SESSIONS, VIEWING_ACTIVITY
from video_analytics.settings import Panopto

RECIPE = 1  # raise it when the SQL changes what the tables hold


def rules_of(settings: Panopto) -> Rules:
    """What a day, a chunk and completed mean, as the settings say."""
    return Rules(
        zone=settings.zone,
        chunks=settings.chunks,
        completed_percent=settings.completed_percent,
        anonymous=Identities.of(settings).names_of_nobody(),
        legacy_rows=settings.legacy_rows,
    )


def cover(lake: Lake, course_id: str, rules: Rules) -> dict[str, Any]:
    """Bring the tables of coverage of a course up to date; gives what became of each of its records.

    `left` counts the records of sessions that are not in the course any more: they stay in the lake and are
    in no measure. The other classes are those of `coverage.compute`.
    """
    if not lake.path(SESSIONS, course_id).exists():
        raise LakeError(
            f"Panopto course {course_id}: expected a list of its sessions in the lake, found none; "
            "materialize panopto/course_sessions first"
        )
    sessions, inputs = sessions_of(lake, course_id), inputs_of(lake, course_id, rules)
    held = lake.facts(CHUNKED_COVERAGE, course_id)
    if held is not None and held["inputs"] == inputs:
        return {**held["classes"], "rows": held["rows"], "computed": 0}
    with tempfile.TemporaryDirectory() as folder:
        classes = _compute(lake, course_id, sessions, rules, Path(folder))
        # the table that carries the fingerprint of the inputs comes last: till then the course is not done
        for table in (*(each for each in COVERAGE if each is not CHUNKED_COVERAGE), CHUNKED_COVERAGE):
            rows = _with_course(
                pq.read_table(Path(folder) / f"{table.name.split('/')[1]}.parquet"), course_id
            )
            facts = {"inputs": inputs, "classes": classes} if table is CHUNKED_COVERAGE else {}
            lake.write(table, course_id, rows, facts)
    return {**classes, "rows": rows.num_rows, "computed": 1}


def _compute(
    lake: Lake, course_id: str, sessions: list[dict[str, Any]], rules: Rules, folder: Path
) -> dict[str, int]:
    here = present(sessions)
    gone = [row["session_id"] for row in sessions if row["left_on"] is not None]
    with lakes.connect() as connection:
        lakes.scan(connection, "records", VIEWING_ACTIVITY, record_files(lake, course_id))
        connection.register("gone", pa.table({"session_id": pa.array(gone, pa.string())}))
        columns = {
            "session_id": pa.array([row["session_id"] for row in here], pa.string()),
            "duration": pa.array([row["duration"] for row in here], pa.float64()),
        }
        connection.register("sessions", pa.table(columns))
        connection.execute("CREATE TEMP VIEW activity AS FROM records ANTI JOIN gone USING (session_id)")
        classes = coverage.compute(connection, rules, folder)
        ((left,),) = connection.sql(
            "SELECT count(*) FROM records SEMI JOIN gone USING (session_id)"
        ).fetchall()
    return {**classes, "left": left}


def inputs_of(lake: Lake, course_id: str, rules: Rules) -> str:
    """A fingerprint of all that the tables of a course are made from."""
    sessions = sessions_of(lake, course_id)
    files = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in record_files(lake, course_id)
    ]
    shown = sorted((row["session_id"], row["duration"], str(row["left_on"])) for row in sessions)
    how = [rules.zone, rules.chunks, rules.completed_percent, sorted(rules.anonymous), rules.legacy_rows]
    return hashlib.sha256(json.dumps([RECIPE, files, shown, how]).encode()).hexdigest()


def _with_course(table: pa.Table, course_id: str) -> pa.Table:
    return table.append_column("course_id", pa.array([course_id] * table.num_rows, pa.string()))
