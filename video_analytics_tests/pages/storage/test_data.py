"""What the storage page reckons with: every scenario, window and bucket as the plan itself reckons them."""

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.errors import PlanError
from video_analytics.lake import Lake
from video_analytics.pages.frame import render
from video_analytics.pages.storage import data as storage_data
from video_analytics.pages.storage.affected import bucket_of_state
from video_analytics.pages.storage.page import storage_page
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.scenarios import reckon
from video_analytics.settings import Settings, load_settings
from video_analytics.settings.retention import Retention
from video_analytics_tests.pages.storage.states import state_of
from video_analytics_tests.panopto.retention.small_college import ZONE, Json, put, session
from video_analytics_tests.panopto.retention.small_college import sessions as small_sessions
from video_analytics_tests.panopto.retention.worlds import database, hold, random_scenario, random_sessions

DAY = date(2022, 6, 1)
SITE = 60_000  # sessions
MOST_BYTES = 2_500_000


def _settings(home: Path, text: str = "") -> Settings:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text(f'[panopto]\nreports_timezone = "{ZONE}"\n{text}')
    return load_settings(home)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as found:
        yield found


@examples(max_examples=12)
@given(st.integers(0, 2**32))
def test_the_sums_are_those_of_any_plan_with_any_window(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    dice = random.Random(seed)
    scenarios = tuple(
        random_scenario(dice, tidy=dice.random() < 0.7).model_copy(update={"name": name}) for name in "ab"
    )
    plan = Retention(scenarios=scenarios, user_root_folders=("Users",))
    held = hold(connection, random_sessions(dice, DAY, 25), DAY, plan)
    storage_data.classify(held)
    cube = storage_data.cube(held)
    for number, scenario in enumerate(scenarios):
        for window in dice.sample(range(1, 37), 2):
            _equals(held, cube, number, scenario.model_copy(update={"window_months": window}))


def _equals(held: Held, cube: Any, number: int, scenario: Any) -> None:
    found: dict[str, list[int]] = {}
    whole = True
    for kind, since, us, sessions, views in cube["rows"]:
        state = state_of(cube["kinds"][kind][number], since, scenario.window_months)
        sums = found.setdefault(bucket_of_state(state), [0, 0, 0])
        sums[:] = [a + b for a, b in zip(sums, (us, sessions, views), strict=True)]
        whole &= (state & 7) in {1, 2, 4}
    try:
        wanted = reckon(held, scenario).figures
    except PlanError:
        assert not whole
        return
    assert whole
    for bucket in ("stored", "archived", "deleted"):
        us, sessions, _ = found.get(bucket, [0, 0, 0])
        assert (us / HOUR, sessions) == (wanted[bucket].conserved, wanted[bucket].sessions)


def test_persons_are_named_only_if_the_settings_say_so(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, [*small_sessions(), *map(_of_a_person, range(50, 53))])
    quiet, loud = (
        storage_page(_settings(tmp_path / name, f"[retention]\ncreator_names = {name}\n"), lake)
        for name in ("false", "true")
    )
    assert quiet
    assert loud
    assert "person5" not in json.dumps(quiet.data)
    assert quiet.data["folders"]["names"][-4:] == [
        "Users",
        *(f"Users / personal folder {number}" for number in (3, 2, 1)),  # the one with most hours is 1
    ]
    assert set(quiet.data["creators"]["names"]) == {f"creator {number}" for number in range(1, 7)}
    assert loud.data["folders"]["names"][-1] == "Users / unified\\person52 / Drafts"
    assert "unified\\person52" in loud.data["creators"]["names"]


def _of_a_person(number: int) -> Json:
    """A session in a folder that bears a person's name."""
    name = f"unified\\person{number}"
    place = {"root_folder": "Users", "subfolder_1": name, "subfolder_2": "Drafts", "folder_name": "Drafts"}
    return session(number, float(number), creator=name, creator_id=f"id{number}", **place)


def test_without_a_report_there_is_no_page(tmp_path: Path) -> None:
    assert storage_page(_settings(tmp_path), Lake(tmp_path / "lake")) is None


def test_the_same_data_make_the_same_page(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, small_sessions(), quarantined_hours=1234.5)
    first, second = (storage_page(_settings(tmp_path), lake) for _ in range(2))
    assert first
    assert second
    assert json.dumps(first.data) == json.dumps(second.data)
    assert (first.facts, first.notes, first.controls) == (second.facts, second.notes, second.controls)
    facts = dict(first.facts)
    assert facts["Counted"] == ("13 sessions, 19\u202f627.13 h of video; not counted: 1\u202f234.50 h")
    assert facts["Period"] == "views and downloads from 1 Jun 2020 to 1 Jun 2022"
    assert first.data["forecast"] is None  # nothing was reckoned of these settings


def test_a_snapshot_without_sessions_makes_a_page(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, [])
    page = storage_page(_settings(tmp_path), lake)
    assert page
    assert page.data["cube"] == {"kinds": [], "rows": []}


def test_a_large_site_makes_a_small_page(tmp_path: Path, library: str) -> None:
    lake = Lake(tmp_path / "lake")
    put(lake, [])
    lake.write(
        SESSION_USAGE, DAY.isoformat(), _large(), {"period_from": "2010-01-01", "period_to": "2022-06-01"}
    )
    page = storage_page(_settings(tmp_path), lake)
    assert page
    assert f"{SITE:,}".replace(",", "\u202f") in dict(page.facts)["Counted"]
    assert len(render(page, library).encode()) < MOST_BYTES


def _large() -> pa.Table:
    """Sessions of 2,000 courses and 3,000 creators, a third of them viewed."""
    dice = np.random.default_rng(6)
    course, creator, root = (dice.integers(0, size, SITE) for size in (2_000, 3_000, 4))
    started = np.datetime64("2022-05-31T12:00") - dice.integers(0, 4_000, SITE).astype("timedelta64[D]")
    viewed = np.datetime64("2022-05-31T12:00") - dice.integers(0, 1_200, SITE).astype("timedelta64[D]")
    views = np.where(dice.random(SITE) < 1 / 3, dice.integers(1, 40, SITE), 0)
    us = dice.integers(60_000_000, 9_000_000_000, SITE)
    roots, sources = np.array(["Moodle", "Users", "Film", None]), np.array(["Zoom", "Web API", "iOS", None])
    known: dict[str, Any] = {
        "session_id": [f"{number:08x}-beef-4000-8000-c0ffee000000" for number in range(SITE)],
        "creator_id": [f"maker-{number}" for number in creator],
        "root_folder": roots[root],
        "folder_name": [f"Course {number}" for number in course],
        "start_time": started.astype("datetime64[us]"),
        "last_view": pa.array(viewed.astype("datetime64[us]"), mask=views == 0),
        "stream_source": sources[dice.integers(0, 4, SITE)],
        "views": views,
        "unique_viewers": np.minimum(views, 3),
        "minutes_delivered": np.zeros(SITE),
        "hours_us": us,
        "hours": us / HOUR,
        "reports": ["session_usage"] * SITE,
    }
    columns = []
    for field in SESSION_USAGE.schema:
        values = known.get(field.name)
        column = pa.nulls(SITE, field.type) if values is None else pa.array(values)
        columns.append(column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=SESSION_USAGE.schema)
