"""Distance from each cell of one type to the nearest cell of another, in µm. One image, no files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.neighbourhood.scores import pair_status

SHORTEST_UM = 0.1  # stands for shorter distances in logs, which coincident cells would make infinite


def nearest(xy: np.ndarray, labels: np.ndarray, n_types: int) -> np.ndarray:
    """Distance of every cell to the nearest other cell of each type (cells × K); infinite where there is none.

    A cell is never its own nearest, a coincident one may be: at distance 0.
    """
    out = np.full((len(xy), n_types), np.inf)
    for b in range(n_types):
        own = labels == b
        if own.any():
            tree = cKDTree(xy[own])
            out[~own, b] = tree.query(xy[~own])[0]
            # the nearest of its own type is the cell itself, at 0: the second distance counts
            out[own, b] = tree.query(xy[own], k=[2])[0][:, 0]
    return out


def distance_table(
    sample: str, xy: np.ndarray, labels: np.ndarray, types: Sequence[str], min_cells: int = 10
) -> pd.DataFrame:
    """Nearest distances of every ordered pair of `types`, summarised over the source cells (`contracts.DISTANCES`).

    Parameters
    ----------
    xy
        (cells × 2, float64) in µm.
    labels
        (cells) index into `types`.

    Returns
    -------
    `sd_log` is the standard deviation of the log distance over cells (n − 1). Missing unless `tested`.
    """
    K = len(types)
    sizes = np.bincount(labels, minlength=K)
    status = pair_status(sizes, min_cells)
    found = nearest(xy, labels, K)
    mean, median, mean_log, sd_log = (np.full((K, K), np.nan) for _ in range(4))
    for a in range(K):
        columns = np.flatnonzero(status[a] == k.TESTED)
        if not len(columns):
            continue
        distances = found[labels == a][:, columns]
        logs = np.log(np.maximum(distances, SHORTEST_UM))
        mean[a, columns] = distances.mean(axis=0)
        median[a, columns] = np.median(distances, axis=0)
        mean_log[a, columns] = logs.mean(axis=0)
        if len(logs) > 1:
            sd_log[a, columns] = logs.std(axis=0, ddof=1)
    names = np.asarray(types, dtype=object)
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.SOURCE: np.repeat(names, K),
            k.TARGET: np.tile(names, K),
            k.N: np.repeat(sizes, K),
            "mean_um": mean.reshape(-1),
            "median_um": median.reshape(-1),
            "mean_log": mean_log.reshape(-1),
            "sd_log": sd_log.reshape(-1),
            k.STATUS: status.reshape(-1),
        }
    )
