"""Analytics reports in windows, checked against the vendor's own totals.

A window is asked twice: views and engagement by `video,date`, views by `video,date,device_type`. Where the
vendor refuses the second (its published lists do not name it), devices are asked day by day. A window
counts only when rows = `item_count`, sums = `summary`, keys are unique and device views = views; what is
inside an answer is checked in `reports.py`.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from video_analytics.brightcove import reports
from video_analytics.brightcove.client import Client
from video_analytics.brightcove.tables import METRICS
from video_analytics.brightcove.windows import Window, plan
from video_analytics.days import ONE_DAY
from video_analytics.errors import (
    Incomplete,
    Malformed,
    Refused,
    Throttled,
    Unavailable,
    VendorError,
)
from video_analytics.settings import Account

UNSUPPORTED = "UNSUPPORTED_FIELD_COMBINATION_ERROR"
HOPELESS_AFTER = 3  # one-day windows in a row that fail: the account is in trouble, not the day


@dataclass(frozen=True)
class Failed:
    """Days that could not be read, and why."""

    days: tuple[date, ...]
    error: VendorError


def read_days(
    client: Client, account: Account, days: Collection[date], recent: date
) -> Iterator[reports.Day | Failed]:
    """Every wanted day, either checked or within a `Failed`; nothing is passed over.

    A window that is too slow or does not add up is halved, down to one day. Days from `recent` on may
    still move between two queries: there a difference between devices and views is a note, not an error.

    Raises:
        Unauthorized, Refused: the account cannot be read at all.
    """
    windows = plan(days, client.settings.window_days)[::-1]
    failures = 0
    while windows:
        window = windows.pop()
        try:
            read = _measured(client, account, window, recent)
        except (Incomplete, Malformed, Throttled, Unavailable) as error:
            if len(window.wanted) > 1:
                windows.extend(window.halves()[::-1])
                continue
            yield Failed(window.wanted, error)
            failures += 1
            if failures == HOPELESS_AFTER:
                yield from (Failed(rest.wanted, error) for rest in windows[::-1])
                return
        else:
            failures = 0
            yield from read


def _measured(client: Client, account: Account, window: Window, recent: date) -> list[reports.Day]:
    """Read a window and note what it cost."""
    before, started = client.tally.of(account.name), time.monotonic()
    days = _read_window(client, account, window, recent)
    after = client.tally.of(account.name)
    cost = {f"window_{what}": after.get(what, 0) - before.get(what, 0) for what in ("calls", "retries")}
    cost["window_seconds"] = round(time.monotonic() - started, 3)
    return [replace(day, cost=cost) for day in days]


def _read_window(client: Client, account: Account, window: Window, recent: date) -> list[reports.Day]:
    where = f"Brightcove {account.name} analytics/data {window}"
    fields = ",".join(("video", "date", "video_name", *METRICS))
    params = _span(window) | {"dimensions": "video,date", "fields": fields, "sort": "date"}
    views = client.report(account, params, f"views {window}", lambda body: reports.views(body, window, where))
    devices = _device_views(client, account, window, where)
    if not client.ends_included:
        _learn_about_ends(client, views, devices, window, where, recent)
    return reports.join(views, devices, window, where, recent)


def _learn_about_ends(
    client: Client,
    views: reports.Views,
    devices: Sequence[reports.Devices],
    window: Window,
    where: str,
    recent: date,
) -> None:
    """Whether the vendor includes the day named by `to`; its documents contradict each other.

    Until it is proved, devices are asked a day further. Views by device on a last day that has no row in
    the other report mean that the day was left out there: it must not pass for an empty one. On a recent
    day they may just have come in between; it will be read again.
    """
    last = window.days - 1
    if (views.day == last).any():
        client.ends_included = True
        return
    on_last = (answer.views[answer.day + (answer.first - window.first).days == last] for answer in devices)
    if window.last < recent and any((counts > 0).any() for counts in on_last):
        raise Refused(
            f"{where}: expected rows of {window.last}, which has views by device, got none: "
            "the vendor leaves out the day named by `to`; run `video-analytics check`"
        )


def _device_views(client: Client, account: Account, window: Window, where: str) -> list[reports.Devices]:
    """Device views of the window: one answer where ranges are allowed, else one for each wanted day."""
    if client.device_ranges.get(account.id, True):
        further = not client.ends_included and window.days > 1
        asked = Window((*window.wanted, window.last + ONE_DAY)) if further else window
        params = _span(asked) | {
            "dimensions": "video,date,device_type",
            "fields": "video,date,device_type,video_view",
            "sort": "date",
        }
        try:
            answer = client.report(
                account, params, f"devices {window}", lambda body: reports.devices(body, asked, where)
            )
        except Refused as error:
            if error.code != UNSUPPORTED:
                raise
            client.device_ranges[account.id] = False
        else:
            client.device_ranges[account.id] = True
            return [answer]
    return [_devices_of_day(client, account, Window((day,)), where) for day in window.wanted]


def _devices_of_day(client: Client, account: Account, day: Window, where: str) -> reports.Devices:
    params = _span(day) | {
        "dimensions": "video,device_type",
        "fields": "video,device_type,video_view",
        "sort": "video",
    }
    return client.report(account, params, f"devices {day}", lambda body: reports.devices(body, day, where))


def _span(window: Window) -> dict[str, str]:
    """Both ends are included; without an explicit limit the vendor gives ten rows."""
    return {"from": window.first.isoformat(), "to": window.last.isoformat(), "limit": "all"}
