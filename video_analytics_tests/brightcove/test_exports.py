"""The catalogue's files: columns and order that people's workbooks know, text-safe, written only if new."""

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from video_analytics.brightcove.exports import write_cms_files, write_reporting_files
from video_analytics.lake import Lake
from video_analytics_tests.brightcove.small_lake import (
    ACCOUNTS,
    INTERNET,
    put_cache,
    put_catalogue,
    put_last_viewed,
    video,
)
from video_analytics_tests.brightcove.test_tables import words
from video_analytics_tests.conftest import snapshot

MONTH, YEARS = date(2026, 6, 15), (2025, 2026)

# The columns as the files' readers know them, in their order.
METADATA = words(
    "account_id, id, name, original_filename, description, updated_at, created_at, published_at, created_by, "
    "ad_keys, clip_source_video_id, complete, cue_points, delivery_type, digital_master_id, duration, "
    "economics, folder_id, geo, has_digital_master, images, link, long_description, projection, "
    "reference_id, schedule, sharing, state, tags, text_tracks, transcripts, updated_by, "
    "playback_rights_id, ingestion_profile_id"
)
CUSTOM = words(
    "video_content_type, relatedlinkname, relatedlink, country, language, business_unit, video_category, "
    "video_length, video_owner_email, 1a_comms_sign_off, 1b_comms_sign_off_approver, "
    "2a_data_classification_disclaimer, 3a_records_management_disclaimer, "
    "4a_archiving_disclaimer_comms_branding, 4b_unique_sharepoint_id"
)
VIEWED = words(
    "account_id, id, name, original_filename, description, dt_last_viewed, updated_at, created_at, "
    "published_at, created_by, ad_keys, clip_source_video_id, complete, cue_points, delivery_type, "
    "digital_master_id, duration, economics, folder_id, geo, has_digital_master, images, link, "
    "long_description, projection, reference_id, schedule, sharing, state, tags, text_tracks, transcripts, "
    "updated_by, playback_rights_id, ingestion_profile_id"
)
LIFECYCLE = words(
    "account_id, id, name, original_filename, description, dt_last_viewed, updated_at, created_at, "
    "published_at, created_by, duration, state, reference_id, tags, ad_keys, clip_source_video_id, complete, "
    "cue_points, delivery_type, digital_master_id, economics, folder_id, geo, has_digital_master, images, "
    "link, long_description, projection, schedule, sharing, text_tracks, transcripts, updated_by, "
    "playback_rights_id, ingestion_profile_id"
)
REPORTING = words(
    "id, name, created_at, published_at, original_filename, created_by, duration, state, reference_id, tags, "
    "video_content_type, video_length, video_category, country, language, business_unit"
)
KEYS = words(
    "internet intranet neo research research_internal impact circleone digital_networks_events fa_web "
    "sumitrust myway"
)

NASTY = (
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\ttab",
    "a,b",
    'say "hi"',
    "two\nlines",
    "a\r\nb",
    "lone\rreturn",
    " space ",
    "Zürich 漢字 🎬",
    "000123",
    "1e5",
    "NaN",
    "null",
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "exports"


def cms(lake: Lake, exports: Path) -> dict[str, Path]:
    """Write the CMS files of Internet; each by what follows the account's name."""
    written = write_cms_files(lake, exports, INTERNET, MONTH)
    return {name.rsplit("/", 1)[1].removeprefix("internet"): exports / name for name in written}


def reporting(lake: Lake, exports: Path, years: tuple[int, ...] = YEARS) -> dict[str, Path]:
    written = write_reporting_files(lake, exports, INTERNET, years)
    return {name.rsplit("/", 1)[1].removeprefix("internet"): exports / name for name in written}


def table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    return header, [dict(zip(header, line, strict=True)) for line in lines]


def sheet(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    rows = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).active
    header, *lines = [[cell.value for cell in row] for row in rows.iter_rows()]
    return header, [dict(zip(header, line, strict=True)) for line in lines]


# --- names and columns ------------------------------------------------------------------------------------


def test_files_of_all_eleven_accounts_in_lower_case(lake: Lake, exports: Path) -> None:
    names: set[str] = set()
    for account in ACCOUNTS:
        put_catalogue(lake, account, [video("1", account_id=account.id)])
        names |= write_cms_files(lake, exports, account, MONTH).keys()
        names |= write_reporting_files(lake, exports, account, YEARS).keys()
    wanted = {
        f"brightcove/cms/{key}_{tail}"
        for key in KEYS
        for tail in ("cms_metadata.json", "cms_metadata.csv", "cms.json", "cms.csv")
    }
    wanted |= {f"brightcove/lifecycle/2026-06/{key}_cms.xlsx" for key in KEYS}
    wanted |= {
        f"brightcove/reporting/{key}_{tail}_2025_2026.{kind}"
        for key in KEYS
        for tail in ("cms", "cms_cache")
        for kind in ("json", "csv")
    }
    assert names == wanted
    assert set(snapshot(exports)) == wanted
    assert len(wanted) == 11 * 9


def test_metadata_columns_then_custom_fields_then_what_the_account_has_besides(
    lake: Lake, exports: Path
) -> None:
    assert (len(METADATA), len(CUSTOM)) == (34, 15)
    fields = ["zeta", "country", "alpha", "1a_comms_sign_off"]
    put_catalogue(lake, INTERNET, [video("1", custom_fields={"alpha": "A", "country": "CH"})], fields)
    header, rows = table(cms(lake, exports)["_cms_metadata.csv"])
    assert header == [*METADATA, *CUSTOM, "zeta", "alpha"]
    assert (rows[0]["alpha"], rows[0]["zeta"], rows[0]["country"]) == ("A", "", "CH")


def test_a_custom_field_named_as_a_standard_one_makes_no_second_column(lake: Lake, exports: Path) -> None:
    held = video("1", custom_fields={"description": "mine", "state": "Bern"})
    put_catalogue(lake, INTERNET, [held], ["description", "state", "other"])
    header, rows = table(cms(lake, exports)["_cms_metadata.csv"])
    assert header == [*METADATA, *CUSTOM, "other"]
    assert (rows[0]["description"], rows[0]["state"]) == ("Short text", "ACTIVE")


def test_viewed_columns_then_custom_fields_as_they_first_appear(lake: Lake, exports: Path) -> None:
    first = video("1", custom_fields={"zeta": "z", "country": "CH"})
    second = video("2", custom_fields={"alpha": "a", "zeta": "y"})
    put_catalogue(lake, INTERNET, [first, second], ["alpha", "country", "never", "zeta"])
    put_last_viewed(lake, INTERNET, {"2": date(2026, 6, 1), "9": date(2026, 6, 2)})
    header, rows = table(cms(lake, exports)["_cms.csv"])
    assert len(VIEWED) == 35
    assert header == [*VIEWED, "cf_zeta", "cf_country", "cf_alpha"]
    assert [row["dt_last_viewed"] for row in rows] == ["", "2026-06-01"]
    assert [(row["cf_zeta"], row["cf_alpha"]) for row in rows] == [("z", ""), ("y", "a")]


def test_lifecycle_columns_then_sorted_custom_fields_then_unknown_ones(lake: Lake, exports: Path) -> None:
    first = video("1", custom_fields={"zeta": "z"}, video_preview=None, brand_new={"a": 1})
    second = video("2", custom_fields={"alpha": "a"}, other_new="x")
    put_catalogue(lake, INTERNET, [first, second])
    put_last_viewed(lake, INTERNET, {"1": date(2026, 5, 31)})
    header, rows = (
        sheet(exports / "brightcove/lifecycle/2026-06/internet_cms.xlsx") if cms(lake, exports) else ([], [])
    )
    assert len(LIFECYCLE) == 35
    unknown = ["labels", "offline_enabled", "video_preview", "brand_new", "other_new"]
    assert header == [*LIFECYCLE, "cf_alpha", "cf_zeta", *unknown]
    assert (rows[0]["dt_last_viewed"], rows[1]["dt_last_viewed"]) == ("2026-05-31", None)
    assert rows[0]["brand_new"] == '{"a":1}'


def test_reporting_columns(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [video("1")], ["country", "another"])
    header, rows = table(reporting(lake, exports)["_cms_2025_2026.csv"])
    assert header == REPORTING
    assert (rows[0]["country"], rows[0]["tags"], rows[0]["video_length"]) == ("CH", "q1,results", "")


def test_cache_columns(lake: Lake, exports: Path) -> None:
    late = video("1", labels=["x"]) | {"new_key": 1}
    put_catalogue(lake, INTERNET, [late, video("2")])
    put_cache(lake, INTERNET, {"1": date(2026, 6, 1)})
    files = reporting(lake, exports)
    header, rows = table(files["_cms_cache_2025_2026.csv"])
    keys = [key for key in late if key != "id"]
    assert header == ["id", "last_viewed_date", *keys, "publishing_state", "channel"]
    assert [row["id"] for row in rows] == ["1"]
    told = {key: rows[0][key] for key in ("last_viewed_date", "publishing_state", "channel", "duration")}
    assert told == {
        "last_viewed_date": "2026-06-01",
        "publishing_state": "published",
        "channel": "Internet",
        "duration": "185432",
    }
    held = json.loads(files["_cms_cache_2025_2026.json"].read_bytes())
    assert held == [
        {"id": "1", "last_viewed_date": "2026-06-01"}
        | {key: late[key] for key in keys}
        | {"publishing_state": "published", "channel": "Internet"}
    ]
    assert list(held[0]) == header


# --- values -----------------------------------------------------------------------------------------------


def test_values_in_text(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [video("6300000000001", reference_id="000123")])
    files = cms(lake, exports)
    for name in ("_cms_metadata.csv", "_cms.csv"):
        row = table(files[name])[1][0]
        assert row["id"] == "6300000000001"
        assert row["reference_id"] == "000123"
        assert row["tags"] == "q1,results"
        assert row["duration"] == "185432"
        assert row["ad_keys"] == row["geo"] == row["link"] == ""
        assert json.loads(row["created_by"]) == {
            "type": "user",
            "id": "70000001",
            "email": "a.person@example.com",
        }
        assert json.loads(row["schedule"]) == {"starts_at": "2025-03-05T00:00:00.000Z", "ends_at": None}
        assert json.loads(row["images"])["poster"]["sources"][0]["width"] == 1280
        assert (row["cue_points"], row["complete"]) == ("[]", "True")
    frame = pd.read_csv(files["_cms_metadata.csv"], dtype=str, keep_default_na=False)
    assert frame["reference_id"].tolist() == ["000123"]


@pytest.mark.parametrize("empty", [{"tags": None}, {"tags": []}, {"tags": ["one"]}, {"custom_fields": None}])
def test_null_and_empty_tags_and_fields(lake: Lake, exports: Path, empty: dict[str, Any]) -> None:
    held = video("1", **empty)
    bare = {key: value for key, value in held.items() if key not in empty}
    put_catalogue(lake, INTERNET, [held, bare | {"id": "2"}])
    put_cache(lake, INTERNET, {"1": date(2026, 6, 1), "2": date(2026, 6, 1)})
    files = cms(lake, exports) | reporting(lake, exports)
    for name in ("_cms_metadata.csv", "_cms.csv", "_cms_2025_2026.csv"):
        rows = table(files[name])[1]
        if "tags" in empty:
            assert [row["tags"] for row in rows] == [",".join(empty["tags"] or []), ""]
        assert [row["id"] for row in rows] == ["1", "2"]


def test_any_text_survives_csv_and_json(lake: Lake, exports: Path) -> None:
    videos = [
        video(str(number), name=text, description=text, reference_id=text, custom_fields={"country": text})
        for number, text in enumerate(NASTY)
    ]
    put_catalogue(lake, INTERNET, videos)
    put_cache(lake, INTERNET, {each["id"]: MONTH for each in videos})
    files = cms(lake, exports) | reporting(lake, exports)
    for name, path in files.items():
        if path.suffix == ".csv":
            rows = table(path)[1]
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            assert [row["name"] for row in rows] == list(NASTY), name
            assert frame["name"].tolist() == list(NASTY), name
        elif path.suffix == ".json":
            assert [row["name"] for row in json.loads(path.read_bytes())] == list(NASTY), name


def test_formulas_in_the_workbook_are_text(lake: Lake, exports: Path) -> None:
    starts = ["=1+1", "+1", "-1", "@x", "\t=1", "=HYPERLINK(1)", "=cmd|' /C calc'!A0"]
    put_catalogue(lake, INTERNET, [video(str(n), name=text, tags=[text]) for n, text in enumerate(starts)])
    path = exports / "brightcove/lifecycle/2026-06/internet_cms.xlsx"
    cms(lake, exports)
    cells = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n", "b"}
    rows = sheet(path)[1]
    assert [row["name"] for row in rows] == [row["tags"] for row in rows] == starts
    assert [row["id"] for row in rows] == [str(number) for number in range(len(starts))]
    assert rows[0]["duration"] == 185432
    assert rows[0]["reference_id"] == "000"


def test_json_is_the_vendors_list_in_ascii(lake: Lake, exports: Path) -> None:
    videos = [video("1", name="Zürich 漢字 🎬"), video("2")]
    put_catalogue(lake, INTERNET, videos, statuses={})
    files = cms(lake, exports)
    raw = files["_cms_metadata.json"].read_bytes()
    assert raw == json.dumps(videos, indent=2).encode("ascii")
    assert raw.startswith(b'[\n  {\n    "account_id": "1197194721001",\n')
    assert b"Z\\u00fcrich \\u6f22" in raw
    viewed = json.loads(files["_cms.json"].read_bytes())
    assert files["_cms.json"].read_bytes() == json.dumps(viewed, indent=2).encode("ascii")
    assert "custom_fields" not in viewed[0]
    assert (viewed[0]["dt_last_viewed"], viewed[0]["cf_country"]) == (None, "CH")


def test_csv_is_utf_8_with_plain_line_ends(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [video("1", name="Zürich")])
    raw = cms(lake, exports)["_cms_metadata.csv"].read_bytes()
    assert raw.startswith(b"account_id,id,name,")
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 2
    assert b"\r" not in raw
    assert "Zürich".encode() in raw


# --- what is in them --------------------------------------------------------------------------------------


def test_videos_that_are_gone_are_left_out(lake: Lake, exports: Path) -> None:
    gone = {"2": "deleted", "3": "missing"}
    put_catalogue(lake, INTERNET, [video(str(n)) for n in range(1, 5)], statuses=gone)
    put_last_viewed(lake, INTERNET, {str(n): MONTH for n in range(1, 5)})
    put_cache(lake, INTERNET, {str(n): MONTH for n in range(1, 5)})
    for name, path in (cms(lake, exports) | reporting(lake, exports)).items():
        if path.suffix == ".json":
            ids = [row["id"] for row in json.loads(path.read_bytes())]
        else:
            ids = [row["id"] for row in (sheet if path.suffix == ".xlsx" else table)(path)[1]]
        assert ids == ["1", "4"], name


def test_the_order_is_the_listings(lake: Lake, exports: Path) -> None:
    ids = ["9", "10", "1", "6300000000001", "007"]
    put_catalogue(lake, INTERNET, [video(each) for each in ids])
    put_cache(lake, INTERNET, dict.fromkeys(sorted(ids), MONTH))
    for path in (cms(lake, exports) | reporting(lake, exports)).values():
        if path.suffix == ".csv":
            assert [row["id"] for row in table(path)[1]] == ids


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"created_at": "2025-01-01T00:00:00.000Z"}, True),
        ({"created_at": "2026-12-31T23:59:59.999Z"}, True),
        ({"created_at": "2024-12-31T23:59:59.999Z"}, False),
        ({"created_at": "2027-01-01T00:00:00.000Z"}, False),
        ({"created_at": None}, False),
        ({"state": "INACTIVE"}, False),
        ({"state": "PENDING"}, False),
        ({"state": None}, False),
        ({"published_at": None}, False),
    ],
)
def test_reporting_holds_active_published_videos_of_the_years(
    lake: Lake, exports: Path, changes: dict[str, Any], wanted: bool
) -> None:
    put_catalogue(lake, INTERNET, [video("1", **changes)])
    files = reporting(lake, exports)
    assert len(table(files["_cms_2025_2026.csv"])[1]) == wanted
    assert len(json.loads(files["_cms_2025_2026.json"].read_bytes())) == wanted


def test_the_years_are_in_the_names_and_the_filter(lake: Lake, exports: Path) -> None:
    put_catalogue(
        lake,
        INTERNET,
        [video(str(year), created_at=f"{year}-05-05T00:00:00.000Z") for year in range(2022, 2027)],
    )
    files = reporting(lake, exports, (2022, 2024, 2026))
    rows = table(files["_cms_2022_2024_2026.csv"])[1]
    assert [row["id"] for row in rows] == ["2022", "2024", "2026"]
    assert set(files) == {
        f"_cms{tail}_2022_2024_2026.{kind}" for tail in ("", "_cache") for kind in ("csv", "json")
    }


def test_an_account_without_videos_has_files_with_a_header(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [], ["alpha"])
    files = cms(lake, exports) | reporting(lake, exports)
    assert table(files["_cms_metadata.csv"]) == ([*METADATA, *CUSTOM, "alpha"], [])
    assert table(files["_cms.csv"]) == (VIEWED, [])
    assert sheet(files["_cms.xlsx"]) == (LIFECYCLE, [])
    assert table(files["_cms_2025_2026.csv"]) == (REPORTING, [])
    assert table(files["_cms_cache_2025_2026.csv"])[0] == [
        "id",
        "last_viewed_date",
        "publishing_state",
        "channel",
    ]
    for name, path in files.items():
        if path.suffix == ".json":
            assert json.loads(path.read_bytes()) == [], name


# --- written once -----------------------------------------------------------------------------------------


def write_all(lake: Lake, exports: Path) -> dict[str, bool]:
    return write_cms_files(lake, exports, INTERNET, MONTH) | write_reporting_files(
        lake, exports, INTERNET, YEARS
    )


def test_a_second_run_writes_nothing(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [video(str(each)) for each in range(20)])
    put_last_viewed(lake, INTERNET, {"1": MONTH})
    put_cache(lake, INTERNET, {"1": MONTH})
    assert set(write_all(lake, exports).values()) == {True}
    before = snapshot(exports)
    assert set(write_all(lake, exports).values()) == {False}
    assert snapshot(exports) == before


def test_only_files_that_change_are_written(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [video("1"), video("2")])
    put_last_viewed(lake, INTERNET, {"1": date(2026, 6, 1)})
    write_all(lake, exports)
    put_last_viewed(lake, INTERNET, {"1": date(2026, 6, 2)})
    changed = {name for name, new in write_all(lake, exports).items() if new}
    assert changed == {
        "brightcove/cms/internet_cms.csv",
        "brightcove/cms/internet_cms.json",
        "brightcove/lifecycle/2026-06/internet_cms.xlsx",
    }


def test_the_same_lake_gives_the_same_bytes_anywhere(lake: Lake, tmp_path: Path) -> None:
    put_catalogue(
        lake, INTERNET, [video(str(each), name=text) for each, text in enumerate(NASTY)], ["b", "a"]
    )
    put_cache(lake, INTERNET, {"1": MONTH})
    for name in ("one", "two"):
        write_all(lake, tmp_path / name)
    one, two = snapshot(tmp_path / "one"), snapshot(tmp_path / "two")
    assert {name: held for name, (held, _) in one.items()} == {name: held for name, (held, _) in two.items()}


def test_the_workbook_has_a_folder_for_each_month(lake: Lake, exports: Path) -> None:
    put_catalogue(lake, INTERNET, [video("1")])
    for month in (date(2025, 12, 31), date(2026, 1, 1)):
        write_cms_files(lake, exports, INTERNET, month)
    found = sorted(path.parent.name for path in (exports / "brightcove" / "lifecycle").rglob("*.xlsx"))
    assert found == ["2025-12", "2026-01"]
