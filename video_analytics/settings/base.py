"""What the models of all vendors share: the frozen base and the kinds of values both of them use."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from video_analytics.settings import checks

Days = Annotated[int, Field(ge=1, le=366)]
Seconds = Annotated[FiniteFloat, Field(gt=0, le=3600)]
Tries = Annotated[int, Field(ge=1, le=20)]
Day = Annotated[date, BeforeValidator(checks.iso_date), AfterValidator(checks.day)]
Zone = Annotated[str, AfterValidator(checks.zone)]

# What a check of several fields finds: the place below the model, and what is wrong there.
Found = tuple[tuple[int | str, ...], PydanticCustomError]


class Model(BaseModel):
    """Frozen, strict, closed to unknown keys; its errors never show what was put in."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


def refuse(found: Iterable[Found]) -> None:
    """Raise what a check of several fields together has found, each at its place below the model, if any."""
    lines = [InitErrorDetails(type=error, loc=loc, input=None) for loc, error in found]
    if lines:
        raise ValidationError.from_exception_data("settings", lines, hide_input=True)


def namesakes(place: tuple[str, str], names: Iterable[str]) -> Iterator[Found]:
    """Tables whose name another one has already, in any case."""
    seen: dict[str, str] = {}
    for number, name in enumerate(names):
        if other := seen.get(name.lower()):
            mend = "rename one of the two: case does not count"
            yield (*place, number), checks.wrong("a name of its own", mend, f"that of {other} again")
        seen[name.lower()] = name
