"""Whether the cells of one image lie on one another, as those of several images do that share a name. Pure arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 100  # cells, below which nothing is said
SHARE = 0.12  # of the cells; single images of real cohorts have up to 0.044, several on one another 0.14 to 0.51
_CLOSE_UM, _CLOSE_DIAMETERS, _MOST_UM = 3.0, 0.35, 5.0


@dataclass(frozen=True)
class Nearness:
    """Of the cells of an image: `median` distance to the nearest other cell, and `share` nearer than `limit`."""

    n: int
    median: float
    share: float
    limit: float

    @property
    def overlaps(self) -> bool:
        """Whether so many cells are nearer to another than cells have room that these are several images."""
        return self.n >= FEWEST and self.share > SHARE


def nearness(xy: np.ndarray, area: np.ndarray | None = None) -> Nearness:
    """Distances to the nearest other cell that is not at the very same place.

    Parameters
    ----------
    xy
        Centres, `(n, 2)`, one unit; those that are NaN are left out.
    area
        Areas in that unit squared, `(n,)`, where there are any: two cells nearer than 0.35 of the median diameter
        overlap; without areas, two that are nearer than 3 µm.
    """
    from scipy.spatial import cKDTree

    placed = xy[np.isfinite(xy).all(axis=1)]
    places = np.unique(placed, axis=0)
    limit = _CLOSE_UM
    if area is not None and (known := area[np.isfinite(area) & (area > 0)]).size:
        limit = min(_CLOSE_DIAMETERS * 2 * float(np.sqrt(np.median(known) / np.pi)), _MOST_UM)
    if len(places) < 2:
        return Nearness(len(placed), float("nan"), 0.0, limit)
    distances = cKDTree(places).query(places, k=2)[0][:, 1]
    return Nearness(len(placed), float(np.median(distances)), float((distances < limit).mean()), limit)
