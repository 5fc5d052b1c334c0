"""Deliveries to a real Samba server: `python -m video_analytics_tests.drills.samba [FOLDER]`.

Needs Debian's package samba (smbd, smbpasswd), the extra smb, and a user that smbd may act as. The server
listens on loopback on a high port, with a configuration of its own that is thrown away; nothing else of the
machine is touched. Prints a line for each thing tried; ends with 1 if one of them went wrong.
"""

import contextlib
import getpass
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import smbclient

from video_analytics.delivery.copying import copy
from video_analytics.delivery.receipts import newest_receipts, receipts_path
from video_analytics.delivery.report import Report
from video_analytics.delivery.routes import planned
from video_analytics.delivery.shares import open_share
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.delivery.world import delivered, export, files_below

PUBLICATIONS, READ_BY_SMB, KILLS, SERVER_KILLS = 200, 60, 100, 10
SIZES = (0, 1, 70_000, 1_048_576, 3_000_001)


class Server:
    """A smbd below a folder, with the shares `reports`, `daily`, `locked` (read only) and `small`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.user, self.password = folder, getpass.getuser(), secrets.token_urlsafe(12)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc", "reports", "daily", "small"):
            (folder / name).mkdir()
        self._config = folder / "smb.conf"
        self._config.write_text(self._text(), encoding="utf-8")
        typed = f"{self.password}\n{self.password}\n".encode()
        command = ["smbpasswd", "-c", str(self._config), "-a", "-s", self.user]
        subprocess.run(command, input=typed, check=True, capture_output=True)
        self._process: subprocess.Popen[bytes] | None = None

    def _text(self) -> str:
        places = {
            "passdb backend": f"tdbsam:{self.folder}/private/passdb.tdb",
            "private dir": f"{self.folder}/private",
            "lock directory": f"{self.folder}/lock",
            "state directory": f"{self.folder}/state",
            "cache directory": f"{self.folder}/cache",
            "pid directory": f"{self.folder}/pid",
            "ncalrpc dir": f"{self.folder}/ncalrpc",
            "log file": f"{self.folder}/log",
        }
        general = {
            "smb ports": self.port,
            "interfaces": "lo",
            "bind interfaces only": "yes",
            "server role": "standalone server",
            "map to guest": "never",
            "load printers": "no",
            "disable spoolss": "yes",
            **places,
        }
        text = "[global]\n" + "".join(f"{key} = {value}\n" for key, value in general.items())
        for name, read_only in (("reports", "no"), ("daily", "no"), ("small", "no"), ("locked", "yes")):
            path = self.folder / ("reports" if name == "locked" else name)
            text += f"[{name}]\npath = {path}\nread only = {read_only}\n"
        return text

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = ["smbd", "-F", "--no-process-group", "-s", str(self._config)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError("smbd does not answer")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it with all its children, as a machine does that loses power: SIGKILL."""
        if self._process:
            os.killpg(self._process.pid, number)
            self._process.wait()
            self._process = None

    def settings(self, home: Path, *, password: str | None = None, **shares: str) -> Settings:
        """A home whose shares lie on this server, as people write it down."""
        home.mkdir(exist_ok=True)
        lines = ["[delivery]", "attempts = 20", "wait_seconds = 0.05"]
        for name, place in (shares or {"reports": "reports", "daily": "daily/below"}).items():
            root = f"smb://localhost:{self.port}/{place}"
            lines += [
                f"[delivery.shares.{name}]",
                f'root = "{root}"',
                f"[delivery.shares.{name}.options]",
            ]
            lines += ["timeout = 5"]
        (home / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        known = {"username": self.user, "password": password or self.password}
        told = {"shares": dict.fromkeys(shares or ("reports", "daily"), known)}
        (home / "secrets.json").write_text(json.dumps(told), encoding="utf-8")
        return load_settings(home, {})


class Drill:
    """What was tried, and whether all of it went well."""

    def __init__(self) -> None:
        self.ok = True

    def tell(self, what: str, ok: bool, **figures: object) -> None:
        self.ok &= ok
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        sys.stdout.write(f"{'ok   ' if ok else 'WRONG'} {what}: {told}\n")
        sys.stdout.flush()


def version(number: int, size: int = 300_000) -> bytes:
    return (f"{number:08}".encode() * (size // 8 + 1))[:size]


def is_whole(content: bytes) -> bool:
    return content == version(int(content[:8]), len(content)) and len(content) == 300_000


def export_everything(settings: Settings) -> dict[str, bytes]:
    """The eleven accounts' files and the daily ones of each category, of all sizes; gives them by name."""
    made = {}
    for number, account in enumerate(settings.brightcove.accounts):
        made[f"{account.key}_cms.csv"] = random.Random(number).randbytes(SIZES[number % len(SIZES)])
        export(settings, f"brightcove/cms/{account.key}_cms.csv", made[f"{account.key}_cms.csv"])
    for category in settings.categories:
        for ending in ("csv", "parquet"):
            name = f"daily_analytics_2026_{category}.{ending}"
            made[name] = random.Random(name).randbytes(2_000_000)
            export(settings, f"brightcove/daily/2026/{name}", made[name])
    return made


def now() -> datetime:
    return datetime.now(UTC)


def deliver_all(settings: Settings) -> Report:
    return delivered(settings, sleep=time.sleep, at=now())


def everything_arrives(drill: Drill, server: Server, folder: Path) -> None:
    (server.folder / "daily" / "below").mkdir()
    settings = server.settings(folder / "everything")
    made = export_everything(settings)
    started = time.monotonic()
    report = deliver_all(settings)
    seconds = time.monotonic() - started
    shares = [server.folder / "reports", server.folder / "daily"]
    held = {Path(name).name: content for share in shares for name, content in files_below(share).items()}
    megabytes = sum(map(len, made.values())) / 1e6
    figures = {"files": len(report.copied), "MB": round(megabytes, 1), "seconds": round(seconds, 2)}
    drill.tell("the eleven accounts and the daily files arrive", report.ok and held == made, **figures)
    times = {path: path.stat().st_mtime_ns for share in shares for path in share.rglob("*")}
    started = time.monotonic()
    report = deliver_all(settings)
    seconds = time.monotonic() - started
    (settings.state / "delivery.json").unlink()
    again = deliver_all(settings)
    same = times == {path: path.stat().st_mtime_ns for share in shares for path in share.rglob("*")}
    counts = (len(report.copied), len(report.unchanged), len(again.copied), len(again.unchanged))
    drill.tell(
        "the same again, and without the index: nothing written",
        same and counts == (0, len(made), 0, len(made)),
        unchanged=counts[1],
        seconds=round(seconds, 2),
        receipts=len(newest_receipts(receipts_path(settings.exports))),
    )
    text = "".join(path.read_text(errors="replace") for path in settings.state.rglob("*.json"))
    text += receipts_path(settings.exports).read_text(encoding="utf-8")
    drill.tell("the password stands nowhere", server.password not in text, characters=len(text))


def reader_sees_whole_files(drill: Drill, server: Server, folder: Path) -> None:
    """Once beside the server, where nothing keeps the file from being replaced, once over SMB itself."""
    settings = server.settings(folder / "readers", reports="reports")
    file = server.folder / "reports" / "NEO--IB" / f"{now():%Y_%m}" / "neo_cms.csv"
    (share,) = settings.delivery.shares
    export(settings, "brightcove/cms/neo_cms.csv", version(0))
    item = next(item for item in planned(settings, now().date()) if item.account == "neo")
    with open_share(share, "ab") as target:
        copy(target, item, None)
        seen: list[bytes] = []
        with polling(lambda: seen.append(file.read_bytes())):
            started = time.monotonic()
            for number in range(1, PUBLICATIONS + 1):
                export(settings, "brightcove/cms/neo_cms.csv", version(number))
                copy(target, item, None)
            seconds = time.monotonic() - started
    torn = sum(not is_whole(content) for content in seen)
    drill.tell(
        f"{PUBLICATIONS} publications, a reader on the server",
        not torn and len(set(seen)) > PUBLICATIONS / 10,
        reads=len(seen),
        versions=len(set(seen)),
        torn=torn,
        seconds=round(seconds, 1),
    )
    over_smb: list[bytes] = []
    with open_share(share, "ac") as reader:

        def read() -> None:
            with contextlib.suppress(OSError), reader.reading(item.target) as opened:
                over_smb.append(opened.read())
            time.sleep(0.01)

        with polling(read):
            reports = []
            for number in range(1_000, 1_000 + READ_BY_SMB):
                export(settings, "brightcove/cms/neo_cms.csv", version(number))
                reports.append(deliver_all(settings))
    torn = sum(not is_whole(content) for content in over_smb)
    last = file.read_bytes() == version(999 + READ_BY_SMB)
    drill.tell(
        f"{READ_BY_SMB} publications, a reader over SMB that holds the file open again and again",
        not torn and last and all(report.ok for report in reports),
        reads=len(over_smb),
        versions=len(set(over_smb)),
        torn=torn,
    )


@contextlib.contextmanager
def polling(read: object) -> Iterator[None]:
    done = threading.Event()

    def loop() -> None:
        while not done.is_set():
            read()  # type: ignore[operator]

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def cuts(drill: Drill, server: Server, folder: Path) -> None:
    """The delivering process is killed, then the server is."""
    settings = server.settings(folder / "cuts", reports="reports")
    where = server.folder / "reports"
    chance, number = random.Random(5), 0
    whole = amid = mended = killed = 0
    seconds = 0.0
    while killed < KILLS:
        number += 1
        export_versions(settings, number)
        if number <= 2:
            started = time.monotonic()
            deliver_all(settings)
            seconds = time.monotonic() - started
            continue
        if not delivery_killed(settings, chance.uniform(0, seconds)):
            continue
        killed += 1
        final = cms_files(where)
        whole += len(final) == len(settings.brightcove.accounts) and all(map(is_whole, final.values()))
        amid += any("/.va-" in name for name in files_below(where)) or len(set(final.values())) > 1
        if killed % 4 == 0:
            mended += deliver_all(settings).ok and set(cms_files(where).values()) == {version(number)}
            mended -= any("/.va-" in name for name in files_below(where))
    drill.tell(
        f"{KILLS} kills of the delivering process",
        whole == KILLS and mended == KILLS // 4 and amid > KILLS / 5,
        whole=whole,
        amid_copying=amid,
        mended=f"{mended} of {KILLS // 4}",
    )
    whole = mended = waited = 0
    for _ in range(SERVER_KILLS):
        number += 1
        export_versions(settings, number)
        cut = threading.Timer(chance.uniform(0.01, seconds), server.stop, [signal.SIGKILL])
        cut.start()
        report = deliver_all(impatient(settings))
        cut.join()
        waited += not report.ok
        final = cms_files(where)
        whole += all(map(is_whole, final.values()))
        server.start()
        mended += deliver_all(settings).ok and set(cms_files(where).values()) == {version(number)}
    drill.tell(
        f"{SERVER_KILLS} kills of the server in mid-delivery",
        whole == mended == SERVER_KILLS and waited > 0,
        whole=whole,
        told_as_away=waited,
        mended=mended,
    )


def impatient(settings: Settings) -> Settings:
    """Two attempts for each file."""
    delivery = settings.delivery.model_copy(update={"attempts": 2})
    return settings.model_copy(update={"delivery": delivery})


def export_versions(settings: Settings, number: int) -> None:
    for account in settings.brightcove.accounts:
        export(settings, f"brightcove/cms/{account.key}_cms.csv", version(number))


def cms_files(where: Path) -> dict[str, bytes]:
    month = f"{now():%Y_%m}"
    found = {name: content for name, content in files_below(where).items() if f"/{month}/" in name}
    return {name: content for name, content in found.items() if "/.va-" not in name}


def delivery_killed(settings: Settings, after: float) -> bool:
    """Deliver in a process that is killed; whether that was before it had finished."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if deliver_all(settings).ok else 1
        finally:
            os._exit(code)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def a_file_is_held_open(drill: Drill, server: Server, folder: Path) -> None:
    settings = impatient(server.settings(folder / "open", reports="reports"))
    (share,) = settings.delivery.shares
    export_versions(settings, 1)
    deliver_all(settings)
    export_versions(settings, 77_000)
    place = PurePosixPath(f"NEO--IB/{now():%Y_%m}/neo_cms.csv")
    with open_share(share, "ac") as other:  # as Excel does: nobody else may write
        path = other._path(place)  # type: ignore[attr-defined]
        with smbclient.open_file(path, "rb", share_access="r", **other._known):  # type: ignore[attr-defined]
            report = deliver_all(settings)
    others = {content for name, content in cms_files(server.folder / "reports").items() if "neo" not in name}
    drill.tell(
        "a file that somebody holds open waits, the others do not",
        list(report.reasons) == ["reports/neo"] and others == {version(77_000)},
        told=repr(report.reasons.get("reports/neo")),
    )
    drill.tell("and is delivered when it is free", deliver_all(settings).ok)


def refusals(drill: Drill, server: Server, folder: Path) -> None:
    """Shares that cannot be written, or are not there, or do not know us."""
    for what, made in (
        ("read only", server.settings(folder / "locked", reports="locked")),
        ("unknown share", server.settings(folder / "unknown", reports="nosuch")),
        ("unknown folder", server.settings(folder / "folder", reports="reports/none")),
        ("wrong password", server.settings(folder / "wrong", password="wrong-canary", reports="reports")),
    ):
        export_versions(made, 88_000)
        before, started = files_below(server.folder / "reports"), time.monotonic()
        report = deliver_all(impatient(made))
        kept = files_below(server.folder / "reports") == before and "canary" not in str(report.reasons)
        said = next(iter(report.reasons.values()), "")
        seconds = round(time.monotonic() - started, 1)
        drill.tell(what, kept and not report.ok, told=repr(said), seconds=seconds)


def full(drill: Drill, server: Server, folder: Path) -> None:
    """A share of one megabyte, where this user may mount one."""
    small = server.folder / "small"
    if subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], check=False
    ).returncode:
        sys.stdout.write("     full: not tried, nothing can be mounted here\n")
        return
    try:
        settings = impatient(server.settings(folder / "full", reports="small"))
        export_versions(settings, 1)
        report = deliver_all(settings)
        held = files_below(small)
        told = repr(next(iter(report.reasons.values()), ""))
        good = not report.ok and all(map(is_whole, held.values())) and "full" in told
        drill.tell("a full share", good, whole_files=len(held), waiting=len(report.waiting), told=told)
    finally:
        subprocess.run(["/bin/umount", str(small)], check=True)


def main(folder: Path) -> int:
    drill, server = Drill(), Server(folder)
    server.start()
    try:
        for part in (everything_arrives, reader_sees_whole_files, cuts, a_file_is_held_open, refusals, full):
            for share in ("reports", "daily"):
                shutil.rmtree(server.folder / share)
                (server.folder / share).mkdir()
            part(drill, server, folder)
    finally:
        server.stop()
    return 0 if drill.ok else 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as below:
        sys.exit(main(Path(below)))
