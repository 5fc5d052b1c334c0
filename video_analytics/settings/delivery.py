"""Which file goes where: shares, and routes to folders of them. A file goes only where its own route says."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator

from video_analytics.settings.base import Model, Seconds, Tries

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


class Share(Model):
    """A place that files are copied to."""

    name: str
    root: str  # /mnt/reports, \\server\share\folder, smb://server/share/folder, s3://bucket/prefix …
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)  # of fsspec, without secrets
    secrets: dict[str, SecretStr] = Field(default_factory=dict)  # username, password …: from secrets.json


class Route(Model):
    """What of `exports/` goes to which folder of which share."""

    name: str
    source: str  # below exports/, with / ; * and ** as in glob; {account} is the account's key
    share: str
    folder: str  # below the share's root, with /
    period: str = ""  # a folder below `folder`: "{YYYY_MM}", "{YYYY}/{MM}", "{YYYY-MM}" …; "": none
    business_unit: str
    account: str | None = None  # whose file it is; its business unit must be that of the route


class Delivery(Model):
    """The shares and routes; without shares nothing is delivered."""

    built_in: bool = True  # the routes of the accounts to the share "reports", of daily files to "daily"
    month_offset: Annotated[int, Field(ge=-12, le=12)] = 0  # of the period; the replaced scripts had +1
    stale_hours: Annotated[int, Field(ge=1, le=8760)] = 48  # older sources are not delivered
    attempts: Tries = 4  # for one file, in one run
    wait_seconds: Seconds = 5.0  # before the second attempt; doubles
    retry_minutes: Annotated[int, Field(ge=1, le=1440)] = 15  # until the next run, where something waits
    shares: Annotated[tuple[Share, ...], Field(strict=False)] = ()
    routes: Annotated[tuple[Route, ...], Field(strict=False)] = ()

    @field_validator("shares", "routes", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return [{**t, "name": n} for n, t in value.items()] if isinstance(value, Mapping) else value
