"""What a retention plan is: limits, bundles, and the scenarios of what is stored, archived and deleted.

A rule selects sessions by conditions that must all hold; a list of rules selects what any of them selects.
Bundles and scenarios are tables by name. A bundle named in the settings replaces the built-in ones, as people
list what they can buy; a scenario is added to the built-in ones, or takes the place of its namesake.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from video_analytics.errors import SettingsError
from video_analytics.settings import checks
from video_analytics.settings.base import Day, Model
from video_analytics.settings.problems import shown_key

NONE = "(none)"  # stands in a list of folders or sources for the blank one

Amount = Annotated[FiniteFloat, Field(ge=0, le=1_000_000_000)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Months = Annotated[int, Field(ge=1, le=600)]
MonthDay = Annotated[str, AfterValidator(checks.month_day)]
Label = Annotated[str, AfterValidator(checks.label)]
Labels = Annotated[tuple[Label, ...], Field(strict=False)]
Some = Annotated[tuple[Label, ...], Field(strict=False), AfterValidator(checks.some)]
Bucket = Literal["stored", "created", "archived"]


class Rule(Model):
    """A selection of sessions: every condition given must hold; a rule without any selects all."""

    watched: bool | None = None  # at least one view or download in the period
    recent: bool | None = None  # watched, and last viewed within the scenario's window
    user_folder: bool | None = None  # the root folder is one of the plan's user_root_folders
    root_folders: Some | None = None
    except_root_folders: Some | None = None
    stream_sources: Some | None = None
    except_stream_sources: Some | None = None
    created_before_months: Months | None = None  # started more than so many months before the report date
    created_within_months: Months | None = None  # started since then; a session without a start is neither

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        """A rule that selects nothing, or says a thing twice, is a slip."""
        for field in ("root_folders", "stream_sources"):
            if getattr(self, field) is not None and getattr(self, f"except_{field}") is not None:
                mend = "remove one: who names some has left out the others"
                raise checks.wrong(f"{field} or except_{field}", mend, "both in one rule")
        if self.recent and self.watched is False:
            mend = "remove one: what is recent has been watched"
            raise checks.wrong("a rule that can hold", mend, "recent = true with watched = false")
        before, within = self.created_before_months, self.created_within_months
        if before is not None and within is not None and before >= within:
            mend = "make created_before_months the smaller one"
            got = f"created_before_months = {before} with created_within_months = {within}"
            raise checks.wrong("a rule that can hold", mend, got)
        return self


Rules = Annotated[tuple[Rule, ...], Field(strict=False)]


class Beyond(Model):
    """The hours of a selection above the plan's limit of a bucket, never below 0."""

    of: Rules
    beyond: Bucket


def _kind(value: object) -> str | None:
    """Which of the forms of `deleted` a value takes: by its look, so that errors speak of that form alone."""
    if isinstance(value, list | tuple):
        return "Rule"
    if isinstance(value, Mapping | Beyond):
        return "Beyond"
    return "rest" if value == "rest" else None


# The tags are the names of the models, by which errors find the keys a model knows.
_RulesOrBeyond = Annotated[
    Annotated[Rules, Tag("Rule")] | Annotated[Beyond, Tag("Beyond")],
    Discriminator(_kind, "rules_or_beyond", "neither rules nor a table"),
]
_RulesOrRest = Annotated[
    Annotated[Rules, Tag("Rule")] | Annotated[Literal["rest"], Tag("rest")],
    Discriminator(_kind, "rules_or_rest", "neither rules nor the rest"),
]


class Published(Model):
    """How a figure was published where it counts differently from the one that adds up."""

    archived: Rules | None = None
    deleted: _RulesOrBeyond | None = None
    why: str = ""  # a sentence for readers


class Scenario(Model):
    """One way to live with the plan: what is stored, archived and deleted of what there is."""

    name: Annotated[str, AfterValidator(checks.lower_name("my_plan"))]
    title: Annotated[str, AfterValidator(checks.title)] = Field(
        default_factory=lambda data: data["name"].replace("_", " ").capitalize()
    )
    window_months: Months
    bundles: Annotated[tuple[str, ...], Field(strict=False)] = ()  # as often as named
    imported: Mapping[Label, Share] = {}  # stream source: share of last academic year's hours; others all
    stored: Rules
    archived: Rules
    deleted: _RulesOrRest = "rest"
    published: Published = Published()


class Hours(Model):
    """Hours in each bucket."""

    stored: Amount = 0.0
    created: Amount = 0.0
    archived: Amount = 0.0


class Bundle(Hours):
    """What can be bought, and the hours that it adds to the limits."""

    name: Annotated[str, AfterValidator(checks.lower_name("archive"))]


def _bought(scenario: Scenario, info: ValidationInfo) -> Scenario:
    """A scenario can only use bundles there are."""
    known = [each.name for each in info.data.get("bundles", ())]
    strange = [shown_key(each) for each in scenario.bundles if each not in known]
    if strange and "bundles" in info.data:
        mend = "correct the name, or add the bundle to [retention.bundles]"
        raise checks.wrong(f"bundles among {', '.join(known)}", mend, ", ".join(strange), where=("bundles",))
    return scenario


LIMITS = Hours(stored=8800.0, created=4400.0, archived=4400.0)
BUNDLES = (Bundle(name="archive", archived=50_000.0), Bundle(name="create", created=4000.0))

_RECENT = Rule(recent=True)
_NOT_RECENT = Rule(recent=False)
_UNWATCHED = Rule(watched=False)
_WATCHED_NOT_RECENT = Rule(watched=True, recent=False)

SCENARIOS = (
    Scenario(
        name="save_money",
        title="Save money",
        window_months=18,
        imported={"Zoom": 0.2},
        stored=(_RECENT,),
        archived=(
            Rule(watched=False, user_folder=False, except_stream_sources=("Zoom",)),
            _WATCHED_NOT_RECENT,
        ),
        deleted="rest",
        published=Published(
            deleted=Beyond(of=(_UNWATCHED,), beyond="archived"),
            why="The published figure counts as deleted only the unwatched hours beyond the plan's archive "
            "limit.",
        ),
    ),
    Scenario(
        name="save_content",
        title="Save content",
        window_months=18,
        bundles=("archive",),
        imported={"Zoom": 0.2},
        stored=(_RECENT,),
        archived=(_NOT_RECENT,),
        deleted=(),
    ),
    Scenario(
        name="save_zoom",
        title="Save Zoom",
        window_months=6,
        bundles=("create",),
        stored=(_RECENT,),
        archived=(_WATCHED_NOT_RECENT,),
        deleted=(_UNWATCHED,),
    ),
    Scenario(
        name="save_both",
        title="Save both",
        window_months=6,
        bundles=("archive", "create"),
        stored=(_RECENT,),
        archived=(_NOT_RECENT,),
        deleted=(),
        published=Published(
            archived=(_UNWATCHED,),
            why="The published figure leaves out what was watched, but not within the window.",
        ),
    ),
)


class Retention(Model):
    """The plan: what the licence allows, what can be bought, and the scenarios to compare."""

    user_root_folders: Labels = ("Users",)
    recency_months: Annotated[tuple[Months, ...], Field(strict=False), AfterValidator(checks.months)] = (
        6,
        12,
        18,
    )
    academic_year_from: MonthDay = "06-01"
    academic_year_to: MonthDay = "06-01"  # the first day that is not in it any more
    creator_names: bool = False  # in the files people open; else "creator 1" and so on
    renewal: Day | None = None  # of the licence; else the next academic_year_to after the report date
    limits: Hours = LIMITS
    bundles: Annotated[tuple[Bundle, ...], Field(strict=False)] = BUNDLES
    scenarios_built_in: bool = True
    scenarios: Annotated[tuple[Annotated[Scenario, AfterValidator(_bought)], ...], Field(strict=False)] = (
        Field(default_factory=lambda data: SCENARIOS if data["scenarios_built_in"] else ())
    )

    @field_validator("limits", mode="before")
    @classmethod
    def _completed(cls, value: object) -> object:
        """A limit that is not named stays as it is built in."""
        return {**LIMITS.model_dump(), **value} if isinstance(value, Mapping) else value

    @field_validator("bundles", mode="wrap")
    @classmethod
    def _named_bundles(
        cls, value: object, handler: Callable[[object], tuple[Bundle, ...]]
    ) -> tuple[Bundle, ...]:
        return handler(_rows(value)) or BUNDLES if isinstance(value, Mapping) else handler(value)

    @field_validator("scenarios", mode="wrap")
    @classmethod
    def _named_scenarios(
        cls, value: object, handler: Callable[[object], tuple[Scenario, ...]], info: ValidationInfo
    ) -> tuple[Scenario, ...]:
        """Tables by name come on top of the built-in scenarios; a tuple is all there is."""
        if not isinstance(value, Mapping):
            return handler(value)
        built_in = SCENARIOS if info.data.get("scenarios_built_in", True) else ()
        by_name = {each.name: each for each in (*built_in, *handler(_rows(value)))}
        return tuple(by_name.values())

    @model_validator(mode="after")
    def _some_scenario(self) -> Self:
        if not self.scenarios:
            mend = "add a [retention.scenarios.NAME], or remove the line to have the built-in ones"
            raise checks.wrong("a scenario", mend, "none", where=("scenarios_built_in",))
        return self

    @model_validator(mode="after")
    def _built_in_can_be_bought(self) -> Self:
        """Who replaces the bundles may take them from the built-in scenarios, which nobody has written."""
        known = {each.name for each in self.bundles}
        lacking = {each.name: set(each.bundles) - known for each in self.scenarios}
        needed = sorted(set().union(*lacking.values()))
        if needed:
            users = ", ".join(name for name, names in lacking.items() if names)
            mend = f"add them, or redefine {users}, or set scenarios_built_in = false"
            expected = f"also {', '.join(needed)}, which scenarios use"
            raise checks.wrong(expected, mend, f"only {', '.join(sorted(known))}", where=("bundles",))
        return self

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name."""
        return _named(self.scenarios, "scenario", name)

    def bundle(self, name: str) -> Bundle:
        """The bundle of that name."""
        return _named(self.bundles, "bundle", name)

    def limits_of(self, scenario: Scenario) -> Hours:
        """The plan's limits with what the scenario's bundles add."""
        parts = (self.limits, *(self.bundle(name) for name in scenario.bundles))
        return Hours(
            stored=sum(each.stored for each in parts),
            created=sum(each.created for each in parts),
            archived=sum(each.archived for each in parts),
        )


def _rows(tables: Mapping[str, Any]) -> list[Any]:
    """Tables by name as a list in the same order."""
    return [{**table, "name": name} for name, table in tables.items()]


_Named = TypeVar("_Named", Scenario, Bundle)


def _named(items: tuple[_Named, ...], kind: str, name: str) -> _Named:
    for each in items:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in items)
    raise SettingsError(f"settings: retention.{kind}s: unknown {kind} {name!r}; use one of {known}")
