"""Settings: which source wins, what the defaults are, and that every mistake is named without its secret."""

import codecs
import json
import traceback
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from video_analytics.errors import SettingsError
from video_analytics.settings import Account, Brightcove, Network, Panopto, Settings, load_settings
from video_analytics.settings.models import BUILT_IN_ACCOUNTS

CANARY = "c4n4ry-s3cr3t"
ACCOUNT = 'id = "1"\nbusiness_unit = "Shared"\ncategory = "a"\n'


def write(home: Path, file: str, content: str | bytes) -> None:
    (home / file).write_bytes(content if isinstance(content, bytes) else content.encode())


def load(home: Path, toml: str = "", **environ: str) -> Settings:
    write(home, "settings.toml", toml)
    return load_settings(home, environ)


def complaint(home: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(home, environ or {})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told
    assert "pydantic" not in str(caught.value)
    return str(caught.value)


# --- defaults ---------------------------------------------------------------------------------------------

DEFAULTS = {
    "client_id": None,
    "client_secret": None,
    "oauth_url": "https://oauth.brightcove.com/v4/access_token",
    "cms_url": "https://cms.api.brightcove.com/v1",
    "analytics_url": "https://analytics.api.brightcove.com/v1",
    "insights_url": "https://data.api.brightcove.com/historical/media-insights/v1",
    "timezone": "UTC",
    "start_date": date(2023, 1, 1),
    "trailing_days": 7,
    "provisional_days": 3,
    "final_after_days": 35,
    "window_days": 42,
    "cache_days": 90,
    "years": None,
    "daily_scope": "all",
    "bootstrap_last_viewed": True,
    "report_timeout_seconds": 510.0,
    "timeout_seconds": 60.0,
    "processing_wait_seconds": 150.0,
    "processing_tries": 3,
    "attempts": 6,
    "cms_calls_per_second": 8.0,
    "cms_page": 100,
    "max_wait_seconds": 120.0,
    "parallel_accounts": 11,
}


def test_defaults_of_an_empty_home(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {})
    assert {name: getattr(found.brightcove, name) for name in DEFAULTS} == DEFAULTS
    assert set(Brightcove.model_fields) == {*DEFAULTS, "accounts"}
    assert found.network == Network(https_proxy=None, http_proxy=None, no_proxy="", ca_bundle=None)
    assert found.network.proxies() == {}
    assert (found.lake, found.exports, found.dagster_home) == (
        tmp_path / "lake",
        tmp_path / "exports",
        tmp_path / ".dagster",
    )


def test_built_in_accounts(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {})
    accounts = found.brightcove.accounts
    assert [(a.name, a.id, a.business_unit, a.category) for a in accounts] == list(BUILT_IN_ACCOUNTS)
    assert {name: [a.key for a in group] for name, group in found.categories.items()} == {
        "internet": ["internet", "intranet"],
        "research": ["neo", "research", "research_internal"],
        "gwm": ["impact", "circleone", "fa_web", "sumitrust", "myway"],
        "events": ["digital_networks_events"],
    }
    assert list(found.categories) == ["internet", "research", "gwm", "events"]


def test_a_final_day_is_never_provisional() -> None:
    longest = Brightcove(provisional_days=32, final_after_days=33)
    assert longest.final_after_days > longest.provisional_days
    with pytest.raises(ValidationError):
        Brightcove(provisional_days=33)


# --- which source wins ------------------------------------------------------------------------------------

# path, variable, key of secrets.json, key of settings.toml, value of each level
URLS = [f"https://{level}.example/v1" for level in ("environment", "dotenv", "none", "toml")]
TOKEN_URLS = [f"{url}/access_token" for url in URLS]
PROXIES = [f"http://user:pass@{level}.example:8080" for level in ("environment", "dotenv", "secrets", "toml")]
PRECEDENCE = [
    ("brightcove.client_id", "BRIGHTCOVE_CLIENT_ID", "client_id", "", ["a", "b", "c", ""], None),
    ("brightcove.client_secret", "BRIGHTCOVE_CLIENT_SECRET", "client_secret", "", ["a", "b", "c", ""], None),
    ("brightcove.oauth_url", "BRIGHTCOVE_OAUTH_URL", "", "oauth_url", TOKEN_URLS, DEFAULTS["oauth_url"]),
    ("brightcove.cms_url", "BRIGHTCOVE_CMS_URL", "", "cms_url", URLS, DEFAULTS["cms_url"]),
    (
        "brightcove.analytics_url",
        "BRIGHTCOVE_ANALYTICS_URL",
        "",
        "analytics_url",
        URLS,
        DEFAULTS["analytics_url"],
    ),
    (
        "brightcove.insights_url",
        "BRIGHTCOVE_INSIGHTS_URL",
        "",
        "insights_url",
        URLS,
        DEFAULTS["insights_url"],
    ),
    ("network.https_proxy", "HTTPS_PROXY", "https", "https_proxy", PROXIES, None),
    ("network.https_proxy", "https_proxy", "https", "https_proxy", PROXIES, None),
    ("network.http_proxy", "HTTP_PROXY", "http", "http_proxy", PROXIES, None),
    ("network.http_proxy", "http_proxy", "http", "http_proxy", PROXIES, None),
    ("network.no_proxy", "NO_PROXY", "", "no_proxy", ["a", "b", "", "d"], ""),
    ("network.no_proxy", "no_proxy", "", "no_proxy", ["a", "b", "", "d"], ""),
]


@pytest.mark.parametrize("row", PRECEDENCE, ids=lambda row: row[1])
def test_precedence(tmp_path: Path, row: tuple[str, str, str, str, list[str], Any]) -> None:
    """All levels are set; from the strongest on, one after another is taken away."""
    path, variable, secret, key, values, default = row
    section, field = path.split(".")
    pair = {"BRIGHTCOVE_CLIENT_ID": "x", "BRIGHTCOVE_CLIENT_SECRET": "x"} if "client" in field else {}
    pair.pop(variable, None)
    environ = {**pair, variable: values[0]}
    write(tmp_path, ".env", f"{variable}={values[1]}\n")
    if secret:
        tree = {"proxies": {secret: values[2]}} if "proxy" in field else {secret: values[2]}
        write(tmp_path, "secrets.json", json.dumps(tree))
    if key:
        write(tmp_path, "settings.toml", f'[{section}]\n{key} = "{values[3]}"\n')

    def found() -> Any:
        value = getattr(getattr(load_settings(tmp_path, environ), section), field)
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    assert found() == values[0]
    environ[variable] = " "  # empty counts as not set
    assert found() == values[1]
    (tmp_path / ".env").unlink()
    if secret:
        assert found() == values[2]
        (tmp_path / "secrets.json").unlink()
    if key:
        assert found() == values[3]
        (tmp_path / "settings.toml").unlink()
    environ.clear()
    assert found() == default


def test_home_argument_beats_variable_beats_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("argument", "variable", "current"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "current")
    variable = {"VIDEO_ANALYTICS_HOME": str(tmp_path / "variable")}
    assert load_settings(tmp_path / "argument", variable).home == tmp_path / "argument"
    assert load_settings(None, variable).home == tmp_path / "variable"
    assert load_settings(None, {"VIDEO_ANALYTICS_HOME": ""}).home == tmp_path / "current"
    assert load_settings(Path("../argument"), {}).home.is_absolute()


def test_environment_of_the_process_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIGHTCOVE_CMS_URL", "http://127.0.0.1:8001/v1/")
    assert load_settings(tmp_path).brightcove.cms_url == "http://127.0.0.1:8001/v1"


@pytest.mark.parametrize("name", ["missing", "file", "x" * 5000, "a\0b"])
def test_a_home_that_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="argument: home: expected an existing folder"):
        load_settings(tmp_path / name, {})
    with pytest.raises(SettingsError, match="environment: VIDEO_ANALYTICS_HOME: expected an existing folder"):
        load_settings(None, {"VIDEO_ANALYTICS_HOME": str(tmp_path / name)})


def test_lower_case_proxy_beats_upper_case_and_requests_bundle_beats_openssl(tmp_path: Path) -> None:
    for name in ("one.pem", "two.pem"):
        (tmp_path / name).touch()
    environ = {
        "https_proxy": "http://low:1",
        "HTTPS_PROXY": "http://up:1",
        "REQUESTS_CA_BUNDLE": "one.pem",
        "SSL_CERT_FILE": str(tmp_path / "two.pem"),
    }
    found = load_settings(tmp_path, environ).network
    assert found.proxies() == {"https": "http://low:1"}
    assert found.ca_bundle == tmp_path / "one.pem"


# --- what is accepted -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_as_editors_save_them(tmp_path: Path, encoding: str) -> None:
    secrets = '{\r\n"client_id": "a",\r\n"client_secret": "b"}\r\n'
    write(tmp_path, "secrets.json", secrets.encode(encoding))
    write(tmp_path, "settings.toml", "[brightcove]\r\ncms_page = 50\r\n".encode(encoding))
    write(tmp_path, ".env", "BRIGHTCOVE_CMS_URL=https://a.example\r\n".encode(encoding))
    found = load_settings(tmp_path, {}).brightcove
    assert found.client_id is not None
    assert (found.client_id.get_secret_value(), found.cms_page) == ("a", 50)
    assert found.cms_url == "https://a.example"


def test_secrets_of_the_earlier_scripts(tmp_path: Path) -> None:
    write(
        tmp_path,
        "secrets.json",
        json.dumps({"client_id": "a", "client_secret": "b", "proxies": {"http": "", "https": "proxy:8080"}}),
    )
    assert load_settings(tmp_path, {}).network.proxies() == {"https": "http://proxy:8080"}
    write(tmp_path, "secrets.json", '{"client_id": null, "client_secret": "", "proxies": null}')
    assert load_settings(tmp_path, {}).brightcove.client_id is None


def test_dotenv_quotes_comments_dollars_and_strangers(tmp_path: Path) -> None:
    lines = [
        "# a comment",
        "export BRIGHTCOVE_CLIENT_ID='a#b'",
        'BRIGHTCOVE_CLIENT_SECRET="$HOME${PATH}"  # not expanded',
        "DAGSTER_HOME=/somewhere",
        "KALTURA_SECRET=1",
        "STRANGER",
        "VIDEO_ANALYTICS_NOW=2026-01-31T04:00:00Z",
    ]
    write(tmp_path, ".env", "\n".join(lines))
    found = load_settings(tmp_path, {"BRIGHTCOVE_PLAYER_ID": "another tool's"}).brightcove
    assert found.client_id is not None
    assert found.client_secret is not None
    assert found.client_id.get_secret_value() == "a#b"
    assert found.client_secret.get_secret_value() == "$HOME${PATH}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://host", "https://host/access_token"),
        ("https://host/v4/", "https://host/v4/access_token"),
        ("HTTPS://Host/v4/access_token/", "https://host/v4/access_token"),
        ("http://localhost:8001", "http://localhost:8001/access_token"),
        ("http://127.0.0.2/x", "http://127.0.0.2/x/access_token"),
        ("http://[::1]:9/", "http://[::1]:9/access_token"),
    ],
)
def test_token_address(tmp_path: Path, given: str, expected: str) -> None:
    assert load(tmp_path, BRIGHTCOVE_OAUTH_URL=given).brightcove.oauth_url == expected


def test_accounts_of_the_file_replace_the_built_in_ones(tmp_path: Path) -> None:
    toml = f"""[brightcove]
    timezone = "America/New_York"
    [brightcove.accounts.Two]
    id = "2"
    business_unit = "DN&Events"
    category = "b"
    timezone = "Asia/Tokyo"
    [brightcove.accounts.ONE]
    {ACCOUNT}"""
    found = load(tmp_path, toml)
    assert [(a.key, a.timezone) for a in found.brightcove.accounts] == [
        ("two", "Asia/Tokyo"),
        ("one", "America/New_York"),
    ]
    assert list(found.categories) == ["b", "a"]


def test_zone_of_built_in_accounts(tmp_path: Path) -> None:
    found = load(tmp_path, '[brightcove]\ntimezone = "Europe/Zurich"')
    assert {account.timezone for account in found.brightcove.accounts} == {"Europe/Zurich"}


def test_account_by_name_or_id(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found.account("SUMITRUST") == found.account("5653786046001") == found.account("SuMiTrust")
    with pytest.raises(SettingsError, match=r"unknown account 'nobody'.*Internet, Intranet, neo.*MyWay"):
        found.account("nobody")


def test_report_years(tmp_path: Path) -> None:
    assert load(tmp_path).brightcove.report_years(date(2026, 1, 1)) == (2025, 2026)
    found = load(tmp_path, "[brightcove]\nyears = [2025, 2023, 2025]").brightcove
    assert found.report_years(date(2026, 1, 1)) == (2023, 2025)


def test_dates_with_and_without_quotes(tmp_path: Path) -> None:
    for text in ("2024-02-29", '"2024-02-29"'):
        assert load(tmp_path, f"[brightcove]\nstart_date = {text}").brightcove.start_date == date(2024, 2, 29)


def test_a_simulated_vendor_may_be_impatient(tmp_path: Path) -> None:
    toml = '[brightcove]\nanalytics_url = "http://localhost:1"\nreport_timeout_seconds = 2'
    assert load(tmp_path, toml).brightcove.report_timeout_seconds == 2


# --- what is refused --------------------------------------------------------------------------------------


def key_of(section: str, line: str, key: str, mend: str) -> tuple[str, str | bytes, str, str]:
    """A row for one wrong line in a table of settings.toml."""
    return "settings.toml", f"[{section}]\n{line}\n", f"{section}.{key}", mend


def account_with(line: str, key: str, mend: str) -> tuple[str, str | bytes, str, str]:
    """A row for one account whose line `key` is replaced by a wrong one."""
    good = "\n".join(each for each in ACCOUNT.splitlines() if not each.startswith(key))
    return (
        "settings.toml",
        f"[brightcove.accounts.A]\n{good}\n{line}\n",
        f"brightcove.accounts.A.{key}",
        mend,
    )


def named(name: str, mend: str = "device") -> tuple[str, str | bytes, str, str]:
    """A row for an account under a wrong name."""
    return "settings.toml", f"[brightcove.accounts.{name}]\n{ACCOUNT}", "brightcove.accounts.", mend


# file, content (of the environment: a NAME=value), key in the message, a word of the mend
BROKEN: list[tuple[str, str | bytes, str, str]] = [
    # the files themselves
    ("settings.toml", f"[brightcove]\nclient_secret = '{CANARY}", "line 2, column", "quote"),
    ("settings.toml", f"{CANARY}", "line 1, column", "quote"),
    ("settings.toml", "[brightcove]\ncms_page = 1\ncms_page = 2\n", "line 3, column", "twice"),
    ("settings.toml", f"[brightcove]\n[brightcove]\na = '{CANARY}'", "line 2, column", "twice"),
    ("settings.toml", '[network]\nca_bundle = "C:\\users\\me"', "line 2, column", "single quotes"),
    ("settings.toml", "x = " + "[" * 5000, "line 1, column", "quote"),
    ("settings.toml", "x = " + "9" * 5000, "line 1, column", "quote"),
    ("settings.toml", "x = 2023-02-30", "line 1, column", "quote"),
    ("settings.toml", f"# caf\xe9 {CANARY}".encode("latin-1"), "file", "UTF-8"),
    ("settings.toml", "[brightcove]".encode("utf-16-le"), "file", "UTF-8"),
    ("secrets.json", "", "line 1, column 1", "brace"),
    ("secrets.json", f'{{"client_secret": "{CANARY}"', "line 1, column", "comma"),
    ("secrets.json", f'{{"client_id": "a",\n "client_secret": {CANARY}}}', "line 2, column 19", "quote"),
    ("secrets.json", f"{{'client_secret': '{CANARY}'}}", "line 1, column 2", "quote"),
    ("secrets.json", f'["{CANARY}"]', "file", "client_secret"),
    ("secrets.json", f'"{CANARY}"', "file", "client_secret"),
    ("secrets.json", "null", "file", "client_secret"),
    ("secrets.json", "[" * 100_000, "file", "anew"),
    ("secrets.json", "9" * 5000, "file", "anew"),
    ("secrets.json", b"\x80" + CANARY.encode(), "file", "UTF-8"),
    ("secrets.json", CANARY.encode("utf-16-be"), "file", "UTF-8"),
    ("secrets.json", codecs.BOM_UTF16_LE + b"a\0b", "file", "UTF-8"),
    (".env", f"BRIGHTCOVE_CLIENT_SECRET='{CANARY}\n", "line 1", "quote"),
    (".env", f"\n\nBRIGHTCOVE_CLIENT_SECRET {CANARY}\n", "line 3", "equals sign"),
    (".env", "\n\nBRIGHTCOVE_CLIENT_SECRET\n", "line 3", "equals sign"),
    (".env", b"\xff\xfe\xff", "file", "UTF-8"),
    # secrets.json
    ("secrets.json", f'{{"client_secrt": "{CANARY}"}}', "client_secrt", "'client_secret'"),
    ("secrets.json", f'{{"Client_ID": "{CANARY}"}}', "Client_ID", "'client_id'"),
    ("secrets.json", f'{{"{CANARY * 3}": "client_id"}}', "not shown", "remove"),
    ("secrets.json", f'{{"client_id": ["{CANARY}"], "client_secret": "x"}}', "client_id", "correct"),
    (
        "secrets.json",
        f'{{"client_id": "x", "client_secret": {{"a": "{CANARY}"}}}}',
        "client_secret",
        "correct",
    ),
    ("secrets.json", '{"client_id": 5, "client_secret": "x"}', "client_id", "correct"),
    (
        "secrets.json",
        f'{{"client_id": "x", "client_secret": "{CANARY} {CANARY}"}}',
        "client_secret",
        "Studio",
    ),
    ("secrets.json", f'{{"client_id": "x", "client_secret": "{CANARY}\u2026"}}', "client_secret", "Studio"),
    ("secrets.json", f'{{"client_id": "x", "client_secret": "{CANARY}\\ud800"}}', "client_secret", "Studio"),
    ("secrets.json", f'{{"client_id": "{CANARY}"}}', "client_id", "BRIGHTCOVE_CLIENT_SECRET"),
    ("secrets.json", f'{{"client_secret": "{CANARY}"}}', "client_secret", "BRIGHTCOVE_CLIENT_ID"),
    ("secrets.json", f'{{"proxies": "http://u:{CANARY}@p:1"}}', "proxies", "write"),
    ("secrets.json", f'{{"proxies": ["{CANARY}"]}}', "proxies", "write"),
    ("secrets.json", f'{{"proxies": {{"htps": "{CANARY}"}}}}', "proxies.htps", "'https'"),
    (
        "secrets.json",
        f'{{"proxies": {{"https": "ftp://u:{CANARY}@p"}}}}',
        "proxies.https",
        "http://host:port",
    ),
    (
        "secrets.json",
        f'{{"proxies": {{"http": "http://u:{CANARY}/x@p"}}}}',
        "proxies.http",
        "percent-encoded",
    ),
    ("secrets.json", '{"proxies": {"http": 8080}}', "proxies.http", "correct"),
    # variables
    (".env", f"BRIGHTCOVE_CLIENT_SECRT={CANARY}", "BRIGHTCOVE_CLIENT_SECRT", "'BRIGHTCOVE_CLIENT_SECRET'"),
    (".env", f"BRIGHTCOVE_CLIENT_SECRET:{CANARY}=", "not shown", "'BRIGHTCOVE_CLIENT_SECRET'"),
    (".env", f"brightcove_client_id={CANARY}", "brightcove_client_id", "'BRIGHTCOVE_CLIENT_ID'"),
    (".env", "VIDEO_ANALYTICS_HOMES=/x", "VIDEO_ANALYTICS_HOMES", "'VIDEO_ANALYTICS_HOME'"),
    (".env", "VIDEO_ANALYTICS_HOME=/x", "VIDEO_ANALYTICS_HOME", "environment"),
    (".env", f"BRIGHTCOVE_CMS_URL=https://u:{CANARY}@host", "BRIGHTCOVE_CMS_URL", "no user:password"),
    (".env", f"BRIGHTCOVE_CMS_URL={CANARY}", "BRIGHTCOVE_CMS_URL", "address"),
    (".env", f"https_proxy=socks5://u:{CANARY}@p:1", "https_proxy", "http://host:port"),
    ("environment", "VIDEO_ANALYTICS_NOWW=1", "VIDEO_ANALYTICS_NOWW", "'VIDEO_ANALYTICS_NOW'"),
    ("environment", f"HTTPS_PROXY=http://u:{CANARY}@p:99999", "HTTPS_PROXY", "http://host:port"),
    ("environment", f"BRIGHTCOVE_CLIENT_ID={CANARY}", "BRIGHTCOVE_CLIENT_ID", "BRIGHTCOVE_CLIENT_SECRET"),
    ("environment", "BRIGHTCOVE_OAUTH_URL=http://example.com", "BRIGHTCOVE_OAUTH_URL", "https://"),
    ("environment", f"BRIGHTCOVE_CMS_URL=http://127.0.0.1@{CANARY}", "BRIGHTCOVE_CMS_URL", "password"),
    ("environment", "BRIGHTCOVE_CMS_URL=http://127.0.0.1.example.com", "BRIGHTCOVE_CMS_URL", "https://"),
    ("environment", f"BRIGHTCOVE_CMS_URL=https://host/?token={CANARY}", "BRIGHTCOVE_CMS_URL", "no query"),
    ("environment", "BRIGHTCOVE_CMS_URL=https://host:0/", "BRIGHTCOVE_CMS_URL", "address"),
    ("environment", "BRIGHTCOVE_CMS_URL=https://", "BRIGHTCOVE_CMS_URL", "address"),
    ("environment", "BRIGHTCOVE_CMS_URL=ftp://host", "BRIGHTCOVE_CMS_URL", "address"),
    ("environment", "BRIGHTCOVE_CMS_URL=https://ho st/", "BRIGHTCOVE_CMS_URL", "blanks"),
    ("environment", "REQUESTS_CA_BUNDLE=missing.pem", "REQUESTS_CA_BUNDLE", "path"),
    # the shape of settings.toml
    ("settings.toml", "[brigthcove]\n", "brigthcove", "'brightcove'"),
    ("settings.toml", "cms_page = 5\n", "cms_page", "'brightcove.cms_page'"),
    ("settings.toml", "brightcove = 5\n", "brightcove", "[brightcove]"),
    ("settings.toml", "[[network]]\n", "network", "[network]"),
    key_of("brightcove", f'client_secret = "{CANARY}"', "client_secret", "secrets belong in .env"),
    key_of("brightcove", f'client_id = "{CANARY}"', "client_id", "secrets belong in .env"),
    key_of("brightcove", "cms_pages = 5", "cms_pages", "'cms_page'"),
    key_of("brightcove", "Window_Days = 5", "Window_Days", "'window_days'"),
    key_of("brightcove", '"a\\nb" = 5', "(a long or odd name", "did you mean"),
    key_of("network", 'proxy = "x"', "proxy", "did you mean"),
    key_of("brightcove", "accounts = 5", "accounts", "[brightcove.accounts]"),
    key_of("brightcove", "accounts = {}", "accounts", "add one"),
    key_of("brightcove", "accounts.A = 5", "accounts.A", "[brightcove.accounts.A]"),
    # numbers, dates, choices
    key_of("pages", "min_viewers = 2", "min_viewers", "use 3"),
    key_of("pages", "min_viewers = 0", "min_viewers", "use 5"),
    key_of("pages", "min_viewers = 101", "min_viewers", "use 5"),
    key_of("pages", 'min_viewers = "5"', "min_viewers", "use 5"),
    key_of("pages", "minimum = 5", "minimum", "'min_viewers'"),
    key_of("brightcove", "trailing_days = 0", "trailing_days", "use 7"),
    key_of("brightcove", "trailing_days = -1", "trailing_days", "use 7"),
    key_of("brightcove", "trailing_days = true", "trailing_days", "use 7"),
    key_of("brightcove", 'trailing_days = "7"', "trailing_days", "use 7"),
    key_of("brightcove", "trailing_days = 7.0", "trailing_days", "use 7"),
    key_of("brightcove", "trailing_days = 0x" + "f" * 9000, "trailing_days", "use 7"),
    key_of("brightcove", "provisional_days = 33", "provisional_days", "use 3"),
    key_of("brightcove", "final_after_days = 32", "final_after_days", "use 35"),
    key_of("brightcove", "window_days = 0", "window_days", "use 42"),
    key_of("brightcove", "cache_days = 10000", "cache_days", "use 90"),
    key_of("brightcove", "report_timeout_seconds = 480", "report_timeout_seconds", "8 minutes"),
    key_of("brightcove", "report_timeout_seconds = inf", "report_timeout_seconds", "use 510"),
    key_of("brightcove", "timeout_seconds = nan", "timeout_seconds", "use 60"),
    key_of("brightcove", "timeout_seconds = 0", "timeout_seconds", "use 60"),
    key_of("brightcove", "processing_wait_seconds = 0.0", "processing_wait_seconds", "use 150"),
    key_of("brightcove", "processing_tries = 0", "processing_tries", "use 3"),
    key_of("brightcove", "attempts = 1000", "attempts", "use 6"),
    key_of("brightcove", "cms_calls_per_second = 10", "cms_calls_per_second", "use 8"),
    key_of("brightcove", "cms_page = 101", "cms_page", "use 100"),
    key_of("brightcove", "cms_page = 0", "cms_page", "use 100"),
    key_of("brightcove", "max_wait_seconds = -0.5", "max_wait_seconds", "use 120"),
    key_of("brightcove", "parallel_accounts = 0", "parallel_accounts", "use 11"),
    key_of("brightcove", "start_date = 5", "start_date", "use 2023-01-01"),
    key_of("brightcove", 'start_date = "1.1.2023"', "start_date", "use 2023-01-01"),
    key_of("brightcove", "start_date = 2023-01-01T00:00:00", "start_date", "use 2023-01-01"),
    key_of("brightcove", "start_date = 1999-12-31", "start_date", "from 2005-01-01"),
    key_of("brightcove", "years = []", "years", "last year"),
    key_of("brightcove", "years = 2025", "years", "correct"),
    key_of("brightcove", "years = [25]", "years", "correct"),
    key_of("brightcove", 'years = ["2025"]', "years", "correct"),
    key_of("brightcove", 'daily_scope = "some"', "daily_scope", "'all'"),
    key_of("brightcove", 'bootstrap_last_viewed = "yes"', "bootstrap_last_viewed", "use true"),
    key_of("brightcove", "bootstrap_last_viewed = 1", "bootstrap_last_viewed", "use true"),
    key_of("brightcove", 'timezone = "Europe/Zürich"', "timezone", "'Europe/Zurich'"),
    key_of("brightcove", 'timezone = "Europe"', "timezone", "did you mean"),
    key_of("brightcove", 'timezone = "../../etc/passwd"', "timezone", "did you mean"),
    key_of("brightcove", "timezone = 2", "timezone", "use 'UTC'"),
    key_of("brightcove", 'cms_url = "cms.api.brightcove.com"', "cms_url", "address"),
    key_of("brightcove", f'cms_url = "https://{CANARY}@host"', "cms_url", "no user:password"),
    # the network
    key_of("network", f'https_proxy = "http://u:{CANARY}@"', "https_proxy", "http://host:port"),
    key_of("network", f'http_proxy = ["{CANARY}"]', "http_proxy", "correct"),
    key_of("network", f'no_proxy = ["{CANARY}"]', "no_proxy", "correct"),
    key_of("network", 'ca_bundle = "no.pem"', "ca_bundle", "relative"),
    key_of("network", "ca_bundle = 5", "ca_bundle", "correct"),
    # accounts
    account_with("", "id", "add it"),
    account_with("id = 1197194721001", "id", "correct"),
    account_with('id = "12a"', "id", "Studio"),
    account_with('id = "\u0661\u0662"', "id", "Studio"),
    account_with("", "business_unit", "add it"),
    account_with('business_unit = ""', "business_unit", "remove"),
    account_with('business_unit = "a/b"', "business_unit", "remove"),
    account_with('business_unit = "a\\nb"', "business_unit", "control"),
    account_with('business_unit = "NUL.txt"', "business_unit", "remove"),
    account_with('business_unit = "a."', "business_unit", "dot"),
    account_with("", "category", "add it"),
    account_with('category = "GWM"', "category", "choose"),
    account_with('category = "all"', "category", "choose"),
    account_with('category = "aux"', "category", "choose"),
    account_with('timezone = "Mars/Base"', "timezone", "did you mean"),
    account_with('time_zone = "UTC"', "time_zone", "'timezone'"),
    account_with('key = "x"', "key", "did you mean"),
    account_with('name = "x"', "name", "did you mean"),
    named('"a b"'),
    named('"a/b"'),
    named('"a\\nb"'),
    named('"../up"'),
    named('""'),
    named("con"),
    named("LPT1"),
    named("M\u00fcnchen".join('""')),
    named("x" * 65),
    (
        "settings.toml",
        f"[brightcove.accounts.A]\n{ACCOUNT}[brightcove.accounts.B]\n{ACCOUNT}",
        "brightcove.accounts: expected every id",
        "its own id",
    ),
    (
        "settings.toml",
        f"[brightcove.accounts.A]\n{ACCOUNT}[brightcove.accounts.a]\n{ACCOUNT.replace('1', '2', 1)}",
        "brightcove.accounts: expected every id",
        "case does not count",
    ),
]


def test_enough_is_broken() -> None:
    assert len(BROKEN) >= 80


@pytest.mark.parametrize(("file", "content", "key", "mend"), BROKEN, ids=lambda each: repr(each)[:48])
def test_each_mistake_is_named(tmp_path: Path, file: str, content: str | bytes, key: str, mend: str) -> None:
    environ = {}
    if file == "environment":
        name, value = str(content).split("=", 1)
        environ[name] = value
    else:
        write(tmp_path, file, content)
    lines = complaint(tmp_path, environ).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{file}: ")
    assert key in lines[0]
    assert mend in lines[0]


@pytest.mark.parametrize("file", [".env", "secrets.json", "settings.toml"])
def test_a_folder_where_a_file_should_be(tmp_path: Path, file: str) -> None:
    (tmp_path / file).mkdir()
    assert complaint(tmp_path).startswith(f"{file}: file: cannot be read")


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    write(tmp_path, "secrets.json", f'{{"client_id": 5, "x": "{CANARY}"}}')
    write(tmp_path, ".env", f"BRIGHTCOVE_CMS={CANARY}\nBRIGHTCOVE_CMS_URL=ftp://x")
    write(tmp_path, "settings.toml", '[brightcove]\ncms_page = 0\ntimezone = "x"\n[network]\nno_proxy = 1')
    lines = complaint(tmp_path, {"VIDEO_ANALYTICS_X": "1", "HTTP_PROXY": f"x://{CANARY}"}).splitlines()
    assert sorted(": ".join(line.split(": ")[:2]) for line in lines) == [
        ".env: BRIGHTCOVE_CMS",
        ".env: BRIGHTCOVE_CMS_URL",
        "environment: HTTP_PROXY",
        "environment: VIDEO_ANALYTICS_X",
        "secrets.json: client_id",
        "secrets.json: x",
        "settings.toml: brightcove.cms_page",
        "settings.toml: brightcove.timezone",
        "settings.toml: network.no_proxy",
    ]


# --- whatever comes ---------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.booleans().map(lambda value: str(value).lower()),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.none()).map(lambda value: value.isoformat()),
    st.times(timezones=st.none()).map(lambda value: value.isoformat()),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f")).map(
        lambda value: json.dumps(value, ensure_ascii=False)
    ),
    st.sampled_from(["[]", "{}", "[1, 'a']", '"http://u:p@host/x y"']),
)
SECRET_PLACES = (
    "brightcove.client_id",
    "brightcove.client_secret",
    "panopto.username",
    "panopto.password",
    "panopto.client_id",
    "panopto.client_secret",
    "panopto.pseudonym_key",
    "network.https_proxy",
    "network.http_proxy",
)
KEYS = [
    *(f"brightcove.{field}" for field in Brightcove.model_fields),
    *(f"panopto.{field}" for field in Panopto.model_fields),
    *(f"network.{field}" for field in Network.model_fields),
    *(f"brightcove.accounts.A.{field}" for field in (*Account.model_fields, "x")),
]
HIDDEN_SCALARS = SCALARS | st.sampled_from(
    [f'"{CANARY}"', f'"{CANARY} {CANARY}"', f'["{CANARY}"]', f'"http://u:{CANARY}@p/x y"']
)


def outcome(home: Path, environ: dict[str, str]) -> tuple[list[str], str]:
    """The problems found, and all that a log would show of them, or of the settings if all is well."""
    try:
        return [], repr(load_settings(home, environ))
    except SettingsError as error:
        return str(error).split("\n"), "".join(traceback.format_exception(error))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_scalar_at_any_key(tmp_path: Path, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(KEYS))
    scalar = data.draw(HIDDEN_SCALARS if key in SECRET_PLACES else SCALARS)
    write(tmp_path, "settings.toml", f"{key} = {scalar}\n")
    write(tmp_path, "secrets.json", f'{{"client_id": "{CANARY}", "client_secret": "{CANARY}"}}')
    problems, shown = outcome(tmp_path, {"HTTPS_PROXY": f"http://{CANARY}:{CANARY}@proxy:1"})
    assert CANARY not in shown
    assert all(line.startswith("settings.toml: ") for line in problems)


@given(raw=st.binary(max_size=60), file=st.sampled_from([".env", "secrets.json", "settings.toml"]))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_any_file(tmp_path: Path, raw: bytes, file: str) -> None:
    for each in tmp_path.iterdir():
        each.unlink()
    write(tmp_path, file, raw)
    problems, _ = outcome(tmp_path, {})
    assert all(line.startswith(f"{file}: ") for line in problems)


# --- secrets stay secret ----------------------------------------------------------------------------------


def test_secrets_are_not_in_what_is_shown(tmp_path: Path) -> None:
    proxy = f"http://{CANARY}:{CANARY}@proxy:8080"
    found = load(
        tmp_path,
        f'[network]\nhttp_proxy = "{proxy}"',
        BRIGHTCOVE_CLIENT_ID=CANARY,
        BRIGHTCOVE_CLIENT_SECRET=CANARY,
        HTTPS_PROXY=proxy,
    )
    for shown in (repr(found), str(found), f"{found.network}", found.model_dump_json()):
        assert CANARY not in shown
    assert CANARY not in json.dumps(found.model_dump(mode="json"))
    assert found.network.proxies() == {"https": proxy, "http": proxy}


def test_models_made_by_hand_hide_their_input_too() -> None:
    with pytest.raises(ValidationError) as caught:
        Brightcove(client_secret=SecretStr(f"{CANARY} {CANARY}"))
    assert CANARY not in str(caught.value)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    found = load(tmp_path)
    with pytest.raises(ValidationError):
        found.brightcove.cms_page = 5
    with pytest.raises(ValidationError):
        Account(key="other", name="A", id="1", business_unit="x", category="y", timezone="UTC")
