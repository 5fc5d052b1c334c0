"""What only the live site can tell: rights, zones, page sizes, and whether the change feed can be trusted."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from video_analytics.clock import now
from video_analytics.errors import Refused
from video_analytics.panopto.catalogue import Tree, walk
from video_analytics.panopto.reports import asking
from video_analytics.panopto.reports.kinds import KINDS, missing
from video_analytics.panopto.rest import Rest
from video_analytics.panopto.soap import Soap
from video_analytics.panopto.usage import Record
from video_analytics.settings import Course
from video_analytics.verdicts import NOTE, Verdict, tried

BACK = timedelta(days=365)  # how far records are looked for
TRIED = 25  # sessions at most
LARGE_PAGE = 1000
AROUND = timedelta(minutes=20)


def probe(rest: Rest, soap: Soap, courses: Sequence[Course]) -> Iterator[Verdict]:
    """Credentials, each course, then the open questions of UsageReporting on a session that was watched."""
    yield tried("token", lambda: f"a token for {rest.token():g} s from {rest.settings.server}")
    yield tried("server", lambda: f"Panopto {soap.server_version()}")
    yield tried("logon", lambda: _logon(soap))
    trees: list[Tree] = []
    for course in courses:
        yield tried(f"course {course.name or course.id}", lambda c=course: _course(rest, c, trees))  # type: ignore[misc]
    yield tried("usage reports", lambda: _reports(soap), NOTE)
    if not courses:
        yield Verdict("courses", NOTE, "courses.csv lists none; nothing more to ask")
    sessions = [session for tree in trees for session in tree.sessions]
    found: list[list[Record]] = []
    if sessions:
        yield tried("right to read usage", lambda: _usage(soap, sessions, found))
    if found and found[0]:
        yield from _open_questions(soap, trees, found[0])


def _open_questions(soap: Soap, trees: Sequence[Tree], records: list[Record]) -> Iterator[Verdict]:
    yield tried("zone of ranges", lambda: _zone(soap, records[-1]), NOTE)
    yield tried("page sizes", lambda: _page_sizes(soap, records), NOTE)
    yield tried("change feed", lambda: _feed(soap, trees, records), NOTE)


def _logon(soap: Soap) -> str:
    soap.cookies.token()
    way = "user and password" if soap.settings.username and soap.settings.password else "the OAuth token"
    return f"a cookie for the SOAP services, by {way}"


def _reports(soap: Soap) -> str:
    """Whether the site can make the reports that are read, with the columns they need."""
    for kind in KINDS:
        lacks = missing(kind, asking.columns(soap, kind.type))
        if lacks:
            raise Refused(f"{kind.title} lacks {', '.join(lacks)}: drop one that has these columns by hand")
    return f"{len(KINDS)} with all columns; `run --source reports --ask` shows whether they may be had"


def _course(rest: Rest, course: Course, trees: list[Tree]) -> str:
    tree = walk(rest, course.id)
    trees.append(tree)
    denied = f", {len(tree.denied)} of them denied" if tree.denied else ""
    return f"{tree.name!r}: {len(tree.folders)} folders{denied}, {len(tree.sessions)} sessions"


def _usage(soap: Soap, sessions: Sequence[str], found: list[list[Record]]) -> str:
    """Reads sessions until one has records; remembers them."""
    end = now()
    for session in sessions[:TRIED]:
        records = soap.records(session, end - BACK, end)
        if records:
            found.append(records)
            return f"{len(records):,} viewing records of a session in the last {BACK.days} days"
    tried_ones = min(len(sessions), TRIED)
    return (
        f"answered; none of {tried_ones} sessions was watched in the last {BACK.days} days: no more to learn"
    )


def _zone(soap: Soap, record: Record) -> str:
    """In which zone the site reads a time without an offset; the platform always sends one."""
    zone = soap.settings.site_timezone

    def holds(at: datetime) -> bool:
        return soap.sample(record.session_id, at - AROUND, at + AROUND, LARGE_PAGE)[1] > 0

    if not holds(record.time):
        raise Refused("a record is not in the range around its own time: ranges are not read as UTC")
    as_utc = holds(record.time.replace(tzinfo=None))
    as_local = holds(record.time.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
    if as_utc and not as_local:
        return f"UTC ranges are read as UTC, and so are times without offset, though site_timezone is {zone}"
    if as_local:
        return (
            f"UTC ranges are read as UTC; times without offset would be read in {zone}, as site_timezone says"
        )
    raise Refused(
        f"UTC ranges are read as UTC; times without offset are read neither in UTC nor in {zone}: "
        "set panopto.site_timezone to the site's zone"
    )


def _page_sizes(soap: Soap, records: list[Record]) -> str:
    got, total = soap.sample(records[0].session_id, now() - BACK, now(), LARGE_PAGE)
    if got < min(total, LARGE_PAGE):
        return f"asked for {LARGE_PAGE:,}, got {got:,} of {total:,}: pages hold no more than that"
    size = soap.settings.page_size
    return f"asked for {LARGE_PAGE:,}, got {got:,} of {total:,}; the platform asks for {size} at a time"


def _feed(soap: Soap, trees: Sequence[Tree], records: list[Record]) -> str:
    """Whether the folder's summary tells the minutes of its sessions; nights learn it anew by themselves."""
    session = records[0].session_id
    tree = next(tree for tree in trees if session in tree.sessions)
    folder = tree.sessions[session].Folder.lower()
    end = now().replace(hour=0, minute=0, second=0, microsecond=0)
    begin = end - timedelta(days=soap.settings.trailing_days)
    told = sum(usage.minutes_viewed for usage in soap.folder_usage(folder, begin, end) if usage.time < end)
    members = [video.Id for video in tree.sessions.values() if video.Folder.lower() == folder]
    held = 0.0
    for member in members:
        held += sum(record.seconds_viewed for record in soap.records(member, begin, end)) / 60
    if abs(told - held) > max(0.01 * soap.settings.trailing_days, 1e-6 * held):
        raise Refused(
            f"a folder's summary tells {told:,.2f} minutes, its {len(members)} sessions have {held:,.2f}: "
            "it is not used, each session is asked every night"
        )
    return f"a folder's summary tells the {held:,.2f} minutes of its {len(members)} sessions"
