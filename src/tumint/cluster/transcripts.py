"""Transcripts: which genes decide, and what distances between cells are computed from. scanpy does the work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def components(values: Any, genes: list[str], *, n_genes: int, n_components: int, seed: int) -> np.ndarray:
    """Principal components of the most variable genes.

    Parameters
    ----------
    values
        (n × genes) log-normalised, CSR or array.
    n_genes, n_components
        How many at most: no more than there are genes that vary, and fewer than cells.

    Returns
    -------
    (n × components) float32. Variable genes by dispersion (Satija et al. 2015, Nat Biotechnol 33:495, as scanpy has
    it), scaled to unit variance and cut at 10 standard deviations, exact PCA.
    """
    import anndata as ad
    import scanpy as sc

    cells = ad.AnnData(values.copy(), var=pd.DataFrame(index=pd.Index(genes)))
    cells.obs_names = cells.obs_names.astype(str)
    sc.pp.filter_genes(cells, min_cells=3)
    if cells.n_vars > n_genes:
        sc.pp.highly_variable_genes(cells, n_top_genes=n_genes, flavor="seurat", subset=True)
    sc.pp.scale(cells, max_value=10)
    most = max(min(n_components, cells.n_vars - 1, cells.n_obs - 1), 1)
    sc.pp.pca(cells, n_comps=most, svd_solver="full" if cells.n_obs <= 20_000 else "arpack", random_state=seed)
    found = np.asarray(cells.obsm["X_pca"], dtype=np.float32)
    # the sign of a component is arbitrary
    top = np.abs(found).argmax(axis=0)
    return found * np.where(found[top, np.arange(found.shape[1])] < 0, -1, 1).astype(np.float32)


def smoothed(values: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Mean of each cell and its neighbours (n × m): single cells miss most transcripts that they have."""
    total = values.astype(float)
    for column in neighbours.T:
        total += values[column]
    return (total / (neighbours.shape[1] + 1)).astype(np.float32)
