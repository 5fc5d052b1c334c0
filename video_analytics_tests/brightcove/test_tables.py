"""The tables: which columns there are, what may be missing, and that ids are text everywhere."""

import re

import pyarrow as pa
import pytest

from video_analytics.brightcove.tables import (
    CMS_CATALOG,
    COUNTS,
    DAILY_ANALYTICS,
    DEVICE_COLUMNS,
    DEVICES,
    ENGAGEMENT,
    LAST_VIEW_LIST,
    LAST_VIEWED,
    METRICS,
    MULTI_YEAR,
    TABLES,
    VIDEO_CACHE,
)
from video_analytics.lake import Table

# The metrics of a daily report that can be summed, by what the vendor's documents call them.
COUNTED = {"video_view", "video_impression", "video_seconds_viewed"}
MEASURED = {f"video_engagement_{share}" for share in (1, 25, 50, 75, 100)} | {"video_percent_viewed"}
RATIOS = {"play_rate", "engagement_score"}


def words(text: str) -> list[str]:
    """The words of a text that are divided by commas or blanks."""
    return text.replace(",", " ").split()


DAILY_REPORT = words(
    "channel, account_id, video_id, name, date, video_view, views_desktop, views_mobile, views_tablet, "
    "views_other, video_impression, play_rate, engagement_score, video_engagement_1, video_engagement_25, "
    "video_engagement_50, video_engagement_75, video_engagement_100, video_percent_viewed, "
    "video_seconds_viewed, created_at, published_at, original_filename, created_by, video_content_type, "
    "video_length, video_duration, video_category, country, language, business_unit, tags, reference_id, "
    "report_generated_on"
)


def test_metrics_are_the_vendors_without_its_ratios() -> None:
    assert set(METRICS) == COUNTED | MEASURED
    assert len(METRICS) == len(set(METRICS)) == 9
    assert set(COUNTS) == COUNTED
    assert set(ENGAGEMENT) | {"video_percent_viewed"} == MEASURED
    assert set(DEVICES) == {"desktop", "mobile", "tablet", "tv", "other"}
    assert DEVICE_COLUMNS == ("views_desktop", "views_mobile", "views_tablet", "views_other")


def test_the_daily_report_has_its_34_columns_in_order() -> None:
    assert len(DAILY_REPORT) == 34
    assert MULTI_YEAR.schema.names == DAILY_REPORT


def test_counts_are_integers_and_shares_are_floats_and_none_is_required() -> None:
    for table in (DAILY_ANALYTICS, MULTI_YEAR):
        for field in table.schema:
            if field.name in COUNTED or field.name.startswith("views_"):
                assert (field.type, field.nullable) == (pa.int64(), True)
            if field.name in MEASURED | RATIOS:
                assert (field.type, field.nullable) == (pa.float64(), True)


def test_no_ratio_is_stored_day_by_day() -> None:
    assert RATIOS & set(DAILY_ANALYTICS.schema.names) == set()
    assert set(METRICS) | {f"views_{device}" for device in DEVICES} < set(DAILY_ANALYTICS.schema.names)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_keys_are_text_and_days_are_days(table: Table) -> None:
    for field in table.schema:
        if field.name.endswith("_id"):
            assert field.type == pa.string()
        if field.name in {"date", "last_viewed", "gone_since", "read_on", "report_generated_on"}:
            assert field.type == pa.date32()
        instants = {pa.timestamp("us", tz="UTC")} if field.name.endswith("_at") else set()
        assert field.type in {pa.string(), pa.int64(), pa.float64(), pa.date32(), *instants}
    assert len(set(table.schema.names)) == len(table.schema.names)
    assert set(table.marks) <= set(table.schema.names)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (DAILY_ANALYTICS, ["account_id", "video_id", "date"]),
        (CMS_CATALOG, ["account_id", "video_id"]),
        (LAST_VIEWED, ["account_id", "video_id", "last_viewed"]),
        (LAST_VIEW_LIST, ["account_id", "video_id", "last_viewed"]),
        (VIDEO_CACHE, ["account_id", "video_id", "last_viewed"]),
        (MULTI_YEAR, ["date", "report_generated_on"]),
    ],
    ids=lambda value: str(value.name) if isinstance(value, Table) else "",
)
def test_what_a_row_is_about_is_never_missing(table: Table, key: list[str]) -> None:
    assert [name for name in key if table.schema.field(name).nullable] == []


def test_every_table_has_a_name_of_its_own() -> None:
    names = [table.name for table in TABLES]
    assert len(set(names)) == len(names) == 7
    assert all(re.fullmatch(r"brightcove/[a-z_]+", name) for name in names)


def test_only_the_day_of_reading_is_a_mark() -> None:
    assert {table.name: table.marks for table in TABLES if table.marks} == {
        "brightcove/daily_analytics": ("read_on",)
    }
