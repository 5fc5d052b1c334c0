"""All probes of the machine together."""

import datetime as dt
from pathlib import Path

from video_analytics.settings import load_settings
from video_analytics.upkeep.probes import probe_platform

SECRET = "do-not-show-0123456789"


def test_a_plain_home_is_well_and_nothing_secret_is_said(home: Path) -> None:
    (home / "secrets.json").write_text(
        f'{{"alerts": {{"slack_url": "https://hooks.slack.com/services/{SECRET}"}}}}', encoding="utf-8"
    )
    said = list(probe_platform(load_settings(home, {}), dt.datetime.now(dt.UTC)))
    assert [each.probe for each in said if each.verdict == "FAILED" and "disk" not in each.probe] == []
    assert {"versions", "home", "home writable", "secrets.json", "alerts"} <= {each.probe for each in said}
    assert SECRET not in str(said)
    assert sorted(path.name for path in home.iterdir()) == ["secrets.json"]
