"""What the setting of user folders does in the scenarios, and whether the folders it names exist at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from video_analytics.errors import PlanError
from video_analytics.panopto.retention.held import HOUR, Held
from video_analytics.panopto.retention.rules import selects
from video_analytics.panopto.retention.scenarios import ARCHIVED, DELETED, Figure, reckon
from video_analytics.settings.retention import Rule, Scenario

LIKE = 0.6  # how much a name must be like another to be taken for a slip of it


@dataclass(frozen=True)
class UserFolder:
    """A folder of the setting."""

    name: str
    hours: float | None  # of all sessions in it; None: there is no such root folder
    like: str | None  # a root folder there is, where this is none


@dataclass(frozen=True)
class Filter:
    """A rule with the condition on user folders, and without it."""

    scenario: Scenario
    about: str  # what it selects without the condition, in words
    hours: float  # that it selects without the condition
    taken: float  # that it selects with it
    inside: Mapping[str, float]  # root folder: hours of the former in it


@dataclass(frozen=True)
class Variant:
    """A scenario under another setting."""

    scenario: Scenario
    names: Sequence[str]
    archived: Figure
    deleted: Figure


def user_folders(held: Held) -> list[UserFolder]:
    """The folders of the setting, each with what there is of it."""
    found = dict(
        held.connection.sql(
            "SELECT root_folder, sum(hours_us)::BIGINT FROM cube GROUP BY root_folder ORDER BY root_folder"
        ).fetchall()
    )
    return [
        UserFolder(
            name, found[name] / HOUR if name in found else None, None if name in found else _like(name, found)
        )
        for name in held.retention.user_root_folders
    ]


def _like(name: str, known: Mapping[str, int]) -> str | None:
    by_fold = {each.casefold(): each for each in known}
    match = get_close_matches(name.casefold(), by_fold, n=1, cutoff=LIKE)
    return by_fold[match[0]] if match else None


def filters(held: Held, folders: Sequence[UserFolder]) -> list[Filter]:
    """Every rule that asks for user folders, and what it selects."""
    return [
        _filter(held, scenario, rule, folders)
        for scenario in held.retention.scenarios
        for rule in _rules(scenario)
        if rule.user_folder is not None
    ]


def variants(held: Held, folders: Sequence[UserFolder]) -> list[Variant]:
    """The scenarios with such rules: as set, without user folders, and with the folders that are meant."""
    as_set = tuple(each.name for each in folders)
    meant = tuple(dict.fromkeys(each.like or each.name for each in folders))
    settings = dict.fromkeys((as_set, (), meant))
    concerned = [
        scenario
        for scenario in held.retention.scenarios
        if any(rule.user_folder is not None for rule in _rules(scenario))
    ]
    return [each for scenario in concerned for names in settings for each in _variant(held, scenario, names)]


def _variant(held: Held, scenario: Scenario, names: tuple[str, ...]) -> Iterator[Variant]:
    retention = held.retention.model_copy(update={"user_root_folders": names})
    try:
        figures = reckon(replace(held, retention=retention), scenario).figures
    except PlanError:  # rules that only fit together with the setting as it is
        return
    yield Variant(scenario, names, figures[ARCHIVED], figures[DELETED])


def _rules(scenario: Scenario) -> list[Rule]:
    deleted = scenario.deleted if isinstance(scenario.deleted, tuple) else ()
    return [*scenario.stored, *scenario.archived, *deleted]


def _filter(held: Held, scenario: Scenario, rule: Rule, folders: Sequence[UserFolder]) -> Filter:
    bare = rule.model_copy(update={"user_folder": None})
    months = scenario.window_months
    every, taken = (selects((each,), held.retention, months) for each in (bare, rule))
    names = list(dict.fromkeys(each.like or each.name for each in folders))
    found = dict(
        held.connection.sql(
            f"SELECT root_folder, sum(hours_us)::BIGINT FROM cube WHERE {every} GROUP BY root_folder"
        ).fetchall()
    )
    ((us,),) = held.connection.sql(
        f"SELECT coalesce(sum(hours_us), 0)::BIGINT FROM cube WHERE {taken}"
    ).fetchall()
    inside = {name: found.get(name, 0) / HOUR for name in names}
    return Filter(scenario, said(bare, months), sum(found.values()) / HOUR, us / HOUR, inside)


def said(rule: Rule, window_months: int) -> str:
    """A rule in words."""
    recent = f"viewed within {window_months} months"
    parts = (
        (rule.watched, "watched", "unwatched"),
        (rule.recent, recent, f"not {recent}"),
        (rule.user_folder, "in a user folder", "in no user folder"),
    )
    flags = [yes if flag else no for flag, yes, no in parts if flag is not None]
    listed = (
        ("in", rule.root_folders),
        ("not in", rule.except_root_folders),
        ("from", rule.stream_sources),
        ("not from", rule.except_stream_sources),
        ("created at least", _months(rule.created_before_months)),
        ("created less than", _months(rule.created_within_months)),
    )
    return (
        ", ".join([*flags, *(f"{word} {' or '.join(names)}" for word, names in listed if names)]) or "there"
    )


def _months(number: int | None) -> tuple[str, ...]:
    return () if number is None else (f"{number} months before the report date",)
