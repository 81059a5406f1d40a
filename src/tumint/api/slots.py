"""Scores in the slots of an AnnData where squidpy looks for its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k


def write(data: Any, label: str, scores: pd.DataFrame) -> None:
    """`uns["<label>_nhood_enrichment"]` with `count` and `zscore`, (types × types) in the order of the categories.

    Counts and what is expected are added up over the samples; z is their difference over the root of the summed
    variances. Where labels are no categories yet, they become that, in the order of their names, as in scanpy.
    """
    if not isinstance(data.obs[label].dtype, pd.CategoricalDtype):
        data.obs[label] = data.obs[label].astype(str).astype("category")
    names = [str(name) for name in data.obs[label].cat.categories]
    sums = scores.assign(variance=scores["sd"] ** 2).groupby([k.SOURCE, k.TARGET], observed=True)
    totals = sums[["observed", "expected", "variance"]].sum()

    def matrix(column: str) -> np.ndarray:
        every = pd.MultiIndex.from_product([names, names])
        return totals[column].reindex(every).fillna(0).to_numpy(float).reshape(len(names), len(names))

    observed, expected, variance = map(matrix, ("observed", "expected", "variance"))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(variance > 0, (observed - expected) / np.sqrt(variance), np.nan)
    data.uns[f"{label}_nhood_enrichment"] = {"zscore": z, "count": observed}
