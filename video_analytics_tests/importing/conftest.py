"""A place to import from and to."""

import datetime as dt
from pathlib import Path

import pytest

from video_analytics.clock import VARIABLE
from video_analytics_tests.conftest import NOW
from video_analytics_tests.importing.desk import Place


@pytest.fixture
def place(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty old folder, an empty home, and it is NOW."""
    monkeypatch.setenv(VARIABLE, NOW.astimezone(dt.UTC).isoformat())
    old = tmp_path / "old"
    old.mkdir()
    return Place(old, home)
