"""Which folder lies on a network share."""

from pathlib import Path, PurePath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.upkeep import mounts
from video_analytics.upkeep.mounts import (
    Mount,
    mount_of,
    network_share,
    parse_macos,
    parse_mountinfo,
    read_mounts,
    windows_share,
)
from video_analytics.upkeep.places import local

MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:21 / /proc rw,nosuid shared:12 - proc proc rw
90 22 0:45 / /mnt/data rw shared:40 - autofs systemd-1 rw,fd=51
91 90 0:46 / /mnt/data rw shared:41 - nfs4 nas:/export/data rw,vers=4.2
92 22 0:47 / /mnt/my\\040reports rw - cifs //server/my\\040reports rw,username=x
93 22 0:48 / /home/me/far rw master:1 propagate_from:2 - fuse.sshfs me@far:/ rw
94 22 0:49 / /mnt/c rw - 9p C:\\134 rw
95 91 254:0 /bound /mnt/data/here rw - ext4 /dev/vda1 rw
a line that says nothing
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/home", "ext4"),
        ("/mnt/data", "nfs4"),
        ("/mnt/data/home", "nfs4"),
        ("/mnt/data/here/home", "ext4"),
        ("/mnt/database", "ext4"),
        ("/mnt/my reports/home", "cifs"),
        ("/home/me/far/home", "fuse.sshfs"),
        ("/mnt/c/home", "9p"),
    ],
)
def test_the_deepest_and_last_mount_counts(path: str, kind: str) -> None:
    found = mount_of(PurePath(path), parse_mountinfo(MOUNTINFO))
    assert found is not None
    assert found.kind == kind
    assert found.is_network == (kind != "ext4")


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0/\n\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"),
        min_size=1,
    )
)
def test_any_name_of_a_mount_is_read(name: str) -> None:
    point = PurePath("/mnt") / name
    escaped = "".join(f"\\{ord(sign):03o}" if sign in " \t\\#" else sign for sign in str(point))
    line = f"91 22 0:46 / {escaped} rw shared:41 - nfs4 nas:/x rw"
    assert mount_of(point / "home", parse_mountinfo(line)) == Mount(point, "nfs4")


def test_a_home_that_is_a_link_lies_where_it_leads(tmp_path: Path) -> None:
    far, link = tmp_path / "far", tmp_path / "link"
    far.mkdir()
    link.symlink_to(far)
    here = [Mount(PurePath("/"), "ext4"), Mount(far.resolve(), "smb3")]
    assert network_share(link / "not there yet", here) == "smb3"
    assert network_share(tmp_path, here) is None


def test_this_machine_tells_its_mounts(tmp_path: Path) -> None:
    if not mounts.MOUNTINFO.exists():
        pytest.skip("no Linux")
    assert mount_of(tmp_path.resolve(), read_mounts()) is not None


def test_who_cannot_tell_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mounts, "MOUNTINFO", tmp_path / "none")
    assert read_mounts() == []


def test_the_verdict_names_the_share_and_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tmp_path / "mountinfo"
    told.write_text(f"1 1 0:1 / / rw - ext4 a rw\n2 1 0:2 / {tmp_path.resolve()} rw - nfs nas:/x rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", told)
    said = local("home", tmp_path, "move it")
    assert (said.verdict, "(nfs)" in said.says, "move it" in said.says) == ("FAILED", True, True)


def test_windows_tells_unc_paths() -> None:
    assert windows_share(PureWindowsPath(r"\\server\share\home")) == "UNC path"
    assert windows_share(PureWindowsPath(r"\\?\UNC\server\share\home")) == "UNC path"
    assert windows_share(PureWindowsPath(r"C:\home")) is None
    assert windows_share(PureWindowsPath(r"\\?\C:\home")) is None


def test_macos_tells_its_mounts() -> None:
    said = "/dev/disk3s1 on / (apfs, sealed, local)\n//me@nas/My Files on /Volumes/My Files (smbfs, nodev)\n"
    assert list(parse_macos(said)) == [
        Mount(PurePath("/"), "apfs"),
        Mount(PurePath("/Volumes/My Files"), "smbfs"),
    ]
