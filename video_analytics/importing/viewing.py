"""Viewing records of `database/{Name}[{id}]/viewing_activity.csv` as days and years of the courses listed.

A day or year that is held stays as it is, and so does a year of which days are held. The old script stored
the sessions of deep folders several times, and windows twice after a crash: a record that is there more than
once counts once, and what the vendor really holds twice comes with its own answer. Viewers are called as in
the rest of the lake, and appear in no message.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from video_analytics import lake as lakes
from video_analytics.errors import SettingsError
from video_analytics.importing import columns, sheets
from video_analytics.importing.columns import Column, Sieve
from video_analytics.importing.desk import MEMORY, Desk, distinct, grouped, judge, shaped
from video_analytics.importing.finding import Found
from video_analytics.importing.tally import Tally, Unreadable
from video_analytics.lake import day_key
from video_analytics.panopto import activity, imported, plan
from video_analytics.panopto.activity import Identities
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY

PATIENCE = 10  # seconds for a course that a run is reading
_COURSE = re.compile(r"\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]", re.IGNORECASE)
_TEXT, _FLOAT, _TIME = pa.string(), pa.float64(), pa.timestamp("us", tz="UTC")
_COLUMNS = {
    "session_id": Column("SessionId", columns.guid, _TEXT, "an id as Panopto gives them", needed=True),
    "user_id": Column("UserId", columns.guid, _TEXT, "an id as Panopto gives them", needed=True),
    "date": Column("Date (UTC)", columns.day, pa.date32(), "a day such as 2025-03-01"),
    "time": Column("DateTime", columns.instant, _TIME, "a time with its offset", needed=True),
    "playback_speed": Column("PlaybackSpeed", columns.number, _FLOAT, "a number"),
    "start_position": Column("StartPosition", columns.number, _FLOAT, "a number", needed=True),
    "start_reason": Column("StartReason", columns.text_of, _TEXT, "a word"),
    "stop_position": Column("StopPosition", columns.number, _FLOAT, "a number"),
    "stop_reason": Column("StopReason", columns.text_of, _TEXT, "a word"),
    "seconds_viewed": Column("SecondsViewed", columns.number, _FLOAT, "a number", needed=True),
}
_RECORD = tuple(name for name in _COLUMNS if name not in {"date", "stop_position"})
_SAME = 0.01  # seconds between a stop and where start and length say it is
_STAGED = pa.schema(
    [
        *(pa.field("file", pa.int64()), pa.field("line", pa.int64()), pa.field("part", _TEXT)),
        *(field for field in VIEWING_ACTIVITY.schema if field.name not in {"course_id", "occurrence"}),
    ]
)
_JUDGED = f"""
    SELECT staged.*, CASE
        WHEN held.part IS NOT NULL THEN 'there'
        WHEN row_number() OVER (PARTITION BY {", ".join(_RECORD)} ORDER BY file, line) > 1 THEN 'there'
        ELSE 'new' END AS verdict
    FROM staged LEFT JOIN held USING (part)
    ORDER BY part, session_id, time, user_id, start_position, seconds_viewed,
        playback_speed, start_reason, stop_reason
"""  # noqa: S608 - our own columns


def import_viewing(desk: Desk, files: Sequence[Found], listed: Mapping[str, str]) -> None:
    """Take the records of these files, for the courses listed (names by ids); tallies say what became."""
    if not files:
        return
    identities = Identities.of(desk.settings.panopto)
    try:
        activity.settle(desk.lake, identities, dry_run=desk.dry_run)
    except SettingsError as error:
        for file in files:
            file.tally.refuse_all(str(error))
        return
    by_course: dict[str, list[Found]] = defaultdict(list)
    for file in files:
        course_id = course_of(file.path)
        if course_id in listed:
            by_course[course_id].append(file)
        else:
            file.tally.refuse_all(_not_listed(course_id))
    for course_id, of_course in by_course.items():
        try:
            with _alone(desk, course_id):
                _import_course(desk, course_id, of_course, identities)
        except Timeout:
            for file in of_course:
                file.tally.refuse_all("a run is reading this course; import again when it is done")


def course_of(path: Path) -> str:
    """The id in brackets at the end of the folder's name, as names may hold brackets; empty without one."""
    found = _COURSE.findall(path.parent.name)
    return found[-1].lower() if found else ""


def _not_listed(course_id: str) -> str:
    if not course_id:
        return "expected a course's id in brackets in its folder's name, as in Name[id]; rename the folder"
    return f"course {course_id} is not in courses.csv; add it there and import again"


@contextmanager
def _alone(desk: Desk, course_id: str) -> Iterator[None]:
    """As the runs do it: nobody else works on this course meanwhile."""
    if desk.dry_run:
        yield
        return
    folder = desk.settings.home / ".locks"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / f"panopto-{course_id}", timeout=PATIENCE):
        yield


def _import_course(desk: Desk, course_id: str, files: Sequence[Found], identities: Identities) -> None:
    names: dict[str, str] = {}
    staged = [
        path
        for number, file in enumerate(files)
        if (path := _stage(desk, number, file, identities, names)) is not None
    ]
    judged = desk.scratch / "viewing.judged.parquet"
    if staged:
        with lakes.connect(MEMORY) as connection:
            _judge(connection, desk, course_id, staged, judged)
            parts = _count(connection, judged, files)
        for path in staged:
            path.unlink()
        if not desk.dry_run:
            imported.note(desk.lake, course_id, parts)
            _write(desk, course_id, judged, files, identities)
        judged.unlink()


# --- files to typed rows ----------------------------------------------------------------------------------


def _stage(
    desk: Desk, number: int, file: Found, identities: Identities, names: dict[str, str]
) -> Path | None:
    """A file's good rows as Parquet; None where the file cannot be read whole."""
    path = desk.scratch / f"viewing.{number}.parquet"
    try:
        with pq.ParquetWriter(path, _STAGED) as writer:
            for block in sheets.blocks(file.path, [column.name for column in _COLUMNS.values()]):
                writer.write_table(_typed(desk, number, block, file.tally, identities, names))
    except Unreadable as error:
        file.tally.refuse_all(str(error))
        path.unlink()
        return None
    return path


def _typed(
    desk: Desk,
    number: int,
    block: sheets.Block,
    tally: Tally,
    identities: Identities,
    names: dict[str, str],
) -> pa.Table:
    sieve = Sieve(block, tally)
    read = {name: sieve.read(column) for name, column in _COLUMNS.items()}
    said, read["date"] = read["date"], read["time"].cast(pa.date32())
    sieve.refuse(_differ(said, read["date"]), "Date (UTC) and DateTime are of different days")
    stop = pc.add(read["start_position"], read["seconds_viewed"])
    gap = pc.greater(pc.abs(pc.subtract(read["stop_position"], stop)), _SAME)
    sieve.refuse(_true(gap), "StopPosition is not StartPosition and SecondsViewed together")
    start = desk.settings.panopto.start_date
    early = f"the day is before panopto.start_date ({start}); set an earlier one and import again"
    sieve.refuse(_true(pc.less(read["date"], pa.scalar(start))), early)
    sieve.refuse(
        _true(pc.greater(read["date"], pa.scalar(plan.last_closed(desk.now)))), "the day is not over"
    )
    coded = read["user_id"].dictionary_encode()
    for user_id in coded.dictionary.to_pylist():
        if user_id is not None and user_id not in names:
            names[user_id] = identities.shown(user_id)
    shown = pa.array([names.get(user_id) for user_id in coded.dictionary.to_pylist()], _TEXT)
    read["user_id"] = shown.take(coded.indices)
    size = len(block.lines)
    arrays = {
        **read,
        "file": pa.array([number] * size, pa.int64()),
        "line": pa.array(sieve.lines),
        "part": _parts(desk, read["date"]),
    }
    kept = pa.array(sieve.keep)
    return pa.table({field.name: pc.filter(arrays[field.name], kept) for field in _STAGED}, schema=_STAGED)


def _parts(desk: Desk, days: pa.Array) -> pa.Array:
    """The partition of each row: its day in the recent years, its year before them."""
    since = plan.daily_since(desk.settings.panopto, desk.now)
    recent = pc.greater_equal(days, pa.scalar(since))
    return pc.if_else(recent, pc.strftime(days, "%Y-%m-%d"), pc.strftime(days, "%Y"))


def _differ(one: pa.Array, other: pa.Array) -> pa.Array:
    return _true(pc.not_equal(one, other))


def _true(mask: pa.Array) -> pa.Array:
    return pc.fill_null(mask, fill_value=False)


# --- judging ----------------------------------------------------------------------------------------------


def _judge(
    connection: duckdb.DuckDBPyConnection,
    desk: Desk,
    course_id: str,
    staged: Sequence[Path],
    judged: Path,
) -> None:
    """Write all records with their verdicts, partition by partition, in the order of the lake."""
    connection.register("held", pa.table({"part": pa.array(sorted(_held(desk, course_id)), _TEXT)}))
    judge(connection, _JUDGED, staged, judged)


def _held(desk: Desk, course_id: str) -> set[str]:
    """The days held, the years held, and those of which days are."""
    days = list(desk.lake.days(VIEWING_ACTIVITY, course_id))
    years = (desk.lake.root / VIEWING_HISTORY.name / course_id).glob("????.parquet")
    return {*map(str, days), *(str(day.year) for day in days), *(path.stem for path in years)}


def _count(connection: duckdb.DuckDBPyConnection, judged: Path, files: Sequence[Found]) -> list[str]:
    """Tell each file what became of its rows; gives the partitions that are to be written."""
    source = f"read_parquet({lakes.pattern(judged)})"
    query = f"SELECT file, verdict, count(*) FROM {source} GROUP BY ALL"  # noqa: S608 - our own file
    for number, verdict, rows in connection.sql(query).fetchall():
        if verdict == "new":
            files[number].tally.taken += rows
        else:
            files[number].tally.there += rows
    query = f"SELECT DISTINCT part FROM {source} WHERE verdict = 'new'"  # noqa: S608 - our own file
    return [part for (part,) in connection.sql(query).fetchall()]


# --- the lake ---------------------------------------------------------------------------------------------


def _write(desk: Desk, course_id: str, judged: Path, files: Sequence[Found], identities: Identities) -> None:
    pa.default_memory_pool().release_unused()
    for (part,), pieces in grouped(judged, ["part"], VIEWING_ACTIVITY.schema):
        facts = {
            "identities": identities.mark,
            "denied": [],
            "lacking": {},
            "imported": distinct(pieces, "session_id"),
            "source": ", ".join(files[number].tally.file for number in distinct(pieces, "file")),
        }
        table = shaped(pieces, VIEWING_ACTIVITY.schema, {"course_id": course_id, "occurrence": 0})
        if len(part) == len("2025"):
            desk.lake.write(VIEWING_HISTORY, f"{course_id}/{part}", table, facts)
        else:
            desk.lake.write(VIEWING_ACTIVITY, day_key(course_id, date.fromisoformat(part)), table, facts)
