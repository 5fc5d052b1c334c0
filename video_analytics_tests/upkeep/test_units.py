"""The systemd units."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.errors import SettingsError
from video_analytics.upkeep.command import units_command
from video_analytics.upkeep.units import Deployment, units

ODD = Path('/srv/my "odd" 100% $HOME\\x/home')
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20)


def deployment(home: Path, **changes: object) -> Deployment:
    values = {"user": "video", "host": "127.0.0.1", "port": 3000, "programs": home / "bin"}
    return Deployment(home=home, workspace=home / "workspace.yaml", **{**values, **changes})  # type: ignore[arg-type]


def test_each_unit_says_where_and_as_whom() -> None:
    texts = units(deployment(Path("/srv/home")))
    assert sorted(texts) == [
        "video-analytics-daemon.service",
        "video-analytics-ui.service",
        "video-analytics-watch.service",
        "video-analytics-watch.timer",
    ]
    daemon = texts["video-analytics-daemon.service"].splitlines()
    assert "ExecStart=/srv/home/bin/dagster-daemon run -w /srv/home/workspace.yaml" in daemon
    assert {"RuntimeMaxSec=7d", "Restart=always", "KillMode=process", "User=video"} <= set(daemon)
    ui = texts["video-analytics-ui.service"]
    assert "dagster-webserver -w /srv/home/workspace.yaml -h 127.0.0.1 -p 3000\n" in ui
    assert "RuntimeMaxSec" not in ui


def test_what_means_something_to_systemd_is_escaped() -> None:
    text = units(deployment(ODD))["video-analytics-daemon.service"]
    assert r'Environment="VIDEO_ANALYTICS_HOME=/srv/my \"odd\" 100%% $HOME\\x/home"' in text
    assert r'ExecStart="/srv/my \"odd\" 100%% $$HOME\\x/home/bin/dagster-daemon" run -w' in text
    assert 'WorkingDirectory=/srv/my "odd" 100%% $HOME\\x/home/.dagster\n' in text


@given(NAMES)
def test_no_path_adds_a_line(name: str) -> None:
    plain = units(deployment(Path("/srv/home")))
    try:
        texts = units(deployment(Path("/srv") / name))
    except SettingsError:
        assert not name.isprintable()
        return
    for unit, text in texts.items():
        assert [line.split("=")[0] for line in text.splitlines()] == [
            line.split("=")[0] for line in plain[unit].splitlines()
        ]


@pytest.mark.parametrize(
    ("key", "value"), [("user", "me\nUser=root"), ("user", ""), ("host", "a b"), ("programs", Path("bin"))]
)
def test_what_a_unit_cannot_hold_is_refused(key: str, value: object) -> None:
    with pytest.raises(SettingsError):
        deployment(Path("/srv/home"), **{key: value})


def test_systemd_takes_them(tmp_path: Path) -> None:
    verifier = shutil.which("systemd-analyze")
    if not verifier:
        pytest.skip("no systemd here")
    home, folder = tmp_path / 'an "odd" 100% $home', tmp_path / "units"
    for each in (home, folder):
        each.mkdir()
    done = CliRunner().invoke(units_command, ["--home", str(home), "--user", "root", "--to", str(folder)])
    assert done.exit_code == 0, done.output
    assert "systemctl enable --now" in done.output
    paths = sorted(map(str, folder.iterdir()))
    said = subprocess.run([verifier, "verify", *paths], capture_output=True, text=True, check=False)
    about = [line for line in said.stderr.splitlines() if "video-analytics" in line]
    assert (said.returncode, about, len(paths)) == (0, [], 4)


def test_without_a_folder_they_are_printed(home: Path) -> None:
    done = CliRunner().invoke(units_command, ["--home", str(home), "--user", "video", "--port", "8080"])
    assert done.exit_code == 0, done.output
    assert done.output.count("\n[Service]\n") == 3
    assert "# video-analytics-ui.service\n" in done.output
    assert CliRunner().invoke(units_command, ["--home", str(home), "--user", "a b"]).exit_code == 2
