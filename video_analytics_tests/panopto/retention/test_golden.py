"""The college's published figures, from report files to scenarios, each to 0.01 hours."""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import pytest

from video_analytics.lake import Lake
from video_analytics.panopto.reports.tables import SESSION_USAGE
from video_analytics.panopto.retention.held import HOUR, opened
from video_analytics.panopto.retention.measures import measure
from video_analytics.panopto.retention.scenarios import BUCKETS, Outcome, reckon
from video_analytics.settings.retention import SCENARIOS, Retention
from video_analytics_tests.panopto.retention import college
from video_analytics_tests.panopto.retention.worlds import Row

NOTEBOOK = Retention(user_root_folders=("User",))
NAMES = [scenario.name for scenario in SCENARIOS]
NEAR = 0.005


@dataclass(frozen=True)
class Numbers:
    """All that is reckoned of the college."""

    outcomes: dict[str, Outcome]
    tables: dict[str, dict[str, Row]]  # by measure and label
    total_us: int
    academic_year: tuple[date, date]

    def hours(self, measure: str, column: str = "all_us") -> dict[str, float]:
        return {label: row[column] / HOUR for label, row in self.tables[measure].items()}


def _numbers(lake: Lake, retention: Retention, zone: str = college.ZONE) -> Numbers:
    with opened(lake, college.DAY, zone, retention) as held:
        outcomes = {scenario.name: reckon(held, scenario) for scenario in retention.scenarios}
        tables: dict[str, dict[str, Row]] = {}
        for row in measure(held).to_pylist():
            tables.setdefault(row["measure"], {})[row["label"]] = row
        return Numbers(outcomes, tables, held.total_us(), held.academic_year)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return college.lake_with_snapshot(tmp_path_factory.mktemp("college"))


@pytest.fixture(scope="module")
def sessions(lake: Lake) -> list[Row]:
    found = lake.read(SESSION_USAGE, college.DAY.isoformat())
    assert found is not None
    rows: list[Row] = found.to_pylist()
    return rows


@pytest.fixture(scope="module")
def notebook(lake: Lake) -> Numbers:
    """With the notebook's name of the folder of users."""
    return _numbers(lake, NOTEBOOK)


@pytest.fixture(scope="module")
def as_told(lake: Lake) -> Numbers:
    """With the built-in settings."""
    return _numbers(lake, Retention())


def test_the_reports_are_some_thousand_sessions_with_all_that_makes_reports_hard(sessions: list[Row]) -> None:
    created, usage = college.files().values()
    assert created.startswith(b"\xef\xbb\xbfSession Name,")
    assert created.count(b"\r\n") > 8000 > 2 * usage.count(b"\r\n") - 2000
    rows = sessions
    assert len(rows) == created.count(b"\r\n") - 1
    told = Counter(row["reports"] for row in rows)
    assert set(told) == {"sessions_created_or_edited", "sessions_created_or_edited,session_usage"}
    assert told["sessions_created_or_edited"] == sum(row["views"] == 0 for row in rows)
    assert any("\n" in row["name"] for row in rows)
    assert any('"' in row["name"] for row in rows)
    assert {None} < {row["root_folder"] for row in rows}
    assert {None} < {row["stream_source"] for row in rows}
    assert any(row["subfolder_4"] not in {None, row["folder_name"]} for row in rows), "a sixth level"


def test_the_reports_are_the_same_each_time() -> None:
    assert college.files.__wrapped__() == college.files()


@pytest.mark.parametrize("name", NAMES)
def test_each_scenario_gives_the_published_figures(notebook: Numbers, name: str) -> None:
    figures = notebook.outcomes[name].figures
    assert tuple(figures) == BUCKETS
    found = [figures[bucket].published for bucket in BUCKETS]
    assert found == pytest.approx(college.PUBLISHED[name], abs=NEAR)


def test_every_published_scenario_is_built_in() -> None:
    assert list(college.PUBLISHED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_that_add_up_add_up_to_all_that_exists(
    notebook: Numbers, sessions: list[Row], name: str
) -> None:
    outcome = notebook.outcomes[name]
    parts = [outcome.figures[bucket] for bucket in ("stored", "archived", "deleted")]
    assert sum(round(part.conserved * HOUR) for part in parts) == notebook.total_us
    assert outcome.total == pytest.approx(college.TOTAL, abs=NEAR)
    assert sum(part.sessions for part in parts) == len(sessions)


LIMITS = {
    # scenario: limits of stored, created, archived with its bundles
    "save_money": (8_800, 4_400, 4_400),
    "save_content": (8_800, 4_400, 54_400),
    "save_zoom": (8_800, 8_400, 4_400),
    "save_both": (8_800, 8_400, 54_400),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_limits_are_the_plans_with_the_bundles_and_all_is_kept(notebook: Numbers, name: str) -> None:
    outcome = notebook.outcomes[name]
    figures = [outcome.figures[bucket] for bucket in ("stored", "created", "archived")]
    assert tuple(figure.limit for figure in figures) == LIMITS[name]
    assert outcome.figures["deleted"].limit is None
    assert outcome.fits
    for figure, limit in zip(figures, LIMITS[name], strict=True):
        assert figure.headroom == pytest.approx(limit - max(figure.published, figure.conserved))


def test_the_published_totals(notebook: Numbers) -> None:
    sums = [
        notebook.hours("hours_by_stream_source", f"{name}_us") for name in ("all", "watched", "unwatched")
    ]
    published = [college.TOTAL, college.WATCHED, college.UNWATCHED]
    assert [each["(total)"] for each in sums] == pytest.approx(published, abs=NEAR)
    assert sums[0]["Zoom"] == pytest.approx(college.ZOOM, abs=NEAR)
    assert notebook.total_us == round(college.TOTAL * HOUR)


def test_the_published_recency(notebook: Numbers) -> None:
    found = notebook.hours("hours_by_recency")
    for months, hours in college.VIEWED_WITHIN.items():
        assert found[f"within {months} months"] == pytest.approx(hours, abs=NEAR)
    assert found["(never)"] == pytest.approx(college.UNWATCHED, abs=NEAR)


def test_the_published_academic_year(notebook: Numbers) -> None:
    found = notebook.hours("hours_by_academic_year")
    assert notebook.academic_year == (date(2021, 6, 1), date(2022, 6, 1))
    assert found["(academic year)"] == pytest.approx(college.ACADEMIC_YEAR, abs=NEAR)
    assert found["Zoom"] == pytest.approx(college.ACADEMIC_YEAR_OF_ZOOM, abs=NEAR)


def test_what_is_neither_zoom_nor_watched(sessions: list[Row]) -> None:
    neither = [row for row in sessions if not row["views"] and row["stream_source"] != "Zoom"]
    assert sum(row["hours"] for row in neither) == pytest.approx(college.NEITHER_ZOOM_NOR_WATCHED, abs=NEAR)
    users = sum(row["hours"] for row in neither if row["root_folder"] == "Users")
    assert users == pytest.approx(college.OF_THAT_IN_USERS, abs=NEAR)


# The same figures, read off the files with nothing but a loop.


@cache
def _by_hand() -> dict[str, tuple[float, ...]]:
    """Stored, archived and deleted of what exists, in the scenarios that differ, by their words."""
    created, usage = (
        {
            row["Session ID"]: row
            for row in csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True))
        }
        for content in college.files().values()
    )
    sums = {name: dict.fromkeys(("stored", "archived", "deleted"), 0) for name in college.PUBLISHED}
    for id_, row in created.items():
        viewed = usage[id_]["Most Recent View Date"] if id_ in usage else ""
        day = datetime.strptime(viewed, "%m/%d/%Y %I:%M:%S %p").date() if viewed else None  # noqa: DTZ007 - local
        kept = row["Stream Source"] != "Zoom" and row["Root Folder (Level 0)"] != "Users"
        length = round(float(row["Session Length"]) * 10_000)
        for name, bucket in _buckets(day, kept=kept).items():
            sums[name][bucket] += length
    return {name: tuple(length / 600_000 for length in parts.values()) for name, parts in sums.items()}


def _buckets(viewed: date | None, *, kept: bool) -> dict[str, str]:
    """Where the built-in scenarios put a session; `kept` is neither Zoom nor a user's."""
    long, short = viewed and viewed >= date(2020, 12, 1), viewed and viewed >= date(2021, 12, 1)
    return {
        "save_money": "stored" if long else "archived" if viewed or kept else "deleted",
        "save_content": "stored" if long else "archived",
        "save_zoom": "stored" if short else "archived" if viewed else "deleted",
        "save_both": "stored" if short else "archived",
    }


@pytest.mark.parametrize("name", NAMES)
def test_with_the_built_in_settings_the_figures_are_what_the_words_say(as_told: Numbers, name: str) -> None:
    figures = as_told.outcomes[name].figures
    found = [figures[bucket].conserved for bucket in ("stored", "archived", "deleted")]
    assert found == pytest.approx(_by_hand()[name], abs=1e-9)


def test_with_the_built_in_settings_users_are_left_out_of_the_archive(
    notebook: Numbers, as_told: Numbers
) -> None:
    before, after = (each.outcomes["save_money"].figures for each in (notebook, as_told))
    less = before["archived"].published - after["archived"].published
    assert less == pytest.approx(college.OF_THAT_IN_USERS, abs=NEAR)
    assert after["archived"].published == after["archived"].conserved
    more = after["deleted"].conserved - before["deleted"].conserved
    assert more == pytest.approx(college.OF_THAT_IN_USERS, abs=NEAR)
    assert after["deleted"].published == before["deleted"].published


def test_the_two_ways_to_count_differ_where_they_are_known_to(notebook: Numbers) -> None:
    differ = {
        (name, figure.bucket): round(figure.published - figure.conserved, 2)
        for name, outcome in notebook.outcomes.items()
        for figure in outcome.figures.values()
        if figure.published != pytest.approx(figure.conserved, abs=NEAR)
    }
    assert differ == {
        ("save_money", "stored"): 2_200.58,
        ("save_content", "stored"): 2_200.58,
        ("save_zoom", "stored"): 6_732.91,
        ("save_both", "stored"): 6_732.91,
        ("save_money", "deleted"): -3_856.57,
        ("save_both", "archived"): -4_008.56,
    }


def test_zoom_not_imported_is_stated(notebook: Numbers) -> None:
    left_out = [notebook.outcomes[name].not_imported for name in NAMES]
    zoom = 0.8 * college.ACADEMIC_YEAR_OF_ZOOM
    assert left_out == pytest.approx([zoom, zoom, 0, 0], abs=NEAR)


def test_days_are_those_of_the_site(lake: Lake, notebook: Numbers) -> None:
    elsewhere = _numbers(lake, NOTEBOOK, "UTC")
    for table, label in (
        ("hours_by_recency", "within 6 months"),
        ("hours_by_academic_year", "(academic year)"),
    ):
        there, here = (each.hours(table)[label] for each in (elsewhere, notebook))
        assert there != pytest.approx(here, abs=NEAR)


def test_every_table_adds_up_to_the_same_total(notebook: Numbers) -> None:
    assert [table["(total)"]["all_us"] for table in notebook.tables.values()] == [notebook.total_us] * 8
