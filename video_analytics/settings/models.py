"""What there is to set: types, defaults and bounds. Panopto and retention have modules of their own.

A bound is where a value stops making sense, not a recommendation. Fields stand in the order in which they
depend on each other: an account takes its zone from `timezone`, the report's timeout looks at its address.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    FiniteFloat,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from video_analytics.errors import SettingsError
from video_analytics.settings import checks, routing
from video_analytics.settings.alerts import Alerts
from video_analytics.settings.automation import Automation, Backfill, misplaced
from video_analytics.settings.base import Day, Days, Model, Seconds, Tries, Zone, refuse
from video_analytics.settings.delivery import Delivery, Route
from video_analytics.settings.pages import Pages
from video_analytics.settings.panopto import Panopto
from video_analytics.settings.retention import Retention

# The vendor gives up on a report after 8 minutes; who hangs up sooner never sees its answer.
VENDOR_REPORT_SECONDS = 480.0

# name, id, business unit, category
BUILT_IN_ACCOUNTS = (
    ("Internet", "1197194721001", "Shared", "internet"),
    ("Intranet", "4413047246001", "Shared", "internet"),
    ("neo", "5972928207001", "IB", "research"),
    ("research", "3467683096001", "IB", "research"),
    ("research_internal", "3731172721001", "IB", "research"),
    ("impact", "968049871001", "GWM", "gwm"),
    ("circleone", "6283605170001", "GWM", "gwm"),
    ("digital_networks_events", "4631489639001", "Shared", "events"),
    ("fa_web", "807049819001", "GWMUS", "gwm"),
    ("SuMiTrust", "5653786046001", "SuMi-Trust", "gwm"),
    ("MyWay", "6300219615001", "GWM", "gwm"),
)

Year = Annotated[int, Field(ge=2005, le=2100)]
BaseUrl = Annotated[str, AfterValidator(checks.base_url)]
Credential = Annotated[SecretStr, AfterValidator(checks.credential_from("Brightcove Studio"))]
Proxy = Annotated[SecretStr, AfterValidator(checks.proxy)]


class Account(Model):
    """One Brightcove account; `key` is its name in lower case, for partitions and file names."""

    name: Annotated[str, AfterValidator(checks.table_name("account"))]
    key: str = Field(default_factory=lambda data: data["name"].lower())
    id: Annotated[str, AfterValidator(checks.digits)]
    business_unit: Annotated[str, AfterValidator(checks.folder_name)]
    category: Annotated[str, AfterValidator(checks.lower_name("internet"))]
    timezone: Zone

    @field_validator("key")
    @classmethod
    def _follows_name(cls, key: str, info: ValidationInfo) -> str:
        if key != info.data.get("name", key).lower():
            raise checks.wrong("the name in lower case", "leave the key away")
        return key


def built_in_accounts(timezone: str) -> tuple[Account, ...]:
    """The accounts that are used when the settings name none."""
    return tuple(
        Account(name=name, id=id_, business_unit=unit, category=category, timezone=timezone)
        for name, id_, unit, category in BUILT_IN_ACCOUNTS
    )


class Brightcove(Model):
    """All about the vendor Brightcove. If the settings name any account, the built-in ones are gone."""

    client_id: Credential | None = None
    client_secret: Credential | None = None

    oauth_url: Annotated[str, AfterValidator(checks.token_url)] = (
        "https://oauth.brightcove.com/v4/access_token"
    )
    cms_url: BaseUrl = "https://cms.api.brightcove.com/v1"
    analytics_url: BaseUrl = "https://analytics.api.brightcove.com/v1"
    insights_url: BaseUrl = "https://data.api.brightcove.com/historical/media-insights/v1"

    timezone: Zone = "UTC"  # of accounts that name none
    accounts: tuple[Account, ...] = Field(
        default_factory=lambda data: built_in_accounts(data["timezone"]), strict=False
    )

    start_date: Day = date(2023, 1, 1)
    trailing_days: Days = 7
    provisional_days: Annotated[int, Field(ge=1, le=32)] = 3  # less than any final_after_days
    final_after_days: Annotated[int, Field(ge=33, le=400)] = 35  # the vendor adjusts figures until day 32
    window_days: Days = 42
    cache_days: Annotated[int, Field(ge=1, le=3660)] = 90
    years: Annotated[tuple[Year, ...], Field(strict=False), AfterValidator(checks.years)] | None = None
    daily_scope: Literal["all", "cache"] = "all"
    bootstrap_last_viewed: bool = True

    report_timeout_seconds: Seconds = 510.0
    timeout_seconds: Seconds = 60.0
    processing_wait_seconds: Seconds = 150.0
    processing_tries: Tries = 3
    attempts: Tries = 6
    cms_calls_per_second: Annotated[FiniteFloat, Field(gt=0, lt=10)] = 8.0  # the vendor refuses at 10
    cms_page: Annotated[int, Field(ge=1, le=100)] = 100
    max_wait_seconds: Seconds = 120.0  # of one wait, also one the vendor asks for
    parallel_accounts: Annotated[int, Field(ge=1, le=64)] = 11

    @field_validator("accounts", mode="before")
    @classmethod
    def _named(cls, value: object, info: ValidationInfo) -> object:
        """Tables by name become a list; who names no zone gets the general one."""
        if not isinstance(value, Mapping):
            return value
        zone = info.data.get("timezone", "UTC")
        return [{"timezone": zone, **table, "name": name} for name, table in value.items()]

    @field_validator("accounts")
    @classmethod
    def _distinct(cls, accounts: tuple[Account, ...]) -> tuple[Account, ...]:
        if not accounts:
            raise checks.wrong(
                "at least one account", "add one, or remove the table to use the built-in ones"
            )
        clashes = [*_twins(accounts, "id"), *_twins(accounts, "key")]
        if clashes:
            mend = "give each account a name of its own (case does not count) and its own id"
            raise checks.wrong("every id and name once", mend, " and ".join(clashes))
        return accounts

    @field_validator("report_timeout_seconds")
    @classmethod
    def _outlasts_vendor(cls, seconds: float, info: ValidationInfo) -> float:
        real = not checks.is_loopback(info.data.get("analytics_url", "http://localhost"))
        if real and seconds <= VENDOR_REPORT_SECONDS:
            mend = "raise it or remove it to use 510: the vendor itself gives up only after 8 minutes"
            raise checks.wrong(f"more than {VENDOR_REPORT_SECONDS:.0f}", mend)
        return seconds

    def report_years(self, today: date) -> tuple[int, ...]:
        """The creation years of the reporting files; unless set, last year and this year."""
        return self.years or (today.year - 1, today.year)


class Network(Model):
    """The way out: proxies and the certificates to trust."""

    https_proxy: Proxy | None = None
    http_proxy: Proxy | None = None
    no_proxy: str = ""
    ca_bundle: Annotated[Path, Field(strict=False), AfterValidator(checks.existing)] | None = None

    def proxies(self) -> dict[str, str]:
        """The real addresses by scheme, for the HTTP session only."""
        given = {"https": self.https_proxy, "http": self.http_proxy}
        return {scheme: secret.get_secret_value() for scheme, secret in given.items() if secret}


class Settings(Model):
    """Everything the platform is told from outside, and the folders of its home."""

    home: Annotated[Path, AfterValidator(Path.absolute)]
    brightcove: Brightcove = Field(default_factory=Brightcove)
    panopto: Panopto = Field(default_factory=Panopto)
    retention: Retention = Field(default_factory=Retention)
    automation: Automation = Field(default_factory=Automation)
    delivery: Delivery = Field(default_factory=Delivery)
    alerts: Alerts = Field(default_factory=Alerts)
    pages: Pages = Field(default_factory=Pages)
    network: Network = Field(default_factory=Network)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """What one vendor's accounts, the routes and the spans to fill say of each other."""
        spans = misplaced(self.automation, self._units, self.brightcove.start_date)
        refuse([*spans, *routing.misrouted(self.delivery, self._units, self.home)])
        return self

    @property
    def lake(self) -> Path:
        """The Parquet lake."""
        return self.home / "lake"

    @property
    def exports(self) -> Path:
        """The files people use."""
        return self.home / "exports"

    @property
    def state(self) -> Path:
        """What the platform notes about itself: the journal of its attempts, alerts that are open."""
        return self.home / "state"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.home / ".dagster"

    @property
    def categories(self) -> dict[str, tuple[Account, ...]]:
        """The accounts of each category, categories in order of first appearance."""
        found: dict[str, tuple[Account, ...]] = {}
        for account in self.brightcove.accounts:
            found[account.category] = (*found.get(account.category, ()), account)
        return found

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes that hold: the built-in ones whose share is set up, and those of the settings."""
        return routing.routes(self.delivery, self._units)

    def accounts_of(self, backfill: Backfill) -> tuple[Account, ...]:
        """The accounts of a span to fill, each once: those it names, or all."""
        named = {name.lower() for name in backfill.accounts}
        return tuple(each for each in self.brightcove.accounts if not named or each.key in named)

    @property
    def _units(self) -> dict[str, str]:
        return {account.key: account.business_unit for account in self.brightcove.accounts}

    def account(self, name_or_id: str) -> Account:
        """The account of that name (in any case) or id."""
        wanted = name_or_id.strip().lower()
        for account in self.brightcove.accounts:
            if wanted in (account.key, account.id):
                return account
        known = ", ".join(each.name for each in self.brightcove.accounts)
        raise SettingsError(
            f"settings: brightcove.accounts: unknown account {name_or_id!r}; use one of {known} (or its id)"
        )


def _twins(accounts: tuple[Account, ...], field: str) -> list[str]:
    """What `field` has twice, each with the names that share it."""
    names: dict[Any, list[str]] = {}
    for account in accounts:
        names.setdefault(getattr(account, field), []).append(account.name)
    return [f"{field} {value} for {', '.join(who)}" for value, who in names.items() if len(who) > 1]
