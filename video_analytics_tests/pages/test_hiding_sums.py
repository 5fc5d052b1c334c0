"""The amounts that a page withholds can't be computed back: proven by linear algebra."""

from time import perf_counter

import numpy as np
import numpy.typing as npt
import pytest

from video_analytics.pages.hiding import Mask, small
from video_analytics.pages.hiding_sums import hide_rows, hide_sums

Table = npt.NDArray[np.float64]


def with_sums(inner: npt.ArrayLike) -> Table:
    """A table with its sums as row 0 and column 0."""
    rows = np.asarray(inner, dtype=np.float64)
    table = np.concatenate([rows.sum(axis=0)[None], rows])
    return np.concatenate([table.sum(axis=1)[:, None], table], axis=1)


def amounts(rng: np.random.Generator, rows: int, columns: int, share: float) -> Table:
    """Whole seconds; in some rows and columns hardly anything."""
    there = rng.random((rows, columns)) < share * rng.beta(1, 0.5, (rows, 1))
    return with_sums(np.where(there, np.ceil(rng.lognormal(5, 2, (rows, columns))), 0))


def equations(rows: int, columns: int) -> Table:
    """One row per equation, over the cells of the table in reading order: a sum less its parts is nought."""
    cells = np.eye(rows * columns).reshape(rows, columns, -1)
    down = cells[0] - cells[1:].sum(axis=0)
    across = cells[:, 0] - cells[:, 1:].sum(axis=1)
    return np.concatenate([down, across])


def determined(hidden: Mask) -> Mask:
    """Withheld cells that are the same in all tables that agree with what is shown."""
    unknown = np.nonzero(hidden.ravel())[0]
    free = equations(*hidden.shape)[:, unknown]
    _, weights, directions = np.linalg.svd(free)
    rank = int((weights > 1e-9).sum())
    fixed = np.abs(directions[rank:]).max(axis=0, initial=0.0) < 1e-9
    known = np.zeros(hidden.size, dtype=np.bool_)
    known[unknown[fixed]] = True
    return known.reshape(hidden.shape)


@pytest.mark.parametrize("seed", range(4))
def test_no_withheld_amount_follows_from_the_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known_at_first = 0
    for _ in range(250):
        table = amounts(rng, int(rng.integers(1, 7)), int(rng.integers(1, 6)), rng.random())
        first = (table > 0) & (rng.random(table.shape) < rng.beta(0.5, 1.5))
        hidden = hide_sums(first, table)
        assert hidden[first].all()
        assert not hidden[table == 0].any()
        assert not determined(hidden).any()
        known_at_first += int(determined(first).any())
    assert known_at_first > 100


def test_what_is_not_known_takes_nothing_along() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        table = amounts(rng, 5, 4, 0.9)
        once = hide_sums((table > 0) & (rng.random(table.shape) < 0.15), table)
        assert (hide_sums(once, table) == once).all()
    assert not hide_sums(np.zeros((3, 3)), with_sums([[1, 2], [3, 4]])).any()


def test_the_cheapest_circle_is_closed() -> None:
    table = with_sums([[10, 90, 80], [7, 60, 5], [9, 1, 50]])
    hidden = hide_sums(np.array(table) == 10, table)
    assert {table[cell] for cell in zip(*np.nonzero(hidden), strict=True)} == {10, 80, 7, 5}


def test_an_amount_alone_takes_the_sums_along() -> None:
    table = with_sums([[10, 0], [0, 20]])
    first = np.zeros((3, 3), dtype=np.bool_)
    first[1, 1] = True
    assert hide_sums(first, table).tolist() == [[True, True, False], [True, True, False], [False] * 3]


def test_a_nought_is_withheld_for_others_only_where_nothing_else_is_left() -> None:
    table = with_sums([[0, 0], [0, 20]])
    first = np.zeros((3, 3), dtype=np.bool_)
    first[1, 1] = True  # viewers, but no time
    assert not determined(hide_sums(first, table)).any()


def test_one_row_alone_ends() -> None:
    assert hide_sums([[True, False]], [[3, 3]]).tolist() == [[True, False]]


def test_a_large_course_takes_less_than_a_second() -> None:
    rng = np.random.default_rng(8)
    table = amounts(rng, 300, 12, 0.5)
    first = (table > 0) & (rng.random(table.shape) < 0.2)
    started = perf_counter()
    hidden = hide_sums(first, table)
    took = perf_counter() - started
    print(f"{int(first.sum())} of {int((table > 0).sum())}, then {int(hidden.sum())} in {took:.2f} s")
    assert took < 5  # a busy machine
    assert hidden.sum() < 1.5 * first.sum()


def chunked(rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], Table]:
    """Viewers and watch time per video, period (0 is all dates) and chunk."""
    people = rng.random((4, 3, 5, 12)) < rng.beta(0.5, 1, (4, 3, 5, 1))
    viewers = np.concatenate([people.any(axis=1, keepdims=True), people], axis=1).sum(axis=3)
    seconds = (people * np.ceil(rng.lognormal(3, 1, people.shape))).sum(axis=3)
    return viewers, np.concatenate([seconds.sum(axis=1, keepdims=True), seconds], axis=1)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_no_time_of_a_chunk_follows_from_other_periods(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(100):
        viewers, seconds = chunked(rng)
        first = (rng.random((4, 4)) < 0.1) & (seconds.sum(axis=2) > 0)
        mask = hide_rows(viewers, first, seconds.sum(axis=2), k)
        assert mask[first].all()
        assert mask[small(viewers, k).any(axis=2)].all()
        unknown = mask[:, :, None] & (viewers > 0)
        assert (unknown.sum(axis=1) != 1).all()
        if k == 1:
            assert not hide_rows(viewers, np.zeros((4, 4)), seconds.sum(axis=2), k).any()


def test_a_withheld_month_takes_the_smallest_with_the_same_chunks_along() -> None:
    viewers = np.array([[[9, 9], [3, 0], [9, 9], [8, 0], [0, 8]]])
    times = np.array([[100, 5, 60, 25, 10]])
    assert hide_rows(viewers, np.zeros((1, 5)), times, 5).tolist() == [[False, True, False, True, False]]
