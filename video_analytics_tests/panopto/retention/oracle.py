"""A scenario's rules read a second time, in plain Python and with the calendar of dateutil."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from video_analytics.settings.retention import Beyond, Retention, Rule, Scenario
from video_analytics_tests.panopto.retention.worlds import HOUR_US, ZONE, Row


class Oracle:
    """What a scenario makes of sessions so many months after the report date, by its words."""

    def __init__(
        self,
        rows: Sequence[Row],
        day: date,
        scenario: Scenario,
        later: int = 0,
        plan: Retention | None = None,
    ) -> None:
        self.rows, self.scenario = rows, scenario
        self._now = day + relativedelta(months=later)
        self._since = self._now - relativedelta(months=scenario.window_months)
        self._users = (plan or Retention()).user_root_folders

    @cached_property
    def told(self) -> list[list[str]]:
        """The buckets that the rules name, for each session."""
        return [self._told(row) for row in self.rows]

    @cached_property
    def hours_us(self) -> dict[str, int]:
        """What exists, by bucket, if each session is told one: what is archived is not moved back."""
        found = dict.fromkeys(("stored", "archived", "deleted"), 0)
        for row, (bucket,) in zip(self.rows, self.told, strict=True):
            archived = bucket == "stored" and row["archived"] == 1
            found["archived" if archived else bucket] += row["hours_us"]
        return found

    def published(self, plan: Retention, created: float) -> dict[str, float]:
        """As the scenario is told of, given the hours created."""
        return {
            "created": created,
            "stored": created + self.hours_us["stored"] / HOUR_US,
            "archived": self._published["archived"],
            "deleted": max(0.0, self._published["deleted"] - self._kept(plan)),
        }

    def _kept(self, plan: Retention) -> float:
        """The limit beyond which hours are published as deleted."""
        deleted = self.scenario.published.deleted
        limits = plan.limits_of(self.scenario)
        return getattr(limits, deleted.beyond) if isinstance(deleted, Beyond) else 0.0

    @cached_property
    def _published(self) -> dict[str, float]:
        own = self.scenario.published
        beyond = own.deleted.of if isinstance(own.deleted, Beyond) else own.deleted
        return {"archived": self._hours("archived", own.archived), "deleted": self._hours("deleted", beyond)}

    def _hours(self, bucket: str, rules: Sequence[Rule] | None) -> float:
        """What the rules select; without rules what the bucket is told."""
        hours_us: int = sum(
            row["hours_us"]
            for row, told in zip(self.rows, self.told, strict=True)
            if (told == [bucket] if rules is None else any(self._holds(rule, row) for rule in rules))
        )
        return hours_us / HOUR_US

    def _told(self, row: Row) -> list[str]:
        scenario = self.scenario
        named = [("stored", scenario.stored), ("archived", scenario.archived)]
        if scenario.deleted != "rest":
            named.append(("deleted", scenario.deleted))
        found = [name for name, rules in named if any(self._holds(rule, row) for rule in rules)]
        return found or (["deleted"] if scenario.deleted == "rest" else [])

    def _recent(self, row: Row) -> bool:
        """Watched, and last viewed within the window."""
        viewed = _local_day(row["last_view"])
        return row["views"] >= 1 and viewed is not None and viewed >= self._since

    def _holds(self, rule: Rule, row: Row) -> bool:
        root, source = row["root_folder"] or "(none)", row["stream_source"] or "(none)"
        started = _local_day(row["start_time"])
        before, within = rule.created_before_months, rule.created_within_months
        return (
            rule.watched in {None, row["views"] >= 1}
            and rule.recent in {None, self._recent(row)}
            and rule.user_folder in {None, root in self._users}
            and (rule.root_folders is None or root in rule.root_folders)
            and (rule.except_root_folders is None or root not in rule.except_root_folders)
            and (rule.stream_sources is None or source in rule.stream_sources)
            and (rule.except_stream_sources is None or source not in rule.except_stream_sources)
            and (before is None or (started is not None and started < self._months_ago(before)))
            and (within is None or (started is not None and started >= self._months_ago(within)))
        )

    def _months_ago(self, months: int) -> date:
        return self._now - relativedelta(months=months)


def _local_day(instant: datetime | None) -> date | None:
    return None if instant is None else instant.astimezone(ZoneInfo(ZONE)).date()
