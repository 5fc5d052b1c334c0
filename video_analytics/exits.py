"""How a command ends: 0, all that was asked for is complete; 1, something failed; 2, a wrong call."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from rich.console import Console
from rich.text import Text

from video_analytics.errors import SettingsError, VideoAnalyticsError

P = ParamSpec("P")

FAILED, WRONG = 1, 2


def plainly(command: Callable[P, int]) -> Callable[P, None]:
    """Turn errors into a sentence and an exit code, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except SettingsError as error:
            Console(stderr=True).print(Text(str(error), style="red"), soft_wrap=True)
            code = WRONG
        except VideoAnalyticsError as error:
            Console(stderr=True).print(Text(str(error), style="red"), soft_wrap=True)
            code = FAILED
        sys.exit(code)

    return run
