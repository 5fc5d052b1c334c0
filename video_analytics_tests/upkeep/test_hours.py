"""The machine's clock against a vendor's."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from video_analytics.settings import Settings
from video_analytics.upkeep.hours import clock, judged

WHO = {"client_id": "a" * 36, "client_secret": "b" * 86}


@contextmanager
def answering(headers: dict[str, str]) -> Iterator[str]:
    """The address of a server that answers with these headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(405)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v4/access_token"
        finally:
            server.shutdown()


def verdicts(home: Path, headers: dict[str, str]) -> list[tuple[str, str]]:
    with answering(headers) as url:
        settings = Settings.model_validate({"home": home, "brightcove": {**WHO, "oauth_url": url}})
        said = clock(settings, dt.datetime.fromtimestamp(time.time(), dt.UTC))
        return [(each.verdict, each.says) for each in said]


@pytest.mark.parametrize(
    ("ahead", "verdict", "says"),
    [
        (0, "ok", "within 5 s"),
        (20, "note", "20 s ahead of Brightcove's"),
        (-300, "FAILED", "300 s behind Brightcove's"),
    ],
)
def test_the_vendors_clock_is_the_measure(home: Path, ahead: int, verdict: str, says: str) -> None:
    found = verdicts(home, {"Date": formatdate(time.time() - ahead, usegmt=True)})
    assert len(found) == 1
    assert found[0][0] == verdict
    # the header knows whole seconds
    near = [says.replace(str(abs(ahead)), str(abs(ahead) + more)) for more in (-1, 0, 1)]
    assert any(each in found[0][1] for each in near), found


def test_an_answer_out_of_a_cache_is_as_old_as_it_says(home: Path) -> None:
    found = verdicts(home, {"Date": formatdate(time.time() - 500, usegmt=True), "Age": "500"})
    assert [verdict for verdict, _ in found] == ["ok"]


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_a_vendor_that_tells_no_time_is_no_failure(home: Path, headers: dict[str, str]) -> None:
    assert verdicts(home, headers) == [("note", "127.0.0.1 does not tell the time")]


def test_a_stopped_clock_and_a_vendor_that_is_away_are_notes(home: Path) -> None:
    with answering({}) as url:
        pass
    settings = Settings.model_validate({"home": home, "brightcove": {**WHO, "oauth_url": url}})
    said = list(clock(settings, dt.datetime(2026, 1, 31, 4, tzinfo=dt.UTC)))
    assert [each.verdict for each in said] == ["note", "note"]
    assert "2026-01-31 04:00 UTC" in said[0].says
    assert list(clock(Settings(home=home), dt.datetime.fromtimestamp(time.time(), dt.UTC))) == []


def test_the_bounds_of_a_clock() -> None:
    assert [judged("clock", by, "a").verdict for by in (4.9, -5, 59.9, 60)] == [
        "ok",
        "note",
        "note",
        "FAILED",
    ]
