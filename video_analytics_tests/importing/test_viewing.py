"""Viewing records of the old script: into days and years of the courses listed, until they are fetched."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from video_analytics.clock import now
from video_analytics.importing import viewing as importing
from video_analytics.panopto import imported, measures, plan
from video_analytics.panopto.activity import IDENTITIES, RAW, Identities
from video_analytics.panopto.exports import write_database_files
from video_analytics.panopto.names import folder_name
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Panopto, load_settings
from video_analytics_tests.conftest import NewSandbox, snapshot
from video_analytics_tests.importing.desk import Place
from video_analytics_tests.importing.old_files import VIEWING, Json, record, viewing, write
from video_analytics_tests.panopto.drill import (
    PEACE,
    Row,
    course_ids,
    lake_rows,
    night,
    panopto_settings,
    road_of,
    true_rows,
)
from video_analytics_tests.panopto.small_lake import (
    ANN,
    BIOLOGY,
    BOB,
    LECTURES,
    ZOOLOGY,
    put_day,
    put_sessions,
    put_year,
    session,
)
from video_analytics_tests.panopto.small_lake import record as lake_record

DAY, JUNE = dt.date(2025, 3, 1), dt.date(2026, 6, 5)
FILE = f"database/{folder_name('BIOL 210 [2024W1]', BIOLOGY)}/viewing_activity.csv"
ONE = viewing(LECTURES[0], ANN, "2025-03-01 18:59:58.123000")
TWO = viewing(LECTURES[1], BOB, "2025-03-01 23:59:59", 300.5, 10.0, PlaybackSpeed="")
OLD = viewing(LECTURES[0], ANN, "2023-09-12 08:00:00")
KEY = "panopto-canary-pseudonym-key"


@pytest.fixture
def listed(place: Place) -> Place:
    """A home with one course."""
    list_courses(place.home, [BIOLOGY])
    return place


def list_courses(folder: Path, ids: Iterable[str]) -> None:
    lines = [
        "PanoptoFolderName,PanoptoFolderID",
        *(f"Course {number},{id_}" for number, id_ in enumerate(ids)),
    ]
    (folder / "courses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def put(place: Place, *rows: Json, name: str = FILE) -> Path:
    return write(place.old / name, VIEWING, rows)


def times(place: Place) -> list[str]:
    return sorted(str(row[2].replace(tzinfo=None)) for row in lake_rows(place.lake, BIOLOGY).elements())


def test_days_of_the_recent_years_and_years_before_them(listed: Place) -> None:
    put(listed, ONE, OLD, TWO)
    told = listed.run()
    assert (told.code, told.of(FILE)) == (0, (3, 0, 0))
    lake = listed.lake
    assert list(lake.days(VIEWING_ACTIVITY, BIOLOGY)) == [DAY]
    year = lake.read(VIEWING_HISTORY, f"{BIOLOGY}/2023")
    assert year is not None
    assert year["time"].to_pylist() == [dt.datetime(2023, 9, 12, 8, tzinfo=dt.UTC)]
    day = lake.read(VIEWING_ACTIVITY, f"{BIOLOGY}/2025/2025-03-01")
    assert day is not None
    assert day.to_pylist()[1] == {
        "course_id": BIOLOGY,
        "session_id": LECTURES[1],
        "user_id": BOB,
        "date": DAY,
        "time": dt.datetime(2025, 3, 1, 23, 59, 59, tzinfo=dt.UTC),
        "playback_speed": None,
        "start_position": 300.5,
        "start_reason": "Start",
        "stop_reason": "End",
        "seconds_viewed": 10.0,
        "occurrence": 0,
    }
    facts = lake.facts(VIEWING_ACTIVITY, f"{BIOLOGY}/2025/2025-03-01") or {}
    assert (facts["imported"], facts["source"], facts["lacking"]) == (LECTURES[:2], FILE, {})


def test_what_the_old_script_stored_several_times_counts_once(listed: Place) -> None:
    put(listed, ONE, ONE, TWO, ONE)
    put(listed, TWO, OLD, name=FILE.replace("BIOL", "Renamed since"))
    told = listed.run()
    assert sum(row["rows_taken"] for row in told.report.values()) == 3
    assert lake_rows(listed.lake, BIOLOGY).total() == 3


WRONG: list[tuple[Json, str]] = [
    ({"SessionId": "x"}, "SessionId: expected an id"),
    ({"UserId": "canary@example.com"}, "UserId: expected an id"),
    ({"UserId": ""}, "UserId is empty"),
    ({"DateTime": "2025-03-01 18:59:58"}, "DateTime: expected a time with its offset"),
    ({"DateTime": "2025-02-30 18:59:58+00:00"}, "DateTime: expected a time with its offset"),
    ({"Date (UTC)": "2025-03-02"}, "Date (UTC) and DateTime are of different days"),
    ({"SecondsViewed": "nan"}, "SecondsViewed is empty"),
    ({"SecondsViewed": "3"}, "StopPosition is not StartPosition and SecondsViewed together"),
    ({"PlaybackSpeed": "fast"}, "PlaybackSpeed: expected a number"),
    ({"DateTime": "2009-12-31 10:00:00+00:00", "Date (UTC)": ""}, "before panopto.start_date"),
    ({"DateTime": "2026-06-15 00:00:00+00:00", "Date (UTC)": ""}, "the day is not over"),
]


def test_wrong_records_are_refused_with_their_lines_and_without_their_viewers(listed: Place) -> None:
    put(listed, ONE, *(TWO | changes for changes, _ in WRONG), OLD)
    told = listed.run()
    assert (told.code, told.of(FILE)) == (1, (2, 0, len(WRONG)))
    for number, (_, says) in enumerate(WRONG):
        (reason,) = (each for each in told.report[FILE]["reason"] if says in each)
        assert str(3 + number) in reason.partition("(line")[2].strip("s )").split(", ")
    assert not any(viewer in told.output for viewer in (ANN, BOB, "canary"))


def test_a_long_file_gets_the_memory_it_needs(listed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MEMORY", "1MB")
    times_of = (dt.datetime(2025, 1, 1) + dt.timedelta(minutes=7 * number) for number in range(4_000))  # noqa: DTZ001
    put(listed, *(viewing(LECTURES[0], ANN, str(time)) for time in times_of))
    assert listed.run().of(FILE) == (4_000, 0, 0)
    assert len(list(listed.lake.days(VIEWING_ACTIVITY, BIOLOGY))) == 20


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        (f"Zoology[{ZOOLOGY}]", f"course {ZOOLOGY} is not in courses.csv"),
        ("Zoology", "expected a course's id in brackets"),
        ("Zoology[2024W1]", "expected a course's id in brackets"),
    ],
)
def test_only_courses_that_are_listed(listed: Place, folder: str, says: str) -> None:
    name = f"database/{folder}/viewing_activity.csv"
    put(listed, ONE, name=name)
    told = listed.run()
    assert (told.code, told.of(name)) == (1, (0, 0, None))
    assert says in told.why(name)
    assert not listed.lake.root.joinpath(VIEWING_ACTIVITY.name).exists()


def test_the_list_that_comes_along_counts(place: Place) -> None:
    list_courses(place.old, [BIOLOGY])
    put(place, ONE)
    assert place.run("--dry-run").of(FILE) == (1, 0, 0)
    assert place.run().of(FILE) == (1, 0, 0)
    assert times(place) == ["2025-03-01 18:59:58.123000"]


def test_what_is_held_stays_as_it_is(listed: Place) -> None:
    put_day(listed.lake, BIOLOGY, DAY, [])
    put_day(listed.lake, BIOLOGY, dt.date(2024, 5, 1), [])  # of a year that will be put together from days
    put_year(listed.lake, BIOLOGY, 2023, [lake_record("2023-01-01 00:00:00")])
    (listed.lake.root / IDENTITIES).write_text(RAW, encoding="utf-8")
    before = snapshot(listed.lake.root)
    put(listed, ONE, OLD, viewing(LECTURES[0], ANN, "2024-09-12 08:00:00"))
    told = listed.run()
    assert (told.code, told.of(FILE)) == (0, (0, 3, 0))
    assert snapshot(listed.lake.root) == before


def test_viewers_are_called_as_in_the_rest_of_the_lake(listed: Place) -> None:
    (listed.home / "settings.toml").write_text("[panopto]\npseudonymise = true\n", encoding="utf-8")
    (listed.home / ".env").write_text(f"PANOPTO_PSEUDONYM_KEY={KEY}\n", encoding="utf-8")
    put(listed, ONE, TWO | {"UserId": "00000000-0000-0000-0000-000000000000"})
    assert listed.run().code == 0
    identities = Identities.of(load_settings(listed.home, {}).panopto)
    names = {row[1] for row in lake_rows(listed.lake, BIOLOGY)}
    assert names == {identities.shown(ANN), "00000000-0000-0000-0000-000000000000"}
    assert not [path for path in listed.home.rglob("*.parquet") if ANN.encode() in path.read_bytes()]


def test_two_ways_of_calling_viewers_never_mix(listed: Place) -> None:
    (listed.lake.root / "panopto").mkdir(parents=True)
    (listed.lake.root / IDENTITIES).write_text("hmac-sha256 0123456789abcdef", encoding="utf-8")
    put(listed, ONE)
    for options in (["--dry-run"], []):
        told = listed.run(*options)
        assert (told.code, told.of(FILE)) == (1, (0, 0, None))
        assert "panopto.pseudonymise" in told.why(FILE)
    assert lake_rows(listed.lake, BIOLOGY) == Counter()


def test_a_course_that_a_run_is_reading_waits(listed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PATIENCE", 0.01)
    put(listed, ONE)
    (listed.home / ".locks").mkdir()
    with FileLock(listed.home / ".locks" / f"panopto-{BIOLOGY}"):
        told = listed.run()
    assert told.of(FILE) == (0, 0, None)
    assert "a run is reading this course" in told.why(FILE)


# what is fetched takes the place of what was imported


def test_imported_days_and_years_are_due(listed: Place) -> None:
    row = session(LECTURES[0], start_time="2023-03-01T10:00:00Z", history_from=dt.date(2010, 1, 1))
    row |= {"first_record": None, "denied_on": None}
    put_sessions(listed.lake, BIOLOGY, "Biology", [row])
    (listed.lake.root / IDENTITIES).write_text(RAW, encoding="utf-8")
    put_year(listed.lake, BIOLOGY, 2024, [])
    put(listed, ONE, OLD)
    assert listed.run().of(FILE) == (2, 0, 0)

    def due() -> tuple[bool, list[int]]:
        settings = Panopto(trailing_days=1)
        days = plan.due_days(listed.lake, BIOLOGY, settings, now(), sweep=False)
        return DAY in days, plan.due_years(listed.lake, BIOLOGY, settings, now())

    assert due() == (True, [2023])
    imported.strike(listed.lake, BIOLOGY, [DAY, 2023])
    assert due() == (False, [])


def vendors(rows: Sequence[Json]) -> Counter[Row]:
    """Old rows as the drill sees rows of the lake."""
    return Counter(
        (
            row["SessionId"],
            row["UserId"],
            dt.datetime.fromisoformat(row["DateTime"]),
            float(row["StartPosition"]),
            float(row["SecondsViewed"]),
            float(row["PlaybackSpeed"]) if row["PlaybackSpeed"] != "" else None,
            row["StartReason"],
            row["StopReason"],
        )
        for row in rows
    )


@pytest.mark.parametrize("before", [True, False])
def test_fetched_records_replace_imported_ones_and_those_of_lost_sessions_stay(
    place: Place, new_sandbox: NewSandbox, *, before: bool
) -> None:
    """Imported before anything was fetched, or into the gaps of a course that is read already."""
    sandbox = new_sandbox(PEACE)
    course_id = course_ids(sandbox)[0]
    list_courses(place.home, [course_id])
    settings = panopto_settings(sandbox, place.home, start_date=JUNE, trailing_days=2)
    here = [each["Id"] for each in sandbox.panopto.sessions_of(course_id, sandbox.now())]
    told = [
        record(each)
        for each in sandbox.panopto.records(sandbox.now(), here)
        if JUNE <= each["Time"].date() < sandbox.now().date()
    ]
    lost = viewing(LECTURES[8], ANN, "2026-06-08 10:00:00")
    wrong = viewing(told[0]["SessionId"], ANN, told[0]["DateTime"][:10] + " 11:11:11", 1.0, 2.0)
    assert len(told) > 20
    write(place.old / f"database/COMM[{course_id}]/viewing_activity.csv", VIEWING, [*told, lost, wrong])
    with road_of(settings) as road:
        if not before:
            assert night(road, [course_id]) == []
            for path in (road.lake.root / VIEWING_ACTIVITY.name / course_id).rglob("2026-06-0*.parquet"):
                path.unlink()
        result = place.run(env=sandbox.environment())
        assert result.code == 0
        assert vendors([lost, wrong]) - lake_rows(road.lake, course_id) == Counter()
        assert imported.days(road.lake, course_id)
        assert night(road, [course_id]) == []
        assert imported.days(road.lake, course_id) == set()
        since_june = {row: n for row, n in true_rows(sandbox, course_id).items() if row[2].date() >= JUNE}
        assert lake_rows(road.lake, course_id) - vendors([lost]) == Counter(since_june)
        facts = road.lake.facts(VIEWING_ACTIVITY, f"{course_id}/2026/2026-06-08") or {}
        assert facts["imported"] == [LECTURES[8]]
        due = plan.due_days(road.lake, course_id, settings.panopto, now(), sweep=False)
        assert len(due) == settings.panopto.trailing_days
        assert write_database_files(road.lake, place.home / "exports", course_id)
        assert measures.cover(road.lake, course_id, measures.rules_of(settings.panopto))
