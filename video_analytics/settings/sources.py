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

from video_analytics import clock
from video_analytics.settings.alerts import Alerts
from video_analytics.settings.automation import Automation, Backfill
from video_analytics.settings.delivery import Delivery, Route, Share
from video_analytics.settings.files import parse_json, parse_toml, read_text
from video_analytics.settings.models import Account, Brightcove, Network
from video_analytics.settings.panopto import Panopto
from video_analytics.settings.problems import Problem, described, shown_key, unknown
from video_analytics.settings.retention import Bundle, Retention, Scenario

ENVIRONMENT, DOTENV, SECRETS, TOML = "environment", ".env", "secrets.json", "settings.toml"
HOME = "VIDEO_ANALYTICS_HOME"

# variable, field; of two for one field the later wins, as in requests and urllib
VARIABLES = {
    "BRIGHTCOVE_CLIENT_ID": ("brightcove", "client_id"),
    "BRIGHTCOVE_CLIENT_SECRET": ("brightcove", "client_secret"),
    "BRIGHTCOVE_OAUTH_URL": ("brightcove", "oauth_url"),
    "BRIGHTCOVE_CMS_URL": ("brightcove", "cms_url"),
    "BRIGHTCOVE_ANALYTICS_URL": ("brightcove", "analytics_url"),
    "BRIGHTCOVE_INSIGHTS_URL": ("brightcove", "insights_url"),
    "PANOPTO_SERVER": ("panopto", "server"),
    "PANOPTO_USERNAME": ("panopto", "username"),
    "PANOPTO_PASSWORD": ("panopto", "password"),
    "PANOPTO_CLIENT_ID": ("panopto", "client_id"),
    "PANOPTO_CLIENT_SECRET": ("panopto", "client_secret"),
    "PANOPTO_PSEUDONYM_KEY": ("panopto", "pseudonym_key"),
    "HTTPS_PROXY": ("network", "https_proxy"),
    "https_proxy": ("network", "https_proxy"),
    "HTTP_PROXY": ("network", "http_proxy"),
    "http_proxy": ("network", "http_proxy"),
    "NO_PROXY": ("network", "no_proxy"),
    "no_proxy": ("network", "no_proxy"),
    "SSL_CERT_FILE": ("network", "ca_bundle"),
    "REQUESTS_CA_BUNDLE": ("network", "ca_bundle"),
}
# What earlier scripts called them, in `.env` alone: Windows has a USERNAME of its own in every environment.
OLD_VARIABLES = {
    name.removeprefix("PANOPTO_"): path
    for name, path in VARIABLES.items()
    if name.startswith("PANOPTO_") and name != "PANOPTO_PSEUDONYM_KEY"
}
OURS = ("BRIGHTCOVE_", "PANOPTO_", "VIDEO_ANALYTICS_")  # other names are other programs' business
OUR_VARIABLES = (*(name for name in VARIABLES if name.startswith(OURS)), HOME, clock.VARIABLE)

# key of secrets.json, field
SECRET_KEYS = {"client_id": ("brightcove", "client_id"), "client_secret": ("brightcove", "client_secret")}
PANOPTO_KEYS = {
    key: ("panopto", key) for key in ("username", "password", "client_id", "client_secret", "pseudonym_key")
}
PROXY_KEYS = {"http": ("network", "http_proxy"), "https": ("network", "https_proxy")}

# object inside secrets.json: its keys, and how it is written
SECRET_OBJECTS = {
    "panopto": (PANOPTO_KEYS, '"username": "…", "password": "…", "client_id": "…", "client_secret": "…"'),
    "proxies": (PROXY_KEYS, '"http": "…", "https": "…"'),
}

# table of settings.toml, its keys and those that are too secret for it
TOML_SECRETS = {"brightcove": SECRET_KEYS.keys(), "panopto": PANOPTO_KEYS.keys() - {"username"}}
TOML_TABLES = {
    "brightcove": frozenset(Brightcove.model_fields) - TOML_SECRETS["brightcove"],
    "panopto": frozenset(Panopto.model_fields) - TOML_SECRETS["panopto"],
    "retention": frozenset(Retention.model_fields),
    "automation": frozenset(Automation.model_fields),
    "delivery": frozenset(Delivery.model_fields),
    "alerts": frozenset(Alerts.model_fields),
    "network": frozenset(Network.model_fields),
}
# Keys that hold tables by name, and the keys of such a table: what the models know but the name.
NAMED_TABLES = {
    ("brightcove", "accounts"): frozenset(Account.model_fields) - {"name", "key"},
    ("retention", "bundles"): frozenset(Bundle.model_fields) - {"name"},
    ("retention", "scenarios"): frozenset(Scenario.model_fields) - {"name"},
    ("automation", "backfills"): frozenset(Backfill.model_fields) - {"name"},
    ("delivery", "shares"): frozenset(Share.model_fields) - {"name", "secrets"},
    ("delivery", "routes"): frozenset(Route.model_fields) - {"name"},
}


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
    yield from _pairs("", tree, SECRET_KEYS, (*SECRET_KEYS, *SECRET_OBJECTS))
    for name, (keys, example) in SECRET_OBJECTS.items():
        if isinstance(inner[name], dict):
            yield from _pairs(f"{name}.", inner[name], keys, keys)
        else:
            expected = f"expected an object in {{ }}, got {described(inner[name], hidden=True)}"
            yield Problem(SECRETS, name, expected, f"write {{{example}}} or remove it")


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
        yield from (unknown(TOML, f"{place}.", key, known) for key in table if key not in known)
        kept[name] = {key: value for key, value in table.items() if key in known}
    if kept or not tables:  # a table dropped above has been complained of already
        yield Value(path, kept, TOML, label)


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


def _not_a_table(label: str, value: Any) -> Problem:
    got = described(value, hidden=True)
    return Problem(TOML, label, f"expected a table, got {got}", f"write it as [{label}] with keys below")
