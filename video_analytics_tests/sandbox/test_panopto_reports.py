import csv
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import requests
import zeep

from video_analytics.sandbox import SITE_ZONE, PanoptoWorld, Sandbox
from video_analytics.sandbox.panopto import reports
from video_analytics.sandbox.panopto.report_csv import us_date
from video_analytics.sandbox.panopto.report_rows import HEADERS
from video_analytics_tests.sandbox.conftest import NOW, PEACE, V40, PanoptoCaller

A = f"{{{V40}}}"
BEGIN = NOW - timedelta(days=30)
NO_ACCESS = '"The current user does not have access to call this method."'
GENERIC = "An error occurred. See server logs for details"
DESERIALIZING = "An error occurred deserializing the message. See server logs for details"
NULL_REFERENCE = "Object reference not set to an instance of an object."
UNKNOWN = "11111111-2222-4333-8444-555555555555"
KINDS = ("SessionUsage", "SessionsCreatedOrEdited", "SystemSessionStorage")
EVER = datetime(2010, 1, 1, tzinfo=UTC)
Ask = Callable[[], Any]


def fault(answer: requests.Response) -> str:
    assert answer.status_code == 500
    found = ET.fromstring(answer.content).find(".//faultstring")  # noqa: S314 - of our own server
    assert found is not None
    return found.text or ""


def result(answer: requests.Response, operation: str) -> str:
    assert answer.status_code == 200, answer.text
    found = ET.fromstring(answer.content).find(f".//{{http://tempuri.org/}}{operation}Result")  # noqa: S314
    assert found is not None
    return found.text or ""


def queued(
    panopto: PanoptoCaller, kind: str, begin: str = BEGIN.isoformat(), end: str = NOW.isoformat()
) -> str:
    inputs = f"<reportType>{kind}</reportType><startTime>{begin}</startTime><endTime>{end}</endTime>"
    return result(panopto.soap("QueueReport", inputs), "QueueReport")


def fetched(panopto: PanoptoCaller, key: str) -> requests.Response:
    return panopto.soap("GetReport", f"<reportId>{key}</reportId>")


def recent(panopto: PanoptoCaller, kind: str = "") -> list[dict[str, str | None]]:
    inputs = f"<reportType>{kind}</reportType>" if kind else ""
    answer = panopto.soap("GetRecentReports", inputs)
    assert answer.status_code == 200, answer.text
    items = ET.fromstring(answer.content).iter(f"{A}StatsReportStatus")  # noqa: S314 - of our own server
    return [{part.tag.removeprefix(A): part.text for part in item} for item in items]


def status(panopto: PanoptoCaller, key: str) -> dict[str, str | None]:
    return next(row for row in recent(panopto) if row["ReportId"] == key)


def unzipped(content: bytes) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name)


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def told(value: Any) -> str:
    if isinstance(value, datetime):
        return us_date(value)
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


@pytest.fixture
def usage(sandbox: Sandbox, panopto: PanoptoCaller) -> Any:
    """The service as zeep makes it of its WSDL, signed in."""
    panopto.sign_in()
    url = f"{sandbox.url}/Panopto/PublicAPI/4.0/UsageReporting.svc?singleWsdl"
    client = zeep.Client(url)  # type: ignore[no-untyped-call]
    client.transport.session.headers["Cookie"] = panopto.cookie
    return client


def test_zeep_describes_queues_waits_and_downloads(
    sandbox: Sandbox, panopto: PanoptoCaller, usage: Any
) -> None:
    sandbox.set_scenario(PEACE | {"report_polls": 2})
    call = usage.service
    assert len(call.DescribeReportTypes()) == 15
    columns = call.DescribeReportType(reportType="SessionUsage")
    assert columns == list(HEADERS["SessionUsage"])
    key = call.QueueReport(reportType="SessionUsage", startTime=BEGIN, endTime=NOW)
    waiting = call.GetRecentReports(reportType="SessionUsage")[0]
    assert (waiting.ReportId, waiting.IsAvailable, waiting.ReportTime) == (key, False, None)
    with usage.settings(raw_response=True):
        assert (call.GetReport(reportId=key).status_code, call.GetReport(reportId=key).content[:2]) == (
            204,
            b"PK",
        )
        answer = call.GetReport(reportId=key)
    done = call.GetRecentReports(reportType="SessionUsage")[0]
    assert (done.IsAvailable, done.ReportTime, done.StartTime) == (True, NOW, BEGIN)
    name, data = unzipped(answer.content)
    assert name == "sessionusage_2026-05-11--2026-06-10.csv"
    assert table(data)[0] == columns
    rest = panopto.get(f"reports/{key}")
    assert rest.content == answer.content
    assert rest.headers["Content-Disposition"].startswith("attachment")
    assert (name, data) == reports.report_file(sandbox.panopto, "SessionUsage", BEGIN, NOW, NOW)
    assert reports.zipped(name, data) == answer.content


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_says_what_the_truth_says(sandbox: Sandbox, panopto: PanoptoCaller, kind: str) -> None:
    _name, data = unzipped(fetched(panopto, queued(panopto, kind)).content)
    assert data.startswith(b"\xef\xbb\xbfSession Name,Session ID,")
    assert data.endswith(b"\r\n")
    assert b'"Lecture ' in data
    assert b'""Cells""' in data
    truth = reports.rows(sandbox.panopto, kind, BEGIN, NOW, NOW)
    header, *lines = table(data)
    assert tuple(header) == HEADERS[kind] == tuple(truth[0])
    assert lines == [[told(row[name]) for name in header] for row in truth]
    assert len(truth) > 5


def test_session_usage_counts_the_records(sandbox: Sandbox) -> None:
    world = sandbox.panopto
    records = world.records(NOW, begin=BEGIN, end=NOW)
    rows = {row["Session ID"]: row for row in reports.rows(world, "SessionUsage", BEGIN, NOW, NOW)}
    existing = {row["Id"]: row for row in world.sessions(NOW)}
    assert set(rows) == {record["SessionId"] for record in records} & set(existing)
    for key, row in rows.items():
        mine = [record for record in records if record["SessionId"] == key]
        views = max(sum(record["StartReason"] == "Start" for record in mine), 1)
        minutes = sum(record["SecondsViewed"] for record in mine) / 60
        assert row["Views and Downloads"] == views
        assert row["Unique Viewers"] == len({record["UserId"] for record in mine})
        assert row["Minutes Delivered"] == pytest.approx(minutes)
        assert row["Average Minutes Delivered"] == pytest.approx(minutes / views)
        assert row["Most Recent View Date"] == max(record["Time"] for record in mine)
        seconds, length = existing[key]["Duration"], row["Session Length"]
        assert (length is None) == (seconds is None)
        assert length is None or length == pytest.approx(seconds / 60)
    quiet = reports.rows(world, "SessionUsage", EVER, EVER + timedelta(days=1), NOW)
    assert quiet == []


def test_folders_are_those_of_the_moment_and_five_levels_deep(sandbox: Sandbox) -> None:
    world = sandbox.panopto
    folders = {row["Id"]: row for row in world.folders(NOW)}
    depths = Counter[int]()
    for row in reports.rows(world, "SystemSessionStorage", BEGIN, NOW, NOW):
        path: list[str] = []
        key = row["Folder ID"]
        while key:
            path.insert(0, folders[key]["Name"])
            key = folders[key]["ParentId"]
        levels = [value for name, value in row.items() if "(Level " in name]
        assert levels == (path + [None] * 5)[:5]
        assert row["Folder Name"] == path[-1]
        depths[len(path)] += 1
    assert max(depths) > 5
    moved = next(row for row in world.events() if row["kind"] == "session_moved")
    places = [
        {row["Session ID"]: row["Folder ID"] for row in reports.rows(world, KINDS[2], BEGIN, NOW, at)}
        for at in (moved["at"] - timedelta(seconds=1), moved["at"])
    ]
    assert [place[moved["id"]] for place in places] == [moved["before"], moved["after"]]


def test_created_or_edited(sandbox: Sandbox) -> None:
    world = sandbox.panopto
    edit = next(row for row in world.events() if row["kind"] == "session_edited")
    day = timedelta(days=1)
    rows = reports.rows(world, KINDS[1], edit["at"] - day, edit["at"] + day, NOW)
    assert [row["Session ID"] for row in rows if row["Last Time Edited"]] == [edit["id"]]
    ever = reports.rows(world, KINDS[1], EVER, NOW, NOW)
    assert {row["Session ID"] for row in ever} == {row["Id"] for row in world.sessions(NOW)}
    starts = {row["Session ID"]: row["Start Time"] for row in ever}
    inside = {row["Session ID"] for row in reports.rows(world, KINDS[1], BEGIN, NOW, NOW)}
    assert inside == {key for key, start in starts.items() if BEGIN <= start < NOW} | {edit["id"]}


@pytest.mark.parametrize("size", ["demo", "full"])
def test_storage_tells_on_demand_hours_from_archived_ones(size: str) -> None:
    world = PanoptoWorld(1, size)
    rows = reports.rows(world, KINDS[2], BEGIN, NOW, NOW)
    assert len(rows) == len(world.sessions(NOW))
    archived = [row for row in rows if row["Archived"]]
    assert 0.08 < len(archived) / len(rows) < 0.25
    for row in rows:
        edited = (row["Session Length (Edited minutes)"] or 0) / 60
        hours = row["On-Demand Hours"], row["Archived Hours (Unedited hours)"]
        if row["Archived"]:
            assert hours[0] == 0
            assert hours[1] > edited - 1e-9
        else:
            assert hours == (pytest.approx(edited), 0)
            assert row["Archived Date"] is None
        if row["Archived Date"] and row["Most Recent View Date"]:
            assert row["Most Recent View Date"] < row["Archived Date"]
        seen = row["Views and Downloads"] > 0
        assert seen == (row["Most Recent View Date"] is not None) == (row["Unique Viewers"] > 0)
    assert any(row["Archived Hours (Unedited hours)"] > 0 for row in archived)
    assert len({row["Creator ID"] for row in rows}) > 9
    assert 0 < sum(row["Email"] is None for row in rows) < len(rows) / 4
    assert Counter(row["Stream Source"] for row in rows).most_common(1)[0][0] == "Zoom"


def test_dates_are_american_and_local() -> None:
    zone = ZoneInfo(SITE_ZONE)
    for hour, text in ((0, "12:05:09 AM"), (9, "9:05:09 AM"), (12, "12:05:09 PM"), (23, "11:05:09 PM")):
        local = datetime(2026, 7, 4, hour, 5, 9, 999_999, tzinfo=zone)
        assert us_date(local.astimezone(UTC)) == f"7/4/2026 {text}"


def test_a_report_takes_its_time_by_the_vendors_clock(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    sandbox.set_scenario(PEACE | {"report_seconds": 3600})
    key = queued(panopto, "SessionUsage", end=(NOW + timedelta(days=9)).isoformat())
    assert status(panopto, key)["IsAvailable"] == "false"
    assert (fetched(panopto, key).status_code, fetched(panopto, key).content) == (204, b"")
    early = panopto.get(f"reports/{key}")
    assert (early.status_code, early.json()["Error"]["ErrorCode"]) == (404, "NotFound")
    sandbox.advance(hours=5)
    row = status(panopto, key)
    assert (row["IsAvailable"], row["ReportTime"]) == ("true", "2026-06-10T10:00:00Z")
    edges = BEGIN, NOW + timedelta(days=9), NOW + timedelta(hours=1)
    expected = reports.report_file(sandbox.panopto, "SessionUsage", *edges)
    sandbox.advance(days=1)
    assert unzipped(fetched(panopto, key).content) == expected


@pytest.mark.parametrize("ask", ["status", "soap", "rest"])
def test_the_first_asks_find_a_report_pending(sandbox: Sandbox, panopto: PanoptoCaller, ask: str) -> None:
    sandbox.set_scenario(PEACE | {"report_polls": 3})
    key = queued(panopto, "SystemSessionStorage")
    asks: dict[str, Ask] = {
        "status": lambda: status(panopto, key)["IsAvailable"],
        "soap": lambda: fetched(panopto, key).status_code,
        "rest": lambda: panopto.get(f"reports/{key}").status_code,
    }
    pending, there = {"status": ("false", "true"), "soap": (204, 200), "rest": (404, 200)}[ask]
    assert [asks[ask]() for _ in range(5)] == [pending] * 3 + [there] * 2


def test_a_naive_range_is_local_and_an_aware_one_is_not(panopto: PanoptoCaller) -> None:
    for given, begin in (
        ("2026-05-01T00:00:00", "2026-05-01T04:00:00Z"),
        ("2026-01-01", "2026-01-01T05:00:00Z"),
        ("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z"),
        ("2026-05-01T00:00:00+02:00", "2026-04-30T22:00:00Z"),
    ):
        key = queued(panopto, "SessionsCreatedOrEdited", given, "2026-06-01")
        row = status(panopto, key)
        assert (row["StartTime"], row["EndTime"]) == (begin, "2026-06-01T04:00:00Z")
    name = unzipped(fetched(panopto, queued(panopto, KINDS[0], "2026-05-01", "2026-06-01")).content)[0]
    assert name == "sessionusage_2026-05-01--2026-05-31.csv"


def test_lists_are_by_type_and_newest_first_and_a_pending_report_can_be_cancelled(
    sandbox: Sandbox, panopto: PanoptoCaller
) -> None:
    first, second = queued(panopto, KINDS[0]), queued(panopto, KINDS[1])
    sandbox.set_scenario(PEACE | {"report_polls": 9})
    third = queued(panopto, KINDS[0])
    assert [row["ReportId"] for row in recent(panopto)[:3]] == [third, second, first]
    assert [row["ReportId"] for row in recent(panopto, KINDS[0])[:2]] == [third, first]
    assert {row["ReportType"] for row in recent(panopto, KINDS[1])} == {KINDS[1]}
    assert panopto.soap("CancelReport", f"<reportId>{third}</reportId>").status_code == 200
    assert fault(fetched(panopto, third)) == GENERIC
    assert panopto.get(f"reports/{third}").status_code == 404
    assert third not in {row["ReportId"] for row in recent(panopto)}


def test_bad_questions(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    edges = f"<startTime>{BEGIN.isoformat()}</startTime><endTime>{NOW.isoformat()}</endTime>"
    backwards = f"<startTime>{NOW.isoformat()}</startTime><endTime>{BEGIN.isoformat()}</endTime>"
    for operation, inputs, wanted in (
        ("DescribeReportType", "<reportType>RetentionAudit</reportType>", GENERIC),
        ("DescribeReportType", "<reportType>Everything</reportType>", DESERIALIZING),
        ("QueueReport", f"<reportType>RetentionAudit</reportType>{edges}", GENERIC),
        ("QueueReport", f"<reportType>SessionUsage</reportType>{backwards}", GENERIC),
        ("QueueReport", f"{edges}<reportType>SessionUsage</reportType>", DESERIALIZING),
        ("GetReport", f"<reportId>{UNKNOWN}</reportId>", GENERIC),
        ("GetReport", "", NULL_REFERENCE),
        ("CancelReport", f"<reportId>{UNKNOWN}</reportId>", GENERIC),
        ("DeleteRecurringReport", f"<reportId>{UNKNOWN}</reportId>", GENERIC),
    ):
        assert fault(panopto.soap(operation, inputs)) == wanted
    assert [panopto.get(f"reports/{key}").status_code for key in (UNKNOWN, "7")] == [404, 400]
    sandbox.set_scenario(PEACE | {"reports_refused": True})
    assert fault(panopto.soap("QueueReport", f"<reportType>SessionUsage</reportType>{edges}")) == NO_ACCESS
    assert sandbox.log()[-1]["fault"] == "reports_refused"
    panopto.cookie = "none"
    assert fault(panopto.soap("DescribeReportTypes")) == NO_ACCESS


def test_other_known_types_have_a_header_and_no_rows(panopto: PanoptoCaller) -> None:
    key = queued(panopto, "FolderUsage")
    assert table(unzipped(fetched(panopto, key).content)[1]) == [list(HEADERS["FolderUsage"])]


@pytest.mark.parametrize("how", ["shuffled", "missing", "old"])
def test_columns_differ_in_description_and_file_alike(
    sandbox: Sandbox, panopto: PanoptoCaller, usage: Any, how: str
) -> None:
    key, plain = queued(panopto, KINDS[0]), list(HEADERS[KINDS[0]])
    sandbox.set_scenario(PEACE | {"report_columns": how})
    header, *lines = table(unzipped(fetched(panopto, key).content)[1])
    assert header == usage.service.DescribeReportType(reportType=KINDS[0])
    expected = {
        "shuffled": set(plain),
        "missing": set(plain) - {"Session Length"},
        "old": set(plain) - {"Creator", "Views and Downloads"} | {"Presenter", "Views"},
    }
    assert set(header) == expected[how]
    assert header != plain
    truth = reports.rows(sandbox.panopto, KINDS[0], BEGIN, NOW, NOW)
    ids = [line[header.index("Session ID")] for line in lines]
    assert ids == [row["Session ID"] for row in truth]


def test_damage(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    key = queued(panopto, KINDS[2])
    whole = fetched(panopto, key)
    ways: list[Ask] = [lambda: fetched(panopto, key), lambda: panopto.get(f"reports/{key}")]
    for asked in ways:
        sandbox.set_scenario(PEACE | {"report_damage": "cut_zip"})
        with pytest.raises(zipfile.BadZipFile):
            unzipped(asked().content)
        sandbox.set_scenario(PEACE | {"report_damage": "cut_csv"})
        name, data = unzipped(asked().content)
        assert unzipped(whole.content)[0] == name
        assert unzipped(whole.content)[1].startswith(data)
        assert len(table(data)[-1]) < len(HEADERS[KINDS[2]])
        sandbox.set_scenario(PEACE | {"report_damage": "html"})
        page = asked()
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert sandbox.log()[-1]["fault"] == "report:html"


def test_recurring_reports_are_definitions_only(usage: Any) -> None:
    call = usage.service
    key = call.CreateRecurringReport(cadenceType="Weekly", cadenceOffset=2, reportType=KINDS[2])
    (found,) = call.GetRecurringReports(reportType=KINDS[2])
    assert (found.DefinitionId, found.Cadence, found.Offset) == (key, "Weekly", 2)
    assert (found.IsEnabled, found.Reports.StatsReportStatus) == (True, [])  # as zeep reads a nil array
    call.DeleteRecurringReport(reportId=key)
    assert not call.GetRecurringReports()


def test_limits_and_faults_meet_reports_too(sandbox: Sandbox, panopto: PanoptoCaller) -> None:
    key = queued(panopto, KINDS[0])
    sandbox.set_scenario({"malformed": "random", "malformed_every": 1, "rate_scale": 0.01})
    assert unzipped(fetched(panopto, key).content)[0].endswith(".csv")
    assert [panopto.get(f"reports/{key}").status_code for _ in range(2)] == [200, 429]
    sandbox.set_scenario(PEACE | {"flaky": 1.0, "flaky_kinds": ["cut"]})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        fetched(panopto, key)
    sandbox.set_scenario(PEACE | {"soap_faults": 1.0})
    assert fault(fetched(panopto, key)) == GENERIC
