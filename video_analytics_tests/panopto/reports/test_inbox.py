"""Files that people drop: read once, kept, or refused with the reason beside them."""

import os
from pathlib import Path

import pytest

from video_analytics.lake import Lake
from video_analytics.panopto.reports.choosing import reports_held
from video_analytics.panopto.reports.inbox import REASON, Inbox, Taken, TurnedAway, read_inbox
from video_analytics.panopto.reports.tables import REPORT_FINDINGS, REPORT_ROWS
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.panopto.reports.report_files import (
    CREATED,
    TODAY,
    USAGE,
    ZONE,
    report_bytes,
    row,
    zipped,
)

GOOD = report_bytes(USAGE, [row(1), row(2)])


def drop(inbox: Inbox, name: str, data: bytes = GOOD) -> Path:
    """A file that has been lying in the inbox for a while."""
    inbox.waiting.mkdir(parents=True, exist_ok=True)
    path = inbox.waiting / name
    path.write_bytes(data)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


def read(inbox: Inbox, settled_seconds: float = 2.0) -> list[Taken | TurnedAway]:
    return list(read_inbox(Lake(inbox.home / "lake"), inbox, ZONE, TODAY, settled_seconds))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_report_under_any_name_is_read_and_kept(home: Path) -> None:
    inbox = Inbox(home)
    drop(inbox, "from the admin (final).csv")
    (taken,) = read(inbox)
    assert isinstance(taken, Taken)
    assert taken.facts["rows_read"] == 2
    assert taken.facts["kind"] == "session_usage"
    assert taken.facts["days_told"] is False
    assert (names(inbox.waiting), names(inbox.accepted)) == ([], ["from the admin (final).csv"])
    assert (inbox.accepted / "from the admin (final).csv").read_bytes() == GOOD
    held = Lake(home / "lake").read(REPORT_ROWS, taken.key)
    assert held is not None
    assert held.num_rows == 2


def test_what_is_no_report_is_refused_with_its_reason_and_stops_nobody(home: Path) -> None:
    inbox = Inbox(home)
    drop(inbox, "a.csv", b"one,two\r\n1,2\r\n")
    drop(inbox, "b.csv", GOOD[:-40])
    drop(inbox, "c.zip", zipped(("sessionusage_2021-06-01--2022-06-01.csv", GOOD)))
    first, second, third = read(inbox)
    assert isinstance(first, TurnedAway)
    assert "got 'one', 'two'" in first.reason
    assert isinstance(second, TurnedAway)
    assert "cut off or damaged" in second.reason
    assert isinstance(third, Taken)
    assert names(inbox.refused) == ["a.csv", f"a.csv{REASON}", "b.csv", f"b.csv{REASON}"]
    assert (inbox.refused / "b.csv").read_bytes() == GOOD[:-40]
    assert (inbox.refused / f"a.csv{REASON}").read_text("utf-8") == f"{first.reason}\n"
    assert names(inbox.waiting) == []


def test_two_files_of_one_name_are_both_kept(home: Path) -> None:
    inbox = Inbox(home)
    for number in (1, 2, 3):
        drop(inbox, "report.csv", report_bytes(USAGE, [row(number)]))
        drop(inbox, "rubbish.csv", b"%d" % number)
        read(inbox)
    assert names(inbox.accepted) == ["report (2).csv", "report (3).csv", "report.csv"]
    assert names(inbox.refused) == sorted(
        f"rubbish{number}.csv{end}" for number in ("", " (2)", " (3)") for end in ("", REASON)
    )
    assert len(reports_held(Lake(home / "lake"))) == 3


def test_the_same_report_again_changes_nothing_in_the_lake(home: Path) -> None:
    inbox = Inbox(home)
    drop(inbox, "report.csv")
    read(inbox)
    before = snapshot(home / "lake")
    drop(inbox, "report.csv")
    read(inbox)
    assert snapshot(home / "lake") == before
    assert names(inbox.accepted) == ["report (2).csv", "report.csv"]


def test_a_run_that_dies_before_the_move_reads_the_file_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(home)
    drop(inbox, "report.csv")
    with monkeypatch.context() as dying:
        dying.setattr(Path, "rename", lambda *_: pytest.fail("dies here"))
        with pytest.raises(pytest.fail.Exception, match="dies here"):
            read(inbox)
    assert names(inbox.waiting) == ["report.csv"]
    before = snapshot(home / "lake")
    (taken,) = read(inbox)
    assert isinstance(taken, Taken)
    assert snapshot(home / "lake") == before
    assert (names(inbox.waiting), names(inbox.accepted)) == ([], ["report.csv"])


def test_findings_lie_beside_the_rows(home: Path) -> None:
    inbox = Inbox(home)
    rows = [row(1), row(1), row(2, Session_Length="-3")]
    drop(inbox, "sessionscreatedoredited_2021-06-01--2022-06-01.csv", report_bytes(CREATED, rows))
    (taken,) = read(inbox)
    assert isinstance(taken, Taken)
    assert taken.facts["findings"] == {"duplicate": 1, "negative_length": 1}
    found = Lake(home / "lake").read(REPORT_FINDINGS, taken.key)
    assert found is not None
    assert found["reason"].to_pylist() == ["duplicate", "negative_length"]
    assert taken.key.startswith("sessions_created_or_edited/2021-06-01_2022-06-01_")


def test_downloads_that_are_not_finished_and_hidden_files_wait(home: Path) -> None:
    inbox = Inbox(home)
    for name in (".hidden.csv", "~$open.csv", "report.csv.crdownload", "report.part"):
        drop(inbox, name)
    (inbox.waiting / "folder.csv").mkdir()
    assert read(inbox) == []
    assert len(names(inbox.waiting)) == 5


def test_a_file_that_is_still_being_written_is_waited_for(home: Path) -> None:
    inbox = Inbox(home)
    path = drop(inbox, "report.csv", GOOD[:100])
    os.utime(path)
    seen: list[float] = []

    def copying(seconds: float) -> None:
        seen.append(seconds)
        if len(seen) == 1:
            path.write_bytes(GOOD)

    with pytest.MonkeyPatch.context() as slow:
        slow.setattr("video_analytics.panopto.reports.inbox.time.sleep", copying)
        (taken,) = read(inbox)
    assert isinstance(taken, Taken)
    assert len(seen) == 2  # once it had grown, once it had not


def test_no_inbox_is_an_empty_one(home: Path) -> None:
    assert read(Inbox(home)) == []
    assert not (home / "inbox").exists()
