"""The numbers that a page withholds can't be computed back: proven by slower and plainer means."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pytest

from video_analytics.pages.hiding import (
    Counts,
    Family,
    Mask,
    coded_inner,
    coded_part,
    hide_counts,
    hide_parts,
    small,
)

Cell = tuple[int, int]
Bounds = dict[Cell, tuple[int, int]]
FAR = 10**6  # as good as no bound


class Cube:
    """Counts of distinct viewers of a course and its videos on all dates, in months and on days."""

    def __init__(self, seen: npt.NDArray[np.bool_], days_a_month: int) -> None:
        videos, days, _ = seen.shape
        months = days // days_a_month
        by_month = seen.reshape(videos, months, days_a_month, -1).any(axis=2)
        table = np.concatenate([seen.any(axis=1, keepdims=True), by_month, seen], axis=1)
        with_course = np.concatenate([table.any(axis=0, keepdims=True), table])
        self.counts: Counts = with_course.sum(axis=2).astype(np.int64)
        self.rows: list[Family] = [(0, range(1, videos + 1))]
        first = 1 + months
        self.columns: list[Family] = [(0, range(1, first))]
        for month in range(months):
            start = first + month * days_a_month
            self.columns.append((1 + month, range(start, start + days_a_month)))

    def families(self) -> Iterator[tuple[Cell, list[Cell]]]:
        """Every family once in each line: its parent cell and its children's."""
        for parent, children in self.rows:
            for column in range(self.counts.shape[1]):
                yield (parent, column), [(child, column) for child in children]
        for parent, children in self.columns:
            for row in range(self.counts.shape[0]):
                yield (row, parent), [(row, child) for child in children]

    def hidden(self, k: int) -> Mask:
        return hide_counts(self.counts, k, self.rows, self.columns)


def seldom(rng: np.random.Generator, videos: int, days: int, viewers: int) -> npt.NDArray[np.bool_]:
    """Who saw which video on which day: some videos and some days much, others hardly."""
    shares = rng.beta(0.6, 1.2, (videos, 1, 1)) * rng.beta(0.6, 1.2, (1, days, 1))
    return np.asarray(rng.random((videos, days, viewers)) < shares)


def small_cube(rng: np.random.Generator) -> Cube:
    videos, a_month, viewers = rng.integers(1, 5), rng.integers(1, 4), rng.integers(3, 16)
    return Cube(seldom(rng, int(videos), 2 * int(a_month), int(viewers)), int(a_month))


def given(counts: Counts, hidden: Mask, k: int) -> Bounds:
    """What the table itself tells of each cell, and which withheld ones are small."""
    bounds: Bounds = {}
    for cell in np.ndindex(*counts.shape):
        count = int(counts[cell])
        kind = (1, k - 1) if count < k else (k, FAR)
        bounds[cell[0], cell[1]] = kind if hidden[cell] else (count, count)
    return bounds


def narrowed(bounds: Bounds, families: Sequence[tuple[Cell, list[Cell]]]) -> Bounds:
    """The bounds after all that follows from the families, one after another, has been drawn."""
    low = {cell: least for cell, (least, _) in bounds.items()}
    high = {cell: most for cell, (_, most) in bounds.items()}
    before = None
    while before != (before := (dict(low), dict(high))):
        for parent, children in families:
            total = sum(high[child] for child in children)
            high[parent] = min(high[parent], total)
            low[parent] = max(low[parent], *(low[child] for child in children))
            for child in children:
                high[child] = min(high[child], high[parent])
                low[child] = max(low[child], low[parent] - sum(high[one] for one in children if one != child))
    return {cell: (low[cell], high[cell]) for cell in bounds}


def pinned(cube: Cube, hidden: Mask, k: int) -> list[Cell]:
    """Withheld cells whose bounds leave one value."""
    bounds = narrowed(given(cube.counts, hidden, k), list(cube.families()))
    return [cell for cell, (least, most) in bounds.items() if hidden[cell] and least == most]


def only_values(cube: Cube, hidden: Mask, bounds: Mapping[Cell, tuple[int, int]]) -> list[Cell] | None:
    """Withheld cells with one value in all tables that agree with what is shown; None where too many."""
    cells = [(int(row), int(column)) for row, column in zip(*np.nonzero(hidden), strict=True)]
    ranges = [np.arange(bounds[cell][0], bounds[cell][1] + 1) for cell in cells]
    if np.prod([float(len(one)) for one in ranges]) > 5_000:
        return None
    grids = np.meshgrid(*ranges, indexing="ij")
    values = {cell: np.asarray(cube.counts[cell]) for cell in np.ndindex(*cube.counts.shape)}
    values |= {cell: grid.ravel() for cell, grid in zip(cells, grids, strict=True)}
    fits = np.full(len(grids[0].ravel()), fill_value=True)
    for parent, children in cube.families():
        fits &= values[parent] <= np.sum([values[child] + 0 * fits for child in children], axis=0)
        for child in children:
            fits &= values[child] <= values[parent]
    assert fits.any()
    return [cell for cell in cells if len(set(values[cell][fits].tolist())) == 1]


def capped(bounds: Bounds, most: int) -> Bounds:
    return {cell: (least, min(high, most)) for cell, (least, high) in bounds.items()}


@pytest.mark.parametrize("seed", range(5))
def test_no_withheld_count_follows_from_the_bounds_of_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    withheld = others = 0
    for _ in range(200):
        cube, k = small_cube(rng), int(rng.integers(3, 7))
        hidden = cube.hidden(k)
        primary = small(cube.counts, k)
        assert hidden[primary].all()
        assert not hidden[cube.counts == 0].any()
        assert pinned(cube, hidden, k) == []
        withheld += int(primary.sum())
        others += int(hidden.sum() - primary.sum())
    assert 0 < others < withheld / 4


def test_no_withheld_count_has_one_value_in_all_tables_that_could_be() -> None:
    rng = np.random.default_rng(11)
    looked = 0
    for _ in range(1000):
        videos, viewers, k = int(rng.integers(1, 3)), int(rng.integers(4, 9)), int(rng.integers(3, 5))
        cube = Cube(seldom(rng, videos, 2, viewers), 1)
        hidden = cube.hidden(k)
        if hidden.any():
            bounds = capped(narrowed(given(cube.counts, hidden, k), list(cube.families())), 2 * viewers)
            found = only_values(cube, hidden, bounds)
            assert found in (None, [])
            looked += found is not None
    assert looked > 350


def test_nothing_is_withheld_where_one_viewer_may_be_seen() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        assert not small_cube(rng).hidden(1).any()


def test_with_two_the_bounds_alone_tell_no_withheld_count() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        cube = small_cube(rng)
        hidden = cube.hidden(2)
        assert hidden[cube.counts == 1].all()
        assert not hidden[cube.counts == 0].any()
        told = given(cube.counts, hidden, 2)
        told |= {cell: (1, FAR) for cell in told if hidden[cell]}
        bounds = narrowed(told, list(cube.families()))
        assert all(least < most for cell, (least, most) in bounds.items() if hidden[cell])


def test_a_small_child_that_the_parent_would_tell_takes_the_smallest_sibling_along() -> None:
    counts = np.array([[20, 4, 9, 7, 0]])  # 20 - 9 - 7 = 4: no fewer, and no more than small
    hidden = hide_counts(counts, 5, [], [(0, range(1, 5))])
    assert hidden.tolist() == [[False, True, False, True, False]]


def test_small_children_that_the_parent_would_tell_take_it_along() -> None:
    counts = np.array([[8, 4, 4, 0]])
    hidden = hide_counts(counts, 5, [], [(0, range(1, 4))])
    assert hidden.tolist() == [[True, True, True, False]]


def test_counts_that_no_viewers_have_are_refused() -> None:
    for counts in ([[9, 10, 3]], [[14, 10, 3]]):
        with pytest.raises(ValueError, match="distinct viewers"):
            hide_counts(np.array(counts), 5, [], [(0, (1, 2))])


def test_most_of_what_is_not_small_stays_shown() -> None:
    rng = np.random.default_rng(4)
    some = large = shown = others = 0
    for share in (0.02, 0.1, 0.5):
        for _ in range(5):
            cube = Cube(seldom(rng, 40, 60, 60) & (rng.random((40, 60, 60)) < share), 15)
            hidden = cube.hidden(5)
            some += int((cube.counts > 0).sum())
            shown += int((~hidden & (cube.counts > 0)).sum())
            large += int((cube.counts >= 5).sum())
            others += int((hidden & (cube.counts >= 5)).sum())
    print(f"shown: {shown} of {some} counts; withheld for others: {others} of the {large} of 5 and more")
    assert others / large < 0.01


def test_a_large_course_takes_about_a_second_at_most() -> None:
    rng = np.random.default_rng(5)
    cube = Cube(seldom(rng, 300, 300, 60) & (rng.random((300, 300, 60)) < 0.2), 25)
    assert cube.counts.shape == (301, 313)
    started = perf_counter()
    hidden = cube.hidden(5)
    took = perf_counter() - started
    print(f"{int(hidden.sum())} of {int((cube.counts > 0).sum())} counts withheld in {took:.2f} s")
    assert took < 5  # a busy machine


@pytest.mark.parametrize("k", range(3, 8))
def test_no_small_part_and_no_small_rest_is_known(k: int) -> None:
    whole, part = np.meshgrid(np.arange(61), np.arange(61), indexing="ij")
    values, hidden = coded_part(np.minimum(part, whole), whole, k)
    fitting = defaultdict(set)
    for of, some in product(range(61), range(61)):
        if some <= of:
            fitting[of, bool(hidden[of, some]), int(values[of, some])].add(some)
    for (of, gone, value), parts in fitting.items():
        assert len(parts) > 1 or gone or not any(0 < one < k or 0 < of - one < k for one in parts)
        assert len(parts) > 1 or not gone or of < k  # there the whole itself is withheld
        assert value >= 0 or min(parts) == -value >= k
    assert values[20, [0, 5, 15, 16, 19, 20]].tolist() == [0, 5, 15, -(21 - k), -(21 - k), 20] or k != 5


def test_of_a_withheld_whole_no_part_is_shown_not_even_none() -> None:
    values, hidden = coded_part([0, 3, 0, 7], [3, 3, 9, 9], 5, withheld=[False, False, True, True])
    assert hidden.all()
    assert not values.any()


def test_all_parts_are_shown_where_one_viewer_may_be_seen() -> None:
    values, hidden = coded_part(np.arange(10), 9, 1)
    assert not hidden.any()
    assert values.tolist() == list(range(10))
    cube = Cube(np.ones((1, 2, 4), dtype=np.bool_), 1)
    values, hidden = hide_parts(cube.counts - 1, cube.counts, cube.hidden(1), 1, [], cube.columns)
    assert not hidden.any()
    assert (values == 3).all()


@pytest.mark.parametrize("k", range(3, 6))
def test_a_part_of_a_part_tells_of_neither(k: int) -> None:
    for whole in range(k, 5 * k):
        pairs = np.array([(part, inner) for part in range(whole + 1) for inner in range(part + 1)])
        part, inner = pairs.T
        parts, parts_hidden = coded_part(part, whole, k)
        inners, inners_hidden = coded_inner(inner, part, whole, k)
        seen = defaultdict(list)
        columns = (parts, parts_hidden, inners, inners_hidden, part, inner)
        for *shown, one, other in zip(*(column.tolist() for column in columns), strict=True):
            seen[tuple(shown)].append((one, other))
        for fits in seen.values():
            for side in ([one for one, _ in fits], [other for _, other in fits], [a - b for a, b in fits]):
                known = len(set(side)) == 1
                assert not known or not 0 < side[0] < k
            assert len({one for one, _ in fits}) > 1 or not 0 < whole - fits[0][0] < k
            assert len({other for _, other in fits}) > 1 or not 0 < whole - fits[0][1] < k


@pytest.mark.parametrize("seed", range(2))
def test_no_part_follows_from_the_parts_at_other_times(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coded = others = 0
    for _ in range(150):
        k = int(rng.integers(3, 6))
        seen = seldom(rng, int(rng.integers(1, 4)), 4, int(rng.integers(5, 30)))
        wholes, parts = Cube(seen, 2), Cube(seen & (rng.random(seen.shape) < rng.beta(2, 0.5)), 2)
        withheld = wholes.hidden(k)
        values, hidden = hide_parts(parts.counts, wholes.counts, withheld, k, [], parts.columns)
        plain, at_first = coded_part(parts.counts, wholes.counts, k, withheld)
        assert hidden[at_first].all()
        assert (values == plain)[~hidden].all()
        bounds: Bounds = {}
        for row, column in np.ndindex(*hidden.shape):
            cell = row, column
            of, part, value = int(wholes.counts[cell]), int(parts.counts[cell]), int(values[cell])
            bounds[cell] = (value, value)
            if withheld[cell]:
                bounds[cell] = (0, k - 1 if of < k else FAR)
            elif at_first[cell]:
                bounds[cell] = (1, k - 1 if of >= 2 * k - 1 else of - 1)
            elif hidden[cell]:
                bounds[cell] = (1, of)
                others += 1
            elif value < 0:
                coded += 1
                bounds[cell] = (-value, of - 1)
            assert bounds[cell][0] <= part <= bounds[cell][1]
            assert not hidden[cell] or bounds[cell][0] < bounds[cell][1]
        loose = [cell for cell, (least, most) in bounds.items() if least < most]
        columns = [family for family in parts.families() if family[0][0] == family[1][0][0]]
        after = narrowed(bounds, columns)
        assert [cell for cell in loose if 0 < after[cell][0] == after[cell][1]] == []
    assert coded
    assert others
