"""The usage reports that are read: their columns by name, and what stands in each. Source: Panopto's CSVs.

A report is recognized by columns that only it has, whatever their order. Headers compare without case, outer
blanks and an added unit such as `Session Length (Edited minutes)`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Form = Literal["text", "guid", "minutes", "hours", "count", "date", "flag"]

FIELDS: Mapping[str, tuple[Form, tuple[str, ...]]] = {
    # field: what stands in it (lengths in minutes, or in hours), its header now and in older reports
    "session_id": ("guid", ("Session ID",)),
    "name": ("text", ("Session Name",)),
    "creator": ("text", ("Creator", "Presenter")),
    "creator_id": ("text", ("Creator ID",)),
    "folder_id": ("text", ("Folder ID",)),
    "folder_name": ("text", ("Folder Name",)),
    "root_folder": ("text", ("Root Folder (Level 0)",)),
    "subfolder_1": ("text", ("Subfolder (Level 1)",)),
    "subfolder_2": ("text", ("Subfolder (Level 2)",)),
    "subfolder_3": ("text", ("Subfolder (Level 3)",)),
    "subfolder_4": ("text", ("Subfolder (Level 4)",)),
    "start_time": ("date", ("Start Time",)),
    "edited": ("date", ("Last Time Edited",)),
    "length_us": ("minutes", ("Session Length",)),
    "stream_source": ("text", ("Stream Source",)),
    "views": ("count", ("Views and Downloads", "Views")),
    "unique_viewers": ("count", ("Unique Viewers",)),
    "minutes_us": ("minutes", ("Minutes Delivered",)),
    "last_view": ("date", ("Most Recent View Date",)),
    "archived": ("flag", ("Archived",)),
    "archived_on": ("date", ("Archived Date",)),
    "on_demand_us": ("hours", ("On-Demand Hours",)),
    "archived_us": ("hours", ("Archived Hours",)),
}
_LEVEL = re.compile(r"\(level \d\)$")
_UNIT = re.compile(r"\s*\([^()]*\)$")


@dataclass(frozen=True)
class Kind:
    """A kind of report: its name here, at Panopto and in Panopto's own pages, and what it must have."""

    name: str
    type: str  # StatsReportType
    title: str
    marks: frozenset[str]  # fields or headers of which one tells it from the others
    needs: frozenset[str]


_ALWAYS = frozenset({"session_id", "name", "folder_name", "root_folder", "length_us"})
STORAGE = Kind(
    "system_session_storage",
    "SystemSessionStorage",
    "System session storage",
    frozenset({"on_demand_us", "archived_us", "archived", "archived_on"}),
    _ALWAYS | {"stream_source", "views", "last_view", "archived", "on_demand_us", "archived_us"},
)
CREATED = Kind(
    "sessions_created_or_edited",
    "SessionsCreatedOrEdited",
    "Sessions created or edited",
    frozenset({"edited", "stream count", "last approval time", "last approval action"}),
    _ALWAYS | {"start_time", "stream_source"},
)
USAGE = Kind(
    "session_usage",
    "SessionUsage",
    "Session usage",
    frozenset({"views", "unique_viewers", "minutes_us", "last_view"}),
    _ALWAYS | {"views", "minutes_us", "last_view"},
)
KINDS = (STORAGE, CREATED, USAGE)  # in the order in which they are recognized
BY_NAME = {kind.name: kind for kind in KINDS}
_OTHERS = frozenset(
    {"username", "user name", "viewing type"}
)  # reports by viewer have these, and are not read


@lru_cache(1024)
def plain(header: str) -> str:
    """A header as it is compared."""
    folded = " ".join(header.split()).casefold()
    return folded if _LEVEL.search(folded) else _UNIT.sub("", folded)


_FIELD_OF = {plain(header): field for field, (_, headers) in FIELDS.items() for header in headers}


def fields_of(header: Iterable[str]) -> dict[str, int]:
    """Which field stands in which column; of two columns for one field the first counts."""
    found: dict[str, int] = {}
    for number, name in enumerate(header):
        field = _FIELD_OF.get(plain(name))
        if field is not None:
            found.setdefault(field, number)
    return found


def kind_of(header: Iterable[str]) -> Kind | None:
    """The report that has these columns; None if it is none of those that are read."""
    names = {plain(name) for name in header}
    fields = set(fields_of(names))
    if not fields & {"session_id", "name"} or names & _OTHERS:
        return None
    return next((kind for kind in KINDS if (names | fields) & kind.marks), None)


def missing(kind: Kind, header: Iterable[str]) -> list[str]:
    """The headers that a report of this kind must have and this one lacks."""
    return sorted(FIELDS[field][1][0] for field in kind.needs - set(fields_of(header)))
