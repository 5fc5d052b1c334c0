"""The pages of a home, made by their assets from what lies in its lake."""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from video_analytics.definitions import build_defs
from video_analytics.errors import PageError
from video_analytics.instance import open_instance
from video_analytics.lake import Lake
from video_analytics.pages import making, pictures
from video_analytics.pages.address import address
from video_analytics.pages.assets import KEYS
from video_analytics.panopto.measures import cover, rules_of
from video_analytics.panopto.tables import VIEWER_COVERAGE
from video_analytics.settings import Settings, load_settings
from video_analytics_tests.pages.conftest import Visit
from video_analytics_tests.pages.reading import table
from video_analytics_tests.panopto.small_lake import (
    BIOLOGY,
    LECTURES,
    guid,
    put_day,
    put_sessions,
    record,
    session,
)

OTHER = guid(0xF00)


@pytest.fixture
def settings(home: Path, library_file: Path) -> Settings:
    """Two courses are listed, the sessions of one were viewed by seven and by two people."""
    (home / "courses.csv").write_text(
        f"PanoptoFolderName,PanoptoFolderID\nBiology,{BIOLOGY}\nOther,{OTHER}\n", encoding="utf-8"
    )
    (home / "state").mkdir()
    shutil.copy(library_file, home / "state")
    (home / "settings.toml").write_text("[panopto]\nstart_date = 2026-06-01\n", encoding="utf-8")
    found = load_settings(home, {})
    lake = Lake(found.lake)
    put_sessions(lake, BIOLOGY, "Biology", [session(each) for each in LECTURES[:2]])
    for day in range(3):
        viewers = range(7) if day == 1 else range(2)
        lecture = LECTURES[0] if day == 1 else LECTURES[1]
        put_day(
            lake,
            BIOLOGY,
            date(2026, 6, 1) + timedelta(days=day),
            [view(lecture, day, one) for one in viewers],
        )
    cover(lake, BIOLOGY, rules_of(found.panopto))
    return found


def view(lecture: str, day: int, viewer: int) -> dict[str, object]:
    return record(f"2026-06-0{day + 1} 10:00:0{viewer}", session_id=lecture, user_id=guid(0xE00 + viewer))


def materialize(settings: Settings, keys: Sequence[dg.AssetKey] = KEYS) -> dg.ExecuteInProcessResult:
    job = build_defs(settings).resolve_implicit_global_asset_job_def()
    with open_instance(settings) as (instance, _):
        return job.execute_in_process(asset_selection=list(keys), instance=instance, raise_on_error=False)


def test_the_assets_make_the_pages_and_only_those_that_changed(settings: Settings, visit: Visit) -> None:
    done = materialize(settings)
    assert done.success
    made = {str(path.relative_to(settings.exports)) for path in settings.exports.rglob("*.html")}
    course = [f"pages/courses/{BIOLOGY}-videos.html", f"pages/courses/{BIOLOGY}.html"]
    assert made == {*course, "pages/trust.html", "pages/index.html"}
    told = {
        event.asset_key: event.step_materialization_data.materialization.metadata
        for event in done.get_asset_materialization_events()
    }
    assert told[KEYS[0]]["files"].value == course
    assert told[KEYS[0]]["files_changed"].value == 2
    assert told[KEYS[1]]["files"].value == []
    before = {path: path.stat().st_mtime_ns for path in settings.exports.rglob("courses/*.html")}
    again = materialize(settings)
    assert again.success
    assert {path: path.stat().st_mtime_ns for path in before} == before
    page = visit(settings.exports / "pages" / "index.html")
    _, (name, videos, viewers, hours, _) = table(page, "courses")
    assert (name, videos, viewers) == ("Biology", "2", "7")
    assert float(hours) >= 0


def test_the_index_says_what_is_not_there_and_why(home: Path, library_file: Path, visit: Visit) -> None:
    (home / "state").mkdir()
    shutil.copy(library_file, home / "state")
    assert materialize(load_settings(home, {})).success
    page = visit(home / "exports" / "pages" / "index.html")
    told = page.inner_text("main")
    for words in ("courses.csv", "inbox/panopto", "No account has a catalogue"):
        assert words in told
    assert [link.get_attribute("href") for link in page.locator("main a").all()] == ["trust.html"]
    assert address(load_settings(home, {})) == (home / "exports" / "pages" / "index.html").as_uri()


def test_a_listed_course_without_data_is_named_on_the_index(settings: Settings, visit: Visit) -> None:
    for make in (making.courses, making.trust, making.index):
        make(settings)
    page = visit(settings.exports / "pages" / "index.html")
    assert "Other: Its sessions and their coverage are not in the lake yet." in page.inner_text("main")


def test_a_course_that_cannot_be_read_is_named_and_the_others_are_made(settings: Settings) -> None:
    lake = Lake(settings.lake)
    put_sessions(lake, OTHER, "Other", [session(LECTURES[2])])
    put_day(lake, OTHER, date(2026, 6, 1), [view(LECTURES[2], 0, 1)])
    cover(lake, OTHER, rules_of(settings.panopto))
    lake.path(VIEWER_COVERAGE, OTHER).write_bytes(b"damaged")
    with pytest.raises(PageError, match=f"1 courses have no new page: course {OTHER}"):
        making.courses(settings)
    assert (settings.exports / "pages" / "courses" / f"{BIOLOGY}.html").exists()
    assert not materialize(settings, KEYS[:1]).success


def test_pictures_of_the_data_withhold_small_groups(settings: Settings) -> None:
    lake = Lake(settings.lake)
    few, all_of_them = (pictures.most_viewed(lake, [BIOLOGY, OTHER], k) for k in (5, 1))
    assert few is not None
    assert all_of_them is not None
    assert few != all_of_them
    assert pictures.most_viewed(lake, [BIOLOGY], 8) is None
    assert pictures.most_viewed(lake, [], 5) is None
