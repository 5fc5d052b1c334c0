"""A file system that refuses its k-th call below a folder, and writers that are killed."""

import errno
import io
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES)
WATCHED = ("replace", "fsync", "open", "mkdir", "unlink", "stat")  # of the module os


class Calls:
    """The file-system calls below a folder, in order; the k-th is refused."""

    def __init__(self, root: Path, refused: int, number: int) -> None:
        self.names: list[str] = []
        self._root, self._refused, self._number = str(root), refused, number

    @property
    def fired(self) -> bool:
        """Whether the k-th call happened."""
        return len(self.names) >= self._refused

    @property
    def succeeded(self) -> list[str]:
        """The calls before the refused one."""
        return self.names[: self._refused - 1]

    def note(self, name: str, about: object) -> None:
        """Count a call; raise if it is the one."""
        self.names.append(name)
        if len(self.names) == self._refused:
            raise OSError(self._number, os.strerror(self._number), str(about))

    def concerns(self, about: object) -> bool:
        """Whether a call is one to count: its path is in the folder, or it names an open file."""
        return isinstance(about, int) or str(about).startswith(self._root)


class Leaky:
    """An open file whose refused write has put half of its bytes down before it fails."""

    def __init__(self, file: Any, calls: Calls) -> None:
        self._file, self._calls = file, calls

    def write(self, data: Any) -> Any:
        try:
            self._calls.note("write", self._file.name)
        except OSError:
            self._file.write(bytes(data)[: len(data) // 2])
            raise
        return self._file.write(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.close()
        self._calls.note("close", self._file.name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def failing_call(root: Path, refused: int, number: int) -> Iterator[Calls]:
    """Within it, the `refused`-th file-system call that Python makes below `root` fails, once."""
    calls, open_file = Calls(root, refused, number), io.open

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(about: Any, *args: Any, **options: Any) -> Any:
            if calls.concerns(about) and (name == "fsync" or not isinstance(about, int)):
                calls.note(name, about)
            return real(about, *args, **options)

        return call

    def counted_open(path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if isinstance(path, int) or not calls.concerns(path):
            return open_file(path, mode, *args, **options)
        calls.note("open", path)
        file = open_file(path, mode, *args, **options)
        return file if "r" in mode else Leaky(file, calls)

    with pytest.MonkeyPatch.context() as patch:
        for name in WATCHED:
            patch.setattr(os, name, counted(name))
        patch.setattr(io, "open", counted_open)
        yield calls


def errno_of(act: Callable[[], object]) -> int | None:
    """The number of the OSError that `act` ends with; None if it succeeds."""
    try:
        act()
    except OSError as error:
        return error.errno
    return None


def kill_writers(script: str, *args: object, kills: int, longest: float, seed: int = 1) -> Iterator[int]:
    """Start `script`, which says "go" and writes for ever, and SIGKILL it: again and again."""
    chance = random.Random(seed)
    for number in range(kills):
        command = [sys.executable, "-c", script, *map(str, args)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"go\n"
            time.sleep(chance.uniform(0, longest))
            child.kill()
        yield number
