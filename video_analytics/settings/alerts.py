"""Whom to tell, and when: e-mail, Slack, Teams, a webhook; and what counts as stale."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from video_analytics.settings.base import Model, Tries


class Alerts(Model):
    """The channels; each is used as soon as it is set up, and none is needed."""

    email_to: Annotated[tuple[str, ...], Field(strict=False)] = ()
    email_from: str | None = None
    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: SecretStr | None = None
    smtp_password: SecretStr | None = None
    slack_url: SecretStr | None = None
    teams_url: SecretStr | None = None
    webhook_url: SecretStr | None = None

    ui_url: str | None = None  # of the Dagster UI, for links to runs
    after_failures: Tries = 2  # transient failures are told from this attempt on; permanent ones at once
    stale_hours: Annotated[int, Field(ge=1, le=8760)] = 36  # since an account or course was last read whole
    waiting_hours: Annotated[int, Field(ge=1, le=8760)] = 6  # that a delivery may wait
