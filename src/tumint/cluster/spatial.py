"""Where markers lie, and which ligands may meet their receptors: squidpy's statistics, on arrays of ours."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.cluster.groups import rows_of_each
from tumint.extras import need
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import MORAN, joined

_NEIGHBOURS = 6


def _squidpy() -> Any:
    need("squidpy", "config: key `cluster.spatial`")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        import squidpy
    return squidpy


def moran(values: np.ndarray, markers: Sequence[str], spatial: np.ndarray, sample: np.ndarray) -> pd.DataFrame:
    """Moran's I of each marker in each sample over the six nearest neighbours (contract MORAN).

    p is that of the normal approximation, q Benjamini-Hochberg within a sample. Samples without coordinates, or with
    fewer than eight cells, have no row.
    """
    import anndata as ad

    sq = _squidpy()
    parts = []
    codes, names = pd.factorize(sample)
    for name, rows in zip(names, rows_of_each(codes), strict=True):
        if rows.size < _NEIGHBOURS + 2 or not np.isfinite(spatial[rows]).all():
            continue
        cells = ad.AnnData(values[rows].astype(float), var=pd.DataFrame(index=pd.Index(list(markers))))
        cells.obsm[k.SPATIAL] = spatial[rows]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sq.gr.spatial_neighbors(cells, n_neighs=_NEIGHBOURS, coord_type="generic")
            found = sq.gr.spatial_autocorr(cells, mode="moran", n_perms=None, n_jobs=1, copy=True)
        found = found.reindex(list(markers))
        columns = {"marker": list(markers), "I": found["I"], "p": found["pval_norm"], "q": found["pval_norm_fdr_bh"]}
        table = pd.DataFrame({c: np.asarray(v) for c, v in columns.items()})
        table.insert(0, k.SAMPLE, name)
        parts.append(table)
    return joined(parts, MORAN)


def ligand_receptor(
    values: Any, genes: Sequence[str], types: np.ndarray, pairs: pd.DataFrame, *, permutations: int, seed: int
) -> pd.DataFrame:
    """Mean expression of ligand and receptor in every ordered pair of types, against permuted types.

    Parameters
    ----------
    values
        (n × genes) log-normalised, array or CSR.
    pairs
        `source, target`: ligand and receptor. No list is fetched from anywhere.

    Returns
    -------
    Contract LIGAND_RECEPTOR; pairs that are expressed in less than 1 % of the cells of a type have no p.
    """
    import anndata as ad

    sq = _squidpy()
    named = pd.Index([str(i) for i in range(len(types))], dtype=object)
    cells = ad.AnnData(values, obs=pd.DataFrame({"type": pd.Categorical(types)}, index=named))
    cells.var_names = pd.Index(list(genes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sq.gr.ligrec(
            cells,
            "type",
            interactions=pairs[["source", "target"]],
            n_perms=permutations,
            seed=seed,
            use_raw=False,
            copy=True,
            threshold=0.01,
            corr_method=None,
            n_jobs=1,
            show_progress_bar=False,
        )
    means, p = found["means"].to_numpy(float), found["pvalues"].to_numpy(float)
    from_to = [(str(a), str(b)) for a, b in found["means"].columns]
    table = pd.DataFrame(
        [
            {
                "ligand": pair[0],
                "receptor": pair[1],
                k.SOURCE: a,
                k.TARGET: b,
                "mean": means[i, j],
                "p": p[i, j],
            }
            for i, pair in enumerate(found["means"].index)
            for j, (a, b) in enumerate(from_to)
        ]
    )
    table["q"] = benjamini_hochberg(table["p"].to_numpy(float))
    return table.astype({c: object for c in ("ligand", "receptor", k.SOURCE, k.TARGET)})
