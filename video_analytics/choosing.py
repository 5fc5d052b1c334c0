"""Accounts and courses as people name them on the command line."""

from video_analytics.errors import SettingsError
from video_analytics.settings import Account, Course, Settings, courses_path, read_courses


def chosen_accounts(settings: Settings, names: str | None) -> list[Account]:
    """The accounts of names or ids separated by commas; None: all.

    Raises:
        SettingsError: one is unknown, or there are none between the commas.
    """
    if names is None:
        return list(settings.brightcove.accounts)
    return list(dict.fromkeys(settings.account(name) for name in _names("--accounts", names)))


def chosen_courses(settings: Settings, names: str | None) -> list[Course]:
    """The courses of folder names or ids separated by commas; None: all.

    Raises:
        SettingsError: none is listed, one is not, or there are none between the commas.
    """
    listed = read_courses(settings.home)
    if not listed:
        raise SettingsError(
            f"{courses_path(settings.home)}: expected a list of courses, found none; write a first line "
            "PanoptoFolderName,PanoptoFolderID and below it a line for each folder"
        )
    if names is None:
        return list(listed)
    known = {course.id: course for course in listed} | {course.name.casefold(): course for course in listed}
    chosen = {name: known.get(name.casefold()) for name in _names("--courses", names)}
    unknown = [name for name, course in chosen.items() if course is None]
    if unknown:
        raise SettingsError(
            f"--courses: {unknown[0]!r} is not in courses.csv; use a folder id or name from it"
        )
    return list(dict.fromkeys(course for course in chosen.values() if course))


def _names(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise SettingsError(
            f"{option}: expected names or ids separated by commas, got none; leave it out for all"
        )
    return names
