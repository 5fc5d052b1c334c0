"""The checks of whom messages go to: e-mail addresses, mail servers, hooks, the page of the UI."""

import re

from pydantic import SecretStr

from video_analytics.settings.checks import is_loopback, wrong

_NOT_SHOWN = "something else (not shown)"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE | re.ASCII)
_EMAIL_CHARACTERS = 254
_SERVER = re.compile(rf"{_LABEL}(?:[._-]{_LABEL})*\.?|[0-9a-f:]*:[0-9a-f:.]+", re.IGNORECASE | re.ASCII)
_HOOK = re.compile(
    r"(?P<root>(?P<scheme>https?)://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?)(?:/[!-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_PAGE = re.compile(
    r"https?://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?(?:/[\w.~/-]*)?", re.IGNORECASE | re.ASCII
)


def email(text: str) -> str:
    """An address that mail may reach."""
    if not _EMAIL.fullmatch(text) or len(text) > _EMAIL_CHARACTERS:
        raise wrong("an e-mail address such as team@example.com", "write the address alone, without a name")
    return text


def distinct(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Each address once, in any case."""
    return tuple({each.lower(): each for each in reversed(addresses)}.values())[::-1]


def host(text: str) -> str:
    """A server's name or address alone."""
    if not _SERVER.fullmatch(text):
        mend = "write the name alone: no smtp://, no user, and the port in smtp_port"
        raise wrong("a mail server such as smtp.example.com", mend, _NOT_SHOWN)
    return text


def is_here(name: str) -> bool:
    """Whether a server is this machine."""
    return is_loopback(f"http://[{name}]" if ":" in name else f"http://{name}")


def hook(secret: SecretStr) -> SecretStr:
    """The https address of a channel, which is a secret as a whole; plain http only to this machine."""
    match = _HOOK.fullmatch(secret.get_secret_value())
    if not match:
        mend = "copy it again from the channel: https://host/…, without user:password@ and blanks"
        raise wrong("an https:// address", mend, _NOT_SHOWN)
    if match["scheme"].lower() == "http" and not is_loopback(match["root"]):
        mend = "write https://: whoever reads the address can write to the channel"
        raise wrong("an https:// address", mend, "an http:// address (not shown)")
    return secret


def page(text: str) -> str:
    """The address of a page, for links; without slashes at its end."""
    if not _PAGE.fullmatch(text):
        mend = "write http://server:3000: no user:password@, no query, no blanks"
        raise wrong("the address of the UI", mend, _NOT_SHOWN)
    return text.rstrip("/")
