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
V40 = "http://schemas.datacontract.org/2004/07/Panopto.Server.Services.PublicAPI.V40"


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


@dataclass
class PanoptoCaller:
    """A minimal client of the second vendor: REST with a token, SOAP as plain text with a cookie."""

    sandbox: Sandbox
    session: requests.Session
    token: str = ""
    cookie: str = ""

    @property
    def root(self) -> str:
        return self.sandbox.environment()["PANOPTO_SERVER"] + "/Panopto"

    def login(self, form: dict[str, str] | None = None, **changes: Any) -> requests.Response:
        names = self.sandbox.environment()
        asked = {"grant_type": "client_credentials", "scope": "api"} if form is None else form
        options: dict[str, Any] = {
            "auth": (names["PANOPTO_CLIENT_ID"], names["PANOPTO_CLIENT_SECRET"]),
            "data": asked,
            "timeout": 10,
        }
        return self.session.post(f"{self.root}/oauth2/connect/token", **(options | changes))

    def get(self, path: str, **query: Any) -> requests.Response:
        self.token = self.token or str(self.login().json()["access_token"])
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.root}/api/v1/{path}"
        return self.session.get(url, params=query, headers=headers, timeout=30, allow_redirects=False)

    def pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every page until one is empty."""
        rows: list[dict[str, Any]] = []
        for number in range(1000):
            page = self.get(path, pageNumber=number, **query).json()["Results"]
            if not page:
                return rows
            rows += page
        raise AssertionError("no page is empty")

    def soap(self, operation: str, inputs: str = "", service: str = "UsageReporting") -> requests.Response:
        """The operation with its inputs as XML; the namespace v is the one of the types."""
        if service != "Auth" and not self.cookie:
            self.sign_in()
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<{operation} xmlns="http://tempuri.org/" xmlns:v="{V40}">{inputs}</{operation}>'
            "</s:Body></s:Envelope>"
        )
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"http://tempuri.org/I{service}/{operation}"',
            "Cookie": self.cookie,
        }
        version = "4.2" if service == "Auth" else "4.0"
        url = f"{self.root}/PublicAPI/{version}/{service}.svc"
        return requests.post(url, body.encode(), headers=headers, timeout=30, allow_redirects=False)

    def sign_in(self) -> requests.Response:
        names = self.sandbox.environment()
        inputs = f"<userKey>{names['PANOPTO_USERNAME']}</userKey>"
        inputs += f"<password>{names['PANOPTO_PASSWORD']}</password>"
        answer = self.soap("LogOnWithPassword", inputs, "Auth")
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def details(
        self, session_id: str, begin: str, end: str, page: int = 0, size: int = 100, kind: str = "Extended"
    ) -> requests.Response:
        paging = f"<v:MaxNumberResults>{size}</v:MaxNumberResults><v:PageNumber>{page}</v:PageNumber>"
        inputs = f"<sessionId>{session_id}</sessionId><pagination>{paging}</pagination>"
        inputs += f"<beginRange>{begin}</beginRange><endRange>{end}</endRange>"
        return self.soap(f"GetSession{kind}DetailedUsage", inputs)


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


@pytest.fixture
def panopto(sandbox: Sandbox) -> Iterator[PanoptoCaller]:
    with requests.Session() as session:
        yield PanoptoCaller(sandbox, session)
