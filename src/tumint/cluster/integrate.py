"""Differences between batches: taken out of what distances are computed from, and measured before and after."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tumint.cluster.groups import rows_of_each
from tumint.cluster.neighbours import nearest_neighbours
from tumint.config.cluster import IntegrateConfig

_MOST = 3_000  # cells that mixing is measured on
_NEIGHBOURS = 30


def integrate(values: np.ndarray, batch: np.ndarray, config: IntegrateConfig, *, seed: int) -> np.ndarray:
    """`values` (n × d) without the differences between batches; `batch` (n,) are codes 0 … B - 1."""
    batches = int(batch.max()) + 1
    if config.method == "none" or batches < 2:
        return values
    if config.method == "centre":
        means = np.array([values[rows].mean(axis=0, dtype=float) for rows in rows_of_each(batch)])
        return (values - (means - values.mean(axis=0, dtype=float))[batch]).astype(np.float32)
    import harmonypy

    meta = pd.DataFrame({"batch": batch.astype(str)})
    found = harmonypy.run_harmony(values.astype(float), meta, "batch", verbose=False, random_state=seed, ncores=1)
    corrected = np.asarray(found.Z_corr, dtype=np.float32)
    return corrected if corrected.shape == values.shape else corrected.T


def mixing(
    values: np.ndarray, batch: np.ndarray, types: np.ndarray, when: Literal["before", "after"], *, seed: int
) -> pd.DataFrame:
    """How well batches mix and types keep apart, on at most 3,000 cells.

    Returns
    -------
    One row: `stage` (`before` or `after`), `entropy` (of the batches among the 30 nearest neighbours of a cell, mean
    over cells, divided by that of all cells: 1 where neighbours are as mixed as the cohort), `lisi` (effective number
    of batches among them, mean; Korsunsky et al. 2019), `n_batches`, `silhouette` (of the types; -1 … 1),
    `n_cells`. NaN where there is one batch, or one type.
    """
    from sklearn.metrics import silhouette_score

    n = len(values)
    drawn = np.sort(np.random.default_rng(seed).choice(n, min(n, _MOST), replace=False))
    values, batch, types = values[drawn], batch[drawn], types[drawn]
    batches = int(batch.max()) + 1
    entropy, lisi, silhouette = np.nan, np.nan, np.nan
    if np.unique(batch).size > 1:
        neighbours, _ = nearest_neighbours(values, min(_NEIGHBOURS, len(values) - 1), seed=seed)
        counts = (batch[neighbours][:, :, None] == np.arange(batches)).sum(axis=1)
        share = counts / counts.sum(axis=1, keepdims=True)
        overall = np.bincount(batch, minlength=batches) / batch.size
        entropy = float(_entropy(share).mean() / _entropy(overall[None, :])[0])
        lisi = float((1 / (share**2).sum(axis=1)).mean())
    _, codes, sizes = np.unique(types.astype(str), return_inverse=True, return_counts=True)
    kept = sizes[codes] > 1
    if np.unique(codes[kept]).size > 1:
        silhouette = float(silhouette_score(values[kept], codes[kept]))
    row = {
        "stage": when,
        "entropy": entropy,
        "lisi": lisi,
        "n_batches": batches,
        "silhouette": silhouette,
        "n_cells": len(values),
    }
    return pd.DataFrame([row])


def _entropy(share: np.ndarray) -> np.ndarray:
    return -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
