"""What is built for each size: courses with their terms, folders and sessions, as a table and its builder."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from video_analytics.sandbox.catalogue import rng_of
from video_analytics.sandbox.panopto import names
from video_analytics.sandbox.panopto.tree import (
    DAY,
    HOUR,
    SECOND,
    Audience,
    Folder,
    Session,
    Site,
    Timeline,
    guid,
    micros,
)

Layout = Literal["flat", "chain", "wide", "parts"]
LAST_YEAR: Final = 2027
_TERMS: Final = {
    # first day of teaching (month, day), days of teaching
    "S": ((5, 4), 102),
    "W1": ((9, 7), 90),
    "W2": ((1, 5), 94),
}
_EXAMS: Final = 14  # days after teaching in which people still revise
_STANDING: Final = datetime(2023, 1, 9, tzinfo=UTC)
_WIDE: Final = {"demo": 30, "full": 60}


@dataclass(frozen=True, slots=True)
class Course:
    """One row of the plan; a term of "" is a course that is always on, since 2023."""

    name: str
    term: str
    sessions: int
    layout: Layout = "flat"
    burst: float = 6.0
    weekly: float = 1.0
    thin: float = 0.02


@dataclass(frozen=True, slots=True)
class Plan:
    """A size: how many students there are on the site and in a course, and the courses."""

    students: int
    class_size: int
    departments: bool
    courses: tuple[Course, ...]


def _full() -> tuple[Course, ...]:
    """Fifty courses since 2010, more of them lately; five are taught in the summer of 2026."""
    terms = [f"{year}{('W1', 'S', 'W2')[year % 3]}" for year in range(2010, 2020)]
    terms += [f"{year}{half}" for year in (2020, 2021, 2022) for half in ("W1", "W2")]
    terms += [f"{year}{term}" for year in (2023, 2024, 2025) for term in ("W2", "S", "W1")] * 2
    terms += ["2021S"] + ["2026W2"] * 4 + ["2026S"] * 5 + ["2026W1"] * 2 + ["2027W2", "2027S", "2027W1"]
    current = sorted(terms, key=lambda term: term != "2026S")
    layouts: tuple[Layout, ...] = ("parts", "flat")
    taught = (
        Course(_full_name(number, term), term, 72, _full_layout(number, layouts), 30.0, 1.5, 0.006)
        for number, term in enumerate(current)
    )
    return (*taught, Course(names.COURSE_NAMES[3], "", 40, "flat", 3.0, 0.05, 0.0))


def _full_name(number: int, term: str) -> str:
    subject = names.SUBJECTS[number % len(names.SUBJECTS)]
    return names.COURSE_NAMES[number] if 0 < number < 3 else f"{subject} {101 + number * 7} [{term}]"  # noqa: PLR2004 - the case twins


def _full_layout(number: int, layouts: tuple[Layout, ...]) -> Layout:
    return "chain" if number == 0 else "wide" if number == 3 else layouts[number % 2]  # noqa: PLR2004 - one of fifty


_NAME: Final = names.COURSE_NAMES
PLANS: Final[dict[str, Plan]] = {
    "tiny": Plan(
        students=24,
        class_size=12,
        departments=False,
        courses=(
            Course(_NAME[0], "2026S", 6, "chain", burst=7.0, weekly=1.2, thin=0.03),
            Course(_NAME[1], "", 4, burst=6.0, weekly=0.2, thin=0.0),
            Course(_NAME[2], "2026W2", 4, burst=8.0, weekly=0.5, thin=0.1),
        ),
    ),
    "demo": Plan(
        students=150,
        class_size=60,
        departments=True,
        courses=(
            Course(_NAME[0], "2026S", 9, "chain", burst=150.0, weekly=9.0, thin=0.2),
            Course(_NAME[1], "2026W2", 9, "parts", burst=150.0, weekly=9.0, thin=0.2),
            Course(_NAME[2], "2025W1", 9, "parts", burst=150.0, weekly=9.0, thin=0.2),
            Course(_NAME[3], "", 54, burst=60.0, weekly=2.0, thin=0.0),
            Course(_NAME[4], "2026S", 7, "wide", burst=150.0, weekly=9.0, thin=0.2),
            Course(_NAME[5], "2024W1", 6, burst=150.0, weekly=9.0, thin=0.2),
        ),
    ),
    "full": Plan(students=4_000, class_size=80, departments=True, courses=_full()),
}


class Builder:
    """Makes the site of one seed and size, without the events."""

    def __init__(self, seed: int, size: str) -> None:
        self.seed, self.size, self.plan = seed, size, PLANS[size]
        self.site = Site()

    def build(self) -> Site:
        """Folders and sessions of every course, and one folder that belongs to none."""
        departments = [self.folder(name, None) for name in names.DEPARTMENTS] if self.plan.departments else []
        for number, course in enumerate(self.plan.courses):
            parent = departments[number % len(departments)] if departments else None
            root = self.folder(course.name, parent)
            self.site.courses.append(root)
            self._fill(course, number, self._places(course, root))
        self.site.guest_talks = self.folder(names.GUEST_TALKS, self.site.courses[1])
        self.site.outside = self.folder(names.OUTSIDE, None)
        return self.site

    def folder(self, name: str, parent: str | None) -> str:
        """Add a folder; gives its id."""
        key = guid(self.seed, self.size, "folder", len(self.site.folders))
        self.site.folders[key] = Folder(key, Timeline(name), Timeline(parent))
        return key

    def _places(self, course: Course, root: str) -> list[str]:
        """The folders of a course that hold its sessions, in turn."""
        if course.layout == "chain":
            chain = [root]
            for name in names.CHAIN_NAMES:
                chain.append(self.folder(name, chain[-1]))
            self.site.nested = chain[2]
            return [chain[depth] for depth in (0, 0, 1, 3, 5, 7)]
        if course.layout == "parts":
            return [root, *(self.folder(name, root) for name in names.PART_NAMES)]
        if course.layout == "wide":
            groups = [
                self.folder(names.WIDE_NAME.format(number=number), root) for number in range(_WIDE[self.size])
            ]
            return [root, groups[0], groups[-1]]
        return [root]

    def _fill(self, course: Course, number: int, places: list[str]) -> None:
        rng = rng_of(self.seed, 41, number)
        students = sorted(rng.choice(self.plan.students, self.plan.class_size, replace=False).tolist())
        audience = Audience(students, course.burst, course.weekly, course.thin)
        first, days = _term(course.term)
        step = min(7.0, days / course.sessions) if course.term else 3.0
        for lecture in range(course.sessions):
            day = first + timedelta(days=int(lecture * step))
            start = micros(day) + (14 + lecture % 6) * HOUR + int(rng.integers(0, 30 * 60)) * SECOND
            until = micros(first + timedelta(days=days + _EXAMS))
            self.session(places[lecture % len(places)], start, until, audience, lecture + 1)

    def session(self, place: str, start: int, until: int, audience: Audience, number: int) -> Session:
        """Add a session that appears half an hour after its end."""
        index = len(self.site.sessions)
        rng = rng_of(self.seed, 42, index)
        length = round(float(rng.uniform(2700, 3300)), 3)
        name = names.SESSION_NAMES[index % len(names.SESSION_NAMES)].format(number=number)
        session = Session(
            index=index,
            id=guid(self.seed, self.size, "session", index),
            name=name,
            description=names.DESCRIPTIONS[index % len(names.DESCRIPTIONS)],
            start=start + int(rng.integers(0, 1000)) * 1000,
            created=start + int((length + 1800) * SECOND) // SECOND * SECOND,
            taught_until=until,
            length=length,
            duration=Timeline(_duration(index, length)),
            folder=Timeline(place),
            audience=audience,
        )
        self.site.sessions[session.id] = session
        return session


def _duration(index: int, length: float) -> float | None:
    """Mostly the length; sometimes 0, sometimes not known."""
    if index % 29 == 12:  # noqa: PLR2004 - one in 29, and one of the smallest world
        return None
    return 0.0 if index % 23 == 8 else length  # noqa: PLR2004 - one in 23, and one of the smallest world


def _term(code: str) -> tuple[datetime, int]:
    """First day and days of teaching; a standing course is taught to the end of the world."""
    if not code:
        return _STANDING, (datetime(LAST_YEAR, 12, 31, tzinfo=UTC) - _STANDING).days - _EXAMS
    (month, day), days = _TERMS[code[4:]]
    return datetime(int(code[:4]), month, day, tzinfo=UTC), days


END: Final = micros(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC))
WEEK: Final = 7 * DAY
