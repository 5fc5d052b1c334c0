"""All about the vendor Panopto: where its site is, who asks, how fast, and how its viewing is counted."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, SecretStr, ValidationInfo, field_validator

from video_analytics.settings import checks
from video_analytics.settings.base import Day, Model, Seconds, Tries, Zone

Credential = Annotated[
    SecretStr, AfterValidator(checks.credential_from("Panopto (User Settings, API Clients)"))
]
Guid = Annotated[str, AfterValidator(checks.guid)]
Calls = Annotated[int, Field(ge=1, le=1_000_000)]


class Panopto(Model):
    """One Panopto site. Without a server the platform leaves this vendor alone.

    The REST client (client_id, client_secret) is a must; without username and password the SOAP service
    takes the cookie that the REST token buys.
    """

    server: Annotated[str, AfterValidator(checks.server)] | None = None  # https://host[:port]
    username: Annotated[str, AfterValidator(checks.username)] | None = None  # also provider\user
    password: Annotated[SecretStr, AfterValidator(checks.password)] | None = None
    client_id: Credential | None = None
    client_secret: Credential | None = None
    pseudonym_key: Annotated[SecretStr, AfterValidator(checks.pseudonym_key)] | None = None

    start_date: Day = date(2010, 1, 1)
    trailing_days: Annotated[int, Field(ge=1, le=60)] = 7
    site_timezone: Zone = "UTC"
    reporting_timezone: Zone | None = None
    reports_timezone: Zone | None = None  # of the dates in the usage reports that people download
    reports_wait_minutes: Annotated[int, Field(ge=0, le=1440)] = 10  # for a report that the site is making
    chunks: Annotated[int, Field(ge=1, le=100)] = 20
    completed_percent: Annotated[FiniteFloat, Field(gt=0, le=100)] = 75.0
    anonymous_ids: Annotated[tuple[Guid, ...], Field(strict=False), AfterValidator(checks.anonymous)] = (
        checks.ZERO_GUID,
    )
    pseudonymise: bool = False
    legacy_rows: bool = False

    sweep_days: Annotated[int, Field(ge=1, le=365)] = 7
    change_feed: bool = True
    page_size: Annotated[int, Field(ge=1, le=1000)] = 150
    daily_years: Annotated[int, Field(ge=2, le=10)] = (
        2  # this one included; before them a partition is a year
    )

    calls_per_second: Calls = 5  # the vendor's own limits, per account
    calls_per_minute: Calls = 100
    calls_per_hour: Calls = 5000
    parallel_courses: Annotated[int, Field(ge=1, le=8)] = 2
    parallel_sessions: Annotated[int, Field(ge=1, le=16)] = 4
    timeout_seconds: Seconds = 60.0
    max_wait_seconds: Seconds = 120.0  # of one wait, also one the vendor asks for
    attempts: Tries = 6

    @field_validator("pseudonymise")
    @classmethod
    def _has_its_key(cls, wanted: bool, info: ValidationInfo) -> bool:
        """No model at all without the key: identities must not reach a file because a key was forgotten."""
        if wanted and info.data.get("pseudonym_key", "a wrong one, told of already") is None:
            mend = "add PANOPTO_PSEUDONYM_KEY (16 characters or more) to .env, or remove pseudonymise"
            raise checks.wrong("pseudonym_key together with it", mend, "it alone")
        return wanted

    @property
    def configured(self) -> bool:
        """Whether there is a site to ask."""
        return self.server is not None

    @property
    def zone(self) -> str:
        """The zone of the days in reports: the site's, unless another one is set."""
        return self.reporting_timezone or self.site_timezone

    @property
    def reports_zone(self) -> str:
        """The zone of the dates in Panopto's own usage reports: the site's, unless another one is set."""
        return self.reports_timezone or self.site_timezone
