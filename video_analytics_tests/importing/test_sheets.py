"""CSV files of doubtful health: taken whole, or not at all, with a reason."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics.importing.sheets import AT_ONCE, blocks, header_of
from video_analytics.importing.tally import Unreadable


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "old.csv"


def rows_of(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    found: list[tuple[int, tuple[str, ...]]] = []
    for block in blocks(path, ["a", "b"]):
        found += zip(block.lines, zip(*block.columns.values(), strict=True), strict=True)
        assert not block.odd
    return found


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_marks_and_line_ends_are_no_matter(sheet: Path, mark: bytes, ends: bytes) -> None:
    sheet.write_bytes(mark + ends.join([b"a,b", b"1,x", b"", b'2,"y', b'z"', b"3,z"]) + b"\n")
    assert header_of(sheet) == ["a", "b"]
    assert [(line, cells[0]) for line, cells in rows_of(sheet)] == [(2, "1"), (4, "2"), (6, "3")]


def test_line_ends_may_be_mixed(sheet: Path) -> None:
    sheet.write_bytes(b"a,b\r\n1,x\n2,y\r\n3,z\r4,w\n")
    assert rows_of(sheet) == [(2, ("1", "x")), (3, ("2", "y")), (4, ("3", "z")), (5, ("4", "w"))]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n1,x\n2,y", "cut off in line 3"),
        (b"a,b\n1,x\n2", "cut off in line 3"),
        (b'a,b\n1,"x\n2,y\n', "cut off or damaged"),
        (b"a,b\n1,x\n\0\0\0\n", "line 3 holds zero bytes"),
        ("a,b\n1,Zürich\n".encode("cp1252"), "expected UTF-8 text"),
        ("a,b\n1,x\n".encode("utf-16"), "expected UTF-8 text"),
        (b'a,b\n1,"x"y\n', "cut off or damaged"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "larger than field limit"),
        (b"a,b\n1," + b"x" * (5 << 20) + b"\n", "longer than"),
    ],
)
def test_a_file_that_is_not_whole_is_not_taken(sheet: Path, content: bytes, says: str) -> None:
    sheet.write_bytes(content)
    with pytest.raises(Unreadable, match=says):
        list(blocks(sheet, ["a", "b"]))


def test_rows_of_another_width_are_told_with_their_lines(sheet: Path) -> None:
    sheet.write_bytes(b"a,b\n1,x\n2\n3,z,?\n4,w\n")
    (block,) = blocks(sheet, ["a"])
    assert (block.lines, block.odd, block.columns) == ([2, 5], [3, 4], {"a": ["1", "4"]})


def test_a_long_file_comes_in_blocks(sheet: Path) -> None:
    sheet.write_bytes(b"a,b\n" + b"1,x\n" * (AT_ONCE + 1))
    assert [len(block.lines) for block in blocks(sheet, ["b"])] == [AT_ONCE, 1]


def test_a_file_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        header_of(tmp_path / "gone.csv")


@given(st.binary(max_size=60))
def test_no_bytes_bring_it_down(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"a,b\n" + content)
    with suppress(Unreadable):
        for block in blocks(path, ["a", "b"]):
            assert len(block.lines) == len(block.columns["a"]) == len(block.columns["b"])
