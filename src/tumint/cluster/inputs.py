"""The files of all batches, read as one cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, issparse, vstack

from tumint import keys as k
from tumint.cluster import nothing_passed
from tumint.cluster.cohort import Cells, positions
from tumint.errors import DataError, Fault
from tumint.io.cells import read_cells
from tumint.io.contracts import QC_CELLS, QC_METRICS, joined
from tumint.io.tables import read_table

_OPTIONAL = (k.CELL_TYPE_PROVIDED, k.CELL_NAME)


def read_cohort(paths: Sequence[Path], order: Sequence[str] = ()) -> Cells:
    """Read the batches; samples come in `order`, those of the sheet, and others after them as the files have them.

    Raises
    ------
    DataError
        A file is missing or breaks its contract, or there is no cell in any of them.
    """
    place = {sample: i for i, sample in enumerate(order)}
    # also which marker is first must not depend on which samples share a file
    batches = sorted((read_cells(path) for path in paths), key=lambda one: _first(one.obs[k.SAMPLE], place))
    if not sum(batch.n_obs for batch in batches):
        raise DataError(_none(paths))
    use: dict[str, str] = {}
    for batch in batches:
        use |= {m: u for m, u in zip(batch.var_names, batch.var[k.USE].astype(str), strict=True) if m not in use}
    batches = [batch for batch in batches if batch.n_obs]
    sparse = any(issparse(batch.X) for batch in batches)
    # a gene that is not in all batches was not looked for in some of them
    here = [set(batch.var_names) for batch in batches]
    markers = [m for m in use if not sparse or all(m in names for names in here)]
    at = positions(markers)
    parts, tables = [], []
    for batch in batches:
        if sparse:
            parts.append(
                csr_matrix(batch.X[:, batch.var_names.get_indexer(pd.Index(markers, dtype=object))], dtype=np.float32)
            )
        else:
            part = np.full((batch.n_obs, len(markers)), np.nan, dtype=np.float32)
            if batch.n_vars:
                part[:, [at[m] for m in batch.var_names]] = np.asarray(batch.X)
            parts.append(part)
        columns = [k.SAMPLE, k.CELL_ID, k.AREA_UM2, k.DOMAIN, *(c for c in _OPTIONAL if c in batch.obs)]
        tables.append(batch.obs[columns].astype({c: object for c in columns if c not in (k.CELL_ID, k.AREA_UM2)}))
    obs = pd.concat(tables, ignore_index=True)
    spatial = np.concatenate([np.asarray(batch.obsm[k.SPATIAL], dtype=float).reshape(-1, 2) for batch in batches])
    names = sorted(dict.fromkeys(obs[k.SAMPLE]), key=lambda sample: place.get(sample, len(place)))
    rows = np.lexsort((obs[k.CELL_ID].to_numpy(), pd.Categorical(obs[k.SAMPLE], categories=names).codes))
    return Cells(
        (vstack(parts, format="csr") if sparse else np.concatenate(parts))[rows],
        markers,
        [use[m] for m in markers],
        obs.iloc[rows].reset_index(drop=True),
        spatial[rows],
    )


def _first(samples: pd.Series, place: Mapping[str, int]) -> int:
    """The place in the sheet of the sample that comes first; empty batches come last."""
    return min((place.get(sample, len(place)) for sample in samples.unique()), default=len(place) + 1)


def _none(paths: Sequence[Path]) -> Fault:
    """Why no cell passed, by the tables that quality control wrote beside the cells."""
    metrics, cells = (
        [path.with_suffix(f".{name}.parquet") for path in paths if path.with_suffix(f".{name}.parquet").exists()]
        for name in ("metrics", "cells")
    )
    if len(metrics) != len(paths) or len(cells) != len(paths):
        found = f"none in {', '.join(map(str, paths))}"
        return Fault("cluster", "at least one cell that passed quality control", found)
    return nothing_passed.fault(
        joined([read_table(path, QC_METRICS) for path in metrics], QC_METRICS),
        joined([read_table(path, QC_CELLS) for path in cells], QC_CELLS),
    )
