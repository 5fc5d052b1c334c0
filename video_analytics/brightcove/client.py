"""Brightcove's door: OAuth, and one checked call per endpoint.

Knows addresses, parameters, error bodies and limits (vendor documentation: CMS API, Analytics API v1,
Media Insights). The listing that survives paging is `catalogue.py`, reports in windows `analytics.py`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from video_analytics.decoding import decoder
from video_analytics.errors import SettingsError, TooSlow, Unauthorized, Unavailable, VendorError
from video_analytics.http import (
    Answer,
    Call,
    Limits,
    Patience,
    Session,
    Tally,
    TokenSource,
    Waiting,
    transient_or_refused,
)
from video_analytics.settings import Account, Brightcove, Network

T = TypeVar("T")

CMS_AT_ONCE = 20  # documented: at most 20 concurrent requests per account
INSIGHTS_PAGE = 1000  # documented maximum of pageSize


class Count(msgspec.Struct):
    """CMS `/counts/videos`."""

    count: int


class CustomField(msgspec.Struct):
    """One entry of CMS `/video_fields`."""

    id: str


class VideoFields(msgspec.Struct):
    """CMS `/video_fields`."""

    custom_fields: list[CustomField]


class Token(msgspec.Struct):
    """OAuth answer; `expires_in` in seconds."""

    access_token: str
    expires_in: float


class Client:
    """Calls to the accounts of one credential. Thread-safe; close it when done.

    Raises the errors of `video_analytics.errors`; never returns half an answer.
    """

    def __init__(
        self,
        settings: Brightcove,
        network: Network,
        *,
        tally: Tally | None = None,
        on_wait: Waiting | None = None,
    ) -> None:
        self.settings = settings
        self.tally = tally or Tally()
        self.device_ranges: dict[str, bool] = {}  # account id: whether `video,date,device_type` is answered
        self.ends_included = False  # whether it is proved that a report includes the day named by `to`
        self._cms_limits = Limits(settings.cms_calls_per_second, CMS_AT_ONCE)
        self._one_report = Limits(
            per_second=1000, at_once=1
        )  # documented: reports of an account run in series
        self._oauth = self._session(network, on_wait, tokens=None, limits=None)
        tokens = TokenSource(self._new_token)
        self._cms = self._session(network, on_wait, tokens, self._cms_limits)
        self._analytics = self._session(network, on_wait, tokens, self._one_report)
        self._insights = self._session(network, on_wait, tokens, limits=None)

    def _session(
        self, network: Network, on_wait: Waiting | None, tokens: TokenSource | None, limits: Limits | None
    ) -> Session:
        patience = Patience(
            attempts=self.settings.attempts,
            slow_attempts=self.settings.processing_tries,
            slow_wait=self.settings.processing_wait_seconds,
            max_wait=self.settings.max_wait_seconds,
        )
        return Session(
            verdict=verdict,
            patience=patience,
            tokens=tokens,
            limits=limits,
            tally=self.tally,
            proxies=network.proxies(),
            no_proxy=network.no_proxy,
            ca_bundle=str(network.ca_bundle) if network.ca_bundle else None,
            on_wait=on_wait,
        )

    def close(self) -> None:
        """Hang up, and stop what runs in the background."""
        for session in (self._oauth, self._cms, self._analytics, self._insights):
            session.close()
        self._cms_limits.close()
        self._one_report.close()

    def _new_token(self) -> tuple[str, float]:
        call = Call(
            vendor="Brightcove",
            endpoint="token",
            url=self.settings.oauth_url,
            form={"grant_type": "client_credentials"},
            basic=credentials(self.settings),
            timeout=self.settings.timeout_seconds,
        )
        try:
            token = self._oauth.fetch(call, decoder(Token))
        except Unauthorized:  # now and then refused for no visible reason; a second try then works
            token = self._oauth.fetch(call, decoder(Token))
        return token.access_token, token.expires_in

    def token(self) -> float:
        """Fetch a token and give its lifetime in seconds; for checks."""
        return self._new_token()[1]

    def count(self, account: Account, query: str = "") -> int:
        """Number of videos the CMS holds for `query`."""
        answer = self._cms_get(
            account, "counts/videos", "count", {"q": query} if query else {}, decoder(Count)
        )
        return answer.count

    def custom_fields(self, account: Account) -> list[str]:
        """Internal names of the account's custom fields, in the account's order."""
        fields = self._cms_get(account, "video_fields", "video_fields", {}, decoder(VideoFields))
        return [field.id for field in fields.custom_fields]

    def videos_page(
        self, account: Account, *, offset: int, limit: int, sort: str, query: str = ""
    ) -> list[dict[str, Any]]:
        """One page of the catalogue, as the vendor sent it; each video has an `id`."""
        params = {"limit": str(limit), "offset": str(offset), "sort": sort} | ({"q": query} if query else {})
        return self._cms_get(account, "videos", f"videos from {offset}", params, _video_page)

    def _cms_get(
        self, account: Account, path: str, about: str, params: Mapping[str, str], decode: Callable[[bytes], T]
    ) -> T:
        call = Call(
            vendor="Brightcove",
            endpoint=f"cms/{path}",
            url=f"{self.settings.cms_url}/accounts/{account.id}/{path}",
            account=account.name,
            about=about,
            params=params,
            timeout=self.settings.timeout_seconds,
        )
        return self._cms.fetch(call, decode)

    def report(
        self, account: Account, params: Mapping[str, str], about: str, decode: Callable[[bytes], T]
    ) -> T:
        """One Analytics report (`/data`) of an account; `decode` checks and shapes it."""
        return self._analytics_get(account, "data", params, about, decode)

    def reconciled(self, account: Account) -> dict[str, Any]:
        """The span of reconciled data (`/data/status`): `reconciled_from`, `reconciled_to`, ISO days."""
        params = {"dimensions": "video,date"}
        return self._analytics_get(account, "data/status", params, "", decoder(dict[str, Any]))

    def _analytics_get(
        self, account: Account, path: str, params: Mapping[str, str], about: str, decode: Callable[[bytes], T]
    ) -> T:
        call = Call(
            vendor="Brightcove",
            endpoint=f"analytics/{path}",
            url=f"{self.settings.analytics_url}/{path}",
            account=account.name,
            about=about,
            params={"accounts": account.id, **params},
            timeout=self.settings.report_timeout_seconds,
        )
        return self._analytics.fetch(call, decode)

    def last_view_page(self, account: Account, page: int, decode: Callable[[bytes], T]) -> T:
        """One page of the last-view list (Media Insights), up to 1,000 videos."""
        call = Call(
            vendor="Brightcove",
            endpoint="insights/lastview",
            url=f"{self.settings.insights_url}/all/account/{account.id}/lastview",
            account=account.name,
            about=f"page {page}",
            params={"pageSize": str(INSIGHTS_PAGE), "page": str(page)},
            timeout=self.settings.timeout_seconds,
        )
        return self._insights.fetch(call, decode)


def credentials(settings: Brightcove) -> tuple[str, str]:
    """Client id and secret; raises SettingsError where there are none."""
    if settings.client_id is None or settings.client_secret is None:
        raise SettingsError(
            "Brightcove: no credentials; set BRIGHTCOVE_CLIENT_ID and BRIGHTCOVE_CLIENT_SECRET in the "
            "environment or .env, or client_id and client_secret in secrets.json; "
            "`video-analytics demo` needs none"
        )
    return settings.client_id.get_secret_value(), settings.client_secret.get_secret_value()


def _video_page(body: bytes) -> list[dict[str, Any]]:
    page = _VIDEOS(body)
    for position, video in enumerate(page):
        if not isinstance(video.get("id"), str) or not video["id"]:
            raise ValueError(f"Expected a text `id` - at `$[{position}]`")
    return page


_VIDEOS = decoder(list[dict[str, Any]])
_ERRORS: Callable[[bytes], list[dict[str, Any]] | dict[str, Any]] = decoder(
    list[dict[str, Any]] | dict[str, Any]
)


def verdict(call: Call, answer: Answer) -> VendorError:
    """What a Brightcove error answer means: an array of error objects, an object from OAuth, or neither."""
    code, message = _said(answer)
    if call.endpoint == "token" and answer.status in {400, 401}:
        return Unauthorized(
            f"{call}: HTTP {answer.status}, {code or 'refused'}; check client id and secret, "
            "and that the credential is not revoked",
            status=answer.status,
            code=code,
        )
    if code == "PROCESSING":  # 503 in one document, 500 in another: the code decides
        return TooSlow(
            f"{call}: still processing in the background; asked again identically without success",
            status=answer.status,
            code=code,
        )
    if answer.status == 429 and "same query" in message.lower():  # noqa: PLR2004
        return TooSlow(f"{call}: the same query still runs at the vendor", status=answer.status, code=code)
    if call.endpoint.startswith("cms/") and answer.status == 504:  # noqa: PLR2004 - a page, not a window
        return Unavailable(f"{call}: the vendor timed out", status=answer.status, code=code)
    return transient_or_refused(call, answer, code, message)


def _said(answer: Answer) -> tuple[str, str]:
    """The vendor's error code and message; empty texts where the body is not the documented one."""
    try:
        body = _ERRORS(answer.body)
    except ValueError:
        return "", ""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("error_code") or first.get("error") or ""), str(first.get("message") or "")


def canonical(video: Mapping[str, Any]) -> str:
    """A video as JSON text, keys in the vendor's order, non-ASCII kept."""
    return json.dumps(video, ensure_ascii=False, separators=(",", ":"))
