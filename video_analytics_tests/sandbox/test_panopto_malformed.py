import json
from typing import Any

import pytest
import requests
from lxml import etree

from video_analytics.sandbox import Sandbox
from video_analytics.sandbox.panopto.malformed_json import ANOTHER_ID, REST_KINDS
from video_analytics.sandbox.panopto.malformed_xml import FOREIGN_URL, SOAP_KINDS, WSDL_KINDS
from video_analytics_tests.sandbox.conftest import NOW, PEACE, V40, PanoptoCaller
from video_analytics_tests.sandbox.test_panopto_soap import DAY, asked_summary, text, told

A = f"{{{V40}}}"
CAREFUL = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


@pytest.fixture
def busy(sandbox: Sandbox) -> str:
    event = next(row for row in sandbox.panopto.events() if row["kind"] == "session_edited")
    return str(event["id"])


def spoil(sandbox: Sandbox, kind: str) -> None:
    sandbox.set_scenario(PEACE | {"malformed": kind, "malformed_every": 1})


def rest(sandbox: Sandbox, panopto: PanoptoCaller, kind: str, what: str = "sessions") -> Any:
    """A spoilt page of the widest folder, as a careless client reads it, or why it cannot."""
    panopto.token = panopto.token or str(panopto.login().json()["access_token"])
    spoil(sandbox, kind)
    folder = sandbox.panopto.courses()[4][1]
    try:
        answer = panopto.get(f"folders/{folder}/{what}")
        assert answer.status_code == 200
        return json.loads(answer.content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return type(error).__name__


@pytest.mark.parametrize("kind", sorted(REST_KINDS))
def test_each_rest_kind_differs_from_the_truth(sandbox: Sandbox, panopto: PanoptoCaller, kind: str) -> None:
    what = "children" if kind == "cycle" else "sessions"
    sandbox.set_scenario(PEACE)
    folder = sandbox.panopto.courses()[4][1]
    good = panopto.get(f"folders/{folder}/{what}").json()
    assert repr(rest(sandbox, panopto, kind, what)) != repr(good)
    entry = sandbox.log()[-1]
    assert (entry["fault"], entry["status"]) == (f"malformed:{kind}", 200)


def test_rest_kinds_lie_in_the_way_they_say(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    def rows(kind: str, what: str = "sessions") -> Any:
        return rest(sandbox, panopto, kind, what)["Results"]

    folder = sandbox.panopto.courses()[4][1]
    assert rows("null_results") is None
    assert isinstance(rows("results_object"), dict)
    assert rest(sandbox, panopto, "no_results") == {}
    assert rows("null_row")[0] is None
    assert "Id" not in rows("no_id")[0]
    assert rows("number_id")[0]["Id"] == 7
    assert rows("bad_id", "children")[0]["Id"].startswith("../")
    assert rows("other_folder")[0]["Folder"] == ANOTHER_ID
    assert rows("wrong_type")[0]["Duration"] == ["long"]
    assert rows("infinity")[0]["Duration"] == float("inf")
    assert rows("negative")[0]["Duration"] == -5
    assert rows("duplicate")[0] == rows("duplicate")[-1]
    assert rows("null_details")[0]["FolderDetails"] is None
    cycle = rows("cycle", "children")[0]
    assert cycle["Id"] == cycle["ParentFolder"]["Id"] == folder
    assert rest(sandbox, panopto, "deep") == "RecursionError"
    assert rest(sandbox, panopto, "utf8") == "UnicodeDecodeError"
    assert rest(sandbox, panopto, "gzip_cut") == "JSONDecodeError"  # requests takes half a gzip for whole


def soap(sandbox: Sandbox, panopto: PanoptoCaller, busy: str, kind: str) -> requests.Response:
    sandbox.set_scenario(PEACE)
    panopto.sign_in()
    spoil(sandbox, kind)
    return panopto.details(busy, text(NOW - 20 * DAY), text(NOW), size=5)


@pytest.mark.parametrize("kind", sorted(set(SOAP_KINDS) - {"xml_gzip_cut"}))
def test_each_soap_kind_differs_from_the_truth(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str, kind: str
) -> None:
    good = panopto.details(busy, text(NOW - 20 * DAY), text(NOW), size=5)
    answer = soap(sandbox, panopto, busy, kind)
    assert answer.status_code == 200
    assert answer.content != good.content
    assert sandbox.log()[-1]["fault"] == f"malformed:{kind}"
    well_formed = {
        "no",
        "total",
        "nan",
        "infinity",
        "seconds",
        "bad",
        "namespace",
        "extra",
        "other",
        "fewer",
        "more",
    }
    if kind.split("_")[1] in well_formed:
        assert etree.fromstring(answer.content, etree.XMLParser(**CAREFUL)) is not None


def test_a_cut_gzip(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    answer = soap(sandbox, panopto, busy, "xml_gzip_cut")  # requests takes half a gzip for whole
    assert answer.headers["Content-Encoding"] == "gzip"
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)


def test_soap_kinds_lie_in_the_way_they_say(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    def first(kind: str, element: str) -> str | None:
        root = etree.fromstring(soap(sandbox, panopto, busy, kind).content, etree.XMLParser(**CAREFUL))
        found = root.find(f".//{A}{element}")
        return None if found is None else str(found.text)

    total = "TotalNumberResponses"
    assert first("xml_no_total", total) is None
    assert first("xml_total_text", total) == "many"
    assert first("xml_total_negative", total) == "-1"
    assert first("xml_total_huge", total) == "9" * 30
    assert first("xml_nan", "SecondsViewed") == "NaN"
    assert first("xml_bad_guid", "UserId") == "not-a-guid"
    assert first("xml_bad_time", "Time") == "yesterday"
    assert first("xml_other_session", "SessionId") == ANOTHER_ID != busy
    assert first("xml_extra", "Device") == "Phone"
    assert first("xml_namespace", total) is None
    assert len(told(soap(sandbox, panopto, busy, "xml_fewer"))[0]) == 4
    assert len(told(soap(sandbox, panopto, busy, "xml_more"))[0]) == 6
    assert len(told(soap(sandbox, panopto, busy, "xml_extra"))[0]) == 5
    assert len(soap(sandbox, panopto, busy, "xml_big").content) > 50_000_000


def test_what_a_careless_parser_would_do(sandbox: Sandbox, panopto: PanoptoCaller, busy: str) -> None:
    for kind in ("xml_cut", "xml_nul", "xml_utf8", "xml_empty"):
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(soap(sandbox, panopto, busy, kind).content)
    bomb = soap(sandbox, panopto, busy, "xml_bomb").content
    assert len(bomb) < 5_000
    with pytest.raises(etree.XMLSyntaxError, match=r"(?i)entity|amplification"):
        etree.fromstring(bomb, etree.XMLParser(resolve_entities=True))
    file = soap(sandbox, panopto, busy, "xml_entity_file").content
    careless = etree.fromstring(file, etree.XMLParser(resolve_entities=True, load_dtd=True))
    assert "root:" in str(careless.findtext(f".//{A}SecondsViewed"))
    assert FOREIGN_URL in soap(sandbox, panopto, busy, "xml_entity_http").text
    assert FOREIGN_URL in soap(sandbox, panopto, busy, "xml_dtd_http").text
    with pytest.raises(etree.XMLSyntaxError, match=r"(?i)depth"):
        etree.fromstring(soap(sandbox, panopto, busy, "xml_deep").content)


def test_signing_in_is_spared_and_a_kind_without_a_target_changes_nothing(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    spoil(sandbox, "xml_html")
    assert "Result>true<" in panopto.sign_in().text
    assert asked_summary(panopto, "System", 2, "Daily").text.startswith("<!DOCTYPE html>")
    spoil(sandbox, "xml_other_session")
    assert "MinutesViewed" in asked_summary(panopto, "System", 2, "Daily").text
    assert sandbox.log()[-1]["fault"] is None


@pytest.mark.parametrize("kind", sorted(WSDL_KINDS))
def test_a_spoilt_wsdl(sandbox: Sandbox, kind: str) -> None:
    url = f"{sandbox.url}/Panopto/PublicAPI/4.0/UsageReporting.svc?singleWsdl"
    good = requests.get(url, timeout=5).content
    spoil(sandbox, kind)
    assert requests.get(url, timeout=5).content != good
    assert sandbox.log()[-1]["fault"] == f"malformed:{kind}"


def test_every_third_answer_and_all_kinds_in_turn(
    sandbox: Sandbox, panopto: PanoptoCaller, busy: str
) -> None:
    panopto.sign_in()
    sandbox.set_scenario(PEACE | {"malformed": ["xml_html", "null", "xml_empty"], "malformed_every": 3})
    bodies = [panopto.details(busy, "2026-06-01", "2026-06-02").content[:5] for _ in range(6)]
    assert bodies == [b"<s:En", b"<s:En", b"<!DOC", b"<s:En", b"<s:En", b""]
    assert b"Results" in panopto.get("folders/search", searchQuery="*").content
