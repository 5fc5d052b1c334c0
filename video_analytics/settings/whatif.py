"""A plan with some of its values changed for one question: what if the window were 12 months?

A change is written `key=value`, with a value as in settings.toml; texts need no quotes, and a list of names
may be written with commas. A key is one of the scenario that is asked about, or else one of the plan.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from video_analytics.errors import SettingsError
from video_analytics.settings import findings
from video_analytics.settings.findings import Origin
from video_analytics.settings.problems import Problem, nearest, shown_key
from video_analytics.settings.retention import Hours, Retention, Scenario

OPTION = "--set"

SCENARIO_KEYS = tuple(field for field in Scenario.model_fields if field != "name")
PLAN_KEYS = (
    *(f"limits.{field}" for field in Hours.model_fields),
    "user_root_folders",
    "recency_months",
    "academic_year_from",
    "academic_year_to",
    "renewal",
)
_OPEN = ("imported", "published")  # of these also what is inside can be changed

_TEXTS = {"title", "published.why", "academic_year_from", "academic_year_to"}
_NAMES = {"bundles", "user_root_folders"}
_NUMBERS = {"recency_months"}
_RULES = {"stored", "archived", "deleted", "published.archived", "published.deleted", "published.deleted.of"}

_Tree = dict[str, Any]


def changed(retention: Retention, scenario: str, pairs: Sequence[str]) -> Retention:
    """The plan with the changes made in order, of `scenario` or of the plan itself.

    Raises:
        SettingsError: with one line for each change that cannot be made.
    """
    asked = retention.scenario(scenario).model_dump(exclude_none=True)
    plan: _Tree = {name: getattr(retention, name) for name in Retention.model_fields}
    plan["limits"] = retention.limits.model_dump()
    problems = [each for pair in pairs if (each := _change(asked, plan, pair))]
    plan["scenarios"] = [asked if each.name == scenario else each for each in retention.scenarios]
    found = _checked(plan, asked)
    if isinstance(found, Retention) and not problems:
        return found
    problems.extend(() if isinstance(found, Retention) else found)
    # Without a colon between them option and key are what was typed.
    lines = (f"{each.file} {each.key}: {each.problem}; {each.mend}" for each in problems)
    raise SettingsError("\n".join(dict.fromkeys(lines)))


def _change(asked: _Tree, plan: _Tree, pair: str) -> Problem | None:
    key, equals, text = pair.partition("=")
    key = key.strip()
    if not equals:
        mend = "write the key, an equals sign and the value, such as window_months=12"
        return Problem(OPTION, shown_key(key), "expected key=value", mend)
    field, dot, _ = key.partition(".")
    if key in PLAN_KEYS:
        _put(plan, key.split("."), _value(key, text))
    elif field in SCENARIO_KEYS and (not dot or field in _OPEN):
        # The name of a stream source may hold a point.
        _put(asked, key.split(".", 1 if field == "imported" else -1), _value(key, text))
    else:
        known = (*SCENARIO_KEYS, *PLAN_KEYS)
        mend = f"did you mean {nearest(key, known)!r}? Known are {', '.join(known)}"
        return Problem(OPTION, shown_key(key), "unknown name", mend)
    return None


def _put(tree: _Tree, steps: Sequence[str], value: Any) -> None:
    """Set a value below tables that are made where they are missing."""
    *above, last = steps
    for step in above:
        inner = tree.get(step)
        tree[step] = dict(inner) if isinstance(inner, Mapping) else {}
        tree = tree[step]
    tree[last] = value


def _value(key: str, text: str) -> Any:
    """What the text means at this key."""
    text = text.strip()
    value = _toml(text)
    if key in _TEXTS:
        return value if isinstance(value, str) else text
    if key in _NAMES:
        return _listed(value, text, str)
    if key in _NUMBERS:
        return _listed(value, text, _toml)
    if value == "" and (key in _RULES or key == "renewal"):
        return None if key == "renewal" else ()
    return value


def _listed(value: Any, text: str, item: Callable[[str], Any]) -> Any:
    """A list as it is; other things as a list of what stands between commas."""
    if isinstance(value, list | dict):
        return value
    plain = value if isinstance(value, str) else text
    return [item(each.strip()) for each in plain.split(",")] if plain else []


def _toml(text: str) -> Any:
    """A value of TOML; text that is none is itself."""
    try:
        tree = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return tree["value"] if len(tree) == 1 else text


def _checked(plan: _Tree, asked: _Tree) -> Retention | list[Problem]:
    try:
        return Retention.model_validate(plan)
    except ValidationError as error:
        details = error.errors(include_url=False)
    found = (each for each in details if each["type"] != "default_factory_not_called")
    return [_problem(each, plan, asked) for each in found]


def _problem(detail: ErrorDetails, plan: _Tree, asked: _Tree) -> Problem:
    """A finding at the key that was changed; those of the scenario begin at the scenario."""
    path = findings.where(detail)
    if path[0] == "scenarios":
        return findings.problem(detail, path[2:], Origin(OPTION, "", asked, Scenario))
    return findings.problem(detail, path, Origin(OPTION, "", plan, Retention))
