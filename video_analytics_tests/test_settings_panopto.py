"""Panopto's settings: names new and old, what belongs together, and mistakes named without their secrets."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from video_analytics.errors import SettingsError
from video_analytics.settings import Panopto, Settings, load_settings
from video_analytics_tests.test_settings import CANARY, complaint, key_of, outcome, write

ZERO = "00000000-0000-0000-0000-000000000000"
GUID = "1a2b3c4d-0000-1111-2222-0123456789ab"
REST = {"PANOPTO_CLIENT_ID": "id", "PANOPTO_CLIENT_SECRET": "secret"}
SITE = {"PANOPTO_SERVER": "site.example", **REST}
SECRETS = ("password", "client_id", "client_secret", "pseudonym_key")
TEXTS = ("username", *SECRETS)


def plain(found: Panopto) -> dict[str, str | None]:
    """The texts a user gives, secrets among them as they are."""
    values = {"server": found.server, **{name: getattr(found, name) for name in TEXTS}}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }


def dotenv(
    home: Path, *lines: str, encoding: str = "utf-8", environ: dict[str, str] | None = None
) -> Panopto:
    write(home, ".env", "\n".join(lines).encode(encoding))
    return load_settings(home, environ or {}).panopto


def with_toml(home: Path, toml: str, environ: dict[str, str] | None = None) -> Panopto:
    write(home, "settings.toml", toml)
    return load_settings(home, environ or {}).panopto


# --- defaults ---------------------------------------------------------------------------------------------

DEFAULTS = {
    "server": None,
    "username": None,
    "password": None,
    "client_id": None,
    "client_secret": None,
    "pseudonym_key": None,
    "start_date": date(2010, 1, 1),
    "trailing_days": 7,
    "site_timezone": "UTC",
    "reporting_timezone": None,
    "reports_timezone": None,
    "reports_wait_minutes": 10,
    "chunks": 20,
    "completed_percent": 75.0,
    "anonymous_ids": (ZERO,),
    "pseudonymise": False,
    "legacy_rows": False,
    "sweep_days": 7,
    "change_feed": True,
    "page_size": 150,
    "daily_years": 2,
    "calls_per_second": 5,
    "calls_per_minute": 100,
    "calls_per_hour": 5000,
    "parallel_courses": 2,
    "parallel_sessions": 4,
    "timeout_seconds": 60.0,
    "max_wait_seconds": 120.0,
    "attempts": 6,
}


def test_defaults_of_an_empty_home(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {}).panopto
    assert found.model_dump() == DEFAULTS
    assert not found.configured
    assert found.zone == "UTC"


def test_the_zone_of_reports_is_the_sites_unless_set(tmp_path: Path) -> None:
    assert with_toml(tmp_path, '[panopto]\nsite_timezone = "America/Vancouver"').zone == "America/Vancouver"
    both = '[panopto]\nsite_timezone = "America/Vancouver"\nreporting_timezone = "Europe/Zurich"'
    assert with_toml(tmp_path, both).zone == "Europe/Zurich"


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    toml = f"""[panopto]
    server = "site.example"
    username = 'unified\\tom'
    start_date = 2015-06-01
    trailing_days = 60
    completed_percent = 99.5
    anonymous_ids = ["{{{GUID.upper()}}}", "{ZERO}", "{GUID}"]
    pseudonymise = true
    daily_years = 10
    calls_per_hour = 20000
    """
    key = {"PANOPTO_PSEUDONYM_KEY": "sixteen or longer", "PANOPTO_PASSWORD": "x"}
    found = with_toml(tmp_path, toml, {**REST, **key})
    assert (found.configured, found.username, found.start_date) == (True, "unified\\tom", date(2015, 6, 1))
    assert found.anonymous_ids == (ZERO, GUID)
    assert (found.trailing_days, found.completed_percent, found.pseudonymise) == (60, 99.5, True)
    assert (found.daily_years, found.calls_per_hour) == (10, 20_000)


# --- the server -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("site.hosted.panopto.com", "https://site.hosted.panopto.com"),
        ("Site.Hosted.Panopto.COM/", "https://site.hosted.panopto.com"),
        ("site.example/Panopto", "https://site.example"),
        ("site.example:8443/Panopto/", "https://site.example:8443"),
        ("https://site.example", "https://site.example"),
        ("HTTPS://Site.example/panopto/", "https://site.example"),
        ("https://site.example:444/", "https://site.example:444"),
        ("http://localhost:8001/Panopto", "http://localhost:8001"),
        ("http://127.0.0.1:8001/", "http://127.0.0.1:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("localhost:8001", "https://localhost:8001"),
        ("panopto/panopto", "https://panopto"),
    ],
)
def test_a_server_as_people_write_it(tmp_path: Path, given: str, expected: str) -> None:
    assert load_settings(tmp_path, {**REST, "PANOPTO_SERVER": given}).panopto.server == expected
    assert with_toml(tmp_path, f'[panopto]\nserver = "{given}"', REST).server == expected


# --- which source wins ------------------------------------------------------------------------------------


def test_environment_beats_dotenv_beats_old_names_beats_secrets_beats_toml(tmp_path: Path) -> None:
    names = ("server", *TEXTS)
    key = " of sixteen letters"  # a suffix that is long enough for all, also for the key

    def value(level: str, name: str) -> str:
        separator = "." if name == "server" else "-"
        suffix = "" if name in {"server", "client_id", "client_secret"} else key
        return f"{level}{separator}{name.replace('_', '')}{suffix}"

    def expected(level: str, *fields: str) -> dict[str, str]:
        return {
            name: ("https://" if name == "server" else "") + value(level, name) for name in fields or names
        }

    environ = {f"PANOPTO_{name.upper()}": value("process", name) for name in names}
    new = [f"PANOPTO_{name.upper()}={value('new', name)}" for name in names]
    old = [f"{name.upper()}={value('old', name)}" for name in names if name != "pseudonym_key"]
    write(tmp_path, "secrets.json", json.dumps({"panopto": {name: value("json", name) for name in TEXTS}}))
    both = {name: value("toml", name) for name in ("server", "username")}
    write(tmp_path, "settings.toml", "[panopto]\n" + "\n".join(f'{k} = "{v}"' for k, v in both.items()))

    assert plain(dotenv(tmp_path, *new, *old, environ=environ)) == expected("process")
    assert plain(dotenv(tmp_path, *new, *old, environ=dict.fromkeys(environ, " "))) == expected("new")
    assert plain(dotenv(tmp_path, *old, *new)) == expected("new")
    found = plain(dotenv(tmp_path, *old, *(f"{line.split('=')[0]}=" for line in new)))
    assert found == {**expected("old"), **expected("json", "pseudonym_key")}
    assert plain(dotenv(tmp_path)) == {**expected("toml", "server"), **expected("json", *TEXTS)}
    write(tmp_path, "secrets.json", '{"panopto": {"client_id": "a", "client_secret": "b", "password": "c"}}')
    assert dotenv(tmp_path).username == "toml-username of sixteen letters"


# --- .env and its old names -------------------------------------------------------------------------------

OLD = ("SERVER=old.example", "USERNAME=tom", "PASSWORD=pass", "CLIENT_ID=id", "CLIENT_SECRET=secret")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_existing_file_with_the_old_names(tmp_path: Path, encoding: str, quote: str, newline: str) -> None:
    text = newline.join(line.replace("=", f" = {quote}") + quote for line in OLD) + newline
    write(tmp_path, ".env", text.encode(encoding))
    assert plain(load_settings(tmp_path, {}).panopto) == {
        "server": "https://old.example",
        "username": "tom",
        "password": "pass",
        "client_id": "id",
        "client_secret": "secret",
        "pseudonym_key": None,
    }


def test_old_names_of_the_process_are_nobodys(tmp_path: Path) -> None:
    """Windows sets USERNAME for everybody; others set SERVER."""
    process = dict(line.split("=") for line in OLD)
    assert plain(load_settings(tmp_path, process).panopto) == dict.fromkeys(("server", *TEXTS))
    found = dotenv(tmp_path, *OLD, environ=dict.fromkeys(process, "the system's"))
    assert plain(found)["username"] == "tom"
    assert plain(found)["server"] == "https://old.example"


def test_unprefixed_names_without_a_server_are_other_programs(tmp_path: Path) -> None:
    assert plain(dotenv(tmp_path, *OLD[1:])) == dict.fromkeys(("server", *TEXTS))
    assert plain(dotenv(tmp_path, "USERNAME", "PASSWORD=x", "server=y", "HOST=z"))["password"] is None
    found = dotenv(tmp_path, *OLD[1:], environ={"PANOPTO_SERVER": "new.example"})
    assert plain(found)["username"] == "tom"
    write(tmp_path, "settings.toml", '[panopto]\nserver = "toml.example"')
    assert plain(dotenv(tmp_path, *OLD[1:]))["client_id"] == "id"


def test_names_that_others_set_in_the_environment_are_not_ours(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {"PANOPTO_FOLDER": "x", "panopto_server": "y", **SITE}).panopto
    assert found.server == "https://site.example"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("PASSWORD=a b", "a b"),
        ("PASSWORD=a$b${HOME}", "a$b${HOME}"),
        ("PASSWORD=a#b", "a#b"),
        ("PASSWORD=a'b\"c", "a'b\"c"),
        ("PASSWORD='a #b'", "a #b"),
        ('PASSWORD="it\'s #1"', "it's #1"),
        ("PASSWORD='Z\u00fcrich\u2013\u65e5\u672c \U0001f511'", "Z\u00fcrich\u2013\u65e5\u672c \U0001f511"),
        ("PASSWORD='a\u00a0b'", "a\u00a0b"),
        ("PASSWORD=a=b==", "a=b=="),
        ("PASSWORD='a\\tb'", "a\\tb"),
        ("export PASSWORD=x # a comment", "x"),
    ],
)
def test_passwords_as_people_have_them(tmp_path: Path, line: str, expected: str) -> None:
    for each in (line, line.replace("PASSWORD", "PANOPTO_PASSWORD")):
        found = dotenv(tmp_path, *(old for old in OLD if not old.startswith("PASSWORD")), each)
        assert plain(found)["password"] == expected


PRINTABLE = st.characters(exclude_categories=["C", "Z"]) | st.just(" ")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=st.text(PRINTABLE, min_size=1, max_size=30))
def test_any_password_in_any_place(tmp_path: Path, password: str) -> None:
    expected = password.strip() or None
    user = {"PANOPTO_USERNAME": "tom"} if expected else {}
    for file in tmp_path.iterdir():
        file.unlink()
    found = load_settings(tmp_path, {**SITE, **user, "PANOPTO_PASSWORD": password})
    assert plain(found.panopto)["password"] == expected
    write(tmp_path, "secrets.json", json.dumps({"panopto": {"password": password}}))
    assert plain(load_settings(tmp_path, {**SITE, **user}).panopto)["password"] == expected
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    assert plain(dotenv(tmp_path, f"PASSWORD='{quoted}'", environ={**SITE, **user}))["password"] == expected


# --- what belongs together --------------------------------------------------------------------------------

# environment, both names in the message, a word of the mend
INCOMPLETE = [
    ({"PANOPTO_SERVER": "s.example"}, ("PANOPTO_SERVER", "client_id and client_secret"), "PANOPTO_CLIENT_ID"),
    (
        {"PANOPTO_SERVER": "s.example", "PANOPTO_USERNAME": "u", "PANOPTO_PASSWORD": CANARY},
        ("PANOPTO_SERVER", "client_id and client_secret"),
        "PANOPTO_CLIENT_SECRET",
    ),
    (
        {"PANOPTO_SERVER": "s.example", "PANOPTO_CLIENT_ID": CANARY},
        ("PANOPTO_CLIENT_ID", "client_secret"),
        "PANOPTO_CLIENT_SECRET to .env",
    ),
    (
        {"PANOPTO_SERVER": "s.example", "PANOPTO_CLIENT_SECRET": CANARY},
        ("PANOPTO_CLIENT_SECRET", "client_id"),
        "PANOPTO_CLIENT_ID to .env",
    ),
    ({**SITE, "PANOPTO_USERNAME": CANARY}, ("PANOPTO_USERNAME", "password"), "PANOPTO_PASSWORD to .env"),
    ({**SITE, "PANOPTO_PASSWORD": CANARY}, ("PANOPTO_PASSWORD", "username"), "PANOPTO_USERNAME to .env"),
    (REST, ("PANOPTO_CLIENT_ID", "server"), "PANOPTO_SERVER"),
    (
        {"PANOPTO_USERNAME": CANARY, "PANOPTO_PASSWORD": CANARY},
        ("PANOPTO_USERNAME", "server"),
        "PANOPTO_SERVER to .env",
    ),
]


@pytest.mark.parametrize(("environ", "names", "mend"), INCOMPLETE, ids=lambda each: repr(each)[:48])
def test_what_is_incomplete_is_named(
    tmp_path: Path, environ: dict[str, str], names: tuple[str, str], mend: str
) -> None:
    (line,) = complaint(tmp_path, environ).splitlines()
    assert line.startswith(f"environment: {names[0]}: expected together with {names[1]}")
    assert mend in line


def test_halves_are_told_where_they_stand(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", f'[panopto]\nusername = "{CANARY}"')
    write(tmp_path, ".env", f"SERVER=s.example\nCLIENT_ID={CANARY}")
    client, user = complaint(tmp_path).splitlines()
    assert client == (
        ".env: CLIENT_ID: expected together with client_secret, got it alone; "
        'add PANOPTO_CLIENT_SECRET to .env or client_secret to "panopto" in secrets.json'
    )
    assert user == (
        "settings.toml: panopto.username: expected together with password, got it alone; "
        'add PANOPTO_PASSWORD to .env or password to "panopto" in secrets.json'
    )


def test_halves_without_a_server(tmp_path: Path) -> None:
    lines = complaint(tmp_path, {"PANOPTO_CLIENT_ID": CANARY}).splitlines()
    assert [line.split(", ")[0].split("with ")[1] for line in lines] == ["client_secret", "server"]


def test_the_halves_of_two_vendors_are_no_pair(tmp_path: Path) -> None:
    environ = {"BRIGHTCOVE_CLIENT_ID": CANARY, **SITE}
    (line,) = complaint(tmp_path, environ).splitlines()
    assert "BRIGHTCOVE_CLIENT_SECRET" in line


def test_a_key_alone_is_no_harm(tmp_path: Path) -> None:
    """It may be there before it is wanted, and before there is a site."""
    found = load_settings(tmp_path, {"PANOPTO_PSEUDONYM_KEY": "x" * 16}).panopto
    assert not found.configured
    assert not found.pseudonymise


def test_no_pseudonyms_without_a_key_even_by_hand(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", "[panopto]\npseudonymise = true")
    (line,) = complaint(tmp_path).splitlines()
    assert line.startswith("settings.toml: panopto.pseudonymise: expected pseudonym_key together with it")
    assert "PANOPTO_PSEUDONYM_KEY" in line
    with pytest.raises(ValidationError):
        Panopto(pseudonymise=True)
    assert Panopto(pseudonymise=True, pseudonym_key=SecretStr("x" * 16)).pseudonymise
    (line,) = complaint(tmp_path, {"PANOPTO_PSEUDONYM_KEY": CANARY}).splitlines()  # 13 characters
    assert line.startswith("environment: PANOPTO_PSEUDONYM_KEY: expected at least 16 printable characters")


# --- what is refused --------------------------------------------------------------------------------------


def wrong(name: str, value: str, mend: str) -> tuple[str, str, str, str]:
    """A row for one wrong value of a variable, beside a complete site in the environment."""
    return ".env", f"PANOPTO_{name}={value}\n", f"PANOPTO_{name}", mend


def in_toml(line: str, mend: str) -> tuple[str, str | bytes, str, str]:
    return key_of("panopto", line, line.partition(" ")[0], mend)


# file, content, key in the message, a word of the mend
BROKEN: list[tuple[str, str | bytes, str, str]] = [
    # the server
    wrong("SERVER", f"https://u:{CANARY}@site.example", "no user:password"),
    wrong("SERVER", f"u:{CANARY}@site.example", "no user:password"),
    wrong("SERVER", f"site.example?key={CANARY}", "no query"),
    wrong("SERVER", "http://site.example", "https://"),
    wrong("SERVER", "http://127.0.0.1.example.com", "https://"),
    wrong("SERVER", "ftp://site.example", "address"),
    wrong("SERVER", "'site example'", "no blanks"),
    wrong("SERVER", "site.example:0", "address"),
    wrong("SERVER", f"https://site.example/Panopto/{CANARY}", "before the path"),
    wrong("SERVER", "site.example/panoptos", "before the path"),
    (".env", "SERVER=http://site.example\n", ".env: SERVER", "https://"),
    # other variables
    wrong("SERVR", CANARY, "'PANOPTO_SERVER'"),
    wrong("SECRET", CANARY, "did you mean 'PANOPTO_"),
    (".env", f"panopto_password={CANARY}", "panopto_password", "'PANOPTO_PASSWORD'"),
    (".env", f"PANOPTO_PASSWORD:{CANARY}=x", "not shown", "'PANOPTO_PASSWORD'"),
    (".env", f"PANOPTO_PASSWORD='{CANARY}\n", "line 1", "quote"),
    (".env", "\n\nPANOPTO_PASSWORD\n", "line 3", "equals sign"),
    (".env", f"PASSWORD={CANARY}\n".encode() + b"\xfc", "file", "UTF-8"),
    wrong("USERNAME", f'"unified\\t{CANARY}"', "single quotes"),
    wrong("PASSWORD", f'"{CANARY}\\b{CANARY}"', "single quotes"),
    wrong("PASSWORD", f'"{CANARY}\n{CANARY}"', "single quotes"),
    (".env", f'PASSWORD="{CANARY}\\t{CANARY}"\nUSERNAME=u\nSERVER=s', ".env: PASSWORD", "single quotes"),
    wrong("CLIENT_ID", f"'{CANARY} {CANARY}'", "API Clients"),
    wrong("CLIENT_SECRET", f"{CANARY}\u2026", "API Clients"),
    wrong("PSEUDONYM_KEY", CANARY, "random"),
    wrong("PSEUDONYM_KEY", f'"{CANARY}\\a{CANARY}"', "random"),
    # secrets.json
    ("secrets.json", f'{{"panopto": "{CANARY}"}}', "panopto", "client_secret"),
    ("secrets.json", f'{{"panopto": ["{CANARY}"]}}', "panopto", "remove"),
    ("secrets.json", f'{{"panopto": {{"pasword": "{CANARY}"}}}}', "panopto.pasword", "'password'"),
    ("secrets.json", f'{{"panopto": {{"Username": "{CANARY}"}}}}', "panopto.Username", "'username'"),
    ("secrets.json", f'{{"panopto": {{"{CANARY * 3}": "x"}}}}', "not shown", "did you mean"),
    ("secrets.json", f'{{"panoptos": {{"password": "{CANARY}"}}}}', "panoptos", "'panopto'"),
    ("secrets.json", f'{{"panopto_password": "{CANARY}"}}', "panopto_password", "'panopto'"),
    ("secrets.json", f'{{"panopto": {{"password": ["{CANARY}"]}}}}', "panopto.password", "correct"),
    ("secrets.json", '{"panopto": {"username": 5}}', "panopto.username", "correct"),
    ("secrets.json", f'{{"panopto": {{"password": "{CANARY}\\ud800"}}}}', "panopto.password", "quotes"),
    ("secrets.json", f'{{"panopto": {{"password": "{CANARY}\\u200b"}}}}', "panopto.password", "quotes"),
    ("secrets.json", f'{{"panopto": {{"client_id": "{CANARY}\\n."}}}}', "panopto.client_id", "API Clients"),
    ("secrets.json", '{"panopto": {"pseudonym_key": 1234567890123456}}', "panopto.pseudonym_key", "correct"),
    # settings.toml
    *(key_of("panopto", f'{name} = "{CANARY}"', name, "secrets belong in .env") for name in SECRETS),
    ("settings.toml", "[panoto]\n", "panoto", "'panopto'"),
    ("settings.toml", "[[panopto]]\n", "panopto", "[panopto]"),
    ("settings.toml", "daily_years = 5\n", "daily_years", "'panopto.daily_years'"),
    in_toml("chunk = 5", "'chunks'"),
    in_toml("Server = 'x'", "'server'"),
    in_toml(f'server = ["{CANARY}"]', "correct"),
    in_toml(f'server = "https://{CANARY}@x"', "no user:password"),
    in_toml(f'username = ["{CANARY}"]', "correct"),
    in_toml(f'username = "{CANARY}\\u0007"', "single quotes"),
    in_toml("start_date = 1999-01-01", "year"),
    in_toml('start_date = "1.1.2010"', "use 2010-01-01"),
    in_toml("trailing_days = 0", "use 7"),
    in_toml("trailing_days = 61", "use 7"),
    in_toml('site_timezone = "Europe/Zürich"', "'Europe/Zurich'"),
    in_toml('reporting_timezone = "Amerika/New_York"', "'America/New_York'"),
    in_toml("reporting_timezone = 5", "correct"),
    in_toml("chunks = 0", "use 20"),
    in_toml("chunks = 101", "use 20"),
    in_toml("chunks = 20.0", "use 20"),
    in_toml("completed_percent = 0", "use 75"),
    in_toml("completed_percent = 100.1", "use 75"),
    in_toml("completed_percent = nan", "use 75"),
    in_toml('completed_percent = "75 %"', "use 75"),
    in_toml(f'anonymous_ids = "{ZERO}"', "correct"),
    in_toml('anonymous_ids = ["me"]', "copy the id"),
    in_toml(f'anonymous_ids = ["{{{GUID}"]', "copy the id"),
    in_toml("anonymous_ids = [5]", "correct"),
    in_toml('pseudonymise = "yes"', "use false"),
    in_toml("legacy_rows = 1", "use false"),
    in_toml("change_feed = 0", "use true"),
    in_toml("sweep_days = 0", "use 7"),
    in_toml("sweep_days = 366", "use 7"),
    in_toml("page_size = 0", "use 150"),
    in_toml("page_size = 1001", "use 150"),
    in_toml("daily_years = 0", "use 2"),
    in_toml("daily_years = 11", "use 2"),
    in_toml("calls_per_second = 0", "use 5"),
    in_toml("calls_per_second = 0.5", "use 5"),
    in_toml("calls_per_minute = -1", "use 100"),
    in_toml("calls_per_hour = 0", "use 5000"),
    in_toml("parallel_courses = 9", "use 2"),
    in_toml("parallel_sessions = 17", "use 4"),
    in_toml("timeout_seconds = 0", "use 60"),
    in_toml("max_wait_seconds = inf", "use 120"),
    in_toml("attempts = 21", "use 6"),
]


@pytest.mark.parametrize(("file", "content", "key", "mend"), BROKEN, ids=lambda each: repr(each)[:48])
def test_each_mistake_is_named(tmp_path: Path, file: str, content: str | bytes, key: str, mend: str) -> None:
    write(tmp_path, file, content)
    lines = complaint(tmp_path).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{file}: ")
    assert key in lines[0]
    assert mend in lines[0]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    write(tmp_path, "secrets.json", f'{{"panopto": {{"password": 5, "x": "{CANARY}"}}}}')
    write(tmp_path, ".env", f"PANOPTO_PASS={CANARY}\nSERVER=ftp://{CANARY}")
    write(tmp_path, "settings.toml", f'[panopto]\nchunks = 0\nclient_id = "{CANARY}"')
    lines = complaint(tmp_path, {"PANOPTO_CLIENT_ID": f"{CANARY} {CANARY}"}).splitlines()
    assert sorted(": ".join(line.split(": ")[:2]) for line in lines) == [
        ".env: PANOPTO_PASS",
        ".env: SERVER",
        "environment: PANOPTO_CLIENT_ID",
        "secrets.json: panopto.password",
        "secrets.json: panopto.x",
        "settings.toml: panopto.chunks",
        "settings.toml: panopto.client_id",
    ]


# --- secrets stay secret ----------------------------------------------------------------------------------


def with_canaries(home: Path) -> Settings:
    environ = {f"PANOPTO_{name.upper()}": f"{CANARY}-{CANARY}" for name in SECRETS}
    return load_settings(home, {"PANOPTO_SERVER": "s.example", "PANOPTO_USERNAME": "tom", **environ})


def test_secrets_are_not_in_what_is_shown(tmp_path: Path) -> None:
    found = with_canaries(tmp_path)
    for shown in (repr(found), str(found), f"{found.panopto}", found.model_dump_json()):
        assert CANARY not in shown
    assert plain(found.panopto)["password"] == f"{CANARY}-{CANARY}"


@given(
    name=st.sampled_from(["SERVER", *(name.upper() for name in TEXTS)]),
    prefix=st.sampled_from(["", "PANOPTO_"]),
    noise=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_dotenv(tmp_path: Path, name: str, prefix: str, noise: str) -> None:
    value = f"{CANARY}{noise}{CANARY}"
    write(tmp_path, ".env", f"{prefix}{name}={value}\n")
    problems, shown = outcome(tmp_path, SITE)
    # a server, a username and a pasted name are no secrets; of all else nothing may be seen
    assert CANARY not in shown or (not problems and name in {"SERVER", "USERNAME"})
    assert all(line.startswith((".env: ", "environment: ")) for line in problems)


def test_a_settings_error_is_all_that_comes(tmp_path: Path) -> None:
    write(tmp_path, ".env", "SERVER=" + "a" * 100_000)
    with pytest.raises(SettingsError):
        load_settings(tmp_path, {"PANOPTO_SERVER": "", "PANOPTO_CLIENT_ID": "\ud800"})
