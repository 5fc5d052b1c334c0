"""A real SMTP server on a port of its own, and the mail it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Postbox:
    """Takes mail; `says` may refuse it."""

    def __init__(self, says: str = "250 taken") -> None:
        self.says = says
        self.taken: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one mail."""
        if self.says.startswith("250"):
            self.taken.append(envelope)
        return self.says

    def mails(self) -> list[EmailMessage]:
        """Those that were taken."""
        bodies = [each.content for each in self.taken if isinstance(each.content, bytes)]
        return [message_from_bytes(body, policy=default) for body in bodies]

    def mail(self) -> EmailMessage:
        """The one mail there is."""
        (mail,) = self.mails()
        return mail


class _Server(Controller):
    """Any free port will do."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(box: Postbox, **options: Any) -> Iterator[int]:
    """The port of a running server."""
    controller = _Server(box, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
