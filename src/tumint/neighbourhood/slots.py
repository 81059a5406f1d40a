"""Scores in the slots and shapes that squidpy's plotting reads. squidpy itself is not imported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault


def nhood_enrichment(adata: Any, scores: pd.DataFrame, cluster_key: str) -> None:
    """Put the scores of one image into `adata.uns["<cluster_key>_nhood_enrichment"]`, for `sq.pl.nhood_enrichment`.

    Parameters
    ----------
    adata
        AnnData whose `obs[cluster_key]` is categorical; its categories give the order of rows and columns.
    scores
        Rows of the contract `SCORES` of one sample, statistic and null.

    Returns
    -------
    None: `zscore` (K × K, float64; missing where a pair is not tested) and `count` (K × K, uint32; 0 where absent) are
    written, as `squidpy.gr.nhood_enrichment` does.

    Raises
    ------
    DataError
        A pair stands twice, or a category has no scores.
    """
    types = [str(name) for name in adata.obs[cluster_key].cat.categories]
    faults: list[Fault | str] = []
    if scores.duplicated([k.SOURCE, k.TARGET]).any():
        faults.append(Fault("scores", "one sample, statistic and null", "a pair twice"))
    if missing := sorted(set(types) - set(scores[k.SOURCE].astype(str))):
        faults.append(
            Fault(f"scores column `{k.SOURCE}`", f"every category of `{cluster_key}`", f"no {', '.join(missing)}")
        )
    if faults:
        raise DataError(faults)
    pairs = scores.set_index([scores[k.SOURCE].astype(str), scores[k.TARGET].astype(str)])
    pairs = pairs.reindex(pd.MultiIndex.from_product([types, types]))

    def matrix(column: str) -> np.ndarray:
        return pairs[column].to_numpy(dtype=float).reshape(len(types), len(types))

    adata.uns[f"{cluster_key}_nhood_enrichment"] = {
        "zscore": matrix("z"),
        "count": np.rint(np.nan_to_num(matrix("observed"))).astype(np.uint32),
    }
