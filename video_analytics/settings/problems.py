"""What is wrong with the settings, one line each: file, key, what was expected and came, how to mend it.

Values of secrets and proxies are never shown, nor anything inside an address but its host.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from typing import Any

_SHOWN_CHARACTERS = 120
_SHOWN_MAGNITUDE = 10**18

# Field paths whose value never appears in a message.
HIDDEN = frozenset(
    {
        ("brightcove", "client_id"),
        ("brightcove", "client_secret"),
        ("panopto", "username"),
        ("panopto", "password"),
        ("panopto", "client_id"),
        ("panopto", "client_secret"),
        ("panopto", "pseudonym_key"),
        ("delivery", "share_secrets"),
        ("alerts", "smtp_username"),
        ("alerts", "smtp_password"),
        ("alerts", "slack_url"),
        ("alerts", "teams_url"),
        ("alerts", "webhook_url"),
        ("network", "https_proxy"),
        ("network", "http_proxy"),
        ("network", "no_proxy"),
    }
)

# pydantic's kinds of error, in our words; the braces are filled from the error's own context.
EXPECTED = {
    "bool_type": "true or false",
    "date_type": "a date such as 2023-01-01",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_type": "a whole number",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "{expected}",
    "mapping_type": "a table",
    "model_type": "a table",
    "path_type": "a path in quotes",
    "rules_or_beyond": "a list of rules in [ ], or a table with of and beyond",
    "rules_or_rest": 'a list of rules in [ ], or "rest"',
    "string_type": "text in quotes",
    "string_unicode": "readable text",
    "tuple_type": "a list in [ ]",
    "wrong": "{expected}",
}

# The order matters: True is an int, and a datetime is a date.
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "nothing"),
    (bool, "true or false"),
    (str, "text"),
    ((int, float), "a number"),
    ((date, time), "a date or time"),
    ((list, tuple), "a list"),
    (dict, "a table"),
)


@dataclass(frozen=True)
class Problem:
    """One line of a SettingsError."""

    file: str
    key: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.problem}; {self.mend}"


def unknown(file: str, prefix: str, key: str, known: Iterable[str]) -> Problem:
    """A key or variable nobody reads, with the one that was probably meant."""
    mend = f"did you mean {nearest(key, known)!r}? Otherwise remove it"
    return Problem(file, prefix + unpasted(key), "unknown name", mend)


def unpasted(key: str) -> str:
    """A key, unless it may be a secret pasted on the wrong side of the equals sign.

    Such a one is longer than our names, or oddly spelt.
    """
    return key if re.fullmatch(r"[\w-]{1,32}", key, re.ASCII) else "(a long or odd name, not shown)"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, whatever its case; before all one that is it but for its table."""
    by_fold = {each.casefold(): each for each in sorted(known)}
    for fold, each in by_fold.items():
        if fold.endswith(f".{name.casefold()}"):
            return each
    # No name is long; a very long wrong one would only cost time.
    (match,) = get_close_matches(name[:_SHOWN_CHARACTERS].casefold(), by_fold, n=1, cutoff=0.0)
    return by_fold[match]


def shown_key(key: str) -> str:
    """A key as it may stand in a message: on one line and not endless."""
    return key if re.fullmatch(r"[\w-]{1,64}", key, re.ASCII) else repr(key[:_SHOWN_CHARACTERS])


def described(value: Any, *, hidden: bool) -> str:
    """A value as it may stand in a message; of a hidden one only its kind."""
    kind = next((words for types, words in _KINDS if isinstance(value, types)), "another kind of value")
    if hidden:
        return f"{kind} (not shown)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…")
    if isinstance(value, int) and abs(value) > _SHOWN_MAGNITUDE:
        return "a very large number"
    return str(value) if isinstance(value, int | float | date | time) else kind
