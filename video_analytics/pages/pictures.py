"""Charts of the pages as small pictures, for the Dagster UI: on the unpartitioned assets of their data."""

from collections.abc import Sequence

from video_analytics import lake as lakes
from video_analytics.lake import Lake
from video_analytics.pages.course import charts as course_charts
from video_analytics.pages.figures import picture
from video_analytics.panopto.tables import SESSION_MEASURES, SESSIONS

TOP = 10  # videos


def most_viewed(lake: Lake, course_ids: Sequence[str], k: int) -> bytes | None:
    """The videos with the most viewers, of all courses; those with fewer than k are left out; PNG."""
    with lakes.connect() as connection:
        lakes.scan(connection, "sessions", SESSIONS, lake.files(SESSIONS, course_ids))
        lakes.scan(connection, "measures", SESSION_MEASURES, lake.files(SESSION_MEASURES, course_ids))
        found = connection.sql(
            "SELECT name, course_name, unique_viewers FROM sessions "
            "JOIN measures USING (course_id, session_id) "
            "WHERE left_on IS NULL AND unique_viewers >= greatest($k, 1) "
            "ORDER BY unique_viewers DESC, course_id, session_id LIMIT $top",
            params={"k": k, "top": TOP},
        ).fetchall()
    rows = [
        {"place": place, "name": f"{name} ({course})", "amount": viewers, "label": f"{viewers:,} viewers"}
        for place, (name, course, viewers) in enumerate(found)
    ]
    return (
        picture(course_charts.ranking(), rows, "Videos with the most viewers, over all dates")
        if rows
        else None
    )
