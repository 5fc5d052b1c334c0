"""Who may know whom, read from the source: one direction, few rooms."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import video_analytics

ROOT = Path(video_analytics.__file__).parent
MODULES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py"))

# Where orchestration is written down: by name anywhere, or by path.
ORCHESTRATION = {"assets.py", "checks.py", "resources.py"}
ORCHESTRATION_AT_THE_TOP = {
    "alerts.py",
    "automation/__init__.py",
    "automation/accounts.py",
    "automation/asking.py",
    "automation/backfills.py",
    "automation/courses.py",
    "automation/crashes.py",
    "automation/deliveries.py",
    "automation/following.py",
    "automation/overview.py",
    "automation/reports.py",
    "automation/watching.py",
    "definitions.py",
    "demo.py",  # starts a run, for the command line
    "launcher.py",  # starts runs, for Dagster's daemon
    "instance.py",  # opens Dagster's own storage, for the command line
    "partitions.py",
    "roads.py",
    "runs.py",
    "upkeep/daemon.py",  # asks Dagster's own storage for signs of life
    "warehouse.py",  # one asset over both vendors
    "storage.py",  # chooses Dagster's own storage
}
SETTINGS = {"settings", "errors", "clock"}
VENDORS = ("brightcove", "panopto")


@cache
def imports(module: str) -> tuple[str, ...]:
    """Dotted names that a module imports, wherever in it, relative ones made absolute."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"), module)
    return tuple(name for node in ast.walk(tree) for name in named(node, module))


def named(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        package = ["video_analytics", *Path(module).parent.parts]
        base = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        yield source
        yield from (f"{source}.{alias.name}" for alias in node.names)
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        yield from (str(word.value) for word in node.args[:1] if isinstance(word, ast.Constant))


def knows(module: str, *packages: str) -> set[str]:
    """Which of the packages a module imports, or something inside of them."""
    return {
        package
        for package in packages
        if any(name == package or name.startswith(f"{package}.") for name in imports(module))
    }


def own(*rooms: str) -> list[str]:
    return [f"video_analytics.{room}" for room in rooms]


def inside(folder: str) -> list[str]:
    return [module for module in MODULES if module.startswith(f"{folder}/")]


def may_orchestrate(module: str) -> bool:
    return Path(module).name in ORCHESTRATION or module in ORCHESTRATION_AT_THE_TOP


def test_there_is_something_to_read() -> None:
    assert {"http/session.py", "lake.py", "brightcove/client.py", "sandbox/server.py"} <= set(MODULES)
    assert knows("brightcove/assets.py", "dagster") == {"dagster"}
    assert knows("brightcove/client.py", *own("http")) == set(own("http"))


def test_relative_and_hidden_imports_are_seen() -> None:
    source = (
        "from ..lake import Lake\nfrom . import client\ndef late():\n    importlib.import_module('dagster')"
    )
    found = {name for node in ast.walk(ast.parse(source)) for name in named(node, "brightcove/new.py")}
    assert {"video_analytics.lake", "video_analytics.brightcove.client", "dagster"} <= found


def test_dagster_is_at_home_where_orchestration_is_written_down() -> None:
    assert [module for module in MODULES if knows(module, "dagster") and not may_orchestrate(module)] == []


def test_clients_know_neither_files_nor_dagster() -> None:
    clients = [module for module in MODULES if Path(module).name in {"client.py", "rest.py", "soap.py"}]
    clients += [*inside("http"), "brightcove/catalogue.py", "brightcove/windows.py", "brightcove/finality.py"]
    clients += ["brightcove/analytics.py"]
    beyond = [*own("lake", "files", "exports", "definitions", "partitions", "sandbox"), "dagster", "pandas"]
    assert {module: knows(module, *beyond) for module in clients if knows(module, *beyond)} == {}


def test_the_reports_are_pure() -> None:
    outside = ["requests", "dagster", "duckdb", "os", "pathlib", *own("http", "files", "sandbox")]
    assert knows("brightcove/reports.py", *outside) == set()


def test_the_session_knows_no_vendor() -> None:
    for module in inside("http"):
        assert knows(module, *own(*VENDORS, "lake", "settings", "sandbox")) == set()


def test_the_lake_knows_neither_vendors_nor_dagster() -> None:
    for module in ("lake.py", "files.py"):
        assert knows(module, "dagster", "requests", *own(*VENDORS, "http", "sandbox", "settings")) == set()


def test_the_sandbox_knows_the_contract_only() -> None:
    """It and the client cannot be wrong together."""
    known = own(*VENDORS, "http", "lake", "files", "exports", "partitions", "definitions", "settings")
    assert {module: knows(module, *known) for module in inside("sandbox") if knows(module, *known)} == {}


def test_pages_know_the_lake_and_ask_nobody() -> None:
    outside = own("brightcove.client", "panopto.rest", "panopto.soap", "http", "sandbox", "delivery.deliver")
    known = {module: knows(module, "requests", *outside) for module in inside("pages")}
    assert {module: found for module, found in known.items() if found} == {}


def test_the_platform_does_not_lean_on_the_sandbox() -> None:
    rooms = [*inside("brightcove"), *inside("panopto"), *inside("settings"), *inside("http"), "lake.py"]
    assert [module for module in rooms if knows(module, *own("sandbox"))] == []


@pytest.mark.parametrize(("vendor", "neighbour"), [VENDORS, VENDORS[::-1]])
def test_vendors_are_neighbours_that_never_meet(vendor: str, neighbour: str) -> None:
    assert [module for module in inside(vendor) if knows(module, *own(neighbour))] == []


def test_settings_know_nobody_else() -> None:
    rooms = {Path(module).parts[0].removesuffix(".py") for module in MODULES} - SETTINGS - {"__init__"}
    assert [module for module in inside("settings") if knows(module, "dagster", *own(*rooms))] == []


def test_one_reader_of_the_environment() -> None:
    """`os.environ` and `os.getenv` stand in the settings, the clock, and where a process begins."""
    begins = {"cli.py", "demo.py", "instance.py", "runs.py", "definitions.py", "clock.py", "storage.py"}
    readers = [
        module
        for module in MODULES
        if any(ast.unparse(node) in {"os.environ", "os.getenv"} for node in attributes(module))
    ]
    assert [module for module in readers if module not in begins and module not in inside("settings")] == []


def test_the_clock_is_the_only_one() -> None:
    """Nobody else asks the machine what day it is; the session may, for a Retry-After without a Date."""
    asking = {"datetime.now", "date.today", "datetime.today", "datetime.utcnow", "dt.datetime.now"}
    found = [module for module in MODULES if any(ast.unparse(node) in asking for node in attributes(module))]
    allowed = {"clock.py", "http/calls.py", "sandbox/service.py"}  # the last stamps its log with real time
    assert sorted(set(found) - allowed) == []


def attributes(module: str) -> Iterator[ast.Attribute]:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"), module)
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def test_no_module_is_named_like_the_standard_library_by_accident() -> None:
    """`http` is meant: it is only ever imported from the package. Nothing else shadows."""
    names = {Path(module).stem for module in MODULES} & set(sys.stdlib_module_names)
    assert names <= {"http"}
