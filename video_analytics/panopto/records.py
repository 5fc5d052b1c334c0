"""Which files hold the viewing records of a course."""

from datetime import date
from pathlib import Path

from video_analytics.lake import Lake
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY


def record_files(lake: Lake, course_id: str) -> list[Path]:
    """The files of a course's records, in order of time; every record is in just one of them.

    A year that has a file of its own outranks the files of its days.
    """
    history = (lake.root / VIEWING_HISTORY.name / course_id).glob("????.parquet")
    years = {path.stem: path for path in history}
    days = lake.day_files(VIEWING_ACTIVITY, [course_id], date.min, date.max)
    recent = [path for path in days if path.parent.name not in years]
    return sorted([*years.values(), *recent], key=lambda path: path.stem)
