"""Label swaps between cells of one stratum: Kawasaki dynamics on an undirected graph in CSR form."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def swap_labels(
    labels: np.ndarray,
    stratum: np.ndarray,
    members: np.ndarray,
    starts: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    beta: np.ndarray,
    first: np.ndarray,
    partner: np.ndarray,
    threshold: np.ndarray,
) -> int:
    """Metropolis swaps of labels under the energy −Σ over edges of β[label, label]; changes `labels` in place.

    Parameters
    ----------
    labels, stratum
        int64 codes per cell.
    members, starts
        Cells ordered by stratum, and where each stratum begins in that order (one more entry than strata).
    indptr, indices
        Neighbours in CSR form, both directions stored, no self loops.
    beta
        Symmetric types × types.
    first, partner, threshold
        One entry per proposal: a cell, two numbers uniform on [0, 1) that pick its partner in the same stratum and
        decide on acceptance.

    Returns
    -------
    The number of accepted swaps. Counts of labels per stratum never change.
    """
    accepted = 0
    for step in range(first.size):
        i = first[step]
        s = stratum[i]
        j = members[starts[s] + int(partner[step] * (starts[s + 1] - starts[s]))]
        a, b = labels[i], labels[j]
        if a == b:
            continue
        gain = 0.0
        for edge in range(indptr[i], indptr[i + 1]):
            other = indices[edge]
            # an edge between the two partners holds the same two labels before and after
            if other != j:
                gain += beta[b, labels[other]] - beta[a, labels[other]]
        for edge in range(indptr[j], indptr[j + 1]):
            other = indices[edge]
            if other != i:
                gain += beta[a, labels[other]] - beta[b, labels[other]]
        if gain >= 0.0 or threshold[step] < np.exp(gain):
            labels[i], labels[j] = b, a
            accepted += 1
    return accepted
