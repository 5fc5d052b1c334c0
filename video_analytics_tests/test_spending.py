import datetime as dt
from pathlib import Path

from video_analytics.spending import KEPT_DAYS, note, spent

NIGHT = dt.datetime(2026, 6, 14, 22, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def test_a_night_counts_the_calls_of_its_own_backfill(tmp_path: Path) -> None:
    note(tmp_path, "brightcove", NIGHT - HOUR, 1000, "history")
    note(tmp_path, "brightcove", NIGHT + HOUR, 20, "history")
    note(tmp_path, "brightcove", NIGHT + 3 * HOUR, 22, "history")  # past midnight
    note(tmp_path, "brightcove", NIGHT + HOUR, 300, "other")
    note(tmp_path, "brightcove", NIGHT + HOUR, 400)
    assert spent(tmp_path, NIGHT, "history") == 42
    assert spent(tmp_path, NIGHT, "other") == 300
    assert spent(tmp_path, NIGHT + 12 * HOUR, "history") == 0


def test_no_call_leaves_no_file_and_old_ones_go(tmp_path: Path) -> None:
    note(tmp_path, "panopto", NIGHT, 0)
    assert not (tmp_path / "calls").exists()
    note(tmp_path, "panopto", NIGHT, 5)
    note(tmp_path, "panopto", NIGHT + dt.timedelta(days=KEPT_DAYS + 1), 5)
    assert [path.name for path in (tmp_path / "calls").iterdir()] == ["2026-07-25"]
