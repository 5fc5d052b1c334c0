"""`video-analytics units`: the systemd units of a home, filled in."""

from pathlib import Path

import click

from video_analytics.exits import plainly
from video_analytics.settings import load_settings


@click.command("units")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The home folder [default: VIDEO_ANALYTICS_HOME, or here].",
)
@click.option("--user", required=True, help="Who runs the platform and owns the home; not root.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the UI listens; it has no logon.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Of the UI.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Write them there, for instance /etc/systemd/system [default: print them].",
)
@plainly
def units_command(home: Path | None, user: str, host: str, port: int, folder: Path | None) -> int:
    """The systemd units of this home: the Dagster UI, one daemon with a weekly restart, a watch from outside.

    The paths are those of the Python that runs this command. Run `video-analytics check` once before the
    units are started: it prepares the home.
    """
    from video_analytics.upkeep.units import (  # noqa: PLC0415 - Dagster takes a second to import; --help must not
        here,
        units,
        write_units,
    )

    texts = units(here(load_settings(home).home, user, host, port))
    if folder is None:
        click.echo("\n".join(f"# {name}\n{text}" for name, text in texts.items()), nl=False)
        return 0
    write_units(folder, texts)
    started = "video-analytics-ui.service video-analytics-daemon.service video-analytics-watch.timer"
    click.echo(
        f"{len(texts)} units in {folder}; then:\nsystemctl daemon-reload\nsystemctl enable --now {started}"
    )
    return 0
