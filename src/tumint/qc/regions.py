"""Which cells lie in the regions that the config leaves out. Pure arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumint.config.qc import Region


def inside_any(spatial: np.ndarray, regions: Sequence[Region]) -> np.ndarray:
    """Which cells (centres `(n, 2)` in µm) lie in one of `regions`, shape `(n,)`, bool; edges of a box are inside."""
    inside = np.zeros(len(spatial), dtype=bool)
    for region in regions:
        if region.polygon_um is not None:
            inside |= _in_polygon(spatial, np.array(region.polygon_um, dtype=float))
            continue
        within = np.isfinite(spatial).all(axis=1)
        for axis, side in enumerate((region.x_um, region.y_um)):
            if side is not None:
                within &= (spatial[:, axis] >= side[0]) & (spatial[:, axis] <= side[1])
        inside |= within
    return inside


def _in_polygon(spatial: np.ndarray, corners: np.ndarray) -> np.ndarray:
    from skimage.measure import points_in_poly

    known = np.isfinite(spatial).all(axis=1)
    inside = np.zeros(len(spatial), dtype=bool)
    inside[known] = points_in_poly(spatial[known], corners)
    return inside
