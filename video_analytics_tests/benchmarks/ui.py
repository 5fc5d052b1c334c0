"""The pages of the UI over a home as it is after years: from the address to the last answer, in a browser.

Chromium loads each page with the scripts in its cache, as for people who come back; what it asks the
webserver is watched over its debugging protocol. Polls that a page repeats later are left out. A first load
is the first after the webserver's start.

    python -m video_analytics_tests.benchmarks.ui FOLDER      a home that is kept, and used again
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import requests
from websockets.sync.client import ClientConnection, connect

from video_analytics.instance import packaged
from video_analytics_tests.benchmarks import filled
from video_analytics_tests.benchmarks.table import line, note

PAGES = (
    "/assets/brightcove/daily_analytics?view=overview",
    "/assets/brightcove/daily_analytics?view=partitions",
    "/assets/brightcove/daily_analytics?view=checks",
    "/assets/brightcove/daily_analytics?view=events",
    "/assets/panopto/viewing_activity?view=overview",
    "/assets/panopto/viewing_activity?view=partitions",
    "/assets",
    "/assets/platform/calendar",
    "/automation",
    "/runs",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ASKED_SECONDS = 2.0
LOADS = 3  # after the first
QUIET_SECONDS = 1.0  # without a question: the page is there
LONGEST_SECONDS = 60.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Load:
    """A page load: seconds to the last answer, and the slowest question with its own."""

    seconds: float
    slowest: str
    slowest_seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.slowest} {self.slowest_seconds:.2f} s)"


class Browser:
    """One page of a browser, watched over its debugging protocol."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire, self._numbers = wire, itertools.count(1)
        self._tell("Network.enable")
        self._tell("Page.enable")

    def load(self, url: str) -> Load:
        """Go to a page, until it has been quiet for a while."""
        self._tell("Page.navigate", url="about:blank")
        self._drain(0.3)
        begun = last = time.monotonic()
        known: set[str] = set()
        open_at: dict[str, tuple[float, str]] = {}
        taken: list[tuple[float, str]] = []
        self._tell("Page.navigate", url=url)
        while time.monotonic() - begun < LONGEST_SECONDS:
            if taken and not open_at and time.monotonic() - last >= QUIET_SECONDS:
                break
            told = self._hear(QUIET_SECONDS)
            at, what = time.monotonic(), told.get("params", {})
            if told.get("method") == "Network.requestWillBeSent" and _is_new(what["request"], known):
                open_at[what["requestId"]] = (at, _name(what["request"]))
            elif told.get("method") in {"Network.loadingFinished", "Network.loadingFailed"}:
                asked = open_at.pop(what["requestId"], None)
                if asked:
                    last = at
                    taken.append((at - asked[0], asked[1]))
        if open_at:
            raise TimeoutError(f"{url}: {open_at} had no answer within {LONGEST_SECONDS:g} s")
        seconds, slowest = max(taken)
        return Load(last - begun, slowest, seconds)

    def _tell(self, method: str, **params: Any) -> None:
        self._wire.send(json.dumps({"id": next(self._numbers), "method": method, "params": params}))

    def _hear(self, seconds: float) -> Json:
        with suppress(TimeoutError):
            told: Json = json.loads(self._wire.recv(timeout=seconds))
            return told
        return {}

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._hear(0.05)


def main(folder: Path | None = None) -> None:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        note(f"ui: left out, as none of {', '.join(BROWSERS)} is installed")
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = folder or Path(scratch) / "home"
        with mock.patch.dict(os.environ, filled.environment(home)):
            if not home.exists():
                _fill(home)
            with _webserver() as url, _browser(program, Path(scratch) / "profile") as browser:
                _measure(browser, url)


def _fill(home: Path) -> None:
    home.mkdir(parents=True)
    started = time.monotonic()
    counts = filled.fill(filled.settle(home))
    size = sum(path.stat().st_size for path in (home / ".dagster").rglob("*.db")) / 1e6
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    seconds = time.monotonic() - started
    note(f"a home after {filled.NIGHTS} nights: {told}; {size:,.0f} MB of SQLite, {seconds:.0f} s")


def _measure(browser: Browser, url: str) -> None:
    browser.load(f"{url}/locations")  # the scripts are in the browser's cache afterwards
    first = {page: browser.load(url + page) for page in PAGES}
    again = {page: [browser.load(url + page) for _ in range(LOADS)] for page in PAGES}
    for page in PAGES:
        worst = max(again[page], key=lambda load: load.seconds)
        line(f"ui {page[-43:]}", worst.seconds, ASKED_SECONDS, "s")
        then = ", ".join(f"{load.seconds:.2f}" for load in again[page])
        note(f"first load {first[page]}; then {then} s, at worst {worst}")
    line("ui: the slowest page, first load", max(load.seconds for load in first.values()), ASKED_SECONDS, "s")


def _is_new(request: Json, known: set[str]) -> bool:
    """Whether a page asks this for the first time; what it asks again is a poll."""
    asked = request.get("postData", "")
    new = "/graphql" in request["url"] and asked not in known
    known.add(asked)
    return new


def _name(request: Json) -> str:
    """What a request asks: the operation of a GraphQL query, else the end of its address."""
    with suppress(KeyError, ValueError, TypeError):
        return str(json.loads(request["postData"])["operationName"])
    return str(request["url"])[-40:]


@contextmanager
def _browser(program: str, profile: Path) -> Iterator[Browser]:
    port = _free_port()
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"]
    command = [program, *flags, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            pages = _wait_for(f"http://127.0.0.1:{port}/json")
            target = next(each for each in pages.json() if each["type"] == "page")
            with connect(target["webSocketDebuggerUrl"], max_size=None) as wire:
                yield Browser(wire)
        finally:
            process.terminate()


@contextmanager
def _webserver() -> Iterator[str]:
    port = _free_port()
    program = Path(sys.executable).with_name("dagster-webserver")
    command = [str(program), "-w", str(packaged("workspace.yaml")), "-h", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/server_info")
            yield url
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait_for(url: str, seconds: float = 120) -> requests.Response:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            answer = requests.get(url, timeout=5)
            answer.raise_for_status()
            return answer
        time.sleep(0.2)
    raise TimeoutError(f"{url}: no answer within {seconds:g} s")


def _run(arguments: Sequence[str]) -> None:
    main(Path(arguments[0]).absolute() if arguments else None)


if __name__ == "__main__":
    _run(sys.argv[1:])
