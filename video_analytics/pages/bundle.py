"""The chart library as one script: Vega, Vega-Lite and Vega-Embed, from the installed vl-convert.

Putting it together takes seconds, so it is kept in `state/`, by the version of the package.
"""

from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from video_analytics import files
from video_analytics.errors import PageError

VERSION = version("vl-convert-python")


@cache
def bundle(state: Path) -> str:
    """The script of the installed version; it can stand inside an HTML page."""
    path = state / f"charts-{VERSION}.js"
    if not path.exists():
        made = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub asks for more than it does
        files.write_bytes(path, made.encode())
    script = path.read_text(encoding="utf-8")
    if "</script" in script.lower() or "<!--" in script:
        raise PageError(f"vl-convert {VERSION}: expected a script without end tags; install another version")
    return script
