"""Each kind of page of a home: what it is made from, its pages, and its line in the index."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from video_analytics.brightcove.tables import CMS_CATALOG, DAILY_ANALYTICS, LAST_VIEWED
from video_analytics.clock import now
from video_analytics.errors import PageError, ReportError, VideoAnalyticsError
from video_analytics.lake import Lake
from video_analytics.pages.building import Press, noted
from video_analytics.pages.channels.page import channels_page
from video_analytics.pages.course.data import course_data
from video_analytics.pages.course.overview import course_page
from video_analytics.pages.course.video import video_page
from video_analytics.pages.frame import Page
from video_analytics.pages.index import Entry, Kind, course_entry, index_page
from video_analytics.pages.storage.page import storage_page
from video_analytics.pages.trust.page import trust_page
from video_analytics.pages.words import between, moment, spoken
from video_analytics.panopto.measures import inputs_of, rules_of
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.answers import newest
from video_analytics.panopto.retention.tables import RETENTION_FORECAST, RETENTION_HOURS, RETENTION_SCENARIOS
from video_analytics.panopto.tables import COVERAGE, SESSIONS
from video_analytics.settings import Settings, read_courses

Json = dict[str, Any]

SAYS: dict[Kind, tuple[str, str]] = {  # title and words of the pages there is one of
    "storage": (
        "Storage and plans",
        "Hours by source and folder, watched and unwatched; what each plan would store and delete.",
    ),
    "channels": (
        "Channels",
        "Views, watch hours, engagement, devices and content of all Brightcove accounts.",
    ),
    "trust": ("Trust", "What is complete, provisional, missing or failed; corrections, deliveries, calls."),
}
_WHY_NOT: dict[Kind, str] = {
    "storage": "Drop Panopto's usage reports into inbox/panopto, or let the platform ask for them.",
    "channels": "No account has a catalogue or a day yet.",
}


def courses(settings: Settings) -> Json:
    """The pages of all courses listed. One that fails is named when the others are done.

    Raises:
        PageError: naming the courses whose pages could not be made.
    """
    press, failures = Press(settings), list[str]()
    for course in read_courses(settings.home):
        try:
            _course(press, settings, course.id)
        except VideoAnalyticsError as error:
            failures.append(f"course {course.id}: {error}")
    if failures:
        raise PageError(f"{len(failures)} courses have no new page: {'; '.join(failures[:5])}")
    return _facts(press)


def _course(press: Press, settings: Settings, course_id: str) -> None:
    lake, k = Lake(settings.lake), settings.pages.min_viewers
    if not all(lake.path(table, course_id).exists() for table in (SESSIONS, *COVERAGE)):
        return
    stamps = [lake.stamp(table, course_id) for table in (SESSIONS, *COVERAGE)]
    records = inputs_of(lake, course_id, rules_of(settings.panopto))
    inputs = [k, settings.panopto.trailing_days, records, stamps]

    def make() -> tuple[list[Page], Json]:
        data = course_data(lake, course_id, settings.panopto, k)
        if data is None:
            return [], {}
        facts = _course_facts(data)
        entry = course_entry(data, f"courses/{course_id}.html")
        return [course_page(data, facts, course_id), video_page(data, facts, course_id)], entry.as_json()

    press.print(_note_of(course_id), inputs, make)


def _course_facts(data: Json) -> list[tuple[str, str]]:
    """What stands above both pages of a course."""
    provisional, whole = data["provisional"], data["periods"][0]
    period = between(whole["first"], whole["last"]) if data["days"] else "no day yet"
    return [
        ("Period", period),
        ("Time zone", data["zone"]),
        ("Refreshed", moment(data["refreshed"])),
        ("Provisional days", f"from {spoken(provisional[0])} on" if provisional else "none"),
        ("Counted", "viewers who are known to the video platform"),
    ]


def storage(settings: Settings) -> Json:
    """The page of storage and plans; none without a snapshot of sessions."""
    lake, tables = (
        Lake(settings.lake),
        (SESSION_USAGE, RETENTION_HOURS, RETENTION_SCENARIOS, RETENTION_FORECAST),
    )
    with suppress(ReportError):
        day = newest(lake).isoformat()
        stamps = [lake.stamp(table, day) for table in tables]
        inputs = [day, settings.retention, settings.panopto.reports_zone, stamps]
        return _alone(settings, "storage", inputs, lambda: storage_page(settings, lake))
    return _facts(Press(settings))


def channels(settings: Settings) -> Json:
    """The page of all Brightcove accounts; none without a catalogue and a day."""
    lake, accounts = Lake(settings.lake), settings.brightcove.accounts
    stamps = [
        (
            lake.stamp(CMS_CATALOG, each.id),
            lake.stamp(LAST_VIEWED, each.id),
            [*lake.stamps(DAILY_ANALYTICS, each.id)],
        )
        for each in accounts
    ]
    inputs = [accounts, settings.brightcove.daily_scope, stamps]
    return _alone(settings, "channels", inputs, lambda: channels_page(settings))


def trust(settings: Settings) -> Json:
    """The trust page, which is about the platform itself and made anew each time."""
    at = now()
    return _alone(settings, "trust", at, lambda: trust_page(settings, at))


def _alone(settings: Settings, kind: Kind, inputs: object, make: Callable[[], Page | None]) -> Json:
    """A page of which there is one; its header says when its data was read."""
    press = Press(settings)

    def made() -> tuple[list[Page], Json]:
        page = make()
        if page is None:
            return [], {}
        refreshed = dict(page.facts)["Refreshed"].removesuffix(" UTC").replace(" ", "T")
        title, says = SAYS[kind]
        return [page], Entry(kind, title, str(page.path), says, refreshed).as_json()

    press.print(kind, inputs, made)
    return _facts(press)


def index(settings: Settings) -> Json:
    """The index of the pages that were made, and why others were not."""
    press = Press(settings)
    entries = [*_course_entries(settings), *(_entry(settings, kind, *SAYS[kind]) for kind in SAYS)]
    press.write(index_page(entries, _index_facts(settings, entries)))
    return _facts(press)


def _course_entries(settings: Settings) -> Iterator[Entry]:
    found = read_courses(settings.home)
    if not found:
        yield Entry("course", "Courses", "", "List Panopto folders in courses.csv, one for each course.")
    for course in found:
        held = noted(settings, _note_of(course.id))
        why = "Its sessions and their coverage are not in the lake yet."
        yield Entry(**held.entry) if held and held.entry else Entry("course", course.name, "", why)


def _entry(settings: Settings, kind: Kind, title: str, says: str) -> Entry:
    held = noted(settings, kind)
    return Entry(**held.entry) if held and held.entry else Entry(kind, title, "", _WHY_NOT.get(kind, says))


def _index_facts(settings: Settings, entries: Sequence[Entry]) -> list[tuple[str, str]]:
    made = [each for each in entries if each.address]
    k = settings.pages.min_viewers
    hidden = f"numbers about fewer than {k} viewers are withheld" if k > 1 else "nothing is withheld"
    return [
        ("Pages", str(len(made))),
        ("Refreshed", moment(max((each.refreshed for each in made), default=None))),
        ("Small groups", hidden),
    ]


def _note_of(course_id: str) -> str:
    return f"course-{course_id}"


def _facts(press: Press) -> Json:
    """What the UI shows of a run."""
    sizes = [(press.root.parent / path).stat().st_size for path in press.changed]
    return {
        "files": sorted(press.changed),
        "files_changed": sum(press.changed.values()),
        "bytes": sum(sizes),
        "largest_bytes": max(sizes, default=0),
    }
