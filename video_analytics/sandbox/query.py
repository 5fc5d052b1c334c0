"""Reading the parameters of an Analytics request, strictly, into one frozen `Query`.

Dates are inclusive whole days of each account's zone. An epoch or hourly instant is taken as the day it falls
into: the vendor keeps hours for 32 days only, and nothing here asks for them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from video_analytics.sandbox.accounts import ACCOUNTS, Account
from video_analytics.sandbox.ageing import DETAIL_DAYS, PROVISIONAL_DAYS
from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.combinations import DIMENSIONS, check_fields
from video_analytics.sandbox.traffic import HISTORY_START, day_bounds

Window = tuple[date, date]
ALL: Final = 2**62
_RELATIVE = re.compile(r"^(-?)(\d{1,5})([dh])$")
_PARAMETERS = frozenset(
    [
        "accounts",
        "dimensions",
        "fields",
        "where",
        "from",
        "to",
        "limit",
        "offset",
        "sort",
        "format",
        "reconciled",
    ]
)
_BY_ID = {account.id: account for account in ACCOUNTS}


@dataclass(frozen=True, slots=True)
class Query:
    """A valid question."""

    accounts: tuple[Account, ...]
    dimensions: tuple[str, ...]
    fields: tuple[str, ...]
    windows: dict[str, Window]  # by account id
    limit: int
    offset: int
    sort: str | None
    descending: bool
    where: dict[str, frozenset[str]]

    @property
    def span(self) -> Window:
        """The widest window, for the faults."""
        return min(w[0] for w in self.windows.values()), max(w[1] for w in self.windows.values())


def bad(message: str) -> RefusalError:
    """A plain 400."""
    return RefusalError(400, "BAD_REQUEST", message)


def parse(parameters: Mapping[str, str], now: datetime) -> Query:
    """A query from the URL's parameters, or a refusal in the vendor's words."""
    accounts = parse_accounts(parameters)
    dimensions = tuple(_listed(parameters, "dimensions"))
    if not dimensions:
        raise bad("dimensions parameter is required")
    fields = check_fields(dimensions, _listed(parameters, "fields"))
    if parameters.get("format", "json") != "json":
        raise bad("only json is simulated for the format parameter")
    windows = {account.id: window(parameters, account.zone, now) for account in accounts}
    sort, descending = _sort(parameters.get("sort"), (*dimensions, *fields))
    return Query(
        accounts=accounts,
        dimensions=dimensions,
        fields=fields,
        windows=_reconciled(parameters.get("reconciled"), windows, accounts, now),
        limit=_limit(parameters.get("limit", "10")),
        offset=_number(parameters.get("offset", "0"), "offset", 0),
        sort=sort,
        descending=descending,
        where=parse_where(parameters.get("where", "")),
    )


def parse_accounts(parameters: Mapping[str, str]) -> tuple[Account, ...]:
    """The accounts asked for; a foreign one is outside the credential's scope."""
    ids = list(dict.fromkeys(_listed(parameters, "accounts")))
    if not ids:
        raise bad("accounts parameter is required")
    if any(account not in _BY_ID for account in ids):
        raise RefusalError(401, "UNAUTHORIZED", "the token does not cover this account")
    return tuple(_BY_ID[account] for account in ids)


def canonical(path: str, parameters: Mapping[str, str]) -> str:
    """The same text for the same question, whatever the order of its parameters."""
    return path + "?" + "&".join(f"{k}={v}" for k, v in sorted(parameters.items()) if k in _PARAMETERS)


def _listed(parameters: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in parameters.get(name, "").split(",") if part.strip()]


def _number(text: str, name: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,12}", text) or int(text) < least:
        raise bad(f"invalid value for {name} parameter")
    return int(text)


def _limit(text: str) -> int:
    return ALL if text == "all" else _number(text, "limit", 1)


def _sort(text: str | None, returned: tuple[str, ...]) -> tuple[str | None, bool]:
    if text is None:  # the documented default, where that field is returned
        return ("video_view" if "video_view" in returned else None), False
    name = text.removeprefix("-")
    if name not in returned:
        raise bad("invalid value for sort parameter")
    return name, text.startswith("-")


def parse_where(text: str) -> dict[str, frozenset[str]]:
    """`dim==a,b;dim==c` as sets; a date cannot be filtered here."""
    filters: dict[str, frozenset[str]] = {}
    for part in filter(None, text.split(";")):
        name, found, values = part.partition("==")
        if not found or name not in DIMENSIONS or name == "date":
            raise bad(f"invalid value for where parameter: {part}")
        filters[name] = frozenset(values.split(","))
    return filters


def window(parameters: Mapping[str, str], zone: str, now: datetime) -> Window:
    """First and last day asked for, in that zone."""
    start, end = parameters.get("from"), parameters.get("to") or "now"
    relative_end = _RELATIVE.match(end)
    if relative_end:
        first = _instant(start or "", "from", zone, now)
        last = first + _step(relative_end)
    else:
        last = _instant(end, "to", zone, now)
        relative_start = _RELATIVE.match(start or f"-{DETAIL_DAYS}d")
        first = last + _step(relative_start) if relative_start else _instant(start or "", "from", zone, now)
    tz = ZoneInfo(zone)
    days = first.astimezone(tz).date(), last.astimezone(tz).date()
    if days[0] > days[1]:
        raise bad("the from date is later than the to date")
    return days


def _step(match: re.Match[str]) -> timedelta:
    sign, number, unit = match.groups()
    size = timedelta(days=int(number)) if unit == "d" else timedelta(hours=int(number))
    return -size if sign else size


def _instant(text: str, name: str, zone: str, now: datetime) -> datetime:
    if text == "now":
        return now
    if text == "alltime" and name == "from":
        return datetime(HISTORY_START.year, 1, 1, tzinfo=ZoneInfo(zone))
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OverflowError, OSError):
        raise bad(f"invalid value for {name} parameter") from None
    return day


def reconciled_to(zone: str, now: datetime) -> date:
    """The last day in that zone old enough to be reconciled."""
    return (now.astimezone(ZoneInfo(zone)) - timedelta(days=PROVISIONAL_DAYS + 1)).date()


def _reconciled(
    flag: str | None, windows: dict[str, Window], accounts: tuple[Account, ...], now: datetime
) -> dict[str, Window]:
    if flag not in (None, "true", "false"):
        raise bad("invalid value for reconciled parameter")
    if flag == "true" and any(windows[a.id][1] > reconciled_to(a.zone, now) for a in accounts):
        raise RefusalError(
            400,
            "TIME_RANGE_UNAVAILABLE",
            "data is not available for the requested dimensions during the requested time period",
        )
    if flag == "false":
        return {a.id: _realtime(windows[a.id], a.zone, now) for a in accounts}
    return windows


def _realtime(days: Window, zone: str, now: datetime) -> Window:
    """Only the part the realtime store still holds; a reversed window is an empty one."""
    oldest = (now.astimezone(ZoneInfo(zone)) - timedelta(days=DETAIL_DAYS)).date()
    while day_bounds(zone, oldest)[1] < (now - timedelta(days=DETAIL_DAYS)).timestamp() * 1000:
        oldest += timedelta(days=1)
    return max(days[0], oldest), days[1]
