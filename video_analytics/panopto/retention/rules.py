"""Rules as conditions in SQL, over the columns of `cube` and `held`."""

from collections.abc import Iterator, Sequence

from video_analytics.lake import quoted
from video_analytics.settings.retention import Retention, Rule


def selects(rules: Sequence[Rule], retention: Retention, window_months: int, later: int = 0) -> str:
    """The condition under which any of the rules holds.

    `later` asks how it will be so many months after the report date, if nothing is viewed in between.
    """
    return " OR ".join(f"({_holds(rule, retention, window_months, later)})" for rule in rules) or "false"


def recent(window_months: int, later: int = 0) -> str:
    """Watched, and last viewed within the window."""
    return f"coalesce(view_months + {later} <= {window_months}, false)"


def _holds(rule: Rule, retention: Retention, window_months: int, later: int) -> str:
    return " AND ".join(_conditions(rule, retention, window_months, later)) or "true"


def _conditions(rule: Rule, retention: Retention, window_months: int, later: int) -> Iterator[str]:
    if rule.watched is not None:
        yield _is(rule.watched, "watched")
    if rule.recent is not None:
        yield _is(rule.recent, recent(window_months, later))
    if rule.user_folder is not None:
        yield _is(rule.user_folder, _among("root_folder", retention.user_root_folders))
    for column, names, others in (
        ("root_folder", rule.root_folders, rule.except_root_folders),
        ("stream_source", rule.stream_sources, rule.except_stream_sources),
    ):
        if names is not None:
            yield _among(column, names)
        if others is not None:
            yield _is(False, _among(column, others))
    if rule.created_before_months is not None:
        yield f"coalesce(start_months + {later} > {rule.created_before_months}, false)"
    if rule.created_within_months is not None:
        yield f"coalesce(start_months + {later} <= {rule.created_within_months}, false)"


def _is(wanted: bool, condition: str) -> str:
    return condition if wanted else f"NOT ({condition})"


def _among(column: str, names: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(quoted, names))})" if names else "false"
