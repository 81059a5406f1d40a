"""What fits of contact odds ratios have in common: what they give, and how its variance is summed over images."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tumint.kernels.pairwise import linked_squares
from tumint.neighbourhood.exchange import Exchanges

RIDGE = 0.25  # of every weight: as strong as a quarter of a unit of information that it is 0
STEPS = 60
LONGEST = 2.0  # largest change of a weight in one step
TOLERANCE = 3e-4  # of the last step: the one after it would be about its square
NOTHING = 1e-9  # information below this is rounding
BYTES = 2**26  # of what is held of the cells of an image at a time
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


@dataclass
class Spread:
    """Variance of what is wanted, from how far every cell moves it; sums over images (C).

    Two rows go together where they share a cell, or where a cell of one touches a cell of the other: Σ over cells and
    their neighbours of products of moves, less what a row has with itself twice (dyadic clusters, Aronow et al. 2015).
    """

    variance: np.ndarray
    square: np.ndarray
    fourth: np.ndarray

    @classmethod
    def empty(cls, size: int) -> Spread:
        return cls(np.zeros(size), np.zeros(size), np.zeros(size))

    def of_image(self) -> Spread:
        """What an image is added to bit by bit, until it is closed."""
        return Spread(self.variance, np.zeros_like(self.square), np.zeros_like(self.fourth))

    def close(self, image: Spread, squares: np.ndarray) -> None:
        """Take leave of an image; `squares` are the squared moves of its rows (C)."""
        self.variance -= squares
        self.square += image.square
        self.fourth += image.fourth

    def columns(self, of: slice) -> Spread:
        """A view of some of them."""
        return Spread(self.variance[of], self.square[of], self.fourth[of])

    def add(self, values: np.ndarray, place: np.ndarray, cells: tuple[int, int], image: Exchanges) -> None:
        """Add the cells from one number to another of an image; cell i moves what is wanted by `values[place[i]]`."""
        graph = image.graph
        linked_squares(values, place, graph.indptr, graph.indices, cells, self.variance, self.square, self.fourth)

    def steadied(self, total: np.ndarray) -> np.ndarray:
        """The variance, drawn towards its usual multiple of 1 / information where few cells carry it.

        The sum over neighbours can come out below 0 where a handful of cells carry it; that is taken for 0.
        """
        there, variance = total > NOTHING, np.maximum(self.variance, 0.0)
        plain = np.where(there, 1.0 / np.where(there, total, 1.0), np.nan)
        cells = np.where(self.fourth > 0, self.square**2 / np.where(self.fourth > 0, self.fourth, 1.0), 0.0)
        usual = weighted_median(variance[there] / plain[there], cells[there]) or 1.0
        return (cells * variance + _PRIOR_CELLS * usual * plain) / (cells + _PRIOR_CELLS)


def by_image(common: np.ndarray, moved: np.ndarray, known: np.ndarray, total: np.ndarray, spread: Spread) -> Odds:
    """Values of the images around the common one (C), from how far each moves it and its part of the information."""
    all_known = known.sum(axis=0)
    there = (all_known > NOTHING) & (total > NOTHING)
    share = np.where(there, known / np.where(there, all_known, 1.0), 0.0)
    share[share < NOTHING] = 0.0
    safe = np.where(share > 0, share, np.nan)
    moved = moved + share * np.where(share > 0, 0.0, moved).sum(axis=0)  # so that the mean stays the common value
    return Odds(common + moved / safe, np.sqrt(spread.steadied(total) / safe), share * np.maximum(total, 0.0))


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value with at most half of the weight on either side; the mean of two where both are; 0 without weight."""
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    if not len(order):
        return 0.0
    below = np.cumsum(weights[order]) / weights[order].sum()
    lower, upper = np.searchsorted(below, [0.5 - 1e-12, 0.5 + 1e-12])
    return float((values[order[lower]] + values[order[min(upper, len(order) - 1)]]) / 2)
