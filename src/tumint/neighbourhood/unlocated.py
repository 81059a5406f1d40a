"""Rows of samples without coordinates, as of dissociated cells: which types are there, and that nothing was scored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts


def unlocated_scores(sample: str, sizes: np.ndarray, types: Sequence[str]) -> pd.DataFrame:
    """A row of `contracts.SCORES` for every ordered pair of `types`, `sizes` cells of each; nothing observed."""
    table = _pairs(contracts.SCORES, sample, sizes, types)
    return table.assign(n_source=np.repeat(sizes, len(types)), n_target=np.tile(sizes, len(types)), p_method="")


def unlocated_distances(sample: str, sizes: np.ndarray, types: Sequence[str]) -> pd.DataFrame:
    """The same of `contracts.DISTANCES`."""
    return _pairs(contracts.DISTANCES, sample, sizes, types).assign(n=np.repeat(sizes, len(types)), n_index=0)


def _pairs(contract: contracts.Contract, sample: str, sizes: np.ndarray, types: Sequence[str]) -> pd.DataFrame:
    names = np.asarray(types, dtype=object)
    known = {
        k.SAMPLE: sample,
        k.SOURCE: np.repeat(names, len(types)),
        k.TARGET: np.tile(names, len(types)),
        k.STATUS: k.NO_COORDINATES,
    }
    return pd.DataFrame({name: known.get(name, np.nan) for name in contract.columns})
