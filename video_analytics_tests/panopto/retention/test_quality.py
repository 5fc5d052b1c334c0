"""The numbers of a report date add up, and it is told where they do not."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from video_analytics.lake import Lake, Table
from video_analytics.panopto.retention.quality import CHECKS, judge
from video_analytics.panopto.retention.tables import RETENTION_HOURS, RETENTION_SCENARIOS
from video_analytics_tests.panopto.retention.small_college import DAY, reckoned


def change(lake: Lake, table: Table, place: int, **columns: Any) -> None:
    """One row of a table, changed."""
    held = lake.read(table, DAY.isoformat())
    assert held is not None
    rows = held.to_pylist()
    rows[place] |= columns
    lake.write(table, DAY.isoformat(), pa.Table.from_pylist(rows, table.schema), {})


def test_of_a_date_without_numbers_nothing_is_said(tmp_path: Path) -> None:
    assert judge(Lake(tmp_path), DAY) == []


def test_what_was_reckoned_adds_up(tmp_path: Path) -> None:
    totals, conserved = judge(reckoned(tmp_path), DAY)
    assert [totals.check, conserved.check] == list(CHECKS)
    assert (totals.ok, conserved.ok) == (True, True)
    assert totals.numbers["wrong_tables"] == 0
    assert totals.numbers["hours"] == pytest.approx(19627.13)
    assert conserved.numbers["wrong_scenarios"] == 0


@pytest.mark.parametrize("column", ["all_us", "watched_us"])
def test_a_row_that_does_not_add_up_is_found(tmp_path: Path, column: str) -> None:
    lake = reckoned(tmp_path)
    change(lake, RETENTION_HOURS, 0, **{column: 1})
    totals, conserved = judge(lake, DAY)
    assert (totals.ok, conserved.ok) == (False, True)
    assert totals.numbers["wrong_tables"] == 1


def test_a_scenario_that_loses_hours_is_found(tmp_path: Path) -> None:
    lake = reckoned(tmp_path)
    change(lake, RETENTION_SCENARIOS, 0, conserved_hours=1.0)
    totals, conserved = judge(lake, DAY)
    assert (totals.ok, conserved.ok) == (True, False)
    assert "hours, " in conserved.says


def test_a_damaged_table_is_a_finding(tmp_path: Path) -> None:
    lake = reckoned(tmp_path)
    lake.path(RETENTION_HOURS, DAY.isoformat()).write_bytes(b"torn")
    assert [(each.check, each.ok) for each in judge(lake, DAY)] == [("totals_add_up", False)]
