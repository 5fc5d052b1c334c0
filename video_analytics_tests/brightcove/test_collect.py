from pathlib import Path
from video_analytics.brightcove.collect import collect_days
from video_analytics.lake import Lake
from video_analytics_tests.conftest import *


def test_plain(home: Path, new_sandbox) -> None:
    import time

    t = time.time()
    sandbox = new_sandbox()
    print("start", time.time() - t)
    t = time.time()
    settings = settings_for(sandbox, home)
    lake = Lake(settings.lake)
    days = days_until(YESTERDAY, 40)
    with client_of(settings) as client:
        outcomes = list(collect_days(client, lake, dict.fromkeys(settings.brightcove.accounts, days)))
    print("collect", time.time() - t, len(outcomes))
    t = time.time()
    assert not [o for o in outcomes if o.error]
    print(truth_equals_lake(sandbox, lake, settings.brightcove.accounts, days))
    print("compare", time.time() - t, len(outcomes))
    t = time.time()
