"""Folders that must be writable, room on disks, shares."""

import errno
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from video_analytics.settings import Delivery, Settings, Share
from video_analytics.upkeep.places import GB, folders, room, writable
from video_analytics.upkeep.shares import shares
from video_analytics_tests.failing import failing_call


class Usage(NamedTuple):
    """What `shutil.disk_usage` tells."""

    total: int
    used: int
    free: int


def test_a_home_is_told_to_be_fine_and_left_as_it_was(home: Path) -> None:
    said = list(folders(Settings(home=home)))
    assert [each.probe for each in said] == ["home", "home writable", "free disk (home)"]
    assert {each.verdict for each in said[:2]} == {"ok"}
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("refused", [1, 2])
def test_a_folder_that_refuses_is_told(home: Path, refused: int) -> None:
    with failing_call(home, refused, errno.EACCES) as calls:
        said = writable("home writable", home)
    assert calls.fired
    assert (said.verdict, "Permission denied" in said.says) == ("FAILED", True)
    assert [path for path in home.iterdir() if path.suffix != ".tmp"] == []


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert writable("home writable", tmp_path / "file").verdict == "FAILED"


@pytest.mark.parametrize(("free", "verdict"), [(6 * GB, "ok"), (4 * GB, "note"), (GB - 1, "FAILED")])
def test_room_is_judged(monkeypatch: pytest.MonkeyPatch, home: Path, free: int, verdict: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GB, 100 * GB - free, free))
    said = room("free disk", home / "not" / "there yet")
    assert said.verdict == verdict
    assert f"of {100.0:,.1f} GB" in said.says


def test_each_share_is_tried_as_a_delivery_would(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    delivery = Delivery(
        shares=(
            Share(name="there", root=str(there)),
            Share(name="gone", root=str(tmp_path / "gone")),
            Share(name="store", root="memory://bucket/prefix"),
            Share(name="odd", root="s3://bucket", secrets={"secret": SecretStr("do-not-show")}),
        )
    )
    said = list(shares(delivery))
    assert [each.verdict for each in said[:3]] == ["ok", "FAILED", "note"]
    assert "connect it" in said[1].says
    assert "do-not-show" not in "".join(each.says for each in said)
    assert list(there.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="folders have no modes there")
def test_a_share_that_may_only_be_read_is_told(tmp_path: Path) -> None:
    with failing_call(tmp_path, 2, errno.EROFS) as calls:
        said = list(shares(Delivery(shares=(Share(name="there", root=str(tmp_path)),))))
    assert calls.fired
    assert said[0].verdict == "FAILED"
    assert "may only be read" in said[0].says
