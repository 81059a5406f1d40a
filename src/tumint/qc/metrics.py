"""What quality control measures on the intensities of every cell. Pure arrays; limits are in `thresholds`, what needs
coordinates in `space`, RNA counts in `counts`, doublets in `doublets`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumint import keys as k

# columns of the tables, in the order in which reasons are joined
METRICS = (
    *(k.AREA_UM2, "dna", "total", k.ECCENTRICITY, k.SOLIDITY, "local_density", "border_um", "zero_share"),
    *("saturated_share", "doublet_score", "n_genes", "n_counts", "mito_share"),
)
_SUMMED = ("type", "state")
_COUNTED = (*_SUMMED, "dna")
_PILE_CELLS, _PILE_SHARE, _PILE_RATIO, _PILE_LEVELS = 5, 0.001, 3, 10


def used(uses: Sequence[str], *wanted: str) -> np.ndarray:
    """Which channels have one of these uses, shape `(markers,)`, bool."""
    return np.isin(np.asarray(uses, dtype=object), wanted)


def cell_metrics(X: np.ndarray, uses: Sequence[str], area_um2: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of the cells of one sample.

    Parameters
    ----------
    X
        Raw intensities, cells × markers, float32. A marker that no cell has is one the sample lacks: it is left out.
    uses
        Use of each marker.
    area_um2
        Area of each cell in µm², NaN where there is none.

    Returns
    -------
    `area_um2`, `dna` (mean of the DNA channels), `total` (sum of the type and state channels), `zero_share` and
    `saturated_share` (of the channels of all three), each float64 of shape `(cells,)`, NaN where it cannot be had.
    """
    present = ~np.isnan(X).all(axis=0) if len(X) else np.ones(X.shape[1], dtype=bool)
    dna = X[:, present & used(uses, "dna")].astype(np.float64)
    summed = X[:, present & used(uses, *_SUMMED)].astype(np.float64)
    counted = X[:, present & used(uses, *_COUNTED)]
    nothing = np.full(len(X), np.nan)
    return {
        k.AREA_UM2: np.asarray(area_um2, dtype=np.float64),
        "dna": dna.mean(axis=1) if dna.shape[1] else nothing,
        "total": summed.sum(axis=1) if summed.shape[1] else nothing,
        "zero_share": (counted <= 0).mean(axis=1) if counted.shape[1] else nothing,
        "saturated_share": (counted >= saturation(counted)).mean(axis=1) if counted.shape[1] else nothing,
    }


def saturation(X: np.ndarray) -> np.ndarray:
    """The value at which each channel of a sample is cut off, shape `(markers,)`; infinite where it is not.

    A detector that saturates, or an export that was clipped, gives many cells exactly the largest value: at least 5 and
    one in a thousand, three times as many as lie in the tenth of the scale below, of a channel with 10 values or more.
    """
    limit = np.full(X.shape[1], np.inf)
    for m in range(X.shape[1]):
        values = X[~np.isnan(X[:, m]), m]
        top = values.max() if values.size else 0.0
        at_top = int((values == top).sum())
        if top <= 0 or at_top < max(_PILE_CELLS, _PILE_SHARE * values.size):
            continue
        below = int(((values >= 0.9 * top) & (values < top)).sum())
        if at_top >= _PILE_RATIO * max(below, 1) and np.unique(values).size >= _PILE_LEVELS:
            limit[m] = top
    return limit


def lacks_intensity(X: np.ndarray, uses: Sequence[str]) -> np.ndarray:
    """Which cells have no value for a marker that other cells of their sample have, shape `(cells,)`, bool."""
    missing = np.isnan(X[:, ~used(uses, "ignore")])
    return np.asarray((missing & ~missing.all(axis=0)).any(axis=1))
