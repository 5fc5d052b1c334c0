"""The kinds of shares: folders, stores, servers; what their errors mean, and what nobody may read in them."""

import builtins
import contextlib
import errno
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pytest
from pydantic import SecretStr

from video_analytics.delivery.folders import Folder
from video_analytics.delivery.remote import ObjectStore, RemoteFolder
from video_analytics.delivery.shares import open_share
from video_analytics.delivery.targets import Digest, Target
from video_analytics.errors import DeliveryError, ShareAway
from video_analytics.settings import Settings, Share
from video_analytics_tests.delivery.world import delivered, export_cms, home_with

AT = PurePosixPath("DN&Events--Shared/2026_06/Käse [1] x.csv")
OWN = "0a1b2c3d"
numbers = itertools.count()


@pytest.fixture
def memory() -> Iterator[str]:
    """A root of the store in memory, of nobody else."""
    root = f"memory://store{next(numbers)}/prefix"
    yield root
    with contextlib.suppress(FileNotFoundError):
        fsspec.filesystem("memory").rm(root.rpartition("/")[0], recursive=True)


@pytest.fixture(params=["folder", "renaming server", "object store"])
def target(request: pytest.FixtureRequest, tmp_path: Path, memory: str) -> Target:
    fsspec.filesystem("memory").pipe_file(f"{memory}/there", b"")
    if request.param == "folder":
        return Folder("s", OWN, tmp_path)
    if request.param == "renaming server":  # as SFTP's is: here one of local files
        return RemoteFolder("s", OWN, fsspec.filesystem("file"), str(tmp_path))
    return ObjectStore("s", OWN, fsspec.filesystem("memory"), memory.removeprefix("memory:/"))


def read(target: Target, at: PurePosixPath) -> bytes:
    with target.reading(at) as file:
        return file.read()


def test_a_file_is_put_replaced_and_read_back(target: Target) -> None:
    assert target.stat(AT) is None
    assert target.put(AT, [b"some", b"thing"]) == target.digest(AT)
    before = target.stat(AT)
    assert before is not None
    assert before.size == 9
    assert target.stat(AT) == before
    time.sleep(0.01)
    assert target.put(AT, [b"nine more"]).size == 9
    assert target.stat(AT) != before
    assert read(target, AT) == b"nine more"
    assert target.put(AT, []) == Digest(0, target.digest(AT).sha256)


def test_a_source_that_breaks_off_leaves_the_old_file(target: Target) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise DeliveryError("gone")

    target.put(AT, [b"old"])
    with pytest.raises(DeliveryError, match="gone"):
        target.put(AT, breaking())
    assert read(target, AT) == b"old"
    assert target.sweep([AT.parent]) == 0


def test_what_comes_back_changed_is_told_of(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "digest", lambda _: Digest(4, "0" * 64))
    with pytest.raises(DeliveryError, match="expected 3 bytes with SHA-256"):
        target.put(AT, [b"new"])


@pytest.mark.parametrize("kind", ["folder", "renaming server"])
def test_sweeping_takes_our_own_leftovers_and_others_when_they_are_old(tmp_path: Path, kind: str) -> None:
    system = fsspec.filesystem("file")
    share: Target = Folder("s", OWN, tmp_path)
    if kind != "folder":
        share = RemoteFolder("s", OWN, system, str(tmp_path))
    folder = tmp_path / "f"
    folder.mkdir()
    for name in (f".va-{OWN}-1.tmp", ".va-ffffffff-1.tmp", ".va-eeeeeeee-2.tmp", ".tmp", "x.tmp", "a.csv"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (0, 0))
    os.utime(folder / ".va-eeeeeeee-2.tmp")
    (folder / f".va-{OWN}-2.tmp").write_bytes(b"x")  # a moment ago
    assert share.sweep([PurePosixPath("f"), PurePosixPath("none")]) == 3
    assert {path.name for path in folder.iterdir()} == {".va-eeeeeeee-2.tmp", ".tmp", "x.tmp", "a.csv"}


def test_deliveries_to_a_store_by_its_address(tmp_path: Path, memory: str) -> None:
    settings = home_with(tmp_path / "home", f"reports={memory}")
    export_cms(settings)
    assert len(delivered(settings).copied) == 3
    assert len(delivered(settings).unchanged) == 3
    export_cms(settings, b"new\n")
    assert len(delivered(settings).copied) == 3
    assert fsspec.filesystem("memory").cat(f"{memory}/NEO--IB/2026_06/neo_cms.csv") == b"neo new\n"


# --- what cannot be opened --------------------------------------------------------------------------------


def opened(root: str, **secrets: str) -> Target:
    return open_share(Share(name="s", root=root, secrets={k: SecretStr(v) for k, v in secrets.items()}), OWN)


def test_a_root_that_is_not_there_is_away_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(ShareAway, match="its folder is not there"):
        opened(str(tmp_path / "none"))
    with pytest.raises(ShareAway, match="its folder is not there"):
        RemoteFolder("s", OWN, fsspec.filesystem("file"), str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_a_unc_path_is_for_windows() -> None:
    with pytest.raises(DeliveryError, match="mount it, or write smb://") as told:
        opened("\\\\server\\share")
    assert not isinstance(told.value, ShareAway)


@pytest.mark.parametrize(
    ("root", "mend"),
    [
        ("smb://server/share", r"video-analytics\[smb\]"),
        ("s3://bucket/x", r"video-analytics\[s3\]"),
        ("abfs://box/x", r"video-analytics\[azure\]"),
        ("sftp://server/x", r"video-analytics\[sftp\]"),
        ("gs://bucket/x", "install what fsspec needs for gs"),
    ],
)
def test_a_missing_package_is_named_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, root: str, mend: str
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.endswith("delivery.smb"):
            raise ImportError(name)
        return real(name, *args, **options)

    def no_package(*_: Any, **__: Any) -> Any:
        raise ImportError("Install something")

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("fsspec.core.url_to_fs", no_package)
    with pytest.raises(DeliveryError, match=mend):
        opened(root)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RuntimeError("token=canary-42"), ShareAway, r"cannot be reached \(RuntimeError\)"),
        (ConnectionRefusedError("canary-42"), ShareAway, "cannot be reached"),
        (ValueError("no canary-42"), DeliveryError, "correct its address and options"),
        (
            type("AuthenticationException", (Exception,), {})("canary-42"),
            DeliveryError,
            "password is refused",
        ),
    ],
)
def test_what_a_library_says_is_not_passed_on(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], said: str
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    with pytest.raises(kind, match=said) as told:
        opened("sftp://server/x", password="canary-42")
    assert told.value.__cause__ is None
    assert "canary" not in str(told.value)


def test_a_store_that_fails_in_its_own_way_is_away(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    share = opened(memory)

    def refuse(*_: Any, **__: Any) -> Any:
        raise LookupError("canary-42")

    def no_bucket(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError("canary-42")

    monkeypatch.setattr(share, "_send", no_bucket)
    with pytest.raises(ShareAway, match="its folder is not there"), share.telling(AT):
        share.put(AT, [b"x"])
    monkeypatch.setattr(share, "_send", refuse)
    with pytest.raises(ShareAway, match="it answers with LookupError") as told, share.telling(AT):
        share.put(AT, [b"x"])
    assert "canary" not in str(told.value)


# --- what errors mean -------------------------------------------------------------------------------------


def windows(winerror: int, number: int = errno.EINVAL) -> OSError:
    error = OSError(number, os.strerror(number))
    error.winerror = winerror  # type: ignore[attr-defined,unused-ignore]
    return error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (windows(64), ShareAway, "cannot be reached"),
        (windows(53, errno.ENOENT), ShareAway, "cannot be reached"),
        (windows(112, errno.ENOSPC), ShareAway, "full"),
        (windows(19, errno.EACCES), ShareAway, "may only be read"),
        (windows(32, errno.EACCES), DeliveryError, "may not write there"),
        (OSError(errno.ENAMETOOLONG, "x"), DeliveryError, "File name too long"),
        (FileNotFoundError(errno.ENOENT, "x"), DeliveryError, "No such file"),
        (TimeoutError(), ShareAway, "TimeoutError"),
    ],
)
def test_what_an_error_means(tmp_path: Path, error: OSError, kind: type[Exception], said: str) -> None:
    told = Folder("s", OWN, tmp_path).problem(AT, error)
    assert type(told) is kind
    assert said in str(told)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (0xC0000043, DeliveryError, "may not write there"),  # sharing violation
        (0xC0000022, DeliveryError, "may not write there"),  # access denied
        (0xC000007F, ShareAway, "full"),
        (0xC00000A2, ShareAway, "may only be read"),
        (0xC00000C9, ShareAway, "cannot be reached"),  # network name deleted
        (0xC0000234, DeliveryError, "user or password is refused"),  # locked out
    ],
)
def test_what_windows_says_by_smb(status: int, kind: type[Exception], said: str) -> None:
    smb = pytest.importorskip("video_analytics.delivery.smb")
    error = pytest.importorskip("smbprotocol.exceptions").SMBOSError(status, "canary-42")
    share = smb.Smb.__new__(smb.Smb)
    share.share, share.replacing = "s", False
    told = share.problem(AT, error)
    assert type(told) is kind
    assert said in str(told)
    assert "canary" not in str(told)


def test_secrets_reach_the_library_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    given: dict[str, Any] = {}
    real = fsspec.core.url_to_fs

    def note(root: str, **options: Any) -> Any:
        given.update(options)
        return real(root)

    monkeypatch.setattr("fsspec.core.url_to_fs", note)
    share = Share(name="s", root=memory, options={"port": 22}, secrets={"password": SecretStr("canary-42")})
    settings: Settings = home_with(tmp_path / "home")
    delivery = settings.delivery.model_copy(update={"shares": (share,)})
    settings = settings.model_copy(update={"delivery": delivery})
    open_share(share, OWN)
    assert (given["password"], given["port"]) == ("canary-42", 22)
    assert "canary" not in repr(settings)
