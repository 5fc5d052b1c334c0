"""Reports asked of the site: all three arrive whole, late ones later, and none is asked for twice."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from video_analytics.errors import Malformed, Refused, VendorError
from video_analytics.panopto.reports import asking
from video_analytics.panopto.reports.inbox import Inbox, Taken, read_inbox
from video_analytics.panopto.reports.requesting import (
    ASKED,
    FETCHED,
    WAITING,
    Failed,
    Request,
    is_owed,
    request_reports,
    whole_range,
)
from video_analytics.panopto.reports.tables import REPORT_ROWS
from video_analytics.panopto.resources import Road
from video_analytics.sandbox import SITE_ZONE, Sandbox
from video_analytics.sandbox.panopto import reports as truth
from video_analytics_tests.conftest import NOW, NewSandbox
from video_analytics_tests.panopto.drill import PEACE, panopto_settings, road_of

START = dt.date(2026, 1, 1)
QUICK = {"attempts": 3, "site_timezone": SITE_ZONE}


@pytest.fixture
def new_road(home: Path, new_sandbox: NewSandbox) -> Iterator[Any]:
    """`new_road(scenario)`: a site that makes reports, and a road to it."""
    opened: list[Any] = []

    def start(scenario: dict[str, Any]) -> tuple[Sandbox, Road]:
        sandbox = new_sandbox(PEACE | scenario)
        context = road_of(panopto_settings(sandbox, home, **QUICK))
        opened.append(context)
        return sandbox, context.__enter__()

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def ask(road: Road, minutes: float = 0.0) -> list[Request | Failed]:
    span = whole_range(START, SITE_ZONE)
    inbox = Inbox(road.settings.home)
    return list(request_reports(road.soap, road.lake, inbox, span, SITE_ZONE, minutes))


def states(found: list[Request | Failed]) -> dict[str, str]:
    return {each.kind.name: "failed" if isinstance(each, Failed) else each.state for each in found}


def queued(sandbox: Sandbox) -> int:
    return sum(entry["operation"] == "QueueReport" for entry in sandbox.log())


def errors(found: list[Request | Failed]) -> list[VendorError]:
    return [each.error for each in found if isinstance(each, Failed) and isinstance(each.error, VendorError)]


ALL_FETCHED = {kind.name: FETCHED for kind in ASKED}
ALL_WAITING = {kind.name: WAITING for kind in ASKED}


def test_all_three_arrive_whole(new_road: Any) -> None:
    sandbox, road = new_road({})
    assert states(ask(road)) == ALL_FETCHED
    inbox = Inbox(road.settings.home)
    assert [path.name for path in inbox.files()] == [
        f"{kind}_2026-01-01--2026-06-14.zip"
        for kind in ("sessionscreatedoredited", "sessionusage", "systemsessionstorage")
    ]
    taken = [
        each for each in read_inbox(road.lake, inbox, SITE_ZONE, NOW.date(), 0.0) if isinstance(each, Taken)
    ]
    begin, end = whole_range(START, SITE_ZONE)
    for kind, each in zip(ASKED, taken, strict=True):
        wanted = truth.rows(sandbox.panopto, kind.type, begin, end, sandbox.now())
        held = road.lake.read(REPORT_ROWS, each.key)
        assert held is not None
        assert set(held["session_id"].to_pylist()) == {row["Session ID"] for row in wanted}
        assert len(wanted) == each.facts["rows_read"] > 0


def test_the_range_is_of_the_sites_own_days(new_road: Any) -> None:
    sandbox, road = new_road({})
    (first, *_) = ask(road)
    assert isinstance(first, Request)
    assert first.begin.isoformat() == "2026-01-01T00:00:00-05:00"
    assert first.end.isoformat() == "2026-06-15T00:00:00-04:00"
    assert queued(sandbox) == 3


def test_what_is_not_ready_is_fetched_by_a_later_run_and_asked_for_once(new_road: Any) -> None:
    sandbox, road = new_road({"report_seconds": 7200.0})
    assert states(ask(road)) == ALL_WAITING
    assert all(is_owed(road.lake, kind) for kind in ASKED)
    assert states(ask(road)) == ALL_WAITING
    sandbox.advance(hours=3)
    assert states(ask(road)) == ALL_FETCHED
    assert not any(is_owed(road.lake, kind) for kind in ASKED)
    assert queued(sandbox) == 3


def test_an_owed_report_of_yesterday_is_fetched_today(new_road: Any, turn_clock: Any) -> None:
    sandbox, road = new_road({"report_seconds": 7200.0})
    ask(road)
    turn_clock(sandbox, NOW + dt.timedelta(days=1))
    assert states(ask(road)) == ALL_FETCHED
    assert "sessionusage_2026-01-01--2026-06-14.zip" in {
        path.name for path in Inbox(road.settings.home).files()
    }
    assert queued(sandbox) == 3


def test_a_run_that_died_after_asking_goes_on_with_what_the_site_knows(new_road: Any) -> None:
    sandbox, road = new_road({})
    ask(road)
    for kind in ASKED:
        (road.lake.root / "panopto" / "report_requests" / f"{kind.name}.parquet").unlink()
    assert states(ask(road)) == ALL_FETCHED
    assert queued(sandbox) == 3


def test_a_second_run_on_a_day_fetches_nothing_again(new_road: Any) -> None:
    sandbox, road = new_road({})
    ask(road)
    sandbox.reset_log()
    assert states(ask(road)) == ALL_FETCHED
    assert sandbox.log() == []


def test_waiting_looks_again_until_the_report_is_there(
    new_road: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, road = new_road({"report_polls": 3})
    pauses: list[float] = []
    monkeypatch.setattr("video_analytics.panopto.reports.requesting.clock.sleep", pauses.append)
    assert states(ask(road, minutes=60)) == ALL_FETCHED
    assert pauses == [1.0, 2.0, 5.0]


def test_without_the_right_the_run_says_so(new_road: Any) -> None:
    _, road = new_road({"reports_refused": True})
    found = errors(ask(road))
    assert len(found) == 3
    assert all(isinstance(error, Refused) and "QueueReport" in str(error) for error in found)


def test_a_report_that_has_changed_its_columns_is_told_before_it_is_asked_for(new_road: Any) -> None:
    sandbox, road = new_road({"report_columns": "missing"})
    found = errors(ask(road))
    assert len(found) == 3
    assert all(isinstance(error, Malformed) and "Session Length" in str(error) for error in found)
    assert queued(sandbox) == 0


@pytest.mark.parametrize("columns", ["shuffled", "old"])
def test_order_and_old_names_of_columns_do_not_matter(new_road: Any, columns: str) -> None:
    _, road = new_road({"report_columns": columns})
    assert states(ask(road)) == ALL_FETCHED
    read = list(read_inbox(road.lake, Inbox(road.settings.home), SITE_ZONE, NOW.date(), 0.0))
    assert all(isinstance(each, Taken) for each in read)
    assert len(read) == 3


@pytest.mark.parametrize("damage", ["cut_zip", "html"])
def test_a_damaged_report_is_no_report_and_is_asked_for_again(new_road: Any, damage: str) -> None:
    sandbox, road = new_road({"report_damage": damage})
    assert set(states(ask(road)).values()) == {"failed"}
    assert Inbox(road.settings.home).files() == []
    sandbox.set_scenario(PEACE)
    assert states(ask(road)) == ALL_FETCHED


def test_an_archive_with_a_spoilt_byte_is_asked_for_again(
    new_road: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, road = new_road({})
    fetch = asking.fetch

    def spoilt(*given: Any) -> bytes:
        data = fetch(*given)
        assert data is not None
        place = data.index(b".csv") + 40  # in the packed text: zlib notices
        return data[:place] + bytes(each ^ 0xFF for each in data[place : place + 20]) + data[place + 20 :]

    with monkeypatch.context() as spoiling:
        spoiling.setattr(asking, "fetch", spoilt)
        found = errors(ask(road))
    assert len(found) == 3
    assert all(isinstance(error, Malformed) and "cut off or damaged" in str(error) for error in found)
    assert list(Inbox(road.settings.home).waiting.iterdir()) == []
    assert states(ask(road)) == ALL_FETCHED


def test_a_report_cut_inside_its_archive_is_refused_by_the_inbox(new_road: Any) -> None:
    _, road = new_road({"report_damage": "cut_csv"})
    ask(road)
    inbox = Inbox(road.settings.home)
    assert not any(
        isinstance(each, Taken) for each in read_inbox(road.lake, inbox, SITE_ZONE, NOW.date(), 0.0)
    )
    assert len(list(inbox.refused.glob("*.zip"))) == 3


def test_one_kind_that_fails_does_not_stop_the_others(new_road: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, road = new_road({})
    name = "video_analytics.panopto.reports.requesting.asking.queue"

    def refuse_one(soap: Any, type_: str, *span: Any, plain: Any = None) -> str:
        if type_ == "SessionUsage":
            raise Refused("no right")
        found: str = plain(soap, type_, *span)
        return found

    plain = asking.queue
    monkeypatch.setattr(name, lambda *given: refuse_one(*given, plain=plain))
    assert states(ask(road)) == {**ALL_FETCHED, "session_usage": "failed"}


def test_through_faults_and_lost_sessions_all_arrive(new_road: Any) -> None:
    _, road = new_road({"soap_faults": 0.3, "unauthorised_every": 7, "flaky": 0.1})
    found: dict[str, str] = {}
    for _ in range(8):
        found = states(ask(road))
        if found == ALL_FETCHED:
            break
    assert found == ALL_FETCHED
