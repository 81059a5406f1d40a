"""How many edges there would be between types if each cell had the type of somebody nearby."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.exchange import closeness

_NOBODY = 1e-12  # weight below which nobody is near


@njit
def nearby_counts(
    xy: np.ndarray,
    labels: np.ndarray,
    classes: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    around: np.ndarray,
    reach: float,
    out: np.ndarray,
) -> None:
    """Sum over edges i → j of q_i(a) · q_j(b), where q_i are the shares of types around i, without i and without j.

    Parameters
    ----------
    xy
        (n × 2) µm.
    labels, classes
        (n, int64) types; cells of one class only are around each other.
    indptr, indices
        The graph.
    around
        (n × K) cells of each type around each cell, itself left out, weighed by `closeness`.
    reach
        Of `around`, in µm.
    out
        (K × K, float64) is filled. A cell with nobody around keeps its type.
    """
    K = around.shape[1]
    out[:] = 0.0
    total = around.sum(axis=1)
    here, there = np.empty(K), np.empty(K)
    for i in range(labels.size):
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            weight = 0.0
            if classes[i] == classes[j]:
                dx, dy = xy[i, 0] - xy[j, 0], xy[i, 1] - xy[j, 1]
                weight = closeness(dx * dx + dy * dy, reach * reach)
            _shares(around[i], total[i], labels[i], labels[j], weight, here)
            _shares(around[j], total[j], labels[j], labels[i], weight, there)
            for a in range(K):
                if here[a] > 0.0:
                    for b in range(K):
                        out[a, b] += here[a] * there[b]


@njit
def _shares(around: np.ndarray, total: float, own: int, other: int, weight: float, out: np.ndarray) -> None:
    """Shares of the types around a cell of type `own`, without a cell of type `other` of this weight."""
    rest = total - weight
    if rest <= _NOBODY:
        out[:] = 0.0
        out[own] = 1.0
        return
    for k in range(out.size):
        out[k] = around[k] / rest
    out[other] = max(0.0, around[other] - weight) / rest
