"""Whom a scenario affects: the folders that have most hours in a bucket, with how many creators."""

from dataclasses import dataclass

from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.scenarios import bucket_of, conditions
from video_analytics.settings.retention import Scenario


@dataclass(frozen=True)
class Folder:
    """What of a folder itself, without its subfolders, is in a bucket."""

    path: str  # names from the root folder down, joined by " / "
    hours: float
    archived_hours: float  # that are archived already
    sessions: int
    creators: int


@dataclass(frozen=True)
class Affected:
    """The folders of a bucket with the most hours; all its folders are `number` and `hours`."""

    bucket: str
    folders: tuple[Folder, ...]
    number: int
    hours: float


def affected(held: Held, scenario: Scenario, bucket: str, most: int = 10) -> Affected:
    """The folders with most hours in stored, archived or deleted."""
    found = held.connection.execute(
        f"""WITH folders AS (
                SELECT array_to_string(places, ' / ') AS path, sum(hours_us)::BIGINT AS us,
                       coalesce(sum(hours_us) FILTER (archived_now), 0)::BIGINT AS archived_us,
                       count(*) AS sessions, count(DISTINCT creator_key) AS creators
                FROM held WHERE {bucket_of(conditions(held, scenario))} = '{bucket}' GROUP BY places
            )
            SELECT *, count(*) OVER (), sum(us) OVER () FROM folders ORDER BY us DESC, path LIMIT {most}"""
    ).fetchall()
    folders = tuple(
        Folder(path, us / HOUR, archived_us / HOUR, sessions, creators)
        for path, us, archived_us, sessions, creators, *_ in found
    )
    number, us = found[0][-2:] if found else (0, 0)
    return Affected(bucket, folders, number, us / HOUR)
