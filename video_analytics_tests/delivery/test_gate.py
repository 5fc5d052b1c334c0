"""What was made from stale, failing or unsound sources is held back, and says why."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest

from video_analytics.delivery.gate import gate, why_not
from video_analytics.delivery.routes import Item
from video_analytics.errors import LakeError
from video_analytics.journal import Journal
from video_analytics.quality import Finding
from video_analytics.settings import Settings
from video_analytics_tests.delivery.world import NOW, home_with

ID, OTHER = "1a2b3c4d-0000-1111-2222-0123456789ab", "2b2b3c4d-0000-1111-2222-0123456789ab"
NEO, DAILY = "brightcove/cms/neo_cms.csv", "brightcove/daily/2026/daily_analytics_2026_gwm.parquet"
CHUNKS, TABLEAU = (
    f"panopto/output[CHUNKED]/Sales[{ID}]/chunked_data.csv",
    "panopto/output[CHUNKED]/tableau/x.csv",
)
VIDEOS, CHANNELS = f"pages/courses/{ID}-videos.html", "pages/channels.html"
HOUR = dt.timedelta(hours=1)

# file, what answers for it
ANSWERING = [
    (NEO, [("brightcove/cms_catalog", "neo"), ("brightcove/cms_files", "neo")]),
    (
        "brightcove/cms/neo_cms_metadata.json",
        [("brightcove/cms_catalog", "neo"), ("brightcove/cms_files", "neo")],
    ),
    (
        "brightcove/lifecycle/2026-06/neo_cms.xlsx",
        [("brightcove/cms_catalog", "neo"), ("brightcove/cms_files", "neo")],
    ),
    (
        "brightcove/reporting/neo_cms_cache_2025_2026.csv",
        [("brightcove/cms_catalog", "neo"), ("brightcove/reporting_files", "neo")],
    ),
    (
        DAILY,
        [
            ("brightcove/multi_year", "gwm"),
            ("brightcove/daily_analytics", "impact"),
            ("brightcove/daily_analytics", "myway"),
        ],
    ),
    (CHUNKS, [("panopto/course_files", ID)]),
    (f"panopto/database/Sales[{ID}]/viewing_activity.csv", [("panopto/course_files", ID)]),
    (TABLEAU, [("panopto/course_files", ID), ("panopto/course_files", OTHER)]),
    ("panopto/retention/summary.md", [("panopto/retention_files", "2026-06-01")]),
    ("panopto/session_usage.csv", [("panopto/retention_files", "2026-06-01")]),
    (f"pages/courses/{ID}.html", [("panopto/chunked_coverage", ID)]),
    (VIDEOS, [("panopto/chunked_coverage", ID)]),
    ("pages/storage.html", [("panopto/retention_files", "2026-06-01")]),
]
AGING = [each for each in ANSWERING if "retention" not in each[1][0][0]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = home_with(tmp_path / "home")
    (found.home / "courses.csv").write_text(f"PanoptoFolderName,PanoptoFolderID\nSales,{ID}\nOther,{OTHER}\n")
    return found


def well(vendor: str, subject: str) -> Sequence[Finding]:
    return [
        Finding("days_present", subject, ok=True, says=vendor),
        Finding("views_usual", subject, ok=False, says="unusual", blocking=False),
    ]


def item(settings: Settings, path: str) -> Item:
    target = PurePosixPath("f/x.csv")
    return Item("r", settings.exports / path, "s", PurePosixPath("f"), target, "IB", "", "")


def held_back(settings: Settings, path: str, judge: object = well) -> str | None:
    return why_not(settings, Journal(settings.state), item(settings, path), NOW, judge)  # type: ignore[arg-type]


def succeed(settings: Settings, answering: Sequence[tuple[str, str]], at: dt.datetime = NOW - HOUR) -> None:
    for asset, subject in answering:
        Journal(settings.state).succeeded(asset, subject, at)


@pytest.mark.parametrize(("path", "answering"), ANSWERING)
def test_a_file_is_delivered_when_all_that_answer_for_it_are_well(
    settings: Settings, path: str, answering: list[tuple[str, str]]
) -> None:
    for number in range(len(answering)):
        asset, _ = answering[number]
        why = held_back(settings, path)
        assert why is not None
        assert asset in why
        assert "expected it to have succeeded once" in why
        succeed(settings, answering[: number + 1])
    assert held_back(settings, path) is None


@pytest.mark.parametrize(("path", "answering"), ANSWERING)
def test_one_that_fails_holds_it_back(
    settings: Settings, path: str, answering: list[tuple[str, str]]
) -> None:
    for asset, subject in answering:
        succeed(settings, answering)
        Journal(settings.state).failed(asset, subject, NOW, "the vendor is away")
        why = held_back(settings, path)
        assert why == f"{asset} of {subject}: fails since 2026-06-15 06:00 UTC: the vendor is away"
        succeed(settings, [(asset, subject)])


@pytest.mark.parametrize(("path", "answering"), AGING)
def test_one_that_is_too_old_holds_it_back(
    settings: Settings, path: str, answering: list[tuple[str, str]]
) -> None:
    succeed(settings, answering, NOW - 48 * HOUR)
    assert held_back(settings, path) is None
    for asset, subject in answering:
        succeed(settings, [(asset, subject)], NOW - 49 * HOUR)
        why = held_back(settings, path)
        assert why == f"{asset} of {subject}: last succeeded at 2026-06-13 05:00 UTC, which is too long ago"
        succeed(settings, [(asset, subject)])


def test_the_files_of_a_report_date_do_not_age_and_the_newest_date_counts(settings: Settings) -> None:
    path = "panopto/retention/summary.md"
    succeed(settings, [("panopto/retention_files", "2026-05-25")], NOW - 900 * HOUR)
    assert held_back(settings, path) is None
    Journal(settings.state).failed("panopto/retention_files", "2026-05-01", NOW, "older")
    assert held_back(settings, path) is None
    Journal(settings.state).failed("panopto/retention_files", "2026-06-01", NOW, "newer")
    assert "2026-06-01" in str(held_back(settings, path))


@pytest.mark.parametrize(
    ("path", "judged"),
    [
        (NEO, [("brightcove", "neo")]),
        (DAILY, [("brightcove", "impact"), ("brightcove", "myway")]),
        (CHUNKS, [("panopto", ID)]),
        (TABLEAU, [("panopto", ID), ("panopto", OTHER)]),
        (VIDEOS, [("panopto", ID)]),
    ],
)
def test_a_blocking_finding_of_any_of_its_subjects_holds_it_back(
    settings: Settings, path: str, judged: list[tuple[str, str]]
) -> None:
    answering = next(each for file, each in ANSWERING if file == path)
    succeed(settings, answering)
    asked: list[tuple[str, str]] = []

    def judge(vendor: str, subject: str) -> Sequence[Finding]:
        asked.append((vendor, subject))
        bad = (vendor, subject) == judged[-1]
        return [Finding("sums_agree", subject, ok=not bad, says="expected 3 views, got 4")]

    assert held_back(settings, path, judge) == f"{judged[-1][1]}: expected 3 views, got 4"
    assert asked == judged


def test_the_page_of_all_accounts_waits_for_sound_data_and_not_for_missing_days(settings: Settings) -> None:
    account = settings.brightcove.accounts[-1].key
    Journal(settings.state).failed("brightcove/daily_analytics", account, NOW, "the vendor is away")
    assert held_back(settings, CHANNELS) is None

    def judge(_: str, subject: str) -> Sequence[Finding]:
        return [Finding("sums_agree", subject, ok=subject != account, says="expected 3 views, got 4")]

    assert held_back(settings, CHANNELS, judge) == f"{account}: expected 3 views, got 4"


@pytest.mark.parametrize(
    "path",
    [
        "pages/index.html",
        "pages/trust.html",
        "notes/x.csv",
        "brightcove/cms/unknown_cms.csv",
        "brightcove/other/neo_cms.csv",
        "panopto/database/x.csv",
    ],
)
def test_a_file_of_which_nothing_is_known_is_delivered(settings: Settings, path: str) -> None:
    assert held_back(settings, path) is None


def test_what_cannot_be_judged_is_held_back(settings: Settings) -> None:
    def judge(_: str, __: str) -> Sequence[Finding]:
        raise LakeError("a file is damaged")

    succeed(settings, ANSWERING[0][1])
    assert held_back(settings, NEO, judge) == "a file is damaged"
    (settings.home / "courses.csv").write_text("nonsense")
    assert "courses.csv" in str(held_back(settings, TABLEAU))


def test_the_gate_of_a_delivery_asks_the_lake(settings: Settings) -> None:
    allowed = gate(settings, NOW)
    assert "expected it to have succeeded once" in str(allowed(item(settings, NEO)))
    succeed(settings, [*ANSWERING[0][1], ("panopto/course_files", ID)])
    assert allowed(item(settings, NEO)) is None  # nothing in the lake, nothing to find
    assert allowed(item(settings, CHUNKS)) is None
