"""Transcripts: which genes decide, and what distances between cells are computed from. scanpy does the work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint.extras import need

_SHARE = 0.01  # of all cells, which a gene that decides is seen in at least
LEAST = 0.5  # mean of log(1 + x) by which types that have a gene and types that do not differ at least


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
    it), then PCA, which leaves a CSR matrix as it is. Genes are not scaled: rare ones would weigh like
    common ones.
    """
    need("scanpy", "config: key `cluster.normalise.method` (log)")
    import anndata as ad
    import scanpy as sc

    cells = ad.AnnData(values.copy(), var=pd.DataFrame(index=pd.Index(genes)))
    cells.obs_names = cells.obs_names.astype(str)
    # the dispersion of a gene that hardly any cell shows is noise, and would crowd out those that name types
    sc.pp.filter_genes(cells, min_cells=max(3, int(np.ceil(_SHARE * cells.n_obs))))
    if cells.n_vars > n_genes:
        sc.pp.highly_variable_genes(cells, n_top_genes=n_genes, flavor="seurat", subset=True)
    most = max(min(n_components, cells.n_vars - 1, cells.n_obs - 1), 1)
    sc.pp.pca(cells, n_comps=most, svd_solver="arpack", random_state=seed)
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
