"""Settings: the only reader of the environment, `.env`, `secrets.json`, `settings.toml` and `courses.csv`.

    models    what there is to set: types, defaults, bounds, the accounts that come built in
    panopto   the same for the vendor Panopto
    retention the same for the plan of what is stored, archived and deleted
    automation, delivery, alerts  the same for what happens by itself
    routing   shares, routes and accounts together: no destination has two owners
    whatif    that plan with some of its values changed for one question
    base      what the models share
    checks    what a type alone cannot say of a value: addresses, names, zones
    times, roots, places, addresses, share_options  the same for crons, for paths, for channels, for shares
    files     a file as text and as a tree
    keys      what each source may name
    sources   the four places where values are found, and where each value came from
    together  what is of no use alone
    problems  what is wrong, in one line: file, key, problem, mend
    findings  the same for what pydantic finds: its paths become the keys people wrote
    courses   the list of Panopto folders, read whenever somebody asks for it
    load      the strongest value of each key wins; every problem is told at once

Nothing here talks to a vendor or knows Dagster. A secret is a `SecretStr` from the moment it is checked,
and no message carries the value of a secret or of a proxy.
"""

from video_analytics.settings.alerts import Alerts
from video_analytics.settings.automation import Automation, Backfill
from video_analytics.settings.courses import Course, courses_path, read_courses
from video_analytics.settings.delivery import Delivery, Route, Share
from video_analytics.settings.load import load_settings
from video_analytics.settings.models import Account, Brightcove, Network, Settings
from video_analytics.settings.panopto import Panopto
from video_analytics.settings.retention import (
    Beyond,
    Bundle,
    Hours,
    Published,
    Retention,
    Rule,
    Scenario,
)

__all__ = [
    "Account",
    "Alerts",
    "Automation",
    "Backfill",
    "Beyond",
    "Brightcove",
    "Bundle",
    "Course",
    "Delivery",
    "Hours",
    "Network",
    "Panopto",
    "Published",
    "Retention",
    "Route",
    "Rule",
    "Scenario",
    "Settings",
    "Share",
    "courses_path",
    "load_settings",
    "read_courses",
]
