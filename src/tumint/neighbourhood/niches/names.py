"""How niches are called, by what is enriched in them, and in which order they stand. Arrays in, names out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_NAMED = 2  # types in a name
_LEAST = 0.25  # of what the first type adds to the difference from the cohort, for another to be named


def by_content(compositions: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """An order of niches (M) in which those of like composition stand together, the larger end first."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(compositions) < 3:
        return np.argsort(-sizes, kind="stable")
    tree = linkage(np.sqrt(compositions), "average", optimal_ordering=True)
    order = leaves_list(tree).astype(np.int64)
    half = len(order) // 2
    return order if sizes[order[:half]].sum() >= sizes[order[-half:]].sum() else order[::-1]


def names(compositions: np.ndarray, overall: np.ndarray, types: Sequence[str]) -> list[str]:
    """A name of each niche: its number from 1, and one or two types that set it apart.

    Parameters
    ----------
    compositions
        Shares of the types in every niche (M × K), in the order of niches.
    overall
        Shares of the types in the cohort (K).
    """
    width = max(len(str(len(compositions))), 2)
    said = []
    for i, shares in enumerate(compositions):
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.where(shares > 0, shares * np.log(shares / overall), 0.0)
        order = np.argsort(-gain, kind="stable")[:_NAMED]
        kept = [types[t] for t in order if gain[t] > 0 and gain[t] >= _LEAST * gain[order[0]]]
        said.append(f"N{str(i + 1).zfill(width)} {', '.join(kept) or 'mixed'}")
    return said
