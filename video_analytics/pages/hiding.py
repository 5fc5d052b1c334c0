"""Which counts of viewers are withheld, so that no withheld one can be computed back. Pure.

What is promised of a table of distinct viewers (entities by dates) stands in `hide_counts`; of parts of
viewers in `coded_part` and `hide_parts`; of amounts that add up in `hiding_sums`. With k = 1 all is shown.
With k = 2 a count withheld as small can only be 1, so that to withhold it tells it: take 1, or 3 and more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Family = tuple[int, Sequence[int]]  # parent and children: indices of rows, or of columns
Cell = tuple[int, int]
Bounds = tuple[Counts, Counts]  # the least and the most that each count may be

_UNBOUNDED = 1 << 40  # more than anybody counts; sums of it fit
_SMALLEST_GUESSED = 3  # with k = 2 to know that a count is small is to know the count


def small(counts: npt.ArrayLike, k: int) -> Mask:
    """Which counts are of somebody, but of fewer than k."""
    array = np.asarray(counts)
    return np.asarray((array >= 1) & (array < k))


def coded_part(
    part: npt.ArrayLike, whole: npt.ArrayLike, k: int, withheld: npt.ArrayLike = False
) -> tuple[Counts, Mask]:
    """What is shown of a part of some viewers, and where nothing is (0 there); the arguments are broadcast.

    A part is withheld where its whole is (small, or in `withheld`) or where it is small itself. Where the
    rest is small, -n is shown for "n or more", n = whole - k + 1; where n is less than k, nothing. None and
    all are shown. So, for k of 3 or more, at least two values fit each part that is small or leaves a small
    rest.
    """
    of, parts, gone = np.broadcast_arrays(np.asarray(whole), np.asarray(part), np.asarray(withheld))
    least = of - k + 1
    rest_small = small(of - parts, k)
    hidden = gone | small(of, k) | small(parts, k) | (rest_small & (least < k))
    shown = np.where(rest_small, -least, parts)
    return np.where(hidden, 0, shown).astype(np.int64), np.asarray(hidden)


def coded_inner(
    inner: npt.ArrayLike,
    part: npt.ArrayLike,
    whole: npt.ArrayLike,
    k: int,
    withheld: npt.ArrayLike = False,
) -> tuple[Counts, Mask]:
    """As `coded_part`, for a part of a part: those who saw a chunk in full, of those who saw any of it.

    What is shown of the inner part may not tell more of the part than is shown of that. So where the part is
    "n or more", the inner part is one of the whole; else one of the part.
    """
    codes, gone = coded_part(part, whole, k, withheld)
    of = np.where(codes < 0, np.asarray(whole), np.asarray(part))
    return coded_part(inner, of, k, gone)


def hide_counts(
    counts: npt.ArrayLike, k: int, row_families: Sequence[Family], column_families: Sequence[Family]
) -> Mask:
    """Which counts of distinct viewers are withheld, in a table of entities (rows) by dates (columns).

    A family is a parent and its children, of which the parent is the union: a course and its videos (rows),
    all dates and the months, a month and its days (columns). A row family holds in each column, a column
    family in each row. Distinct viewers don't add up: largest child <= parent <= sum of the children.

    Withheld are the small counts (1 ... k - 1), then others (k or more) until no withheld count is known. The
    reader is taken to know k, all that is shown, these inequalities of all families together, that nothing
    withheld is 0, and even which counts are withheld as small and which for the sake of others (this not with
    k = 2). Promised: at least two values of each withheld count agree with all that. Nought is always shown
    and never withheld for others. Not promised: that no difference of two shown counts is small, or anything
    against readers who know some viewers' doings themselves.

    Counts that break the inequalities are no counts of distinct viewers: ValueError.
    """
    array = np.asarray(counts, dtype=np.int64)
    told = k >= _SMALLEST_GUESSED
    primary = small(array, k)
    least = np.where(primary | (not told), 1, k)
    most = np.where(primary & told, k - 1, _UNBOUNDED)
    families = _families(row_families, column_families)
    return _closed(array, primary, (array, array), (least, most), families)


def hide_parts(
    parts: npt.ArrayLike,
    wholes: npt.ArrayLike,
    withheld: npt.ArrayLike,
    k: int,
    row_families: Sequence[Family],
    column_families: Sequence[Family],
) -> tuple[Counts, Mask]:
    """As `coded_part` for tables of distinct viewers, with the promise of `hide_counts`.

    Both tables are as in `hide_counts`, `withheld` is what that says of the wholes; families are those of
    which the parts are unions too (viewers of a chunk: dates). The reader is also taken to know the shown
    wholes and that no part is larger than its whole, but not which parts are withheld for the sake of others.
    Of a withheld part it may be known that it is none.
    """
    array, of = np.asarray(parts, dtype=np.int64), np.asarray(wholes, dtype=np.int64)
    values, hidden = coded_part(array, of, k, withheld)
    gone, coded = np.asarray(withheld, dtype=np.bool_) | small(of, k), values < 0
    told = hidden & (of >= 2 * k - 1)  # there only a small part is withheld at first
    most = np.select([small(of, k) | (told & ~gone), gone, hidden | coded], [k - 1, _UNBOUNDED, of - 1], of)
    shown = np.where(coded, of - k + 1, array), np.where(coded, of - 1, array)
    families = _families(row_families, column_families)
    hidden = _closed(array, hidden, shown, (np.where(gone, 0, 1), most), families)
    return np.where(hidden, 0, values), hidden


@dataclass(frozen=True)
class _Family:
    """A parent and its children along one axis; a line is an index of the other axis."""

    axis: int
    parent: int
    children: npt.NDArray[np.intp]

    def lines(self, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The table, turned so that the family is among its columns; a view."""
        return table if self.axis else table.T

    def cell(self, line: int, index: int) -> Cell:
        return (line, index) if self.axis else (index, line)


def _families(row_families: Sequence[Family], column_families: Sequence[Family]) -> list[_Family]:
    both = ((0, row_families), (1, column_families))
    return [_Family(axis, who, np.array(kids)) for axis, some in both for who, kids in some if len(kids)]


def _closed(
    counts: Counts, primary: Mask, shown: Bounds, withheld: Bounds, families: Sequence[_Family]
) -> Mask:
    """The primary mask and what else is withheld; what is known of each count if it is shown, and if not."""
    for family in families:
        table = family.lines(counts)
        parent, children = table[:, family.parent], table[:, family.children]
        if (children.max(axis=1) > parent).any() or (children.sum(axis=1) < parent).any():
            raise ValueError(f"not counts of distinct viewers: parent {family.parent} of axis {family.axis}")
    hidden = primary.copy()
    while more := _complements(_Known(counts, hidden, shown, withheld, families)):
        hidden[tuple(np.array(more).T)] = True
    return hidden


class _Known:
    """What a reader knows of each count: at least `least`, at most `most`.

    Of two solutions of the inequalities the larger numbers, cell by cell, are one too. So the greatest
    numbers that fit all together are found by lowering (`_lower`), and a count is known exactly if and only
    if nothing fits any more when it is taken to be one less than its greatest.
    """

    def __init__(
        self, counts: Counts, hidden: Mask, shown: Bounds, withheld: Bounds, families: Sequence[_Family]
    ) -> None:
        self.counts, self.hidden, self.families = counts, hidden, families
        self.least, most = (np.where(hidden, withheld[end], shown[end]) for end in (0, 1))
        self.secret = (self.least < most) & (counts > 0)
        self.most, self.sums = _lower(most, families)
        self.of: dict[tuple[int, int], list[tuple[int, bool]]] = {}
        for number, family in enumerate(families):
            self.of.setdefault((family.axis, family.parent), []).append((number, True))
            for child in family.children.tolist():
                self.of.setdefault((family.axis, child), []).append((number, False))

    def shown(self, cell: Cell) -> bool:
        """Whether a count is shown and may be withheld for the sake of others."""
        return bool(not self.hidden[cell] and self.counts[cell])

    def suspects(self) -> list[Cell]:
        """Counts not meant to be known that are not seen at a glance to be uncertain.

        The true counts fit, so one below its greatest is uncertain; so is one that can be lowered alone.
        """
        free = self.most > self.least
        for family, sums in zip(self.families, self.sums, strict=True):
            most, lowers = family.lines(self.most), family.lines(free)
            parent, children = most[:, family.parent], most[:, family.children]
            lowers[:, family.parent] &= children.max(axis=1) < parent
            lowers[:, family.children] &= (parent < sums)[:, None]
        rows, columns = np.nonzero(self.secret & (self.most <= self.counts) & ~free)
        return list(zip(rows.tolist(), columns.tolist(), strict=True))

    def memberships(self, cell: Cell) -> Iterator[tuple[int, int, bool]]:
        """The number of each family of a cell, the line of it, and whether the cell is the parent."""
        for axis in (0, 1):
            for number, parent in self.of.get((axis, cell[axis]), ()):
                yield number, cell[1 - axis], parent


def _lower(most: Counts, families: Sequence[_Family]) -> tuple[Counts, list[Counts]]:
    """The greatest numbers up to `most` that keep to all inequalities, and the children's sums per family."""
    lowered = most.copy()
    while True:
        before, sums = lowered.copy(), []
        for family in families:
            table = family.lines(lowered)
            children = table[:, family.children]
            parent = np.minimum(table[:, family.parent], children.sum(axis=1))
            children = np.minimum(children, parent[:, None])
            table[:, family.parent], table[:, family.children] = parent, children
            sums.append(children.sum(axis=1))
        if np.array_equal(before, lowered):
            return lowered, sums


def _complements(known: _Known) -> list[Cell]:
    """Counts to withhold as well, for the sake of withheld ones that are known; none if none is."""
    found: dict[Cell, None] = {}
    for cell in known.suspects():
        trail = _contradiction(known, cell)
        if trail and not any(helper in found for helper in _helpers(known, trail)):
            helper = next(iter(_helpers(known, trail)), None) or _near(known, cell)
            if helper:
                found[helper] = None
    return list(found)


@dataclass(frozen=True)
class _Step:
    """A cell lowered because of a family's line: as the parent, by the sum, or as a child, by the parent."""

    cell: Cell
    family: int
    line: int
    by_sum: bool


def _contradiction(known: _Known, start: Cell) -> list[_Step]:
    """The steps, last first, from a withheld count taken one lower to what can't be; none if all fits."""
    bounds: dict[Cell, int] = {}
    sums: dict[tuple[int, int], int] = {}
    steps: list[_Step] = []
    waiting: list[tuple[Cell, int, _Step | None]] = [(start, int(known.most[start]) - 1, None)]
    while waiting:
        cell, bound, step = waiting.pop()
        now = bounds.get(cell, int(known.most[cell]))
        if bound >= now:
            continue
        steps += [step] if step else []
        if bound < known.least[cell]:
            return steps[::-1] or _tight(known, cell)
        bounds[cell] = bound
        for number, line, is_parent in known.memberships(cell):
            family = known.families[number]
            if is_parent:
                most = family.lines(known.most)[line, family.children]
                for child in family.children[most > bound].tolist():
                    lower = family.cell(line, child)
                    waiting.append((lower, bound, _Step(lower, number, line, by_sum=False)))
            else:
                total = sums.get((number, line), int(known.sums[number][line])) - (now - bound)
                sums[number, line] = total
                parent = family.cell(line, family.parent)
                waiting.append((parent, total, _Step(parent, number, line, by_sum=True)))
    return []


def _tight(known: _Known, cell: Cell) -> list[_Step]:
    """Why a count can't be more than its least."""
    steps = []
    for number, line, is_parent in known.memberships(cell):
        family = known.families[number]
        parent = family.cell(line, family.parent)
        bound = known.sums[number][line] if is_parent else known.most[parent]
        if bound == known.most[cell]:
            steps.append(_Step(parent, number, line, by_sum=is_parent))
    return steps


def _helpers(known: _Known, steps: Sequence[_Step]) -> Iterator[Cell]:
    """Shown counts that may be withheld so that the steps prove nothing, the best first."""
    for step in steps:
        family = known.families[step.family]
        if step.by_sum:
            children = [family.cell(step.line, child) for child in family.children.tolist()]
            yield from sorted(filter(known.shown, children), key=lambda cell: (known.counts[cell], cell))
        if known.shown(step.cell):
            yield step.cell


def _near(known: _Known, start: Cell) -> Cell | None:
    """The smallest shown count among the relatives of a cell, else among theirs, and so on."""
    seen, edge = {start}, {start}
    while edge:
        members = set()
        for cell in edge:
            for number, line, _ in known.memberships(cell):
                family = known.families[number]
                members |= {family.cell(line, index) for index in (family.parent, *family.children.tolist())}
        edge = members - seen
        seen |= edge
        if shown := [cell for cell in edge if known.shown(cell)]:
            return min(shown, key=lambda cell: (known.counts[cell], cell))
    return None
