"""Whatever people call a course: one folder each, inside the root, on any file system."""

import os
import re
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from video_analytics.panopto.names import LONGEST, course_folder, folder_name
from video_analytics_tests.panopto.small_lake import guid

ID, OTHER = guid(1), guid(2)

ODD = (
    *("", " ", ".", "..", "...", "../..", "../../etc/passwd", "/", "/etc/passwd", "//server/share", "a/../b"),
    *("\\", "\\\\server\\share\\x", "..\\..\\x", "C:", "C:\\Windows", "c:x", "\\\\?\\C:\\x", "\\\\.\\COM1"),
    *("CON", "con.txt", "NUL", "nul.", "AUX .x", "COM1", "com1.log", "LPT¹.x", "CONIN$.x", "PRN"),
    *("trailing.", "trailing ", "trailing. . ", " leading", ".hidden", "~", "~/x", "$HOME", "%PATH%", "-rf"),
    *("x" * 300, "ü" * 300, "漢" * 300, "🎬" * 300, "e\u0301" * 200, "[" * 300, "x" * 159 + "é"),
    *("a\0b", "a\nb", "a\tb", "\x1b[31mred", "\x7f", "a\u2028b", "\x85"),
    *("\u202egnp.exe", "\u200b", "a\u200db", "\ufeffx", "\u2066x\u2069", "\u00ad", "\u3164"),
    *("\ue000", "\uf03a", "\ud800", "a\udfffb", "\uffff", "\ufdd0"),
    *("BIOL 210 [2024W1]", f"x[{ID}]", f"[{OTHER}]", "a]b[c", "]", "[]", "[", "[[[]]]"),
    *("biology", "BIOLOGY", "Biology", "Straße", "STRASSE", "café", "cafe\u0301", "\u212a", "İ", "\u0131"),
    *('a<b>c:d"e|f?g*h', "*", "?", "a|b", "Zürich 漢字 🎬", "👩\u200d🏫", "עברית", "=1+1", "@x", "tableau"),
)  # fmt: skip
WINDOWS = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)

texts = st.text(max_size=40) | st.sampled_from(ODD) | st.tuples(st.sampled_from(ODD), st.text()).map("".join)
ids = st.text("0123456789abcdef-", min_size=1, max_size=40).filter(lambda text: text[0] != "-")


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def is_fit(name: str) -> bool:
    """What Windows, Linux, macOS and a person's eye ask of one name."""
    return (
        0 < len(name.encode()) <= LONGEST
        and not WINDOWS.search(name)
        and not DEVICE.fullmatch(name)
        and name == name.strip()
        and not name.startswith(".")
        and not name.endswith(".")
        and unicodedata.is_normalized("NFC", name)
        and not any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for each in name)
    )


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_odd_names_are_one_fit_component(name: str) -> None:
    found = folder_name(name, ID)
    assert is_fit(found)
    assert found.endswith(f"[{ID}]")
    assert Path(found).parts == (found,)


@given(texts, ids)
@settings(max_examples=2000)
def test_any_name_is_one_fit_component(name: str, id: str) -> None:  # noqa: A002
    found = folder_name(name, id)
    assert is_fit(found)
    assert found[found.rindex("[") + 1 : -1] == id
    assert folder_name(found.removesuffix(f"[{id}]"), id) == found


@given(st.lists(st.tuples(texts, ids), unique_by=lambda pair: pair[1], min_size=2, max_size=12))
@settings(max_examples=500)
@pytest.mark.slow
def test_no_two_ids_share_a_folder_and_none_is_outside(courses: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "a" / "root"
        root.mkdir(parents=True)
        folders = []
        for name, id in courses:  # noqa: A001
            folder = course_folder(root, name, id)
            folder.mkdir()
            (folder / "file.csv").write_text(id)
            folders.append(folder)
        assert len({folder.name.casefold() for folder in folders}) == len(courses)
        assert listed(root) == sorted(folder.name for folder in folders)
        assert listed(Path(scratch)) == ["a"]
        assert listed(root.parent) == ["root"]
        for (name, id), folder in zip(courses, folders, strict=True):  # noqa: A001
            assert course_folder(root, name, id) == folder
            assert (folder / "file.csv").read_text() == id


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Biology", "Biology"),
        ("BIOL 210 [2024W1]", "BIOL 210 [2024W1]"),
        ("Zürich 漢字 🎬", "Zürich 漢字 🎬"),
        ("cafe\u0301", "café"),
        ("a/b: c?", "a_b_ c_"),
        ("../../etc", "_.._etc"),
        ("..", ""),
        ("", ""),
        ("two\nlines", "two lines"),
        ("\u202egnp.exe", "gnp.exe"),
        ("Term 1.", "Term 1."),
        ("CON", "CON"),  # with an id behind it, no device
        ("CON.x", "_CON.x"),
        ("x" * 300, "x" * (LONGEST - 38)),
        ("漢" * 300, "漢" * ((LONGEST - 38) // 3)),
    ],
)
def test_visible_text_stays(name: str, shown: str) -> None:
    assert folder_name(name, ID) == f"{shown}[{ID}]"


@pytest.mark.parametrize("id", ["", "A", "../x", "a/b", "a]b", "a b", "x" * 65, "é", "a\n"])
def test_an_id_that_is_none_is_refused(id: str) -> None:  # noqa: A002
    with pytest.raises(ValueError, match="expected an id"):
        folder_name("Biology", id)


def make(root: Path, name: str, content: str = "kept") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "viewing_activity.csv").write_text(content)
    return folder


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"Biology[{ID}]", "Biology 2"),
        (f"Biology[{ID}]", "biology"),  # by case alone
        (f"Biology[{ID.upper()}]", "Biology"),
        (f"[{ID}]", "Now it has a name"),
        (f"Named[{ID}]", ""),
        (f"COMM 101 [2021W1] [{ID}]", "COMM 101 [2021W1]"),
        (f"Old[{ID}]", "x" * 300),
    ],
)
def test_a_renamed_course_takes_its_files_along(tmp_path: Path, old: str, new: str) -> None:
    make(tmp_path, old)
    other = make(tmp_path, f"Biology[{OTHER}]")
    folder = course_folder(tmp_path, new, ID)
    assert folder == tmp_path / folder_name(new, ID)
    assert listed(tmp_path) == sorted([folder.name, other.name])
    assert (folder / "viewing_activity.csv").read_text() == "kept"
    assert course_folder(tmp_path, new, ID) == folder


def test_a_folder_whose_name_the_file_system_decomposed_is_the_same(tmp_path: Path) -> None:
    held = make(tmp_path, unicodedata.normalize("NFD", f"Café[{ID}]"))
    assert course_folder(tmp_path, "Café", ID) == held
    assert listed(tmp_path) == [held.name]


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    root = tmp_path / "not there"
    assert course_folder(root, "Biology", ID) == root / f"Biology[{ID}]"
    assert not root.exists()
    tmp_path.joinpath(f"A file[{ID}]").touch()
    assert course_folder(tmp_path, "Biology", ID) == tmp_path / f"Biology[{ID}]"


def test_copies_that_people_made_stay(tmp_path: Path) -> None:
    copy = make(tmp_path, f"Copy of Biology[{ID}]", "a copy")
    made = make(tmp_path, f"Biology[{ID}]")
    os.utime(copy, ns=(0, 0))
    assert course_folder(tmp_path, "Biology", ID) == made
    renamed = course_folder(tmp_path, "Biology 2", ID)
    assert (renamed / "viewing_activity.csv").read_text() == "kept"
    assert (copy / "viewing_activity.csv").read_text() == "a copy"
    assert len(listed(tmp_path)) == 2


def test_a_folder_in_use_keeps_its_name_until_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_open(self: Path, target: Path) -> Path:
        raise PermissionError(13, "in use", str(self), None, str(target))

    held = make(tmp_path, f"Biology[{ID}]")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", held_open)
        assert course_folder(tmp_path, "Biology 2", ID) == held
    assert course_folder(tmp_path, "Biology 2", ID).name == f"Biology 2[{ID}]"


def test_two_runs_may_rename_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        rename(self, target)  # the other run
        return rename(self, target)

    make(tmp_path, f"Biology[{ID}]")
    monkeypatch.setattr(Path, "rename", late)
    folder = course_folder(tmp_path, "Biology 2", ID)
    assert listed(tmp_path) == [folder.name] == [f"Biology 2[{ID}]"]
