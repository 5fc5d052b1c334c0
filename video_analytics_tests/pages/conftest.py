"""A browser for the pages: each is opened from its file, without network, and watched.

One browser per worker. A page that logs an error or asks for anything but itself fails its test.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from video_analytics.pages.bundle import bundle

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
HEIGHT = 900
# Playwright's own waiting asks again by eval, which the pages forbid: this asks again by itself.
DRAWN = """() => new Promise((done, failed) => {
  setTimeout(() => failed(new Error("a chart in sight was not drawn")), 60000);
  const drawn = (each) =>
    !each.offsetParent || each.getBoundingClientRect().top > innerHeight || each.querySelector("svg");
  const look = () => [...document.querySelectorAll(".chart")].every(drawn) ? done() : setTimeout(look, 20);
  look();
})"""
# every success criterion up to WCAG 2.2 AA, and what axe holds to be good besides
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True)
class Driven:
    """The browser, and the event loop that Playwright leaves running in this thread.

    The loop is put aside between the tests that use it: other tests of the worker run loops of their own.
    """

    browser: Browser
    loop: asyncio.AbstractEventLoop


expect.set_options(timeout=30_000)  # a machine that is busy is no finding

Visit = Callable[..., Page]
Axe = Callable[[Page], list[str]]


@pytest.fixture(scope="session")
def library_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart script as a file, made once for all workers of a run; a home's `state/` takes a copy."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "charts"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "lock"):
        bundle(shared)
    (path,) = shared.glob("charts-*.js")
    return path


@pytest.fixture(scope="session")
def library(library_file: Path) -> str:
    """The chart script."""
    return library_file.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Driven]:
    """The browser of this worker."""
    program = _program()
    arguments = [*QUIET, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield Driven(running, loop)
        asyncio._set_running_loop(loop)
        running.close()


@pytest.fixture
def visit(browser: Driven) -> Iterator[Visit]:
    """`visit(path, width=1280, dark=False)`: the file, opened, with the charts in sight drawn.

    With `watched=False` it may complain: the test looks at that itself.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(path: Path, *, width: int = 1280, dark: bool = False, watched: bool = True) -> Page:
        asyncio._set_running_loop(browser.loop)
        context = browser.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            offline=True,
            locale="de-DE",  # a place that writes 1.234,5: what a page says must not depend on it
        )
        contexts.append(context)
        page = context.new_page()
        if watched:
            _listen(page, complaints)
        page.goto(path.as_uri())
        wait_for_charts(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    asyncio._set_running_loop(None)
    assert complaints == []


@pytest.fixture
def axe() -> Axe:
    """`axe(page)`: what axe-core finds against WCAG 2.2 AA and good practice, one text per rule and place."""

    script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

    def violations(page: Page) -> list[str]:
        page.evaluate(script)
        found = page.evaluate("rules => axe.run({ runOnly: rules, resultTypes: ['violations'] })", RULES)
        return [
            f"{rule['id']}: {rule['help']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    return violations


def wait_for_charts(page: Page) -> None:
    """Until all charts in sight are drawn."""
    page.wait_for_load_state("load")
    page.evaluate(DRAWN)


def _program() -> str:
    named = os.environ.get("BROWSER_PROGRAM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return found
    advice = (
        f"no browser: install Chromium ({' or '.join(BROWSERS)}), or say where one is with BROWSER_PROGRAM"
    )
    if os.environ.get("BROWSER_REQUIRED") == "1":
        pytest.fail(advice)
    pytest.skip(advice)


def _listen(page: Page, complaints: list[str]) -> None:
    def logged(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            complaints.append(f"console {message.type}: {message.text}")

    def asked(request: Request) -> None:
        link = request.is_navigation_request() and request.frame == page.main_frame
        if not (link and request.url.startswith("file:")):
            complaints.append(f"request: {request.url[:200]}")

    page.on("console", logged)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.context.on("request", asked)
