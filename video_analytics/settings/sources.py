"""The places where settings are found: environment, `.env`, `secrets.json`, `settings.toml`.

Each source yields what it holds, value by value with the place it came from, and its problems among them.
A missing file holds nothing; empty text counts as not set. Types and bounds are the models' matter.
The sources of pydantic-settings are not used: they forget which file a value came from.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from video_analytics.settings import share_options
from video_analytics.settings.files import parse_json, parse_toml, read_text
from video_analytics.settings.keys import (
    DOTENV,
    ENVIRONMENT,
    HOME,
    NAMED_TABLES,
    OLD_VARIABLES,
    OUR_VARIABLES,
    OURS,
    SECRET_KEYS,
    SECRET_OBJECTS,
    SECRETS,
    SHARE_SECRETS,
    SHARES,
    TOML,
    TOML_SECRETS,
    TOML_TABLES,
    VARIABLES,
)
from video_analytics.settings.problems import Problem, described, shown_key, unknown, unpasted


@dataclass(frozen=True)
class Value:
    """A value on its way to the field `path`, and where it was found."""

    path: tuple[str, str]
    value: Any
    file: str
    key: str


Found = Iterator[Value | Problem]


def from_environment(environ: Mapping[str, str]) -> Found:
    """The variables of the process. Other tools may set BRIGHTCOVE_ and PANOPTO_ names too."""
    for name in environ:
        if name.upper().startswith("VIDEO_ANALYTICS_") and name not in OUR_VARIABLES:
            yield unknown(ENVIRONMENT, "", name, OUR_VARIABLES)
    yield from _variables(ENVIRONMENT, environ)


def from_dotenv(home: Path) -> Found:
    """`.env`: lines NAME=value. A `$` in a value is itself, as secrets may hold one.

    The old names come first: of two values for one field the later wins.
    """
    text = read_text(home / DOTENV)
    if not isinstance(text, str):
        yield from _alone(text)
        return
    found: dict[str, str] = {}
    old: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        line = binding.original.line + _blank_lines(binding.original.string)
        if binding.error or (binding.key in VARIABLES and binding.value is None):
            mend = "write the name, an equals sign and the value; close every quote"
            yield Problem(DOTENV, f"line {line}", "expected NAME=value", mend)
        elif binding.key == HOME:
            mend = f"set it in the environment: {DOTENV} is looked up inside the home"
            yield Problem(DOTENV, HOME, "cannot be set here", mend)
        elif binding.key in VARIABLES:
            found[binding.key] = binding.value or ""
        elif binding.key in OLD_VARIABLES:
            old[binding.key] = binding.value or ""
        elif binding.key and binding.key.upper().startswith(OURS) and binding.key not in OUR_VARIABLES:
            yield unknown(DOTENV, "", binding.key, OUR_VARIABLES)
    yield from _variables(DOTENV, old, OLD_VARIABLES)
    yield from _variables(DOTENV, found)


def from_secrets(home: Path) -> Found:
    """`secrets.json`: client_id, client_secret and perhaps proxies, as earlier scripts kept them; panopto."""
    text = read_text(home / SECRETS)
    if not isinstance(text, str):
        yield from _alone(text)
        return
    tree = parse_json(SECRETS, text)
    if not isinstance(tree, dict):
        expected = f"expected an object in {{ }}, got {described(tree, hidden=True)}"
        yield (
            tree
            if isinstance(tree, Problem)
            else Problem(SECRETS, "file", expected, 'write {"client_id": "…", "client_secret": "…"}')
        )
        return
    inner = {name: tree.pop(name, None) or {} for name in SECRET_OBJECTS}
    yield from _of_shares(tree.pop("shares", None) or {})
    yield from _pairs("", tree, SECRET_KEYS, (*SECRET_KEYS, *SECRET_OBJECTS, "shares"))
    for name, (keys, example) in SECRET_OBJECTS.items():
        if isinstance(inner[name], dict):
            yield from _pairs(f"{name}.", inner[name], keys, keys)
        else:
            yield _not_an_object(name, inner[name], example)


def _of_shares(tables: Any) -> Found:
    """The secrets of shares: an object for each, under the share's name."""
    if not isinstance(tables, dict):
        yield _not_an_object("shares", tables, '"NAME": {"username": "…", "password": "…"}')
        return
    kept = {}
    for name, table in tables.items():
        place = f"shares.{unpasted(name)}"
        if not isinstance(table, dict):
            yield _not_an_object(place, table, '"username": "…", "password": "…"')
            continue
        wrong = [key for key, value in table.items() if not isinstance(value, str | None)]
        yield from (_no_secret(f"{place}.{unpasted(key)}", table[key]) for key in wrong)
        if given := {key: value for key, value in table.items() if key not in wrong and _tidy(value)}:
            kept[name] = given
    if kept:
        yield Value(SHARE_SECRETS, kept, SECRETS, "shares")


def _no_secret(key: str, value: Any) -> Problem:
    expected = f"expected text in quotes, got {described(value, hidden=True)}"
    return Problem(SECRETS, key, expected, "correct it")


def from_toml(home: Path) -> Found:
    """`settings.toml`: everything but secrets."""
    text = read_text(home / TOML)
    tree = parse_toml(TOML, text) if isinstance(text, str) else text
    if not isinstance(tree, dict):
        yield from _alone(tree)
        return
    for name, table in tree.items():
        if name not in TOML_TABLES:
            inside = [f"{each}.{key}" for each, keys in TOML_TABLES.items() for key in keys]
            yield unknown(TOML, "", name, [*TOML_TABLES, *inside])
        elif not isinstance(table, dict):
            yield _not_a_table(name, table)
        else:
            yield from _toml_table(name, table)


def _toml_table(name: str, table: dict[str, Any]) -> Found:
    for key, value in table.items():
        label = f"{name}.{shown_key(key)}"
        if key in TOML_SECRETS.get(name, ()):
            yield Problem(TOML, label, "is a secret", f"secrets belong in {DOTENV} or {SECRETS}; move it")
        elif key not in TOML_TABLES[name]:
            yield unknown(TOML, f"{name}.", key, TOML_TABLES[name])
        elif (name, key) in NAMED_TABLES:
            yield from _named_tables((name, key), label, value)
        elif (tidy := _tidy(value)) is not None:
            yield Value((name, key), tidy, TOML, label)


def _named_tables(path: tuple[str, str], label: str, tables: Any) -> Found:
    """The tables without the keys nobody knows, which are told of here."""
    if not isinstance(tables, dict):
        yield _not_a_table(label, tables)
        return
    known = NAMED_TABLES[path]
    kept = {}
    for name, table in tables.items():
        place = f"{label}.{shown_key(name)}"
        if not isinstance(table, dict):
            yield _not_a_table(place, table)
            continue
        yield from (_stranger(path, place, key) for key in table if key not in known)
        kept[name] = {key: value for key, value in table.items() if key in known}
    if kept or not tables:  # a table dropped above has been complained of already
        yield Value(path, kept, TOML, label)


def _stranger(path: tuple[str, str], place: str, key: str) -> Problem:
    """A key that no such table has; of a share it may be a secret."""
    if path == SHARES and share_options.is_secret(key):
        return Problem(TOML, f"{place}.{unpasted(key)}", "is a secret", share_options.MOVE)
    return unknown(TOML, f"{place}.", key, NAMED_TABLES[path])


def _variables(
    file: str, variables: Mapping[str, str], paths: Mapping[str, tuple[str, str]] = VARIABLES
) -> Found:
    for name, path in paths.items():
        if (value := _tidy(variables.get(name))) is not None:
            yield Value(path, value, file, name)


def _pairs(
    prefix: str, tree: dict[str, Any], fields: dict[str, tuple[str, str]], known: Iterable[str]
) -> Found:
    for key, value in tree.items():
        if key not in fields:
            yield unknown(SECRETS, prefix, key, known)
        elif (tidy := _tidy(value)) is not None:
            yield Value(fields[key], tidy, SECRETS, prefix + key)


def _tidy(value: Any) -> Any:
    """Text without outer blanks; None for what counts as not set."""
    return (value.strip() or None) if isinstance(value, str) else value


def _blank_lines(statement: str) -> int:
    """The empty lines that python-dotenv counts into the statement after them."""
    return statement[: len(statement) - len(statement.lstrip())].count("\n")


def _alone(item: Problem | None) -> Found:
    if item is not None:
        yield item


def _not_an_object(key: str, value: Any, example: str) -> Problem:
    expected = f"expected an object in {{ }}, got {described(value, hidden=True)}"
    return Problem(SECRETS, key, expected, f"write {{{example}}} or remove it")


def _not_a_table(label: str, value: Any) -> Problem:
    got = described(value, hidden=True)
    return Problem(TOML, label, f"expected a table, got {got}", f"write it as [{label}] with keys below")
