"""The calendar as an asset: how every day of every account and course stands, beside the data itself."""

import dagster as dg

from video_analytics.clock import now
from video_analytics.partitions import shown
from video_analytics.settings import Settings
from video_analytics.standing.calendars import write_calendar

GROUP = "platform"
KEY = dg.AssetKey([GROUP, "calendar"])
SOURCES = (  # not the days themselves: with them as direct sources the UI lists all of them for each page
    dg.AssetKey(["brightcove", "last_viewed"]),
    dg.AssetKey(["panopto", "course_sessions"]),
    dg.AssetKey(["panopto", "chunked_coverage"]),
)


def calendar_asset(settings: Settings) -> dg.AssetsDefinition:
    """The unpartitioned asset downstream of all days."""
    deps = [dg.AssetDep(key, partition_mapping=dg.LastPartitionMapping()) for key in SOURCES]

    @dg.asset(key=KEY, deps=deps, group_name=GROUP, kinds={"parquet", "csv"})
    def calendar() -> dg.MaterializeResult[None]:
        """`trust/calendar.csv`: the days that are complete, provisional, missing, failed: as in `status`."""
        from video_analytics.pages.trust.page import calendar_picture  # noqa: PLC0415 - charts take half a second to import

        facts = write_calendar(settings, now())
        told = {
            "dagster/row_count": facts.pop("rows"),
            "calendar": dg.MetadataValue.md(facts.pop("calendar")),
            "days": calendar_picture(settings),
        }
        return dg.MaterializeResult(metadata=shown(told | facts))

    return calendar
