"""Replacing a file: an old or a new version, whole, whatever fails, whoever reads, whenever it is killed."""

import errno
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from video_analytics import files
from video_analytics_tests.failing import ERRORS, errno_of, failing_call, kill_writers

OLD, NEW = b"old " * 5_000, b"brand new " * 5_000
HOUR = 3600


def version(number: int) -> bytes:
    return f"{number:08}".encode() * 40_000


def is_whole(content: bytes) -> bool:
    return content == version(int(content[:8]))


def temporaries(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f".*{files.SUFFIX}"))


# --- replacing --------------------------------------------------------------------------------------------


def test_a_new_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.csv"
    assert files.write_bytes(path, NEW) is True
    assert path.read_bytes() == NEW
    assert list(path.parent.iterdir()) == [path]


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    files.write_bytes(path, OLD)
    os.utime(path, ns=(10**18, 10**18))
    before = path.stat()
    assert files.write_bytes(path, OLD) is False
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("data", [b"", b"x", OLD[:-1] + b"!", OLD + b" "])
def test_other_content_is_written_whatever_its_size(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.csv"
    files.write_bytes(path, OLD)
    assert files.write_bytes(path, data) is True
    assert path.read_bytes() == data


def test_nothing_is_there_under_the_final_name_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with files.replacing(path) as temporary:
        temporary.write_bytes(NEW)
        assert temporary.parent == path.parent
        assert not path.exists()
        assert temporaries(tmp_path) == [temporary]
    assert path.read_bytes() == NEW
    assert temporaries(tmp_path) == []


def begin_and_fail(path: Path, error: type[BaseException]) -> None:
    with files.replacing(path) as temporary:
        temporary.write_bytes(NEW)
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_error_inside_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(OLD)
    with pytest.raises(error):
        begin_and_fail(path, error)
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_never_written_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(OLD)
    with pytest.raises(FileNotFoundError), files.replacing(path):
        pass
    assert path.read_bytes() == OLD


def test_two_writers_of_one_file_do_not_share_a_temporary(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with files.replacing(path) as first, files.replacing(path) as second:
        assert first != second
        first.write_bytes(OLD)
        second.write_bytes(NEW)
    assert path.read_bytes() == OLD  # who ends last, wins: the outer one
    assert temporaries(tmp_path) == []


@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("existed", [True, False])
def test_whichever_call_fails_the_file_is_whole(tmp_path: Path, number: int, existed: bool) -> None:
    for refused in itertools.count(1):
        folder = tmp_path / str(refused)
        path = folder / "deep" / "file.csv"
        if existed:
            path.parent.mkdir(parents=True)
            path.write_bytes(OLD)
        with failing_call(folder, refused, number) as calls:
            told = errno_of(partial(files.write_bytes, path, NEW))
        failed = told is not None
        assert told in {None, number}
        assert calls.fired or not failed
        held = path.read_bytes() if path.exists() else None
        replaced = "replace" in calls.succeeded or not failed
        assert held == (NEW if replaced else OLD if existed else None)
        assert temporaries(tmp_path) == []
        if not calls.fired:
            break
        files.write_bytes(path, NEW)
        assert path.read_bytes() == NEW
    assert refused > 7
    assert {"open", "write", "fsync", "replace", "close"} <= set(calls.names)


def test_file_and_folder_are_flushed_in_the_order_that_survives_a_power_cut(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with failing_call(tmp_path, 10**9, errno.EIO) as calls:
        files.write_bytes(path, NEW)
    flushes = [name for name in calls.names if name in {"write", "fsync", "replace"}]
    assert flushes == ["write", "fsync", "replace", "fsync"]


def test_a_reader_sees_whole_versions_only(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    files.write_bytes(path, version(0))
    seen: list[int] = []
    torn: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            content = path.read_bytes()
            seen.append(int(content[:8]))
            if not is_whole(content):
                torn.append(len(content))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 301):
            files.write_bytes(path, version(number))
    finally:
        done.set()
        reader.join()
    assert torn == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert path.read_bytes() == version(300)


WRITER = """
import sys
from pathlib import Path
from video_analytics.files import write_bytes
path, number = Path(sys.argv[1]), int(Path(sys.argv[1]).read_bytes()[:8])
print("go", flush=True)
while True:
    number += 1
    write_bytes(path, f"{number:08}".encode() * 40_000)
"""


def test_a_killed_writer_leaves_an_old_or_a_new_version(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(version(0))
    last = 0
    for _ in kill_writers(WRITER, path, kills=25, longest=0.05):
        content = path.read_bytes()
        assert is_whole(content)
        assert int(content[:8]) >= last
        last = int(content[:8])
    assert last > 25  # the kills hit writers at work
    left = temporaries(tmp_path)
    assert files.write_bytes(path, NEW) is True
    assert temporaries(tmp_path) == left  # what a killed process left is in nobody's way
    for temporary in left:
        os.utime(temporary, (0, 0))
    assert files.sweep(tmp_path) == len(left)
    assert list(tmp_path.iterdir()) == [path]


# --- sweep ------------------------------------------------------------------------------------------------


def aged(path: Path, seconds: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_sweep_removes_abandoned_temporaries_and_nothing_else(tmp_path: Path) -> None:
    abandoned = [
        aged(tmp_path / ".file.csv.123-0.tmp", 7 * HOUR),
        aged(tmp_path / "a" / "b" / ".2026-01-01.parquet.77-12.tmp", 90 * HOUR),
    ]
    kept = [
        aged(tmp_path / ".file.csv.124-0.tmp", 5 * HOUR),  # a long write may still go on
        aged(tmp_path / "file.csv", 900 * HOUR),
        aged(tmp_path / "notes.tmp", 900 * HOUR),  # somebody's own
        aged(tmp_path / ".hidden", 900 * HOUR),
        aged(tmp_path / "a" / "x.parquet", 900 * HOUR),
    ]
    assert files.sweep(tmp_path) == 2
    assert [path for path in abandoned if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert files.sweep(tmp_path) == 0


def test_sweep_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert files.sweep(tmp_path / "none") == 0


def test_sweep_survives_a_temporary_that_another_run_just_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, walk = aged(tmp_path / ".a.csv.1-0.tmp", 7 * HOUR), Path.rglob

    def walk_and_meet(self: Path, pattern: str) -> Iterator[Path]:
        yield self / ".vanished.csv.2-0.tmp"
        yield from walk(self, pattern)

    monkeypatch.setattr(Path, "rglob", walk_and_meet)
    files.sweep(tmp_path)
    assert not old.exists()


# --- append -----------------------------------------------------------------------------------------------


def refuse(number: int) -> Any:
    def copy_file_range(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return copy_file_range


@settings(max_examples=60, deadline=None)
@given(
    before=st.binary(max_size=50),
    data=st.binary(max_size=400),
    cut=st.tuples(st.integers(0, 400), st.integers(0, 400)),
    in_kernel=st.booleans(),
)
def test_append_copies_exact_ranges(
    before: bytes, data: bytes, cut: tuple[int, int], in_kernel: bool
) -> None:
    start, end = sorted(min(edge, len(data)) for edge in cut)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if not in_kernel:
            patch.delattr(os, "copy_file_range", raising=False)
        source, target = Path(folder, "source"), Path(folder, "target")
        source.write_bytes(data)
        with target.open("wb") as out:
            out.write(before)  # not flushed yet
            files.append(source, out, start, end)
            assert out.tell() == len(before) + end - start
            files.append(source, out, 0, len(data))
            out.write(b"end")
        assert target.read_bytes() == before + data[start:end] + data + b"end"
        assert source.read_bytes() == data


def test_append_copies_more_than_one_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    data = os.urandom(9 << 20)
    source.write_bytes(data)
    for in_kernel in (True, False):
        if not in_kernel:
            monkeypatch.delattr(os, "copy_file_range", raising=False)
        with target.open("wb") as out:
            files.append(source, out, 5, len(data) - 3)
        assert target.read_bytes() == data[5:-3]


@pytest.mark.parametrize("in_kernel", [True, False])
def test_append_beyond_the_end_is_an_error_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_kernel: bool
) -> None:
    if not in_kernel:
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    source = tmp_path / "source"
    source.write_bytes(b"12345")
    with (
        (tmp_path / "target").open("wb") as out,
        pytest.raises(OSError, match=r"source: expected 9 bytes.*ends at 5"),
    ):
        files.append(source, out, 2, 9)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL])
def test_append_copies_where_the_kernel_has_the_call_but_refuses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "copy_file_range", refuse(number), raising=False)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"0123456789")
    with target.open("wb") as out:
        files.append(source, out, 2, 9)
    assert target.read_bytes() == b"2345678"
