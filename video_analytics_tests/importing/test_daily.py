"""Yearly daily analytics of the old scripts: into days not held, marked, and replaced when fetched."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from video_analytics.brightcove import analytics, multi_year
from video_analytics.brightcove.collect import collect_days, readings
from video_analytics.brightcove.finality import FINAL, IMPORTED, outdated
from video_analytics.brightcove.last_views import compute_last_viewed
from video_analytics.brightcove.tables import DAILY_ANALYTICS, LAST_VIEWED, MULTI_YEAR, TABLES
from video_analytics.errors import Refused
from video_analytics.lake import Lake, day_key, publish_warehouse
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Account, Settings, load_settings
from video_analytics_tests.brightcove.small_lake import put_day
from video_analytics_tests.conftest import (
    NOW,
    YESTERDAY,
    NewSandbox,
    client_of,
    days_until,
    settings_for,
    snapshot,
    true_rows,
    truth_equals_lake,
)
from video_analytics_tests.importing.desk import Place
from video_analytics_tests.importing.old_files import INTERNET, NEO, REPORTING, UNIFIED, Json, daily, write

DAY = dt.date(2025, 3, 1)
OLD = "2025/daily_analytics_summary_2025_01_01_to_2026-01-05.csv"
NEW = "output/daily/daily_analytics_2025_all.csv"


def put(place: Place, *rows: Json, name: str = OLD, columns: Sequence[str] = REPORTING) -> Path:
    return write(place.old / name, columns, rows)


def held(place: Place, day: dt.date = DAY, account: str = INTERNET) -> list[Json]:
    rows = place.lake.read(DAILY_ANALYTICS, day_key(account, day))
    return rows.to_pylist() if rows is not None else []


def facts(place: Place, day: dt.date = DAY, account: str = INTERNET) -> Json:
    return place.lake.facts(DAILY_ANALYTICS, day_key(account, day)) or {}


@pytest.mark.parametrize(
    "columns", [REPORTING, UNIFIED, [n for n in REPORTING if n != "report_generated_on"]]
)
def test_a_row_of_each_layout(place: Place, columns: list[str]) -> None:
    put(
        place,
        {n: v for n, v in daily("6300000000001.0", "2025-03-01").items() if n in columns},
        columns=columns,
    )
    told = place.run()
    assert (told.code, told.of(OLD)) == (0, (1, 0, 0))
    generated = dt.date(2026, 1, 5) if "report_generated_on" in columns else NOW.date()
    assert held(place) == [
        {
            "account_id": INTERNET,
            "video_id": "6300000000001",
            "date": DAY,
            "video_name": 'Q1, "results"\nand outlook',
            "video_view": 4,
            "views_desktop": 2,
            "views_mobile": 1,
            "views_tablet": 0,
            "views_tv": None,
            "views_other": 1,
            "video_impression": 10,
            "video_engagement_1": 4.0,
            "video_engagement_25": 4.0,
            "video_engagement_50": 3.0000000000000004,
            "video_engagement_75": 3.0,
            "video_engagement_100": 2.0,
            "video_percent_viewed": 330.0,
            "video_seconds_viewed": 611,
            "finality": IMPORTED,
            "read_on": generated,
        }
    ]
    kept = facts(place)
    assert (kept["finality"], kept["imported"], kept["source"]) == (IMPORTED, True, OLD)
    assert (kept["views"], kept["seconds"], kept["unattributed"]) == (4, 611, {})


@pytest.mark.parametrize(
    ("columns", "account"),
    [(("account_id", "channel"), NEO), (("channel",), NEO), (("account_id",), NEO), ((), None)],
)
def test_how_the_account_is_known(place: Place, columns: Sequence[str], account: str | None) -> None:
    lacking = {"account_id", "channel"} - set(columns)
    row = daily("63", "2025-03-01", account_id=f"{NEO}.0", channel="Neo")
    path = put(place, columns=[name for name in REPORTING if name not in lacking])
    write(
        path, [n for n in REPORTING if n not in lacking], [{n: v for n, v in row.items() if n not in lacking}]
    )
    told = place.run()
    assert told.of(OLD) == ((1, 0, 0) if account else (0, 0, 1))
    assert len(held(place, account=NEO)) == told.of(OLD)[0]


def test_names_of_accounts_are_those_the_old_scripts_used(place: Place) -> None:
    names = ["internet", "Intranet", "Sumi_Trust", "digital_networks_events", "MyWay", "nobody"]
    put(place, *(daily("63", "2025-03-01", account_id="", channel=name) for name in names))
    told = place.run()
    assert (told.of(OLD), "(line 12)" in told.why(OLD)) == ((5, 0, 1), True)
    assert len(list(place.lake.root.rglob("2025-03-01.parquet"))) == 5


WRONG = [
    ({"account_id": "", "channel": ""}, "expected an account of the settings"),
    ({"account_id": "99"}, "expected an account of the settings"),
    ({"account_id": NEO, "channel": "internet"}, "expected an account of the settings"),
    ({"account_id": "1.2E+12"}, "account_id: expected an account's id, all its digits"),
    ({"video_id": "6.3E+12"}, "video_id: expected a video's id, all its digits"),
    ({"video_id": ""}, "video_id is empty"),
    ({"date": "03/01/2025"}, "date: expected a day such as 2025-03-01"),
    ({"date": ""}, "date is empty"),
    ({"date": "2022-12-31"}, "before brightcove.start_date"),
    ({"date": "2026-06-15"}, "the day is not over"),
    ({"video_view": "4.5"}, "video_view: expected a whole number"),
    ({"video_impression": "-1"}, "video_impression: expected a whole number"),
    ({"video_percent_viewed": "inf"}, "video_percent_viewed: expected a number"),
    ({"report_generated_on": "soon"}, "report_generated_on: expected a day"),
]


def test_wrong_rows_are_refused_with_their_lines_and_the_others_are_taken(place: Place) -> None:
    wrong = [daily("64", "2025-03-01") | changes for changes, _ in WRONG]
    put(place, daily("63", "2025-03-01"), *wrong, daily("65", "2025-03-01"))
    told = place.run()
    assert (told.code, told.of(OLD)) == (1, (2, 0, len(WRONG)))
    said = told.report[OLD]["reason"]
    for number, (_, says) in enumerate(WRONG):
        (reason,) = (each for each in said if says in each)
        lines = reason.partition("(line")[2].strip("s )").split(", ")
        assert str(4 + 2 * number) in lines  # a name has a line break
    assert [row["video_id"] for row in held(place)] == ["63", "65"]


def test_nothing_is_null_and_zero_is_zero(place: Place) -> None:
    nothing = ["", "nan", "NaN", "None"]
    rows = [dict.fromkeys(("video_impression", "video_percent_viewed"), text) for text in nothing]
    put(place, *(daily(str(n), "2025-03-01", **row, video_view="0") for n, row in enumerate(rows)))
    assert place.run().code == 0
    names = ("video_impression", "video_percent_viewed", "video_view")
    assert [[row[name] for name in names] for row in held(place)] == [[None, None, 0]] * 4


def test_devices_that_do_not_add_up_are_left_out(place: Place) -> None:
    zeros = dict.fromkeys(("views_desktop", "views_mobile", "views_tablet", "views_other"), "0")
    put(place, daily("63", "2025-03-01", **zeros), daily("64", "2025-03-01", **zeros, video_view="0"))
    told = place.run()
    assert told.of(OLD) == (2, 0, 0)
    assert "1 rows without their devices" in told.why(OLD)
    assert [row["views_desktop"] for row in held(place)] == [None, 0]
    assert [row["video_view"] for row in held(place)] == [4, 0]


def test_a_row_said_twice_counts_once(place: Place) -> None:
    put(place, daily("63", "2025-03-01"), daily("63", "2025-03-01", video_engagement_25="4"))
    again = daily("63", "2025-03-01", name="renamed since", report_generated_on="2026-02-01T10:00:00")
    put(place, again, daily("64", "2025-03-01"), name=NEW, columns=UNIFIED)
    told = place.run()
    assert (told.of(OLD), told.of(NEW), told.code) == ((1, 1, 0), (1, 1, 0), 0)
    assert [row["video_id"] for row in held(place)] == ["63", "64"]
    assert facts(place)["source"] == f"{OLD}, {NEW}"


def test_rows_that_contradict_one_another_are_refused_with_both_values(place: Place) -> None:
    put(place, daily("63", "2025-03-01"), daily("64", "2025-03-01", views_other="1"))
    put(place, daily("63", "2025-03-01", video_view="9"), name=NEW, columns=UNIFIED)
    told = place.run()
    assert (told.of(OLD), told.of(NEW), told.code) == ((1, 0, 1), (0, 0, 1), 1)
    for name in (OLD, NEW):
        assert f"video 63 on 2025-03-01: video_view 4 ({OLD}, line 2) and 9 ({NEW}, line 2)" in told.why(name)
    assert [row["video_id"] for row in held(place)] == ["64"]
    assert place.run().of(NEW) == (0, 0, 1)  # the day is held now; the row is still not in it


def test_a_day_that_was_fetched_stays_as_it_is_even_empty(place: Place) -> None:
    account = load_settings(place.home, {}).account("Internet")
    put_day(place.lake, account, DAY, {}, finality=FINAL)
    before = snapshot(place.lake.root)
    put(place, daily("63", "2025-03-01"))
    told = place.run()
    assert (told.code, told.of(OLD)) == (0, (0, 1, 0))
    assert snapshot(place.lake.root) == before


def test_a_cut_file_gives_no_row_and_the_others_are_taken(place: Place) -> None:
    path = put(place, daily("63", "2025-03-01"), daily("64", "2025-03-01"))
    path.write_bytes(path.read_bytes()[:-20])
    put(place, daily("65", "2025-03-01"), name=NEW, columns=UNIFIED)
    told = place.run()
    assert (told.code, told.of(OLD), told.of(NEW)) == (1, (0, 0, None), (1, 0, 0))
    assert "cut off" in told.why(OLD)
    assert [row["video_id"] for row in held(place)] == ["65"]


def test_exports_and_warehouse_work_with_imported_days(place: Place) -> None:
    put(place, daily("63", "2025-03-01"), daily("64", "2025-03-01", views_other="0"))
    place.run()
    account = load_settings(place.home, {}).account("Internet")
    multi_year.consolidate(place.lake, "internet", [account], only_cached=False)
    month = place.lake.read(MULTI_YEAR, "internet/2025-03")
    assert month is not None
    first, second = month.to_pylist()
    known = ("channel", "name", "views_other", "play_rate", "engagement_score", "report_generated_on")
    assert [first[name] for name in known] == [
        *("Internet", 'Q1, "results"\nand outlook', 1, 0.4, 82.5),
        dt.date(2026, 1, 5),
    ]
    assert (second["views_other"], second["video_view"]) == (None, 4)
    assert publish_warehouse(place.lake, TABLES).exists()
    compute_last_viewed(place.lake, account)
    viewed = place.lake.read(LAST_VIEWED, account.id)
    assert viewed is not None
    assert {row["last_viewed"] for row in viewed.to_pylist()} == {DAY}


# what is fetched takes the place of what was imported


def due(settings: Settings, account: Account) -> list[dt.date]:
    return outdated(readings(Lake(settings.lake), account), account, settings.brightcove, NOW)


def fetch(settings: Settings, account: Account, days: Sequence[dt.date]) -> list[dict[str, Any]]:
    with client_of(settings) as client:
        outcomes = list(collect_days(client, Lake(settings.lake), {account: days}))
    assert not [outcome for outcome in outcomes if outcome.error]
    return [outcome.facts for outcome in outcomes]


def old_row(row: Json) -> Json:
    """A row of the vendor as the script would have written it on the next day, half read."""
    numbers = {name: row[name] for name in row if name.startswith(("video_e", "video_view"))}
    return daily(row["video_id"], str(row["date"]), account_id=row["account_id"], channel="neo", **numbers)


def test_fetched_days_replace_imported_ones(place: Place, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, place.home, accounts=["neo"])
    account = settings.account("neo")
    days = [*days_until(YESTERDAY - dt.timedelta(days=60), 3), *days_until(YESTERDAY, 2)]
    put(place, *(old_row(row) for day in days for row in true_rows(sandbox, account, day)[0][:-1]))
    assert place.run(env=sandbox.environment()).code == 0
    assert due(settings, account) == days
    assert {facts_["changed"] for facts_ in fetch(settings, account, days)} == {True}
    assert truth_equals_lake(sandbox, Lake(settings.lake), [account], days)
    assert due(settings, account) == []
    assert not any("imported" in facts(place, day, NEO) for day in days)
    assert place.run(env=sandbox.environment()).of(OLD)[0] == 0


def test_a_day_the_vendor_has_nothing_of_keeps_its_imported_rows_and_counts_as_read(
    place: Place, new_sandbox: NewSandbox
) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, place.home, accounts=["neo"], start_date=dt.date(2006, 1, 1))
    account, day = settings.account("neo"), empty_day(sandbox, settings.account("neo"))
    put(place, daily("63", str(day), account_id=NEO, channel=""))
    assert place.run(env=sandbox.environment()).code == 0
    before = held(place, day, NEO)
    (told,) = fetch(settings, account, [day])
    assert (told["finality"], told["views"]) == (FINAL, 4)
    assert held(place, day, NEO) == before
    assert (facts(place, day, NEO)["imported"], due(settings, account)) == (True, [])
    assert not fetch(settings, account, [day])[0]["changed"]


def empty_day(sandbox: Sandbox, account: Account) -> dt.date:
    """A day of which the vendor has no row."""
    day = dt.date(2006, 5, 1)
    assert true_rows(sandbox, account, day) == ([], {})
    return day


def test_a_day_the_vendor_refuses_keeps_its_imported_rows_and_stays_due(
    place: Place, new_sandbox: NewSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, place.home, accounts=["neo"])
    put(place, daily("63", "2025-03-01", account_id=NEO, channel=""))
    assert place.run(env=sandbox.environment()).code == 0
    before, account = held(place, account=NEO), settings.account("neo")

    def refuse(*_: object) -> None:
        raise Refused("TIME_RANGE_UNAVAILABLE")

    monkeypatch.setattr(analytics, "read_days", refuse)
    with client_of(settings) as client:
        (outcome,) = collect_days(client, Lake(settings.lake), {account: [DAY]})
    assert outcome.error
    assert (held(place, account=NEO), due(settings, account)) == (before, [DAY])
    assert place.run(env=sandbox.environment()).of(OLD) == (0, 1, 0)
