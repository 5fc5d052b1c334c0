"""What happens every day: crons, spans to fill, shares, routes, channels; and each mistake with its mend."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import is_valid_cron_schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from video_analytics.settings import (
    Alerts,
    Automation,
    Backfill,
    Delivery,
    Route,
    Settings,
    Share,
    load_settings,
)
from video_analytics_tests.test_settings import CANARY, SCALARS, complaint, outcome, write

REPORTS = '[delivery.shares.reports]\nroot = "/mnt/reports"\n'
DAILY = '[delivery.shares.daily]\nroot = "/mnt/daily"\n'


def with_toml(home: Path, toml: str, **secrets: object) -> Settings:
    write(home, "settings.toml", toml)
    if secrets:
        write(home, "secrets.json", json.dumps(secrets))
    return load_settings(home, {})


# --- defaults ---------------------------------------------------------------------------------------------


def test_defaults_of_an_empty_home(tmp_path: Path) -> None:
    found = load_settings(tmp_path, {})
    assert found.routes == ()
    assert found.automation.model_dump() == {
        "brightcove_cron": "0 3 * * *",
        "brightcove_timezone": "UTC",
        "panopto_listing_cron": "30 3 * * *",
        "panopto_cron": "0 4 * * *",
        "panopto_timezone": "UTC",
        "reports_cron": "0 5 * * 1",
        "reports_timezone": "UTC",
        "heal_days": 60,
        "heal_minutes": 60,
        "backfills": (),
    }
    assert found.delivery.model_dump() == {
        "built_in": True,
        "month_offset": 0,
        "stale_hours": 48,
        "attempts": 4,
        "wait_seconds": 5.0,
        "retry_minutes": 15,
        "shares": (),
        "routes": (),
    }
    assert found.alerts == Alerts(smtp_port=587, smtp_security="starttls", after_failures=2, stale_hours=36)


# --- by itself --------------------------------------------------------------------------------------------


def test_every_setting_of_automation_can_be_set(tmp_path: Path) -> None:
    toml = """[automation]
    brightcove_cron = "15  2 * * mon-FRI"
    brightcove_timezone = "Europe/Zurich"
    panopto_listing_cron = "*/20 1,2 1-7 jan,JUL *"
    panopto_cron = "5-59/10 0-23/2 29 2 *"
    panopto_timezone = "America/New_York"
    reports_cron = "0 5 31 * 7"
    reports_timezone = "Asia/Tokyo"
    heal_days = 400
    heal_minutes = 5
    [automation.backfills.history]
    first = 2023-01-01
    last = "2025-12-31"
    accounts = ["NEO", "SumiTrust", "neo"]
    hours = "23:30-04:15"
    timezone = "Europe/Zurich"
    calls = 1200
    slice_days = 14
    [automation.backfills.rest]
    first = 2024-01-01
    last = 2024-01-01
    """
    found = with_toml(tmp_path, toml)
    plan = found.automation
    assert plan.brightcove_cron == "15 2 * * mon-FRI"
    assert (plan.heal_days, plan.heal_minutes, plan.reports_timezone) == (400, 5, "Asia/Tokyo")
    history, rest = plan.backfills
    assert (history.name, history.first, history.last) == ("history", date(2023, 1, 1), date(2025, 12, 31))
    assert (history.hours, history.calls, history.slice_days) == ("23:30-04:15", 1200, 14)
    assert [each.key for each in found.accounts_of(history)] == ["neo", "sumitrust"]
    assert found.accounts_of(rest) == found.brightcove.accounts
    assert (rest.hours, rest.timezone, rest.calls, rest.slice_days) == ("22:00-05:00", "UTC", 500, 42)


CRON_WORDS = st.sampled_from(
    "* */2 */59 */60 0 5 7 8 12 13 23 24 28 30 31 32 59 60 1-5 5-1 0-7 1,2,3 1,,2 mon "  # noqa: SIM905 - as crons
    "MON-fri sun jan dec-jan 1/2 0-6/3 ? L #1 1#1 W -1 1- @daily */0 a \u0661 1.5 *-5 h".split()
)


@settings(max_examples=100, deadline=None)
@given(st.lists(CRON_WORDS, min_size=4, max_size=6).map(" ".join))
def test_what_we_accept_as_a_cron_dagster_accepts_too(text: str) -> None:
    try:
        found = Automation(panopto_cron=text).panopto_cron
    except ValidationError:
        return
    assert is_valid_cron_schedule(found)
    assert len(found.split()) == 5


@pytest.mark.parametrize(
    "text",
    [
        "0 0 29 2 *",
        "59 23 31 12 7",
        "0 0 31 4-5 mon",
        "0,30 9-17 * * 1-5",
        "*/59 */23 */31 */12 */7",
        "0 0 1 1 0",
    ],
)
def test_crons_that_are_good(text: str) -> None:
    assert Automation(reports_cron=text).reports_cron == text
    assert is_valid_cron_schedule(text)


NIGHT = Backfill(name="a", first=date(2023, 1, 1), last=date(2023, 1, 2), timezone="Europe/Zurich")


@pytest.mark.parametrize(
    ("at", "is_open", "began"),
    [
        ("2026-01-10T20:59:59Z", False, "2026-01-09T21:00:00Z"),
        ("2026-01-10T21:00:00Z", True, "2026-01-10T21:00:00Z"),
        ("2026-01-10T23:30:00Z", True, "2026-01-10T21:00:00Z"),
        ("2026-01-11T03:59:59Z", True, "2026-01-10T21:00:00Z"),
        ("2026-01-11T04:00:00Z", False, "2026-01-10T21:00:00Z"),
        ("2026-07-10T20:00:00Z", True, "2026-07-10T20:00:00Z"),
        ("2026-03-29T02:59:00Z", True, "2026-03-28T21:00:00Z"),  # the night the clocks go on
        ("2026-03-29T03:00:00Z", False, "2026-03-28T21:00:00Z"),
        ("2026-10-25T03:59:00Z", True, "2026-10-24T20:00:00Z"),  # the night they go back
        ("2026-10-25T04:00:00Z", False, "2026-10-24T20:00:00Z"),
        ("2026-01-11T12:00:00+09:00", True, "2026-01-10T21:00:00Z"),
    ],
)
def test_the_hours_of_a_night(at: str, is_open: bool, began: str) -> None:
    instant = datetime.fromisoformat(at)
    assert NIGHT.is_open(instant) is is_open
    assert NIGHT.night_of(instant) == datetime.fromisoformat(began)
    assert NIGHT.night_of(instant).tzinfo is UTC


def test_hours_that_no_clock_shows_are_skipped() -> None:
    """At 02:00 on that day the clocks go on to 03:00."""
    span = NIGHT.model_copy(update={"hours": "02:30-03:15"})
    opened = [
        minute
        for minute in range(0, 240, 5)
        if span.is_open(datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=minute))
    ]
    assert opened == []
    assert span.is_open(datetime(2026, 3, 30, 0, 45, tzinfo=UTC))


TIMES = st.times().map(lambda each: each.replace(second=0, microsecond=0))


@settings(max_examples=100, deadline=None)
@given(
    begin=TIMES,
    end=TIMES,
    at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - naive bounds
    zone=st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_a_night_began_before_whatever_happens_in_it(begin: time, end: time, at: datetime, zone: str) -> None:
    hours = f"{begin:%H:%M}-{end:%H:%M}"
    if begin == end:
        return
    span = Backfill(name="a", first=date(2023, 1, 1), last=date(2023, 1, 1), hours=hours, timezone=zone)
    night = span.night_of(at)
    assert timedelta(0) <= at - night < timedelta(hours=26)
    assert span.night_of(night) == night
    clock = at.astimezone(ZoneInfo(zone)).time()
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    leaps = at.astimezone(ZoneInfo(zone)).utcoffset() != night.astimezone(ZoneInfo(zone)).utcoffset()
    assert span.is_open(at) == inside or leaps


# --- alerts -----------------------------------------------------------------------------------------------

CHANNELS = {"slack_url": "SLACK", "teams_url": "TEAMS", "webhook_url": "WEBHOOK"}
MAIL = 'email_to = ["a@example.com"]\nemail_from = "va@example.com"\nsmtp_host = "mail.example.com"\n'


def test_every_setting_of_alerts_can_be_set(tmp_path: Path) -> None:
    toml = f"""[alerts]
    {MAIL.replace('"a@example.com"', '"a+b@example.com", "Team@Example.com", "team@example.com"')}
    smtp_port = 465
    smtp_security = "tls"
    ui_url = "http://Server:3000/dagster/"
    after_failures = 3
    stale_hours = 72
    waiting_hours = 1
    """
    hooks = dict.fromkeys(CHANNELS, f"https://{CANARY}.example.com/x?sig={CANARY}&v=1")
    found = with_toml(tmp_path, toml, alerts={"smtp_username": CANARY, "smtp_password": CANARY, **hooks})
    alerts = found.alerts
    assert alerts.email_to == ("a+b@example.com", "Team@Example.com")
    assert (alerts.email_from, alerts.smtp_host) == ("va@example.com", "mail.example.com")
    assert (alerts.smtp_port, alerts.smtp_security, alerts.ui_url) == (
        465,
        "tls",
        "http://Server:3000/dagster",
    )
    assert (alerts.after_failures, alerts.stale_hours, alerts.waiting_hours) == (3, 72, 1)
    assert alerts.smtp_password == SecretStr(CANARY)
    assert alerts.teams_url == SecretStr(hooks["teams_url"])
    for shown in (repr(found), found.model_dump_json(), str(found.model_dump())):
        assert CANARY not in shown


@pytest.mark.parametrize(("field", "name"), CHANNELS.items())
def test_variables_of_channels(tmp_path: Path, field: str, name: str) -> None:
    variable = f"VIDEO_ANALYTICS_{name}_URL"
    write(tmp_path, "secrets.json", json.dumps({"alerts": {field: "https://secrets.example/a"}}))
    assert getattr(load_settings(tmp_path, {}).alerts, field) == SecretStr("https://secrets.example/a")
    write(tmp_path, ".env", f"{variable}=https://dotenv.example/a?b=c%20d\n")
    assert getattr(load_settings(tmp_path, {}).alerts, field) == SecretStr("https://dotenv.example/a?b=c%20d")
    found = load_settings(tmp_path, {variable: "http://127.0.0.1:9/hook"}).alerts
    assert getattr(found, field) == SecretStr("http://127.0.0.1:9/hook")


def test_a_password_may_go_unsealed_to_this_machine(tmp_path: Path) -> None:
    toml = f'[alerts]\n{MAIL.replace("mail.example.com", "127.0.0.1")}smtp_security = "none"\n'
    write(tmp_path, "settings.toml", toml)
    environ = {"VIDEO_ANALYTICS_SMTP_USERNAME": "u", "VIDEO_ANALYTICS_SMTP_PASSWORD": "p q"}
    found = load_settings(tmp_path, environ).alerts
    assert (found.smtp_username, found.smtp_password) == (SecretStr("u"), SecretStr("p q"))


def test_mail_may_go_unsealed_where_no_password_does(tmp_path: Path) -> None:
    found = with_toml(tmp_path, f'[alerts]\n{MAIL}smtp_security = "none"\n').alerts
    assert (found.smtp_host, found.smtp_security) == ("mail.example.com", "none")


def test_a_mail_server_is_known_without_receivers(tmp_path: Path) -> None:
    assert with_toml(tmp_path, '[alerts]\nemail_to = []\nsmtp_host = "mail"').alerts.smtp_host == "mail"


# --- what is refused --------------------------------------------------------------------------------------

Row = tuple[str, str, str, str]  # file, content (of the environment: NAME=value), key, words of the mend

GOOD = {
    "source": '"brightcove/cms/{account}_cms.csv"',
    "share": '"reports"',
    "folder": '"Mine"',
    "business_unit": '"IB"',
    "account": '"neo"',
}
SPAN = {"first": "2024-01-01", "last": "2024-12-31"}


def lines(table: dict[str, str], **changed: str) -> str:
    """The lines of a table with some changed; a key without a value is left out."""
    return "".join(f"{key} = {value}\n" for key, value in {**table, **changed}.items() if value)


def plain(table: str, line: str, mend: str, key: str = "") -> Row:
    """A row for one wrong line of a table."""
    return "settings.toml", f"[{table}]\n{line}\n", f"{table}.{key or line.partition(' ')[0]}", mend


def span(key: str, value: str, mend: str) -> Row:
    """A row for a span to fill with one wrong value."""
    toml = f"[automation.backfills.old]\n{lines(SPAN, **{key: value})}"
    return "settings.toml", toml, f"automation.backfills.old.{key}", mend


def route(key: str, value: str, mend: str, **others: str) -> Row:
    """A row for a route with one wrong value."""
    toml = f"{REPORTS}[delivery.routes.mine]\n{lines(GOOD, **others, **{key: value})}"
    return "settings.toml", toml, f"delivery.routes.mine.{key}", mend


def root(value: str, mend: str) -> Row:
    """A row for a share at a wrong place."""
    key = "delivery.shares.other.root"
    return "settings.toml", f"[delivery.shares.other]\nroot = {json.dumps(value)}\n", key, mend


def option(inside: str, mend: str, key: str = "") -> Row:
    """A row for one wrong option of a share."""
    path = f"delivery.shares.reports.options.{key or inside.partition(' ')[0]}"
    return "settings.toml", f"{REPORTS}options = {{{inside}}}\n", path, mend


def named(table: str, name: str, body: str, mend: str, shown: str = "") -> Row:
    """A row for a table under a wrong name."""
    return "settings.toml", f"{body.replace('NAME', name)}", f"{table}.{shown or name}", mend


def in_secrets(tree: object, key: str, mend: str) -> Row:
    return "secrets.json", json.dumps(tree), key, mend


def hook(name: str, value: str, mend: str) -> Iterator[Row]:
    """The same wrong address of a channel in a variable and in a file."""
    field = f"{name.lower()}_url"
    yield "environment", f"{OURS}{name}_URL={value}", f"{OURS}{name}_URL", mend
    yield in_secrets({"alerts": {field: value}}, f"alerts.{field}", mend)


TWINS = f"[delivery.routes.mine]\n{lines(GOOD, period=repr('x'))}[delivery.routes.MINE]\n{lines(GOOD)}"
LONG = "x" * 65
HIDDEN = "(a long or odd name, not shown)"
MOVE = "move it to secrets.json"
FIVE = "minute, hour, day, month and weekday"
LISTS = "ranges"
EXPORTS = "write for instance"
RENAME = "rename"
FORM = "begin with /"
INSIDE = "remove .."
OURS = "VIDEO_ANALYTICS_"
LOG_ON = {"smtp_username": CANARY, "smtp_password": CANARY}

BROKEN: list[Row] = [
    # the shape
    ("settings.toml", "automation = 5\n", "automation", "[automation]"),
    ("settings.toml", "[[delivery]]\n", "delivery", "[delivery]"),
    ("settings.toml", "[alert]\n", "alert", "'alerts'"),
    ("settings.toml", "[deliveries]\n", "deliveries", "'delivery'"),
    ("settings.toml", "email_to = []\n", "email_to", "'alerts.email_to'"),
    plain("automation", "cron = 5", "did you mean"),
    plain("automation", "Heal_Days = 5", "'heal_days'"),
    plain("automation", "backfills = 5", "[automation.backfills]"),
    plain("automation", "backfills = []", "[automation.backfills]"),
    plain("automation", "backfills.x = 5", "[automation.backfills.x]", "backfills.x"),
    plain("delivery", "shares = []", "[delivery.shares]"),
    plain("delivery", 'shares.reports = "/mnt"', "[delivery.shares.reports]", "shares.reports"),
    plain("delivery", "routes = 5", "[delivery.routes]"),
    plain("delivery", "routes.a = true", "[delivery.routes.a]", "routes.a"),
    plain("delivery", "share = 5", "'shares'"),
    plain("delivery", "builtin = false", "'built_in'"),
    plain("alerts", "email = 5", "did you mean"),
    # by itself
    plain("automation", 'brightcove_cron = "3 am"', FIVE),
    plain("automation", 'brightcove_cron = "@daily"', FIVE),
    plain("automation", 'brightcove_cron = "0 0 3 * * *"', FIVE),
    plain("automation", 'brightcove_cron = "60 3 * * *"', LISTS),
    plain("automation", 'brightcove_cron = "0 24 * * *"', LISTS),
    plain("automation", 'brightcove_cron = "0 3 0 * *"', LISTS),
    plain("automation", 'brightcove_cron = "0 3 32 * *"', LISTS),
    plain("automation", 'panopto_cron = "0 3 * 13 *"', LISTS),
    plain("automation", 'panopto_cron = "0 3 * * 8"', LISTS),
    plain("automation", 'panopto_cron = "0 3 * * funday"', LISTS),
    plain("automation", 'panopto_cron = "0 3 * * L"', LISTS),
    plain("automation", 'panopto_cron = "0 3 ? * *"', LISTS),
    plain("automation", 'panopto_cron = "0 22-4 * * *"', LISTS),
    plain("automation", 'panopto_cron = "*/0 3 * * *"', LISTS),
    plain("automation", 'panopto_cron = "*/60 3 * * *"', LISTS),
    plain("automation", 'panopto_cron = "5/10 3 * * *"', LISTS),
    plain("automation", 'panopto_listing_cron = "0 3,,4 * * *"', LISTS),
    plain("automation", 'panopto_listing_cron = "-1 3 * * *"', LISTS),
    plain("automation", 'panopto_listing_cron = "0 \u0663 * * *"', LISTS),
    plain("automation", 'reports_cron = "0 3 31 2,4 *"'.replace("2,4", "2"), "correct the day or the month"),
    plain("automation", 'reports_cron = "0 3 31 4,6 1"', "correct the day or the month"),
    plain("automation", "reports_cron = 5", "use '0 5 * * 1'"),
    plain("automation", 'reports_cron = ["0 3 * * *"]', "use '0 5 * * 1'"),
    plain("automation", 'brightcove_timezone = "Zurich"', "did you mean"),
    plain("automation", 'panopto_timezone = "Europe/Zurick"', "'Europe/Zurich'"),
    plain("automation", "reports_timezone = 1", "use 'UTC'"),
    plain("automation", "heal_days = 0", "use 60"),
    plain("automation", "heal_days = 4000", "use 60"),
    plain("automation", 'heal_days = "60"', "use 60"),
    plain("automation", "heal_minutes = 1", "use 60"),
    plain("automation", "heal_minutes = 1441", "use 60"),
    plain("automation", "heal_minutes = 5.5", "use 60"),
    span("first", "", "add it"),
    span("last", "", "add it"),
    span("first", '"1.1.2024"', "correct"),
    span("first", "2024-01-01T00:00:00", "correct"),
    span("first", "1999-01-01", "year"),
    span("first", "2022-12-31", "brightcove.start_date earlier"),
    span("last", "2023-12-31", "make first the earlier day"),
    span("last", "true", "correct"),
    span("accounts", '"neo"', "correct"),
    span("accounts", "[5]", "correct"),
    span("accounts", '["neo", "reserch"]', "'research'"),
    span("accounts", '["n\\no"]', "did you mean"),
    span("hours", '"22:00"', '"22:00-05:00"'),
    span("hours", '"22-05"', '"22:00-05:00"'),
    span("hours", '"22:00-24:00"', '"00:00-23:59"'),
    span("hours", '"22:60-05:00"', '"22:00-05:00"'),
    span("hours", '"05:00-05:00"', '"22:00-05:00"'),
    span("hours", '"22:00 - 05:00"', '"22:00-05:00"'),
    span("hours", '"9:00-17:00"', '"22:00-05:00"'),
    span("hours", "22:00:00", "correct"),
    span("timezone", '"CETT"', "did you mean"),
    span("calls", "0", "correct"),
    span("calls", "1.5", "correct"),
    span("slice_days", "0", "correct"),
    span("slice_days", "367", "correct"),
    span("night", "1", "did you mean"),
    span("name", '"x"', "did you mean"),
    *(
        named("automation.backfills", name, f"[automation.backfills.NAME]\n{lines(SPAN)}", RENAME, shown)
        for name, shown in (('"a b"', "'a b'"), ('""', "''"), ("nul", "nul"), (LONG, repr(LONG)))
    ),
    (
        "settings.toml",
        f"[automation.backfills.a]\n{lines(SPAN)}[automation.backfills.A]\n{lines(SPAN)}",
        "automation.backfills.A",
        "case does not count",
    ),
    # delivery
    plain("delivery", "built_in = 1", "use true"),
    plain("delivery", "month_offset = 13", "use 0"),
    plain("delivery", "month_offset = -13", "use 0"),
    plain("delivery", 'month_offset = "+1"', "use 0"),
    plain("delivery", "stale_hours = 0", "use 48"),
    plain("delivery", "stale_hours = 9000", "use 48"),
    plain("delivery", "attempts = 0", "use 4"),
    plain("delivery", "attempts = 21", "use 4"),
    plain("delivery", "wait_seconds = 0", "use 5"),
    plain("delivery", "wait_seconds = nan", "use 5"),
    plain("delivery", "retry_minutes = 0", "use 15"),
    plain("delivery", "retry_minutes = 1441", "use 15"),
    plain("delivery", f'share_secrets = {{a = {{password = "{CANARY}"}}}}', "secrets.json", "share_secrets"),
    # roots
    ("settings.toml", "[delivery.shares.other]\n", "delivery.shares.other.root", "add it"),
    ("settings.toml", "[delivery.shares.other]\nroot = 5\n", "delivery.shares.other.root", "correct"),
    root("", FORM),
    root("reports", FORM),
    root("./reports", FORM),
    root("../reports", FORM),
    root("~/reports", FORM),
    root("C:reports", FORM),
    root("\\server\\share", FORM),
    root("\\\\server", FORM),
    root("\\\\?\\C:\\x", FORM),
    root("//server/share", FORM),
    root(f"{CANARY}", FORM),
    root("server:/export", FORM),
    root("mailto:a@example.com", FORM),
    root("/", "add the name"),
    root("smb://server", "add the name"),
    root("smb://server/", "add the name"),
    root("\\\\.\\pipe\\..", INSIDE),
    root("/mnt/../etc", INSIDE),
    root("/mnt//reports", INSIDE),
    root("/mnt/./reports", INSIDE),
    root("/mnt/reports.", INSIDE),
    root("/mnt/ reports", INSIDE),
    root("/mnt/re\nports", INSIDE),
    root("/mnt/a\\b", INSIDE),
    root("/mnt/*", INSIDE),
    root("C:\\Data\\PROGRA~1", INSIDE),
    root("C:\\Data\\..\\x", INSIDE),
    root("C:\\Data\\a:b", INSIDE),
    root("\\\\server\\share\\x|y", INSIDE),
    root(f"s3://bucket/x?key={CANARY}", INSIDE),
    root(f"s3://bucket/x#{CANARY}", INSIDE),
    root("s3://bucket/../x", INSIDE),
    root("s3://bucket//x", INSIDE),
    root(f"simplecache::s3://{CANARY}/x", FORM),
    root(f"smb://user:{CANARY}@server/share", MOVE.removeprefix("move it to ")),
    root(f"smb://{CANARY}@server/share", "put both into secrets.json"),
    root(f"sftp://u:{CANARY}@host/x", "put both into secrets.json"),
    root(f"s3://key:{CANARY}@bucket", "put both into secrets.json"),
    root(f"abfss://box:{CANARY}@account.dfs.core.windows.net/x", "put both into secrets.json"),
    root("abfss://box@account", "put both into secrets.json"),
    root("s3://", "all else as options"),
    root("s3:///x", "all else as options"),
    root("s3://bu cket/x", "all else as options"),
    root(f"s3://bucket?{CANARY}", "all else as options"),
    root("smb://ser%76er/share", "all else as options"),
    root("sftp://host:port/x", "all else as options"),
    root("file:///mnt/reports", "write it so"),
    root("local:///mnt/reports", "write it so"),
    root("https://example.com/x", "another address"),
    # options and secrets of shares
    plain("delivery.shares.reports", 'root = "/a"\noptions = 5', "correct", "options"),
    plain("delivery.shares.reports", 'root = "/a"\npath = "/b"', "did you mean", "path"),
    plain("delivery.shares.reports", 'root = "/a"\nname = "b"', "did you mean", "name"),
    *(
        plain("delivery.shares.reports", f'root = "/a"\n{key} = "{CANARY}"', MOVE, key)
        for key in ("password", "secret", "token", "account_key", "secrets", "Passwd")
    ),
    *(
        option(f'{key} = "{CANARY}"', MOVE)
        for key in (
            "password",
            "Password",
            "passwd",
            "pwd",
            "passphrase",
            "secret",
            "client_secret",
            "token",
            "sas_token",
            "key",
            "pkey",
            "account_key",
            "connection_string",
            "credential",
        )
    ),
    option(f'url = "https://u:{CANARY}@host"', MOVE),
    option(f'extra = "AccountKey={CANARY}"', MOVE),
    option(f'extra = "Authorization: Bearer {CANARY}"', MOVE),
    option('extra = "a\\nb"', MOVE),
    option("timeout = [1]", "correct"),
    option("timeout = {a = 1}", "correct"),
    option("since = 2024-01-01", "correct"),
    option("Timeout = 1", "fsspec"),
    option("use-ssl = true", "fsspec"),
    option(f'"{CANARY * 3}" = 1', "fsspec", repr(HIDDEN)),
    in_secrets({"shares": [CANARY]}, "shares", "write"),
    in_secrets({"shares": CANARY}, "shares", "write"),
    in_secrets({"shares": {"reports": CANARY}}, "shares.reports", "write"),
    in_secrets({"shares": {"reports": {"password": 5}}}, "shares.reports.password", "correct"),
    in_secrets({"shares": {"reports": {"password": [CANARY]}}}, "shares.reports.password", "correct"),
    in_secrets({"shares": {"reports": {"Password": CANARY}}}, "shares.reports.Password", '"password"'),
    in_secrets({"shares": {"reports": {"pass word": CANARY}}}, f"shares.reports.{HIDDEN!r}", '"password"'),
    in_secrets({"shares": {"reports": {"password": "a\0b"}}}, "shares.reports.password", "write it"),
    in_secrets({"shares": {"reports": {"password": CANARY}}}, "shares.reports", "[delivery.shares.NAME]"),
    in_secrets({"shares": {"reports": {f"{CANARY} x": 5}}}, f"shares.reports.{HIDDEN}", "correct"),
    in_secrets({"shares": {f"{CANARY} x": CANARY}}, f"shares.{HIDDEN}", "write"),
    in_secrets({"share": {"reports": {"password": CANARY}}}, "share", "'shares'"),
    *(
        named("delivery.shares", name, '[delivery.shares.NAME]\nroot = "/a"\n', RENAME, shown)
        for name, shown in (('"a b"', "'a b'"), ("a-b", "a-b"), ("con", "con"), ('"../x"', "'../x'"))
    ),
    (
        "settings.toml",
        REPORTS + REPORTS.replace("[delivery.shares.r", "[delivery.shares.R"),
        "delivery.shares.Reports",
        "case does not count",
    ),
    # routes
    route("source", "", "add it"),
    route("share", "", "add it"),
    route("folder", "", "add it"),
    route("business_unit", "", "add it"),
    route("account", "", "add account"),
    route("target", '"x"', "did you mean"),
    route("name", '"x"', "did you mean"),
    route("source", "5", "correct"),
    route("source", '[""]', "correct"),
    *(
        route("source", json.dumps(value), EXPORTS)
        for value in (
            "",
            ".",
            "/etc/passwd",
            "../secrets.json",
            "brightcove/../../x",
            "brightcove/./x",
            "brightcove//x",
            "brightcove/cms/",
            "brightcove/cms/ x",
            "C:/x",
            "brightcove\\cms",
            "brightcove/{name}_cms.csv",
            "brightcove/{account_cms.csv",
            "brightcove/{{account}}_cms.csv",
            "{account}/x.csv",
            "*/neo_cms.csv",
            "**/*",
            "b*/x.csv",
            "delivery/receipts.csv",
            "Delivery/*.csv",
            "brightcove/**.csv",
            "brightcove/**/**/x.csv",
            "brightcove/x\ny",
            f"brightcove/{'x' * 500}",
        )
    ),
    route("source", '"brightcove/**"', "**/*"),
    route("source", '"brightcove/cms/*_cms.csv"', "its own accounts"),
    route("source", '"brightcove/**/*.csv"', "its own accounts"),
    route("source", '"brightcove/cms/impact_cms.csv"', "its own accounts"),
    route("source", '"brightcove/reporting/Impact_cms_????.csv"', "its own accounts"),
    route("source", '"brightcove/lifecycle/*/*"', "its own accounts", account=""),
    route("share", '"report"', "'reports'"),
    route("share", '"Reports"', "'reports'"),
    route("share", "5", "correct"),
    route("folder", "5", "correct"),
    *(
        route("folder", json.dumps(value), mend)
        for value, mend in (
            ("", "without / at either end"),
            ("/", "without / at either end"),
            ("/Mine", "without / at either end"),
            ("Mine/", "without / at either end"),
            ("Mine//x", "without / at either end"),
            ("..", "a dot at the end"),
            ("../Mine", "a dot at the end"),
            ("Mine/../../x", "a dot at the end"),
            ("./Mine", "a dot at the end"),
            ("Mine.", "a dot at the end"),
            (" Mine", "outer blanks"),
            ("Mine\\x", "remove"),
            ("C:", "remove"),
            ("a|b", "remove"),
            ("nul", "remove"),
            ("Mine/com1.txt", "remove"),
            ("con .txt", "remove"),
            ("LPT\u00b2", "remove"),
            ("CONOUT$", "remove"),
            ("x" * 65, "remove"),
            ("a\tb", "control"),
            ("a\u200bb", "control"),
            ("DN&EVE~1", "Windows"),
            ("Mine/{YYYY_MM}", "period"),
            ("{account}", "period"),
        )
    ),
    route("period", "5", "correct"),
    *(
        route("period", json.dumps(value), mend)
        for value, mend in (
            ("{YYYYMM}", "{YYYY_MM}"),
            ("{yyyy}", "{YYYY_MM}"),
            ("{DD}", "{YYYY_MM}"),
            ("{YYYY", "{YYYY_MM}"),
            ("{}", "{YYYY_MM}"),
            ("%Y-%m", "{YYYY_MM}"),
            ("{YYYY}\\{MM}", "{YYYY_MM}"),
            ("/{YYYY}", "without / at either end"),
            ("{YYYY}/", "without / at either end"),
            ("../{YYYY}", "a dot at the end"),
            ("{YYYY}/..", "a dot at the end"),
            ("{YYYY}.", "a dot at the end"),
        )
    ),
    route("business_unit", '"GWM"', "correct the account"),
    route("business_unit", '"ib"', "correct the account"),
    route("business_unit", '""', "remove"),
    route("business_unit", '"a/b"', "remove"),
    route("business_unit", "5", "correct"),
    route("account", '"nobody"', "did you mean"),
    route("account", '"reserch"', "'research'"),
    route("account", '""', "did you mean"),
    route("account", '"5972928207001"', "did you mean"),
    route("account", "5972928207001", "correct"),
    *(
        named("delivery.routes", name, f"{REPORTS}[delivery.routes.NAME]\n{lines(GOOD)}", RENAME, shown)
        for name, shown in (('"a b"', "'a b'"), ("a-b", "a-b"), ("aux", "aux"), ('"a.b"', "'a.b'"))
    ),
    ("settings.toml", REPORTS + TWINS, "delivery.routes.MINE", "case does not count"),
    # alerts
    plain("alerts", 'email_to = "a@example.com"', "correct"),
    plain("alerts", "email_to = [5]", "correct"),
    *(
        plain("alerts", f"email_from = {json.dumps(value)}", "the address alone")
        for value in (
            "team",
            "team@",
            "@example.com",
            "team@localhost",
            "a b@example.com",
            "Team <team@example.com>",
            "mailto:team@example.com",
            "a@example.com,b@example.com",
            "a@b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@-example.com",
            "a@example..com",
            "a@example.com\nBcc: x@example.com",
            "t\u00e9am@example.com",
            f"{'x' * 250}@example.com",
        )
    ),
    plain("alerts", 'email_to = ["a@example.com", "b"]', "the address alone"),
    plain("alerts", 'email_to = ["a@example.com"]', "email_from"),
    plain("alerts", 'email_to = ["a@example.com"]\nsmtp_host = "mail"', "add email_from", "email_to"),
    plain("alerts", 'email_to = ["a@b.example"]\nemail_from = "a@b.example"', "add smtp_host", "email_to"),
    *(
        plain("alerts", f"smtp_host = {json.dumps(value)}", "smtp_port")
        for value in ("smtp://mail", "mail:25", "a b", f"u:{CANARY}@mail", "mail/", "-mail", "m\u00e4il")
    ),
    plain("alerts", "smtp_port = 0", "use 587"),
    plain("alerts", "smtp_port = 65536", "use 587"),
    plain("alerts", 'smtp_port = "587"', "use 587"),
    plain("alerts", 'smtp_security = "ssl"', "use 'starttls'"),
    plain("alerts", "smtp_security = false", "use 'starttls'"),
    *(
        plain("alerts", f'{key} = "{CANARY}"', "secrets belong in .env")
        for key in ("smtp_username", "smtp_password", "slack_url", "teams_url", "webhook_url")
    ),
    *(
        plain("alerts", f"ui_url = {json.dumps(value)}", "http://server:3000")
        for value in (
            "server:3000",
            f"http://u:{CANARY}@server",
            f"http://server/?token={CANARY}",
            "http://ser ver",
            "ftp://server",
            "http://server/#x",
        )
    ),
    plain("alerts", "after_failures = 0", "use 2"),
    plain("alerts", "after_failures = 21", "use 2"),
    plain("alerts", "stale_hours = 0", "use 36"),
    plain("alerts", "stale_hours = 8761", "use 36"),
    plain("alerts", "waiting_hours = 0", "use 6"),
    plain("alerts", 'waiting_hours = "6"', "use 6"),
    *hook("SLACK", f"http://hooks.example.com/{CANARY}", "write https://"),
    *hook("TEAMS", f"{CANARY}", "copy it again"),
    *hook("TEAMS", f"https://u:{CANARY}@host/x", "copy it again"),
    *hook("WEBHOOK", f"https://host/ {CANARY}", "copy it again"),
    *hook("WEBHOOK", f"http://127.0.0.1.example.com/{CANARY}", "write https://"),
    *hook("SLACK", f"ftp://host/{CANARY}", "copy it again"),
    ("environment", f"{OURS}SMTP_USERNAME={CANARY}", f"{OURS}SMTP_USERNAME", f"add {OURS}SMTP_PASSWORD"),
    ("environment", f"{OURS}SMTP_PASSWRD={CANARY}", f"{OURS}SMTP_PASSWRD", f"'{OURS}SMTP_PASSWORD'"),
    (".env", f"{OURS}SMTP_USERNAME={CANARY}", f"{OURS}SMTP_USERNAME", '"alerts" in secrets.json'),
    (".env", f"{OURS}SLAK_URL={CANARY}", f"{OURS}SLAK_URL", f"'{OURS}SLACK_URL'"),
    in_secrets({"alerts": [CANARY]}, "alerts", "write"),
    in_secrets({"alerts": {"slack": CANARY}}, "alerts.slack", "'slack_url'"),
    in_secrets({"alerts": {"teams_url": 5}}, "alerts.teams_url", "correct"),
    in_secrets({"alerts": {**LOG_ON, "smtp_password": f"a\n{CANARY}"}}, "alerts.smtp_password", "quotes"),
    in_secrets({"alerts": {"smtp_username": CANARY}}, "alerts.smtp_username", "smtp_password"),
    in_secrets({"alerts": LOG_ON}, "alerts.smtp_password", "add smtp_host to [alerts]"),
]  # fmt: skip


def test_enough_is_broken() -> None:
    assert len(BROKEN) >= 200
    assert len({(file, content) for file, content, _, _ in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize(("file", "content", "key", "mend"), BROKEN, ids=lambda each: repr(each)[:48])
def test_each_mistake_is_named(tmp_path: Path, file: str, content: str, key: str, mend: str) -> None:
    environ = dict([content.split("=", 1)]) if file == "environment" else {}
    if not environ:
        write(tmp_path, file, content)
    (line,) = complaint(tmp_path, environ).split("\n")
    start, _, told = line.partition(f"{file}: {key}: ")
    assert (start, bool(told)) == ("", True), line
    assert mend in told.partition("; ")[2]


def test_a_password_does_not_go_unsealed_through_the_network(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", f'[alerts]\n{MAIL}smtp_security = "none"\n')
    write(tmp_path, "secrets.json", json.dumps({"alerts": LOG_ON}))
    assert complaint(tmp_path) == (
        "settings.toml: alerts.smtp_security: expected 'starttls' or 'tls' with a password, got 'none'; "
        'use "starttls" (port 587) or "tls" (port 465), or no username and password'
    )


def test_a_key_of_a_share_stands_in_one_place(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", f'{REPORTS}options = {{username = "u"}}\n')
    write(tmp_path, "secrets.json", json.dumps({"shares": {"reports": {"username": CANARY}}}))
    assert complaint(tmp_path) == (
        "settings.toml: delivery.shares.reports.options.username: expected a key in one place, got it in "
        "two; remove one: it stands in secrets.json too"
    )


@pytest.mark.parametrize("field", ["smtp_username", "smtp_password", *CHANNELS])
def test_not_even_a_number_in_place_of_a_secret_is_shown(tmp_path: Path, field: str) -> None:
    write(tmp_path, "secrets.json", json.dumps({"alerts": {field: 271828}}))
    told = complaint(tmp_path)
    assert f"alerts.{field}: expected text in quotes, got a number (not shown)" in told
    assert "271828" not in told


def test_all_mistakes_of_the_day_at_once(tmp_path: Path) -> None:
    write(tmp_path, "settings.toml", REPORTS + f"""
    [automation.backfills.one]
    {lines(SPAN, first="2020-01-01", accounts='["x"]')}
    [delivery.routes.a]
    {lines(GOOD, share='"x"', account='"y"')}
    [delivery.routes.b]
    {lines(GOOD, business_unit='"GWM"')}
    """)  # fmt: skip
    assert [line.split(": ")[1] for line in complaint(tmp_path).splitlines()] == [
        "automation.backfills.one.accounts",
        "automation.backfills.one.first",
        "delivery.routes.a.share",
        "delivery.routes.a.account",
        "delivery.routes.b.business_unit",
    ]


KEYS = [
    *(f"automation.{field}" for field in Automation.model_fields),
    *(f"automation.backfills.a.{field}" for field in (*Backfill.model_fields, "x")),
    *(f"delivery.{field}" for field in Delivery.model_fields),
    *(f"delivery.shares.reports.{field}" for field in (*Share.model_fields, "options.x", "x")),
    *(f"delivery.routes.a.{field}" for field in (*Route.model_fields, "x")),
    *(f"alerts.{field}" for field in Alerts.model_fields),
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(KEYS), scalar=SCALARS)
def test_any_scalar_at_any_key(tmp_path: Path, key: str, scalar: str) -> None:
    write(tmp_path, "settings.toml", f"{key} = {scalar}\n")
    problems, _ = outcome(tmp_path, {})
    assert all(line.startswith(f"settings.toml: {key.partition('.')[0]}.") for line in problems)
