"""The ways to people: mail by SMTP, and posts to Slack, Teams and any webhook.

An address is a secret here, as whoever knows it may post. Errors say what kind of trouble there was and
never where; they are raised outside of `except` blocks, so that no chained error carries an address.
"""

import json
import logging
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr
from requests.utils import should_bypass_proxies

from video_analytics.alerts import messages
from video_analytics.alerts.messages import Message
from video_analytics.errors import AlertError
from video_analytics.settings import Settings
from video_analytics.settings.alerts import Alerts
from video_analytics.settings.models import Network

TIMEOUT_SECONDS = 10.0
PAUSE_SECONDS = 1.0  # before a post is tried again
POSTS = 2
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")  # at DEBUG they log the path of an address
_LOCAL = {"localhost", "127.0.0.1", "::1"}

_SMTP_MENDS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "check the username and password"),
    (smtplib.SMTPSenderRefused, "check alerts.email_from"),
    (smtplib.SMTPRecipientsRefused, "check alerts.email_to"),
    (smtplib.SMTPNotSupportedError, "check alerts.smtp_security"),
    (ssl.SSLError, "check alerts.smtp_security and network.ca_bundle"),
    (smtplib.SMTPException, "check alerts.smtp_port and alerts.smtp_security"),
)


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """What people call it: email, slack, teams, webhook."""

    def send(self, told: Message) -> None:
        """Hand a message over.

        Raises:
            AlertError: it was not taken; names neither address nor secret.
        """


def channels(settings: Settings) -> list[Channel]:
    """Those that are set up."""
    alerts, network = settings.alerts, settings.network
    found: list[Channel] = [Mail(alerts, network)] if alerts.smtp_host and alerts.email_to else []
    hooks = (
        ("slack", alerts.slack_url, messages.as_slack),
        ("teams", alerts.teams_url, messages.as_teams),
        ("webhook", alerts.webhook_url, messages.as_json),
    )
    return [*found, *(Hook(name, url, form, network) for name, url, form in hooks if url)]


@dataclass(frozen=True)
class Mail:
    """Mail through one server."""

    alerts: Alerts
    network: Network
    name: str = "email"

    def send(self, told: Message) -> None:
        """Hand a message to the mail server; see Channel."""
        if problem := self._problem(told):
            raise AlertError(f"{self.name}: {problem}")

    def _problem(self, told: Message) -> str | None:
        try:
            mail = messages.as_mail(told, self.alerts.email_from or "", self.alerts.email_to)
            with self._connected() as server:
                refused = server.send_message(mail)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            return _smtp_problem(error)
        if refused:
            logging.getLogger(__name__).warning("%s: %d receivers are refused", self.name, len(refused))
        return None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        alerts, trusted = self.alerts, self.network.ca_bundle
        context = ssl.create_default_context(cafile=str(trusted) if trusted else None)
        place = (alerts.smtp_host or "", alerts.smtp_port)
        with (
            smtplib.SMTP_SSL(*place, timeout=TIMEOUT_SECONDS, context=context)
            if alerts.smtp_security == "tls"
            else smtplib.SMTP(*place, timeout=TIMEOUT_SECONDS)
        ) as server:
            if alerts.smtp_security == "starttls":
                server.starttls(context=context)
            if alerts.smtp_username and alerts.smtp_password:
                server.login(alerts.smtp_username.get_secret_value(), alerts.smtp_password.get_secret_value())
            yield server


def _smtp_problem(error: Exception) -> str:
    """The kind of an error and the server's code; its text may hold addresses."""
    mend = next((mend for kind, mend in _SMTP_MENDS if isinstance(error, kind)), None)
    code = getattr(error, "smtp_code", None)
    said = f"{type(error).__name__}{f' {code}' if code else ''}"
    return f"the mail server did not take the message ({said}); " + (
        mend or "check alerts.smtp_host, alerts.smtp_port and the network"
    )


@dataclass(frozen=True)
class Hook:
    """Posts of JSON to one address."""

    name: str
    url: SecretStr
    form: Callable[[Message], Mapping[str, Any]]
    network: Network = field(default_factory=Network)

    def send(self, told: Message) -> None:
        """Post a message; tried twice where the receiver is in trouble. See Channel."""
        for number in range(1, POSTS + 1):
            status, problem = self._posted(told)
            if not problem:
                return
            if not _is_passing(status) or number == POSTS:
                break
            time.sleep(PAUSE_SECONDS)
        raise AlertError(f"{self.name}: {problem}")

    def _posted(self, told: Message) -> tuple[int, str]:
        """The status of an answer, 0 if there was none; and what is wrong with it."""
        url = self.url.get_secret_value()
        try:
            with _unheard(), requests.Session() as session:
                session.trust_env = False
                bypass = urlsplit(url).hostname in _LOCAL or should_bypass_proxies(url, self.network.no_proxy)
                with session.post(
                    url,
                    data=json.dumps(self.form(told), ensure_ascii=False).encode(),  # Teams counts bytes
                    headers={"Content-Type": "application/json"},
                    timeout=TIMEOUT_SECONDS,
                    proxies={} if bypass else self.network.proxies(),
                    verify=str(self.network.ca_bundle) if self.network.ca_bundle else True,
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    status = answer.status_code
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return 0, f"{type(error).__name__} while posting; check alerts.{self.name}_url and the proxy"
        if status // 100 == 2:  # noqa: PLR2004 - the class of success
            return status, ""
        return status, f"expected HTTP 2xx, got {status}; {_mend(self.name, status)}"


def _is_passing(status: int) -> bool:
    return bool(status == requests.codes.too_many_requests or status >= requests.codes.server_error)


def _mend(name: str, status: int) -> str:
    if _is_passing(status):
        return "the receiver is in trouble: it is tried again by itself"
    return f"make a new address there and put it into alerts.{name}_url"


class _Unheard(logging.Filter):
    """Drops what one thread logs."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record may pass."""
        return record.thread != self._thread


@contextmanager
def _unheard() -> Iterator[None]:
    """Within it, the HTTP library logs nothing of this thread: a path may be all one needs to post."""
    silence = _Unheard(threading.get_ident())
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(silence)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(silence)
