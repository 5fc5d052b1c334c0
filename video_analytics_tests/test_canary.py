"""Secrets and viewers' identities are nowhere but where they belong, however much goes wrong.

A home is filled with secrets that look like nothing else. Both vendors are read with failures of all kinds,
files are delivered, alerts are sent, everything logs at DEBUG. Then every byte is searched, in each form in
which a secret may travel.
"""

import base64
import csv
import datetime as dt
import io
import json
import logging
import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from rich.console import Console

from video_analytics import partitions
from video_analytics.alerts import channels
from video_analytics.alerts.command import alert_command
from video_analytics.alerts.telling import evaluate
from video_analytics.brightcove.catalogue import list_videos
from video_analytics.cli import main
from video_analytics.clock import now
from video_analytics.console import Bars
from video_analytics.errors import VendorError
from video_analytics.http import Tally
from video_analytics.instance import open_instance
from video_analytics.journal import Journal
from video_analytics.lake import Lake
from video_analytics.panopto.listing import list_course
from video_analytics.ranges import Range
from video_analytics.runs import Runner
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Settings, load_settings, read_courses
from video_analytics.settings.checks import ZERO_GUID
from video_analytics_tests.alerts.postbox import Postbox, mail_server
from video_analytics_tests.conftest import FAST, YESTERDAY, NewSandbox, client_of
from video_analytics_tests.panopto.drill import QUICK, road_of
from video_analytics_tests.vendor import Asked, Said, Vendor, vendor

ADDRESSED = ("slack", "teams", "webhook", "proxy-user", "proxy-password")
SECRETS = {
    name: f"{name}-canary-{number}?&%/é{'x' * number}".encode("ascii", "ignore").decode()
    for number, name in enumerate(
        (
            "brightcove-id",
            "brightcove-secret",
            "panopto-id",
            "panopto-secret",
            "panopto-password",
            "pseudonym-key",
            "smtp-user",
            "smtp-password",
            "share-user",
            "share-password",
        )
    )
} | {
    name: f"{name}-canary-in-an-address"
    for name in ("slack", "teams", "webhook", "proxy-user", "proxy-password")
}
TOKEN = re.compile(rb"SANDBOX[0-9a-f]{32}", re.IGNORECASE)  # what the vendors gave out
GUID = re.compile(rb"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
OWN = {".env", "secrets.json"}
ACCOUNTS = (("neo", "5972928207001"), ("impact", "968049871001"))
FIRST = YESTERDAY - dt.timedelta(days=3)
DAYS = {"brightcove/daily_analytics", "panopto/viewing_activity"}
TROUBLES: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (  # and what is done meanwhile
    ({}, ("panopto/course_sessions",)),
    (
        {"dead_accounts": ["impact"], "dead_how": "403", "malformed_every": 5, "soap_faults": 0.3},
        ("brightcove/daily_analytics", "panopto/viewing_activity"),
    ),
    ({}, ("panopto/chunked_coverage", "panopto/course_files", "delivery/shares")),
    ({"wrong_credentials": True}, ("brightcove/cms_catalog", "panopto/course_sessions")),
)


def test_no_secret_and_no_viewer_is_anywhere(
    home: Path,
    new_sandbox: NewSandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(channels, "PAUSE_SECONDS", 0)
    sandbox, box = new_sandbox({"rate_scale": 1000}), Postbox()
    with mail_server(box) as port, vendor(_receiver) as hooks, vendor(Said(407)) as proxy:
        write_home(home, sandbox, port, hooks, proxy)
        for name in sandbox.environment():
            monkeypatch.delenv(name, raising=False)
        settings = load_settings(home, {})
        with open_instance(settings) as (instance, tags):
            said = work(settings, instance, tags, sandbox)
        for command in (["check"], ["status"]):
            said.append(CliRunner().invoke(main, [*command, "--home", str(home)]).output)
        for options in (["--test"], ["--list"]):
            said.append(CliRunner().invoke(alert_command, [*options, "--home", str(home)]).output)
    assert {asked.path for asked in hooks.asked} > {f"/{SECRETS['slack']}"}  # they were told
    assert any(asked.method == "CONNECT" for asked in proxy.asked)
    captured = capfd.readouterr()
    texts = {
        "logs": caplog.text,
        "messages": "".join(str(asked.body) for asked in hooks.asked),
        "mail": "".join(mail.as_string() for mail in box.mails()),
        "output": "\n".join([*said, captured.out, captured.err]),
    }
    assert len(caplog.records) > 100
    assert all(texts[name] for name in ("logs", "messages", "output"))
    held = {name: text.encode() for name, text in texts.items()} | dict(contents(home))
    assert {Path(name).suffix for name in held} > {".db", ".parquet", ".csv", ".json"}
    needles = {form: name for name, secret in SECRETS.items() for form in forms(secret)}
    viewers = viewers_of(sandbox, settings)
    assert len(viewers) > 5
    assert found(held, needles, viewers) == []


# --- the home ---------------------------------------------------------------------------------------------


def write_home(home: Path, sandbox: Sandbox, mail_port: int, hooks: Vendor, proxy: Vendor) -> None:
    """Everything is set up, and every secret is a canary."""
    service, desk = sandbox.service, sandbox.service.desk
    service.client_id, service.client_secret = SECRETS["brightcove-id"], SECRETS["brightcove-secret"]
    desk.client_id, desk.client_secret = SECRETS["panopto-id"], SECRETS["panopto-secret"]
    desk.password = SECRETS["panopto-password"]
    env = {**sandbox.environment(), "PANOPTO_PSEUDONYM_KEY": SECRETS["pseudonym-key"]}
    user = f"{SECRETS['proxy-user']}:{SECRETS['proxy-password']}"
    env["HTTPS_PROXY"] = proxy.url.replace("//", f"//{user}@")
    (home / ".env").write_text(
        "".join(f"{name}='{value}'\n" for name, value in env.items()), encoding="utf-8"
    )
    secrets = {
        "alerts": {
            "smtp_username": SECRETS["smtp-user"],
            "smtp_password": SECRETS["smtp-password"],
            "slack_url": f"{hooks.url}/{SECRETS['slack']}",
            "webhook_url": f"{hooks.url}/{SECRETS['webhook']}",
            "teams_url": f"https://hooks.example.invalid/{SECRETS['teams']}",
        },
        "shares": {"vault": {"username": SECRETS["share-user"], "password": SECRETS["share-password"]}},
    }
    (home / "secrets.json").write_text(json.dumps(secrets), encoding="utf-8")
    (home / "settings.toml").write_text(_toml(home, mail_port), encoding="utf-8")
    (home / "reports").mkdir()
    with (home / "courses.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("PanoptoFolderName", "PanoptoFolderID"))
        rows.writerows(sandbox.panopto.courses()[:2])


def _toml(home: Path, mail_port: int) -> str:
    tables: dict[str, dict[str, Any]] = {
        "brightcove": {**FAST, "attempts": 2},
        "panopto": {
            **QUICK,
            "attempts": 2,
            "pseudonymise": True,
            "start_date": YESTERDAY - dt.timedelta(days=3),
        },
        "alerts": {
            "smtp_host": "localhost",
            "smtp_port": mail_port,
            "smtp_security": "none",
            "email_from": "alerts@example.com",
            "email_to": ["team@example.com"],
            "ui_url": "https://dagster.example.com",
        },
        "delivery": {"attempts": 1, "wait_seconds": 0.01},
        "delivery.shares.reports": {"root": str(home / "reports")},
        "delivery.shares.vault": {"root": "smb://localhost/vault"},
        "delivery.routes.courses": {
            "source": "panopto/**/*.csv",
            "share": "vault",
            "folder": "Courses",
            "business_unit": "Shared",
        },
    }
    for name, number in ACCOUNTS:
        table = {"id": number, "business_unit": {"neo": "IB"}.get(name, "GWM"), "category": "gwm"}
        tables[f"brightcove.accounts.{name}"] = table
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )


def _value(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value)


def _receiver(_number: int, asked: Asked) -> Said:
    """Slack takes messages, the webhook does not, and says the address it was called by."""
    return Said(200, b"ok") if SECRETS["slack"] in asked.path else Said(500, asked.path.encode())


# --- the work ---------------------------------------------------------------------------------------------


def work(
    settings: Settings, instance: dg.DagsterInstance, tags: dict[str, str], sandbox: Sandbox
) -> list[str]:
    """Some of both roads with every trouble, delivery, alerts; gives what was said of failures."""
    tally = Tally()
    bars = Bars(Console(quiet=True), tally)
    courses = [course.id for course in read_courses(settings.home)]
    partitions.add_courses(instance, courses)
    by_account = Range(ACCOUNTS[0][0], ACCOUNTS[-1][0], 2)
    by_course = Range(courses[0], courses[-1], 2)
    journal, lake = Journal(settings.state), Lake(settings.lake)
    with bars:
        runner = Runner(settings, bars, tally, instance, tags)
        for trouble, steps in TROUBLES:
            sandbox.set_scenario({"rate_scale": 1000, **trouble})
            for step in steps:
                span = {"brightcove": by_account, "panopto": by_course}.get(step.split("/")[0])
                if step in DAYS and span:
                    span = Range(f"{span.first}|{FIRST}", f"{span.last}|{YESTERDAY}", 2)
                runner.materialize(dg.AssetKey(step.split("/")), [span])
            evaluate(settings, journal, lake, now())
    evaluate(settings, journal, lake, now() + dt.timedelta(minutes=10))
    return [*runner.errors, *map(str, bars.failures.values())]


# --- the search -------------------------------------------------------------------------------------------


def contents(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a home, unpacked, but those that hold secrets by name."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name not in OWN:
            data = path.read_bytes()
            name = str(path.relative_to(home))
            yield name, data
            if path.suffix == ".parquet":
                table = pq.ParquetFile(path).read()
                yield f"{name} unpacked", json.dumps(table.to_pylist(), default=str).encode()
            if zipfile.is_zipfile(io.BytesIO(data)):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    yield from ((f"{name} {part}", archive.read(part)) for part in archive.namelist())


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it is, as it stands in addresses, in JSON, in hex and anywhere inside of base64."""
    raw = secret.encode()
    yield from {text.encode() for text in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))}
    yield json.dumps(secret)[1:-1].encode()
    yield raw.hex().encode()
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * shift + raw)
            yield whole[4 if shift else 0 : -4]  # the ends depend on the neighbours


def viewers_of(sandbox: Sandbox, settings: Settings) -> set[str]:
    """Who watched anything in the courses; the zero id is nobody."""
    site, at = sandbox.panopto, sandbox.now()
    courses = [course.id for course in read_courses(settings.home)]
    sessions = [each["Id"] for course in courses for each in site.sessions_of(course, at)]
    return {record["UserId"] for record in site.records(at, sessions)} - {ZERO_GUID}


def found(
    held: dict[str, bytes], needles: dict[bytes, str], viewers: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Which secret, token or viewer is in what."""
    seen = {form.replace("-", "").encode() for form in viewers}
    return sorted(
        {(name, secret) for name, data in held.items() for form, secret in needles.items() if form in data}
        | {(name, "a token") for name, data in held.items() if TOKEN.search(data)}
        | {
            (name, f"viewer {guid!r}")
            for name, data in held.items()
            for guid in GUID.findall(data)
            if guid.replace(b"-", b"").lower() in seen
        }
    )


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """So that finding nothing means something."""
    secret = SECRETS["brightcove-secret"]
    pair = f"{SECRETS['brightcove-id']}:{secret}".encode()
    samples = {
        "plain": f"a {secret} b".encode(),
        "address": f"https://host/?key={quote(secret, safe='')}".encode(),
        "basic": b"Authorization: Basic " + base64.b64encode(pair),
        "token": b"Bearer SANDBOX" + b"0a" * 48,
    }
    for name, data in samples.items():
        (tmp_path / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "packed.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"<v>{secret}</v>" * 9)
    needles = {form: name for name, text in SECRETS.items() for form in forms(text)}
    hits = {name.split()[0] for name, _ in found(dict(contents(tmp_path)), needles)}
    assert hits == {*samples, "packed.xlsx"}


# --- a vendor that quotes the request ---------------------------------------------------------------------


def _quoting(number: int, asked: Asked) -> Said:
    """Refuses everything in the words of who asked; the second token is given, so that it is quoted too."""
    if number > 2 and "token" in asked.path:
        return Said(200, json.dumps({"access_token": "SANDBOX" + "0a" * 48, "expires_in": 300}).encode())
    way, _, proof = asked.headers.get("Authorization", " ").partition(" ")
    said = f"{base64.b64decode(proof).decode() if way == 'Basic' else proof} {asked.body.decode()}"
    words = {"error_code": said, "error": said, "message": said}
    return Said(400, json.dumps([words] if "videos" in asked.path else words).encode())


def test_words_that_quote_the_request_are_told_without_its_secrets(home: Path) -> None:
    said = []
    with vendor(_quoting) as server:
        values = {
            "BRIGHTCOVE_CLIENT_ID": SECRETS["brightcove-id"],
            "BRIGHTCOVE_CLIENT_SECRET": SECRETS["brightcove-secret"],
            "BRIGHTCOVE_OAUTH_URL": f"{server.url}/access_token",
            "BRIGHTCOVE_CMS_URL": server.url,
            "PANOPTO_SERVER": server.url,
            "PANOPTO_USERNAME": "service",
            "PANOPTO_PASSWORD": SECRETS["panopto-password"],
            "PANOPTO_CLIENT_ID": SECRETS["panopto-id"],
            "PANOPTO_CLIENT_SECRET": SECRETS["panopto-secret"],
        }
        settings = load_settings(home, values)
        for _ in range(2):
            with client_of(settings) as client, pytest.raises(VendorError) as refused:
                list_videos(client, settings.brightcove.accounts[0])
            said.append(str(refused.value))
            with road_of(settings) as road, pytest.raises(VendorError) as refused:
                list_course(road.rest, road.lake, ZERO_GUID.replace("0", "1"), YESTERDAY)
            said.append(str(refused.value))
    needles = {form: name for name, secret in SECRETS.items() for form in forms(secret)}
    assert "***" in said[0]
    assert found({str(number): text.encode() for number, text in enumerate(said)}, needles) == []
