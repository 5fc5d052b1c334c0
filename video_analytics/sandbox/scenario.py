"""What goes wrong in the sandbox, as a table of keys: one frozen struct, and the named built-ins.

A scenario is given by name, as a dict, or as a TOML or JSON file. Unknown keys are refused by name.
"""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from video_analytics.errors import SettingsError
from video_analytics.sandbox.accounts import find_account
from video_analytics.sandbox.malformed import KINDS
from video_analytics.sandbox.panopto.malformed_json import REST_KINDS
from video_analytics.sandbox.panopto.malformed_xml import SOAP_KINDS, WSDL_KINDS


class Storm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next `requests` data requests are answered 429."""

    requests: int = 20
    retry_after: str | None = None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every key with its peaceful default."""

    token_seconds: float | None = None  # None: what the vendor promises, 300 or 3600
    oauth_fails: int = 0  # the first n token calls are refused
    wrong_credentials: bool = False
    unauthorised_every: int = 0  # every n-th data request answers 401 though the token is good
    flaky: float = 0.0  # probability of one of flaky_kinds, per request
    flaky_kinds: list[Literal["500", "502", "503", "504", "reset", "cut"]] = msgspec.field(
        default_factory=lambda: ["500", "502", "503", "504", "reset", "cut"]
    )
    storm: Storm | None = None
    slow_seconds: float = 0.0
    malformed: str | list[str] = "random"
    malformed_every: int = 0
    dead_accounts: list[str] = []  # msgspec copies an empty default
    dead_how: Literal["500", "403", "reset", "401"] = "500"
    processing: int = 0  # the first n asks of each distinct query are answered PROCESSING
    slow_window_days: int = 0
    slow_window_seconds: float = 0.0
    dead_days: list[date] = []  # msgspec copies an empty default
    refuse_devices: bool | list[str] = False
    paging_drift: bool = False
    drift_events: int = 12  # after so many the world is quiet again
    empty_pages: int = 0
    redirect_to: str | None = None
    rate_scale: float = 1.0
    where_required: bool = False
    row_cap: int = 1_000_000
    # Panopto alone
    cookie_seconds: float = 1200  # from the last call that used it
    secure_cookie: bool = False
    login_false: bool = False  # LogOnWithPassword answers false
    denied_folders: list[str] = []  # ids or names; what lies in them is denied too
    children_hidden: list[str] = []  # ids or names of folders whose children are not listed
    dead_sessions: list[str] = []  # ids or names; always a fault
    soap_faults: float = 0.0  # probability of a fault that passes, per call of UsageReporting
    empty_page_with_total: int = 0  # the first n pages of records come back empty, their total does not
    empty_pages_as: Literal["empty", "missing", "nil"] = "empty"
    unstable_order: bool = False  # the order of records changes from page to page
    late_totals: bool = False  # the total grows from page to page
    summaries: Literal["direct", "recursive", "lagging", "wrong", "refused"] = "direct"

    report_seconds: float = 0.0  # of the sandbox's clock until a report is made
    report_polls: int = 0  # the first n asks for the status or the file of each report find it pending
    reports_refused: bool = False  # QueueReport: the user lacks the role for it
    report_columns: Literal["plain", "shuffled", "missing", "old"] = "plain"
    report_damage: Literal["none", "cut_zip", "cut_csv", "html"] = "none"

    def token_life(self, promised: float) -> float:
        """How long a token lives, in seconds."""
        return promised if self.token_seconds is None else self.token_seconds


BUILT_IN: dict[str, dict[str, Any]] = {
    "plain": {},
    "flaky": {"flaky": 0.3},
    "storm": {"storm": {"requests": 30, "retry_after": "1"}},
    "short_tokens": {"token_seconds": 2},
    "processing": {"processing": 2},
    "timeouts": {"slow_window_days": 7, "slow_window_seconds": 20, "flaky": 0.05, "flaky_kinds": ["504"]},
    "drift": {"paging_drift": True},
    "no_device_ranges": {"refuse_devices": True},
    "dead_account": {"dead_accounts": ["research"]},
    "malformed": {"malformed": "random", "malformed_every": 5},
    "slow": {"slow_seconds": 1.0},
    "short_cookies": {"token_seconds": 2, "cookie_seconds": 2},
    "soap_faults": {"soap_faults": 0.2},
    "unordered": {"unstable_order": True, "late_totals": True, "empty_page_with_total": 3},
}


def load_scenario(source: str | Path | dict[str, Any] | Scenario | None) -> Scenario:
    """A scenario from a name, a dict, a file, or nothing."""
    if isinstance(source, Scenario):
        return source
    if isinstance(source, str | Path):
        source = BUILT_IN[source] if source in BUILT_IN else _read(Path(source))
    return _checked(source or {})


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        names = ", ".join(BUILT_IN)
        raise SettingsError(f"scenario {str(path)!r} is neither a file nor one of {names}")
    text = path.read_text(encoding="utf-8")
    try:
        table: dict[str, Any] = tomllib.loads(text) if path.suffix == ".toml" else msgspec.json.decode(text)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise SettingsError(f"scenario {path}: {error}; correct the file") from error
    return table


def _checked(table: dict[str, Any]) -> Scenario:
    try:
        scenario = msgspec.convert(table, Scenario)
    except msgspec.ValidationError as error:
        keys = ", ".join(Scenario.__struct_fields__)
        raise SettingsError(f"scenario: {error}; the keys are {keys}") from error
    _check_kinds(scenario)
    _check_accounts(scenario)
    return scenario


def _check_accounts(scenario: Scenario) -> None:
    refused = [] if isinstance(scenario.refuse_devices, bool) else scenario.refuse_devices
    for name in (*scenario.dead_accounts, *refused):
        try:
            find_account(name)
        except KeyError as error:
            raise SettingsError(f"scenario: no account {name!r}; use its name or its id") from error


def _check_kinds(scenario: Scenario) -> None:
    wanted = [scenario.malformed] if isinstance(scenario.malformed, str) else scenario.malformed
    known = KINDS | REST_KINDS | SOAP_KINDS | WSDL_KINDS
    unknown = sorted(set(wanted) - set(known) - {"random"})
    if unknown:
        raise SettingsError(
            f"scenario: malformed: unknown {', '.join(unknown)}; use {', '.join(known)} or random"
        )
