"""Which problems there are, as journal, lake, ticks and disk have it."""

import datetime as dt
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from video_analytics import clock
from video_analytics.alerts.problem import cause_of, clean
from video_analytics.alerts.runbook import RUNBOOK
from video_analytics.alerts.watching import beat, note_seen
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.lake import day_key
from video_analytics.panopto.tables import VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.quality import Finding
from video_analytics_tests.alerts.homes import COURSE, DAY, HOUR, OTHER, Home
from video_analytics_tests.conftest import NOW, YESTERDAY, days_until

REFUSED = "Brightcove neo cms: HTTP 401, invalid; the credentials are refused"


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(clock.VARIABLE, NOW.isoformat())
    return Home(home)


def test_all_is_well(at_home: Home) -> None:
    for owner in ("1", "2", COURSE, OTHER):
        at_home.hold(owner, days_until(YESTERDAY, 5))
    assert at_home.look() == []


def test_a_transient_failure_is_told_from_the_second_attempt_on(at_home: Home) -> None:
    at_home.journal.failed("brightcove/cms_catalog", "neo", NOW - HOUR, "HTTP 503")
    assert at_home.told() == {}
    assert at_home.waiting() == {"reading:brightcove:neo"}
    at_home.journal.failed("brightcove/cms_catalog", "neo", NOW, "HTTP 503", run_id="r2")
    (problem,) = at_home.look()
    assert problem.key == "reading:brightcove:neo"
    assert problem.title == "Brightcove neo cannot be read"
    assert problem.why == "cms_catalog failed 2 times since 2026-06-15 05:00 UTC: HTTP 503"
    assert (problem.since, problem.run_id) == (NOW - HOUR, "r2")
    assert problem.mend == RUNBOOK["failing"].do
    at_home.journal.succeeded("brightcove/cms_catalog", "neo", NOW)
    assert at_home.look() == []


def test_a_permanent_failure_is_told_at_once(at_home: Home) -> None:
    at_home.journal.failed("brightcove/cms_catalog", "neo", NOW, REFUSED, permanent=True)
    (problem,) = at_home.look()
    assert (problem.waits, problem.mend) == (False, RUNBOOK["refused"].do)


def test_failed_days_and_years_are_told_with_their_spans(at_home: Home) -> None:
    first = YESTERDAY - 4 * DAY
    for day in (first, first + DAY, YESTERDAY):
        at_home.lake.fail(DAILY_ANALYTICS, day_key("1", day), f"neo {day}: no", permanent=True)
    at_home.lake.fail(VIEWING_HISTORY, f"{COURSE}/2024", "too slow", permanent=True)
    at_home.lake.fail(VIEWING_ACTIVITY, day_key(OTHER, YESTERDAY), "too slow")
    assert at_home.told() == {
        "reading:brightcove:neo": "2026-06-10 to 2026-06-11, 2026-06-14 failed: neo 2026-06-14: no",
        f"reading:panopto:{COURSE}": "2024 failed: too slow",
    }
    at_home.lake.fail(VIEWING_ACTIVITY, day_key(OTHER, YESTERDAY), "too slow")
    assert f"reading:panopto:{OTHER}" in at_home.told()


def test_all_that_is_wrong_with_an_account_is_one_problem(at_home: Home) -> None:
    at_home.journal.failed("brightcove/cms_catalog", "neo", NOW, REFUSED, permanent=True)
    at_home.journal.failed("brightcove/cms_files", "neo", NOW, "locked")
    at_home.lake.fail(DAILY_ANALYTICS, day_key("1", YESTERDAY), "no", permanent=True)
    at_home.hold("1", [YESTERDAY - 9 * DAY])
    told = at_home.told(NOW + 3 * DAY)
    assert set(told) >= {"reading:brightcove:neo"}
    for part in (
        "cms_catalog failed",
        "cms_files failed once",
        "2026-06-14 failed",
        "missing",
        "last read whole",
    ):
        assert part in told["reading:brightcove:neo"]


def test_accounts_refused_by_one_password_have_one_cause(at_home: Home) -> None:
    for name, number in (("neo", 1), ("impact", 2)):
        reason = (
            f"Brightcove {name} cms 2026-06-1{number} page {number}: HTTP 401; the credentials are refused"
        )
        at_home.journal.failed("brightcove/cms_catalog", name, NOW, reason, permanent=True)
    assert len({problem.cause for problem in at_home.look()}) == 1


def test_what_is_not_read_for_long_is_stale(at_home: Home) -> None:
    for hours, stale in ((36, False), (38, True)):
        at_home.journal.tick("alerts", NOW + (hours - 1) * HOUR)
        told = at_home.told(NOW + (hours - 1) * HOUR)
        assert len(told) == 4 * stale
    at_home.journal.succeeded("brightcove/daily_analytics", "neo", NOW + 37 * HOUR)
    why = at_home.told(NOW + 37 * HOUR)["reading:brightcove:neo"]
    assert why == "cms_catalog was last read whole 2026-06-15 05:00 UTC, expected within 36 hours"


def test_a_source_that_is_not_set_up_is_never_stale(home: Path) -> None:
    away = Home(home, environ={})
    away.journal.failed("brightcove/cms_catalog", "neo", NOW, REFUSED, permanent=True)
    assert away.look(NOW + 10 * DAY) == []


def test_a_course_just_added_has_time_to_be_filled(at_home: Home) -> None:
    new = "33333333-0000-4000-8000-000000000000"
    with (at_home.settings.home / "courses.csv").open("a", encoding="utf-8") as file:
        file.write(f"New,{new}\n")
    at_home.hold(new, [YESTERDAY - 50 * DAY])
    note_seen(at_home.settings, at_home.journal, NOW, [])
    at_home.journal.succeeded("panopto/course_sessions", new, NOW)
    assert at_home.look() == []
    later = NOW + 37 * HOUR
    at_home.read(later)
    at_home.journal.tick("alerts", later)
    why = at_home.told(later)[f"reading:panopto:{new}"]
    assert "viewing_activity was never read whole" in why
    assert "2026-04-26 to 2026-06-14 missing" in why


def test_what_is_no_longer_listed_is_nobodys_concern(at_home: Home) -> None:
    at_home.journal.failed("panopto/course_sessions", OTHER, NOW, "denied", permanent=True)
    at_home.journal.failed("brightcove/cms_catalog", "gone", NOW, "denied", permanent=True)
    assert set(at_home.told()) == {f"reading:panopto:{OTHER}"}
    courses = f"PanoptoFolderName,PanoptoFolderID\nLaw,{COURSE}\n"
    (at_home.settings.home / "courses.csv").write_text(courses, encoding="utf-8")
    assert at_home.look() == []


def test_a_broken_list_of_courses_keeps_the_courses_known(at_home: Home) -> None:
    at_home.journal.failed("panopto/course_sessions", OTHER, NOW, "denied", permanent=True)
    (at_home.settings.home / "courses.csv").write_text("nothing\n", encoding="utf-8")
    assert set(at_home.told()) == {f"reading:panopto:{OTHER}", "settings:courses.csv"}


def test_days_missing_beyond_patience_are_told(at_home: Home) -> None:
    days = days_until(YESTERDAY, 20)
    at_home.hold("1", days[:10] + days[12:-2])  # the last two, over for 30 hours at most, may be on their way
    assert at_home.told() == {"reading:brightcove:neo": "2026-06-05 to 2026-06-06 missing"}
    at_home.hold("1", days[10:])
    assert at_home.look() == []


def test_a_span_that_is_being_filled_is_not_missing(home: Path) -> None:
    fill = '[automation.backfills.old]\nfirst = "2026-01-01"\nlast = "2026-06-01"\naccounts = ["neo"]\n'
    filling = Home(home, fill)
    for owner in ("1", "2"):
        filling.hold(owner, [dt.date(2026, 1, 5), *days_until(YESTERDAY, 13)])
    assert set(filling.told()) == {"reading:brightcove:impact"}


def test_checks_that_do_not_pass(at_home: Home) -> None:
    findings = [
        Finding("keys_unique", "neo", ok=False, says="12 keys are there twice"),
        Finding("sums_agree", "neo", ok=True, says="all agree"),
        Finding("days_present", "neo", ok=False, says="2 days missing"),
    ]
    (problem,) = at_home.look(findings=findings)
    assert (problem.key, problem.why) == ("quality:keys_unique:neo", "12 keys are there twice")


@pytest.mark.parametrize("subject", ["reports", "reports/cms"])
def test_a_delivery_that_fails(at_home: Home, subject: str) -> None:
    at_home.journal.failed("delivery/shares", subject, NOW, "No such folder")
    assert at_home.told() == {}
    at_home.journal.failed("delivery/shares", subject, NOW, "No such folder")
    assert set(at_home.told()) == {f"delivery:{subject}"}


def test_where_a_share_is_away_its_routes_are_not_told(at_home: Home) -> None:
    for subject in ("reports", "reports/cms", "daily/all"):
        at_home.journal.failed("delivery/shares", subject, NOW, "away", permanent=True)
    assert set(at_home.told()) == {"delivery:reports", "delivery:daily/all"}
    assert at_home.waiting() == {"delivery:reports/cms"}  # not over, if it was told of before


def test_a_delivery_that_waits_too_long_unless_its_source_is_ill(at_home: Home) -> None:
    why = "brightcove/cms_files of neo: last succeeded at 2026-06-12 03:00 UTC, which is too long ago"
    at_home.journal.failed("delivery/blocked", "reports/cms", NOW - 5 * HOUR, why)
    assert at_home.told() == {}
    at_home.journal.tick("alerts", NOW + 2 * HOUR)
    assert at_home.told(NOW + 2 * HOUR) == {}  # its source is well again: it may be on its way
    at_home.journal.tick("alerts", NOW + 7 * HOUR)
    assert set(at_home.told(NOW + 7 * HOUR)) == {"delivery:reports/cms"}
    at_home.journal.failed("brightcove/cms_catalog", "neo", NOW, REFUSED, permanent=True)
    assert set(at_home.told(NOW + 7 * HOUR)) == {"reading:brightcove:neo"}


def test_runs_files_and_channels(at_home: Home) -> None:
    for asset, subject in (("run", "nightly"), ("brightcove/multi_year", "gwm"), ("alerts/slack", "all")):
        for _ in range(2):
            at_home.journal.failed(asset, subject, NOW, "it broke")
    assert set(at_home.told()) == {"run:nightly", "making:brightcove/multi_year:gwm", "channel:slack"}


DUE = NOW - 2 * HOUR


@pytest.mark.parametrize(
    ("ticked", "now", "told"),
    [
        (DUE - DAY, NOW, True),
        (None, NOW, True),
        (DUE, NOW, False),
        (DUE + HOUR, NOW, False),
        (DUE - DAY, DUE + dt.timedelta(minutes=20), False),
    ],
)
def test_a_schedule_that_did_not_tick(
    at_home: Home, ticked: dt.datetime | None, now: dt.datetime, *, told: bool
) -> None:
    if ticked:
        at_home.journal.tick("nightly", ticked)
    at_home.journal.tick("alerts", now)
    assert ("schedule:nightly" in at_home.told(now, expected={"nightly": DUE})) is told


def test_a_schedule_is_not_expected_before_it_was_known(at_home: Home) -> None:
    assert at_home.told(expected={"new": DUE}) == {}


def test_after_a_pause_of_the_daemon_what_is_late_may_catch_up(at_home: Home) -> None:
    later = NOW + 3 * DAY
    expected = {"nightly": later - HOUR}
    assert at_home.told(later, expected=expected) == {}
    assert len(at_home.waiting(later, expected=expected)) == 5  # four are stale, one did not tick
    for minutes in (0, 1, 40):
        beat(at_home.journal, later + dt.timedelta(minutes=minutes))
        now = later + dt.timedelta(minutes=minutes + 1)
        assert set(at_home.told(now, expected=expected)) == ({"schedule:nightly"} if minutes == 40 else set())
    for hours in (1, 2, 3, 4, 5, 6):
        beat(at_home.journal, later + hours * HOUR)
    assert len(at_home.told(later + 6.1 * HOUR, expected={})) == 4


def test_from_outside_a_silent_daemon_is_told_and_what_follows_from_it_is_not(at_home: Home) -> None:
    assert at_home.look(inside=False) == []
    later = NOW + 3 * DAY
    assert set(at_home.told(later, inside=False)) == {"daemon:alerts"}
    assert len(at_home.waiting(later, inside=False)) == 4


def test_a_disk_that_is_nearly_full(at_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, told, waiting in ((0.9e9, True, False), (1.2e9, False, True), (2e9, False, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=int(free)))
        assert ("disk:home" in at_home.told(), "disk:home" in at_home.waiting()) == (told, waiting)


def test_reasons_are_bounded_lines_without_control_characters(at_home: Home) -> None:
    nasty = "a\r\nBcc: x\x00\x1b[31m\u202e" + "long " * 10_000
    at_home.journal.failed("brightcove/cms_catalog", "neo", NOW, nasty, permanent=True)
    (problem,) = at_home.look()
    assert len(problem.why) < 1600
    assert problem.why.isprintable()
    assert clean("  two \n lines\t") == "two lines"
    assert cause_of("neo 2026-06-01..07, 12 of 1,000 failed", ["neo"]) == "* *..#, # of # failed"
