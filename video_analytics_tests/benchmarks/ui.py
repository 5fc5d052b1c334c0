"""The pages of the UI over a home as it is after years: what a browser asks for, until the last answer.

`ui_pages.json` holds the queries of real page loads, recorded from a browser: for each page what it asked,
and how many answers it had by then. They are asked again in that order, six at a time as browsers do. The
page's own scripts and repeated polls are left out. A first load is the first after the webserver's start, for
the very first page also the first ever in this home.

    python -m video_analytics_tests.benchmarks.ui FOLDER      a home that is kept, and used again
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import requests

from video_analytics.instance import packaged
from video_analytics_tests.benchmarks import filled
from video_analytics_tests.benchmarks.table import line, note

RECORDED = Path(__file__).with_name("ui_pages.json")
AT_ONCE = 6  # connections of a browser to one address
ASKED_SECONDS = 2.0
LOADS = 3  # after the first
OLD = 1_500_000_000  # numbers above are times, in seconds or milliseconds
Json = dict[str, Any]


@dataclass(frozen=True)
class Load:
    """A page load: seconds in all, and the slowest query with its own."""

    seconds: float
    slowest: str
    slowest_seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.slowest} {self.slowest_seconds:.2f} s)"


def main(folder: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = folder or Path(scratch) / "home"
        with mock.patch.dict(os.environ, filled.environment(home)):
            if not home.exists():
                _fill(home)
            with _webserver() as url:
                _measure(url)


def _fill(home: Path) -> None:
    home.mkdir(parents=True)
    started = time.monotonic()
    counts = filled.fill(filled.settle(home))
    size = sum(path.stat().st_size for path in (home / ".dagster").rglob("*.db")) / 1e6
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    seconds = time.monotonic() - started
    note(f"a home after {filled.NIGHTS} nights: {told}; {size:,.0f} MB of SQLite, {seconds:.0f} s")


def _measure(url: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    pages = recorded["pages"]
    first = {page: _load(url, recorded, page) for page in pages}
    again = {page: [_load(url, recorded, page) for _ in range(LOADS)] for page in pages}
    for page in pages:
        worst = max(again[page], key=lambda load: load.seconds)
        line(f"ui {page[-43:]}", worst.seconds, ASKED_SECONDS, "s")
        then = ", ".join(f"{load.seconds:.2f}" for load in again[page])
        note(f"first load {first[page]}; then {then} s, at worst {worst}; {len(pages[page])} queries")
    line("ui: the slowest page, first load", max(load.seconds for load in first.values()), ASKED_SECONDS, "s")


def _load(url: str, recorded: Json, page: str) -> Load:
    """Ask what a page asks, each query once as many others are answered as were then."""
    later = time.time() - recorded["recorded"]["at"]
    answered, changed = 0, threading.Condition()
    taken: list[tuple[float, str]] = []
    local = threading.local()

    def ask(asked: Json) -> None:
        nonlocal answered
        if not hasattr(local, "session"):
            local.session = requests.Session()
        begun = time.monotonic()
        body = {
            "operationName": asked["operation"],
            "query": recorded["queries"][asked["operation"]],
            "variables": _moved(asked["variables"], later),
        }
        answer = local.session.post(f"{url}/graphql", json=body, timeout=120).json()
        with changed:
            taken.append((time.monotonic() - begun, asked["operation"]))
            answered += 1
            changed.notify_all()
        assert not answer.get("errors"), f"{page}: {asked['operation']}: {str(answer['errors'])[:300]}"

    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as browser:
        futures = []
        for asked in recorded["pages"][page]:
            with changed:
                while answered < asked["after"]:
                    changed.wait()
            futures.append(browser.submit(ask, asked))
        for future in futures:
            future.result()
    seconds, slowest = max(taken)
    return Load(time.monotonic() - started, slowest, seconds)


def _moved(value: Any, later: float) -> Any:
    """Variables with their times moved on to now."""
    if isinstance(value, dict):
        return {key: _moved(each, later) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, later) for each in value]
    if isinstance(value, str) and value.isdigit() and int(value) > OLD:
        return str(int(_moved(int(value), later)))
    if isinstance(value, int | float) and value > OLD:
        return value + later * (1000 if value > OLD * 100 else 1)
    return value


@contextmanager
def _webserver() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("dagster-webserver")
    command = [str(program), "-w", str(packaged("workspace.yaml")), "-h", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            requests.get(f"{url}/server_info", timeout=5).raise_for_status()
            return
        time.sleep(0.2)
    raise TimeoutError(f"{url}: no webserver within {seconds:g} s")


def _run(arguments: Sequence[str]) -> None:
    main(Path(arguments[0]).absolute() if arguments else None)


if __name__ == "__main__":
    _run(sys.argv[1:])
