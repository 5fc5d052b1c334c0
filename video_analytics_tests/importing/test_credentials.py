"""Credentials of the old scripts: copied where there are none, and never shown."""

import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest

from video_analytics.settings import load_settings
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.importing.desk import Place
from video_analytics_tests.importing.old_files import REPORTING, VIEWING, daily, viewing, write

CANARY = "canary7Kq"
SECRETS: dict[str, Any] = {
    "client_id": f"{CANARY}-1111-2222-3333-444455556666",
    "client_secret": f"{CANARY}-abcdefghijklmnopqrstuvwxyz-0123456789",
    "proxies": {"https": f"http://user:{CANARY}@proxy.example:8080", "http": ""},
}
DOTENV = f"""# Panopto
SERVER=demo.hosted.panopto.com
export USERNAME="{CANARY}-user"
PASSWORD='{CANARY} # and $more'

CLIENT_ID={CANARY}-0f0f-1111-2222-333344445555
CLIENT_SECRET={CANARY}AAAABBBBCCCCDDDDEEEEFFFF=
"""


def put(place: Place, secrets: object = None, dotenv: str = "", folder: str = "Harper") -> None:
    (place.old / folder).mkdir(exist_ok=True)
    if secrets is not None:
        (place.old / folder / "secrets.json").write_text(json.dumps(secrets), encoding="utf-8")
    if dotenv:
        (place.old / folder / ".env").write_text(dotenv, encoding="utf-8")


def test_they_are_copied_for_the_owner_alone_and_the_settings_know_them(place: Place) -> None:
    put(place, SECRETS, DOTENV)
    told = place.run()
    assert (told.code, told.of("Harper/secrets.json"), told.of("Harper/.env")) == (0, (3, 0, 0), (5, 0, 0))
    for name in ("secrets.json", ".env"):
        assert stat.S_IMODE((place.home / name).stat().st_mode) == 0o600
    settings = load_settings(place.home, {})
    secret, password = settings.brightcove.client_secret, settings.panopto.password
    assert secret is not None
    assert password is not None
    assert secret.get_secret_value() == SECRETS["client_secret"]
    assert password.get_secret_value() == f"{CANARY} # and $more"
    assert settings.panopto.username == f"{CANARY}-user"
    assert settings.network.proxies()["https"] == SECRETS["proxies"]["https"]


def test_a_home_that_has_its_own_keeps_them(place: Place) -> None:
    own = {"client_id": "own-id-aaaa-bbbb-cccc", "client_secret": "own-secret-aaaa-bbbb-cccc"}
    (place.home / "secrets.json").write_text(json.dumps(own), encoding="utf-8")
    before = snapshot(place.home)
    put(place, SECRETS)
    told = place.run()
    assert (told.code, told.of("Harper/secrets.json")) == (1, (0, 0, 3))
    assert "client_id, client_secret, proxies.https; enter there what is right" in told.why(
        "Harper/secrets.json"
    )
    assert {name: snapshot(place.home)[name] for name in before} == before


def test_the_first_that_is_found_counts_and_the_same_again_is_there(place: Place) -> None:
    put(place, SECRETS, folder="A")
    put(place, SECRETS | {"client_id": f"{CANARY}-another-client-id"}, folder="B")
    for taken, there in ((3, 0), (0, 3)):
        told = place.run()
        assert (told.of("A/secrets.json"), told.of("B/secrets.json")) == ((taken, there, 0), (0, 2, 1))


def test_unknown_keys_are_named_without_their_values(place: Place) -> None:
    put(place, SECRETS | {"token": CANARY, "proxies": {"ftp": CANARY}}, DOTENV + f"TOKEN={CANARY}\n")
    told = place.run()
    assert (told.of("Harper/secrets.json"), told.of("Harper/.env")) == ((2, 0, 2), (5, 0, 1))
    assert "token is no key" in told.why("Harper/secrets.json")
    assert "proxies.ftp is no key" in told.why("Harper/secrets.json")
    assert "TOKEN is no key that is known here (line 8)" in told.why("Harper/.env")
    assert "token" not in (place.home / "secrets.json").read_text(encoding="utf-8")
    assert "TOKEN" not in (place.home / ".env").read_text(encoding="utf-8")
    load_settings(place.home, {})


BROKEN = [
    ("secrets.json", f'{{"client_id": "{CANARY}"'.encode(), "is not valid JSON"),
    ("secrets.json", f'["{CANARY}"]'.encode(), "expected an object"),
    ("secrets.json", json.dumps({"client_id": [CANARY]}).encode(), "client_id"),
    ("secrets.json", json.dumps({"client_id": CANARY}).encode(), "client_secret"),
    ("secrets.json", json.dumps(SECRETS).encode("utf-16-be"), "UTF-8"),
    (".env", f"SERVER={CANARY}/\\x y\n".encode(), "SERVER: expected an address"),
    (".env", f"PASSWORD='{CANARY}\n".encode(), "expected NAME=value"),
    (".env", f"{CANARY}\n".encode(), "expected NAME=value"),
    (".env", f"PASSWORD={CANARY}Ü\n".encode("cp1252"), "UTF-8"),
    (".env", f"PASSWORD={CANARY}\0\n".encode(), "zero bytes"),
]


def test_what_would_break_the_home_is_refused(place: Place) -> None:
    for number, (name, content, _) in enumerate(BROKEN):
        (place.old / str(number)).mkdir()
        (place.old / str(number) / name).write_bytes(content)
    told = place.run()
    assert told.code == 1
    for number, (name, _, says) in enumerate(BROKEN):
        assert says in told.why(f"{number}/{name}")
    assert CANARY not in told.output
    assert {path.name for path in place.home.iterdir()} == {"exports"}


def test_no_secret_is_ever_shown(
    place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Everything at once, at DEBUG, refusals included: no value in output, report, log or lake."""
    viewer = "ca11a121-3333-4c4c-8d8d-af0100e73000"
    put(place, SECRETS | {"odd": CANARY}, f"{DOTENV}ODD={CANARY}\n{CANARY}\n")
    put(place, {"client_id": CANARY}, f"PASSWORD={CANARY}\n", folder="Reporting")
    write(place.old / "daily.csv", REPORTING, [daily("63", "2025-03-01"), daily("x", "2025-03-01")])
    rows = [viewing(viewer, viewer, "2025-03-01 10:00:00"), viewing("x", viewer, "2025-03-01 10:00:00")]
    write(place.old / f"database/B[{viewer}]/viewing_activity.csv", VIEWING, rows)
    with caplog.at_level(logging.DEBUG):
        said = [place.run("--dry-run").output, place.run().output, place.run().output]
    shown = [*said, caplog.text, *capfd.readouterr()]
    shown += [path.read_text(encoding="utf-8") for path in _reports(place)]
    assert _reports(place)
    assert not [text for text in shown if CANARY in text]
    others = [path for path in place.home.rglob("*") if path.is_file() and path.parent != place.home]
    assert not [path for path in others if CANARY.encode() in path.read_bytes()]


def _reports(place: Place) -> list[Path]:
    return list((place.home / "exports" / "import").iterdir())
