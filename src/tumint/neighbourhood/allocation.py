"""Who seeks whom: how many cells of b lie beside an a-cell, when the a-cells stay put. Exact, without permutations.

For a → b the labels of all cells but those of a are permuted within strata. In a stratum with N such cells, K of them
beside an a-cell and m of them b, the b-cells beside an a-cell are hypergeometric (N, K, m); over strata they add up,
and their law is the convolution of those laws. An a-cell with many b-cells around it counts no more than their
number, and one b-cell between many a-cells counts once: so a → b and b → a differ, on undirected graphs too.
Source of the effect: spicyR (Canete et al. 2022) since its rewrite of 2026, with labels permuted over the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumint.kernels.allocation import allocation_laws, cells_beside, places_beside
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.tails import MOST


@dataclass(frozen=True)
class Allocation:
    """Of every ordered pair a → b (K × K), over the strata in which something can vary.

    Attributes
    ----------
    observed, expected, sd
        Cells of b beside an a-cell. Strata in which every permutation gives the same count in neither: they would add
        the same to both, and pull the ratio to 1.
    cells
        All cells of b there.
    p
        Two-sided, from the exact law (`kernels.allocation.two_sided`); 1 where nothing can vary.
    """

    observed: np.ndarray
    expected: np.ndarray
    sd: np.ndarray
    cells: np.ndarray
    p: np.ndarray

    @property
    def moved(self) -> np.ndarray:
        """Share of the b-cells that moved beside an a-cell, or (negative) away: of all that by chance are not there."""
        excess = self.observed - self.expected
        room = np.where(excess > 0, self.cells - self.expected, self.expected)
        return np.divide(excess, room, out=np.zeros_like(excess), where=room > 0)


def allocation(graph: Graph, labels: np.ndarray, strata: np.ndarray, n: np.ndarray) -> Allocation:
    """Allocation of all pairs in one image; that of a type with itself is 0 without any spread.

    Parameters
    ----------
    labels, strata
        (cells) codes from 0.
    n
        (K × S) cells of each label and stratum.

    Notes
    -----
    On a directed graph a b-cell lies beside an a-cell where it is a neighbour of one: where the edge a → b is there.
    """
    K, S = n.shape
    turned = graph.turned()
    places, beside = np.empty((K, S), np.int64), np.empty((K, K), np.int64)
    places_beside(*turned, labels, strata, places)
    cells_beside(*turned, labels, beside)
    mean, variance, fixed, p, cells = (np.empty((K, K)) for _ in range(5))
    allocation_laws(places, n, beside, MOST, mean, variance, fixed, cells, p)
    observed = beside - fixed
    np.fill_diagonal(observed, 0.0)
    return Allocation(observed, mean, np.sqrt(variance), cells, p)
