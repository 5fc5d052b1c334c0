"""Options and secrets of a share: what fsspec is told beside the address, and what of it is secret."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from video_analytics.settings.checks import wrong
from video_analytics.settings.problems import unpasted

MOVE = 'move it to secrets.json: {"shares": {"NAME": {"KEY": "…"}}}'

_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_A_KEY = "a key of up to 32 lower-case letters, digits and _"
_SECRET_WORD = re.compile(r"p?key|sas|signature|credentials?", re.IGNORECASE)
_SECRET_PART = re.compile(r"pass(?:w|phrase)|pwd|secret|token|connection_?string", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_FILES = ("_file", "_filename", "_path")  # where a secret lies is none
_SECRET_VALUE = re.compile(
    r"://[^/@\s]+@|(?:password|pwd|secret|token|key|sig|signature)\s*[=:]|-----BEGIN|bearer\s", re.IGNORECASE
)


def is_secret(key: str) -> bool:
    """Whether a key is the name of a password, token or key."""
    if key.lower().endswith(_FILES):
        return False
    return bool(_SECRET_PART.search(key)) or any(map(_SECRET_WORD.fullmatch, _WORD.findall(key)))


def options(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Plain keys with plain values, none of them secret."""
    for key, each in value.items():
        if is_secret(key):
            raise _at(key, "no secret among the options", MOVE, "one (not shown)")
        if not _KEY.fullmatch(key):
            raise _at(key, _A_KEY, "write it as fsspec's documentation of that address does", "another")
        if not isinstance(each, str | int | float | bool):
            raise _at(key, "text, a number, true or false", "correct it", "another kind of value")
        if isinstance(each, str) and (_SECRET_VALUE.search(each) or not each.isprintable()):
            raise _at(key, "a plain value without a secret inside", MOVE, "text (not shown)")
    return value


def secrets(value: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    """Plain keys; values of any characters, as a key may have lines."""
    for key, each in value.items():
        if not _KEY.fullmatch(key):
            raise _at(key, _A_KEY, 'write for instance "username" and "password"', "another")
        if not each.get_secret_value().strip() or "\0" in each.get_secret_value():
            raise _at(key, "a secret", "write it, or remove the key", "text (not shown)")
    return value


def _at(key: str, expected: str, mend: str, got: str) -> PydanticCustomError:
    return wrong(expected, mend, got, where=(unpasted(key),))
