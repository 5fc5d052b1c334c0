"""The pages as assets, downstream of the data that they show. An unchanged page is not written again."""

from collections.abc import Callable, Iterable

import dagster as dg

from video_analytics.partitions import Facts, shown
from video_analytics.settings import Settings

GROUP = POOL = "pages"
KINDS = {"html"}
COURSES, STORAGE, CHANNELS, TRUST, INDEX = (
    dg.AssetKey([GROUP, name]) for name in ("courses", "storage", "channels", "trust", "index")
)
KEYS = (COURSES, STORAGE, CHANNELS, TRUST, INDEX)  # in the order in which they are made
_SOURCES = {  # not the days themselves: with them as direct sources the UI lists all of them for each page
    COURSES: ("panopto/course_sessions", "panopto/chunked_coverage"),
    STORAGE: ("panopto/retention",),
    CHANNELS: ("brightcove/cms_catalog", "brightcove/last_viewed", "brightcove/multi_year"),
    TRUST: ("platform/calendar",),
    INDEX: tuple(key.to_user_string() for key in KEYS[:-1]),
}

Make = Callable[[Settings], Facts]


def pages_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The unpartitioned assets `pages/*`, one writer at a time."""
    made = {COURSES: courses, STORAGE: storage, CHANNELS: channels, TRUST: trust, INDEX: index}
    return [_asset(settings, key, make) for key, make in made.items()]


def _asset(settings: Settings, key: dg.AssetKey, make: Make) -> dg.AssetsDefinition:
    deps, says = list(_deps(key)), make.__doc__

    @dg.asset(key=key, deps=deps, group_name=GROUP, kinds=KINDS, pool=POOL, description=says)
    def page() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=shown(make(settings)))

    return page


def _deps(key: dg.AssetKey) -> Iterable[dg.AssetDep]:
    for source in _SOURCES[key]:
        yield dg.AssetDep(dg.AssetKey.from_user_string(source), partition_mapping=dg.LastPartitionMapping())


def courses(settings: Settings) -> Facts:
    """`pages/courses/*.html`: course and video overview of each course listed whose coverage is there."""
    from video_analytics.pages import making  # noqa: PLC0415 - charts take a second to import

    return making.courses(settings)


def storage(settings: Settings) -> Facts:
    """`pages/storage.html`: hours by source and folder, and what each plan would do, by the last reports."""
    from video_analytics.pages import making  # noqa: PLC0415 - as above

    return making.storage(settings)


def channels(settings: Settings) -> Facts:
    """`pages/channels.html`: views, watch hours and engagement of all Brightcove accounts."""
    from video_analytics.pages import making  # noqa: PLC0415 - as above

    return making.channels(settings)


def trust(settings: Settings) -> Facts:
    """`pages/trust.html`: what is complete, provisional, missing, failed; corrections, deliveries, calls."""
    from video_analytics.pages import making  # noqa: PLC0415 - as above

    return making.trust(settings)


def index(settings: Settings) -> Facts:
    """`pages/index.html`: the way to all pages."""
    from video_analytics.pages import making  # noqa: PLC0415 - as above

    return making.index(settings)
