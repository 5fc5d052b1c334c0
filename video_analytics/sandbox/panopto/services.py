"""The way into the SOAP services: which operation, in the right order, by whom; the answer or a fault."""

import asyncio
from typing import Final

from starlette.responses import Response

from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto import logon, reports, usage
from video_analytics.sandbox.panopto.envelope import (
    GENERIC,
    NO_ACCESS,
    XML,
    Element,
    FaultError,
    answer,
    arguments,
    fault,
    read,
)
from video_analytics.sandbox.panopto.operations import SERVICES, TNS, Operation
from video_analytics.sandbox.panopto.wsdl import service_name
from video_analytics.sandbox.service import Service

_LONGEST = 100  # of what the log keeps of a wrong id
_MISMATCH: Final = (
    "The message with Action '{}' cannot be processed at the receiver, due to a ContractFilter mismatch at "
    "the EndpointDispatcher."
)


async def serve(service: Service, exchange: Exchange) -> Response:
    """POST …/<Service>.svc."""
    name = service_name(exchange)
    if not exchange.request.headers.get("content-type", "").startswith("text/xml"):
        raise RefusalError(415, "UnsupportedMediaType", "The content type must be text/xml")
    body = await exchange.request.body()
    try:
        operation, inputs = _understood(name, exchange, body)
        await service.dawdle()
        if name == "Auth":
            return logon.OPERATIONS[operation.name](service, exchange, inputs)
        _let_in(service, exchange, inputs)
        query = usage.Query(service, exchange, operation, inputs)
        if operation.name in reports.OPERATIONS:
            return await asyncio.to_thread(reports.respond, query)
        result = await asyncio.to_thread(usage.result, query)
        return Response(answer(operation, result), media_type=XML)
    except FaultError as error:
        return Response(fault(str(error)), 500, media_type=XML)


def _understood(name: str, exchange: Exchange, body: bytes) -> tuple[Operation, dict[str, Element]]:
    """The operation of a request and its inputs; both the header and the element must name it."""
    action = exchange.request.headers.get("soapaction", "").strip('"')
    wanted = action.removeprefix(f"{TNS}I{name}/")
    exchange.operation = wanted if wanted in SERVICES[name] else None
    if exchange.operation is None:
        raise FaultError(_MISMATCH.format(action[:200]))
    operation, element = SERVICES[name][wanted], read(body)
    inputs = arguments(operation, element)
    if element.tag != f"{{{TNS}}}{wanted}":
        raise FaultError(_MISMATCH.format(action[:200]))
    named = [inputs[key].text for key in ("sessionId", "folderId", "userId", "reportId") if key in inputs]
    exchange.subject = (named[0] or "").strip().lower()[:_LONGEST] if named else None
    return operation, inputs


def _let_in(service: Service, exchange: Exchange, inputs: dict[str, Element]) -> None:
    if service.faults.revokes():
        exchange.fault = "unauthorised"
        raise FaultError(NO_ACCESS)
    if not logon.signed_in(service, exchange, inputs):
        raise FaultError(NO_ACCESS)
    if service.faults.breaks_soap():
        exchange.fault = "soap_fault"
        raise FaultError(GENERIC)
