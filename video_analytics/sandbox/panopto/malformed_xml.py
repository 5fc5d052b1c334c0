"""SOAP answers and WSDLs that are not what the contract describes: kind -> how to spoil a good body.

Kinds for SOAP begin with `xml_`, those for a WSDL with `wsdl_`, so that one can be chosen alone. A kind that
finds nothing to spoil in an answer (no record, no total) leaves it as it is.
"""

import re
from collections.abc import Callable
from typing import Final

from video_analytics.sandbox.malformed import KINDS, Spoiler, gzip_cut
from video_analytics.sandbox.panopto.malformed_json import ANOTHER_ID
from video_analytics.sandbox.panopto.operations import V40

FOREIGN_URL: Final = "http://127.0.0.1:9/foreign"  # nobody may ever ask there; nobody listens there
_MANY_BYTES = 50_000_000
_BOMB: Final = (
    '<!DOCTYPE s [<!ENTITY x0 "ha">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 13))
    + '<!ENTITY x "&x12;">]>'
)
_ITEM: Final = re.compile(r"<a:(\w+UsageResponseItem)>.*?</a:\1>", re.DOTALL)


def _text(pattern: str, replacement: str) -> Spoiler:
    """A spoiler of the first thing a pattern finds."""
    finder = re.compile(pattern, re.DOTALL)
    return lambda body: finder.sub(lambda _match: replacement, body.decode(), count=1).encode()


def _value(element: str, value: str) -> Spoiler:
    return _text(rf"<a:{element}>[^<]*</a:{element}>", f"<a:{element}>{value}</a:{element}>")


def _with_dtd(dtd: str, reference: str = "&x;") -> Spoiler:
    """A document type before the root, and a reference to its entity where the first value ends."""

    def spoil(body: bytes) -> bytes:
        head, declaration, rest = body.rpartition(b"?>")
        return head + declaration + dtd.encode() + _text(r"(?=</)", reference)(rest)

    return spoil


def _items(change: Callable[[list[str]], list[str]]) -> Spoiler:
    """A spoiler of the list of records."""

    def spoil(body: bytes) -> bytes:
        text = body.decode()
        found = [match.group() for match in _ITEM.finditer(text)]
        if not found:
            return body
        start, end = text.index(found[0]), text.rindex(found[-1]) + len(found[-1])
        return (text[:start] + "".join(change(found)) + text[end:]).encode()

    return spoil


def _deep(body: bytes) -> bytes:
    return _text(r"(?=</s:Body>)", "<d>" * 100_000 + "</d>" * 100_000)(body)


_TOTAL: Final = "TotalNumberResponses"
SOAP_KINDS: Final[dict[str, Spoiler]] = {
    "xml_cut": KINDS["cut"],
    "xml_html": KINDS["html"],
    "xml_empty": KINDS["empty"],
    "xml_gzip_cut": gzip_cut,
    "xml_nul": KINDS["nul"],
    "xml_utf8": KINDS["utf8"],
    "xml_json": lambda _body: b'{"Results":[]}',
    "xml_namespace": lambda body: body.replace(V40.encode(), V40.replace("V40", "V99").encode()),
    "xml_no_body": _text(r"<s:Body>.*</s:Body>", ""),
    "xml_no_result": _text(r"<(\w+)Result[ >].*</\1Result>", ""),
    "xml_no_total": _text(rf"<a:{_TOTAL}>.*</a:{_TOTAL}>", ""),
    "xml_total_text": _value(_TOTAL, "many"),
    "xml_total_huge": _value(_TOTAL, "9" * 30),
    "xml_total_negative": _value(_TOTAL, "-1"),
    "xml_total_more": _value(_TOTAL, "1000003"),
    "xml_nan": _value("SecondsViewed", "NaN"),
    "xml_infinity": _value("SecondsViewed", "INF"),
    "xml_seconds_text": _value("SecondsViewed", "long"),
    "xml_bad_guid": _value("UserId", "not-a-guid"),
    "xml_bad_time": _value("Time", "yesterday"),
    "xml_no_time": _text(r"<a:Time>[^<]*</a:Time>", ""),
    "xml_extra": _text(r"(?=</a:\w+UsageResponseItem>)", "<a:Device>Phone</a:Device>"),
    "xml_other_session": _value("SessionId", ANOTHER_ID),
    "xml_fewer": _items(lambda items: items[1:]),
    "xml_more": _items(lambda items: [*items, items[0]]),
    "xml_dtd": _with_dtd("<!DOCTYPE s>", ""),
    "xml_bomb": _with_dtd(_BOMB),
    "xml_entity_file": _with_dtd('<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "xml_entity_http": _with_dtd(f'<!DOCTYPE s [<!ENTITY x SYSTEM "{FOREIGN_URL}">]>'),
    "xml_dtd_http": _with_dtd(f'<!DOCTYPE s SYSTEM "{FOREIGN_URL}">', ""),
    "xml_deep": _deep,
    "xml_big": lambda body: body.replace(b"</s:Body>", b"<!--" + b"x" * _MANY_BYTES + b"--></s:Body>"),
}
WSDL_KINDS: Final[dict[str, Spoiler]] = {
    "wsdl_cut": KINDS["cut"],
    "wsdl_html": KINDS["html"],
    "wsdl_bomb": _with_dtd(_BOMB),
    "wsdl_entity_file": _with_dtd('<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "wsdl_import": _text(
        r"(?=</wsdl:types>)",
        f'<xs:schema><xs:import namespace="urn:foreign" schemaLocation="{FOREIGN_URL}"/></xs:schema>',
    ),
}
