"""Whom to tell, and when: e-mail, Slack, Teams, a webhook; and what counts as stale."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from video_analytics.settings import addresses, checks
from video_analytics.settings.base import Model, Tries

Hours = Annotated[int, Field(ge=1, le=8760)]
Address = Annotated[str, AfterValidator(addresses.email)]
Hook = Annotated[SecretStr, AfterValidator(addresses.hook)]
Typed = Annotated[SecretStr, AfterValidator(checks.password)]


class Alerts(Model):
    """The channels; each is used as soon as it is set up, and none is needed."""

    email_to: Annotated[tuple[Address, ...], Field(strict=False), AfterValidator(addresses.distinct)] = ()
    email_from: Address | None = None
    smtp_host: Annotated[str, AfterValidator(addresses.host)] | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: Typed | None = None
    smtp_password: Typed | None = None
    slack_url: Hook | None = None
    teams_url: Hook | None = None
    webhook_url: Hook | None = None

    ui_url: Annotated[str, AfterValidator(addresses.page)] | None = None  # for links to runs
    after_failures: Tries = 2  # transient failures are told from this attempt on; permanent ones at once
    stale_hours: Hours = 36  # since an account or course was last read whole
    waiting_hours: Hours = 6  # that a delivery may wait

    @model_validator(mode="after")
    def _password_is_sealed(self) -> Self:
        """A password crosses the network encrypted or not at all."""
        host = self.smtp_host
        if self.smtp_password and self.smtp_security == "none" and host and not addresses.is_here(host):
            mend = 'use "starttls" (port 587) or "tls" (port 465), or no username and password'
            raise checks.wrong(
                "'starttls' or 'tls' with a password", mend, "'none'", where=("smtp_security",)
            )
        return self
