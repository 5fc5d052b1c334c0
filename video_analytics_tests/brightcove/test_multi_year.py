"""Consolidation: 34 columns, ratios from sums, nothing lost, and only what changed is built again."""

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from video_analytics.brightcove.multi_year import consolidate
from video_analytics.brightcove.tables import DAILY_ANALYTICS, MULTI_YEAR
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, day_key
from video_analytics_tests.brightcove.small_lake import (
    ACCOUNTS,
    INTERNET,
    INTRANET,
    METRICS,
    READ_ON,
    Json,
    put_cache,
    put_catalogue,
    put_day,
    video,
)
from video_analytics_tests.brightcove.test_tables import DAILY_REPORT
from video_analytics_tests.conftest import snapshot

CATEGORY, PAIR = "internet", (INTERNET, INTRANET)
JANUARY, FEBRUARY, NEXT_YEAR = date(2025, 1, 31), date(2025, 2, 1), date(2026, 1, 1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def rebuilt(lake: Lake, *, only_cached: bool = False) -> list[str]:
    months = consolidate(lake, CATEGORY, PAIR, only_cached=only_cached)
    assert set(months.rebuilt) <= set(months.all)
    assert list(months.all) == sorted(set(months.all))
    return list(months.rebuilt)


def month(lake: Lake, name: str) -> list[Json]:
    read = lake.read(MULTI_YEAR, f"{CATEGORY}/{name}")
    assert read is not None
    assert read.schema.names == DAILY_REPORT
    rows: list[Json] = read.to_pylist()
    return rows


def one_row(lake: Lake, row: Json, *videos: Json, **options: Any) -> Json:
    """The report's row of video "1" on a day with these numbers."""
    put_catalogue(lake, INTERNET, videos, **options)
    put_day(lake, INTERNET, JANUARY, {"1": row})
    rebuilt(lake)
    (found,) = month(lake, "2025-01")
    return found


# --- what a row says --------------------------------------------------------------------------------------


def test_every_column_of_a_row(lake: Lake) -> None:
    custom = {
        "video_content_type": "interview",
        "video_length": "short",
        "video_category": "News",
        "country": "CH",
        "language": "en",
        "business_unit": "Group",
        "relatedlink": "not shown",
    }
    found = one_row(lake, {}, video("1", custom_fields=custom, reference_id="000123", tags=["a", "b c", "é"]))
    assert found == {
        "channel": "Internet",
        "account_id": "1197194721001",
        "video_id": "1",
        "name": "Video 1",
        "date": JANUARY,
        "video_view": 4,
        "views_desktop": 2,
        "views_mobile": 1,
        "views_tablet": 0,
        "views_other": 1,
        "video_impression": 10,
        "play_rate": 0.4,
        "engagement_score": 82.5,
        "video_engagement_1": 4.0,
        "video_engagement_25": 3.5,
        "video_engagement_50": 3.0000000000000004,
        "video_engagement_75": 2.0,
        "video_engagement_100": 1.0,
        "video_percent_viewed": 330.0,
        "video_seconds_viewed": 611,
        "created_at": "2025-03-04T09:15:22.123Z",
        "published_at": "2025-03-04T09:20:01.000Z",
        "original_filename": "file_1.mp4",
        "created_by": '{"type":"user","id":"70000001","email":"a.person@example.com"}',
        "video_duration": 185432,
        "tags": "a,b c,é",
        "reference_id": "000123",
        "report_generated_on": READ_ON,
    } | {name: text for name, text in custom.items() if name != "relatedlink"}


@pytest.mark.parametrize(
    ("views", "impressions", "percent", "play_rate", "engagement"),
    [
        (4, 10, 330.0, 0.4, 82.5),
        (2, 1, 808.4, 2.0, 404.2),
        (0, 7, 0.0, 0.0, None),
        (3, 0, 90.0, None, 30.0),
        (0, 0, 0.0, None, None),
        (None, 7, 50.0, None, None),
        (3, None, 90.0, None, 30.0),
        (3, 6, None, 0.5, None),
        (None, None, None, None, None),
        (1, 3, 0.0, 1 / 3, 0.0),
    ],
)
def test_ratios_come_from_sums(
    lake: Lake,
    views: int | None,
    impressions: int | None,
    percent: float | None,
    play_rate: float | None,
    engagement: float | None,
) -> None:
    numbers = {"video_view": views, "video_impression": impressions, "video_percent_viewed": percent}
    found = one_row(lake, numbers, video("1"))
    assert {name: found[name] for name in numbers} == numbers
    assert found["play_rate"] == play_rate
    assert found["engagement_score"] == engagement


@pytest.mark.parametrize(
    ("tv", "other", "wanted"), [(1, 0, 1), (0, 5, 5), (2, 3, 5), (0, 0, 0), (None, None, None)]
)
def test_other_views_are_tv_and_other(
    lake: Lake, tv: int | None, other: int | None, wanted: int | None
) -> None:
    found = one_row(lake, {"views_tv": tv, "views_other": other}, video("1"))
    assert found["views_other"] == wanted


@pytest.mark.parametrize("number", [0, None])
def test_null_is_not_zero(lake: Lake, number: int | None) -> None:
    found = one_row(lake, dict.fromkeys(METRICS, number), video("1"))
    for name in (*METRICS, "views_other"):
        if name != "views_tv":
            assert found[name] == number
            assert (found[name] is None) is (number is None)


def test_metadata_that_is_missing_is_null(lake: Lake) -> None:
    for bare in (
        {"id": "1"},
        {"id": "1", "tags": None, "custom_fields": None, "created_by": None, "original_filename": None},
    ):
        found = one_row(lake, {}, bare)
        shown = {name: found[name] for name in DAILY_REPORT[20:33]}
        assert set(shown.values()) == {None}
        assert found["name"] == "Watched 1"


def test_empty_tags_are_no_text(lake: Lake) -> None:
    assert not one_row(lake, {}, video("1", tags=[]))["tags"]


def test_any_text_arrives_as_it_is(lake: Lake) -> None:
    texts = [
        "",
        " ",
        '"',
        "a,b",
        "two\nlines",
        "\r",
        "\\",
        "\\u0041",
        "'",
        "null",
        "漢字 🎬",
        "{}",
        "[1]",
        "\t",
        "$.x",
    ]
    named = ("name", "reference_id", "original_filename")
    videos = [
        video(f"{n:02}", custom_fields=dict.fromkeys(("country", "video_category"), text), tags=[text, "b"])
        | dict.fromkeys(named, text)
        for n, text in enumerate(texts)
    ]
    put_catalogue(lake, INTERNET, videos)
    put_day(lake, INTERNET, JANUARY, {each["id"]: {} for each in videos})
    rebuilt(lake)
    rows = month(lake, "2025-01")
    for name in (*named, "country", "video_category"):
        assert [row[name] for row in rows] == texts
    assert [row["tags"] for row in rows] == [f"{text},b" for text in texts]


@pytest.mark.parametrize("status", ["deleted", "missing"])
def test_videos_that_went_keep_their_name_and_views(lake: Lake, status: str) -> None:
    found = one_row(lake, {}, video("1", name="Its last name"), statuses={"1": status})
    assert (found["name"], found["video_view"], found["country"]) == ("Its last name", 4, "CH")


def test_videos_that_were_never_in_the_catalogue_keep_the_name_they_were_watched_under(lake: Lake) -> None:
    found = one_row(lake, {"video_name": "Then"}, video("2"))
    assert (found["name"], found["channel"], found["video_view"]) == ("Then", "Internet", 4)
    assert found["created_at"] is None
    put_day(lake, INTERNET, JANUARY, {"1": {"video_name": None}})
    rebuilt(lake)
    assert month(lake, "2025-01")[0]["name"] is None


def test_the_same_video_id_in_two_accounts_is_two_videos(lake: Lake) -> None:
    put_catalogue(lake, INTERNET, [video("1", name="one")])
    put_catalogue(lake, INTRANET, [video("1", name="two")])
    for account in PAIR:
        put_day(lake, account, JANUARY, {"1": {}})
    rebuilt(lake)
    rows = month(lake, "2025-01")
    assert [(row["channel"], row["name"]) for row in rows] == [("Internet", "one"), ("Intranet", "two")]


def test_rows_are_in_order_of_day_account_and_video(lake: Lake) -> None:
    for day in (date(2025, 1, 2), date(2025, 1, 10), date(2025, 1, 1)):
        for account in PAIR[::-1]:
            put_day(lake, account, day, {number: {} for number in ("9", "10", "é", "a", "B")})
    rebuilt(lake)
    keys = [(row["date"], row["account_id"], row["video_id"]) for row in month(lake, "2025-01")]
    assert keys == sorted(keys)
    assert len(set(keys)) == 30


# --- nothing lost, nothing twice --------------------------------------------------------------------------


def test_sums_are_those_of_the_days(lake: Lake) -> None:
    put_catalogue(lake, INTERNET, [video(str(each)) for each in range(0, 30, 2)], statuses={"4": "missing"})
    for offset in range(0, 500, 9):
        for account in PAIR:
            rows = {
                str(each): {"video_view": each * offset % 13, "video_engagement_50": each / 3}
                for each in range(offset % 30)
            }
            put_day(lake, account, JANUARY + timedelta(offset), rows)
    put_day(lake, ACCOUNTS[2], JANUARY, {"1": {}})  # of another category
    months = consolidate(lake, CATEGORY, PAIR, only_cached=False)
    found = [row for name in months.all for row in month(lake, name)]
    wanted = [
        row
        for account in PAIR
        for day in lake.days(DAILY_ANALYTICS, account.id)
        for row in (
            lake.read(DAILY_ANALYTICS, day_key(account.id, day)) or DAILY_ANALYTICS.schema.empty_table()
        ).to_pylist()
    ]
    assert len(found) == len(wanted) > 1000
    key = ("account_id", "video_id", "date")
    assert {tuple(row[name] for name in key) for row in found} == {
        tuple(row[name] for name in key) for row in wanted
    }
    for name in METRICS:
        if name not in {"views_tv", "views_other"}:
            assert math.isclose(math.fsum(row[name] for row in found), math.fsum(row[name] for row in wanted))
    others = sum(row["views_tv"] + row["views_other"] for row in wanted)
    assert sum(row["views_other"] for row in found) == others


def test_each_day_is_in_its_own_month(lake: Lake) -> None:
    for day in (JANUARY, FEBRUARY, date(2025, 12, 31), NEXT_YEAR):
        put_day(lake, INTERNET, day, {"1": {}})
    assert rebuilt(lake) == ["2025-01", "2025-02", "2025-12", "2026-01"]
    assert [month(lake, name)[0]["date"] for name in ("2025-01", "2025-02", "2025-12", "2026-01")] == [
        JANUARY,
        FEBRUARY,
        date(2025, 12, 31),
        NEXT_YEAR,
    ]


def test_a_category_without_days_has_no_months(lake: Lake) -> None:
    months = consolidate(lake, CATEGORY, PAIR, only_cached=False)
    assert (months.all, months.rebuilt) == ((), ())


def test_days_without_rows_make_an_empty_month_once(lake: Lake) -> None:
    put_day(lake, INTERNET, JANUARY, {})
    assert rebuilt(lake) == ["2025-01"]
    assert month(lake, "2025-01") == []
    assert rebuilt(lake) == []
    put_day(lake, INTERNET, FEBRUARY, {"1": {}})
    put_day(lake, INTERNET, date(2025, 3, 1), {})
    assert rebuilt(lake) == ["2025-02", "2025-03"]
    assert [len(month(lake, name)) for name in ("2025-01", "2025-02", "2025-03")] == [0, 1, 0]


# --- only what changed ------------------------------------------------------------------------------------


@pytest.fixture
def three(lake: Lake) -> Lake:
    """Video 1 in three months, 2 in February alone, 3 never; and 9, which no catalogue knows, in January."""
    put_catalogue(lake, INTERNET, [video(each) for each in "123"])
    put_catalogue(lake, INTRANET, [video("1", name="Other")])
    put_day(lake, INTERNET, JANUARY, {"1": {}, "9": {}})
    put_day(lake, INTERNET, FEBRUARY, {"1": {}, "2": {}})
    put_day(lake, INTERNET, NEXT_YEAR, {"1": {}})
    assert rebuilt(lake) == ["2025-01", "2025-02", "2026-01"]
    return lake


def test_without_a_change_nothing_is_written(three: Lake) -> None:
    before = snapshot(three.root)
    assert rebuilt(three) == []
    assert snapshot(three.root) == before


def test_a_changed_day_rebuilds_its_month_alone(three: Lake) -> None:
    before = snapshot(three.root / MULTI_YEAR.name)
    put_day(three, INTERNET, FEBRUARY, {"1": {"video_view": 40}, "2": {}})
    assert rebuilt(three) == ["2025-02"]
    after = snapshot(three.root / MULTI_YEAR.name)
    assert [name for name in after if after[name] != before[name]] == [f"{CATEGORY}/2025-02.parquet"]
    assert month(three, "2025-02")[0]["video_view"] == 40


def test_a_day_read_again_without_a_change_rebuilds_nothing(three: Lake) -> None:
    later = READ_ON + timedelta(1)
    rows = {number: {"read_on": later} for number in "12"}
    assert put_day(three, INTERNET, FEBRUARY, rows, read_on=later.isoformat()) is False
    assert rebuilt(three) == []


def test_added_and_removed_days_rebuild_their_month(three: Lake) -> None:
    added = FEBRUARY + timedelta(1)
    put_day(three, INTRANET, added, {"1": {}})
    assert rebuilt(three) == ["2025-02"]
    assert len(month(three, "2025-02")) == 3
    three.path(DAILY_ANALYTICS, day_key(INTRANET.id, added)).unlink()
    assert rebuilt(three) == ["2025-02"]
    assert len(month(three, "2025-02")) == 2


def test_a_month_whose_days_are_all_gone_is_gone(three: Lake) -> None:
    three.path(DAILY_ANALYTICS, day_key(INTERNET.id, FEBRUARY)).unlink()
    months = consolidate(three, CATEGORY, PAIR, only_cached=False)
    assert months.all == ("2025-01", "2026-01")
    held = sorted(path.stem for path in (three.root / MULTI_YEAR.name).rglob("*.parquet"))
    assert held == ["2025-01", "2026-01"]


@pytest.mark.parametrize(
    ("change", "months"),
    [
        ({"1": {"name": "New"}}, ["2025-01", "2025-02", "2026-01"]),
        ({"2": {"name": "New"}}, ["2025-02"]),
        ({"2": {"tags": ["q1"]}}, ["2025-02"]),
        ({"2": {"tags": []}}, ["2025-02"]),
        ({"2": {"duration": None}}, ["2025-02"]),
        ({"2": {"reference_id": "2"}}, ["2025-02"]),
        ({"2": {"published_at": None}}, ["2025-02"]),
        (
            {"2": {"custom_fields": {"country": "US", "language": "en", "business_unit": "Group"}}},
            ["2025-02"],
        ),
        (
            {"2": {"custom_fields": {"country": "en", "language": "CH", "business_unit": "Group"}}},
            ["2025-02"],
        ),
        ({"2": {"custom_fields": None}}, ["2025-02"]),
        ({"2": {"created_by": {"type": "internal"}}}, ["2025-02"]),
        ({"2": {"original_filename": None}}, ["2025-02"]),
        ({"3": {"name": "Never watched"}}, []),
        ({"2": {"description": "not shown", "updated_at": "2026-01-01T00:00:00.000Z"}}, []),
        ({}, []),
    ],
)
def test_changed_metadata_rebuilds_the_months_of_its_video(
    three: Lake, change: dict[str, Json], months: list[str]
) -> None:
    put_catalogue(three, INTERNET, [video(each, **change.get(each, {})) for each in "123"])
    assert rebuilt(three) == months
    assert rebuilt(three) == []


def test_a_video_that_enters_or_leaves_the_catalogue_rebuilds_its_months(three: Lake) -> None:
    put_catalogue(three, INTERNET, [video(each) for each in "1239"])
    assert rebuilt(three) == ["2025-01"]
    assert month(three, "2025-01")[1]["name"] == "Video 9"
    put_catalogue(three, INTERNET, [video(each) for each in "1239"], statuses={"9": "missing"})
    assert rebuilt(three) == []
    put_catalogue(three, INTERNET, [video(each) for each in "123"])
    assert rebuilt(three) == ["2025-01"]
    assert month(three, "2025-01")[1]["name"] == "Watched 9"


def test_two_videos_that_swap_their_metadata_rebuild(lake: Lake) -> None:
    put_day(lake, INTERNET, JANUARY, {"1": {}, "2": {}})
    for names in ("ab", "ba"):
        put_catalogue(
            lake, INTERNET, [video(number, name=name) for number, name in zip("12", names, strict=True)]
        )
        assert rebuilt(lake) == ["2025-01"]
        assert [row["name"] for row in month(lake, "2025-01")] == list(names)


def test_a_channel_that_was_renamed_or_left_rebuilds(three: Lake) -> None:
    put_day(three, INTRANET, JANUARY, {"1": {}})
    rebuilt(three)
    renamed = INTRANET.model_copy(update={"name": "Inside"})
    months = consolidate(three, CATEGORY, (INTERNET, renamed), only_cached=False)
    assert "2025-01" in months.rebuilt
    assert {row["channel"] for row in month(three, "2025-01")} == {"Internet", "Inside"}
    consolidate(three, CATEGORY, (INTERNET,), only_cached=False)
    assert {row["channel"] for row in month(three, "2025-01")} == {"Internet"}


def test_categories_do_not_touch_each_other(three: Lake) -> None:
    before = snapshot(three.root / MULTI_YEAR.name)
    put_day(three, ACCOUNTS[2], JANUARY, {"1": {}})
    assert consolidate(three, "research", ACCOUNTS[2:5], only_cached=False).rebuilt == ("2025-01",)
    after = snapshot(three.root / MULTI_YEAR.name)
    assert {name: after[name] for name in before} == before
    assert rebuilt(three) == []


# --- the cached videos alone ------------------------------------------------------------------------------


def test_only_cached_videos(three: Lake) -> None:
    put_cache(three, INTERNET, {"2": JANUARY})
    put_cache(three, INTRANET, {"1": JANUARY})  # the id of another account's video
    assert rebuilt(three, only_cached=True) == ["2025-01", "2025-02", "2026-01"]
    assert [
        [row["video_id"] for row in month(three, name)] for name in ("2025-01", "2025-02", "2026-01")
    ] == [
        [],
        ["2"],
        [],
    ]
    assert rebuilt(three, only_cached=True) == []
    put_cache(three, INTERNET, {"1": JANUARY, "2": JANUARY})
    rebuilt(three, only_cached=True)
    assert [row["video_id"] for row in month(three, "2025-02")] == ["1", "2"]
    put_catalogue(three, INTERNET, [video(each, name="New" if each == "1" else each) for each in "123"])
    assert rebuilt(three, only_cached=True) == ["2025-01", "2025-02", "2026-01"]
    assert rebuilt(three) == ["2025-01", "2025-02", "2026-01"]
    assert len(month(three, "2025-01")) == 2


def test_only_cached_without_a_cache_is_empty(three: Lake) -> None:
    rebuilt(three, only_cached=True)
    assert month(three, "2025-02") == []


# --- damage and odd places --------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"<html>Service unavailable</html>"])
@pytest.mark.parametrize("what", ["day", "month", "catalogue"])
def test_a_damaged_file_is_named(three: Lake, what: str, content: bytes) -> None:
    path = {
        "day": three.path(DAILY_ANALYTICS, day_key(INTERNET.id, FEBRUARY)),
        "month": three.path(MULTI_YEAR, f"{CATEGORY}/2025-02"),
        "catalogue": three.root / "brightcove" / "cms_catalog" / f"{INTERNET.id}.parquet",
    }[what]
    path.write_bytes(content)
    with pytest.raises(LakeError) as caught:
        rebuilt(three)
    assert str(path) in str(caught.value)
    assert "move it away" in str(caught.value)


@pytest.mark.parametrize("name", ["it's", "a b", "a[b]c", "Zürich 漢字", "100%"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name / "lake")
    put_catalogue(lake, INTERNET, [video("1")])
    put_cache(lake, INTERNET, {"1": JANUARY})
    put_day(lake, INTERNET, JANUARY, {"1": {}})
    assert rebuilt(lake, only_cached=True) == ["2025-01"]
    assert rebuilt(lake, only_cached=True) == []
    assert month(lake, "2025-01")[0]["name"] == "Video 1"
    put_catalogue(lake, INTERNET, [video("1", name="New")])
    assert rebuilt(lake, only_cached=True) == ["2025-01"]
