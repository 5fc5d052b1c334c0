"""What is learnt from the first windows: whether a report includes the day named by `to`."""

import datetime as dt
import json
from pathlib import Path

import pytest

from video_analytics.brightcove import analytics, reports, tables
from video_analytics.brightcove.collect import recall, remember
from video_analytics.brightcove.windows import Window
from video_analytics.errors import Refused
from video_analytics.lake import Lake
from video_analytics_tests.conftest import YESTERDAY, NewSandbox, client_of, days_until, settings_for

DAYS = (dt.date(2026, 6, 1), dt.date(2026, 6, 2))
METRICS = dict.fromkeys(tables.METRICS, 1)


def views(*days: dt.date) -> reports.Views:
    items = [{"video": "1", "date": day.isoformat()} | METRICS for day in days]
    body = {"item_count": len(items), "items": items, "summary": {"video_view": len(items)}}
    return reports.views(json.dumps(body).encode(), Window(DAYS), "here")


def devices(*days: dt.date) -> reports.Devices:
    items = [{"video": "1", "date": day.isoformat(), "device_type": "tv", "video_view": 1} for day in days]
    body = {"item_count": len(items), "items": items, "summary": {"video_view": len(items)}}
    return reports.devices(json.dumps(body).encode(), Window(DAYS), "here")


def test_a_row_of_the_last_day_proves_that_it_is_included(new_sandbox: NewSandbox, home: Path) -> None:
    with client_of(settings_for(new_sandbox(), home)) as client:
        analytics._learn_about_ends(
            client, views(DAYS[0]), [devices(DAYS[0])], Window(DAYS), "here", YESTERDAY
        )
        assert not client.ends_included
        analytics._learn_about_ends(client, views(*DAYS), [devices(*DAYS)], Window(DAYS), "here", YESTERDAY)
        assert client.ends_included


def test_a_last_day_that_only_devices_have_is_not_taken_for_empty(
    new_sandbox: NewSandbox, home: Path
) -> None:
    with client_of(settings_for(new_sandbox(), home)) as client, pytest.raises(Refused, match="2026-06-02"):
        analytics._learn_about_ends(client, views(DAYS[0]), [devices(*DAYS)], Window(DAYS), "here", YESTERDAY)


def test_on_a_recent_day_they_may_just_have_come_in(new_sandbox: NewSandbox, home: Path) -> None:
    with client_of(settings_for(new_sandbox(), home)) as client:
        analytics._learn_about_ends(client, views(DAYS[0]), [devices(*DAYS)], Window(DAYS), "here", DAYS[1])
        assert not client.ends_included


def test_once_proved_it_is_not_asked_again(new_sandbox: NewSandbox, home: Path) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, home, accounts=["Internet"])
    lake, account = Lake(settings.lake), settings.account("internet")
    for expected in ("2026-06-15", "2026-06-14"):
        sandbox.reset_log()
        with client_of(settings) as client:
            recall(lake, client)
            assert all(
                isinstance(day, reports.Day)
                for day in analytics.read_days(client, account, days_until(YESTERDAY, 3), YESTERDAY)
            )
            remember(lake, client)
        asked = [entry["query"] for entry in sandbox.log() if "device_type" in str(entry["query"])]
        assert len(asked) == 1
        assert f"to={expected}" in str(asked[0]) or f"'to': '{expected}'" in str(asked[0])
