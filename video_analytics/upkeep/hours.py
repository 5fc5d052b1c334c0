"""The machine's clock against the vendors': tokens, days and trailing windows all hang on it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.utils import should_bypass_proxies

from video_analytics.settings import Network, Settings
from video_analytics.verdicts import BAD, NOTE, OK, Verdict

OFF, WRONG = 5.0, 60.0  # seconds between the clocks: worth a note, worth a failure
TIMEOUT = 15.0
STOPPED = 60.0  # the platform's clock may differ so much from the machine's before it counts as stopped


def clock(settings: Settings, now: datetime) -> Iterator[Verdict]:
    """Whether the clock goes, and goes right by the vendors that are set up."""
    if abs(now.timestamp() - time.time()) > STOPPED:
        yield Verdict(
            "clock",
            NOTE,
            f"stopped at {now:%F %R} UTC by VIDEO_ANALYTICS_NOW; unset it unless this is a drill",
        )
    for vendor, url in _vendors(settings).items():
        yield _against(vendor, url, settings.network)


def _vendors(settings: Settings) -> dict[str, str]:
    brightcove, panopto = settings.brightcove, settings.panopto
    asked = {"Brightcove": brightcove.oauth_url} if brightcove.client_id else {}
    return asked | ({"Panopto": f"{panopto.server}/Panopto/oauth2/connect/token"} if panopto.server else {})


def _against(vendor: str, url: str, network: Network) -> Verdict:
    host, probe = urlsplit(url).hostname, f"clock ({vendor})"
    before = time.time()
    try:
        headers = _headers(url, network)
    except requests.RequestException as error:  # its text may hold a proxy's password
        says = f"{host} could not be asked for the time ({type(error).__name__}); check network and proxy"
        return Verdict(probe, NOTE, says)
    here, there = (before + time.time()) / 2, _told(headers)
    if there is None:
        return Verdict(probe, NOTE, f"{host} does not tell the time")
    return judged(probe, here - there, f"{vendor}'s")


def judged(probe: str, ahead: float, whose: str) -> Verdict:
    """The verdict of a clock that is `ahead` seconds before another one; below zero: behind it."""
    way = "ahead of" if ahead > 0 else "behind"
    says = f"{abs(ahead):,.0f} s {way} {whose} clock"
    mend = "let the machine keep its time by NTP (timedatectl set-ntp true; Windows: w32tm /resync)"
    if abs(ahead) >= WRONG:
        return Verdict(probe, BAD, f"{says}, expected less than {WRONG:.0f} s; {mend}")
    if abs(ahead) >= OFF:
        return Verdict(probe, NOTE, f"{says}; {mend}")
    return Verdict(probe, OK, f"within {OFF:.0f} s of {whose} clock")


def _headers(url: str, network: Network) -> requests.structures.CaseInsensitiveDict[str]:
    local = urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}
    with requests.Session() as session:
        session.trust_env = False  # proxies come from settings
        session.verify = str(network.ca_bundle) if network.ca_bundle else True
        proxies = {} if local or should_bypass_proxies(url, network.no_proxy) else network.proxies()
        return session.head(url, timeout=TIMEOUT, proxies=proxies, allow_redirects=False).headers


def _told(headers: requests.structures.CaseInsensitiveDict[str]) -> float | None:
    """The answer's Date as a timestamp, in the middle of its second; from a cache it is as old as told."""
    try:
        told = parsedate_to_datetime(headers["Date"])
        age = float(headers.get("Age", 0))
    except (KeyError, ValueError, TypeError):
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() + age + 0.5
