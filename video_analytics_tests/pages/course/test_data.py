"""The data of a course's pages against counting by hand, and what of it is withheld."""

import csv
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from video_analytics.errors import LakeError
from video_analytics.lake import Lake
from video_analytics.pages.course.cube import cube
from video_analytics.pages.course.data import course_data
from video_analytics.panopto.exports import write_output_files
from video_analytics.panopto.measures import cover, rules_of
from video_analytics.panopto.tables import CHUNK_TOTALS
from video_analytics.settings import Panopto
from video_analytics_tests.panopto import oracle
from video_analytics_tests.panopto.oracle import COUNTED, Record, World
from video_analytics_tests.panopto.small_lake import (
    ANN,
    ANONYMOUS,
    BIOLOGY,
    BOB,
    CYD,
    LECTURES,
    guid,
    put_day,
    put_folder,
    put_sessions,
    put_year,
    record,
    session,
)

Json = dict[str, Any]

ZONE, CHUNKS = "America/Vancouver", 4
SETTINGS = Panopto(site_timezone=ZONE, chunks=CHUNKS, completed_percent=60.0, trailing_days=2)
RULES = rules_of(SETTINGS)
FIRST = datetime(2024, 12, 1, tzinfo=UTC)
DURATIONS: dict[str, int | None] = dict(zip(LECTURES, (40, 20, 13, 60, None, 33, 8), strict=False))
GONE, UNVIEWED = LECTURES[5], LECTURES[6]
PEOPLE = [guid(0xE00 + number) for number in range(16)]


def world(seed: int) -> World:
    """Six videos, one of unknown duration; most are viewed in two of three months, by some of 16 people."""
    dice = random.Random(seed)
    records = []
    for video, duration in DURATIONS.items():
        start = dice.randint(0, 20)
        for user in dice.sample([*PEOPLE, ANONYMOUS], dice.randint(5, 17)):
            for _ in range(dice.randint(1, 3) if video != UNVIEWED else 0):
                day = start + min(70, int(dice.expovariate(1 / 15)))
                time = FIRST + timedelta(days=day, seconds=dice.randint(0, 86_399))
                at = dice.randint(0, (duration or 50) - 1)
                long = dice.randint(0, (duration or 50) - at + 3)
                records.append(Record(video, user, time, at, long))
    return World(DURATIONS, tuple(records), unit=1000)


def put(lake: Lake, of: World) -> None:
    """The world as records of a year and of days, listed and covered."""
    sessions = [session(each, duration=duration) for each, duration in of.durations.items()]
    sessions = [row | {"left_on": date(2025, 3, 1)} if row["session_id"] == GONE else row for row in sessions]
    put_sessions(lake, BIOLOGY, "Biology", sessions)
    days: dict[date, list[Json]] = defaultdict(list)
    for each in of.records:
        told = {"session_id": each.session, "user_id": each.user}
        place = {"start_position": of.seconds(each.start), "seconds_viewed": of.seconds(each.length)}
        days[each.time.date()].append(record(f"{each.time:%Y-%m-%d %H:%M:%S}", **told, **place))
    put_year(lake, BIOLOGY, 2024, [row for day, rows in days.items() if day.year == 2024 for row in rows])
    for day in (date(2025, 1, 1) + timedelta(days=number) for number in range(60)):
        put_day(lake, BIOLOGY, day, days[day])
    cover(lake, BIOLOGY, RULES)


def data_of(lake: Lake, k: int = 1) -> Json:
    data = course_data(lake, BIOLOGY, SETTINGS, k)
    assert data is not None
    return data


@dataclass(frozen=True)
class Held:
    """A world in a lake, and the data of its pages: all of it, and of 4 and of 5 viewers or more."""

    world: World
    lake: Lake
    all: Json
    of_4: Json
    of_5: Json


@pytest.fixture(scope="module", params=range(3))
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Held:
    lake, of = Lake(tmp_path_factory.mktemp("course")), world(request.param)
    put(lake, of)
    return Held(of, lake, *(data_of(lake, k) for k in (1, 4, 5)))


class Counted:
    """A world counted person by person, with the oracle's rows of chunks."""

    def __init__(self, of: World) -> None:
        self.world, self.rows = of, oracle.files(of, RULES)
        self.watched = [row for row in self.rows["chunked_coverage"] if self.counts(row)]
        self.completed = {
            (row["session_id"], row["user_id"]) for row in self.rows["viewer_coverage"] if row["completed"]
        }
        self.full = {
            (row["session_id"], row["user_id"], row["chunk_index"])
            for row in self.rows["chunk_totals"]
            if row["completed"]
        }
        self.visits = {
            (each.session, each.user, each.time.astimezone(ZoneInfo(ZONE)).date())
            for each in of.records
            if oracle.kind(of, each) in {*COUNTED, "no_duration"}
            and each.session != GONE
            and each.user != ANONYMOUS
        }

    @staticmethod
    def counts(row: Json) -> bool:
        return bool(row["session_id"] != GONE and row["user_id"] != ANONYMOUS)

    def viewers(self, video: str | None, period: str) -> set[str]:
        return {user for of, user, day in self.visits if video in {of, None} and in_period(day, period)}

    def seen(self, video: str | None, period: str, chunk: int | None = None) -> list[Json]:
        return [
            row
            for row in self.watched
            if video in {row["session_id"], None}
            and chunk in {row["chunk_index"], None}
            and in_period(row["date"], period)
        ]

    def seconds(self, video: str | None, period: str, chunk: int | None = None) -> float:
        return float(sum(row["total_time_spent"] for row in self.seen(video, period, chunk)))

    def any(self, video: str, period: str, chunk: int) -> set[str]:
        return {row["user_id"] for row in self.seen(video, period, chunk)}

    def covered(self, video: str, chunk: int | None = None) -> float:
        rows = [row for row in self.rows["chunk_totals"] if self.counts(row) and row["session_id"] == video]
        return float(sum(row["covered_seconds"] for row in rows if chunk in {row["chunk_index"], None}))


def in_period(day: date, period: str) -> bool:
    return period == "all" or day.isoformat().startswith(period)


def test_everything_is_as_counted_by_hand(held: Held) -> None:
    counted, data = Counted(held.world), held.all
    assert [video["id"] for video in data["videos"]] == [each for each in DURATIONS if each != GONE]
    months = sorted({f"{day:%Y-%m}" for _, _, day in counted.visits})
    periods = ["all", *months]
    assert [period["id"] for period in data["periods"]] == periods
    totals = data["totals"]
    assert totals["viewers"] == [len(counted.viewers(None, period)) for period in periods]
    assert totals["watch"] == pytest.approx([counted.seconds(None, period) for period in periods], abs=0.0501)
    assert totals["days"] == [len(counted.viewers(None, day)) for day in data["days"]]
    for video in data["videos"]:
        the = video["id"]
        assert video["viewers"] == [len(counted.viewers(the, period)) for period in periods]
        on_days = {str(at): len(counted.viewers(the, day)) for at, day in enumerate(data["days"])}
        assert video["days"] == {at: viewers for at, viewers in on_days.items() if viewers}
        if video["duration"] is None:
            continue
        assert video["completed"] == [
            sum((the, user) in counted.completed for user in counted.viewers(the, period))
            for period in periods
        ]
        assert video["watch"] == [counted.seconds(the, period) for period in periods]
        assert video["rewatch"] == counted.seconds(the, "all") - counted.covered(the)
        for place, period in enumerate(periods):
            for chunk in range(CHUNKS):
                seen = counted.any(the, period, chunk)
                assert video["any"][place][chunk] == len(seen)
                assert video["full"][place][chunk] == sum((the, user, chunk) in counted.full for user in seen)
                assert video["time"][place][chunk] == pytest.approx(
                    counted.seconds(the, period, chunk), abs=0.0501
                )
        for chunk, ratio in enumerate(video["ratio"]):
            covered = counted.covered(the, chunk)
            assert ratio == (round(counted.seconds(the, "all", chunk) / covered, 2) if covered else None)
    measured = [video for video in data["videos"] if video["duration"] is not None]
    for name, part in (("pairs", "viewers"), ("completed", "completed")):
        assert totals[name] == [
            sum(video[part][place] for video in measured) for place in range(len(periods))
        ]


def test_the_numbers_are_those_of_the_exported_files(held: Held, tmp_path: Path) -> None:
    write_output_files(held.lake, tmp_path, BIOLOGY)
    folder = next((tmp_path / "panopto" / "output[CHUNKED]").iterdir())
    with (folder / "sessions_overview.csv").open(encoding="utf-8") as file:
        sessions = {row["SessionId"]: row for row in csv.DictReader(file)}
    with (folder / "chunked_data.csv").open(encoding="utf-8") as file:
        chunks = [row for row in csv.DictReader(file) if row["UserId"] != ANONYMOUS]
    data = held.all
    assert list(sessions) == [video["id"] for video in data["videos"]]
    for video in data["videos"]:
        row = sessions[video["id"]]
        assert str(video["viewers"][0]) == row["UniqueViewers"]
        completed = video["completed"][0]
        assert ("" if completed is None else str(completed)) == row["CompletedViewerCount(75%Coverage)"]
        spent = sum(float(row["TotalTimeSpent"]) for row in chunks if row["SessionId"] == video["id"])
        assert (video["watch"][0] or 0) == round(spent, 1)


def cells(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every number in a tree, and where it stands."""
    pairs: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        yield place, value
        return
    for name, child in pairs:
        yield from cells(child, (*place, name))


def test_what_is_shown_is_true_and_nothing_small_is_shown(held: Held) -> None:
    k, exact, shown = 4, held.all, held.of_4
    assert exact | {"k": k, "totals": shown["totals"], "videos": shown["videos"]} == shown
    compared = 0
    for name in ("viewers", "watch", "days"):
        for true, said in zip(exact["totals"][name], shown["totals"][name], strict=True):
            assert said in {true, None}
    for one, other in zip(exact["videos"], shown["videos"], strict=True):
        truth, said = dict(cells(one)), dict(cells(other))
        assert truth.keys() == said.keys()
        for place, true in truth.items():
            is_said = said[place]
            if isinstance(is_said, int) and is_said < 0:
                assert -is_said <= true
                assert true - -is_said < k - 1
                compared += 1
            elif is_said is not None:
                assert is_said == true
            if place[0] in {"viewers", "days"} or (place[0] in {"any", "full"} and one["duration"]):
                assert is_said is None or is_said <= 0 or is_said >= k
    assert compared
    assert any(None in video["viewers"] for video in shown["videos"])


def test_what_depends_on_withheld_viewers_is_withheld(held: Held) -> None:
    exact, shown = held.all, held.of_5
    for one, other in zip(exact["videos"], shown["videos"], strict=True):
        for period, viewers in enumerate(other["viewers"]):
            if viewers is None:
                assert other["completed"][period] is None
                assert other["watch"][period] is None
                assert {*other["any"][period], *other["full"][period], *other["time"][period]} == {None}
            if any(0 < count < 5 for count in one["any"][period] if one["duration"]):
                assert set(other["time"][period]) == {None}
            if viewers is not None and one["duration"]:
                rest = one["viewers"][period] - one["completed"][period]
                assert not 0 < rest < 5 or (other["completed"][period] or 0) <= 0
        if other["watch"][0] is None:
            assert other["rewatch"] is None
        if other["time"][0][0] is None:
            assert set(other["ratio"]) == {None}


def test_sums_over_videos_are_of_what_is_shown_of_them(held: Held) -> None:
    exact, shown = held.all, held.of_5
    measured = [video for video in shown["videos"] if video["duration"] is not None]
    for period in range(len(shown["periods"])):
        pairs, completed = shown["totals"]["pairs"][period], shown["totals"]["completed"][period]
        assert pairs == sum(video["viewers"][period] or 0 for video in measured)
        least = sum(abs(video["completed"][period] or 0) for video in measured)
        assert abs(completed or 0) == least <= exact["totals"]["completed"][period]


def test_nobody_is_named(held: Held) -> None:
    for data in (held.all, held.of_5):
        said = json.dumps(data)
        assert not [user for user in (*PEOPLE, ANONYMOUS) if user in said]


def test_the_same_lake_gives_the_same_data(held: Held) -> None:
    assert json.dumps(data_of(held.lake, 5)) == json.dumps(held.of_5)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def listed(lake: Lake, sessions: Sequence[Json], days: dict[date, list[Json]] | None = None) -> Json:
    """The data of a course of some sessions and days."""
    put_folder(lake, BIOLOGY, "Biology")
    put_sessions(lake, BIOLOGY, "Biology", sessions)
    for day, rows in (days or {}).items():
        put_day(lake, BIOLOGY, day, rows)
    cover(lake, BIOLOGY, RULES)
    return data_of(lake)


def test_a_course_that_was_not_listed_or_not_covered_has_no_data(lake: Lake) -> None:
    assert course_data(lake, BIOLOGY, SETTINGS, 5) is None
    put_sessions(lake, BIOLOGY, "Biology", [session(LECTURES[0])])
    assert course_data(lake, BIOLOGY, SETTINGS, 5) is None


def test_an_empty_course(lake: Lake) -> None:
    data = listed(lake, [])
    assert data["course"] == {"id": BIOLOGY, "name": "Biology"}
    assert (data["videos"], data["days"], data["provisional"]) == ([], [], [])
    assert data["periods"] == [{"id": "all", "label": "All dates", "first": None, "last": None}]
    assert data["totals"] == {"viewers": [0], "watch": [0], "completed": [0], "pairs": [0], "days": []}


def test_a_course_without_views_has_the_days_that_were_read(lake: Lake) -> None:
    data = listed(lake, [session(LECTURES[0])], {date(2025, 5, 1): [], date(2025, 5, 2): []})
    assert data["days"] == ["2025-04-30", "2025-05-01", "2025-05-02"]  # a UTC day is of two local ones
    assert [period["id"] for period in data["periods"]] == ["all"]
    video = data["videos"][0]
    assert (video["viewers"], video["watch"], video["any"], video["days"]) == ([0], [0], [[0] * CHUNKS], {})
    assert video["ratio"] == [None] * CHUNKS  # of nothing
    assert "unread" not in video


def test_a_video_of_unknown_duration_has_viewers_and_nothing_else(lake: Lake) -> None:
    day = date(2025, 5, 1)
    rows = [
        record("2025-05-01 06:59:59", session_id=LECTURES[1]),  # 30 April in Vancouver
        record("2025-05-01 07:00:00", session_id=LECTURES[1], user_id=BOB),
        record("2025-05-01 08:00:00", session_id=LECTURES[1], user_id=CYD, seconds_viewed=0.0),
        record("2025-05-01 08:00:00", session_id=LECTURES[1], user_id=ANONYMOUS),
        record("2025-05-01 07:00:00", session_id=LECTURES[0], user_id=CYD),
    ]
    data = listed(lake, [session(LECTURES[0]), session(LECTURES[1], duration=None)], {day: rows})
    known, unknown = data["videos"]
    assert unknown["viewers"] == [2, 1, 1]
    assert unknown["days"] == {"0": 1, "1": 1}
    assert (unknown["duration"], unknown["rewatch"]) == (None, None)
    assert unknown["completed"] == unknown["watch"] == [None] * 3
    for name in ("any", "full", "time"):
        assert unknown[name] == [[None] * CHUNKS] * 3
    assert known["viewers"] == [1, 0, 1]
    assert data["totals"]["viewers"] == [3, 1, 2]
    assert data["totals"]["watch"] == known["watch"] == [30, 0, 30]
    assert data["totals"]["pairs"] == [1, 0, 1]  # of videos that can be completed


def test_a_day_begins_at_midnight_in_the_reporting_zone(lake: Lake) -> None:
    borders = {
        # UTC: the day in Vancouver; the clock goes forward on 9 March and back on 2 November 2025
        "2025-03-09 07:59:59": "2025-03-08",
        "2025-03-09 08:00:00": "2025-03-09",
        "2025-03-10 06:59:59": "2025-03-09",
        "2025-03-10 07:00:00": "2025-03-10",
        "2025-11-02 06:59:59": "2025-11-01",
        "2025-11-03 07:59:59": "2025-11-02",
        "2025-11-03 08:00:00": "2025-11-03",
    }
    for duration in (600.0, None):
        days: dict[date, list[Json]] = defaultdict(list)
        for number, time in enumerate(borders):
            days[date.fromisoformat(time[:10])].append(record(time, user_id=guid(number + 1)))
        data = listed(lake, [session(LECTURES[0], duration=duration)], days)
        viewers = defaultdict(int, {local: [*borders.values()].count(local) for local in borders.values()})
        assert data["totals"]["days"] == [viewers[day] for day in data["days"]]
        assert [data["days"][0], data["days"][-1]] == ["2025-03-08", "2025-11-03"]
        assert [(each["id"], each["first"], each["last"]) for each in data["periods"]] == [
            ("all", "2025-03-08", "2025-11-03"),
            ("2025-03", "2025-03-08", "2025-03-31"),
            ("2025-11", "2025-11-01", "2025-11-03"),
        ]


def test_anonymous_ids_are_nobody(lake: Lake) -> None:
    rows = [record("2025-05-01 20:00:00", user_id=user) for user in (ANN, ANONYMOUS)]
    only = [record("2025-05-02 20:00:00", user_id=ANONYMOUS)]
    data = listed(lake, [session(LECTURES[0])], {date(2025, 5, 1): rows, date(2025, 5, 2): only})
    video = data["videos"][0]
    assert (video["viewers"], video["watch"], video["days"]) == ([1, 1], [30, 30], {"0": 1})
    assert data["totals"]["days"] == [1, 0]
    assert [sum(row) for row in video["time"]] == [30, 30]


def test_what_was_not_read_says_so(lake: Lake) -> None:
    sessions = [
        session(LECTURES[0]),
        session(LECTURES[1], history_from=None),
        session(LECTURES[2], denied_on=date(2025, 5, 1)),
        session(LECTURES[4], history_from=None),  # with imported records
    ]
    put_sessions(lake, BIOLOGY, "Biology", sessions)
    put_day(lake, BIOLOGY, date(2025, 5, 1), [record("2025-05-01 20:00:00", session_id=LECTURES[4])])
    cover(lake, BIOLOGY, RULES)
    put_sessions(lake, BIOLOGY, "Biology", [*sessions, session(LECTURES[3])])  # listed since
    unread = {video["id"] for video in data_of(lake)["videos"] if video.get("unread")}
    assert unread == {LECTURES[1], LECTURES[2], LECTURES[3]}


def test_refreshed_and_provisional_are_of_the_data_and_not_of_today(lake: Lake) -> None:
    days = {date(2025, 5, day): [record(f"2025-05-{day:02} 20:00:00")] for day in range(1, 8)}
    data = listed(lake, [session(LECTURES[0])], days)
    assert data["provisional"] == ["2025-05-05", "2025-05-06", "2025-05-07"]  # two UTC days
    newest = max(path.stat().st_mtime for path in (lake.root / "panopto/viewing_activity").rglob("*.parquet"))
    assert data["refreshed"] == f"{datetime.fromtimestamp(newest, UTC):%Y-%m-%dT%H:%MZ}"
    assert (data["zone"], data["chunks"], data["k"]) == (ZONE, CHUNKS, 1)
    assert json.dumps(data["completed_percent"]) == "60"


def test_tables_of_other_settings_or_of_two_computations_are_refused(lake: Lake) -> None:
    whole = record("2025-05-01 20:00:00", seconds_viewed=600.0)
    listed(
        lake,
        [session(LECTURES[0])],
        {whole["date"]: [whole, whole | {"user_id": BOB, "seconds_viewed": 9.0}]},
    )
    with pytest.raises(LakeError, match="expected coverage of 2 chunks"):
        course_data(lake, BIOLOGY, SETTINGS.model_copy(update={"chunks": 2}), 5)
    held = lake.read(CHUNK_TOTALS, BIOLOGY)
    assert held is not None
    more = [row | {"user_id": user} for row in held.to_pylist() for user in (ANN, BOB)]
    lake.write(CHUNK_TOTALS, BIOLOGY, pa.Table.from_pylist(more[:-2], CHUNK_TOTALS.schema), {})
    with pytest.raises(LakeError, match="materialize panopto/chunked_coverage again"):
        data_of(lake, 5)


def test_the_cube_has_a_row_for_each_video_and_a_column_for_each_date(lake: Lake) -> None:
    listed(lake, [session(LECTURES[0])], {date(2025, 5, 1): [record("2025-05-01 20:00:00")]})
    exact = cube(lake, BIOLOGY, RULES, 2)
    assert exact is not None
    assert exact.viewers.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert (exact.any.shape, exact.ratio.shape) == ((1, 2, CHUNKS), (1, CHUNKS))
