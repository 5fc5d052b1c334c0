"""Three days in trouble, as in the drill of sixty: kills, faulty calls, a dead account, a share away."""

from pathlib import Path

import pytest

from video_analytics_tests.drills.homes import Plan
from video_analytics_tests.drills.sixty_days import mails_wrong
from video_analytics_tests.drills.troubled import live

PLAN = Plan(days=3, accounts=2, courses=0, dead=(0, 1), off=(1, 1), away=(0, 1), filled=10, step=180)


@pytest.mark.night
def test_after_days_of_trouble_all_is_as_it_should_be_and_each_trouble_was_told_once(tmp_path: Path) -> None:
    outcome = live(tmp_path / "home", PLAN)
    assert outcome.wrong == []
    assert outcome.errors == []
    assert outcome.rows > 0
    assert outcome.delivered > 0
    assert outcome.killed > 0
    assert outcome.retried >= outcome.killed
    assert mails_wrong(PLAN, outcome) == []
