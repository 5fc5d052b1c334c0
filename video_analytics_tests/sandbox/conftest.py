"""One sandbox for all tests of this folder, put back to peace before each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from video_analytics.sandbox import Sandbox

NOW = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
INTERNET, INTRANET, MYWAY = "1197194721001", "4413047246001", "6300219615001"
FIELDS = (
    "video,date,video_impression,engagement_score,video_engagement_1,video_engagement_25,video_engagement_50,"
    "video_engagement_75,video_engagement_100,video_percent_viewed,video_seconds_viewed,video_view"
)
PEACE = {"rate_scale": 1000}


@dataclass
class Caller:
    """A minimal client, written from the contract alone."""

    sandbox: Sandbox
    token: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def login(self, **changes: Any) -> requests.Response:
        names = self.sandbox.environment()
        options: dict[str, Any] = {
            "auth": (names["BRIGHTCOVE_CLIENT_ID"], names["BRIGHTCOVE_CLIENT_SECRET"]),
            "data": {"grant_type": "client_credentials"},
            "timeout": 10,
        }
        return self.session.post(names["BRIGHTCOVE_OAUTH_URL"], **(options | changes))

    def get(self, api: str, path: str, **query: Any) -> requests.Response:
        if not self.token:
            self.token = str(self.login().json()["access_token"])
        return self.send("GET", api, path, query)

    def send(self, method: str, api: str, path: str, query: dict[str, Any]) -> requests.Response:
        url = self.sandbox.environment()[f"BRIGHTCOVE_{api}_URL"] + path
        query = {name.rstrip("_"): value for name, value in query.items()}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.session.request(
            method, url, params=query, headers=headers, timeout=30, allow_redirects=False
        )

    def data(self, **query: Any) -> requests.Response:
        asked = {"accounts": INTERNET, "dimensions": "video,date", "from_": "2026-03-02", "to": "2026-03-08"}
        return self.get("ANALYTICS", "/data", **(asked | query))

    def cms(self, path: str = "", account: str = INTERNET, **query: Any) -> requests.Response:
        return self.get("CMS", f"/accounts/{account}/videos{path}", **query)

    def count(self, account: str = INTERNET, **query: Any) -> int:
        return int(self.get("CMS", f"/accounts/{account}/counts/videos", **query).json()["count"])


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(seed=1, size="demo", now=NOW) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.set_scenario(PEACE)
    running.set_now(NOW)
    running.reset_log()
    return running


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    with requests.Session() as session:
        yield Caller(sandbox, session=session)
