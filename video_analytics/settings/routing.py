"""Shares, routes and accounts together: the routes that hold, and what of them must not be.

Two business units never share a destination, nor does one lie inside the other's: compared is where roots and
folders lead, whatever the shares are called.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import PydanticCustomError

from video_analytics.settings import places
from video_analytics.settings.base import Found, namesakes
from video_analytics.settings.checks import wrong
from video_analytics.settings.delivery import BUILT_IN_FOLDERS, DAILY, REPORTS, Delivery, Route
from video_analytics.settings.problems import described, nearest
from video_analytics.settings.roots import HERE, Place
from video_analytics.settings.roots import place as place_of

DAILY_ROUTE, DAILY_UNIT = "daily", "Reporting"

Units = Mapping[str, str]  # business unit of each account, by its key

_OF_AN_ACCOUNT = (  # what lies below exports/ of one account
    *(f"brightcove/cms/{{key}}_cms{end}" for end in (".csv", ".json", "_metadata.csv", "_metadata.json")),
    *(f"brightcove/reporting/{{key}}_cms_{span}.csv" for span in ("2026", "cache_2026", "2025_2026")),
    "brightcove/lifecycle/2026-01/{key}_cms.xlsx",
)


@dataclass(frozen=True)
class _Put:
    """A route and where it leads; `written` is its number in the settings, None for a built-in one.

    Files are equal for two routes that would write the same: by the file's name, or by the same glob.
    """

    route: Route
    written: int | None
    place: Place
    files: tuple[str, str]


def routes(delivery: Delivery, units: Units) -> tuple[Route, ...]:
    """The built-in routes whose share is set up, and those of the settings; each in place of its namesake.

    Accounts are named by their keys.
    """
    taken = {each.name.lower() for each in delivery.routes}
    built_in = (each for each in _built_in(delivery, units) if each.name not in taken)
    return (*built_in, *map(_by_key, delivery.routes))


def _by_key(route: Route) -> Route:
    return route.model_copy(update={"account": route.account.lower()}) if route.account else route


def _built_in(delivery: Delivery, units: Units) -> Iterator[Route]:
    shares = {share.name for share in delivery.shares} if delivery.built_in else set()
    if REPORTS in shares:
        for account, folder in BUILT_IN_FOLDERS.items():
            if account in units:
                yield Route(
                    name=account,
                    source="brightcove/cms/{account}_cms.csv",
                    share=REPORTS,
                    folder=folder,
                    period="{YYYY_MM}",
                    business_unit=units[account],
                    account=account,
                )
    if DAILY in shares:
        source = "brightcove/daily/**/daily_analytics_*"
        yield Route(name=DAILY_ROUTE, source=source, share=DAILY, folder=HERE, business_unit=DAILY_UNIT)


def misrouted(delivery: Delivery, units: Units, home: Path) -> list[Found]:
    """What is wrong, each at its place in the settings."""
    found = [
        *namesakes(("delivery", "shares"), [each.name for each in delivery.shares]),
        *namesakes(("delivery", "routes"), [each.name for each in delivery.routes]),
    ]
    for number, route in enumerate(delivery.routes):
        for field, error in _unknown(route, delivery, units):
            found.append((("delivery", "routes", number, field), error))
    return found or [*_meeting(delivery, units, home)]


def _unknown(route: Route, delivery: Delivery, units: Units) -> Iterator[tuple[str, PydanticCustomError]]:
    shares = [share.name for share in delivery.shares]
    if route.share not in shares:
        expected = f"a share among {', '.join(shares)}" if shares else "a share that is set up"
        likely = f"did you mean {nearest(route.share, shares)!r}? Otherwise " if shares else ""
        yield "share", wrong(expected, f"{likely}add it as a table below [delivery.shares]", "another name")
    account = route.account.lower() if route.account is not None else None
    if account is not None and account not in units:
        mend, got = f"did you mean {nearest(account, units)!r}?", described(route.account, hidden=False)
        yield "account", wrong(f"an account among {', '.join(units)}", mend, got)
    elif account is not None and units[account] != route.business_unit:
        mend = f"write that, or correct the account: a file of {account} goes to its own unit only"
        expected = f"{units[account]!r}, the unit of account {account}"
        yield "business_unit", wrong(expected, mend, repr(route.business_unit))
    elif other := next(_others(route, units), None):
        mend = "name the files of its own accounts, or another unit, for those who may have all"
        yield "source", wrong(f"files of {route.business_unit} alone", mend, f"also those of {other}")


def _others(route: Route, units: Units) -> Iterator[str]:
    """The accounts of other units whose files the route would take to a unit that has accounts of its own."""
    if route.business_unit in units.values():
        theirs = (account for account, unit in units.items() if unit != route.business_unit)
        yield from (each for each in theirs if _matches(route, each))


def _matches(route: Route, account: str) -> bool:
    return any(places.matches(route.filled, each.replace("{key}", account)) for each in _OF_AN_ACCOUNT)


def _meeting(delivery: Delivery, units: Units, home: Path) -> Iterator[Found]:
    puts = [*_puts(delivery, units)]
    for number, put in enumerate(puts):
        if _is_own(put.place, home):
            expected = "a folder outside of the platform's own"
            yield _key(put, delivery), wrong(expected, "choose another root or folder", "one inside the home")
        for other in puts[:number]:
            if (error := _clash(put, other)) is not None:
                yield _key(put, delivery), error
                break


def _puts(delivery: Delivery, units: Units) -> Iterator[_Put]:
    """Built-in ones first, so that of two that meet the one is told of that somebody wrote."""
    roots = {share.name: share.place for share in delivery.shares}
    effective = routes(delivery, units)
    built_in = len(effective) - len(delivery.routes)
    for number, route in enumerate(effective, -built_in):
        place = roots[route.share].below(route.folder)
        yield _Put(route, number if number >= 0 else None, place, _files(route))


def _clash(put: _Put, other: _Put) -> PydanticCustomError | None:
    mine, its = put.route, other.route
    if mine.business_unit != its.business_unit and put.place.meets(other.place):
        mend = "choose another folder or share: a folder and all that is in it belongs to one business unit"
        got = f"{mine.folder!r} for {mine.business_unit}, which meets {its.folder!r} of route {its.name} "
        return wrong("a destination that no other business unit has", mend, f"{got}for {its.business_unit}")
    if (put.place, put.files) == (other.place, other.files):
        mend = "remove one of the two, or choose another folder or period"
        return wrong("a destination of its own", mend, f"that of route {its.name} again")
    return None


def _files(route: Route) -> tuple[str, str]:
    wild = places.WILD.search(route.tail)
    return places.spelled_out(route.period), (route.filled if wild else route.tail).casefold()


def _is_own(place: Place, home: Path) -> bool:
    """Whether it is the home, or inside what the platform itself writes there."""
    own = place_of(str(home), {})
    inside = [own.below(each) for each in ("exports", "lake", "state", ".dagster")]
    return place == own or any(place.meets(each) and len(place.parts) >= len(each.parts) for each in inside)


def _key(put: _Put, delivery: Delivery) -> tuple[int | str, ...]:
    if put.written is not None:
        return "delivery", "routes", put.written, "folder"
    names = [share.name for share in delivery.shares]
    return "delivery", "shares", names.index(put.route.share), "root"
