"""The window that cells were seen in: a rectangle, or the tissue as squares, with its holes. Geometry only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from tumint.neighbourhood.statistics.abundance import SQUARE_UM


@dataclass(frozen=True)
class Window:
    """A window made of equal rectangles.

    Attributes
    ----------
    inside
        (columns, rows, bool) which of the rectangles are part of it.
    side
        (2) their width and height in µm.
    """

    inside: np.ndarray
    side: np.ndarray

    @classmethod
    def rectangle(cls, width: float, height: float) -> Window:
        """One rectangle; lengths in µm."""
        return cls(np.ones((1, 1), dtype=bool), np.array([width, height], dtype=float))

    @classmethod
    def of_tissue(cls, xy: np.ndarray) -> Window:
        """The 50 µm squares that hold a cell of `xy` (n × 2, µm): the tissue that densities are per area of."""
        place = ((xy - xy.min(axis=0)) // SQUARE_UM).astype(np.int64)
        inside = np.zeros(place.max(axis=0) + 1, dtype=bool)
        inside[place[:, 0], place[:, 1]] = True
        return cls(inside, np.full(2, SQUARE_UM))

    @property
    def area_um2(self) -> float:
        """In µm²."""
        return float(self.inside.sum() * self.side.prod())

    def cover(self, reach_um: float) -> np.ndarray:
        """Area in µm² that the window shares with itself moved by whole steps, up to one beyond `reach_um`.

        Returns
        -------
        (2, u, v): [0] for moves of the same sign along both axes, [1] for moves of opposite signs. Between steps the
        area is the bilinear interpolation of these, exactly.
        """
        grid = self.inside.astype(float)
        both = _moved(grid)
        middle = np.array(grid.shape) - 1
        steps = np.floor(reach_um / self.side).astype(int) + 2
        out = np.zeros((2, *steps))
        u, v = (np.minimum(steps, middle + 1)).tolist()
        out[0, :u, :v] = both[middle[0] : middle[0] + u, middle[1] : middle[1] + v]
        turned = both[:, ::-1]
        out[1, :u, :v] = turned[middle[0] : middle[0] + u, middle[1] : middle[1] + v]
        return out * float(self.side.prod())

    def depth(self, xy: np.ndarray, reach_um: float) -> np.ndarray:
        """Distance of each place (n × 2) to the nearest place outside, in µm; infinite where that is beyond the reach.

        The first rectangle begins at the lowest x and y of the places.
        """
        place = xy - xy.min(axis=0) if self.inside.size > 1 else xy
        column, row = np.minimum((place // self.side).astype(np.int64), np.array(self.inside.shape) - 1).T
        around = np.ceil(reach_um / self.side).astype(int)
        padded = np.pad(self.inside, [(n, n) for n in around])
        out = np.full(len(xy), np.inf)
        for u in range(-around[0], around[0] + 1):
            for v in range(-around[1], around[1] + 1):
                outside = ~padded[column + u + around[0], row + v + around[1]]
                low = np.column_stack([column + u, row + v]) * self.side
                gap = np.maximum(np.maximum(low - place, place - (low + self.side)), 0.0)[outside]
                out[outside] = np.minimum(out[outside], np.hypot(gap[:, 0], gap[:, 1]))
        return np.where(out <= reach_um, out, np.inf)


def _moved(grid: np.ndarray) -> np.ndarray:
    """Squares that a grid shares with itself moved by every step; `scipy.signal` does it too, and is slow to import."""
    whole = [2 * n - 1 for n in grid.shape]
    size = [fft.next_fast_len(n, real=True) for n in whole]
    product = fft.rfft2(grid, size) * fft.rfft2(grid[::-1, ::-1], size)
    return np.asarray(np.rint(fft.irfft2(product, size)))[: whole[0], : whole[1]]
