"""`courses.csv`, which becomes the home's own where it has none, and `state.csv`, which is only told of."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from video_analytics import files
from video_analytics.errors import SettingsError
from video_analytics.importing import columns, sheets
from video_analytics.importing.columns import Column, Sieve
from video_analytics.importing.desk import Desk
from video_analytics.importing.finding import Found
from video_analytics.importing.tally import SHOWN, Unreadable
from video_analytics.settings import Course, courses_path, read_courses


def import_courses(desk: Desk, found: Sequence[Found]) -> Mapping[str, str]:
    """Copy the list where the home has none; gives names by ids of the courses that are listed then."""
    listed = {course.id: course.name for course in read_courses(desk.settings.home)}
    free = not courses_path(desk.settings.home).exists()
    for file in found:
        try:
            theirs = _read(file.path)
        except SettingsError as error:
            file.tally.refuse_all(str(error).replace("\n", " · "))
            continue
        if free and theirs:
            if not desk.dry_run:
                files.write_bytes(courses_path(desk.settings.home), file.path.read_bytes())
            listed, free = {course.id: course.name for course in theirs}, False
            file.tally.taken = len(theirs)
        else:
            lacking = [course for course in theirs if course.id not in listed]
            file.tally.there = len(theirs) - len(lacking)
            file.tally.refuse(_missing(lacking), [course.line for course in lacking])
    return listed


def _read(path: Path) -> tuple[Course, ...]:
    """As the home's own list is read; case of the name does not count here."""
    if path.name == courses_path(path.parent).name:
        return read_courses(path.parent)
    raise SettingsError(f"{path.name}: expected the name courses.csv in lower case; rename it")


def _missing(courses: Sequence[Course]) -> str:
    shown = ", ".join(f"{course.name} {course.id}" for course in courses[:SHOWN])
    more = ", …" if len(courses) > SHOWN else ""
    return f"the home's courses.csv has a list of its own without {shown}{more}; add those you want"


_CLAIMS = (
    Column("PanoptoFolderID", columns.guid, columns.TEXT, "an id as Panopto gives them", needed=True),
    Column("LastDateFetched(UTC)", columns.day, columns.DAY, "a day such as 2022-05-16", needed=True),
)


def tell_state(found: Sequence[Found], listed: Mapping[str, str]) -> None:
    """What the old state claims. It was saved apart from the data and counts days in another zone."""
    for file in found:
        claims: dict[str, str] = {}
        try:
            for block in sheets.blocks(file.path, [column.name for column in _CLAIMS]):
                sieve = Sieve(block, file.tally)
                ids, days = (sieve.read(column).to_pylist() for column in _CLAIMS)
                claims |= {
                    id_: str(day) for keep, id_, day in zip(sieve.keep, ids, days, strict=True) if keep
                }
        except Unreadable as error:
            file.tally.refuse_all(str(error))
            continue
        file.tally.notes = [
            "only told of, never trusted: every course is read anew",
            *(
                f"{id_}{'' if id_ in listed else ' (not listed)'}: says it was fetched up to {day}"
                for id_, day in claims.items()
            ),
        ]
