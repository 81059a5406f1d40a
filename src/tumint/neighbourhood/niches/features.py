"""What niches say of one image: how much of it each is, where the types live, and who is beside whom. Arrays in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.kernels.windows import pair_counts
from tumint.neighbourhood.graph import Graph


def odds_rows(
    sample: str, family: str, names: Sequence[str], inside: np.ndarray, total: np.ndarray | int
) -> pd.DataFrame:
    """Log odds of `inside` of `total` cells as rows of the contract FEATURES, ½ added to both sides; `n` = total.

    se by the delta method. Of no cell at all nothing is said: `absent`.
    """
    x = np.asarray(inside, float)
    n = np.broadcast_to(np.asarray(total, float), x.shape)
    rest = n - x
    there = n > 0
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.FAMILY: family,
            k.FEATURE: list(names),
            k.VALUE: np.where(there, np.log((x + 0.5) / (rest + 0.5)), np.nan),
            k.SE: np.where(there, np.sqrt(1 / (x + 0.5) + 1 / (rest + 0.5)), np.nan),
            k.WEIGHT: n,
            k.N: n.astype(np.int64),
            k.STATUS: np.where(there, k.TESTED, k.ABSENT).astype(object),
        }
    )


def niche_features(
    sample: str,
    labels: np.ndarray,
    niche: np.ndarray,
    counts: np.ndarray,
    types: Sequence[str],
    names: Sequence[str],
    split_by: Sequence[str],
) -> pd.DataFrame:
    """Families `niche`, `type_in_niche` and, for the types of `split_by`, `niche_with`.

    Parameters
    ----------
    labels, niche
        (n) codes of types and niches.
    counts
        Cells of each type in the window of every cell (n × K).
    """
    K, M = len(types), len(names)
    table = np.bincount(labels * M + niche, minlength=K * M).reshape(K, M)
    sizes, of_type = table.sum(axis=0), table.sum(axis=1)
    pairs = [f"{kind} in {name}" for kind in types for name in names]
    parts = [
        odds_rows(sample, k.FAMILY_NICHE, names, sizes, len(labels)),
        odds_rows(sample, k.FAMILY_TYPE_IN_NICHE, pairs, table.reshape(-1), np.repeat(of_type, M)),
    ]
    for kind in split_by:
        held = counts[:, list(types).index(kind)] > 0
        inside = np.bincount(niche[held], minlength=M)
        parts.append(odds_rows(sample, k.FAMILY_NICHE_WITH, [f"{name} with {kind}" for name in names], inside, sizes))
    return pd.concat(parts, ignore_index=True)


def border_table(sample: str, graph: Graph, niche: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Edges from every niche to every niche, and those expected by the ends that each has (contract BORDERS)."""
    M = len(names)
    observed = np.zeros((M, M), np.int64)
    pair_counts(graph.indptr, graph.indices, niche.astype(np.int64), observed)
    total = max(int(observed.sum()), 1)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / total
    called = np.asarray(names, dtype=object)
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.SOURCE: np.repeat(called, M),
            k.TARGET: np.tile(called, M),
            "observed": observed.reshape(-1).astype(float),
            "expected": expected.reshape(-1),
        }
    )
