"""A SOAP service as its own description (WSDL) says: zeep builds the questions and reads the answers.

Hardened: nothing an answer or a description names is ever fetched, no DTD, no entities, no imports, and a
value that is not of its type is an error. Nothing here talks to a vendor.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import requests
import zeep
import zeep.xsd.types.simple
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.transports import Transport

from video_analytics.http import Answer

DETAILED = "GetSessionExtendedDetailedUsage"
MOST_ATTRIBUTES = 32  # on one element; zeep copies them again and again
_NOW = datetime(2000, 1, 1, tzinfo=UTC)
_ID = "00000000-0000-0000-0000-000000000000"
_RANGE = {"beginRange": _NOW, "endRange": _NOW}
QUESTIONS: dict[str, dict[str, dict[str, Any]]] = {
    # what each service is asked, with an example of each input
    "UsageReporting": {
        DETAILED: {"sessionId": _ID, "pagination": {"MaxNumberResults": 1, "PageNumber": 0}, **_RANGE},
        "GetFolderSummaryUsage": {"folderId": _ID, "granularity": "Daily", **_RANGE},
        "GetSessionSummaryUsage": {"sessionId": _ID, "granularity": "Daily", **_RANGE},
    },
    "Auth": {"LogOnWithPassword": {"userKey": "", "password": ""}, "GetServerVersion": {}},
}
RAW = frozenset({"GetReport"})  # the answer is a file, not XML
_LOST = threading.local()


class _Losses:
    """zeep logs a value it cannot read, text and all, and goes on with None: here that is an error."""

    def exception(self, *_: object) -> None:
        """What zeep tells its logger."""
        _LOST.value = True


zeep.xsd.types.simple.logger = _Losses()  # type: ignore[assignment]  # the one place where zeep goes on with None


class _Sealed(Transport):
    """zeep may load nothing and send nothing by itself."""

    def load(self, url: str) -> bytes:  # noqa: ARG002 - of zeep's own signature
        raise ValueError("a service description that imports another document")

    def post(self, address: str, message: object, headers: object) -> object:  # noqa: ARG002 - likewise
        raise ValueError("a question that zeep sends by itself")


class Service:
    """One service as its description says; the address is ours, whatever the description names."""

    def __init__(self, name: str, description: bytes) -> None:
        settings = zeep.Settings(
            strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False
        )
        with readable():
            parsed(description)
            self._client = zeep.Client(  # type: ignore[no-untyped-call]
                BytesIO(description),
                transport=_Sealed(),  # type: ignore[no-untyped-call]
                settings=settings,
            )
            wanted = f"BasicHttpBinding_I{name}"
            found = {qname.localname: binding for qname, binding in _bindings(self._client)}
            self._binding = found[wanted]
            for operation, given in QUESTIONS[name].items():  # a description that lacks one is of no use
                self.question(operation, given)

    def question(self, operation: str, given: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        """The envelope that asks for an operation, and the headers it travels with.

        Raises:
            LookupError: the description has no such operation.
        """
        if operation not in self._binding._operations:  # noqa: SLF001 - the only list there is
            raise LookupError(operation)
        service = self._client.service
        envelope = self._client.create_message(service, operation, **given)  # type: ignore[no-untyped-call]
        action = self._binding.get(operation).soapaction
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8"), headers

    def result(self, operation: str, answer: Answer) -> Any:
        """What an answer holds; raises ValueError where it is not what the description promises."""
        if operation in RAW:
            return None
        parsed(answer.body)
        _LOST.value = False
        result = self._binding.process_reply(self._client, self._binding.get(operation), _as_response(answer))
        if _LOST.value:
            raise ValueError("expected values of the types promised, some are none")
        return result


def fault_text(body: bytes) -> str:
    """The text of a SOAP fault, "" where the answer is none."""
    try:
        with readable():
            found = parsed(body).find(".//{*}Fault/faultstring")
    except ValueError:
        return ""
    return (found.text or "").strip() if found is not None else ""


@contextmanager
def readable() -> Iterator[None]:
    """Whatever a parser says of an answer becomes a ValueError that does not quote it."""
    try:
        yield
    except Fault as error:  # with HTTP 200
        raise ValueError(f"a fault: {str(error.message)[:200]}") from None
    except (ZeepError, etree.LxmlError, requests.RequestException) as error:
        raise ValueError(f"expected the XML of this service ({type(error).__name__})") from None
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
        if type(error) is ValueError and str(error).startswith("expected"):  # our own words
            raise
        raise ValueError(f"expected the XML of this service ({type(error).__name__})") from None


def parsed(body: bytes) -> Any:
    """The root of an answer that is fit to be read on: no DTD, as bombs have, and no swarm of attributes."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("expected XML without a DTD")
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    if root.getroottree().docinfo.doctype:
        raise ValueError("expected XML without a DTD")
    if any(len(element.attrib) > MOST_ATTRIBUTES for element in root.iter()):
        raise ValueError(f"expected at most {MOST_ATTRIBUTES} attributes on an element")
    return root


def _bindings(client: zeep.Client) -> list[tuple[Any, Any]]:
    return [(etree.QName(name), binding) for name, binding in client.wsdl.bindings.items()]


def _as_response(answer: Answer) -> requests.Response:
    """An answer in the shape zeep expects."""
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update({"Content-Type": "text/xml; charset=utf-8"})
    response.encoding = "utf-8"
    response._content = answer.body  # noqa: SLF001 - there is no public way to make one
    return response
