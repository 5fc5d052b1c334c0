"""Which file goes where: shares, and routes to folders of them. A file goes only where its own route says.

What can be said of one share or route alone is checked here; `routing` checks them together.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator

from video_analytics.settings import checks, places, roots, share_options
from video_analytics.settings.base import Model, Seconds, Tries
from video_analytics.settings.problems import unpasted

REPORTS, DAILY = "reports", "daily"  # the shares that the built-in routes name

# account, folder
BUILT_IN_FOLDERS = {
    "circleone": "Circle-1--GWM",
    "digital_networks_events": "DN&Events--Shared",
    "fa_web": "FA-Web--GWMUS",
    "impact": "Impact--GWM",
    "intranet": "IntRAnet--Shared",
    "myway": "MyWay--GWM",
    "neo": "NEO--IB",
    "research_internal": "Research-Internal--IB",
    "research": "Research-US--IB",
    "sumitrust": "SuMi-Trust",
    "internet": "IntERnet--Shared",
}

Option = str | int | float | bool
Secrets = Annotated[dict[str, SecretStr], AfterValidator(share_options.secrets)]
Hours = Annotated[int, Field(ge=1, le=8760)]


class Share(Model):
    """A place that files are copied to."""

    name: Annotated[str, AfterValidator(checks.table_name("share"))]
    root: Annotated[str, AfterValidator(roots.root)]  # without slashes at its end
    options: dict[str, Option] = Field(default_factory=dict)  # of fsspec, without secrets
    secrets: Secrets = Field(default_factory=dict)  # username, password …: from secrets.json

    @field_validator("options", mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        """Before the types, so that a wrong one is told once and not for each type it is not."""
        return share_options.options(value) if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if twice := sorted(self.options.keys() & self.secrets.keys()):
            mend = "remove one: it stands in secrets.json too"
            raise checks.wrong("a key in one place", mend, "it in two", where=("options", twice[0]))
        return self

    @property
    def place(self) -> roots.Place:
        """Where the root is, comparable with the roots of other shares."""
        return roots.place(self.root, self.options)


class Route(Model):
    """What of `exports/` goes to which folder of which share."""

    name: Annotated[str, AfterValidator(checks.table_name("route"))]
    source: Annotated[str, AfterValidator(places.source)]  # below exports/; {account} is the account's key
    share: str
    folder: Annotated[str, AfterValidator(places.folder)]  # below the share's root; ".": the root itself
    period: Annotated[str, AfterValidator(places.period)] = ""  # below the folder: "{YYYY_MM}" …; "": none
    business_unit: Annotated[str, AfterValidator(checks.folder_name)]
    account: str | None = None  # whose file it is; its business unit must be that of the route

    @model_validator(mode="after")
    def _knows_whose(self) -> Self:
        if places.ACCOUNT in self.source and self.account is None:
            mend = "add account, or write the name instead of {account}"
            raise checks.wrong("account together with {account} in source", mend, "none", where=("account",))
        return self

    @property
    def filled(self) -> str:
        """The source with the account's key filled in."""
        return self.source.replace(places.ACCOUNT, (self.account or "").lower())

    @property
    def pattern(self) -> str:
        """The filled source for `Path.glob`: brackets are themselves."""
        return self.filled.replace("[", "[[]")

    @property
    def base(self) -> PurePosixPath:
        """The folder below exports/ that paths at the destination are relative to: before any wildcard."""
        return PurePosixPath(*self._split[0])

    @property
    def tail(self) -> str:
        """What the source says below `base`: a file's name, or a glob."""
        return "/".join(self._split[1])

    @property
    def _split(self) -> tuple[list[str], list[str]]:
        parts = self.filled.split("/")
        wild = (at for at, part in enumerate(parts) if places.WILD.search(part))
        first = min(next(wild, len(parts)), len(parts) - 1)
        return parts[:first], parts[first:]


class Delivery(Model):
    """The shares and routes; without shares nothing is delivered."""

    built_in: bool = True  # the routes of the accounts to the share "reports", of daily files to "daily"
    month_offset: Annotated[int, Field(ge=-12, le=12)] = 0  # of the period; the replaced scripts had +1
    stale_hours: Hours = 48  # older sources are not delivered
    attempts: Tries = 4  # for one file, in one run
    wait_seconds: Seconds = 5.0  # before the second attempt; doubles
    retry_minutes: Annotated[int, Field(ge=1, le=1440)] = 15  # until the next run, where something waits
    share_secrets: dict[str, Secrets] = Field(default_factory=dict, repr=False, exclude=True)
    shares: Annotated[tuple[Share, ...], Field(strict=False)] = ()
    routes: Annotated[tuple[Route, ...], Field(strict=False)] = ()

    @field_validator("shares", mode="before")
    @classmethod
    def _with_secrets(cls, value: Any, info: ValidationInfo) -> Any:
        """Tables by name as a list, each with its secrets, which stand in another file."""
        if not isinstance(value, Mapping):
            return value
        secrets = info.data.get("share_secrets", {})
        return [{"secrets": secrets.get(n, {}), **t, "name": n} for n, t in value.items()]

    @field_validator("routes", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return [{**t, "name": n} for n, t in value.items()] if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _secrets_have_shares(self) -> Self:
        known = [share.name for share in self.shares]
        for name in self.share_secrets:
            if name not in known:
                mend = "correct the name, or add the share to settings.toml as [delivery.shares.NAME]"
                expected = f"a share among {', '.join(known)}" if known else "a share that is set up"
                raise checks.wrong(expected, mend, "another name", where=("share_secrets", unpasted(name)))
        return self

    def share(self, name: str) -> Share:
        """The share of that name, which a route of `Settings.routes` always has."""
        return next(each for each in self.shares if each.name == name)
