"""What the pages for people may show."""

from typing import Annotated

from pydantic import AfterValidator, Field

from video_analytics.settings import checks
from video_analytics.settings.base import Model

_PAIR = 2  # where a small group is one person, any bound gives it away


def _can_protect(viewers: int) -> int:
    if viewers == _PAIR:
        raise checks.wrong("1, or 3 and more", "use 3, or 1 to withhold nothing", str(viewers))
    return viewers


class Pages(Model):
    """The pages below `exports/pages`."""

    # numbers about fewer viewers are withheld; 1 withholds nothing
    min_viewers: Annotated[int, Field(ge=1, le=100), AfterValidator(_can_protect)] = 5
