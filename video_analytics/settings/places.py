"""The checks of where files come from and go to: sources, folders, periods."""

import re
from itertools import pairwise

from video_analytics.settings.checks import folder_name, wrong
from video_analytics.settings.roots import HERE

ACCOUNT = "{account}"
PERIODS = ("{YYYY}", "{MM}", "{YYYY_MM}", "{YYYY-MM}")
WILD = re.compile(r"[*?]")

_SHORT_NAME = re.compile(r"~[0-9]")  # Windows calls a long name REPORT~1 too
_BRACES = re.compile(r"\{[^{}]*\}")
_BRACE = re.compile(r"[{}]")
_PERIOD = re.compile(r"[A-Za-z0-9 _./-]*", re.ASCII)
_SOURCE_CHARACTERS = 500
_SOURCE = 'write for instance "brightcove/cms/{account}_cms.csv" or "brightcove/daily/**/daily_*"'
_GLOB = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}


def folder(text: str) -> str:
    """A folder below a share's root, written with /; "." is the root itself."""
    if text == HERE:
        return text
    if _BRACE.search(text):
        raise wrong("a folder's name", 'put what changes with time into period: "{YYYY_MM}"')
    _usable(text)
    return text


def period(text: str) -> str:
    """A folder named after the month; no text: none."""
    strange = set(_BRACES.findall(text)) - set(PERIODS)
    if strange or not _PERIOD.fullmatch(_BRACES.sub("", text)):
        mend = 'write for instance "{YYYY_MM}" or "{YYYY}/{MM}", or "" for none'
        raise wrong(f"letters, digits, _ - . and {', '.join(PERIODS)}", mend)
    if text:
        _usable(_BRACES.sub("2026", text))
    return text


def _usable(path: str) -> None:
    for part in path.split("/"):
        if not part:
            mend = 'write folder/folder without / at either end; "." is the root itself'
            raise wrong("a folder below the share's root, with /", mend)
        if _SHORT_NAME.search(part):
            raise wrong("a folder's own name", "replace the ~: Windows has short names such as REPORT~1")
        folder_name(part)


def spelled_out(text: str) -> str:
    """A period with year and month each on its own, so that two spellings are equal."""
    return text.replace("{YYYY_MM}", "{YYYY}_{MM}").replace("{YYYY-MM}", "{YYYY}-{MM}")


def source(text: str) -> str:
    """A glob below exports/: parts with /, wildcards * and ?, ** alone as a part; brackets are themselves."""
    parts = text.split("/")
    if any(not part.strip(".") or part != part.strip() for part in parts):
        raise wrong("a path below exports/ without . and .. and empty parts", _SOURCE)
    if re.search(r"[\\:]", text) or not text.isprintable() or len(text) > _SOURCE_CHARACTERS:
        raise wrong("a path below exports/ with / between its parts", _SOURCE)
    if _BRACE.search(text.replace(ACCOUNT, "")):
        raise wrong(f"no other placeholder than {ACCOUNT}", _SOURCE)
    # What was delivered is noted there; a route that took it along would never come to an end.
    if WILD.search(parts[0]) or ACCOUNT in parts[0] or parts[0].casefold() == "delivery":
        raise wrong("a folder of exports/ first, such as brightcove or panopto", _SOURCE)
    if any("**" in part and part != "**" for part in parts) or ("**", "**") in pairwise(parts):
        raise wrong("** once, alone between two /", _SOURCE)
    if parts[-1] == "**":
        raise wrong("a file's name at the end", "write **/* for all files below")
    return text


def matches(glob: str, path: str) -> bool:
    """Whether a (checked) source without placeholder selects a path below exports/, in any case."""
    pieces = re.split(r"(\*\*/|\*|\?)", glob)
    pattern = "".join(_GLOB.get(piece, re.escape(piece)) for piece in pieces)
    return re.fullmatch(pattern, path, re.IGNORECASE) is not None
