"""Where tumour is and how far every cell is from its margin, on a grid of 10 µm. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

STEP_UM = 10.0
TISSUE_UM = 25.0  # a place with no cell this near is no tissue
TUMOUR, OUTSIDE, EITHER = 1, 0, -1  # sides of cells, as a source's domains tell them
_LEAST_SHARE = 0.1  # below it tumour cells are scattered, and make no tumour


@dataclass(frozen=True)
class Raster:
    """The places of an image: squares of `STEP_UM` over the box around its cells.

    `low` (2,) is the corner; `nearest` (nx, ny) the cell nearest to the centre of each square; `tissue` (nx, ny)
    whether it is near enough; `square` (n, 2) the square that each cell lies in.
    """

    low: np.ndarray
    nearest: np.ndarray
    tissue: np.ndarray
    square: np.ndarray

    @classmethod
    def of(cls, xy: np.ndarray) -> Raster:
        """The squares of `xy` (n, 2) in µm, n > 0."""
        low = np.asarray(xy.min(axis=0))
        at = ((xy - low) // STEP_UM).astype(np.int64)
        shape = tuple(int(n) for n in at.max(axis=0) + 1)
        distance, nearest = cKDTree(xy).query(_centres(low, shape))
        return cls(low, nearest.reshape(shape), (distance <= TISSUE_UM).reshape(shape), at)

    @property
    def shape(self) -> tuple[int, int]:
        """Squares along x and y."""
        return self.nearest.shape[0], self.nearest.shape[1]

    def counts(self, chosen: np.ndarray | None = None) -> np.ndarray:
        """Cells in each square (nx, ny), of all or of the `chosen` (n, bool)."""
        at = self.square if chosen is None else self.square[chosen]
        flat = np.ravel_multi_index((at[:, 0], at[:, 1]), self.shape)
        return np.bincount(flat, minlength=self.nearest.size).reshape(self.shape).astype(float)

    def mm2(self, squares: np.ndarray) -> float:
        """Area of tissue among some squares (nx, ny, bool)."""
        return float((squares & self.tissue).sum() * (STEP_UM / 1000) ** 2)


def inferred(
    raster: Raster, is_tumour: np.ndarray, bandwidth_um: float, share: float | None, min_cells: int
) -> np.ndarray:
    """Squares that are tumour (nx, ny, bool), from where tumour cells lie among all cells.

    Tumour cells and all cells are smoothed with a gaussian of `bandwidth_um`; tumour is where tumour cells are more
    than `share` of all; None: half of that share around the median tumour cell, because a smoothed step crosses half
    of its height at its edge, however high it is. Then openings and closings by one bandwidth, islands and holes.
    """
    sigma = bandwidth_um / STEP_UM
    tumour, cells = (
        ndimage.gaussian_filter(raster.counts(chosen), sigma, mode="constant") for chosen in (is_tumour, None)
    )
    local = np.divide(tumour, cells, out=np.zeros(raster.shape), where=cells > 1e-9)
    around = local[tuple(raster.square[is_tumour].T)]
    height = float(np.median(around)) if len(around) else 0.0
    if share is None and height < 2 * _LEAST_SHARE:
        return np.zeros(raster.shape, dtype=bool)
    mask = local > (height / 2 if share is None else share)
    radius = bandwidth_um / STEP_UM
    return without_specks(_opened(~_opened(~_opened(mask, radius), radius), 0.0), raster.counts(), min_cells)


def given(raster: Raster, xy: np.ndarray, side: np.ndarray, min_cells: int) -> np.ndarray:
    """Squares that are tumour (nx, ny, bool), from the side of every cell: that of the nearest cell not `EITHER`.

    So the margin runs midway through an interface, and through tissue that lies on both sides.
    """
    sure = np.flatnonzero(side != EITHER)
    if not (side[sure] == TUMOUR).any():
        return np.zeros(raster.shape, dtype=bool)
    _, nearest = cKDTree(xy[sure]).query(_centres(raster.low, raster.shape))
    mask = (side[sure][nearest] == TUMOUR).reshape(raster.shape)
    return without_specks(mask, raster.counts(), min_cells)


def without_specks(mask: np.ndarray, cells: np.ndarray, min_cells: int) -> np.ndarray:
    """A mask without islands of fewer than `min_cells` cells, then without such holes; `cells` per square."""
    for value in (True, False):
        parts, n = ndimage.label(mask == value, np.ones((3, 3)) if value else None)
        small = np.bincount(parts.ravel(), weights=cells.ravel(), minlength=n + 1) < min_cells
        small[0] = False
        mask = np.where(small[parts], not value, mask)
    return np.asarray(mask, dtype=bool)


def signed_um(mask: np.ndarray) -> np.ndarray | None:
    """Distance of each square to the margin in µm, below 0 in tumour; None where there is no margin in the image."""
    if mask.all() or not mask.any():
        return None
    # from centre to centre of squares: the edge lies half a square before the first of the other kind
    outside = ndimage.distance_transform_edt(~mask) - 0.5
    inside = ndimage.distance_transform_edt(mask) - 0.5
    return np.asarray(np.where(mask, -inside, outside) * STEP_UM)


def at_cells(field: np.ndarray, raster: Raster, xy: np.ndarray) -> np.ndarray:
    """A field of squares at the places of cells (n,), linear between centres of squares."""
    places = ((xy - raster.low) / STEP_UM - 0.5).T
    return np.asarray(ndimage.map_coordinates(field, places, order=1, mode="nearest"))


def _opened(mask: np.ndarray, radius: float) -> np.ndarray:
    """Without what is narrower than twice `radius` (squares); outside the image it goes on as at the edge."""
    if radius <= 0 or not mask.any() or mask.all():
        return mask
    wide = int(np.ceil(2 * radius)) + 1
    padded = np.pad(mask, wide, mode="edge")
    core = ndimage.distance_transform_edt(padded) > radius
    if not core.any():
        return np.zeros_like(mask)
    return np.asarray(ndimage.distance_transform_edt(~core) <= radius)[wide:-wide, wide:-wide]


def _centres(low: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Centres of all squares (nx · ny, 2)."""
    x, y = (low[i] + (np.arange(shape[i]) + 0.5) * STEP_UM for i in (0, 1))
    return np.column_stack([np.repeat(x, shape[1]), np.tile(y, shape[0])])
