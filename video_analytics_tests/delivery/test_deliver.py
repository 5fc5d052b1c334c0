"""All files to all shares: once, whole, with patience, and nobody waits for anybody else."""

import builtins
import csv
import datetime as dt
import errno
import hashlib
import io
import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from video_analytics.delivery.deliver import MOST_ROUNDS, pending
from video_analytics.delivery.receipts import COLUMNS, newest_receipts, receipts_path
from video_analytics.delivery.routes import Item
from video_analytics.errors import DeliveryError, LakeError, ShareAway
from video_analytics.settings import Route, Settings
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.delivery.world import (
    NOW,
    delivered,
    entries,
    export,
    export_cms,
    files_below,
    home_with,
)
from video_analytics_tests.failing import Leaky

NEO, IMPACT = "NEO--IB/2026_06/neo_cms.csv", "Impact--GWM/2026_06/impact_cms.csv"
MYWAY = "MyWay--GWM/2026_06/myway_cms.csv"
NEO_CSV = "brightcove/cms/neo_cms.csv"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three accounts with a file each, and the share "reports"."""
    found = home_with(tmp_path / "home", "reports")
    export_cms(found)
    return found


@pytest.fixture
def share(settings: Settings) -> Path:
    return settings.home.parent / "reports"


@pytest.fixture(autouse=True)
def _on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ANALYTICS_NOW", NOW.isoformat())


def receipts(settings: Settings) -> list[dict[str, str]]:
    text = receipts_path(settings.exports).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


# --- what is delivered ------------------------------------------------------------------------------------


def test_every_file_arrives_with_a_receipt(settings: Settings, share: Path) -> None:
    report = delivered(settings)
    assert report.ok
    assert files_below(share) == {NEO: b"neo old\n", IMPACT: b"impact old\n", MYWAY: b"myway old\n"}
    told = receipts(settings)
    assert [row["destination"] for row in told] == [IMPACT, MYWAY, NEO]
    assert told[2] == {
        "delivered_at": "2026-06-15T06:00:00+00:00",
        "route": "neo",
        "business_unit": "IB",
        "account": "neo",
        "source": NEO_CSV,
        "share": "reports",
        "destination": NEO,
        "bytes": "8",
        "sha256": hashlib.sha256(b"neo old\n").hexdigest(),
    }
    assert tuple(told[0]) == COLUMNS
    assert [receipt.destination for receipt in report.copied] == [IMPACT, MYWAY, NEO]


def test_the_same_content_is_not_written_again_nor_receipted(settings: Settings, share: Path) -> None:
    delivered(settings)
    before, told = snapshot(share), receipts_path(settings.exports).stat()
    assert pending(settings) == []
    for at in range(2):
        export_cms(settings)  # the same again, as new files
        report = delivered(settings, at=NOW + dt.timedelta(hours=at))
        assert (len(report.copied), len(report.unchanged)) == (0, 3)
    assert snapshot(share) == before
    assert receipts_path(settings.exports).stat() == told


def test_without_its_index_everything_is_read_back_and_nothing_written(
    settings: Settings, share: Path
) -> None:
    delivered(settings)
    before, told = snapshot(share), receipts(settings)
    (settings.state / "delivery.json").write_text('{"notes": 3')
    assert len(pending(settings)) == 3
    assert len(delivered(settings).unchanged) == 3
    assert snapshot(share) == before
    assert receipts(settings) == told
    assert pending(settings) == []


def test_what_changed_is_pending_and_replaced_and_nothing_else(settings: Settings, share: Path) -> None:
    delivered(settings)
    before = snapshot(share)
    export(settings, NEO_CSV, b"neo new\n")  # of the same size
    assert [item.route for item in pending(settings)] == ["neo"]
    assert len(delivered(settings).copied) == 1
    after = snapshot(share)
    assert after[NEO][0] == b"neo new\n"
    assert {name: held for name, held in after.items() if name != NEO} == {
        name: held for name, held in before.items() if name != NEO
    }


@pytest.mark.parametrize("content", [b"neo OLD\n", b"longer than before", b"", None])
def test_a_copy_that_somebody_touched_is_put_right(
    settings: Settings, share: Path, content: bytes | None
) -> None:
    delivered(settings)
    if content is None:
        shutil.rmtree((share / NEO).parent)
    else:
        (share / NEO).write_bytes(content)
        os.utime(share / NEO, ns=(5, 5))
    assert len(delivered(settings).copied) == 1
    assert files_below(share)[NEO] == b"neo old\n"


def test_a_receipt_that_a_killed_run_did_not_write_is_made_good_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("video_analytics.delivery.deliver.add_receipts", interrupt)
        with pytest.raises(KeyboardInterrupt):
            delivered(settings)
    assert not receipts_path(settings.exports).exists()
    for _ in range(2):
        assert delivered(settings).copied == []
        assert [row["destination"] for row in receipts(settings)] == [IMPACT, MYWAY, NEO]


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


# --- a share that is away ---------------------------------------------------------------------------------


def test_a_share_is_away_and_comes_back_and_the_others_do_not_wait(tmp_path: Path) -> None:
    daily = Route(name="d", source="brightcove/daily/*", share="other", folder="f", business_unit="Reporting")
    settings = home_with(tmp_path / "home", "reports", "other", routes=[daily])
    export_cms(settings)
    export(settings, "brightcove/daily/a.csv")
    (tmp_path / "reports").rename(tmp_path / "unplugged")
    slept: list[float] = []
    for attempts in (1, 2):
        report = delivered(settings, sleep=slept.append)
        assert list(report.reasons) == ["reports"]
        assert "its folder is not there; connect it" in report.reasons["reports"]
        assert len(report.waiting) == 3
        away = entries(settings)["reports"]
        assert (away.attempts, away.permanent) == (attempts, False)
        assert not entries(settings)["other"].failing
    assert slept == [5, 10, 20] * 2  # for all three files together
    assert not (tmp_path / "reports").exists()  # a mount point is never filled
    assert files_below(tmp_path / "other") == {"f/a.csv": b"old\n"}
    assert [item.share for item in pending(settings)] == ["reports"] * 3
    (tmp_path / "unplugged").rename(tmp_path / "reports")
    assert delivered(settings).ok
    assert not any(entry.failing for entry in entries(settings).values())
    assert len(files_below(tmp_path / "reports")) == 3


def test_no_pause_is_long_however_many_attempts_are_set(settings: Settings, share: Path) -> None:
    delivery = settings.delivery.model_copy(update={"attempts": 20})
    share.rename(share.with_name("unplugged"))
    slept: list[float] = []
    delivered(settings.model_copy(update={"delivery": delivery}), sleep=slept.append)
    assert slept == [5, 10, 20, 40, *[60] * 15]


def test_a_share_that_comes_back_while_we_are_patient_is_served_in_the_same_run(
    settings: Settings, share: Path
) -> None:
    unplugged = share.rename(share.with_name("unplugged"))
    report = delivered(settings, sleep=lambda _: plug_in(unplugged, share))
    assert report.ok
    assert len(report.copied) == 3


def plug_in(unplugged: Path, share: Path) -> None:
    unplugged.rename(share)


def test_a_folder_where_something_was_mounted_is_not_filled_without_it(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("os.path.ismount", lambda path: path == share)
        assert delivered(settings).ok
    shutil.rmtree(share)
    share.mkdir()  # the mount point, with nothing on it
    export_cms(settings, b"new\n")
    assert "to be mounted as it was" in delivered(settings).reasons["reports"]
    assert list(share.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "it is full; make room"),
        (errno.EDQUOT, "it is full"),
        (errno.EROFS, "it may only be read"),
        (errno.EIO, "cannot be reached"),
        (errno.ESTALE, "cannot be reached"),
        (errno.ENOTCONN, "cannot be reached"),
        (errno.EHOSTDOWN, "cannot be reached"),
    ],
)
def test_a_full_read_only_or_broken_share_costs_one_patience_and_keeps_the_old_files(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    delivered(settings)
    before, slept = files_below(share), list[float]()
    export_cms(settings, b"new\n")
    with monkeypatch.context() as patch:
        break_writing(patch, share, number)
        report = delivered(settings, sleep=slept.append)
    assert said in report.reasons["reports"]
    assert all(isinstance(error, ShareAway) for error in report.waiting.values())
    assert len(report.waiting) == 3
    assert slept == [5, 10, 20]
    assert files_below(share) == before  # no half file, no temporary one
    assert delivered(settings).ok
    assert files_below(share)[NEO] == b"neo new\n"


def break_writing(patch: pytest.MonkeyPatch, folder: Path, number: int) -> None:
    """Every write below a folder puts half of its bytes down and fails."""
    real = io.open

    class Refusing:
        def note(self, name: str, about: object) -> None:
            if name == "write":
                raise OSError(number, os.strerror(number), str(about))

    def opened(path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        file = real(path, mode, *args, **options)
        ours = str(path).startswith(str(folder)) and "r" not in mode
        return Leaky(file, Refusing()) if ours else file  # type: ignore[arg-type]

    patch.setattr(io, "open", opened)
    patch.setattr(builtins, "open", opened)


def test_a_share_that_is_lost_again_and_again_gets_everything_in_the_end(tmp_path: Path) -> None:
    routes = [Route(name="d", source="brightcove/daily/*", share="s", folder="f", business_unit="R")]
    settings = home_with(tmp_path / "home", "s", routes=routes)
    for number in range(30):
        export(settings, f"brightcove/daily/{number:02}.csv", b"%d" % number)
    calls, real = itertools.count(1), os.replace

    def flaky(source: Any, target: Any) -> None:
        if str(target).startswith(str(tmp_path / "s")) and next(calls) % 4 == 0:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        real(source, target)

    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", flaky)
        report = delivered(settings, sleep=slept.append)
    assert report.ok
    assert len(report.copied) == 30
    assert set(slept) == {5}  # patience begins anew with each success
    assert len(slept) < MOST_ROUNDS


def test_one_file_that_breaks_the_share_does_not_keep_the_others_from_it(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def refuse(source: Any, target: Any) -> None:
        if str(target).endswith("impact_cms.csv"):
            raise OSError(errno.EIO, "bad block")
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    report = delivered(settings)
    assert not report.ok
    assert set(files_below(share)) == {NEO, MYWAY}


# --- a file that is locked --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY])
def test_a_file_that_excel_holds_waits_and_the_others_do_not(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    delivered(settings)
    export_cms(settings, b"new\n")
    real, slept = os.replace, list[float]()

    def locked(source: Any, target: Any) -> None:
        if Path(target) == share / NEO:
            raise OSError(number, os.strerror(number), str(target))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", locked)
        report = delivered(settings, sleep=slept.append)
    assert list(report.reasons) == ["reports/neo"]
    assert "someone holds it open" in report.reasons["reports/neo"]
    assert slept == [5, 10, 20]
    assert files_below(share) == {NEO: b"neo old\n", IMPACT: b"impact new\n", MYWAY: b"myway new\n"}
    noted = entries(settings)
    assert noted["reports/neo"].attempts == 1
    assert not noted["reports"].failing
    assert not noted["reports/impact"].failing
    assert delivered(settings).ok
    assert files_below(share)[NEO] == b"neo new\n"
    assert not entries(settings)["reports/neo"].failing


def test_a_folder_that_may_not_be_written_is_told_apart_from_a_locked_file(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_writing(monkeypatch, share, errno.EACCES)
    report = delivered(settings)
    assert list(report.reasons) == ["reports/impact", "reports/myway", "reports/neo"]
    assert all("the platform may not write there" in reason for reason in report.reasons.values())
    assert files_below(share) == {}


def test_a_file_that_is_freed_meanwhile_is_delivered_in_the_same_run(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, free = os.replace, list[float]()

    def locked(source: Any, target: Any) -> None:
        if Path(target) == share / NEO and not free:
            raise PermissionError(errno.EACCES, "locked")
        real(source, target)

    monkeypatch.setattr(os, "replace", locked)
    report = delivered(settings, sleep=free.append)
    assert report.ok
    assert free == [5]
    assert not any(entry.failing for entry in entries(settings).values())


def test_a_folder_in_the_place_of_a_file_is_told_of(settings: Settings, share: Path) -> None:
    (share / NEO).mkdir(parents=True)
    report = delivered(settings)
    assert list(report.reasons) == ["reports/neo"]
    assert set(files_below(share)) == {IMPACT, MYWAY}


def test_a_link_that_leads_out_of_the_share_is_not_followed(settings: Settings, share: Path) -> None:
    elsewhere = share.parent / "elsewhere"
    elsewhere.mkdir()
    (share / "NEO--IB").symlink_to(elsewhere)
    report = delivered(settings)
    assert "a link that leads out of it" in report.reasons["reports/neo"]
    assert files_below(elsewhere) == {}
    assert set(files_below(share)) == {IMPACT, MYWAY}


def test_a_source_that_is_gone_or_unreadable_keeps_nobody_waiting(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def vanish(self: Path, *args: Any, **options: Any) -> Any:
        if self.name == "neo_cms.csv" and "exports" in self.parts:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", vanish)
    report = delivered(settings)
    assert "expected a file that can be read" in report.reasons["reports/neo"]
    assert set(files_below(share)) == {IMPACT, MYWAY}


def test_what_is_read_back_wrong_never_gets_the_final_name(
    settings: Settings, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(settings)
    before = files_below(share)
    export_cms(settings, b"new\n")
    real = io.open

    def damaged(path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if mode == "rb" and ".va-" in str(path):
            return io.BytesIO(b"neo NEW\n")
        return real(path, mode, *args, **options)

    monkeypatch.setattr(io, "open", damaged)
    report = delivered(settings)
    assert {str(type(error).__name__) for error in report.waiting.values()} == {"DeliveryError"}
    assert "read back" in report.reasons["reports/neo"]
    assert files_below(share) == before


# --- the gate and the journal -----------------------------------------------------------------------------


def test_what_the_gate_holds_back_waits_without_a_failure_and_is_told_of(
    settings: Settings, share: Path
) -> None:
    def gate(item: Item) -> str | None:
        return "neo: yesterday is missing" if item.account == "neo" else None

    for attempts in (1, 2):
        report = delivered(settings, gate, at=NOW + dt.timedelta(hours=attempts))
        assert report.ok
        assert {item.route: why for item, why in report.blocked.items()} == {
            "neo": "neo: yesterday is missing"
        }
        blocked = entries(settings, "delivery/blocked")["neo"]
        assert (blocked.attempts, blocked.failed_since) == (attempts, NOW + dt.timedelta(hours=1))
    assert set(files_below(share)) == {IMPACT, MYWAY}
    assert "reports/neo" not in entries(settings)
    assert delivered(settings).ok
    assert entries(settings, "delivery/blocked") == {}
    assert files_below(share)[NEO] == b"neo old\n"


def test_what_was_delivered_once_is_not_judged_again_and_put_back_where_it_was_lost(
    settings: Settings, share: Path
) -> None:
    delivered(settings)
    (share / NEO).unlink()
    report = delivered(settings, lambda _: "no")
    assert report.blocked == {}
    assert files_below(share)[NEO] == b"neo old\n"


def test_what_cannot_be_judged_is_not_delivered(settings: Settings, share: Path) -> None:
    def gate(_: Item) -> str | None:
        raise LakeError("damaged")

    assert set(delivered(settings, gate).blocked.values()) == {"damaged"}
    assert files_below(share) == {}


def test_shares_and_routes_that_are_no_more_are_forgotten(settings: Settings, share: Path) -> None:
    share.rename(share.with_name("gone"))
    delivered(settings)
    assert entries(settings)["reports"].failing
    again = home_with(settings.home, "other", built_in=False)
    delivered(again)
    assert entries(again) == {}


def test_a_bad_name_is_told_of_beside_what_is_delivered(tmp_path: Path) -> None:
    routes = [Route(name="d", source="brightcove/daily/*", share="s", folder="f", business_unit="R")]
    settings = home_with(tmp_path / "home", "s", routes=routes)
    export(settings, "brightcove/daily/a:b.csv")
    export(settings, "brightcove/daily/good.csv")
    report = delivered(settings)
    assert list(report.reasons) == ["s/d"]
    assert isinstance(report.refused["s/d"], DeliveryError)
    noted = entries(settings)["s/d"]
    assert noted.failing
    assert noted.permanent
    assert files_below(tmp_path / "s") == {"f/good.csv": b"old\n"}


def test_receipts_are_cells_and_never_formulas(tmp_path: Path) -> None:
    routes = [Route(name="d", source="brightcove/daily/*", share="s", folder="=x", business_unit="+R")]
    settings = home_with(tmp_path / "home", "s", routes=routes)
    export(settings, "brightcove/daily/a,'b.csv")
    delivered(settings)
    delivered(settings)
    (row,) = receipts(settings)
    assert (row["business_unit"], row["destination"]) == ("'+R", "'=x/a,'b.csv")
    (place,) = newest_receipts(receipts_path(settings.exports))
    assert place == ("s", "=x/a,'b.csv")


def test_receipts_survive_an_editor_and_only_their_end_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(settings)
    path = receipts_path(settings.exports)
    path.write_bytes(path.read_bytes().rstrip())
    export(settings, NEO_CSV, b"neo new\n")
    delivered(settings)
    assert len(receipts(settings)) == 4
    assert len(newest_receipts(path)) == 3
    monkeypatch.setattr("video_analytics.delivery.receipts.MOST_BYTES", 300)
    assert list(newest_receipts(path)) == [("reports", NEO)]
