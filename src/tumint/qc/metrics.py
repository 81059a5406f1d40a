"""What quality control measures on every cell. Pure arrays; the limits are in `thresholds`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

METRICS = ("area_um2", "dna", "total")
_SUMMED = ("type", "state")


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
    `area_um2`, `dna` (mean of the DNA channels) and `total` (sum of the type and state channels), each float64 of shape
    `(cells,)`, NaN where it cannot be had.
    """
    use = np.asarray(uses, dtype=object)
    present = ~np.isnan(X).all(axis=0) if len(X) else np.ones(X.shape[1], dtype=bool)
    dna = X[:, present & (use == "dna")].astype(np.float64)
    summed = X[:, present & np.isin(use, _SUMMED)].astype(np.float64)
    nothing = np.full(len(X), np.nan)
    return {
        "area_um2": np.asarray(area_um2, dtype=np.float64),
        "dna": dna.mean(axis=1) if dna.shape[1] else nothing,
        "total": summed.sum(axis=1) if summed.shape[1] else nothing,
    }


def lacks_intensity(X: np.ndarray, uses: Sequence[str]) -> np.ndarray:
    """Which cells have no value for a marker that other cells of their sample have, shape `(cells,)`, bool."""
    counted = np.asarray(uses, dtype=object) != "ignore"
    missing = np.isnan(X[:, counted])
    return (missing & ~missing.all(axis=0)).any(axis=1)
