"""The vocabulary of the simulated Panopto: subjects, titles and folder names, the awkward ones too."""

SUBJECTS = (
    "COMM", "BIOL", "CHEM", "ECON", "MATH", "PHYS", "HIST", "PSYC", "STAT", "GEOG",
    "LING", "PHIL", "CPSC", "MUSC", "EDUC",
)  # fmt: skip
DEPARTMENTS = ("Faculty of Science", "Commerce & Business", "Arts / Humanities", "Éducation")

_LONG = (
    "History of the long nineteenth century and all that came before and after it, as told by those who "
    "were there, with sources, maps, portraits, letters, recordings, and a reading list "
)
COURSE_NAMES = (
    "COMM 101 [2026S]",
    "BIOL 210",
    "Biol 210",  # the same name but for the case: two folders, one directory on some file systems
    'Lab methods: "how-to", all years',
    "=Statistics 1.",
    _LONG.ljust(200, "~"),
)
CHAIN_NAMES = (
    # one folder inside the other, seven deep
    "Lectures/Labs",
    "Week 1: *core*?",
    '"Quoted", with comma',
    "Line one\nline two",
    "=SUM(A1)",
    "Emoji 🎬 and \u200fהרצאה",
    "ends with a dot.",
)
PART_NAMES = ("Lectures", "Tutorials [Mon]", "tutorials [mon]")
WIDE_NAME = "Group {number:02d} | A\\B"
GUEST_TALKS = "Guest talks <2026>"
OUTSIDE = "Staff only (no course)"

SESSION_NAMES = (
    "Lecture {number}",
    'Lecture {number}, "Cells"',
    "Lecture {number}: cause & effect",
    "=HYPERLINK({number})",
    "Séminaire {number}, 講義",
    "Lecture {number}\nsecond part",
    "Q&A <b>{number}</b>",
    "-{number}",
    "Lecture {number} 🎓",
    "../Lecture {number}",
)
DESCRIPTIONS = (
    None,
    None,
    "What we know, and how.",
    'First line.\nSecond line, with "quotes" and a comma.\r\nThird.',
    None,
    "",
    "=1+1",
)
