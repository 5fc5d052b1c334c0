"""Files of settings as text and as trees, or the Problem with its place; never a word of what they hold."""

import codecs
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from video_analytics.settings.problems import Problem


def read_text(path: Path) -> str | Problem | None:
    """A file's text as editors on any system save it; None if there is no such file."""
    try:
        raw = path.read_bytes()
        utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = raw.decode("utf-16" if utf16 else "utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        mend = "make it a file that this user may read, or remove it"
        return Problem(path.name, "file", f"cannot be read ({error.strerror})", mend)
    except UnicodeDecodeError as error:
        problem = f"expected UTF-8 text, byte {error.start + 1} is none"
        return Problem(path.name, "file", problem, "save it as UTF-8")
    if "\0" in text:
        return Problem(path.name, "file", "expected UTF-8 text, got zero bytes", "save it as UTF-8")
    return text


def parse_json(file: str, text: str) -> Any:
    """The parsed text, or the Problem; never its content, which is secret."""
    mend = "look there for a missing quote, comma or brace"
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return Problem(file, f"line {error.lineno}, column {error.colno}", "is not valid JSON", mend)
    except (ValueError, RecursionError):  # digits or brackets without end
        return Problem(file, "file", "is not usable JSON", "write it anew, short and flat")


def parse_toml(file: str, text: str) -> dict[str, Any] | Problem:
    """The parsed text, or the Problem with its place; the parser's own words may quote what is secret."""
    mend = (
        "look there for a missing quote, a \\ in a double-quoted path (use single quotes) or a key set twice"
    )
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        match = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
    line, column = match.groups() if match else _end(text)
    return Problem(file, f"line {line}, column {column}", "is not valid TOML", mend)


def _end(text: str) -> tuple[int, int]:
    lines = text.splitlines() or [""]
    return len(lines), len(lines[-1]) + 1
