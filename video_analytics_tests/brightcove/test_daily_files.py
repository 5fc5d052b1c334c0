"""The daily files: a CSV and a Parquet file a year and all years in one; made again only where it changed."""

import csv
import itertools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from video_analytics.brightcove.daily_files import write_daily_files
from video_analytics.brightcove.multi_year import consolidate
from video_analytics.brightcove.tables import DAILY_ANALYTICS, MULTI_YEAR
from video_analytics.lake import Lake, day_key
from video_analytics_tests.brightcove.small_lake import (
    ACCOUNTS,
    INTERNET,
    INTRANET,
    METRICS,
    Json,
    put_cache,
    put_catalogue,
    put_day,
    video,
)
from video_analytics_tests.brightcove.test_exports import NASTY
from video_analytics_tests.brightcove.test_tables import DAILY_REPORT
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.failing import ERRORS, errno_of, failing_call

CATEGORY, PAIR = "internet", (INTERNET, INTRANET)
DAYS = [date(2024, 12, 30), date(2024, 12, 31), date(2025, 1, 1), date(2025, 3, 5), date(2026, 2, 28)]
YEARS = ("2024", "2025", "2026")
DAILY = "brightcove/daily"
JOINED = f"{DAILY}/daily_analytics_2024_2025_2026_internet"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Five days in three years."""
    lake = Lake(tmp_path / "lake")
    put_catalogue(lake, INTERNET, [video(each) for each in "123"])
    for day in DAYS:
        put_day(lake, INTERNET, day, {"1": {}, "2": {"video_view": 0}})
        put_day(lake, INTRANET, day, {"1": {"video_view": 1}})
    return lake


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "exports"


def publish(lake: Lake, exports: Path, *, only_cached: bool = False) -> dict[str, bool]:
    months = consolidate(lake, CATEGORY, PAIR, only_cached=only_cached)
    return write_daily_files(lake, exports, CATEGORY, months.all)


def changed(lake: Lake, exports: Path) -> set[str]:
    """Publish; the files that changed, by what was told and by what lies on the disk."""
    before = snapshot(exports)
    told = {name for name, new in publish(lake, exports).items() if new}
    after = snapshot(exports)
    assert {name for name in after if after[name] != before.get(name)} == told
    return told


def of_year(year: str) -> set[str]:
    stem = f"{DAILY}/{year}/daily_analytics_{year}_internet"
    return {f"{stem}.csv", f"{stem}.parquet"}


BOTH_JOINED = {f"{JOINED}.csv", f"{JOINED}.parquet"}


def csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def parquet_rows(path: Path) -> list[Json]:
    rows: list[Json] = pq.read_table(path).to_pylist()
    return rows


def as_text(value: object) -> str:
    return "" if value is None else str(value)


def same_rows(lines: list[list[str]], rows: list[Json]) -> None:
    """Assert that a CSV file's lines are the rows: texts alike, numbers equal."""
    header, *lines = lines
    assert header == DAILY_REPORT
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        for text, value in zip(line, row.values(), strict=True):
            if isinstance(value, float):
                assert float(text) == value
            else:
                assert text == as_text(value)


# --- names, columns, rows ---------------------------------------------------------------------------------


def test_a_file_for_each_year_and_one_of_all(lake: Lake, exports: Path) -> None:
    told = publish(lake, exports)
    wanted = set().union(*map(of_year, YEARS)) | BOTH_JOINED
    assert set(told) == set(snapshot(exports)) == wanted
    assert set(told.values()) == {True}
    assert list(told) == sorted(told)


def test_columns_and_order_are_alike_in_both_formats(lake: Lake, exports: Path) -> None:
    for name in publish(lake, exports):
        if name.endswith(".csv"):
            parquet = (exports / name).with_suffix(".parquet")
            assert pq.read_schema(parquet).names == DAILY_REPORT
            rows = parquet_rows(parquet)
            same_rows(csv_rows(exports / name), rows)
            keys = [(row["date"], row["account_id"], row["video_id"]) for row in rows]
            assert keys == sorted(keys)


def test_parquet_types_are_plain(lake: Lake, exports: Path) -> None:
    publish(lake, exports)
    schema = pq.ParquetFile(exports / f"{JOINED}.parquet").schema_arrow
    assert [field.type for field in schema] == [field.type for field in MULTI_YEAR.schema]
    assert {str(field.type) for field in schema} == {"string", "int64", "double", "date32[day]"}


def test_years_hold_their_own_days_and_all_together_the_joined_file(lake: Lake, exports: Path) -> None:
    publish(lake, exports)
    bodies, rows = b"", list[Json]()
    for year in YEARS:
        stem = exports / DAILY / year / f"daily_analytics_{year}_internet"
        header, body = stem.with_suffix(".csv").read_bytes().split(b"\n", 1)
        assert header.decode().split(",") == DAILY_REPORT
        bodies += body
        held = parquet_rows(stem.with_suffix(".parquet"))
        assert {str(row["date"].year) for row in held} == {year}
        rows += held
    joined = (exports / f"{JOINED}.csv").read_bytes()
    assert joined == ",".join(DAILY_REPORT).encode() + b"\n" + bodies
    assert parquet_rows(exports / f"{JOINED}.parquet") == rows
    assert len(rows) == 15


def test_sums_are_those_of_the_lake(lake: Lake, exports: Path) -> None:
    publish(lake, exports)
    days = [
        row
        for account in PAIR
        for day in DAYS
        for row in (lake.read(DAILY_ANALYTICS, day_key(account.id, day)) or pa.table({})).to_pylist()
    ]
    rows = parquet_rows(exports / f"{JOINED}.parquet")
    for name in METRICS:
        if name not in {"views_tv", "views_other"}:
            assert sum(row[name] for row in rows) == sum(row[name] for row in days)


def test_numbers_null_and_zero_in_csv(lake: Lake, exports: Path) -> None:
    put_day(lake, INTERNET, DAYS[0], {"1": dict.fromkeys(METRICS), "2": dict.fromkeys(METRICS, 0)})
    publish(lake, exports)
    frame = pd.read_csv(exports / f"{JOINED}.csv", dtype=str, keep_default_na=False)
    null, zero = frame[(frame["date"] == "2024-12-30") & (frame["channel"] == "Internet")].to_dict("records")
    for name in METRICS:
        if name != "views_tv":
            assert null[name] == ""
            assert float(zero[name]) == 0
    for row in (null, zero):
        assert (row["play_rate"], row["engagement_score"]) == ("", "")
    assert frame["video_engagement_50"].iloc[-1] == "3.0000000000000004"
    assert frame["report_generated_on"].unique().tolist() == ["2026-06-15"]


def test_any_text_survives_csv(lake: Lake, exports: Path) -> None:
    texts = [*NASTY, "", "a\r", '"', '""', ",", "\n"]
    videos = [
        video(f"{n:03}", name=text, reference_id=text, custom_fields={"country": text}, tags=[text, "x"])
        for n, text in enumerate(texts)
    ]
    put_catalogue(lake, INTERNET, videos)
    put_day(lake, INTERNET, DAYS[0], {each["id"]: {} for each in videos})
    publish(lake, exports)
    for name in (f"{DAILY}/2024/daily_analytics_2024_internet", JOINED):
        header, *lines = csv_rows(exports / f"{name}.csv")
        read = [dict(zip(header, line, strict=True)) for line in lines][: len(texts)]
        frame = pd.read_csv(exports / f"{name}.csv", dtype=str, keep_default_na=False)
        stored = parquet_rows(exports / f"{name}.parquet")[: len(texts)]
        for column in ("name", "reference_id", "country"):
            assert [row[column] for row in read] == texts
            assert frame[column].tolist()[: len(texts)] == texts
            assert [row[column] for row in stored] == texts
        assert [row["tags"] for row in read] == [f"{text},x" for text in texts]
        assert frame["video_id"].tolist()[: len(texts)] == [each["id"] for each in videos]


# --- only what changed ------------------------------------------------------------------------------------


def test_a_second_run_writes_nothing(lake: Lake, exports: Path) -> None:
    publish(lake, exports)
    before = snapshot(lake.root)
    assert changed(lake, exports) == set()
    assert snapshot(lake.root) == before


def test_a_second_run_of_a_single_year_writes_nothing(tmp_path: Path, exports: Path) -> None:
    lake = Lake(tmp_path / "one")
    put_day(lake, INTERNET, DAYS[2], {"1": {}})
    stem = "daily_analytics_2025_internet"
    names = {f"{DAILY}/{folder}{stem}.{kind}" for folder in ("", "2025/") for kind in ("csv", "parquet")}
    assert changed(lake, exports) == names
    assert changed(lake, exports) == set()


@pytest.mark.parametrize("position", range(len(DAYS)))
def test_a_changed_day_writes_its_year_and_the_joined_file(lake: Lake, exports: Path, position: int) -> None:
    publish(lake, exports)
    day = DAYS[position]
    put_day(lake, INTERNET, day, {"1": {"video_view": 77}})
    assert changed(lake, exports) == of_year(str(day.year)) | BOTH_JOINED
    rows = [row for row in parquet_rows(exports / f"{JOINED}.parquet") if row["date"] == day]
    assert [row["video_view"] for row in rows] == [77, 1]
    same_rows(csv_rows(exports / f"{JOINED}.csv"), parquet_rows(exports / f"{JOINED}.parquet"))


def test_changed_metadata_writes_the_years_of_the_video(lake: Lake, exports: Path) -> None:
    put_day(lake, INTERNET, DAYS[3], {"3": {}})
    publish(lake, exports)
    put_catalogue(lake, INTERNET, [video(each, name="New" if each == "3" else each) for each in "123"])
    assert changed(lake, exports) == set().union(*map(of_year, YEARS)) | BOTH_JOINED
    put_catalogue(lake, INTERNET, [video(each, name="Newer" if each == "3" else each) for each in "123"])
    assert changed(lake, exports) == of_year("2025") | BOTH_JOINED


def test_a_new_year_makes_a_new_joined_file(lake: Lake, exports: Path) -> None:
    publish(lake, exports)
    put_day(lake, INTERNET, date(2027, 1, 1), {"1": {}})
    stem = f"{DAILY}/daily_analytics_2024_2025_2026_2027_internet"
    assert changed(lake, exports) == of_year("2027") | {f"{stem}.csv", f"{stem}.parquet"}
    assert len(csv_rows(exports / f"{stem}.csv")) == 17


def append_line(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"somebody's own line\n")


def same_size(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Video", b"Vodka"))


TOUCHES: list[Callable[[Path], object]] = [
    lambda path: path.unlink(),
    append_line,
    same_size,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:-100]),
]


@pytest.mark.parametrize("touch", TOUCHES)
def test_a_file_that_somebody_touched_or_removed_is_made_again(
    lake: Lake, exports: Path, touch: Callable[[Path], object]
) -> None:
    names = sorted(publish(lake, exports))
    before = {name: held for name, (held, _) in snapshot(exports).items()}
    for name in names:
        touch(exports / name)
        assert name in {each for each, new in publish(lake, exports).items() if new}
        assert {each: held for each, (held, _) in snapshot(exports).items()} == before
    for name in names:
        touch(exports / name)
    publish(lake, exports)
    assert {each: held for each, (held, _) in snapshot(exports).items()} == before


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\x00\xff"])
def test_without_its_memory_everything_is_made_again(
    lake: Lake, exports: Path, content: bytes | None
) -> None:
    publish(lake, exports)
    before = {name: held for name, (held, _) in snapshot(exports).items()}
    index = lake.root / MULTI_YEAR.name / CATEGORY / "files.json"
    if content is None:
        index.unlink()
    else:
        index.write_bytes(content)
    assert set(publish(lake, exports).values()) == {True}
    assert {name: held for name, (held, _) in snapshot(exports).items()} == before
    assert changed(lake, exports) == set()


def test_a_category_without_data_has_no_files(lake: Lake, exports: Path) -> None:
    months = consolidate(lake, "events", ACCOUNTS[7:8], only_cached=False)
    assert write_daily_files(lake, exports, "events", months.all) == {}
    assert not exports.exists()


def test_empty_months_and_an_empty_year(lake: Lake, exports: Path) -> None:
    put_day(lake, INTERNET, date(2025, 2, 1), {})
    put_day(lake, INTERNET, date(2023, 7, 1), {})
    told = publish(lake, exports)
    empty = f"{DAILY}/2023/daily_analytics_2023_internet"
    assert csv_rows(exports / f"{empty}.csv") == [DAILY_REPORT]
    assert parquet_rows(exports / f"{empty}.parquet") == []
    assert pq.read_schema(exports / f"{empty}.parquet").names == DAILY_REPORT
    joined = f"{DAILY}/daily_analytics_2023_2024_2025_2026_internet"
    assert told[f"{joined}.csv"]
    assert len(csv_rows(exports / f"{joined}.csv")) == 16
    assert len(parquet_rows(exports / f"{joined}.parquet")) == 15
    assert changed(lake, exports) == set()
    put_day(lake, INTERNET, date(2023, 7, 1), {"1": {}})
    assert f"{empty}.csv" in changed(lake, exports)
    assert len(csv_rows(exports / f"{empty}.csv")) == 2


def test_only_cached_videos_are_published(lake: Lake, exports: Path) -> None:
    put_cache(lake, INTERNET, {"2": DAYS[0]})
    publish(lake, exports, only_cached=True)
    rows = parquet_rows(exports / f"{JOINED}.parquet")
    assert {(row["channel"], row["video_id"]) for row in rows} == {("Internet", "2")}
    assert len(rows) == 5


@pytest.mark.parametrize("name", ["it's", "a b", "a[b]c", "Zürich 漢字", "100%"])
def test_any_folder_will_do(lake: Lake, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    assert set(publish(lake, target).values()) == {True}
    assert changed(lake, target) == set()
    put_day(lake, INTERNET, DAYS[-1], {"1": {"video_view": 9}})
    assert changed(lake, target) == of_year("2026") | BOTH_JOINED
    same_rows(csv_rows(target / f"{JOINED}.csv"), parquet_rows(target / f"{JOINED}.parquet"))


# --- step by step or all at once --------------------------------------------------------------------------


def from_scratch(lake: Lake, place: Path) -> tuple[dict[str, bytes], dict[str, list[Json]]]:
    """What a lake with the same days and catalogue publishes and holds that never published before."""
    shutil.copytree(lake.root, place / "lake")
    shutil.rmtree(place / "lake" / MULTI_YEAR.name)
    fresh = Lake(place / "lake")
    publish(fresh, place / "exports")
    published = {name: held for name, (held, _) in snapshot(place / "exports").items()}
    return published, months_of(fresh)


def months_of(lake: Lake) -> dict[str, list[Json]]:
    found = sorted((lake.root / MULTI_YEAR.name / CATEGORY).glob("*.parquet"))
    return {path.stem: pq.ParquetFile(path).read().to_pylist() for path in found}


class Changes:
    """A lake to which things happen by chance."""

    def __init__(self, lake: Lake, exports: Path, seed: int) -> None:
        self.lake, self.exports, self.chance = lake, exports, random.Random(seed)
        self.videos: dict[str, Json] = {}
        self.statuses: dict[str, str] = {}

    def happen(self) -> None:
        """One to four changes."""
        kinds = [
            self.day,
            self.day,
            self.day,
            self.drop_day,
            self.name,
            self.name,
            self.leave,
            self.file,
            self.index,
        ]
        for kind in self.chance.choices(kinds, k=self.chance.randint(1, 4)):
            kind()

    def day(self) -> None:
        when = date(2024, 11, 1) + timedelta(self.chance.choice([*range(0, 420, 35), 61, 62, 426]))
        numbers = self.chance.sample("123456", self.chance.randint(0, 5))
        rows = {number: {"video_view": self.chance.choice([None, 0, 1, 7])} for number in numbers}
        put_day(self.lake, self.chance.choice(PAIR), when, rows)

    def drop_day(self) -> None:
        """A day goes, but never the last of its month."""
        paths = sorted((self.lake.root / DAILY_ANALYTICS.name).rglob("*.parquet"))
        shared = [path for path in paths if sum(path.stem[:7] == other.stem[:7] for other in paths) > 1]
        if shared:
            self.chance.choice(shared).unlink()

    def name(self) -> None:
        number, text = self.chance.choice("123456"), self.chance.choice(NASTY)
        field = self.chance.choice(["name", "reference_id", "description"])
        self.videos[number] = self.videos.get(number, video(number)) | {field: text}
        put_catalogue(self.lake, INTERNET, self.videos.values(), statuses=self.statuses)

    def leave(self) -> None:
        number = self.chance.choice("123456")
        if self.chance.random() < 0.5:
            self.videos.pop(number, None)
        else:
            self.statuses[number] = "missing"
        put_catalogue(self.lake, INTERNET, self.videos.values(), statuses=self.statuses)

    def file(self) -> None:
        paths = sorted(path for path in self.exports.rglob("*") if path.is_file())
        if paths:
            self.chance.choice(TOUCHES)(self.chance.choice(paths))

    def index(self) -> None:
        if self.chance.random() < 0.3:
            (self.lake.root / MULTI_YEAR.name / CATEGORY / "files.json").unlink(missing_ok=True)


@pytest.mark.parametrize("seed", range(7))
def test_step_by_step_gives_the_bytes_of_all_at_once(tmp_path: Path, seed: int) -> None:
    lake, exports = Lake(tmp_path / "lake"), tmp_path / "exports"
    changes = Changes(lake, exports, seed)
    changes.day()
    for step in range(5):
        changes.happen()
        told = publish(lake, exports)
        published, months = from_scratch(lake, tmp_path / str(step))
        assert set(told) == set(published)
        assert {name: (exports / name).read_bytes() for name in told} == published
        assert months_of(lake) == months
        assert set(publish(lake, exports).values()) == {False}
        shutil.rmtree(tmp_path / str(step))


# --- failing and cut short --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ERRORS)
def test_whichever_call_fails_every_file_is_old_or_new(tmp_path: Path, number: int) -> None:
    lake = Lake(tmp_path / "lake")
    put_day(lake, INTERNET, DAYS[0], {"1": {}})
    publish(lake, tmp_path / "old")
    shutil.copytree(lake.root, tmp_path / "before")
    put_day(lake, INTERNET, DAYS[0], {"1": {"video_view": 9}})
    put_day(lake, INTERNET, DAYS[2], {"1": {}})
    months = consolidate(lake, CATEGORY, PAIR, only_cached=False).all
    write_daily_files(lake, tmp_path / "new", CATEGORY, months)
    old = {name: held for name, (held, _) in snapshot(tmp_path / "old").items()}
    new = {name: held for name, (held, _) in snapshot(tmp_path / "new").items()}
    for refused in itertools.count(1, 9):  # two threads: the k-th call is not the same one each time
        place = tmp_path / str(refused)
        shutil.copytree(tmp_path / "old", place)
        with failing_call(place, refused, number) as calls:
            told = errno_of(partial(write_daily_files, lake, place, CATEGORY, months))
        assert told in {None, number}
        found = {name: held for name, (held, _) in snapshot(place).items()}
        assert {name for name in found if found[name] not in (old.get(name), new.get(name))} == set()
        assert list(place.rglob("*.tmp")) == []
        write_daily_files(lake, place, CATEGORY, months)
        found = {name: held for name, (held, _) in snapshot(place).items()}
        assert {name: found[name] for name in new} == new
        shutil.rmtree(place)
        if not calls.fired:
            break
    assert refused > 20


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from video_analytics.brightcove.daily_files import write_daily_files
from video_analytics.lake import Lake
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
lake, exports, limit = Lake(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write_daily_files(lake, exports, "internet", sys.argv[4:])
except OSError as error:
    sys.exit(3)
"""


@pytest.mark.skipif(os.name == "nt", reason="limits of a process are set otherwise on Windows")
def test_a_file_that_does_not_fit_leaves_the_old_one(lake: Lake, exports: Path) -> None:
    publish(lake, exports)
    before = snapshot(exports)
    rows = {f"{number:06}": {"video_seconds_viewed": number} for number in range(3000)}
    put_day(lake, INTERNET, DAYS[-1], rows)
    months = consolidate(lake, CATEGORY, PAIR, only_cached=False).all
    for limit in (100, 20_000):
        command = [sys.executable, "-c", FULL_DISK, str(lake.root), str(exports), str(limit), *months]
        assert subprocess.run(command, check=False).returncode == 3
        assert snapshot(exports) == before
    assert changed(lake, exports) == of_year("2026") | BOTH_JOINED
