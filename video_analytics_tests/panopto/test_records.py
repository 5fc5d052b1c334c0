"""Every record is in just one of the files that are read."""

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from video_analytics.lake import Lake, day_key
from video_analytics.panopto.records import record_files
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics_tests.panopto.small_lake import BIOLOGY, ZOOLOGY, put_day, put_year, record


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_year_with_a_file_of_its_own_outranks_its_days(lake: Lake) -> None:
    for day in (date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1), date(2026, 2, 3)):
        put_day(lake, BIOLOGY, day, [record(f"{day} 10:00:00")])
    for year in (2025, 2019):
        put_year(lake, BIOLOGY, year, [record(f"{year}-05-06 10:00:00")])
    assert record_files(lake, BIOLOGY) == [
        lake.path(VIEWING_HISTORY, f"{BIOLOGY}/2019"),
        lake.path(VIEWING_ACTIVITY, day_key(BIOLOGY, date(2024, 1, 1))),
        lake.path(VIEWING_ACTIVITY, day_key(BIOLOGY, date(2024, 12, 31))),
        lake.path(VIEWING_HISTORY, f"{BIOLOGY}/2025"),
        lake.path(VIEWING_ACTIVITY, day_key(BIOLOGY, date(2026, 2, 3))),
    ]
    times = [time for path in record_files(lake, BIOLOGY) for time in pq.read_table(path)["time"].to_pylist()]
    assert times == sorted(times)
    assert len(times) == 5


def test_an_empty_year_outranks_its_days_too(lake: Lake) -> None:
    put_day(lake, BIOLOGY, date(2024, 1, 1), [record("2024-01-01 10:00:00")])
    put_year(lake, BIOLOGY, 2024, [])
    assert record_files(lake, BIOLOGY) == [lake.path(VIEWING_HISTORY, f"{BIOLOGY}/2024")]


def test_other_courses_and_failures_are_no_records(lake: Lake) -> None:
    put_day(lake, ZOOLOGY, date(2024, 1, 1), [])
    put_year(lake, ZOOLOGY, 2023, [])
    lake.fail(VIEWING_HISTORY, f"{BIOLOGY}/2023", "timed out")
    lake.fail(VIEWING_ACTIVITY, day_key(BIOLOGY, date(2024, 1, 1)), "timed out")
    assert record_files(lake, BIOLOGY) == []
    assert len(record_files(lake, ZOOLOGY)) == 2
