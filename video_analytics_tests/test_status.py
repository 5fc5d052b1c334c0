"""What is complete, provisional, missing and failed of a course, and how it is told."""

import datetime as dt
import io
from pathlib import Path

from rich.console import Console

from video_analytics.console import one_line, print_status
from video_analytics.lake import Lake, day_key
from video_analytics.panopto.plan import year_key
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.settings import Course
from video_analytics.status import course_status
from video_analytics_tests.conftest import YESTERDAY, NewSandbox
from video_analytics_tests.panopto.drill import PEACE, course_ids, night, panopto_settings, road_of


def test_the_days_of_a_course(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox(PEACE)
    settings = panopto_settings(sandbox, home, start_date=dt.date(2024, 12, 30), daily_years=2)
    course_id = course_ids(sandbox)[2]
    course = Course("as listed", course_id, 2)
    before = course_status(settings, course)
    assert before.name == "as listed"
    assert before.notes == ("not listed yet",)
    assert len(before.days["missing"]) == 7
    with road_of(settings) as road:
        assert night(road, [course_id]) == []
    lake = Lake(settings.lake)
    holed, spoilt = YESTERDAY - dt.timedelta(days=20), YESTERDAY - dt.timedelta(days=2)
    lake.path(VIEWING_ACTIVITY, day_key(course_id, holed)).unlink()
    lake.fail(VIEWING_ACTIVITY, day_key(course_id, spoilt), "the site said no")
    lake.fail(VIEWING_HISTORY, year_key(course_id, 2024), "too slow")
    told = course_status(settings, course)
    days = (YESTERDAY - dt.date(2025, 1, 1)).days + 1
    assert {state: len(held) for state, held in told.days.items()} == {
        "complete": days - 8,
        "provisional": 6,
        "missing": 1,
        "failed": 1,
    }
    assert told.has_failed
    assert told.reasons == {spoilt.isoformat(): "the site said no", "2024": "too slow"}
    assert told.years == {"complete": [], "missing": [], "failed": [2024]}
    assert told.as_json()["spans"]["missing"] == [[str(holed), str(holed)]]
    said = io.StringIO()
    print_status(Console(file=said, width=100), [told])
    assert f"failed {spoilt}, 2024" in said.getvalue()
    assert "the site said no" in said.getvalue()


def test_what_may_not_be_seen_is_noted(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox(PEACE)
    settings = panopto_settings(sandbox, home, start_date=YESTERDAY)
    course_id = course_ids(sandbox)[0]
    below = next(f for f in sandbox.panopto.folders(sandbox.now()) if f["ParentId"] == course_id)
    sandbox.set_scenario({**PEACE, "denied_folders": [below["Id"]]})
    with road_of(settings) as road:
        assert night(road, [course_id]) == []
    told = course_status(settings, Course("", course_id, 2))
    assert not told.has_failed
    assert [note.split(":")[0] for note in told.notes] == ["denied folder"]
    assert below["Name"] in told.notes[0]


def test_names_cannot_steer_a_terminal() -> None:
    assert one_line("Week\n1\x1b[31m \u202eevil\t\u200b!") == "Week 1 [31m evil !"
