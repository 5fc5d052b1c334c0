"""What pydantic finds wrong, in our words and at the key people wrote.

Pydantic counts list items and names the forms of a union; people read names of tables and of keys.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from video_analytics.settings.problems import EXPECTED, Problem, described, shown_key, unknown

_OF_A_KEY = "[key]"  # how pydantic says that a mapping's key is wrong, not its value


@dataclass(frozen=True)
class Origin:
    """A value as it was written: its file and key, the type of its field, and what to do if it is wrong."""

    file: str
    key: str
    value: Any
    annotation: Any
    mend: str = "correct it"
    hidden: bool = False


@dataclass
class _Place:
    """Where the walk along a finding's path has come to."""

    value: Any
    models: tuple[type[BaseModel], ...]
    names: list[str] = field(default_factory=list)

    @property
    def known(self) -> set[str]:
        """The keys that may stand here."""
        return {name for model in self.models for name in model.model_fields} - {"name"}

    def step(self, step: int | str) -> None:
        """One step on: an item, a field, a form of a union, or a key that only this file has."""
        if isinstance(step, int):
            self._item(step)
        elif fields := [each.model_fields[step] for each in self.models if step in each.model_fields]:
            self.models = tuple(model for each in fields for model in models_in(each.annotation))
            self.value = self.value.get(step) if isinstance(self.value, Mapping) else None
            self.names.extend(() if step == "name" else (step,))
        elif form := tuple(each for each in self.models if each.__name__ == step):
            self.models = form
        elif step != _OF_A_KEY:
            self.names.append(shown_key(step))

    def _item(self, number: int) -> None:
        """An item is known by its table's name, or by its number where there are several."""
        if isinstance(self.value, Mapping):
            name = list(self.value)[number]
            self.names.append(shown_key(name))
            self.value = self.value[name]
        elif isinstance(self.value, list | tuple):
            if self.models and len(self.value) > 1:
                self.names.append(f"{self.models[0].__name__.lower()} {number + 1}")
            self.value = self.value[number]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field's annotation speaks of, whatever they are wrapped in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from models_in(each)


def where(detail: ErrorDetails) -> tuple[int | str, ...]:
    """The path of a finding, led on to the key inside that is to be mended."""
    return (*detail["loc"], *detail.get("ctx", {}).get("where", ()))


def problem(detail: ErrorDetails, inside: Iterable[int | str], origin: Origin) -> Problem:
    """A finding at the path `inside` the value that was written."""
    place = _Place(origin.value, tuple(models_in(origin.annotation)))
    for step in inside:
        place.step(step)
    key = ".".join(part for part in (origin.key, *place.names) if part)
    if detail["type"] == "extra_forbidden":
        prefix = key.removesuffix(place.names[-1])
        return unknown(origin.file, prefix, str(detail["loc"][-1]), place.known)
    if detail["type"] == "missing":
        return Problem(origin.file, key, "expected this key, got none", "add it")
    context = detail.get("ctx", {})
    expected = EXPECTED.get(detail["type"], "another value").format(**context)
    got = context.get("got") or described(_plain(detail["input"]), hidden=origin.hidden)
    mend = context.get("mend") or ("correct it" if place.names else origin.mend)
    return Problem(origin.file, key, f"expected {expected}, got {got}", mend)


def _plain(value: Any) -> Any:
    """What a check was given, as it was written."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path) else value
