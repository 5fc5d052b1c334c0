"""What the running Panopto remembers: who may come in, with which token or cookie, and how often.

The reports that were queued lie here too.
"""

import hashlib
import re
from typing import Final

from video_analytics.sandbox.panopto.limits import RateLimits
from video_analytics.sandbox.panopto.report_queue import ReportQueue
from video_analytics.sandbox.panopto.world import PanoptoWorld
from video_analytics.sandbox.state import Tokens

# signing in is never spoilt: a drill wants to get as far as the data; nor are the files of reports, which
# are neither XML nor JSON and have a damage of their own
LOGONS: Final = (
    *("LogOnWithPassword", "LogOnWithExternalProvider", "GetServerVersion", "auth/legacyLogin"),
    *("GetReport", "reports/{id}"),
)
COOKIE: Final = ".ASPXAUTH"
CSRF: Final = "csrfToken"
_PAIR: Final = re.compile(r"\s*([^=;,\s]+)=([^;,\s]*)")


class Desk:
    """Credentials, tokens, cookies and limits of the simulated site."""

    def __init__(self, world: PanoptoWorld, seed: int) -> None:
        self.world = world
        self.tokens, self.cookies = Tokens(seed, "panopto"), Tokens(seed, "cookie")
        self.limits = RateLimits()
        self.reports = ReportQueue(seed)
        self.username = "sandbox.service"
        self.password = f"sandbox-not-a-password-{seed}"
        self.client_id = f"sandbox-panopto-client-{seed}"
        self.client_secret = f"sandbox-not-a-panopto-secret-{seed}"
        self.application_key = f"sandbox-not-an-application-key-{seed}"

    def issue_cookie(self, seconds: float, *, secure: bool) -> str:
        """A Set-Cookie value that signs its bearer in."""
        marks = "; secure; HttpOnly" if secure else "; HttpOnly"
        return f"{COOKIE}={self.cookies.issue(seconds)}; path=/{marks}"

    def knows_cookie(self, header: str, seconds: float) -> bool:
        """Whether a Cookie header holds a living cookie, which lives longer for being used.

        A whole Set-Cookie text replayed as a Cookie header, attributes and all, is understood too.
        """
        pairs = (match.groups() for match in _PAIR.finditer(header))
        return any(name == COOKIE and self.cookies.renew(value, seconds) for name, value in pairs)

    def knows_user(self, user_key: str | None, password: str | None) -> bool:
        """Whether a name and a password belong together."""
        return (user_key, password) == (self.username, self.password)

    def knows_code(self, user_key: str | None, code: str | None, host: str) -> bool:
        """Whether an identity provider that knows the application key vouches for the user."""
        hosts = {host.lower(), host.lower().partition(":")[0]}
        return bool(user_key) and code in {self._code(user_key or "", name) for name in hosts}

    def _code(self, user_key: str, host: str) -> str:
        text = f"{user_key}@{host}|{self.application_key.lower()}"
        return hashlib.sha1(text.encode()).hexdigest().upper()  # noqa: S324 - the vendor's own scheme
