"""The systemd units that keep a home running: the Dagster UI, one daemon, and a watch from outside.

The daemon ends after a week and is started anew, because Dagster's daemon grows. Only its own process is
ended: runs that are going on are processes of their own and finish. The watch runs `video-analytics alert`
from a timer: what is dead cannot tell of itself. None of them works in the home itself: Dagster would take
the variables of its .env into the environment, where they would outlive a change of the file.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from video_analytics.errors import SettingsError
from video_analytics.files import write_bytes
from video_analytics.instance import packaged

RESTART = "7d"  # the longest life of a daemon
WATCH = "*:07/15"  # when the watch looks, as OnCalendar
PROGRAMS = ("dagster-webserver", "dagster-daemon", "video-analytics")
VARIABLES = "dagster.env"  # in the home, for DAGSTER_PG_URL and proxies; none is needed


@dataclass(frozen=True)
class Deployment:
    """What differs between machines. Raises SettingsError where a unit could not hold it."""

    home: Path
    user: str
    host: str  # of the UI, which knows no passwords
    port: int
    programs: Path  # the folder of the commands
    workspace: Path  # the file that tells Dagster what to load

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}", self.user):
            raise SettingsError(f"--user: expected the name of a user, got {self.user!r}; see `id -un`")
        if not re.fullmatch(r"[0-9A-Za-z.:-]+", self.host):
            raise SettingsError(f"--host: expected an address, got {self.host!r}; leave it out for 127.0.0.1")
        for name, path in {"--home": self.home, "Python": self.programs, "workspace": self.workspace}.items():
            if not path.is_absolute() or not str(path).isprintable():
                raise SettingsError(f"{name}: expected an absolute path without control characters; move it")


def here(home: Path, user: str, host: str, port: int) -> Deployment:
    """A deployment of the Python that is running.

    Raises:
        SettingsError: a program is lacking, or a value cannot stand in a unit.
    """
    programs = Path(sys.executable).absolute().parent
    lacking = [name for name in PROGRAMS if not (programs / name).exists()]
    if lacking:
        raise SettingsError(f"{programs}: expected {', '.join(lacking)}; pip install video-analytics there")
    return Deployment(home, user, host, port, programs, packaged("workspace.yaml").absolute())


def units(deployment: Deployment) -> dict[str, str]:
    """The text of each unit by its name."""
    program, workspace = deployment.programs, _word(deployment.workspace)
    ui = f"{_word(program / 'dagster-webserver')} -w {workspace} -h {deployment.host} -p {deployment.port}"
    daemon = f"{_word(program / 'dagster-daemon')} run -w {workspace}"
    watch = f"{_word(program / 'video-analytics')} alert"
    lasting = "Type=exec\nRestart=always\nRestartSec=10"
    mortal = f"{lasting}\nRuntimeMaxSec={RESTART}\nKillMode=process"
    return {
        "video-analytics-ui.service": _service(deployment, "the Dagster UI", lasting, ui),
        "video-analytics-daemon.service": _service(deployment, "the daemon, exactly one", mortal, daemon),
        "video-analytics-watch.service": _service(
            deployment, "the watch", "Type=oneshot", watch, starts=False
        ),
        "video-analytics-watch.timer": _TIMER,
    }


def write_units(folder: Path, texts: Mapping[str, str]) -> None:
    """Put the units into a folder, such as /etc/systemd/system."""
    for name, text in texts.items():
        write_bytes(folder / name, text.encode())


_TIMER = f"""\
[Unit]
Description=video_analytics: when the watch looks

[Timer]
OnCalendar={WATCH}
Persistent=true

[Install]
WantedBy=timers.target
"""


def _service(deployment: Deployment, title: str, kind: str, command: str, *, starts: bool = True) -> str:
    home = deployment.home
    lines = [
        "[Unit]",
        f"Description=video_analytics: {title}",
        "Wants=network-online.target",
        "After=network-online.target",
        f"AssertPathExists={_plain(home / '.dagster' / 'dagster.yaml')}",
        "",
        "[Service]",
        *kind.splitlines(),
        f"User={deployment.user}",
        f"WorkingDirectory={_plain(home / '.dagster')}",
        f"Environment={_setting('VIDEO_ANALYTICS_HOME', home)}",
        f"Environment={_setting('DAGSTER_HOME', home / '.dagster')}",
        f"EnvironmentFile=-{_plain(home / VARIABLES)}",
        f"ExecStart={command}",
        "NoNewPrivileges=true",
        *(["", "[Install]", "WantedBy=multi-user.target"] if starts else []),
    ]
    return "\n".join(lines) + "\n"


def _plain(path: Path) -> str:
    """A path where systemd takes the rest of the line; only % means something to it."""
    return str(path).replace("%", "%%")


def _word(path: Path) -> str:
    """A path as one word of a command."""
    return _quoted(_plain(path).replace("$", "$$"))


def _setting(name: str, path: Path) -> str:
    return _quoted(f"{name}={_plain(path)}")


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_./=%$+@:,-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
