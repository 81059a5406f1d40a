"""Which niche of one cohort is which of another, by what they hold of the types that both have. Tables in and out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from tumint import keys as k
from tumint.errors import DataError, Fault


def compositions(niches: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """Mean share of every type (columns) in every niche (rows), from tables of NICHES and NICHE_TYPES."""
    table = types.merge(niches[[k.CLUSTER, "niche", k.N]], on=k.CLUSTER)
    table["held"] = table["share"] * table[k.N]
    held = table.pivot_table(index="niche", columns=k.CELL_TYPE, values="held", aggfunc="sum", observed=True)
    return held.div(held.sum(axis=1), axis=0)


def match(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The best one-to-one match of niches, by what they share of the types that both cohorts have.

    Returns
    -------
    `first, second, agreement, types`, one row per matched pair, best first: agreement is 1 less half the sum of
    differences of shares (1: the same, 0: nothing in common), over the types of both, which are set to sum to 1.

    Raises
    ------
    DataError
        Fewer than two types have the same name in both.
    """
    shared = sorted(set(first.columns) & set(second.columns))
    if len(shared) < 2:
        raise DataError(Fault("niches of two cohorts", "two types or more of the same name in both", f"{len(shared)}"))
    a, b = (_closed(table[shared].to_numpy(float)) for table in (first, second))
    agreement = 1 - np.abs(a[:, None] - b[None]).sum(axis=2) / 2
    rows, columns = linear_sum_assignment(-agreement)
    found = pd.DataFrame(
        {
            "first": [str(first.index[i]) for i in rows],
            "second": [str(second.index[j]) for j in columns],
            "agreement": agreement[rows, columns],
            "types": len(shared),
        }
    )
    return found.sort_values(["agreement", "first"], ascending=[False, True], kind="stable", ignore_index=True)


def _closed(shares: np.ndarray) -> np.ndarray:
    total = shares.sum(axis=1, keepdims=True)
    return np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
