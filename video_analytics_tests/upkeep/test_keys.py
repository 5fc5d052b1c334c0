"""Secrets that others may read; certificates and signatures that run out; who is told."""

import datetime as dt
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from video_analytics.settings import Alerts, Settings
from video_analytics.upkeep.keys import certificates, channels, lasting, secret_files, signatures
from video_analytics.verdicts import Verdict

NOW = dt.datetime.now(dt.UTC)


@pytest.mark.skipif(os.name == "nt", reason="files have no modes there")
def test_files_with_secrets_are_the_owners(home: Path) -> None:
    assert list(secret_files(home)) == []
    (home / ".env").touch(0o600)
    (home / "secrets.json").touch()
    (home / "secrets.json").chmod(0o640)
    said = list(secret_files(home))
    assert [(each.probe, each.verdict) for each in said] == [(".env", "ok"), ("secrets.json", "note")]
    assert f"chmod 600 {home / 'secrets.json'}" in said[1].says


def certificate(folder: Path, days: int) -> ssl.SSLContext:
    """A server's context with a new certificate for the loopback; its file is `certificate.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=400))
        .not_valid_after(NOW + dt.timedelta(days=days, hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context


@contextmanager
def listening(context: ssl.SSLContext, *, mail: bool = False) -> Iterator[int]:
    """The port of a server that shows its certificate; one for mail first says so in the open."""

    def serve() -> None:
        with suppress(OSError):
            plain, _ = door.accept()
            plain.settimeout(5)
            if mail:
                plain.sendall(b"220 here\r\n")
                plain.recv(100)
                plain.sendall(b"250-here\r\n250 STARTTLS\r\n")
                plain.recv(100)
                plain.sendall(b"220 go\r\n")
            with context.wrap_socket(plain, server_side=True) as secured:
                secured.recv(100)
                secured.sendall(b"221 bye\r\n")

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield door.getsockname()[1]
        thread.join(5)


def looked_at(home: Path, **tables: object) -> list[Verdict]:
    trusted = {"network": {"ca_bundle": home / "certificate.pem"}}
    return list(certificates(Settings.model_validate({"home": home, **trusted, **tables}), NOW))


@pytest.mark.parametrize(("days", "verdict", "says"), [(90, "ok", "for 90 days"), (5, "note", "in 5 days")])
def test_the_certificate_of_the_site_is_looked_at(home: Path, days: int, verdict: str, says: str) -> None:
    with listening(certificate(home, days)) as port:
        said = looked_at(home, panopto={"server": f"https://127.0.0.1:{port}"})
    assert [(each.probe, each.verdict) for each in said] == [("certificate of 127.0.0.1", verdict)]
    assert says in said[0].says


def test_an_expired_certificate_is_a_failure(home: Path) -> None:
    with listening(certificate(home, -2)) as port:
        said = looked_at(home, panopto={"server": f"https://127.0.0.1:{port}"})
    assert [each.verdict for each in said] == ["FAILED"]
    assert "certificate has expired" in said[0].says


def test_the_certificate_of_the_mail_server_is_looked_at_behind_starttls(home: Path) -> None:
    with listening(certificate(home, 30), mail=True) as port:
        mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "email_to": ["a@b.ch"], "email_from": "c@d.ch"}
        said = looked_at(home, alerts=mail)
    assert [(each.verdict, "for 30 days" in each.says) for each in said] == [("ok", True)]


def test_what_cannot_be_looked_at_is_a_note(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    certificate(home, 5)
    site = {"panopto": {"server": f"https://127.0.0.1:{port}"}}
    assert [each.verdict for each in looked_at(home, **site)] == ["note"]
    proxied = {"network": {"https_proxy": "http://me:hidden@proxy:3128"}, **site}
    said = looked_at(home, **proxied)
    assert [(each.verdict, "proxy" in each.says, "hidden" in each.says) for each in said] == [
        ("note", True, False)
    ]


def test_a_signature_tells_its_end_and_nothing_else(home: Path) -> None:
    token = "?sv=2025-01-05&se=2026-12-31T23%3A59%3A00Z&sp=rw&sig=do-not-show"
    shares = {"blob": {"root": "abfs://box@store.dfs.core.windows.net/x", "secrets": {"sas_token": token}}}
    settings = Settings.model_validate({"home": home, "delivery": {"shares": shares, "built_in": False}})
    said = list(signatures(settings, dt.datetime(2026, 12, 24, tzinfo=dt.UTC)))
    assert [(each.probe, each.verdict) for each in said] == [("share blob: sas_token", "note")]
    assert "2026-12-31, in 7 days" in said[0].says
    assert "do-not-show" not in str(said)


def test_the_ends_of_things() -> None:
    ends = {-1: "FAILED", 0: "note", 20: "note", 21: "ok"}
    for days, verdict in ends.items():
        assert lasting("x", NOW + dt.timedelta(days=days, minutes=1), NOW).verdict == verdict


def test_who_is_told() -> None:
    assert channels(Alerts()).verdict == "note"
    hook = "https://hooks.slack.com/services/do/not/show"
    said = channels(Alerts.model_validate({"slack_url": hook}))
    assert (said.verdict, said.says.startswith("told by Slack;"), hook in said.says) == ("ok", True, False)
