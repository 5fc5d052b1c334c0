"""What belongs together: credentials come in pairs, and a vendor's credentials with the vendor's address.

A call to the vendor would tell too, but later and less plainly.
"""

from collections.abc import Iterator, Mapping

from video_analytics.settings.keys import DOTENV, OLD_VARIABLES, SECRETS, TOML, VARIABLES
from video_analytics.settings.problems import Problem
from video_analytics.settings.sources import Value

Chosen = dict[tuple[str, str], Value]

_PAIRS = (
    ("brightcove", "client_id", "client_secret"),
    ("panopto", "client_id", "client_secret"),
    ("panopto", "username", "password"),
    ("alerts", "smtp_username", "smtp_password"),
)
# section, field, what it needs
_NEEDS = (
    ("alerts", "email_to", ("email_from", "smtp_host")),
    ("alerts", "smtp_password", ("smtp_host",)),
)
_SERVER = ("panopto", "server")
_REST = (("panopto", "client_id"), ("panopto", "client_secret"))
_CREDENTIALS = (*_REST, ("panopto", "username"), ("panopto", "password"))
_VARIABLE_OF = {path: name for name, path in VARIABLES.items()}


def strongest(values: list[Value]) -> Chosen:
    """The value of each field, from values that come weakest first.

    A bare USERNAME or CLIENT_ID in `.env` may well be another program's: it counts where a site is named.
    """
    if all(value.path != _SERVER for value in values):
        values = [each for each in values if not (each.file == DOTENV and each.key in OLD_VARIABLES)]
    return {value.path: value for value in values}


def incomplete(chosen: Mapping[tuple[str, str], Value]) -> Iterator[Problem]:
    """Whatever is there without what it needs."""
    for section, *fields in _PAIRS:
        paths = [(section, field) for field in fields]
        given = [chosen[path] for path in paths if path in chosen]
        if len(given) == 1:
            (missing,) = (path for path in paths if path not in chosen)
            expected = f"expected together with {missing[1]}, got it alone"
            yield Problem(given[0].file, given[0].key, expected, _add(missing))
    for section, field, needed in _NEEDS:
        value = chosen.get((section, field))
        lacking = [(section, each) for each in needed if (section, each) not in chosen]
        if value and value.value and lacking:
            expected = f"expected together with {' and '.join(needed)}, got it without"
            yield Problem(value.file, value.key, expected, "; ".join(map(_add, lacking)))
    yield from _without_site(chosen)


def _without_site(chosen: Mapping[tuple[str, str], Value]) -> Iterator[Problem]:
    """Panopto's credentials without its address, or the address without them."""
    credentials = [chosen[path] for path in _CREDENTIALS if path in chosen]
    server = chosen.get(_SERVER)
    if credentials and not server:
        first = credentials[0]
        yield Problem(first.file, first.key, "expected together with server, got it alone", _add(_SERVER))
    if server and not any(path in chosen for path in _REST):
        expected = "expected together with client_id and client_secret, got it without"
        mend = f"{_add(_REST[0])}; {_add(_REST[1])}"
        yield Problem(server.file, server.key, expected, mend)


def _add(path: tuple[str, str]) -> str:
    section, field = path
    if path == _SERVER:
        return f"add {_VARIABLE_OF[path]} to {DOTENV} or {field} to [{section}] in {TOML}"
    if path not in _VARIABLE_OF:
        return f"add {field} to [{section}] in {TOML}"
    inside = "" if section == "brightcove" else f'"{section}" in '
    return f"add {_VARIABLE_OF[path]} to {DOTENV} or {field} to {inside}{SECRETS}"
