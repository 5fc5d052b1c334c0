from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from video_analytics.clock import VARIABLE
from video_analytics.errors import ReportError
from video_analytics.panopto.reports.snapshot import take_snapshot
from video_analytics.panopto.reports.tables import SESSION_QUARANTINE, SESSION_USAGE
from video_analytics_tests.conftest import snapshot
from video_analytics_tests.panopto.reports.report_files import (
    CREATED,
    STORAGE,
    USAGE,
    ZONE,
    Home,
    row,
    session_id,
)

DAY = date(2022, 6, 1)
EVER = ("2015-06-01", "2022-06-01")
YEARS = [("2019-06-01", "2020-06-01"), ("2020-06-01", "2021-06-01"), ("2021-06-01", "2022-06-01")]
TEN_MINUTES = 10 / 60
Json = dict[str, Any]


class Taken:
    """A snapshot: its sessions by number, what does not count, and its facts."""

    def __init__(self, home: Home, day: date = DAY) -> None:
        self.facts = take_snapshot(home.lake, day, ZONE)
        self.sessions = {_number(each): each for each in _rows(home, SESSION_USAGE, day)}
        self.apart = _rows(home, SESSION_QUARANTINE, day)

    def column(self, name: str) -> dict[int, Any]:
        return {number: each[name] for number, each in self.sessions.items()}

    def reasons(self) -> list[tuple[int, str, str, float | None]]:
        return [(_number(each), each["report"], each["reason"], _hours(each)) for each in self.apart]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_sessions_that_were_never_viewed_are_absent_from_usage_and_count_as_unwatched(home: Home) -> None:
    home.keep(CREATED, EVER, [row(1), row(2), row(3)])
    home.keep(USAGE, EVER, [row(1), row(2, Views_and_Downloads="", Most_Recent_View_Date="")])
    taken = Taken(home)
    assert taken.column("views") == {1: 3, 2: 0, 3: 0}
    assert taken.column("unique_viewers") == {1: 2, 2: 2, 3: 0}
    assert taken.column("minutes_delivered") == {1: 12.5, 2: 12.5, 3: 0}
    viewed = datetime(2021, 9, 15, 0, 11, 9, tzinfo=UTC)
    assert taken.column("last_view") == {1: viewed, 2: None, 3: None}
    both = "sessions_created_or_edited,session_usage"
    assert taken.column("reports") == {1: both, 2: both, 3: "sessions_created_or_edited"}
    assert taken.apart == []


def test_the_facts_tell_the_period_the_reports_and_what_does_not_count(home: Home) -> None:
    home.keep(CREATED, EVER, [row(1), row(2), row(5, Session_Length="-6")])
    home.keep(USAGE, EVER, [row(1), row(1), row(3, Session_Length="30")])
    home.keep(USAGE, YEARS[2], [row(1)])
    kept = {name: fact for name, fact in Taken(home).facts.items() if name != "warnings"}
    assert kept == {
        "report_date": "2022-06-01",
        "period_from": "2015-06-01",
        "period_to": "2022-06-01",
        "reports": [
            f"{told} {EVER[0]}..{EVER[1]} ({kind.lower()}_{EVER[0]}--{EVER[1]}.csv)"
            for told, kind in (("sessions_created_or_edited", CREATED), ("session_usage", USAGE))
        ],
        "reports_left_out": ["session_usage 2021-06-01..2022-06-01"],
        "listed_in": {"sessions_created_or_edited": 1, "sessions_created_or_edited,session_usage": 1},
        "quarantined": {"duplicate": 1, "negative_length": 1, "unlisted": 1},
        "quarantined_hours": 0.5,
        "rows": 2,
    }
    for table, rows in ((SESSION_USAGE, 2), (SESSION_QUARANTINE, 3)):
        facts = home.lake.facts(table, str(DAY)) or {}
        assert {name: facts[name] for name in kept} == kept | {"rows": rows}


def test_views_of_years_that_follow_each_other_are_added_up(home: Home) -> None:
    home.keep(CREATED, EVER, [row(number) for number in range(4)])
    for year, (days, views) in enumerate(zip(YEARS, ("1", "20", "300"), strict=True)):
        last = {"Most Recent View Date": f"7/{year + 1}/{days[0][:4]} 8:00:00 AM"}
        more = {"Views and Downloads": views, "Unique Viewers": views} | last
        home.keep(USAGE, days, [row(0) | more, row(year + 1) | more])
    home.keep(USAGE, ("2022-05-01", "2022-06-01"), [row(3, Views_and_Downloads="5000")])
    taken = Taken(home)
    assert taken.column("views") == {0: 321, 1: 1, 2: 20, 3: 300}
    assert taken.column("minutes_delivered") == {0: 37.5, 1: 12.5, 2: 12.5, 3: 12.5}
    assert taken.column("unique_viewers") == {0: 300, 1: 1, 2: 20, 3: 300}  # at least so many
    assert str(taken.column("last_view")[0]) == "2021-07-03 12:00:00+00:00"
    assert (taken.facts["period_from"], taken.facts["period_to"]) == ("2019-06-01", "2022-06-01")


def test_a_renamed_report_of_last_month_does_not_outweigh_years(home: Home) -> None:
    home.keep(CREATED, EVER, [row(1), row(2)])
    home.keep(USAGE, EVER, [row(1, Views_and_Downloads="70"), row(2)])
    old = row(1, Start_Time="1/1/2010 8:00:00 AM", Most_Recent_View_Date="5/20/2022 8:00:00 AM")
    home.keep(USAGE, None, [old])
    assert Taken(home).column("views") == {1: 70, 2: 3}


def test_sessions_that_the_list_of_all_lacks_are_quarantined_with_their_hours(home: Home) -> None:
    listed_from = ("2020-06-01", "2022-06-01")
    home.keep(CREATED, listed_from, [row(1)])
    starts = {
        2: "6/1/2020 12:00:00 AM",  # the first instant that is listed
        3: "5/31/2020 11:59:59 PM",  # before
        4: "6/1/2022 11:59:59 PM",  # the last one
        5: "6/2/2022 12:00:00 AM",  # after
        6: "",
    }
    home.keep(USAGE, EVER, [row(number, Start_Time=text) for number, text in starts.items()])
    taken = Taken(home)
    assert list(taken.sessions) == [1, 3, 5]
    assert taken.reasons() == [(number, "session_usage", "unlisted", TEN_MINUTES) for number in (2, 4, 6)]
    assert taken.facts["quarantined_hours"] == pytest.approx(3 * TEN_MINUTES, abs=1e-9)


def test_viewed_sessions_older_than_the_list_tell_that_unwatched_ones_are_unknown(home: Home) -> None:
    home.keep(CREATED, ("2020-06-01", "2022-06-01"), [row(1)])
    home.keep(USAGE, EVER, [row(1), row(2, Start_Time="5/31/2020 11:59:59 PM")])
    (warning,) = Taken(home).facts["warnings"]
    assert warning.startswith("1 viewed sessions (0.17 h) began before the first day that is listed")
    assert "the oldest on 2020-05-31" in warning
    assert "'System session storage'" in warning


def test_what_storage_does_not_list_is_gone_and_so_is_what_a_newer_list_lacks(home: Home) -> None:
    home.keep(STORAGE, ("2015-06-01", "2021-06-01"), [row(1), row(2), row(3, Start_Time="")])
    created = [row(1), row(4)]
    home.keep(CREATED, ("2020-06-01", "2022-06-01"), created)
    home.keep(USAGE, EVER, [row(1), row(5)])
    assert list(Taken(home).sessions) == [1, 3, 4]  # 3 may be older than what is listed
    home.keep(STORAGE, EVER, [row(1), row(6)])
    taken = Taken(home)
    assert list(taken.sessions) == [1, 6]
    assert [(number, reason) for number, _, reason, _ in taken.reasons()] == [
        (4, "unlisted"),
        (5, "unlisted"),
    ]


def test_what_a_newer_list_of_the_same_days_lacks_was_deleted(home: Home) -> None:
    home.keep(USAGE, EVER, [])
    home.keep(CREATED, EVER, [row(2)])
    home.keep(
        CREATED, ("2010-01-01", "2021-12-31"), [row(1), row(2), row(3, Start_Time="1/1/2012 8:00:00 AM")]
    )
    taken = Taken(home)
    assert list(taken.sessions) == [2, 3]
    assert taken.reasons() == [(1, "sessions_created_or_edited", "unlisted", TEN_MINUTES)]


def test_what_a_session_occupies_is_its_hours_on_demand_and_archived_where_storage_tells(home: Home) -> None:
    def stored(on_demand: str, archived: str, flag: str = "False", length: str = "95.8") -> dict[str, str]:
        hours = {"On-Demand Hours": on_demand, "Archived Hours": archived, "Archived": flag}
        return hours | {"Session Length": length}

    told = {
        1: stored("1.5967", "0"),
        2: stored("0", "1.651", "True"),  # the unedited length
        3: stored("1.5", ""),
        4: stored("", "1.651", "True"),
        5: stored("", "", ""),
        6: stored("", "", "", ""),
        7: stored("0", "0"),
    }
    home.keep(STORAGE, EVER, [row(number) | more for number, more in told.items()])
    home.keep(CREATED, EVER, [row(number, Session_Length="1") for number in (1, 5)])
    home.keep(USAGE, EVER, [row(number, Session_Length="") for number in (1, 6)])
    taken = Taken(home)
    assert taken.column("hours") == {1: 1.5967, 2: 1.651, 3: 1.5, 4: 1.651, 5: 95.8 / 60, 7: 0}
    assert taken.column("hours_us")[2] == 5_943_600_000
    assert taken.column("archived") == {1: 0, 2: 1, 3: 0, 4: 1, 5: None, 7: 0}
    assert taken.column("archived_hours") == {1: 0, 2: 1.651, 3: None, 4: 1.651, 5: None, 7: 0}
    assert taken.column("on_demand_hours") == {1: 1.5967, 2: 0, 3: 1.5, 4: None, 5: None, 7: 0}
    assert taken.column("length_us")[1] == round(95.8 * 60_000_000)
    assert [(number, reason, hours) for number, _, reason, hours in taken.reasons()] == [
        (6, "no_length", None)
    ]


def test_the_newest_storage_report_tells_how_things_stand(home: Home) -> None:
    home.keep(STORAGE, ("2015-06-01", "2022-05-01"), [row(1, Archived="True"), row(2)])
    home.keep(STORAGE, YEARS[2], [row(1) | {"On-Demand Hours": "7"}])
    taken = Taken(home)
    assert (taken.column("hours"), taken.column("archived")) == ({1: 7}, {1: 0})
    assert taken.column("reports") == {1: "system_session_storage"}
    assert (taken.facts["period_from"], taken.facts["period_to"]) == YEARS[2]
    before = Taken(home, date(2022, 5, 15))
    assert before.column("archived") == {1: 1, 2: 0}


def test_views_are_of_one_period_for_all_sessions(home: Home) -> None:
    home.keep(STORAGE, ("2021-06-01", "2022-06-01"), [row(1, Views_and_Downloads="5"), row(2)])
    home.keep(USAGE, EVER, [row(1, Views_and_Downloads="7")])
    assert Taken(home).column("views") == {1: 7, 2: 0}
    home.keep(STORAGE, ("2010-06-01", "2022-06-01"), [row(1, Views_and_Downloads="9"), row(2)])
    taken = Taken(home)
    assert taken.column("views") == {1: 9, 2: 3}
    assert taken.facts["period_from"] == "2010-06-01"


def test_what_was_begun_after_the_storage_report_has_the_views_that_usage_tells(home: Home) -> None:
    start = {"Start Time": "5/20/2022 8:00:00 AM"}
    home.keep(STORAGE, ("2010-06-01", "2022-05-15"), [row(1)])
    home.keep(CREATED, EVER, [row(1), row(2) | start])
    home.keep(USAGE, EVER, [row(2) | start])
    assert Taken(home).column("views") == {1: 3, 2: 3}


def test_a_session_that_cannot_be_believed_in_one_report_does_not_count_at_all(home: Home) -> None:
    home.keep(CREATED, EVER, [row(number) for number in range(1, 6)])
    wrong = [
        row(1, Session_Length="-10"),
        row(2, Most_Recent_View_Date="2021-09-14"),
        row(3),
        row(3, Views_and_Downloads="4"),
        row(4),
        row(4),
        row(9, Session_ID="?", Session_Length="60"),
    ]
    home.keep(USAGE, EVER, wrong)
    taken = Taken(home)
    assert list(taken.sessions) == [4, 5]
    told = [(number, report.split("_")[-1], reason) for number, report, reason, _ in taken.reasons()]
    assert sorted(told) == [
        (-1, "usage", "no_session_id"),
        (1, "edited", "doubted"),
        (1, "usage", "negative_length"),
        (2, "edited", "doubted"),
        (2, "usage", "unreadable_date"),
        (3, "edited", "doubted"),
        (3, "usage", "contradiction"),
        (3, "usage", "contradiction"),
        (4, "usage", "duplicate"),
    ]
    assert taken.facts["quarantined_hours"] == pytest.approx(3 * TEN_MINUTES + 1, abs=1e-9)
    assert {each["line"] for each in taken.apart if each["reason"] == "contradiction"} == {4, 5}


def test_names_makers_and_places_are_of_the_newest_report_that_tells_them(home: Home) -> None:
    def place(*levels: str, folder: str = "", key: str = "") -> dict[str, str]:
        names = ["Root Folder (Level 0)", *(f"Subfolder (Level {level})" for level in range(1, 5))]
        told = dict.fromkeys(names, "") | dict(zip(names, levels, strict=False))
        return told | {"Folder Name": folder, "Folder ID": key}

    old, new = ("2015-06-01", "2021-06-01"), ("2021-06-01", "2022-06-01")
    home.keep(CREATED, EVER, [
        row(1, Session_Name="", Creator="", Creator_ID="") | place(),
        row(2, Session_Name="Now", Creator="", Creator_ID="x") | place("R", "S", "T", folder="F", key="k"),
        row(3) | place("R", "S", folder="S"),
        row(4) | place(folder="Deep"),
        row(5) | place("R", "", "T", folder="F"),
        row(6) | place("1", "2", "3", "4", "5", folder="6"),
    ])  # fmt: skip
    home.keep(
        USAGE, old, [row(1, Session_Name="Old", Creator="a", Creator_ID="old") | place("Old", folder="O")]
    )
    home.keep(USAGE, new, [
        row(1, Session_Name="New", Creator="b", Creator_ID="") | place("New", folder=""),
        row(2, Session_Name="Then", Creator="c", Creator_ID="c") | place("1", "2", "3", "4", "5", folder="6"),
    ])  # fmt: skip
    taken = Taken(home)
    assert [taken.column("name")[number] for number in (1, 2)] == ["New", "Now"]
    makers = {number: (each["creator"], each["creator_id"]) for number, each in taken.sessions.items()}
    assert (makers[1], makers[2]) == (("b", None), (None, "x"))
    assert taken.column("folder_path") == {
        1: "New", 2: "R / S / T / F", 3: "R / S", 4: "Deep", 5: "R / T / F", 6: "1 / 2 / 3 / 4 / 5 / 6",
    }  # fmt: skip
    names = ("folder_id", "folder_name", "root_folder", "subfolder_1", "subfolder_2", "subfolder_3")
    places = {number: tuple(each[name] for name in names) for number, each in taken.sessions.items()}
    assert places[1] == (None, None, "New", None, None, None)
    assert places[2] == ("k", "F", "R", "S", "T", None)  # whole: no level of another report


def test_a_session_without_any_place_or_maker_counts_too(home: Home) -> None:
    bare = {"Session ID": session_id(1), "Session Length": "6"}
    home.keep(STORAGE, EVER, [bare | {"On-Demand Hours": "0.1"}])
    (only,) = Taken(home).sessions.values()
    assert (only["hours"], only["folder_path"], only["creator"], only["stream_source"]) == (
        0.1,
        None,
        None,
        None,
    )


def test_reports_that_do_not_suffice_write_nothing(home: Home) -> None:
    home.keep(USAGE, EVER, [row(1)])
    with pytest.raises(ReportError, match="Sessions created or edited"):
        take_snapshot(home.lake, DAY, ZONE)
    assert home.lake.read(SESSION_USAGE, str(DAY)) is None


def test_snapshots_of_two_dates_stand_beside_each_other(home: Home) -> None:
    home.keep(CREATED, EVER, [row(1), row(2)])
    home.keep(CREATED, ("2015-06-01", "2021-12-31"), [row(1)])
    home.keep(USAGE, ("2015-06-01", "2021-12-31"), [row(1)])
    assert list(Taken(home, date(2021, 12, 31)).sessions) == [1]
    assert list(Taken(home).sessions) == [1, 2]
    assert list(Taken(home, date(2020, 1, 1)).sessions) == [1]  # none ends by then: those that end next
    kept = home.lake.read(SESSION_USAGE, "2021-12-31")
    assert kept is not None
    assert kept.num_rows == 1


def test_a_snapshot_is_the_same_however_often_it_is_taken_and_in_whatever_order_files_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "2022-07-01T08:00:00Z")
    given = [
        (CREATED, EVER, [row(1), row(2, Session_Length="x"), row(3), row(3)]),
        (USAGE, YEARS[1], [row(1), row(4)]),
        (
            USAGE,
            YEARS[2],
            [row(1, Session_Name="newest"), row(1, Session_Name="other"), row(5, Session_ID="")],
        ),
        (STORAGE, EVER, [row(1), row(3), row(6)]),
        (STORAGE, EVER, [row(1), row(3), row(7)]),
    ]
    seen = []
    for number, order in enumerate((given, given[::-1])):
        home = Home(tmp_path / str(number))
        for report in order:
            home.keep(*report)
        take_snapshot(home.lake, DAY, ZONE)
        before = snapshot(home.lake.root)
        take_snapshot(home.lake, DAY, ZONE)
        assert snapshot(home.lake.root) == before
        tables = (SESSION_USAGE, SESSION_QUARANTINE)
        seen.append([home.lake.path(table, str(DAY)).read_bytes() for table in tables])
    assert seen[0] == seen[1]


def _rows(home: Home, table: Any, day: date) -> list[Json]:
    found = home.lake.read(table, str(day))
    assert found is not None
    rows: list[Json] = found.to_pylist()
    return rows


def _number(row: Json) -> int:
    return int(row["session_id"][:8], 16) if row["session_id"] else -1


def _hours(row: Json) -> float | None:
    return None if row["hours_us"] is None else row["hours_us"] / 3.6e9
