"""The chart script comes from the installed package, is put together once, and can stand inside a page."""

from pathlib import Path

import pytest
import vl_convert

from video_analytics.errors import PageError
from video_analytics.pages.bundle import VERSION, bundle


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    bundle.cache_clear()


def test_the_script_is_whole_and_asks_for_nothing(library: str, library_file: Path) -> None:
    assert library_file.name == f"charts-{VERSION}.js"
    assert "window.vegaEmbed=" in library
    assert "</script" not in library.lower()
    assert "<!--" not in library
    assert "sourceMappingURL" not in library


def test_it_is_put_together_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def script() -> str:
        made.append("again")
        return "let charts = 'é';"

    monkeypatch.setattr(vl_convert, "javascript_bundle", script)
    assert bundle(tmp_path / "state") == "let charts = 'é';"
    bundle.cache_clear()
    assert bundle(tmp_path / "state") == "let charts = 'é';"
    assert made == ["again"]
    assert [path.name for path in (tmp_path / "state").iterdir()] == [f"charts-{VERSION}.js"]


@pytest.mark.parametrize("script", ["'</SCRIPT >'", "'</script\n>'", "x<!--y"])
def test_a_script_that_would_end_its_element_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda: script)
    with pytest.raises(PageError, match="install another version"):
        bundle(tmp_path)
