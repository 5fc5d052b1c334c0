"""What is secret and who may read it; what runs out, as far as it tells when.

Tokens of Brightcove and Panopto, chat addresses and passwords name no day on which they end: that they work
is what the vendors' probes and `video-analytics alert --test` try.
"""

import contextlib
import os
import smtplib
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from requests.utils import should_bypass_proxies

from video_analytics.settings import Alerts, Settings
from video_analytics.verdicts import BAD, NOTE, OK, Verdict

SECRET_FILES = (".env", "secrets.json", "dagster.env")
SOON = 21  # days before an end from which it is told
TIMEOUT = 15.0

Ask = Callable[[ssl.SSLContext], Any]  # gives a certificate as `getpeercert` does


def secret_files(home: Path) -> Iterator[Verdict]:
    """Whether others than their owner may read the files that hold secrets."""
    for name in SECRET_FILES if os.name == "posix" else ():  # Windows has lists of rights, not modes
        with contextlib.suppress(FileNotFoundError):
            mode = stat.S_IMODE((home / name).stat().st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                says = f"others than its owner may use it (mode {mode:03o}): chmod 600 {home / name}"
                yield Verdict(name, NOTE, says)
            else:
                yield Verdict(name, OK, f"only its owner may read it (mode {mode:03o})")


def certificates(settings: Settings, now: datetime) -> Iterator[Verdict]:
    """How long the certificates of the Panopto site and of the mail server are good."""
    site, alerts, network = urlsplit(settings.panopto.server or ""), settings.alerts, settings.network
    trusted = str(network.ca_bundle) if network.ca_bundle else None
    if site.scheme == "https":
        probe = f"certificate of {site.hostname}"
        if network.https_proxy and not should_bypass_proxies(site.geturl(), network.no_proxy):
            yield Verdict(probe, NOTE, "not looked at: the way there leads through a proxy")
        else:
            yield _certificate(probe, lambda context: _of_site(site, context), trusted, now)
    if alerts.smtp_host and alerts.smtp_security != "none":
        probe = f"certificate of {alerts.smtp_host}"
        yield _certificate(probe, lambda context: _of_mail(alerts, context), trusted, now)


def signatures(settings: Settings, now: datetime) -> Iterator[Verdict]:
    """How long Azure's shared access signatures are good, which carry their end as `se`."""
    for share in settings.delivery.shares:
        for name, secret in share.secrets.items():
            told = parse_qs(secret.get_secret_value().lstrip("?")).get("se", ())
            for text in told:
                with contextlib.suppress(ValueError):
                    end = datetime.fromisoformat(text)
                    until = end if end.tzinfo else end.replace(tzinfo=UTC)
                    yield lasting(f"share {share.name}: {name}", until, now)


def channels(alerts: Alerts) -> Verdict:
    """Whether anybody is told when something fails."""
    ways = {
        "e-mail": alerts.email_to,
        "Slack": alerts.slack_url,
        "Teams": alerts.teams_url,
        "a webhook": alerts.webhook_url,
    }
    found = [way for way, is_set in ways.items() if is_set]
    if not found:
        return Verdict("alerts", NOTE, "nobody is told when something fails: set up a channel of [alerts]")
    return Verdict("alerts", OK, f"told by {', '.join(found)}; `video-analytics alert --test` tries that")


def lasting(probe: str, until: datetime, now: datetime) -> Verdict:
    """The verdict of something that ends at an instant."""
    left = (until - now).days
    if left < 0:
        return Verdict(probe, BAD, f"ended on {until:%F}; renew it")
    if left < SOON:
        return Verdict(probe, NOTE, f"ends on {until:%F}, in {left} days; renew it")
    return Verdict(probe, OK, f"good until {until:%F}, for {left:,} days")


def _certificate(probe: str, ask: Ask, trusted: str | None, now: datetime) -> Verdict:
    try:
        shown = ask(ssl.create_default_context(cafile=trusted))
    except ssl.SSLCertVerificationError as error:
        mend = "renew it, or name its issuer's certificate as network.ca_bundle"
        return Verdict(probe, BAD, f"it is refused ({error.verify_message}); {mend}")
    except (OSError, smtplib.SMTPException) as error:
        return Verdict(probe, NOTE, f"could not be looked at ({type(error).__name__}); check the network")
    return lasting(probe, datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC), now)


def _of_site(site: SplitResult, context: ssl.SSLContext) -> Any:
    address = (site.hostname or "", site.port or 443)
    with (
        socket.create_connection(address, TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=site.hostname) as secured,
    ):
        return secured.getpeercert()


def _of_mail(alerts: Alerts, context: ssl.SSLContext) -> Any:
    host, port = alerts.smtp_host or "", alerts.smtp_port
    if alerts.smtp_security == "tls":
        with smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context) as mail:
            return _peer(mail)
    with smtplib.SMTP(host, port, timeout=TIMEOUT) as mail:
        mail.starttls(context=context)
        return _peer(mail)


def _peer(mail: smtplib.SMTP) -> Any:
    if not isinstance(mail.sock, ssl.SSLSocket):
        raise smtplib.SMTPException("the connection is not secured")
    return mail.sock.getpeercert()
