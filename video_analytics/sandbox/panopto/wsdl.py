"""The WSDL of each service, made from the tables of the contract: in one file, or with its schemas apart."""

from collections.abc import Iterable
from typing import Final

from starlette.responses import Response

from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.panopto.envelope import XML
from video_analytics.sandbox.panopto.operations import (
    ARRAYS,
    ARRAYS_OF,
    ENUMS,
    SER,
    SERVICES,
    TNS,
    TYPES,
    V40,
    VERSIONS,
    ComplexType,
    Field,
    Operation,
)
from video_analytics.sandbox.service import Service

_XS: Final = {"int", "double", "dateTime", "boolean", "string"}
_PREFIXES: Final = f'xmlns:v="{V40}" xmlns:ser="{SER}" xmlns:arr="{ARRAYS}"'
_GUID: Final = r"[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}"
_CADENCE_DAYS: Final = {"Daily": 1, "Weekly": 7, "Monthly": 30}
_HTTPS_ONLY: Final = (
    '<wsp:Policy wsu:Id="{binding}_policy"><wsp:ExactlyOne><wsp:All>'
    '<sp:TransportBinding xmlns:sp="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"><wsp:Policy>'
    '<sp:TransportToken><wsp:Policy><sp:HttpsToken RequireClientCertificate="false"/></wsp:Policy>'
    "</sp:TransportToken><sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite>"
    "<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout>"
    "</wsp:Policy></sp:TransportBinding></wsp:All></wsp:ExactlyOne></wsp:Policy>"
)
_POLICY: Final = '<wsp:PolicyReference URI="#{binding}_policy"/>'
_ROOT: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<wsdl:definitions name="{service}" targetNamespace="{tns}" xmlns:tns="{tns}"'
    ' xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"'
    ' xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsu="http://docs.oasis-open.org/wss/'
    '2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">'
)


async def serve(_service: Service, exchange: Exchange) -> Response:
    """GET …/<Service>.svc?singleWsdl, ?wsdl or ?xsd=xsd0."""
    name, query = service_name(exchange), {key.lower(): value for key, value in exchange.parameters.items()}
    exchange.operation = name
    request = exchange.request
    host, path = request.headers.get("host", ""), request.url.path
    address = f"{request.url.scheme}://{host}{path}", f"http://{host}{path}"
    if "singlewsdl" in query:
        return Response(definitions(name, address), media_type=XML)
    if "wsdl" in query:
        return Response(definitions(name, address, f"{address[0]}?xsd=xsd{{}}"), media_type=XML)
    if "xsd" in query:
        number = query["xsd"].removeprefix("xsd")
        texts = schemas(name)
        if not number.isdecimal() or int(number[:3]) >= len(texts):
            raise RefusalError(404, "NotFound")
        return Response(_standing_alone(texts[int(number)]), media_type=XML)
    return Response(f"<html><body><h1>{name} Service</h1></body></html>", media_type="text/html")


def service_name(exchange: Exchange) -> str:
    """The service a path names; an unknown one, or an unknown version, is not there."""
    path = exchange.request.path_params
    name = str(path["file"]).removesuffix(".svc")
    if name not in SERVICES or not str(path["file"]).endswith(".svc") or path["version"] not in VERSIONS:
        raise RefusalError(404, "NotFound")
    return name


def definitions(service: str, addresses: tuple[str, str], elsewhere: str | None = None) -> str:
    """The whole document; with `elsewhere` the schemas are imported from there instead."""
    operations, contract = SERVICES[service].values(), f"I{service}"
    bindings = f"BasicHttpBinding_{contract}", f"BasicHttpBinding_{contract}1"
    return "".join(
        [
            _ROOT.format(service=service, tns=TNS),
            _HTTPS_ONLY.format(binding=bindings[0]),
            "<wsdl:types>",
            *(schemas(service) if elsewhere is None else [_imports(elsewhere)]),
            "</wsdl:types>",
            *(_messages(contract, operation) for operation in operations),
            f'<wsdl:portType name="{contract}">',
            *(_abstract(contract, operation) for operation in operations),
            "</wsdl:portType>",
            _binding(contract, bindings[0], operations, _POLICY.format(binding=bindings[0])),
            _binding(contract, bindings[1], operations, ""),
            f'<wsdl:service name="{service}">',
            *(_port(binding, address) for binding, address in zip(bindings, addresses, strict=True)),
            "</wsdl:service></wsdl:definitions>",
        ]
    )


def schemas(service: str) -> list[str]:
    """The schemas of a service, in order of their numbers."""
    operations = SERVICES[service].values()
    wrappers = "".join(_wrapper(o.name, o.inputs) + _answer(o) for o in operations)
    found = [_schema(TNS, wrappers, (V40, SER, ARRAYS)), _schema(SER, _guid(), ())]
    if service == "Auth":
        return [*found, _schema(V40, _complex(TYPES["AuthenticationInfo"]), (SER,)), _schema(ARRAYS, "", ())]
    types = [
        *map(_complex, TYPES.values()),
        *(_array(f"v:{n}", n, nillable=nil) for n, nil in ARRAYS_OF.items()),
    ]
    enums = [_enum(name, values) for name, values in ENUMS.items()]
    strings = _array("xs:string", "string", nillable=True)
    return [*found, _schema(V40, "".join([*types, *enums]), (SER,)), _schema(ARRAYS, strings, ())]


def _schema(namespace: str, body: str, imports: Iterable[str]) -> str:
    head = f'<xs:schema elementFormDefault="qualified" targetNamespace="{namespace}" {_PREFIXES}>'
    return head + "".join(f'<xs:import namespace="{name}"/>' for name in imports) + body + "</xs:schema>"


def _standing_alone(schema: str) -> str:
    return schema.replace("<xs:schema ", '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" ', 1)


def _imports(elsewhere: str) -> str:
    places = (
        f'<xs:import schemaLocation="{elsewhere.format(number)}" namespace="{space}"/>'
        for number, space in enumerate((TNS, SER, V40, ARRAYS))
    )
    return f'<xs:schema targetNamespace="{TNS}Imports">' + "".join(places) + "</xs:schema>"


def _type(name: str) -> str:
    if name in _XS:
        return f"xs:{name}"
    return {"guid": "ser:guid", "ArrayOfstring": "arr:ArrayOfstring"}.get(name, f"v:{name}")


def _elements(fields: Iterable[Field]) -> str:
    return "".join(
        f'<xs:element minOccurs="0" name="{field.name}"{_nil(field.nillable)} type="{_type(field.type)}"/>'
        for field in fields
    )


def _nil(nillable: bool) -> str:
    return ' nillable="true"' if nillable else ""


def _wrapper(name: str, fields: Iterable[Field]) -> str:
    inside = f"<xs:complexType><xs:sequence>{_elements(fields)}</xs:sequence></xs:complexType>"
    return f'<xs:element name="{name}">{inside}</xs:element>'


def _answer(operation: Operation) -> str:
    return _wrapper(f"{operation.name}Response", [operation.result] if operation.result else [])


def _complex(kind: ComplexType) -> str:
    body = f"<xs:sequence>{_elements(kind.fields)}</xs:sequence>"
    if kind.base:
        extended = f'<xs:extension base="v:{kind.base}">{body}</xs:extension>'
        body = f'<xs:complexContent mixed="false">{extended}</xs:complexContent>'
    return f'<xs:complexType name="{kind.name}">{body}</xs:complexType>' + _global(kind.name)


def _array(kind: str, element: str, *, nillable: bool) -> str:
    item = f'name="{element}"{_nil(nillable)} type="{kind}"'
    inside = f'<xs:element minOccurs="0" maxOccurs="unbounded" {item}/>'
    name, prefix = f"ArrayOf{element}", "arr" if element == "string" else "v"
    return (
        f'<xs:complexType name="{name}"><xs:sequence>{inside}</xs:sequence></xs:complexType>'
        f'<xs:element name="{name}" nillable="true" type="{prefix}:{name}"/>'
    )


def _enum(name: str, values: Iterable[str]) -> str:
    inside = "".join(f'<xs:enumeration value="{v}">{_number(name, v)}</xs:enumeration>' for v in values)
    restriction = f'<xs:restriction base="xs:string">{inside}</xs:restriction>'
    return f'<xs:simpleType name="{name}">{restriction}</xs:simpleType>' + _global(name)


def _number(enum: str, value: str) -> str:
    """An enum whose numbers are not 0, 1, 2 … says so."""
    if enum != "RecurringReportCadence":
        return ""
    number = f'<EnumerationValue xmlns="{SER}">{_CADENCE_DAYS[value]}</EnumerationValue>'
    return f"<xs:annotation><xs:appinfo>{number}</xs:appinfo></xs:annotation>"


def _global(name: str) -> str:
    return f'<xs:element name="{name}" nillable="true" type="v:{name}"/>'


def _guid() -> str:
    restriction = f'<xs:restriction base="xs:string"><xs:pattern value="{_GUID}"/></xs:restriction>'
    return (
        '<xs:element name="guid" nillable="true" type="ser:guid"/>'
        f'<xs:simpleType name="guid">{restriction}</xs:simpleType>'
    )


def _messages(contract: str, operation: Operation) -> str:
    pairs = (("Input", operation.name), ("Output", f"{operation.name}Response"))
    return "".join(
        f'<wsdl:message name="{contract}_{operation.name}_{way}Message">'
        f'<wsdl:part name="parameters" element="tns:{element}"/></wsdl:message>'
        for way, element in pairs
    )


def _abstract(contract: str, operation: Operation) -> str:
    action = f"{TNS}{contract}/{operation.name}"
    message = f"tns:{contract}_{operation.name}"
    return (
        f'<wsdl:operation name="{operation.name}">'
        f'<wsdl:input wsaw:Action="{action}" message="{message}_InputMessage"/>'
        f'<wsdl:output wsaw:Action="{action}Response" message="{message}_OutputMessage"/></wsdl:operation>'
    )


def _binding(contract: str, name: str, operations: Iterable[Operation], policy: str) -> str:
    body = '<soap:body use="literal"/>'
    concrete = "".join(
        f'<wsdl:operation name="{operation.name}">'
        f'<soap:operation soapAction="{TNS}{contract}/{operation.name}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
        for operation in operations
    )
    transport = '<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
    return f'<wsdl:binding name="{name}" type="tns:{contract}">{policy}{transport}{concrete}</wsdl:binding>'


def _port(binding: str, address: str) -> str:
    return (
        f'<wsdl:port name="{binding}" binding="tns:{binding}">'
        f'<soap:address location="{address}"/></wsdl:port>'
    )
