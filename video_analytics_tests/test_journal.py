import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from video_analytics.clock import VARIABLE
from video_analytics.errors import Refused, Unavailable, VideoAnalyticsError
from video_analytics.journal import Entry, Journal, Noting
from video_analytics.watch import Watch

MONDAY = dt.datetime(2026, 6, 15, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def test_what_was_never_tried_has_no_entry(journal: Journal) -> None:
    assert journal.entry("brightcove/cms_catalog", "internet") is None
    assert list(journal.entries()) == []
    assert journal.last_tick("brightcove_nightly") is None


def test_failures_are_counted_until_a_success(journal: Journal) -> None:
    asset, subject = "brightcove/cms_catalog", "internet"
    journal.succeeded(asset, subject, MONDAY, "run 1")
    journal.failed(asset, subject, MONDAY + HOUR, "timed out", run_id="run 2")
    journal.failed(asset, subject, MONDAY + 2 * HOUR, "refused", permanent=True, run_id="run 3")
    assert journal.entry(asset, subject) == Entry(
        asset,
        subject,
        succeeded_at=MONDAY,
        failed_since=MONDAY + HOUR,
        failed_at=MONDAY + 2 * HOUR,
        attempts=2,
        permanent=True,
        reason="refused",
        run_id="run 3",
    )
    journal.succeeded(asset, subject, MONDAY + 3 * HOUR, "run 4")
    entry = journal.entry(asset, subject)
    assert entry == Entry(asset, subject, succeeded_at=MONDAY + 3 * HOUR, run_id="run 4")
    assert not entry.failing


@pytest.mark.parametrize("subject", ["a/b", "..", "share/route one", "Ünïcode", "x" * 80, "con", "a.b%2F"])
def test_a_subject_of_any_name_stays_inside_and_comes_back(journal: Journal, subject: str) -> None:
    journal.failed("delivery/shares", subject, MONDAY, "away")
    (entry,) = journal.entries()
    assert (entry.asset, entry.subject, entry.failing) == ("delivery/shares", subject, True)
    assert all(path.is_relative_to(journal.root) for path in journal.root.rglob("*"))
    journal.forget("delivery/shares", subject)
    assert list(journal.entries()) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"asset": 1}', b"\xff\x00"])
def test_a_damaged_entry_is_mended_by_the_next_attempt(journal: Journal, damage: bytes) -> None:
    journal.succeeded("panopto/course_files", "id", MONDAY)
    journal.tick("alerts", MONDAY)
    for path in journal.root.rglob("*.json"):
        path.write_bytes(damage)
    assert list(journal.entries()) == []
    assert journal.last_tick("alerts") is None
    journal.failed("panopto/course_files", "id", MONDAY, "why")
    journal.tick("alerts", MONDAY)
    assert [entry.reason for entry in journal.entries()] == ["why"]
    assert journal.last_tick("alerts") == MONDAY


class Seen(Watch):
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def done(self, asset: str, partition: str, facts: Any) -> None:  # noqa: ARG002 - the watch has it
        self.told.append((asset, partition))

    def failed(self, asset: str, partition: str, error: VideoAnalyticsError) -> None:
        self.told.append((asset, f"{partition}: {error}"))


def test_a_run_notes_its_subjects_and_the_watch_hears_everything(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, MONDAY.isoformat())
    seen = Seen()
    noting = Noting(seen, journal, "brightcove", "run 7", whole=("inbox",))
    noting.done("daily_analytics", "neo|2026-06-13", {})
    noting.done("daily_analytics", "neo|2026-06-14", {})
    noting.failed("daily_analytics", "neo|2026-06-12", Unavailable("later"))
    noting.failed("cms_catalog", "neo", Refused("no"))
    noting.failed("inbox", "a file.csv", Unavailable("cut off"))
    assert len(seen.told) == 5
    held = {(entry.asset, entry.subject): entry for entry in journal.entries()}
    assert {key: entry.failing for key, entry in held.items()} == {
        ("brightcove/daily_analytics", "neo"): False,
        ("brightcove/cms_catalog", "neo"): True,
        ("brightcove/inbox", "all"): True,
    }
    assert held["brightcove/cms_catalog", "neo"].permanent
    assert not held["brightcove/inbox", "all"].permanent
    assert held["brightcove/cms_catalog", "neo"].run_id == "run 7"
