from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.panopto.reports.kinds import BY_NAME, FIELDS, KINDS, Kind, fields_of, kind_of, missing
from video_analytics.sandbox.panopto.report_rows import HEADERS

OLD = {"Creator": "Presenter", "Views and Downloads": "Views"}
OTHERS = {  # the reports whose headers are known and that are not read
    "FolderUsage": HEADERS["FolderUsage"],
    "SessionsViewsByUsers": HEADERS["SessionsViewsByUsers"],
    "SystemViews": HEADERS["SystemViews"],
    "folder completion": (
        "UserName", "Session Name", "Minutes Delivered", "Average Minutes Delivered", "Percent Completed",
    ),
    "of something else": ("Name", "Views", "Date"),
}  # fmt: skip
NEEDED = [(kind, field) for kind in KINDS for field in sorted(kind.needs)]


def headers(kind: Kind) -> list[str]:
    return list(HEADERS[kind.type])


def without(kind: Kind, *fields: str) -> list[str]:
    return [name for name in headers(kind) if not set(fields_of([name])) & set(fields)]


def test_each_kind_is_recognized_by_the_columns_that_panopto_gives_it() -> None:
    for kind in KINDS:
        assert kind_of(headers(kind)) is kind
        assert missing(kind, headers(kind)) == []
        assert BY_NAME[kind.name] is kind


@examples(max_examples=80)
@given(st.sampled_from(KINDS), st.randoms(use_true_random=False))
def test_order_case_blanks_old_names_and_units_of_headers_do_not_matter(kind: Kind, random: Random) -> None:
    worded = {}
    for name in headers(kind):
        told = random.choice((OLD.get(name, name), name))
        unit = "" if name.endswith(")") else random.choice(("", " (Edited minutes)", " (hours)"))
        case = random.choice((str.upper, str.lower, str.title, str.swapcase))
        worded[random.choice(("", " ", "\t")) + case(told + unit) + random.choice(("", "  "))] = name
    shuffled = random.sample(list(worded), len(worded))
    assert kind_of(shuffled) is kind
    assert missing(kind, shuffled) == []
    usual = {field: headers(kind)[place] for field, place in fields_of(headers(kind)).items()}
    assert {field: worded[shuffled[place]] for field, place in fields_of(shuffled).items()} == usual


def test_every_field_has_a_column_in_some_report_under_its_newest_header() -> None:
    known = {name.split(" (Edited")[0].split(" (Unedited")[0] for kind in KINDS for name in headers(kind)}
    assert {names[0] for _, names in FIELDS.values()} <= known


@pytest.mark.parametrize("name", OTHERS)
def test_another_report_is_none_of_those_that_are_read(name: str) -> None:
    assert kind_of(OTHERS[name]) is None


def test_nothing_is_no_report() -> None:
    assert kind_of([]) is None
    assert kind_of(["", " "]) is None


@pytest.mark.parametrize(("kind", "field"), NEEDED, ids=[f"{kind.name}-{field}" for kind, field in NEEDED])
def test_a_report_that_lacks_a_needed_column_is_recognized_and_the_column_named(
    kind: Kind, field: str
) -> None:
    left = without(kind, field)
    assert kind_of(left) is kind
    assert missing(kind, left) == [FIELDS[field][1][0]]


def test_a_storage_report_without_hours_is_not_taken_for_session_usage() -> None:
    storage = BY_NAME["system_session_storage"]
    left = without(storage, "on_demand_us", "archived_us")
    assert kind_of(left) is storage
    assert missing(storage, left) == ["Archived Hours", "On-Demand Hours"]


def test_of_two_columns_for_one_field_the_first_counts() -> None:
    assert fields_of(["Views", "Session ID", "Views and Downloads"]) == {"views": 0, "session_id": 1}


def test_a_folder_level_is_no_unit() -> None:
    assert fields_of(["Subfolder (Level 2)", "subfolder (level 1)", "Subfolder"]) == {
        "subfolder_2": 0,
        "subfolder_1": 1,
    }
