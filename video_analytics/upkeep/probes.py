"""All that `video-analytics check` asks of the machine, in order; quick, and without Dagster."""

import platform
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from video_analytics.settings import Settings
from video_analytics.upkeep import hours, keys, places
from video_analytics.upkeep.shares import shares
from video_analytics.verdicts import NOTE, OK, Verdict

TOLD = ("video-analytics", "dagster", "duckdb", "pyarrow", "pandas")


def probe_platform(settings: Settings, now: datetime) -> Iterator[Verdict]:
    """The machine, the home, what runs out and who is told; `now` is the platform's instant."""
    yield versions()
    yield from places.folders(settings)
    yield from keys.secret_files(settings.home)
    yield from hours.clock(settings, now)
    yield from shares(settings.delivery)
    yield from keys.certificates(settings, now)
    yield from keys.signatures(settings, now)
    yield keys.channels(settings.alerts)


def versions() -> Verdict:
    """What runs here, for whoever is asked for help."""
    try:
        told = [f"{name} {version(name)}" for name in TOLD]
    except PackageNotFoundError as error:
        return Verdict("versions", NOTE, f"{error.name} is not installed as a package: pip install it")
    return Verdict("versions", OK, f"Python {platform.python_version()}, {', '.join(told)}")
