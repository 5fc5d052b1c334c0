"""The checks of single values that a type alone cannot express: addresses, names, zones, secrets.

Each takes a value of the right type and gives it back, tidied, or raises `wrong(…)`, which says what was
expected and how to mend it. What came instead is added later, where it is known whether it may be shown.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from video_analytics.settings.problems import nearest

_HOST = r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?"
_URL = re.compile(rf"(?P<scheme>https?)://{_HOST}(?P<path>(?:/[\w.~%+,;=:-]*)*)", re.IGNORECASE | re.ASCII)
_PROXY = re.compile(rf"(?P<scheme>https?://)?(?:[^\s/]+@)?{_HOST}/?", re.IGNORECASE | re.ASCII)

# Windows keeps these names for devices, whatever extension follows.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(?:\..*)?", re.IGNORECASE
)
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_FOLDER = re.compile(r"[^<>:\"/\\|?*]{1,64}")

_GUID = re.compile(r"(\{)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?(1)\})", re.IGNORECASE | re.ASCII)
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_PSEUDONYM_KEY_CHARACTERS = 16
_TITLE_CHARACTERS = 80
_COMMON_YEAR = 2001  # no leap year

_LAST_PORT = 65_535
_FIRST_DAY, _LAST_DAY = date(2005, 1, 1), date(2100, 12, 31)


def wrong(expected: str, mend: str, got: str = "", where: tuple[int | str, ...] = ()) -> PydanticCustomError:
    """A failed check; `got` replaces the usual description of the value, where that would tell too much.

    `where` leads on from the value that was checked to the key inside it that is to be mended.
    """
    context: dict[str, Any] = {"expected": expected, "mend": mend, "got": got, "where": where}
    return PydanticCustomError("wrong", "{expected}; {mend}", context)


def is_loopback(url: str) -> bool:
    """Whether an address points at this machine (a simulated vendor)."""
    match = _URL.fullmatch(url)
    if not match:
        return False
    host = match["host"].lower().strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def base_url(text: str) -> str:
    """An https address without password, query and trailing slash; plain http only to this machine."""
    match = _URL.fullmatch(text)
    if not match or not _is_port(match["port"]):
        mend = "write the vendor's address alone: no user:password, no query, no blanks"
        raise wrong("an address such as https://host/path", mend, "something else (not shown)")
    if match["scheme"].lower() == "http" and not is_loopback(text):
        mend = "write https:// (plain http is for a vendor simulated on this machine)"
        raise wrong("an https:// address", mend, f"http://{match['host']}")
    root = text.removesuffix(match["path"]) if match["path"] else text
    return root.lower() + match["path"].rstrip("/")


def token_url(text: str) -> str:
    """The address tokens come from; a base address gets the vendor's last step appended."""
    url = base_url(text)
    return url if url.endswith("/access_token") else f"{url}/access_token"


def proxy(secret: SecretStr) -> SecretStr:
    """A proxy's address, possibly with user:password; `host:port` alone means http://."""
    text = secret.get_secret_value()
    match = _PROXY.fullmatch(text)
    if not match or not _is_port(match["port"]):
        mend = "write http://host:port, with special characters of a password percent-encoded"
        raise wrong("the http:// or https:// address of a proxy", mend)
    return secret if match["scheme"] else SecretStr(f"http://{text}")


def server(text: str) -> str:
    """A site as https://host[:port]: people write the host alone, or copy the address with /Panopto."""
    url = base_url(text if "://" in text else f"https://{text}")
    match = _URL.fullmatch(url)
    path = match["path"] if match else ""
    if path.lower() not in {"", "/panopto"}:
        mend = "write what stands before the path, such as company.hosted.panopto.com"
        raise wrong("the site's host alone", mend, "an address with a path (not shown)")
    return url.removesuffix(path)


def credential_from(place: str) -> Callable[[SecretStr], SecretStr]:
    """A client id or secret: printable ASCII without blanks, so that it survives an HTTP header."""

    def credential(secret: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
            raise wrong("letters, digits and signs without blanks", f"copy it again from {place}")
        return secret

    return credential


def username(text: str) -> str:
    r"""A name to log on with, perhaps provider\user."""
    if not _is_typed(text):
        # In double quotes `.env` reads the \t of provider\tom as a tab.
        raise wrong("printable characters", "put a name that holds a \\ in single quotes or in none")
    return text


def password(secret: SecretStr) -> SecretStr:
    """A password of any characters that can be typed: blanks inside, signs and accents among them."""
    if not _is_typed(secret.get_secret_value()):
        mend = "put it in single quotes: in double quotes a \\ starts a control character"
        raise wrong("printable characters", mend)
    return secret


def pseudonym_key(secret: SecretStr) -> SecretStr:
    """A key long enough that nobody finds it by trying."""
    text = secret.get_secret_value()
    if len(text) < _PSEUDONYM_KEY_CHARACTERS or not _is_typed(text):
        mend = "make a random one and keep it: another key gives other pseudonyms"
        raise wrong(f"at least {_PSEUDONYM_KEY_CHARACTERS} printable characters", mend)
    return secret


def guid_in(text: str) -> str | None:
    """The guid that a text is, in lower case and without braces; None if it is none."""
    match = _GUID.fullmatch(text.strip())
    return match[2].lower() if match else None


def guid(text: str) -> str:
    """A Panopto id, in lower case."""
    found = guid_in(text)
    if not found:
        raise wrong(f"a guid such as {ZERO_GUID}", "copy the id again from Panopto")
    return found


def anonymous(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Each id once; the zero guid is nobody, whatever the site calls its anonymous viewers."""
    return tuple(dict.fromkeys((ZERO_GUID, *ids)))


def digits(text: str) -> str:
    """A vendor's id, kept as text."""
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise wrong("1 to 20 digits, in quotes", "copy the account id from Brightcove Studio")
    return text


def table_name(kind: str) -> Callable[[str], str]:
    """The name of an account, share or route, which makes a partition key and a file name on every system."""

    def checked(text: str) -> str:
        if not _NAME.fullmatch(text) or _DEVICE.fullmatch(text):
            mend = f"rename the {kind}'s table (con, nul, com1 and the like are devices on Windows)"
            raise wrong("a name of up to 64 letters, digits and _ that can be a file name", mend)
        return text

    return checked


def lower_name(example: str) -> Callable[[str], str]:
    """A lower-case name that makes part of a file name; "all" is taken by the files of everything."""

    def checked(text: str) -> str:
        if not _NAME.fullmatch(text) or text != text.lower() or _DEVICE.fullmatch(text) or text == "all":
            mend = f'choose a name such as "{example}" ("all", con, nul and the like are taken)'
            raise wrong("up to 64 lower-case letters, digits and _", mend)
        return text

    return checked


def folder_name(text: str) -> str:
    """A name people chose, which must be able to be part of a folder's name on Windows."""
    usable = _FOLDER.fullmatch(text) and text.isprintable() and text == text.strip(" ").rstrip(".")
    if not usable or _DEVICE.fullmatch(text):
        mend = 'remove < > : " / \\ | ? *, control characters, outer blanks and a dot at the end'
        raise wrong("up to 64 characters that can be part of a folder's name", mend)
    return text


def zone(text: str) -> str:
    """An IANA time zone that this machine knows."""
    try:
        ZoneInfo(text)
    # A folder of the zone database, such as "Europe", is an OSError.
    except (KeyError, ValueError, OSError):
        mend = f"did you mean {nearest(text, available_timezones())!r}?"
    else:
        return text
    raise wrong("an IANA time zone such as Europe/Zurich", mend)


def iso_date(value: object) -> object:
    """TOML has dates of its own, but people also write them in quotes."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def day(value: date) -> date:
    """A day on which the vendor can have had data."""
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise wrong(f"a date from {_FIRST_DAY} to {_LAST_DAY}", "correct the year")
    return value


def years(value: tuple[int, ...]) -> tuple[int, ...]:
    """Each year once, in order."""
    if not value:
        raise wrong("at least one year", "name a year, or remove the line to use last year and this year")
    return tuple(sorted(set(value)))


def months(value: tuple[int, ...]) -> tuple[int, ...]:
    """Each number of months once, in order."""
    if not value:
        raise wrong("at least one number of months", "name one, or remove the line to use 6, 12 and 18")
    return tuple(sorted(set(value)))


def month_day(text: str) -> str:
    """A day that every year has, as MM-DD."""
    match = re.fullmatch(r"([0-9]{2})-([0-9]{2})", text)
    try:
        date(_COMMON_YEAR, int(match[1]) if match else 0, int(match[2]) if match else 0)
    except ValueError:
        pass
    else:
        return text
    raise wrong('a day of every year as "MM-DD"', 'write "06-01" for the first of June (no 02-29)')


def label(text: str) -> str:
    """The name of a folder or a stream source as it stands in reports."""
    if not text:
        raise wrong("a name", 'write "(none)" for sessions that have none')
    return text


def some(value: tuple[str, ...]) -> tuple[str, ...]:
    """A condition needs something to compare with."""
    if not value:
        raise wrong("at least one name", "name one, or remove the key")
    return value


def title(text: str) -> str:
    """A heading people read."""
    if not text.strip() or not _is_typed(text) or len(text) > _TITLE_CHARACTERS:
        raise wrong(f"1 to {_TITLE_CHARACTERS} characters on one line", "write a short title, or remove it")
    return text


def existing(path: Path) -> Path:
    """A file (or a folder of certificates) that is there."""
    try:
        found = path.exists()
    except OSError:  # a name too long, or a folder that may not be read
        found = False
    if not found:
        raise wrong("a file that exists", "correct the path; a relative one starts at the home folder")
    return path


def _is_port(text: str | None) -> bool:
    return text is None or 1 <= int(text) <= _LAST_PORT


def _is_typed(text: str) -> bool:
    """Whether all is visible or a blank; to Python only the plain blank is printable."""
    return all(each.isprintable() or unicodedata.category(each) == "Zs" for each in text)
