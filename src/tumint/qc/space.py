"""What quality control measures on where cells lie: local density, the edge of the image, the area of the tissue.

Pure arrays in µm.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_closing
from scipy.spatial import cKDTree

_GRID_UM = 20.0  # side of the squares that tissue is counted in


def local_density(spatial: np.ndarray, radius_um: float) -> np.ndarray:
    """Other cells per mm² within `radius_um` of each cell, shape `(cells,)`.

    The disc is cut to the box around all cells, so that cells at the edge of the image do not seem sparse.
    """
    counts = cKDTree(spatial).query_ball_point(spatial, radius_um, return_length=True) - 1
    low, high = spatial.min(axis=0), spatial.max(axis=0)
    sides = np.minimum(np.stack([spatial - low, high - spatial]), radius_um)  # (side, cell, axis)
    seen = sum(_corner(sides[a, :, 0], sides[b, :, 1], radius_um) for a in (0, 1) for b in (0, 1))
    # cells in a row, or a lone one: the box has no area
    return np.asarray(counts / np.maximum(seen, np.pi * radius_um**2 / 100) * 1e6)


def _corner(a: np.ndarray, b: np.ndarray, radius: float) -> np.ndarray:
    """Area of a quarter of a disc that lies in the rectangle from its centre to (a, b), both at most the radius."""
    flat = np.minimum(np.sqrt(radius**2 - b**2), a)  # up to here the rectangle's side b is the lower one

    def under_arc(x: np.ndarray) -> np.ndarray:
        return np.asarray((x * np.sqrt(np.maximum(radius**2 - x**2, 0)) + radius**2 * np.arcsin(x / radius)) / 2)

    return np.asarray(b * flat + under_arc(a) - under_arc(flat))


def border_gap(spatial: np.ndarray, area_um2: np.ndarray) -> np.ndarray:
    """Gap in µm between the outline of each cell and the edge of the image, shape `(cells,)`; 0: it touches.

    The image is the box around the outlines of all cells, each taken as a circle of its area (a point where it has
    none): tables of cells do not say how large the image was.
    """
    radius = np.sqrt(np.nan_to_num(area_um2, nan=0.0) / np.pi)[:, None]
    low, high = spatial - radius, spatial + radius
    return np.asarray(np.minimum(low - low.min(axis=0), high.max(axis=0) - high).min(axis=1))


def tissue_mm2(spatial: np.ndarray) -> float:
    """Area with cells in it: squares of 20 µm that hold one, holes of a square or two closed."""
    at = np.floor((spatial - spatial.min(axis=0)) / _GRID_UM).astype(np.int64)
    shape = at.max(axis=0) + 3
    if np.prod(shape.astype(float)) > 1e8:  # coordinates far apart: no image
        return float(len(np.unique(at, axis=0)) * _GRID_UM**2 / 1e6)
    held = np.zeros(shape, dtype=bool)
    held[at[:, 0] + 1, at[:, 1] + 1] = True
    return float(binary_closing(held, np.ones((3, 3))).sum() * _GRID_UM**2 / 1e6)
