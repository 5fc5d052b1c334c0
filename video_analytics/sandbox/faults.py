"""The scenario at work: counters that decide which request meets which fault.

All chance comes from the seed and the counters, so that the same sequence of requests meets the same faults.
"""

from collections.abc import Collection
from datetime import date
from random import Random

from video_analytics.sandbox.accounts import Account
from video_analytics.sandbox.scenario import Scenario

_HALF = 2


class Faults:
    """The counters of one scenario; a new scenario starts with new ones."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario, self.seed = scenario, seed
        self.storm_left = scenario.storm.requests if scenario.storm else 0
        self.oauth_left = scenario.oauth_fails
        self.empty_left = scenario.empty_pages
        self.drift_left = scenario.drift_events if scenario.paging_drift else 0
        self.asked: dict[str, int] = {}
        self.empty_details_left = scenario.empty_page_with_total
        self._requests = self._data = self._draws = self._soap = self._details = 0
        self._answers: dict[str, int] = {}

    def draw(self) -> Random:
        """The next source of chance."""
        self._draws += 1
        return Random(self.seed * 1_000_003 + self._draws)

    def flaky_kind(self) -> str | None:
        """Which network fault this request meets, if any."""
        self._requests += 1
        draw = Random(self.seed * 2_000_003 + self._requests)
        if draw.random() >= self.scenario.flaky:
            return None
        return draw.choice(self.scenario.flaky_kinds)

    def in_storm(self) -> bool:
        """Whether this data request is one of the storm's."""
        self.storm_left -= 1
        return self.storm_left >= 0

    def refuses_token_call(self) -> bool:
        """Whether this token call is refused."""
        self.oauth_left -= 1
        return self.scenario.wrong_credentials or self.oauth_left >= 0

    def revokes(self) -> bool:
        """Whether this data request answers 401 though its token is good."""
        self._data += 1
        every = self.scenario.unauthorised_every
        return every > 0 and self._data % every == 0

    def is_dead(self, account: Account) -> bool:
        """Whether that account is one of the dead ones."""
        return _named(account, self.scenario.dead_accounts)

    def refuses_devices(self, accounts: list[Account]) -> bool:
        """Whether `video,date,device_type` is refused for these accounts."""
        refused = self.scenario.refuse_devices
        if isinstance(refused, bool):
            return refused
        return any(_named(account, refused) for account in accounts)

    def hits_dead_day(self, days: tuple[date, date]) -> bool:
        """Whether the window contains a day that never answers."""
        return any(days[0] <= dead <= days[1] for dead in self.scenario.dead_days)

    def processing_status(self, key: str) -> int | None:
        """503 or 500 while the query is still being processed; None when it is ready."""
        if not self.scenario.processing:
            return None
        asks = self.asked[key] = self.asked.get(key, 0) + 1
        if asks > self.scenario.processing:
            return None
        return 500 if asks % _HALF == 0 else 503

    def malformed_kind(self, group: str, fitting: Collection[str]) -> str | None:
        """How this answer is spoilt, if it is the n-th of its group; `fitting` are the ways it can be."""
        wanted = self.scenario.malformed
        named = [wanted] if isinstance(wanted, str) else wanted
        kinds = list(fitting) if wanted == "random" else [kind for kind in named if kind in fitting]
        every = self.scenario.malformed_every
        if not every or not kinds:
            return None
        answers = self._answers[group] = self._answers.get(group, 0) + 1
        return kinds[(answers // every - 1) % len(kinds)] if answers % every == 0 else None

    def empties_page(self) -> bool:
        """Whether this page of a list comes back empty."""
        self.empty_left -= 1
        return self.empty_left >= 0

    def breaks_soap(self) -> bool:
        """Whether this SOAP call meets the fault that passes."""
        self._soap += 1
        return Random(self.seed * 3_000_017 + self._soap).random() < self.scenario.soap_faults

    def empties_detail(self) -> bool:
        """Whether this page of records comes back empty."""
        self.empty_details_left -= 1
        return self.empty_details_left >= 0

    def detail_salt(self) -> int:
        """What the order of records is made of: the same for every call, unless the scenario says not."""
        if not self.scenario.unstable_order:
            return 1
        self._details += 1
        return self._details + 1

    def late_total(self, page: int) -> int:
        """How many records the vendor pretends have come since page 0 was asked for."""
        return page if self.scenario.late_totals else 0


def _named(account: Account, names: list[str]) -> bool:
    return account.id in names or account.name.lower() in {name.lower() for name in names}
