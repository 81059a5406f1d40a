"""The contacts of a pair of types in a ROI, from the graph that was scored. Tables in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs


def graphs(inputs: Inputs, samples: Sequence[str]) -> pd.DataFrame:
    """The edges of these samples; none where the graph is not there."""
    found = []
    for path in inputs.files("neighbourhood/{group}/graph.parquet"):
        name = path.relative_to(inputs.results).as_posix()
        rows = inputs.rows_of(name, contracts.EDGES, samples)
        found += [rows] if len(rows) else []
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(contracts.EDGES.columns))


def between(edges: pd.DataFrame, cells: pd.DataFrame, source: str, target: str) -> np.ndarray:
    """Pairs of rows of `cells` (m × 2) that are neighbours, one of either type; each once.

    Parameters
    ----------
    edges
        Those of one sample, in one or in both directions.
    cells
        The cells of that sample. An edge to a cell that is not among them is no contact.
    """
    ids = cells[k.CELL_ID].to_numpy(np.int64)
    order = np.argsort(ids, kind="stable")
    ends = edges[[k.SOURCE_CELL, k.TARGET_CELL]].to_numpy(np.int64)
    if not len(ids) or not len(ends):
        return np.empty((0, 2), dtype=np.int64)
    at = np.searchsorted(ids[order], ends).clip(max=len(ids) - 1)
    pairs = order[at][(ids[order][at] == ends).all(axis=1)]
    kind = cells[k.CELL_TYPE].to_numpy(object)
    one, other = kind[pairs[:, 0]], kind[pairs[:, 1]]
    mine = ((one == source) & (other == target)) | ((one == target) & (other == source))
    return np.unique(np.sort(pairs[mine], axis=1), axis=0)
