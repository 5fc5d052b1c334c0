"""courses.csv: as Excel and editors save it, round trips, and damaged lines that are named or do no harm."""

import csv
import random
import re
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from video_analytics.errors import SettingsError
from video_analytics.settings import Course, courses_path, load_settings, read_courses

A = "1a2b3c4d-0000-1111-2222-0123456789ab"
B = "5e6f7a8b-0000-1111-2222-0123456789ab"
C = "ffffffff-ffff-ffff-ffff-ffffffffffff"
ZERO = "00000000-0000-0000-0000-000000000000"
HEADER = "PanoptoFolderName,PanoptoFolderID"


def read(home: Path, content: str | bytes) -> tuple[Course, ...]:
    courses_path(home).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_courses(home)


def pairs(courses: tuple[Course, ...]) -> list[tuple[str, str]]:
    return [(course.name, course.id) for course in courses]


def complaint(home: Path, content: str | bytes) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(home, content)
    assert caught.value.__cause__ is None
    return str(caught.value).split("\n")


# --- what is accepted -------------------------------------------------------------------------------------


def test_the_plain_case(tmp_path: Path) -> None:
    assert courses_path(tmp_path) == tmp_path / "courses.csv"
    found = read(tmp_path, f"{HEADER}\nLaw 101,{A}\nArts 201,{B}\n")
    assert found == (Course("Law 101", A, 2), Course("Arts 201", B, 3))


def test_no_file_and_no_courses(tmp_path: Path) -> None:
    assert read_courses(tmp_path) == ()
    assert read(tmp_path, f"{HEADER}\n") == ()
    assert read(tmp_path, f"{HEADER}") == ()
    assert read(tmp_path, f"{HEADER}\r\n;;\r\n,,,\r\n \t \r\n".replace(";;", ",")) == ()


def test_settings_do_not_need_it(tmp_path: Path) -> None:
    courses_path(tmp_path).write_text("nonsense")
    assert not load_settings(tmp_path, {}).panopto.configured


NAME = "Zürich \u2013 Droit"
BOTH = [(NAME, A), ("", B)]
ROWS = f"{HEADER}\n{NAME},{A}\n,{B}\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_as_excel_saves_it(tmp_path: Path, newline: str, delimiter: str, encoding: str) -> None:
    text = ROWS.replace("\n", newline).replace(",", delimiter)
    found = read(tmp_path, text.encode(encoding))
    assert pairs(found) == BOTH
    assert [course.line for course in found] == [2, 3]
    found = read(tmp_path, f"sep={delimiter}{newline}{text}".encode(encoding))
    assert pairs(found) == BOTH
    assert [course.line for course in found] == [3, 4]


@pytest.mark.parametrize(
    "content",
    [
        b"\xfe\xff" + ROWS.encode("utf-16-be"),
        "\ufeff\ufeff" + ROWS,
        ROWS.upper().replace(NAME.upper(), NAME),
        f"panoptofolderid;panoptofoldername\n{A};{NAME}\n{B};\n",
        f"panoptofolderid;panoptofoldername\n{A};{NAME}\n{B}\n",
        f"Term,PanoptoFolderID,Owner,PanoptoFolderName\n2025W1,{A},me,{NAME}\n2025W1,{B},me,\n",
        f"ParentID,PanoptoFolderID,PanoptoFolderName\n{C},{A},{NAME}\n{C},{B},\n",
        f"\n,,\n{HEADER},,\n\n{NAME},{A},,\n,,\n,{B},,\n,,\n",
        f"  PanoptoFolderName , PanoptoFolderID \n  {NAME}  ,  {A}  \n , {B} \n",
        f'"PanoptoFolderName";"PanoptoFolderID"\r\n"{NAME}";"{A}"\r\n"";"{B}"\r\n',
        f'"PanoptoFolderName" , "PanoptoFolderID"\n "{NAME}" , "{A}" \n"" , "{B}" ',
        f"{HEADER}\n{NAME},{A.upper()}\n,{{{B.upper()}}}\n",
        f"{HEADER}\n{NAME},{A}\nagain,{A.upper()}\n,{B}\n{NAME},{{{A}}}\n",
        f'"sep=;"\r\n{ROWS.replace(",", ";")}',
        f"SEP=;;\n{ROWS.replace(',', ';')}",
        f"sep=|\n{ROWS.replace(',', '|')}",
        f"sep=;\n{ROWS}",
        f"{HEADER}\n{NAME},\u00a0{A}\u200b\n,\ufeff{B}\n",
        f'{HEADER},"Note\n(ours)"\n{NAME},{A},"a, b\nc"\n,{B},\n',
        f'{HEADER}\n"{NAME}",{A}\n,{B}',
        f"{HEADER}\r\r\n{NAME},{A}\r\r\n,{B}\r\r\n",
    ],
)
def test_as_people_edit_it(tmp_path: Path, content: str | bytes) -> None:
    assert pairs(read(tmp_path, content)) == BOTH


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ('"Law, Part 2; more"', "Law, Part 2; more"),
        ('"Say ""yes"""', 'Say "yes"'),
        ('5" disk', '5" disk'),
        ('"Intro" to Law', "Intro to Law"),
        ('"two\nlines"', "two\nlines"),
        (f"Law [{A}]", f"Law [{A}]"),
        ("=1+1", "=1+1"),
        ("a\u2028b\x0bc\x85d", "a\u2028b\x0bc\x85d"),
    ],
)
def test_names_as_they_are(tmp_path: Path, cell: str, name: str) -> None:
    last = 3 + name.count("\n")
    found = read(tmp_path, f"{HEADER}\n{cell},{A}\nlast,{B}\n")
    assert found == (Course(name, A, 2), Course("last", B, last))


# --- what is refused --------------------------------------------------------------------------------------

COLUMNS = "expected the columns PanoptoFolderName and PanoptoFolderID"

# content, place in the message, what was expected or came, a word of the mend
BROKEN: list[tuple[str | bytes, str, str, str]] = [
    # the header
    ("", "line 1", COLUMNS, "write PanoptoFolderName,PanoptoFolderID"),
    ("\n\n", "line 1", COLUMNS, "as the first line"),
    ("sep=;\n", "line 2", COLUMNS, "as the first line"),
    (f"Law,{A}\n", "line 1", f"got 'Law,{A}'", "as the first line"),
    (f"\n\nName;Id\nLaw;{A}\n", "line 3", "got 'Name;Id'", "as the first line"),
    (f"PanoptoFolderID\n{A}\n", "line 1", COLUMNS, "as the first line"),
    (f"{HEADER},PanoptoFolderID\nLaw,{A},{B}\n", "line 1", "each once", "as the first line"),
    (f"PanoptoFolderName:PanoptoFolderID\nLaw:{A}\n", "line 1", COLUMNS, "as the first line"),
    (f'"{HEADER}\nLaw,{A}\n', "line 1", 'expected a "', "close the quote"),
    # the encoding
    (b"\xff\xfea", "line 1", "no text", "CSV UTF-8"),
    (b"\xef\xbb\xbfa\n\nb\xfc\n", "line 3", "no text", "CSV UTF-8"),
    (b"a\r\nb\x81", "line 2", "no text", "CSV UTF-8"),
    (ROWS.encode("utf-16-le"), "line 1", "zero bytes", "CSV UTF-8"),
    (f"{HEADER}\nLaw\0,{A}\n", "line 2", "zero bytes", "CSV UTF-8"),
    # ids
    (f"{HEADER}\nLaw,\n", "line 2, PanoptoFolderID", "got nothing", "remove the line"),
    (f"{HEADER}\nLaw\n", "line 2, PanoptoFolderID", "got nothing", "as the header does"),
    (f"{HEADER}\nLaw;{A}\n", "line 2, PanoptoFolderID", "got nothing", "as the header does"),
    (f"{HEADER}\nLaw,12\n", "line 2, PanoptoFolderID", "got '12'", "folderID="),
    (f"{HEADER}\n{A},Law\n", "line 2, PanoptoFolderID", "got 'Law'", "folderID="),
    (f"{HEADER}\nLaw,{A}0\n", "line 2, PanoptoFolderID", f"got '{A}0'", "alone"),
    (f"{HEADER}\nLaw,{A[:-1]}\n", "line 2, PanoptoFolderID", f"got '{A[:-1]}'", "folderID="),
    (f"{HEADER}\nLaw,{{{A}\n", "line 2, PanoptoFolderID", "got '{", "alone"),
    (f"{HEADER}\nLaw,x#folderID={A}\n", "line 2, PanoptoFolderID", "got 'x#", "alone"),
    (f"{HEADER}\nLaw,{A.replace('-', '')}\n", "line 2, PanoptoFolderID", "got '1a2b", "folderID="),
    (f"{HEADER}\nLaw,\u0661{A[1:]}\n", "line 2, PanoptoFolderID", "got ", "folderID="),
    (f"{HEADER}\nLaw,{ZERO}\n", "line 2, PanoptoFolderID", "the zero id", "below it"),
    (f"{HEADER}\nLaw,{{{ZERO}}}\n", "line 2, PanoptoFolderID", "the zero id", "below it"),
    (f'{HEADER}\nLaw,"{A}\n{B}"\n', "line 2, PanoptoFolderID", "got '1a2b", "alone"),
    (f"{HEADER}\nLaw,{'x' * 9999}\n", "line 2, PanoptoFolderID", "…'", "folderID="),
    # two lines in one
    (f"{HEADER}\nLaw, Part 2,{A}\n", "line 2", "expected 2 columns as in the header, got 3", "quotes"),
    (f"PanoptoFolderID,PanoptoFolderName\n{A},Law{B},Arts\n", "line 2", "another id", "new line"),
    (f"PanoptoFolderID,PanoptoFolderName\n{A},Law,{B},Arts\n", "line 2", "2 columns", "new line"),
    (f'{HEADER}\n"Law,{A}\nArts,{B}\n', "line 2", 'expected a "', "close the quote"),
    (f'PanoptoFolderID,PanoptoFolderName\n{A},"Law\n{B},Arts"\n', "line 2", 'expected a "', "close"),
    (f'{HEADER},Note\nLaw,{A},"a\nArts,{B},b\n', "line 2", 'expected a "', "close the quote"),
    (f'{HEADER}\n"{"x" * 200_000}\n', "line 2", 'expected a "', "close the quote"),
]


@pytest.mark.parametrize(("content", "place", "problem", "mend"), BROKEN, ids=lambda each: repr(each)[:48])
def test_each_mistake_is_named(
    tmp_path: Path, content: str | bytes, place: str, problem: str, mend: str
) -> None:
    (line,) = complaint(tmp_path, content)
    assert line.startswith(f"courses.csv: {place}: expected ")
    assert problem in line
    assert mend in line.partition("; ")[2]
    assert len(line) < 500


def test_all_wrong_lines_at_once(tmp_path: Path) -> None:
    lines = [f"Good,{A}", "Bad,1", "", f"Good,{B}", '"Two\nlines",', f"Top,{ZERO}", f"More,{C},x", '"Open']
    told = complaint(tmp_path, "\r\n".join([HEADER, *lines]))
    assert [line.split(":")[1].strip() for line in told] == [
        "line 3, PanoptoFolderID",
        "line 6, PanoptoFolderID",
        "line 8, PanoptoFolderID",
        "line 9",
        "line 10",
    ]


def test_a_cell_beyond_all_bounds_hides_no_other_mistake(tmp_path: Path) -> None:
    told = complaint(tmp_path, f"{HEADER}\n{'x' * 200_000},{A}\nLaw,1\n")
    assert [line.split(":")[1] for line in told] == [" line 2", " line 3, PanoptoFolderID"]


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    courses_path(tmp_path).mkdir()
    with pytest.raises(SettingsError, match=r"^courses\.csv: file: cannot be read .*; close it in other"):
        read_courses(tmp_path)
    with pytest.raises(SettingsError, match=r"^courses\.csv: file: cannot be read"):
        read_courses(tmp_path / "a\0b")


# --- whatever comes ---------------------------------------------------------------------------------------

LETTERS = st.sampled_from("aZ9 ,;\t\"'\r\n[]{}=é\u2013|") | st.characters(exclude_categories=["Cs", "Cc"])
NAMES = st.text(LETTERS, max_size=20).map(lambda name: name.strip(" \ufeff\u200b").strip())
IDS = st.uuids().filter(lambda each: each.int).map(str)
LISTS = st.lists(st.tuples(NAMES, IDS), max_size=8, unique_by=lambda each: each[1])


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), courses=LISTS)
def test_round_trip(tmp_path: Path, data: st.DataObject, courses: list[tuple[str, str]]) -> None:
    """What csv writes, in any way it is asked to, comes back."""
    assume(all(name == name.strip(" \ufeff\u200b").strip() for name, _ in courses))
    delimiter = data.draw(st.sampled_from(",;\t"))
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    id_first, upper, noted = (data.draw(st.booleans()) for _ in range(3))
    # csv quotes only the line break that it writes itself
    broken = any(set(name) & {"\r", "\n"} for name, _ in courses)
    out = StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if broken else csv.QUOTE_MINIMAL,
    )
    for name, key in [("PanoptoFolderName", "PanoptoFolderID"), *courses]:
        shown = f"{{{key.upper()}}}" if upper and (name, key) in courses else key
        writer.writerow([*((shown, name) if id_first else (name, shown)), *(["note, a;b\tc"] * noted)])
    try:
        raw = out.getvalue().encode(encoding)
    except UnicodeEncodeError:
        raw = out.getvalue().encode()
        encoding = "utf-8"
    if encoding == "cp1252":  # what is UTF-8 by chance, is read as UTF-8
        assume(raw.isascii() or raw.decode("utf-8", "replace").count("\ufffd"))
    assert pairs(read(tmp_path, raw)) == courses


IDENTIFIED = re.compile(r"^courses\.csv: line \d+(, PanoptoFolderID)?: expected .*, got .*; .*$")
SIGNS = [",", ";", "\t", '"', '""', "\n", "\r", "\r\n", "'", "{", "}", " ", "\ufeff", "é", "\0", "-", "0"]


def outcome(home: Path, raw: bytes) -> tuple[tuple[Course, ...], list[str]]:
    try:
        return read(home, raw), []
    except SettingsError as error:
        return (), str(error).split("\n")


def damaged(chance: random.Random, text: str, below: int) -> str:
    """One wound below the header: signs inserted, removed or replaced, a stretch lost or doubled."""
    start = chance.randrange(below, len(text) + 1)
    end = min(len(text), start + chance.choice([0, 1, 1, 2, 5, 20]))
    kind = chance.randrange(4)
    middle = {0: chance.choice(SIGNS), 1: "", 2: text[start:end] * 2, 3: text[start:end].swapcase()}[kind]
    if kind == 0 and chance.random() < 0.5:
        end = start
    return text[:start] + middle + text[end:]


@pytest.mark.parametrize("seed", range(5))
def test_damaged_lines_are_named_or_do_no_harm(tmp_path: Path, seed: int) -> None:
    """Five times a hundred wounds: an id of an unhurt line is there, or the error names a line."""
    for number in range(100):
        chance = random.Random(f"{seed}-{number}")
        ids = [str(UUID(int=chance.getrandbits(128))) for _ in range(chance.randrange(1, 8))]
        delimiter, newline = chance.choice(",;\t"), chance.choice(["\n", "\r\n", "\r"])
        order = chance.choice([1, -1])
        out = StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
        writer.writerow(HEADER.split(",")[::order])
        below = out.tell()
        names = chance.choices(["Law", "Law, Arts; more", 'the "best"', "", "M\u00fcnchen"], k=len(ids))
        writer.writerows(pair[::order] for pair in zip(names, ids, strict=True))
        text = damaged(chance, out.getvalue(), below)
        raw = text.encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"]))
        left = {each for each in ids if each in text.lower()}
        found, problems = outcome(tmp_path, raw)
        assert all(IDENTIFIED.match(line) for line in problems), problems
        assert problems or left <= {course.id for course in found}


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=80), headed=st.booleans())
def test_any_bytes(tmp_path: Path, raw: bytes, *, headed: bool) -> None:
    found, problems = outcome(tmp_path, (HEADER.encode() + b"\n") * headed + raw)
    assert all(IDENTIFIED.match(line) for line in problems)
    assert problems or headed or found == ()
