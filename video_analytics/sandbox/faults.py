"""The scenario at work: counters that decide which request meets which fault.

All chance comes from the seed and the counters, so that the same sequence of requests meets the same faults.
"""

from datetime import date
from random import Random

from video_analytics.sandbox.accounts import Account
from video_analytics.sandbox.malformed import KINDS
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
        self._requests = self._data = self._answers = self._draws = 0

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

    def malformed_kind(self) -> str | None:
        """How this answer is spoilt, if it is the n-th one."""
        self._answers += 1
        every = self.scenario.malformed_every
        if not every or self._answers % every:
            return None
        wanted = self.scenario.malformed
        named = [wanted] if isinstance(wanted, str) else wanted
        kinds = list(KINDS) if wanted == "random" else named
        return kinds[(self._answers // every - 1) % len(kinds)]

    def empties_page(self) -> bool:
        """Whether this page of a list comes back empty."""
        self.empty_left -= 1
        return self.empty_left >= 0


def _named(account: Account, names: list[str]) -> bool:
    return account.id in names or account.name.lower() in {name.lower() for name in names}
