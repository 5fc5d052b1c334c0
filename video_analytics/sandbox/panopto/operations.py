"""The SOAP contract as tables: operations with their inputs in order, types with their fields in order.

A "?" after a type means nillable. Types without a home elsewhere live in the V40 namespace.
"""

from dataclasses import dataclass
from typing import Final

TNS: Final = "http://tempuri.org/"
V40: Final = "http://schemas.datacontract.org/2004/07/Panopto.Server.Services.PublicAPI.V40"
SER: Final = "http://schemas.microsoft.com/2003/10/Serialization/"
ARRAYS: Final = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
VERSIONS: Final = ("4.0", "4.2", "4.6")

_SESSION = "sessionId guid"
_USER = "userId guid"
_PAGE = "pagination Pagination?"
_RANGE = "beginRange dateTime, endRange dateTime"
_SUMMARY, _DETAIL = "ArrayOfSummaryUsageResponseItem?", "DetailedUsageResponse?"
_EXTENDED = "ExtendedDetailedUsageResponse?"
_GRAIN = "granularity UsageGranularity"
_TYPE = "reportType StatsReportType"
_REASONS = "ExtendedDetailedUsageResponseItem"
_STATUS = "EndTime dateTime, IsAvailable boolean, ReportId guid, ReportTime dateTime?"
_DEFINITION = "Cadence RecurringReportCadence, DefinitionId guid, IsEnabled boolean, Offset int"

_USAGE = (
    # operation, inputs after auth, result
    ("GetSystemSummaryUsage", f"{_RANGE}, {_GRAIN}", _SUMMARY),
    ("GetFolderSummaryUsage", f"folderId guid, {_RANGE}, {_GRAIN}", _SUMMARY),
    ("GetSessionSummaryUsage", f"{_SESSION}, {_RANGE}, {_GRAIN}", _SUMMARY),
    ("GetSessionDetailedUsage", f"{_SESSION}, {_PAGE}, {_RANGE}", _DETAIL),
    ("GetSessionExtendedDetailedUsage", f"{_SESSION}, {_PAGE}, {_RANGE}", _EXTENDED),
    ("GetUserDetailedUsage", f"{_USER}, {_PAGE}", _DETAIL),
    ("GetUserExtendedDetailedUsage", f"{_USER}, {_PAGE}, {_RANGE}", _EXTENDED),
    ("GetSessionUserDetailedUsage", f"{_SESSION}, {_USER}, {_PAGE}", _DETAIL),
    ("GetSessionUserExtendedDetailedUsage", f"{_SESSION}, {_USER}, {_PAGE}", _EXTENDED),
    ("DescribeReportTypes", "", "ArrayOfStatsReportType?"),
    ("DescribeReportType", _TYPE, "ArrayOfstring?"),
    ("GetRecentReports", f"{_TYPE}?", "ArrayOfStatsReportStatus?"),
    ("QueueReport", f"{_TYPE}, startTime dateTime, endTime dateTime", "guid"),
    ("GetReport", "reportId guid", ""),
    ("CancelReport", "reportId guid", ""),
    ("CreateRecurringReport", f"cadenceType RecurringReportCadence, cadenceOffset int, {_TYPE}", "guid"),
    ("DeleteRecurringReport", "reportId guid", ""),
    ("GetRecurringReports", f"{_TYPE}?", "ArrayOfRecurringStatsReportDefinition?"),
    ("GetQuizResultDownloadUrl", f"{_SESSION}, quizResultReportType QuizResultReportType", "string?"),
)
_AUTH = (
    ("LogOnWithPassword", "userKey string?, password string?", "boolean"),
    ("LogOnWithExternalProvider", "userKey string?, authCode string?", "boolean"),
    ("GetServerVersion", "", "string?"),
    ("GetAuthenticatedUrl", "auth AuthenticationInfo?, targetUrl string?", "string?"),
)
_TYPES = (
    # type, the type it extends, fields in the order of the wire
    ("AuthenticationInfo", "", "AuthCode string?, Password string?, UserKey string?"),
    ("Pagination", "", "MaxNumberResults int, PageNumber int"),
    ("SummaryUsageResponseItem", "", "MinutesViewed double, Time dateTime, UniqueUsers int, Views int"),
    (
        "DetailedUsageResponseItem",
        "",
        "SecondsViewed double, SessionId guid, StartPosition double, Time dateTime, UserId guid",
    ),
    (
        "ExtendedDetailedUsageResponseItem",
        "DetailedUsageResponseItem",
        f"PlaybackSpeed double?, StartReason {_REASONS}.StartReasons, StopReason {_REASONS}.StopReasons",
    ),
    (
        "DetailedUsageResponse",
        "",
        "PagedResponses ArrayOfDetailedUsageResponseItem?, TotalNumberResponses int",
    ),
    (
        "ExtendedDetailedUsageResponse",
        "",
        "PagedResponses ArrayOfExtendedDetailedUsageResponseItem?, TotalNumberResponses int",
    ),
    (
        "StatsReportStatus",
        "",
        f"{_STATUS}, ReportType StatsReportType, StartTime dateTime",
    ),
    (
        "RecurringStatsReportDefinition",
        "",
        f"{_DEFINITION}, ReportType StatsReportType, Reports ArrayOfStatsReportStatus?",
    ),
)
ENUMS: Final = {
    "UsageGranularity": ("Hourly", "Daily", "Weekly"),
    "ExtendedDetailedUsageResponseItem.StartReasons": (
        "Start", "Seek", "Resume", "NewSpeed", "Unknown", "Unexpected",
    ),
    "ExtendedDetailedUsageResponseItem.StopReasons": (
        "End", "Seek", "Pause", "SpeedChange", "PlayerClose", "Unknown", "Unexpected",
    ),
    "StatsReportType": (
        "FolderUsage", "SessionUsage", "UserViewingUsage", "UserCreationUsage", "LastLoginTime",
        "SessionsViewsByUsers", "SessionsViewsByViewingType", "SessionsCreatedOrEdited",
        "RemoteRecorderUsage", "SystemViews", "SystemFolderStorage", "StreamCreation", "RetentionAudit",
        "SystemSessionStorage", "RetentionAuditImpact",
    ),
    "RecurringReportCadence": ("Daily", "Weekly", "Monthly"),
    "QuizResultReportType": ("UserResultsSummary", "DetailedResultsBySection"),
}  # fmt: skip
ARRAYS_OF: Final = {
    # element: whether it is nillable inside its array
    "SummaryUsageResponseItem": True,
    "DetailedUsageResponseItem": True,
    "ExtendedDetailedUsageResponseItem": True,
    "StatsReportStatus": True,
    "RecurringStatsReportDefinition": True,
    "StatsReportType": False,
}


@dataclass(frozen=True, slots=True)
class Field:
    """An element: its name, its type, and whether it may be nil."""

    name: str
    type: str
    nillable: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service."""

    name: str
    inputs: tuple[Field, ...]
    result: Field | None


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A type with fields, its base's first on the wire."""

    name: str
    base: str
    fields: tuple[Field, ...]


def _fields(text: str) -> tuple[Field, ...]:
    pairs = (part.split() for part in text.split(",") if part.strip())
    return tuple(Field(name, kind.rstrip("?"), kind.endswith("?")) for name, kind in pairs)


def _operations(rows: tuple[tuple[str, str, str], ...], first: str) -> dict[str, Operation]:
    return {
        name: Operation(
            name,
            _fields(first + inputs),
            Field(f"{name}Result", result.rstrip("?"), result.endswith("?")) if result else None,
        )
        for name, inputs, result in rows
    }


SERVICES: Final[dict[str, dict[str, Operation]]] = {
    "UsageReporting": _operations(_USAGE, "auth AuthenticationInfo?, "),
    "Auth": _operations(_AUTH, ""),
}
TYPES: Final = {name: ComplexType(name, base, _fields(fields)) for name, base, fields in _TYPES}
