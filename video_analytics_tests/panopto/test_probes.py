"""What `check` says of a site: one verdict for each question."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from video_analytics.panopto.probes import probe
from video_analytics.settings import Course
from video_analytics.verdicts import BAD, NOTE, OK, Verdict
from video_analytics_tests.conftest import NewSandbox
from video_analytics_tests.panopto.drill import PEACE, panopto_settings, road_of


def verdicts(
    new_sandbox: NewSandbox, home: Path, scenario: dict[str, Any] | None = None, **settings: Any
) -> dict[str, Verdict]:
    sandbox = new_sandbox({**PEACE, **(scenario or {})})
    listed = [Course("", course_id, line) for line, (_, course_id) in enumerate(sandbox.panopto.courses())]
    with road_of(panopto_settings(sandbox, home, **settings)) as road:
        told = list(probe(road.rest, road.soap, listed))
    assert len({each.probe for each in told}) == len(told)
    return {each.probe: each for each in told}


def test_a_site_that_answers(new_sandbox: NewSandbox, home: Path) -> None:
    told = verdicts(new_sandbox, home, site_timezone="America/New_York")
    assert {each.verdict for each in told.values()} == {OK}
    assert len(told) == 3 + 3 + 1 + 4  # token, server, logon; courses; reports; usage, zone, pages, feed
    assert told["usage reports"].says.startswith("3 with all columns")
    assert "without offset would be read in America/New_York" in told["zone of ranges"].says
    assert "minutes of its" in told["change feed"].says
    assert "by user and password" in told["logon"].says


def test_another_zone_than_the_settings_say_is_a_note(new_sandbox: NewSandbox, home: Path) -> None:
    told = verdicts(new_sandbox, home, site_timezone="Europe/Zurich")
    assert told["zone of ranges"].verdict == NOTE
    assert "neither in UTC nor in Europe/Zurich" in told["zone of ranges"].says


@pytest.mark.parametrize("summaries", ["wrong", "refused"])
def test_a_feed_that_cannot_be_used_is_a_note(new_sandbox: NewSandbox, home: Path, summaries: str) -> None:
    told = verdicts(new_sandbox, home, {"summaries": summaries}, trailing_days=30)
    assert told["change feed"].verdict == NOTE
    assert told["right to read usage"].verdict == OK


@pytest.mark.parametrize("columns", ["missing", "old"])
def test_reports_with_other_columns(new_sandbox: NewSandbox, home: Path, columns: str) -> None:
    told = verdicts(new_sandbox, home, {"report_columns": columns})["usage reports"]
    lacks = columns == "missing"
    assert (told.verdict, "Session Length" in told.says) == (NOTE if lacks else OK, lacks)


def test_a_wrong_password_is_told_once_for_each_question(new_sandbox: NewSandbox, home: Path) -> None:
    told = verdicts(new_sandbox, home, {"login_false": True})
    assert told["token"].verdict == OK
    assert told["logon"].verdict == BAD
    assert "PANOPTO_PASSWORD" in told["logon"].says
    assert told["right to read usage"].verdict == BAD


def test_a_course_that_is_denied_is_named_and_the_others_are_asked(
    new_sandbox: NewSandbox, home: Path
) -> None:
    sandbox = new_sandbox(PEACE)
    denied, *others = [course_id for _, course_id in sandbox.panopto.courses()]
    told = verdicts(new_sandbox, home, {"denied_folders": [denied]})
    assert told[f"course {denied}"].verdict == BAD
    assert {told[f"course {course_id}"].verdict for course_id in others} == {OK}
    assert told["right to read usage"].verdict == OK


def test_a_site_nobody_watched_says_so(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox(PEACE, now=dt.datetime(2027, 12, 1, tzinfo=dt.UTC))
    with road_of(panopto_settings(sandbox, home)) as road:
        told = list(probe(road.rest, road.soap, []))
    assert [each.verdict for each in told] == [OK, OK, OK, OK, NOTE]
