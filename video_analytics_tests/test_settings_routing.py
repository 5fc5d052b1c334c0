"""Shares and routes: what is built in, what is accepted, and that no destination ever has two owners."""

import itertools
import json
import pickle
import random
import unicodedata
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from video_analytics.settings import Delivery, Route, Settings, Share
from video_analytics.settings.delivery import BUILT_IN_FOLDERS
from video_analytics.settings.places import matches
from video_analytics_tests.test_settings import CANARY, complaint, outcome, write
from video_analytics_tests.test_settings_daily import DAILY, GOOD, REPORTS, lines, with_toml

# --- what is accepted -------------------------------------------------------------------------------------


def test_the_built_in_routes(tmp_path: Path) -> None:
    found = with_toml(tmp_path, REPORTS + DAILY).routes
    assert [(each.name, each.folder, each.business_unit) for each in found] == [
        ("circleone", "Circle-1--GWM", "GWM"),
        ("digital_networks_events", "DN&Events--Shared", "Shared"),
        ("fa_web", "FA-Web--GWMUS", "GWMUS"),
        ("impact", "Impact--GWM", "GWM"),
        ("intranet", "IntRAnet--Shared", "Shared"),
        ("myway", "MyWay--GWM", "GWM"),
        ("neo", "NEO--IB", "IB"),
        ("research_internal", "Research-Internal--IB", "IB"),
        ("research", "Research-US--IB", "IB"),
        ("sumitrust", "SuMi-Trust", "SuMi-Trust"),
        ("internet", "IntERnet--Shared", "Shared"),
        ("daily", ".", "Reporting"),
    ]
    *accounts, daily = found
    assert len(accounts) == 11
    assert {(each.share, each.period) for each in accounts} == {("reports", "{YYYY_MM}")}
    assert [each.filled for each in accounts] == [f"brightcove/cms/{key}_cms.csv" for key in BUILT_IN_FOLDERS]
    assert all(each.account == each.name for each in accounts)
    assert (daily.share, daily.source, daily.period, daily.account) == (
        "daily",
        "brightcove/daily/**/daily_analytics_*",
        "",
        None,
    )
    assert (daily.base, daily.tail) == (PurePosixPath("brightcove/daily"), "**/daily_analytics_*")


def test_built_in_routes_only_where_their_share_and_account_are(tmp_path: Path) -> None:
    account = 'id = "1"\nbusiness_unit = "IB"\ncategory = "a"\n'
    only = f"[brightcove.accounts.NEO]\n{account}[brightcove.accounts.mine]\n{account.replace('1', '2')}"
    assert [each.name for each in with_toml(tmp_path, REPORTS).routes] == list(BUILT_IN_FOLDERS)
    assert [each.name for each in with_toml(tmp_path, DAILY).routes] == ["daily"]
    assert [each.name for each in with_toml(tmp_path, REPORTS + DAILY + only).routes] == ["neo", "daily"]
    assert with_toml(tmp_path, REPORTS.replace("reports]", "other]")).routes == ()
    assert with_toml(tmp_path, f"[delivery]\nbuilt_in = false\n{REPORTS}{DAILY}").routes == ()


def test_a_route_of_the_settings_replaces_its_namesake(tmp_path: Path) -> None:
    route = """[delivery.routes.NEO]
    source = "brightcove/cms/{account}_cms.csv"
    share = "reports"
    folder = "neo--ib/here"
    business_unit = "IB"
    account = "Neo"
    [delivery.routes.chunks]
    source = "panopto/output[CHUNKED]/**/chunk_*.csv"
    share = "daily"
    folder = "Chunks"
    period = "{YYYY}/{MM}"
    business_unit = "Learning"
    """
    found = with_toml(
        tmp_path,
        REPORTS + DAILY.replace('"', "'").replace("daily]", "other]") + route.replace('"daily"', '"other"'),
    ).routes
    assert [each.name for each in found] == [
        *(key for key in BUILT_IN_FOLDERS if key != "neo"),
        "NEO",
        "chunks",
    ]
    neo, chunks = found[-2:]
    assert (neo.account, neo.filled, neo.tail) == ("neo", "brightcove/cms/neo_cms.csv", "neo_cms.csv")
    assert neo.base == PurePosixPath("brightcove/cms")
    assert (chunks.base, chunks.tail) == (PurePosixPath("panopto/output[CHUNKED]"), "**/chunk_*.csv")


def test_a_unit_without_accounts_may_have_the_files_of_all(tmp_path: Path) -> None:
    every = lines(GOOD, source='"brightcove/cms/*_cms.csv"', business_unit='"Reporting"', account="")
    found = with_toml(tmp_path, f"{REPORTS}[delivery.routes.every]\n{every}").routes[-1]
    assert (found.name, found.account, found.filled) == ("every", None, "brightcove/cms/*_cms.csv")


def test_an_account_in_a_source_is_in_lower_case() -> None:
    good = {key: json.loads(value) for key, value in GOOD.items()}
    assert (
        Route.model_validate({"name": "a", **good, "account": "NEO"}).filled == "brightcove/cms/neo_cms.csv"
    )


def test_brackets_of_a_source_are_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "panopto" / "output[CHUNKED]" / "a"
    folder.mkdir(parents=True)
    (folder / "chunk_1.csv").touch()
    route = Route(
        name="a", source="panopto/output[CHUNKED]/**/chunk_?.csv", share="s", folder=".", business_unit="X"
    )
    assert [each.name for each in tmp_path.glob(route.pattern)] == ["chunk_1.csv"]
    assert matches(route.filled, "panopto/output[CHUNKED]/a/chunk_1.csv")
    assert matches(route.filled, "panopto/output[CHUNKED]/chunk_1.csv")
    assert not matches(route.filled, "panopto/output[CHUNKED]/a/chunk_10.csv")
    assert not matches(route.filled, "panopto/outputC/a/chunk_1.csv")


ROOTS = {
    "/mnt/reports": "/mnt/reports",
    "/mnt/Reports & more (2026)/": "/mnt/Reports & more (2026)",
    "C:\\Data\\reports": "C:\\Data\\reports",
    "r:/reports/": "r:/reports",
    "R:\\": "R:\\",
    "\\\\server\\share": "\\\\server\\share",
    "\\\\server.example.com\\d$\\Z\u00fcrich\\": "\\\\server.example.com\\d$\\Z\u00fcrich",
    "smb://server/share/folder": "smb://server/share/folder",
    "smb://10.0.0.1:1445/share/": "smb://10.0.0.1:1445/share",
    "s3://bucket": "s3://bucket",
    "s3://bucket/a/prefix/": "s3://bucket/a/prefix",
    "abfs://container/x": "abfs://container/x",
    "abfss://box@account.dfs.core.windows.net/x": "abfss://box@account.dfs.core.windows.net/x",
    "az://container": "az://container",
    "gs://bucket/x": "gs://bucket/x",
    "gcs://bucket/x": "gcs://bucket/x",
    "sftp://host:2222/x": "sftp://host:2222/x",
    "ftp://[::1]:21/x": "ftp://[::1]:21/x",
    "memory://x": "memory://x",
}


@pytest.mark.parametrize(("root", "tidy"), ROOTS.items())
def test_roots_that_are_good(root: str, tidy: str) -> None:
    assert Share(name="a", root=root).root == tidy


def test_options_and_secrets_of_a_share(tmp_path: Path) -> None:
    toml = """[delivery.shares.files]
    root = "sftp://host/x"
    options = {timeout = 5, compress = true, ratio = 0.5, key_filename = "/home/id", auth_protocol = "ntlm"}
    """
    secrets = {"files": {"username": CANARY, "password": f" {CANARY}'\n", "passphrase": ""}}
    found = with_toml(tmp_path, toml, shares=secrets)
    (share,) = found.delivery.shares
    assert share.options == {
        "timeout": 5,
        "compress": True,
        "ratio": 0.5,
        "key_filename": "/home/id",
        "auth_protocol": "ntlm",
    }
    assert type(share.options["compress"]) is bool
    assert {key: each.get_secret_value() for key, each in share.secrets.items()} == {
        "username": CANARY,
        "password": f" {CANARY}'\n",
    }
    for shown in (repr(found), str(found), found.model_dump_json(), str(found.model_dump())):
        assert CANARY not in shown
    assert pickle.loads(pickle.dumps(found)).delivery == found.delivery  # noqa: S301 - our own bytes


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from([*GOOD, "period"]),
    text=st.text(max_size=12) | st.text("./\\*?{}~ ab:[]", max_size=12),
)
def test_any_text_in_a_route(tmp_path: Path, field: str, text: str) -> None:
    """Refused by us or a good route; never an error of the file system or of a glob."""
    route = {key: json.loads(value) for key, value in GOOD.items()} | {field: text}
    error: ValidationError | None = None
    try:
        Settings(
            home=tmp_path,
            delivery=Delivery.model_validate({"routes": {"a": route}, "shares": {"reports": {"root": "/r"}}}),
        )
    except ValidationError as caught:
        error = caught
    if error:
        assert {each["type"] for each in error.errors()} <= {"wrong", "string_unicode"}
        return
    made = Route.model_validate({"name": "a", **route})
    assert [*tmp_path.glob(made.pattern)] == []
    assert ".." not in PurePosixPath(made.folder, made.period).parts


# --- two owners for one destination -----------------------------------------------------------------------


def meeting(home: Path, shares: dict[str, str], *folders: tuple[str, str, str]) -> str | None:
    """What is told of routes (share, folder, unit); None if all is well."""
    tables = [f"[delivery.shares.{name}]\nroot = '{root}'\n" for name, root in shares.items()]
    for number, (share, folder, unit) in enumerate(folders):
        source = f'"panopto/{number}.csv"'
        body = lines({}, source=source, share=f'"{share}"', folder=f'"{folder}"', business_unit=f'"{unit}"')
        tables.append(f"[delivery.routes.r{number}]\n{body}")
    write(home, "settings.toml", "".join(tables))
    problems, _ = outcome(home, {})
    return problems[0] if problems else None


@pytest.mark.parametrize(
    ("folder", "other"),
    [
        ("A", "A"),
        ("A", "a"),
        ("A/B", "a"),
        (".", "A"),
        ("Z\u00fcrich", "Zu\u0308rich"),
        ("Stra\u00dfe", "STRASSE"),
        ("a/b/c", "a/B"),
    ],
)
def test_folders_of_one_share_that_meet(tmp_path: Path, folder: str, other: str) -> None:
    for one, two in ((folder, other), (other, folder)):
        told = meeting(tmp_path, {"s": "/r"}, ("s", one, "X"), ("s", two, "Y")) or ""
        assert told.startswith(
            "settings.toml: delivery.routes.r1.folder: expected a destination that no other"
        )
        assert meeting(tmp_path, {"s": "/r"}, ("s", one, "X"), ("s", two, "X")) is None


MEETING_ROOTS = [
    ("/mnt/r", "/mnt/r"),
    ("/mnt/r", "/mnt/R/A"),
    ("C:\\r", "c:/R/a"),
    ("R:\\", "r:/A"),
    ("\\\\Server\\Share", "smb://server/share/a"),
    ("\\\\server\\share\\\\a", "smb://SERVER:445/share"),
    ("s3://bucket", "s3a://bucket/a"),
    ("gs://bucket", "gcs://bucket"),
    ("sftp://host/x", "ssh://host:22/x"),
    ("az://box/x", "abfs://box/x"),
    ("abfss://box@one.dfs.core.windows.net/", "az://box"),
    ("abfss://box@one.dfs.core.windows.net", "abfs://BOX@one.blob.core.windows.net/a"),
]
APART_ROOTS = [
    ("/mnt/r", "/mnt/rr"),
    ("/mnt/r", "C:/mnt/r"),
    ("C:\\r", "D:\\r"),
    ("\\\\one\\share", "\\\\two\\share"),
    ("smb://host:445/x", "smb://host:1445/x"),
    ("s3://one", "s3://two"),
    ("s3://one", "gs://one"),
    ("sftp://host:22/x", "sftp://host:2222/x"),
    ("abfss://box@one.dfs.core.windows.net", "abfss://box@two.dfs.core.windows.net"),
]


@pytest.mark.parametrize(("root", "other"), MEETING_ROOTS)
def test_shares_that_meet(tmp_path: Path, root: str, other: str) -> None:
    shares = {"s": root, "t": other}
    told = meeting(tmp_path, shares, ("s", ".", "X"), ("t", ".", "Y")) or ""
    assert told.startswith("settings.toml: delivery.routes.r1.folder: expected a destination that no other")
    assert "which meets '.' of route r0 for X" in told
    assert meeting(tmp_path, shares, ("s", ".", "X"), ("t", ".", "X")) is None
    assert meeting(tmp_path, shares, ("s", "one", "X"), ("t", "two", "Y")) is None


@pytest.mark.parametrize(("root", "other"), APART_ROOTS)
def test_shares_that_do_not_meet(tmp_path: Path, root: str, other: str) -> None:
    assert meeting(tmp_path, {"s": root, "t": other}, ("s", ".", "X"), ("t", ".", "Y")) is None


def test_buckets_of_two_services_do_not_meet(tmp_path: Path) -> None:
    toml = "".join(
        f"[delivery.shares.s{n}]\nroot = 's3://box'\noptions = {{endpoint_url = 'http://{host}:9000'}}\n"
        f"[delivery.routes.r{n}]\nsource = 'panopto/x.csv'\nshare = 's{n}'\nfolder = '.'\n"
        f"business_unit = '{n}'\n"
        for n, host in enumerate(("one", "two"))
    )
    assert len(with_toml(tmp_path, toml).routes) == 2
    write(tmp_path, "settings.toml", toml.replace("two:", "one:"))
    assert "delivery.routes.r1.folder" in complaint(tmp_path)


def test_built_in_shares_that_meet(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", REPORTS + DAILY.replace("/mnt/daily", "/mnt/reports/Impact--GWM/daily"))
    assert complaint(tmp_path).startswith("settings.toml: delivery.shares.daily.root: expected a destination")
    assert len(with_toml(tmp_path, REPORTS + DAILY.replace("/mnt/daily", "/mnt/reports/daily")).routes) == 12


def test_a_route_into_a_built_in_folder(tmp_path: Path) -> None:
    mine = lines(GOOD, folder='"circle-1--gwm/sub"')
    write(tmp_path, "settings.toml", f"{REPORTS}[delivery.routes.mine]\n{mine}")
    assert complaint(tmp_path) == (
        "settings.toml: delivery.routes.mine.folder: expected a destination that no other business unit has, "
        "got 'circle-1--gwm/sub' for IB, which meets 'Circle-1--GWM' of route circleone for GWM; choose "
        "another folder or share: a folder and all that is in it belongs to one business unit"
    )


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ({}, {}, True),
        ({"period": '"{YYYY_MM}"'}, {"period": '"{YYYY}_{MM}"'}, True),
        ({"period": '"{YYYY_MM}"'}, {"period": '"{YYYY-MM}"'}, False),
        ({}, {"folder": '"MINE"'}, True),
        ({}, {"source": '"brightcove/cms/neo_cms.csv"'}, True),
        ({"source": '"panopto/a/x.csv"'}, {"source": '"panopto/b/X.csv"'}, True),
        ({"source": '"panopto/a/*.csv"'}, {"source": '"panopto/a/*.csv"'}, True),
        ({"source": '"panopto/a/*.csv"'}, {"source": '"panopto/b/*.csv"'}, False),
        ({}, {"folder": '"Other"'}, False),
    ],
)
def test_two_routes_to_the_same_files(
    tmp_path: Path, one: dict[str, str], two: dict[str, str], same: bool
) -> None:
    write(
        tmp_path,
        "settings.toml",
        f"{REPORTS}[delivery.routes.one]\n{lines(GOOD, **one)}[delivery.routes.two]\n{lines(GOOD, **two)}",
    )
    problems, _ = outcome(tmp_path, {})
    assert [line.split(": ")[1] for line in problems] == ["delivery.routes.two.folder"] * same
    assert all("that of route one again; remove one" in line for line in problems)


@pytest.mark.parametrize(
    ("root", "folder", "own"),
    [
        ("exports", ".", True),
        ("", "exports/x", True),
        ("Lake/x", "y", True),
        ("", ".", True),
        (".dagster", ".", True),
        ("", "shares", False),
        ("../other", ".", False),
        ("..", ".", False),
    ],
)
def test_nothing_is_delivered_into_the_platform_itself(
    tmp_path: Path, root: str, folder: str, own: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    told = meeting(home, {"s": str((home / root).resolve())}, ("s", folder, "X"))
    assert (told is not None) is own
    if told:
        assert told.startswith("settings.toml: delivery.routes.r0.folder: expected a folder outside")


# One line is one place in all its spellings; a second part of a line lies inside the first.
SPELLINGS = (
    ("/mnt/a", "/mnt/A/", "/MNT/a"),
    ("/mnt/ab", "/mnt/AB"),
    ("\\\\srv\\share", "smb://srv/share", "smb://SRV:445/Share/"),
    ("s3://box", "s3a://box"),
    ("C:\\a", "c:/A"),
)
FOLDERS = (".", "x", "x/y", "X/Y/z", "xy", "\u00e9", "e\u0301/y", "x y")


def random_map(seed: int) -> tuple[dict[str, str], list[tuple[str, str, str]], dict[str, int]]:
    """Shares, routes (share, folder, unit), and the number of the place that each share is."""
    rng = random.Random(seed)
    places = {f"s{n}": rng.randrange(len(SPELLINGS)) for n in range(rng.randint(1, 4))}
    shares = {name: rng.choice(SPELLINGS[place]) for name, place in places.items()}
    routes = [
        (rng.choice(list(shares)), rng.choice(FOLDERS), rng.choice("XY")) for _ in range(rng.randint(2, 4))
    ]
    return shares, routes, places


def true_parts(place: int, folder: str) -> tuple[str, ...]:
    tidy = unicodedata.normalize("NFC", folder).lower()
    return str(place), *(() if folder == "." else tidy.split("/"))


def shared(routes: list[tuple[str, str, str]], places: dict[str, int]) -> bool:
    """Whether a destination has two units, or lies inside one of another unit."""
    found = [(true_parts(places[share], folder), unit) for share, folder, unit in routes]
    return any(
        unit != unit_2 and one[: len(two)] == two[: len(one)]
        for (one, unit), (two, unit_2) in itertools.combinations(found, 2)
    )


def test_a_thousand_routing_maps(tmp_path: Path) -> None:
    accepted = 0
    base = Settings(home=tmp_path)
    for seed in range(1000):
        shares, routes, places = random_map(seed)
        tables = {
            f"r{n}": {"source": f"panopto/{n}.csv", "share": share, "folder": folder, "business_unit": unit}
            for n, (share, folder, unit) in enumerate(routes)
        }
        delivery = {"shares": {name: {"root": root} for name, root in shares.items()}, "routes": tables}
        try:
            made = Settings(
                home=tmp_path, brightcove=base.brightcove, delivery=Delivery.model_validate(delivery)
            )
        except ValidationError:
            assert shared(routes, places), seed
            continue
        accepted += 1
        assert not shared(routes, places), seed
        assert [each.folder for each in made.routes] == [folder for _, folder, _ in routes]
    assert 200 < accepted < 800
