"""Which cell is of which type: shares per domain, then swaps inside domains under the planted interactions."""

from __future__ import annotations

import numpy as np

from tumint.kernels.swap import swap_labels
from tumint.simulate import design as d
from tumint.simulate.tissue import csr

SWEEPS = 80  # proposals per cell; the enrichments no longer move after about 40


def draw_labels(rng: np.random.Generator, domain: np.ndarray, log_shift: np.ndarray) -> np.ndarray:
    """Independent labels given the domain: weights of `design`, multiplied by exp(`log_shift`) per type."""
    weights = d.WEIGHTS * np.exp(log_shift)
    bounds = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    draws = rng.uniform(size=domain.size)
    return np.minimum((draws[:, None] >= bounds[domain]).sum(axis=1), len(d.TYPES) - 1).astype(np.int64)


def interact(
    rng: np.random.Generator, labels: np.ndarray, domain: np.ndarray, edges: np.ndarray, beta: np.ndarray
) -> np.ndarray:
    """`labels` after swaps between cells of the same domain; the counts per domain and type stay as they are.

    Parameters
    ----------
    edges
        (m, 2) sorted, both directions.
    beta
        Symmetric types × types: log odds that a pair gains per shared edge.
    """
    out = labels.copy()
    n, strata = labels.size, d.WEIGHTS.shape[0]
    members = np.argsort(domain, kind="stable")
    starts = np.searchsorted(domain[members], np.arange(strata + 1)).astype(np.int64)
    indptr, indices = csr(edges, n)
    proposals = SWEEPS * n
    first = rng.integers(0, n, size=proposals)
    partner, threshold = rng.random(proposals), rng.random(proposals)
    swap_labels(out, domain, members, starts, indptr, indices, beta, first, partner, threshold)
    return out
