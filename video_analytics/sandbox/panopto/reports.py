"""The report operations of UsageReporting, and the same files through REST.

A report is queued, is pending for as long as the scenario says, and is then made of the truth of that moment.
`rows` and `report_file` give the same without asking a server.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto.endpoints import admit
from video_analytics.sandbox.panopto.envelope import (
    DESERIALIZING,
    GENERIC,
    NO_ACCESS,
    XML,
    XSI,
    FaultError,
    answer,
    guid_of,
    moment,
    number_of,
    time_of,
)
from video_analytics.sandbox.panopto.operations import ENUMS
from video_analytics.sandbox.panopto.report_csv import HTML, damaged, described, report_file, zipped
from video_analytics.sandbox.panopto.report_queue import Definition, Report
from video_analytics.sandbox.panopto.report_rows import HEADERS, rows
from video_analytics.sandbox.panopto.tree import instant_of, micros
from video_analytics.sandbox.panopto.usage import Query
from video_analytics.sandbox.service import Service

__all__ = ["OPERATIONS", "download", "report_file", "respond", "rows", "zipped"]

_LAST: Final = micros(datetime(9999, 1, 1, tzinfo=UTC))


async def download(service: Service, exchange: Exchange) -> Response:
    """GET /reports/{id}: the file, once it is there."""
    await admit(service, exchange)
    report = service.desk.reports.find(exchange.subject or "")
    if report is None or _made(service, report) is None:
        raise RefusalError(404, "NotFound", "The requested report was not found")
    return await asyncio.to_thread(_file, service, exchange, report)


def respond(query: Query) -> Response:
    """One of `OPERATIONS`."""
    told = OPERATIONS[query.operation.name](query)
    return told if isinstance(told, Response) else Response(answer(query.operation, told), media_type=XML)


def _describe_types(_query: Query) -> str:
    return "".join(f"<a:StatsReportType>{kind}</a:StatsReportType>" for kind in ENUMS["StatsReportType"])


def _describe(query: Query) -> str:
    names = described(_known_kind(query), query.service.scenario.report_columns)
    return "".join(f"<a:string>{name}</a:string>" for name in names)


def _queue(query: Query) -> str:
    if query.service.scenario.reports_refused:
        query.exchange.fault = "reports_refused"
        raise FaultError(NO_ACCESS)
    begin, end = (time_of(query.inputs.get(name)) or 0 for name in ("startTime", "endTime"))
    begin, end = max(begin, 0), min(end, _LAST)
    if begin >= end:
        raise FaultError(GENERIC)
    return query.service.desk.reports.add(_known_kind(query), begin, end, query.now).id


def _recent(query: Query) -> str:
    reports = query.service.desk.reports.recent(_wanted_kind(query))
    return "".join(_status(query, report) for report in reports)


def _status(query: Query, report: Report) -> str:
    made = _made(query.service, report)
    time = '<a:ReportTime i:nil="true"/>' if made is None else f"<a:ReportTime>{moment(made)}</a:ReportTime>"
    return (
        f"<a:StatsReportStatus><a:EndTime>{moment(report.end)}</a:EndTime>"
        f"<a:IsAvailable>{'false' if made is None else 'true'}</a:IsAvailable>"
        f"<a:ReportId>{report.id}</a:ReportId>{time}<a:ReportType>{report.kind}</a:ReportType>"
        f"<a:StartTime>{moment(report.begin)}</a:StartTime></a:StatsReportStatus>"
    )


def _get(query: Query) -> Response:
    report = _asked(query)
    if _made(query.service, report) is None:
        return Response(status_code=204)
    return _file(query.service, query.exchange, report)


def _cancel(query: Query) -> None:
    query.service.desk.reports.cancel(_asked(query))


def _create_recurring(query: Query) -> str:
    cadence = _enum(query, "cadenceType", "RecurringReportCadence")
    offset = query.inputs.get("cadenceOffset")
    number = number_of(offset.text if offset is not None else None, 0)
    return query.service.desk.reports.define(_known_kind(query), cadence, number).id


def _recurring(query: Query) -> str:
    return "".join(map(_definition, query.service.desk.reports.definitions(_wanted_kind(query))))


def _definition(one: Definition) -> str:
    return (
        f"<a:RecurringStatsReportDefinition><a:Cadence>{one.cadence}</a:Cadence>"
        f"<a:DefinitionId>{one.id}</a:DefinitionId><a:IsEnabled>true</a:IsEnabled>"
        f"<a:Offset>{one.offset}</a:Offset><a:ReportType>{one.kind}</a:ReportType>"
        '<a:Reports i:nil="true"/></a:RecurringStatsReportDefinition>'
    )


def _delete_recurring(query: Query) -> None:
    if not query.service.desk.reports.forget(guid_of(query.inputs.get("reportId"))):
        raise FaultError(GENERIC)


OPERATIONS: Final[dict[str, Callable[[Query], Response | str | None]]] = {
    "DescribeReportTypes": _describe_types,
    "DescribeReportType": _describe,
    "QueueReport": _queue,
    "GetRecentReports": _recent,
    "GetReport": _get,
    "CancelReport": _cancel,
    "CreateRecurringReport": _create_recurring,
    "GetRecurringReports": _recurring,
    "DeleteRecurringReport": _delete_recurring,
}


def _made(service: Service, report: Report) -> int | None:
    """When a report was made; None while it is pending."""
    scenario, now = service.scenario, micros(service.clock.now())
    return service.desk.reports.made(report, now, scenario.report_seconds, scenario.report_polls)


def _asked(query: Query) -> Report:
    """The report of a request."""
    report = query.service.desk.reports.find(guid_of(query.inputs.get("reportId")))
    if report is None:
        raise FaultError(GENERIC)
    return report


def _file(service: Service, exchange: Exchange, report: Report) -> Response:
    """The zip of a report that was made, or what the scenario sends instead."""
    damage = service.scenario.report_damage
    if damage != "none":
        exchange.fault = f"report:{damage}"
    if damage == "html":
        return Response(HTML, media_type="text/html")
    edges = instant_of(report.begin), instant_of(report.end), instant_of(report.made or 0)
    name, data = report_file(service.panopto, report.kind, *edges, service.scenario.report_columns)
    attached = {"Content-Disposition": f'attachment; filename="{name.removesuffix(".csv")}.zip"'}
    return Response(damaged(name, data, damage), headers=attached, media_type="application/zip")


def _enum(query: Query, name: str, enum: str) -> str:
    """A value of an enum; a missing one is the first."""
    element = query.inputs.get(name)
    value = ENUMS[enum][0] if element is None else (element.text or "").strip()
    if value not in ENUMS[enum]:
        raise FaultError(DESERIALIZING)
    return value


def _known_kind(query: Query) -> str:
    """The type of a request; one whose columns nobody knows is not simulated."""
    kind = _enum(query, "reportType", "StatsReportType")
    if kind not in HEADERS:
        raise FaultError(GENERIC)
    return kind


def _wanted_kind(query: Query) -> str | None:
    """The type a list is asked for; None is all."""
    element = query.inputs.get("reportType")
    if element is None or element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    return _enum(query, "reportType", "StatsReportType")
