"""Cut in mid-copy, again and again: never half a file under its final name, and equal after the next run."""

import itertools
import json
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from video_analytics.delivery.copying import copy
from video_analytics.delivery.folders import Folder
from video_analytics.delivery.routes import planned
from video_analytics_tests.delivery.cutting import FILES, export_all, is_whole, settings_below, version
from video_analytics_tests.delivery.world import TODAY, delivered, export, files_below
from video_analytics_tests.failing import ERRORS, errno_of, failing_call

KILLS, PUBLICATIONS = 50, 200


@pytest.mark.slow
def test_fifty_kills(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "video_analytics_tests.delivery.cutting", str(tmp_path), str(KILLS)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    met = json.loads(done.stdout)
    assert len(met) == KILLS
    assert all(each["whole"] for each in met)
    assert all(each.get("mended", True) for each in met)
    assert sum("mended" in each for each in met) > KILLS * 0.3
    assert sum(0 < each["new"] < FILES or each["temporary"] for each in met) > KILLS * 0.2  # amid the copying


@pytest.mark.parametrize(("number", "existed"), [*zip(ERRORS, (True, False, True), strict=True)])
def test_whichever_call_fails_the_file_is_whole_and_the_next_run_completes_it(
    tmp_path: Path, number: int, existed: bool
) -> None:
    for refused in itertools.count(1):
        folder = tmp_path / str(refused)
        settings = settings_below(folder)
        if existed:
            export(settings, "brightcove/daily/a.csv", version(1))
            delivered(settings)
        export(settings, "brightcove/daily/a.csv", version(2))
        with failing_call(folder / "s", refused, number) as calls:
            errno_of(partial(delivered, settings))
        held = {name: content for name, content in files_below(folder / "s").items() if ".va-" not in name}
        assert set(held.values()) <= {version(1), version(2)}
        assert len(held) == 1 or not existed
        if not calls.fired:
            break
        assert delivered(settings).ok
        assert files_below(folder / "s") == {"f/a.csv": version(2)}
    assert refused > 8
    assert {"open", "write", "fsync", "replace", "close", "stat"} <= set(calls.names)


def test_a_reader_of_the_share_sees_whole_versions_only(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    export_all(settings, 0)
    delivered(settings)
    file = tmp_path / "s" / "f" / "0.csv"
    seen: list[int] = []
    torn: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            content = file.read_bytes()
            seen.append(int(content[:8]))
            if not is_whole(content):
                torn.append(len(content))
            done.wait(0.002)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with Folder("s", "ab", tmp_path / "s") as share:
            item = planned(settings, TODAY)[0]
            for number in range(1, PUBLICATIONS + 1):
                export(settings, "brightcove/daily/0.csv", version(number))
                assert copy(share, item, None)[1]
    finally:
        done.set()
        reader.join()
    assert torn == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 20
    assert file.read_bytes() == version(PUBLICATIONS)
