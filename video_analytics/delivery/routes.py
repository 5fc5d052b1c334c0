"""Which files go where, today. A file goes only below the folder and period of its own route.

What the settings promise is checked again for every single file: whatever a pattern finds and whatever a file
is called, no target leaves its route's folder, and no destination has two owners.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath

from video_analytics.delivery import origins
from video_analytics.errors import DeliveryError
from video_analytics.files import SUFFIX
from video_analytics.settings import Route, Settings, Share

OWN_FOLDER = "delivery"  # of exports: receipts are not delivered, each delivery would ask for the next
LONGEST_NAME = 255  # bytes; of any file system
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # by Windows; a backslash would lead elsewhere
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One file and its destination. Raises DeliveryError if that is not below `folder`, its route's own."""

    route: str
    source: Path
    share: str
    folder: PurePosixPath  # of the route, with its period, below the share's root
    target: PurePosixPath  # below the share's root
    business_unit: str
    account: str  # its key; "" where the file is of several or of none
    subject: str  # account, category or course id; "" where none is known

    def __post_init__(self) -> None:
        if not _is_below(self.target, self.folder):
            raise DeliveryError(
                f"route {self.route}: expected a destination inside {str(self.folder)!r}, got "
                f"{str(self.target)!r}; correct the route, or rename {self.source.name!r} for any system"
            )

    @property
    def topic(self) -> str:
        """What the journal calls it: share/route."""
        return f"{self.share}/{self.route}"


@dataclass
class Plan:
    """What is to be delivered, and why some of it cannot be, by share/route."""

    items: list[Item] = field(default_factory=list)
    refused: dict[str, DeliveryError] = field(default_factory=dict)


def planned(settings: Settings, today: date) -> list[Item]:
    """The files that belong on shares on a day (UTC), in the order of the routes and by path.

    Raises:
        DeliveryError: a file has no place that it may go to, or two have the same.
    """
    whole = plan(settings, today)
    for error in whole.refused.values():
        raise error
    return whole.items


def plan(settings: Settings, today: date) -> Plan:
    """The same, with what is refused beside what is not: one bad name keeps nobody else waiting."""
    found, shares = Plan(), {share.name: share for share in settings.delivery.shares}
    for route in settings.routes:
        for each in _items(settings, route, shares, today):
            if isinstance(each, Item):
                found.items.append(each)
            else:
                found.refused.setdefault(f"{route.share}/{route.name}", each)
    return _without_shared(found, shares)


def _items(
    settings: Settings, route: Route, shares: Mapping[str, Share], today: date
) -> Iterator[Item | DeliveryError]:
    if route.share not in shares:
        yield DeliveryError(f"route {route.name}: unknown share {route.share!r}; add it to delivery.shares")
        return
    if route.base.is_absolute() or ".." in route.base.parts:
        yield DeliveryError(f"route {route.name}: expected a source below exports; correct it")
        return
    folder = PurePosixPath(route.folder) / period(route.period, today, settings.delivery.month_offset)
    leads_out = _leading_out(settings.exports)
    for source in _sources(settings.exports, route):
        try:
            yield _item(settings, route, folder, source, leads_out(source))
        except DeliveryError as error:
            yield error


def _leading_out(exports: Path) -> Callable[[Path], bool]:
    """Whether a link on its way leads a path out of exports; each folder is looked at once."""
    root = exports.resolve()

    @cache
    def is_inside(folder: Path) -> bool:
        return folder.resolve().is_relative_to(root)

    def leads_out(path: Path) -> bool:
        return not is_inside(path if path.is_symlink() else path.parent)

    return leads_out


def _item(settings: Settings, route: Route, folder: PurePosixPath, source: Path, leads_out: bool) -> Item:
    if leads_out:
        raise DeliveryError(
            f"route {route.name}: {source.name!r} leads out of exports; put the file itself there"
        )
    origin = origins.origin_of(source.relative_to(settings.exports), settings)
    own = route.account or (origin.judged[0] if origin.one_account else "")
    inner = source.relative_to(settings.exports / route.base)
    return Item(
        route=route.name,
        source=source,
        share=route.share,
        folder=folder,
        target=folder / PurePosixPath(*inner.parts),
        business_unit=route.business_unit,
        account=own,
        subject=origin.subject or own,
    )


def period(text: str, today: date, offset: int) -> PurePosixPath:
    """The period's folder in the month that is `offset` months after that of `today`."""
    year, month = divmod(today.year * 12 + today.month - 1 + offset, 12)
    known = {"YYYY": f"{year:04}", "MM": f"{month + 1:02}"}
    known |= {"YYYY_MM": f"{known['YYYY']}_{known['MM']}", "YYYY-MM": f"{known['YYYY']}-{known['MM']}"}
    return PurePosixPath(re.sub(r"\{([^{}]*)\}", lambda found: known.get(found[1], found[0]), text))


def _sources(exports: Path, route: Route) -> list[Path]:
    """The files that match, in order; neither hidden ones nor those just being written.

    Brackets are themselves: folders of courses have them.
    """
    found = []
    for path in (exports / route.base).glob(route.tail.replace("[", "[[]")):
        inner = path.relative_to(exports).parts
        hidden = any(part.startswith(".") for part in inner) or path.name.endswith(SUFFIX)
        if not hidden and inner[0] != OWN_FOLDER and path.is_file():
            found.append(path)
    return sorted(found)


def _without_shared(found: Plan, shares: Mapping[str, Share]) -> Plan:
    """Of two owners of one destination neither is right: both wait until the routes are mended."""
    owners: dict[object, list[Item]] = {}  # by place
    for item in found.items:
        owners.setdefault(shares[item.share].place.below(str(item.target)), []).append(item)
    for items in (items for items in owners.values() if len(items) > 1):
        names = " and ".join(f"{item.source.name!r} of route {item.route}" for item in items)
        error = DeliveryError(
            f"{str(items[0].target)!r} on share {items[0].share}: expected one file, got {names}; "
            "give each route a folder of its own"
        )
        for item in items:
            found.refused.setdefault(item.topic, error)
    alone = {id(items[0]) for items in owners.values() if len(items) == 1}
    return Plan([item for item in found.items if id(item) in alone], found.refused)


def _is_below(target: PurePosixPath, folder: PurePosixPath) -> bool:
    inner = target.parts[len(folder.parts) :]
    return target.is_relative_to(folder) and bool(inner) and _all_usable(target.parts)


def _all_usable(parts: Iterable[str]) -> bool:
    return all(_is_usable(part) for part in parts)


def _is_usable(name: str) -> bool:
    """Whether a name is one component on every file system, and the same one."""
    try:
        size = len(unicodedata.normalize("NFC", name).encode())
    except UnicodeEncodeError:
        return False
    odd = _FORBIDDEN.search(name) or _DEVICE.fullmatch(name) or name != name.strip() or name.endswith(".")
    return bool(name) and not odd and size <= LONGEST_NAME
