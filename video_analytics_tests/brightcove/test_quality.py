"""Each promise about an account, kept and broken."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from video_analytics.brightcove.quality import (
    CATALOGUE_CHECKS,
    DAY_CHECKS,
    judge,
    judge_catalogue,
    judge_days,
)
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS
from video_analytics.days import days_between
from video_analytics.lake import Lake, day_key
from video_analytics.quality import Finding
from video_analytics.settings.models import Brightcove
from video_analytics_tests.brightcove.small_lake import INTERNET, INTRANET, put_catalogue, put_day, video

NOW = datetime(2026, 6, 16, 6, tzinfo=UTC)
LAST = date(2026, 6, 14)  # the last day due at NOW
DAYS = days_between(date(2026, 6, 8), LAST)
SETTINGS = Brightcove(start_date=date(2021, 1, 1))
SUMS = {"views": 8, "seconds": 1222}  # of two videos


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def fill(lake: Lake, days: list[date] = DAYS, **facts: Any) -> None:
    for day in days:
        put_day(lake, INTERNET, day, {"1": {}, "2": {}}, **{"finality": "final", **SUMS, **facts})


def put_rows(lake: Lake, day: date, change: Mapping[str, Any], *, twice: bool = False) -> None:
    """A day again, its first row changed or there twice; the facts stay those of the vendor's answer."""
    held, facts = lake.read(DAILY_ANALYTICS, day_key(INTERNET.id, day)), dict[str, Any](SUMS)
    assert held is not None
    first, *others = held.to_pylist()
    rows = [first | change, *others, *([first] if twice else [])]
    table = pa.Table.from_pylist(rows, DAILY_ANALYTICS.schema)
    lake.write(DAILY_ANALYTICS, day_key(INTERNET.id, day), table, {**facts, "finality": "final"})


def found(lake: Lake, only: list[date] | None = None) -> dict[str, Finding]:
    return {each.check: each for each in judge_days(lake, INTERNET, SETTINGS, NOW, only)}


def wrong(lake: Lake, only: list[date] | None = None) -> set[str]:
    return {name for name, each in found(lake, only).items() if not each.ok}


def test_of_an_account_without_data_nothing_is_said(lake: Lake) -> None:
    assert judge(lake, INTERNET, SETTINGS, NOW) == []


def test_all_is_well_and_counted(lake: Lake) -> None:
    fill(lake)
    put_catalogue(lake, INTERNET, [video("1"), video("2")])
    findings = {each.check: each for each in judge(lake, INTERNET, SETTINGS, NOW)}
    assert findings.keys() == {*DAY_CHECKS, *CATALOGUE_CHECKS, "older_days_present"}
    assert [each.check for each in findings.values() if not each.ok] == []
    assert {each.subject for each in findings.values()} == {"internet"}
    numbers = {name: each.numbers for name, each in findings.items()}
    assert numbers["files_readable"] == {"files": 7, "damaged": 0}
    assert numbers["counts_reconciled"] == {"files": 7, "rows": 14, "wrong_files": 0}
    assert numbers["keys_unique"] == {"files": 7, "rows": 14, "repeated": 0, "wrong_files": 0}
    assert numbers["sums_agree"] == {
        "files": 7,
        "files_without_sums": 0,
        "views": 56,
        "seconds": 8554,
        "wrong_files": 0,
    }
    assert numbers["devices_equal_views"] == {"files": 7, "rows": 14, "differing": 0, "wrong_files": 0}
    assert numbers["days_present"] == {"days": 7, "missing": 0, "older_missing": 0}
    assert numbers["catalogue_keys_unique"] == {"videos": 2, "repeated": 0}


def test_empty_days_are_well_too(lake: Lake) -> None:
    for day in DAYS:
        put_day(lake, INTERNET, day, {}, finality="final", views=0, seconds=0)
    assert wrong(lake) == set()
    assert found(lake)["counts_reconciled"].numbers["files"] == 7


def test_a_row_more_than_recorded_is_found(lake: Lake) -> None:
    fill(lake)
    path = lake.path(DAILY_ANALYTICS, day_key(INTERNET.id, LAST))
    pretend_rows(path, 3)
    counted = found(lake)["counts_reconciled"]
    assert not counted.ok
    assert "2026-06-14: expected 3 rows as recorded, got 2" in counted.says
    assert counted.numbers["wrong_files"] == 1


def pretend_rows(path: Path, rows: int) -> None:
    """The same rows, with another count beside them."""
    path.write_bytes(path.read_bytes().replace(b'"rows": 2', f'"rows": {rows}'.encode()))


def test_a_video_that_is_there_twice_is_found(lake: Lake) -> None:
    fill(lake)
    put_rows(lake, LAST, {}, twice=True)
    unique = found(lake)["keys_unique"]
    assert not unique.ok
    assert unique.numbers == {"files": 7, "rows": 15, "repeated": 1, "wrong_files": 1}
    assert wrong(lake) == {"keys_unique", "sums_agree"}


@pytest.mark.parametrize("change", [{"account_id": INTRANET.id}, {"date": DAYS[0]}])
def test_rows_of_another_account_or_day_are_found(lake: Lake, change: dict[str, Any]) -> None:
    fill(lake)
    put_rows(lake, LAST, change)
    assert wrong(lake) == {"keys_unique"}


def test_sums_that_are_not_those_recorded_are_found(lake: Lake) -> None:
    fill(lake)
    put_rows(lake, LAST, {"video_seconds_viewed": 612})
    summed = found(lake)["sums_agree"]
    assert not summed.ok
    assert (
        "expected 8 views and 1,222 seconds as recorded, rows add up to 8 views and 1,223 sec" in summed.says
    )


def test_days_of_earlier_versions_have_no_sums_to_hold_them_against(lake: Lake) -> None:
    for day in DAYS:
        put_day(lake, INTERNET, day, {"1": {}}, finality="final")
    summed = found(lake)["sums_agree"]
    assert summed.ok
    assert summed.numbers["files_without_sums"] == 7


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({"views_tv": 2}, False),
        ({"views_tv": 2, "finality": "settled"}, False),
        ({"views_tv": 2, "finality": "provisional"}, True),
        ({"views_tv": 2, "finality": "imported"}, True),
        ({"views_tv": None, "views_mobile": 9}, True),  # devices not known
        ({"video_view": None}, True),
    ],
)
def test_devices_add_up_to_views_once_both_are_settled(lake: Lake, change: dict[str, Any], ok: bool) -> None:
    fill(lake)
    put_rows(lake, LAST, change)
    equal = found(lake)["devices_equal_views"]
    assert equal.ok is ok
    assert equal.numbers["differing"] == (0 if ok else 1)


def test_a_day_out_of_all_bounds_is_told_of_once_it_is_settled(lake: Lake) -> None:
    for weeks in range(1, 9):
        views = {"video_view": 100, "views_desktop": 98}
        put_day(lake, INTERNET, LAST - timedelta(weeks=weeks), {"1": views}, finality="final")
    put_day(lake, INTERNET, LAST, {"1": {}}, finality="provisional")
    assert found(lake)["views_within_bounds"].numbers["outside"] == 0
    put_day(lake, INTERNET, LAST, {"1": {}}, finality="settled")
    bounds = found(lake)["views_within_bounds"]
    assert not bounds.ok
    assert not bounds.blocking
    assert bounds.numbers == {
        "days": 5,  # the Sundays of the last 60 days with four before them
        "outside": 1,
        "lowest_ratio": 0.04,
        "highest_ratio": 1,
        "worst_views": 4,
        "worst_median": 100,
    }


def test_a_missing_day_blocks_a_day_after_its_end(lake: Lake) -> None:
    fill(lake, DAYS[:-1])
    assert wrong(lake) == {"days_present"}
    early = judge_days(lake, INTERNET, SETTINGS, NOW - timedelta(hours=7))
    assert [each.check for each in early if not each.ok] == []


def test_days_before_the_start_date_do_not_matter(lake: Lake) -> None:
    fill(lake, [date(2020, 5, 5), *DAYS])
    assert wrong(lake) == set()


def test_the_holes_of_a_backfill_do_not_block(lake: Lake) -> None:
    fill(lake, [date(2023, 1, 1), LAST])
    whole = lake.path(DAILY_ANALYTICS, day_key(INTERNET.id, LAST)).read_bytes()
    for day in days_between(LAST - timedelta(days=59), LAST):
        lake.path(DAILY_ANALYTICS, day_key(INTERNET.id, day)).write_bytes(whole)
    findings = found(lake)
    assert findings["days_present"].ok
    assert not findings["older_days_present"].ok
    assert not findings["older_days_present"].blocking
    assert findings["days_present"].numbers["older_missing"] == (date(2026, 4, 16) - date(2023, 1, 2)).days


def test_a_damaged_file_is_named_and_the_others_are_judged(lake: Lake) -> None:
    fill(lake)
    path = lake.path(DAILY_ANALYTICS, day_key(INTERNET.id, DAYS[3]))
    path.write_bytes(b"PAR1 this is no Parquet file PAR1")
    put_rows(lake, LAST, {}, twice=True)
    findings = found(lake)
    assert findings["files_readable"].numbers == {"files": 7, "damaged": 1}
    assert "2026-06-11" in findings["files_readable"].says
    assert findings["keys_unique"].numbers["files"] == 6
    assert not findings["keys_unique"].ok


def test_damage_behind_a_whole_footer_is_found(lake: Lake) -> None:
    fill(lake)
    path = lake.path(DAILY_ANALYTICS, day_key(INTERNET.id, DAYS[3]))
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])
    findings = found(lake)
    assert findings["files_readable"].numbers == {"files": 7, "damaged": 1}
    assert findings["counts_reconciled"].numbers["files"] == 6


def test_an_old_damaged_file_is_found_when_its_turn_comes(lake: Lake) -> None:
    old = LAST - timedelta(days=150)
    fill(lake, [old, LAST])
    lake.path(DAILY_ANALYTICS, day_key(INTERNET.id, old)).write_bytes(b"")
    assert found(lake)["files_readable"].ok
    turn = NOW + timedelta(days=(old - NOW.date()).days % 30)
    told = {each.check: each for each in judge_days(lake, INTERNET, SETTINGS, turn)}
    assert told["files_readable"].numbers == {"files": 2, "damaged": 1}


def test_a_run_over_some_days_is_not_held_responsible_for_others(lake: Lake) -> None:
    fill(lake)
    put_rows(lake, DAYS[0], {}, twice=True)
    assert wrong(lake, [DAYS[1], DAYS[2]]) == set()
    assert wrong(lake, [DAYS[5], LAST]) == set()
    assert wrong(lake, [DAYS[0]]) == {"keys_unique", "sums_agree"}
    assert wrong(lake, [DAYS[1], date(2026, 6, 1)]) == {"days_present"}


def catalogue(lake: Lake, gone: Mapping[str, tuple[str, date]], videos: int = 20, **facts: Any) -> None:
    """A catalogue; `gone` names what some videos are now, and since when."""
    put_catalogue(lake, INTERNET, [video(str(number)) for number in range(videos)])
    rows = lake.read(CMS_CATALOG, INTERNET.id)
    assert rows is not None
    changed = [
        row | dict(zip(("status", "gone_since"), gone.get(row["video_id"], ("listed", None)), strict=True))
        for row in rows.to_pylist()
    ]
    lake.write(CMS_CATALOG, INTERNET.id, pa.Table.from_pylist(changed, CMS_CATALOG.schema), facts)


def halved(lake: Lake) -> Finding:
    return next(each for each in judge_catalogue(lake, INTERNET, NOW) if each.check == "catalogue_not_halved")


YESTERDAY = date(2026, 6, 15)
MOST = {str(number): ("missing", YESTERDAY) for number in range(11)}


def test_a_catalogue_that_lost_more_than_half_at_once_blocks(lake: Lake) -> None:
    catalogue(lake, MOST, listed=9)
    lost = halved(lake)
    assert (lost.ok, lost.blocking) == (False, True)
    assert lost.numbers == {"listed": 9, "listed_before": 20, "gone_in_a_day": 11}
    assert "11 of 20 videos went on 2026-06-15" in lost.says


@pytest.mark.parametrize(
    ("gone", "videos"),
    [
        ({str(number): ("missing", YESTERDAY) for number in range(10)}, 20),
        ({str(number): ("missing", date(2026, 6, 9)) for number in range(19)}, 20),
        ({str(number): ("missing", date(2026, 6, 10 + number // 4)) for number in range(16)}, 20),
        ({str(number): ("missing", YESTERDAY) for number in range(8)}, 9),
    ],
    ids=["half", "a week ago", "little by little", "a small one"],
)
def test_a_catalogue_may_shrink(lake: Lake, gone: dict[str, tuple[str, date]], videos: int) -> None:
    catalogue(lake, gone, videos)
    assert halved(lake).ok


def test_what_was_deleted_before_the_first_reading_is_no_loss(lake: Lake) -> None:
    deleted = {str(number): ("deleted", YESTERDAY) for number in range(15)}
    catalogue(lake, deleted, first_read_on="2026-06-15")
    assert halved(lake).ok
    catalogue(lake, deleted)  # an earlier version did not record when it was read first
    assert halved(lake).ok
    catalogue(lake, deleted, first_read_on="2026-05-01")
    assert not halved(lake).ok


def test_a_catalogue_with_a_video_twice_or_another_count_is_found(lake: Lake) -> None:
    catalogue(lake, {}, 3, listed=3)
    rows = lake.read(CMS_CATALOG, INTERNET.id)
    assert rows is not None
    twice = pa.concat_tables([rows, rows.slice(0, 1)])
    lake.write(CMS_CATALOG, INTERNET.id, twice, {"listed": 3})
    findings = {each.check: each for each in judge_catalogue(lake, INTERNET, NOW)}
    assert [each.ok for each in findings.values()] == [False, False, True]
    assert findings["catalogue_keys_unique"].numbers == {"videos": 4, "repeated": 1}
    assert findings["catalogue_counts_reconciled"].numbers == {
        "videos": 4,
        "listed": 4,
        "misplaced": 1,
        "damaged": 0,
    }


def test_a_damaged_catalogue_is_one_finding(lake: Lake) -> None:
    catalogue(lake, {}, 3)
    lake.path(CMS_CATALOG, INTERNET.id).write_bytes(b"nonsense")
    (damaged,) = judge_catalogue(lake, INTERNET, NOW)
    assert (damaged.check, damaged.ok) == ("catalogue_counts_reconciled", False)
    assert damaged.numbers == {"damaged": 1}
