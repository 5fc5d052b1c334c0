"""Mail through a real SMTP server, posts to a real HTTP server; and what a failure may not tell."""

import datetime as dt
import json
import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from video_analytics.alerts import channels as ways
from video_analytics.alerts.channels import Channel, channels
from video_analytics.alerts.messages import PROBLEM, Message, message, trial
from video_analytics.alerts.problem import Problem
from video_analytics.errors import AlertError
from video_analytics.settings import Settings
from video_analytics.settings.alerts import Alerts
from video_analytics.settings.models import Network
from video_analytics_tests.alerts.certificate import CERTIFICATE, KEY
from video_analytics_tests.alerts.postbox import Postbox, mail_server
from video_analytics_tests.conftest import NOW
from video_analytics_tests.vendor import Asked, Said, Script, Vendor, vendor

ADDRESS, PASSWORD, PATH = "data.team@example.com", "smtp-canary-password", "/services/T0/B0/hook-canary"


def told() -> Message:
    problem = Problem(
        "reading:brightcove:neo",
        "reading",
        "brightcove:neo",
        "Brightcove neo cannot be read",
        "HTTP 401, <b>no</b> & *never*; the credentials are refused",
        "check them",
        NOW - dt.timedelta(hours=3),
        "0123-abcd",
    )
    return message(PROBLEM, [problem], NOW, "https://dagster.example.com/")


# --- mail -------------------------------------------------------------------------------------------------


def mail_settings(home: Path, port: int, **more: Any) -> Settings:
    given = {"smtp_security": "none", "email_from": "alerts@example.com", "email_to": (ADDRESS,), **more}
    network = given.pop("network", Network())
    return Settings(home=home, alerts=Alerts(smtp_host="localhost", smtp_port=port, **given), network=network)


def only(settings: Settings) -> Channel:
    (channel,) = channels(settings)
    return channel


def test_a_mail_arrives_as_plain_text(home: Path) -> None:
    box = Postbox()
    with mail_server(box) as port:
        only(mail_settings(home, port, email_to=(ADDRESS, "second@example.com"))).send(told())
    assert box.taken[0].rcpt_tos == [ADDRESS, "second@example.com"]
    mail = box.mail()
    assert mail["Subject"] == "[video-analytics] Problem: Brightcove neo cannot be read"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{told().id}@video-analytics.invalid>"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert "HTTP 401, <b>no</b> & *never*; the credentials are refused" in text
    assert "What to do: check them" in text
    assert "Run: https://dagster.example.com/runs/0123-abcd" in text


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate, which is its own authority, and its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "key.pem").write_text(KEY, encoding="ascii")
    (folder / "certificate.pem").write_text(CERTIFICATE, encoding="ascii")
    return folder / "certificate.pem"


def secured(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def knows(user: str, password: str) -> Callable[..., AuthResult]:
    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data == LoginPassword(user.encode(), password.encode()), handled=False)

    return authenticate


def test_with_starttls_and_a_password(home: Path, trusted: Path) -> None:
    box = Postbox()
    options = {
        "tls_context": secured(trusted),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": knows("robot", PASSWORD),
    }
    with mail_server(box, **options) as port:
        right = {
            "smtp_security": "starttls",
            "smtp_username": SecretStr("robot"),
            "smtp_password": SecretStr(PASSWORD),
            "network": Network(ca_bundle=trusted),
        }
        only(mail_settings(home, port, **right)).send(told())
        wrong = right | {"smtp_password": SecretStr("another")}
        with pytest.raises(AlertError, match="check the username and password"):
            only(mail_settings(home, port, **wrong)).send(told())
        with pytest.raises(AlertError, match="ca_bundle"):
            only(mail_settings(home, port, **right | {"network": Network()})).send(told())
    assert len(box.taken) == 1


def test_with_tls_from_the_start(home: Path, trusted: Path) -> None:
    box = Postbox()
    with mail_server(box, ssl_context=secured(trusted)) as port:
        network = Network(ca_bundle=trusted)
        only(mail_settings(home, port, smtp_security="tls", network=network)).send(told())
    assert len(box.taken) == 1


@pytest.mark.parametrize(
    ("says", "mend"),
    [(f"550 {ADDRESS} is nobody", "SMTPDataError 550"), (f"451 {ADDRESS} later", "SMTPDataError 451")],
)
def test_a_mail_that_is_refused(home: Path, says: str, mend: str) -> None:
    with mail_server(Postbox(says)) as port, pytest.raises(AlertError, match=mend) as raised:
        only(mail_settings(home, port)).send(told())
    assert_tells_nothing(raised.value)


def test_a_mail_server_that_is_away_or_speaks_no_tls(home: Path) -> None:
    with mail_server(Postbox()) as port, pytest.raises(AlertError, match="smtp_security"):
        only(mail_settings(home, port, smtp_security="starttls")).send(told())
    with pytest.raises(AlertError, match="ConnectionRefusedError") as raised:
        only(mail_settings(home, port)).send(told())
    assert_tells_nothing(raised.value)


# --- posts ------------------------------------------------------------------------------------------------


def hook_settings(home: Path, server: Vendor, name: str = "slack", path: str = PATH, **more: Any) -> Settings:
    alerts = Alerts.model_validate({f"{name}_url": SecretStr(server.url + path)})
    return Settings(home=home, alerts=alerts, **more)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "PAUSE_SECONDS", 0.01)


def sent(asked: Asked) -> Any:
    assert asked.method == "POST"
    assert asked.headers["Content-Type"] == "application/json"
    return json.loads(asked.body)


def test_slack_is_posted_escaped_text(home: Path) -> None:
    with vendor(Said(200, b"ok")) as server:
        only(hook_settings(home, server)).send(told())
    (asked,) = server.asked
    body = sent(asked)
    assert asked.path == PATH
    assert body["text"] == "Problem: Brightcove neo cannot be read"
    texts = [block["text"]["text"] for block in body["blocks"]]
    assert texts[0] == "*Problem: Brightcove neo cannot be read*"
    assert "&lt;b&gt;no&lt;/b&gt; &amp; *never*" in texts[2]
    assert texts[-1] == "<https://dagster.example.com/runs/0123-abcd|Run>"


def test_teams_is_posted_an_adaptive_card(home: Path) -> None:
    with vendor(Said(202, b"")) as server:
        only(hook_settings(home, server, "teams")).send(told())
    (attachment,) = sent(server.asked[0])["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert card["body"][0]["inlines"][0]["text"] == "Problem: Brightcove neo cannot be read"
    assert card["actions"][0]["url"] == "https://dagster.example.com/runs/0123-abcd"


def test_a_webhook_is_posted_facts(home: Path) -> None:
    with vendor(Said(204, b"")) as server:
        only(hook_settings(home, server, "webhook")).send(told())
    body = sent(server.asked[0])
    assert (body["event"], body["id"]) == ("problem", told().id)
    (problem,) = body["problems"]
    assert problem["key"] == "reading:brightcove:neo"
    assert problem["since"] == "2026-06-15T03:00:00+00:00"


@pytest.mark.parametrize(
    ("statuses", "posts", "says"),
    [
        ([500, 200], 2, None),
        ([429, 202], 2, None),
        ([503, 503], 2, "503"),
        ([404], 1, "new address"),
        ([301], 1, "got 301"),
    ],
)
def test_a_post_is_tried_twice_where_the_receiver_is_in_trouble(
    home: Path, statuses: list[int], posts: int, says: str | None
) -> None:
    def script(number: int, _asked: Asked) -> Said:
        return Said(statuses[number - 1], PATH.encode(), {"Location": "/elsewhere"})

    with vendor(script) as server:
        channel = only(hook_settings(home, server))
        if says is None:
            channel.send(told())
        else:
            with pytest.raises(AlertError, match=says) as raised:
                channel.send(told())
            assert_tells_nothing(raised.value)
        assert len(server.asked) == posts


def test_a_post_goes_through_the_proxy(home: Path) -> None:
    with vendor(Said(200)) as proxy:
        network = Network(http_proxy=SecretStr(proxy.url.replace("//", "//user:proxy-canary@")))
        alerts = Alerts.model_construct(slack_url=SecretStr("http://hooks.example.com" + PATH))
        only(Settings.model_construct(home=home, alerts=alerts, network=network)).send(told())
    assert proxy.asked[0].path == "http://hooks.example.com" + PATH


def test_a_receiver_that_never_answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "TIMEOUT_SECONDS", 0.1)

    def slow(_number: int, _asked: Asked) -> Said:
        time.sleep(0.3)
        return Said()

    with vendor(slow) as server, pytest.raises(AlertError, match="ReadTimeout") as raised:
        only(hook_settings(home, server)).send(told())
    assert_tells_nothing(raised.value)


@pytest.mark.parametrize("script", [Said(200), Said(500), Said(404)])
def test_logs_at_debug_hold_no_address(
    home: Path, script: Script | Said, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with vendor(script) as server:
        try:
            only(hook_settings(home, server)).send(told())
        except AlertError as error:
            assert_tells_nothing(error)
    assert "hook-canary" not in caplog.text
    logging.getLogger("urllib3.connectionpool").debug("heard again")
    assert "heard again" in caplog.text


def test_a_bad_address_is_no_leak(home: Path) -> None:
    for address in ("http://" + "a" * 80 + ".example/hook-canary", "http://[bad/hook-canary", "hook-canary"):
        alerts = Alerts.model_construct(slack_url=SecretStr(address))
        channel = only(Settings.model_construct(home=home, alerts=alerts, network=Network()))
        with pytest.raises(AlertError) as raised:
            channel.send(told())
        assert_tells_nothing(raised.value)


def test_channels_are_those_that_are_set_up(home: Path) -> None:
    url = SecretStr("https://hooks.example.com/x")
    assert channels(Settings(home=home)) == []
    alerts = Alerts(
        email_to=(ADDRESS,),
        email_from=ADDRESS,
        smtp_host="mail.example.com",
        slack_url=url,
        teams_url=url,
        webhook_url=url,
    )
    found = channels(Settings(home=home, alerts=alerts))
    assert [channel.name for channel in found] == ["email", "slack", "teams", "webhook"]
    assert "hooks.example.com" not in repr(found)


def test_the_test_message_says_that_nothing_is_wrong(home: Path) -> None:
    with vendor(Said(200)) as server:
        only(hook_settings(home, server, "webhook")).send(trial(NOW))
    body = sent(server.asked[0])
    assert (body["event"], body["problems"]) == ("test", [])


def assert_tells_nothing(error: BaseException) -> None:
    """Neither the error nor what it was raised from holds an address or a secret."""
    held: BaseException | None = error
    while held is not None:
        for secret in (ADDRESS, PASSWORD, "hook-canary", "proxy-canary", "T0/B0"):
            assert secret not in str(held) + repr(held)
        held = held.__cause__ or held.__context__
