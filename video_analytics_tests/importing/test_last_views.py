"""Last-viewed dates of the old catalogue files: they stand in until somebody knows better."""

import datetime as dt
from pathlib import Path

from video_analytics.brightcove.last_views import LISTED, OWN, bootstrap, compute_last_viewed
from video_analytics.brightcove.tables import LAST_VIEW_LIST, LAST_VIEWED
from video_analytics_tests.brightcove.small_lake import INTERNET as ACCOUNT
from video_analytics_tests.brightcove.small_lake import put_day
from video_analytics_tests.conftest import NewSandbox, client_of, settings_for
from video_analytics_tests.importing.desk import Place
from video_analytics_tests.importing.old_files import CMS, INTERNET, REPORTING, Json, daily, video, write

FILE = "csv/internet_cms.csv"


def put(place: Place, *rows: Json, name: str = FILE) -> Path:
    return write(place.old / name, CMS, rows, "\r\n")


def dates(place: Place) -> dict[str, str]:
    table = place.lake.read(LAST_VIEW_LIST, INTERNET)
    return (
        {row["video_id"]: str(row["last_viewed"]) for row in table.to_pylist()} if table is not None else {}
    )


def last_viewed(place: Place) -> dict[str, tuple[str, str]]:
    compute_last_viewed(place.lake, ACCOUNT)
    table = place.lake.read(LAST_VIEWED, INTERNET)
    assert table is not None
    return {row["video_id"]: (str(row["last_viewed"]), row["source"]) for row in table.to_pylist()}


def test_dates_are_taken_and_marked(place: Place) -> None:
    put(place, video("63", "2019-03-01"), video("64", None), video("65", "2024-02-29 00:00:00"))
    told = place.run()
    assert (told.code, told.of(FILE)) == (0, (2, 0, 0))
    assert "1 videos without a last view" in told.why(FILE)
    assert dates(place) == {"63": "2019-03-01", "65": "2024-02-29"}
    facts = place.lake.facts(LAST_VIEW_LIST, INTERNET) or {}
    assert (facts["imported"], facts["source"]) == (True, FILE)


def test_the_latest_date_counts_whatever_the_order(place: Place) -> None:
    put(place, video("63", "2024-03-01"), name="a/internet_cms.csv")
    put(place, video("63", "2023-03-01"), video("64", "2023-03-01"), name="b/internet_cms.csv")
    told = place.run()
    assert [told.of(f"{folder}/internet_cms.csv") for folder in "ab"] == [(1, 0, 0), (1, 1, 0)]
    assert dates(place) == {"63": "2024-03-01", "64": "2023-03-01"}
    put(place, video("64", "2025-03-01"), name="b/internet_cms.csv")
    assert place.run().of("b/internet_cms.csv") == (1, 0, 0)
    assert dates(place) == {"63": "2024-03-01", "64": "2025-03-01"}


def test_what_is_refused(place: Place) -> None:
    wrong = [
        (video("63", "2024-02-30"), "dt_last_viewed: expected a day"),
        (video("63", "2026-06-15"), "the day is not over"),
        (video("6.3E+12", "2024-02-03"), "id: expected a video's id"),
        (video("", "2024-02-03"), "id is empty"),
        (video("63", "2024-02-03", account_id=""), "expected an account of the settings"),
    ]
    put(place, *(row for row, _ in wrong), name="x_cms.csv")
    put(place, video("63", "2024-02-03", account_id="99"))
    told = place.run()
    assert (told.code, told.of("x_cms.csv"), told.of(FILE)) == (1, (0, 0, 5), (0, 0, 1))
    for number, (_, says) in enumerate(wrong, 2):
        assert [
            each for each in told.report["x_cms.csv"]["reason"] if says in each and f"(line {number})" in each
        ]


def test_the_file_name_tells_the_account_where_the_row_does_not(place: Place) -> None:
    put(place, video("63", "2024-02-03", account_id=""), name="Sumi_Trust_cms.csv")
    assert place.run().code == 0
    assert (place.lake.facts(LAST_VIEW_LIST, "5653786046001") or {})["rows"] == 1


def test_dates_that_count_impressions_are_not_taken(place: Place) -> None:
    name = "csv/internet_cms_cache_2024_2025.csv"
    write(
        place.old / name, ["id", "last_viewed_date", "name"], [{"id": "63", "last_viewed_date": "2025-01-01"}]
    )
    told = place.run()
    assert (told.code, told.of(name)) == (0, (0, 0, 0))
    assert "count impressions as views" in told.why(name)
    assert dates(place) == {}


def test_own_rows_say_more_but_imported_days_may_lack_videos(place: Place) -> None:
    fetched, brought = dt.date(2025, 3, 1), dt.date(2025, 3, 2)
    put_day(place.lake, ACCOUNT, fetched, {"63": {"video_view": 1}}, finality="final")
    write(place.old / "daily.csv", REPORTING, [daily("65", str(brought))])
    put(place, video("63", "2024-01-01"), video("64", str(fetched)), video("66", str(brought)))
    assert place.run().code == 0
    assert last_viewed(place) == {
        "63": (str(fetched), OWN),
        "65": (str(brought), OWN),
        "66": (str(brought), LISTED),  # 64 was not viewed on that day: the vendor was asked
    }


def test_the_vendors_own_list_takes_their_place_once_it_is_read(
    place: Place, new_sandbox: NewSandbox
) -> None:
    sandbox = new_sandbox()
    settings = settings_for(sandbox, place.home, accounts=["Internet"])
    put(place, video("63", "2019-03-01"))
    assert place.run(env=sandbox.environment()).code == 0
    with client_of(settings) as client:
        assert bootstrap(client, place.lake, settings.account("Internet")) == "read"
        assert bootstrap(client, place.lake, settings.account("Internet")) == "known"
    assert len(dates(place)) > 1
    assert dates(place)["63"] == "2019-03-01"  # a video the vendor does not know any more
    put(place, video("63", "2025-03-01"))
    assert place.run(env=sandbox.environment()).of(FILE) == (0, 1, 0)
    assert dates(place)["63"] == "2019-03-01"
