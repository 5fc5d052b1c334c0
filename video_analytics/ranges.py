"""Ranges of partitions: as few runs as possible that hold just what is wanted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from video_analytics.days import spans

START_TAG, END_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Range:
    """One Dagster run over neighbouring partitions: the first and the last key."""

    first: str
    last: str
    size: int

    def tags(self) -> dict[str, str]:
        """The tags by which Dagster knows a run over a range."""
        return {START_TAG: self.first, END_TAG: self.last}


def day_ranges(wanted: Mapping[str, Sequence[date]], order: Sequence[str]) -> Iterator[Range]:
    """Ranges over the neighbours (accounts, courses) and the days of each that are wanted, and no others."""
    return rectangles(
        {
            name: [(str(first), str(last), (last - first).days + 1) for first, last in spans(days)]
            for name, days in wanted.items()
        },
        order,
    )


def rectangles(wanted: Mapping[str, Iterable[tuple[str, str, int]]], order: Sequence[str]) -> Iterator[Range]:
    """As few ranges as possible over names and their spans: first and last key, and how many are between."""
    members: dict[tuple[str, str, int], list[str]] = {}
    for name, held in wanted.items():
        for span in held:
            members.setdefault(span, []).append(name)
    for (first, last, length), names in sorted(members.items()):
        for block in blocks(names, order):
            yield Range(f"{block.first}|{first}", f"{block.last}|{last}", block.size * length)


def blocks(names: Sequence[str] | set[str], order: Sequence[str]) -> Iterator[Range]:
    """Runs of neighbours in `order` among `names`."""
    places = sorted(order.index(name) for name in names)
    for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        held = [place for _, place in run]
        yield Range(order[held[0]], order[held[-1]], len(held))
