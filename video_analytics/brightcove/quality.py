"""Whether the promises about an account's data hold: its days and its catalogue, read from the lake alone.

`judge` tells of an account as it stands; `judge_days` also of what a run answers for that read some days.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from video_analytics import day_files, day_quality
from video_analytics import lake as lakes
from video_analytics.brightcove.finality import FINAL, SETTLED, closed_at, last_closed
from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS
from video_analytics.day_files import Looked
from video_analytics.errors import LakeError
from video_analytics.lake import Lake, day_key
from video_analytics.quality import Finding
from video_analytics.settings import Account, Brightcove

DAY_CHECKS = {
    "files_readable": "each file of the recent days opens, and the older ones in turn, once in 30 days",
    "counts_reconciled": "a day has as many rows as were recorded with it",
    "keys_unique": "each video has one row in a day, and lies in its own account's and day's file",
    "sums_agree": "views and seconds of a day's rows are those recorded with it",
    "devices_equal_views": "views by device add up to views, once a day is settled",
    "days_present": "each of the last 60 days is there, a day after its end",
    "views_within_bounds": "a settled day's views are within a tenth and ten times of its weekday's median",
}
CATALOGUE_CHECKS = {
    "catalogue_counts_reconciled": "it opens and has as many videos as were recorded, each in its own place",
    "catalogue_keys_unique": "each video has one row",
    "catalogue_not_halved": "no more than half of the listed videos went in one day of the last week",
}
REMEMBERED = timedelta(days=7)  # for so long a halved catalogue blocks; then nobody has objected
FEWEST_VIDEOS = 10  # smaller catalogues are halved by hand

DAY_MEASURES = """
    SELECT
        part,
        count(*) AS rows,
        count(*) - count(DISTINCT video_id) FILTER (own) AS repeated,
        sum(video_view) AS views,
        sum(video_seconds_viewed) AS seconds,
        count(*) FILTER (settled AND by_device IS NOT NULL AND video_view IS NOT NULL) AS compared,
        count(*) FILTER (settled AND by_device <> video_view) AS differing
    FROM (
        SELECT
            *,
            views_desktop + views_mobile + views_tablet + views_tv + views_other AS by_device,
            finality IN ($settled, $final) AS settled,
            account_id = $account AND date::VARCHAR = part AS own
        FROM files
    )
    GROUP BY part
"""

CATALOGUE_MEASURES = """
    SELECT
        count(*) AS rows,
        count(*) - count(DISTINCT video_id) FILTER (account_id = $account) AS repeated,
        count(*) - count(DISTINCT position) FILTER (position BETWEEN 0 AND size - 1) AS misplaced,
        count(*) FILTER (status = 'listed') AS listed
    FROM (SELECT *, count(*) OVER () AS size FROM catalogue)
"""

# Those the vendor had deleted before it was read for the first time are not gone since then.
GONE = """
    SELECT gone_since, count(*) AS videos
    FROM catalogue
    WHERE gone_since > $since AND (status = 'missing' OR gone_since > coalesce(
        $first_read::DATE, (SELECT min(gone_since) FROM catalogue)
    ))
    GROUP BY gone_since
    ORDER BY videos DESC
    LIMIT 1
"""


def judge(lake: Lake, account: Account, settings: Brightcove, now: datetime) -> list[Finding]:
    """All checks of an account; without days or without a catalogue there are none of these.

    Reads the recent day files, opens those before them and a thirtieth of the others.
    """
    return [*judge_days(lake, account, settings, now), *judge_catalogue(lake, account, now)]


def judge_days(
    lake: Lake, account: Account, settings: Brightcove, now: datetime, only: Collection[date] | None = None
) -> list[Finding]:
    """The checks of an account's days; with `only`, those that a run which read these days answers for."""
    held = [day for day in lake.days(DAILY_ANALYTICS, account.id) if day >= settings.start_date]
    if not held:
        return []
    closed = last_closed(account, now)
    scope = day_files.scope(held, closed, closed_at(closed, account.timezone), now, only)
    looked = day_files.look_into(
        lake,
        DAILY_ANALYTICS,
        _keys(account, scope.opened),
        DAY_MEASURES,
        {"account": account.id, "settled": SETTLED, "final": FINAL},
        scope.spared,
        "views",
    )
    older, damaged = day_files.footers(lake, DAILY_ANALYTICS, _keys(account, scope.older))
    opened = day_quality.files_readable(
        account.key, len(looked.facts) + len(older), {**looked.damaged, **damaged}
    )
    findings = [opened, *_rows(account, looked)]
    present = day_quality.days_present(account.key, scope.due, held)
    if not scope.recent:
        return [*findings, present[0]]
    settled = [day for day in scope.due if looked.facts.get(day, {}).get("finality") in (SETTLED, FINAL)]
    return [*findings, *present, day_quality.within_bounds(account.key, looked, "views", settled)]


def _keys(account: Account, days: Iterable[date]) -> dict[date, str]:
    return {day: day_key(account.id, day) for day in days}


def _rows(account: Account, looked: Looked[date]) -> list[Finding]:
    """The checks of the rows within each day."""
    unique = ("each have a video of their own", "repeat a video, or belong to another account or day")
    equal = ("with known devices have as many views by device", "have other views by device than in all")
    return [
        day_quality.counts_reconciled(account.key, looked),
        day_quality.none_wrong("keys_unique", account.key, looked, "repeated", *unique),
        day_quality.sums_agree(account.key, looked, ("views", "seconds")),
        day_quality.none_wrong(
            "devices_equal_views", account.key, looked, "differing", *equal, of="compared"
        ),
    ]


def judge_catalogue(lake: Lake, account: Account, now: datetime) -> list[Finding]:
    """The checks of an account's catalogue."""
    if not lake.path(CMS_CATALOG, account.id).exists():
        return []
    try:
        facts = lake.facts(CMS_CATALOG, account.id) or {}
        with lakes.connect() as connection:
            lakes.scan(connection, "catalogue", CMS_CATALOG, lake.files(CMS_CATALOG, [account.id]))
            found = connection.sql(CATALOGUE_MEASURES, params={"account": account.id})
            measured = dict(zip(found.columns, found.fetchall()[0], strict=True))
            since = {"since": now.date() - REMEMBERED, "first_read": facts.get("first_read_on")}
            gone = connection.sql(GONE, params=since).fetchall()
    except LakeError as error:
        return [_told("catalogue_counts_reconciled", account, str(error), {"damaged": 1}, ok=False)]
    return [
        _catalogue_counts(account, facts, measured),
        _catalogue_keys(account, measured),
        _not_halved(account, measured["listed"], gone),
    ]


def _catalogue_counts(account: Account, facts: Mapping[str, Any], measured: Mapping[str, int]) -> Finding:
    rows, listed, misplaced = (measured[name] for name in ("rows", "listed", "misplaced"))
    expected = facts.get("rows"), facts.get("listed", listed)
    ok = (rows, listed) == expected and not misplaced
    says = f"{rows:,} videos, {listed:,} of them listed, as many as recorded"
    if not ok:
        says = (
            f"expected {expected[0]} videos, {expected[1]} of them listed, got {rows} and {listed}; "
            f"{misplaced} have no place of their own; read the catalogue again"
        )
    numbers = {"videos": rows, "listed": listed, "misplaced": misplaced, "damaged": 0}
    return _told("catalogue_counts_reconciled", account, says, numbers, ok=ok)


def _catalogue_keys(account: Account, measured: Mapping[str, int]) -> Finding:
    rows, repeated = measured["rows"], measured["repeated"]
    says = f"{rows:,} videos, each once"
    if repeated:
        says = (
            f"{repeated:,} of {rows:,} videos repeat an id or are another account's; read the catalogue again"
        )
    numbers = {"videos": rows, "repeated": repeated}
    return _told("catalogue_keys_unique", account, says, numbers, ok=not repeated)


def _not_halved(account: Account, listed: int, gone: Sequence[tuple[date, int]]) -> Finding:
    """`gone`: the day of the last week on which most videos went, and how many."""
    day, lost = gone[0] if gone else (None, 0)
    before = listed + lost
    ok = lost <= listed or before < FEWEST_VIDEOS
    says = f"{listed:,} videos listed, at most {lost:,} went in a day of the last week"
    if not ok:
        says = (
            f"{lost:,} of {before:,} videos went on {day}; look into Studio whether they were deleted: "
            f"if so, this is over {REMEMBERED.days} days later"
        )
    numbers = {"listed": listed, "listed_before": before, "gone_in_a_day": lost}
    return _told("catalogue_not_halved", account, says, numbers, ok=ok)


def _told(
    check: str, account: Account, says: str, numbers: Mapping[str, float], *, ok: bool = True
) -> Finding:
    return Finding(check, account.key, ok, says, numbers)
