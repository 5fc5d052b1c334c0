"""The plan of retention: what is built in, what a file changes, mistakes named with their mend, what-ifs."""

import json
import pickle
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from video_analytics.errors import SettingsError
from video_analytics.settings import Hours, Published, Retention, Rule, Scenario, load_settings
from video_analytics.settings.retention import Beyond
from video_analytics.settings.whatif import PLAN_KEYS, SCENARIO_KEYS, changed
from video_analytics_tests.test_settings import SCALARS, complaint, key_of, outcome, write

GOOD = "window_months = 12\nstored = [{recent = true}]\narchived = []\n"
BUILT_IN = ["save_money", "save_content", "save_zoom", "save_both"]


def with_toml(home: Path, toml: str) -> Retention:
    write(home, "settings.toml", toml)
    return load_settings(home, {}).retention


def names(found: Retention) -> list[str]:
    return [each.name for each in found.scenarios]


# --- what is built in -------------------------------------------------------------------------------------


def test_defaults_of_an_empty_home(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {}).retention
    assert found == Retention()
    plain = found.model_dump(exclude={"bundles", "scenarios", "limits"})
    assert plain == {
        "user_root_folders": ("Users",),
        "recency_months": (6, 12, 18),
        "academic_year_from": "06-01",
        "academic_year_to": "06-01",
        "creator_names": False,
        "renewal": None,
        "scenarios_built_in": True,
    }
    assert found.limits == Hours(stored=8800, created=4400, archived=4400)
    assert {each.name: (each.stored, each.created, each.archived) for each in found.bundles} == {
        "archive": (0, 0, 50_000),
        "create": (0, 4000, 0),
    }


def test_built_in_scenarios() -> None:
    found = Retention().scenarios
    assert [(each.name, each.title, each.window_months, each.bundles) for each in found] == [
        ("save_money", "Save money", 18, ()),
        ("save_content", "Save content", 18, ("archive",)),
        ("save_zoom", "Save Zoom", 6, ("create",)),
        ("save_both", "Save both", 6, ("archive", "create")),
    ]
    assert [dict(each.imported) for each in found] == [{"Zoom": 0.2}, {"Zoom": 0.2}, {}, {}]
    assert {each.stored for each in found} == {(Rule(recent=True),)}
    unwatched, not_recent = Rule(watched=False), Rule(recent=False)
    watched_not_recent = Rule(watched=True, recent=False)
    kept = Rule(watched=False, user_folder=False, except_stream_sources=("Zoom",))
    assert [each.archived for each in found] == [
        (kept, watched_not_recent),
        (not_recent,),
        (watched_not_recent,),
        (not_recent,),
    ]
    assert [each.deleted for each in found] == ["rest", (), (unwatched,), ()]


def test_built_in_published_figures_say_why() -> None:
    unwatched = (Rule(watched=False),)
    published = {each.name: each.published for each in Retention().scenarios}
    money, both = published.pop("save_money"), published.pop("save_both")
    assert (money.archived, money.deleted) == (None, Beyond(of=unwatched, beyond="archived"))
    assert (both.archived, both.deleted) == (unwatched, None)
    assert all(each.why.endswith(".") for each in (money, both))
    assert set(map(repr, published.values())) == {repr(Published())}


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("save_money", (8800, 4400, 4400)),
        ("save_content", (8800, 4400, 54_400)),
        ("save_zoom", (8800, 8400, 4400)),
        ("save_both", (8800, 8400, 54_400)),
    ],
)
def test_limits_with_bundles(name: str, hours: tuple[float, ...]) -> None:
    found = Retention()
    limits = found.limits_of(found.scenario(name))
    assert (limits.stored, limits.created, limits.archived) == hours


def test_a_bundle_counts_as_often_as_it_is_named(tmp_path: Path) -> None:
    found = with_toml(tmp_path, f'[retention.scenarios.mine]\nbundles = ["archive", "archive"]\n{GOOD}')
    assert found.limits_of(found.scenario("mine")).archived == 104_400


def test_scenario_and_bundle_by_name() -> None:
    found = Retention()
    assert found.scenario("save_zoom").title == "Save Zoom"
    assert found.bundle("archive").archived == 50_000
    with pytest.raises(SettingsError, match=r"unknown scenario 'x'; use one of save_money, .*save_both$"):
        found.scenario("x")
    with pytest.raises(SettingsError, match=r"retention.bundles: unknown bundle 'x'; use one of archive, cr"):
        found.bundle("x")


def test_a_plan_is_frozen_and_travels() -> None:
    found = Retention()
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes
    assert json.loads(found.model_dump_json())["scenarios"][0]["published"]["deleted"]["beyond"] == "archived"
    with pytest.raises(ValidationError):
        found.creator_names = True


# --- what a file changes ----------------------------------------------------------------------------------

ALL = """[retention]
user_root_folders = ["Users", "Staff"]
recency_months = [24, 6, 6]
academic_year_from = "09-01"
academic_year_to = "07-15"
creator_names = true
renewal = 2027-06-01
limits.created = 5000
[retention.bundles.big]
archived = 1e5
stored = 10
[retention.scenarios.other]
title = "Another (2)"
window_months = 24
bundles = ["big"]
imported = {Zoom = 0, "Web API" = 0.5}
stored = [{recent = true, root_folders = ["A", "(none)"]}, {created_within_months = 12}]
archived = [{created_before_months = 6, created_within_months = 12, stream_sources = ["Zoom"]}]
deleted = [{except_root_folders = ["A"]}]
published.archived = []
published.deleted = {of = [{}], beyond = "stored"}
published.why = "As it was."
[retention.scenarios.my_own]
window_months = 1
stored = []
archived = [{}]
"""


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    found = with_toml(tmp_path, ALL.replace("creator_names", "scenarios_built_in = false\ncreator_names"))
    assert (found.user_root_folders, found.recency_months) == (("Users", "Staff"), (6, 24))
    assert (found.academic_year_from, found.academic_year_to) == ("09-01", "07-15")
    assert (found.creator_names, found.renewal) == (True, date(2027, 6, 1))
    assert found.limits == Hours(stored=8800, created=5000, archived=4400)
    assert [each.name for each in found.bundles] == ["big"]
    assert names(found) == ["other", "my_own"]
    other, mine = found.scenarios
    assert (other.title, mine.title) == ("Another (2)", "My own")
    assert dict(other.imported) == {"Zoom": 0, "Web API": 0.5}
    assert other.stored == (
        Rule(recent=True, root_folders=("A", "(none)")),
        Rule(created_within_months=12),
    )
    assert (other.published.archived, other.published.deleted) == ((), Beyond(of=(Rule(),), beyond="stored"))
    assert (mine.deleted, mine.bundles, mine.published) == ("rest", (), Published())
    assert found.limits_of(other) == Hours(stored=8810, created=5000, archived=104_400)


def test_a_scenario_is_added_or_takes_its_namesakes_place(tmp_path: Path) -> None:
    found = with_toml(tmp_path, f"[retention.scenarios.mine]\n{GOOD}[retention.scenarios.save_zoom]\n{GOOD}")
    assert names(found) == [*BUILT_IN, "mine"]
    zoom = found.scenario("save_zoom")
    assert (zoom.title, zoom.window_months, zoom.bundles) == ("Save zoom", 12, ())


def test_bundles_replace_the_built_in_ones(tmp_path: Path) -> None:
    toml = "[retention.bundles.archive]\narchived = 1\n[retention.bundles.create]\n[retention.bundles.more]\n"
    found = with_toml(tmp_path, toml)
    assert [(each.name, each.archived) for each in found.bundles] == [
        ("archive", 1),
        ("create", 0),
        ("more", 0),
    ]


@pytest.mark.parametrize("table", ["bundles", "scenarios", "limits"])
def test_an_empty_table_names_nothing(tmp_path: Path, table: str) -> None:
    assert with_toml(tmp_path, f"[retention.{table}]\n") == Retention()


def test_the_renewal_in_quotes(tmp_path: Path) -> None:
    assert with_toml(tmp_path, '[retention]\nrenewal = "2027-06-01"').renewal == date(2027, 6, 1)
    assert with_toml(tmp_path, '[retention]\nrenewal = ""').renewal is None


def test_a_tuple_of_scenarios_is_all_there_is() -> None:
    mine = Scenario(name="mine", window_months=1, stored=(), archived=())
    assert names(Retention(scenarios=(mine,))) == ["mine"]


def test_zone_of_panoptos_reports_and_the_wait_for_them(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", '[panopto]\nsite_timezone = "America/Vancouver"')
    assert load_settings(tmp_path, {}).panopto.reports_zone == "America/Vancouver"
    toml = (
        '[panopto]\nreports_timezone = "Europe/Zurich"\nreporting_timezone = "UTC"\nreports_wait_minutes = 0'
    )
    write(tmp_path, "settings.toml", toml)
    found = load_settings(tmp_path, {}).panopto
    assert (found.reports_zone, found.zone, found.reports_wait_minutes) == ("Europe/Zurich", "UTC", 0)


# --- what is refused --------------------------------------------------------------------------------------


def plan(line: str, mend: str, key: str = "") -> tuple[str, str, str]:
    """A row for one wrong line in [retention]."""
    _, content, path, _ = key_of("retention", line, key or line.partition(" ")[0], mend)
    return str(content), path, mend


def scenario(line: str, mend: str, key: str = "") -> tuple[str, str, str]:
    """A row for a scenario with one wrong line, in place of the right one of that key."""
    name = line.partition(" ")[0]
    good = "\n".join(each for each in GOOD.splitlines() if not each.startswith(name))
    path = f"retention.scenarios.mine.{key or name}"
    return f"[retention.scenarios.mine]\n{good}\n{line}\n", path, mend


def rule(inside: str, mend: str, key: str = "") -> tuple[str, str, str]:
    """A row for one wrong rule."""
    return scenario(f"archived = [{{{inside}}}]", mend, f"archived{key and '.'}{key}")


def named(kind: str, name: str) -> tuple[str, str, str]:
    """A row for a scenario or bundle under a wrong name."""
    body = GOOD if kind == "scenarios" else ""
    return f"[retention.{kind}.{name}]\n{body}", f"retention.{kind}.", "choose a name such as"


UNKNOWN_BUNDLE = "correct the name, or add the bundle to [retention.bundles]"
NEVER = "remove one: what is recent has been watched"

# content of settings.toml, key in the message, a word of the mend
BROKEN: list[tuple[str, str, str]] = [
    # the shape
    ("[retenton]\n", "retenton", "'retention'"),
    ("retention = 5\n", "retention", "[retention]"),
    ("[[retention]]\n", "retention", "[retention]"),
    ("recency_months = [6]\n", "recency_months", "'retention.recency_months'"),
    plan("recent_months = [6]", "'recency_months'"),
    plan("Renewal = 2027-01-01", "'renewal'"),
    plan("bundles = 5", "[retention.bundles]"),
    plan("scenarios = []", "[retention.scenarios]"),
    plan("limits = 8800", "correct"),
    plan("scenarios.mine = 5", "[retention.scenarios.mine]", "scenarios.mine"),
    plan("bundles.archive = 50000", "[retention.bundles.archive]", "bundles.archive"),
    # the plan
    plan('user_root_folders = "Users"', "correct"),
    plan("user_root_folders = [5]", "correct"),
    plan('user_root_folders = [""]', '"(none)"'),
    plan("recency_months = []", "use 6, 12 and 18"),
    plan("recency_months = 6", "correct"),
    plan("recency_months = [6, 0]", "correct"),
    plan("recency_months = [601]", "correct"),
    plan("recency_months = [6.0]", "correct"),
    plan("recency_months = [true]", "correct"),
    plan('recency_months = ["6"]', "correct"),
    plan('academic_year_from = "06-31"', '"06-01"'),
    plan('academic_year_from = "02-29"', "no 02-29"),
    plan('academic_year_from = "6-1"', '"06-01"'),
    plan('academic_year_to = "13-01"', '"06-01"'),
    plan('academic_year_to = "2027-06-01"', '"06-01"'),
    plan('academic_year_to = "06-\u0660\u0661"', '"06-01"'),
    plan("academic_year_to = 6", "use '06-01'"),
    plan("academic_year_to = 2027-06-01", "use '06-01'"),
    plan('creator_names = "no"', "use false"),
    plan("creator_names = 0", "use false"),
    plan('renewal = "1.6.2027"', "correct"),
    plan("renewal = 2027-06-01T00:00:00", "correct"),
    plan("renewal = 1999-06-01", "year"),
    plan("scenarios_built_in = 0", "use true"),
    plan("scenarios_built_in = false", "add a [retention.scenarios.NAME]"),
    # limits and bundles
    plan("limits.stored = -1", "correct", "limits.stored"),
    plan("limits.created = nan", "correct", "limits.created"),
    plan("limits.archived = inf", "correct", "limits.archived"),
    plan('limits.archived = "8800"', "correct", "limits.archived"),
    plan("limits.archived = true", "correct", "limits.archived"),
    plan("limits.archived = 0x" + "f" * 400, "correct", "limits.archived"),
    plan("limits.archive = 5", "'archived'", "limits.archive"),
    plan('limits.name = "x"', "did you mean", "limits.name"),
    (
        "[retention.bundles.archive]\narchive = 5\n[retention.bundles.create]\n",
        "archive.archive",
        "'archived'",
    ),
    ("[retention.bundles.archive]\nname = 'x'\n[retention.bundles.create]\n", "archive.name", "did you mean"),
    ("[retention.bundles.archive]\nstored = -5\n[retention.bundles.create]\n", "archive.stored", "correct"),
    plan("bundles.big.archived = 5", "scenarios_built_in = false", "bundles"),
    named("bundles", "Big"),
    named("bundles", "all"),
    named("bundles", '"a b"'),
    # scenarios
    named("scenarios", "Mine"),
    named("scenarios", "all"),
    named("scenarios", '"a-b"'),
    named("scenarios", '"a\\nb"'),
    named("scenarios", '""'),
    named("scenarios", "con"),
    named("scenarios", "x" * 65),
    scenario('titel = "x"', "'title'"),
    scenario('name = "x"', "did you mean"),
    scenario('title = " "', "short title"),
    scenario('title = "a\\nb"', "short title"),
    scenario('title = "' + "x" * 81 + '"', "short title"),
    scenario("title = 5", "correct"),
    ("[retention.scenarios.mine]\nstored = []\narchived = []\n", "mine.window_months", "add it"),
    ("[retention.scenarios.mine]\nwindow_months = 6\narchived = []\n", "mine.stored", "add it"),
    ("[retention.scenarios.mine]\nwindow_months = 6\nstored = []\n", "mine.archived", "add it"),
    scenario("window_months = 0", "correct"),
    scenario("window_months = 601", "correct"),
    scenario("window_months = 6.0", "correct"),
    scenario('bundles = "archive"', "correct"),
    scenario("bundles = [5]", "correct"),
    scenario('bundles = ["archive", "zoom"]', UNKNOWN_BUNDLE),
    scenario('bundles = ["a\\nb"]', UNKNOWN_BUNDLE),
    scenario("imported = 0.2", "correct"),
    scenario("imported = {Zoom = 1.1}", "correct", "imported.Zoom"),
    scenario("imported = {Zoom = -0.1}", "correct", "imported.Zoom"),
    scenario('imported = {"Web API" = "20 %"}', "correct", "imported.'Web API'"),
    scenario("imported = {Zoom = true}", "correct", "imported.Zoom"),
    scenario('imported = {"" = 0.5}', '"(none)"', "imported"),
    scenario("stored = {recent = true}", "correct"),
    scenario('stored = "rest"', "correct"),
    scenario('stored = ["recent"]', "correct"),
    scenario('deleted = "rst"', "correct"),
    scenario("deleted = false", "correct"),
    scenario("deleted = {watched = false}", "correct"),
    scenario("deleted = [{watchd = false}]", "'watched'", "deleted.watchd"),
    scenario("deleted = [{}, {watched = 0}]", "correct", "deleted.rule 2.watched"),
    # rules
    rule("watchd = true", "'watched'", "watchd"),
    rule('name = "x"', "did you mean", "name"),
    rule('"a b" = 1', "did you mean", "(a long or odd name"),
    rule('watched = "yes"', "correct", "watched"),
    rule("recent = true, watched = false", NEVER),
    rule("user_folder = 1", "correct", "user_folder"),
    rule("root_folders = []", "remove the key", "root_folders"),
    rule("stream_sources = []", "remove the key", "stream_sources"),
    rule("except_root_folders = []", "remove the key", "except_root_folders"),
    rule("except_stream_sources = []", "remove the key", "except_stream_sources"),
    rule('stream_sources = "Zoom"', "correct", "stream_sources"),
    rule('stream_sources = ["Zoom", ""]', '"(none)"', "stream_sources"),
    rule('root_folders = ["A"], except_root_folders = ["B"]', "remove one"),
    rule('stream_sources = ["A"], except_stream_sources = ["B"]', "remove one"),
    rule("created_before_months = 0", "correct", "created_before_months"),
    rule("created_within_months = 601", "correct", "created_within_months"),
    rule("created_before_months = 12, created_within_months = 12", "the smaller one"),
    # published
    scenario("published = []", "correct"),
    scenario("published.archive = []", "'archived'", "published.archive"),
    scenario("published.why = 5", "correct", "published.why"),
    scenario("published.archived = [{recent = true, watched = false}]", NEVER, "published.archived"),
    scenario('published.archived = "rest"', "correct", "published.archived"),
    scenario('published.deleted = "rest"', "correct", "published.deleted"),
    scenario("published.deleted = [{watchd = true}]", "'watched'", "published.deleted.watchd"),
    scenario('published.deleted = {of = [], beyond = "all"}', "correct", "published.deleted.beyond"),
    scenario("published.deleted = {of = []}", "add it", "published.deleted.beyond"),
    scenario('published.deleted = {beyond = "stored"}', "add it", "published.deleted.of"),
    scenario(
        'published.deleted = {of = [{recnt = true}], beyond = "stored"}',
        "'recent'",
        "published.deleted.of.recnt",
    ),
    scenario(
        'published.deleted = {of = [], beyon = 1, beyond = "stored"}', "'beyond'", "published.deleted.beyon"
    ),
]


def test_enough_is_broken() -> None:
    assert len(BROKEN) >= 100


@pytest.mark.parametrize(("content", "key", "mend"), BROKEN, ids=lambda each: repr(each)[:48])
def test_each_mistake_is_named(tmp_path: Path, content: str, key: str, mend: str) -> None:
    write(tmp_path, "settings.toml", content)
    lines = complaint(tmp_path).splitlines()
    assert len(lines) == 1
    file, path, problem = lines[0].split(": ", 2)
    assert file == "settings.toml"
    assert key in path
    assert problem.startswith(("expected ", "unknown name"))
    assert mend in problem.partition("; ")[2]


def test_the_whole_line(tmp_path: Path) -> None:
    line = "published.deleted = {of = [{}, {root_folders = []}], beyond = 'stored'}"
    write(tmp_path, "settings.toml", f"[retention.scenarios.mine]\n{GOOD}{line}")
    assert complaint(tmp_path) == (
        "settings.toml: retention.scenarios.mine.published.deleted.of.rule 2.root_folders: "
        "expected at least one name, got a list; name one, or remove the key"
    )
    write(tmp_path, "settings.toml", f"[retention.scenarios.mine]\n{GOOD}bundles = ['archive', 'zoom']")
    assert complaint(tmp_path) == (
        "settings.toml: retention.scenarios.mine.bundles: expected bundles among archive, create, got zoom; "
        "correct the name, or add the bundle to [retention.bundles]"
    )
    write(tmp_path, "settings.toml", "[retention.bundles.big]\n")
    assert complaint(tmp_path) == (
        "settings.toml: retention.bundles: expected also archive, create, which scenarios use, got only big; "
        "add them, or redefine save_content, save_zoom, save_both, or set scenarios_built_in = false"
    )


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    toml = f"""[retention]
    recency_months = []
    limits = {{stored = -1, store = 1}}
    x = 1
    [retention.bundles.ok]
    [retention.bundles.Bad]
    [retention.scenarios.one]
    {GOOD}
    y = 1
    deleted = [{{z = 1, watched = 0}}]
    [retention.scenarios.two]
    [retention.scenarios.three]
    {GOOD.replace("[]", "[{recent = 1}, {recent = 2}]")}
    """
    write(tmp_path, "settings.toml", toml)
    assert sorted(
        line.split(": ")[1].removeprefix("retention.") for line in complaint(tmp_path).splitlines()
    ) == [
        "bundles.Bad",
        "limits.store",
        "limits.stored",
        "recency_months",
        "scenarios.one.deleted.watched",
        "scenarios.one.deleted.z",
        "scenarios.one.y",
        "scenarios.three.archived.rule 1.recent",
        "scenarios.three.archived.rule 2.recent",
        "scenarios.two.archived",
        "scenarios.two.stored",
        "scenarios.two.window_months",
        "x",
    ]


def test_bundles_of_all_scenarios_are_checked(tmp_path: Path) -> None:
    lines = [f"[retention.scenarios.{name}]\n{GOOD}bundles = ['{name}']" for name in ("a", "create", "b")]
    write(tmp_path, "settings.toml", "\n".join(lines))
    found = [line.split(": ")[1] for line in complaint(tmp_path).splitlines()]
    assert found == ["retention.scenarios.a.bundles", "retention.scenarios.b.bundles"]


KEYS = [
    *(f"retention.{field}" for field in Retention.model_fields),
    *(f"retention.limits.{field}" for field in (*Hours.model_fields, "x")),
    *(f"retention.bundles.a.{field}" for field in (*Hours.model_fields, "x")),
    *(f"retention.scenarios.mine.{field}" for field in Scenario.model_fields),
    *(
        f"retention.scenarios.mine.published.{field}"
        for field in (*Published.model_fields, "deleted.of", "x")
    ),
    "retention.scenarios.mine.imported.x",
]


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), scalar=SCALARS)
def test_any_scalar_at_any_key(tmp_path: Path, key: str, scalar: str) -> None:
    write(tmp_path, "settings.toml", f"{key} = {scalar}\n")
    problems, _ = outcome(tmp_path, {})
    assert all(line.startswith("settings.toml: retention.") for line in problems)


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from([*Rule.model_fields, "x"]), scalar=SCALARS)
def test_any_scalar_in_a_rule(tmp_path: Path, field: str, scalar: str) -> None:
    rules = f"[{{}}, {{{field} = {scalar}}}]"
    head = "[retention.scenarios.mine]\nwindow_months = 1\nstored = []\n"
    write(tmp_path, "settings.toml", f"{head}archived = {rules}\n")
    problems, _ = outcome(tmp_path, {})
    start = "settings.toml: retention.scenarios.mine.archived.rule 2."
    assert all(line.startswith(start + field) for line in problems)


# --- what-ifs ---------------------------------------------------------------------------------------------


def asked(*pairs: str, scenario: str = "save_money") -> Scenario:
    return changed(Retention(), scenario, pairs).scenario(scenario)


def test_nothing_changed_is_the_plan_itself() -> None:
    for name in BUILT_IN:
        assert changed(Retention(), name, []) == Retention()


RECENT = (Rule(recent=True),)


@pytest.mark.parametrize(
    ("pair", "field", "expected"),
    [
        ("window_months=12", "window_months", 12),
        (" window_months = 12 ", "window_months", 12),
        ("bundles=archive,create", "bundles", ("archive", "create")),
        ("bundles=archive, archive", "bundles", ("archive", "archive")),
        ("bundles=archive", "bundles", ("archive",)),
        ('bundles="archive"', "bundles", ("archive",)),
        ('bundles=["create"]', "bundles", ("create",)),
        ("bundles=", "bundles", ()),
        ("bundles=[]", "bundles", ()),
        ("imported.Zoom=0.5", "imported", {"Zoom": 0.5}),
        ("imported.Zoom=1", "imported", {"Zoom": 1}),
        ("imported.Web API=0.5", "imported", {"Zoom": 0.2, "Web API": 0.5}),
        ("imported.v2.1=0", "imported", {"Zoom": 0.2, "v2.1": 0}),
        ("imported={Teams = 0.1}", "imported", {"Teams": 0.1}),
        ("stored=[{recent = true}, {}]", "stored", (*RECENT, Rule())),
        ("stored=[]", "stored", ()),
        ("archived=", "archived", ()),
        ("deleted=rest", "deleted", "rest"),
        ('deleted="rest"', "deleted", "rest"),
        ("deleted=", "deleted", ()),
        ("deleted=[{recent=true}]", "deleted", RECENT),
        ("title=What if", "title", "What if"),
        ('title="What if"', "title", "What if"),
        ("title=2027", "title", "2027"),
        ("title=a=b", "title", "a=b"),
        ("published={}", "published", Published()),
    ],
)
def test_a_change_of_the_scenario(pair: str, field: str, expected: Any) -> None:
    before, after = Retention(), changed(Retention(), "save_money", [pair])
    assert getattr(after.scenario("save_money"), field) == expected
    assert names(after) == BUILT_IN
    assert after.scenarios[1:] == before.scenarios[1:]
    same = {"scenarios"}
    assert after.model_dump(exclude=same) == before.model_dump(exclude=same)
    others = {field}
    assert after.scenarios[0].model_dump(exclude=others) == before.scenarios[0].model_dump(exclude=others)


def test_published_figures_can_be_changed() -> None:
    found = asked("published.why=Because.", "published.deleted.beyond=stored").published
    unwatched = (Rule(watched=False),)
    assert (found.why, found.deleted) == ("Because.", Beyond(of=unwatched, beyond="stored"))
    assert asked("published.deleted=[{recent = true}]").published.deleted == RECENT
    assert asked("published.archived=").published.archived == ()
    fresh = 'published.deleted={of = [{}], beyond = "created"}'
    assert asked(fresh, scenario="save_zoom").published.deleted == Beyond(of=(Rule(),), beyond="created")


@pytest.mark.parametrize(
    ("pair", "field", "expected"),
    [
        ("limits.stored=10000", "limits", Hours(stored=10_000, created=4400, archived=4400)),
        ("limits.created=0.5", "limits", Hours(stored=8800, created=0.5, archived=4400)),
        ("user_root_folders=Users,Staff 2", "user_root_folders", ("Users", "Staff 2")),
        ("user_root_folders=2027", "user_root_folders", ("2027",)),
        ("user_root_folders=", "user_root_folders", ()),
        ("recency_months=24,6", "recency_months", (6, 24)),
        ("recency_months=[24, 6]", "recency_months", (6, 24)),
        ("recency_months=9", "recency_months", (9,)),
        ("academic_year_from=09-01", "academic_year_from", "09-01"),
        ('academic_year_to="07-01"', "academic_year_to", "07-01"),
        ("renewal=2027-06-01", "renewal", date(2027, 6, 1)),
        ('renewal="2027-06-01"', "renewal", date(2027, 6, 1)),
        ("renewal=", "renewal", None),
    ],
)
def test_a_change_of_the_plan(pair: str, field: str, expected: Any) -> None:
    after = changed(Retention(), "save_both", [pair])
    assert getattr(after, field) == expected
    assert after.model_copy(update={field: getattr(Retention(), field)}) == Retention()


def test_changes_are_made_in_order() -> None:
    found = asked(
        "window_months=1", "imported={}", "imported.Zoom=0.5", "imported.Teams=0", "window_months=2"
    )
    assert (found.window_months, dict(found.imported)) == (2, {"Zoom": 0.5, "Teams": 0})


def test_a_scenario_that_is_the_only_one(tmp_path: Path) -> None:
    found = with_toml(
        tmp_path, f"[retention]\nscenarios_built_in = false\n[retention.scenarios.mine]\n{GOOD}"
    )
    after = changed(found, "mine", ["window_months=3", "bundles=create"])
    assert names(after) == ["mine"]
    assert after.limits_of(after.scenario("mine")).created == 8400


def refused(*pairs: str) -> Sequence[str]:
    with pytest.raises(SettingsError) as caught:
        changed(Retention(), "save_money", pairs)
    assert caught.value.__context__ is None
    return str(caught.value).splitlines()


# a change, what names it, a word of the mend
REFUSED = [
    ("window_months", "--set window_months: expected key=value", "window_months=12"),
    ("", "--set '': expected key=value", "window_months=12"),
    ("=5", "--set '': unknown name", "did you mean"),
    ("window=12", "--set window: unknown name", "did you mean 'window_months'"),
    ("Title=x", "--set Title: unknown name", "did you mean 'title'"),
    ("name=x", "--set name: unknown name", "did you mean"),
    ("limits=5", "--set limits: unknown name", "did you mean 'limits."),
    ("limits.store=5", "--set 'limits.store': unknown name", "did you mean 'limits.stored'"),
    ("recency_month=5", "--set recency_month: unknown name", "did you mean 'recency_months'"),
    ("creator_names=true", "--set creator_names: unknown name", "Known are title, window_months"),
    ("scenarios.mine=1", "--set 'scenarios.mine': unknown name", "did you mean"),
    ("stored.x=1", "--set 'stored.x': unknown name", "did you mean 'stored'"),
    ("a\nb=1", "--set 'a\\nb': unknown name", "did you mean"),
    ("window_months=0", "--set window_months: expected at least 1, got 0", "correct"),
    ("window_months=twelve", "--set window_months: expected a whole number, got 'twelve'", "correct"),
    ("window_months=12 # a\nx = 1", "--set window_months: expected a whole number", "correct"),
    ("window_months=", "--set window_months: expected a whole number, got ''", "correct"),
    ("bundles=zoom", "--set bundles: expected bundles among archive, create, got zoom", "correct"),
    ("bundles={}", "--set bundles: expected a list", "correct"),
    ("imported.Zoom=2", "--set imported.Zoom: expected at most 1, got 2", "correct"),
    ("imported.Web API=x", "--set imported.'Web API': expected a number, got 'x'", "correct"),
    ("imported.=1", "--set imported", "(none)"),
    ("imported=5", "--set imported: expected a table, got 5", "correct"),
    ("stored={recent = true}", "--set stored: expected a list", "correct"),
    ("stored=recent", "--set stored: expected a list in [ ], got 'recent'", "correct"),
    ("stored=[{recnt = true}]", "--set stored.recnt: unknown name", "did you mean 'recent'"),
    ("archived=[{}, {root_folders = []}]", "--set archived.rule 2.root_folders: expected", "remove"),
    ("archived=[{recent = true, watched = false}]", "--set archived: expected a rule that can hold", "one"),
    ("deleted=rst", "--set deleted: expected a list of rules in [ ], or \"rest\", got 'rst'", "correct"),
    ("title=", "--set title: expected 1 to 80 characters", "short"),
    ("published.x=1", "--set published.x: unknown name", "did you mean"),
    ("published.deleted=rest", "--set published.deleted: expected a list of rules", "correct"),
    ("published.deleted.beyond=x", "--set published.deleted.beyond: expected", "correct"),
    ("published.archived.x=1", "--set published.archived: expected a list", "correct"),
    ("limits.stored=-1", "--set limits.stored: expected at least 0, got -1", "correct"),
    ("limits.stored=many", "--set limits.stored: expected a number, got 'many'", "correct"),
    ("limits.stored=1e999", "--set limits.stored: expected a finite number", "correct"),
    ("recency_months=", "--set recency_months: expected at least one", "name one"),
    ("recency_months=6,x", "--set recency_months: expected a whole number, got 'x'", "correct"),
    ("user_root_folders=a,,b", "--set user_root_folders: expected a name, got ''", "(none)"),
    ("academic_year_from=02-29", "--set academic_year_from: expected a day of every year", "06-01"),
    ("academic_year_to=", "--set academic_year_to: expected a day", "06-01"),
    ("renewal=soon", "--set renewal: expected a date", "correct"),
]


@pytest.mark.parametrize(("pair", "start", "mend"), REFUSED, ids=lambda each: repr(each)[:48])
def test_a_change_that_cannot_be_made(pair: str, start: str, mend: str) -> None:
    (line,) = refused(pair)
    assert line.startswith(start)
    assert mend in line.partition("; ")[2]


def test_all_wrong_changes_at_once() -> None:
    lines = refused("window_months=0", "x=1", "limits.stored=-1", "title=", "deleted=rest")
    assert sorted(line.split(": ")[0] for line in lines) == [
        "--set limits.stored",
        "--set title",
        "--set window_months",
        "--set x",
    ]


def test_a_what_if_of_no_scenario() -> None:
    with pytest.raises(SettingsError, match="unknown scenario 'x'; use one of save_money"):
        changed(Retention(), "x", [])


@settings(max_examples=100, deadline=None)
@given(
    key=st.sampled_from([*SCENARIO_KEYS, *PLAN_KEYS, "imported.x", "published.deleted", "published.why", "x"])
    | st.text(max_size=20),
    text=st.text(max_size=20) | SCALARS,
)
def test_any_text_at_any_key(key: str, text: str) -> None:
    lines = []
    try:
        after = names(changed(Retention(), "save_both", [f"{key}={text}"]))
    except SettingsError as error:
        lines, after = str(error).split("\n"), BUILT_IN
    assert after == BUILT_IN
    assert all(line.startswith("--set ") for line in lines)
