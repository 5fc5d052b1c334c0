"""Service descriptions between runs: read once, kept for a month, of one site each."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from video_analytics.errors import VendorError
from video_analytics.panopto.descriptions import KEPT_SECONDS, Descriptions
from video_analytics_tests.conftest import NOW, NewSandbox
from video_analytics_tests.panopto.drill import PEACE, panopto_settings, road_of
from video_analytics_tests.panopto.test_soap import BEGIN, END, LONG_AGO, busiest, got, truth

SITE = "https://demo.example"


def aged(folder: Path, seconds: float) -> None:
    """Every kept description becomes so much older."""
    then = time.time() - seconds
    for path in folder.rglob("*.wsdl"):
        os.utime(path, (then, then))


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    Descriptions(tmp_path, SITE).keep("Auth-4.2", b"<a/>")
    assert Descriptions(tmp_path, SITE).read("Auth-4.2") == b"<a/>"


@pytest.mark.parametrize(("server", "name"), [(SITE, "Auth-4.0"), ("https://other.example", "Auth-4.2")])
def test_each_site_and_each_service_has_its_own(tmp_path: Path, server: str, name: str) -> None:
    Descriptions(tmp_path, SITE).keep("Auth-4.2", b"<a/>")
    assert Descriptions(tmp_path, server).read(name) is None


@pytest.mark.parametrize(
    "server", ["https://[::1]:8443", "https://x/../../y", "http://127.0.0.1:9", "https://a:1", ""]
)
def test_nothing_is_written_elsewhere(tmp_path: Path, server: str) -> None:
    Descriptions(tmp_path, server).keep("Auth-4.2", b"<a/>")
    (path,) = tmp_path.rglob("*.wsdl")
    assert path.resolve().is_relative_to(tmp_path / "panopto" / "descriptions")
    assert Descriptions(tmp_path, server).read("Auth-4.2") == b"<a/>"


@pytest.mark.parametrize(("age", "kept"), [(KEPT_SECONDS - 3600, True), (KEPT_SECONDS + 3600, False)])
def test_a_description_is_kept_for_a_month(tmp_path: Path, age: float, kept: bool) -> None:
    held = Descriptions(tmp_path, SITE)
    held.keep("Auth-4.2", b"<a/>")
    aged(tmp_path, age)
    assert held.read("Auth-4.2") == (b"<a/>" if kept else None)


@pytest.mark.parametrize("same", [True, False])
def test_one_that_was_read_again_counts_from_today(tmp_path: Path, same: bool) -> None:
    held, fresh = Descriptions(tmp_path, SITE), b"<a/>" if same else b"<b/>"
    held.keep("Auth-4.2", b"<a/>")
    aged(tmp_path, 2 * KEPT_SECONDS)
    held.keep("Auth-4.2", fresh)
    assert held.read("Auth-4.2") == fresh


@pytest.mark.parametrize("later", ["at once", "after a month", "damaged", "empty"])
def test_a_run_reads_a_description_only_where_it_must(
    home: Path, new_sandbox: NewSandbox, later: str
) -> None:
    sandbox = new_sandbox(PEACE)
    settings, (session,) = panopto_settings(sandbox, home), busiest(sandbox)
    spoil = {"damaged": b"<wsdl:definitions>", "empty": b""}
    for run in range(3):
        with road_of(settings) as road:
            assert got(road.soap.records(session, LONG_AGO, NOW)) == truth(sandbox, session, LONG_AGO, NOW)
        if run == 0:
            for path in settings.lake.rglob("*.wsdl"):
                path.write_bytes(spoil.get(later, path.read_bytes()))
            aged(settings.lake, 2 * KEPT_SECONDS if later == "after a month" else 0)
    read = Counter(entry["operation"] for entry in sandbox.log() if entry["kind"] == "wsdl")
    times = 1 if later == "at once" else 2
    assert read == {"Auth": times, "UsageReporting": times}


def test_a_site_that_is_gone_is_told_though_descriptions_are_kept(
    home: Path, new_sandbox: NewSandbox
) -> None:
    sandbox = new_sandbox(PEACE)
    settings, (session,) = panopto_settings(sandbox, home, attempts=1), busiest(sandbox)
    with road_of(settings) as road:
        road.soap.records(session, BEGIN, END)
    sandbox.__exit__(None, None, None)
    with road_of(settings) as road, pytest.raises(VendorError, match="LogOnWithPassword"):
        road.soap.records(session, BEGIN, END)
