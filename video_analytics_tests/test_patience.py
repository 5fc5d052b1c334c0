import datetime as dt
from dataclasses import dataclass

import pytest

from video_analytics.patience import is_over

NOW = dt.datetime(2026, 6, 15, 6, tzinfo=dt.UTC)


@dataclass
class Failed:
    attempts: int
    hours_ago: float
    permanent: bool = False

    @property
    def at(self) -> dt.datetime:
        return NOW - dt.timedelta(hours=self.hours_ago)


@pytest.mark.parametrize(
    ("failed", "over"),
    [
        (Failed(1, 0.99), False),
        (Failed(1, 1), True),
        (Failed(2, 1.99), False),
        (Failed(2, 2), True),
        (Failed(5, 15.9), False),
        (Failed(5, 16), True),
        (Failed(6, 23.9), False),
        (Failed(6, 24), True),
        (Failed(10_000, 24), True),
        (Failed(10_000, 23.9), False),
        (Failed(1, 23.9, permanent=True), False),
        (Failed(1, 24, permanent=True), True),
    ],
)
def test_waits_double_up_to_a_day_and_a_permanent_no_waits_a_day(failed: Failed, over: bool) -> None:
    assert is_over(failed, 60, NOW) is over
