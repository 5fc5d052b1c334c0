"""SIGKILL at moments spread over a night, again and again until it is done: nothing lost, twice or torn."""

import datetime as dt
import os
import random
import shutil
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from video_analytics.lake import Lake
from video_analytics.panopto.measures import cover, rules_of
from video_analytics.panopto.tables import CHUNKED_COVERAGE
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.children import CHILDREN, warm_up
from video_analytics_tests.conftest import NOW, NewSandbox, TurnClock
from video_analytics_tests.panopto.drill import PEACE, course_ids, night, panopto_settings, road_of
from video_analytics_tests.panopto.test_collect import MAY, equal_since, keys_of

Environment = dict[str, str]
JUNE = dt.date(2026, 6, 1)


def a_night(home: Path, environment: Environment, courses: list[str]) -> None:
    """In a child: list, read, cover; ends with the number of failures."""
    os.environ.update(environment)
    settings = load_settings(home, environment)
    with road_of(settings) as road:
        failed = night(road, courses)
        for course_id in courses:
            cover(road.lake, course_id, rules_of(settings.panopto))
    os._exit(len(failed))


class Child:
    """Nights of one home in processes of their own."""

    def __init__(self, sandbox: Sandbox, settings: Settings, courses: list[str]) -> None:
        self.environment = sandbox.environment() | {"VIDEO_ANALYTICS_NOW": sandbox.now().isoformat()}
        self.settings, self.courses = settings, courses

    def start(self) -> BaseProcess:
        child = CHILDREN.Process(target=a_night, args=(self.settings.home, self.environment, self.courses))
        child.start()
        return child

    def run(self, seconds: float | None = None) -> int | None:
        """Its exit code; killed after `seconds` if it is still at work."""
        child = self.start()
        child.join(seconds)
        if child.exitcode is None and child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
            child.join()
        return child.exitcode


def tables(lake: Path) -> dict[str, object]:
    """Every partition, byte for byte; of the one that notes when its inputs were written, the rows."""
    chunks = lake / CHUNKED_COVERAGE.name
    return {
        str(path.relative_to(lake)): pq.read_table(path).to_pylist()
        if path.parent == chunks
        else path.read_bytes()
        for path in lake.rglob("*.parquet")
    }


def nothing_is_torn(lake: Path) -> int:
    paths = list(lake.rglob("*.parquet"))
    assert all(pq.ParquetFile(path).read().num_rows >= 0 for path in paths)
    return len(paths)


@pytest.mark.parametrize("kills", [8, pytest.param(25, marks=pytest.mark.night)])
@pytest.mark.parametrize("first", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_kills_at_any_moment_of_a_night(
    home: Path, new_sandbox: NewSandbox, turn_clock: TurnClock, tmp_path: Path, first: bool, kills: int
) -> None:
    """A first night, that fills an empty lake; and a later one, in which a session has moved."""
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[0], course_ids(sandbox)[2]][: 1 if first else 2]
    settings = panopto_settings(sandbox, home, start_date=JUNE)
    lake, before, done = settings.lake, tmp_path / "before", tmp_path / "done"
    if first:
        before.mkdir()
    else:
        assert Child(sandbox, settings, courses).run() == 0
        lake.rename(before)
        turn_clock(sandbox, NOW + dt.timedelta(days=3))
    child = Child(sandbox, settings, courses)
    warm_up()
    shutil.copytree(before, lake)
    started = time.monotonic()
    assert child.run() == 0
    whole = time.monotonic() - started
    assert equal_since(sandbox, Lake(lake), courses, JUNE) > 40
    lake.rename(done)

    moments, killed, amid, finished = random.Random(7), 0, 0, 0
    shutil.copytree(before, lake)
    while killed < kills:
        if child.run(moments.uniform(0.03, whole)) == -signal.SIGKILL:
            killed += 1
            amid += nothing_is_torn(lake) > len(tables(before))
        else:  # done before its moment came
            finished += 1
            assert tables(lake) == tables(done)
            shutil.rmtree(lake)
            shutil.copytree(before, lake)
    assert child.run() == 0
    assert tables(lake) == tables(done)
    assert equal_since(sandbox, Lake(lake), courses, JUNE) > 40
    assert all(set(keys_of(Lake(lake), course_id).values()) == {1} for course_id in courses)
    print(f"{killed} kills, {amid} of them amid data, {finished + 1} runs that finished in between")
    assert amid >= kills * 0.2 or not first  # the moments must reach beyond the start


def test_two_processes_at_once(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    courses = [course_ids(sandbox)[0]]
    settings = panopto_settings(sandbox, home, start_date=MAY)
    child = Child(sandbox, settings, courses)
    for _ in range(2):  # into an empty lake, and into a full one
        runs = [child.start() for _ in range(2)]
        for run in runs:
            run.join()
        assert [run.exitcode for run in runs] == [0, 0]
        assert equal_since(sandbox, Lake(settings.lake), courses) > 100
        assert set(keys_of(Lake(settings.lake), courses[0]).values()) == {1}
        assert not list(settings.lake.rglob("*.tmp"))
