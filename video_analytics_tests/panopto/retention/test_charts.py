"""The pictures: what stands in them, by their specification; that they are pictures, by their bytes."""

import struct
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
import vl_convert

from video_analytics.panopto.retention.charts import picture, scenarios_chart, sources_chart
from video_analytics.panopto.retention.tables import RETENTION_HOURS, RETENTION_SCENARIOS

DAY = date(2022, 6, 1)
COLLEGE = (
    # published and conserved hours, and the limit, of stored, created, archived, deleted
    (
        "Save money",
        (
            *((7035.73, 4835.15, 8800.0), (2200.58, 2200.58, 4400.0)),
            *((1478.67, 1478.67, 4400.0), (9456.74, 13313.31, None)),
        ),
    ),
    (
        "Save both",
        (
            *((8494.74, 1761.83, 8800.0), (6732.91, 6732.91, 8400.0)),
            *((13856.74, 17865.3, 54400.0), (0.0, 0.0, None)),
        ),
    ),
)
BUCKETS = ("stored", "created", "archived", "deleted")


def hours(*rows: tuple[str, float, float]) -> pa.Table:
    """Sources with all and watched hours, after a table that is none of sources."""
    found = [_line("hours_by_root_folder", "row", "Zoom", 9e5, 0.0)]
    found += [_line("hours_by_stream_source", "row", *row) for row in rows]
    total = sum(row[1] for row in rows), sum(row[2] for row in rows)
    found.append(_line("hours_by_stream_source", "total", "(total)", *total))
    return pa.Table.from_pylist(found, schema=RETENTION_HOURS.schema)


def _line(measure: str, line: str, label: str, every: float, watched: float) -> dict[str, Any]:
    sums = {"all_us": every, "watched_us": watched, "unwatched_us": every - watched}
    us = {name: round(value * 3.6e9) for name, value in sums.items()}
    return {"measure": measure, "place": 0, "line": line, "label": label, "sessions": 1, **us}


def scenarios(*given: tuple[str, tuple[tuple[float, float, float | None], ...]]) -> pa.Table:
    rows = [
        {
            "scenario": f"plan_{number}",
            "title": title,
            "bucket": bucket,
            "published_hours": published,
            "conserved_hours": conserved,
            "limit_hours": limit,
            "headroom_hours": None if limit is None else limit - max(published, conserved),
            "sessions": 1,
            "total_hours": 1.0,
            "not_imported_hours": 0.0,
            "why": "",
        }
        for number, (title, buckets) in enumerate(given)
        for bucket, (published, conserved, limit) in zip(BUCKETS, buckets, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=RETENTION_SCENARIOS.schema)


def told(chart: Any) -> list[list[dict[str, Any]]]:
    """The rows of a chart's layers."""
    return list(chart.to_dict()["datasets"].values())


def bars(chart: Any) -> list[dict[str, Any]]:
    return next(rows for rows in told(chart) if "words" in rows[0])


def test_sources_are_the_largest_first_watched_and_unwatched_in_hours() -> None:
    chart = sources_chart(hours(("Web API", 3406.5, 2913.0), ("Zoom", 16170.0, 2856.0)), DAY)
    parts = next(rows for rows in told(chart) if "what" in rows[0])
    assert [(row["source"], row["what"], row["hours"]) for row in parts] == [
        ("Zoom", "watched", 2856.0),
        ("Zoom", "unwatched", 13314.0),
        ("Web API", "watched", 2913.0),
        ("Web API", "unwatched", 493.5),
    ]
    assert [row["words"] for row in bars(chart)] == ["16,170 h, 82% unwatched", "3,406 h, 14% unwatched"]


def test_beyond_twelve_sources_the_others_share_a_bar() -> None:
    chart = sources_chart(hours(*((f"s{number:02}", 100.0 - number, 10.0) for number in range(15))), DAY)
    shown = bars(chart)
    assert [row["source"] for row in shown] == [*(f"s{number:02}" for number in range(12)), "3 others"]
    assert (shown[-1]["all"], shown[-1]["watched"]) == (88.0 + 87.0 + 86.0, 30.0)
    thirteen = sources_chart(hours(*((f"s{number:02}", 1.0, 0.0) for number in range(12))), DAY)
    assert len(bars(thirteen)) == 12


@pytest.mark.parametrize(
    ("chart", "title"),
    [
        (sources_chart(hours(("Zoom", 1.0, 0.5)), DAY), "Hours by stream source, 2022-06-01"),
        (scenarios_chart(scenarios(*COLLEGE), DAY), "Scenarios against their limits, 2022-06-01"),
    ],
)
def test_titles_tell_the_report_date_and_axes_the_unit(chart: Any, title: str) -> None:
    spec = chart.to_dict()
    assert spec["title"]["text"] == title
    assert '"hours of video"' in chart.to_json()


def test_a_bucket_shows_its_hours_its_limit_and_what_adds_up_where_that_is_more() -> None:
    shown = {(row["scenario"], row["bucket"]): row for row in bars(scenarios_chart(scenarios(*COLLEGE), DAY))}
    assert len(shown) == 8
    stored, deleted = shown["Save money", "stored"], shown["Save money", "deleted"]
    assert (stored["published"], stored["limit"], stored["apart"]) == (7035.73, 8800, None)
    assert stored["words"] == "7,036 of 8,800 h"
    assert (deleted["limit"], deleted["apart"], deleted["words"]) == (None, 13313.31, "9,457 h")
    assert not any(row["breach"] for row in shown.values())


def test_a_breach_is_said_in_words_also_where_only_the_hours_that_add_up_pass_the_limit() -> None:
    fits = (4400.0, 4400.0, 4400.0)
    plan = ((9000.4, 1.0, 8800.0), fits, (4000.0, 4500.0, 4400.0), (0.0, 0.0, None))
    stored, created, archived, _ = bars(scenarios_chart(scenarios(("Tight", plan)), DAY))
    assert (stored["breach"], stored["words"]) == (True, "9,000 of 8,800 h, BREACH by 200 h")
    assert (created["breach"], created["words"]) == (False, "4,400 of 4,400 h")
    assert (archived["breach"], archived["words"]) == (True, "4,500 of 4,400 h, BREACH by 100 h")


def test_a_limit_far_beyond_the_bars_does_not_make_them_short() -> None:
    spec = str(scenarios_chart(scenarios(*COLLEGE), DAY).to_dict())
    assert "'domain': [0, 17865.3]" in spec
    near = ("Near", ((100.0, 100.0, 140.0), *((1.0, 1.0, None),) * 3))
    assert "'domain': [0, 140.0]" in str(scenarios_chart(scenarios(near), DAY).to_dict())


def test_scenarios_of_the_same_title_stay_two() -> None:
    names = [row["scenario"] for row in bars(scenarios_chart(scenarios(COLLEGE[0], COLLEGE[0]), DAY))]
    assert list(dict.fromkeys(names)) == ["Save money (plan_0)", "Save money (plan_1)"]


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    odd = ("<b>x</b>", "=1+1", "two\nlines", "漢字 🎬", "a" * 300, "(none)", "datum.x", "'\"", "")
    four = ("A title as long as a title of a scenario may ever be, up to its very end", COLLEGE[1][1])
    tables = {
        "sources": sources_chart(hours(("Zoom", 16170.0, 2856.0), ("Web API", 3406.5, 2913.0)), DAY),
        "odd": sources_chart(hours(*((name, 10.0 + len(name), 1.0) for name in odd)), DAY),
        "no sources": sources_chart(hours(), DAY),
        "scenarios": scenarios_chart(scenarios(*COLLEGE, four, four), DAY),
        "no scenarios": scenarios_chart(scenarios(), DAY),
    }
    return {name: picture(chart) for name, chart in tables.items()}


def test_pictures_are_png_of_a_page_s_width_and_small(pictures: dict[str, bytes]) -> None:
    for png in pictures.values():
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(png) < 60_000
    widths = {name: struct.unpack_from(">I", png, 16)[0] for name, png in pictures.items()}
    assert 600 < widths["sources"] < 850
    assert 600 < widths["scenarios"] < 850


def test_the_same_table_gives_the_same_picture(pictures: dict[str, bytes]) -> None:
    table = hours(("Zoom", 16170.0, 2856.0), ("Web API", 3406.5, 2913.0))
    assert picture(sources_chart(table, DAY)) == pictures["sources"]
    assert pictures["odd"] != pictures["sources"]


def test_nothing_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    real = vl_convert.vegalite_to_png

    def ask(spec: dict[str, Any], **given: Any) -> bytes:
        asked.update(given, spec=spec)
        return real(spec, **given)

    monkeypatch.setattr(vl_convert, "vegalite_to_png", ask)
    picture(sources_chart(hours(("Zoom", 2.0, 1.0)), DAY))
    assert asked["allowed_base_urls"] == []
    assert "'url'" not in str(asked["spec"])
