"""Panopto makes reports on request: its columns, a place in the queue, and the file when it is there.

Source: Panopto UsageReporting 4.0 (DescribeReportType, QueueReport, GetRecentReports, GetReport).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from video_analytics.errors import Refused
from video_analytics.http import Answer
from video_analytics.panopto.services import parsed
from video_analytics.panopto.soap import Soap

_ZIP = b"PK\x03\x04"
_NOT_YET = (204, 404)


@dataclass(frozen=True)
class Queued:
    """A report that was asked for; its range is begin <= time < end."""

    id: str
    begin: datetime
    end: datetime
    available: bool


def columns(soap: Soap, type_: str) -> list[str]:
    """The headers of a report, in order."""

    def decode(result: Any, _: Answer) -> list[str]:
        found = [text for text in result or () if isinstance(text, str) and text]
        if not found:
            raise ValueError("expected the names of columns")
        return found

    return soap.ask("DescribeReportType", {"reportType": type_}, type_, decode)


def queue(soap: Soap, type_: str, begin: datetime, end: datetime) -> str:
    """Ask for a report; gives its id. Refused: the user may not see usage of the whole site."""
    given = {"reportType": type_, "startTime": begin, "endTime": end}

    def decode(result: Any, _: Answer) -> str:
        if not isinstance(result, str) or not result:
            raise ValueError("expected the id of the report")
        return result.lower()

    return soap.ask("QueueReport", given, f"{type_} {begin:%F}..{end:%F}", decode)


def recent(soap: Soap, type_: str) -> list[Queued]:
    """The reports of a type that were asked for lately, ready or not."""

    def decode(result: Any, _: Answer) -> list[Queued]:
        return [
            Queued(item.ReportId.lower(), item.StartTime, item.EndTime, bool(item.IsAvailable))
            for item in result or ()
            if item is not None
        ]

    return soap.ask("GetRecentReports", {"reportType": type_}, type_, decode)


def fetch(soap: Soap, report_id: str) -> bytes | None:
    """The archive with the report; None while it is being made."""

    def decode(_: Any, answer: Answer) -> bytes | None:
        if answer.status in _NOT_YET:
            return None
        if not answer.body.startswith(_ZIP):
            parsed(answer.body)  # tells a page or a fault from rubbish
            raise ValueError("expected a zip archive")
        return answer.body

    try:
        return soap.ask("GetReport", {"reportId": report_id}, report_id, decode)
    except Refused as error:
        if error.status in _NOT_YET:
            return None
        raise
