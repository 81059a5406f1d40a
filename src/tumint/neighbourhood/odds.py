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
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from tumint.kernels import odds
from tumint.neighbourhood.exchange import Exchanges
from tumint.neighbourhood.fits import (
    BYTES,
    LONGEST,
    NOTHING,
    RIDGE,
    STEPS,
    TOLERANCE,
    Odds,
    Spread,
    by_image,
    weighted_median,
)

_NEAR = 1e-2
_FIRST_OF = 8
_FAR = 3.44  # Tukey's constant at 85 % efficiency: a level of few pairs must let go of those that interact
_KNOWN = 0.25  # standard error of a weight that counts for half where the level is looked for


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
    spread = Spread.empty(len(wanted))
    for i, image in enumerate(images):
        if len(images) > 1:  # or it has the score and the information that there are
            score, part = np.zeros(size), np.zeros((size, size))
            odds.joint_pass(image.rows, image.weight, image.starts, n_types, beta, score, part)
        varies = np.diag(part)[pair_of] > NOTHING  # what other pairs say of the level is not this image's own
        moved[i], known[i] = steps @ score, np.einsum("cn,cn->c", steps @ part, steps) * varies
        _add_joint(spread, image, n_types, beta, steps)
    found = by_image(wanted @ beta, moved, known, total, spread)
    return Joint(found.columns(slice(P)), found.columns(slice(P, None)))


def _add_joint(spread: Spread, image: Exchanges, n_types: int, beta: np.ndarray, steps: np.ndarray) -> None:
    """Add how far the cells of an image move what is wanted (C) in a fit of all pairs, some cells at a time."""
    rows, n, (C, size) = (image.rows, image.weight, image.starts, n_types, beta), image.graph.n, steps.shape
    residual, groups = odds.joint_residuals(*rows)
    of_cells = odds.rows_of_cells(image.pairs, n)
    squares, place, mine = np.zeros(C), np.zeros(n, np.int64), spread.of_image()
    odds.joint_squares(*rows, steps, squares)
    several = max(1024, BYTES // (8 * (C + size)))
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


def _information(wanted: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """What the rows of `wanted` (C × N) are known by, the ridge apart (C)."""
    return np.asarray(1.0 / np.einsum("cn,cn->c", steps, wanted) - RIDGE / np.einsum("cn,cn->c", wanted, wanted))


def _level(beta: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Share of each weight in the level that most of them have (P, adds up to 1): Tukey's biweight around the median.

    Weights far from the level have no share in it, so that interactions do not move it. Pairs vary beside their errors
    (`_spread_of`), and as much of each weight counts as pairs would of a random-effects mean: else the pairs of the
    commonest type alone would say where the level is, and composition would move it.
    """
    known = information > NOTHING
    if not known.any():
        return np.full(beta.size, 1.0 / beta.size)
    square = np.where(known, 1.0 / np.where(known, information, 1.0), np.inf)
    level, between = _spread_of(beta, square)
    whole = 1.0 / (square + between)
    share = whole
    for _ in range(STEPS):
        away = np.minimum(np.abs(beta - level) * np.sqrt(whole) / _FAR, 1.0)
        share = whole * np.square(1.0 - np.square(away))
        if share.sum() <= 0.0:  # every one is far: then all count
            share = whole
        moved = float(share @ beta / share.sum()) - level
        level += moved
        if abs(moved) < TOLERANCE:
            break
    return np.asarray(share / share.sum())


def _spread_of(beta: np.ndarray, square: np.ndarray) -> tuple[float, float]:
    """Median of the weights, and their variance beside squared errors, from their median absolute deviation.

    A pair counts for less the less is known of it: half where its error is `_KNOWN`.
    """
    share = 1.0 / (1.0 + square / _KNOWN**2)
    level = weighted_median(beta, share)
    deviation = 1.4826 * weighted_median(np.abs(beta - level), share)
    return level, max(deviation**2 - weighted_median(square, share), 0.0)


def _newton(images: Sequence[Exchanges], n_types: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights at the maximum of the penalised likelihood; score, without the penalty, and information there.

    The first steps are made on a part of the pairs, which is enough to come near.
    """
    few = [image.fewer(_FIRST_OF) for image in images]
    start, *_ = _climb(few, n_types, np.zeros(size), _NEAR)
    return _climb(images, n_types, start, TOLERANCE)


def _climb(
    images: Sequence[Exchanges], n_types: int, beta: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = beta.size
    step, best = np.full(size, np.inf), -np.inf
    for _ in range(STEPS):
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
        step *= min(1.0, LONGEST / max(float(np.abs(step).max()), NOTHING))
        beta = beta + step
    return beta, score, information
