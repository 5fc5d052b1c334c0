"""A home as it is after years: 11 accounts of five years, 20 courses of three, and Dagster's memory of them.

The lake's day files of an owner are links to one file. Dagster's events, runs and ticks are made of its own
classes and rows, in one transaction for each of its databases: a fill by months, then nights with all that
follows them, then the ticks that `retention` keeps.
"""

import itertools
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import sqlalchemy as db
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.remote_representation.external import RemoteRepository, RemoteSchedule, RemoteSensor
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS
from video_analytics.days import days_between
from video_analytics.instance import open_instance, packaged
from video_analytics.lake import Lake, Table, day_key
from video_analytics.panopto.tables import SESSIONS, VIEWING_ACTIVITY
from video_analytics.partitions import add_courses, shown
from video_analytics.ranges import END_TAG, START_TAG
from video_analytics.settings import Settings, load_settings

COURSES_HELD, COURSE_YEARS = 20, 3
ACCOUNT_DAYS = 20_086  # 11 accounts of five years
NIGHTS = 90
MONTH = 31  # days of a run of the fill
TRAILING, REACH = 7, 35  # days that a night reads, and those of the range that it asks for
PARTITION, VERSION = "dagster/partition", "dagster/data_version"
CURSOR = '{"account": "2026-01-01"}'
KEPT = {TickStatus.SKIPPED: 2, TickStatus.SUCCESS: 30}  # days, as dagster.yaml says

Facts = dict[str, Any]


def _files(folder: str, number: int) -> Facts:
    names = [f"brightcove/{folder}/account_of_some_name_{each}.csv" for each in range(number)]
    return {"files": names, "files_changed": number}


DAY_OF_ACCOUNT: Facts = {
    "finality": "final",
    "read_on": "2026-01-01",
    "unattributed": {},
    "views": 5321,
    "seconds": 412345,
    "changed": True,
    "window": "2025-12-01..2025-12-31",
    "window_calls": 2,
    "window_retries": 0,
    "window_seconds": 1.725,
    "rows": 249,
}
DAY_OF_COURSE: Facts = {
    "rows": 113,
    "sessions_read": 4,
    "seconds": 29152.09,
    "changed": 1,
    "denied_sessions": 0,
    "lacking_sessions": 0,
    "course": "COMM 101 [2026S] (closed)",
}
CMS_CATALOGUE: Facts = {"rows": 2300, "listed": 2290, "gone": 10, "changed": True, "calls": 27, "retries": 0}
LAST_VIEWED: Facts = {"rows": 2300, "from_own_rows": 2200, "changed": True, "last_view_list": "read"}
COVERAGE: Facts = {"rows": 18158, "records": 9000, "clipped": 3, "outside": 0, "course": "COMM 101"}
OF_A_NIGHT: dict[str, Facts] = {  # what an asset of whole accounts, courses or categories records
    "brightcove/cms_catalog": CMS_CATALOGUE,
    "brightcove/last_viewed": LAST_VIEWED,
    "brightcove/video_cache": {"rows": 1100, "changed": True, "first_day": "2026-08-24"},
    "brightcove/cms_files": _files("cms", 5),
    "brightcove/reporting_files": _files("reporting", 4),
    "brightcove/multi_year": {
        "files": [f"brightcove/daily/{year}/daily_analytics_{year}.csv" for year in range(2021, 2027)],
        "files_changed": 4,
        "months_rebuilt": 2,
        "years_rebuilt": ["2026"],
    },
    "panopto/course_sessions": {"rows": 60, "folders": 3, "new": 0, "changed": True, "course": "COMM 101"},
    "panopto/chunked_coverage": COVERAGE,
    "panopto/course_files": _files("database", 4),
    "panopto/tableau_files": {"files": ["tableau/chunks.csv", "tableau/sessions.csv"], "files_changed": 2},
    "warehouse": {"views": 27},
    "delivery/shares": {"delivered": 33, "unchanged": 11, "waiting": 0, "held_back": 0},
}
WAY = (  # of a run
    DagsterEventType.RUN_ENQUEUED,
    DagsterEventType.RUN_STARTING,
    DagsterEventType.RUN_START,
    DagsterEventType.RUN_SUCCESS,
)


def settle(home: Path) -> Settings:
    """A home with accounts of five years, courses of three, two shares; nobody answers as its vendors."""
    today = datetime.now(UTC).date()
    first = today - timedelta(days=ACCOUNT_DAYS // 11)
    lines = [
        f"[brightcove]\nstart_date = {first}",
        f"[panopto]\nstart_date = {today.year - COURSE_YEARS}-01-01",
    ]
    lines += [f"daily_years = {COURSE_YEARS + 1}"]
    for share in ("reports", "daily"):
        (home / "shares" / share).mkdir(parents=True)
        lines += [f"[delivery.shares.{share}]", f"root = '{home / 'shares' / share}'"]
    (home / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [f"Course {number},{course_id}" for number, course_id in enumerate(course_ids())]
    text = "\n".join(["PanoptoFolderName,PanoptoFolderID", *rows]) + "\n"
    (home / "courses.csv").write_text(text, encoding="utf-8")
    return load_settings(home, os.environ)


def course_ids() -> list[str]:
    """The courses of the home."""
    return [f"1a2b3c4d-0000-1111-2222-0123456789{number:02x}" for number in range(COURSES_HELD)]


def environment(home: Path) -> dict[str, str]:
    """What the processes of the home are told; the vendors are at an address where nobody is."""
    vendor = "http://127.0.0.1:9"
    return {
        "VIDEO_ANALYTICS_HOME": str(home),
        "DAGSTER_HOME": str(home / ".dagster"),
        "BRIGHTCOVE_CLIENT_ID": "id-of-nobody",
        "BRIGHTCOVE_CLIENT_SECRET": "secret-of-nobody",
        "BRIGHTCOVE_OAUTH_URL": vendor,
        "BRIGHTCOVE_CMS_URL": vendor,
        "BRIGHTCOVE_ANALYTICS_URL": vendor,
        "PANOPTO_SERVER": vendor,
        "PANOPTO_CLIENT_ID": "id-of-nobody",
        "PANOPTO_CLIENT_SECRET": "secret-of-nobody",
        "PANOPTO_USERNAME": "nobody",
        "PANOPTO_PASSWORD": "password-of-nobody",
    }


def fill(settings: Settings) -> dict[str, int]:
    """Lake and instance of a home; counts of what Dagster holds."""
    last = datetime.now(UTC).date() - timedelta(days=1)
    days = days_between(last - timedelta(days=ACCOUNT_DAYS // 11 - 1), last)
    course_days = days_between(last.replace(year=last.year - COURSE_YEARS) + timedelta(days=1), last)
    _fill_lake(settings, days, course_days)
    with open_instance(settings) as (instance, _), _repository(settings.home, instance) as repository:
        add_courses(instance, course_ids())
        with _in_one_go(instance):
            memory = Memory(instance, repository)
            for run in _life(settings, days, course_days):
                memory.keep(run)
            ticks = sum(_ticks(instance, repository))
            memory.finish()
    return {"events": memory.events, "runs": memory.runs, "ticks": ticks}


def _fill_lake(settings: Settings, days: Sequence[date], course_days: Sequence[date]) -> None:
    lake, facts = Lake(settings.lake), {"finality": "final", "read_on": "2026-01-01", "unattributed": {}}
    for account in settings.brightcove.accounts:
        lake.write(
            CMS_CATALOG, account.id, CMS_CATALOG.schema.empty_table(), {"listed": 0, "custom_fields": []}
        )
        link_days(lake, DAILY_ANALYTICS, account.id, days, facts | {"views": 0, "seconds": 0})
    for course_id in course_ids():
        lake.write(SESSIONS, course_id, SESSIONS.schema.empty_table(), {"course": "COMM 101"})
        link_days(lake, VIEWING_ACTIVITY, course_id, course_days, {"read_on": "2026-01-01", "seconds": 0})


def link_days(lake: Lake, table: Table, owner: str, days: Sequence[date], facts: Facts) -> None:
    first = lake.path(table, day_key(owner, days[0]))
    lake.write(table, day_key(owner, days[0]), table.schema.empty_table(), facts)
    for day in days[1:]:
        path = lake.path(table, day_key(owner, day))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(first)


# --- what happened ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """A run: its job, when, by what, and for each asset the partitions planned and those that were made."""

    job: str
    at: datetime
    by: str
    made: dict[str, list[tuple[str | None, Facts]]]
    planned: dict[str, list[str | None]] = field(default_factory=dict)
    span: tuple[str, str] | None = None


def _life(settings: Settings, days: Sequence[date], course_days: Sequence[date]) -> Iterator[Ran]:
    begin = datetime.now(UTC) - timedelta(days=NIGHTS + 10)
    names, courses = [account.key for account in settings.brightcove.accounts], course_ids()
    for at, (name, months) in _every_minute(begin, itertools.product(names, _months(days))):
        yield _days(
            "brightcove_days", at, "brightcove_backfills", "daily_analytics", [name], months, DAY_OF_ACCOUNT
        )
    for at, (name, months) in _every_minute(begin, itertools.product(courses, _months(course_days))):
        yield _days("panopto_days", at, "panopto_courses", "viewing_activity", [name], months, DAY_OF_COURSE)
    for night in range(NIGHTS, 0, -1):
        at = datetime.now(UTC) - timedelta(days=night)
        until = len(days) - night + 1
        yield from _night(settings, at, days[:until][-REACH:], names, courses)


def _months(days: Sequence[date]) -> list[Sequence[date]]:
    return [days[start : start + MONTH] for start in range(0, len(days), MONTH)]


def _every_minute(begin: datetime, things: Iterable[Any]) -> Iterator[tuple[datetime, Any]]:
    for number, thing in enumerate(things):
        yield begin + timedelta(minutes=number), thing


def _days(
    job: str, at: datetime, by: str, asset: str, owners: Sequence[str], days: Sequence[date], facts: Facts
) -> Ran:
    """A run over a range of days; of those before the last ones none is due in a night."""
    key = f"{job.split('_', maxsplit=1)[0]}/{asset}"
    planned: list[str | None] = [f"{owner}|{day}" for owner in owners for day in days]
    due = days if len(owners) == 1 else days[-TRAILING:]
    made: list[tuple[str | None, Facts]] = [(f"{owner}|{day}", facts) for owner in owners for day in due]
    return Ran(job, at, by, {key: made}, {key: planned}, (str(planned[0]), str(planned[-1])))


def _night(
    settings: Settings, at: datetime, days: Sequence[date], names: Sequence[str], courses: Sequence[str]
) -> Iterator[Ran]:
    def whole(job: str, by: str, keys: Sequence[str], parts: Sequence[str | None]) -> Ran:
        return Ran(job, at, by, {key: [(part, OF_A_NIGHT[key]) for part in parts] for key in keys})

    yield whole("brightcove_catalogues", "brightcove_nightly_catalogues", ["brightcove/cms_catalog"], names)
    yield _days("brightcove_days", at, "brightcove_nightly", "daily_analytics", names, days, DAY_OF_ACCOUNT)
    yield whole("panopto_listing", "panopto_nightly_listing", ["panopto/course_sessions"], courses)
    yield _days(
        "panopto_days", at, "panopto_nightly", "viewing_activity", courses, days[-TRAILING:], DAY_OF_COURSE
    )
    follow = [f"brightcove/{name}" for name in ("last_viewed", "video_cache", "cms_files", "reporting_files")]
    for name in names:
        yield whole("brightcove_account_files", "brightcove_files", follow, [name])
    for category in settings.categories:
        yield whole("brightcove_daily_files", "brightcove_files", ["brightcove/multi_year"], [category])
    for course_id in courses:
        follow = ["panopto/chunked_coverage", "panopto/course_files"]
        yield whole("panopto_coverage", "panopto_courses", follow, [course_id])
    for _ in range(3):
        yield whole("panopto_tableau", "panopto_courses", ["panopto/tableau_files"], [None])
        yield whole("overview", "overview", ["warehouse"], [None])
        yield whole("delivery", "delivery_files", ["delivery/shares"], [None])


# --- Dagster's memory -------------------------------------------------------------------------------------


@contextmanager
def _repository(home: Path, instance: dg.DagsterInstance) -> Iterator[RemoteRepository]:
    """The code location as webserver and daemon see it."""
    target = WorkspaceFileTarget([str(packaged("workspace.yaml"))])
    with (
        mock.patch.dict(os.environ, environment(home)),
        WorkspaceProcessContext(instance, target) as process,
    ):
        location = process.create_request_context().get_code_location("video_analytics")
        yield next(iter(location.get_repositories().values()))


@contextmanager
def _in_one_go(instance: dg.DagsterInstance) -> Iterator[None]:
    """All that is written is in one transaction for each database, and waits for no disk."""
    folder = Path(os.environ["DAGSTER_HOME"])
    places = (
        (instance.run_storage, "connect", folder / "history" / "runs.db"),
        (instance.event_log_storage, "index_connection", folder / "history" / "runs" / "index.db"),
        (instance.schedule_storage, "connect", folder / "schedules" / "schedules.db"),
    )
    with ExitStack() as stack:
        for storage, name, path in places:
            assert path.exists()
            engine = db.create_engine(f"sqlite:///{path}")
            connection = stack.enter_context(engine.connect())
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.commit()
            stack.enter_context(connection.begin())

            @contextmanager
            def held(connection: db.Connection = connection) -> Iterator[db.Connection]:
                yield connection

            stack.enter_context(mock.patch.object(type(storage), name, lambda _, held=held: held()))
        yield


class Memory:
    """Keeps runs with their events."""

    def __init__(self, instance: dg.DagsterInstance, repository: RemoteRepository) -> None:
        self.events = self.runs = 0
        self._instance, self._repository = instance, repository
        self._storage: Any = instance.event_log_storage
        self._last: dict[str, tuple[EventLogEntry, int]] = {}
        self._empty_file: Path | None = None

    def keep(self, run: Ran) -> None:
        """A run that succeeded, the events that all runs share, and its own file."""
        run_id = str(uuid.uuid4())
        self._keep_run(run, run_id)
        way = [_event(run, run_id, None, kind, None) for kind in WAY]
        mirrored = [*way, *self._planned(run, run_id), *self._made(run, run_id)]
        rows = [self._storage._event_to_row(event) for event in mirrored]
        with self._storage.index_connection() as connection:
            top = connection.execute(db.text("SELECT coalesce(max(id), 0) FROM event_logs")).scalar_one()
            connection.execute(SqlEventLogStorageTable.insert(), rows)
            numbers = range(top + 1, top + 1 + len(rows))
            tagged = [place for place, event in enumerate(mirrored) if _is_tagged(event)]
            events = [mirrored[place] for place in tagged]
            self._storage._store_asset_event_tags(connection, events, [numbers[place] for place in tagged])
        for event, number in zip(mirrored, numbers, strict=True):
            if key := event.get_dagster_event().asset_key:
                self._last[key.to_string()] = (event, number)
        self._keep_file(run_id, rows)
        self.events, self.runs = self.events + len(rows), self.runs + 1

    def finish(self) -> None:
        """What is kept once for each asset: its last event."""
        with self._storage.index_connection() as connection:
            for event, number in self._last.values():
                self._storage._store_asset_event(connection, event, number)

    def _keep_run(self, run: Ran, run_id: str) -> None:
        job = self._repository.get_full_job(run.job)
        tags = {"dagster/sensor_name": run.by, "dagster/run_key": f"{run.at.date()} {run_id[:16]}"}
        if run.span:
            tags |= {START_TAG: run.span[0], END_TAG: run.span[1]}
        elif (part := next(iter(run.made.values()))[0][0]) is not None:
            tags |= {PARTITION: part, "dagster/partition_set": f"{run.job}_partition_set"}
        told = dg.DagsterRun(
            job_name=run.job,
            run_id=run_id,
            status=dg.DagsterRunStatus.SUCCESS,
            tags=tags,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            has_repository_load_data=True,
        )
        self._instance.run_storage.add_historical_run(told, run.at)
        ends = {"start_time": run.at.timestamp() + 4, "end_time": run.at.timestamp() + 30}
        with self._instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
            connection.execute(RunsTable.update().where(RunsTable.c.run_id == run_id).values(**ends))

    def _planned(self, run: Ran, run_id: str) -> Iterator[EventLogEntry]:
        for name, made in run.made.items():
            for part in run.planned.get(name, [part for part, _ in made]):
                planned = AssetMaterializationPlannedData(_key(name), part)
                yield _event(run, run_id, name, DagsterEventType.ASSET_MATERIALIZATION_PLANNED, planned)

    def _made(self, run: Ran, run_id: str) -> Iterator[EventLogEntry]:
        """Once as each partition is done, and for assets that have one output for all, at the end again."""
        for name, made in run.made.items():
            for tags in (None, {VERSION: uuid.uuid4().hex * 2}) if name not in run.planned else (None,):
                for part, facts in made:
                    it = dg.AssetMaterialization(_key(name), partition=part, metadata=shown(facts), tags=tags)
                    kind = DagsterEventType.ASSET_MATERIALIZATION
                    yield _event(run, run_id, name, kind, StepMaterializationData(it, []))

    def _keep_file(self, run_id: str, rows: Sequence[dict[str, Any]]) -> None:
        path = Path(self._storage.path_for_shard(run_id))
        if self._empty_file is None:
            with self._storage.run_connection(run_id):
                pass
            self._empty_file = path.with_name("empty")
            with db.create_engine(f"sqlite:///{path}").connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(path, self._empty_file)
        else:
            shutil.copyfile(self._empty_file, path)
        with db.create_engine(f"sqlite:///{path}").connect() as connection:
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.execute(SqlEventLogStorageTable.insert(), rows)
            connection.commit()


def _event(run: Ran, run_id: str, asset: str | None, kind: DagsterEventType, data: Any) -> EventLogEntry:
    step = "__".join(_key(asset).path) if asset else None
    told = DagsterEvent(
        event_type_value=kind.value,
        job_name=run.job,
        step_key=step,
        event_specific_data=data,
        logging_tags={"job_name": run.job, "op_name": step or "", "run_id": run_id, "step_key": step or ""},
        message=f"{kind.value} {asset}.",
        pid=20034,
    )
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level=10,
        user_message=told.message or "",
        run_id=run_id,
        timestamp=run.at.timestamp() + 20,
        step_key=step,
        job_name=run.job,
        dagster_event=told,
    )


def _is_tagged(event: EventLogEntry) -> bool:
    data = event.get_dagster_event().event_specific_data
    return isinstance(data, StepMaterializationData) and bool(data.materialization.tags)


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


def _ticks(instance: dg.DagsterInstance, repository: RemoteRepository) -> Iterator[int]:
    """The state of each schedule and sensor, and those of its ticks that `retention` keeps; counts."""
    for sensor in repository.get_sensors():
        data: Any = SensorInstigatorData(
            min_interval=sensor.min_interval_seconds, cursor='{"account": "2026-01-01"}'
        )
        _add_state(instance, sensor, InstigatorType.SENSOR, data)
        yield _keep_ticks(instance, sensor, TickStatus.SKIPPED, sensor.min_interval_seconds or 30)
        yield _keep_ticks(instance, sensor, TickStatus.SUCCESS, 86_400 // 10)
    for schedule in repository.get_schedules():
        data = ScheduleInstigatorData(schedule.cron_schedule, datetime.now(UTC).timestamp())
        _add_state(instance, schedule, InstigatorType.SCHEDULE, data)
        yield _keep_ticks(instance, schedule, TickStatus.SUCCESS, 86_400, days=NIGHTS)


def _add_state(
    instance: dg.DagsterInstance, what: RemoteSensor | RemoteSchedule, kind: InstigatorType, data: Any
) -> None:
    status = InstigatorStatus.DECLARED_IN_CODE
    instance.add_instigator_state(InstigatorState(what.get_remote_origin(), kind, status, data))


def _keep_ticks(
    instance: dg.DagsterInstance,
    what: RemoteSensor | RemoteSchedule,
    status: TickStatus,
    seconds: int,
    days: int | None = None,
) -> int:
    kind = InstigatorType.SENSOR if isinstance(what, RemoteSensor) else InstigatorType.SCHEDULE
    number = (days or KEPT[status]) * 86_400 // seconds
    skipped = status == TickStatus.SKIPPED
    for back in range(number, 0, -1):
        at = datetime.now(UTC).timestamp() - back * seconds
        instance.create_tick(
            TickData(
                instigator_origin_id=what.get_remote_origin_id(),
                instigator_name=what.name,
                instigator_type=kind,
                status=status,
                timestamp=at,
                end_timestamp=at + 0.7,
                selector_id=what.selector_id,
                skip_reason="Nothing has been done yet, or something is under way." if skipped else None,
                run_ids=[] if skipped else [str(uuid.uuid4())],
                run_keys=[] if skipped else [f"2026-11-22 {uuid.uuid4().hex[:16]}"],
                cursor=CURSOR,
            )
        )
    return number
