"""The home of a drill of weeks: how long and how much, both vendors, a backfill, two shares, mail."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from video_analytics.sandbox import ZONES, Sandbox
from video_analytics.settings import Settings, load_settings
from video_analytics.settings.models import BUILT_IN_ACCOUNTS
from video_analytics_tests.conftest import FAST
from video_analytics_tests.panopto import drill as panopto

BEGIN = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)  # both continents change their clocks in the weeks after
END_OF_DAY = dt.timedelta(hours=3, minutes=55)  # the night is over, and no account's next day has begun
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
PEACE_AT_LAST = 26 * HOUR  # a night and a day without trouble, after which all must be well
SHARES = ("reports", "daily")


@dataclass(frozen=True)
class Plan:
    """How long, how much, and when which trouble begins and how long it lasts, in days."""

    days: int = 60
    accounts: int = 3
    courses: int = 2
    seed: int = 1
    trouble: bool = True
    dead: tuple[int, int] = (8, 7)
    off: tuple[int, int] = (22, 2)
    away: tuple[int, int] = (34, 3)
    course: int = 5  # the day on which the last course is added
    filled: int = 20  # days before the beginning, which a backfill fills
    step: int = 30  # minutes between two looks of the daemon while nothing happens

    @property
    def names(self) -> list[str]:
        """The accounts."""
        return [name for name, *_ in BUILT_IN_ACCOUNTS[: self.accounts]]

    @property
    def end(self) -> dt.datetime:
        """The last instant."""
        return BEGIN + self.days * DAY + END_OF_DAY


def settle(home: Path, plan: Plan, sandbox: Sandbox, port: int) -> Settings:
    """A home with both vendors, a backfill, two shares and mail."""
    first, last = (BEGIN.date() - dt.timedelta(days=back) for back in (plan.filled, 9))
    lines = ["[brightcove]", *_lines(FAST), f"start_date = {first}"]
    for name, number, unit, category in BUILT_IN_ACCOUNTS[: plan.accounts]:
        about = {"id": number, "business_unit": unit, "category": category, "timezone": ZONES[name.lower()]}
        lines += [f"[brightcove.accounts.{name}]", *_lines(about)]
    crons = {"panopto_listing_cron": "0 1 * * *", "panopto_cron": "30 1 * * *", "reports_cron": "0 2 * * 1"}
    lines += ["[panopto]", *_lines(panopto.QUICK), "[automation]", *_lines(crons)]
    lines += ["[automation.backfills.before]", f"first = {first}", f"last = {last}", "slice_days = 7"]
    lines += ["calls = 24", "[delivery]", "wait_seconds = 0.01", "attempts = 2"]
    for share in SHARES:
        (home / "shares" / share).mkdir(parents=True)
        lines += [f"[delivery.shares.{share}]", f"root = '{home / 'shares' / share}'"]
    mail = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "email_from": "a@example.com",
    }
    lines += ["[alerts]", *_lines(mail), 'email_to = ["team@example.com"]']
    (home / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if plan.courses:
        list_courses(home, sandbox, plan.courses - 1)
    return load_settings(home, environment(sandbox, plan))


def environment(sandbox: Sandbox, plan: Plan) -> dict[str, str]:
    """The variables that point at the sandbox; without courses at one of its vendors only."""
    left_out = "nothing" if plan.courses else "PANOPTO"
    return {name: value for name, value in sandbox.environment().items() if not name.startswith(left_out)}


def courses_of(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Names and ids; those that have been going on for longest come first."""
    return list(reversed(sandbox.panopto.courses()))


def list_courses(home: Path, sandbox: Sandbox, number: int) -> None:
    """`courses.csv` with the first courses of the site."""
    rows = [f'"{name}",{course_id}' for name, course_id in courses_of(sandbox)[:number]]
    text = "\n".join(["PanoptoFolderName,PanoptoFolderID", *rows]) + "\n"
    (home / "courses.csv").write_text(text, encoding="utf-8")


def _lines(values: dict[str, Any]) -> list[str]:
    return [
        f"{key} = {value!r}".replace("True", "true").replace("False", "false")
        for key, value in values.items()
    ]
