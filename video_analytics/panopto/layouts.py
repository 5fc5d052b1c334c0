"""What stands in the files Tableau reads: each column's name, in order, and where in the lake it comes from.

Empty text is null everywhere, so that CSV, Parquet and .hyper agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DATE_COLUMN = "Date (US/Pacific)"
_UTC = "time AT TIME ZONE 'UTC'"
_DIGITS = "CASE WHEN epoch_us(time) % 1000000 = 0 THEN 19 ELSE 26 END"  # six of a fraction, or none at all


@dataclass(frozen=True)
class Layout:
    """The columns of a file, and the rows it is made from, in order."""

    columns: Mapping[str, str]
    rows: str
    truths: tuple[str, ...] = ()  # columns that are true or false

    @property
    def query(self) -> str:
        """The typed rows."""
        return _query(self.columns, self.rows)

    @property
    def text_query(self) -> str:
        """The rows for text files, in which true and false are written as Python does."""
        said = {name: f"CASE WHEN {self.columns[name]} THEN 'True' ELSE 'False' END" for name in self.truths}
        return _query({**self.columns, **said}, self.rows)


def _query(columns: Mapping[str, str], rows: str) -> str:
    shown = ", ".join(f"{source} AS {_identifier(name)}" for name, source in columns.items())
    return f"SELECT {shown} FROM {rows}"  # noqa: S608 - from the tables below


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


ALL_SESSIONS = Layout(
    {
        "RootFolderID": "course_id",
        "RootFolderName": "nullif(course_name, '')",
        "ContainingFolderId": "folder_id",
        "ContainingFolderName": "nullif(folder_name, '')",
        "SessionId": "session_id",
        "SessionName": "nullif(name, '')",
        "Description": "nullif(description, '')",
        "Duration": "duration",
    },
    "sessions ORDER BY place",
)

RECORDS = Layout(
    {
        "SessionId": "session_id",
        "UserId": "user_id",
        "Date (UTC)": "date",
        "DateTime": f"rpad(({_UTC})::VARCHAR, {_DIGITS}, '0') || '+00:00'",
        "PlaybackSpeed": "playback_speed",
        "StartPosition": "start_position",
        "StartReason": "nullif(start_reason, '')",
        "StopPosition": "start_position + seconds_viewed",
        "StopReason": "nullif(stop_reason, '')",
        "SecondsViewed": "seconds_viewed",
    },
    "records ORDER BY time, session_id, user_id, start_position, occurrence, "
    "seconds_viewed, playback_speed, start_reason, stop_reason",
)

SESSIONS = Layout(
    {
        "Order": "place",
        "SessionId": "session_id",
        "SessionName": "nullif(name, '')",
        "Description": "nullif(description, '')",
        "Duration": "duration",
        "RootFolderID": "course_id",
        "RootFolderName": "nullif(course_name, '')",
        "ContainingFolderID": "folder_id",
        "ContainingFolderName": "nullif(folder_name, '')",
        "UniqueViewers": "unique_viewers",
        "CompletedViewerCount(75%Coverage)": "completed_viewers",
    },
    "sessions LEFT JOIN session_measures USING (course_id, session_id) WHERE left_on IS NULL ORDER BY place",
)


def chunks(date_column: str = DATE_COLUMN) -> Layout:
    """Coverage by chunk, viewer and local day.

    The column of the day is called `Date (US/Pacific)` whatever the reporting time zone is: workbooks bind to
    that name, and a workbook that does not find its column shows nothing. Another name is for those who
    would rather have it tell their zone, and mend their workbooks.
    """
    return Layout(
        {
            "SessionId": "session_id",
            "UserId": "user_id",
            date_column: "date",
            "ChunkIndex": "chunk_index",
            "ChunkStart": "chunk_start",
            "ChunkEnd": "chunk_end",
            "ChunkPercentCovered": "chunk_percent_covered",
            "TotalTimeSpent": "total_time_spent",
            "Completed(75%)": "completed = 1",  # workbooks say IF [Completed(75%)], which takes no number
        },
        "chunked_coverage JOIN sessions USING (course_id, session_id) "
        "WHERE left_on IS NULL ORDER BY place, user_id, date, chunk_index",
        truths=("Completed(75%)",),
    )
