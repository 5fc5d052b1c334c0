"""Service descriptions (WSDL) kept between runs, so that a night does not begin with reading them."""

import time
from pathlib import Path

from video_analytics.files import write_bytes

FOLDER = "panopto/descriptions"
KEPT_SECONDS = 30 * 86_400


class Descriptions:
    """The descriptions of one site's services in a folder of the lake; forgotten after a month."""

    def __init__(self, root: Path, server: str) -> None:
        self._folder = root / FOLDER / "".join(c if c.isalnum() else "-" for c in server)

    def read(self, name: str) -> bytes | None:
        """What is kept under a name, unless it is too old."""
        path = self._folder / f"{name}.wsdl"
        if not path.exists() or time.time() - path.stat().st_mtime > KEPT_SECONDS:  # the file system's clock
            return None
        return path.read_bytes()

    def keep(self, name: str, data: bytes) -> None:
        """Keep it."""
        path = self._folder / f"{name}.wsdl"
        if not write_bytes(path, data):
            path.touch()  # the same as before, but of today
