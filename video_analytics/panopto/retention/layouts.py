"""What stands in the files of retention: each column's name, in order, and where it comes from.

Everything is SQL over the views of `offered`. Hours have two decimals in text, which people read, and are
exact where a program reads them; times are UTC there, and those of the reports' zone in text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from video_analytics.lake import pattern, quoted
from video_analytics.panopto.retention.held import HOUR, NONE
from video_analytics.panopto.retention.measures import ACADEMIC_YEAR, CREATOR, FOLDER, MEASURES, RECENCY

Form = Literal["text", "hours", "count", "number", "date", "time", "flag"]
Columns = Mapping[str, tuple[Form, str]]  # name: what stands in it, its SQL

_TEXTS: Mapping[Form, str] = {
    "hours": "replace(printf('%.2f', {0}), '-0.00', '0.00')",
    "time": "strftime(timezone(getvariable('zone'), {0}), '%Y-%m-%d %H:%M:%S')",
    "flag": "CASE WHEN {0} THEN 'True' WHEN NOT {0} THEN 'False' END",
}


@dataclass(frozen=True)
class Layout:
    """The columns of a file, and the rows it is made from, in order."""

    columns: Columns
    rows: str
    order: str
    where: str = "true"
    bold: str = "false"  # which rows sum up others, in SQL
    first: str = "true"  # which rows are shown where there is room for {most} only, in SQL

    @property
    def query(self) -> str:
        """The typed rows."""
        return self._query({name: f"({sql})" for name, (_, sql) in self.columns.items()})

    def text_query(self, typed: Path) -> str:
        """The rows for text files, from the Parquet file of the typed ones."""
        shown = (
            f"{_TEXTS.get(form, '{0}').format(identifier(name))} AS {identifier(name)}"
            for name, (form, _) in self.columns.items()
        )
        return f"SELECT {', '.join(shown)} FROM read_parquet({pattern(typed)})"

    def sheet_query(self, most: int) -> str:
        """The typed rows of a sheet with that much room, each after whether it sums up others."""
        typed = {name: f"({sql})" for name, (_, sql) in self.columns.items()}
        return self._query({"is bold": self.bold, **typed}, self.first.format(most=most))

    def _query(self, columns: Mapping[str, str], which: str = "true") -> str:
        shown = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
        return f"SELECT {shown} FROM {self.rows} WHERE ({self.where}) AND ({which}) ORDER BY {self.order}"


def identifier(name: str) -> str:
    """A name as SQL's own."""
    return '"' + name.replace('"', '""') + '"'


def _same(form: Form, *names: str) -> Columns:
    return {name: (form, identifier(name)) for name in names}


def _us(column: str) -> tuple[Form, str]:
    return "hours", f"{column} / {HOUR}"


SESSION_USAGE = Layout(
    {
        **_same("text", "session_id", "name"),
        "creator": ("text", "creator_shown"),
        **_same("text", "folder_id", "folder_path", "root_folder"),
        **_same("text", *(f"subfolder_{level}" for level in range(1, 5))),
        **_same("time", "start_time"),
        **_same("hours", "length_hours"),
        **_same("text", "stream_source"),
        "views_and_downloads": ("count", "views"),
        **_same("count", "unique_viewers"),
        **_same("hours", "minutes_delivered"),  # two decimals do for minutes as well
        "most_recent_view": ("time", "last_view"),
        "archived": ("flag", "archived = 1"),
        **_same("hours", "archived_hours", "hours"),
        **_same("text", "reports"),
    },
    "sessions LEFT JOIN shown_creators ON creator_key = coalesce(creator_id, creator)",
    "session_id",
)

_SUMS: Columns = {"all": _us("all_us"), "watched": _us("watched_us"), "unwatched": _us("unwatched_us")}
_YEAR = "line = 'subtotal' OR line = 'row' AND label <> '(other years)'"  # what the academic year created
_LABELS: Mapping[str, Columns] = {
    # measure: the columns before its sums
    "hours_by_stream_source": {"stream_source": ("text", "label")},
    "hours_by_root_folder": {"root_folder": ("text", "label")},
    RECENCY: {"last_viewed": ("text", "label"), "since": ("date", "since")},
    ACADEMIC_YEAR: {
        "stream_source": ("text", "label"),
        "from": ("date", f"CASE WHEN {_YEAR} THEN getvariable('academic_from') END"),
        "to": ("date", f"CASE WHEN {_YEAR} THEN getvariable('academic_to') END"),
    },
    FOLDER: {"folder": ("text", "label"), "depth": ("count", "depth")},
    "hours_by_year_created": {"year_created": ("text", "label")},
    "hours_by_months_since_last_view": {"within_months": ("text", "label")},
    CREATOR: {"creator": ("text", "label")},
}


def _measured(measure: str) -> Layout:
    own: Columns = {"own": _us("own_us")} if measure == FOLDER else {}
    return Layout(
        {**_LABELS[measure], **_SUMS, **own, **_same("count", "sessions")},
        "measured",
        "place",
        where=f"measure = {quoted(measure)}",
        bold="line <> 'row'",
        first="place < {most} - 2 OR line <> 'row'",  # also where the totals come last
    )


HOURS: Mapping[str, Layout] = {measure: _measured(measure) for measure in MEASURES}

SCENARIOS = Layout(
    {
        **_same("text", "scenario", "bucket"),
        "hours": ("hours", "published_hours"),
        "limit": ("hours", "limit_hours"),
    },
    "outcomes",
    "nth",
)

DETAIL = Layout(
    {
        **_same("text", "scenario", "title", "bucket"),
        **_same("hours", "published_hours", "conserved_hours", "difference"),
        "limit": ("hours", "limit_hours"),
        "headroom": ("hours", "headroom_hours"),
        **_same("flag", "fits"),
        **_same("count", "sessions"),
        **_same("text", "why"),
    },
    "detail",
    "place, sort",
    bold="bucket = 'total'",
)

TOTALS = Layout(
    {
        **_same("text", "table"),
        **_same("hours", "total_hours", "snapshot_hours", "difference"),
        **_same("text", "what"),
    },
    "totals",
    "place",
)

FORECAST = Layout(
    {
        **_same("text", "scenario", "growth"),
        **_same("hours", "growth_percent"),
        **_same("date", "month"),
        **_same("hours", "created_hours", "stored_hours", "stored_at_most_hours", "archived_hours"),
    },
    "forecasts",
    "nth",
)

QUARANTINE = Layout(
    {
        **_same("text", "session_id", "name", "report"),
        **_same("count", "line"),
        **_same("text", "reason", "field"),
        "hours": _us("hours_us"),
    },
    "quarantined",
    "nth",
)

AFFECTED = Layout(
    {
        **_same("text", "scenario", "bucket", "root_folder", "folder_path", "creator"),
        **_same("count", "sessions"),
        "hours": _us("hours_us"),
        **_same("count", "views"),
    },
    "affected",
    "number, bucket, rank",
    first="rank <= {most} // (SELECT count(DISTINCT (number, bucket)) FROM affected)",
)


def sessions(scenarios: Sequence[str]) -> Layout:
    """One row a session: what it is, and its bucket in each scenario."""
    known: Columns = {
        **_same("text", "session_id", "name", "folder_path", "root_folder"),
        "creator": ("text", f"coalesce(creator_shown, '{NONE}')"),
        **_same("text", "stream_source"),
        "hours": _us("hours_us"),
        "last_viewed": ("date", "viewed"),
        "created_in_academic_year": ("flag", "in_academic_year"),
    }
    buckets: dict[str, tuple[Form, str]] = {}
    for number, scenario in enumerate(scenarios):
        name = f"scenario_{scenario}" if scenario in known else scenario
        buckets[name] = ("text", f"bucket_{number}")
    return Layout({**known, **buckets}, "placed", "session_id")
