"""A home with shares and exported files, for the tests of delivery."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from video_analytics.delivery.deliver import deliver
from video_analytics.delivery.report import Report
from video_analytics.delivery.routes import Item
from video_analytics.journal import Entry, Journal
from video_analytics.settings import Account, Brightcove, Delivery, Route, Settings, Share

NOW = dt.datetime(2026, 6, 15, 6, tzinfo=dt.UTC)
TODAY = NOW.date()

Sleeps = list[float]


def home_with(home: Path, *shares: str, routes: Iterable[Route] = (), **delivery: Any) -> Settings:
    """Settings with shares that are folders beside the home, or lie where `name=root` says."""
    found = []
    for each in shares:
        name, _, root = each.partition("=")
        if not root:
            (home.parent / name).mkdir(parents=True, exist_ok=True)
        found.append(Share(name=name, root=root or str(home.parent / name)))
    home.mkdir(exist_ok=True)
    return Settings(
        home=home,
        brightcove=Brightcove(accounts=ACCOUNTS),
        delivery=Delivery(shares=tuple(found), routes=tuple(routes), **delivery),
    )


def account(name: str, number: int, unit: str) -> Account:
    return Account(name=name, id=str(number), business_unit=unit, category=unit.lower(), timezone="UTC")


ACCOUNTS = (account("neo", 1, "IB"), account("impact", 2, "GWM"), account("myway", 3, "GWM"))


def export(settings: Settings, path: str, content: bytes = b"old\n") -> Path:
    """An exported file, replaced as the exporters do it."""
    file = settings.exports / path
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(content)
    beside.replace(file)
    return file


def export_cms(settings: Settings, content: bytes = b"old\n") -> None:
    for each in settings.brightcove.accounts:
        export(settings, f"brightcove/cms/{each.key}_cms.csv", each.key.encode() + b" " + content)


def never(item: Item) -> str | None:
    del item
    return None


def delivered(
    settings: Settings,
    gate: Callable[[Item], str | None] = never,
    sleep: Callable[[float], None] = lambda _: None,
    at: dt.datetime = NOW,
) -> Report:
    return deliver(settings, Journal(settings.state), gate, lambda: at, sleep)


def entries(settings: Settings, asset: str = "delivery/shares") -> dict[str, Entry]:
    return {each.subject: each for each in Journal(settings.state).entries() if each.asset == asset}


def files_below(root: Path) -> dict[str, bytes]:
    """Every file, hidden ones too."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def folders_of(report: Sequence[Item]) -> list[str]:
    return [str(item.target) for item in report]
