"""Where the pages are, for those who only say so."""

from pathlib import PurePosixPath

from video_analytics.settings import Settings

FOLDER = "pages"  # below exports, and below state


def address(settings: Settings, path: str = "index.html") -> str:
    """Where a browser finds a page, as a `file:` address."""
    return (settings.exports / FOLDER / PurePosixPath(path)).absolute().as_uri()
