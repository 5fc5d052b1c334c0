"""SOAP envelopes: reading a request strictly in the order of the contract, writing answers and faults."""

import math
import re
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from video_analytics.sandbox.panopto.operations import ARRAYS, TNS, TYPES, V40, Operation
from video_analytics.sandbox.panopto.tree import instant_of, micros
from video_analytics.sandbox.panopto.world import SITE_ZONE

XML: Final = "text/xml; charset=utf-8"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
NO_ACCESS: Final = '"The current user does not have access to call this method."'
GENERIC: Final = "An error occurred. See server logs for details"
DESERIALIZING: Final = "An error occurred deserializing the message. See server logs for details"
NULL_REFERENCE: Final = "Object reference not set to an instance of an object."
_GUID: Final = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)
_ZONE: Final = ZoneInfo(SITE_ZONE)
_DEEPEST = 12  # elements inside each other in an honest request
_FRACTION = re.compile(r"\.(\d{6})\d+")
_EXACT = 2**53

Element = ET.Element


class FaultError(Exception):
    """The service's no, as the text of a fault."""


def envelope(inner: str) -> bytes:
    """An answer of the service."""
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def fault(text: str) -> bytes:
    """A fault, to be sent with status 500."""
    code = f'<faultcode>s:Client</faultcode><faultstring xml:lang="en-US">{escape(text)}</faultstring>'
    return envelope(f"<s:Fault>{code}</s:Fault>")


def answer(operation: Operation, result: str | None) -> bytes:
    """The response of an operation; `result` is what stands inside its result element, None is nil."""
    if operation.result is None:
        inside = ""
    elif result is None:
        inside = f'<{operation.result.name} i:nil="true" xmlns:i="{XSI}"/>'
    else:
        space = ARRAYS if operation.result.type == "ArrayOfstring" else V40
        spaces = f' xmlns:a="{space}" xmlns:i="{XSI}"' if "<" in result else ""
        inside = f"<{operation.result.name}{spaces}>{result}</{operation.result.name}>"
    return envelope(f'<{operation.name}Response xmlns="{TNS}">{inside}</{operation.name}Response>')


def read(body: bytes) -> Element:
    """The element inside the body of a request."""
    if b"<!DOCTYPE" in body or body.count(b"<") > 10_000:  # noqa: PLR2004 - no request is that long
        raise FaultError(DESERIALIZING)
    try:
        root = ET.fromstring(body)  # noqa: S314 - no DTD gets here, and only the loopback asks
    except ET.ParseError as error:
        raise FaultError(DESERIALIZING) from error
    wrapped = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or wrapped is None or len(wrapped) != 1:
        raise FaultError(DESERIALIZING)
    return wrapped[0]


def arguments(operation: Operation, element: Element) -> dict[str, Element]:
    """The inputs that were sent; an unknown one, or a wrong order, cannot be deserialized."""
    return _in_order(element, TNS, [field.name for field in operation.inputs])


def members(kind: str, element: Element | None) -> dict[str, str | None]:
    """The fields of a complex input as texts; nothing for a missing or nil one."""
    if element is None or element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return {}
    found = _in_order(element, V40, [field.name for field in TYPES[kind].fields])
    return {name: part.text for name, part in found.items()}


def _in_order(element: Element, namespace: str, names: list[str]) -> dict[str, Element]:
    found: dict[str, Element] = {}
    left = iter(names)
    for child in element:
        name = str(child.tag).removeprefix(f"{{{namespace}}}")
        if name == child.tag or not any(name == expected for expected in left):
            raise FaultError(DESERIALIZING)
        found[name] = child
    return found


def guid_of(element: Element | None) -> str:
    """A guid in lower case; a missing or malformed one meets a null reference somewhere inside."""
    text = ((element.text if element is not None else None) or "").strip()
    if not _GUID.fullmatch(text):
        raise FaultError(NULL_REFERENCE)
    return text.lower()


def time_of(element: Element | None) -> int | None:
    """A dateTime in microseconds; None for a missing one. Without an offset it is the site's local time."""
    if element is None:
        return None
    text = _FRACTION.sub(r".\1", (element.text or "").strip())
    try:
        read_as = datetime.fromisoformat(text)
    except ValueError as error:
        raise FaultError(DESERIALIZING) from error
    aware = read_as if read_as.tzinfo else read_as.replace(tzinfo=_ZONE)
    return micros(aware)


def number_of(text: str | None, default: int) -> int:
    """An int; the default for a missing one."""
    if text is None:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise FaultError(DESERIALIZING) from error


def double(value: float) -> str:
    """A double as the vendor writes it: no `.0` behind whole numbers."""
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def moment(count: int) -> str:
    """An instant with up to seven digits behind the point; the seventh is below what the truth knows."""
    instant = instant_of(count)
    digits = f"{instant.microsecond:06d}"
    if count % 1000:
        digits += str(count * 7 % 10)
    digits = digits.rstrip("0")
    return instant.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}" if digits else "") + "Z"
