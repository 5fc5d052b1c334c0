"""What the models of all vendors share: the frozen base and the kinds of values both of them use."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from video_analytics.settings import checks

Days = Annotated[int, Field(ge=1, le=366)]
Seconds = Annotated[FiniteFloat, Field(gt=0, le=3600)]
Tries = Annotated[int, Field(ge=1, le=20)]
Day = Annotated[date, BeforeValidator(checks.iso_date), AfterValidator(checks.day)]
Zone = Annotated[str, AfterValidator(checks.zone)]


class Model(BaseModel):
    """Frozen, strict, closed to unknown keys; its errors never show what was put in."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
