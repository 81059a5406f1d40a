"""How many cells of a type there are: among all cells of the image, and per area of tissue."""

from __future__ import annotations

import numpy as np

from tumint import keys as k
from tumint.neighbourhood.statistics.statistic import Cells, Statistic, Values

SQUARE_UM = 50.0


def tissue_area_mm2(xy: np.ndarray) -> float:
    """Area of the squares of `SQUARE_UM` (counted from the lowest x and y) that hold a cell, in mm²."""
    squares = np.unique(((xy - xy.min(axis=0)) // SQUARE_UM).astype(np.int64), axis=0)
    return float(len(squares) * (SQUARE_UM / 1000) ** 2)


def composition(cells: Cells) -> Values:
    """log((n + ½) / (N − n + ½)) of n cells of a type among N; se by the delta method, √(1/(n + ½) + 1/(N − n + ½))."""
    n = cells.counts
    rest = len(cells.labels) - n
    return Values.of(np.log((n + 0.5) / (rest + 0.5)), np.sqrt(1 / (n + 0.5) + 1 / (rest + 0.5)), len(cells.labels))


def density(cells: Cells) -> Values:
    """Log of (n + ½) per mm² of tissue; se 1/√(n + ½), as of a Poisson count.

    Tissue is the 50 µm squares with a cell in them. A type without a cell has a density all the same: none was seen
    where N cells were looked at.
    """
    n = cells.counts
    return Values.of(np.log((n + 0.5) / tissue_area_mm2(cells.xy)), 1 / np.sqrt(n + 0.5), len(cells.labels))


STATISTICS = (
    Statistic(k.FAMILY_COMPOSITION, composition, needs_places=False),
    Statistic(k.FAMILY_DENSITY, density),
)
