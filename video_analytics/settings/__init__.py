"""Settings: the only reader of the environment, `.env`, `secrets.json` and `settings.toml`.

    models    what there is to set: types, defaults, bounds, the accounts that come built in
    checks    what a type alone cannot say of a value: addresses, names, zones
    files     a file as text and as a tree
    sources   the four places where values are found, and where each value came from
    problems  what is wrong, in one line: file, key, problem, mend
    load      the strongest value of each key wins; every problem is told at once

Nothing here talks to a vendor or knows Dagster. A secret is a `SecretStr` from the moment it is checked,
and no message carries the value of a secret or of a proxy.
"""

from video_analytics.settings.load import load_settings
from video_analytics.settings.models import Account, Brightcove, Network, Settings

__all__ = ["Account", "Brightcove", "Network", "Settings", "load_settings"]
