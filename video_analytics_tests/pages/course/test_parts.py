"""What a reader who tries every table that fits what is shown finds out about parts of viewers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from video_analytics.pages.course.parts import Parts, coded, withheld
from video_analytics.pages.hiding import Counts, Mask, coded_part, hide_counts, small

K = 3
TOO_MANY = 60_000  # tables to try


@dataclass(frozen=True)
class Case:
    """A video's viewers in two months, each with two chunks, as sets of people and as counted."""

    parts: Parts
    shown: Counts
    hidden: Mask

    @property
    def gone(self) -> Mask:
        """Withheld whatever they are."""
        own = coded_part(self.parts.counts, self.parts.whole[:, :, None], K, self.parts.hidden[:, :, None])[1]
        return self.hidden & ~own


def case(seed: int, *, cover: bool) -> Case:
    dice = np.random.default_rng(seed)
    people = int(dice.integers(2, 9))
    saw = dice.random((2, 2, people)) < dice.choice([0.2, 0.5, 0.9], (2, 2, 1))  # months x chunks x people
    there = saw.any(axis=1) if cover else saw.any(axis=1) | (dice.random((2, people)) < dice.random())
    counts = np.concatenate([saw.any(axis=0, keepdims=True), saw]).sum(axis=2)[None]
    whole = np.concatenate([there.any(axis=0, keepdims=True), there]).sum(axis=1)[None]
    hidden = hide_counts(np.vstack([whole, whole]), K, [(0, [1])], [(0, [1, 2])])[1:]
    parts = Parts(counts, whole, hidden, cover=cover)
    return Case(parts, *coded(parts, K))


def tables(of: Case) -> Iterator[tuple[tuple[int, ...], Counts]]:
    """Every table of parts that fits what is shown, with the viewers that go with it; none of very many."""
    whole, hidden = of.parts.whole[0].tolist(), of.parts.hidden[0].tolist()
    viewers = [
        [each] if not gone else range(1, K) if each < K else range(K, max(whole) + 3)
        for each, gone in zip(whole, hidden, strict=True)
    ]
    for guess in product(*viewers):
        if max(guess[1:]) > guess[0] or sum(guess[1:]) < guess[0]:
            continue
        choices = [values(of, place, guess[place[0]]) for place in np.ndindex(3, 2)]
        if np.prod([len(each) for each in choices]) > TOO_MANY:
            return
        grid = np.stack(np.meshgrid(*choices, indexing="ij"), -1).reshape(-1, 3, 2)
        fits = (grid[:, 1:].max(axis=1) <= grid[:, 0]) & (grid[:, 0] <= grid[:, 1:].sum(axis=1))
        whole_fits = fits.all(axis=1)
        if of.parts.cover:
            whole_fits &= (grid.sum(axis=2) >= np.array(guess)).all(axis=1)
        if whole_fits.any():
            yield guess, grid[whole_fits]


def values(of: Case, place: tuple[int, ...], viewers: int) -> range:
    """What a part may be by what is shown in its place; the reader knows which are withheld as small."""
    shown, hidden = int(of.shown[0][place]), bool(of.hidden[0][place])
    if not hidden:
        return range(shown, shown + 1) if shown >= 0 else range(-shown, viewers)
    if of.gone[0][place] or of.parts.hidden[0][place[0]]:
        return range(viewers + 1)
    return range(1, viewers) if viewers - K + 1 < K else range(1, K)


@pytest.mark.parametrize("cover", [True, False])
def test_no_small_part_and_no_small_rest_can_be_computed_back(cover: bool) -> None:
    tried = needed = 0
    for seed in range(400):
        of = case(seed, cover=cover)
        counts, whole = of.parts.counts[0], of.parts.whole[0]
        delicate = (small(counts, K) | small(whole[:, None] - counts, K)) & ~of.parts.hidden[0][:, None]
        if not (delicate.any() or of.parts.hidden.any()):
            continue
        if not (found := list(tables(of))):
            continue
        every = np.concatenate([grid for _, grid in found])
        guesses = np.array([guess for guess, _ in found])
        assert (every == counts).all(axis=(1, 2)).any()
        uncertain = every.min(axis=0) < every.max(axis=0)
        assert uncertain[delicate].all(), (seed, counts, whole, of.shown)
        assert (guesses.min(axis=0) < guesses.max(axis=0))[of.parts.hidden[0]].all(), (seed, counts, whole)
        tried += 1
        needed += bool(of.gone[~of.parts.hidden].any())
    assert tried > 200
    assert needed


def test_what_needs_no_help_gets_none() -> None:
    counts = np.array([[[20, 12], [20, 12], [0, 0]]])
    parts = Parts(counts, np.array([[20, 20, 0]]), np.zeros((1, 3), dtype=bool), cover=True)
    assert not withheld(parts, 5).any()
    shown, hidden = coded(parts, 5)
    assert (shown == counts).all()
    assert not hidden.any()


def test_a_rest_that_a_month_would_tell() -> None:
    """All 19 of a month saw it, of 20 viewers: so 19 did in all. The month is withheld."""
    counts = np.array([[[19, 20], [19, 19], [0, 6]]])
    parts = Parts(counts, np.array([[20, 19, 6]]), np.zeros((1, 3), dtype=bool))
    shown, hidden = coded(parts, 5)
    assert shown[0, 0, 0] == -16
    assert hidden[0, 1, 0]


def test_parts_that_only_just_make_up_the_viewers() -> None:
    """Of 12 viewers each saw one of three chunks and no chunk was seen by more than 4: so by 4 each."""
    counts = np.array([[[4, 4, 4, 0], [4, 4, 4, 0], [0, 0, 0, 0]]])
    parts = Parts(counts, np.array([[12, 12, 0]]), np.zeros((1, 3), dtype=bool), cover=True)
    assert withheld(parts, 5)[0, 0].any()


def test_parts_tell_nothing_of_withheld_viewers() -> None:
    """Of 30 viewers of a chunk 26 came in one month, so the other, of 4 viewers, had no fewer than 4."""
    counts = np.array([[[30], [26], [4]]])
    parts = Parts(counts, np.array([[40, 38, 4]]), np.array([[False, False, True]]))
    assert withheld(parts, 5)[0, :, 0].tolist() == [False, True, True]


def test_with_one_all_is_shown() -> None:
    for seed in range(50):
        of = case(seed, cover=True).parts
        shown, hidden = coded(Parts(of.counts, of.whole, np.zeros_like(of.hidden), cover=True), 1)
        assert (shown == of.counts).all()
        assert not hidden.any()
