"""Which dimensions the Analytics API takes together, and which fields each combination has: tables."""

from typing import Final

from video_analytics.sandbox.answers import RefusalError
from video_analytics.sandbox.traffic import ENGAGEMENT, METRICS

DIMENSIONS: Final = ("account", "video", "date", "device_type")
_BASE = (*METRICS, "engagement_score")  # what every form has
_WITH_RATE = (*_BASE, "play_rate")
_DEVICE = tuple(f for f in _WITH_RATE if f not in ENGAGEMENT[:5])  # without the engagement quarters
_NAMES = ("video_name", "video_duration")

UNLISTED: Final = frozenset({"video", "date", "device_type"})
COMBINATIONS: Final[dict[frozenset[str], tuple[str, ...]]] = {
    frozenset({"account"}): ("account.name", *_WITH_RATE),
    frozenset({"date"}): _WITH_RATE,
    frozenset({"device_type"}): _WITH_RATE,
    frozenset({"video"}): (*_NAMES, *_WITH_RATE),
    frozenset({"account", "date"}): ("account.name", *_WITH_RATE),
    frozenset({"account", "device_type"}): ("account.name", *_WITH_RATE),
    frozenset({"account", "video"}): ("account.name", *_NAMES, *_WITH_RATE),
    frozenset({"video", "date"}): ("video_name", *_BASE),  # no play_rate, no video_duration
    frozenset({"account", "video", "date"}): ("account.name", *_NAMES, *_WITH_RATE),
    frozenset({"video", "device_type"}): ("video_name", *_DEVICE),
    frozenset({"account", "video", "device_type"}): ("account.name", "video_name", *_WITH_RATE),
    frozenset({"date", "device_type"}): _WITH_RATE,
    frozenset({"account", "date", "device_type"}): ("account.name", *_WITH_RATE),
    # The last two stand in no published list: accepted unless the scenario refuses.
    UNLISTED: ("video_name", *_DEVICE),
    frozenset({"account", "video", "date", "device_type"}): ("account.name", "video_name", *_DEVICE),
}
RATIOS: Final = {
    # ratio, then its numerator and its denominator
    "play_rate": ("video_view", "video_impression"),
    "engagement_score": ("video_percent_viewed", "video_view"),
}


def unsupported(what: str) -> RefusalError:
    """The clean 400 of an impossible combination."""
    return RefusalError(400, "UNSUPPORTED_FIELD_COMBINATION_ERROR", what)


def check_dimensions(dimensions: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of a combination, or a refusal."""
    fields = COMBINATIONS.get(frozenset(dimensions))
    if fields is None or len(set(dimensions)) != len(dimensions):
        raise unsupported(f"unsupported dimensions: {','.join(dimensions)}")
    return fields


def check_fields(dimensions: tuple[str, ...], wanted: list[str]) -> tuple[str, ...]:
    """The fields to return beside the dimensions; one unsupported field fails the whole call."""
    supported = check_dimensions(dimensions)
    if wanted == ["all"]:
        return supported
    if not wanted:
        return ("video_view",)
    extra = [f for f in wanted if f not in dimensions]
    bad = [f for f in extra if f not in supported and not ("video" in dimensions and f.startswith("video."))]
    if bad:
        raise unsupported(f"unsupported fields for these dimensions: {', '.join(bad)}")
    return tuple(dict.fromkeys(extra))
