"""From the sources to Settings: the strongest value of each key wins, and every problem is told at once.

Errors are raised outside of `except` blocks, so that no chained error can carry what a file held.
"""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from video_analytics.errors import SettingsError
from video_analytics.settings import findings, keys, sources
from video_analytics.settings.alerts import Alerts
from video_analytics.settings.automation import Automation
from video_analytics.settings.delivery import Delivery
from video_analytics.settings.findings import Origin
from video_analytics.settings.models import Brightcove, Network, Settings
from video_analytics.settings.pages import Pages
from video_analytics.settings.panopto import Panopto
from video_analytics.settings.problems import HIDDEN, Problem, described
from video_analytics.settings.retention import Retention
from video_analytics.settings.sources import Value
from video_analytics.settings.together import Chosen, incomplete, strongest

_MODELS: dict[str, type[BaseModel]] = {
    "brightcove": Brightcove,
    "panopto": Panopto,
    "retention": Retention,
    "automation": Automation,
    "delivery": Delivery,
    "alerts": Alerts,
    "pages": Pages,
    "network": Network,
}


def load_settings(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a home folder: `home`, else VIDEO_ANALYTICS_HOME, else the current folder.

    Environment beats `.env` beats `secrets.json` beats `settings.toml` beats the built-in defaults, key by
    key. Tables by name are one key: accounts and bundles of the file replace the built-in ones.

    Raises:
        SettingsError: with one line for each problem found.
    """
    variables = os.environ if environ is None else environ
    root = _home(home, variables)
    found = [  # weakest first
        *sources.from_toml(root),
        *sources.from_secrets(root),
        *sources.from_dotenv(root),
        *sources.from_environment(variables),
    ]
    problems = [item for item in found if isinstance(item, Problem)]
    chosen = strongest([item for item in found if isinstance(item, Value)])
    settings = _checked(root, chosen)
    if isinstance(settings, Settings) and not problems:
        problems.extend(incomplete(chosen))
        if not problems:
            return settings
    problems.extend(() if isinstance(settings, Settings) else settings)
    raise SettingsError("\n".join(dict.fromkeys(map(str, problems))))


def _home(home: Path | None, variables: Mapping[str, str]) -> Path:
    variable = variables.get(keys.HOME, "").strip()
    root = (home or Path(variable or ".")).absolute()
    try:
        usable = root.is_dir()
    except OSError:  # a name too long, or a parent that may not be read
        usable = False
    if usable:
        return root
    origin = ("argument", "home") if home else (keys.ENVIRONMENT, keys.HOME)
    problem = f"expected an existing folder, got {str(root)!r}"
    raise SettingsError(str(Problem(*origin, problem, "create the folder or correct the path")))


def _checked(home: Path, chosen: Chosen) -> Settings | list[Problem]:
    tree: dict[str, Any] = {"home": home, **{section: {} for section in _MODELS}}
    for (section, field), value in chosen.items():
        tree[section][field] = value.value
    bundle = tree["network"].get("ca_bundle")
    if isinstance(bundle, str):  # relative to the home, wherever the process was started
        tree["network"]["ca_bundle"] = home / bundle
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # A default made from other fields is not made when one of those is wrong: no news.
    return [_problem(each, chosen) for each in details if each["type"] != "default_factory_not_called"]


def _problem(detail: ErrorDetails, chosen: Chosen) -> Problem:
    """A finding of pydantic in our words, at the place where the value was written."""
    section, field, *inside = findings.where(detail)
    path = (str(section), str(field))
    # What is missed somewhere may stand nowhere yet; then it belongs into settings.toml.
    value = chosen.get(path) or Value(path, None, keys.TOML, ".".join(path))
    known = _MODELS[path[0]].model_fields[path[1]]
    hidden = path in HIDDEN
    origin = Origin(value.file, value.key, value.value, known.annotation, _mend(known.default), hidden)
    return findings.problem(detail, inside, origin)


def _mend(default: Any) -> str:
    known = isinstance(default, str | int | float | date) and default != ""
    use = f" to use {described(default, hidden=False)}" if known else ""
    return f"correct it, or remove it{use}"
