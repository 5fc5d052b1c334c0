"""The calendar: what `video-analytics status` says, day by day, for people, workbooks and the UI."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from video_analytics import files
from video_analytics.lake import Lake
from video_analytics.settings import Settings, read_courses
from video_analytics.standing.drawing import drawn
from video_analytics.standing.tables import CALENDAR
from video_analytics.status import STATES, Status, course_status, status_of

ALL = "all"
CSV = "trust/calendar.csv"
SOURCES = {"account": "brightcove", "course": "panopto"}  # by kind of status


def write_calendar(settings: Settings, now: datetime) -> dict[str, Any]:
    """Write the table and the CSV; gives rows, rows in each state, files, and `calendar`, as Markdown."""
    told = statuses(settings)
    rows = [row for status in told for row in rows_of(status)]
    lake = Lake(settings.lake)
    changed = lake.write(CALENDAR, ALL, pa.Table.from_pylist(rows, CALENDAR.schema), {})
    files.write_bytes(settings.exports / CSV, _csv(rows))
    counts = Counter(row["state"] for row in rows)
    return {
        "rows": len(rows),
        **{state: counts[state] for state in STATES},
        "changed": changed,
        "files": [CSV],
        "calendar": drawn(told, now),
    }


def statuses(settings: Settings) -> list[Status]:
    """The status of each account, where Brightcove is or was used, and of each course listed."""
    uses_brightcove = settings.brightcove.client_id is not None or (settings.lake / "brightcove").exists()
    accounts = settings.brightcove.accounts if uses_brightcove else ()
    courses = read_courses(settings.home)
    return [
        *(status_of(settings, account) for account in accounts),
        *(course_status(settings, course) for course in courses),
    ]


def rows_of(status: Status) -> Iterator[dict[str, Any]]:
    """A row of the table for each year and day, in order."""
    by_year = {date(year, 1, 1): state for state, years in status.years.items() for year in years}
    by_day = {day: state for state, days in status.days.items() for day in days}
    head = {"source": SOURCES[status.kind], "subject": status.id, "name": status.name}
    for part, states in (("year", by_year), ("day", by_day)):
        for day in sorted(states):
            key = str(day.year) if part == "year" else day.isoformat()
            state, reason = states[day], status.reasons.get(key)
            yield {**head, "part": part, "date": day, "state": state, "reason": reason}


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, CALENDAR.schema.names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
