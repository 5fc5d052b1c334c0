"""Settings: the only reader of the environment, `.env`, `secrets.json`, `settings.toml` and `courses.csv`.

    models    what there is to set: types, defaults, bounds, the accounts that come built in
    panopto   the same for the vendor Panopto
    base      what the models share
    checks    what a type alone cannot say of a value: addresses, names, zones
    files     a file as text and as a tree
    sources   the four places where values are found, and where each value came from
    together  what is of no use alone
    problems  what is wrong, in one line: file, key, problem, mend
    courses   the list of Panopto folders, read whenever somebody asks for it
    load      the strongest value of each key wins; every problem is told at once

Nothing here talks to a vendor or knows Dagster. A secret is a `SecretStr` from the moment it is checked,
and no message carries the value of a secret or of a proxy.
"""

from video_analytics.settings.courses import Course, courses_path, read_courses
from video_analytics.settings.load import load_settings
from video_analytics.settings.models import Account, Brightcove, Network, Settings
from video_analytics.settings.panopto import Panopto

__all__ = [
    "Account",
    "Brightcove",
    "Course",
    "Network",
    "Panopto",
    "Settings",
    "courses_path",
    "load_settings",
    "read_courses",
]
