"""`secrets.json` and `.env` of the old scripts, copied where the home has none.

Known keys only, into a file that its owner alone may read. No message holds a value.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream

from video_analytics import files
from video_analytics.errors import SettingsError
from video_analytics.importing.desk import Desk
from video_analytics.importing.finding import Found
from video_analytics.importing.tally import Tally
from video_analytics.settings import load_settings
from video_analytics.settings.files import parse_json, read_text
from video_analytics.settings.keys import (
    DOTENV,
    HOME,
    OLD_VARIABLES,
    SECRET_KEYS,
    SECRET_OBJECTS,
    SECRETS,
    TOML,
    VARIABLES,
)
from video_analytics.settings.problems import Problem, shown_key

_UNKNOWN = "is no key that is known here"
_OWNER_ONLY = 0o600


@dataclass(frozen=True)
class _Known:
    """What is taken of a file: its text, and its values by their keys, to be compared only."""

    text: str
    values: Mapping[str, Any]


def import_credentials(desk: Desk, found: Sequence[Found]) -> None:
    """Copy each file the home has none of; the first that is found counts."""
    for name, read in ((SECRETS, _secrets), (DOTENV, _dotenv)):
        held = _held(desk.settings.home / name, read)
        for file in (file for file in found if file.kind == name):
            held = _import(desk, name, file, read(file.path, file.tally), held)


def _import(desk: Desk, name: str, file: Found, known: _Known | None, held: _Known | None) -> _Known | None:
    """Take a file, or say why not; gives what the home has then."""
    if known is None or not known.values:
        if known is not None:
            file.tally.notes.append("nothing to take: no key with a value")
        return held
    if held is not None:
        _compare(name, file.tally, known, held)
        return held
    if problem := _problem(desk.settings.home, name, known.text):
        file.tally.refuse_all(problem)
        return None
    if not desk.dry_run:
        with files.replacing(desk.settings.home / name) as temporary:
            temporary.touch(mode=_OWNER_ONLY)
            temporary.write_text(known.text, encoding="utf-8")
    file.tally.taken = len(known.values)
    return known


def _held(path: Path, read: Any) -> _Known | None:
    """What the home has; what cannot be read is there all the same."""
    if not path.exists():
        return None
    return read(path, Tally(path.name, path.name)) or _Known("", {})


def _compare(name: str, tally: Tally, known: _Known, held: _Known) -> None:
    tally.there = sum(held.values.get(key) == value for key, value in known.values.items())
    others = [key for key, value in known.values.items() if held.values.get(key) != value]
    if others:
        keys = ", ".join(others)
        reason = f"the home's own {name} has other values, or none, for {keys}; enter there what is right"
        tally.refuse(reason, [], len(others))


def _problem(home: Path, name: str, text: str) -> str:
    """Why the home's settings would not load with this file; they never tell values."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder)
        for other in {TOML, SECRETS, DOTENV} - {name}:
            if (home / other).is_file():
                files.write_bytes(trial / other, (home / other).read_bytes())
        with files.replacing(trial / name) as temporary:
            temporary.touch(mode=_OWNER_ONLY)
            temporary.write_text(text, encoding="utf-8")
        try:
            load_settings(trial, {})
        except SettingsError as error:
            return str(error).replace("\n", " · ").replace(str(trial), str(home))
    return ""


# --- secrets.json -----------------------------------------------------------------------------------------


def _secrets(path: Path, tally: Tally) -> _Known | None:
    text = read_text(path)
    tree = parse_json(SECRETS, text) if isinstance(text, str) else text
    if not isinstance(tree, dict):
        known = tree if isinstance(tree, Problem) else "expected an object in { }"
        tally.refuse_all(str(known))
        return None
    kept: dict[str, Any] = {key: tree[key] for key in tree if key in SECRET_KEYS and tree[key]}
    unknown = [shown_key(key) for key in tree if key not in SECRET_KEYS and key not in SECRET_OBJECTS]
    values = {key: kept[key] for key in kept}
    for name, (keys, _) in SECRET_OBJECTS.items():
        inner = tree.get(name)
        if isinstance(inner, dict):
            kept[name] = {key: inner[key] for key in inner if key in keys and inner[key]}
            values |= {f"{name}.{key}": value for key, value in kept[name].items()}
            unknown += [f"{name}.{shown_key(key)}" for key in inner if key not in keys]
        elif inner:
            unknown.append(name)
    for key in unknown:
        tally.refuse(f"{key} {_UNKNOWN}", [], 1)
    return _Known(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", values)


# --- .env -------------------------------------------------------------------------------------------------


def _dotenv(path: Path, tally: Tally) -> _Known | None:
    text = read_text(path)
    if not isinstance(text, str):
        tally.refuse_all(str(text))
        return None
    kept: dict[str, Binding] = {}
    for binding in parse_stream(StringIO(text)):
        if binding.key is None and not binding.error:
            continue  # a comment, or nothing
        if binding.error or binding.key is None or binding.value is None:
            tally.refuse("expected NAME=value", [binding.original.line])  # what stands there may be a secret
        elif binding.key in VARIABLES or binding.key in OLD_VARIABLES:
            kept[binding.key] = binding
        elif binding.key == HOME:
            tally.refuse(f"{HOME} is looked up in the environment only", [binding.original.line])
        else:
            tally.refuse(f"{shown_key(binding.key)} {_UNKNOWN}", [binding.original.line])
    lines = (binding.original.string.strip() for binding in kept.values())
    values = {key: binding.value for key, binding in kept.items() if binding.value}
    return _Known("".join(f"{line}\n" for line in lines), values)
