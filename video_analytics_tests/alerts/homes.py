"""A home in which all is well, and what a test does to it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from video_analytics.alerts.problem import Problem
from video_analytics.alerts.watching import beat, note_seen, present
from video_analytics.brightcove.tables import DAILY_ANALYTICS
from video_analytics.journal import Journal
from video_analytics.lake import Lake, day_key
from video_analytics.panopto.tables import VIEWING_ACTIVITY
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.conftest import NOW

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
COURSE, OTHER = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
ACCOUNT_READ = ("brightcove/daily_analytics", "brightcove/cms_catalog")
COURSE_READ = ("panopto/viewing_activity", "panopto/course_sessions")


class Home:
    """A home with two accounts and two courses, read an hour ago, watched for long."""

    def __init__(self, home: Path, settings: str = "", environ: Mapping[str, str] | None = None) -> None:
        accounts = "".join(
            f'[brightcove.accounts.{name}]\nid = "{number}"\nbusiness_unit = "IB"\ncategory = "research"\n'
            for name, number in (("neo", 1), ("impact", 2))
        )
        (home / "settings.toml").write_text(accounts + settings, encoding="utf-8")
        courses = f"PanoptoFolderName,PanoptoFolderID\nLaw,{COURSE}\nTax,{OTHER}\n"
        (home / "courses.csv").write_text(courses, encoding="utf-8")
        given = {
            "BRIGHTCOVE_CLIENT_ID": "a",
            "BRIGHTCOVE_CLIENT_SECRET": "b",
            "PANOPTO_SERVER": "x.example.com",
        }
        given |= {"PANOPTO_CLIENT_ID": "a", "PANOPTO_CLIENT_SECRET": "b"}
        self.settings: Settings = load_settings(home, given if environ is None else environ)
        self.journal, self.lake = Journal(self.settings.state), Lake(self.settings.lake)
        note_seen(self.settings, self.journal, NOW - 30 * DAY, ["nightly"])
        beat(self.journal, NOW - 30 * DAY)
        self.journal.tick("alerts", NOW - dt.timedelta(minutes=1))
        self.read(NOW - HOUR)

    def read(self, at: dt.datetime) -> None:
        for assets, subjects in ((ACCOUNT_READ, ("neo", "impact")), (COURSE_READ, (COURSE, OTHER))):
            for asset in assets:
                for subject in subjects:
                    self.journal.succeeded(asset, subject, at)

    def hold(self, owner: str, days: Sequence[dt.date]) -> None:
        """Days in the lake; only that they are there counts here."""
        for day in days:
            table = DAILY_ANALYTICS if owner in {"1", "2"} else VIEWING_ACTIVITY
            path = self.lake.path(table, day_key(owner, day))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def look(self, now: dt.datetime = NOW, **more: Any) -> list[Problem]:
        return present(self.settings, self.journal, self.lake, now, more.pop("expected", {}), **more)

    def told(self, now: dt.datetime = NOW, **more: Any) -> dict[str, str]:
        return {each.key: each.why for each in self.look(now, **more) if not each.waits}

    def waiting(self, now: dt.datetime = NOW, **more: Any) -> set[str]:
        return {each.key for each in self.look(now, **more) if each.waits}
