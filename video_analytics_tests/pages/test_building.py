from pathlib import Path, PurePosixPath

import pytest

from video_analytics.pages import building
from video_analytics.pages.building import Press, noted
from video_analytics.pages.frame import Page
from video_analytics.settings import Settings


class Work:
    """Makes a page, and counts how often."""

    def __init__(self, lead: str = "What it is for.") -> None:
        self.lead, self.times = lead, 0

    def __call__(self) -> tuple[list[Page], dict[str, int]]:
        self.times += 1
        facts = [("Period", "2026")]
        return [Page(PurePosixPath("a", "page.html"), "A page", self.lead, facts)], {"videos": 7}


@pytest.fixture
def settings(home: Path, library_file: Path) -> Settings:
    state = home / "state"
    state.mkdir()
    (state / library_file.name).write_bytes(library_file.read_bytes())
    return Settings(home=home)


def test_a_page_is_made_when_what_it_is_made_from_has_changed(settings: Settings) -> None:
    work, page = Work(), settings.exports / "pages" / "a" / "page.html"
    first = Press(settings)
    assert first.print("a", [1, "x"], work) == {"videos": 7}
    assert (work.times, first.changed) == (1, {"pages/a/page.html": True})
    again = Press(settings)
    assert again.print("a", [1, "x"], work) == {"videos": 7}
    assert (work.times, again.changed) == (1, {"pages/a/page.html": False})
    Press(settings).print("a", [2, "x"], work)
    assert work.times == 2
    page.unlink()
    Press(settings).print("a", [2, "x"], work)
    assert (work.times, page.exists()) == (3, True)


def test_the_same_bytes_keep_their_time(settings: Settings) -> None:
    page = settings.exports / "pages" / "a" / "page.html"
    Press(settings).print("a", 1, Work())
    before = page.stat().st_mtime_ns, page.read_bytes()
    press = Press(settings)
    press.print("a", 2, Work())
    assert (page.stat().st_mtime_ns, page.read_bytes()) == before
    assert press.changed == {"pages/a/page.html": False}
    Press(settings).print("a", 3, Work("Something else."))
    assert b"Something else." in page.read_bytes()


def test_a_damaged_note_makes_the_page_anew(settings: Settings) -> None:
    work = Work()
    Press(settings).print("a", 1, work)
    for damage in (b"", b"{", b"[]", b'{"made_from": 1}', b"\xff"):
        (settings.state / "pages" / "a.json").write_bytes(damage)
        assert noted(settings, "a") is None
        Press(settings).print("a", 1, work)
    assert work.times == 6
    held = noted(settings, "a")
    assert held is not None
    assert (held.entry, held.paths) == ({"videos": 7}, ["a/page.html"])


def test_other_code_makes_the_page_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    Press(settings).print("a", 1, work)
    monkeypatch.setattr(building, "_recipe", lambda: "another")
    Press(settings).print("a", 1, work)
    assert work.times == 2


def test_a_page_that_cannot_be_made_leaves_the_old_one(settings: Settings) -> None:
    def broken() -> tuple[list[Page], dict[str, int]]:
        raise ValueError("no data")

    Press(settings).print("a", 1, Work())
    before = (settings.exports / "pages" / "a" / "page.html").read_bytes()
    with pytest.raises(ValueError, match="no data"):
        Press(settings).print("a", 2, broken)
    assert (settings.exports / "pages" / "a" / "page.html").read_bytes() == before
    work = Work()
    Press(settings).print("a", 2, work)
    assert work.times == 1
