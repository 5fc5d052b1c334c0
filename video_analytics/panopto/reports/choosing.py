"""Which of the reports in the lake count for a report date, and what a reader must know about them.

Views are added up, so reports of usage count that follow each other without overlapping and cover the most
days: one over all years, or a year by a year. What exists is not added up: of the reports of sessions created
or edited each counts that reaches further back than the newer ones. Of System session storage, which tells
how things stand, the newest counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from video_analytics.days import ONE_DAY
from video_analytics.errors import ReportError
from video_analytics.lake import Lake
from video_analytics.panopto.reports.kinds import CREATED, KINDS, STORAGE, USAGE, Kind
from video_analytics.panopto.reports.tables import REPORT_ROWS

STALE = timedelta(days=31)  # views that end so long before the rest tell of another time
_RANKS = {kind.name: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Held:
    """A report in the lake, from its first to its last day."""

    key: str
    kind: str
    start: date
    end: date
    read_on: str
    file: str
    days_told: bool = True  # by the file's name; else found in its rows

    @property
    def days(self) -> int:
        """How long it covers."""
        return (self.end - self.start).days + 1

    def told(self) -> str:
        """Its kind and period in words."""
        return f"{self.kind} {self.start}..{self.end}"


@dataclass(frozen=True)
class Choice:
    """The reports of a date, the newest first."""

    day: date
    reports: list[Held]
    left_out: list[Held]

    @property
    def viewed(self) -> list[Held]:
        """Those whose views count: of usage, unless storage is much newer, or tells of a longer time."""
        usage, storage = _of(self.reports, USAGE), _of(self.reports, STORAGE)
        if not usage or not storage:
            return usage or storage
        newer = storage[0].end - usage[0].end
        longer = storage[0].days > sum(report.days for report in usage)
        return storage if newer > STALE or (longer and -newer <= STALE) else usage

    @property
    def listing(self) -> list[Held]:
        """Those that list all there is: of two kinds the newer one."""
        kinds = [found for kind in (STORAGE, CREATED) if (found := _of(self.reports, kind))]
        return max(kinds, key=lambda found: found[0].end)

    @property
    def period(self) -> tuple[date, date]:
        """The first and the last day whose views are told."""
        return min(report.start for report in self.viewed), max(report.end for report in self.viewed)

    def warnings(self) -> Iterator[str]:
        """Sentences on what these reports may mislead in."""
        end = self.period[1]
        if self.day - end > STALE:
            yield f"Views are told up to {end} only, {(self.day - end).days} days before the report date."
        for first, last in _gaps(self.viewed):
            yield f"No report tells views from {first} to {last}: what was viewed then passes for unwatched."
        for first, last in _gaps([each for each in self.listing if each.kind == CREATED.name]):
            yield f"No report lists what was created from {first} to {last}."
        newest = max((each.end for each in _of(self.reports, USAGE)), default=date.max)
        for report in _of(self.left_out, USAGE):
            if newest < report.end <= self.day:
                yield f"{report.told()} is left out: it overlaps others that cover more days."
        for report in self.reports:
            if report.end > self.day:
                yield f"{report.told()} ends after the report date; its views and sessions count."
            if not report.days_told:
                yield f"The name of {report.file} tells no period: {report.told()} is what its rows show."


def reports_held(lake: Lake) -> list[Held]:
    """Every report in the lake, by kind and end."""
    root = lake.root / REPORT_ROWS.name
    keys = sorted(str(path.relative_to(root).with_suffix("").as_posix()) for path in root.glob("*/*.parquet"))
    return sorted(
        (_held(lake, key) for key in keys), key=lambda report: (report.kind, report.end, report.key)
    )


def _held(lake: Lake, key: str) -> Held:
    facts = lake.facts(REPORT_ROWS, key) or {}
    start, end = (date.fromisoformat(facts[name]) for name in ("start", "end"))
    return Held(key, facts["kind"], start, end, facts["read_on"], facts["file"], facts["days_told"])


def newest_date(reports: Sequence[Held]) -> date:
    """The report date unless another one is asked for: the last day of the newest report.

    Raises:
        ReportError: there is no report.
    """
    if not reports:
        raise ReportError(
            "expected usage reports of Panopto, got none; drop 'Sessions created or edited' and 'Session "
            "usage' (or 'System session storage') into inbox/panopto of the home"
        )
    return max(report.end for report in reports)


def chosen(reports: Sequence[Held], day: date) -> Choice:
    """The reports that count for a date.

    Raises:
        ReportError: they do not tell both what there is and what was viewed.
    """
    usage, created, storage = (_usable(_of(reports, kind), day) for kind in (USAGE, CREATED, STORAGE))
    found = [*_longest(usage), *_reaching_back(created), *storage[:1]]
    _check(found, day)
    return Choice(
        day,
        sorted(found, key=lambda report: (-report.end.toordinal(), _RANKS[report.kind], report.key)),
        [report for report in reports if report not in found],
    )


def _of(reports: Sequence[Held], kind: Kind) -> list[Held]:
    return [report for report in reports if report.kind == kind.name]


def _usable(reports: Sequence[Held], day: date) -> list[Held]:
    """Those that end by a date, the newest first; if none does, those that end next after it."""
    first = min((report.end for report in reports), default=day)
    return sorted((each for each in reports if each.end <= max(day, first)), key=_newest, reverse=True)


def _newest(report: Held) -> tuple[Any, ...]:
    return report.end, report.days, report.read_on, report.key


def _reaching_back(reports: Sequence[Held]) -> list[Held]:
    found: list[Held] = []
    for report in reports:
        if all(report.start < newer.start for newer in found):
            found.append(report)
    return found


def _longest(reports: Sequence[Held]) -> list[Held]:
    """Reports that follow each other and cover the most days; the newest and fewest of those."""
    best: list[tuple[tuple[Any, ...], list[Held]]] = [((0, 0, ()), [])]
    for report in reversed(reports):
        options = []
        for (days, count, _), chain in best:
            if not chain or chain[-1].end <= report.start:
                twice = int(bool(chain) and chain[-1].end == report.start)  # a day that both of them hold
                worth = days + report.days - twice, count - 1, _newest(report)
                options.append((worth, [*chain, report]))
        best.append(max(options, key=lambda each: each[0]))
    return max(best, key=lambda each: each[0])[1]


def _gaps(reports: Sequence[Held]) -> Iterator[tuple[date, date]]:
    """The days between reports that none of them covers."""
    covered = date.min
    for before, after in pairwise(sorted(reports, key=lambda report: report.start)):
        covered = max(covered, before.end)
        if after.start - covered > ONE_DAY:
            yield covered + ONE_DAY, after.start - ONE_DAY


def _check(found: Sequence[Held], day: date) -> None:
    kinds = {report.kind for report in found}
    if STORAGE.name in kinds or {CREATED.name, USAGE.name} <= kinds:
        return
    lacking = CREATED if CREATED.name not in kinds else USAGE
    tells = "what was never viewed" if lacking is CREATED else "what was viewed"
    raise ReportError(
        f"report date {day}: expected '{CREATED.title}' with '{USAGE.title}', or '{STORAGE.title}', got "
        f"{', '.join(report.told() for report in found) or 'none'}: nothing tells {tells}; "
        f"drop '{lacking.title}' of the same period into inbox/panopto"
    )
