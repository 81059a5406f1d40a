"""Contact odds ratios: by how much each neighbour of one type multiplies the odds that a cell is of another.

The weight β_ab of a contact between a and b is that of an auto-logistic model (Besag 1974), estimated from exchanges of
labels between cells (matched case–control, conditional logistic regression): what two exchangeable cells have in common
needs no parameter. In the joint fit all pairs of types compete; pair by pair, all other contacts have no weight. Where
surroundings are accounted for, each pair of types has a second weight for who lives nearby, in contact or not, so that
β is what contact adds to it.

Images of one subject are fitted as one; each then gets the value that its own score asks for, one Newton step from the
common estimate, and its share of the information: the mean of the images weighed by information is the subject's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from threadpoolctl import threadpool_limits

from tumint.kernels import odds, pairwise
from tumint.neighbourhood.exchange import Exchanges

RIDGE = 0.25  # of every weight: as strong as a quarter of a unit of information that it is 0
_STEPS = 60
_LONGEST = 2.0  # largest change of a weight in one step
_TOLERANCE = 3e-4  # of the last step: the one after it would be about its square
_NEAR = 1e-2
_FIRST_OF = 8
_PAIRWISE_OF = 3
_BYTES = 2**26  # of what is held of the cells of an image at a time
_NOTHING = 1e-9  # information below this is rounding
_FAR = 4.685 * 1.16  # Tukey's constant, and how much wider than 1 / √information estimates spread
_PRIOR_CELLS = 20.0  # how many cells the usual ratio of variance and information counts for


@dataclass(frozen=True)
class Odds:
    """Log contact odds ratios of C pairs of types in each image.

    Attributes
    ----------
    value, se, information
        (images × C) natural log; information adds up over images. Missing, missing and 0 where nothing can vary.
    """

    value: np.ndarray
    se: np.ndarray
    information: np.ndarray

    def columns(self, of: slice) -> Odds:
        """Those of some pairs."""
        return Odds(*(getattr(self, field.name)[:, of] for field in fields(self)))


@dataclass(frozen=True)
class Joint:
    """One fit of all pairs.

    Attributes
    ----------
    direct
        Weights of the unordered pairs of types, as `numpy.triu_indices` has them.
    mixing
        χ_ab = β_ab − ½ (β_aa + β_bb) of the pairs a ≠ b, in the same order.
    """

    direct: Odds
    mixing: Odds


@threadpool_limits.wrap(limits=1, user_api="blas")  # sums of floats must not depend on the number of threads
def joint_odds(images: Sequence[Exchanges], n_types: int) -> Joint:
    """All pairs of types in one fit over the images of a subject, which are read several times, one after the other.

    An exchange changes no number of contacts in all, so weights are known up to a constant: the one here makes most
    pairs not interact (`_level`). χ needs no such convention.
    """
    P = n_types * (n_types + 1) // 2
    size = P * (images[0].rows.shape[1] // n_types)
    beta, score, information = _newton(images, n_types, size)
    inverse = np.linalg.inv(information + RIDGE * np.eye(size))
    wanted = np.zeros((P + n_types * (n_types - 1) // 2, size))
    wanted[:P, :P] = np.eye(P) - 1.0 / P
    wanted[:P, :P] = np.eye(P) - _level(beta[:P], _information(wanted[:P], wanted[:P] @ inverse))
    wanted[P:, :P] = mixing_contrasts(n_types)
    pair_of = np.concatenate([np.arange(P), np.flatnonzero(np.not_equal(*np.triu_indices(n_types)))])
    # rows: how far a score moves what is wanted
    steps = wanted @ inverse
    total = _information(wanted, steps)
    moved, known = np.empty((len(images), len(wanted))), np.empty((len(images), len(wanted)))
    part = information
    spread = _Spread.empty(len(wanted))
    for i, image in enumerate(images):
        if len(images) > 1:  # or it has the score and the information that there are
            score, part = np.zeros(size), np.zeros((size, size))
            odds.joint_pass(image.rows, image.weight, image.starts, n_types, beta, score, part)
        varies = np.diag(part)[pair_of] > _NOTHING  # what other pairs say of the level is not this image's own
        moved[i], known[i] = steps @ score, np.einsum("cn,cn->c", steps @ part, steps) * varies
        _add_joint(spread, image, n_types, beta, steps)
    found = _by_image(wanted @ beta, moved, known, total, spread)
    return Joint(found.columns(slice(P)), found.columns(slice(P, None)))


def pairwise_odds(images: Sequence[Exchanges], n_types: int) -> Odds:
    """Every pair of types by itself, over the images of a subject; pairs as `numpy.triu_indices` has them."""
    P = n_types * (n_types + 1) // 2
    fits = [_Alone.of(image.fewer(_PAIRWISE_OF), n_types) for image in images]
    beta = np.zeros((P, 2))
    for _ in range(_STEPS):
        score, information = np.zeros((P, 2)), np.zeros((P, 3))
        for fit in fits:
            fit.add_pass(beta, score, information)
        inverse = _inverse(information)
        step = np.einsum("pij,pj->pi", inverse, score - RIDGE * beta)
        step = np.clip(step, -_LONGEST, _LONGEST)
        beta = beta + step
        if np.abs(step).max(initial=0.0) < _TOLERANCE:
            break
    steps = np.ascontiguousarray(inverse[:, 0])
    moved, known = np.empty((len(images), P)), np.empty((len(images), P))
    spread = _Spread.empty(P)
    for i, fit in enumerate(fits):
        score, part = np.zeros((P, 2)), np.zeros((P, 3))
        fit.add_pass(beta, score, part)
        moved[i] = (steps * score).sum(axis=1)
        known[i] = steps[:, 0] ** 2 * part[:, 0] + 2 * steps.prod(axis=1) * part[:, 1] + steps[:, 1] ** 2 * part[:, 2]
        fit.add_spread(spread, beta, steps)
    return _by_image(beta[:, 0], moved, known, 1.0 / inverse[:, 0, 0] - RIDGE, spread)


@dataclass(frozen=True)
class _Alone:
    """An image for the fits of one pair of types each.

    Where rows hold contacts alone, which are whole numbers, `table` says how often each number occurs.
    """

    image: Exchanges
    n_types: int
    table: np.ndarray | None

    @classmethod
    def of(cls, image: Exchanges, n_types: int) -> _Alone:
        if image.rows.shape[1] > n_types:
            return cls(image, n_types, None)
        most = 2 * int(max(image.rows.max(initial=0.0), -image.rows.min(initial=0.0)))
        table = np.zeros((n_types * (n_types + 1) // 2, 2 * most + 1))
        pairwise.tabulate(image.rows, image.weight, image.starts, n_types, table)
        return cls(image, n_types, table)

    def add_pass(self, beta: np.ndarray, score: np.ndarray, information: np.ndarray) -> None:
        """Add score (P × 2) and information (P × 3) at `beta` (P × 2)."""
        at = (self.image.rows, self.image.weight, self.image.starts, self.n_types)
        if self.table is None:
            pairwise.pairwise_pass(*at, beta, score, information)
        else:
            pairwise.tabulated_pass(self.table, beta, score, information)

    def add_spread(self, spread: _Spread, beta: np.ndarray, steps: np.ndarray) -> None:
        """Add how far its cells move every pair, some pairs at a time."""
        image = self.image
        at = (image.rows, image.weight, image.starts, self.n_types)
        n, P = image.graph.n, len(beta)
        place, squares, mine = np.arange(n), np.zeros(P), spread.of_image()
        wide = -(-P // max(1, -(-8 * n * P // _BYTES)))
        for first in range(0, P, wide):
            some = slice(first, first + wide)
            cells = np.zeros((n, len(squares[some])))
            if self.table is None:
                pairwise.pairwise_scores(*at, beta, steps, image.pairs, first, cells, squares[some])
            else:
                moves = self._moves(beta[:, :1], steps[:, :1])
                pairwise.tabulated_scores(*at, moves, image.pairs, first, cells, squares[some])
            mine.columns(some).add(cells, place, (0, n), image)
        spread.close(mine, squares)

    def _moves(self, beta: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """How far a row moves its pair, by its number of contacts (P × 2 B + 1)."""
        most = 0 if self.table is None else self.table.shape[1] // 2
        near = np.arange(-most, most + 1.0)
        return np.asarray(steps * near / (1.0 + np.exp(np.minimum(beta * near, 700.0))))


def _add_joint(spread: _Spread, image: Exchanges, n_types: int, beta: np.ndarray, steps: np.ndarray) -> None:
    """Add how far the cells of an image move what is wanted (C) in a fit of all pairs, some cells at a time."""
    rows, n, (C, size) = (image.rows, image.weight, image.starts, n_types, beta), image.graph.n, steps.shape
    residual, groups = odds.joint_residuals(*rows)
    of_cells = odds.rows_of_cells(image.pairs, n)
    squares, place, mine = np.zeros(C), np.zeros(n, np.int64), spread.of_image()
    odds.joint_squares(*rows, steps, squares)
    several = max(1024, _BYTES // (8 * (C + size)))
    for first in range(0, n, several):
        last = min(first + several, n)
        near = image.graph.indices[image.graph.indptr[first] : image.graph.indptr[last]]
        cells = np.union1d(np.arange(first, last), near)
        place[cells] = np.arange(len(cells))
        scores = np.empty((len(cells), size))
        odds.joint_scores(image.rows, residual, groups, n_types, *of_cells, cells, scores)
        mine.add(scores @ steps.T, place, (first, last), image)
    spread.close(mine, squares)


def mixing_contrasts(n_types: int) -> np.ndarray:
    """χ of every pair of different types, as combinations of the weights of all pairs."""
    first, second = np.triu_indices(n_types)
    like, unlike = np.flatnonzero(first == second), np.flatnonzero(first != second)
    out, rows = np.zeros((len(unlike), len(first))), np.arange(len(unlike))
    out[rows, unlike] = 1.0
    out[rows, like[first[unlike]]] -= 0.5
    out[rows, like[second[unlike]]] -= 0.5
    return out


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value with at most half of the weight on either side; the mean of two where both are; 0 without weight."""
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    if not len(order):
        return 0.0
    below = np.cumsum(weights[order]) / weights[order].sum()
    lower, upper = np.searchsorted(below, [0.5 - 1e-12, 0.5 + 1e-12])
    return float((values[order[lower]] + values[order[min(upper, len(order) - 1)]]) / 2)


def _information(wanted: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """What the rows of `wanted` (C × N) are known by, the ridge apart (C)."""
    return np.asarray(1.0 / np.einsum("cn,cn->c", steps, wanted) - RIDGE / np.einsum("cn,cn->c", wanted, wanted))


def _level(beta: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Share of each weight in the level that most of them have (P, adds up to 1): Tukey's biweight around the median.

    Weights far from the level for their precision have no share in it, so that interactions do not move it.
    """
    known = information > _NOTHING
    if not known.any():
        return np.full(beta.size, 1.0 / beta.size)
    root = np.sqrt(np.where(known, information, 0.0))
    share = np.where(known, information, 0.0)
    level = weighted_median(beta, share)
    for _ in range(_STEPS):
        away = np.minimum(np.abs(beta - level) * root / _FAR, 1.0)
        share = np.where(known, information * np.square(1.0 - np.square(away)), 0.0)
        if share.sum() <= 0.0:  # every one is far: then all count
            share = np.where(known, information, 0.0)
        moved = float(share @ beta / share.sum()) - level
        level += moved
        if abs(moved) < _TOLERANCE:
            break
    return np.asarray(share / share.sum())


def _newton(images: Sequence[Exchanges], n_types: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights at the maximum of the penalised likelihood; score, without the penalty, and information there.

    The first steps are made on a part of the pairs, which is enough to come near.
    """
    few = [image.fewer(_FIRST_OF) for image in images]
    start, *_ = _climb(few, n_types, np.zeros(size), _NEAR)
    return _climb(images, n_types, start, _TOLERANCE)


def _climb(
    images: Sequence[Exchanges], n_types: int, beta: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = beta.size
    step, best = np.full(size, np.inf), -np.inf
    for _ in range(_STEPS):
        score, information = np.zeros(size), np.zeros((size, size))
        value = -0.5 * RIDGE * float(beta @ beta)
        for image in images:
            value += odds.joint_pass(image.rows, image.weight, image.starts, n_types, beta, score, information)
        if value < best - 1e-9 * abs(best):  # too far: half of the step
            step = step / 2
            beta = beta - step
            continue
        best = value
        if np.abs(step).max() < tolerance:
            break
        step = np.linalg.solve(information + RIDGE * np.eye(size), score - RIDGE * beta)
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), _NOTHING))
        beta = beta + step
    return beta, score, information


def _inverse(information: np.ndarray) -> np.ndarray:
    """Inverse of the penalised information (P × 3) of contacts and surroundings of each pair (P × 2 × 2)."""
    a, b, c = information[:, 0] + RIDGE, information[:, 1], information[:, 2] + RIDGE
    return np.stack([np.stack([c, -b], axis=-1), np.stack([-b, a], axis=-1)], axis=1) / (a * c - b * b)[:, None, None]


@dataclass
class _Spread:
    """Variance of what is wanted, from how far every cell moves it; sums over images (C).

    Two rows go together where they share a cell, or where a cell of one touches a cell of the other: Σ over cells and
    their neighbours of products of moves, less what a row has with itself twice (dyadic clusters, Aronow et al. 2015).
    """

    variance: np.ndarray
    square: np.ndarray
    fourth: np.ndarray

    @classmethod
    def empty(cls, size: int) -> _Spread:
        return cls(np.zeros(size), np.zeros(size), np.zeros(size))

    def of_image(self) -> _Spread:
        """What an image is added to bit by bit, until it is closed."""
        return _Spread(self.variance, np.zeros_like(self.square), np.zeros_like(self.fourth))

    def close(self, image: _Spread, squares: np.ndarray) -> None:
        """Take leave of an image; `squares` are the squared moves of its rows (C)."""
        self.variance -= squares
        self.square += image.square
        self.fourth += image.fourth

    def columns(self, of: slice) -> _Spread:
        """A view of some of them."""
        return _Spread(self.variance[of], self.square[of], self.fourth[of])

    def add(self, values: np.ndarray, place: np.ndarray, cells: tuple[int, int], image: Exchanges) -> None:
        """Add the cells from one number to another of an image; cell i moves what is wanted by `values[place[i]]`."""
        graph = image.graph
        pairwise.linked_squares(
            values, place, graph.indptr, graph.indices, cells, self.variance, self.square, self.fourth
        )

    def steadied(self, total: np.ndarray) -> np.ndarray:
        """The variance, drawn towards its usual multiple of 1 / information where few cells carry it."""
        there = total > _NOTHING
        plain = np.where(there, 1.0 / np.where(there, total, 1.0), np.nan)
        cells = np.where(self.fourth > 0, self.square**2 / np.where(self.fourth > 0, self.fourth, 1.0), 0.0)
        usual = weighted_median(self.variance[there] / plain[there], cells[there]) or 1.0
        return (cells * self.variance + _PRIOR_CELLS * usual * plain) / (cells + _PRIOR_CELLS)


def _by_image(common: np.ndarray, moved: np.ndarray, known: np.ndarray, total: np.ndarray, spread: _Spread) -> Odds:
    """Values of the images around the common one (C), from how far each moves it and its part of the information."""
    all_known = known.sum(axis=0)
    there = (all_known > _NOTHING) & (total > _NOTHING)
    share = np.where(there, known / np.where(there, all_known, 1.0), 0.0)
    share[share < _NOTHING] = 0.0
    safe = np.where(share > 0, share, np.nan)
    moved = moved + share * np.where(share > 0, 0.0, moved).sum(axis=0)  # so that the mean stays the common value
    return Odds(common + moved / safe, np.sqrt(spread.steadied(total) / safe), share * np.maximum(total, 0.0))
