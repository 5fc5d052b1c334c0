"""Paging drift: what happens to a catalogue while somebody pages through it.

Each list request may meet one event until the scenario's budget is used up: a video is inserted, deleted or
touched (these stay true afterwards), or the page comes short, empty, or as a repeat of another page.
"""

from collections.abc import Callable
from random import Random

import numpy as np

from video_analytics.sandbox.exchange import Exchange
from video_analytics.sandbox.service import Service
from video_analytics.sandbox.world import milliseconds

Page = list[int]
_EVENTS = ("insert", "delete", "touch", "short", "empty", "repeat")
_HOW_OFTEN = 0.5


def drifted_page(service: Service, exchange: Exchange, offset: int, limit: int) -> Callable[[Page], Page]:
    """Change the world as the scenario says, and return what to do with the page about to be sent."""
    faults, draw = service.faults, service.faults.draw()
    if faults.drift_left <= 0 or draw.random() > _HOW_OFTEN:
        return _remember(service, exchange, limit)
    event = draw.choice(_EVENTS)
    if event in ("short", "empty", "repeat") and not offset:
        return _remember(service, exchange, limit)
    faults.drift_left -= 1
    exchange.fault = f"drift:{event}"
    if event == "repeat":
        return lambda page: service.last_pages.get((exchange.accounts[0], limit), page)
    if event == "empty":
        return lambda _page: []
    if event == "short":
        return lambda page: page[: len(page) - 1 - draw.randrange(max(1, len(page) // 2))]
    _happen(service, exchange.accounts[0], event, draw)
    return _remember(service, exchange, limit)


def _remember(service: Service, exchange: Exchange, limit: int) -> Callable[[Page], Page]:
    """Pass the page on; keep a full one for a later repeat."""

    def keep(page: Page) -> Page:
        if len(page) == limit:
            service.last_pages[exchange.accounts[0], limit] = page
        return page

    return keep


def _happen(service: Service, account_id: str, event: str, draw: Random) -> None:
    """Something that stays: it is part of the truth from now on."""
    world, now = service.world, service.clock.now()
    catalogue = world.catalogue(account_id)
    alive = np.flatnonzero(catalogue.published_by(milliseconds(now)))
    if event == "insert" or not len(alive):
        world.insert(account_id, now)
        return
    video_id = catalogue.ids[int(alive[draw.randrange(len(alive))])]
    change = world.delete if event == "delete" else world.touch
    change(account_id, video_id, now)
