"""Contact odds ratios of every pair of types by itself: all other contacts are taken to be without weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tumint.kernels import pairwise
from tumint.neighbourhood.exchange import Exchanges
from tumint.neighbourhood.fits import BYTES, LONGEST, RIDGE, STEPS, TOLERANCE, Odds, Spread, by_image

_PAIRWISE_OF = 3  # one of so many pairs of cells is enough


def pairwise_odds(images: Sequence[Exchanges], n_types: int) -> Odds:
    """Every pair of types by itself, over the images of a subject; pairs as `numpy.triu_indices` has them."""
    P = n_types * (n_types + 1) // 2
    fits = [_Alone.of(image.fewer(_PAIRWISE_OF), n_types) for image in images]
    beta = np.zeros((P, 2))
    for _ in range(STEPS):
        score, information = np.zeros((P, 2)), np.zeros((P, 3))
        for fit in fits:
            fit.add_pass(beta, score, information)
        inverse = _inverse(information)
        step = np.einsum("pij,pj->pi", inverse, score - RIDGE * beta)
        step = np.clip(step, -LONGEST, LONGEST)
        beta = beta + step
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    steps = np.ascontiguousarray(inverse[:, 0])
    moved, known = np.empty((len(images), P)), np.empty((len(images), P))
    spread = Spread.empty(P)
    for i, fit in enumerate(fits):
        score, part = np.zeros((P, 2)), np.zeros((P, 3))
        fit.add_pass(beta, score, part)
        moved[i] = (steps * score).sum(axis=1)
        known[i] = steps[:, 0] ** 2 * part[:, 0] + 2 * steps.prod(axis=1) * part[:, 1] + steps[:, 1] ** 2 * part[:, 2]
        fit.add_spread(spread, beta, steps)
    return by_image(beta[:, 0], moved, known, 1.0 / inverse[:, 0, 0] - RIDGE, spread)


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

    def add_spread(self, spread: Spread, beta: np.ndarray, steps: np.ndarray) -> None:
        """Add how far its cells move every pair, some pairs at a time."""
        image = self.image
        at = (image.rows, image.weight, image.starts, self.n_types)
        n, P = image.graph.n, len(beta)
        place, squares, mine = np.arange(n), np.zeros(P), spread.of_image()
        wide = -(-P // max(1, -(-8 * n * P // BYTES)))
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


def _inverse(information: np.ndarray) -> np.ndarray:
    """Inverse of the penalised information (P × 3) of contacts and surroundings of each pair (P × 2 × 2)."""
    a, b, c = information[:, 0] + RIDGE, information[:, 1], information[:, 2] + RIDGE
    return np.stack([np.stack([c, -b], axis=-1), np.stack([-b, a], axis=-1)], axis=1) / (a * c - b * b)[:, None, None]
