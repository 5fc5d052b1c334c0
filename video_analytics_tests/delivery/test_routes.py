"""Which file goes where: only ever below the folder of its own route, whatever maps and names people make."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pydantic import ValidationError

from video_analytics.delivery.copying import copy
from video_analytics.delivery.folders import Folder
from video_analytics.delivery.routes import Item, period, plan, planned
from video_analytics.errors import DeliveryError
from video_analytics.settings import Brightcove, Delivery, Route, Settings, Share
from video_analytics.settings.base import refuse
from video_analytics.settings.delivery import BUILT_IN_FOLDERS
from video_analytics.settings.routing import misrouted
from video_analytics_tests.delivery.world import TODAY, account, export, export_cms, files_below, home_with

COURSE = "Sales 101[1a2b3c4d-0000-1111-2222-0123456789ab]"


def route(name: str = "r", **values: Any) -> Route:
    kept = {"source": "brightcove/daily/*", "share": "s", "folder": "f", "business_unit": "Reporting"}
    return Route(name=name, **{**kept, **values})


def targets(settings: Settings, today: dt.date = TODAY) -> list[str]:
    return [f"{item.share}:{item.target}" for item in planned(settings, today)]


# --- the built-in ones ------------------------------------------------------------------------------------


def test_each_account_has_the_folder_people_know_and_the_month(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shares = (Share(name="reports", root=str(tmp_path)), Share(name="daily", root=str(tmp_path / "daily")))
    settings = Settings(home=home, delivery=Delivery(shares=shares))
    export_cms(settings)
    export(settings, "brightcove/daily/2026/daily_analytics_2026_gwm.csv")
    export(settings, "brightcove/daily/daily_analytics_2025_2026_gwm.parquet")
    export(settings, "brightcove/daily/notes.txt")
    items = planned(settings, TODAY)
    told = {item.account: str(item.target) for item in items if item.share == "reports"}
    assert told == {key: f"{folder}/2026_06/{key}_cms.csv" for key, folder in BUILT_IN_FOLDERS.items()}
    units = {each.key: each.business_unit for each in settings.brightcove.accounts}
    assert {item.account: item.business_unit for item in items if item.account} == units
    daily = {str(item.target): (item.business_unit, item.subject) for item in items if item.share == "daily"}
    assert daily == {
        "2026/daily_analytics_2026_gwm.csv": ("Reporting", "gwm"),
        "daily_analytics_2025_2026_gwm.parquet": ("Reporting", "gwm"),
    }


def test_the_order_is_that_of_the_routes_and_then_by_path(tmp_path: Path) -> None:
    routes = [route("b", folder="b"), route("a", folder="a")]
    settings = home_with(tmp_path / "home", "s", routes=routes)
    for name in ("z.csv", "a.csv", "m.csv"):
        export(settings, f"brightcove/daily/{name}")
    expected = [f"s:{folder}/{name}.csv" for folder in "ba" for name in "amz"]
    assert targets(settings) == expected == targets(settings)


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("{YYYY_MM}", 0, "2026_12"),
        ("{YYYY_MM}", 1, "2027_01"),
        ("{YYYY}/{MM}", -12, "2025/12"),
        ("month {YYYY-MM}", 2, "month 2027-02"),
        ("", 1, "."),
    ],
)
def test_the_period_is_the_month_and_its_offset(text: str, offset: int, expected: str) -> None:
    assert str(period(text, dt.date(2026, 12, 31), offset)) == expected


def test_a_new_month_is_a_new_folder(tmp_path: Path) -> None:
    settings = home_with(tmp_path / "home", "reports", month_offset=1)
    export(settings, "brightcove/cms/neo_cms.csv")
    assert targets(settings, dt.date(2026, 11, 30)) == ["reports:NEO--IB/2026_12/neo_cms.csv"]
    assert targets(settings, dt.date(2026, 12, 1)) == ["reports:NEO--IB/2027_01/neo_cms.csv"]


# --- patterns ---------------------------------------------------------------------------------------------


def test_paths_stay_as_they_are_below_the_first_wildcard_and_brackets_are_themselves(tmp_path: Path) -> None:
    routes = [
        route("chunks", source="panopto/output[CHUNKED]/*/chunked_data.csv", folder="chunks"),
        route("one", source=f"panopto/database/{COURSE}/viewing_activity.csv", folder="one"),
    ]
    settings = home_with(tmp_path / "home", "s", routes=routes)
    export(settings, f"panopto/output[CHUNKED]/{COURSE}/chunked_data.csv")
    export(settings, f"panopto/database/{COURSE}/viewing_activity.csv")
    export(settings, "panopto/outputC/x/chunked_data.csv")
    assert targets(settings) == [f"s:chunks/{COURSE}/chunked_data.csv", "s:one/viewing_activity.csv"]
    assert {item.subject for item in planned(settings, TODAY)} == {COURSE[-37:-1]}


def test_neither_hidden_files_nor_those_being_written_nor_folders_match(tmp_path: Path) -> None:
    settings = home_with(tmp_path / "home", "s", routes=[route(source="panopto/**/*")])
    for name in (".a.csv.12-0.tmp", ".hidden", ".folder/x.csv", "x.tmp"):
        export(settings, f"panopto/{name}")
    (settings.exports / "panopto/folder.csv").mkdir()
    export(settings, "panopto/x.csv")
    assert targets(settings) == ["s:f/x.csv"]


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a\\b.csv", "C:x.csv", "con.csv", "end.", "pipe|.csv", "line\n.csv", " blank.csv", "\udcff.csv"]
)
def test_a_name_that_leads_elsewhere_on_some_system_is_refused_and_nobody_else(
    tmp_path: Path, name: str
) -> None:
    settings = home_with(tmp_path / "home", "s", routes=[route()])
    export(settings, f"brightcove/daily/{name}")
    export(settings, "brightcove/daily/good.csv")
    found = plan(settings, TODAY)
    assert [str(item.target) for item in found.items] == ["f/good.csv"]
    assert "expected a destination inside 'f'" in str(found.refused["s/r"])
    with pytest.raises(DeliveryError, match="rename"):
        planned(settings, TODAY)


def test_a_link_out_of_exports_is_refused(tmp_path: Path) -> None:
    settings = home_with(tmp_path / "home", "s", routes=[route()])
    export(settings, "brightcove/daily/good.csv")
    (tmp_path / "secret").write_text("secret")
    (settings.exports / "brightcove/daily/link.csv").symlink_to(tmp_path / "secret")
    found = plan(settings, TODAY)
    assert [str(item.target) for item in found.items] == ["f/good.csv"]
    assert "leads out of exports" in str(found.refused["s/r"])


def test_of_two_owners_of_a_destination_neither_is_delivered_but_all_others_are(tmp_path: Path) -> None:
    routes = [route("one"), route("two", source="brightcove/x/*"), route("other", folder="g")]
    settings = home_with(tmp_path / "home", "s", routes=routes)
    for name in ("daily/a.csv", "daily/b.csv", "daily/twin.csv", "daily/TWIN.csv", "x/a.csv", "x/c.csv"):
        export(settings, f"brightcove/{name}")
    found = plan(settings, TODAY)
    assert [str(item.target) for item in found.items] == ["f/b.csv", "f/c.csv", "g/a.csv", "g/b.csv"]
    assert {topic: "expected one file, got" in str(error) for topic, error in found.refused.items()} == {
        "s/one": True,
        "s/two": True,
        "s/other": True,  # its twins differ by case alone
    }
    with pytest.raises(DeliveryError, match="give each route a folder of its own"):
        planned(settings, TODAY)


@pytest.mark.parametrize(
    ("folder", "target"),
    [
        ("f", "g/x.csv"),
        ("f", "f/../g/x.csv"),
        ("f", "/f/x.csv"),
        ("f", "f"),
        ("f/2026_06", "f/x.csv"),
        (".", ".."),
        (".", "/x"),
        ("..", "../x"),
        ("/", "/etc/x"),
    ],
)
def test_no_item_can_be_made_that_leaves_its_folder(folder: str, target: str) -> None:
    with pytest.raises(DeliveryError, match="expected a destination inside"):
        Item("r", Path("x.csv"), "s", PurePosixPath(folder), PurePosixPath(target), "IB", "", "")


# --- 1,000 maps -------------------------------------------------------------------------------------------

UNITS = ("IB", "GWM", "Shared")
NAMES = ("alpha", "beta", "gamma")
ODD_FOLDERS = (
    "IB",
    "GWM/IB",
    "ib",
    "Shared/{MM}",
    "..",
    "../GWM",
    "/etc",
    "GWM/../IB",
    "C:",
    ".",
    "IB/a/../../x",
)
ODD_PERIODS = ("..", "../GWM", "{YYYY}/..", "GWM", "{XX}", "/var")
SOURCES = ("brightcove/cms/{account}_cms.csv", "brightcove/cms/{account}_*")
ODD_SOURCES = (
    *("brightcove/**/*", "brightcove/cms/*", "brightcove/cms/beta_cms.csv", "brightcove/cms/../../../x"),
    *("../outside.csv", "/etc/passwd", "brightcove/*/{account}_cms.csv"),
)
ENDINGS = ("_cms.csv", "_cms\\..\\x.csv", "_cms_x.json")
Map = tuple[list[dict[str, Any]], dict[str, str]]  # routes, unit of each account


def random_map(chance: random.Random, *, odd: float) -> Map:
    """Some routes, each value of them odd as often as asked."""
    units = {name: chance.choice(UNITS) for name in NAMES}
    routes = []
    for number in range(chance.randint(1, 2)):
        owner = chance.choice(NAMES)
        plain = {
            "source": chance.choice(SOURCES),
            "folder": chance.choice((units[owner], f"{units[owner]}/{owner}")),
            "period": chance.choice(("", "", "{YYYY_MM}", "{YYYY}/{MM}")),
            "business_unit": units[owner],
        }
        strange = {
            "source": chance.choice(ODD_SOURCES),
            "folder": chance.choice(ODD_FOLDERS),
            "period": chance.choice(ODD_PERIODS),
            "business_unit": chance.choice(UNITS),
        }
        taken = {key: strange[key] if chance.random() < odd else value for key, value in plain.items()}
        share = chance.choice(("s0", "s1"))
        routes.append({"name": f"r{number}", "share": share, "account": owner, **taken})
    return routes, units


def settings_of(drawn: Map, home: Path, roots: Path, *, checked: bool) -> Settings:
    """The map as settings; unchecked as if every check at load had been forgotten."""
    routes, units = drawn
    accounts = tuple(account(name, at, unit) for at, (name, unit) in enumerate(units.items()))
    shares = tuple(Share(name=name, root=str(roots / name)) for name in ("s0", "s1"))
    brightcove = Brightcove.model_construct(accounts=accounts)
    if checked:
        delivery = Delivery(shares=shares, routes=tuple(Route(**each) for each in routes))
        refuse(misrouted(delivery, units, home))
    else:
        made = tuple(Route.model_construct(**each) for each in routes)
        delivery = Delivery.model_construct(shares=shares, routes=made)
    return Settings.model_construct(home=home, brightcove=brightcove, delivery=delivery)


def put_all(settings: Settings) -> list[Item]:
    """Everything that is planned, as real files."""
    items = plan(settings, TODAY).items
    for share in settings.delivery.shares:
        own = [item for item in items if item.share == share.name]
        if own:
            Path(share.root).mkdir(parents=True)
            target = Folder(share.name, "ab", Path(share.root))
            for item in own:
                copy(target, item, None)
    return items


def misplaced(settings: Settings) -> Iterator[str]:
    """The files on the shares that no route of their own account's unit, or one of another unit, may have."""
    units = {each.key: each.business_unit for each in settings.brightcove.accounts}
    for share in settings.delivery.shares:
        for path, content in files_below(Path(share.root)).items():
            holders = {
                route.business_unit
                for route in settings.routes
                if route.share == share.name and PurePosixPath(path).is_relative_to(route.folder)
            }
            if holders != {units[content.decode()]}:
                yield f"{share.name}/{path} is {content.decode()}'s, and there for {holders}"


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with files of three accounts, named in ways good and bad; nothing is flushed."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setattr("os.posix_fadvise", lambda *_: None)
    settings = home_with(tmp_path / "home")
    for name in NAMES:
        for ending in ENDINGS:
            export(settings, f"brightcove/cms/{name}{ending}", name.encode())
    (tmp_path / "outside.csv").write_text("outside")
    return settings


@pytest.mark.slow
def test_in_1000_random_maps_no_file_is_outside_the_folder_of_its_unit(
    many: Settings, tmp_path: Path
) -> None:
    chance, met = random.Random(11), Counter[str]()
    while met["maps"] < 1_000:
        drawn, roots = random_map(chance, odd=0.05), tmp_path / f"maps{met['maps']}"
        try:
            settings = settings_of(drawn, many.home, roots, checked=True)
        except ValidationError:
            met["refused at load"] += 1
            continue
        met["maps"] += 1
        met["files"] += len(put_all(settings))
        assert list(misplaced(settings)) == []
    assert met["files"] > 1_200
    assert met["refused at load"] > 150
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("maps")} == {
        "home",
        "outside.csv",
    }


def test_even_maps_that_nobody_checked_stay_inside_their_folders(many: Settings, tmp_path: Path) -> None:
    chance, files, before = random.Random(12), 0, files_below(many.home)
    for number in range(200):
        roots = tmp_path / f"maps{number}"
        settings = settings_of(random_map(chance, odd=0.3), many.home, roots, checked=False)
        items = put_all(settings)
        found = {f"{share}/{path}" for share in ("s0", "s1") for path in files_below(roots / share)}
        assert found == {f"{item.share}/{item.target}" for item in items}
        assert all(item.target.is_relative_to(item.folder) for item in items)
        assert {path.name for path in roots.glob("*")} <= {"s0", "s1"}
        files += len(items)
    assert files > 50
    assert files_below(many.home) == before
