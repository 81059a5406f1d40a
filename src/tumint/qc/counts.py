"""Quality control of RNA counts, by scanpy: genes, counts, mitochondrial share, doublets. scanpy is imported here only,
and only where there are counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tumint.extras import need

_FEWEST = 50  # cells that scrublet is asked about
_COMPONENTS = 30


def count_metrics(X: Any, genes: Sequence[str], mito_prefixes: Sequence[str]) -> dict[str, np.ndarray]:
    """`n_genes`, `n_counts` and `mito_share` of each cell, by `scanpy.pp.calculate_qc_metrics`.

    `X` sparse, cells × genes. `mito_share` is from 0 to 1, NaN in a cell without counts and where no gene is
    mitochondrial by its name.
    """
    need("scanpy", "quality control of counts")
    import anndata as ad
    import pandas as pd
    import scanpy as sc

    if not X.shape[0]:
        return {name: np.empty(0) for name in ("n_genes", "n_counts", "mito_share")}
    cells = ad.AnnData(X=X, var=pd.DataFrame(index=pd.Index(list(genes), dtype=object)))
    is_mito = np.array([name.startswith(tuple(mito_prefixes)) for name in genes], dtype=bool)
    cells.var["mt"] = is_mito
    obs, _ = sc.pp.calculate_qc_metrics(cells, qc_vars=["mt"], percent_top=None, log1p=False, inplace=False)
    share = obs["pct_counts_mt"].to_numpy(dtype=float) / 100
    return {
        "n_genes": obs["n_genes_by_counts"].to_numpy(dtype=float),
        "n_counts": obs["total_counts"].to_numpy(dtype=float),
        "mito_share": share if is_mito.any() else np.full(len(share), np.nan),
    }


def count_doublets(X: Any, seed: int) -> np.ndarray:
    """Scrublet's score of each cell of one sample (`scanpy.pp.scrublet`); NaN where there are too few cells or counts.

    Genes in fewer than 3 cells and cells without counts are left out, as scrublet asks for.
    """
    need("scanpy", "doublets among counts")
    import anndata as ad
    import scanpy as sc

    scores = np.full(X.shape[0], np.nan)
    counted = np.asarray(X.sum(axis=1)).ravel() > 0
    seen = np.asarray((X[counted] > 0).sum(axis=0)).ravel() >= 3
    if counted.sum() < _FEWEST or seen.sum() <= _COMPONENTS:
        return scores
    cells = ad.AnnData(X=X[counted][:, seen].astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a threshold that scrublet could not set: only its scores are used
        sc.pp.scrublet(cells, random_state=seed, n_prin_comps=_COMPONENTS, verbose=False)
    scores[counted] = cells.obs["doublet_score"].to_numpy(dtype=float)
    return scores
